//! Revisions with `transaction: none`: statement by statement, with recorded progress.
//!
//! Before a statement runs, the row says that it is *started*, and only after it that it is *done*:
//! so a row that says *started* means that someone runs the statement right now or was killed
//! while doing so, and no other migrator touches the database until that is known. The last
//! statement's *done* is the row's final form, in one transaction.

use std::time::Instant;

use super::connection::Standing;
use super::error::{Error, ErrorKind};
use super::job::Job;
use super::run::{Run, millis};
use super::state::{Progress, RowStatus};
use crate::chain::Direction;

impl<'a> Run<'_, 'a, '_> {
    /// Runs a revision outside a transaction; the open one only marks its beginning.
    pub(crate) async fn alone(&mut self, job: &Job<'a>, index: usize) -> Result<(), Error> {
        let begun = Instant::now();
        let (settings, options) = (self.request.settings, self.request.options);
        let dialect = self.request.variant.dialect;
        let id = job.id.as_str();
        let count = job.statements.len();
        let done = job.resume.unwrap_or(0);
        let mut progress = Progress::of(dialect, (0..done).map(|index| job.statement(index)));
        self.revision_started(job, index);
        if done < count {
            let before = self.mark(job, done, &progress).await?;
            self.connection.commit(options).await?;
            self.ready.has_table = true;
            self.partly = Some(job.id.clone());
            self.connection.set_foreign_keys(job.foreign_keys).await?;
            for statement in done..count {
                self.statement_started(job, statement);
                let sql = job.statement(statement);
                if let Err(error) = self.connection.execute_alone(sql, options).await {
                    return Err(self.failed_alone(job, statement, error, before).await);
                }
                progress.finished(sql);
                if statement + 1 < count {
                    let checksum = progress.checksum();
                    let started = Some(statement + 2);
                    self.connection
                        .progress(settings, options, id, statement + 1, started, &checksum)
                        .await
                        .map_err(|error| unrecorded(job, statement, error))?;
                }
            }
            if job.changes_connection() {
                let tidied = self.connection.tidy().await;
                tidied.map_err(|error| unrecorded(job, count - 1, error))?;
            }
            match self.connection.begin(false, options).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Script => {
                    let error = self.failed_alone(job, count - 1, error, before).await;
                    return Err(error.help("end it with `COMMIT`"));
                }
                Err(error) => return Err(unrecorded(job, count - 1, error)),
            }
        }
        let violations = self.added_violations(job).await?;
        let duration = begun.elapsed();
        // With nothing to run there may be no row yet.
        if job.direction == Direction::Down || done < count || job.resume.is_some() {
            self.connection.delete(settings, id).await?;
        }
        if job.direction == Direction::Up {
            let mut record = job.record(self.request, &self.applied_by);
            record.duration_ms = millis(duration);
            self.connection.insert(settings, &record).await?;
        }
        self.connection.commit(options).await?;
        self.ready.has_table = true;
        self.revision_finished(job, duration);
        self.committed_alone(job);
        // What ran cannot be taken back, so it is recorded as what it is: applied.
        violations.map_or(Ok(()), Err)
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
        let (id, checksum) = (job.id.as_str(), progress.checksum());
        match (job.direction, job.resume) {
            (Direction::Up, None) => {
                let mut record = job.record(self.request, &self.applied_by);
                record.status = RowStatus::Applying.name();
                record.statements_done = 0;
                record.statement_started = Some(1);
                record.checksum = checksum;
                self.connection.insert(settings, &record).await?;
                Ok(None)
            }
            (Direction::Up, Some(_)) => {
                self.connection
                    .progress(settings, options, id, done, Some(done + 1), &checksum)
                    .await?;
                Ok(None)
            }
            (Direction::Down, resume) => {
                let before = match resume {
                    None => self.standing(job).await?,
                    Some(_) => None,
                };
                let reverting = Standing {
                    status: RowStatus::Reverting,
                    statements_done: done,
                    statement_started: Some(done + 1),
                    checksum,
                    down_script: job.down_script.clone(),
                };
                self.connection.standing(settings, id, &reverting).await?;
                Ok(before)
            }
        }
    }

    async fn standing(&mut self, job: &Job<'a>) -> Result<Option<Standing>, Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        let down_script = self.connection.down_script(settings, job.id.as_str()).await?;
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
        let error = Self::failed(job, statement, error);
        let recorded = async {
            let (settings, options) = (self.request.settings, self.request.options);
            // The revision may have opened a transaction, which took its progress back with it.
            self.connection.rollback().await?;
            let state = self.connection.state(settings, options).await?;
            let row = state.row(job.id.as_str());
            let (done, checksum) =
                row.map_or((0, ""), |row| (row.statements_done, row.checksum.as_str()));
            if done == 0 && job.direction == Direction::Up {
                self.connection.delete(settings, job.id.as_str()).await?;
                self.partly = None;
                return Ok(0);
            }
            if let Some(before) = before.filter(|_| done == 0) {
                self.connection.standing(settings, job.id.as_str(), &before).await?;
                self.partly = None;
                return Ok(0);
            }
            self.connection
                .progress(settings, options, job.id.as_str(), done, None, checksum)
                .await?;
            Ok(done)
        }
        .await;
        match recorded {
            Ok(0) => error.note("no statement of this revision had an effect"),
            Ok(done) => {
                error.note(format!("its first {done} statements are done, and will not run again"))
            }
            Err(other) => {
                let other: Error = other;
                error.note(format!("that it failed could not be recorded: {}", other.message()))
            }
        }
    }
}

fn unrecorded(job: &Job<'_>, statement: usize, error: Error) -> Error {
    let says = error.message().to_owned();
    error
        .with_message(format!(
            "statement {} of revision `{}` is done, but that could not be recorded: {says}",
            statement + 1,
            job.id
        ))
        .revision_named(&job.id, job.path)
        .at(&job.text, job.statements[statement].start)
        .help("run again: it says how to record by hand that the statement is done")
}
