//! A process that is killed before any of the statements that it sends.

use super::*;
use std::process::Command;

const CHILD: &str = "runtime::tests::mysql::killed::the_process_that_is_killed";

/// Rows between definitions, which the revisions of other dialects do not have.
fn files() -> Vec<String> {
    chained(&[(
        "r001",
        "CREATE TABLE a (id INT);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n\
         ALTER TABLE a ADD COLUMN b INT;\nSET @x = 1;\nINSERT INTO a VALUES (3, 3);",
        "DELETE FROM a WHERE id = 1;\nDROP TABLE a;",
    )])
}

#[expect(clippy::disallowed_methods, reason = "a test tells its child process")]
fn told(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(url) = told("MIGRATE_TEST_CHILD_URL") else { return };
    let migrator = migrator(&files());
    if told("MIGRATE_TEST_CHILD_DOWN").is_some() {
        migrator.down(&url, crate::chain::Target::BASE).await.unwrap();
    } else {
        migrator.up(&url).await.unwrap();
    }
}

/// Whether the child came to its end.
fn run_child(server: &Server, down: bool, die_before: usize) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", CHILD])
        .env("MIGRATE_TEST_CHILD_URL", server.url())
        .env("MIGRATE_TEST_DIE_BEFORE", die_before.to_string());
    if down {
        command.env("MIGRATE_TEST_CHILD_DOWN", "1");
    }
    command.output().unwrap().status.success()
}

#[tokio::test]
async fn before_any_statement_up_goes_on_where_it_was() {
    let Some(server) = Server::new().await else { return };
    let migrator = migrator(&files());
    for die_before in 1.. {
        let finished = run_child(&server, false, die_before);
        let report = migrator.up(&server.url()).await;
        let report =
            report.unwrap_or_else(|error| panic!("before statement {die_before}: {error}"));
        assert_eq!(
            server.texts("SELECT CAST(id AS CHAR) FROM a ORDER BY id").await,
            ["1", "2", "3"],
            "before statement {die_before}"
        );
        assert_eq!(server.recorded().await, ["r001 applied 6"]);
        if finished {
            assert!(die_before > 20 && !report.changed());
            break;
        }
        migrator.down(&server.url(), crate::chain::Target::BASE).await.unwrap();
        // The next one begins without tracking tables, too.
        server.exec("DROP TABLE migrate_revisions, migrate_revisions_meta").await;
    }
}

#[tokio::test]
async fn before_any_statement_down_goes_on_where_it_was() {
    let Some(server) = Server::new().await else { return };
    let migrator = migrator(&files());
    for die_before in 1.. {
        migrator.up(&server.url()).await.unwrap();
        let finished = run_child(&server, true, die_before);
        let report = migrator.down(&server.url(), crate::chain::Target::BASE).await;
        report.unwrap_or_else(|error| panic!("before statement {die_before}: {error}"));
        assert!(server.tables().await.is_empty() && server.recorded().await.is_empty());
        if finished {
            assert!(die_before > 10);
            break;
        }
    }
}
