//! Histories and packages to measure with, generated below `target/bench`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo, root};

/// What the revisions of a history do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum History {
    /// A table of six columns and an index; every third adds a column, every tenth changes rows.
    Schema,
    /// One `INSERT`. Schema changes would measure `SQLite`: it reads its whole schema again after
    /// each, so they cost the square of their number.
    Light,
}

impl History {
    pub(super) fn up(self, index: usize) -> String {
        match self {
            Self::Schema => schema(index),
            Self::Light if index == 0 => {
                String::from("CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n")
            }
            Self::Light => {
                format!("INSERT INTO entry (id, text) VALUES ({index}, 'the entry {index}');\n")
            }
        }
    }

    fn down(self, index: usize) -> String {
        match self {
            Self::Schema => format!("DROP TABLE account_{index};\n"),
            Self::Light if index == 0 => String::from("DROP TABLE entry;\n"),
            Self::Light => format!("DELETE FROM entry WHERE id = {index};\n"),
        }
    }

    /// The file of a revision: its name and its text.
    fn file(self, index: usize) -> (String, String) {
        let (day, hour, minute) = (index / 1440 + 1, index / 60 % 24, index % 60);
        let id = revision_id(index);
        let revises = index.checked_sub(1).map(revision_id).unwrap_or_default();
        let name = format!("202601{day:02}T{hour:02}{minute:02}_{id}_create_account_{index}.sql");
        let text = format!(
            "-- create account {index}\n--\n-- revision: {id}\n-- revises: {revises}\n\
             -- created: 2026-01-{day:02}T{hour:02}:{minute:02}:00Z\n\n\
             -- migrate:up\n{}\n-- migrate:down\n{}",
            self.up(index),
            self.down(index)
        );
        (name, text)
    }
}

fn schema(index: usize) -> String {
    let mut sql = format!(
        "CREATE TABLE account_{index} (\n    \
             id INTEGER PRIMARY KEY,\n    \
             email TEXT NOT NULL,\n    \
             name TEXT,\n    \
             balance REAL NOT NULL DEFAULT 0,\n    \
             created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,\n    \
             note TEXT\n);\n\
         CREATE INDEX account_{index}_email ON account_{index} (email);\n"
    );
    if index.is_multiple_of(3) {
        let _ = writeln!(sql, "ALTER TABLE account_{index} ADD COLUMN extra INTEGER;");
    }
    if index.is_multiple_of(10) {
        let _ = writeln!(
            sql,
            "INSERT INTO account_{index} (email, name) VALUES ('a@example.org', 'A'), ('b@example.org', 'B');\n\
             UPDATE account_{index} SET balance = balance + 1 WHERE email LIKE 'a%';"
        );
    }
    sql
}

/// Twelve hex digits that look random and never repeat, as `cargo migrate new` writes them.
fn revision_id(index: usize) -> String {
    let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{:012x}", mixed >> 16)
}

/// Where everything lies that a benchmark writes.
pub(super) fn scratch() -> PathBuf {
    root().join("target/bench")
}

/// An empty directory of this name, below the scratch directory.
pub(super) fn fresh(name: &str) -> Result<PathBuf, String> {
    let path = scratch().join(name);
    if path.exists() {
        fs::remove_dir_all(&path).map_err(|error| cannot("remove", &path, &error))?;
    }
    fs::create_dir_all(&path).map_err(|error| cannot("create", &path, &error))?;
    Ok(path)
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot("create", parent, &error))?;
    }
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

pub(super) fn cannot(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} `{}`: {error}", path.display())
}

/// A package that carries a chain, as `cargo migrate init` would make it.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) path: PathBuf,
    history: History,
    len: usize,
    /// Bytes of all revision files.
    pub(super) bytes: usize,
}

impl Package {
    /// Writes the package anew, with `len` revisions.
    pub(super) fn new(name: &str, history: History, len: usize) -> Result<Self, String> {
        Self::with(name, history, len, &dependencies(), PROGRAM)
    }

    /// The same around the smallest application that migrates.
    pub(super) fn application(name: &str, history: History, len: usize) -> Result<Self, String> {
        Self::with(name, history, len, &dependencies(), APPLICATION)
    }

    /// The same without a runtime: enough to build and run the build script.
    pub(super) fn script_only(name: &str, history: History, len: usize) -> Result<Self, String> {
        Self::with(name, history, len, "", "fn main() {}\n")
    }

    fn with(
        name: &str,
        history: History,
        len: usize,
        dependencies: &str,
        program: &str,
    ) -> Result<Self, String> {
        let path = fresh(&format!("packages/{name}"))?;
        write(&path.join("Cargo.toml"), &manifest(name, dependencies, &helper()))?;
        write(&path.join("build.rs"), BUILD_SCRIPT)?;
        write(&path.join("src/main.rs"), program)?;
        lock(&path)?;
        let mut package = Self { name: name.to_owned(), path, history, len: 0, bytes: 0 };
        for _ in 0..len {
            package.add_revision()?;
        }
        Ok(package)
    }

    /// Writes one more revision.
    pub(super) fn add_revision(&mut self) -> Result<(), String> {
        let (name, text) = self.history.file(self.len);
        write(&self.path.join("migrations").join(name), &text)?;
        self.len += 1;
        self.bytes += text.len();
        Ok(())
    }

