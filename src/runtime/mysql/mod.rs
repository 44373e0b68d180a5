//! The runtime on `MySQL` and `MariaDB`.
//!
//! # One session, one lock
//!
//! The lock is `GET_LOCK` on the connection that does the work, so that both end together. Its name
//! holds a hash of database, tracking table and chain, since such locks belong to the whole server.
//! It is asked for again before every commit. A server of a Galera cluster or of Group
//! Replication knows only its own locks: there, all migrators must use the same one.
//!
//! # Statements that commit by themselves
//!
//! `CREATE TABLE` and its like end the open transaction; no rollback takes them back. A revision that
//! holds only statements that can be taken back runs in one transaction with its record. One with any
//! other statement runs statement by statement: before such a statement its row says that it is *started*,
//! and after it that it is *done*; what lies between them runs in a transaction of its own, each
//! statement with its record, so that its fate is always known. When the run is
//! repeated, it goes on with the statement that failed. `SET` and `USE` among those that are done are said
//! again to the new session; temporary tables and user variables are gone with the old one.
//!
//! A statement that fails is taken to have had no effect. That is so for `InnoDB` and for single
//! definitions; not for `DROP TABLE a, b` of which one is missing, for what a procedure had done
//! before it failed, nor for tables of engines without transactions (`MyISAM`, `Aria`, `MEMORY`).
//!
//! # The session
//!
//! The revisions' own statements see the settings that sqlx gives a connection (`time_zone` is UTC, `||`
//! concatenates), from the command line as in the application; or those of the connection that is
//! lent, but always in `utf8mb4`. One with `autocommit` off is always inside a transaction, and is refused. After a revision that may have
//! changed settings or the current database, both are set back, and so they are at the end. Temporary
//! tables, user variables, prepared statements and roles cannot be set back: where a revision may have left
//! any, a connection of a pool is closed, and one that the caller lent keeps them (except for temporary tables,
//! which are dropped).
//!
//! # Where `MySQL` and `MariaDB` differ
//!
//! * `Options::statement_timeout` is `max_statement_time` on `MariaDB`, for every statement;
//!   `max_execution_time` on `MySQL`, which ends nothing but `SELECT`.
//! * `Options::statement_lock_timeout` sets `lock_wait_timeout` and `innodb_lock_wait_timeout` on both, in
//!   whole seconds, rounded up, and at least one.
//! * `MariaDB` tells whether a transaction is open; on `MySQL` that is seen by
//!   `SET TRANSACTION ISOLATION LEVEL`, which is refused inside one.
//! * Who is in the way of a statement that waits for a table is told by
//!   `performance_schema.metadata_locks`, which `MySQL` fills and `MariaDB` only if it is told to.
//! * In `requires:` versions are those that the server says: `MariaDB` 10.11 is later than `MySQL` 8.

mod blockers;
mod catalog;
mod connect;
mod error;
mod guard;
mod lock;
#[cfg(feature = "testing")]
mod schema;
mod session;
mod sqlx_lock;
mod statements;
mod tracking;

pub(crate) use connect::{Source, is_url};
pub(crate) use guard::Connection;

#[cfg(test)]
pub(crate) use lock::name as lock_name;
pub(crate) use statements::may_be_temporary;

/// The question that is asked of servers which do not tell whether a transaction is open.
#[cfg(test)]
pub(crate) async fn refuses_isolation(connection: &mut sqlx::MySqlConnection) -> bool {
    let mut connection = Connection::new(guard::Held::Lent(connection), None);
    connection.refuses_isolation(&session::Session::default()).await.expect("a server")
}
