//! Running revisions on `MySQL` and `MariaDB`.

use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;

use super::error::{explain, message, near};
use super::guard::{Connection, Transaction};
use super::lock::LOCKING;
use crate::dialect::Dialect;
use crate::runtime::connection::{Failed, Unit, not_one_row};
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::job::{Job, OUTER_SAVEPOINT};
use crate::runtime::options::Options;
use crate::script::Version;
use crate::sql;

impl Connection<'_> {
    /// Runs a revision and records it, in the open transaction.
    pub(crate) async fn apply(&mut self, unit: &Unit<'_>) -> Result<Duration, Failed> {
        let job = unit.job;
        let begun = unit.begun.unwrap_or_else(Instant::now);
        for index in 0..job.statements.len() {
            (unit.started)(index);
            let sql = job.statement(index);
            self.note_temporary(sql);
            if let Err(error) = self.run(AssertSqlSafe(sql)).await {
                return Err(Failed { statement: Some(index), ..self.statement_failed(error, sql) });
            }
        }
        if job.changes_session || self.is_changed {
            self.tidy().await?;
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

    pub(crate) async fn prepare_alone(&mut self, job: &Job<'_>) -> Result<(), Error> {
        if job.foreign_keys { self.enforce_foreign_keys().await } else { Ok(()) }
    }

    /// Runs one statement, in the open transaction if there is one.
    pub(crate) async fn execute_alone(&mut self, sql: &str, _: &Options) -> Result<(), Failed> {
        // A lock on the row would outlast the statement in a transaction that is only beginning.
        let is_open = self.transaction == Transaction::Open;
        let proven = self.prove(if is_open { "" } else { LOCKING }).await;
        proven.map_err(|error| self.explained(error, "see that the lock is held"))?;
        if self.transaction == Transaction::No && !sql::defines(Dialect::Mysql, sql) {
            self.transaction = Transaction::Maybe;
        }
        self.note_temporary(sql);
        let result = self.run(AssertSqlSafe(sql)).await;
        result.map_err(|error| self.statement_failed(error, sql))
    }

    pub(crate) async fn examine(&mut self, _: &Job<'_>) -> Result<Option<Error>, Error> {
        Ok(None)
    }

    /// Sets a savepoint in the open transaction, which goes with the first statement that commits.
    pub(crate) async fn open_guard(&mut self) -> Result<(), Error> {
        let result = self.run(OUTER_SAVEPOINT).await;
        result.map_err(|error| self.explained(error, "guard the revision's transaction"))
    }

    /// What runs next may begin a transaction and leave it open.
    pub(crate) fn may_have_left_transaction(&mut self) {
        self.transaction = Transaction::Maybe;
    }

    /// The error of a statement.
    pub(crate) fn statement_failed(&self, error: sqlx::Error, sql: &str) -> Failed {
        let says = message(&error);
        let inside = near(&says, sql).unwrap_or(0);
        let error = explain(error, self.name(), "run the statement", ErrorKind::Statement)
            .with_message(says);
        Failed { statement: Some(0), inside, error }
    }

    /// Remembers a temporary table, which no list of the server shows.
    ///
    /// One that the caller's connection may have had before is not ours to drop.
    pub(crate) fn note_temporary(&mut self, sql: &str) {
        let mut names = temporary_tables(sql);
        if self.is_lent() {
            names.retain(|made| made.is_new);
        }
        self.temporary.extend(names.into_iter().map(|made| made.name));
    }

    /// `version()`.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        let text = self.text("SELECT CAST(version() AS CHAR)").await;
        let text = text.map_err(|error| self.explained(error, "read the version of the server"))?;
        let text = text.unwrap_or_default();
        version(&text).ok_or_else(|| {
            Error::new(ErrorKind::Requirement, format!("the server calls its version `{text}`"))
        })
    }

    /// It has plugins, which no revision can ask for.
    pub(crate) async fn has_extension(&mut self, _: &str) -> Result<bool, Error> {
        Ok(false)
    }
}

/// The numbers of `10.11.19-MariaDB-log`; old clients were told `5.5.5-10.11.19-MariaDB`.
fn version(text: &str) -> Option<Version> {
    let text = match text.strip_prefix("5.5.5-") {
        Some(rest) if rest.contains("MariaDB") => rest,
        _ => text,
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    Version::parse(text[..end].trim_end_matches('.'))
}

struct Temporary {
    /// As it is written, with its database.
    name: String,
    /// Whether the statement fails if it is there already.
    is_new: bool,
}

/// Whether a statement may make a temporary table.
pub(crate) fn may_be_temporary(statement: &str) -> bool {
    let mut windows = statement.as_bytes().windows("temporary".len());
    windows.any(|window| window.eq_ignore_ascii_case(b"temporary"))
}

/// The temporary tables that a statement makes.
fn temporary_tables(statement: &str) -> Vec<Temporary> {
    if !may_be_temporary(statement) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in sql::split(Dialect::Mysql, statement).statements {
        let tokens: Vec<&str> =
            sql::tokens(Dialect::Mysql, part.text).map(|token| token.text).collect();
        let mut at = 0;
        let mut eat = |words: &[&str]| {
            let fits = words.iter().enumerate().all(|(offset, word)| {
                tokens.get(at + offset).is_some_and(|token| token.eq_ignore_ascii_case(word))
            });
            at += if fits { words.len() } else { 0 };
            fits
        };
        if !eat(&["create"]) {
            continue;
        }
        let replaces = eat(&["or", "replace"]);
        if !eat(&["temporary", "table"]) {
            continue;
        }
        let is_new = !eat(&["if", "not", "exists"]) && !replaces;
        let mut name = tokens.get(at).copied().unwrap_or_default().to_owned();
        if tokens.get(at + 1) == Some(&".")
            && let Some(table) = tokens.get(at + 2)
        {
            name = format!("{name}.{table}");
        }
        found.push(Temporary { name, is_new });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_all_their_forms() {
        for (text, is) in [
            ("10.11.19-MariaDB-0+deb12u1", "10.11.19"),
            ("5.5.5-10.6.4-MariaDB", "10.6.4"),
            ("8.4.3", "8.4.3"),
        ] {
            assert_eq!(version(text).unwrap().to_string(), is);
        }
        assert!(version("MariaDB").is_none());
    }

    #[test]
    fn temporary_tables_are_known_by_name() {
        let names = |sql: &str| -> Vec<(String, bool)> {
            temporary_tables(sql).into_iter().map(|made| (made.name, made.is_new)).collect()
        };
        assert_eq!(names("create temporary table a (x int)"), [("a".into(), true)]);
        assert_eq!(
            names("CREATE OR REPLACE TEMPORARY TABLE IF NOT EXISTS `d`.`a b` (x int)"),
            [("`d`.`a b`".into(), false)]
        );
        assert!(names("CREATE TABLE temporary (x int)").is_empty());
    }
}
