//! Undoing and applying again: a way down and the same way up, on one connection.
//!
//! Both are planned before the first statement, the way up on what will be left after the way down,
//! so that what cannot be applied again is not undone.

use std::collections::HashSet;
use std::time::Instant;

use futures_util::future::BoxFuture;

use super::connection::Connection;
use super::database::Source as Way;
use super::error::{DatabaseState, Error, ErrorKind};
use super::job::run_plan;
use super::look::{Look, Ready, consider, request};
use super::migrator::Configured;
use super::report::{RedoPlan, RedoReport};
use super::together::{conclude, perform};
use super::select::Request;
use crate::chain::{Direction, RevisionId, Target, listed};

/// What a redo would do now; a future without a type of its own.
pub(crate) fn plan<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    target: Target,
) -> BoxFuture<'a, Result<RedoPlan, Error>> {
    Box::pin(async move {
        let mut connection = Connection::open(way, false).await?;
        let result = plan_on(&mut connection, configured, &target).await;
        conclude(connection, result).await.map(|(plan, _)| plan)
    })
}

/// Undoes and applies again.
pub(crate) fn redo<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    target: Target,
) -> BoxFuture<'a, Result<RedoReport, Error>> {
    Box::pin(async move {
        let mut connection = Connection::open(way, false).await?;
        let result = redo_on(&mut connection, configured, &target).await;
        let (mut report, unrestored) = conclude(connection, result).await?;
        report.up.warnings.extend(unrestored);
        Ok(report)
    })
}

async fn redo_on(
    connection: &mut Connection<'_>,
    configured: &Configured<'_>,
    target: &Target,
) -> Result<RedoReport, Error> {
    let begun = Instant::now();
    let planned = plan_on(connection, configured, target).await;
    let plan = planned.map_err(|error| error.unless_uncertain(DatabaseState::AsBefore))?;
    let ids: HashSet<RevisionId> = plan.down.steps.into_iter().map(|it| it.revision).collect();
    let down = of(connection, configured, Direction::Down, target, &ids)?;
    let mut down = perform(connection, &down).await?;
    down.duration = begun.elapsed();
    let begun = Instant::now();
    let up = of(connection, configured, Direction::Up, target, &ids)?;
    let undone: Vec<RevisionId> = down.steps.iter().map(|step| step.revision.clone()).collect();
    let mut up = perform(connection, &up).await.map_err(|error| left_undone(error, undone))?;
    up.duration = begun.elapsed();
    Ok(RedoReport { down, up })
}

fn of<'a>(
    connection: &Connection<'_>,
    configured: &'a Configured<'_>,
    direction: Direction,
    target: &Target,
    only: &'a HashSet<RevisionId>,
) -> Result<Request<'a>, Error> {
    let header = configured.migrator.header()?;
    let request =
        request(connection.dialect(), configured, header, direction, Some(target.clone()))?;
    Ok(Request { only: Some(only), ..request })
}

async fn plan_on(
    connection: &mut Connection<'_>,
    configured: &Configured<'_>,
    target: &Target,
) -> Result<RedoPlan, Error> {
    let header = configured.migrator.header()?;
    let down =
        request(connection.dialect(), configured, header, Direction::Down, Some(target.clone()))?;
    let state = connection.state(down.settings, down.options).await?;
    let below = ready(consider(connection, &down, &state, None).await?)?;
    let ids: HashSet<RevisionId> = below.jobs.iter().map(|job| job.id.clone()).collect();
    refuse_unknown(&down, &below)?;
    let up = of(connection, configured, Direction::Up, target, &ids)?;
    let above = consider(connection, &up, &state.without(&ids), None).await.and_then(ready);
    let above = above.map_err(|error| {
        error.note("what would be undone could not be applied again, so nothing was begun")
    })?;
    let database = connection.name();
    let plan = |direction, ready: Ready<'_>| {
        let jobs: Vec<_> = ready.jobs.into();
        run_plan(direction, &jobs, &ready.warnings, database)
    };
    Ok(RedoPlan { down: plan(Direction::Down, below), up: plan(Direction::Up, above) })
}

fn ready(look: Look<'_>) -> Result<Ready<'_>, Error> {
    match look {
        Look::Ready(ready) => Ok(ready),
        Look::Busy(doubt) => Err(doubt.error),
    }
}

fn refuse_unknown(request: &Request<'_>, ready: &Ready<'_>) -> Result<(), Error> {
    let is_unknown = |id: &&RevisionId| request.chain.get(id.as_str()).is_none();
    let unknown: Vec<&RevisionId> =
        ready.jobs.iter().map(|job| &job.id).filter(is_unknown).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unknown,
        format!("this chain does not know {}, so it could not be applied again", listed(&unknown)),
    )
    .note("nothing of the run was begun")
    .help("use a program that has its file, or undo it with `down` alone"))
}

/// The error of the way up: what was undone before stays so.
fn left_undone(error: Error, undone: Vec<RevisionId>) -> Error {
    let note = format!("{} had been undone before, and stays undone", listed(&undone));
    let state = match error.state() {
        Some(DatabaseState::Uncertain { revisions }) => DatabaseState::Uncertain {
            revisions: undone.into_iter().chain(revisions.iter().cloned()).collect(),
        },
        Some(DatabaseState::Committed { revisions, partly }) => DatabaseState::Committed {
            revisions: undone.into_iter().chain(revisions.iter().cloned()).collect(),
            partly: partly.clone(),
        },
        _ => DatabaseState::Committed { revisions: undone, partly: None },
    };
    error.leaving(state).note(note).help("`up` applies again what is undone")
}
