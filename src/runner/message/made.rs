//! What commands make: files, scripts, databases.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Direction;

/// A file that a command writes, or would write: `init`, `new`, `merge`, `rebase`, `import`, `graph -o`, `sql -o`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct File {
    /// The file, as people would type it from where they are.
    pub path: String,
    /// What becomes of it.
    pub change: FileChange,
    /// Whether nothing was written, since only a plan was asked for.
    pub dry_run: bool,
    /// The revision that it holds, where it is the answer of `new` or `merge`.
    pub revision: Option<String>,
    /// The lines that change, of an edit that is only planned.
    pub lines: Option<Vec<ChangedLine>>,
}

impl File {
    /// One that an option named.
    pub(crate) fn written(path: &Path) -> Self {
        Self {
            path: path.display().to_string(),
            change: FileChange::Written,
            dry_run: false,
            revision: None,
            lines: None,
        }
    }
}

/// What becomes of a [`File`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileChange {
    /// It is new.
    Created,
    /// It was there, and has another content.
    Edited,
    /// It is written, whether it was there or not.
    Written,
}

/// A line that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangedLine {
    /// Whether it comes or goes.
    pub change: LineChange,
    /// Its text.
    pub text: String,
}

/// What becomes of a [`ChangedLine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LineChange {
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

/// What leads from one target to another as a script: `sql`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Script {
    /// Whether it applies or undoes.
    pub direction: Direction,
    /// `sqlite`, `postgres` or `mysql`.
    pub dialect: String,
    /// The named database that it is for, where the chain has any.
    pub database: Option<String>,
    /// What it applies or undoes, in this order.
    pub revisions: Vec<String>,
    /// The script; `None` where a file takes it.
    pub text: Option<String>,
}

/// A database was created, or was there: `database create` and `reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatabaseCreated {
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// Whether it was created; `false`: it was there.
    pub changed: bool,
}

/// A database was dropped, or was not there: `database drop` and `reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatabaseDropped {
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// Whether it was dropped; `false`: it was not there.
    pub changed: bool,
}

/// What was set up, or would be: `init`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Init {
    /// Whether anything changes; `false`: everything is in place already.
    pub changed: bool,
    /// Whether nothing was written, since only a plan was asked for.
    pub dry_run: bool,
}

/// What follows what now, or would: `rebase`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rebase {
    /// The revisions that move; none if there is nothing to do.
    pub moved: Vec<String>,
    /// What they move after.
    pub onto: Option<String>,
    /// The heads of the chain after it.
    pub heads: Vec<String>,
    /// Whether nothing was written, since only a plan was asked for.
    pub dry_run: bool,
}

/// What was imported, or would be: `import`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Import {
    /// The tool that the migrations are of.
    pub tool: String,
    /// The new revisions, in the order of the chain.
    pub revisions: Vec<String>,
    /// Whether nothing was written, since only a plan was asked for.
    pub dry_run: bool,
}

/// A script that lets a shell complete command lines: `completions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Completions {
    /// The shell, such as `bash`.
    pub shell: String,
    /// The script, for that shell to run.
    pub script: String,
}
