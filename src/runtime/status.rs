//! Where a database stands.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::connection::Connection;
use super::database::Source as Way;
use super::digests::wrong_digests;
use super::error::Error;
use super::look::variant;
use super::migrator::Configured;
use super::report::{AppliedRecord, Difference, RevisionState, RevisionStatus, Status};
use super::state::{Row, RowStatus, State};
use crate::chain::plan::current_heads;
use crate::chain::{Chain, Direction, Revision};

/// Reads the state, and writes nothing.
pub(crate) fn status<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
) -> BoxFuture<'a, Result<Status, Error>> {
    Box::pin(status_now(configured, way))
}

async fn status_now(configured: &Configured<'_>, way: Way<'_>) -> Result<Status, Error> {
    let header = configured.migrator.header()?;
    let mut connection = Connection::open(way, false).await?;
    let result = async {
        let (variant, _) = variant(connection.dialect(), header, &configured.options)?;
        let chain = configured.migrator.chain()?;
        let state = connection.state(&header.settings, &configured.options).await?;
        let prepared = connection.prepared(&header.settings, &configured.options).await?;
        Ok(Status { prepared, ..compare(chain, variant, &state, connection.name()) })
    }
    .await;
    let result = result.map_err(|error: Error| error.on(connection.name()));
    connection.finish().await?;
    result
}

fn compare(chain: &Chain, variant: usize, state: &State, database: &str) -> Status {
    let wrong = wrong_digests(state, chain, variant);
    let known = chain.revisions().iter().map(|revision| {
        let wrong = wrong.contains(revision.id()).then_some(Difference::WrongDigest);
        RevisionStatus {
            difference: state.difference(chain, variant, revision).or(wrong),
            ..of_known(revision, state)
        }
    });
    let unknown = state.unknown(chain).map(of_unknown);
    Status {
        revisions: known.chain(unknown).collect(),
        heads: current_heads(&state.extended(chain), &state.applied()),
        database: database.to_owned(),
        prepared: Vec::new(),
    }
}

/// Where a revision of the chain stands, without how its row differs from it.
pub(crate) fn of_known(revision: &Revision, state: &State) -> RevisionStatus {
    RevisionStatus {
        revision: revision.id().clone(),
        path: Some(revision.path().to_owned()),
        description: revision.header().message,
        state: state.row(revision.id().as_str()).map_or(RevisionState::Pending, of_row),
        difference: None,
    }
}

/// Where a revision stands that only the database has.
pub(crate) fn of_unknown(row: &Row) -> RevisionStatus {
    RevisionStatus {
        revision: row.id.clone(),
        path: None,
        description: row.description.clone(),
        state: of_row(row),
        difference: None,
    }
}

fn of_row(row: &Row) -> RevisionState {
    let record = || AppliedRecord {
        at: row.applied_at.clone(),
        by: row.applied_by.clone(),
        duration: Duration::from_millis(row.duration_ms),
    };
    let unfinished = |direction| RevisionState::Unfinished {
        direction,
        done: row.statements_done,
        started: row.statement_started,
    };
    match row.status {
        RowStatus::Applied => RevisionState::Applied(record()),
        RowStatus::Stamped => RevisionState::Stamped(record()),
        RowStatus::Applying => unfinished(Direction::Up),
        RowStatus::Reverting => unfinished(Direction::Down),
    }
}
