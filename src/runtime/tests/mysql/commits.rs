use super::*;
use crate::runtime::{DatabaseState, ErrorKind, Options};
use std::time::Duration;

fn mixed(third: &str) -> Vec<String> {
    chained(&[(
        "r001",
        &format!(
            "CREATE TABLE a (id INT PRIMARY KEY);\nINSERT INTO a VALUES (1), (2);\n{third}\n\
             INSERT INTO a VALUES (3);\nDROP TABLE IF EXISTS nothing;"
        ),
        "DROP TABLE a;",
    )])
}

#[tokio::test]
async fn a_definition_that_fails_in_the_middle_is_where_the_next_run_begins() {
    let Some(server) = Server::new().await else { return };
    let error = migrator(&mixed("ALTER TABLE a\n  ADD COLUMN b INT,\n  FROB c;"))
        .up(&server.url())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    assert_eq!(error.position().unwrap().to_string(), "11:8", "{error}");
    let text = error.to_string();
    assert!(text.starts_with("statement 3 of revision `r001` failed: You have an error"), "{text}");
    assert!(text.contains("its first 2 statements are done, and will not run again"), "{text}");
    assert!(
        matches!(error.state(), Some(DatabaseState::Committed { partly: Some(id), .. }) if id.as_str() == "r001")
    );
    assert_eq!(server.recorded().await, ["r001 applying 2"]);
    assert_eq!(server.texts("SELECT id FROM a").await, ["1", "2"]);

    // Only what comes after the done statements may be corrected.
    let edited = mixed("ALTER TABLE a ENGINE = InnoDB;")[0].replace("(1), (2)", "(1), (9)");
    let error = migrator(&[edited]).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Edited);
    let report =
        migrator(&mixed("ALTER TABLE a ENGINE = InnoDB;")).up(&server.url()).await.unwrap();
    assert_eq!(report.steps[0].statements, 3);
    assert_eq!(server.texts("SELECT id FROM a").await, ["1", "2", "3"]);
    assert_eq!(server.recorded().await, ["r001 applied 5"]);
}

#[tokio::test]
async fn rows_between_definitions_are_taken_back_when_they_fail() {
    let Some(server) = Server::new().await else { return };
    let error =
        migrator(&mixed("INSERT INTO a VALUES (5), (1);")).up(&server.url()).await.unwrap_err();
    assert!(error.message().contains("Duplicate entry"), "{error}");
    assert_eq!(error.position().unwrap().to_string(), "9:1", "{error}");
    assert_eq!(server.texts("SELECT id FROM a").await, ["1", "2"]);
    assert_eq!(server.recorded().await, ["r001 applying 2"]);
    migrator(&mixed("INSERT INTO a VALUES (5);")).up(&server.url()).await.unwrap();
    assert_eq!(server.texts("SELECT id FROM a").await, ["1", "2", "3", "5"]);
}

#[tokio::test]
async fn the_first_statement_that_fails_leaves_nothing() {
    let Some(server) = Server::new().await else { return };
    for first in
        ["CREATE TABLE a (id FROB);\nDROP TABLE b;", "INSERT INTO a VALUES (1);\nDROP TABLE b;"]
    {
        let files = chained(&[("r001", first, "")]);
        let error = migrator(&files).up(&server.url()).await.unwrap_err();
        assert!(
            error.to_string().contains("no statement of this revision had an effect"),
            "{error}"
        );
        assert!(error.to_string().contains("the database is as before"), "{error}");
        assert!(server.recorded().await.is_empty());
    }
}

#[tokio::test]
async fn rows_alone_are_one_transaction() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE t (id INT PRIMARY KEY)").await;
    let files = chained(&[("r001", "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES\n  (1);", "")]);
    let error = migrator(&files).up(&server.url()).await.unwrap_err();
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert_eq!(error.position().unwrap().to_string(), "8:1", "{error}");
    assert!(server.texts("SELECT id FROM t").await.is_empty());
    assert!(server.recorded().await.is_empty());
}

#[tokio::test]
async fn down_goes_on_where_it_failed() {
    let Some(server) = Server::new().await else { return };
    let files = |down: &str| {
        chained(&[("r001", "CREATE TABLE a (id INT);\nCREATE TABLE b (id INT);", down)])
    };
    let wrong = migrator(&files("DROP TABLE b;\nDROP TABLE c;"));
    wrong.up(&server.url()).await.unwrap();
    let error = wrong.down(&server.url(), crate::chain::Target::BASE).await.unwrap_err();
    assert!(error.message().contains("Unknown table"), "{error}");
    assert_eq!(server.recorded().await, ["r001 reverting 1"]);
    let right = migrator(&files("DROP TABLE b;\nDROP TABLE a;"));
    right.down(&server.url(), crate::chain::Target::BASE).await.unwrap();
    assert!(server.tables().await.is_empty() && server.recorded().await.is_empty());
}

