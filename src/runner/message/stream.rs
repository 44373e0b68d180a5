//! The frame of every stream: how it begins and ends, and what is said beside the answer.

use clap::error::ErrorKind;
use serde::{Deserialize, Serialize};

use crate::runner;

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

/// The last message of a command that did not succeed. The text is on stderr, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What is wrong, where, and the state that things are in now.
    pub message: String,
    /// What to type next.
    pub help: Vec<String>,
    /// What the process ends with: see [`Exit`](crate::cli::Exit).
    pub exit_code: u8,
}

impl From<&runner::Failure> for Failure {
    fn from(failure: &runner::Failure) -> Self {
        Self {
            message: failure.message().to_owned(),
            help: failure.helps().to_vec(),
            exit_code: failure.code().code(),
        }
    }
}

impl Failure {
    /// Why arguments are wrong; the first paragraph says what is, the others what would be right.
    pub(crate) fn of_usage(error: &clap::Error) -> Self {
        let exit_code = runner::Exit::Usage.code();
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return Self {
                message: String::from("no command is given"),
                help: vec![String::from("`--help` lists the commands")],
                exit_code,
            };
        }
        let text = error.render().to_string();
        let mut paragraphs = text.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
        let message = paragraphs.next().unwrap_or_default();
        Self {
            message: message.strip_prefix("error: ").unwrap_or(message).to_owned(),
            help: paragraphs.map(str::to_owned).collect(),
            exit_code,
        }
    }
}

/// The last message of a command that did what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finished {
    /// What the process ends with: 0, or 3 where the command was to find out whether something is to be done, and it is.
    pub exit_code: u8,
}
