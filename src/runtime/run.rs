//! The run loop: the one place that decides what happens in which order.
//!
//! Look, without a lock: nothing to do ends here. Lock, and look again if anyone wrote meanwhile.
//! Then part by part: the statements and tracking rows of a part are one transaction, and
//! `transaction: none` is a part of its own (`unwrapped`). On an error the open transaction is
//! undone, and the error says which parts were committed before.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::connection::{Connection, Failed, Probe, Unit};
use super::database::Source as Way;
use super::error::{DatabaseState, Error, ErrorKind};
use super::interrupt::{GO_ON, Watch};
use super::job::{Job, run_plan};
use super::lease::Outcome;
use super::look::{Look, Ready, look, request, variant};
use super::migrator::Configured;
use super::observer::{Event, Observer};
use super::report::{FinishedStep, Report};
use super::retry::{back_off, blocked};
use super::select::Request;
use super::wait::Wait;
use crate::chain::baked::Header;
use crate::chain::{Direction, RevisionId, Target};

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
    Box::pin(run_once(configured, way, direction, target))
}

async fn run_once(
    configured: &Configured<'_>,
    way: Way<'_>,
    direction: Direction,
    target: Option<Target>,
) -> Result<Report, Error> {
    let started = Instant::now();
    let header = configured.migrator.header()?;
    let span = tracing::info_span!("migrate", %direction, chain = header.settings.chain);
    async {
        let mut connection = Connection::open(way, direction == Direction::Up).await?;
        let result = attempt(&mut connection, configured, header, direction, target).await;
        let (mut report, unrestored) = conclude(connection, result).await?;
        report.warnings.extend(unrestored);
        report.duration = started.elapsed();
        Ok(report)
    }
    .instrument(span)
    .await
}

/// Gives the connection back; what of that failed is a text beside the result.
pub(crate) async fn conclude<T>(
    mut connection: Connection<'_>,
    result: Result<T, Error>,
) -> Result<(T, Option<String>), Error> {
    let result = match result {
        Ok(report) => Ok(report),
        Err(error) => {
            // The first error is the one to tell; a connection that cannot roll back is closed.
            drop(connection.rollback().await);
            Err(error.on(connection.name()))
        }
    };
    let unrestored = connection.finish().await.err().map(|error| match error.kind() {
        ErrorKind::LockLost => error.message().to_owned(),
        _ => format!("close the connection that was lent: {}", error.message()),
    });
    match (result, unrestored) {
        (Ok(report), unrestored) => Ok((report, unrestored)),
        (Err(error), Some(text)) => Err(error.note(text)),
        (Err(error), None) => Err(error),
    }
}

async fn attempt(
    connection: &mut Connection<'_>,
    configured: &Configured<'_>,
    header: &Header,
    direction: Direction,
    target: Option<Target>,
) -> Result<Report, Error> {
    let options = &configured.options;
    if target.is_none() {
        let (_, tips) = variant(connection.dialect(), header, options)?;
        let probe = connection.probe(&header.settings, header.count, tips, options).await?;
        if probe == Probe::UpToDate {
            return Ok(report(direction, connection, Vec::new(), Vec::new()));
        }
    }
    let request = request(connection.dialect(), configured, header, direction, target)?;
    perform(connection, &request).await
}

/// Does what is asked for.
pub(crate) async fn perform(
    connection: &mut Connection<'_>,
    request: &Request<'_>,
) -> Result<Report, Error> {
    let direction = request.direction;
    let mut run = Run {
        connection,
        request,
        ready: Ready::default(),
        goal: HashSet::new(),
        announced: VecDeque::new(),
        is_announced: false,
        committed: Vec::new(),
        partly: None,
        finished: Vec::new(),
        warnings: Vec::new(),
        applied_by: String::new(),
        count: 0,
    };
    let result = run.go().await;
    let state = run.database_state();
    match result {
        Ok(()) => {
            let Run { connection, finished, warnings, .. } = run;
            Ok(report(direction, connection, finished, warnings))
        }
        Err(error) => Err(request.options.unless_interrupted(error).unless_uncertain(state)),
    }
}

fn report(
    direction: Direction,
    connection: &Connection<'_>,
    steps: Vec<FinishedStep>,
    warnings: Vec<String>,
) -> Report {
    let database = connection.name().to_owned();
    Report { direction, steps, warnings, database, duration: Duration::ZERO }
}

