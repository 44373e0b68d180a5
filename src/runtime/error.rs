//! What can go wrong with a run, in terms of the user's files and database.
//!
//! One type for every operation: what failed ([`ErrorKind`]), where in the revision's file, what
//! state the database is in now, and what to do next. The text is complete in itself, so that an
//! application may print the error as it is. No password is ever part of it: databases are named
//! by their file, or by a URL without its secrets.

use std::error::Error as StdError;
use std::fmt;
use std::fmt::Write as _;

use crate::chain::{PlanError, RevisionId, TargetError, listed};
use crate::diagnostic::{Position, visible};

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The target is no target, or leads nowhere.
    Target,
    /// The chain cannot be used: it is damaged, or not written for this dialect or database.
    Chain,
    /// The URL cannot be used, or its driver is not compiled in.
    Url,
    /// The database does not exist, and this operation does not create it.
    Missing,
    /// No connection.
    Connect,
    /// The file is no database.
    NotADatabase,
    /// The database cannot be written.
    ReadOnly,
    /// The disk is full.
    Full,
    /// Another migrator, or another writer, did not make way in time.
    Locked,
    /// The lock was lost while the run was at work: the server, or something between it and this
    /// program, has ended the session that held it.
    LockLost,
    /// A statement had to wait for a lock of the database for too long, or was in a deadlock.
    LockTimeout,
    /// A statement took longer than it may.
    Timeout,
    /// Somebody has asked the run to stop, or has told the server to cancel a statement of it.
    Interrupted,
    /// The connection broke.
    Disconnected,
    /// The user of the database lacks a right.
    Denied,
    /// The connection is inside a transaction of the caller's.
    InTransaction,
    /// A statement of a revision failed.
    Statement,
    /// A revision leaves rows that refer to nothing.
    ForeignKeys,
    /// Applied revisions were edited.
    Edited,
    /// Applied revisions have other parents than their files say.
    Reparented,
    /// The recorded digests of applied revisions do not follow from their checksums and parents.
    WrongDigest,
    /// A revision is recorded as applied, and one that it follows or depends on is not.
    Gap,
    /// The database has revisions that this chain does not know.
    Unknown,
    /// A revision outside a transaction is applied or undone in part, or a run over several databases has left a
    /// transaction prepared that this run cannot decide about.
    Unfinished,
    /// A revision cannot be undone.
    Irreversible,
    /// The database does not offer what a revision, or two-phase commit, requires.
    Requirement,
    /// A revision cannot be run as it is written.
    Script,
    /// The plan has a revision in Rust whose code is not in this program.
    Rust,
    /// A revision in Rust returned an error of its own, or panicked.
    Revision,
    /// The tracking table has a layout that this version does not know.
    Layout,
    /// Another migrator changed the database between two transactions of the run.
    Changed,
    /// There is no table of another tool that could be adopted, or not one only, or the database was adopted
    /// before and has gone on since.
    OtherTool,
    /// The database lacks revisions of this program, which must not start on it.
    OutOfDate,
    /// Other sessions are connected to a database that was to be dropped.
    InUse,
    /// Any other error of the database.
    Database,
}

/// What state an error left the database in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseState {
    /// As it was before the call.
    #[default]
    AsBefore,
    /// Some steps are done and recorded; the others had no effect.
    Committed {
        /// The revisions whose step is done.
        revisions: Vec<RevisionId>,
        /// The revision outside a transaction that is done in part, if there is one.
        partly: Option<RevisionId>,
    },
    /// The connection broke, a script ended its transaction, or the run was stopped at once, so that nobody here
    /// can see what became permanent; the database knows it, and the next run looks.
    Uncertain {
        /// The revisions whose step is surely done.
        revisions: Vec<RevisionId>,
    },
    /// A transaction of a two-phase commit is, or may be, prepared: the server keeps it, with its locks, until
    /// the next run over the same databases commits or undoes it.
    Prepared {
        /// The revisions whose step is done.
        revisions: Vec<RevisionId>,
        /// The name of the transaction on the server.
        transaction: String,
    },
}

impl fmt::Display for DatabaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsBefore => f.write_str("the database is as before"),
            Self::Committed { revisions, partly: None } if revisions.is_empty() => {
                f.write_str("nothing of the run itself had an effect")
            }
            Self::Committed { revisions, partly } => {
                if !revisions.is_empty() {
                    let (noun, verb) = if revisions.len() == 1 {
                        ("revision", "is")
                    } else {
                        ("revisions", "are")
                    };
                    write!(f, "{noun} {} {verb} committed", listed(revisions))?;
                }
                if let Some(partly) = partly {
                    let and = if revisions.is_empty() { "" } else { "; " };
                    write!(f, "{and}revision `{partly}` is done in part, as recorded")?;
                }
                f.write_str("; nothing else of the run had an effect")
            }
            Self::Uncertain { revisions } => {
                if !revisions.is_empty() {
                    write!(f, "{} committed; ", listed(revisions))?;
                }
                f.write_str("what else of the run became permanent is not known here")
            }
            Self::Prepared { revisions, transaction } => {
                if !revisions.is_empty() {
                    write!(f, "{} committed; ", listed(revisions))?;
                }
                write!(
                    f,
                    "transaction `{transaction}` is, or may be, left prepared, and keeps its locks"
                )
            }
        }
    }
}

