//! Revisions that run statement by statement, with recorded progress: those with `transaction: none`,
//! and those with statements that the database commits by itself.
//!
//! Before a statement runs, the row says that it is *started*, and only after it that it is *done*:
//! so a row that says *started* means that someone runs the statement right now or was killed
//! while doing so, and no other migrator touches the database until that is known. The last
//! statement's *done* is the row's final form, in one transaction.
//!
//! A statement that a rollback takes back needs no such mark: it runs in one transaction with the
//! record that it is done, so a row that says neither says that it had no effect.

use std::time::Instant;

use super::connection::Failed;
use super::error::{Error, ErrorKind};
use super::job::Job;
use super::report::StepTransaction;
use super::run::{Run, millis, statement_started};
use super::state::Progress;
use super::tracking::{Change, Standing};
use crate::chain::Direction;
use crate::sql;

impl<'a> Run<'_, 'a, '_> {
    /// Runs a revision outside a transaction; the open one only marks its beginning.
    pub(crate) async fn statement_by_statement(
        &mut self,
        job: &Job<'a>,
        index: usize,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let (settings, options) = (self.request.settings, self.request.options);
        let dialect = self.request.variant.dialect;
        let id = &job.id;
        let count = job.statements.len();
        let done = job.resume.unwrap_or(0);
        let mut progress = Progress::of(dialect, (0..done).map(|index| job.statement(index)));
        self.revision_started(job, index);
        if done < count {
            let mut before = self.mark(job, done, &progress).await?;
            self.connection.commit(options).await?;
            self.ready.has_table = true;
            self.partly = Some(job.id.clone());
            self.connection.prepare_alone(job).await?;
            if let Err(error) = self.set_session_again(job, done).await {
                return Err(self.failed_alone(job, done, error, before.take()).await);
            }
            for statement in done..count {
                if let Err(error) = options.check_interrupt() {
                    return Err(self.failed_alone(job, statement, error, before.take()).await);
                }
                self.clear_way(job, statement).await?;
                statement_started(options.observer.as_deref(), job, statement);
                if let Err(error) = self.statement(job, statement).await {
                    return Err(self.failed_alone(job, statement, error, before.take()).await);
                }
                progress.finished(job.statement(statement));
                if statement + 1 < count
                    && let Err(error) = self.finished(job, statement + 1, &progress).await
                {
                    return Err(self.unrecorded(job, statement, error, before.take()).await);
                }
            }
            if job.changes_session
                && let Err(error) = self.connection.tidy().await
            {
                return Err(self.unrecorded(job, count - 1, error, before.take()).await);
            }
            if job.is_started_alone(dialect, count - 1)
                && let Err(error) = self.connection.begin(false, options).await
            {
                return Err(self.unrecorded(job, count - 1, error, before.take()).await);
            }
        }
        let wrong = self.connection.examine(job).await?;
        let duration = begun.elapsed();
        // With nothing to run there may be no row yet.
        if job.direction == Direction::Down || done < count || job.resume.is_some() {
            self.connection.change(settings, &Change::Delete(id), options).await?;
        }
        if job.direction == Direction::Up {
            let mut record = job.record(self.request, &self.applied_by);
            record.duration_ms = millis(duration);
            self.connection.change(settings, &Change::Insert(&record), options).await?;
        }
        self.connection.commit(options).await?;
        self.ready.has_table = true;
        self.revision_finished(job, duration);
        self.committed_alone(job);
        // What ran cannot be taken back, so it is recorded as what it is: applied.
        wrong.map_or(Ok(()), Err)
    }

    /// Runs the finished statements again that only set the session: an earlier one had them.
    async fn set_session_again(&mut self, job: &Job<'a>, done: usize) -> Result<(), Error> {
        let dialect = self.request.variant.dialect;
        for statement in 0..done {
            let sql = job.statement(statement);
            if sql::sets_session(dialect, sql) {
                let result = self.connection.execute_alone(sql, self.request.options).await;
                result.map_err(|failed| {
                    Self::failed(job, Failed { statement: Some(statement), ..failed })
                })?;
            }
        }
        Ok(())
    }