/// A run in progress.
pub(crate) struct Run<'r, 'a, 'c> {
    pub(crate) connection: &'r mut Connection<'c>,
    pub(crate) request: &'r Request<'a>,
    pub(crate) ready: Ready<'a>,
    /// Everything that the run is about, once it has committed a part.
    goal: HashSet<RevisionId>,
    /// What was told of what is left.
    announced: VecDeque<RevisionId>,
    /// Whether that is of the last look, so that it need not be compared again.
    is_announced: bool,
    committed: Vec<RevisionId>,
    pub(crate) partly: Option<RevisionId>,
    finished: Vec<FinishedStep>,
    warnings: Vec<String>,
    pub(crate) applied_by: String,
    count: usize,
}

impl<'a> Run<'_, 'a, '_> {
    async fn go(&mut self) -> Result<(), Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        let mut seen = look(self.connection, self.request, None).await?;
        if let Look::Ready(ready) = &mut seen
            && ready.jobs.is_empty()
        {
            self.warnings.append(&mut ready.warnings);
            return Ok(());
        }
        if let Look::Ready(ready) = &seen {
            ready.check_code()?;
        }
        self.applied_by = options.applied_by.clone().unwrap_or_else(applied_by);
        self.arm(&seen).await?;
        // A second run on the connection has it still.
        let lease = if self.connection.has_lock() {
            None
        } else {
            self.connection.lock(settings, options).await?
        };
        let watch = Watch::of(self.connection, options).await;
        let work = async {
            let work = Box::pin(self.work(seen));
            match watch {
                None => Outcome::Done(work.await),
                Some(watch) => watch.during(work).await,
            }
        };
        match lease {
            Some(mut lease) => {
                let outcome = lease.during(work).await.flatten();
                lease.conclude(self.connection, outcome).await
            }
            None => match work.await {
                Outcome::Done(result) => result,
                Outcome::Lost(error) => {
                    self.connection.sever();
                    Err(error)
                }
            },
        }
    }

    /// What happens under the lock.
    async fn work(&mut self, mut seen: Look<'a>) -> Result<(), Error> {
        let options = self.request.options;
        let mut wait = Wait::new(options);
        loop {
            let ready = match seen {
                Look::Ready(ready) => {
                    ready.check_code()?;
                    ready
                }
                Look::Busy(doubt) => {
                    if self.connection.has_lock() {
                        // What was seen before the lock was taken may be over.
                        if !self.connection.is_stale().await? {
                            self.settle(doubt).await?;
                        }
                    } else if self.connection.is_leased() {
                        if !self.connection.is_stale().await? {
                            return Err(doubt.left_behind());
                        }
                    } else if !wait.pause(None).await {
                        options.check_interrupt()?;
                        return Err(doubt.error);
                    }
                    seen = self.look_again().await?;
                    continue;
                }
            };
            let foreign_keys = ready.foreign_keys();
            self.ready = ready;
            let Some(foreign_keys) = foreign_keys else { break };
            self.connection.begin(foreign_keys, options).await?;
            if self.connection.is_stale().await? {
                seen = self.look_again().await?;
                // What comes first now may want another kind of transaction, or none.
                match seen {
                    Look::Ready(ready) if ready.foreign_keys() == Some(foreign_keys) => {
                        self.ready = ready;
                    }
                    _ => {
                        self.connection.rollback().await?;
                        continue;
                    }
                }
            }
            self.announce();
            self.part().await?;
            seen = Look::Ready(std::mem::take(&mut self.ready));
        }
        // Those of the last look: another migrator may have made the first ones untrue.
        let mut warnings = std::mem::take(&mut self.ready.warnings);
        warnings.append(&mut self.warnings);
        warnings.append(&mut self.connection.warnings());
        self.warnings = warnings;
        Ok(())
    }

    pub(crate) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    async fn look_again(&mut self) -> Result<Look<'a>, Error> {
        let goal = Some(&self.goal).filter(|_| !self.committed.is_empty());
        let seen = look(self.connection, self.request, goal).await?;
        self.is_announced = false;
        self.arm(&seen).await?;
        Ok(seen)
    }

    /// Prepares the connection for what will run.
    async fn arm(&mut self, seen: &Look<'_>) -> Result<(), Error> {
        let thorough = match seen {
            Look::Ready(ready) if ready.jobs.is_empty() => return Ok(()),
            Look::Ready(ready) => ready.jobs.iter().any(|job| job.changes_session),
            Look::Busy(_) => false,
        };
        self.connection.arm(self.request.options, thorough).await
    }

    /// Tells what will run, as soon as that is certain, and again if another migrator has made other
    /// revisions necessary.
    fn announce(&mut self) {
        if std::mem::replace(&mut self.is_announced, true) {
            return;
        }
        let jobs = self.ready.jobs.make_contiguous();
        let left: VecDeque<RevisionId> = jobs.iter().map(|job| job.id.clone()).collect();
        if self.announced == left {
            return;
        }
        self.announced = left;
        if self.committed.is_empty() {
            self.count = jobs.len();
            self.goal = jobs.iter().map(|job| job.id.clone()).collect();
        }
        if let Some(observer) = &self.request.options.observer {
            let direction = self.request.direction;
            let plan = run_plan(direction, jobs, &self.ready.warnings, self.connection.name());
            observer.event(&Event::RunStarted { plan: &plan });
        }
    }

    /// Runs the first part, in the open transaction, and commits it.
    async fn part(&mut self) -> Result<(), Error> {
        let number = self.ready.jobs.front().map(|job| job.part);
        let mut jobs = Vec::new();
        while let Some(job) = self.ready.jobs.pop_front_if(|job| Some(job.part) == number) {
            jobs.push(job);
        }
        self.announced.drain(..jobs.len());
        let first = self.finished.len();
        let result = if let [job] = &jobs[..]
            && job.is_alone()
        {
            if !self.ready.has_table {
                self.connection.create_tracking(self.request.settings).await?;
            }
            // It may be committed and an error all the same.
            match job.code()? {
                None => self.alone(job, first).instrument(span(job)).await,
                Some(step) => self.rust_alone(job, step, first).instrument(span(job)).await,
            }
        } else {
            self.transaction(&jobs).await?;
            self.committed.extend(jobs.into_iter().map(|job| job.id));
            Ok(())
        };
        self.ready.has_table = true;
        if let Some(observer) = &self.request.options.observer
            && let revisions @ [_, ..] = &self.committed[first..]
        {
            observer.event(&Event::Committed { revisions });
        }
        result
    }

    /// Runs a part that is one transaction; again, if it failed only because others held locks.
    async fn transaction(&mut self, jobs: &[Job<'a>]) -> Result<(), Error> {
        let options = self.request.options;
        let first = self.finished.len();
        let mut attempts = 0;
        loop {
            let error = match self.attempt(jobs).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            attempts += 1;
            if error.kind() != ErrorKind::LockTimeout {
                return Err(error);
            }
            self.connection.rollback().await?;
            self.pause(error, attempts).await?;
            self.finished.truncate(first);
            // A rollback takes no setting back.
            if jobs.iter().any(|job| job.changes_session) {
                self.connection.tidy().await?;
            }
            self.connection.begin(jobs.iter().any(|job| job.foreign_keys), options).await?;
        }
    }

    /// Waits before what failed for a lock is tried again; the error, if it was tried often enough.
    pub(crate) async fn pause(&mut self, error: Error, attempts: u32) -> Result<(), Error> {
        let options = self.request.options;
        let blockers = self.connection.blockers(error.sql()).await;
        if attempts > options.retries {
            return Err(blocked(error, attempts, blockers));
        }
        let pause = back_off(attempts);
        if let (Some(observer), Some(revision)) = (&options.observer, error.revision()) {
            let reason = error.message();
            let blockers = &blockers[..];
            observer.event(&Event::Retrying { revision, attempts, pause, reason, blockers });
        }
        options.sleep(pause).await;
        options.check_interrupt()
    }

    async fn attempt(&mut self, jobs: &[Job<'a>]) -> Result<(), Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        if !self.ready.has_table {
            self.connection.create_tracking(settings).await?;
        }
        let tracking = self.connection.tracking(settings).await?;
        let first = self.finished.len();
        for (index, job) in jobs.iter().enumerate() {
            let is_last = index + 1 == jobs.len();
            let span = span(job);
            async {
                options.check_interrupt()?;
                self.revision_started(job, first + index);
                let observer = options.observer.as_deref();
                let started = |index| statement_started(observer, job, index);
                let record = match job.direction {
                    Direction::Up => Some(job.record(self.request, &self.applied_by)),
                    Direction::Down => None,
                };
                let begun = match job.code()? {
                    None => None,
                    Some(step) => {
                        let begun = Instant::now();
                        self.connection.operate_guarded(job, step, options).await?;
                        Some(begun)
                    }
                };
                let started = &started;
                let unit = Unit { job, tracking: &tracking, record, is_last, begun, started };
                let result = self.connection.apply(&unit).await;
                let duration = result.map_err(|failed| Self::failed(job, failed))?;
                self.revision_finished(job, duration);
                Ok::<_, Error>(())
            }
            .instrument(span)
            .await?;
        }
        self.connection.commit(options).await
    }

    /// Names the place of a failed statement.
    pub(crate) fn failed(job: &Job<'_>, failed: Failed) -> Error {
        let Failed { statement, inside, error } = failed;
        let says = error.message().to_owned();
        let Some(statement) = statement else { return error };
        let start = job.statements[statement].start;
        let is_cut = error.kind() == ErrorKind::Interrupted;
        let fate = if is_cut { "was cancelled" } else { "failed" };
        let number = statement + 1;
        let mut error = error
            .with_message(format!("statement {number} of revision `{}` {fate}: {says}", job.id))
            .revision_named(&job.id, job.path)
            .at(&job.text, start + inside)
            .about(job.statement(statement));
        if is_cut {
            error = error.help(GO_ON);
        }
        if error.kind() == ErrorKind::Statement {
            error = error.help(match (job.direction, job.path) {
                (Direction::Up, _) => "correct the statement, and run `up` again",
                (Direction::Down, Some(_)) => {
                    "correct the statement in the file (a *down* may be edited), and run `down` again"
                }
                (Direction::Down, None) => {
                    "the script is the one that was stored when the revision was applied; undo it \
                     with a program that has its file"
                }
            });
        }
        error
    }

    pub(crate) fn revision_started(&self, job: &Job<'a>, index: usize) {
        if let Some(observer) = &self.request.options.observer {
            let (revision, direction, count) = (&job.id, job.direction, self.count);
            observer.event(&Event::RevisionStarted { revision, direction, index, count });
        }
    }

    pub(crate) fn revision_finished(&mut self, job: &Job<'a>, duration: Duration) {
        tracing::info!(duration_ms = millis(duration), "revision done");
        if let Some(observer) = &self.request.options.observer {
            observer.event(&Event::RevisionFinished { revision: &job.id, duration });
        }
        self.finished.push(FinishedStep {
            revision: job.id.clone(),
            path: job.path.map(str::to_owned),
            description: job.description.clone(),
            direction: job.direction,
            statements: job.statements.len() - job.resume.unwrap_or(0),
            source: job.source,
            duration,
        });
    }

    /// Notes that a revision outside a transaction is done and recorded.
    pub(crate) fn committed_alone(&mut self, job: &Job<'a>) {
        self.partly = None;
        self.committed.push(job.id.clone());
    }

    fn database_state(&self) -> DatabaseState {
        if self.committed.is_empty() && self.partly.is_none() {
            DatabaseState::AsBefore
        } else {
            DatabaseState::Committed {
                revisions: self.committed.clone(),
                partly: self.partly.clone(),
            }
        }
    }
}

pub(crate) fn statement_started(observer: Option<&dyn Observer>, job: &Job<'_>, index: usize) {
    if let Some(observer) = observer {
        let (revision, count) = (&job.id, job.statements.len());
        observer.event(&Event::StatementStarted { revision, index, count });
    }
}

fn span(job: &Job<'_>) -> tracing::Span {
    tracing::info_span!("revision", id = job.id.as_str(), direction = %job.direction)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Who runs: the program, and the host where that costs nothing to know.
pub(crate) fn applied_by() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
    let name = name.as_deref().unwrap_or("unknown").to_owned();
    match std::fs::read_to_string("/proc/sys/kernel/hostname") {
        Ok(host) if !host.trim().is_empty() => format!("{name}@{}", host.trim()),
        _ => name,
    }
}