/// Why an operation failed, what the database is like now, and what to do next.
///
/// ```
/// # fn show(error: &cargo_migrate::Error) {
/// eprintln!("{error}");
/// if let (Some(path), Some(position)) = (error.path(), error.position()) {
///     eprintln!("open {path}:{position}");
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

#[derive(Default)]
struct Inner {
    kind: Option<ErrorKind>,
    message: String,
    revision: Option<RevisionId>,
    path: Option<String>,
    place: Option<Place>,
    sql: Option<String>,
    notes: Vec<String>,
    helps: Vec<String>,
    database: Option<String>,
    state: Option<DatabaseState>,
    others: Vec<(String, DatabaseState)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

struct Place {
    position: Position,
    line: String,
    /// How many characters of the line stand before the place.
    caret: usize,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind: Some(kind), message: message.into(), ..Inner::default() }))
    }

    #[must_use]
    pub(crate) fn revision_named(mut self, id: &RevisionId, path: Option<&str>) -> Self {
        self.0.revision = Some(id.clone());
        self.0.path = path.map(str::to_owned);
        self
    }

    /// Points at byte `offset` of the revision's text.
    #[must_use]
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Self {
        let position = Position::of(text, offset);
        let line = text.lines().nth(position.line - 1).unwrap_or_default();
        let (line, caret) = excerpt(line, position.column - 1);
        // The text may come from the database; only its tabs may move the cursor.
        let line = line.split('\t').map(visible).collect::<Vec<_>>().join("\t");
        self.0.place = Some(Place { position, line, caret });
        self
    }

    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.0.notes.push(note.into());
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.helps.push(help.into());
        self
    }

    /// The same with other words for what to do.
    #[must_use]
    #[cfg(feature = "runner")]
    pub(crate) fn map_helps(mut self, change: impl Fn(&str) -> String) -> Self {
        self.0.helps.iter_mut().for_each(|help| *help = change(help));
        self
    }

    #[must_use]
    pub(crate) fn on(mut self, database: &str) -> Self {
        self.0.database.get_or_insert_with(|| database.to_owned());
        self
    }

    /// The same with the name that the database has among several.
    #[must_use]
    pub(crate) fn called(mut self, name: &str) -> Self {
        self.0.database = Some(name.to_owned());
        self
    }

    /// In what state it left another database of the same run.
    #[must_use]
    pub(crate) fn elsewhere(mut self, database: String, state: DatabaseState) -> Self {
        self.0.others.push((database, state));
        self
    }

    /// The states of all databases of the run.
    pub(crate) fn states(&self) -> impl Iterator<Item = &DatabaseState> {
        self.0.state.iter().chain(self.0.others.iter().map(|(_, state)| state))
    }

    pub(crate) fn states_of_others(&mut self) -> impl Iterator<Item = &mut DatabaseState> {
        self.0.others.iter_mut().map(|(_, state)| state)
    }

    #[must_use]
    pub(crate) fn leaving(mut self, state: DatabaseState) -> Self {
        self.0.state = Some(state);
        self
    }

    /// The same for work that no database was to be part of.
    #[must_use]
    pub(crate) fn without_database(mut self) -> Self {
        self.0.notes.clear();
        self.0.state = None;
        self
    }

    /// The same, unless it is known that this cannot be said; then only the committed revisions are.
    #[must_use]
    pub(crate) fn unless_uncertain(mut self, state: DatabaseState) -> Self {
        self.0.state = match (self.0.state.take(), state) {
            (_, prepared @ DatabaseState::Prepared { .. }) => Some(prepared),
            (
                Some(DatabaseState::Uncertain { .. }),
                DatabaseState::Committed { revisions, .. } | DatabaseState::Uncertain { revisions },
            ) => Some(DatabaseState::Uncertain { revisions }),
            (Some(uncertain @ DatabaseState::Uncertain { .. }), _) => Some(uncertain),
            (_, state) => Some(state),
        };
        self
    }

    /// The statement that failed, for questions about it.
    #[must_use]
    pub(crate) fn about(mut self, sql: &str) -> Self {
        self.0.sql = Some(sql.to_owned());
        self
    }

    pub(crate) fn sql(&self) -> Option<&str> {
        self.0.sql.as_deref()
    }

    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same for an error whose type is not known.
    #[must_use]
    pub(crate) fn caused_by_any(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.source = Some(source);
        self
    }

    #[must_use]
    pub(crate) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// What failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind.unwrap_or(ErrorKind::Database)
    }

    /// The first line: what is wrong, without place, state and help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The revision that it is about, if it is about one.
    pub fn revision(&self) -> Option<&RevisionId> {
        self.0.revision.as_ref()
    }

    /// The file of that revision, relative to the package; `None` if it came from the database.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Where in that file.
    pub fn position(&self) -> Option<Position> {
        self.0.place.as_ref().map(|place| place.position)
    }

    /// The database, without secrets; `None` if none was reached.
    pub fn database(&self) -> Option<&str> {
        self.0.database.as_deref()
    }

    /// What state the database is in now; `None` for operations that never write.
    pub fn state(&self) -> Option<&DatabaseState> {
        self.0.state.as_ref()
    }

    /// What state the other databases of a run over several are in now.
    pub fn others(&self) -> impl Iterator<Item = (&str, &DatabaseState)> {
        self.0.others.iter().map(|(database, state)| (database.as_str(), state))
    }

    /// Facts that help to understand it.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// What to do next.
    pub fn helps(&self) -> &[String] {
        &self.0.helps
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(&inner.message)?;
        let path = inner.path.as_deref();
        match (&inner.place, path) {
            (Some(place), _) => {
                let number = place.position.line.to_string();
                let margin = " ".repeat(number.len());
                let path = path.unwrap_or("(script stored in the database)");
                write!(f, "\n{margin}--> {path}:{}\n{margin} |\n", place.position)?;
                writeln!(f, "{number} | {}", place.line)?;
                write!(f, "{margin} | ")?;
                for c in place.line.chars().take(place.caret) {
                    f.write_char(if c == '\t' { '\t' } else { ' ' })?;
                }
                f.write_char('^')?;
            }
            (None, Some(path)) => write!(f, "\n--> {path}")?,
            (None, None) => {}
        }
        for note in &inner.notes {
            write!(f, "\n = note: {}", note.replace('\n', "\n   "))?;
        }
        match (&inner.state, &inner.database) {
            (Some(state), Some(database)) => write!(f, "\n = {database}: {state}")?,
            (Some(state), None) => write!(f, "\n = {state}")?,
            (None, Some(database)) => write!(f, "\n = database: {database}")?,
            (None, None) => {}
        }
        for (database, state) in &inner.others {
            write!(f, "\n = {database}: {state}")?;
        }
        for help in &inner.helps {
            write!(f, "\n = help: {}", help.replace('\n', "\n   "))?;
        }
        Ok(())
    }
}

