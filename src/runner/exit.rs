//! Exit codes, and what is printed when a command fails.

use std::fmt;
use std::process::{ExitCode, Termination};

use super::message;

/// The exit codes of `cargo migrate` and of the runner in a shipped binary.
///
/// Scripts may rely on them. A cargo build that fails beneath a command passes cargo's own code
/// through.
///
/// | code | meaning |
/// |---|---|
/// | 0 | done |
/// | 1 | failed |
/// | 2 | wrong usage |
/// | 3 | `check` or `status --check` found the database out of date, or `repair` a problem |
/// | 4 | the chain is invalid, or damaged in a shipped binary |
/// | 5 | no connection, or no lock in time |
///
/// ```
/// assert_eq!(cargo_migrate::cli::Exit::InvalidChain.code(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exit {
    /// Done, also when there was nothing to do.
    Done,
    /// Failed; the message says what state things are in.
    Failed,
    /// The arguments make no sense.
    Usage,
    /// The database is not at the chain's heads, or something is wrong with what is recorded.
    OutOfDate,
    /// The files are no valid chain, or what a binary carries is none.
    InvalidChain,
    /// The database cannot be reached, or somebody else holds its lock.
    Unavailable,
    /// The code of cargo, or of the runner that it has built and run.
    Other(u8),
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::OutOfDate => 3,
            Self::InvalidChain => 4,
            Self::Unavailable => 5,
            Self::Other(code) => code,
        }
    }
}

/// So that `main` can return it.
impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ends without success: what to print, once, and the code to end with.
#[derive(Clone, Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    helps: Vec<String>,
    /// What the message says, in parts, where they are known.
    details: Option<Box<message::Failure>>,
}

impl Failure {
    /// A failure with the ordinary exit code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), helps: Vec::new(), details: None }
    }

    /// The same with another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Adds the next command to type.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// The same with other words for what to type.
    #[must_use]
    pub(crate) fn map_helps(mut self, change: impl Fn(&str) -> String) -> Self {
        self.helps.iter_mut().for_each(|help| *help = change(help));
        self
    }

    /// The same with what its message says in parts.
    #[must_use]
    pub(crate) fn saying(mut self, details: message::Failure) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    pub(crate) fn details(&self) -> Option<&message::Failure> {
        self.details.as_deref()
    }

    /// The code to end with.
    pub fn code(&self) -> Exit {
        self.exit
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn helps(&self) -> &[String] {
        &self.helps
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.helps.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_is_the_code() {
        let source = include_str!("exit.rs");
        for (exit, meaning) in [
            (Exit::Done, "done"),
            (Exit::Failed, "failed"),
            (Exit::Usage, "wrong usage"),
            (
                Exit::OutOfDate,
                "`check` or `status --check` found the database out of date, or `repair` a problem",
            ),
            (Exit::InvalidChain, "the chain is invalid, or damaged in a shipped binary"),
            (Exit::Unavailable, "no connection, or no lock in time"),
        ] {
            assert!(source.contains(&format!("/// | {} | {meaning} |", exit.code())));
        }
    }
}
