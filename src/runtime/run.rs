//! One database in a run: what is done there, step by step.
//!
//! In which order, and when it becomes permanent, is decided by the loop (`together`), which is the same
//! for one database and for several.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use tracing::Instrument;

use super::connection::{Connection, Ending, Failed, Unit};
use super::error::{DatabaseState, Error, ErrorKind};
use super::job::{Job, run_plan};
use super::look::{Look, Ready, look};
use super::observer::{Event, Observer};
use super::report::{FinishedStep, Report};
use super::retry::{back_off, blocked};
use super::select::Request;
use super::wait::Wait;
use crate::chain::{Direction, RevisionId};

/// A run in progress on one database.
pub(crate) struct Run<'r, 'a, 'c> {
    pub(crate) connection: &'r mut Connection<'c>,
    pub(crate) request: &'r Request<'a>,
    pub(crate) ready: Ready<'a>,
    /// What was seen last, until it is known what there is to do about it.
    seen: Option<Look<'a>>,
    wait: Wait<'a>,
    /// Everything that the run is about, once it has committed a part.
    goal: HashSet<RevisionId>,
    /// What was told of what is left.
    announced: VecDeque<RevisionId>,
    /// Whether that is of the last look, so that it need not be compared again.
    is_announced: bool,
    committed: Vec<RevisionId>,
    pub(crate) partly: Option<RevisionId>,
    /// Whether what an earlier run had prepared was committed.
    has_settled: bool,
    /// Whether what was sent last may have become permanent, and no answer has come.
    is_in_doubt: bool,
    finished: Vec<FinishedStep>,
    warnings: Vec<String>,
    pub(crate) applied_by: String,
    count: usize,
}

impl<'r, 'a, 'c> Run<'r, 'a, 'c> {
    pub(crate) fn new(connection: &'r mut Connection<'c>, request: &'r Request<'a>) -> Self {
        Self {
            connection,
            request,
            ready: Ready::default(),
            seen: None,
            wait: Wait::new(request.options),
            goal: HashSet::new(),
            announced: VecDeque::new(),
            is_announced: false,
            committed: Vec::new(),
            partly: None,
            has_settled: false,
            is_in_doubt: false,
            finished: Vec::new(),
            warnings: Vec::new(),
            applied_by: String::new(),
            count: 0,
        }
    }

    /// The end of it: what was done, all of it committed.
    pub(crate) fn report(self) -> Report {
        // Those of the last look: another migrator may have made the first ones untrue.
        let mut warnings = self.ready.warnings;
        warnings.extend(self.warnings);
        warnings.extend(self.connection.warnings());
        Report {
            direction: self.request.direction,
            steps: self.finished,
            warnings,
            database: self.connection.name().to_owned(),
            duration: Duration::ZERO,
        }
    }

    /// Looks, without a lock.
    pub(crate) async fn look_first(&mut self) -> Result<(), Error> {
        self.seen = Some(look(self.connection, self.request, None).await?);
        Ok(())
    }

