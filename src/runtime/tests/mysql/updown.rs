use super::*;
use crate::chain::{Direction, Target};
use crate::runtime::{Options, RevisionState, StepTransaction, TransactionScope};

#[tokio::test]
async fn up_applies_once_and_down_takes_it_back() {
    let Some(server) = Server::new().await else { return };
    let pool = server.pool(2).await;
    let migrator = baked(&line());
    let plan = migrator.plan(&pool, Direction::Up, Target::HEAD).await.unwrap();
    let transactions: Vec<StepTransaction> =
        plan.steps.iter().map(|step| step.transaction).collect();
    assert_eq!(
        transactions,
        [
            StepTransaction::StatementByStatement,
            StepTransaction::StatementByStatement,
            StepTransaction::Shared
        ]
    );
    assert_eq!(plan.parts(), 3);
    assert!(server.tables().await.is_empty(), "a plan changes nothing");
    let status = migrator.status(&pool).await.unwrap();
    assert_eq!(status.pending().count(), 3);
    assert!(server.texts("SHOW TABLES").await.is_empty(), "neither does status");

    let report = migrator.up(&pool).await.unwrap();
    assert_eq!(ran(&report), ["r001", "r002", "r003"]);
    assert!(
        report.database.ends_with(&format!(":{}/{}", server.options().get_port(), server.database)),
        "{}",
        report.database
    );
    assert_eq!(server.tables().await, ["a", "b"]);
    assert_eq!(server.recorded().await, ["r001 applied 2", "r002 applied 1", "r003 applied 1"]);
    assert_eq!(server.texts("SELECT id FROM b").await, ["7", "8"]);
    assert!(!migrator.up(&pool).await.unwrap().changed());
    assert!(!migrator.up_to(&pool, "r002").await.unwrap().changed());
    let status = migrator.status(&pool).await.unwrap();
    assert!(status.is_current());
    let RevisionState::Applied(record) = &status.revisions[0].state else { panic!("{status:?}") };
    assert!(record.at.len() == 24 && record.at.ends_with('Z'), "{}", record.at);

    let report = migrator.down(&pool, "r001").await.unwrap();
    assert_eq!(ran(&report), ["r003", "r002"]);
    assert_eq!(server.tables().await, ["a"]);
    migrator.down(&pool, Target::BASE).await.unwrap();
    assert!(server.tables().await.is_empty() && server.recorded().await.is_empty());
    assert_eq!(ran(&migrator.up(&server.url()).await.unwrap()).len(), 3);
}

#[tokio::test]
async fn ids_that_differ_only_in_case_are_two() {
    let Some(server) = Server::new().await else { return };
    let files = chained(&[
        ("abcd", "CREATE TABLE a (id INT);", "DROP TABLE a;"),
        ("ABCD", "CREATE TABLE b (id INT);", "DROP TABLE b;"),
    ]);
    let migrator = migrator(&files);
    migrator.up(&server.url()).await.unwrap();
    assert_eq!(server.tables().await, ["a", "b"]);
    migrator.down(&server.url(), "abcd").await.unwrap();
    assert_eq!(server.tables().await, ["a"]);
    assert_eq!(server.recorded().await, ["abcd applied 1"]);
}

#[tokio::test]
async fn what_an_unknown_revision_stores_undoes_it() {
    let Some(server) = Server::new().await else { return };
    let files = chained(&[
        ("r001", "CREATE TABLE a (id INT);", "DROP TABLE a;"),
        (
            "r002",
            "CREATE TABLE b (t TEXT);\nINSERT INTO b VALUES ('it''s \\\\ ä');",
            "DROP TABLE b;",
        ),
    ]);
    migrator(&files).up(&server.url()).await.unwrap();
    let old = migrator(&files[..1]);
    let report = old.down(&server.url(), "r001").await.unwrap();
    assert_eq!(ran(&report), ["r002"]);
    assert_eq!(server.tables().await, ["a"]);
}

#[tokio::test]
async fn revisions_of_rows_share_a_transaction_if_that_is_asked_for() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE t (id INT PRIMARY KEY)").await;
    let files = chained(&[
        ("r001", "INSERT INTO t VALUES (1);", ""),
        ("r002", "INSERT INTO t VALUES (2);", ""),
        ("r003", "INSERT INTO t VALUES (3);\nINSERT INTO t VALUES (3);", ""),
    ]);
    let migrator = migrator(&files);
    let whole = Options::new().scope(TransactionScope::Run);
    let error = migrator.with(whole).up(&server.url()).await.unwrap_err();
    assert!(error.to_string().contains("the database is as before"), "{error}");
    assert!(server.texts("SELECT id FROM t").await.is_empty());
    assert!(server.recorded().await.is_empty());
    let error = migrator.up(&server.url()).await.unwrap_err();
    assert!(error.to_string().contains("revisions `r001` and `r002` are committed"), "{error}");
    assert_eq!(server.texts("SELECT id FROM t").await, ["1", "2"]);
}
