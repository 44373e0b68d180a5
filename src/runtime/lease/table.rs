//! The lock table: a row a chain, whose statements are texts like those of the tracking tables.
//!
//! A row is never deleted: that there is one says that this chain is locked here, and no longer by
//! sessions, also to a runner that was built when that was configured otherwise. Time is the
//! server's, always.

use std::time::Duration;

use crate::chain::baked::Settings;
use crate::dialect::Dialect;
use crate::runtime::tracking::{Tracking, literal};
use crate::sql::{Name, Object};

/// The lock table of a chain, for one run.
#[derive(Clone, Debug)]
pub(crate) struct LockTable {
    dialect: Dialect,
    table: String,
    name: Name,
    /// The chain, the token of this run, and who that is, as literals.
    chain: String,
    owner: String,
    holder: String,
    length: Duration,
}

impl LockTable {
    pub(crate) fn new(
        dialect: Dialect,
        tracking: &Tracking,
        settings: &Settings,
        owner: &str,
        holder: &str,
        length: Duration,
    ) -> Self {
        let bare = format!("{}_lock", tracking.bare());
        Self {
            dialect,
            table: tracking.lock(),
            name: tracking.schema().map(str::to_owned).into_iter().chain([bare]).collect(),
            chain: literal(dialect, &settings.chain),
            owner: literal(dialect, owner),
            holder: literal(dialect, holder),
            length,
        }
    }

    /// The table, for the question whether it is there.
    pub(crate) fn object(&self) -> Object {
        Object::Table(self.name.clone())
    }

    /// The table's name without its schema.
    pub(crate) fn bare(&self) -> &str {
        self.name.last().map_or("", String::as_str)
    }

    pub(crate) fn create(&self) -> String {
        let (name, text, time, options) = match self.dialect {
            Dialect::Mysql => (
                "VARCHAR(191)",
                "TEXT",
                "DATETIME(6)",
                " ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            ),
            Dialect::Sqlite | Dialect::Postgres => ("text", "text", "timestamptz", ""),
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {} (
    chain {name} NOT NULL PRIMARY KEY,
    owner {text},
    holder {text} NOT NULL,
    acquired_at {time} NOT NULL,
    expires_at {time} NOT NULL
){options}",
            self.table
        )
    }

    /// The first row of the chain, already taken; no row changes if another runner was first.
    pub(crate) fn insert(&self) -> String {
        let (table, chain, owner, holder) = (&self.table, &self.chain, &self.owner, &self.holder);
        let (ignore, on_conflict) = match self.dialect {
            Dialect::Mysql => (" IGNORE", ""),
            Dialect::Sqlite | Dialect::Postgres => ("", " ON CONFLICT DO NOTHING"),
        };
        format!(
            "INSERT{ignore} INTO {table} (chain, owner, holder, acquired_at, expires_at) \
             VALUES ({chain}, {owner}, {holder}, {}, {}){on_conflict}",
            self.now(),
            self.end()
        )
    }

    /// Takes a row that nobody holds, or whose lease has run out; no row changes if someone has it.
    pub(crate) fn take(&self) -> String {
        let (owner, holder, now) = (&self.owner, &self.holder, self.now());
        format!(
            "UPDATE {} SET owner = {owner}, holder = {holder}, acquired_at = {now}, \
             expires_at = {} WHERE chain = {} AND (owner IS NULL OR expires_at <= {now})",
            self.table,
            self.end(),
            self.chain
        )
    }

    /// Also renews a lease that has run out, as long as nobody else took it.
    pub(crate) fn renew(&self) -> String {
        format!("UPDATE {} SET expires_at = {} {}", self.table, self.end(), self.ours())
    }

    pub(crate) fn release(&self) -> String {
        format!(
            "UPDATE {} SET owner = NULL, expires_at = {} {}",
            self.table,
            self.now(),
            self.ours()
        )
    }

    /// One row as long as the lease is ours and has not run out.
    ///
    /// With what locks a row for reading behind it, it also keeps others from taking the lease until
    /// the transaction ends; and the lease from being renewed, so that belongs right before `COMMIT`.
    pub(crate) fn proof(&self) -> String {
        format!("SELECT 'ours' FROM {} {} AND expires_at > {}", self.table, self.ours(), self.now())
    }

    /// Who has the row, `NULL` if nobody, and how many seconds are left; no row if there is none.
    pub(crate) fn standing(&self) -> String {
        let (left, text) = match self.dialect {
            Dialect::Mysql => (
                format!("timestampdiff(MICROSECOND, {}, expires_at) / 1000000", self.now()),
                "CHAR",
            ),
            Dialect::Sqlite | Dialect::Postgres => {
                (format!("extract(epoch FROM expires_at - {})", self.now()), "text")
            }
        };
        format!(
            "SELECT CASE WHEN owner IS NULL THEN NULL ELSE holder END, CAST({left} AS {text}) \
             FROM {} WHERE chain = {}",
            self.table, self.chain
        )
    }

    fn ours(&self) -> String {
        format!("WHERE chain = {} AND owner = {}", self.chain, self.owner)
    }

    fn now(&self) -> &'static str {
        match self.dialect {
            Dialect::Mysql => "utc_timestamp(6)",
            Dialect::Sqlite | Dialect::Postgres => "pg_catalog.clock_timestamp()",
        }
    }

    /// When a lease that begins now runs out.
    fn end(&self) -> String {
        let (now, length) = (self.now(), self.length.as_micros());
        match self.dialect {
            Dialect::Mysql => format!("date_add({now}, INTERVAL {length} MICROSECOND)"),
            Dialect::Sqlite | Dialect::Postgres => {
                format!("{now} + INTERVAL '{length} microseconds'")
            }
        }
    }
}
