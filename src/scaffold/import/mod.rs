//! Turns the migrations of other tools into a chain.
//!
//! Each tool has a module that knows the tool's own rules for its directory and is a pure function
//! from the files to revisions. What a tool accepts and what it ignores is decided as the tool decides it:
//! an import that reads a directory differently would make another database.

pub mod sqlx;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::{Changes, Error};

/// A file of the directory that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a directory.
    pub name: String,
    /// Its content; not read, and empty, for files that do not end in `.sql`.
    pub bytes: Vec<u8>,
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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Reads the files of a directory, sorted by name; directories in it are left out.
pub fn read_directory(dir: &Path) -> Result<Vec<File>, Error> {
    let unreadable = |path: &Path, source| Error::Read { path: path.to_path_buf(), source };
    let nothing = |why| Error::NothingToImport { path: dir.to_path_buf(), why };
    let entries = fs::read_dir(dir).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => nothing("does not exist"),
        io::ErrorKind::NotADirectory => nothing("is not a directory"),
        _ => unreadable(dir, source),
    })?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| unreadable(dir, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_sql = is_sql(&name);
        // A link to nowhere is an error if it claims to be a migration, and no business of ours if not.
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => continue,
            Err(source) if is_sql => return Err(unreadable(&path, source)),
            _ => {}
        }
        let bytes = if is_sql {
            fs::read(&path).map_err(|source| unreadable(&path, source))?
        } else {
            Vec::new()
        };
        files.push(File { name, bytes });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Whether a tool takes the file for SQL: `.SQL` is another ending for it on every system.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "sqlx compares them so")]
fn is_sql(name: &str) -> bool {
    name.ends_with(".sql")
}
