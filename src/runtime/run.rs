//! The run loop: the one place that decides what happens in which order.
//!
//! Look, without a lock: nothing to do ends here. Lock, and look again if anyone wrote meanwhile.
//! Then part by part: the statements and tracking rows of a part are one transaction, and
//! `transaction: none` is a part of its own (`unwrapped`). On an error the open transaction is
//! undone, and the error says which parts were committed before.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::connection::{Connection, ForeignKeyCheck, Probe, Violation};
use super::database::Source as Way;
use super::error::{DatabaseState, Error, ErrorKind, near};
use super::job::{Job, run_plan};
use super::look::{Look, Ready, look, request, variant};
use super::migrator::Configured;
use super::observer::Event;
use super::report::{FinishedStep, Report, Wrapping};
use super::select::Request;
use super::wait::Wait;
use crate::chain::baked::Header;
use crate::chain::{Direction, RevisionId, Target};

/// Around a revision that sets savepoints; releasing it releases those that were left.
const OUTER_SAVEPOINT: &str = "SAVEPOINT cargo_migrate_revision";
const RELEASE_OUTER_SAVEPOINT: &str = "RELEASE SAVEPOINT cargo_migrate_revision";

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
        let result = match result {
            Ok(report) => Ok(report),
            Err(error) => {
                // The first error is the one to tell; a connection that cannot roll back is closed.
                drop(connection.rollback().await);
                Err(error.on(connection.name()))
            }
        };
        let unrestored = connection.finish().await.err();
        let unrestored = unrestored
            .map(|error| format!("close the connection that was lent: {}", error.message()));
        let mut report = match (result, &unrestored) {
            (Ok(report), _) => report,
            (Err(error), Some(text)) => return Err(error.note(text)),
            (Err(error), None) => return Err(error),
        };
        report.warnings.extend(unrestored);
        report.duration = started.elapsed();
        Ok(report)
    }
    .instrument(span)
    .await
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
        let (_, tips) = variant(connection, header, options)?;
        let probe = connection.probe(&header.settings, header.count, tips, options).await?;
        if probe == Probe::UpToDate {
            return Ok(report(direction, connection, Vec::new(), Vec::new()));
        }
    }
    let request = request(connection, configured, header, direction, target)?;
    let mut run = Run {
        connection,
        request: &request,
        ready: Ready::default(),
        goal: HashSet::new(),
        baseline: None,
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
        // It says itself what may have become permanent.
        Err(error) if error.kind() == ErrorKind::Script && error.revision().is_none() => Err(error),
        Err(error) => Err(error.leaving(state)),
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
    /// The violations that were there before, if that is known.
    baseline: Option<HashMap<Violation, usize>>,
    committed: Vec<RevisionId>,
    pub(crate) partly: Option<RevisionId>,
    finished: Vec<FinishedStep>,
    warnings: Vec<String>,
    pub(crate) applied_by: String,
    count: usize,
}

impl<'a> Run<'_, 'a, '_> {
    async fn go(&mut self) -> Result<(), Error> {
        let options = self.request.options;
        let mut wait = Wait::new(options);
        loop {
            match look(self.connection, self.request, None).await? {
                Look::Ready(ready) => break self.ready = ready,
                Look::Busy(error) if !wait.pause().await => return Err(error),
                Look::Busy(_) => {}
            }
        }
        self.warnings.clone_from(&self.ready.warnings);
        if self.ready.jobs.is_empty() {
            return Ok(());
        }
        self.applied_by = options.applied_by.clone().unwrap_or_else(applied_by);
        self.announce().await?;
        let mut must_look = false;
        while let Some(job) = self.ready.jobs.front() {
            let foreign_keys = job.wrapping == Wrapping::ForeignKeys;
            self.connection.begin(foreign_keys, options).await?;
            if must_look || self.connection.is_stale().await? {
                self.baseline = None;
                let goal = Some(&self.goal).filter(|_| !self.committed.is_empty());
                match look(self.connection, self.request, goal).await? {
                    Look::Ready(ready) => self.ready = ready,
                    Look::Busy(error) => {
                        self.connection.rollback().await?;
                        if !wait.pause().await {
                            return Err(error);
                        }
                        must_look = true;
                        continue;
                    }
                }
                must_look = false;
                self.warnings.clone_from(&self.ready.warnings);
                self.announce().await?;
                let foreign_keys_next =
                    self.ready.jobs.front().map(|job| job.wrapping == Wrapping::ForeignKeys);
                if foreign_keys_next != Some(foreign_keys) {
                    self.connection.rollback().await?;
                    continue;
                }
            }
            self.part().await?;
        }
        Ok(())
    }

