//! Revisions of imported migrations: the same for every tool, and every byte of the SQL as it was, but for what runs
//! with the tool alone.

mod program;
mod sections;

use super::dialects::Dialects;
use super::{
    Body, Continuation, Down, File, Imported, ImportedRevision, Part, Problem, Tool, Transaction,
    transaction,
};
use crate::scaffold::{Error, revision, template};

const HEADER: &str = include_str!("../../../template/imported.sql.in");
const MARKER: &str = "-- migrate:";
const BOM: &str = "\u{feff}";

/// Writes the migrations of one import.
struct Writer<'w> {
    tool: Tool,
    dialects: &'w Dialects,
    notes: &'w mut Vec<String>,
    problems: &'w mut Vec<Problem>,
    /// The files whose `BEGIN` and `COMMIT` became comments.
    unwrapped: Vec<String>,
    /// The files whose `LOCK TABLES` became comments.
    without_locks: Vec<String>,
    /// The files whose `PRAGMA foreign_keys` became comments.
    without_pragmas: Vec<String>,
    /// Whether a script before has declared foreign keys that act.
    has_cascades: bool,
    /// The files in which they would have acted.
    cascading: Vec<String>,
    /// The files whose calls of diesel's function became triggers.
    written_out: Vec<String>,
    /// The files that run outside a transaction because of what is in them.
    refused: Vec<String>,
    /// The files that are left to be written.
    unwritten: Vec<String>,
}

/// The revisions; a migration that cannot be one is left out, with a problem that says why.
pub(super) fn revisions(
    tool: Tool,
    migrations: &[Imported<'_>],
    continuation: &Continuation,
    dialects: &Dialects,
    notes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Vec<ImportedRevision> {
    let mut writer = Writer {
        tool,
        dialects,
        notes,
        problems,
        unwrapped: Vec::new(),
        without_locks: Vec::new(),
        without_pragmas: Vec::new(),
        has_cascades: false,
        cascading: Vec::new(),
        written_out: Vec::new(),
        refused: Vec::new(),
        unwritten: Vec::new(),
    };
    let mut previous = continuation.parents.clone();
    let mut revisions: Vec<ImportedRevision> = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let parents = match &migration.links.parents {
            // What begins a graph goes on where the chain ends.
            Some(parents) if parents.is_empty() => continuation.parents.clone(),
            Some(parents) => parents.clone(),
            None => previous,
        };
        previous = vec![migration.id.clone()];
        let ends = match migration.body {
            Body::Program { .. } => "rs",
            _ => "sql",
        };
        let file_name = format!("{}.{ends}", migration.stem);
        if let Some(other) = revisions.iter().find(|other| other.id == migration.id) {
            let message = format!(
                "becomes revision `{}`, as `{}` does; give one of them another version",
                migration.id, other.file_name
            );
            writer.problems.push(Problem::new(migration.path, message));
            continue;
        }
        let Some(text) = writer.text(migration, &parents, &file_name) else { continue };
        revisions.push(ImportedRevision { file_name, text, id: migration.id.clone(), parents });
    }
    writer.summarise();
    revisions
}

impl Writer<'_> {
    fn text(
        &mut self,
        migration: &Imported<'_>,
        parents: &[String],
        file_name: &str,
    ) -> Option<String> {
        let (path, before) = (migration.path, self.problems.len());
        let message = self.message(migration);
        let sections = match &migration.body {
            Body::Sql { up, down } => {
                let mut sections = self.sections("up", up, migration);
                if let Down::Scripts(parts) = down {
                    sections.push_str(&self.sections("down", parts, migration));
                }
                sections
            }
            Body::Unwritten(file) => self.original(file).map(program::unwritten)?,
            Body::Program { .. } | Body::Nothing => String::new(),
        };
        let message = message.filter(|_| self.problems.len() == before)?;
        let irreversible = match &migration.body {
            Body::Sql { down: Down::Irreversible(why), .. }
            | Body::Program { irreversible: Some(why), .. } => why,
            _ => "",
        };
        let is_outside = self.is_outside(migration);
        let values = [
            ("message", message.as_str()),
            ("revision", &migration.id),
            ("revises", &parents.join(", ")),
            ("depends-on", &migration.links.depends_on.join(", ")),
            ("branch", &migration.links.labels.join(", ")),
            ("created", &migration.time.as_deref().and_then(created).unwrap_or_default()),
            ("transaction", if is_outside { "none" } else { "" }),
            ("irreversible", irreversible),
        ];
        let template = match migration.body {
            Body::Program { .. } => program::TEMPLATE,
            _ => HEADER,
        };
        let mut out = match template::render(template, &values) {
            Ok(header) => header,
            Err(error) => {
                self.problems.push(Problem::new(path, error.to_string()));
                return None;
            }
        };
        match &migration.body {
            Body::Program { original, irreversible } => {
                let text = self.original(original)?;
                let has_down = irreversible.is_none();
                out.push_str(&program::skeleton(&original.path, text, has_down));
                self.unwritten.push(format!("`{file_name}`"));
            }
            Body::Unwritten(_) => {
                out.push_str(&sections);
                self.unwritten.push(format!("`{file_name}`"));
            }
            _ => out.push_str(&sections),
        }
        Some(out)
    }

    fn message(&mut self, migration: &Imported<'_>) -> Option<String> {
        let message = match migration.description.trim() {
            "" => format!("migration {}", migration.id),
            description => description.to_owned(),
        };
        match revision::paragraph(&message) {
            Ok(message) => Some(message),
            Err(error) => {
                let reason = match error {
                    Error::Message { reason } => reason,
                    other => other.to_string(),
                };
                self.problems.push(Problem::new(migration.path, format!("{reason}; rename it")));
                None
            }
        }
    }

    fn is_outside(&mut self, migration: &Imported<'_>) -> bool {
        let Body::Sql { up, .. } = &migration.body else { return false };
        match migration.transaction {
            Transaction::Inside => false,
            Transaction::Outside => true,
            Transaction::AsWritten => {
                let is_refused = up.iter().any(|part| {
                    let dialects =
                        part.dialect.map_or(self.dialects.wanted.clone(), |own| vec![own]);
                    let text = std::str::from_utf8(&part.bytes).unwrap_or_default();
                    transaction::is_refused(&dialects, text)
                });
                if is_refused {
                    self.refused.push(format!("`{}`", migration.path));
                }
                is_refused
            }
        }
    }

    /// A program's text.
    fn original<'f>(&mut self, file: &'f File) -> Option<&'f str> {
        content(&Part::whole(file), self.problems)?;
        std::str::from_utf8(&file.bytes).ok()
    }

    /// Says what was done, and is left to do, in as many revisions as it may be.
    fn summarise(self) {
        if !self.unwrapped.is_empty() {
            self.notes.push(format!(
                "`BEGIN` and `COMMIT` became comments, since a revision is a transaction already: {}",
                self.unwrapped.join(", ")
            ));
        }
        if !self.without_locks.is_empty() {
            self.notes.push(format!(
                "`LOCK TABLES` and `UNLOCK TABLES` became comments, since a lock keeps other migrators away: {}",
                self.without_locks.join(", ")
            ));
        }
        if !self.without_pragmas.is_empty() {
            self.notes.push(format!(
                "`PRAGMA foreign_keys` became a comment, since foreign keys are not enforced while a revision runs, \
                 and are checked after it; where they have to be, write `-- foreign-keys: on` in the header: {}",
                self.without_pragmas.join(", ")
            ));
        }
        if !self.cascading.is_empty() {
            self.notes.push(format!(
                "on SQLite sqlx enforces foreign keys while a migration runs, and a revision does not: where rows are \
                 to go with those that they refer to, write `-- foreign-keys: on` in the header; to look at: {}",
                self.cascading.join(", ")
            ));
        }
        if !self.written_out.is_empty() {
            self.notes.push(format!(
                "`SELECT diesel_manage_updated_at(…)` became the trigger that it makes, since only diesel's own \
                 connections have this function: {}",
                self.written_out.join(", ")
            ));
        }
        if !self.refused.is_empty() {
            self.notes.push(format!(
                "`transaction: none`, since the SQL cannot run inside one: {}",
                self.refused.join(", ")
            ));
        }
        if !self.unwritten.is_empty() {
            self.notes.push(format!(
                "left to be written, with the original in comments: {}",
                self.unwritten.join(", ")
            ));
        }
    }
}

