//! Revisions of imported migrations: the same for every tool, and every byte of the SQL as it was.

use super::{Continuation, Down, File, Imported, ImportedRevision, Problem};
use crate::scaffold::{Error, revision, template};

const HEADER: &str = include_str!("../../../template/imported.sql.in");
const MARKER: &str = "-- migrate:";
const BOM: &str = "\u{feff}";

/// One line of revisions; a migration that cannot be one is left out, with a problem that says why.
pub(super) fn revisions(
    migrations: &[Imported<'_>],
    continuation: &Continuation,
    notes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Vec<ImportedRevision> {
    let selector: String =
        continuation.dialects.iter().flat_map(|dialect| [" ", dialect.name()]).collect();
    let mut parents = continuation.parents.clone();
    let mut revisions = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let Some(text) = text(migration, &parents, &selector, notes, problems) else { continue };
        let id = migration.id.clone();
        let file_name = format!("{}.sql", migration.stem);
        let parents = std::mem::replace(&mut parents, vec![id.clone()]);
        revisions.push(ImportedRevision { file_name, text, id, parents });
    }
    revisions
}

fn text(
    migration: &Imported<'_>,
    parents: &[String],
    selector: &str,
    notes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let Imported { id, description, is_outside, up, down, .. } = migration;
    let (down, irreversible) = match down {
        Down::Script(file) => (Some(file), ""),
        Down::Irreversible(why) => (None, *why),
    };
    let up_text = content(up, problems);
    let down_text = down.map(|down| content(down, problems));
    let message = match description.trim() {
        "" => format!("migration {id}"),
        description => description.to_owned(),
    };
    let message = revision::paragraph(&message).map_err(|error| {
        let message = match error {
            Error::Message { reason } => reason,
            other => other.to_string(),
        };
        problems.push(Problem::new(&up.path, format!("{message}; rename it")));
    });
    let (up_text, message) = (up_text?, message.ok()?);

    let values = [
        ("message", message.as_str()),
        ("revision", id),
        ("revises", &parents.join(", ")),
        ("created", &migration.time.as_deref().and_then(created).unwrap_or_default()),
        ("transaction", if *is_outside { "none" } else { "" }),
        ("irreversible", irreversible),
    ];
    let mut out = match template::render(HEADER, &values) {
        Ok(header) => header,
        Err(error) => {
            problems.push(Problem::new(&up.path, error.to_string()));
            return None;
        }
    };
    push_section(&mut out, "up", selector, up_text, up, notes);
    if let (Some(down), Some(text)) = (down, down_text) {
        push_section(&mut out, "down", selector, text?, down, notes);
    }
    Some(out)
}

fn push_section(
    out: &mut String,
    name: &str,
    selector: &str,
    text: &str,
    file: &File,
    notes: &mut Vec<String>,
) {
    // At the start of a file it is encoding; in the middle of ours it would be sent to the database.
    let body = text.strip_prefix(BOM).unwrap_or(text);
    if body.len() < text.len() {
        notes.push(format!("`{}`: left out the byte order mark at its start", file.path));
    }
    out.extend(["\n", MARKER, name, selector, "\n"]);
    out.push_str(body);
    if !body.is_empty() && !body.ends_with('\n') {
        out.push('\n');
    }
}

/// The file as text, with every reason why it cannot be a section.
fn content<'f>(file: &'f File, problems: &mut Vec<Problem>) -> Option<&'f str> {
    let before = problems.len();
    let line_at = |at: usize| file.bytes[..at].split(|byte| *byte == b'\n').count();
    let problem = |line, message: String| Problem::new(&file.path, message).at(line);
    if let Some(at) = file.bytes.iter().position(|b| *b == 0) {
        let message = format!("byte {at} is NUL; a revision is text, so save the file as UTF-8");
        problems.push(problem(line_at(at), message));
    }
    let text = match std::str::from_utf8(&file.bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let message = format!("byte {at} is not UTF-8; save the file as UTF-8");
            problems.push(problem(line_at(at), message));
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
            problems.push(problem(line, message));
        }
        line += usize::from(piece.ends_with('\n'));
    }
    (problems.len() == before).then_some(text)
}

/// The time that fourteen digits stand for, if they do.
pub(super) fn created(version: &str) -> Option<String> {
    if version.len() != 14 {
        return None;
    }
    let number = |range: std::ops::Range<usize>| version.get(range)?.parse::<u32>().ok();
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
