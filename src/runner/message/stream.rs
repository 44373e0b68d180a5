//! The frame of every stream: how it begins and ends, and what is said beside the answer.

use serde::{Deserialize, Serialize};

use crate::chain::RevisionId;
use crate::{runner, runtime};

/// The first message of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Started {
    /// The [version](super::VERSION) of the schema.
    pub version: u32,
    /// The version of this crate.
    pub tool_version: String,
}

impl Started {
    pub(crate) fn now() -> Self {
        Self { version: super::VERSION, tool_version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Help that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Help {
    /// The page, or the version.
    pub text: String,
}

/// Something that should be known, though all went well. It is on stderr, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// What it is.
    pub message: String,
}

/// A hint to act on. It is on stderr, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// What it is.
    pub message: String,
}

/// The last message of a command that did not succeed. Its text is on stderr, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// Where, if it is about a revision.
    pub place: Option<Place>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Vec<String>,
    /// The database, without secrets, if one was reached.
    pub database: Option<String>,
    /// What state the database is in now, if the command could have changed it.
    pub state: Option<DatabaseState>,
    /// The whole as people read it.
    pub rendered: String,
    /// What the process ends with: see [`Exit`](crate::cli::Exit).
    pub exit_code: u8,
}

/// What a [`Failure`] is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Place {
    /// The revision.
    pub revision: Option<String>,
    /// Its file, relative to the package; `None` if only the database has it.
    pub path: Option<String>,
    /// The line, from one.
    pub line: Option<usize>,
    /// The column, in characters from one.
    pub column: Option<usize>,
}

/// What state a [`Failure`] left the database in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatabaseState {
    /// What is known of it.
    pub kind: DatabaseStateKind,
    /// The revisions whose step is surely done.
    pub committed: Vec<String>,
    /// The revision that is done in part, if there is one.
    pub partly: Option<String>,
    /// The name of the transaction that is prepared on the server, if one is, or may be.
    pub transaction: Option<String>,
}

/// What is known of the state of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DatabaseStateKind {
    /// It is as it was before.
    AsBefore,
    /// Some steps are done and recorded; the others had no effect.
    Committed,
    /// Nobody here can see what became permanent, besides what is listed.
    Uncertain,
    /// A transaction is left prepared: the next run over the same databases commits or undoes it.
    Prepared,
}

impl From<&runtime::DatabaseState> for DatabaseState {
    fn from(state: &runtime::DatabaseState) -> Self {
        let ids = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect();
        let as_before = Self {
            kind: DatabaseStateKind::AsBefore,
            committed: Vec::new(),
            partly: None,
            transaction: None,
        };
        match state {
            runtime::DatabaseState::AsBefore => as_before,
            runtime::DatabaseState::Committed { revisions, partly } => Self {
                kind: DatabaseStateKind::Committed,
                committed: ids(revisions),
                partly: partly.as_ref().map(ToString::to_string),
                ..as_before
            },
            runtime::DatabaseState::Uncertain { revisions } => {
                Self { kind: DatabaseStateKind::Uncertain, committed: ids(revisions), ..as_before }
            }
            runtime::DatabaseState::Prepared { revisions, transaction } => Self {
                kind: DatabaseStateKind::Prepared,
                committed: ids(revisions),
                transaction: Some(transaction.clone()),
                ..as_before
            },
        }
    }
}

impl From<&runtime::Error> for Failure {
    fn from(error: &runtime::Error) -> Self {
        let position = error.position();
        let place = Place {
            revision: error.revision().map(ToString::to_string),
            path: error.path().map(str::to_owned),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
        };
        let is_about_one = place.revision.is_some() || place.path.is_some();
        Self {
            message: error.message().to_owned(),
            place: is_about_one.then_some(place),
            notes: error.notes().to_vec(),
            help: error.helps().to_vec(),
            database: error.database().map(str::to_owned),
            state: error.state().map(Into::into),
            ..Self::default()
        }
    }
}

impl From<&runner::Failure> for Failure {
    fn from(failure: &runner::Failure) -> Self {
        let mut message = failure
            .details()
            .cloned()
            .unwrap_or_else(|| Self { message: failure.message().to_owned(), ..Self::default() });
        message.help.extend_from_slice(failure.helps());
        message.rendered = failure.to_string();
        message.exit_code = failure.code().code();
        message
    }
}

/// The last message of a command that did what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finished {
    /// What the process ends with: 0, or 3 where the command was to find out whether something is to be done, and it is.
    pub exit_code: u8,
}
