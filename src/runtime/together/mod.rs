//! The run loop: the one place that decides what happens in which order, over one database or several.
//!
//! Look, without a lock: nothing to do ends here. Lock, and look again if anyone wrote meanwhile. Then
//! part by part (`rounds`): the statements and tracking rows of a part are one transaction, and
//! `transaction: none` is a part of its own (`unwrapped`). On an error the open transactions are undone,
//! and the error says which parts were committed before.
//!
//! Over several databases the transactions of a part are all open until each has done its work, and only
//! then committed, one after the other: so nearly everything that can fail fails while nothing is
//! permanent. Of one database the transaction is committed with its last message.
//!
//! Locks are taken in the order of the databases, which is that of their names: two runs cannot wait for
//! each other.

mod commit;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use futures_util::future::BoxFuture;
use tracing::Instrument as _;

use crate::chain::baked::Header;
use crate::chain::{Anchor, Direction, Target, listed};
use crate::runtime::connection::{Connection, Probe};
use crate::runtime::database::Source as Way;
use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::interrupt::Watch;
use crate::runtime::job::Job;
use crate::runtime::lease::{Lease, Outcome};
use crate::runtime::look::{holds_run, refuse_apart, request, variant};
use crate::runtime::migrator::Configured;
use crate::runtime::report::Report;
use crate::runtime::rounds::number;
use crate::runtime::run::Run;
use crate::runtime::select::Request;
use crate::runtime::two_phase::is_two_phase;

/// Goes up or down; without a target to wherever the chain's settings say.
///
/// The future has no type of its own: otherwise it, and all of the driver below
/// it, would be compiled again in every crate that awaits it, and at each of its builds.
pub(crate) fn run<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    direction: Direction,
    target: Option<Target>,
) -> BoxFuture<'a, Result<Report, Error>> {
    Box::pin(async move {
        let started = Instant::now();
        let header = configured.migrator.header()?;
        let span = tracing::info_span!("migrate", %direction, chain = header.settings.chain);
        async {
            let connection = Connection::open(way, direction == Direction::Up).await?;
            let mut connections = [connection];
            let each = std::slice::from_ref(configured);
            let result = attempt(&mut connections, each, header, direction, target.as_ref()).await;
            let [connection] = connections;
            let only =
                |mut reports: Vec<Report>| reports.pop().expect("each database has a report");
            let (mut report, unrestored) = conclude(connection, result.map(only)).await?;
            report.warnings.extend(unrestored);
            report.duration = started.elapsed();
            Ok(report)
        }
        .instrument(span)
        .await
    })
}

