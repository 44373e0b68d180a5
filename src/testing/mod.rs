//! For the `cargo test` of an application: whether every *down* leads back, and migrated databases.
//!
//! The feature `testing` belongs into `[dev-dependencies]`, beside the dependency that is there:
//!
//! ```toml
//! [dev-dependencies]
//! cargo-migrate = { version = "0.1", default-features = false, features = ["testing"] }
//! ```
//!
//! # Does every down lead back?
//!
//! [`check`] goes up, down and up again, revision by revision, on a scratch database, and compares the schema
//! at each step. It names every revision whose *down* leaves something behind, or takes too much.
//!
//! ```no_run
//! # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
//! use cargo_migrate::testing;
//!
//! # fn a_test() {
//! // in a `#[test]`
//! testing::blocking::check(&app::MIGRATOR).unwrap();
//! # }
//!
//! # async fn an_async_test() {
//! // in a `#[tokio::test]`
//! testing::check_on(&app::MIGRATOR, "postgres://postgres@localhost/postgres").await.unwrap();
//! # }
//! ```
//!
//! What is compared is what the database itself says of its schema:
//!
//! * **`SQLite`**: columns, keys, unique constraints and foreign keys by its pragmas; `CHECK`, collations,
//!   generated columns and `AUTOINCREMENT` by the text of the table; indexes, views, triggers and virtual tables by
//!   their tokens.
//! * **`PostgreSQL`**: by its catalogs, in every schema: tables, columns, defaults, identity, constraints,
//!   indexes, views, sequences, functions, triggers, rules, policies, statistics, types, extensions, comments, event
//!   triggers, and grants on tables, views and sequences. Not owners, nor grants on anything else.
//! * **`MySQL` and `MariaDB`**: by `SHOW CREATE` of tables (without their counters), views, triggers, routines,
//!   sequences and events.
//!
//! The order of columns is not compared, since hardly a database can put one back into its place; nor
//! are rows. A revision that is `irreversible` is not undone: what comes before it and after it is.
//!
//! # A database for a test
//!
//! [`database`] hands out a fresh one that has every revision, and removes it when the guard is dropped. The
//! chain is applied once and kept as a template under the digest of its heads; each call copies that.
//!
//! ```no_run
//! # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
//! # async fn a_test() -> Result<(), Box<dyn std::error::Error>> {
//! // in a `#[tokio::test]`
//! let database = cargo_migrate::testing::database(&app::MIGRATOR).await?;
//! let pool = sqlx::SqlitePool::connect(database.url()).await?;
//! sqlx::query("INSERT INTO account (email) VALUES ('a@b.c')").execute(&pool).await?;
//! # Ok(()) }
//! ```
//!
//! * **`SQLite`**: files in `target/tmp/cargo-migrate`, so that `cargo clean` takes them away; where the test does not
//!   run in a target directory, in the system's one for temporary files.
//! * **`PostgreSQL`** ([`database_on`]): `CREATE DATABASE … TEMPLATE migrate_template_…`. Templates stay on the
//!   server, one a state of the chain; drop them whenever you like.
//! * **`MySQL` and `MariaDB`** have no templates: there, the chain is applied each time.
//!
//! No database that is there is ever touched: on a server, the URL's own is only where to connect, and the
//! user needs the right to create databases.

mod folder;
mod report;
mod rounds;
mod scratch;
mod template;

use std::fmt;

use crate::runtime::{Configured, Error, Sealed, Way};
use scratch::Scratch;

pub use report::{CheckError, CheckReport, CheckedDatabase, Finding, FindingKind, SchemaChange};

