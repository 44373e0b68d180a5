//! Migrations of sqlx: `<VERSION>_<DESCRIPTION>.sql`, or `.up.sql` with `.down.sql`, in one directory.
//!
//! The rules are those of sqlx's own `migrate::resolve`: what has no `_` or does not end in `.sql` is
//! ignored, the version is a number and gives the order, and `-- no-transaction` as the very first bytes
//! opts out of the transaction. Where sqlx would quietly take one of several files, or none, this is an
//! error. The SQL stays as it is, byte for byte, so that the schema is the same.

use std::collections::BTreeMap;
use std::path::Path;

use super::{File, Import, ImportedRevision, Problem, is_sql};
use crate::scaffold::{Error, revision, template};

const HEADER: &str = include_str!("../../../template/imported.sql.in");
const NO_TRANSACTION: &str = "-- no-transaction";
const NO_DOWN: &str = "imported from sqlx, which had no down script";
const MARKER: &str = "-- migrate:";
const BOM: &str = "\u{feff}";

/// The longest id that a chain takes.
const ID_LENGTH: usize = 64;

/// Turns the files of a directory into one line of revisions, in the order of their versions.
///
/// The first revision follows `parents`, the present heads of the chain that it is imported into; none
/// for an empty chain. Ids are the versions as they are written, leading zeros included. `dir` is named
/// in errors only.
///
/// Fails with all problems at once.
pub fn import(dir: &Path, files: &[File], parents: &[String]) -> Result<Import, Error> {
    let nothing = |why| Error::NothingToImport { path: dir.to_path_buf(), why };
    if files.is_empty() {
        return Err(nothing("is empty"));
    }
    let mut problems = Vec::new();
    let mut notes = Vec::new();
    let (versions, ignored) = sort_out(files, &mut problems);
    let mut revisions: Vec<ImportedRevision> = Vec::new();
    for scripts in versions.values() {
        let Some(pair) = pair(scripts, &mut problems) else { continue };
        let parents = revisions.last().map_or(parents.to_vec(), |last| vec![last.id.clone()]);
        if let Some(revision) = convert(&pair, parents, &mut notes, &mut problems) {
            revisions.push(revision);
        }
    }
    if !problems.is_empty() {
        problems.sort();
        return Err(Error::Import { path: dir.to_path_buf(), problems });
    }
    if revisions.is_empty() {
        return Err(nothing("holds no migration of sqlx"));
    }
    if !ignored.is_empty() {
        notes.push(format!("not imported, since sqlx ignores them too: {}", ignored.join(", ")));
    }
    Ok(Import { revisions, notes })
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

struct Pair<'s> {
    up: &'s Script<'s>,
    down: Option<&'s Script<'s>>,
}

