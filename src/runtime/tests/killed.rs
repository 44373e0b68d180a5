//! A process killed before any statement that it sends, and the run that comes after it.
//!
//! The test runs itself as a child process, which dies as by `kill -9` before its first statement,
//! then before its second, and so on until it lives; each time the next run finishes the work, or
//! says which statement is in doubt, and then everything has happened exactly once.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::place::{Place, column, everywhere, recorded, tables};
use super::{baked, file, refs};
use crate::runtime::{Error, ErrorKind, Options, Repair, RevisionState};
use crate::{Dialect, Migrator};

const CHILD: &str = "MIGRATE_TEST_CHILD";

fn migrator(dialect: Dialect) -> Migrator {
    let concurrently = if dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
    let on = if dialect == Dialect::Mysql { " ON b" } else { "" };
    let files = [
        file(
            "r001",
            "",
            "CREATE TABLE log (x INTEGER);\nINSERT INTO log VALUES (1);",
            "DROP TABLE log;",
        ),
        file(
            "r002",
            "-- revises: r001\n-- transaction: none",
            &format!(
                "INSERT INTO log VALUES (2);\nCREATE TABLE b (x INTEGER);\n\
                 INSERT INTO log VALUES (3);\nCREATE INDEX {concurrently}i ON b (x);"
            ),
            &format!(
                "DROP INDEX i{on};\nDELETE FROM log WHERE x = 3;\nDROP TABLE b;\n\
                 DELETE FROM log WHERE x = 2;"
            ),
        ),
        file(
            "r003",
            "-- revises: r002",
            "INSERT INTO log VALUES (4);\nALTER TABLE b ADD COLUMN y INTEGER;\nINSERT INTO log VALUES (5);",
            "DELETE FROM log WHERE x = 5;\nALTER TABLE b DROP COLUMN y;\nDELETE FROM log WHERE x = 4;",
        ),
    ];
    baked(&refs(&files))
}

async fn run(place: &Place, is_up: bool) -> Result<(), Error> {
    let migrator = migrator(place.dialect);
    let options = Options::new().lock_timeout(Duration::from_millis(200));
    let configured = migrator.with(options);
    if is_up {
        configured.up(&place.url).await.map(|_| ())
    } else {
        configured.down(&place.url, "base").await.map(|_| ())
    }
}

/// The child process.
#[tokio::test]
async fn child() {
    let Some((place, is_up)) = task() else { return };
    let patient = Options::new().lock_timeout(Duration::from_mins(1));
    let migrator = migrator(place.dialect);
    let configured = migrator.with(patient);
    let report = if is_up {
        configured.up(&place.url).await.unwrap()
    } else {
        configured.down(&place.url, "base").await.unwrap()
    };
    println!("steps: {}", report.steps.len());
}

fn command(place: &Place, is_up: bool) -> Command {
    child_process("killed::child", place, is_up)
}

/// A process that runs nothing but this test, which finds there what to do.
pub(super) fn child_process(test: &str, place: &Place, is_up: bool) -> Command {
    let direction = if is_up { "up" } else { "down" };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("runtime::tests::{test}"), "--nocapture"])
        .env(CHILD, format!("{} {direction} {}", place.dialect, place.url));
    command
}

/// What a child process is to do: where, and whether it goes up.
pub(super) fn task() -> Option<(Place, bool)> {
    #[expect(clippy::disallowed_methods, reason = "the parent says there what to do")]
    let task = std::env::var(CHILD).ok()?;
    let mut words = task.splitn(3, ' ');
    let dialect = Dialect::from_name(words.next().unwrap()).unwrap();
    let is_up = words.next().unwrap() == "up";
    Some((Place::at(dialect, words.next().unwrap()), is_up))
}

/// Whether the child came back, though it was to die before the statement of this number.
pub(super) fn lives(mut child: Command, number: usize) -> bool {
    let output = child.env("MIGRATE_TEST_DIE_BEFORE", number.to_string()).output().unwrap();
    if output.status.success() {
        return true;
    }
    assert_eq!(output.status.code(), None, "{}", String::from_utf8_lossy(&output.stdout));
    false
}

