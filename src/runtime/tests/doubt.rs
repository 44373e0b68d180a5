//! Statements whose process did not come back, and what the catalog says of them.

use super::place::{Place, column, everywhere, query, recorded};
use super::{baked, file, migrator};
use crate::Dialect;
use crate::runtime::state::Progress;
use crate::runtime::{ErrorKind, Options};

/// Leaves the database as a process that is killed in a statement does: `done` statements are done and
/// the next one is started.
async fn interrupt(place: &Place, statements: &[&str], done: usize) {
    let progress = Progress::of(place.dialect, statements[..done].iter().copied());
    let sql = format!(
        "UPDATE migrate_revisions SET status = 'applying', statements_done = {done}, \
         statement_started = {}, checksum = '{}'",
        done + 1,
        progress.checksum()
    );
    query(&place.url, &sql).await;
}

everywhere! {
    async fn the_catalog_decides_about_definitions(place: Place) {
        // There only a person decides: the lock does not outlive a transaction.
        if place.dialect == Dialect::Sqlite {
            return;
        }
        let statements = [
            "CREATE TABLE a (x INTEGER)",
            "ALTER TABLE a ADD COLUMN y INTEGER",
            "CREATE INDEX i ON a (x)",
            "ALTER TABLE a DROP COLUMN y",
        ];
        let down = "DROP TABLE a;";
        let text = file("r001", "-- transaction: none", &format!("{};", statements.join(";\n")), down);
        let migrator = baked(&[&text]);
        // What undoes each of them, so that it seems not to have run.
        let undo = [
            "DROP TABLE a",
            "ALTER TABLE a DROP COLUMN y",
            if place.dialect == Dialect::Mysql { "DROP INDEX i ON a" } else { "DROP INDEX i" },
            "ALTER TABLE a ADD COLUMN y INTEGER",
        ];
        for done in 0..statements.len() {
            for was_run in [true, false] {
                migrator.up(&place.url).await.unwrap();
                for sql in undo[done + 1..].iter().rev() {
                    query(&place.url, sql).await;
                }
                if !was_run {
                    query(&place.url, undo[done]).await;
                }
                interrupt(&place, &statements, done).await;
                let report = migrator.up(&place.url).await.unwrap_or_else(|error| panic!("{done} {was_run}: {error}"));
                let says = if was_run { "says that it is done" } else { "says that it is not done" };
                assert!(report.warnings.iter().any(|text| text.contains(says)), "{done} {was_run}: {report:?}");
                assert_eq!(recorded(&place).await, ["r001 applied"]);
                migrator.down(&place.url, "base").await.unwrap();
            }
        }
    }

    async fn of_other_statements_only_a_person_knows(place: Place) {
        let statements = ["CREATE TABLE log (x INTEGER)", "INSERT INTO log VALUES (1)"];
        let text = file("r001", "-- transaction: none", &format!("{};", statements.join(";\n")), "DROP TABLE log;");
        let migrator = migrator(&[&text]);
        migrator.up(&place.url).await.unwrap();
        interrupt(&place, &statements, 1).await;
        let short = Options::new().lock_timeout(std::time::Duration::from_millis(50));
        let error = migrator.with(short).up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unfinished, "{error}");
        assert!(error.to_string().contains("`repair r001 --statement not-done`"), "{error}");
        assert_eq!(error.position().unwrap().line, 8, "{error}");
        assert_eq!(column(&place.url, "SELECT x FROM log").await, ["1"], "it did not run again");
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn an_index_that_failed_is_named_and_dropped_before_the_next_attempt() {
    let Some(place) = Place::on(Dialect::Postgres).await else { return };
    query(&place.url, "CREATE TABLE a (x int)").await;
    query(&place.url, "INSERT INTO a VALUES (1), (1)").await;
    let text = file(
        "r001",
        "-- transaction: none",
        "SET lock_timeout = '5s';\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS once ON a (x);",
        "DROP INDEX CONCURRENTLY once;",
    );
    let migrator = baked(&[&text]);
    for _ in 0..2 {
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        assert!(error.to_string().contains("left the invalid index `once`"), "{error}");
        assert!(error.to_string().contains("(1) is duplicated"), "{error}");
    }
    query(&place.url, "DELETE FROM a WHERE ctid = '(0,1)'").await;
    let report = migrator.up(&place.url).await.unwrap();
    assert!(report.warnings[0].contains("the invalid index public.once"), "{report:?}");
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'once'::regclass";
    assert_eq!(column(&place.url, valid).await, ["true"]);
    migrator.down(&place.url, "base").await.unwrap();
    // As the first statement of its revision, too, and also where it was there before.
    query(&place.url, "INSERT INTO a VALUES (1)").await;
    let alone = file(
        "r002",
        "-- transaction: none",
        "CREATE UNIQUE INDEX CONCURRENTLY once ON a (x);",
        "DROP INDEX CONCURRENTLY once;",
    );
    let alone = baked(&[&alone]);
    alone.up(&place.url).await.unwrap_err();
    assert_eq!(recorded(&place).await, ["r002 applying"]);
    query(&place.url, "DELETE FROM a WHERE ctid = '(0,3)'").await;
    alone.up(&place.url).await.unwrap();
    assert_eq!(column(&place.url, valid).await, ["true"]);
}