    /// The *up* SQL of all revisions, one text each.
    pub(super) fn ups(&self) -> impl Iterator<Item = String> {
        let history = self.history;
        (0..self.len).map(move |index| history.up(index))
    }

    /// `cargo build`, in the profile `dev` or `release`.
    pub(super) fn build(&self, profile: &str) -> Command {
        let mut command = build(&self.path);
        command.args(["--profile", profile]);
        command
    }

    /// The built release binary.
    pub(super) fn binary(&self) -> PathBuf {
        target().join("release").join(&self.name)
    }
}

/// One target directory for all packages, so that what they share is compiled once.
pub(super) fn target() -> PathBuf {
    scratch().join("target")
}

/// `cargo build` in a package, without the network.
pub(super) fn build(path: &Path) -> Command {
    let mut command = cargo();
    command.args(["build", "--offline"]).current_dir(path).env("CARGO_TARGET_DIR", target());
    command
}

/// Gives a package the versions that this repository is tested with.
pub(super) fn lock(package: &Path) -> Result<(), String> {
    let lock = root().join("Cargo.lock");
    fs::copy(&lock, package.join("Cargo.lock")).map_err(|error| cannot("copy", &lock, &error))?;
    Ok(())
}

/// A manifest with these lines below `[dependencies]` and `[build-dependencies]`.
pub(super) fn manifest(name: &str, dependencies: &str, build_dependencies: &str) -> String {
    format!(
        r#"[package]
name = "{name}"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
{dependencies}
[build-dependencies]
{build_dependencies}
[package.metadata.migrate]
dialects = ["sqlite"]
"#
    )
}

/// The helper as a build-dependency.
pub(super) fn helper() -> String {
    ourselves("\"build\"")
}

fn dependencies() -> String {
    let ourselves = ourselves("\"sqlite\", \"tokio\"");
    format!(
        r#"{ourselves}sqlx = {{ version = "0.9.0", default-features = false, features = ["sqlite-bundled", "runtime-tokio"] }}
tokio = {{ version = "1.54.1", features = ["rt", "macros"] }}
"#
    )
}

fn ourselves(features: &str) -> String {
    let path = root().display().to_string();
    format!(
        "cargo-migrate = {{ path = {path:?}, default-features = false, features = [{features}] }}\n"
    )
}

/// The build script of every package that has a chain.
pub(super) const BUILD_SCRIPT: &str = "fn main() {\n    cargo_migrate::build::emit();\n}\n";

/// The least that an application does with its chain.
const APPLICATION: &str = r#"//! Migrates a database.

cargo_migrate::embed!();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cargo_migrate::Error> {
    let url = std::env::args().nth(1).unwrap_or_default();
    MIGRATOR.up(&url).await?;
    Ok(())
}
"#;

/// What packages to measure do: migrate, or one of the floors to compare that with.
const PROGRAM: &str = r#"//! Migrates a database, or does as little as possible with it.

use std::time::Duration;

use cargo_migrate::{Options, TransactionScope};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

cargo_migrate::embed!();

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["up", url] => drop(MIGRATOR.up(url).await?),
        ["up", url, target] => drop(MIGRATOR.up_to(url, target).await?),
        ["each", url, target] => {
            let options = Options::new()
                .scope(TransactionScope::Revision)
                .lock_timeout(Duration::from_secs(60));
            MIGRATOR.with(options).up_to(url, target).await?;
        }
        ["read", url] => {
            let options: SqliteConnectOptions = url.parse()?;
            let mut connection = options.connect().await?;
            let query = sqlx::raw_sql("SELECT revision FROM migrate_revisions LIMIT 1");
            connection.fetch_one(query).await?;
            connection.close().await?;
        }
        ["floor", url, script] => floor(url, script).await?,
        _ => return Err("unknown arguments".into()),
    }
    Ok(())
}

/// Sends a script, one transaction and one version row a revision.
async fn floor(url: &str, script: &str) -> Result<()> {
    let script = std::fs::read_to_string(script)?;
    let options: SqliteConnectOptions = url.parse()?;
    let mut connection = options.create_if_missing(true).connect().await?;
    let mut transaction = connection.begin().await?;
    transaction.execute("CREATE TABLE version (id INTEGER PRIMARY KEY, at TEXT)").await?;
    for (index, part) in script.split("-- NEXT\n").enumerate() {
        transaction.execute(sqlx::raw_sql(AssertSqlSafe(part))).await?;
        sqlx::query("INSERT INTO version (id, at) VALUES (?1, CURRENT_TIMESTAMP)")
            .bind(i64::try_from(index)?)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}
"#;

/// Fails with what to install if a program is missing.
pub(super) fn needs(program: &str, packages: &str) -> Result<(), String> {
    if command::exists(program) {
        return Ok(());
    }
    Err(format!("this benchmark needs `{program}`, which is not installed: {packages}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_never_repeat() {
        let ids: HashSet<String> = (0..20_000).map(revision_id).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(ids.iter().all(|id| id.len() == 12));
    }

    #[test]
    fn a_revision_follows_the_one_before_it() {
        let (name, text) = History::Light.file(1500);
        assert!(name.starts_with("20260102T0100_"), "{name}");
        assert!(text.contains(&format!("-- revises: {}\n", revision_id(1499))), "{text}");
    }
}