/// The scripts by version, and the names of the files that are none.
fn sort_out<'f>(
    files: &'f [File],
    problems: &mut Vec<Problem>,
) -> (BTreeMap<i64, Vec<Script<'f>>>, Vec<String>) {
    let mut versions: BTreeMap<i64, Vec<Script<'f>>> = BTreeMap::new();
    let mut ignored = Vec::new();
    for file in files {
        let Some((version, rest)) = file.name.split_once('_').filter(|(_, rest)| is_sql(rest))
        else {
            ignored.push(format!("`{}`", file.name));
            continue;
        };
        // sqlx also takes a sign, which no id can have.
        let digits = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
        let Some(number) = version.parse().ok().filter(|_| digits && version.len() <= ID_LENGTH)
        else {
            problems.push(problem(
                file,
                None,
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
fn pair<'s>(scripts: &'s [Script<'s>], problems: &mut Vec<Problem>) -> Option<Pair<'s>> {
    let of = |kind| scripts.iter().filter(move |script| script.kind == kind);
    let before = problems.len();
    for kind in [Kind::Simple, Kind::Up, Kind::Down] {
        let Some(first) = of(kind).next() else { continue };
        for other in of(kind).skip(1) {
            problems.push(problem(
                other.file,
                None,
                format!("has the same version as `{}`; give one of them another", first.file.name),
            ));
        }
    }
    if let (Some(simple), Some(reversible)) =
        (of(Kind::Simple).next(), of(Kind::Up).chain(of(Kind::Down)).next())
    {
        problems.push(problem(
            simple.file,
            None,
            format!(
                "has the same version as `{}`; a version is one `.sql` file or a pair of `.up.sql` and `.down.sql`",
                reversible.file.name
            ),
        ));
    }
    let up = of(Kind::Simple).chain(of(Kind::Up)).next();
    let down = of(Kind::Down).next();
    if let (None, Some(down)) = (up, down) {
        problems.push(problem(
            down.file,
            None,
            "has no `.up.sql` of the same version; add it, or move this file away".to_owned(),
        ));
    }
    up.filter(|_| problems.len() == before).map(|up| Pair { up, down })
}

fn convert(
    pair: &Pair<'_>,
    parents: Vec<String>,
    notes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<ImportedRevision> {
    let Script { file, version, description, kind } = pair.up;
    let up = text(file, problems);
    let down = pair.down.map(|down| text(down.file, problems));
    let message = match description.trim() {
        "" => format!("migration {version}"),
        description => description.to_owned(),
    };
    let message = revision::paragraph(&message).map_err(|error| {
        let message = match error {
            Error::Message { reason } => reason,
            other => other.to_string(),
        };
        problems.push(problem(file, None, format!("{message}; rename the file")));
    });
    let (up, down, message) = (up?, down.map_or(Some(None), |down| down.map(Some))?, message.ok()?);

    let opts_out = |text: &&str| text.starts_with(NO_TRANSACTION);
    let outside = (opts_out(&up), down.as_ref().map(opts_out));
    if let (up, Some(down)) = outside
        && up != down
    {
        notes.push(format!(
            "`{}`: only its {} script says `{NO_TRANSACTION}`; the revision runs outside a transaction both ways",
            file.name,
            if up { "up" } else { "down" }
        ));
    }
    let values = [
        ("message", message.as_str()),
        ("revision", version),
        ("revises", &parents.join(", ")),
        ("created", &created(version).unwrap_or_default()),
        ("transaction", if outside.0 || outside.1 == Some(true) { "none" } else { "" }),
        ("irreversible", if down.is_some() { "" } else { NO_DOWN }),
    ];
    let mut out = match template::render(HEADER, &values) {
        Ok(header) => header,
        Err(error) => {
            problems.push(problem(file, None, error.to_string()));
            return None;
        }
    };
    push_section(&mut out, "up", up, file, notes);
    if let (Some(down), Some(script)) = (down, pair.down) {
        push_section(&mut out, "down", down, script.file, notes);
    }
    let stem = file.name.strip_suffix(kind.suffix()).unwrap_or(&file.name);
    Some(ImportedRevision {
        file_name: format!("{stem}.sql"),
        text: out,
        id: (*version).to_owned(),
        parents,
    })
}

fn push_section(out: &mut String, name: &str, text: &str, file: &File, notes: &mut Vec<String>) {
    // At the start of a file it is encoding; in the middle of ours it would be sent to the database.
    let body = text.strip_prefix(BOM).unwrap_or(text);
    if body.len() < text.len() {
        notes.push(format!("`{}`: left out the byte order mark at its start", file.name));
    }
    out.extend(["\n", MARKER, name, "\n"]);
    out.push_str(body);
    if !body.is_empty() && !body.ends_with('\n') {
        out.push('\n');
    }
}

/// The file as text, with every reason why it cannot be a section.
fn text<'f>(file: &'f File, problems: &mut Vec<Problem>) -> Option<&'f str> {
    let before = problems.len();
    let line_at = |at: usize| file.bytes[..at].split(|byte| *byte == b'\n').count();
    if let Some(at) = file.bytes.iter().position(|b| *b == 0) {
        let message = format!("byte {at} is NUL; a revision is text, so save the file as UTF-8");
        problems.push(problem(file, Some(line_at(at)), message));
    }
    let text = match std::str::from_utf8(&file.bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let message = format!("byte {at} is not UTF-8; save the file as UTF-8");
            problems.push(problem(file, Some(line_at(at)), message));
            return None;
        }
    };
    let body = text.strip_prefix(BOM).unwrap_or(text);
    // A lone `\r` ends a line for some readers; the marker must be none for any of them.
    let mut line = 1;
    for piece in body.split_inclusive(['\n', '\r']) {
        if piece.starts_with(MARKER) {
            let message = format!(
                "a line that begins with `{MARKER}` would be taken for a section marker; put a space before it"
            );
            problems.push(problem(file, Some(line), message));
        }
        line += usize::from(piece.ends_with('\n'));
    }
    (problems.len() == before).then_some(text)
}

fn problem(file: &File, line: Option<usize>, message: String) -> Problem {
    Problem { file: file.name.clone(), line, message }
}

/// The time that a version of fourteen digits stands for, if it is one.
fn created(version: &str) -> Option<String> {
    if version.len() != 14 {
        return None;
    }
    let number = |range: std::ops::Range<usize>| version[range].parse::<u32>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(8..10)?, number(10..12)?, number(12..14)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    let valid = year > 0 && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    valid.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests;
