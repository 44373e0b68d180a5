//! What a run asks `SQLite` besides its tracking tables.

use futures_util::TryStreamExt;
use sqlx::{Executor, Row as _};

use super::guard::Connection;
use crate::runtime::connection::Violation;
use crate::runtime::error::{Error, ErrorKind};
use crate::script::Version;

impl Connection<'_> {
    /// `sqlite_version()`.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        let row = self.raw().fetch_one(sqlx::raw_sql("SELECT sqlite_version()")).await;
        let text: Result<String, sqlx::Error> = row.and_then(|row| row.try_get(0));
        let text = text.map_err(|error| self.explained(error, "read the version of SQLite"))?;
        Version::parse(&text).ok_or_else(|| {
            Error::new(ErrorKind::Requirement, format!("SQLite calls its version `{text}`"))
        })
    }

    /// `PRAGMA foreign_key_check`.
    ///
    /// It looks up every row of every table that has foreign keys, so it costs what the largest
    /// such tables cost to read; tables without foreign keys cost nothing.
    pub(crate) async fn violations(&mut self) -> Result<Vec<Violation>, Error> {
        let result = async {
            let mut rows = self.raw().fetch(sqlx::raw_sql("PRAGMA foreign_key_check"));
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
        .await;
        result.map_err(|error: sqlx::Error| self.explained(error, "check the foreign keys"))
    }
}
