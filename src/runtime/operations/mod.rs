//! Revisions in Rust: what their authors call, and how they are run.
//!
//! [`Operations`] holds the connection of the run and nothing else of it: a revision can send what it
//! likes, and the run proves afterwards that its transaction is still the same (`guard`), or
//! records, where there is none, that it was begun before and that it is done after it (`alone`).
//!
//! All futures here are boxed and all work that is not generic is done in this crate, so that it is
//! not compiled again with every revision.

mod alone;
mod batches;
mod bulk;
mod failure;
mod guard;
mod query;
mod revision;
mod row;
mod text;
mod value;

use std::panic::Location;

use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, Executor};

use super::fault;
use super::observer::{Event, Observer};
use crate::chain::RevisionId;
use crate::diagnostic::Position;
use crate::dialect::Dialect;
use crate::sql::{self, HazardKind};

use failure::{Cause, Sent};
use row::Rows;

pub(crate) use alone::to_repair;
pub use batches::Batches;
pub use bulk::RowValues;
pub use failure::{Result, RevisionError};
pub use query::Query;
pub(crate) use revision::Step;
pub use revision::{Revision, RustRevision};
pub use row::{FromMysql, FromPostgres, FromSqlite, PortableRow};
pub use text::SqlText;
pub use value::Value;

/// What a revision in Rust can do with the database that is migrated.
///
/// All of it happens on the connection of the run, in its transaction if the revision has one. Do not
/// begin or end a transaction here; savepoints are allowed.
pub struct Operations<'c> {
    raw: Raw<'c>,
    surroundings: Surroundings<'c>,
    /// Statements that may have made temporary tables, which no list of the server shows.
    temporary: Vec<String>,
}

