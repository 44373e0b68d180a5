//! Why a target cannot be reached or understood, with what the user needs to say it better.

use std::fmt;

use super::Direction;
use crate::chain::{RevisionId, listed};

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing in the chain has this name.
    Unknown {
        /// The name as given.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
        /// Whether the database has such a revision applied, so that only the files lack it.
        in_database: bool,
    },
    /// A prefix that several ids or labels begin with.
    Ambiguous {
        /// The prefix as given.
        prefix: String,
        /// What begins with it.
        candidates: Vec<String>,
    },
    /// `B@X`, and X is neither an ancestor nor a descendant of B.
    OtherLine {
        /// What stands before `@`.
        branch: String,
        /// The revision that is not on its line.
        revision: RevisionId,
    },
    /// One head is asked for, and there are several.
    SeveralHeads {
        /// The line they are on, if only one was asked for.
        branch: Option<String>,
        /// The heads.
        heads: Vec<RevisionId>,
    },
    /// A relative target, and the database is at several revisions.
    SeveralCurrent {
        /// The line they are on, if only one was asked for.
        branch: Option<String>,
        /// The revisions.
        current: Vec<RevisionId>,
    },
    /// `B@-N`, and the database is nowhere on that line, or only where it is shared with others.
    NothingOfLine {
        /// What stands before `@`.
        branch: String,
    },
    /// A relative target comes to a place where several ways go on.
    SeveralWays {
        /// Where the way forks; `None` at the base.
        at: Option<RevisionId>,
        /// The revisions that could come next.
        candidates: Vec<RevisionId>,
    },
    /// A relative target leads past the base or past a head.
    TooFar {
        /// The target as written.
        target: String,
        /// How many steps there are.
        possible: usize,
    },
    /// `down` is asked to leave a revision applied that is not.
    NotApplied(RevisionId),
    /// `down` to a revision that is applied, but nothing after it that could be undone.
    NothingAfter {
        /// The revision that would stay.
        revision: RevisionId,
        /// What stands before `@`, when only its line was to be undone.
        branch: Option<String>,
    },
    /// Several targets, and one is an ancestor of another, which makes it useless or wrong.
    Comparable {
        /// The ancestor.
        earlier: RevisionId,
        /// The revision that comes after it.
        later: RevisionId,
    },
    /// A range whose ends do not lie on one line, or stand the wrong way round.
    NoRange {
        /// The lower end that is not among the ancestors of the upper one.
        from: RevisionId,
        /// The upper end as written.
        to: String,
    },
    /// A range whose ends do not lie on one line, whichever way round.
    OtherLines {
        /// The end that a database is assumed to be at.
        from: RevisionId,
        /// The other end, as written.
        to: String,
    },
    /// A revision is to follow one that others follow already.
    NotAHead {
        /// The revision.
        revision: RevisionId,
        /// What follows it.
        children: Vec<RevisionId>,
    },
    /// A revision is to follow another one twice.
    Repeated(RevisionId),
    /// The base, or something relative, where only a revision of the chain makes sense.
    NoRevision {
        /// The target as written.
        target: String,
    },
    /// The target makes no sense in this direction.
    WrongDirection {
        /// The target as written.
        target: String,
        /// The direction of the command.
        direction: Direction,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, suggestion, in_database } => {
                write!(f, "no revision or branch label is called `{name}`")?;
                if *in_database {
                    f.write_str(" in the files, though the database has it applied")?;
                }
                if name.len() < 4 {
                    f.write_str("; a prefix must have four or more characters")?;
                }
                match suggestion {
                    Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
                    None => Ok(()),
                }
            }
            Self::Ambiguous { prefix, candidates } => {
                write!(f, "`{prefix}` could be any of {}", listed(candidates))
            }
            Self::OtherLine { branch, revision } => write!(
                f,
                "revision `{revision}` is not on the line of `{branch}`: it is neither an ancestor \
                 nor a descendant"
            ),
            Self::SeveralHeads { branch: None, heads } => write!(
                f,
                "the chain has several heads: {}; name one of them, or say `heads`",
                listed(heads)
            ),
            Self::SeveralHeads { branch: Some(branch), heads } => write!(
                f,
                "the line of `{branch}` has several heads: {}; name one of them, or say \
                 `{branch}@heads`",
                listed(heads)
            ),
            Self::SeveralCurrent { branch: None, current } => write!(
                f,
                "the database is at several revisions: {}; name the revision to go to",
                listed(current)
            ),
            Self::SeveralCurrent { branch: Some(branch), current } => write!(
                f,
                "on the line of `{branch}` the database is at several revisions: {}; name the \
                 revision to go to",
                listed(current)
            ),
            Self::NothingOfLine { branch } => {
                write!(f, "the database is not on the line of `{branch}`: nothing of it is applied")
            }
            Self::SeveralWays { at, candidates } => {
                match at {
                    Some(at) => write!(f, "several ways go on from `{at}`: ")?,
                    None => f.write_str("several revisions come first: ")?,
                }
                write!(f, "{}; name the revision to go to", listed(candidates))
            }
            Self::TooFar { target, possible } => write!(
                f,
                "`{target}` leads past the end of the chain: {possible} {} possible",
                if *possible == 1 { "step is" } else { "steps are" }
            ),
            Self::NotApplied(id) => {
                write!(f, "revision `{id}` is not applied, so nothing can be undone down to it")
            }
            Self::NothingAfter { revision, branch: None } => write!(
                f,
                "nothing that follows `{revision}` is applied, though other branches depend on it"
            ),
            Self::NothingAfter { revision, branch: Some(branch) } => {
                write!(f, "nothing that follows `{revision}` towards `{branch}` is applied")
            }
            Self::Comparable { earlier, later } => write!(
                f,
                "`{earlier}` and `{later}` cannot be meant together: `{later}` comes after \
                 `{earlier}`; name `{later}` alone"
            ),
            Self::NoRange { from, to } => {
                write!(f, "`{from}` is not an ancestor of `{to}`, so there is nothing between them")
            }
            Self::OtherLines { from, to } => {
                write!(
                    f,
                    "`{from}` and `{to}` are on different lines: neither comes before the other"
                )
            }
            Self::NotAHead { revision, children } => {
                let verb = if children.len() == 1 { "follows" } else { "follow" };
                write!(
                    f,
                    "revision `{revision}` is no head, {} {verb} it; `--splice` lets a branch begin \
                     there",
                    listed(children)
                )
            }
            Self::Repeated(id) => write!(f, "revision `{id}` is named twice"),
            Self::NoRevision { target } => {
                write!(f, "`{target}` cannot be used here: expected a revision or `head`")
            }
            Self::WrongDirection { target, direction } => {
                write!(f, "`{target}` is no target for `{direction}`")
            }
        }
    }
}

impl std::error::Error for PlanError {}
