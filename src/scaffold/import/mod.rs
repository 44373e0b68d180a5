//! Turns the migrations of other tools into a chain.
//!
//! Each tool has a module that knows the tool's own rules for its directory: `recognise` tells whether a
//! directory looks like one of the tool's, `read` is a pure function from its files to migrations, in the
//! order in which the tool runs them. What a tool accepts and what it ignores is decided as the tool
//! decides it: an import that reads a directory differently would make another database. How a migration
//! is written as a revision is the same for all of them.

pub mod diesel;
mod directory;
pub mod sqlx;
mod write;

use std::fmt;
use std::path::Path;

use super::{Changes, Error};
use crate::Dialect;

pub use directory::{Directory, File};

/// A tool whose migrations can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tool {
    /// sqlx.
    Sqlx,
    /// diesel.
    Diesel,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sqlx, Self::Diesel];

    /// How many levels of folders are read until the tool is known.
    const DEPTH: usize = 2;

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
        }
    }

    /// The tool of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What a directory of it holds.
    pub const fn layout(self) -> &'static str {
        match self {
            Self::Sqlx => "`<VERSION>_<DESCRIPTION>.sql` files",
            Self::Diesel => "`<VERSION>_<NAME>/up.sql` files",
        }
    }

    /// How many levels of folders belong to it.
    const fn depth(self) -> usize {
        match self {
            Self::Sqlx => 1,
            Self::Diesel => 2,
        }
    }

    fn recognises(self, directory: &Directory) -> bool {
        match self {
            Self::Sqlx => sqlx::recognise(directory),
            Self::Diesel => diesel::recognise(directory),
        }
    }

    fn read(self, directory: &Directory) -> Read<'_> {
        match self {
            Self::Sqlx => sqlx::read(directory),
            Self::Diesel => diesel::read(directory),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A migration as another tool has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported<'d> {
    /// The id of its revision.
    pub id: String,
    /// What it does, in the words of its name; may be empty.
    pub description: String,
    /// The name of the file to write, without `.sql`.
    pub stem: String,
    /// When it was made, as `YYYYMMDDhhmmss`; anything else is taken for no time.
    pub time: Option<String>,
    /// Whether it runs outside a transaction.
    pub is_outside: bool,
    /// The file of its up script.
    pub up: &'d File,
    /// What undoes it.
    pub down: Down<'d>,
}

/// What undoes a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down<'d> {
    /// The file of its down script.
    Script(&'d File),
    /// Nothing, and why.
    Irreversible(&'static str),
}

/// What a tool's directory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read<'d> {
    /// The migrations, in the order in which the tool runs them.
    pub migrations: Vec<Imported<'d>>,
    /// What the user should know about them.
    pub notes: Vec<String>,
    /// What stands in the way of an import.
    pub problems: Vec<Problem>,
}

/// How the chain goes on with what is imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Continuation {
    /// The present heads of the chain, which the first revision follows; none for an empty chain.
    pub parents: Vec<String>,
    /// The dialects that the SQL is for, unless it is for all of the chain's.
    pub dialects: Vec<Dialect>,
}

/// One imported revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedRevision {
    /// The name of the file to write.
    pub file_name: String,
    /// Its text.
    pub text: String,
    /// The id that the header says.
    pub id: String,
    /// The parents that the header says.
    pub parents: Vec<String>,
}

/// A directory, imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The revisions, parents first.
    pub revisions: Vec<ImportedRevision>,
    /// What the user should know about them.
    pub notes: Vec<String>,
}

impl Import {
    /// The files to write into the directory of the revisions.
    pub fn changes(&self, dir: &Path) -> Changes {
        let mut changes = Changes { files: Vec::new(), notes: self.notes.clone() };
        for revision in &self.revisions {
            changes.create(dir.join(&revision.file_name), revision.text.as_str());
        }
        changes
    }
}

/// Something that stands in the way of an import.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, where the problem has one.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, message: message.into() }
    }

    fn at(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// The tool that a directory belongs to, by what it holds; `path` is named in errors only.
///
/// Fails if that is no tool's layout, or that of several.
pub fn recognise(path: &Path, directory: &Directory) -> Result<Tool, Error> {
    let found: Vec<Tool> =
        Tool::ALL.into_iter().filter(|tool| tool.recognises(directory)).collect();
    match found[..] {
        [tool] => Ok(tool),
        // Of diesel's projects, and others', the directory is a folder of this name.
        [] => Err(Error::NotRecognised {
            path: path.to_path_buf(),
            has_folder: directory.directories.iter().any(|folder| folder.name == "migrations"),
        }),
        _ => Err(Error::AmbiguousTool { path: path.to_path_buf(), tools: found }),
    }
}

/// Turns the migrations of a directory into one line of revisions, in the order in which the tool runs
/// them; `path` is named in errors only.
///
/// Fails with all problems at once.
pub fn import(
    path: &Path,
    directory: &Directory,
    tool: Tool,
    continuation: &Continuation,
) -> Result<Import, Error> {
    let nothing =
        |why: String| Error::NothingToImport { path: path.to_path_buf(), why, tool: Some(tool) };
    if directory.files.is_empty() && directory.directories.is_empty() {
        return Err(nothing("is empty".to_owned()));
    }
    let Read { migrations, mut notes, mut problems } = tool.read(directory);
    let revisions = write::revisions(&migrations, continuation, &mut notes, &mut problems);
    if !problems.is_empty() {
        problems.sort();
        return Err(Error::Import { path: path.to_path_buf(), problems });
    }
    if revisions.is_empty() {
        return Err(nothing(format!("holds no migration of {tool}")));
    }
    Ok(Import { revisions, notes })
}

/// The dialects to name in the sections of what is imported: a directory of another tool is written for
/// one database, mostly, and a chain may be for several.
///
/// `configured` are those of the chain, `chosen` what the user says.
pub fn dialects(configured: &[Dialect], chosen: &[Dialect]) -> Result<Vec<Dialect>, Error> {
    if let Some(&unknown) = chosen.iter().find(|dialect| !configured.contains(dialect)) {
        return Err(Error::OtherDialect { dialect: unknown, configured: configured.to_vec() });
    }
    if configured.len() < 2 || configured.iter().all(|dialect| chosen.contains(dialect)) {
        return Ok(Vec::new());
    }
    if chosen.is_empty() {
        return Err(Error::WhichDialect { configured: configured.to_vec() });
    }
    Ok(configured.iter().copied().filter(|dialect| chosen.contains(dialect)).collect())
}

/// The note on what was left out, if anything was.
fn ignored(tool: Tool, names: &[String]) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty())
        .then(|| format!("not imported, since {tool} ignores them too: {}", names.join(", ")))
}

#[cfg(test)]
mod tests;
