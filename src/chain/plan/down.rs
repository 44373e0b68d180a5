//! The way down: what is undone and all that needs it, children first.
//!
//! Undone is what follows the target, never what that depended on. `B@` keeps to the way towards B,
//! and so does `-N` towards where the database is: what merely shares a parent with it stays.

use std::collections::HashSet;

use super::{Direction, Plan, PlanError};
use crate::chain::resolve::Resolver;
use crate::chain::{Anchor, Chain, RevisionId, Target};

impl Plan {
    /// The way down from `applied` to `target`, which itself stays applied: everything applied
    /// that comes after it, in every branch.
    ///
    /// Revisions that are applied but unknown to the chain are no part of the plan; the caller
    /// decides what becomes of them.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::collections::HashSet;
    ///
    /// use cargo_migrate::chain::{Plan, Target};
    ///
    /// let applied = chain.revisions().iter().map(|revision| revision.id().clone()).collect();
    /// let plan = Plan::down(chain, &applied, &Target::BASE)?;
    /// # Ok(()) }
    /// ```
    pub fn down(
        chain: &Chain,
        applied: &HashSet<RevisionId>,
        target: &Target,
    ) -> Result<Self, PlanError> {
        Self::down_from(&Resolver::new(chain, applied), target)
    }

    pub(super) fn down_from(resolver: &Resolver<'_>, target: &Target) -> Result<Self, PlanError> {
        let chain = resolver.chain;
        let is_relative = target.anchor == Anchor::Current;
        if is_relative && target.offset > 0 {
            let direction = Direction::Down;
            return Err(PlanError::WrongDirection { target: target.to_string(), direction });
        }
        let line = resolver.line_of(target)?;
        if is_relative && target.offset == 0 {
            return Ok(Self::new(chain, Direction::Down, std::iter::empty()));
        }
        let goal = resolver.one(target)?;
        let mut towards = line.as_ref().map(|line| line.of);
        if is_relative && towards.is_none() {
            towards = resolver.one(&Target { offset: 0, ..target.clone() })?;
        }
        let mut roots = match goal {
            Some(goal) => chain.child_indices(goal).to_vec(),
            None => resolver.bases(),
        };
        // `X-N` is a place, and the base is one for all branches: X alone cannot mean theirs, too.
        if goal.is_none() && target.offset < 0 && towards.is_none() && roots.len() > 1 {
            return Err(PlanError::SeveralWays { at: None, candidates: resolver.ids(&roots) });
        }
        if let Some(towards) = towards
            && roots.len() > 1
        {
            let on_the_way = resolver.with_parents(&[towards]);
            roots.retain(|&root| on_the_way[root]);
            if let (Some(goal), true) = (goal, roots.is_empty()) {
                let (revision, branch) = (resolver.id(goal), target.branch.clone());
                return Err(PlanError::NothingAfter { revision, branch });
            }
        }
        let after = resolver.with_descendants(&roots);
        let undone: Vec<usize> = (0..chain.len())
            .rev()
            .filter(|&index| after[index] && resolver.applied[index])
            .collect();
        if let Some(goal) = goal {
            let revision = resolver.id(goal);
            if !resolver.applied[goal] {
                return Err(PlanError::NotApplied(revision));
            }
            if undone.is_empty() && !resolver.rows().any(|row| row == goal) {
                let branch = target.branch.clone();
                return Err(PlanError::NothingAfter { revision, branch });
            }
        }
        Ok(Self::new(chain, Direction::Down, undone.into_iter()))
    }
}
