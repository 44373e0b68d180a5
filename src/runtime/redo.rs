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
use super::look::{Look, Ready, consider, holds_run, refuse_apart, request};
use super::migrator::Configured;
use super::report::{RedoPlan, RedoReport, Report, RunPlan};
use super::rounds::number;
use super::select::Request;
use super::together::{FailedAt, conclude, perform_all};
use super::two_phase::is_two_phase;
use crate::chain::{Direction, RevisionId, Target, listed};

/// What a redo would do now; a future without a type of its own.
pub(crate) fn plan<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    target: Target,
) -> BoxFuture<'a, Result<RedoPlan, Error>> {
    Box::pin(async move {
        let mut connection = Connection::open(way, false).await?;
        let (connections, each) = one(&mut connection, configured);
        let result = plan_all(connections, each, &target).await.map(only);
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
        let (connections, each) = one(&mut connection, configured);
        let result = redo_all(connections, each, &target).await.map(only);
        let (mut report, unrestored) = conclude(connection, result).await?;
        report.up.warnings.extend(unrestored);
        Ok(report)
    })
}

fn one<'s, 'c, 'm>(
    connection: &'s mut Connection<'c>,
    configured: &'s Configured<'m>,
) -> (&'s mut [Connection<'c>], &'s [Configured<'m>]) {
    (std::slice::from_mut(connection), std::slice::from_ref(configured))
}

fn only<T>(mut answers: Vec<T>) -> T {
    answers.pop().expect("each database has an answer")
}

/// Undoes and applies again, on several databases in one run down and one up.
pub(super) async fn redo_all(
    connections: &mut [Connection<'_>],
    configured: &[Configured<'_>],
    target: &Target,
) -> Result<Vec<RedoReport>, Error> {
    let begun = Instant::now();
    let planned = plan_all(connections, configured, target).await;
    let plans = planned.map_err(|error| error.unless_uncertain(DatabaseState::AsBefore))?;
    let ids: Vec<HashSet<RevisionId>> = plans.iter().map(|plan| ids(&plan.down)).collect();
    let requests = |connections: &[Connection<'_>], direction, ids| -> Result<Vec<_>, Error> {
        let ids: &[HashSet<RevisionId>] = ids;
        let each = connections.iter().zip(configured).zip(ids);
        each.map(|((connection, configured), ids)| {
            of(connection, configured, direction, target, ids)
        })
        .collect()
    };
    let down = requests(connections, Direction::Down, &ids)?;
    let mut down = perform_all(connections, &down).await.map_err(|failed| failed.error)?;
    let took = begun.elapsed();
    for report in &mut down {
        report.duration = took;
    }
    let begun = Instant::now();
    // Of what was planned others may have undone some meanwhile, for good.
    let done = |report: &Report| report.steps.iter().map(|step| step.revision.clone()).collect();
    let ids: Vec<HashSet<RevisionId>> = down.iter().map(done).collect();
    let up = requests(connections, Direction::Up, &ids)?;
    let up = perform_all(connections, &up).await;
    let mut up = up.map_err(|failed| left_undone(failed, &down))?;
    let took = begun.elapsed();
    for report in &mut up {
        report.duration = took;
    }
    Ok(down.into_iter().zip(up).map(|(down, up)| RedoReport { down, up }).collect())
}

fn ids(plan: &RunPlan) -> HashSet<RevisionId> {
    plan.steps.iter().map(|step| step.revision.clone()).collect()
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

/// Both ways of each database, with parts as one run has them.
pub(super) async fn plan_all(
    connections: &mut [Connection<'_>],
    configured: &[Configured<'_>],
    target: &Target,
) -> Result<Vec<RedoPlan>, Error> {
    let header = configured.first().map(|configured| configured.migrator.header()).transpose()?;
    let Some(header) = header else { return Ok(Vec::new()) };
    let (mut requests, mut states, mut below) = (Vec::new(), Vec::new(), Vec::new());
    for (connection, one) in connections.iter_mut().zip(configured) {
        let (dialect, target) = (connection.dialect(), Some(target.clone()));
        let down = request(dialect, one, header, Direction::Down, target)?;
        let seen = async {
            let state = connection.state(down.settings, down.options).await?;
            let mut seen = ready(consider(connection, &down, &state, None).await?)?;
            refuse_unknown(&down, &seen)?;
            seen.warnings.extend(connection.what_comes_first(&down, configured).await?);
            Ok((state, seen))
        };
        let seen: Result<_, Error> = seen.await;
        let (state, seen) = seen.map_err(|error| error.on(connection.name()))?;
        requests.push(down);
        states.push(state);
        below.push(seen);
    }
    refuse_apart(requests.iter().zip(&below))?;
    let ids = |ready: &Ready<'_>| ready.jobs.iter().map(|job| job.id.clone()).collect();
    let ids: Vec<HashSet<RevisionId>> = below.iter().map(ids).collect();
    let mut above = Vec::new();
    for (index, connection) in connections.iter_mut().enumerate() {
        let ids = &ids[index];
        let up = requests[index].clone();
        let up = Request { direction: Direction::Up, only: Some(ids), ..up };
        let seen = consider(connection, &up, &states[index].without(ids), None).await;
        above.push(seen.and_then(ready).map_err(|error| {
            error
                .note("what would be undone could not be applied again, so nothing was begun")
                .on(connection.name())
        })?);
    }
    let is_run = holds_run(requests.iter());
    for seen in [&mut below, &mut above] {
        let plans = seen.iter_mut().map(|ready| ready.jobs.make_contiguous());
        number(&mut plans.collect::<Vec<_>>(), is_run);
    }
    let is_two_phase = is_two_phase(&requests);
    let plans = connections.iter().zip(below).zip(above).map(|((connection, below), above)| {
        let plan = |direction, ready: Ready<'_>| {
            let jobs: Vec<_> = ready.jobs.into();
            run_plan(direction, &jobs, &ready.warnings, connection.name(), is_two_phase)
        };
        RedoPlan { down: plan(Direction::Down, below), up: plan(Direction::Up, above) }
    });
    Ok(plans.collect())
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
fn left_undone(failed: FailedAt, down: &[Report]) -> Error {
    let FailedAt { which, mut error } = failed;
    let undone = |report: &Report| -> Vec<RevisionId> {
        report.steps.iter().map(|step| step.revision.clone()).collect()
    };
    let note = format!("{} had been undone before, and stays undone", listed(undone(&down[which])));
    let others = down.iter().enumerate().filter(|(index, _)| *index != which);
    for (state, (_, report)) in error.states_of_others().zip(others) {
        *state = after(undone(report), state);
    }
    let state = after(undone(&down[which]), error.state().unwrap_or(&DatabaseState::AsBefore));
    error.leaving(state).note(note).help("`up` applies again what is undone")
}

/// The state that the way up left, with what was undone before.
fn after(undone: Vec<RevisionId>, state: &DatabaseState) -> DatabaseState {
    let all = |revisions: &[RevisionId]| undone.iter().chain(revisions).cloned().collect();
    match state {
        DatabaseState::Uncertain { revisions } => {
            DatabaseState::Uncertain { revisions: all(revisions) }
        }
        DatabaseState::Prepared { revisions, transaction } => {
            DatabaseState::Prepared { revisions: all(revisions), transaction: transaction.clone() }
        }
        DatabaseState::Committed { revisions, partly } => {
            DatabaseState::Committed { revisions: all(revisions), partly: partly.clone() }
        }
        DatabaseState::AsBefore => DatabaseState::Committed { revisions: undone, partly: None },
    }
}
