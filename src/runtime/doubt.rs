//! Statements outside a transaction whose fate is in doubt, and what the catalog says of them.
//!
//! A statement is recorded as *started* before it runs, unless what it would leave is in the catalog
//! already. So a statement that was started, and whose table, index or column is as it would be
//! afterwards, is done; and if it is not, the statement had no effect. Everything else only a person
//! can decide. Where the lock is one of the session, holding it proves that nobody is still running
//! the statement. A lease proves no such thing: its holder may have been paused for longer than the lease
//! while the server went on.

use super::connection::{Connection, Presence};
use super::error::{Error, ErrorKind};
use super::job::{Job, interrupted};
use super::operations::to_repair;
use super::run::Run;
use super::select::Request;
use super::state::{Progress, Row, RowStatus};
use super::tracking::Change;
use crate::chain::{Kind, Revision, RevisionId};
use crate::sql;

/// A statement that was started, and has neither finished nor failed as far as is recorded.
pub(crate) struct Doubt {
    revision: RevisionId,
    /// Its number, from one.
    started: usize,
    /// Its text, if that is known, and the catalog can be asked about it.
    sql: Option<String>,
    /// What proves the statements before it, and those with it.
    before: String,
    after: String,
    /// The error if nobody decides.
    pub(crate) error: Error,
}

impl Doubt {
    /// About the row of an unfinished revision with a started statement; `stored` is its down script.
    pub(crate) fn of(request: &Request<'_>, row: &Row, stored: Option<String>) -> Self {
        let revision = &row.id;
        let started = row.statement_started.unwrap_or_default();
        let mut error = Error::new(
            ErrorKind::Unfinished,
            format!(
                "statement {started} of revision `{revision}` was started, and has neither \
                 finished nor failed"
            ),
        )
        .revision_named(revision, request.chain.get(revision.as_str()).map(Revision::path))
        .note("either another migrator is running it right now, or one was killed meanwhile");
        let (mut text, mut after) = (None, String::new());
        if row.kind == Kind::Rust.name() {
            error = to_repair(
                error.with_message(format!(
                    "revision `{revision}`, written in Rust, was begun outside a transaction, and has \
                     neither finished nor failed"
                )),
                revision,
            );
        } else if let Ok(job) = interrupted(request, row, stored)
            && let Some(range) = started.checked_sub(1).and_then(|at| job.statements.get(at))
        {
            if row.status == RowStatus::Reverting {
                error = error.revision_named(revision, None);
            }
            error = error
                .at(&job.text, range.start)
                .help(format!(
                    "if no migrator runs, see whether it is done; if so, record that with \
                     `repair {revision} --statement done`"
                ))
                .help(format!(
                    "and if it is not done, with `repair {revision} --statement not-done`"
                ))
                .help("then run again: it goes on with the statement after it, or with it");
            let done = (0..started).map(|index| job.statement(index));
            after = Progress::of(request.variant.dialect, done).checksum();
            // The script may have said where its names are looked up, to a session that is gone.
            let dialect = request.variant.dialect;
            let is_here =
                !(0..started - 1).any(|index| sql::changes_place(dialect, job.statement(index)));
            text = is_here.then(|| job.statement(started - 1).to_owned());
        }
        let (revision, before) = (revision.clone(), row.checksum.clone());
        Self { revision, started, sql: text, before, after, error }
    }
}

impl Doubt {
    /// The error where the lock is a lease: whoever began the statement has lost its lease, and the
    /// catalog cannot say what a session that is still at work will do.
    pub(crate) fn left_behind(self) -> Error {
        self.error.note(
            "the lease of the runner that began it has run out or was given back, but the server \
                 may still be running it: see that no session does",
        )
    }
}

