//! Runs against real databases: files on disk and in-memory pools.

#![cfg(all(feature = "sqlite", feature = "tokio"))]

mod adopt;
mod cancel;
mod compare;
mod concurrent;
mod current;
mod doubt;
mod foreign_keys;
mod interrupt;
mod killed;
#[cfg(feature = "postgres")]
mod lease;
#[cfg(feature = "mysql")]
mod mysql;
mod offline;
mod place;
#[cfg(feature = "postgres")]
mod pooler;
#[cfg(feature = "postgres")]
mod postgres;
mod property;
mod redo;
mod repair;
mod rust;
#[cfg(feature = "testing")]
mod schema;
mod several;
mod shared;
mod spans;
mod stamp;
mod surroundings;
#[cfg(feature = "testing")]
mod testing;
mod unwrapped;
mod updown;

use std::path::PathBuf;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};

use super::{Migrator, Report};
use crate::chain::baked::Settings;
use crate::chain::{Chain, Checksum, Digest, Fingerprint, Kind, Revision, RevisionId, digest};
use crate::diagnostic::Sources;
use crate::dialect::{Dialect, Variant};
use crate::script::{Script, digest_content};

/// A chain from the texts of files, parents first. What validation would refuse is a panic.
pub(super) fn chain(files: &[&str]) -> Chain {
    chain_for(&[], files)
}

/// The same for named databases.
pub(super) fn chain_for(databases: &[&str], files: &[&str]) -> Chain {
    let databases: Vec<String> = databases.iter().copied().map(String::from).collect();
    let variants = Variant::all(&Dialect::ALL, &databases);
    let mut revisions: Vec<Revision> = Vec::new();
    for text in files {
        let file = Sources::new().add("", "");
        let kind = if text.starts_with("//!") { Kind::Rust } else { Kind::Sql };
        let (script, findings) = Script::parse(kind, text, file);
        assert!(findings.is_empty(), "{findings:?}");
        let header = script.header();
        let id = header.revision.as_ref().unwrap().value.clone();
        let index = |other: &str| revisions.iter().position(|it| it.id.as_str() == other).unwrap();
        let parents: Vec<usize> = header.revises.iter().map(|it| index(&it.value)).collect();
        let dependencies: Vec<usize> =
            header.depends_on.iter().map(|it| index(&it.value)).collect();
        let fingerprints = variants.iter().enumerate().map(|(place, variant)| {
            let digests = |indices: &[usize]| -> Vec<Digest> {
                indices.iter().map(|&index| revisions[index].fingerprints[place].digest).collect()
            };
            let checksum = match kind {
                Kind::Sql => script.checksum(variant),
                Kind::Rust => Checksum::from_bytes(hmac_sha256::Hash::hash(text.as_bytes())),
            };
            let content = digest_content(kind, &checksum);
            let digest = digest(&id, content, &digests(&parents), &digests(&dependencies));
            Fingerprint { checksum, digest }
        });
        let fingerprints = fingerprints.collect();
        revisions.push(Revision {
            path: match kind {
                Kind::Sql => format!("migrations/{id}.sql").into(),
                Kind::Rust => format!("src/runtime/tests/rust/{id}.rs").into(),
            },
            id: RevisionId::new(id).unwrap(),
            kind,
            text: (*text).to_owned().into(),
            labels: Vec::new(),
            parents,
            dependencies,
            fingerprints,
        });
    }
    Chain::new(revisions, variants)
}

pub(super) fn migrator(files: &[&str]) -> Migrator {
    Migrator::new(chain(files), Settings::default())
}

/// The same through the pieces that would be baked.
pub(super) fn baked(files: &[&str]) -> Migrator {
    let pieces = crate::chain::baked::encode(&chain(files), &Settings::default());
    Migrator::baked(pieces.text.leak(), pieces.table.leak(), &[])
}

/// A file: `id`, `parents` and more header lines, *up* and *down*.
pub(super) fn file(id: &str, header: &str, up: &str, down: &str) -> String {
    format!(
        "-- about {id}\n\n-- revision: {id}\n{header}\n\n-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n"
    )
}

pub(super) struct Disk {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Disk {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        Self { _folder: folder, path }
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    pub(super) fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new().filename(&self.path).create_if_missing(true)
    }

    pub(super) async fn pool(&self, size: u32) -> SqlitePool {
        SqlitePoolOptions::new().max_connections(size).connect_with(self.options()).await.unwrap()
    }

    pub(super) async fn connect(&self) -> SqliteConnection {
        use sqlx::ConnectOptions;
        self.options().connect().await.unwrap()
    }
}

pub(super) async fn memory() -> SqlitePool {
    SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap()
}

pub(super) async fn exec(pool: &SqlitePool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

pub(super) async fn number(pool: &SqlitePool, sql: &str) -> i64 {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap().get(0)
}

pub(super) async fn texts(pool: &SqlitePool, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The names of the application's tables.
pub(super) async fn tables(pool: &SqlitePool) -> Vec<String> {
    texts(
        pool,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'migrate%' \
         AND name NOT LIKE 'sqlite%' ORDER BY name",
    )
    .await
}

pub(super) async fn recorded(pool: &SqlitePool) -> Vec<String> {
    texts(
        pool,
        "SELECT revision FROM migrate_revisions WHERE status IN ('applied', 'stamped') ORDER BY rowid",
    )
    .await
}

pub(super) fn ran(report: &Report) -> Vec<&str> {
    report.steps.iter().map(|step| step.revision.as_str()).collect()
}

/// Three revisions in a line: each makes a table.
pub(super) fn line() -> Vec<String> {
    vec![
        file(
            "r001",
            "",
            "CREATE TABLE a (id INTEGER PRIMARY KEY);\nINSERT INTO a VALUES (1);",
            "DROP TABLE a;",
        ),
        file(
            "r002",
            "-- revises: r001",
            "CREATE TABLE b (id INTEGER PRIMARY KEY);",
            "DROP TABLE b;",
        ),
        file(
            "r003",
            "-- revises: r002",
            "CREATE TABLE c (id INTEGER PRIMARY KEY);",
            "DROP TABLE c;",
        ),
    ]
}

pub(super) fn refs(files: &[String]) -> Vec<&str> {
    files.iter().map(String::as_str).collect()
}
