//! Turns the migrations of other tools into a chain.
//!
//! Each tool has a module that knows the tool's own rules for its directory: `recognise` tells whether a
//! directory looks like one of the tool's, `read` is a pure function from its files to migrations, in the
//! order in which the tool runs them. What a tool accepts and what it ignores is decided as the tool
//! decides it: an import that reads a directory differently would make another database. How a migration
//! is written as a revision is the same for all of them.

pub mod alembic;
mod cascades;
pub mod dbmate;
mod dialects;
pub mod diesel;
mod directory;
pub mod flyway;
pub mod golang_migrate;
pub mod goose;
mod migration;
mod name;
pub mod refinery;
mod rust_text;
pub mod sea_orm;
pub mod sqlx;
mod tool;
mod transaction;
mod versions;
mod write;

use std::fmt;
use std::path::Path;

use super::{Changes, Error};
use crate::Dialect;

pub use crate::tool::Tool;
pub use directory::{Directory, File};
pub use migration::{Body, Down, Imported, Links, Part, Read, Transaction};

/// How the chain goes on with what is imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Continuation {
    /// The present heads of the chain, which the first revision follows; none for an empty chain.
    pub parents: Vec<String>,
    /// The dialects that the chain is written for.
    pub configured: Vec<Dialect>,
    /// The dialects that the user says the SQL is for; none: those that the directory says, or all.
    pub chosen: Vec<Dialect>,
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
    let dialects = dialects::of(&migrations, continuation, &mut notes)?;
    let revisions =
        write::revisions(tool, &migrations, continuation, &dialects, &mut notes, &mut problems);
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        return Err(Error::Import { path: path.to_path_buf(), problems });
    }
    if revisions.is_empty() {
        return Err(nothing(format!("holds no migration of {tool}")));
    }
    Ok(Import { revisions, notes })
}

/// The dialects of SQL that does not say for which it is.
///
/// `configured` are those of the chain, `chosen` what the user says.
pub fn dialects(configured: &[Dialect], chosen: &[Dialect]) -> Result<Vec<Dialect>, Error> {
    dialects::check(configured, chosen)?;
    if configured.len() > 1 && chosen.is_empty() {
        return Err(Error::WhichDialect { configured: configured.to_vec() });
    }
    let is_wanted = |dialect: &Dialect| chosen.is_empty() || chosen.contains(dialect);
    Ok(configured.iter().copied().filter(is_wanted).collect())
}

/// The files of a list, as a note names them.
fn named<'p>(paths: impl IntoIterator<Item = &'p str>) -> String {
    paths.into_iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

/// The note on what was left out, if anything was.
fn ignored(tool: Tool, names: &[String]) -> Option<String> {
    let names = named(names.iter().map(String::as_str));
    (!names.is_empty()).then(|| format!("not imported, since {tool} ignores them too: {names}"))
}

#[cfg(test)]
mod tests;
