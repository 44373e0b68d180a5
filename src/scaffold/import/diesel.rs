//! Migrations of diesel: a folder `<VERSION>_<NAME>` each, with `up.sql`, mostly `down.sql`, and rarely
//! `metadata.toml`.
//!
//! The rules are those of diesel's own `migrations_internals`: every folder that does not begin with `.` is
//! a migration, files beside the folders are ignored, and versions are ordered as text. The version is what
//! stands before the first `_`, without any `-`, and that is also what diesel writes into its table
//! `__diesel_schema_migrations`. **It is the revision's id, unchanged**, so that a row of that table names
//! its revision: `2024-03-05-120032_add-index` is row, and revision, `20240305120032`.
//!
//! diesel refuses to run a `down.sql` of no bytes, as it refuses one that is not there: both are
//! irreversible. One that holds but a comment or white space does nothing, there and here. Where diesel quietly
//! takes one of two folders, or ignores a `metadata.toml` that it cannot read, this is an error.

pub(super) mod updated_at;

use std::collections::BTreeMap;

use super::{
    Body, Directory, Down, File, Imported, Links, Part, Problem, Read, Tool, Transaction, ignored,
};
use crate::chain::{NameError, RevisionId};

const METADATA: &str = "metadata.toml";
const NO_DOWN: &str = "imported from diesel, which had no down.sql";
const EMPTY_DOWN: &str = "imported from diesel, which had an empty down.sql";

/// Whether there is a folder with an `up.sql`.
pub fn recognise(directory: &Directory) -> bool {
    folders(directory).any(|folder| folder.file("up.sql").is_some())
}

/// The migrations in the order of their versions.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let mut others = names(&directory.files, &[]);
    let mut versions: BTreeMap<String, (&Directory, Imported<'_>)> = BTreeMap::new();
    for folder in folders(directory) {
        others.extend(names(&folder.files, &["up.sql", "down.sql", METADATA]));
        let Some(migration) = migration(folder, &mut read) else { continue };
        if let Some((first, _)) = versions.get(&migration.id) {
            let message = format!(
                "has the same version `{}` as `{}`, and diesel runs only one of them; rename one",
                migration.id, first.name
            );
            read.problems.push(Problem::new(&folder.name, message));
            continue;
        }
        versions.insert(migration.id.clone(), (folder, migration));
    }
    let empty: Vec<String> = versions
        .values()
        .filter(|(folder, _)| folder.file("down.sql").is_some_and(|file| file.bytes.is_empty()))
        .map(|(folder, _)| format!("`{}`", folder.name))
        .collect();
    if !empty.is_empty() {
        read.notes.push(format!(
            "irreversible, since diesel does not run an empty `down.sql`: {}",
            empty.join(", ")
        ));
    }
    read.notes.extend(ignored(Tool::Diesel, &others));
    read.migrations = versions.into_values().map(|(_, migration)| migration).collect();
    read
}

fn folders(directory: &Directory) -> impl Iterator<Item = &Directory> {
    directory.directories.iter().filter(|folder| !folder.name.starts_with('.'))
}

/// The files that are no part of a migration, but for those that nobody expects to be.
fn names(files: &[File], known: &[&str]) -> Vec<String> {
    let is_other = |file: &&File| !file.name().starts_with('.') && !known.contains(&file.name());
    files.iter().filter(is_other).map(|file| file.path.clone()).collect()
}

fn migration<'d>(folder: &'d Directory, read: &mut Read<'d>) -> Option<Imported<'d>> {
    let before = read.problems.len();
    let (version, name) = folder.name.split_once('_').unwrap_or((&folder.name, ""));
    let id = version.replace('-', "");
    if let Some(problem) = not_an_id(&id) {
        let message =
            format!("{problem}; rename the folder to `<VERSION>_<NAME>`, or move it away");
        read.problems.push(Problem::new(&folder.name, message));
    }
    let up = folder.file("up.sql");
    if up.is_none() {
        let message = "has no `up.sql`; add it, or move the folder away";
        read.problems.push(Problem::new(&folder.name, message));
    }
    let is_outside = folder.file(METADATA).is_some_and(|file| is_outside(file, read));
    let down = match folder.file("down.sql") {
        None => Down::Irreversible(NO_DOWN.to_owned()),
        Some(file) if file.bytes.is_empty() => Down::Irreversible(EMPTY_DOWN.to_owned()),
        Some(file) => Down::Scripts(vec![Part::whole(file)]),
    };
    let up = up.filter(|_| read.problems.len() == before)?;
    // The name of the file begins with the id, so that names are in order and findings name the revision.
    let name = name.split_whitespace().collect::<Vec<_>>().join("_");
    let stem = if name.is_empty() { id.clone() } else { format!("{id}_{name}") };
    // What diesel generates has more digits after a `-`, against two migrations in one second.
    let time = id.get(..14).filter(|_| matches!(id.len(), 14 | 18)).map(str::to_owned);
    let description = name.replace(['_', '-'], " ");
    Some(Imported {
        id,
        description,
        stem,
        time,
        path: &up.path,
        links: Links::default(),
        transaction: if is_outside { Transaction::Outside } else { Transaction::Inside },
        body: Body::Sql { up: vec![Part::whole(up)], down },
    })
}

/// What keeps a version from being a revision's id.
fn not_an_id(version: &str) -> Option<String> {
    match RevisionId::new(version.to_owned()) {
        // A file name that begins with `.` is no revision's.
        Ok(_) if version.starts_with('.') => {
            Some(format!("the version `{version}` begins with `.`"))
        }
        Ok(_) => None,
        Err(NameError::Reserved) => {
            Some(format!("the version `{version}` is a reserved word, which cannot be an id"))
        }
        Err(NameError::Illegal) => Some(format!(
            "the version `{version}` cannot be an id, which has 1 to 64 letters, digits and `.`"
        )),
    }
}

/// What `metadata.toml` says about the transaction.
fn is_outside(file: &File, read: &mut Read<'_>) -> bool {
    let mut problem = |line: Option<usize>, message: &str| {
        let message = format!("{message}, and diesel ignores such a file; correct or remove it");
        read.problems.push(Problem { file: file.path.clone(), line, message });
    };
    let Ok(text) = std::str::from_utf8(&file.bytes) else {
        problem(None, "is not UTF-8");
        return false;
    };
    let table = match text.parse::<toml_edit::DocumentMut>() {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..at].split(|byte| *byte == b'\n').count();
            problem(Some(line), &format!("is no TOML: {}", error.message().trim()));
            return false;
        }
    };
    let Some(value) = table.get("run_in_transaction") else {
        read.notes.push(format!(
            "`{}`: without `run_in_transaction`, diesel runs the migration outside a transaction, and so does the revision",
            file.path
        ));
        return true;
    };
    let inside = value.as_bool();
    if inside.is_none() {
        problem(None, "has a `run_in_transaction` that is neither `true` nor `false`");
    }
    inside == Some(false)
}

#[cfg(test)]
mod tests;
