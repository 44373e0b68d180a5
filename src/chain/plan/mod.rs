//! From a target to the ordered steps that lead there.
//!
//! Planning is a pure function of the chain, the applied revisions and the target. It costs
//! O(V+E), and since a chain stores its revisions in a fixed order that parents come first in, a
//! plan is the same everywhere.

mod down;
mod error;
mod follow;
mod range;
#[cfg(any(feature = "build", test))]
mod rebase;
mod replay;
mod stamp;
mod up;

#[cfg(test)]
mod tests;

#[cfg(any(feature = "runtime", test))]
use std::collections::HashSet;
use std::fmt;

#[cfg(any(feature = "runtime", test))]
use super::resolve::Resolver;
use super::{Chain, RevisionId};

pub use error::PlanError;
pub use follow::Following;
#[cfg(any(feature = "runtime", test))]
pub(crate) use range::Between;
#[cfg(any(feature = "build", test))]
pub use rebase::{Rebase, RebaseError, Reparented};
pub use replay::{Change, Replay};
pub use stamp::Stamp;

/// Which way a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Apply.
    Up,
    /// Undo.
    Down,
}

impl Direction {
    /// The word in section markers and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One revision to apply or to undo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Which way.
    pub direction: Direction,
    /// Which revision.
    pub revision: RevisionId,
}

/// The ordered steps from the applied revisions to a target; empty if it is reached already.
///
/// Parents come before children on the way up, children before parents on the way down.
///
/// A plan is data: it can be printed, compared and executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Which way all steps go.
    pub direction: Direction,
    /// The steps, in the order in which they run.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn new(chain: &Chain, direction: Direction, steps: impl Iterator<Item = usize>) -> Self {
        let steps = steps
            .map(|index| Step { direction, revision: chain.revisions()[index].id().clone() })
            .collect();
        Self { direction, steps }
    }
}

#[cfg(any(feature = "runtime", test))]
/// The maximal applied revisions: those that no other applied revision follows or depends on.
pub(crate) fn current_heads(chain: &Chain, applied: &HashSet<RevisionId>) -> Vec<RevisionId> {
    let resolver = Resolver::new(chain, applied);
    resolver.rows().map(|index| resolver.id(index)).collect()
}
