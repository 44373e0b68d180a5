//! Why a line of revisions cannot move.

use std::fmt;

use crate::chain::{PlanError, RevisionId, listed};

/// Why revisions cannot be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebaseError {
    /// One of the two targets means no revision, or several.
    Target(PlanError),
    /// Neither end was named.
    NotChosen {
        /// The heads of the chain.
        heads: Vec<RevisionId>,
    },
    /// One end was named, and every head comes after it.
    NoOtherHead {
        /// The end that was named.
        than: RevisionId,
    },
    /// One end was named, and the other one could be any of these heads.
    SeveralHeads {
        /// The end that was named.
        than: RevisionId,
        /// The heads that do not come after it.
        heads: Vec<RevisionId>,
    },
    /// A revision cannot follow itself.
    OntoItself(RevisionId),
    /// A revision cannot follow what follows it.
    OntoDescendant {
        /// The revision that was to move.
        revision: RevisionId,
        /// Its descendant.
        onto: RevisionId,
    },
    /// Something at or before the goal depends on a revision that would move after it.
    Needed {
        /// The revision that would move.
        revision: RevisionId,
        /// What depends on it, or on something that comes after it.
        dependent: RevisionId,
        /// The goal.
        onto: RevisionId,
    },
    /// A merge of a line that moves with one that the goal has already would join nothing any more.
    NothingToMerge {
        /// The merge.
        merge: RevisionId,
        /// The goal.
        onto: RevisionId,
    },
    /// A revision would follow what it says it depends on.
    DependsOnIt {
        /// The revision.
        revision: RevisionId,
        /// The goal.
        onto: RevisionId,
    },
    /// A merge after the revisions that move would have a parent that comes before another one.
    Redundant {
        /// The merge.
        merge: RevisionId,
        /// The parent that would say nothing any more.
        parent: RevisionId,
        /// The parent that would come after it.
        other: RevisionId,
    },
}

impl From<PlanError> for RebaseError {
    fn from(error: PlanError) -> Self {
        Self::Target(error)
    }
}

impl fmt::Display for RebaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(error) => error.fmt(f),
            Self::NotChosen { heads } if heads.len() < 2 => {
                f.write_str("the chain has no two heads, so there is nothing to rebase")
            }
            Self::NotChosen { heads } => {
                write!(f, "nothing says which of the heads {} is to follow which", listed(heads))
            }
            Self::NoOtherHead { than } => {
                write!(f, "every head comes after `{than}`, so there is nothing to rebase")
            }
            Self::SeveralHeads { than, heads } => write!(
                f,
                "several heads do not come after `{than}`: {}; name the one that is meant",
                listed(heads)
            ),
            Self::OntoItself(id) => write!(f, "revision `{id}` cannot follow itself"),
            Self::OntoDescendant { revision, onto } => write!(
                f,
                "`{revision}` cannot follow `{onto}`: `{onto}` comes after `{revision}` already"
            ),
            Self::Needed { revision, dependent, onto } if dependent == onto => {
                write!(f, "`{revision}` cannot come after `{onto}`: `{onto}` depends on it")
            }
            Self::Needed { revision, dependent, onto } => write!(
                f,
                "`{revision}` cannot come after `{onto}`: `{dependent}`, which comes before `{onto}`, \
                 depends on it"
            ),
            Self::NothingToMerge { merge, onto } => write!(
                f,
                "the merge `{merge}` would have nothing to merge: what it joins would all be one line \
                 after `{onto}`"
            ),
            Self::DependsOnIt { revision, onto } => write!(
                f,
                "`{revision}` depends on `{onto}`, and would follow it: a revision is named once in \
                 a header"
            ),
            Self::Redundant { merge, parent, other } => write!(
                f,
                "the merge `{merge}` would have a parent too many: `{other}` would come after `{parent}`"
            ),
        }
    }
}

impl std::error::Error for RebaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its text is this error's own.
            Self::Target(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}
