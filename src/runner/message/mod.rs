//! What `--message-format json` prints: one [`Message`] a line on stdout, and nothing else there.
//!
//! The stream begins with [`Started`], which carries the [`VERSION`] of the schema, and ends with [`Finished`] or [`Failure`];
//! one that ends otherwise was cut. In between stands what the command answers, and for a run its events as they
//! happen. What people read (progress, warnings, why a command failed) is on stderr, as ever.
//!
//! * `"reason"` says what a message is, in kebab-case, as in cargo's own messages.
//! * Names of fields are in `snake_case`. A field is always there; what is absent is `null`.
//! * Ids are strings. Times are RFC 3339 in UTC, durations milliseconds in fields that end in `_ms`.
//! * URLs come without their secrets. Paths of revisions are relative to their package, with `/`; paths of files that
//!   a command writes are as people would type them from where they are.
//! * With the same version, fields and reasons may be added: readers should skip what they do not know.
//!
//! The guide shows an example of each: `cargo_migrate::guide::json`.
//!
//! ```
//! use cargo_migrate::cli::message::Message;
//!
//! let line = r#"{"reason":"finished","exit_code":0}"#;
//! let Message::Finished(finished) = serde_json::from_str(line)? else { panic!() };
//! assert_eq!(finished.exit_code, 0);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod chain;
mod compiler;
mod configuration;
mod made;
mod record;
mod run;
mod standing;
mod stream;

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::steers;

pub(crate) use chain::ids;
pub use chain::{BranchLabel, BranchPoint, Edge, EdgeKind, Graph, Kind, Revision, Source, Variant};
pub use compiler::{
    Check, CompilerMessage, CompilerTarget, Diagnostic, DiagnosticCode, Explanation, Span, SpanLine,
};
pub use configuration::{
    Configuration, DatabaseInUse, Environment, EnvironmentUrl, Hook, Limit, Lint, UrlVariable,
};
pub use made::{
    ChangedLine, Completions, DatabaseCreated, DatabaseDropped, File, FileChange, Import, Init,
    LineChange, Rebase, Script,
};
pub use record::{
    Adopt, AdoptedRevision, BelievedStatement, Problem, ProblemKind, Repair, RepairedRow,
    RowChange, Stamp, WayOut,
};
pub use run::{
    Committed, FinishedStep, Plan, PlannedStep, Progress, Report, Retrying, RevisionFinished,
    RevisionStarted, RunStarted, StatementStarted, StepSource, StepTransaction, Waiting,
};
pub use standing::{Counts, Database, Difference, RevisionStatus, Standing, State, Status, Turned};
pub use stream::{
    DatabaseState, DatabaseStateKind, Failure, Finished, Help, Note, Place, Started, Warning,
};

/// The version of the schema. It grows when a field or a reason goes or changes its meaning.
pub const VERSION: u32 = 1;

macro_rules! messages {
    ($($(#[doc = $doc:literal])+ $name:ident,)*) => {
        /// A line of the stream; `"reason"` is the name of the variant in kebab-case.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "reason", rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Message {
            $($(#[doc = $doc])+ $name($name),)*
        }

        #[cfg(test)]
        impl Message {
            /// The names of the variants.
            const NAMES: &[&str] = &[$(stringify!($name)),*];
        }

        $(impl From<$name> for Message {
            fn from(message: $name) -> Self {
                Self::$name(message)
            }
        })*
    };
}

messages! {
    /// The first message.
    Started,
    /// Help that was asked for.
    Help,
    /// Something that should be known, though all went well.
    Warning,
    /// A hint to act on.
    Note,
    /// Which database the command works on.
    Database,
    /// The command turns to another one of several databases.
    Turned,
    /// A revision of the chain.
    Revision,
    /// The text of a revision.
    Source,
    /// A revision that several others follow.
    BranchPoint,
    /// A branch label.
    BranchLabel,
    /// The chain as a graph.
    Graph,
    /// Where a database stands.
    Status,
    /// What would run.
    Plan,
    /// A run begins.
    RunStarted,
    /// Somebody else holds the lock.
    Waiting,
    /// Something failed for the locks of others, and will be tried again.
    Retrying,
    /// A revision begins.
    RevisionStarted,
    /// A statement is sent.
    StatementStarted,
    /// A revision in Rust says how far it is.
    Progress,
    /// All statements of a revision are done.
    RevisionFinished,
    /// Steps are permanent.
    Committed,
    /// What a run did.
    Report,
    /// What was recorded and forgotten without being run.
    Stamp,
    /// What another tool has applied, and is recorded now.
    Adopt,
    /// Something wrong with what is recorded.
    Problem,
    /// What was changed in what is recorded.
    Repair,
    /// What leads from one target to another as a script.
    Script,
    /// A file that was written, or would be.
    File,
    /// A database was created.
    DatabaseCreated,
    /// A database was dropped.
    DatabaseDropped,
    /// What was set up.
    Init,
    /// What follows what now.
    Rebase,
    /// What was imported.
    Import,
    /// What the configuration says, and means here and now.
    Configuration,
    /// Something wrong with the files of the chain.
    CompilerMessage,
    /// What the chain is like.
    Check,
    /// A code of findings.
    Explanation,
    /// A script that lets a shell complete command lines.
    Completions,
    /// The last message of a command that did not succeed.
    Failure,
    /// The last message of a command that did what it was told.
    Finished,
}

/// Which way a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Revisions are applied.
    Up,
    /// Revisions are undone.
    Down,
}

impl From<crate::Direction> for Direction {
    fn from(direction: crate::Direction) -> Self {
        match direction {
            crate::Direction::Up => Self::Up,
            crate::Direction::Down => Self::Down,
        }
    }
}

/// A duration as messages have it; a length of time that no number holds is a very long one.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Message {
    /// Whether nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Failure(_) | Self::Finished(_))
    }

    /// The message in one line, which does not steer a terminal.
    pub(crate) fn line(&self) -> String {
        let json = serde_json::to_string(self).expect("messages have string keys only");
        if !json.contains(steers) {
            return json;
        }
        // Such characters stand in strings only.
        let mut line = String::with_capacity(json.len() + 16);
        for c in json.chars() {
            if steers(c) {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            } else {
                line.push(c);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_shows_each_message_as_it_is() {
        let guide = include_str!("../../guide/json.md");
        let mut shown = Vec::new();
        for line in guide.lines().filter(|line| line.starts_with('{')) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let message: Message = serde_json::from_value(value.clone()).expect(line);
            assert_eq!(serde_json::to_value(&message).unwrap(), value, "{line}");
            let reason = value["reason"].as_str().unwrap().to_owned();
            assert!(guide.contains(&format!("\n## `{reason}`\n")), "{reason}");
            shown.push(reason);
        }
        for name in Message::NAMES {
            let mut reason = String::new();
            for c in name.chars() {
                if c.is_uppercase() && !reason.is_empty() {
                    reason.push('-');
                }
                reason.push(c.to_ascii_lowercase());
            }
            assert!(shown.contains(&reason), "the guide shows no `{reason}`");
        }
        assert_eq!(shown.len(), Message::NAMES.len());
    }

    #[test]
    fn a_line_steers_no_terminal_and_loses_nothing() {
        let text = "a\u{9b}31m\u{202e}b\u{1b}[2J\nc\u{7f}é";
        let message = Message::from(Note { message: text.to_owned() });
        let line = message.line();
        assert!(!line.contains(steers), "{line}");
        assert_eq!(serde_json::from_str::<Message>(&line).unwrap(), message);
    }
}
