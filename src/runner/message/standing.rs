//! Where a database stands, and how each revision stands in it.

use serde::{Deserialize, Serialize};

use super::{Direction, milliseconds};
use crate::runtime::{self, AppliedRecord, RevisionState};

/// Which database a command works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Database {
    /// Which of the chain's named databases it is; `None` where the chain has none.
    pub name: Option<String>,
    /// The URL, without its secrets.
    pub url: String,
    /// Where it came from, as people are told.
    pub origin: String,
}

/// What comes next is about this one of several databases. Where a command is about several, it comes before whatever
/// is about one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Turned {
    /// Its name, as the chain declares it.
    pub database: String,
}

/// Where a database stands: `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// Where its URL came from, as people are told.
    pub origin: String,
    /// Whether the whole chain is applied, as it is in its files: what `--check` asks.
    pub is_current: bool,
    /// The applied revisions that no other applied one follows or depends on.
    pub heads: Vec<String>,
    /// How many revisions stand how.
    pub counts: Counts,
    /// The revisions of the chain, parents first, then those that only the database has.
    pub revisions: Vec<RevisionStatus>,
    /// The transactions of two-phase commits that a run has left prepared.
    pub prepared: Vec<PreparedTransaction>,
    /// The command to type next, without the program's name, such as `up` or `repair`; `None` if there is nothing to do.
    pub next: Option<String>,
}

/// A transaction that a run over several databases has prepared, and that is neither committed nor undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PreparedTransaction {
    /// Its name on the server.
    pub name: String,
    /// When it was prepared, in UTC.
    pub at: String,
    /// The named database that knows what is to become of it.
    pub decider: String,
}

impl From<&runtime::PreparedTransaction> for PreparedTransaction {
    fn from(transaction: &runtime::PreparedTransaction) -> Self {
        Self {
            name: transaction.name.clone(),
            at: transaction.at.clone(),
            decider: transaction.decider().to_owned(),
        }
    }
}

/// How many revisions stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// All that is applied or stamped, also what only the database has.
    pub applied: usize,
    /// Not applied.
    pub pending: usize,
    /// Applied or undone in part.
    pub partial: usize,
    /// Applied, and edited or re-parented since, or recorded with a wrong digest.
    pub different: usize,
    /// Only in the database.
    pub unknown: usize,
}

impl Counts {
    pub(crate) fn of(status: &runtime::Status) -> Self {
        let count = |is: fn(&runtime::RevisionStatus) -> bool| {
            status.revisions.iter().filter(|revision| is(revision)).count()
        };
        Self {
            applied: count(|it| {
                matches!(it.state, RevisionState::Applied(_) | RevisionState::Stamped(_))
            }),
            pending: count(|it| it.state == RevisionState::Pending),
            partial: count(|it| matches!(it.state, RevisionState::Unfinished { .. })),
            different: count(|it| it.difference.is_some()),
            unknown: count(runtime::RevisionStatus::is_unknown),
        }
    }
}

/// A revision of the chain, or one that only the database has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevisionStatus {
    /// The id.
    pub revision: String,
    /// Its message.
    pub description: String,
    /// Its file; `None` if only the database has it.
    pub path: Option<String>,
    /// Where it stands.
    pub standing: Standing,
}

impl From<&runtime::RevisionStatus> for RevisionStatus {
    fn from(status: &runtime::RevisionStatus) -> Self {
        Self {
            revision: status.revision.to_string(),
            description: status.description.clone(),
            path: status.path.clone(),
            standing: Standing::of(status),
        }
    }
}

/// Where a revision stands in a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Standing {
    /// How far it is.
    pub state: State,
    /// How its record differs from its file, if it does.
    pub difference: Option<Difference>,
    /// When it was applied or stamped.
    pub applied_at: Option<String>,
    /// Who did it.
    pub applied_by: Option<String>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// Of one that is done in part: how many statements are done.
    pub statements_done: Option<usize>,
    /// Of one that is done in part: the statement, from one, of which nobody knows whether it finished.
    pub statement_in_doubt: Option<usize>,
}

impl Standing {
    pub(crate) fn of(status: &runtime::RevisionStatus) -> Self {
        let mut standing = Self {
            state: State::Pending,
            difference: status.difference.map(Into::into),
            applied_at: None,
            applied_by: None,
            duration_ms: None,
            statements_done: None,
            statement_in_doubt: None,
        };
        let mut applied = |state, record: &AppliedRecord| {
            standing.state = state;
            standing.applied_at = Some(record.at.clone());
            standing.applied_by = Some(record.by.clone());
            standing.duration_ms = Some(milliseconds(record.duration));
        };
        match &status.state {
            RevisionState::Pending => {}
            RevisionState::Applied(record) => applied(State::Applied, record),
            RevisionState::Stamped(record) => applied(State::Stamped, record),
            RevisionState::Unfinished { direction, done, started } => {
                standing.state = match Direction::from(*direction) {
                    Direction::Up => State::Applying,
                    Direction::Down => State::Reverting,
                };
                standing.statements_done = Some(*done);
                standing.statement_in_doubt = *started;
            }
        }
        standing
    }
}

/// How far a revision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// Not applied.
    Pending,
    /// Applied.
    Applied,
    /// Recorded as applied without being run.
    Stamped,
    /// Applied in part.
    Applying,
    /// Undone in part.
    Reverting,
}

/// How the record of an applied revision differs from its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Difference {
    /// Its *up* was edited.
    Edited,
    /// It has other parents or dependencies.
    Reparented,
    /// Its digest follows from nothing.
    WrongDigest,
}

impl From<runtime::Difference> for Difference {
    fn from(difference: runtime::Difference) -> Self {
        match difference {
            runtime::Difference::Edited => Self::Edited,
            runtime::Difference::Reparented => Self::Reparented,
            runtime::Difference::WrongDigest => Self::WrongDigest,
        }
    }
}
