//! Whether an application may start on a database: read, compared, and never written.

use std::time::Instant;

use futures_util::future::BoxFuture;

use super::connection::{Connection, Probe};
use super::database::Source as Way;
use super::error::{Error, ErrorKind};
use super::look::{request, variant};
use super::migrator::Configured;
use super::report::Report;
use super::select::{Request, Selection, counted, select};
use super::state::{RowStatus, State};
use crate::chain::{Direction, RevisionId};

/// Of more pending revisions only the first ones are named.
const MOST_NAMED: usize = 10;

/// Refuses a database that is not where the chain ends; like [`run`](super::together::run), a future
/// without a type of its own.
pub(crate) fn require<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
) -> BoxFuture<'a, Result<Report, Error>> {
    Box::pin(require_now(configured, way))
}

async fn require_now(configured: &Configured<'_>, way: Way<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut connection = Connection::open(way, false).await?;
    let result = look(&mut connection, configured).await;
    let result = result.map_err(|error| error.on(connection.name()));
    let database = connection.name().to_owned();
    connection.finish().await?;
    Ok(Report {
        direction: Direction::Up,
        steps: Vec::new(),
        warnings: result?,
        database,
        duration: started.elapsed(),
    })
}

/// What should be known of a database that is current.
async fn look(
    connection: &mut Connection<'_>,
    configured: &Configured<'_>,
) -> Result<Vec<String>, Error> {
    let header = configured.migrator.header()?;
    let options = &configured.options;
    let (_, tips) = variant(connection.dialect(), header, options)?;
    let probe = connection.probe(&header.settings, header.count, tips, options).await?;
    let prepared = connection.prepared(&header.settings, options).await?;
    let mut known: Vec<String> = prepared
        .iter()
        .map(|it| format!("{it}, and keeps its locks until a run over all databases settles it"))
        .collect();
    if probe == Probe::UpToDate {
        return Ok(known);
    }
    let request = request(connection.dialect(), configured, header, Direction::Up, None)?;
    let state = connection.state(request.settings, options).await?;
    match select(&request, &state, None)? {
        Selection::Steps { steps, warnings } if steps.is_empty() => {
            known.extend(warnings);
            Ok(known)
        }
        Selection::Steps { steps, .. } => Err(behind(&request, &state, &steps)),
        Selection::Busy { revision } => {
            let ids: Vec<RevisionId> = Vec::from([revision]);
            Err(behind(&request, &state, &ids))
        }
    }
}

/// The error with the plan in it.
fn behind(request: &Request<'_>, state: &State, steps: &[RevisionId]) -> Error {
    let ids: Vec<&RevisionId> = steps.iter().collect();
    let are = if ids.len() == 1 { "is" } else { "are" };
    let mut error = Error::new(
        ErrorKind::OutOfDate,
        format!("the database is behind this program: {} {are} not applied", counted(&ids)),
    );
    for id in ids.iter().take(MOST_NAMED) {
        let Some(revision) = request.chain.get(id.as_str()) else { continue };
        let unfinished = match state.row(id.as_str()).map(|row| row.status) {
            Some(RowStatus::Applying) => ", applied in part: a migrator is at it, or has failed",
            Some(RowStatus::Reverting) => ", undone in part: a migrator is at it, or has failed",
            _ => "",
        };
        let message = revision.header().message;
        error = error.note(format!("`{id}` {message} ({}){unfinished}", revision.path()));
    }
    if let Some(more @ 1..) = ids.len().checked_sub(MOST_NAMED) {
        error = error.note(format!("and {more} more"));
    }
    error
        .help("run `up` against this database, then start the program again")
        .help("in a deploy, migrate as a step of its own before the new version starts")
}