/// Goes up or down on connections that are open, each with its own options.
pub(super) async fn attempt(
    connections: &mut [Connection<'_>],
    configured: &[Configured<'_>],
    header: &Header,
    direction: Direction,
    target: Option<&Target>,
) -> Result<Vec<Report>, Error> {
    if target.is_none() {
        let mut is_current = true;
        for (connection, configured) in connections.iter_mut().zip(configured) {
            let options = &configured.options;
            let (_, tips) = variant(connection.dialect(), header, options)?;
            let probe = connection.probe(&header.settings, header.count, tips, options).await?;
            is_current &= probe == Probe::UpToDate
                && connection.prepared(&header.settings, options).await?.is_empty();
        }
        if is_current {
            let report =
                |connection: &Connection<'_>| Report::nothing(direction, connection.name());
            return Ok(connections.iter().map(report).collect());
        }
    }
    let requests = connections.iter().zip(configured).map(|(connection, configured)| {
        request(connection.dialect(), configured, header, direction, target.cloned())
    });
    let requests: Vec<Request<'_>> = requests.collect::<Result<_, _>>()?;
    perform_all(connections, &requests).await.map_err(|failed| failed.error)
}

/// Does what is asked for.
#[cfg(feature = "testing")]
pub(crate) async fn perform(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
) -> Result<Report, Error> {
    let connections = std::slice::from_mut(connection);
    let reports = perform_all(connections, std::slice::from_ref(request)).await;
    let mut reports = reports.map_err(|failed| failed.error)?;
    Ok(reports.pop().expect("each database has a report"))
}

/// Does what is asked for on several databases, in one run.
pub(super) async fn perform_all(
    connections: &mut [Connection<'_>],
    requests: &[Request<'_>],
) -> Result<Vec<Report>, FailedAt> {
    let runs = connections.iter_mut().zip(requests);
    let runs = runs.map(|(connection, request)| Run::new(connection, request)).collect();
    let is_two_phase = is_two_phase(requests);
    let mut together = Together { runs, is_two_phase, attempts: 0, is_committing: Arc::default() };
    match together.go().await {
        Ok(()) => Ok(together.runs.into_iter().map(Run::report).collect()),
        Err(failed) => Err(FailedAt { which: failed.which, error: together.explained(failed) }),
    }
}

/// Gives the connection back; what of that failed is a text beside the result.
pub(crate) async fn conclude<T>(
    mut connection: Connection<'_>,
    result: Result<T, Error>,
) -> Result<(T, Option<String>), Error> {
    let result = result.map_err(|error| error.on(connection.name()));
    if result.is_err() {
        // The first error is the one to tell; a connection that cannot roll back is closed.
        drop(connection.rollback().await);
    }
    match (result, finish(connection).await) {
        (Ok(report), unrestored) => Ok((report, unrestored)),
        (Err(error), Some(text)) => Err(error.note(text)),
        (Err(error), None) => Err(error),
    }
}

/// Gives the connection back; what of that failed.
pub(super) async fn finish(connection: Connection<'_>) -> Option<String> {
    connection.finish().await.err().map(|error| match error.kind() {
        ErrorKind::LockLost => error.message().to_owned(),
        _ => format!("close the connection that was lent: {}", error.message()),
    })
}

/// A run in progress, on one database or several.
struct Together<'r, 'a, 'c> {
    runs: Vec<Run<'r, 'a, 'c>>,
    /// Whether what several databases do together is committed in two phases.
    is_two_phase: bool,
    /// How often the next part has failed for a lock.
    attempts: u32,
    /// Whether some of several databases are committed, and the others are about to be.
    is_committing: Arc<AtomicBool>,
}

/// An error, and which database it is about.
pub(super) struct FailedAt {
    pub(super) which: usize,
    pub(super) error: Error,
}

/// Says where an error comes from.
fn at(which: usize) -> impl FnOnce(Error) -> FailedAt {
    move |error| FailedAt { which, error }
}

impl<'a> Together<'_, 'a, '_> {
    async fn go(&mut self) -> Result<(), FailedAt> {
        // What is left prepared is a part of where a database stands: it is settled before that is judged.
        if !self.has_prepared().await? {
            for which in 0..self.runs.len() {
                self.runs[which].look_first().await.map_err(at(which))?;
            }
            if self.is_several() {
                self.refuse_apart()?;
            }
            if self.runs.iter().all(Run::is_idle) {
                for which in 0..self.runs.len() {
                    self.runs[which].take_look().map_err(at(which))?;
                }
                return Ok(());
            }
        }
        for which in 0..self.runs.len() {
            self.runs[which].prepare().await.map_err(at(which))?;
        }
        let (mut holders, mut leases) = (Vec::new(), Vec::new());
        let outcome = match self.lock(&mut holders, &mut leases).await {
            Err(failed) => Outcome::Done(Err(failed)),
            Ok(()) if leases.is_empty() => self.watched().await,
            Ok(()) => Lease::during(&mut leases, Box::pin(self.watched())).await.flatten(),
        };
        self.release(holders, leases, outcome).await
    }

    /// Takes the locks of all databases, also of those with nothing to do: what holds there is a part of
    /// what this run leads to.
    async fn lock(
        &mut self,
        holders: &mut Vec<usize>,
        leases: &mut Vec<Lease>,
    ) -> Result<(), FailedAt> {
        for which in 0..self.runs.len() {
            let Run { connection, request, .. } = &mut self.runs[which];
            // A second run on the connection has it still.
            if connection.has_lock() {
                continue;
            }
            let lease = connection.lock(request.settings, request.options).await;
            if let Some(lease) = lease.map_err(at(which))? {
                holders.push(which);
                leases.push(lease);
            }
        }
        Ok(())
    }

    /// Works, and hears who asks to stop.
    async fn watched(&mut self) -> Outcome<Result<(), FailedAt>> {
        let options = self.runs.first().map(|run| run.request.options);
        let watch = options.and_then(|options| Watch::of(options, &self.is_committing));
        let Some(mut watch) = watch else { return Outcome::Done(Box::pin(self.work()).await) };
        for run in &mut self.runs {
            watch.add(run.connection).await;
        }
        watch.during(Box::pin(self.work())).await
    }

    /// Ends the run: gives leases back, and closes connections that must not be waited for.
    async fn release(
        &mut self,
        holders: Vec<usize>,
        leases: Vec<Lease>,
        outcome: Outcome<Result<(), FailedAt>>,
    ) -> Result<(), FailedAt> {
        let (result, lost) = match outcome {
            Outcome::Done(result) => (result, None),
            Outcome::Lost(Some(lease), error) => {
                let which = holders[lease];
                self.runs[which].connection.sever();
                (Err(FailedAt { which, error }), Some(which))
            }
            Outcome::Lost(None, error) => {
                for run in &mut self.runs {
                    run.connection.sever();
                }
                (Err(FailedAt { which: 0, error }), None)
            }
        };
        for (which, lease) in holders.into_iter().zip(leases) {
            if lost == Some(which) {
                continue;
            }
            if result.is_err() {
                // An open transaction may keep the row of the lock.
                drop(self.runs[which].connection.rollback().await);
            }
            lease.release().await;
        }
        result
    }

    /// What happens under the locks.
    async fn work(&mut self) -> Result<(), FailedAt> {
        self.settle_prepared().await?;
        let is_several = self.is_several();
        for which in 0..self.runs.len() {
            let run = &mut self.runs[which];
            // Of several all: a part is made of what they are to do together, and one that takes no part in the
            // first does not begin with it.
            if !run.has_looked()
                || is_several && run.connection.is_stale().await.map_err(at(which))?
            {
                run.look_again().await.map_err(at(which))?;
            }
        }
        if is_several {
            self.refuse_apart()?;
        }
        loop {
            let mut is_new = false;
            for which in 0..self.runs.len() {
                is_new |= self.runs[which].make_ready().await.map_err(at(which))?;
            }
            if is_new {
                self.number();
            }
            let members = self.members();
            if members.is_empty() {
                return Ok(());
            }
            if !self.begin(&members).await? {
                continue;
            }
            for which in 0..self.runs.len() {
                self.runs[which].announce(self.is_two_phase);
            }
            self.part(&members).await?;
        }
    }

    fn refuse_apart(&self) -> Result<(), FailedAt> {
        let seen = self.runs.iter().filter_map(|run| Some((run.request, run.seen()?)));
        refuse_apart(seen).map_err(at(0))
    }

    /// Cuts what there is to do into parts, anew.
    fn number(&mut self) {
        if !self.is_several() {
            return;
        }
        let is_run = holds_run(self.runs.iter().map(|run| run.request));
        let plans = self.runs.iter_mut().map(|run| run.ready.jobs.make_contiguous());
        number(&mut plans.collect::<Vec<_>>(), is_run);
    }

    /// The databases that the next part is about.
    fn members(&self) -> Vec<usize> {
        let fronts: Vec<Option<usize>> =
            self.runs.iter().map(|run| run.ready.jobs.front().map(|job| job.part)).collect();
        let Some(first) = fronts.iter().flatten().min() else { return Vec::new() };
        (0..self.runs.len()).filter(|&which| fronts[which] == Some(*first)).collect()
    }

    /// Opens a transaction on each of them; `false`, and none is open, if another migrator has made
    /// another part the next one.
    async fn begin(&mut self, members: &[usize]) -> Result<bool, FailedAt> {
        let kinds = |runs: &[Run<'_, 'a, '_>]| -> Vec<Option<bool>> {
            members.iter().map(|&which| runs[which].ready.foreign_keys()).collect()
        };
        let before = kinds(&self.runs);
        let mut is_stale = false;
        for &which in members {
            is_stale |= self.runs[which].begin().await.map_err(at(which))?;
        }
        if !is_stale {
            return Ok(true);
        }
        let mut is_clear = true;
        for &which in members {
            is_clear &= self.runs[which].take_look().map_err(at(which))?;
        }
        self.number();
        // What comes first now may want another kind of transaction, or none.
        if is_clear && self.members() == members && kinds(&self.runs) == before {
            return Ok(true);
        }
        for &which in members {
            self.runs[which].connection.rollback().await.map_err(at(which))?;
        }
        Ok(false)
    }

    /// Runs the first part in the open transactions, and commits them.
    async fn part(&mut self, members: &[usize]) -> Result<(), FailedAt> {
        let take = |&which: &usize| self.runs[which].take_part();
        let mut jobs: Vec<Vec<Job<'a>>> = members.iter().map(take).collect();
        if let (&[only], [job]) = (members, &mut jobs[..])
            && job.first().is_some_and(Job::is_alone)
        {
            let job = job.pop().expect("the part has a step");
            return self.runs[only].alone(job).await.map_err(at(only));
        }
        match self.attempt(members, &jobs).await {
            Ok(first) => {
                self.attempts = 0;
                self.commit_others(first, members, jobs).await
            }
            Err(failed) => self.undo(failed, members, jobs).await,
        }
    }

    /// Undoes a part that failed only because others held locks, so that it is tried again; any other
    /// error is the end.
    async fn undo(
        &mut self,
        FailedAt { which, error }: FailedAt,
        members: &[usize],
        jobs: Vec<Vec<Job<'a>>>,
    ) -> Result<(), FailedAt> {
        self.attempts += 1;
        if error.kind() != ErrorKind::LockTimeout {
            return Err(FailedAt { which, error });
        }
        // Of all: whoever waits for one of them would be kept waiting by the others.
        for &which in members {
            self.runs[which].connection.rollback().await.map_err(at(which))?;
        }
        self.runs[which].pause(error, self.attempts).await.map_err(at(which))?;
        for (&which, jobs) in members.iter().zip(jobs) {
            let run = &mut self.runs[which];
            run.tidy_after(&jobs).await.map_err(at(which))?;
            run.put_back(jobs);
        }
        Ok(())
    }

    fn is_several(&self) -> bool {
        self.runs.len() > 1
    }

    /// The error, with what state each database is in.
    fn explained(&self, FailedAt { which, error }: FailedAt) -> Error {
        let run = &self.runs[which];
        let warnings = self.runs.iter().flat_map(Run::warnings).cloned();
        let error = warnings.fold(error, Error::note);
        let error = run.request.options.unless_interrupted(error);
        let mut error = error.unless_uncertain(run.database_state());
        if !self.is_several() {
            return error;
        }
        error = error.called(&run.called());
        let mut is_apart = false;
        for (_, other) in self.runs.iter().enumerate().filter(|(other, _)| *other != which) {
            error = error.elsewhere(other.called(), other.database_state());
            let ahead = run.is_behind(other);
            if ahead.is_empty() {
                continue;
            }
            is_apart = true;
            let (one, here) = (other.short_name(), run.short_name());
            let what = if ahead.len() == 1 { "is" } else { "are" };
            let there = match error.state() {
                Some(DatabaseState::Uncertain { .. }) => {
                    format!("whether in {here}, too, is not known")
                }
                Some(DatabaseState::Prepared { .. }) => format!("prepared in {here}"),
                _ => format!("not in {here}"),
            };
            error = error.note(format!(
                "{one} is ahead: {} {what} committed there, and {there}",
                listed(&ahead)
            ));
        }
        if error.states().any(|state| matches!(state, DatabaseState::Prepared { .. })) {
            return error.help(if run.request.target.anchor == Anchor::Current {
                "`up`, or `down` with the id of a revision, over these databases: what is prepared is committed or \
                 undone first, as was decided"
            } else {
                "run the same again over these databases: what is prepared is committed or undone, as was decided"
            });
        }
        if !is_apart {
            return error;
        }
        error.help(if run.request.target.anchor == Anchor::Current {
            "`status` says where each database stands; `up`, or `down` with the id of a revision, brings \
             them to one place"
        } else {
            "run the same again: each database has a plan of its own, and goes on where it stands"
        })
    }
}