impl<'a> Run<'_, 'a, '_> {
    /// Lets the catalog decide, and records what it says; the error is that it cannot.
    ///
    /// Only while this session holds the lock.
    pub(crate) async fn settle(&mut self, doubt: Doubt) -> Result<(), Error> {
        let dialect = self.request.variant.dialect;
        let effect = doubt.sql.as_deref().and_then(|sql| sql::effect(dialect, sql));
        let Some(effect) = effect else { return Err(doubt.error) };
        let is_there = match self.connection.presence(&effect.object).await? {
            Presence::Present => true,
            // What is left of one that failed counts as nothing, and is dropped before the next try.
            Presence::Absent | Presence::Invalid => false,
        };
        let is_done = is_there == effect.is_there;
        let (done, checksum) = if is_done {
            (doubt.started, &doubt.after)
        } else {
            (doubt.started - 1, &doubt.before)
        };
        let change = Change::Progress { revision: &doubt.revision, done, started: None, checksum };
        let (settings, options) = (self.request.settings, self.request.options);
        self.connection.change(settings, &change, options).await?;
        self.warn(format!(
            "statement {} of revision `{}` was started by a run that did not come back: the catalog \
             says that it is {}",
            doubt.started,
            doubt.revision,
            if is_done { "done" } else { "not done" }
        ));
        Ok(())
    }

    /// The number to record as started before a statement runs: none if what it would leave is there
    /// already, since then the catalog could not tell whether it has run.
    pub(crate) async fn started(
        &mut self,
        job: &Job<'a>,
        statement: usize,
    ) -> Result<Option<usize>, Error> {
        let dialect = self.request.variant.dialect;
        if !job.is_started_alone(dialect, statement) {
            return Ok(None);
        }
        let effect = sql::effect(dialect, job.statement(statement));
        // Without a lock of the session the mark is what keeps others away.
        let Some(effect) = effect.filter(|_| self.connection.has_lock()) else {
            return Ok(Some(statement + 1));
        };
        let now = self.connection.presence(&effect.object).await?;
        let is_after = (now == Presence::Present) == effect.is_there;
        Ok((!is_after).then_some(statement + 1))
    }

    /// Drops what an earlier attempt at the statement left, where that is of no use to anyone.
    pub(crate) async fn clear_way(&mut self, job: &Job<'a>, statement: usize) -> Result<(), Error> {
        if job.resume != Some(statement) {
            return Ok(());
        }
        let effect = sql::effect(self.request.variant.dialect, job.statement(statement));
        let Some(effect) = effect.filter(|effect| effect.is_concurrent) else { return Ok(()) };
        if self.connection.presence(&effect.object).await? != Presence::Invalid {
            return Ok(());
        }
        let name = self.connection.drop_invalid(&effect.object).await?;
        self.warn(format!(
            "the invalid index {name}, which an earlier attempt at revision `{}` left, was dropped",
            job.id
        ));
        Ok(())
    }

    /// What a statement that failed, or that only seemed to succeed, has left.
    pub(crate) async fn invalid_index(
        &mut self,
        job: &Job<'a>,
        statement: usize,
    ) -> Result<Option<String>, Error> {
        let effect = sql::effect(self.request.variant.dialect, job.statement(statement));
        let Some(effect) = effect.filter(|effect| effect.is_concurrent) else { return Ok(None) };
        let is_invalid = self.connection.presence(&effect.object).await? == Presence::Invalid;
        Ok(match effect.object {
            sql::Object::Index { name, .. } if is_invalid => Some(name.join(".")),
            _ => None,
        })
    }
}

impl Connection<'_> {
    /// Whether an object is there.
    pub(crate) async fn presence(&mut self, object: &sql::Object) -> Result<Presence, Error> {
        let sql = self.presence_query(object);
        let rows = self.texts(&sql).await;
        let rows = rows.map_err(|error| self.explained(error, "look into the catalog"))?;
        let answer = rows.into_iter().next().and_then(|cells| cells.into_iter().next().flatten());
        Ok(match answer.as_deref() {
            None => Presence::Absent,
            Some("invalid") => Presence::Invalid,
            Some(_) => Presence::Present,
        })
    }
}