/// Goes up, down and up again, revision by revision, on a scratch `SQLite` database.
///
/// Takes a [`Migrator`](crate::Migrator), or one with options. A chain with named databases is checked for each of them,
/// unless [`Options::database`](crate::Options::database) names one.
///
/// # Errors
///
/// [`CheckError::Findings`] names every revision whose *down* does not lead back; [`CheckError::Failed`] is a
/// chain that cannot even be applied, or is not written for `SQLite`. Both are complete texts.
pub async fn check(migrator: impl Into<Configured<'_>>) -> Result<CheckReport, CheckError> {
    rounds::check(migrator.into(), None).await
}

/// The same on a server, in a database of its own, which is dropped at the end, also by a panic.
///
/// The URL names the server and a database that is there, such as `postgres`, to connect to.
pub async fn check_on(
    migrator: impl Into<Configured<'_>>,
    url: &str,
) -> Result<CheckReport, CheckError> {
    rounds::check(migrator.into(), Some(url)).await
}

/// A fresh `SQLite` database with every revision, for one test.
///
/// Of a chain with named databases, `MIGRATOR.with(Options::new().database("catalog"))` says which one is meant.
pub async fn database(migrator: impl Into<Configured<'_>>) -> Result<TestDatabase, Error> {
    template::file(migrator.into()).await.map(TestDatabase)
}

/// The same on a server; the URL names it and a database that is there, such as `postgres`, to connect to.
pub async fn database_on(
    migrator: impl Into<Configured<'_>>,
    url: &str,
) -> Result<TestDatabase, Error> {
    template::on_server(migrator.into(), url).await.map(TestDatabase)
}

/// A migrated database of a test, which is dropped with this; whoever is still connected is cut off.
///
/// It is a [`Database`](crate::Database) too: `MIGRATOR.status(&database)`.
#[must_use = "the database is dropped with it"]
pub struct TestDatabase(Scratch);

impl TestDatabase {
    /// Where it is. On a server the URL holds the password of the one that was given.
    pub fn url(&self) -> &str {
        self.0.url()
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestDatabase").field(&self.0.name()).finish()
    }
}

impl Sealed for &TestDatabase {
    fn source<'c>(self) -> Way<'c>
    where
        Self: 'c,
    {
        Way::Url(self.url().to_owned(), std::marker::PhantomData)
    }
}

/// The same for tests that are not async.
pub mod blocking {
    use super::{CheckError, CheckReport, TestDatabase, rounds, template};
    use crate::runtime::{Configured, Error, ErrorKind, block_on};

    /// Goes up, down and up again on a scratch `SQLite` database; see [`testing::check`](super::check()).
    pub fn check<'m>(migrator: impl Into<Configured<'m>>) -> Result<CheckReport, CheckError> {
        let checking = rounds::check(migrator.into(), None);
        block_on(checking).unwrap_or_else(|error| Err(no_runtime(error).into()))
    }

    /// The same on a server; see [`testing::check_on`](super::check_on).
    pub fn check_on<'m>(
        migrator: impl Into<Configured<'m>>,
        url: &str,
    ) -> Result<CheckReport, CheckError> {
        let checking = rounds::check(migrator.into(), Some(url));
        block_on(checking).unwrap_or_else(|error| Err(no_runtime(error).into()))
    }

    /// A fresh `SQLite` database with every revision; see [`testing::database`](super::database).
    pub fn database<'m>(migrator: impl Into<Configured<'m>>) -> Result<TestDatabase, Error> {
        let making = template::file(migrator.into());
        block_on(making).unwrap_or_else(|error| Err(no_runtime(error))).map(TestDatabase)
    }

    /// The same on a server; see [`testing::database_on`](super::database_on).
    pub fn database_on<'m>(
        migrator: impl Into<Configured<'m>>,
        url: &str,
    ) -> Result<TestDatabase, Error> {
        let making = template::on_server(migrator.into(), url);
        block_on(making).unwrap_or_else(|error| Err(no_runtime(error))).map(TestDatabase)
    }

    fn no_runtime(error: std::io::Error) -> Error {
        Error::new(ErrorKind::Connect, format!("no async runtime can be started: {error}"))
            .caused_by(error)
    }
}