/// The script as text without a byte order mark, with every reason why it cannot be a section.
fn content<'p>(part: &'p Part<'_>, problems: &mut Vec<Problem>) -> Option<&'p str> {
    let before = problems.len();
    let start = part.line - 1;
    let line_at = |at: usize| start + part.bytes[..at].split(|byte| *byte == b'\n').count();
    let problem = |line, message: String| Problem::new(part.path, message).at(line);
    if let Some(at) = part.bytes.iter().position(|b| *b == 0) {
        let message = format!("byte {at} is NUL; a revision is text, so save the file as UTF-8");
        problems.push(problem(line_at(at), message));
    }
    let text = match std::str::from_utf8(&part.bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let message = format!("byte {at} is not UTF-8; save the file as UTF-8");
            problems.push(problem(line_at(at), message));
            return None;
        }
    };
    // At the start of a file it is encoding; in the middle of ours it would be sent to the database.
    let body = text.strip_prefix(BOM).unwrap_or(text);
    // A lone `\r` ends a line for some readers; the marker must be none for any of them.
    let mut line = part.line;
    for piece in body.split_inclusive(['\n', '\r']) {
        if piece.starts_with(MARKER) {
            let message = format!(
                "a line that begins with `{MARKER}` would be taken for a section marker; put a space before it"
            );
            problems.push(problem(line, message));
        }
        line += usize::from(piece.ends_with('\n'));
    }
    (problems.len() == before).then_some(body)
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
