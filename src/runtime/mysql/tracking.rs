//! Reading and writing the tracking tables on `MySQL` and `MariaDB`.

use sqlx::{AssertSqlSafe, Executor, Row as _};

use super::error::is_no_table;
use super::guard::{Connection, Transaction, View};
use super::lock::LOCKING;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::fault;
use crate::runtime::tracking::{Cells, Tracking};

impl Connection<'_> {
    /// The database of the tracking tables where the settings do not say it: the current one.
    pub(crate) async fn schema(&mut self) -> Result<Option<String>, Error> {
        let database = self.text("SELECT DATABASE()").await;
        match database.map_err(|error| self.explained(error, "ask for the database"))? {
            Some(database) => Ok(Some(database)),
            None => Err(Error::new(ErrorKind::Url, "no database is selected")
                .on(self.name())
                .help("name the database in the URL: `mysql://USER@HOST/DATABASE`")),
        }
    }

    /// What else to read with the tracking table: here the name of the database, for messages.
    pub(crate) fn place(&self, _: &Tracking) -> String {
        String::from(
            "concat('mysql://', substring_index(user(), '@', 1), '@', @@hostname, ':', @@port, '/', \
             coalesce(database(), ''))",
        )
    }

    /// Takes in what was read; `false` if it shows that another table was read than was meant.
    pub(crate) fn is_at(&mut self, name: Option<String>) -> bool {
        self.name_if_unnamed(name);
        true
    }

    /// The server by its machine and its files there, whatever name led to it.
    pub(crate) async fn identity(&mut self) -> Option<String> {
        let sql = "SELECT concat_ws(' ', @@hostname, @@port, @@datadir, database())";
        self.text(sql).await.ok().flatten()
    }

    pub(crate) fn is_no_table(&self, error: &sqlx::Error, table: &str) -> bool {
        is_no_table(error, table)
    }

    /// Waiting is the server's own affair here, and what failed for a lock may have lost its transaction.
    pub(crate) fn is_busy(&self, _: &sqlx::Error) -> bool {
        false
    }

    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<Cells>, sqlx::Error> {
        fault::statement();
        let rows = self.raw().fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        rows.iter()
            .map(|row| (0..row.len()).map(|column| row.try_get_unchecked(column)).collect())
            .collect()
    }

    /// Changes rows; under a lease only while that holds.
    pub(crate) async fn affect(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        // The commit of a transaction proves it.
        if self.transaction != Transaction::Open {
            self.prove(LOCKING).await?;
        }
        fault::statement();
        let result = self.raw().execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        Ok(result.rows_affected())
    }

    /// Notes how the database is before the state is read.
    pub(crate) async fn watch(&mut self, _: &Tracking) -> Result<(), sqlx::Error> {
        let is_locked = self.has_lock() || self.fence.is_some();
        self.view = if is_locked { View::Reading } else { View::Stale };
        Ok(())
    }

    /// The state was read.
    pub(crate) fn watched(&mut self) {
        if self.view == View::Reading {
            self.view = View::Current;
        }
    }

    /// Creates what is missing of the tracking tables, and opens the transaction again that this ends.
    pub(crate) async fn create(&mut self, tracking: &Tracking) -> Result<(), Error> {
        for sql in tracking.create() {
            self.run(AssertSqlSafe(sql))
                .await
                .map_err(|error| self.explained(error, "create the tracking table"))?;
        }
        if self.transaction == Transaction::Open {
            self.start().await.map_err(|error| self.explained(error, "begin a transaction"))?;
        }
        Ok(())
    }
}
