//! The programs of the packages that are measured.

use cargo_migrate::Dialect;

/// The build script of every package that has a chain.
pub(super) const BUILD_SCRIPT: &str = "fn main() {\n    cargo_migrate::build::emit();\n}\n";

/// The least that an application does with its chain.
pub(super) const APPLICATION: &str = r#"//! Migrates a database.

cargo_migrate::embed!();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cargo_migrate::Error> {
    let url = std::env::args().nth(1).unwrap_or_default();
    MIGRATOR.up(&url).await?;
    Ok(())
}
"#;

/// What packages to measure do: migrate, or one of the floors to compare that with.
pub(super) fn program(dialect: Dialect) -> String {
    let (options, placeholder) = match dialect {
        Dialect::Postgres => ("postgres::PgConnectOptions", "$1"),
        Dialect::Mysql => ("mysql::MySqlConnectOptions", "?"),
        _ => return SQLITE.to_owned(),
    };
    SERVER.replace("{options}", options).replace("{placeholder}", placeholder)
}

const SQLITE: &str = r#"//! Migrates a database, or does as little as possible with it.

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

const SERVER: &str = r#"//! Migrates a database of a server, or sends it the same SQL without a migrator.

use sqlx::{options} as Options;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

cargo_migrate::embed!();

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["up", url, target] => drop(MIGRATOR.up_to(url, target).await?),
        ["floor", url, script] => floor(url, script).await?,
        _ => return Err("unknown arguments".into()),
    }
    Ok(())
}

/// Sends a script, one transaction and one version row a revision.
async fn floor(url: &str, script: &str) -> Result<()> {
    let script = std::fs::read_to_string(script)?;
    let options: Options = url.parse()?;
    let mut connection = options.connect().await?;
    connection.execute("CREATE TABLE version (id BIGINT PRIMARY KEY, at TIMESTAMP)").await?;
    for (index, part) in script.split("-- NEXT\n").enumerate() {
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(AssertSqlSafe(part))).await?;
        sqlx::query("INSERT INTO version (id, at) VALUES ({placeholder}, CURRENT_TIMESTAMP)")
            .bind(i64::try_from(index)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    connection.close().await?;
    Ok(())
}
"#;
