//! Running revisions on `SQLite`.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Executor, Row as _};

use super::error::{explain, is_about_file, is_busy, message, near};
use super::guard::Connection;
use crate::runtime::connection::{Failed, Unit, not_one_row};
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::job::{Job, OUTER_SAVEPOINT, RELEASE_OUTER_SAVEPOINT};
use crate::runtime::options::Options;
use crate::runtime::wait::Wait;
use crate::script::Version;

impl Connection<'_> {
    /// Runs a revision and records it, in the open transaction.
    pub(crate) async fn apply(&mut self, unit: &Unit<'_>) -> Result<Duration, Failed> {
        let job = unit.job;
        self.find_older_violations().await?;
        let begun = unit.begun.unwrap_or_else(Instant::now);
        // Otherwise a later revision could go back to it, and take this one's record away.
        let has_savepoint = job.has_savepoint();
        if has_savepoint {
            self.guarded(OUTER_SAVEPOINT).await?;
        }
        for index in 0..job.statements.len() {
            (unit.started)(index);
            let sql = job.statement(index);
            if let Err(error) = self.run(AssertSqlSafe(sql)).await {
                return Err(Failed { statement: Some(index), ..self.statement_failed(error, sql) });
            }
        }
        if has_savepoint {
            self.guarded(RELEASE_OUTER_SAVEPOINT).await?;
        }
        if job.changes_session {
            self.tidy().await?;
        }
        if let Some(error) = self.examine(job).await? {
            return Err(error.into());
        }
        let duration = begun.elapsed();
        let change = unit.change();
        let sql = match &unit.record {
            Some(record) => unit.tracking.insert(record, &duration.as_millis().to_string()),
            None => unit.tracking.change(&change),
        };
        match self.affect(&sql).await {
            Ok(1) => Ok(duration),
            Ok(rows) => Err(not_one_row(&change, rows, self.name()).into()),
            Err(error) => Err(self.explained(error, change.doing()).into()),
        }
    }

    async fn guarded(&mut self, sql: &'static str) -> Result<(), Failed> {
        let result = self.run(sql).await;
        result.map_err(|error| self.explained(error, "guard the revision's savepoints").into())
    }

    pub(crate) async fn prepare_alone(&mut self, job: &Job<'_>) -> Result<(), Error> {
        self.find_older_violations().await?;
        self.set_foreign_keys(job.foreign_keys).await
    }

    /// Runs one statement outside a transaction; waits while the database is locked.
    pub(crate) async fn execute_alone(
        &mut self,
        sql: &str,
        options: &Options,
    ) -> Result<(), Failed> {
        self.may_have_left_transaction();
        let mut wait = Wait::new(options);
        loop {
            match self.run(AssertSqlSafe(sql)).await {
                // A statement that finds the database locked had no effect.
                Err(error) if is_busy(&error) && wait.pause(None).await => {}
                result => return result.map_err(|error| self.statement_failed(error, sql)),
            }
        }
    }

    /// Prepares the open transaction for a revision in Rust, and sets a savepoint in it.
    pub(crate) async fn open_guard(&mut self) -> Result<(), Error> {
        self.find_older_violations().await?;
        let result = self.run(OUTER_SAVEPOINT).await;
        result.map_err(|error| self.explained(error, "guard the revision's transaction"))
    }

    /// The error of a statement.
    pub(crate) fn statement_failed(&self, error: sqlx::Error, sql: &str) -> Failed {
        let says = message(&error);
        let inside = near(&says, sql).unwrap_or(0);
        // Our own file is open by now, so these are about one that the statement names.
        let error = if is_about_file(&error) {
            Error::new(ErrorKind::Statement, says).on(self.name()).caused_by(error)
        } else {
            explain(error, self.name(), "run the statement", ErrorKind::Statement)
                .with_message(says)
        };
        Failed { statement: Some(0), inside, error }
    }

    /// `sqlite_version()`.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        let row = self.raw().fetch_one(sqlx::raw_sql("SELECT sqlite_version()")).await;
        let text: Result<String, sqlx::Error> = row.and_then(|row| row.try_get(0));
        let text = text.map_err(|error| self.explained(error, "read the version of SQLite"))?;
        Version::parse(&text).ok_or_else(|| {
            Error::new(ErrorKind::Requirement, format!("SQLite calls its version `{text}`"))
        })
    }

    /// `SQLite` has extensions of another kind, which no revision can ask for.
    pub(crate) async fn has_extension(&mut self, _: &str) -> Result<bool, Error> {
        Ok(false)
    }
}
