//! Migrations of dbmate: `<VERSION>_<NAME>.sql`, with both directions in one file.
//!
//! The rules are those of its own parser: every `.sql` file whose name begins with digits is a migration,
//! the digits are the version, and the order is that **of the file names as text**, in which `10_b.sql` comes
//! before `9_a.sql`. A marker line is `-- migrate:up` or `-- migrate:down`, perhaps with
//! `transaction:false`; only comments may stand before the first one. These are also the markers of our
//! sections, so each is written anew, its options go into the header, and what lies between stays as it is.
//!
//! **The revision's id is the version as it is written**, which is also what `schema_migrations` holds.

use super::versions::{Folders, Role, Script, assemble, files};
use super::{Directory, File, Part, Problem, Read, Tool, Transaction, ignored, name};

/// Whether there is a file with its marker, and none that is a revision of ours.
pub fn recognise(directory: &Directory) -> bool {
    let found = files(directory, Folders::OfDialects);
    let mut named = found.iter().filter(|found| version(found.file).is_some()).peekable();
    named.clone().any(|found| has_marker(found.file)) && !named.any(|found| is_revision(found.file))
}

/// Whether the file holds a marker.
pub(super) fn has_marker(file: &File) -> bool {
    lines(&file.bytes).any(|line| marker(line.bytes).is_some())
}

/// Whether it is a revision already.
fn is_revision(file: &File) -> bool {
    let mut header = lines(&file.bytes).take_while(|line| line.bytes.starts_with(b"--"));
    header.any(|line| line.bytes.starts_with(b"-- revision: "))
}

/// The migrations in the order of their file names.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let (mut scripts, mut others) = (Vec::new(), Vec::new());
    for found in files(directory, Folders::OfDialects) {
        let Some(version) = version(found.file) else {
            others.push(found.file.path.clone());
            continue;
        };
        let stem = found.file.name().trim_end_matches(".sql");
        for (role, mut part, transaction) in sections(found.file, &mut read) {
            part.dialect = found.dialect;
            scripts.push(Script {
                file: found.file,
                role,
                part,
                version: version.to_owned(),
                identity: version.to_owned(),
                order: found.file.name().to_owned(),
                stem: stem.to_owned(),
                description: name::words(&stem[version.len()..]),
                transaction,
            });
        }
    }
    // What cannot be read has no sections, and is told once.
    if read.problems.is_empty() {
        assemble(Tool::Dbmate, scripts, &mut read);
    }
    read.notes.extend(ignored(Tool::Dbmate, &others));
    read
}

fn version(file: &File) -> Option<&str> {
    let stem = file.name().strip_suffix(".sql")?;
    name::digits(stem).map(|(version, _)| version)
}

struct Line<'f> {
    end: usize,
    bytes: &'f [u8],
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut end = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').map(move |bytes| {
        let start = end;
        end += bytes.len();
        // A byte order mark is no part of the first line.
        let bytes =
            if start == 0 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        Line { end, bytes }
    })
}

/// The direction of a marker, and its options.
fn marker(line: &[u8]) -> Option<(Role, &str)> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let rest = text.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let (role, options) = match rest.strip_prefix("up") {
        Some(options) => (Role::Up, options),
        None => (Role::Down, rest.strip_prefix("down")?),
    };
    (options.is_empty() || options.starts_with(char::is_whitespace)).then_some((role, options))
}

/// The scripts of a file.
fn sections<'d>(file: &'d File, read: &mut Read<'d>) -> Vec<(Role, Part<'d>, Transaction)> {
    let mut problem = |line: usize, message: &str| {
        read.problems.push(Problem::new(&file.path, message).at(line));
    };
    let mut sections: Vec<(Role, std::ops::Range<usize>, Transaction)> = Vec::new();
    let (mut before, mut unknown) = (0, Vec::new());
    for (index, line) in lines(&file.bytes).enumerate() {
        let Some((role, options)) = marker(line.bytes) else {
            let text = line.bytes.trim_ascii();
            if let Some((_, range, _)) = sections.last_mut() {
                range.end = line.end;
            } else if text.is_empty() || text.starts_with(b"--") {
                before = line.end;
            } else {
                problem(
                    index + 1,
                    "stands before `-- migrate:up`, where dbmate allows comments only",
                );
                return Vec::new();
            }
            continue;
        };
        let mut transaction = Transaction::AsWritten;
        for option in options.split_whitespace() {
            match option {
                "transaction:false" => transaction = Transaction::Outside,
                "transaction:true" => {}
                other => unknown.push(format!("`{other}`")),
            }
        }
        if role == Role::Down && sections.is_empty() {
            problem(
                index + 1,
                "`-- migrate:down` comes before `-- migrate:up`; change their order",
            );
            return Vec::new();
        }
        sections.push((role, line.end..line.end, transaction));
    }
    let has = |role| sections.iter().any(|(other, ..)| *other == role);
    if !has(Role::Up) || !has(Role::Down) {
        let missing = if has(Role::Up) { "down" } else { "up" };
        problem(1, &format!("has no `-- migrate:{missing}`, which dbmate demands; add it"));
        return Vec::new();
    }
    if !unknown.is_empty() {
        read.notes.push(format!(
            "`{}`: left out options of its markers: {}",
            file.path,
            unknown.join(", ")
        ));
    }
    let comments = &file.bytes[..before];
    let comments = comments.strip_prefix(b"\xef\xbb\xbf").unwrap_or(comments);
    let mut first = !comments.trim_ascii().is_empty();
    let part = |(role, range, transaction)| {
        let mut part = Part::of(file, range);
        // Comments at the top belong to the script that follows; the header has a form of its own.
        if std::mem::take(&mut first) {
            let whole = [comments, &part.bytes].concat();
            part = Part { line: 1, bytes: whole.into(), ..part };
        }
        (role, part, transaction)
    };
    sections.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests;