#[tokio::test]
async fn a_resumed_revision_has_the_settings_of_its_first_statements() {
    let Some(server) = Server::new().await else { return };
    let files = |last: &str| {
        let up = format!(
            "SET foreign_key_checks = 0;\nCREATE TABLE a (id INT PRIMARY KEY);\n\
             CREATE TABLE b (a INT, FOREIGN KEY (a) REFERENCES a (id));\n{last}"
        );
        chained(&[("r001", &up, "")])
    };
    let error = migrator(&files("CREATE FROB;")).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    migrator(&files("INSERT INTO b VALUES (4);")).up(&server.url()).await.unwrap();
    assert_eq!(server.texts("SELECT a FROM b").await, ["4"]);
}

#[tokio::test]
async fn a_definition_that_waits_too_long_is_tried_again() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE t (id INT PRIMARY KEY)").await;
    let files = chained(&[(
        "r001",
        "CREATE TABLE u (id INT);\nALTER TABLE t ADD COLUMN b INT;\nINSERT INTO t VALUES (1, 1);",
        "",
    )]);
    let migrator = migrator(&files);
    let mut other = server.connect().await;
    run(&mut other, "START TRANSACTION; SELECT * FROM t").await;
    let options = || Options::new().statement_lock_timeout(Duration::from_millis(300)).retries(1);
    let error = migrator.with(options()).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockTimeout);
    let text = error.to_string();
    assert!(text.contains("it was tried 2 times"), "{text}");
    assert!(text.contains("in the way: session"), "{text}");
    assert_eq!(server.recorded().await, ["r001 applying 1"]);
    let (patient, url) = (migrator.with(options().retries(20)), server.url());
    let (result, ()) = tokio::join!(patient.up(&url), async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        run(&mut other, "ROLLBACK").await;
    });
    result.unwrap();
    assert_eq!(server.texts("SELECT id FROM t").await, ["1"]);
}

#[tokio::test]
async fn rows_that_wait_too_long_are_tried_again() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)").await;
    let files = chained(&[("r001", "UPDATE t SET id = id + 1;", "")]);
    let mut other = server.connect().await;
    run(&mut other, "START TRANSACTION; UPDATE t SET id = 5").await;
    let options = Options::new().statement_lock_timeout(Duration::from_secs(1)).retries(0);
    let error = migrator(&files).with(options.clone()).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockTimeout);
    assert!(error.to_string().contains("has a transaction open, and is idle"), "{error}");
    let migrator = migrator(&files);
    let (patient, url) = (migrator.with(options.retries(20)), server.url());
    let (result, ()) = tokio::join!(patient.up(&url), async {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        run(&mut other, "ROLLBACK").await;
    });
    result.unwrap();
    assert_eq!(server.texts("SELECT id FROM t").await, ["2"]);
}

#[tokio::test]
async fn procedures_need_no_delimiter_and_may_have_one() {
    let Some(server) = Server::new().await else { return };
    let files = chained(&[
        (
            "r001",
            "CREATE TABLE t (id INT);\nDELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  INSERT INTO t VALUES (1);\n  \
             INSERT INTO t VALUES (2);\nEND//\nDELIMITER ;\nCALL p();",
            "DROP PROCEDURE p;\nDROP TABLE t;",
        ),
        (
            "r002",
            "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN\n  SET NEW.id = NEW.id + 1;\nEND;\n\
             INSERT INTO t VALUES (3);",
            "DROP TRIGGER g;",
        ),
    ]);
    let migrator = migrator(&files);
    migrator.up(&server.url()).await.unwrap();
    assert_eq!(server.texts("SELECT id FROM t").await, ["1", "2", "4"]);
    migrator.down(&server.url(), crate::chain::Target::BASE).await.unwrap();
    assert!(server.tables().await.is_empty());
}

#[tokio::test]
async fn what_asks_for_no_transaction_gets_none() {
    let Some(server) = Server::new().await else { return };
    let up = "CREATE TABLE t (id INT);\nSTART TRANSACTION;\nINSERT INTO t VALUES (1);\nCOMMIT;\nINSERT INTO t VALUES (2);";
    let files = [file("r001", "-- transaction: none", up, "")];
    migrator(&files).up(&server.url()).await.unwrap();
    assert_eq!(server.texts("SELECT id FROM t").await, ["1", "2"]);
    let mut files = files.to_vec();
    files.push(file(
        "r002",
        "-- revises: r001\n-- transaction: none",
        "INSERT INTO t VALUES (3);\nSTART TRANSACTION;\nINSERT INTO t VALUES (4);",
        "",
    ));
    let error = migrator(&files).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Script);
    assert!(error.to_string().contains("leaves a transaction open"), "{error}");
    assert_eq!(server.texts("SELECT id FROM t").await, ["1", "2", "3"]);
}

#[tokio::test]
async fn locking_tables_is_refused_before_anything_runs() {
    let Some(server) = Server::new().await else { return };
    for header in ["-- revises:", "-- revises:\n-- transaction: none"] {
        let files = [file("r001", header, "CREATE TABLE t (id INT);\nLOCK TABLES t WRITE;", "")];
        let error = migrator(&files).up(&server.url()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script);
        assert!(error.to_string().contains("shut the tracking table out"), "{error}");
        assert!(server.tables().await.is_empty());
    }
}
