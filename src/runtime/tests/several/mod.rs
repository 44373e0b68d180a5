//! Several named databases in one run.

mod apart;
mod killed;
mod lost;
mod two_phase;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::place::{Place, column, query, recorded, tables};
use super::{chain_for, file, refs};
use crate::chain::baked::Settings;
use crate::runtime::operations::RustRevision;
use crate::{
    DatabaseState, Databases, Dialect, Direction, Error, ErrorKind, Event, Interrupt, Migrator,
    Named, Observer, Operations, Options, Report, Result as RevisionResult, Revision,
    StepTransaction, TransactionScope,
};

const NAMES: [&str; 2] = ["catalog", "monitoring"];

fn migrator(files: &[String]) -> Migrator {
    Migrator::new(chain_for(&NAMES, &refs(files)), Settings::default())
}

/// A revision with sections of its own for each database.
fn apart(id: &str, header: &str, catalog: [&str; 2], monitoring: [&str; 2]) -> String {
    let [(up_c, down_c), (up_m, down_m)] = [catalog, monitoring].map(|[up, down]| (up, down));
    format!(
        "-- about {id}\n\n-- revision: {id}\n{header}\n\n-- migrate:up @catalog\n{up_c}\n\n\
         -- migrate:up @monitoring\n{up_m}\n\n-- migrate:down @catalog\n{down_c}\n\n\
         -- migrate:down @monitoring\n{down_m}\n"
    )
}

/// One table in each, one in catalog, and one in monitoring.
fn line() -> Vec<String> {
    vec![
        file("r001", "", "CREATE TABLE log (x INTEGER);", "DROP TABLE log;"),
        apart(
            "r002",
            "-- revises: r001",
            ["CREATE TABLE product (x INTEGER);", "DROP TABLE product;"],
            ["INSERT INTO log VALUES (2);", "DELETE FROM log WHERE x = 2;"],
        ),
        apart(
            "r003",
            "-- revises: r002",
            ["INSERT INTO log VALUES (3);", "DELETE FROM log WHERE x = 3;"],
            ["CREATE TABLE metric (x INTEGER);", "DROP TABLE metric;"],
        ),
    ]
}

/// Two empty databases, the first of which is `catalog`.
struct Pair(Place, Place);

impl Pair {
    /// `None` if a server is not there.
    async fn on(catalog: Dialect, monitoring: Dialect) -> Option<Self> {
        Some(Self(Place::on(catalog).await?, Place::on(monitoring).await?))
    }

    fn databases<'s>(&'s self, migrator: &'s Migrator, options: &Options) -> Databases<'s, 's> {
        // Not in the order of the names, which is that of a run.
        let members = [("monitoring", &self.1.url), ("catalog", &self.0.url)];
        migrator.with(options.clone()).databases(members)
    }

    async fn up(&self, migrator: &Migrator) -> Result<Vec<Named<Report>>, Error> {
        self.databases(migrator, &Options::new()).up().await
    }

    async fn recorded(&self) -> [Vec<String>; 2] {
        [recorded(&self.0).await, recorded(&self.1).await]
    }

    async fn tables(&self) -> [Vec<String>; 2] {
        [tables(&self.0).await, tables(&self.1).await]
    }

    /// The text of an error with names in place of what differs from run to run.
    fn text(&self, error: &Error) -> String {
        let mut text = error.to_string();
        for (place, name) in [(&self.0, "CATALOG"), (&self.1, "MONITORING")] {
            let path = place.url.trim_start_matches("sqlite:");
            text = text.replace(&place.url, name).replace(path, name);
        }
        text
    }
}

