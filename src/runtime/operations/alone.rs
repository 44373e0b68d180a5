//! Revisions in Rust that no transaction can hold: those with `transaction: none`, and all of them where
//! the database commits definitions by itself.
//!
//! The row says *applying*, or *reverting*, with something started, before the revision is begun, and its
//! final form after it. If the run does not come that far, nobody knows how far the
//! revision came, and a person decides; whether it failed or was killed is recorded. The one exception: on `MySQL` it runs in a transaction all the
//! same, and if that is still the same afterwards, no statement has committed anything.

use std::time::Instant;

use super::guard::RETURN;
use super::revision::Step;
use crate::chain::{Direction, RevisionId};
use crate::runtime::error::Error;
use crate::runtime::job::{Job, RELEASE_OUTER_SAVEPOINT};
use crate::runtime::report::StepTransaction;
use crate::runtime::run::{Run, millis};
use crate::runtime::state::{Progress, RowStatus};
use crate::runtime::tracking::{Change, Standing};

impl<'a> Run<'_, 'a, '_> {
    /// Runs a revision; the open transaction only marks its beginning.
    pub(crate) async fn rust_alone(
        &mut self,
        job: &Job<'a>,
        step: Step,
        index: usize,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let options = self.request.options;
        self.revision_started(job, index);
        let before = self.mark_rust(job).await?;
        self.connection.commit(options).await?;
        self.ready.has_table = true;
        self.partly = Some(job.id.clone());
        let has_guard = job.transaction == StepTransaction::StatementByStatement;
        if has_guard {
            self.connection.begin(job.foreign_keys, options).await?;
            self.connection.open_guard().await?;
        } else {
            self.connection.prepare_alone(job).await?;
            self.connection.may_have_left_transaction();
        }
        if let Err(error) = self.connection.operate(job, step, options, has_guard).await {
            let had_no_effect = has_guard && self.connection.say(RETURN).await.is_ok();
            return Err(self.rust_failed(job, error, had_no_effect.then_some(before)).await);
        }
        let recorded = self.record_rust(job, begun, has_guard).await;
        recorded.map_err(|error| {
            let says = error.message().to_owned();
            let message =
                format!("revision `{}` is done, but that could not be recorded: {says}", job.id);
            let error = error.with_message(message).revision_named(&job.id, job.path);
            to_repair(error, &job.id)
        })
    }

    async fn record_rust(
        &mut self,
        job: &Job<'a>,
        begun: Instant,
        has_guard: bool,
    ) -> Result<(), Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        // Where the transaction is the same, the record is in it.
        let is_whole = has_guard && self.connection.say(RELEASE_OUTER_SAVEPOINT).await.is_ok();
        if !is_whole {
            if has_guard {
                self.connection.commit(options).await?;
            }
            self.connection.begin(false, options).await?;
        }
        let wrong = self.connection.examine(job).await?;
        let duration = begun.elapsed();
        self.connection.change(settings, &Change::Delete(&job.id), options).await?;
        if job.direction == Direction::Up {
            let mut record = job.record(self.request, &self.applied_by);
            record.duration_ms = millis(duration);
            self.connection.change(settings, &Change::Insert(&record), options).await?;
        }
        self.connection.commit(options).await?;
        self.connection.tidy().await?;
        self.revision_finished(job, duration);
        self.committed_alone(job);
        // What ran cannot be taken back, so it is recorded as what it is.
        wrong.map_or(Ok(()), Err)
    }

    /// Records that the revision is begun; returns what an undoing that begins here found.
    async fn mark_rust(&mut self, job: &Job<'a>) -> Result<Before, Error> {
        let (settings, options) = (self.request.settings, self.request.options);
        let id = &job.id;
        let checksum = Progress::new(self.request.variant.dialect).checksum();
        let started = Some(1);
        if let Direction::Down = job.direction {
            let found = self.standing(job).await?;
            let reverting = Standing {
                status: RowStatus::Reverting,
                statements_done: 0,
                statement_started: started,
                checksum,
                down_script: None,
            };
            let change = Change::Standing(id, &reverting);
            self.connection.change(settings, &change, options).await?;
            return Ok(Before::Row(found));
        }
        let mut record = job.record(self.request, &self.applied_by);
        record.status = RowStatus::Applying.name();
        record.statement_started = started;
        record.checksum = checksum;
        self.connection.change(settings, &Change::Insert(&record), options).await?;
        Ok(Before::Nothing)
    }

    /// What a failure leaves; `before` is what was recorded, if the revision had no effect at all.
    async fn rust_failed(&mut self, job: &Job<'a>, error: Error, before: Option<Before>) -> Error {
        let (settings, options) = (self.request.settings, self.request.options);
        let result = async {
            self.connection.rollback().await?;
            self.connection.tidy().await?;
            match before {
                None => {
                    // It is not running any more, which another migrator would otherwise wait for.
                    let checksum = Progress::new(self.request.variant.dialect).checksum();
                    let (revision, checksum) = (&job.id, checksum.as_str());
                    let change = Change::Progress { revision, done: 0, started: None, checksum };
                    self.connection.change(settings, &change, options).await?;
                    return Ok(false);
                }
                Some(Before::Nothing) => {
                    self.connection.change(settings, &Change::Delete(&job.id), options).await?;
                }
                Some(Before::Row(None)) => {}
                Some(Before::Row(Some(standing))) => {
                    let change = Change::Standing(&job.id, &standing);
                    self.connection.change(settings, &change, options).await?;
                }
            }
            Ok::<_, Error>(true)
        }
        .await;
        if let Ok(true) = result {
            self.partly = None;
            return error.note("no statement of this revision had an effect");
        }
        let error = match result {
            Err(other) => {
                error.note(format!("that it failed could not be recorded: {}", other.message()))
            }
            Ok(_) => error,
        };
        let note = "it ran outside a transaction, so how far it came is not known";
        to_repair(error.note(note), &job.id)
    }
}

/// What was recorded before a revision was begun.
enum Before {
    Nothing,
    Row(Option<Standing>),
}

/// Names the ways out of a revision that nobody knows about.
pub(crate) fn to_repair(error: Error, id: &RevisionId) -> Error {
    error
        .help(format!(
            "look at the database; if the revision is done, or you have finished it by hand: \
             `repair {id} --applied`"
        ))
        .help(format!(
            "if it is not, or you have undone by hand what it did: `repair {id} --not-applied`"
        ))
}
