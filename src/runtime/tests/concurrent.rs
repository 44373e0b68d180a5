use super::*;
use crate::runtime::Options;
use sqlx::ConnectOptions as _;
use std::time::Duration;

/// Each revision leaves one row when it runs, and would fail or leave two when it ran twice.
fn counting(count: usize, header: impl Fn(usize) -> &'static str) -> Vec<String> {
    (0..count)
        .map(|index| {
            let revises = match index {
                0 => String::from("-- revises:"),
                _ => format!("-- revises: r{:03}", index - 1),
            };
            let header = format!("{revises}{}", header(index));
            let up =
                format!("CREATE TABLE IF NOT EXISTS ran (n);\nINSERT INTO ran VALUES ({index});");
            file(
                &format!("r{index:03}"),
                &header,
                &up,
                &format!("DELETE FROM ran WHERE n = {index};"),
            )
        })
        .collect()
}

/// `main` of each runner is a database of its own, and says nothing of what the others did.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn also_where_everything_is_in_an_attached_database() {
    let (home, shared) = (Disk::new(), Disk::new());
    drop(shared.connect().await);
    let files: Vec<String> = counting(12, |_| "")
        .iter()
        .map(|text| {
            let text = text.replace("EXISTS ran", "EXISTS far.ran");
            text.replace("INTO ran", "INTO far.ran").replace("FROM ran", "FROM far.ran")
        })
        .collect();
    let settings = Settings { schema: Some("far".into()), ..Settings::default() };
    let migrator: &'static Migrator =
        Box::leak(Box::new(Migrator::new(chain(&refs(&files)), settings)));
    let mut tasks = Vec::new();
    for index in 0..4 {
        let main = home.path.with_file_name(format!("main{index}.db"));
        let mut connection = home.options().filename(main).connect().await.unwrap();
        let attach = format!("ATTACH '{}' AS far", shared.path.display());
        sqlx::raw_sql(AssertSqlSafe(attach)).execute(&mut connection).await.unwrap();
        tasks.push(tokio::spawn(async move {
            let scope = Options::new().scope(crate::runtime::TransactionScope::Revision);
            migrator.with(scope).up(connection).await.map(|report| report.steps.len())
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap().unwrap();
    }
    assert_eq!(total, files.len(), "every revision ran in exactly one of the runs");
}

async fn race(files: Vec<String>, wal: bool) {
    let disk = Disk::new();
    let watcher = disk.pool(1).await;
    if wal {
        exec(&watcher, "PRAGMA journal_mode = WAL").await;
    }
    let migrator: &'static Migrator = Box::leak(Box::new(migrator(&refs(&files))));
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let pool = disk.pool(1).await;
        tasks.push(tokio::spawn(async move {
            let options = Options::new().lock_timeout(Duration::from_mins(1));
            migrator.with(options).up(&pool).await.map(|report| report.steps.len())
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap().unwrap();
    }
    assert_eq!(total, files.len(), "every revision ran in exactly one of the runs");
    let rows = number(&watcher, "SELECT count(*) FROM ran").await;
    assert_eq!(usize::try_from(rows), Ok(files.len()));
    assert_eq!(recorded(&watcher).await.len(), files.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_runners_apply_each_revision_once() {
    for wal in [false, true] {
        race(counting(30, |_| ""), wal).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn also_where_the_run_is_cut() {
    for wal in [false, true] {
        race(
            counting(9, |index| match index % 3 {
                0 => "",
                1 => "\n-- foreign-keys: on",
                _ => "\n-- transaction: none",
            }),
            wal,
        )
        .await;
    }
}
