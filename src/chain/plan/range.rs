//! Ranges: `history A:B` and `sql A:B`.
//!
//! What stands before the colon is where one begins, so `+N` after it counts from there.

use std::collections::HashSet;

use super::up::goals_of;
use super::{Direction, Plan, PlanError};
use crate::chain::resolve::Resolver;
use crate::chain::{Anchor, Chain, Revision, RevisionId, Target, TargetRange};

impl Chain {
    /// The revisions of a range, both ends included, in storage order: those that the upper end
    /// needs and that descend from the lower one.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::collections::HashSet;
    ///
    /// let newest_first = chain.range(&HashSet::new(), &"ae10:head".parse()?)?.into_iter().rev();
    /// # Ok(()) }
    /// ```
    pub fn range(
        &self,
        applied: &HashSet<RevisionId>,
        range: &TargetRange,
    ) -> Result<Vec<&Revision>, PlanError> {
        let database = Resolver::new(self, applied);
        let (start, end) = (range.start(), range.end());
        let from = database.several(&start)?;
        let assumed = Resolver::assuming(self, &from);
        let is_relative = end.anchor == Anchor::Current && end.offset > 0;
        let mut to = goals_of(if is_relative { &assumed } else { &database }, &end)?;
        // `B@base:` begins at the base of one line, and shows no other.
        if let (Some(line), true) = (database.line_of(&start)?, from.is_empty()) {
            to.retain(|&end| line.contains(end));
        }
        database.refuse_comparable(&to, |index| self.before(index))?;
        let needed = database.with_ancestors(&to);
        // An end that the other one only depends on lies on another line.
        let line = database.with_parents(&to);
        if let Some(&outside) = from.iter().find(|&&from| !line[from]) {
            let from = database.id(outside);
            return Err(PlanError::NoRange { from, to: end.to_string() });
        }
        let after =
            if from.is_empty() { vec![true; self.len()] } else { database.with_children(&from) };
        Ok((0..self.len())
            .filter(|&index| needed[index] && after[index])
            .map(|index| &self.revisions()[index])
            .collect())
    }
}

impl Plan {
    /// The steps of `sql A:B`: from a database that is assumed to have A and what comes before it.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use cargo_migrate::chain::{Direction, Plan};
    ///
    /// let plan = Plan::assuming(chain, Direction::Up, &"ae10:+2".parse()?)?;
    /// # Ok(()) }
    /// ```
    pub fn assuming(
        chain: &Chain,
        direction: Direction,
        range: &TargetRange,
    ) -> Result<Self, PlanError> {
        let from = Resolver::unapplied(chain).start(&range.start())?;
        let assumed = Resolver::assuming(chain, &from);
        match direction {
            Direction::Up => Self::up_from(&assumed, &[range.end()]),
            Direction::Down => Self::down_from(&assumed, &range.to.clone().unwrap_or(Target::BASE)),
        }
    }
}

/// The steps of `sql A:B`, and what the database is assumed to have before them.
#[cfg(any(feature = "runtime", test))]
#[derive(Debug)]
pub(crate) struct Between {
    pub(crate) plan: Plan,
    /// In storage order.
    pub(crate) assumed: Vec<RevisionId>,
}

#[cfg(any(feature = "runtime", test))]
impl Between {
    /// Which way it goes is said by the order of the ends: down, if B comes before A.
    pub(crate) fn new(chain: &Chain, range: &TargetRange) -> Result<Self, PlanError> {
        let from = Resolver::unapplied(chain).start(&range.start())?;
        let database = Resolver::assuming(chain, &from);
        let direction = database.direction(&from, range.to.as_ref())?;
        let plan = Plan::assuming(chain, direction, range)?;
        let assumed = (0..chain.len()).filter(|&index| database.applied[index]);
        Ok(Self { plan, assumed: assumed.map(|index| database.id(index)).collect() })
    }
}

impl Resolver<'_> {
    /// Which way a target lies from where the database is.
    #[cfg(any(feature = "runtime", test))]
    fn direction(&self, from: &[usize], to: Option<&Target>) -> Result<Direction, PlanError> {
        let Some(to) = to else { return Ok(Direction::Up) };
        if to.anchor == Anchor::Current {
            return Ok(if to.offset < 0 { Direction::Down } else { Direction::Up });
        }
        if from.is_empty() {
            return Ok(Direction::Up);
        }
        let goals = self.several(to)?;
        if goals.is_empty() {
            return Ok(Direction::Down);
        }
        let (line, before) = (self.with_parents(&goals), self.with_parents(from));
        match from.iter().find(|&&from| !line[from]) {
            None => Ok(Direction::Up),
            Some(_) if goals.iter().all(|&goal| before[goal]) => Ok(Direction::Down),
            Some(&from) => Err(PlanError::OtherLines { from: self.id(from), to: to.to_string() }),
        }
    }

    /// Where an assumed database is: at one revision, or at the base.
    ///
    /// There is no database to count from, and the base of one line says nothing about the others.
    fn start(&self, target: &Target) -> Result<Vec<usize>, PlanError> {
        let is_base_of_line = target.anchor == Anchor::Base && target.branch.is_some();
        if target.anchor == Anchor::Current || (is_base_of_line && target.offset == 0) {
            self.line_of(target)?;
            return Err(PlanError::NoRevision { target: target.to_string() });
        }
        match target.anchor {
            Anchor::Heads => Ok(self.one(target)?.into_iter().collect()),
            _ => self.several(target),
        }
    }
}