    /// Tells what will run, and prepares the connection for it; after every look, since another
    /// migrator may have made other revisions necessary.
    async fn announce(&mut self) -> Result<(), Error> {
        if self.ready.jobs.is_empty() {
            return Ok(());
        }
        let thorough = self.ready.jobs.iter().any(Job::changes_connection);
        self.connection.arm(self.request.options, thorough).await?;
        if self.committed.is_empty() {
            self.count = self.ready.jobs.len();
            self.goal = self.ready.jobs.iter().map(|job| job.id.clone()).collect();
        }
        if let Some(observer) = &self.request.options.observer {
            let jobs = self.ready.jobs.make_contiguous();
            let direction = self.request.direction;
            let plan = run_plan(direction, jobs, &self.warnings, self.connection.name());
            observer.event(&Event::RunStarted { plan: &plan });
        }
        Ok(())
    }

    /// Runs the first part, in the open transaction, and commits it.
    async fn part(&mut self) -> Result<(), Error> {
        if !self.ready.has_table {
            self.connection.create_tracking(self.request.settings).await?;
        }
        self.find_older_violations().await?;
        let number = self.ready.jobs.front().map(|job| job.part);
        let mut jobs = Vec::new();
        while let Some(job) = self.ready.jobs.pop_front_if(|job| Some(job.part) == number) {
            jobs.push(job);
        }
        let first = self.finished.len();
        let mut result = Ok(());
        if let [job] = &jobs[..]
            && job.is_alone()
        {
            let span = span(job);
            // It may be committed and an error all the same.
            result = self.alone(job, first).instrument(span).await;
        } else {
            for (index, job) in jobs.iter().enumerate() {
                let span = span(job);
                self.together(job, first + index).instrument(span).await?;
            }
            self.connection.commit(self.request.options).await?;
            self.ready.has_table = true;
            self.committed.extend(jobs.into_iter().map(|job| job.id));
        }
        if let Some(observer) = &self.request.options.observer
            && let revisions @ [_, ..] = &self.committed[first..]
        {
            observer.event(&Event::Committed { revisions });
        }
        result
    }

    /// Runs a revision in the open transaction.
    async fn together(&mut self, job: &Job<'a>, index: usize) -> Result<(), Error> {
        let started = Instant::now();
        self.revision_started(job, index);
        // Otherwise a later revision could go back to it, and take this one's record away.
        let has_savepoint = job.has_savepoint();
        if has_savepoint {
            self.connection.execute(OUTER_SAVEPOINT).await?;
        }
        for statement in 0..job.statements.len() {
            self.statement_started(job, statement);
            if let Err(error) = self.connection.execute(job.statement(statement)).await {
                return Err(Self::failed(job, statement, error));
            }
        }
        if has_savepoint {
            self.connection.execute(RELEASE_OUTER_SAVEPOINT).await?;
        }
        if job.changes_connection() {
            self.connection.tidy().await?;
        }
        if let Some(error) = self.added_violations(job).await? {
            return Err(error);
        }
        let duration = started.elapsed();
        match job.direction {
            Direction::Up => {
                let mut record = job.record(self.request, &self.applied_by);
                record.duration_ms = millis(duration);
                self.connection.insert(self.request.settings, &record).await?;
            }
            Direction::Down => {
                self.connection.delete(self.request.settings, job.id.as_str()).await?;
            }
        }
        self.revision_finished(job, duration);
        Ok(())
    }

