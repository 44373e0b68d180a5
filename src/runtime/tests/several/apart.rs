//! Databases that are not at the same place, and how they come there.

use super::*;

#[tokio::test]
async fn each_database_has_a_plan_of_its_own() {
    let migrator = migrator(&line());
    for (catalog, monitoring) in KINDS {
        let Some(pair) = Pair::on(catalog, monitoring).await else { continue };
        let first = migrator.with(Options::new().database("catalog"));
        first.up_to(&pair.0.url, "r002").await.unwrap();
        let databases = || pair.databases(&migrator, &Options::new());
        let plans = databases().plan(Direction::Up, "head").await.unwrap();
        let steps: Vec<usize> = plans.iter().map(|plan| plan.report.steps.len()).collect();
        assert_eq!(steps, [1, 3]);
        // Where a definition is held by no transaction, what can be undone comes before it.
        let is_held = monitoring != Dialect::Mysql;
        let (one, other) = (&plans[0].report.steps[0], &plans[1].report.steps[2]);
        assert_eq!(one.part == other.part, is_held);
        let reports = pair.up(&migrator).await.unwrap();
        assert_eq!(ran(&reports), ["catalog: r003", "monitoring: r001 r002 r003"]);
        first.down(&pair.0.url, "r001").await.unwrap();
        let reports = databases().down("base").await.unwrap();
        assert_eq!(ran(&reports), ["catalog: r001", "monitoring: r003 r002 r001"]);
    }
}

#[tokio::test]
async fn a_target_that_counts_wants_one_place() {
    let migrator = migrator(&line());
    let pair = Pair::on(Dialect::Sqlite, Dialect::Sqlite).await.unwrap();
    migrator.with(Options::new().database("catalog")).up_to(&pair.0.url, "r002").await.unwrap();
    let databases = || pair.databases(&migrator, &Options::new());
    let error = databases().up_to("+1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Target);
    insta::assert_snapshot!(pair.text(&error), @"
    the databases are not at the same place, from which `+1` could count
     = note: `catalog` is at `r002`
     = note: `monitoring` is at base
     = `catalog` (CATALOG): the database is as before
     = `monitoring` (MONITORING): the database is as before
     = help: name the revision, or bring them to one place first: `up` does
     = help: or choose one of them with `--database`
    ");
    for error in [
        databases().plan(Direction::Down, "-1").await.unwrap_err(),
        databases().plan_redo("-1").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Target, "{error}");
    }
    pair.up(&migrator).await.unwrap();
    let reports = databases().down("-2").await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r003 r002", "monitoring: r003 r002"]);
}

/// A reader is in the way of a commit on `SQLite`, and not of anything before it.
#[tokio::test]
async fn a_commit_that_fails_after_another_one_says_who_is_ahead() {
    let migrator = migrator(&line());
    let pair = Pair::on(Dialect::Sqlite, Dialect::Sqlite).await.unwrap();
    let by_revision =
        Options::new().scope(TransactionScope::Revision).lock_timeout(Duration::from_millis(100));
    pair.databases(&migrator, &by_revision).up_to("r001").await.unwrap();
    let mut reader =
        <sqlx::SqliteConnection as sqlx::Connection>::connect(&pair.1.url).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT * FROM log").fetch_all(&mut reader).await.unwrap();
    let error = pair.databases(&migrator, &by_revision).up().await.unwrap_err();
    insta::assert_snapshot!(pair.text(&error), @"
    failed to commit the transaction: database is locked
     = note: `catalog` is ahead: `r002` is committed there, and not in `monitoring`
     = `monitoring` (MONITORING): the database is as before
     = `catalog` (CATALOG): revision `r002` is committed; nothing else of the run had an effect
     = help: wait until the other program has finished, or allow a longer lock time-out
     = help: run the same again: each database has a plan of its own, and goes on where it stands
    ");
    let others: Vec<_> = error.others().map(|(_, state)| state.clone()).collect();
    assert!(
        matches!(&others[..], [DatabaseState::Committed { revisions, .. }] if revisions.len() == 1)
    );
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert_eq!(pair.recorded().await, [&["r001 applied", "r002 applied"][..], &["r001 applied"]]);
    let error = pair.databases(&migrator, &by_revision).up_to("+1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Target, "{error}");
    sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
    let reports = pair.databases(&migrator, &by_revision).up().await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r003", "monitoring: r002 r003"]);
}

#[tokio::test]
async fn a_session_that_ends_between_the_commits_leaves_one_ahead() {
    let Some(pair) = Pair::on(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    let options = Options::new().observer(terminator(&pair));
    let error = pair.databases(&migrator, &options).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("`catalog` is ahead: `r001` is committed there"), "{text}");
    assert!(text.contains("whether in `monitoring`, too, is not known"), "{text}");
    assert_eq!(recorded(&pair.0).await, ["r001 applied"]);
    assert_eq!(tables(&pair.1).await, [""; 0]);
    let reports = pair.up(&migrator).await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r002 r003", "monitoring: r001 r002 r003"]);
}

/// Asks to stop once the second database is at work.
struct Stopper(Interrupt, Mutex<bool>);

impl Observer for Stopper {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Database { name } => *self.1.lock().unwrap() = *name == "monitoring",
            Event::RevisionStarted { .. } if *self.1.lock().unwrap() => {
                let interrupt = self.0.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(300));
                    interrupt.request();
                });
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_undoes_what_it_holds_open() {
    let Some(pair) = Pair::on(Dialect::Postgres, Dialect::Postgres).await else { return };
    let up = ["CREATE TABLE a (x int);", "SELECT pg_sleep(3600);"];
    let migrator = migrator(&[apart("r001", "", [up[0], ""], [up[1], ""])]);
    let interrupt = Interrupt::new();
    let stopper = Arc::new(Stopper(interrupt.clone(), Mutex::default()));
    let options = Options::new().interrupt(&interrupt).observer(stopper);
    let error = pair.databases(&migrator, &options).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert!(error.others().all(|(_, state)| *state == DatabaseState::AsBefore), "{error}");
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
}
