//! Rows that refer to nothing.
//!
//! Foreign keys are off while revisions run, so that a table can be rebuilt; in exchange everything
//! is checked before the first revision and after each one, and what a revision adds is an error.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Executor, Row as _, SqlSafeStr};

use super::error::{is_mismatch, message};
use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::job::Job;
use crate::runtime::tracking::quoted;

/// A row of a table that refers to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Violation {
    table: String,
    /// `None` in a table without row ids.
    row: Option<i64>,
    parent: String,
}

/// How often each violation is there.
pub(super) type Violations = HashMap<Violation, usize>;

impl Connection<'_> {
    /// Finds what was wrong before the next revision, if that is not known.
    pub(super) async fn find_older_violations(&mut self) -> Result<(), Error> {
        if self.baseline.is_some() {
            return Ok(());
        }
        let violations = self.check_foreign_keys().await?;
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

    /// The error if the revision leaves more rows that refer to nothing than it found.
    pub(crate) async fn examine(&mut self, job: &Job<'_>) -> Result<Option<Error>, Error> {
        let now = counted(self.check_foreign_keys().await?);
        let Some(before) = self.baseline.take() else {
            // Nothing has run since.
            self.baseline = Some(now);
            return Ok(None);
        };
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

    /// `PRAGMA foreign_key_check`.
    ///
    /// It looks up every row of every table that has foreign keys, so it costs what the largest
    /// such tables cost to read; tables without foreign keys cost nothing.
    ///
    /// A key that refers to no unique columns makes the whole check fail, though `SQLite` lets
    /// people declare it; then the other tables are checked one by one.
    async fn check_foreign_keys(&mut self) -> Result<Vec<Violation>, Error> {
        let doing = "check the foreign keys";
        match self.violations("PRAGMA foreign_key_check").await {
            Ok(violations) => return Ok(violations),
            Err(error) if is_mismatch(&error) => {}
            Err(error) => return Err(self.explained(error, doing)),
        }
        let mut all = Vec::new();
        let tables = self.tables().await.map_err(|error| self.explained(error, doing))?;
        for (schema, table) in tables {
            let (schema, table) =
                (quoted(Dialect::Sqlite, &schema), quoted(Dialect::Sqlite, &table));
            let sql = format!("PRAGMA {schema}.foreign_key_check({table})");
            match self.violations(AssertSqlSafe(sql)).await {
                Ok(mut violations) => all.append(&mut violations),
                Err(error) if is_mismatch(&error) => self.warn_unchecked(&message(&error)),
                Err(error) => return Err(self.explained(error, doing)),
            }
        }
        Ok(all)
    }

    /// A table with such a key is of use while foreign keys are off, so it is no error.
    fn warn_unchecked(&mut self, reason: &str) {
        let text = format!("the foreign keys of a table cannot be checked: {reason}");
        if self.unchecked.insert(text.clone()) {
            self.warnings.push(text);
        }
    }

    async fn violations(&mut self, sql: impl SqlSafeStr) -> Result<Vec<Violation>, sqlx::Error> {
        let mut rows = self.raw().fetch(sqlx::raw_sql(sql.into_sql_str()));
        let mut violations = Vec::new();
        while let Some(row) = rows.try_next().await? {
            violations.push(Violation {
                table: row.try_get(0)?,
                row: row.try_get(1)?,
                parent: row.try_get(2)?,
            });
        }
        Ok(violations)
    }

    async fn tables(&mut self) -> Result<Vec<(String, String)>, sqlx::Error> {
        let sql = "SELECT schema, name FROM pragma_table_list WHERE type = 'table'";
        let rows = self.raw().fetch_all(sqlx::raw_sql(sql)).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

fn counted(violations: Vec<Violation>) -> Violations {
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
