//! Repair: what is wrong with what is recorded, and the ways out.
//!
//! [`problems`] looks and lists; a [`Repair`] is one way out, decided by a pure function and written
//! in one transaction. None of them leaves a revision recorded whose parents are not.

mod accept;
mod list;
mod problem;
mod unfinished;

use std::collections::HashSet;

use futures_util::future::BoxFuture;

use super::amend::{Draft, Edit, Reading, Seen, amend, consult};
use super::database::Source as Way;
use super::digests::Ledger;
use super::entry::Entry;
use super::error::{Error, ErrorKind};
use super::migrator::Configured;
use super::select::Request;
use super::state::{RowStatus, State, ids};
use crate::chain::{Direction, Revision, RevisionId, listed};

pub use problem::{Problem, ProblemKind, WayOut};

/// A way out of a problem, for [`Configured::repair`]. Revisions are named by their ids, or by
/// unique prefixes of four or more characters.
///
/// ```
/// use cargo_migrate::Repair;
///
/// let repair = Repair::Statement { revision: "ae10".into(), done: true };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Repair {
    /// Applied revisions are what their files say: text, parents and dependencies. The digests of
    /// all that was applied after them follow.
    Accept(Vec<String>),
    /// The same for every applied revision that differs from its file.
    AcceptAll,
    /// The statement that was started, and of which nobody knows whether it finished, is done or not.
    Statement {
        /// Whose statement it is.
        revision: String,
        /// Whether it is done.
        done: bool,
    },
    /// A revision that is done in part is applied as a whole: somebody has done the rest of its *up*
    /// by hand, or undone what was done of its *down*.
    MarkApplied(String),
    /// A revision that is done in part is not applied at all: somebody has undone by hand what was
    /// done of its *up*, or done the rest of its *down*.
    MarkNotApplied(String),
}

/// What a repair changed, as [`Configured::repair`] answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairReport {
    /// The rows that were changed, parents first.
    pub changes: Vec<RepairedRow>,
    /// The statements of which the caller's word was taken.
    pub believed: Vec<BelievedStatement>,
    /// What should be known, one text each.
    pub warnings: Vec<String>,
    /// The database, without secrets.
    pub database: String,
}

impl RepairReport {
    /// Whether anything was changed; `false` means that all was so already.
    pub fn changed(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// A row that a repair changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairedRow {
    /// The revision.
    pub revision: RevisionId,
    /// Its message.
    pub description: String,
    /// What became of its row.
    pub change: RowChange,
}

/// What a repair did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowChange {
    /// It says now what the file says.
    Accepted,
    /// Its digest follows from those of its ancestors again.
    Digest,
    /// It says now how many statements are done, and `up` or `down` goes on after them.
    Progress {
        /// The way that the revision was going.
        direction: Direction,
        /// How many statements are done.
        done: usize,
    },
    /// It says now that the revision is applied.
    Applied,
    /// It is gone: the revision is not applied.
    Forgotten,
}

/// A statement of which the caller's word was taken: nothing in the database proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BelievedStatement {
    /// Whose statement it is.
    pub revision: RevisionId,
    /// Whether it belongs to the *up* or the *down*.
    pub direction: Direction,
    /// Its place in the script, from one.
    pub number: usize,
    /// Its text; `None` if this program does not have the script.
    pub sql: Option<String>,
    /// Whether it is believed to be done, or to have no effect on the database now.
    pub done: bool,
}

/// Lists what is wrong; a future without a type of its own.
pub(crate) fn problems<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
) -> BoxFuture<'a, Result<Vec<Problem>, Error>> {
    Box::pin(consult(configured, way, Reading::Own, |request, seen| {
        Ok(list::problems(request, seen))
    }))
}

/// Repairs, or only says what that would change.
pub(crate) fn repair<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    repair: &'a Repair,
    is_plan: bool,
) -> BoxFuture<'a, Result<RepairReport, Error>> {
    Box::pin(async move {
        let decide = |request: &Request<'_>, seen: &Seen| draft(request, seen, repair);
        if is_plan {
            let draft = consult(configured, way, Reading::Own, decide).await?;
            return Ok(draft.report);
        }
        let (mut report, unrestored) = amend(configured, way, Reading::Own, decide).await?;
        report.warnings.extend(unrestored);
        Ok(report)
    })
}

fn draft(
    request: &Request<'_>,
    seen: &Seen,
    repair: &Repair,
) -> Result<Draft<RepairReport>, Error> {
    let find = |name: &str| named(request, &seen.state, name);
    match repair {
        Repair::Accept(names) => {
            let ids: HashSet<RevisionId> =
                names.iter().map(|name| find(name)).collect::<Result<_, _>>()?;
            accept::accept(request, seen, &ids)
        }
        Repair::AcceptAll => accept::accept_all(request, seen),
        Repair::Statement { revision, done } => {
            unfinished::statement(request, seen, &find(revision)?, *done)
        }
        Repair::MarkApplied(name) => unfinished::mark_applied(request, seen, &find(name)?),
        Repair::MarkNotApplied(name) => unfinished::mark_not_applied(request, seen, &find(name)?),
    }
}

