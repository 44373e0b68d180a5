//! Running revisions on `PostgreSQL`.

use std::time::{Duration, Instant};

use super::error::{code, explain, is_disconnected, message, position};
use super::guard::Connection;
use super::message::{Message, Part};
use crate::runtime::connection::{Ending, Failed, Unit, not_one_row};
use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::job::{Job, OUTER_SAVEPOINT, RELEASE_OUTER_SAVEPOINT};
use crate::runtime::options::Options;
use crate::runtime::tracking::Change;
use crate::script::Version;

/// How long the statements before it have taken: a message has one `statement_timestamp`.
const DURATION: &str = "pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() \
     - pg_catalog.statement_timestamp()) * 1000)::bigint";

impl Connection<'_> {
    /// Runs a revision and records it, in one message; and commits in it, if that is its ending.
    pub(crate) async fn apply(&mut self, unit: &Unit<'_>) -> Result<Duration, Failed> {
        let job = unit.job;
        let mut sending = std::mem::take(&mut self.pending);
        let has_savepoint = job.has_savepoint();
        if has_savepoint {
            sending.push(Part::Ours("guard the revision's savepoints"), OUTER_SAVEPOINT);
        }
        let first = sending.len();
        for index in 0..job.statements.len() {
            sending.push(Part::Statement(index), job.statement(index));
        }
        if has_savepoint {
            sending.push(Part::Ours("guard the revision's savepoints"), RELEASE_OUTER_SAVEPOINT);
        }
        if job.changes_session {
            for statement in self.old_role() {
                sending.push(Part::Ours("set the role back"), &statement);
            }
        }
        let change = unit.change();
        let row = match &unit.record {
            Some(record) => match unit.begun {
                None => unit.tracking.insert(record, DURATION),
                Some(begun) => {
                    unit.tracking.insert(record, &begun.elapsed().as_millis().to_string())
                }
            },
            None => unit.tracking.change(&change),
        };
        sending.push(Part::Row(change.doing()), &row_proof(&change, &row));
        match unit.ending {
            Ending::Open => {}
            Ending::Commit => {
                if let Some(proof) = self.proof(true) {
                    sending.push(Part::Lock, &proof);
                }
                sending.push(Part::Commit, "COMMIT");
            }
            Ending::Hold => {
                // What would be found out at the commit, when other databases may be committed.
                sending.push(Part::Deferred, "SET CONSTRAINTS ALL IMMEDIATE");
                // Not with a lock on the row of a lease, which could not be renewed then.
                if let Some(proof) = self.proof(false) {
                    sending.push(Part::Lock, &proof);
                }
            }
        }
        self.may_have_changed |= job.changes_session;
        self.is_open = true;
        let begun = unit.begun.unwrap_or_else(Instant::now);
        let statements = job.statements.len();
        if statements > 0 && first == 0 {
            (unit.started)(0);
        }
        let (completed, result) = self
            .send(sending.sql(), |completed| {
                if let Some(next) = completed.checked_sub(first)
                    && next < statements
                {
                    (unit.started)(next);
                }
            })
            .await;
        let duration = begun.elapsed();
        match result {
            Err(error) => return Err(self.failed(job, &sending, completed, error, &change)),
            Ok(_) if completed != sending.len() => {
                return Err(self.swallowed(unit, completed, sending.len()));
            }
            Ok(_) => {}
        }
        if unit.ending == Ending::Commit {
            self.is_open = false;
        }
        // What it changed must not reach the next revision; and the server reads a whole message with
        // the settings that hold before it.
        if job.changes_session {
            self.tidy().await.map_err(|error| match unit.ending {
                // The revision is committed by now, and an error may not say otherwise.
                Ending::Commit => error.leaving(DatabaseState::Uncertain { revisions: Vec::new() }),
                Ending::Open | Ending::Hold => error,
            })?;
        }
        Ok(duration)
    }

    /// The error of the part that failed. The transaction, if it is still there, is left to be undone.
    fn failed(
        &mut self,
        job: &Job<'_>,
        sent: &Message,
        completed: usize,
        error: sqlx::Error,
        change: &Change<'_>,
    ) -> Failed {
        let (part, inside) = sent.place(completed, position(&error));
        let says = message(&error);
        let is_division = code(&error) == "22012";
        let other = |error| Failed { statement: None, inside: 0, error };
        match part {
            Part::Statement(index) if !is_disconnected(&error) => {
                let error = explain(error, self.name(), "run the statement", ErrorKind::Statement)
                    .with_message(says);
                Failed { statement: Some(index), inside, error }
            }
            Part::Statement(_) => other(self.explained(error, "run the revision")),
            Part::Lock if is_division => other(self.lock_lost()),
            Part::Row(_) if is_division => other(not_one_row(change, 0, self.name())),
            Part::Lock => other(self.explained(error, "see that the lock is held")),
            Part::Row(doing) | Part::Ours(doing) => other(self.explained(error, doing)),
            Part::Commit | Part::Deferred => {
                let what = if part == Part::Commit {
                    "commit the transaction"
                } else {
                    "check the constraints that wait for the commit"
                };
                // integrity_constraint_violation
                let is_violation = code(&error).starts_with("23");
                // Otherwise the server has undone it.
                self.is_open = part != Part::Commit || is_disconnected(&error);
                let mut error = explain(error, self.name(), what, ErrorKind::Statement);
                if matches!(sent.part(0), Some(Part::Ours(_))) {
                    // The transaction began with this revision, and holds no other.
                    error = error.revision_named(&job.id, job.path);
                }
                if is_violation {
                    error = error
                        .note("a constraint that is checked at the end of the transaction was violated")
                        .help("correct the rows in the revision itself, and run again");
                }
                other(error)
            }
        }
    }

    /// The server took the message apart in another way than we did.
    fn swallowed(&mut self, unit: &Unit<'_>, completed: usize, sent: usize) -> Failed {
        Error::new(
            ErrorKind::Script,
            format!(
                "the server ran {completed} statements of revision `{}`, and {sent} were sent",
                unit.job.id
            ),
        )
        .revision_named(&unit.job.id, unit.job.path)
        .on(self.name())
        .leaving(DatabaseState::Uncertain { revisions: Vec::new() })
        .help("look at its quotes and comments: the server reads one of them in another way")
        .into()
    }

    /// Commits what was not committed with its last revision.
    pub(crate) async fn commit(&mut self, _: &Options) -> Result<(), Error> {
        if let Some(committed) = self.commit_prepared().await {
            return committed;
        }
        if !self.pending.is_empty() {
            // A transaction that was never needed.
            self.pending = Message::default();
            return Ok(());
        }
        if !self.is_open {
            return Ok(());
        }
        let mut sending = Message::default();
        if let Some(proof) = self.proof(true) {
            sending.push(Part::Lock, &proof);
        }
        sending.push(Part::Commit, "COMMIT");
        let (completed, result) = self.send(sending.sql(), |_| {}).await;
        match result {
            Ok(_) => {
                self.is_open = false;
                Ok(())
            }
            Err(error)
                if matches!(sending.part(completed), Some(Part::Lock))
                    && code(&error) == "22012" =>
            {
                Err(self.lock_lost())
            }
            Err(error) => Err(self.explained(error, "commit the transaction")),
        }
    }

    /// Sends what waits for the next message, and this with it.
    pub(super) async fn with_pending(&mut self, part: Part, sql: &str) -> Result<u64, sqlx::Error> {
        let mut sending = std::mem::take(&mut self.pending);
        if !sending.is_empty() {
            self.is_open = true;
        }
        sending.push(part, sql);
        self.send(sending.sql(), |_| {}).await.1
    }

    pub(crate) async fn prepare_alone(&mut self, _: &Job<'_>) -> Result<(), Error> {
        for statement in self.preamble("") {
            let result = self.run(&statement).await;
            result.map_err(|error| self.explained(error, "set the session up"))?;
        }
        Ok(())
    }

    /// Runs one statement outside a transaction.
    pub(crate) async fn execute_alone(&mut self, sql: &str, _: &Options) -> Result<(), Failed> {
        self.prove().await?;
        // It may be `BEGIN`.
        self.is_open = true;
        let (_, result) = self.send(sql, |_| {}).await;
        result.map(|_| ()).map_err(|error| self.statement_failed(error, sql))
    }

    /// Sets a savepoint in the transaction, which begins with it if it has not begun yet.
    pub(crate) async fn open_guard(&mut self) -> Result<(), Error> {
        let doing = "guard the revision's transaction";
        let result = self.with_pending(Part::Ours(doing), OUTER_SAVEPOINT).await;
        result.map(|_| ()).map_err(|error| self.explained(error, doing))
    }

    /// What runs next may begin a transaction and leave it open.
    pub(crate) fn may_have_left_transaction(&mut self) {
        self.is_open = true;
    }

    /// The error of a statement that was sent by itself.
    pub(crate) fn statement_failed(&self, error: sqlx::Error, sql: &str) -> Failed {
        let says = message(&error);
        let inside = position(&error)
            .and_then(|position| sql.char_indices().nth(position))
            .map_or(0, |(offset, _)| offset);
        let error = explain(error, self.name(), "run the statement", ErrorKind::Statement)
            .with_message(says);
        Failed { statement: Some(0), inside, error }
    }

    pub(crate) async fn tidy(&mut self) -> Result<(), Error> {
        if self.is_own() {
            let result =
                self.run("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DISCARD TEMP").await;
            return result
                .map_err(|error| self.explained(error, "set the session back after a revision"));
        }
        let result = self.set_back().await;
        result.map_err(|error| self.explained(error, "set the connection back after a revision"))
    }

    /// The server checks its constraints itself.
    pub(crate) async fn examine(&mut self, _: &Job<'_>) -> Result<Option<Error>, Error> {
        Ok(None)
    }

    pub(crate) fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// `server_version`.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        let text = self.text("SHOW server_version").await;
        let text = text.map_err(|error| self.explained(error, "read the version of PostgreSQL"))?;
        let text = text.unwrap_or_default();
        let number = text.split_whitespace().next().unwrap_or_default();
        Version::parse(number).ok_or_else(|| {
            Error::new(ErrorKind::Requirement, format!("PostgreSQL calls its version `{text}`"))
        })
    }

    /// Whether an extension is installed, or could be created.
    pub(crate) async fn has_extension(&mut self, name: &str) -> Result<bool, Error> {
        let name = crate::runtime::tracking::literal(crate::Dialect::Postgres, name);
        let sql = format!(
            "SELECT name FROM pg_catalog.pg_available_extensions WHERE name = {name} \
             UNION ALL SELECT extname FROM pg_catalog.pg_extension WHERE extname = {name}"
        );
        let found = self.text(&sql).await;
        found
            .map(|found| found.is_some())
            .map_err(|error| self.explained(error, "read the extensions of the server"))
    }
}

/// The change as a statement that fails with a division by zero unless it changes one row.
fn row_proof(change: &Change<'_>, sql: &str) -> String {
    match change {
        // One row, or an error of its own.
        Change::Insert(_) => sql.to_owned(),
        _ => format!(
            "WITH changed AS ({sql} RETURNING 1) SELECT 1 / pg_catalog.count(*) FROM changed"
        ),
    }
}
