//! Scripts gathered into migrations by their version: for every tool that numbers its files.

use std::collections::BTreeMap;

use super::dialects::from_word;
use super::{
    Body, Directory, Down, File, Imported, Links, Part, Problem, Read, Tool, Transaction, name,
};
use crate::Dialect;

/// A file of a directory, and the dialect that the folder says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'d> {
    pub(super) file: &'d File,
    pub(super) dialect: Option<Dialect>,
}

/// Which folders are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folders {
    /// Those that are named after a database.
    OfDialects,
    /// All of them; one that is named after a database says the dialect of what is in it.
    All,
}

/// The files of a directory and of the folders in it.
pub(super) fn files(directory: &Directory, folders: Folders) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    collect(directory, folders, None, &mut found);
    found
}

fn collect<'d>(
    directory: &'d Directory,
    folders: Folders,
    dialect: Option<Dialect>,
    found: &mut Vec<Found<'d>>,
) {
    found.extend(directory.files.iter().map(|file| Found { file, dialect }));
    for folder in &directory.directories {
        let own = from_word(&folder.name);
        if own.is_some() || folders == Folders::All {
            collect(folder, folders, own.or(dialect), found);
        }
    }
}

/// What a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Up,
    Down,
    /// A program that does both.
    Program,
}

/// A script of a version.
#[derive(Clone, Debug)]
pub(super) struct Script<'d> {
    pub(super) file: &'d File,
    pub(super) role: Role,
    /// What it says; of a program, the file is taken.
    pub(super) part: Part<'d>,
    /// The version as the tool knows it, which becomes the id.
    pub(super) version: String,
    /// What tells one version from another.
    pub(super) identity: String,
    /// What orders them.
    pub(super) order: String,
    /// The name of the file to write.
    pub(super) stem: String,
    /// What it does.
    pub(super) description: String,
    pub(super) transaction: Transaction,
}

/// Makes a migration of every version, in order.
pub(super) fn assemble<'d>(tool: Tool, scripts: Vec<Script<'d>>, read: &mut Read<'d>) {
    let mut versions: BTreeMap<String, Vec<Script<'d>>> = BTreeMap::new();
    for script in scripts {
        versions.entry(script.identity.clone()).or_default().push(script);
    }
    let mut versions: Vec<Vec<Script<'d>>> = versions.into_values().collect();
    versions.sort_by(|a, b| order(a).cmp(&order(b)));
    for scripts in versions {
        let before = read.problems.len();
        duplicates(&scripts, read);
        let first = scripts.iter().find(|script| script.role != Role::Down);
        let Some(first) = first.cloned() else {
            read.problems.push(Problem::new(
                &scripts[0].file.path,
                "has no up script of the same version; add it, or move this file away",
            ));
            continue;
        };
        if read.problems.len() == before {
            let migration = migration(tool, first, scripts, read);
            read.migrations.push(migration);
        }
    }
}

/// The order of the version: that of its first file.
fn order<'s>(scripts: &'s [Script<'_>]) -> Option<&'s str> {
    scripts.iter().map(|script| script.order.as_str()).min()
}

/// One dialect has one script each way, or one program has all.
fn duplicates(scripts: &[Script<'_>], read: &mut Read<'_>) {
    for (index, script) in scripts.iter().enumerate() {
        let same = scripts[..index].iter().find(|other| {
            let is_program = script.role == Role::Program || other.role == Role::Program;
            let is_same = other.role == script.role && other.part.dialect == script.part.dialect;
            // The sections of one file are no copies of each other.
            !std::ptr::eq(other.file, script.file) && (is_program || is_same)
        });
        if let Some(other) = same {
            read.problems.push(Problem::new(
                &script.file.path,
                format!("has the same version as `{}`; give one of them another", other.file.path),
            ));
        }
    }
}

fn migration<'d>(
    tool: Tool,
    first: Script<'d>,
    scripts: Vec<Script<'d>>,
    read: &mut Read<'d>,
) -> Imported<'d> {
    if let Some(other) = scripts.iter().find(|script| script.description != first.description) {
        read.notes.push(format!(
            "`{}` and `{}` have one version, and become one revision",
            first.file.path, other.file.path
        ));
    }
    let outside = scripts.iter().find(|script| script.transaction == Transaction::Outside);
    let inside = scripts.iter().find(|script| script.transaction != Transaction::Outside);
    if let (Some(outside), Some(_)) = (outside, inside) {
        read.notes.push(format!(
            "`{}`: only one of its scripts is to run outside a transaction; the revision runs outside one \
             both ways and on every dialect",
            outside.file.path
        ));
    }
    let transaction = outside.map_or(first.transaction, |script| script.transaction);
    let irreversible = || format!("imported from {tool}, which had no down script");
    let body = if first.role == Role::Program {
        // A program has both ways in it, where its tool has two.
        let has_down = !matches!(tool, Tool::Refinery | Tool::Flyway);
        let irreversible = (!has_down).then(irreversible);
        Body::Program { original: first.file, irreversible }
    } else {
        let (up, down): (Vec<_>, Vec<_>) =
            scripts.into_iter().partition(|script| script.role == Role::Up);
        let parts =
            |scripts: Vec<Script<'d>>| scripts.into_iter().map(|script| script.part).collect();
        let down = if down.is_empty() {
            Down::Irreversible(irreversible())
        } else {
            Down::Scripts(parts(down))
        };
        Body::Sql { up: parts(up), down }
    };
    Imported {
        id: name::id(&first.version),
        description: first.description,
        stem: name::stem(&first.stem),
        time: Some(first.version),
        path: &first.file.path,
        links: Links::default(),
        transaction,
        body,
    }
}
