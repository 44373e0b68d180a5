use super::*;
use crate::runtime::{DatabaseState, ErrorKind};

const PARENT: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (10, 1), (11, 2);";

const REBUILD: &str = "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO new_parent (id) SELECT id FROM parent;
DROP TABLE parent;
ALTER TABLE new_parent RENAME TO parent;";

#[tokio::test]
async fn rebuilding_a_parent_keeps_its_children() {
    let pool = memory().await;
    let files = [file("r001", "", PARENT, ""), file("r002", "-- revises: r001", REBUILD, "")];
    let report = migrator(&refs(&files)).up(&pool).await.unwrap();
    assert!(report.warnings.is_empty());
    assert_eq!(number(&pool, "SELECT count(*) FROM child").await, 2);
    assert_eq!(number(&pool, "PRAGMA foreign_keys").await, 1);
}

#[tokio::test]
async fn a_revision_that_adds_a_violation_fails() {
    let pool = memory().await;
    let files = [
        file("r001", "", PARENT, ""),
        file("r002", "-- revises: r001", "DELETE FROM parent WHERE id = 2;", ""),
    ];
    migrator(&refs(&files[..1])).up(&pool).await.unwrap();
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForeignKeys);
    assert_eq!(
        error.message(),
        "revision `r002` leaves row 11 of table `child`, which refers to no row of `parent`"
    );
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert_eq!(number(&pool, "SELECT count(*) FROM parent").await, 2);
    assert_eq!(recorded(&pool).await, ["r001"]);
}

#[tokio::test]
async fn older_violations_are_one_warning() {
    let pool = memory().await;
    let files = [
        file("r001", "", PARENT, ""),
        file("r002", "-- revises: r001", "CREATE TABLE other (x);", ""),
        file("r003", "-- revises: r002", "INSERT INTO child VALUES (12, 8);", ""),
    ];
    migrator(&refs(&files[..1])).up(&pool).await.unwrap();
    exec(
        &pool,
        "PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (5, 9); PRAGMA foreign_keys = ON",
    )
    .await;
    let report = migrator(&refs(&files[..2])).up(&pool).await.unwrap();
    assert_eq!(
        report.warnings,
        [
            "1 row refers to nothing since before this run, first row 5 of table `child`, which refers \
          to no row of `parent`"
        ]
    );
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert!(error.message().contains("row 12 of table `child`"), "{error}");
    assert!(!error.to_string().contains("row 5"), "{error}");
}

#[tokio::test]
async fn a_key_that_cannot_be_checked_stops_nothing_and_hides_nothing() {
    let pool = memory().await;
    let mismatch = "CREATE TABLE loose (n);\nCREATE TABLE odd (n REFERENCES loose (n));";
    let files = [
        file("r001", "", &format!("{mismatch}\n{PARENT}"), ""),
        file("r002", "-- revises: r001", "INSERT INTO child VALUES (12, 8);", ""),
    ];
    let report = migrator(&refs(&files[..1])).up(&pool).await.unwrap();
    assert_eq!(
        report.warnings,
        ["the foreign keys of a table cannot be checked: \
          foreign key mismatch - \"odd\" referencing \"loose\""]
    );
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert!(error.message().contains("row 12 of table `child`"), "{error}");
    // A revision can mend it.
    let mend = file("r002", "-- revises: r001", "CREATE UNIQUE INDEX n ON loose (n);", "");
    migrator(&[&files[0], &mend]).up(&pool).await.unwrap();
}

#[tokio::test]
async fn foreign_keys_on_lets_deletes_cascade() {
    let pool = memory().await;
    let files = [
        file("r001", "", PARENT, ""),
        file(
            "r002",
            "-- revises: r001\n-- foreign-keys: on",
            "DELETE FROM parent WHERE id = 2;",
            "INSERT INTO parent VALUES (2);",
        ),
        file("r003", "-- revises: r002", "CREATE TABLE last (x);", "DROP TABLE last;"),
    ];
    let migrator = migrator(&refs(&files));
    migrator.up(&pool).await.unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM child").await, 1);
    assert_eq!(recorded(&pool).await.len(), 3);
    migrator.down(&pool, "r001").await.unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM parent").await, 2);
    assert_eq!(number(&pool, "PRAGMA foreign_keys").await, 1);
}

#[tokio::test]
async fn outside_a_transaction_a_violation_is_told_and_recorded_as_it_is() {
    let pool = memory().await;
    let files = [
        file("r001", "", PARENT, ""),
        file(
            "r002",
            "-- revises: r001\n-- transaction: none",
            "DELETE FROM parent WHERE id = 2;",
            "",
        ),
    ];
    let migrator = migrator(&refs(&files));
    let error = migrator.up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForeignKeys);
    assert!(error.to_string().contains("`r001` and `r002` are committed"), "{error}");
    assert!(error.helps()[0].ends_with("correct the rows in a new one"), "{error}");
    assert_eq!(recorded(&pool).await, ["r001", "r002"]);
}