fn ran(reports: &[Named<Report>]) -> Vec<String> {
    let of = |named: &Named<Report>| {
        let ids: Vec<_> = named.report.steps.iter().map(|step| step.revision.as_str()).collect();
        format!("{}: {}", named.name, ids.join(" "))
    };
    reports.iter().map(of).collect()
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        let text = match event {
            Event::Database { name } => format!("on {name}"),
            Event::RevisionStarted { revision, .. } => format!("{revision}"),
            Event::Committed { revisions } => format!("commit {}", revisions.len()),
            Event::Retrying { revision, .. } => format!("again {revision}"),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

impl Log {
    fn has(&self, line: &str) -> bool {
        self.0.lock().unwrap().iter().any(|it| it == line)
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Ends the sessions that work on a database, as soon as another one is committed.
struct Terminator {
    url: String,
    done: Mutex<bool>,
}

impl Observer for Terminator {
    fn event(&self, event: &Event<'_>) {
        let Event::Committed { .. } = event else { return };
        if std::mem::replace(&mut *self.done.lock().unwrap(), true) {
            return;
        }
        let url = self.url.clone();
        let ended = std::thread::spawn(move || {
            let sql = "SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(column(&url, sql))
        });
        assert_eq!(ended.join().unwrap(), ["true"]);
    }
}

/// Ends the sessions of the second database as soon as the first one is committed.
fn terminator(pair: &Pair) -> Arc<dyn Observer> {
    Arc::new(Terminator { url: pair.1.url.clone(), done: Mutex::new(false) })
}

/// Every dialect twice, and two kinds together.
const KINDS: [(Dialect, Dialect); 5] = [
    (Dialect::Sqlite, Dialect::Sqlite),
    (Dialect::Postgres, Dialect::Postgres),
    (Dialect::Mysql, Dialect::Mysql),
    (Dialect::Sqlite, Dialect::Postgres),
    (Dialect::Mysql, Dialect::Sqlite),
];

#[tokio::test]
async fn all_databases_go_up_and_down_in_one_run() {
    let migrator = migrator(&line());
    for (catalog, monitoring) in KINDS {
        let Some(pair) = Pair::on(catalog, monitoring).await else { continue };
        let reports = pair.up(&migrator).await.unwrap();
        assert_eq!(ran(&reports), ["catalog: r001 r002 r003", "monitoring: r001 r002 r003"]);
        let all = ["r001 applied", "r002 applied", "r003 applied"];
        assert_eq!(pair.recorded().await, [all, all]);
        assert_eq!(pair.tables().await, [["log", "product"], ["log", "metric"]]);
        assert_eq!(column(&pair.0.url, "SELECT x FROM log").await, ["3"]);
        assert_eq!(column(&pair.1.url, "SELECT x FROM log").await, ["2"]);
        let reports = pair.up(&migrator).await.unwrap();
        assert_eq!(ran(&reports), ["catalog: ", "monitoring: "]);
        let databases = || pair.databases(&migrator, &Options::new());
        assert!(databases().status().await.unwrap().iter().all(|it| it.report.is_current()));
        assert_eq!(databases().require_current().await.unwrap().len(), 2);
        let reports = databases().redo("-1").await.unwrap();
        assert_eq!(reports[1].report.up.steps.len(), 1);
        assert_eq!(pair.recorded().await, [all, all]);
        let reports = databases().down("base").await.unwrap();
        assert_eq!(ran(&reports), ["catalog: r003 r002 r001", "monitoring: r003 r002 r001"]);
        assert_eq!(pair.recorded().await, [[""; 0], [""; 0]]);
        assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
    }
}

#[tokio::test]
async fn the_transactions_of_a_revision_are_held_until_all_have_succeeded() {
    let migrator = migrator(&line());
    let (catalog, monitoring) = ("on catalog", "on monitoring");
    let log = Arc::new(Log::default());
    let options = Options::new().observer(Arc::clone(&log) as _);
    for (kind, scope) in [
        (Dialect::Sqlite, TransactionScope::Revision),
        (Dialect::Postgres, TransactionScope::Default),
    ] {
        let Some(pair) = Pair::on(kind, kind).await else { continue };
        pair.databases(&migrator, &options.clone().scope(scope)).up_to("r001").await.unwrap();
        log.lines();
        pair.databases(&migrator, &options.clone().scope(scope)).up().await.unwrap();
        let part = |revision| {
            let run = [catalog, revision, monitoring, revision, catalog, "commit 1", monitoring];
            [&run[..], &["commit 1"]].concat()
        };
        let lines = log.lines();
        let first = lines.iter().position(|line| line == "r002").unwrap() - 1;
        assert_eq!(lines[first..], [part("r002"), part("r003")].concat());
    }
    // One transaction each, committed at the end.
    for (kind, scope) in
        [(Dialect::Sqlite, TransactionScope::Default), (Dialect::Postgres, TransactionScope::Run)]
    {
        let Some(pair) = Pair::on(kind, kind).await else { continue };
        pair.databases(&migrator, &options.clone().scope(scope)).up().await.unwrap();
        let lines = log.lines();
        let first = lines.iter().position(|line| line == "r001").unwrap();
        let expected = [
            "r001", "r002", "r003", monitoring, "r001", "r002", "r003", catalog, "commit 3",
            monitoring, "commit 3",
        ];
        assert_eq!(lines[first..], expected);
    }
}

#[tokio::test]
async fn a_failure_before_any_commit_leaves_all_databases_as_before() {
    let mut files = line();
    files[2] = apart(
        "r003",
        "-- revises: r002",
        ["CREATE TABLE product_name (x INTEGER);", ""],
        ["INSERT INTO metrics VALUES (1);", ""],
    );
    let migrator = migrator(&files);
    let pair = Pair::on(Dialect::Sqlite, Dialect::Sqlite).await.unwrap();
    let error = pair.up(&migrator).await.unwrap_err();
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
    insta::assert_snapshot!(pair.text(&error), @"
    statement 1 of revision `r003` failed: no such table: metrics
      --> migrations/r003.sql:10:1
       |
    10 | INSERT INTO metrics VALUES (1);
       | ^
     = `monitoring` (MONITORING): the database is as before
     = `catalog` (CATALOG): the database is as before
     = help: correct the statement, and run `up` again
    ");
    let by_revision = Options::new().scope(TransactionScope::Revision);
    let error = pair.databases(&migrator, &by_revision).up().await.unwrap_err();
    assert_eq!(pair.tables().await, [&["log", "product"][..], &["log"]]);
    insta::assert_snapshot!(pair.text(&error), @"
    statement 1 of revision `r003` failed: no such table: metrics
      --> migrations/r003.sql:10:1
       |
    10 | INSERT INTO metrics VALUES (1);
       | ^
     = `monitoring` (MONITORING): revisions `r001` and `r002` are committed; nothing else of the run had an effect
     = `catalog` (CATALOG): revisions `r001` and `r002` are committed; nothing else of the run had an effect
     = help: correct the statement, and run `up` again
    ");
    let Some(pair) = Pair::on(Dialect::Postgres, Dialect::Postgres).await else { return };
    let error = pair.up(&migrator).await.unwrap_err();
    assert_eq!(pair.tables().await, [&["log", "product"][..], &["log"]]);
    let [first, second] = pair.recorded().await;
    assert_eq!((first.len(), second.len()), (2, 2), "{error}");
    assert!(error.others().all(|(_, state)| Some(state) == error.state()), "{error}");
}

/// What waits for the commit is found out while nothing is committed.
#[tokio::test]
async fn deferred_constraints_are_checked_before_any_commit() {
    let Some(pair) = Pair::on(Dialect::Postgres, Dialect::Postgres).await else { return };
    let up = "CREATE TABLE a (id int PRIMARY KEY);\n\
              CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n\
              INSERT INTO b VALUES (7);";
    let migrator = migrator(&[apart("r001", "", ["CREATE TABLE c (x int);", ""], [up, ""])]);
    let error = pair.up(&migrator).await.unwrap_err();
    assert_eq!(error.revision().map(AsRef::as_ref), Some("r001"));
    let text = error.to_string();
    assert!(text.contains("failed to check the constraints that wait for the commit"), "{text}");
    assert!(text.contains("at the end of the transaction was violated"), "{text}");
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
}

#[tokio::test]
async fn what_no_transaction_holds_runs_on_one_database_after_the_other() {
    let files = [
        line()[0].clone(),
        apart(
            "r002",
            "-- revises: r001\n-- transaction: none",
            ["CREATE TABLE a (x INTEGER);", "DROP TABLE a;"],
            ["INSERT INTO log VALUES (1);\nINSERT INTO logs VALUES (2);", "DELETE FROM log;"],
        ),
        file("r003", "-- revises: r002", "CREATE TABLE b (x INTEGER);", "DROP TABLE b;"),
    ];
    let broken = migrator(&files);
    let mended: Vec<String> = files.iter().map(|text| text.replace("logs", "log")).collect();
    let mended = migrator(&mended);
    let pair = Pair::on(Dialect::Sqlite, Dialect::Sqlite).await.unwrap();
    let plans = pair.databases(&broken, &Options::new()).plan(Direction::Up, "head").await.unwrap();
    let parts = |index: usize| -> Vec<(usize, StepTransaction)> {
        plans[index].report.steps.iter().map(|step| (step.part, step.transaction)).collect()
    };
    let (shared, outside) = (StepTransaction::Shared, StepTransaction::Outside);
    assert_eq!(parts(0), [(0, shared), (1, outside), (3, shared)]);
    assert_eq!(parts(1), [(0, shared), (2, outside), (3, shared)]);
    let error = pair.up(&broken).await.unwrap_err();
    insta::assert_snapshot!(pair.text(&error), @"
    statement 2 of revision `r002` failed: no such table: logs
      --> migrations/r002.sql:12:1
       |
    12 | INSERT INTO logs VALUES (2);
       | ^
     = note: its first statement is done, and will not run again
     = note: `catalog` is ahead: `r002` is committed there, and not in `monitoring`
     = `monitoring` (MONITORING): revision `r001` is committed; revision `r002` is done in part, as recorded; nothing else of the run had an effect
     = `catalog` (CATALOG): revisions `r001` and `r002` are committed; nothing else of the run had an effect
     = help: correct the statement, and run `up` again
     = help: run the same again: each database has a plan of its own, and goes on where it stands
    ");
    let all = ["r001 applied", "r002 applied"];
    assert_eq!(pair.recorded().await, [all, ["r001 applied", "r002 applying"]]);
    let reports = pair.up(&mended).await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r003", "monitoring: r002 r003"]);
    assert_eq!(pair.tables().await, [["a", "b", "log"].to_vec(), ["b", "log"].to_vec()]);
}

#[tokio::test]
async fn a_part_that_waits_too_long_for_a_lock_is_undone_everywhere_and_tried_again() {
    let Some(pair) = Pair::on(Dialect::Postgres, Dialect::Postgres).await else { return };
    query(&pair.1.url, "CREATE TABLE busy (x int)").await;
    let up = ["CREATE TABLE a (x int);", "ALTER TABLE busy ADD y int;"];
    let migrator = migrator(&[apart("r001", "", [up[0], ""], [up[1], ""])]);
    let mut other = <sqlx::PgConnection as sqlx::Connection>::connect(&pair.1.url).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT * FROM busy").execute(&mut other).await.unwrap();
    let log = Arc::new(Log::default());
    let options = Options::new()
        .statement_lock_timeout(Duration::from_millis(50))
        .observer(Arc::clone(&log) as _);
    let error = pair.databases(&migrator, &options.clone().retries(0)).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
    assert_eq!(tables(&pair.0).await, [""; 0]);
    let release = async {
        while !log.has("again r001") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    };
    let (reports, ()) = tokio::join!(pair.databases(&migrator, &options).up(), release);
    assert_eq!(ran(&reports.unwrap()), ["catalog: r001", "monitoring: r001"]);
}

#[tokio::test]
async fn runs_at_the_same_time_wait_for_each_other() {
    let migrator = migrator(&line());
    for (catalog, monitoring) in KINDS {
        let Some(pair) = Pair::on(catalog, monitoring).await else { continue };
        let runs = (0..4).map(|_| pair.up(&migrator));
        let all = futures_util::future::join_all(runs).await;
        let steps = all.into_iter().flat_map(|reports| reports.unwrap());
        assert_eq!(steps.map(|named| named.report.steps.len()).sum::<usize>(), 6);
        let all = ["r001 applied", "r002 applied", "r003 applied"];
        assert_eq!(pair.recorded().await, [all, all]);
    }
}

#[tokio::test]
async fn leases_of_all_databases_are_kept_and_given_back() {
    let Some(pair) = Pair::on(Dialect::Postgres, Dialect::Postgres).await else { return };
    let mut files = line();
    files[1] =
        files[1].replace("CREATE TABLE product", "SELECT pg_sleep(4);\nCREATE TABLE product");
    let settings = Settings { lock_table: true, ..Settings::default() };
    let migrator = Migrator::new(chain_for(&NAMES, &refs(&files)), settings);
    let options = Options::new().lease(Duration::from_secs(3));
    let reports = pair.databases(&migrator, &options).up().await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r001 r002 r003", "monitoring: r001 r002 r003"]);
    let impatient = options.lock_timeout(Duration::ZERO);
    pair.databases(&migrator, &impatient).down("base").await.unwrap();
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
}

struct InRust;

impl Revision for InRust {
    async fn up(op: &mut Operations<'_>) -> RevisionResult<()> {
        let name = op.database().ok_or("it has a name")?.to_owned();
        op.execute("CREATE TABLE note (body VARCHAR(20))").await?;
        op.query("INSERT INTO note (body) VALUES (?)").bind(name).execute().await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_revision_in_rust_knows_which_database_it_runs_on() {
    let text = "//! about inrust\n//!\n//! revision: inrust\n\n";
    let chain = chain_for(&NAMES, &[text]);
    let code = vec![RustRevision::of::<InRust>("inrust")].leak();
    let migrator = Migrator::with_code(chain, Settings::default(), code);
    for (catalog, monitoring) in KINDS {
        let Some(pair) = Pair::on(catalog, monitoring).await else { continue };
        pair.up(&migrator).await.unwrap();
        let body = "SELECT body FROM note";
        assert_eq!(column(&pair.0.url, body).await, ["catalog"]);
        assert_eq!(column(&pair.1.url, body).await, ["monitoring"]);
    }
}

#[tokio::test]
async fn names_that_lead_nowhere_are_refused() {
    let migrator = migrator(&line());
    let place = Place::sqlite();
    let link = format!("{}-link", place.url.trim_start_matches("sqlite:"));
    std::os::unix::fs::symlink(place.url.trim_start_matches("sqlite:"), &link).unwrap();
    let link = format!("sqlite:{link}");
    let same = migrator.databases([("catalog", &place.url), ("monitoring", &link)]);
    let error = same.up().await.unwrap_err();
    assert!(error.to_string().contains("`catalog` and `monitoring` are one database"), "{error}");
    let twice = migrator.databases([("catalog", &place.url), ("catalog", &link)]);
    let error = twice.up().await.unwrap_err();
    assert!(error.to_string().contains("`catalog` is given twice"), "{error}");
    let unknown = migrator.database("catalog", &place.url).and("billing", "sqlite::memory:");
    let error = unknown.up().await.unwrap_err();
    assert!(error.to_string().contains("no database called `billing`"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Chain);
    let none: [(&str, &str); 0] = [];
    assert!(migrator.databases(none).up().await.is_err());
    assert_eq!(tables(&place).await, [""; 0]);
    for dialect in [Dialect::Postgres, Dialect::Mysql] {
        let Some(place) = Place::on(dialect).await else { continue };
        let other = place.url.replace("127.0.0.1", "localhost");
        let same = migrator.databases([("catalog", &place.url), ("monitoring", &other)]);
        let error = same.up().await.unwrap_err();
        assert!(error.to_string().contains("are one database"), "{error}");
    }
    // A chain without names has none of several.
    let plain = super::migrator(&refs(&super::line()));
    let error = plain.databases([("catalog", &place.url)]).up().await.unwrap_err();
    assert!(error.to_string().contains("no named databases"), "{error}");
}