    async fn find_older_violations(&mut self) -> Result<(), Error> {
        if self.baseline.is_some() {
            return Ok(());
        }
        let ForeignKeyCheck { violations, unchecked } =
            self.connection.check_foreign_keys().await?;
        self.warn_unchecked(unchecked);
        if let Some(first) = violations.first() {
            let rows = match violations.len() {
                1 => String::from("1 row refers"),
                count => format!("{count} rows refer"),
            };
            self.warnings.push(format!(
                "{rows} to nothing since before this run, first {}",
                described(first)
            ));
        }
        self.baseline = Some(counted(violations));
        Ok(())
    }

    /// A table with such a key is of use while foreign keys are off, so it is no error.
    fn warn_unchecked(&mut self, reasons: Vec<String>) {
        for reason in reasons {
            let text = format!("the foreign keys of a table cannot be checked: {reason}");
            if !self.warnings.contains(&text) {
                self.warnings.push(text);
            }
        }
    }

    /// The error if the revision leaves more rows that refer to nothing than it found.
    pub(crate) async fn added_violations(&mut self, job: &Job<'a>) -> Result<Option<Error>, Error> {
        let ForeignKeyCheck { violations, unchecked } =
            self.connection.check_foreign_keys().await?;
        self.warn_unchecked(unchecked);
        let now = counted(violations);
        let before = self.baseline.take().unwrap_or_default();
        let mut added: Vec<&Violation> = now
            .iter()
            .filter(|(violation, count)| before.get(violation).is_none_or(|old| old < count))
            .map(|(violation, _)| violation)
            .collect();
        added.sort_by_key(|violation| (&violation.table, violation.row, &violation.parent));
        let error = added.first().map(|first| {
            let mut error = Error::new(
                ErrorKind::ForeignKeys,
                format!("revision `{}` leaves {}", job.id, described(first)),
            )
            .revision_named(&job.id, job.path);
            for violation in added.iter().skip(1).take(9) {
                error = error.note(format!("also {}", described(violation)));
            }
            if added.len() > 10 {
                error = error.note(format!("and {} more", added.len() - 10));
            }
            error.help(if job.is_alone() {
                "the revision is applied all the same, since it ran outside a transaction: correct \
                 the rows in a new one"
            } else {
                "correct the rows in the revision itself; if it counts on cascading deletes, put \
                 `foreign-keys: on` into its header"
            })
        });
        self.baseline = Some(now);
        Ok(error)
    }

    /// Names the place of a failed statement.
    pub(crate) fn failed(job: &Job<'a>, statement: usize, error: Error) -> Error {
        let says = error.message().to_owned();
        let start = job.statements[statement].start;
        let inside = near(&says, job.statement(statement)).unwrap_or(0);
        let mut error = error
            .with_message(format!(
                "statement {} of revision `{}` failed: {says}",
                statement + 1,
                job.id
            ))
            .revision_named(&job.id, job.path)
            .at(&job.text, start + inside);
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

    pub(crate) fn statement_started(&self, job: &Job<'a>, index: usize) {
        if let Some(observer) = &self.request.options.observer {
            let (revision, count) = (&job.id, job.statements.len());
            observer.event(&Event::StatementStarted { revision, index, count });
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

fn span(job: &Job<'_>) -> tracing::Span {
    tracing::info_span!("revision", id = job.id.as_str(), direction = %job.direction)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn counted(violations: Vec<Violation>) -> HashMap<Violation, usize> {
    let mut counts = HashMap::new();
    for violation in violations {
        *counts.entry(violation).or_insert(0) += 1;
    }
    counts
}

fn described(violation: &Violation) -> String {
    let Violation { table, row, parent } = violation;
    match row {
        Some(row) => {
            format!("row {row} of table `{table}`, which refers to no row of `{parent}`")
        }
        None => format!("a row of table `{table}`, which refers to no row of `{parent}`"),
    }
}

/// Who runs: the program, and the host where that costs nothing to know.
fn applied_by() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
    let name = name.as_deref().unwrap_or("unknown").to_owned();
    match std::fs::read_to_string("/proc/sys/kernel/hostname") {
        Ok(host) if !host.trim().is_empty() => format!("{name}@{}", host.trim()),
        _ => name,
    }
}
