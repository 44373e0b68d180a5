//! Migrations of golang-migrate: `<VERSION>_<NAME>.up.sql`, mostly with `.down.sql`.
//!
//! The rules are those of its `source` package: the version is a number and gives the order, gaps are of no
//! matter, and whatever has another name is ignored. Scripts for several databases stand in folders named
//! after them (`postgres/`, `mysql/`, `sqlite3/`), of which the tool is given one, or, as Ory's projects
//! have them, in files `<VERSION>_<NAME>.<DATABASE>.up.sql` beside one for all others; here all of them
//! become sections of one revision.
//!
//! The tool opens no transaction, so that scripts hold `BEGIN` and `COMMIT`, or a statement that cannot run
//! in one. **The revision's id is the version as it is written**, zeros included; the table
//! `schema_migrations` holds the number of the last one only.
//!
//! sqlx names reversible migrations the same way, and reads them alike. A directory is taken for one of
//! golang-migrate only if something speaks for it: folders or names of databases, or the six digits that
//! its `create -seq` writes.

use super::dialects::{from_word, is_foreign};
use super::versions::{Folders, Found, Role, Script, assemble, files};
use super::{Directory, File, Part, Read, Tool, Transaction, ignored, name, named};

/// How many digits `migrate create -seq` writes.
const SEQUENCE: usize = 6;

/// Whether there are its files, and something that tells them from those of sqlx.
pub fn recognise(directory: &Directory) -> bool {
    let found = files(directory, Folders::OfDialects);
    let mut named = found.iter().filter_map(|found| Some((found, name(found.file)?))).peekable();
    if named.peek().is_none() {
        return false;
    }
    let says_dialect =
        |(found, name): &(&Found<'_>, Name<'_>)| found.dialect.is_some() || name.variant.is_some();
    let is_numbered = |file: &File| {
        super::directory::is_sql(file.name())
            && file.name().starts_with(|c: char| c.is_ascii_digit())
    };
    named.clone().any(|file| says_dialect(&file))
        || (named.all(|(_, name)| name.version.len() == SEQUENCE)
            && found.iter().filter(|found| is_numbered(found.file)).all(|found| {
                name(found.file).is_some() && !found.file.bytes.starts_with(b"-- no-transaction")
            }))
}

/// The migrations in the order of their versions.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let (mut scripts, mut others, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    for found in files(directory, Folders::OfDialects) {
        let file = found.file;
        let Some(name) = name(file) else {
            others.push(file.path.clone());
            continue;
        };
        let own = name.variant.map(from_word);
        if own == Some(None) {
            foreign.push(file.path.as_str());
            continue;
        }
        let dialect = own.flatten().or(found.dialect);
        scripts.push(Script {
            file,
            role: name.role,
            part: Part { dialect, ..Part::whole(file) },
            version: name.version.to_owned(),
            identity: name::order(name.version),
            order: name::order(name.version),
            stem: format!("{}_{}", name.version, name.words).trim_end_matches('_').to_owned(),
            description: name::words(name.words),
            transaction: Transaction::AsWritten,
        });
    }
    assemble(Tool::GolangMigrate, scripts, &mut read);
    read.notes.extend(ignored(Tool::GolangMigrate, &others));
    if !foreign.is_empty() {
        let names = named(foreign);
        read.notes.push(format!("not imported, since no chain can be for their database: {names}"));
    }
    read
}

#[derive(Clone, Copy)]
struct Name<'f> {
    version: &'f str,
    words: &'f str,
    /// The database that the name says.
    variant: Option<&'f str>,
    role: Role,
}

fn name(file: &File) -> Option<Name<'_>> {
    let rest = file.name().strip_suffix(".sql")?;
    let (rest, role) = match rest.strip_suffix(".up") {
        Some(rest) => (rest, Role::Up),
        None => (rest.strip_suffix(".down")?, Role::Down),
    };
    let (version, words) = name::digits(rest)?;
    let words = words.strip_prefix('_')?;
    let variant =
        words.rsplit_once('.').filter(|(_, last)| from_word(last).is_some() || is_foreign(last));
    let (words, variant) = variant.map_or((words, None), |(words, last)| (words, Some(last)));
    Some(Name { version, words, variant, role })
}

#[cfg(test)]
mod tests;