    /// Runs one statement; in a transaction, which stays open, where a rollback takes it back.
    async fn statement(&mut self, job: &Job<'a>, statement: usize) -> Result<(), Error> {
        let options = self.request.options;
        let dialect = self.request.variant.dialect;
        let sql = job.statement(statement);
        let alone = job.is_started_alone(dialect, statement);
        let retries = job.transaction == StepTransaction::StatementByStatement
            && (!alone || sql::defines(dialect, sql));
        let at = |failed| Self::failed(job, Failed { statement: Some(statement), ..failed });
        let mut attempts = 0;
        loop {
            if !alone {
                self.begin_between(job, statement).await?;
            }
            let Err(failed) = self.connection.execute_alone(sql, options).await else {
                return match self.invalid_index(job, statement).await? {
                    Some(index) => Err(at(invalid_before(&index).into())),
                    None => Ok(()),
                };
            };
            let error = if failed.statement.is_none() && alone {
                not_begun(job, statement, failed.error)
            } else {
                at(failed)
            };
            attempts += 1;
            if !retries || error.kind() != ErrorKind::LockTimeout {
                return Err(error);
            }
            if !alone {
                self.connection.rollback().await?;
            }
            self.pause(error, attempts).await?;
        }
    }

    /// Begins the transaction of a statement.
    async fn begin_between(&mut self, job: &Job<'a>, statement: usize) -> Result<(), Error> {
        let begun = self.connection.begin(false, self.request.options).await;
        begun.map_err(|error| match statement.checked_sub(1) {
            // It is the one before that has left a transaction open.
            Some(last) if error.kind() == ErrorKind::Script => {
                Self::failed(job, Failed { statement: Some(last), inside: 0, error })
            }
            _ => error,
        })
    }