/// The same text as `Display`, since this is what `unwrap` and a failing `main` print.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Self::new(ErrorKind::Target, error.to_string()).caused_by(error)
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Self {
        let help = match &error {
            PlanError::NotApplied(_) => Some("`up` with this target applies it"),
            PlanError::Unknown { in_database: true, .. } => {
                Some("use a binary that was built with this revision")
            }
            _ => None,
        };
        let mut new = Self::new(ErrorKind::Target, error.to_string()).caused_by(error);
        if let Some(help) = help {
            new = new.help(help);
        }
        new
    }
}

/// As much of a long line as helps to find the place, and where in that it is.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    const BEFORE: usize = 60;
    const AFTER: usize = 140;
    let skipped = if column > BEFORE + 1 { column - BEFORE } else { 0 };
    let mut rest = line.chars().skip(skipped);
    let mut text = String::from(if skipped > 0 { "…" } else { "" });
    text.extend(rest.by_ref().take(column - skipped + AFTER));
    if rest.next().is_some() {
        text.push('…');
    }
    (text, column - skipped + usize::from(skipped > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where_what_state_and_what_next() {
        let id = RevisionId::new("a1b2").unwrap();
        let text = "-- x\n\tSELECT 1;\n";
        let error = Error::new(ErrorKind::Statement, "statement 1 of revision `a1b2` failed: no")
            .revision_named(&id, Some("migrations/x.sql"))
            .at(text, 6)
            .note("a\nb")
            .on("app.db")
            .leaving(DatabaseState::AsBefore)
            .help("correct it");
        assert_eq!(
            error.to_string(),
            "statement 1 of revision `a1b2` failed: no\n --> migrations/x.sql:2:2\n  |\n\
             2 | \tSELECT 1;\n  | \t^\n = note: a\n   b\n = app.db: the database is as before\n \
             = help: correct it"
        );
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let id = RevisionId::new("a1b2").unwrap();
        let text = format!("{}X{}", "-".repeat(5_000), "+".repeat(1_000_000));
        let error = Error::new(ErrorKind::Statement, "no").revision_named(&id, Some("x.sql"));
        let shown = error.at(&text, 5_000).to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[3].chars().count() < 210, "{shown}");
        let at = |line: &str, c: char| line.chars().position(|it| it == c);
        assert_eq!(at(lines[3], 'X'), at(lines[4], '^'), "{shown}");
        assert!(shown.contains("x.sql:1:5001"), "{shown}");
    }
}
