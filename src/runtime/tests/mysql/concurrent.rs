use super::*;
use crate::runtime::{DatabaseState, ErrorKind, Event, Observer, Options};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

fn counting(count: usize) -> Vec<String> {
    let revisions: Vec<(String, String)> = (0..count)
        .map(|index| {
            let define = format!("CREATE TABLE made{index} (n INT);\n");
            let insert = format!("INSERT INTO ran VALUES ({index});");
            (format!("r{index:03}"), if index % 2 == 0 { define + &insert } else { insert })
        })
        .collect();
    let borrowed: Vec<(&str, &str, &str)> =
        revisions.iter().map(|(id, up)| (id.as_str(), up.as_str(), "")).collect();
    chained(&borrowed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_runners_apply_each_revision_once() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE ran (n INT)").await;
    let files = counting(12);
    let migrator: &'static Migrator = Box::leak(Box::new(migrator(&files)));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = server.url();
            tokio::spawn(async move { migrator.up(&url).await.map(|report| report.steps.len()) })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap().unwrap();
    }
    assert_eq!(total, files.len(), "every revision ran in exactly one of the runs");
    assert_eq!(server.texts("SELECT n FROM ran").await.len(), files.len());
}

#[derive(Default)]
struct Holders(Mutex<Vec<String>>);

impl Observer for Holders {
    fn event(&self, event: &Event<'_>) {
        if let Event::Waiting { holder, .. } = event {
            self.0.lock().unwrap().push(holder.unwrap_or_default().to_owned());
        }
    }
}

#[tokio::test]
async fn whoever_waits_is_told_for_whom() {
    let Some(server) = Server::new().await else { return };
    let files = line();
    let migrator = migrator(&files);
    let mut other = server.connect().await;
    let name = crate::runtime::mysql::lock_name(&server.database, "migrate_revisions", "main");
    run(&mut other, &format!("DO GET_LOCK('{name}', 0)")).await;
    let session = texts(&mut other, "SELECT CAST(CONNECTION_ID() AS CHAR)").await.remove(0);
    let holders = Arc::new(Holders::default());
    let options = Options::new()
        .lock_timeout(Duration::from_millis(400))
        .observer(Arc::clone(&holders) as Arc<dyn Observer>);
    let error = migrator.with(options).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert!(
        error
            .to_string()
            .contains(&format!("held by session {session} ({}@", server.options().get_username())),
        "{error}"
    );
    let told = holders.0.lock().unwrap().clone();
    assert!(told.len() > 1 && told[0].starts_with(&format!("session {session} (")), "{told:?}");
    assert!(server.tables().await.is_empty());
}

/// Does something on another connection as soon as a statement begins.
struct AtStatement {
    index: usize,
    act: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Observer for AtStatement {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::StatementStarted { index, .. } if *index == self.index)
            && let Some(act) = self.act.lock().unwrap().take()
        {
            act();
        }
    }
}

/// Kills the session of the migrator when it comes to a statement.
fn killing(server: &Server, index: usize) -> Options {
    let options = server.options();
    let database = server.database.clone();
    let act = move || {
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                use sqlx::ConnectOptions;
                let mut other = options.connect().await.unwrap();
                let name = crate::runtime::mysql::lock_name(&database, "migrate_revisions", "main");
                let sql = format!("SELECT CAST(IS_USED_LOCK('{name}') AS CHAR)");
                let session = texts(&mut other, &sql).await.remove(0);
                run(&mut other, &format!("KILL {session}")).await;
            });
        });
        thread.join().unwrap();
    };
    let observer = AtStatement { index, act: Mutex::new(Some(Box::new(act))) };
    Options::new().observer(Arc::new(observer))
}

#[tokio::test]
async fn a_killed_connection_leaves_what_is_recorded() {
    let Some(server) = Server::new().await else { return };
    let up = "CREATE TABLE a (id INT);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (id INT);";
    let files = chained(&[("r001", up, "")]);
    let migrator = migrator(&files);
    let pool = server.pool(1).await;
    // Rows: their transaction is gone, and that is known.
    let error = migrator.with(killing(&server, 1)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    assert_eq!(server.recorded().await, ["r001 applying 1"]);
    // A definition: its record does not say, but the catalog does.
    let error = migrator.with(killing(&server, 2)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    assert_eq!(server.recorded().await, ["r001 applying 2 3"]);
    assert_eq!(server.texts("SELECT id FROM a").await, ["1"]);
    let report = migrator.up(&pool).await.unwrap();
    assert!(report.warnings[0].contains("the catalog says that it is not done"), "{report:?}");
    assert_eq!(server.recorded().await, ["r001 applied 3"]);
}

#[tokio::test]
async fn a_revision_of_rows_whose_lock_is_gone_is_not_committed() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE t (id INT)").await;
    let name = crate::runtime::mysql::lock_name(&server.database, "migrate_revisions", "main");
    let up = format!("INSERT INTO t VALUES (1);\nDO RELEASE_LOCK('{name}');");
    let error = migrator(&chained(&[("r001", &up, "")])).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert!(server.texts("SELECT id FROM t").await.is_empty());
    assert!(server.recorded().await.is_empty());
}

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

#[tokio::test]
async fn a_dropped_run_frees_the_lock_and_changes_no_pooled_connection() {
    let Some(server) = Server::new().await else { return };
    let files = chained(&[
        ("r001", "INSERT INTO t VALUES (1);", "DELETE FROM t WHERE id = 1;"),
        ("r002", "INSERT INTO t VALUES (2);", "DELETE FROM t WHERE id = 2;"),
    ]);
    let migrator = migrator(&files);
    server.exec("CREATE TABLE t (id INT)").await;
    let pool = server.pool(1).await;
    let settings = "SELECT concat(@@lock_wait_timeout, @@autocommit, @@sql_mode)";
    let mut connection = pool.acquire().await.unwrap();
    let before = texts(&mut connection, settings).await;
    drop(connection);
    for polls in 1.. {
        let options = Options::new().statement_lock_timeout(Duration::from_secs(7));
        let finished = polled(migrator.with(options).up(&pool), polls).await;
        let mut connection = pool.acquire().await.unwrap();
        assert_eq!(texts(&mut connection, settings).await, before, "after {polls} polls");
        drop(connection);
        if let Some(report) = finished {
            report.unwrap();
            break;
        }
        // What was interrupted can simply be run again.
        tokio::time::timeout(Duration::from_secs(20), migrator.up(&pool)).await.unwrap().unwrap();
        assert_eq!(server.texts("SELECT id FROM t").await, ["1", "2"]);
        migrator.down(&pool, crate::chain::Target::BASE).await.unwrap();
    }
}
