//! Migrations of goose: `<VERSION>_<NAME>.sql` with `-- +goose Up` and `-- +goose Down`, and Go programs.
//!
//! The rules are those of its own collector and parser: the version is the number before the first `_` and
//! gives the order, other names and `_test.go` files are ignored, annotations are comment lines in any case,
//! and only comments may stand before `Up`. All of them stay in the sections, as the comments that they are:
//! where a statement ends is found without `StatementBegin`. But `StatementEnd` also ends what has no `;`, which
//! is written then.
//!
//! `NO TRANSACTION` becomes `transaction: none`. `ENVSUB` has no counterpart: a chain is the same
//! everywhere. Programs in Go become revisions in Rust whose body is to be written. **The revision's id is
//! the version as it is written**; `goose_db_version` holds it as a number.

use std::borrow::Cow;
use std::ops::Range;

use super::versions::{Folders, Role, Script, assemble, files};
use super::{Directory, File, Part, Problem, Read, Tool, Transaction, ignored, name, named};

/// Whether there is an SQL file with its annotations, or a program that registers itself.
pub fn recognise(directory: &Directory) -> bool {
    files(directory, Folders::OfDialects).iter().any(|found| {
        let file = found.file;
        version(file).is_some()
            && if is_go(file) { mentions(&file.bytes, b"goose.Add") } else { has_marker(file) }
    })
}

/// Whether the file holds an annotation.
pub(super) fn has_marker(file: &File) -> bool {
    file.bytes.split(|byte| *byte == b'\n').any(|line| matches!(annotation(line), Some(Ok(_))))
}

/// The migrations in the order of their versions.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let (mut scripts, mut others, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    for found in files(directory, Folders::OfDialects) {
        let file = found.file;
        let Some(version) = version(file) else {
            others.push(file.path.clone());
            continue;
        };
        let stem = file.name().rsplit_once('.').map_or(file.name(), |(stem, _)| stem);
        let parts = if is_go(file) {
            vec![(Role::Program, Part::whole(file))]
        } else {
            let (sections, is_ended) = sections(file, &mut read.problems);
            if is_ended {
                ended.push(file.path.clone());
            }
            sections
        };
        for (role, mut part) in parts {
            part.dialect = found.dialect;
            scripts.push(Script {
                file,
                role,
                part,
                version: version.to_owned(),
                identity: name::order(version),
                order: name::order(version),
                stem: stem.to_owned(),
                description: name::words(&stem[version.len()..]),
                transaction: if is_outside(file) {
                    Transaction::Outside
                } else {
                    Transaction::AsWritten
                },
            });
        }
    }
    if read.problems.is_empty() {
        assemble(Tool::Goose, scripts, &mut read);
    }
    if !ended.is_empty() {
        read.notes.push(format!(
            "wrote the `;` of statements that only `StatementEnd` ended: {}",
            named(ended.iter().map(String::as_str))
        ));
    }
    read.notes.extend(ignored(Tool::Goose, &others));
    read
}

fn is_go(file: &File) -> bool {
    file.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "go")
}

fn version(file: &File) -> Option<&str> {
    let (stem, ending) = file.name().rsplit_once('.')?;
    let (version, rest) = name::digits(stem)?;
    let is_migration = match ending {
        "sql" => true,
        "go" => !stem.ends_with("_test"),
        _ => false,
    };
    // goose counts from one.
    let is_zero = version.bytes().all(|digit| digit == b'0');
    (is_migration && rest.starts_with('_') && !is_zero).then_some(version)
}

fn mentions(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Annotation {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    EnvsubOn,
    EnvsubOff,
}

/// The annotation on a line, or what stands there instead of one.
fn annotation(line: &[u8]) -> Option<Result<Annotation, String>> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let comment = line.trim_start().strip_prefix("--")?;
    if !comment.contains("+goose") {
        return None;
    }
    let words = comment.replace("--", "").replacen("+goose", "", 1).to_ascii_lowercase();
    Some(match words.trim() {
        _ if line.starts_with(char::is_whitespace) => {
            Err("an annotation of goose stands in column 1; move it there".to_owned())
        }
        "up" => Ok(Annotation::Up),
        "down" => Ok(Annotation::Down),
        "statementbegin" => Ok(Annotation::StatementBegin),
        "statementend" => Ok(Annotation::StatementEnd),
        "no transaction" => Ok(Annotation::NoTransaction),
        "envsub on" => Ok(Annotation::EnvsubOn),
        "envsub off" => Ok(Annotation::EnvsubOff),
        other => Err(format!("`{other}` is no annotation of goose; correct it")),
    })
}