/// The revision of the chain or of the database that is meant.
fn named(request: &Request<'_>, state: &State, name: &str) -> Result<RevisionId, Error> {
    let chain = state.extended(request.chain);
    let found = chain.find(name).map(|revision| revision.id().clone());
    found.map_err(|error| Error::from(error).help("`status` lists the revisions"))
}

fn file_of<'a>(request: &Request<'a>, id: &RevisionId) -> Option<&'a Revision> {
    request.chain.get(id.as_str())
}

fn refused(request: &Request<'_>, kind: ErrorKind, id: &RevisionId, message: String) -> Error {
    Error::new(kind, message).revision_named(id, file_of(request, id).map(Revision::path))
}

/// A draft as it grows.
struct Work<'s> {
    seen: &'s Seen,
    ledger: Ledger,
    edits: Vec<Edit>,
    report: RepairReport,
}

impl<'s> Work<'s> {
    fn on(seen: &'s Seen) -> Self {
        let report = RepairReport {
            changes: Vec::new(),
            believed: Vec::new(),
            warnings: Vec::new(),
            database: seen.database.clone(),
        };
        Self { seen, ledger: Ledger::of(&seen.state), edits: Vec::new(), report }
    }

    fn draft(self) -> Draft<RepairReport> {
        Draft { edits: self.edits, report: self.report }
    }

    fn note(&mut self, revision: &RevisionId, description: &str, change: RowChange) {
        let description = description.to_owned();
        self.report.changes.push(RepairedRow { revision: revision.clone(), description, change });
    }

    fn forget(&mut self, id: &RevisionId) {
        let description = self.seen.state.row(id.as_str()).map_or("", |row| &row.description);
        self.note(id, description, RowChange::Forgotten);
        self.edits.push(Edit::Forget(id.clone()));
    }

    /// Gives the rows of these revisions the form that their files ask for, and mends the digests
    /// that follow from theirs.
    fn record(
        &mut self,
        request: &Request<'_>,
        entries: Vec<(Entry, RowStatus)>,
        change: RowChange,
    ) -> Result<(), Error> {
        let ids: HashSet<RevisionId> = entries.iter().map(|(entry, _)| entry.id.clone()).collect();
        for (entry, _) in &entries {
            refuse_missing(request, &self.seen.state, entry)?;
            self.ledger.put(entry);
        }
        let settled = self.ledger.settle(&ids).map_err(|cyclic| {
            let error = Error::new(
                ErrorKind::Reparented,
                format!("{} would come after itself among what is recorded", listed(&cyclic)),
            );
            error
                .note("revisions that it follows now followed it when they were applied")
                .help("accept all of them together: `repair --accept-all`")
        })?;
        for (entry, status) in entries {
            let digest = self.ledger.digest(&entry.id).unwrap_or(entry.digest);
            self.note(&entry.id, &entry.description, change);
            self.edits.push(Edit::Rewrite(Box::new(entry), digest, status));
        }
        for id in settled.into_iter().filter(|id| !ids.contains(id)) {
            let Some(digest) = self.ledger.digest(&id) else { continue };
            let description = self.seen.state.row(id.as_str()).map_or("", |row| &row.description);
            self.note(&id, description, RowChange::Digest);
            self.edits.push(Edit::Digest(id, digest));
        }
        Ok(())
    }
}

/// Refuses to record a revision whose parents or dependencies are not.
fn refuse_missing(request: &Request<'_>, state: &State, entry: &Entry) -> Result<(), Error> {
    let missing = entry.missing(&state.applied());
    if missing.is_empty() {
        return Ok(());
    }
    let verb = if missing.len() == 1 { "is" } else { "are" };
    Err(refused(
        request,
        ErrorKind::Gap,
        &entry.id,
        format!(
            "revision `{}` follows or depends on {}, which {verb} not applied",
            entry.id,
            listed(&missing)
        ),
    )
    .note("a revision is never recorded as applied before those that it needs")
    .help("see `repair`, which lists what is wrong and the ways out"))
}

/// Refuses to forget a revision that others follow or depend on.
fn refuse_followed(request: &Request<'_>, state: &State, id: &RevisionId) -> Result<(), Error> {
    let follows = |list: &str| ids(list).any(|other| other == id.as_str());
    let after: Vec<&RevisionId> = state
        .rows
        .iter()
        .filter(|row| follows(&row.parents) || follows(&row.depends_on))
        .map(|row| &row.id)
        .collect();
    if after.is_empty() {
        return Ok(());
    }
    let verb = if after.len() == 1 { "follows" } else { "follow" };
    Err(refused(
        request,
        ErrorKind::Gap,
        id,
        format!(
            "{} {verb} revision `{id}` or depend on it, and would be without it",
            listed(&after)
        ),
    )
    .note("a revision is never forgotten before those that need it")
    .help("see `repair`, which lists what is wrong and the ways out"))
}
