//! Migrations of sqlx: `<VERSION>_<DESCRIPTION>.sql`, or `.up.sql` with `.down.sql`, in one directory.
//!
//! The rules are those of sqlx's own `migrate::resolve`: what has no `_` or does not end in `.sql` is
//! ignored, the version is a number and gives the order, and `-- no-transaction` as the very first bytes
//! opts out of the transaction. Where sqlx would quietly take one of several files, or none, this is an
//! error. The SQL stays as it is, byte for byte, so that the schema is the same.

use std::collections::BTreeMap;

use super::directory::is_sql;
use super::{
    Body, Directory, Down, File, Imported, Links, Part, Problem, Read, Tool, Transaction, dbmate,
    golang_migrate, goose, ignored,
};

const NO_TRANSACTION: &str = "-- no-transaction";
const NO_DOWN: &str = "imported from sqlx, which had no down script";

/// The longest id that a chain takes.
const ID_LENGTH: usize = 64;

/// Whether there is a `<VERSION>_<DESCRIPTION>.sql` file, and nothing that speaks for a tool which names
/// its files the same way and reads them otherwise.
pub fn recognise(directory: &Directory) -> bool {
    let named = directory.files.iter().filter(|file| version(file).is_some_and(is_number));
    let mut named = named.peekable();
    named.peek().is_some()
        && !named.any(|file| dbmate::has_marker(file) || goose::has_marker(file))
        && !golang_migrate::recognise(directory)
}

/// The migrations in the order of their versions. Ids are the versions as they are written, leading
/// zeros included.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let (versions, names) = sort_out(&directory.files, &mut read.problems);
    for scripts in versions.values() {
        if let Some(pair) = pair(scripts, &mut read.problems) {
            read.migrations.push(migration(&pair, &mut read.notes));
        }
    }
    read.notes.extend(ignored(Tool::Sqlx, &names));
    read
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simple,
    Up,
    Down,
}

impl Kind {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Simple => ".sql",
            Self::Up => ".up.sql",
            Self::Down => ".down.sql",
        }
    }
}

struct Script<'f> {
    file: &'f File,
    version: &'f str,
    description: String,
    kind: Kind,
}

struct Pair<'s, 'f> {
    up: &'s Script<'f>,
    down: Option<&'s Script<'f>>,
}

/// The scripts by version, and the names of the files that are none.
fn sort_out<'f>(
    files: &'f [File],
    problems: &mut Vec<Problem>,
) -> (BTreeMap<i64, Vec<Script<'f>>>, Vec<String>) {
    let mut versions: BTreeMap<i64, Vec<Script<'f>>> = BTreeMap::new();
    let mut ignored = Vec::new();
    for file in files {
        let Some(version) = version(file) else {
            ignored.push(file.path.clone());
            continue;
        };
        let rest = &file.name()[version.len() + 1..];
        // sqlx also takes a sign, which no id can have.
        let Some(number) = version.parse().ok().filter(|_| is_number(version)) else {
            problems.push(problem(
                file,
                format!(
                    "`{version}` is no version number; rename the file to `<VERSION>_<DESCRIPTION>.sql`, \
                     or move it away"
                ),
            ));
            continue;
        };
        let kind = [Kind::Up, Kind::Down].into_iter().find(|kind| rest.ends_with(kind.suffix()));
        let kind = kind.unwrap_or(Kind::Simple);
        let description = rest.trim_end_matches(kind.suffix()).replace(['_', '-'], " ");
        versions.entry(number).or_default().push(Script { file, version, description, kind });
    }
    (versions, ignored)
}

/// The one or two scripts of a version.
fn pair<'s, 'f>(scripts: &'s [Script<'f>], problems: &mut Vec<Problem>) -> Option<Pair<'s, 'f>> {
    let of = |kind| scripts.iter().filter(move |script| script.kind == kind);
    let before = problems.len();
    for kind in [Kind::Simple, Kind::Up, Kind::Down] {
        let Some(first) = of(kind).next() else { continue };
        for other in of(kind).skip(1) {
            problems.push(problem(
                other.file,
                format!("has the same version as `{}`; give one of them another", first.file.path),
            ));
        }
    }
    if let (Some(simple), Some(reversible)) =
        (of(Kind::Simple).next(), of(Kind::Up).chain(of(Kind::Down)).next())
    {
        problems.push(problem(
            simple.file,
            format!(
                "has the same version as `{}`; a version is one `.sql` file or a pair of `.up.sql` and `.down.sql`",
                reversible.file.path
            ),
        ));
    }
    let up = of(Kind::Simple).chain(of(Kind::Up)).next();
    let down = of(Kind::Down).next();
    if let (None, Some(down)) = (up, down) {
        problems.push(problem(
            down.file,
            "has no `.up.sql` of the same version; add it, or move this file away".to_owned(),
        ));
    }
    up.filter(|_| problems.len() == before).map(|up| Pair { up, down })
}

/// The version of a file that sqlx takes for a migration.
fn version(file: &File) -> Option<&str> {
    let (version, rest) = file.name().split_once('_')?;
    is_sql(rest).then_some(version)
}

/// Whether it can be a version and an id; sqlx also takes a sign, which no id can have.
fn is_number(version: &str) -> bool {
    !version.is_empty()
        && version.len() <= ID_LENGTH
        && version.bytes().all(|byte| byte.is_ascii_digit())
}

fn migration<'d>(pair: &Pair<'_, 'd>, notes: &mut Vec<String>) -> Imported<'d> {
    let Script { file, version, description, kind } = pair.up;
    let opts_out = |script: &Script<'_>| script.file.bytes.starts_with(NO_TRANSACTION.as_bytes());
    let (up, down) = (opts_out(pair.up), pair.down.map(opts_out));
    if let Some(down) = down
        && up != down
    {
        notes.push(format!(
            "`{}`: only its {} script says `{NO_TRANSACTION}`; the revision runs outside a transaction both ways",
            file.path,
            if up { "up" } else { "down" }
        ));
    }
    let name = file.name();
    let is_outside = up || down == Some(true);
    Imported {
        id: (*version).to_owned(),
        description: description.clone(),
        stem: name.strip_suffix(kind.suffix()).unwrap_or(name).to_owned(),
        time: Some((*version).to_owned()),
        path: &file.path,
        links: Links::default(),
        transaction: if is_outside { Transaction::Outside } else { Transaction::Inside },
        body: Body::Sql {
            up: vec![Part::whole(file)],
            down: match pair.down {
                None => Down::Irreversible(NO_DOWN.to_owned()),
                Some(down) => Down::Scripts(vec![Part::whole(down.file)]),
            },
        },
    }
}

fn problem(file: &File, message: String) -> Problem {
    Problem::new(&file.path, message)
}

#[cfg(test)]
mod tests;
