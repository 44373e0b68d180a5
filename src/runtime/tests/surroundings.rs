use std::time::Duration;

use super::*;
use crate::chain::Direction;
use crate::runtime::{ErrorKind, Options};

#[tokio::test]
async fn only_up_creates_a_file() {
    let disk = Disk::new();
    let migrator = migrator(&refs(&line()));
    let url = disk.url();
    for error in [
        migrator.status(&url).await.unwrap_err(),
        migrator.plan(&url, Direction::Up, "head").await.unwrap_err(),
        migrator.down(&url, "base").await.unwrap_err(),
        migrator.status(&format!("{url}?mode=rwc")).await.unwrap_err(),
        migrator.status(disk.options()).await.unwrap_err(),
        migrator.up(&format!("{url}?mode=ro")).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
        assert!(error.to_string().contains("app.db` does not exist"), "{error}");
    }
    assert!(!disk.path.exists());
    migrator.up(&url).await.unwrap();
    assert!(disk.path.exists());
    assert_eq!(ran(&migrator.down(&disk.options(), "base").await.unwrap()).len(), 3);

    let nowhere = format!("{url}/no/such.db");
    let error = migrator.up(&nowhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let disk = Disk::new();
    let text = "this is a letter, and not a database at all. ".repeat(50);
    std::fs::write(&disk.path, &text).unwrap();
    let migrator = migrator(&refs(&line()));
    for error in [
        migrator.up(&disk.url()).await.unwrap_err(),
        migrator.status(&disk.url()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotADatabase, "{error}");
        assert!(error.to_string().contains("app.db` is not an SQLite database"), "{error}");
    }
    assert_eq!(std::fs::read_to_string(&disk.path).unwrap(), text);
}

#[tokio::test]
async fn a_read_only_database_is_named() {
    let disk = Disk::new();
    let files = line();
    migrator(&refs(&files[..1])).up(&disk.url()).await.unwrap();
    let before = std::fs::read(&disk.path).unwrap();
    let error = migrator(&refs(&files)).up(&format!("{}?mode=ro", disk.url())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    assert!(error.to_string().contains("app.db` and its directory writable"), "{error}");
    assert_eq!(std::fs::read(&disk.path).unwrap(), before);
    // Nothing to do needs no right to write.
    let up_to_date = migrator(&refs(&files[..1]));
    assert!(!up_to_date.up(&format!("{}?mode=ro", disk.url())).await.unwrap().changed());
}

#[tokio::test]
async fn a_full_database_is_named() {
    let disk = Disk::new();
    let options = disk.options().pragma("max_page_count", "12");
    let up = "CREATE TABLE a (x);\nINSERT INTO a VALUES (zeroblob(1000000));";
    let error = migrator(&[&file("r001", "", up, "")]).up(options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full, "{error}");
    assert_eq!(error.position().unwrap().line, 8);
    assert!(error.to_string().contains("free space on the disk"), "{error}");
}

#[tokio::test]
async fn another_writer_is_waited_for_only_as_long_as_allowed() {
    let disk = Disk::new();
    let pool = disk.pool(1).await;
    let mut writer = disk.connect().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut writer).await.unwrap();
    let migrator = migrator(&refs(&line()));
    let short = Options::new().lock_timeout(Duration::from_millis(60));
    let begun = std::time::Instant::now();
    let error = migrator.with(short).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "not the connection's own 5 seconds");
    assert_eq!(number(&pool, "PRAGMA busy_timeout").await, 5000);
    assert_eq!(number(&pool, "PRAGMA foreign_keys").await, 1);

    let release = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    };
    let (report, ()) = tokio::join!(migrator.up(&pool), release);
    assert_eq!(report.unwrap().steps.len(), 3);
}

#[tokio::test]
async fn urls_targets_and_chains_that_cannot_be_used() {
    let pool = memory().await;
    let migrator = migrator(&refs(&line()));
    let error = migrator.up("oracle://me:secret@host/db").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Url);
    assert!(!format!("{error:?}").contains("secret"));
    assert_eq!(migrator.up("sqlite:x.db?mode=odd").await.unwrap_err().kind(), ErrorKind::Url);
    for target in ["no target", "head+1", "zzzz", "+9"] {
        let error = migrator.up_to(&pool, target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Target, "{target}: {error}");
    }
    let named = Options::new().database("catalog");
    assert_eq!(migrator.with(named).up(&pool).await.unwrap_err().kind(), ErrorKind::Chain);
    assert_eq!(
        Migrator::baked("", b"junk", &[]).up(&pool).await.unwrap_err().kind(),
        ErrorKind::Chain
    );
    let empty = Migrator::new(chain(&[]), Settings::default());
    assert!(!empty.up(&pool).await.unwrap().changed());
    assert_eq!(number(&pool, "SELECT count(*) FROM sqlite_schema").await, 0);
}