    /// Records that the first `done` statements are done.
    async fn finished(
        &mut self,
        job: &Job<'a>,
        done: usize,
        progress: &Progress,
    ) -> Result<(), Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        let dialect = self.request.variant.dialect;
        let checksum = progress.checksum();
        let change = Change::Progress {
            revision: &job.id,
            done,
            started: self.marked(job, done).await?,
            checksum: &checksum,
        };
        self.connection.change(settings, &change, options).await?;
        if job.is_started_alone(dialect, done - 1) {
            return Ok(());
        }
        self.connection.commit(options).await
    }

    /// What a row says of a statement before it runs: that it is started, or nothing.
    async fn marked(&mut self, job: &Job<'a>, statement: usize) -> Result<Option<usize>, Error> {
        if job.is_started_alone(self.request.variant.dialect, statement) {
            self.started(job, statement).await
        } else {
            Ok(None)
        }
    }

    /// Records that the statement after the first `done` ones is started; returns what an undoing
    /// that begins here found.
    async fn mark(
        &mut self,
        job: &Job<'a>,
        done: usize,
        progress: &Progress,
    ) -> Result<Option<Standing>, Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        let (id, checksum) = (&job.id, progress.checksum());
        match (job.direction, job.resume) {
            (Direction::Up, None) => {
                let started = self.marked(job, 0).await?;
                let record = job.record_of_beginning(self.request, &self.applied_by, started);
                self.connection.change(settings, &Change::Insert(&record), options).await?;
                Ok(None)
            }
            (Direction::Up, Some(_)) => {
                let change = Change::Progress {
                    revision: id,
                    done,
                    started: self.marked(job, done).await?,
                    checksum: &checksum,
                };
                self.connection.change(settings, &change, options).await?;
                Ok(None)
            }
            (Direction::Down, resume) => {
                let before = match resume {
                    None => self.standing(job).await?,
                    Some(_) => None,
                };
                let started = self.marked(job, done).await?;
                let reverting = job.standing_of_undoing(done, started, checksum);
                self.connection
                    .change(settings, &Change::Standing(id, &reverting), options)
                    .await?;
                Ok(before)
            }
        }
    }

    pub(crate) async fn standing(&mut self, job: &Job<'a>) -> Result<Option<Standing>, Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        let down_script = self.connection.down_script(settings, &job.id).await?;
        let state = self.connection.state(settings, options).await?;
        Ok(state.row(job.id.as_str()).map(|row| Standing {
            status: row.status,
            statements_done: row.statements_done,
            statement_started: row.statement_started,
            checksum: row.checksum.clone(),
            down_script,
        }))
    }

    /// Records that a statement failed, so that the next run begins with it; or that nothing has
    /// happened, if it is the first one.
    async fn failed_alone(
        &mut self,
        job: &Job<'a>,
        statement: usize,
        error: Error,
        before: Option<Standing>,
    ) -> Error {
        if error.kind() == ErrorKind::LockLost {
            // Another migrator may have gone on from what is recorded.
            return error;
        }
        let mut left = None;
        let recorded = async {
            let (settings, options) = (self.request.settings, self.request.options);
            // The revision may have opened a transaction, which took its progress back with it.
            self.connection.rollback().await?;
            if job.changes_session {
                self.connection.tidy().await?;
            }
            let state = self.connection.state(settings, options).await?;
            let row = state.row(job.id.as_str());
            let (done, checksum) =
                row.map_or((0, ""), |row| (row.statements_done, row.checksum.as_str()));
            left = self.invalid_index(job, statement).await?;
            if done == 0 && job.direction == Direction::Up && left.is_none() {
                self.connection.change(settings, &Change::Delete(&job.id), options).await?;
                self.partly = None;
                return Ok(0);
            }
            if let Some(before) = before.filter(|_| done == 0) {
                let change = Change::Standing(&job.id, &before);
                self.connection.change(settings, &change, options).await?;
                self.partly = None;
                return Ok(0);
            }
            let change = Change::Progress { revision: &job.id, done, started: None, checksum };
            self.connection.change(settings, &change, options).await?;
            Ok(done)
        }
        .await;
        let error = match left {
            Some(index) => error.note(format!(
                "it left the invalid index `{index}`, which nothing uses; the next run drops it first"
            )),
            None => error,
        };
        match recorded {
            Ok(0) => error.note("no statement of this revision had an effect"),
            Ok(1) => error.note("its first statement is done, and will not run again"),
            Ok(done) => {
                error.note(format!("its first {done} statements are done, and will not run again"))
            }
            Err(other) => {
                let other: Error = other;
                error.note(format!("that it failed could not be recorded: {}", other.message()))
            }
        }
    }

    /// The error if a statement has run, and its record could not be written.
    async fn unrecorded(
        &mut self,
        job: &Job<'a>,
        statement: usize,
        error: Error,
        before: Option<Standing>,
    ) -> Error {
        let leaves_open = error.kind() == ErrorKind::Script;
        if leaves_open || !job.is_started_alone(self.request.variant.dialect, statement) {
            // It is undone together with its record.
            let error = Self::failed(job, Failed { statement: Some(statement), inside: 0, error });
            let error = self.failed_alone(job, statement, error, before).await;
            return if leaves_open { error.help("end it with `COMMIT`") } else { error };
        }
        let says = error.message().to_owned();
        error
            .with_message(format!(
                "statement {} of revision `{}` is done, but that could not be recorded: {says}",
                statement + 1,
                job.id
            ))
            .revision_named(&job.id, job.path)
            .at(&job.text, job.statements[statement].start)
            .help("run again: it says how to record that the statement is done")
    }
}

/// `IF NOT EXISTS` is content with an index that nothing uses.
fn invalid_before(index: &str) -> Error {
    Error::new(
        ErrorKind::Statement,
        format!("the index `{index}` was there already, and is invalid: nothing uses it"),
    )
    .help("run again: what is invalid is dropped first")
}

/// The lock was lost between the record that the statement is started and the statement.
fn not_begun(job: &Job<'_>, statement: usize, error: Error) -> Error {
    let says = error.message().to_owned();
    let (number, id) = (statement + 1, &job.id);
    error
        .with_message(format!("statement {number} of revision `{id}` was not begun: {says}"))
        .revision_named(id, job.path)
        .at(&job.text, job.statements[statement].start)
        .note("it is recorded as started, and without the lock that may not be changed")
        .help(format!("record it with `repair {id} --statement not-done`, and run again"))
}