/// Whether a statement of `r002`, counted from one, has run.
async fn is_done(place: &Place, is_up: bool, statement: usize) -> bool {
    let has_row =
        async |x: &str| column(&place.url, "SELECT x FROM log").await.iter().any(|row| row == x);
    let is_there = match (is_up, statement) {
        (true, 1) | (false, 4) => has_row("2").await,
        (true, 2) | (false, 3) => tables(place).await.contains(&String::from("b")),
        (true, 3) | (false, 2) => has_row("3").await,
        _ => {
            assert_eq!(place.dialect, Dialect::Sqlite, "elsewhere the catalog decides");
            !column(&place.url, "SELECT name FROM sqlite_schema WHERE name = 'i'").await.is_empty()
        }
    };
    is_there == is_up
}

/// Runs until the work is done, and does what the errors say. Returns how often it was asked.
async fn finish(place: &Place, is_up: bool) -> usize {
    let mut asked = 0;
    for _ in 0..100 {
        let error = match run(place, is_up).await {
            Ok(()) => return asked,
            Err(error) => error,
        };
        match error.kind() {
            // The server has not noticed yet that the other end is gone.
            ErrorKind::Locked => continue,
            ErrorKind::Unfinished => {}
            _ => panic!("{error}"),
        }
        let migrator = migrator(place.dialect);
        let status = migrator.status(&place.url).await.unwrap();
        let RevisionState::Unfinished { started: Some(started), .. } = status.revisions[1].state
        else {
            panic!("{error}\n{status:?}")
        };
        let done = is_done(place, is_up, started).await;
        let says = format!("`repair r002 --statement {}`", if done { "done" } else { "not-done" });
        assert!(error.to_string().contains(&says), "{error}");
        let repair = Repair::Statement { revision: String::from("r002"), done };
        migrator.repair(&place.url, &repair).await.unwrap();
        asked += 1;
    }
    panic!("the run does not end");
}

everywhere! {
    async fn eight_processes_at_once_apply_each_revision_once(place: Place) {
        for is_up in [true, false] {
            let children: Vec<_> = (0..8)
                .map(|_| command(&place, is_up).stdout(Stdio::piped()).spawn().unwrap())
                .collect();
            let mut steps = 0;
            for child in children {
                let output = child.wait_with_output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{text}");
                let says = text.split("steps: ").nth(1).unwrap_or_else(|| panic!("{text}"));
                steps += says.lines().next().unwrap().parse::<usize>().unwrap();
            }
            assert_eq!(steps, 3);
            assert_eq!(recorded(&place).await.len(), if is_up { 3 } else { 0 });
        }
    }

    async fn a_process_killed_anywhere_leaves_what_can_be_finished(place: Place) {
        let (mut deaths, mut asked) = (0, 0);
        for number in 1.. {
            let up_lives = lives(command(&place, true), number);
            asked += finish(&place, true).await;
            let mut log = column(&place.url, "SELECT x FROM log").await;
            log.sort();
            assert_eq!(log, ["1", "2", "3", "4", "5"], "killed before statement {number} of up");
            assert_eq!(recorded(&place).await, ["r001 applied", "r002 applied", "r003 applied"]);
            assert_eq!(tables(&place).await, ["b", "log"]);
            let down_lives = lives(command(&place, false), number);
            asked += finish(&place, false).await;
            assert_eq!(tables(&place).await, [""; 0], "killed before statement {number} of down");
            assert_eq!(recorded(&place).await, [""; 0]);
            if up_lives && down_lives {
                break;
            }
            deaths += 1;
        }
        // More than the statements of the chain; and in some of these moments nobody can know.
        assert!(deaths > 15 && asked > 0, "{deaths} deaths, asked {asked} times");
    }
}
