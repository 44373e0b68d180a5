//! The way up: what the target needs and the database lacks, parents first.

use std::collections::HashSet;

use super::{Direction, Plan, PlanError};
use crate::chain::resolve::Resolver;
use crate::chain::{Anchor, Chain, RevisionId, Target};

impl Plan {
    /// The way up from `applied` to `target`: every ancestor of it that is not applied yet.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::collections::HashSet;
    ///
    /// use cargo_migrate::chain::{Plan, Target};
    ///
    /// let plan = Plan::up(chain, &HashSet::new(), &"billing@head".parse()?)?;
    /// # Ok(()) }
    /// ```
    pub fn up(
        chain: &Chain,
        applied: &HashSet<RevisionId>,
        target: &Target,
    ) -> Result<Self, PlanError> {
        Self::up_all(chain, applied, std::slice::from_ref(target))
    }

    /// The way up to several targets at once, none of which may be an ancestor of another.
    pub fn up_all(
        chain: &Chain,
        applied: &HashSet<RevisionId>,
        targets: &[Target],
    ) -> Result<Self, PlanError> {
        Self::up_from(&Resolver::new(chain, applied), targets)
    }

    pub(super) fn up_from(resolver: &Resolver<'_>, targets: &[Target]) -> Result<Self, PlanError> {
        let chain = resolver.chain;
        let mut goals = Vec::new();
        for target in targets {
            goals.extend(goals_of(resolver, target)?);
        }
        goals.sort_unstable();
        goals.dedup();
        resolver.refuse_comparable(&goals, |index| chain.before(index))?;
        let mut wanted = vec![false; chain.len()];
        let mut stack = goals;
        while let Some(index) = stack.pop() {
            if !wanted[index] && !resolver.applied[index] {
                wanted[index] = true;
                stack.extend(chain.before(index));
            }
        }
        let steps = (0..chain.len()).filter(|&index| wanted[index]);
        Ok(Self::new(chain, Direction::Up, steps))
    }
}

/// The revisions that a target of `up` means.
pub(super) fn goals_of(resolver: &Resolver<'_>, target: &Target) -> Result<Vec<usize>, PlanError> {
    if target.anchor == Anchor::Current && target.offset < 0 {
        let direction = Direction::Up;
        return Err(PlanError::WrongDirection { target: target.to_string(), direction });
    }
    resolver.several(target)
}
