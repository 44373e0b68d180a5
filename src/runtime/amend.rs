//! Operations that change the tracking table and nothing else: `stamp`, `adopt` and `repair`.
//!
//! What changes is decided by a pure function of what is recorded, a [`Draft`]. It is decided once
//! without a lock, which is all that a dry run does, and again under it if anyone wrote meanwhile;
//! then it is written in one transaction.

use std::collections::HashMap;

use super::adopt::OldTable;
use super::connection::Connection;
use super::database::Source as Way;
use super::digests::Ledger;
use super::entry::Entry;
use super::error::{DatabaseState, Error};
use super::lease::Lease;
use super::look::request;
use super::migrator::Configured;
use super::run::applied_by;
use super::select::Request;
use super::state::{RowStatus, State};
use super::together::conclude;
use super::tracking::Change;
use crate::chain::{Digest, Direction, RevisionId};
use crate::tool::Tool;

/// What a draft is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Our own tables.
    Own,
    /// The table of another tool as well: of this one, or of the only one that is there.
    AlsoOf(Option<Tool>),
}

/// What is recorded, as a draft sees it.
pub(crate) struct Seen {
    pub(crate) state: State,
    /// The scripts by which revisions are being undone.
    pub(crate) scripts: HashMap<RevisionId, String>,
    /// The table of another tool, if it was asked for.
    pub(crate) old: Option<OldTable>,
    /// The database, as messages name it.
    pub(crate) database: String,
}

/// What will be written, and what the caller is told.
#[derive(Debug)]
pub(crate) struct Draft<T> {
    pub(crate) edits: Vec<Edit>,
    pub(crate) report: T,
}

/// A change of one row.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// A revision gets a row.
    Record(Box<Entry>, Digest, RowStatus),
    /// A revision's row says what its file says; when and by whom it was applied stays.
    Rewrite(Box<Entry>, Digest, RowStatus),
    /// A revision's digest follows from those of others.
    Digest(RevisionId, Digest),
    /// What is known of the statements of a revision that is done in part.
    Progress { revision: RevisionId, done: usize, checksum: String },
    /// A row goes.
    Forget(RevisionId),
}

/// The edits that record revisions, parents first, as applied without being run; their digests follow from the
/// ledger.
pub(crate) fn stamped(entries: Vec<Entry>, ledger: &mut Ledger) -> Vec<Edit> {
    for entry in &entries {
        ledger.put(entry);
    }
    // Parents come first in a chain, and an applied revision was stamped with its own.
    drop(ledger.settle(&entries.iter().map(|entry| entry.id.clone()).collect()));
    let edits = entries.into_iter().map(|entry| {
        let digest = ledger.digest(&entry.id).unwrap_or(entry.digest);
        Edit::Record(Box::new(entry), digest, RowStatus::Stamped)
    });
    edits.collect()
}

/// Reads what a draft needs.
pub(crate) async fn see(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
    reading: Reading,
) -> Result<Seen, Error> {
    let state = connection.state(request.settings, request.options).await?;
    let mut scripts = HashMap::new();
    for row in state.unfinished().filter(|row| row.status == RowStatus::Reverting) {
        if let Some(script) = connection.down_script(request.settings, &row.id).await? {
            scripts.insert(row.id.clone(), script);
        }
    }
    // Only what is read after the state can be seen to have changed since.
    let old = match reading {
        Reading::Own => None,
        Reading::AlsoOf(tool) => Some(connection.old_table(tool).await?),
    };
    Ok(Seen { state, scripts, old, database: connection.name().to_owned() })
}

/// Answers from what is recorded, and writes nothing.
pub(crate) async fn consult<T: Send>(
    configured: &Configured<'_>,
    way: Way<'_>,
    reading: Reading,
    answer: impl Fn(&Request<'_>, &Seen) -> Result<T, Error> + Send + Sync,
) -> Result<T, Error> {
    let header = configured.migrator.header()?;
    let mut connection = Connection::open(way, false).await?;
    let result = async {
        let request = request(connection.dialect(), configured, header, Direction::Up, None)?;
        let seen = see(&mut connection, &request, reading).await?;
        answer(&request, &seen)
    }
    .await;
    conclude(connection, result).await.map(|(answer, _)| answer)
}

/// Decides, and writes what was decided; beside the report stands what went wrong after it.
pub(crate) async fn amend<T: Send>(
    configured: &Configured<'_>,
    way: Way<'_>,
    reading: Reading,
    decide: impl Fn(&Request<'_>, &Seen) -> Result<Draft<T>, Error> + Send + Sync,
) -> Result<(T, Option<String>), Error> {
    let header = configured.migrator.header()?;
    let mut connection = Connection::open(way, false).await?;
    let result = async {
        let request = request(connection.dialect(), configured, header, Direction::Up, None)?;
        write(&mut connection, &request, reading, &decide).await
    };
    let result = result.await.map_err(|error| error.unless_uncertain(DatabaseState::AsBefore));
    conclude(connection, result).await
}

async fn write<T: Send>(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
    reading: Reading,
    decide: &(impl Fn(&Request<'_>, &Seen) -> Result<Draft<T>, Error> + Send + Sync),
) -> Result<T, Error> {
    let (settings, options) = (request.settings, request.options);
    let seen = see(connection, request, reading).await?;
    let draft = decide(request, &seen)?;
    if draft.edits.is_empty() {
        return Ok(draft.report);
    }
    connection.arm(options, false).await?;
    let Some(mut lease) = connection.lock(settings, options).await? else {
        return write_locked(connection, request, reading, decide, seen, draft).await;
    };
    let writing = write_locked(connection, request, reading, decide, seen, draft);
    let outcome = Lease::during(std::slice::from_mut(&mut lease), writing).await;
    lease.conclude(connection, outcome).await
}

async fn write_locked<T: Send>(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
    reading: Reading,
    decide: &(impl Fn(&Request<'_>, &Seen) -> Result<Draft<T>, Error> + Send + Sync),
    mut seen: Seen,
    mut draft: Draft<T>,
) -> Result<T, Error> {
    let (settings, options) = (request.settings, request.options);
    connection.refuse_prepared(settings, options).await?;
    connection.begin(false, options).await?;
    if connection.is_stale().await? {
        seen = see(connection, request, reading).await?;
        draft = decide(request, &seen)?;
    }
    // Of the other tools only sqlx keeps its own runners out while it is at work.
    if let Reading::AlsoOf(tool) = reading
        && seen.old.as_ref().is_some_and(|old| old.tool == Tool::Sqlx)
    {
        connection.lock_sqlx_out(options).await?;
        seen.old = Some(connection.old_table(tool).await?);
        draft = decide(request, &seen)?;
    }
    if !seen.state.has_table {
        connection.create_tracking(settings).await?;
    }
    let applied_by = options.applied_by.clone().unwrap_or_else(applied_by);
    for edit in &draft.edits {
        let record;
        let change = match edit {
            Edit::Record(entry, digest, status) => {
                record = entry.record(digest, *status, &applied_by);
                Change::Insert(&record)
            }
            Edit::Rewrite(entry, digest, status) => {
                record = entry.record(digest, *status, &applied_by);
                Change::Rewrite(&record)
            }
            Edit::Digest(revision, digest) => Change::Digest(revision, digest),
            Edit::Progress { revision, done, checksum } => {
                Change::Progress { revision, done: *done, started: None, checksum }
            }
            Edit::Forget(revision) => Change::Delete(revision),
        };
        connection.change(settings, &change, options).await?;
    }
    connection.commit(options).await?;
    Ok(draft.report)
}
