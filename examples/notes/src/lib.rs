//! A notebook in a `SQLite` file: a service whose binary carries its migrations.

use cargo_migrate::Report;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

cargo_migrate::embed!();

/// The notebook's errors: its own database calls, or the migration at start.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Opens the notebook and brings its database up to date.
pub async fn open(path: &str) -> Result<(SqlitePool, Report), Error> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await?;
    let report = MIGRATOR.up(&pool).await?;
    Ok((pool, report))
}

/// Writes a note with a tag.
pub async fn add(pool: &SqlitePool, text: &str, tag: &str) -> Result<(), Error> {
    let note = sqlx::query("INSERT INTO note (text) VALUES (?)").bind(text).execute(pool).await?;
    sqlx::query("INSERT INTO tag (note, name) VALUES (?, ?)")
        .bind(note.last_insert_rowid())
        .bind(tag)
        .execute(pool)
        .await?;
    Ok(())
}

/// All notes with their tags, the oldest first.
pub async fn list(pool: &SqlitePool) -> Result<Vec<(String, String)>, Error> {
    let rows = sqlx::query_as(
        "SELECT note.text, coalesce(group_concat(tag.name, ', '), '') \
         FROM note LEFT JOIN tag ON tag.note = note.id GROUP BY note.id ORDER BY note.id",
    );
    Ok(rows.fetch_all(pool).await?)
}
