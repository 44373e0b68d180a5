use std::time::Duration;

use super::*;
use crate::chain::{Direction, Target};
use crate::runtime::{DatabaseState, ErrorKind, Options, RevisionState};

fn files(third: &str) -> [String; 2] {
    [
        file("r001", "", "CREATE TABLE log (x);", ""),
        file(
            "r002",
            "-- revises: r001\n-- transaction: none",
            &format!(
                "INSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\n{third};\nINSERT INTO log VALUES (4);"
            ),
            "DELETE FROM log WHERE x = 4;\nDELETE FROM log WHERE x = 3;\nDELETE FROM log;",
        ),
    ]
}

async fn progress(pool: &SqlitePool) -> String {
    let sql = "SELECT status || ' ' || statements_done || ' ' || coalesce(statement_started, '-') \
               FROM migrate_revisions WHERE revision = 'r002'";
    texts(pool, sql).await.pop().unwrap_or_default()
}

async fn log(pool: &SqlitePool) -> Vec<String> {
    texts(pool, "SELECT x || '' FROM log").await
}

#[tokio::test]
async fn a_failed_statement_is_where_the_next_run_begins() {
    let pool = memory().await;
    let broken = migrator(&refs(&files("INSERT INTO lag VALUES (3)")));
    let error = broken.up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    assert!(error.message().starts_with("statement 3 of revision `r002` failed"), "{error}");
    let Some(DatabaseState::Committed { revisions, partly: Some(partly) }) = error.state() else {
        panic!("{error}")
    };
    assert_eq!((revisions.len(), partly.as_str()), (1, "r002"));
    assert_eq!(progress(&pool).await, "applying 2 -");
    assert_eq!(log(&pool).await, ["1", "2"]);
    let status = broken.status(&pool).await.unwrap();
    assert_eq!(
        status.revisions[1].state,
        RevisionState::Unfinished { direction: Direction::Up, done: 2, started: None }
    );
    assert!(!status.is_current());

    // Neither another target nor the way down is open.
    assert_eq!(broken.up_to(&pool, "r001").await.unwrap_err().kind(), ErrorKind::Unfinished);
    assert_eq!(broken.down(&pool, "base").await.unwrap_err().kind(), ErrorKind::Unfinished);
    // What is done may not be edited.
    let mut edited = files("INSERT INTO log VALUES (3)");
    edited[1] = edited[1].replace("VALUES (2)", "VALUES (22)");
    let error = migrator(&refs(&edited)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Edited, "{error}");

    let good = baked(&refs(&files("INSERT INTO log VALUES (3)")));
    let report = good.up(&pool).await.unwrap();
    assert_eq!(report.steps[0].statements, 2);
    assert_eq!(log(&pool).await, ["1", "2", "3", "4"]);
    assert_eq!(progress(&pool).await, "applied 4 -");
    assert!(!good.up(&pool).await.unwrap().changed());
    assert!(good.status(&pool).await.unwrap().is_current());
}

#[tokio::test]
async fn a_failing_first_statement_leaves_no_row() {
    let pool = memory().await;
    let files = [file("r001", "-- transaction: none", "nonsense;", "")];
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert_eq!(number(&pool, "SELECT count(*) FROM migrate_revisions").await, 0);
}

#[tokio::test]
async fn a_started_statement_is_decided_by_a_person() {
    let pool = memory().await;
    let files = files("INSERT INTO log VALUES (3)");
    let migrator = migrator(&refs(&files));
    let short = || Options::new().lock_timeout(Duration::from_millis(30));
    for is_done in [true, false] {
        migrator.up_to(&pool, "r001").await.unwrap();
        // What a process that is killed in its third statement leaves.
        migrator.up(&pool).await.unwrap();
        let third = if is_done { "x = 4" } else { "x > 2" };
        exec(&pool, &format!("DELETE FROM log WHERE {third}")).await;
        exec(
            &pool,
            "UPDATE migrate_revisions SET status = 'applying', statements_done = 2, \
             statement_started = 3 WHERE revision = 'r002'",
        )
        .await;
        let error = migrator.with(short()).up(&pool).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unfinished);
        let text = error.to_string();
        assert!(text.contains("| INSERT INTO log VALUES (3)"), "{text}");
        assert!(text.contains("`repair r002 --statement not-done`"), "{text}");
        let statements = ["1", "2", "3"].map(|value| format!("INSERT INTO log VALUES ({value})"));
        let done = if is_done { 3 } else { 2 };
        let progress = crate::runtime::state::Progress::of(
            Dialect::Sqlite,
            statements.iter().take(done).map(String::as_str),
        );
        let sql = format!(
            "UPDATE migrate_revisions SET checksum = '{}', statements_done = {done}, \
             statement_started = NULL WHERE revision = 'r002'",
            progress.checksum()
        );
        exec(&pool, &sql).await;
        migrator.up(&pool).await.unwrap();
        assert_eq!(log(&pool).await, ["1", "2", "3", "4"]);
        migrator.down(&pool, "r001").await.unwrap();
    }
}

