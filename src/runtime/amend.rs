//! Operations that change the tracking table and nothing else: `stamp` and `repair`.
//!
//! What changes is decided by a pure function of what is recorded, a [`Draft`]. It is decided once
//! without a lock, which is all that a dry run does, and again under it if anyone wrote meanwhile;
//! then it is written in one transaction.

use std::collections::HashMap;

use super::connection::Connection;
use super::database::Source as Way;
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

/// What is recorded, as a draft sees it.
pub(crate) struct Seen {
    pub(crate) state: State,
    /// The scripts by which revisions are being undone.
    pub(crate) scripts: HashMap<RevisionId, String>,
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

/// Reads what a draft needs.
pub(crate) async fn see(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
) -> Result<Seen, Error> {
    let state = connection.state(request.settings, request.options).await?;
    let mut scripts = HashMap::new();
    for row in state.unfinished().filter(|row| row.status == RowStatus::Reverting) {
        if let Some(script) = connection.down_script(request.settings, &row.id).await? {
            scripts.insert(row.id.clone(), script);
        }
    }
    Ok(Seen { state, scripts, database: connection.name().to_owned() })
}

/// Answers from what is recorded, and writes nothing.
pub(crate) async fn consult<T: Send>(
    configured: &Configured<'_>,
    way: Way<'_>,
    answer: impl Fn(&Request<'_>, &Seen) -> Result<T, Error> + Send + Sync,
) -> Result<T, Error> {
    let header = configured.migrator.header()?;
    let mut connection = Connection::open(way, false).await?;
    let result = async {
        let request = request(connection.dialect(), configured, header, Direction::Up, None)?;
        let seen = see(&mut connection, &request).await?;
        answer(&request, &seen)
    }
    .await;
    conclude(connection, result).await.map(|(answer, _)| answer)
}

/// Decides, and writes what was decided; beside the report stands what went wrong after it.
pub(crate) async fn amend<T: Send>(
    configured: &Configured<'_>,
    way: Way<'_>,
    decide: impl Fn(&Request<'_>, &Seen) -> Result<Draft<T>, Error> + Send + Sync,
) -> Result<(T, Option<String>), Error> {
    let header = configured.migrator.header()?;
    let mut connection = Connection::open(way, false).await?;
    let result = async {
        let request = request(connection.dialect(), configured, header, Direction::Up, None)?;
        write(&mut connection, &request, &decide).await
    };
    let result = result.await.map_err(|error| error.unless_uncertain(DatabaseState::AsBefore));
    conclude(connection, result).await
}

async fn write<T: Send>(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
    decide: &(impl Fn(&Request<'_>, &Seen) -> Result<Draft<T>, Error> + Send + Sync),
) -> Result<T, Error> {
    let (settings, options) = (request.settings, request.options);
    let seen = see(connection, request).await?;
    let draft = decide(request, &seen)?;
    if draft.edits.is_empty() {
        return Ok(draft.report);
    }
    connection.arm(options, false).await?;
    let Some(mut lease) = connection.lock(settings, options).await? else {
        return write_locked(connection, request, decide, seen, draft).await;
    };
    let work = write_locked(connection, request, decide, seen, draft);
    let outcome = Lease::during(std::slice::from_mut(&mut lease), work).await;
    lease.conclude(connection, outcome).await
}

async fn write_locked<T: Send>(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
    decide: &(impl Fn(&Request<'_>, &Seen) -> Result<Draft<T>, Error> + Send + Sync),
    mut seen: Seen,
    mut draft: Draft<T>,
) -> Result<T, Error> {
    let (settings, options) = (request.settings, request.options);
    connection.begin(false, options).await?;
    if connection.is_stale().await? {
        seen = see(connection, request).await?;
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
