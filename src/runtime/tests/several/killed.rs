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
    let [direction, phases, places @ ..] = &words[..] else { panic!("{task}") };
    let [first, catalog, second, monitoring] = places else { panic!("{task}") };
    let place = |dialect: &str, url| Place::at(Dialect::from_name(dialect).unwrap(), url);
    let pair = Pair(place(first, catalog), place(second, monitoring));
    run(&pair, &migrator(&line()), *direction == "up", *phases == "2").await.unwrap();
}

/// The warnings of a run.
async fn run(
    pair: &Pair,
    migrator: &Migrator,
    is_up: bool,
    is_two_phase: bool,
) -> Result<Vec<String>, Error> {
    // So that there are commits between the revisions, also on SQLite.
    let options = Options::new().scope(TransactionScope::Revision).two_phase(is_two_phase);
    let databases = pair.databases(migrator, &options);
    let reports = if is_up { databases.up().await } else { databases.down("base").await };
    Ok(reports?.into_iter().flat_map(|it| it.report.warnings).collect())
}

/// Whether the child came back.
fn lives(pair: &Pair, is_up: bool, is_two_phase: bool, number: usize) -> bool {
    let direction = if is_up { "up" } else { "down" };
    let phases = if is_two_phase { "2" } else { "1" };
    let Pair(first, second) = pair;
    let (catalog, monitoring) = (&first.url, &second.url);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runtime::tests::several::killed::child", "--nocapture"])
        .env(
            CHILD,
            format!(
                "{direction} {phases} {} {catalog} {} {monitoring}",
                first.dialect, second.dialect
            ),
        )
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
    let (lives, run) = (
        |is_up, number| lives(&pair, is_up, false, number),
        |is_up| run(&pair, &migrator, is_up, false),
    );
    let (mut deaths, mut apart) = (0, 0);
    for number in 1.. {
        let up_lives = lives(true, number);
        let [one, other] = counts(&pair).await;
        // A commit at a time: they are never more than one revision from each other.
        assert!(one == other || one == other + 1, "{one} and {other} before statement {number}");
        apart += usize::from(one != other);
        run(true).await.unwrap();
        let all = ["r001 applied", "r002 applied", "r003 applied"];
        assert_eq!(pair.recorded().await, [all, all], "killed before statement {number} of up");
        assert_eq!(pair.tables().await, [["log", "product"], ["log", "metric"]]);
        let down_lives = lives(false, number);
        run(false).await.unwrap();
        assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
        if up_lives && down_lives {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 15 && apart >= 3, "{deaths} deaths, {apart} times apart");
}

/// In two phases all databases keep a revision or none does, wherever the process died.
async fn killed_in_two_phases(catalog: Dialect, monitoring: Dialect) {
    let Some(pair) = two_phase::able(catalog, monitoring).await else { return };
    let migrator = migrator(&line());
    let all = ["r001 applied", "r002 applied", "r003 applied"];
    let (mut deaths, mut committed, mut undone) = (0, 0, 0);
    for number in 1.. {
        let mut has_died = false;
        for is_up in [true, false] {
            has_died |= !lives(&pair, is_up, true, number);
            let before = counts(&pair).await;
            let warnings = run(&pair, &migrator, is_up, true).await.unwrap();
            let count = |what: &str| warnings.iter().filter(|it| it.contains(what)).count();
            committed += count("was committed, since");
            undone += count("was undone, since");
            if before[0] != before[1] {
                assert_eq!(count("was committed, since"), 1, "{before:?}, {warnings:?}");
            }
            let expected = if is_up { &all[..] } else { &[] };
            assert_eq!(pair.recorded().await, [expected, expected], "before statement {number}");
        }
        assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
        if !has_died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 15 && committed >= 3 && undone >= 3, "{deaths}, {committed}, {undone}");
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

#[tokio::test]
async fn in_two_phases_a_process_killed_anywhere_leaves_all_or_nothing_on_postgres() {
    killed_in_two_phases(Dialect::Postgres, Dialect::Postgres).await;
}

#[tokio::test]
async fn in_two_phases_a_process_killed_anywhere_leaves_all_or_nothing_where_sqlite_decides() {
    killed_in_two_phases(Dialect::Postgres, Dialect::Sqlite).await;
}
