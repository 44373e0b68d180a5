//! Reading and writing the tracking tables on `SQLite`.

use sqlx::{AssertSqlSafe, Executor, Row as _};

use super::error::{is_busy, is_no_table};
use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::error::Error;
use crate::runtime::fault;
use crate::runtime::tracking::{Cells, Tracking, quoted};

impl Connection<'_> {
    /// The schema of the tracking tables where the settings do not say it.
    pub(crate) async fn schema(&mut self) -> Result<Option<String>, Error> {
        Ok(Some(String::from("main")))
    }

    /// What else to read with the tracking table: here the file, for messages.
    pub(crate) fn place(&self, _: &Tracking) -> String {
        String::from("(SELECT file FROM pragma_database_list WHERE name = 'main')")
    }

    /// Takes in what was read; `false` if it shows that another table was read than was meant.
    pub(crate) fn is_at(&mut self, file: Option<String>) -> bool {
        self.name_if_unnamed(file);
        true
    }

    /// The file, whatever links lead to it.
    pub(crate) async fn identity(&mut self) -> Option<String> {
        let sql = "SELECT file FROM pragma_database_list WHERE name = 'main'";
        let cells = self.texts(sql).await.ok()?.into_iter().next()?;
        let file = cells.into_iter().next().flatten().filter(|file| !file.is_empty())?;
        let file = std::fs::canonicalize(&file).unwrap_or_else(|_| file.into());
        Some(file.to_string_lossy().into_owned())
    }

    pub(crate) fn is_no_table(&self, error: &sqlx::Error, table: &str) -> bool {
        is_no_table(error, table)
    }

    pub(crate) fn is_busy(&self, error: &sqlx::Error) -> bool {
        is_busy(error)
    }

    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<Cells>, sqlx::Error> {
        fault::statement();
        let rows = self.raw().fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        rows.iter()
            .map(|row| (0..row.len()).map(|column| row.try_get_unchecked(column)).collect())
            .collect()
    }

    pub(crate) async fn affect(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        fault::statement();
        let result = self.raw().execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        Ok(result.rows_affected())
    }

    /// Notes how the database is before the state is read.
    pub(crate) async fn watch(&mut self, tracking: &Tracking) -> Result<(), sqlx::Error> {
        // Of the tracking table's own schema: that of `main` says nothing about an attached database.
        let schema = quoted(Dialect::Sqlite, tracking.schema().unwrap_or("main"));
        let sql = format!("PRAGMA {schema}.data_version");
        self.watching = Some((self.number(AssertSqlSafe(sql.clone())).await?, sql));
        Ok(())
    }

    /// The state was read.
    pub(crate) fn watched(&mut self) {
        self.seen = self.watching.take();
    }

    /// Whether another connection has committed anything since the state was read.
    pub(crate) async fn is_stale(&mut self) -> Result<bool, Error> {
        let Some((seen, sql)) = self.seen.clone() else { return Ok(true) };
        let now = self.number(AssertSqlSafe(sql)).await;
        let now = now.map_err(|error| self.explained(error, "read the database"))?;
        let is_stale = seen != now;
        if is_stale {
            self.baseline = None;
        }
        Ok(is_stale)
    }

    /// Creates what is missing of the tracking tables.
    pub(crate) async fn create(&mut self, tracking: &Tracking) -> Result<(), Error> {
        for sql in tracking.create() {
            self.run(AssertSqlSafe(sql))
                .await
                .map_err(|error| self.explained(error, "create the tracking table"))?;
        }
        Ok(())
    }
}
