//! Migrations of refinery: `V<VERSION>__<NAME>.sql`, `U<VERSION>__<NAME>.sql`, and `.rs` files that return SQL.
//!
//! The rules are those of its own `find_migration_files`: folders are read to any depth, files with other
//! names are ignored, and the version is a number and gives the order, gaps or not. `U` says that a
//! migration may be applied late, which a chain allows no revision; it takes its place in the line. The
//! tool has no way down. Programs become revisions in Rust whose body is to be written.
//!
//! **The revision's id is the version as it is written**; `refinery_schema_history` holds it as a number.
//!
//! Flyway names its files the same way. A directory is taken for one of refinery unless something speaks for
//! Flyway: see there.

use super::versions::{Folders, Role, Script, assemble, files};
use super::{Directory, File, Part, Problem, Read, Tool, Transaction, flyway, ignored, name};

/// Whether there is a file of its form, and nothing that only Flyway has.
pub fn recognise(directory: &Directory) -> bool {
    files(directory, Folders::All).iter().any(|found| parse(found.file).is_some())
        && !flyway::recognise(directory)
}

/// The migrations in the order of their versions.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let (mut scripts, mut others) = (Vec::new(), Vec::new());
    for found in files(directory, Folders::All) {
        let file = found.file;
        let Some(Name { version, words, ending }) = parse(file) else {
            if !matches!(file.name(), "mod.rs" | "refinery.toml") {
                others.push(file.path.clone());
            }
            continue;
        };
        if version.contains('.') {
            let message =
                format!("`{version}` is no version number of refinery; write a whole number");
            read.problems.push(Problem::new(&file.path, message));
            continue;
        }
        scripts.push(Script {
            file,
            role: if ending == "rs" { Role::Program } else { Role::Up },
            part: Part { dialect: found.dialect, ..Part::whole(file) },
            version: version.to_owned(),
            identity: name::order(version),
            order: name::order(version),
            stem: format!("{version}_{words}"),
            description: name::words(words),
            transaction: Transaction::AsWritten,
        });
    }
    assemble(Tool::Refinery, scripts, &mut read);
    read.notes.extend(ignored(Tool::Refinery, &others));
    read
}

struct Name<'f> {
    version: &'f str,
    words: &'f str,
    ending: &'f str,
}

fn parse(file: &File) -> Option<Name<'_>> {
    let (stem, ending) = file.name().rsplit_once('.')?;
    let (version, words) = stem.strip_prefix(['V', 'U'])?.split_once("__")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = version.split_once('.').unwrap_or((version, "0"));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_its = matches!(ending, "sql" | "rs")
        && is_number(whole)
        && is_number(part)
        && !words.is_empty()
        && words.chars().all(is_word);
    is_its.then_some(Name { version, words, ending })
}

#[cfg(test)]
mod tests;