/// A `Future` that is not `Send` would not compile here.
#[tokio::test]
async fn runs_can_be_spawned() {
    let pool = memory().await;
    let migrator: &'static Migrator = Box::leak(Box::new(migrator(&refs(&line()))));
    let task = tokio::spawn(async move {
        let mut connection = pool.acquire().await.unwrap();
        migrator.up(&mut connection).await.unwrap();
        drop(connection);
        let mut connection = pool.acquire().await.unwrap();
        migrator.down(&mut *connection, "base").await.unwrap();
        drop(connection);
        migrator.up(&pool).await.unwrap().steps.len()
    });
    assert_eq!(task.await.unwrap(), 3);
}

#[tokio::test]
async fn a_statement_may_attach_a_new_file_and_its_errors_are_not_about_ours() {
    let disk = Disk::new();
    let at = |name: &str| disk.path.with_file_name(name).display().to_string();
    std::fs::write(at("text"), "This is a text, and no database at all. ".repeat(20)).unwrap();
    let files = [
        file("r001", "", "CREATE TABLE one (x);", ""),
        file(
            "r002",
            "-- revises: r001",
            &format!("ATTACH '{}' AS other; CREATE TABLE other.two (x);", at("new.db")),
            "",
        ),
        file(
            "r003",
            "-- revises: r002",
            &format!("ATTACH '{}' AS text; SELECT * FROM text.sqlite_schema;", at("text")),
            "",
        ),
    ];
    migrator(&refs(&files[..1])).up(&disk.url()).await.unwrap();
    migrator(&refs(&files[..2])).up(&disk.url()).await.unwrap();
    let error = migrator(&refs(&files)).up(&disk.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    assert!(error.message().ends_with("file is not a database"), "{error}");
    assert!(!error.to_string().contains("move this one away"), "{error}");
}

#[tokio::test]
async fn who_only_reads_waits_for_the_lock_time_out_too() {
    let disk = Disk::new();
    let migrator = migrator(&refs(&line()));
    migrator.up(&disk.url()).await.unwrap();
    let mut writer = disk.connect().await;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();
    let begun = std::time::Instant::now();
    let impatient = migrator.with(Options::new().lock_timeout(Duration::from_millis(50)));
    assert_eq!(impatient.status(&disk.url()).await.unwrap_err().kind(), ErrorKind::Locked);
    assert_eq!(impatient.up(&disk.url()).await.unwrap_err().kind(), ErrorKind::Locked);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let url = disk.url();
    let patient = tokio::spawn(async move { migrator.status(&url).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!patient.is_finished());
    sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
    patient.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_revision_leaves_does_not_change_what_the_next_one_means() {
    let pool = memory().await;
    let files = [
        file(
            "first1",
            "",
            "CREATE TEMP TABLE u (a); PRAGMA ignore_check_constraints = ON;",
            "SELECT 1;",
        ),
        file(
            "second",
            "-- revises: first1",
            "CREATE TABLE u (b CHECK (b > 0)); INSERT INTO u VALUES (1);",
            "DROP TABLE u;",
        ),
        file("third1", "-- revises: second", "INSERT INTO u VALUES (-1);", "SELECT 1;"),
    ];
    let migrator = migrator(&refs(&files));
    migrator.up_to(&pool, "second").await.unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM main.u").await, 1, "not the temporary table");

    let pool = memory().await;
    let error = migrator.up(&pool).await.unwrap_err();
    assert_eq!(error.revision().map(AsRef::as_ref), Some("third1"), "constraints hold again");
}

#[tokio::test]
async fn settings_that_only_change_outside_a_transaction_are_set_back_there() {
    let pool = memory().await;
    let files = [
        file("first1", "-- transaction: none", "PRAGMA synchronous = OFF;", "SELECT 1;"),
        file("second", "-- revises: first1", "CREATE TABLE a (x);", "DROP TABLE a;"),
    ];
    let before = number(&pool, "PRAGMA synchronous").await;
    migrator(&refs(&files)).up(&pool).await.unwrap();
    assert_eq!(number(&pool, "PRAGMA synchronous").await, before);
}