/// The connection of the run.
enum Raw<'c> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'c mut sqlx::SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(&'c mut sqlx::PgConnection),
    #[cfg(feature = "mysql")]
    Mysql(&'c mut sqlx::MySqlConnection),
    #[allow(dead_code, reason = "stands where no driver is compiled in")]
    Never(std::convert::Infallible, std::marker::PhantomData<&'c mut ()>),
}

/// What a revision runs in.
#[derive(Clone, Copy)]
struct Surroundings<'c> {
    dialect: Dialect,
    revision: &'c RevisionId,
    database: Option<&'c str>,
    observer: Option<&'c dyn Observer>,
    /// Whether a transaction of the run is open, which must not be ended.
    has_transaction: bool,
}

impl<'c> Operations<'c> {
    /// Runs SQL: one statement or several, without values in them.
    ///
    /// A text, or a file by [`include_sql!`](crate::include_sql). It is cut into its statements as a
    /// revision in SQL is, and an error says which of them failed.
    ///
    /// ```
    /// # use cargo_migrate::{Operations, Result};
    /// # async fn up(op: &mut Operations<'_>) -> Result<()> {
    /// op.execute("CREATE TABLE tag (name TEXT NOT NULL); INSERT INTO tag VALUES ('new')").await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn execute<'o>(&'o mut self, sql: impl Into<SqlText<'o>>) -> BoxFuture<'o, Result<()>> {
        let place = Location::caller();
        let sql = sql.into();
        Box::pin(async move {
            let split = sql::split(self.dialect(), &sql.text);
            if split.statements.is_empty() {
                return Err(RevisionError::refused("there is no statement in this text", place));
            }
            for statement in split.statements {
                let position = Position::of(&sql.text, statement.offset);
                if let Some(what) = self.refusal(&statement) {
                    let help = "give the revision `transaction: none`, or leave the statement out";
                    let help = Some(help.to_owned());
                    return Err(RevisionError::new(Cause::Refused(what, help), place));
                }
                let result = self.send(statement.text).await;
                result.map_err(|error| {
                    let file = sql.file.map(|file| (file, position));
                    let sql = statement.text.to_owned();
                    RevisionError::new(Cause::Statement(Sent { error, sql, file }), place)
                })?;
            }
            Ok(())
        })
    }

    /// One statement with values: a `?` for each, on every dialect.
    ///
    /// ```
    /// # use cargo_migrate::{Operations, Result};
    /// # async fn up(op: &mut Operations<'_>) -> Result<()> {
    /// let owners = op.query("SELECT id, name FROM owner WHERE age > ?").bind(17);
    /// for (id, name) in owners.fetch_all::<(i64, Option<String>)>().await? {
    ///     let insert = op.query("INSERT INTO adult (id, name) VALUES (?, ?)");
    ///     insert.bind(id).bind(name).execute().await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// Values are written into the statement as literals: what is compared with a text can be of any
    /// type that a quoted literal can be. `??` is the operator `?` of `PostgreSQL`.
    pub fn query<'o>(&'o mut self, sql: &str) -> Query<'o, 'c> {
        Query::new(self, sql)
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.surroundings.dialect
    }

    /// Which of the chain's named databases this is, where it has any.
    pub fn database(&self) -> Option<&str> {
        self.surroundings.database
    }

    /// Tells the observer how many rows are done. `batches` and `bulk_insert` do so by themselves.
    pub fn progress(&self, rows: u64) {
        if let Some(observer) = self.surroundings.observer {
            let revision = self.surroundings.revision;
            observer.event(&Event::Progress { revision, rows });
        }
    }

    /// The connection, if the database is an `SQLite` one, for whatever is not offered here.
    ///
    /// ```
    /// # use cargo_migrate::{Operations, Result};
    /// # async fn up(op: &mut Operations<'_>) -> Result<()> {
    /// if let Some(connection) = op.sqlite() {
    ///     sqlx::query("PRAGMA optimize").execute(connection).await?;
    /// }
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn sqlite(&mut self) -> Option<&mut sqlx::SqliteConnection> {
        if let Raw::Sqlite(connection) = &mut self.raw { Some(connection) } else { None }
    }

    /// The connection, if the database is a `PostgreSQL` one.
    #[cfg(feature = "postgres")]
    pub fn postgres(&mut self) -> Option<&mut sqlx::PgConnection> {
        if let Raw::Postgres(connection) = &mut self.raw { Some(connection) } else { None }
    }

    /// The connection, if the database is a `MySQL` or `MariaDB` one.
    #[cfg(feature = "mysql")]
    pub fn mysql(&mut self) -> Option<&mut sqlx::MySqlConnection> {
        if let Raw::Mysql(connection) = &mut self.raw { Some(connection) } else { None }
    }

    /// Why a statement must not be sent.
    fn refusal(&self, statement: &sql::Statement<'_>) -> Option<String> {
        let hazards = sql::hazards(self.dialect(), statement);
        hazards.iter().find_map(|hazard| match hazard.kind {
            HazardKind::TransactionControl if self.surroundings.has_transaction => {
                Some(String::from(
                    "a statement would begin or end a transaction inside the one that it runs in",
                ))
            }
            HazardKind::LocksTables => {
                Some(String::from("a statement would lock tables, and shut the tracking table out"))
            }
            _ => None,
        })
    }

    /// Sends a statement; returns how many rows it changed.
    async fn send(&mut self, sql: &str) -> std::result::Result<u64, sqlx::Error> {
        #[cfg(feature = "mysql")]
        if matches!(self.raw, Raw::Mysql(_)) && super::mysql::may_be_temporary(sql) {
            self.temporary.push(sql.to_owned());
        }
        self.raw.send(sql).await
    }

    /// Sends a query.
    async fn fetch(&mut self, sql: &str) -> std::result::Result<Rows, sqlx::Error> {
        self.raw.fetch(sql).await
    }
}

impl Raw<'_> {
    /// Sends a statement; returns how many rows it changed.
    async fn send(&mut self, sql: &str) -> std::result::Result<u64, sqlx::Error> {
        fault::statement();
        let sql = AssertSqlSafe(sql);
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Raw::Sqlite(connection) => {
                connection.execute(sqlx::raw_sql(sql)).await?.rows_affected()
            }
            #[cfg(feature = "postgres")]
            Raw::Postgres(connection) => {
                connection.execute(sqlx::raw_sql(sql)).await?.rows_affected()
            }
            #[cfg(feature = "mysql")]
            Raw::Mysql(connection) => connection.execute(sqlx::raw_sql(sql)).await?.rows_affected(),
            Raw::Never(never, _) => match *never {},
        })
    }

    /// Sends a query.
    async fn fetch(&mut self, sql: &str) -> std::result::Result<Rows, sqlx::Error> {
        fault::statement();
        let sql = AssertSqlSafe(sql);
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Raw::Sqlite(connection) => {
                Rows::Sqlite(connection.fetch_all(sqlx::raw_sql(sql)).await?)
            }
            #[cfg(feature = "postgres")]
            Raw::Postgres(connection) => {
                Rows::Postgres(connection.fetch_all(sqlx::raw_sql(sql)).await?)
            }
            #[cfg(feature = "mysql")]
            Raw::Mysql(connection) => Rows::Mysql(connection.fetch_all(sqlx::raw_sql(sql)).await?),
            Raw::Never(never, _) => match *never {},
        })
    }
}
