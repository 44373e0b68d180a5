use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::*;
use crate::runtime::{Options, TransactionScope};

/// Polls a future at most `polls` times; `None` if it was not finished then, and is dropped.
async fn polled<T>(future: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn check(scope: TransactionScope, files: &[String]) {
    let migrator = migrator(&refs(files));
    let all = files.len();
    let (mut interrupted, mut seen_before) = (0, false);
    for polls in 1.. {
        let disk = Disk::new();
        let pool = disk.pool(1).await;
        let options = Options::new().scope(scope);
        let finished = polled(migrator.with(options).up(&pool), polls).await;
        assert_eq!(number(&pool, "PRAGMA foreign_keys").await, 1, "after {polls} polls");
        assert_eq!(number(&pool, "PRAGMA busy_timeout").await, 5000, "after {polls} polls");
        let has_table =
            number(&pool, "SELECT count(*) FROM sqlite_schema WHERE name = 'migrate_revisions'")
                .await;
        let rows = if has_table == 1 { recorded(&pool).await.len() } else { 0 };
        assert_eq!(tables(&pool).await.len(), rows, "as many tables as rows, after {polls} polls");
        if scope == TransactionScope::Run {
            assert!(rows == 0 || rows == all, "all or nothing, after {polls} polls");
        }
        seen_before |= rows < all;
        if let Some(report) = finished {
            assert_eq!(report.unwrap().steps.len(), all);
            break;
        }
        interrupted += 1;
        // What was interrupted can simply be run again.
        tokio::time::timeout(Duration::from_secs(20), migrator.up(&pool)).await.unwrap().unwrap();
        assert_eq!(tables(&pool).await.len(), all);
    }
    // How many there are depends on how fast the driver's thread answers.
    assert!(interrupted > 0 && seen_before, "{interrupted} interruptions");
}

#[tokio::test]
async fn a_dropped_run_is_before_or_after_and_the_pool_unchanged() {
    check(TransactionScope::Run, &line()).await;
}

#[tokio::test]
async fn a_dropped_run_of_several_transactions_is_at_one_of_their_ends() {
    check(TransactionScope::Revision, &line()).await;
}

#[tokio::test]
async fn a_lent_connection_is_rolled_back_and_set_back_too() {
    let migrator = migrator(&refs(&line()));
    for polls in 1.. {
        let disk = Disk::new();
        let mut connection = disk.connect().await;
        let finished = polled(migrator.up(&mut connection), polls).await.is_some();
        let row = sqlx::raw_sql("PRAGMA foreign_keys").fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.get::<i64, _>(0), 1, "after {polls} polls");
        let sql =
            "BEGIN IMMEDIATE; SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b', 'c')";
        let row = sqlx::raw_sql(sql).fetch_one(&mut connection).await.unwrap();
        let tables: i64 = row.get(0);
        assert!(tables == 0 || tables == 3, "after {polls} polls");
        if finished {
            break;
        }
    }
}