    /// What was seen, if that says what there is to do.
    pub(crate) fn seen(&self) -> Option<&Ready<'a>> {
        match &self.seen {
            Some(Look::Ready(ready)) => Some(ready),
            Some(Look::Busy(_)) | None => None,
        }
    }

    /// The database, as messages about several ones name it.
    pub(crate) fn called(&self) -> String {
        format!("{} ({})", self.short_name(), self.connection.name())
    }

    pub(crate) fn short_name(&self) -> String {
        let name = self.request.options.database.as_deref();
        format!("`{}`", name.unwrap_or_else(|| self.connection.name()))
    }

    /// Whether the last look has found nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.seen().is_some_and(|ready| ready.jobs.is_empty())
    }

    /// Prepares what will run, if that is known; all of it can be checked before anything is locked.
    pub(crate) async fn prepare(&mut self) -> Result<(), Error> {
        if let Some(Look::Ready(ready)) = &self.seen {
            ready.check_code()?;
        }
        self.applied_by = self.request.options.applied_by.clone().unwrap_or_else(applied_by);
        self.arm().await
    }

    /// Prepares the connection for what will run.
    async fn arm(&mut self) -> Result<(), Error> {
        let thorough = match &self.seen {
            Some(Look::Ready(ready)) if ready.jobs.is_empty() => return Ok(()),
            Some(Look::Ready(ready)) => ready.jobs.iter().any(|job| job.changes_session),
            Some(Look::Busy(_)) | None => false,
        };
        self.connection.arm(self.request.options, thorough).await
    }

    /// Looks again, and forgets what the look before has found.
    pub(crate) async fn look_again(&mut self) -> Result<(), Error> {
        let goal = Some(&self.goal).filter(|_| !self.committed.is_empty());
        let seen = look(self.connection, self.request, goal).await?;
        self.seen = Some(seen);
        self.ready = Ready::default();
        self.is_announced = false;
        self.arm().await
    }

    /// Finds out what there is to do now; `true` if it was looked for. Waits for whoever is at work, or
    /// settles what somebody has left.
    pub(crate) async fn make_ready(&mut self) -> Result<bool, Error> {
        let Some(mut seen) = self.seen.take() else { return Ok(false) };
        loop {
            let doubt = match seen {
                Look::Ready(ready) => {
                    ready.check_code()?;
                    self.ready = ready;
                    return Ok(true);
                }
                Look::Busy(doubt) => doubt,
            };
            if self.connection.has_lock() {
                // What was seen before the lock was taken may be over.
                if !self.connection.is_stale().await? {
                    self.settle(doubt).await?;
                }
            } else if self.connection.is_leased() {
                if !self.connection.is_stale().await? {
                    return Err(doubt.left_behind());
                }
            } else if !self.wait.pause(None).await {
                self.request.options.check_interrupt()?;
                return Err(doubt.error);
            }
            self.look_again().await?;
            let Some(next) = self.seen.take() else { return Ok(true) };
            seen = next;
        }
    }

    /// Opens a transaction for what comes first. `true` if the database had to be looked at again: then
    /// something else may come first now.
    pub(crate) async fn begin(&mut self) -> Result<bool, Error> {
        let foreign_keys = self.ready.foreign_keys().unwrap_or_default();
        self.connection.begin(foreign_keys, self.request.options).await?;
        let is_stale = self.connection.is_stale().await?;
        if is_stale {
            self.look_again().await?;
        }
        Ok(is_stale)
    }

    /// Takes in what was seen in the open transaction; `false` if there is somebody to wait for.
    pub(crate) fn take_look(&mut self) -> Result<bool, Error> {
        match self.seen.take() {
            None => Ok(true),
            Some(Look::Ready(ready)) => {
                ready.check_code()?;
                self.ready = ready;
                Ok(true)
            }
            busy @ Some(Look::Busy(_)) => {
                self.seen = busy;
                Ok(false)
            }
        }
    }

    pub(crate) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// What was told so far, apart from what a look finds.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether there is something seen that was not taken in yet.
    pub(crate) fn has_looked(&self) -> bool {
        self.seen.is_some()
    }

    /// Notes that what an earlier run had prepared is committed or undone: what was seen before is over.
    pub(crate) fn settled(&mut self, is_commit: bool) {
        self.has_settled |= is_commit;
        self.seen = None;
    }

    /// Tells what will run, as soon as that is certain, and again if another migrator has made other
    /// revisions necessary.
    pub(crate) fn announce(&mut self, is_two_phase: bool) {
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
            let (direction, warnings) = (self.request.direction, &self.ready.warnings);
            let name = self.connection.name();
            let plan = run_plan(direction, jobs, warnings, name, is_two_phase);
            observer.event(&Event::RunStarted { plan: &plan });
        }
    }

    /// Takes the steps of the first part out of what there is to do.
    pub(crate) fn take_part(&mut self) -> Vec<Job<'a>> {
        let number = self.ready.jobs.front().map(|job| job.part);
        let mut jobs = Vec::new();
        while let Some(job) = self.ready.jobs.pop_front_if(|job| Some(job.part) == number) {
            jobs.push(job);
        }
        jobs
    }

    /// Puts them back, since they were undone, and forgets what was finished of them.
    pub(crate) fn put_back(&mut self, jobs: Vec<Job<'a>>) {
        self.finished.truncate(self.committed.len());
        for job in jobs.into_iter().rev() {
            self.ready.jobs.push_front(job);
        }
    }

    /// Runs a part that no transaction holds; the open one only marks its beginning.
    pub(crate) async fn alone(&mut self, job: Job<'a>) -> Result<(), Error> {
        self.announced.pop_front();
        let first = self.finished.len();
        if !self.ready.has_table {
            self.connection.create_tracking(self.request.settings).await?;
        }
        self.is_in_doubt = true;
        // It may be committed and an error all the same.
        let result = match job.code() {
            Err(error) => Err(error),
            Ok(None) => self.statement_by_statement(&job, first).instrument(span(&job)).await,
            Ok(Some(step)) => self.rust_alone(&job, step, first).instrument(span(&job)).await,
        };
        self.heard(&result);
        self.ready.has_table = true;
        if self.committed.len() > first {
            self.tell_committed(first);
        }
        result
    }

    /// Runs steps in the open transaction, and commits them if that is to be the ending.
    pub(crate) async fn attempt(&mut self, jobs: &[Job<'a>], ending: Ending) -> Result<(), Error> {
        self.is_in_doubt = ending == Ending::Commit;
        let result = self.steps(jobs, ending).await;
        self.heard(&result);
        result
    }

    /// Commits the open transaction, or what is prepared of it.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        self.is_in_doubt = true;
        let result = self.connection.commit(self.request.options).await;
        self.heard(&result);
        result
    }

    /// An answer has come; it may be that nobody knows.
    fn heard(&mut self, result: &Result<(), Error>) {
        let state = result.as_ref().err().and_then(Error::state);
        self.is_in_doubt = matches!(state, Some(DatabaseState::Uncertain { .. }));
    }

    async fn steps(&mut self, jobs: &[Job<'a>], ending: Ending) -> Result<(), Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        if !self.ready.has_table {
            self.connection.create_tracking(settings).await?;
        }
        let tracking = self.connection.tracking(settings).await?;
        let first = self.finished.len();
        for (index, job) in jobs.iter().enumerate() {
            let ending = if index + 1 == jobs.len() { ending } else { Ending::Open };
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
                let unit = Unit { job, tracking: &tracking, record, ending, begun, started };
                let result = self.connection.apply(&unit).await;
                let duration = result.map_err(|failed| Self::failed(job, failed))?;
                self.revision_finished(job, duration);
                Ok::<_, Error>(())
            }
            .instrument(span)
            .await?;
        }
        match ending {
            Ending::Commit => self.connection.commit(options).await,
            Ending::Open | Ending::Hold => Ok(()),
        }
    }

    /// Notes that the steps are permanent.
    pub(crate) fn committed(&mut self, jobs: Vec<Job<'a>>) {
        let first = self.committed.len();
        self.announced.drain(..jobs.len());
        self.committed.extend(jobs.into_iter().map(|job| job.id));
        self.ready.has_table = true;
        self.tell_committed(first);
    }

    fn tell_committed(&self, first: usize) {
        if let Some(observer) = &self.request.options.observer {
            observer.event(&Event::Committed { revisions: &self.committed[first..] });
        }
    }

    /// Takes back what a rollback does not: the settings that steps have changed.
    pub(crate) async fn tidy_after(&mut self, jobs: &[Job<'a>]) -> Result<(), Error> {
        if jobs.iter().any(|job| job.changes_session) {
            self.connection.tidy().await?;
        }
        Ok(())
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

    /// Of what this run is about, that which is not committed here, and is there.
    pub(crate) fn is_behind(&self, other: &Self) -> Vec<RevisionId> {
        let is_ahead = |id: &&RevisionId| self.goal.contains(*id) && !self.committed.contains(*id);
        other.committed.iter().filter(is_ahead).cloned().collect()
    }

    /// What is permanent of the run, when all that is open is undone.
    pub(crate) fn database_state(&self) -> DatabaseState {
        if let Some(transaction) = self.connection.prepared_name() {
            DatabaseState::Prepared {
                revisions: self.committed.clone(),
                transaction: transaction.to_owned(),
            }
        } else if self.is_in_doubt {
            DatabaseState::Uncertain { revisions: self.committed.clone() }
        } else if self.committed.is_empty() && self.partly.is_none() && !self.has_settled {
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