fn is_outside(file: &File) -> bool {
    let mut lines = file.bytes.split(|byte| *byte == b'\n');
    lines.any(|line| annotation(line) == Some(Ok(Annotation::NoTransaction)))
}

/// The two scripts of a file, annotations included, and whether a `;` was written into one.
fn sections<'d>(file: &'d File, problems: &mut Vec<Problem>) -> (Vec<(Role, Part<'d>)>, bool) {
    let before = problems.len();
    let mut problem = |line: usize, message: String| {
        problems.push(Problem::new(&file.path, message).at(line));
    };
    let (mut up, mut down, mut open, mut envsub) = (None, None, None, false);
    // Where the statement of a block stops without `;`, and where the line of its `StatementEnd` starts.
    let (mut last, mut ends) = (None, Vec::new());
    let mut start = 0;
    for (index, line) in file.bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let (at, number) = (start, index + 1);
        start += line.len();
        let whole = line.len();
        let line = if at == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let skipped = whole - line.len();
        match annotation(line) {
            None => {
                let text = line.trim_ascii();
                if up.is_none() && !text.is_empty() && !text.starts_with(b"--") {
                    problem(
                        number,
                        "stands before `-- +goose Up`, where goose allows comments only".to_owned(),
                    );
                    return (Vec::new(), false);
                }
                if !text.is_empty() && !text.starts_with(b"--") {
                    let is_ended = text.ends_with(b";");
                    last = (!is_ended).then(|| at + line.trim_ascii_end().len() + skipped);
                }
                if envsub && has_variable(text) {
                    problem(
                        number,
                        "goose puts a variable of the environment here, and a chain is the same everywhere; \
                         write the value, and leave `ENVSUB` out"
                            .to_owned(),
                    );
                }
            }
            Some(Err(message)) => problem(number, message),
            Some(Ok(Annotation::Up)) if up.is_none() && down.is_none() => up = Some(at),
            Some(Ok(Annotation::Down)) if up.is_some() && down.is_none() && open.is_none() => {
                down = Some(at);
            }
            Some(Ok(Annotation::StatementBegin)) if up.is_some() && open.is_none() => {
                (open, last) = (Some(number), None);
            }
            Some(Ok(Annotation::StatementEnd)) if open.is_some() => {
                open = None;
                ends.extend(last.take().map(|end| (end, at)));
            }
            Some(Ok(Annotation::NoTransaction)) => {}
            Some(Ok(Annotation::EnvsubOn)) => envsub = true,
            Some(Ok(Annotation::EnvsubOff)) => envsub = false,
            Some(Ok(_)) => {
                problem(number, "this annotation cannot stand here; correct the order".to_owned());
            }
        }
    }
    if let Some(line) = open {
        problem(line, "this statement has no `-- +goose StatementEnd`; add it".to_owned());
    }
    if up.is_none() {
        problem(1, "has no `-- +goose Up`; add it, or move this file away".to_owned());
    }
    if problems.len() > before {
        return (Vec::new(), false);
    }
    let end = file.bytes.len();
    let part = |range: Range<usize>| {
        let bytes = ended(&file.bytes, range.clone(), &ends);
        Part { bytes, ..Part::of(file, range) }
    };
    let mut sections = vec![(Role::Up, part(0..down.unwrap_or(end)))];
    sections.extend(down.map(|down| (Role::Down, part(down..end))));
    (sections, !ends.is_empty())
}

/// The bytes of a range, with a `;` wherever a statement lacks one.
fn ended<'d>(bytes: &'d [u8], range: Range<usize>, ends: &[(usize, usize)]) -> Cow<'d, [u8]> {
    let (mut out, mut start) = (Vec::new(), range.start);
    for &(end, next) in ends.iter().filter(|(end, _)| range.contains(end)) {
        let line = bytes[..end].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        // Behind what may be a comment it stands on a line of its own.
        let has_comment = mentions(line, b"--") || mentions(line, b"/*") || line.contains(&b'#');
        let (at, text): (usize, &[u8]) = if has_comment { (next, b";\n") } else { (end, b";") };
        out.extend_from_slice(&bytes[start..at]);
        out.extend_from_slice(text);
        start = at;
    }
    if start == range.start {
        return Cow::Borrowed(&bytes[range]);
    }
    out.extend_from_slice(&bytes[start..range.end]);
    Cow::Owned(out)
}

/// `$NAME` or `${NAME}`.
fn has_variable(line: &[u8]) -> bool {
    line.windows(2).any(|pair| {
        pair[0] == b'$' && (pair[1] == b'{' || pair[1] == b'_' || pair[1].is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests;
