//! What lies in a directory that is imported, as plain data.

use std::fs;
use std::io;
use std::path::Path;

use super::Tool;
use super::alembic::{self, Rendered};
use crate::scaffold::Error;

/// A directory of another tool, or a folder in it, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Its name in the directory above; empty for the one that is imported.
    pub name: String,
    /// The files in it.
    pub files: Vec<File>,
    /// The folders in it, as deep as the tool looks.
    pub directories: Vec<Directory>,
    /// What Alembic printed for the revisions, where it was asked.
    pub rendered: Option<Rendered>,
}

/// A file of the directory that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the directory that is imported, with `/`.
    pub path: String,
    /// Its content; not read, and empty, for files whose ending no tool gives to what it reads.
    pub bytes: Vec<u8>,
}

impl File {
    /// Its name, without a directory.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Directory {
    /// Reads a directory, and the folders in it that a tool looks into: those of any tool if it is not
    /// known yet which one the directory belongs to.
    pub fn read(path: &Path, tool: Option<Tool>) -> Result<Self, Error> {
        let nothing = |why: &str| Error::NothingToImport {
            path: path.to_path_buf(),
            why: why.to_owned(),
            tool,
        };
        // A project of Alembic says itself where its versions are.
        let result = match tool {
            Some(Tool::Alembic) => alembic::read_directory(path),
            _ => folder(path, "", tool.map_or(Tool::DEPTH, Tool::depth)),
        };
        match result {
            Err(Error::Read { path: at, source }) if at == path => Err(match source.kind() {
                io::ErrorKind::NotFound => nothing("does not exist"),
                io::ErrorKind::NotADirectory => nothing("is not a directory"),
                _ => Error::Read { path: at, source },
            }),
            result => result,
        }
    }

    /// The file of this name.
    pub(super) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name() == name)
    }
}

/// Reads a directory; `below` stands before the names in it.
pub(super) fn folder(path: &Path, below: &str, depth: usize) -> Result<Directory, Error> {
    let unreadable = |path: &Path, source| Error::Read { path: path.to_path_buf(), source };
    let mut directory = Directory::default();
    for entry in fs::read_dir(path).map_err(|source| unreadable(path, source))? {
        let path = entry.map_err(|source| unreadable(path, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let has_content = has_content(&name);
        // A link to nowhere is an error if it claims to be a migration, and no business of ours if not.
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if depth > 1 && !name.starts_with('.') {
                    let inner = folder(&path, &format!("{below}{name}/"), depth - 1)?;
                    directory.directories.push(Directory { name, ..inner });
                }
                continue;
            }
            Ok(metadata) if !metadata.is_file() => continue,
            Err(source) if has_content => return Err(unreadable(&path, source)),
            _ => {}
        }
        let bytes = if has_content {
            fs::read(&path).map_err(|source| unreadable(&path, source))?
        } else {
            Vec::new()
        };
        directory.files.push(File { path: format!("{below}{name}"), bytes });
    }
    directory.files.sort_by(|a, b| a.path.cmp(&b.path));
    directory.directories.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(directory)
}

/// Whether a tool takes the file for SQL: `.SQL` is another ending for it on every system.
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "sqlx compares them so")]
pub(super) fn is_sql(name: &str) -> bool {
    name.ends_with(".sql")
}

/// Whether a tool may look into the file.
fn has_content(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    // Configuration, SQL, and the languages in which migrations are written.
    ending.is_some_and(|ending| {
        matches!(ending, "sql" | "toml" | "conf" | "ini" | "rs" | "go" | "py" | "java" | "kt")
    })
}
