//! Which dialects the sections of imported revisions name.
//!
//! A directory of another tool is written for one database, mostly, and a chain may be for several; then
//! the user says which. Or it holds scripts for several databases, in folders or by the names of files;
//! then it says so itself.

use std::collections::BTreeSet;

use super::{Body, Continuation, Down, Imported, Part};
use crate::Dialect;
use crate::chain::listed;
use crate::scaffold::Error;

/// The dialects of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialects {
    /// Those that sections are written for, in the order of the configuration.
    pub(super) wanted: Vec<Dialect>,
    /// Those of them that the directory has scripts for, so that a version without one has nothing to do.
    pub(super) served: Vec<Dialect>,
    /// Those of the chain.
    configured: Vec<Dialect>,
}

impl Dialects {
    /// The words of a marker for these dialects; none if they are all that the chain has.
    pub(super) fn selector(&self, dialects: &[Dialect]) -> String {
        if self.configured.iter().all(|dialect| dialects.contains(dialect)) {
            return String::new();
        }
        let named = self.configured.iter().filter(|dialect| dialects.contains(dialect));
        named.flat_map(|dialect| [" ", dialect.name()]).collect()
    }

    /// The dialects that a script is for; `named` are those that have scripts of their own beside it.
    pub(super) fn of(&self, part: &Part<'_>, named: &BTreeSet<Dialect>) -> Vec<Dialect> {
        let is_its = |dialect: &Dialect| match part.dialect {
            Some(own) => own == *dialect,
            None => !named.contains(dialect),
        };
        self.wanted.iter().copied().filter(is_its).collect()
    }
}

/// The dialects that a system of this name speaks, as folders and files are named after it.
pub(super) fn from_word(word: &str) -> Option<Dialect> {
    match &*word.to_ascii_lowercase() {
        "sqlite" | "sqlite3" => Some(Dialect::Sqlite),
        "postgres" | "postgresql" | "pg" | "pgsql" | "psql" | "pgx" => Some(Dialect::Postgres),
        "mysql" | "mariadb" => Some(Dialect::Mysql),
        _ => None,
    }
}

/// Whether it is the name of a database that no chain can be for.
pub(super) fn is_foreign(word: &str) -> bool {
    matches!(
        &*word.to_ascii_lowercase(),
        "cockroach"
            | "cockroachdb"
            | "crdb"
            | "clickhouse"
            | "mssql"
            | "sqlserver"
            | "oracle"
            | "db2"
            | "h2"
            | "hsqldb"
            | "derby"
            | "firebird"
            | "spanner"
            | "bigquery"
            | "redshift"
            | "snowflake"
            | "cassandra"
            | "mongodb"
            | "neo4j"
            | "ydb"
            | "tidb"
            | "vertica"
            | "duckdb"
            | "turso"
            | "yugabytedb"
    )
}

/// Settles the dialects of what was read.
pub(super) fn of(
    migrations: &[Imported<'_>],
    continuation: &Continuation,
    notes: &mut Vec<String>,
) -> Result<Dialects, Error> {
    let Continuation { configured, chosen, .. } = continuation;
    let named: BTreeSet<Dialect> = parts(migrations).filter_map(|part| part.dialect).collect();
    // A script that names no dialect is for all of them.
    let has_general = parts(migrations).any(|part| part.dialect.is_none());
    let is_served = |dialect: &Dialect| has_general || named.contains(dialect);
    let dialects = |wanted: Vec<Dialect>| Dialects {
        served: wanted.iter().copied().filter(is_served).collect(),
        wanted,
        configured: configured.clone(),
    };
    if named.is_empty() {
        // Programs have no dialect that anybody could say.
        if parts(migrations).next().is_none() && chosen.is_empty() {
            return Ok(dialects(configured.clone()));
        }
        return super::dialects(configured, chosen).map(dialects);
    }
    check(configured, chosen)?;
    let wanted: Vec<Dialect> = configured
        .iter()
        .copied()
        .filter(|dialect| chosen.is_empty() || chosen.contains(dialect))
        .collect();
    let left: Vec<Dialect> =
        named.iter().copied().filter(|dialect| !configured.contains(dialect)).collect();
    if let (Some(&dialect), false) = (left.first(), wanted.iter().any(is_served)) {
        return Err(Error::OtherDialect { dialect, configured: configured.clone() });
    }
    if !left.is_empty() {
        notes.push(format!(
            "left out, since the chain is not written for it: what is for {}; \
             add it to `dialects` in `[package.metadata.migrate]` to have it imported",
            listed(&left)
        ));
    }
    Ok(dialects(wanted))
}

/// Refuses a choice that the chain cannot follow.
pub(super) fn check(configured: &[Dialect], chosen: &[Dialect]) -> Result<(), Error> {
    match chosen.iter().find(|dialect| !configured.contains(dialect)) {
        Some(&dialect) => Err(Error::OtherDialect { dialect, configured: configured.to_vec() }),
        None => Ok(()),
    }
}

/// Every script.
fn parts<'m, 'd>(migrations: &'m [Imported<'d>]) -> impl Iterator<Item = &'m Part<'d>> {
    migrations.iter().flat_map(|migration| match &migration.body {
        Body::Sql { up, down } => {
            let down: &[Part<'d>] = match down {
                Down::Scripts(parts) => parts,
                Down::Irreversible(_) => &[],
            };
            up.iter().chain(down)
        }
        _ => [].iter().chain(&[]),
    })
}
