//! Something wrong with what is recorded, as callers get it.

use std::fmt;

use super::Repair;
use crate::chain::RevisionId;

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An applied revision has another text than when it was applied.
    Edited,
    /// An applied revision has other parents or dependencies than when it was applied.
    Reparented,
    /// The digest of an applied revision follows from nothing.
    WrongDigest,
    /// A statement was started, and has neither finished nor failed.
    StatementInDoubt,
    /// A revision is applied or undone in part.
    Unfinished,
    /// A revision is recorded as applied, and one that it follows or depends on is not.
    Gap,
}

/// Something wrong with what is recorded, and the ways out; its text is complete in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The revision that it is about.
    pub revision: RevisionId,
    /// Its file; `None` if the chain does not know it.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// The ways out, of which one is to be chosen.
    pub ways_out: Vec<WayOut>,
}

/// A way out of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WayOut {
    /// The command, without the program's name; `None` if it is no command.
    pub command: Option<String>,
    /// What it does, and when it is the right one.
    pub effect: String,
    /// The same for [`Configured::repair`](crate::Configured::repair), if it is a repair.
    pub repair: Option<Repair>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(path) = &self.path {
            write!(f, "\n--> {path}")?;
        }
        for note in &self.notes {
            write!(f, "\n = note: {}", note.replace('\n', "\n   "))?;
        }
        for way in &self.ways_out {
            match &way.command {
                Some(command) => write!(f, "\n = help: `{command}`: {}", way.effect)?,
                None => write!(f, "\n = help: {}", way.effect)?,
            }
        }
        Ok(())
    }
}
