//! A process killed before any statement of a run over two databases, and the run after it.

use std::process::Command;

use super::*;

const CHILD: &str = "MIGRATE_TEST_CHILD_OF_SEVERAL";

/// The child process.
#[tokio::test]
async fn child() {
    #[expect(clippy::disallowed_methods, reason = "the parent says there what to do")]
    let Ok(task) = std::env::var(CHILD) else { return };
    let words: Vec<&str> = task.split(' ').collect();
    let [dialect, direction, catalog, monitoring] = words[..] else { panic!("{task}") };
    let place = |url| Place::at(Dialect::from_name(dialect).unwrap(), url);
    let pair = Pair(place(catalog), place(monitoring));
    run(&pair, &migrator(&line()), direction == "up").await.unwrap();
}

async fn run(pair: &Pair, migrator: &Migrator, is_up: bool) -> Result<(), Error> {
    // So that there are commits between the revisions, also on SQLite.
    let options = Options::new().scope(TransactionScope::Revision);
    let databases = pair.databases(migrator, &options);
    let reports = if is_up { databases.up().await } else { databases.down("base").await };
    reports.map(|_| ())
}

/// Whether the child came back.
fn lives(pair: &Pair, is_up: bool, number: usize) -> bool {
    let direction = if is_up { "up" } else { "down" };
    let (dialect, catalog, monitoring) = (pair.0.dialect, &pair.0.url, &pair.1.url);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runtime::tests::several::killed::child", "--nocapture"])
        .env(CHILD, format!("{dialect} {direction} {catalog} {monitoring}"))
        .env("MIGRATE_TEST_DIE_BEFORE", number.to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success() || output.status.code().is_none(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    output.status.success()
}

async fn killed_anywhere(dialect: Dialect) {
    let Some(pair) = Pair::on(dialect, dialect).await else { return };
    let migrator = migrator(&line());
    let (mut deaths, mut apart) = (0, 0);
    for number in 1.. {
        let up_lives = lives(&pair, true, number);
        let [one, other] = counts(&pair).await;
        // A commit at a time: they are never more than one revision from each other.
        assert!(one == other || one == other + 1, "{one} and {other} before statement {number}");
        apart += usize::from(one != other);
        run(&pair, &migrator, true).await.unwrap();
        let all = ["r001 applied", "r002 applied", "r003 applied"];
        assert_eq!(pair.recorded().await, [all, all], "killed before statement {number} of up");
        assert_eq!(pair.tables().await, [["log", "product"], ["log", "metric"]]);
        let down_lives = lives(&pair, false, number);
        run(&pair, &migrator, false).await.unwrap();
        assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
        if up_lives && down_lives {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 15 && apart >= 3, "{deaths} deaths, {apart} times apart");
}

/// How many revisions are recorded in each.
async fn counts(pair: &Pair) -> [usize; 2] {
    let migrator = migrator(&line());
    let databases = pair.databases(&migrator, &Options::new());
    let counts = databases.status().await.unwrap().into_iter();
    let counts = counts.map(|it| it.report.revisions.len() - it.report.pending().count());
    counts.collect::<Vec<_>>().try_into().unwrap()
}

#[tokio::test]
async fn a_process_killed_anywhere_leaves_what_the_next_run_finishes_on_sqlite() {
    killed_anywhere(Dialect::Sqlite).await;
}

#[tokio::test]
async fn a_process_killed_anywhere_leaves_what_the_next_run_finishes_on_postgres() {
    killed_anywhere(Dialect::Postgres).await;
}
