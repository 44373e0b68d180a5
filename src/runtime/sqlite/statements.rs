//! What a run asks `SQLite` besides its tracking tables.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Executor, Row as _, SqlSafeStr};

use super::error::{is_mismatch, message};
use super::guard::Connection;
use super::tracking::quoted;
use crate::runtime::connection::{ForeignKeyCheck, Violation};
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
    ///
    /// A key that refers to no unique columns makes the whole check fail, though `SQLite` lets
    /// people declare it; then the other tables are checked one by one.
    pub(crate) async fn check_foreign_keys(&mut self) -> Result<ForeignKeyCheck, Error> {
        let doing = "check the foreign keys";
        match self.violations("PRAGMA foreign_key_check").await {
            Ok(violations) => return Ok(ForeignKeyCheck { violations, unchecked: Vec::new() }),
            Err(error) if is_mismatch(&error) => {}
            Err(error) => return Err(self.explained(error, doing)),
        }
        let mut check = ForeignKeyCheck::default();
        let tables = self.tables().await.map_err(|error| self.explained(error, doing))?;
        for (schema, table) in tables {
            let (schema, table) = (quoted(&schema), quoted(&table));
            let sql = format!("PRAGMA {schema}.foreign_key_check({table})");
            match self.violations(AssertSqlSafe(sql)).await {
                Ok(mut violations) => check.violations.append(&mut violations),
                Err(error) if is_mismatch(&error) => check.unchecked.push(message(&error)),
                Err(error) => return Err(self.explained(error, doing)),
            }
        }
        Ok(check)
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