#[tokio::test]
async fn an_undoing_that_fails_at_once_leaves_the_revision_applied() {
    let pool = memory().await;
    let row = "SELECT status || checksum || statements_done || coalesce(statement_started, '-') \
               || down_script FROM migrate_revisions WHERE revision = 'r002'";
    let mut files = files("INSERT INTO log VALUES (3)");
    migrator(&refs(&files)).up(&pool).await.unwrap();
    let before = texts(&pool, row).await;
    files[1] = files[1].replace("DELETE FROM log WHERE x = 4;", "nonsense;");
    let broken = migrator(&refs(&files));
    let error = broken.down(&pool, "r001").await.unwrap_err();
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore), "{error}");
    assert_eq!(texts(&pool, row).await, before);
    assert!(!broken.up(&pool).await.unwrap().changed());
}

#[tokio::test]
async fn undoing_resumes_too() {
    let pool = memory().await;
    let mut files = files("INSERT INTO log VALUES (3)");
    files[1] = files[1].replace("DELETE FROM log WHERE x = 3;", "DELETE FROM lag;");
    migrator(&refs(&files)).up(&pool).await.unwrap();
    let error = migrator(&refs(&files)).down(&pool, "r001").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    assert_eq!(progress(&pool).await, "reverting 1 -");
    assert_eq!(log(&pool).await, ["1", "2", "3"]);
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unfinished);
    // A program without the file goes on with the script that was begun, and fails there again.
    let error = migrator(&refs(&files[..1])).down(&pool, Target::BASE).await.unwrap_err();
    assert!(error.message().starts_with("statement 2 of revision `r002` failed"), "{error}");
    files[1] = files[1].replace("DELETE FROM lag;", "DELETE FROM log WHERE x = 2;");
    let report = migrator(&refs(&files)).down(&pool, "r001").await.unwrap();
    assert_eq!(report.steps[0].statements, 2);
    assert_eq!(progress(&pool).await, "");
    assert_eq!(log(&pool).await, [""; 0]);
}

#[tokio::test]
async fn a_transaction_inside_a_revision_is_taken_back_with_its_progress() {
    let pool = memory().await;
    let text = |last: &str| {
        [file(
            "r002",
            "-- transaction: none",
            &format!(
                "CREATE TABLE log (x);\nBEGIN;\nINSERT INTO log VALUES (1);\n{last};\nCOMMIT;"
            ),
            "",
        )]
    };
    migrator(&refs(&text("nonsense"))).up(&pool).await.unwrap_err();
    assert_eq!(progress(&pool).await, "applying 1 -");
    assert_eq!(log(&pool).await, [""; 0]);
    migrator(&refs(&text("INSERT INTO log VALUES (2)"))).up(&pool).await.unwrap();
    assert_eq!(log(&pool).await, ["1", "2"]);
}

#[tokio::test]
async fn a_transaction_left_open_is_an_error_and_undone() {
    let pool = memory().await;
    let up = "CREATE TABLE log (x);\nBEGIN;\nINSERT INTO log VALUES (1);";
    let files = [file("r002", "-- transaction: none", up, "")];
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Script, "{error}");
    assert_eq!(progress(&pool).await, "applying 1 -");
    assert_eq!(log(&pool).await, [""; 0]);
    let files = [file("r002", "-- transaction: none", &format!("{up}\nCOMMIT;"), "")];
    migrator(&refs(&files)).up(&pool).await.unwrap();
    assert_eq!(log(&pool).await, ["1"]);
}
