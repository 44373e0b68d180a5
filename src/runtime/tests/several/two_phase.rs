//! All of several databases keep a revision, or none does: two-phase commit.

use super::*;
use crate::PreparedTransaction;

/// Two databases whose servers can prepare transactions; `None`, and said why, where there are none.
pub(super) async fn able(catalog: Dialect, monitoring: Dialect) -> Option<Pair> {
    let pair = Pair::on(catalog, monitoring).await?;
    for place in [&pair.0, &pair.1] {
        if place.dialect != Dialect::Postgres {
            continue;
        }
        let most = column(&place.url, "SHOW max_prepared_transactions").await;
        if most == ["0"] {
            eprintln!(
                "skipped: `max_prepared_transactions` is 0 on the server of MIGRATE_TEST_POSTGRES_URL"
            );
            return None;
        }
    }
    Some(pair)
}

pub(super) fn options() -> Options {
    Options::new().two_phase(true).lock_timeout(Duration::from_millis(500))
}

/// What is prepared in a database, as its status tells it.
pub(super) async fn prepared(pair: &Pair, migrator: &Migrator) -> Vec<PreparedTransaction> {
    let databases = pair.databases(migrator, &Options::new());
    databases.status().await.unwrap().into_iter().flat_map(|it| it.report.prepared).collect()
}

#[tokio::test]
async fn databases_go_up_and_down_in_two_phases() {
    let migrator = migrator(&line());
    for (catalog, monitoring) in [
        (Dialect::Postgres, Dialect::Postgres),
        (Dialect::Postgres, Dialect::Sqlite),
        (Dialect::Sqlite, Dialect::Postgres),
        (Dialect::Mysql, Dialect::Postgres),
    ] {
        let Some(pair) = able(catalog, monitoring).await else { continue };
        for scope in [TransactionScope::Revision, TransactionScope::Run] {
            let databases = || pair.databases(&migrator, &options().scope(scope));
            let reports = databases().up().await.unwrap();
            assert_eq!(ran(&reports), ["catalog: r001 r002 r003", "monitoring: r001 r002 r003"]);
            assert!(reports.iter().all(|it| it.report.warnings.is_empty()), "{reports:?}");
            let all = ["r001 applied", "r002 applied", "r003 applied"];
            assert_eq!(pair.recorded().await, [all, all]);
            let reports = databases().redo("-1").await.unwrap();
            assert_eq!(reports[1].report.up.steps.len(), 1);
            let reports = databases().down("base").await.unwrap();
            assert_eq!(ran(&reports), ["catalog: r003 r002 r001", "monitoring: r003 r002 r001"]);
            assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
            assert_eq!(prepared(&pair, &migrator).await, []);
        }
    }
}

/// The state in which one database is committed and the other one prepared.
pub(super) async fn between_the_commits(pair: &Pair, migrator: &Migrator) -> Error {
    let observed = options().observer(terminator(pair));
    let error = pair.databases(migrator, &observed).up().await.unwrap_err();
    assert_eq!(recorded(&pair.0).await, ["r001 applied"]);
    error
}

/// The text with words in place of what differs from run to run.
fn stable(text: &str) -> String {
    let stable = |word: &str| match word {
        word if word.starts_with("`cargo-migrate:") => String::from("`NAME` "),
        word if word.starts_with("202") && word.contains('Z') => String::from("TIME "),
        word => word.to_owned(),
    };
    let lines = text.lines().map(|line| line.split_inclusive(' ').map(stable).collect::<String>());
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_session_that_ends_between_the_phases_leaves_what_the_next_run_commits() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    let error = between_the_commits(&pair, &migrator).await;
    insta::assert_snapshot!(stable(&pair.text(&error)), @"
    failed to commit the prepared transaction: terminating connection due to administrator command
     = note: `catalog` is ahead: `r001` is committed there, and prepared in `monitoring`
     = `monitoring` (MONITORING): transaction `NAME` is, or may be, left prepared, and keeps its locks
     = `catalog` (CATALOG): revision `r001` is committed; nothing else of the run had an effect
     = help: see whether the server runs and can be reached, and run again
     = help: run the same again over these databases: what is prepared is committed or undone, as was decided
    ");
    assert!(matches!(error.state(), Some(DatabaseState::Prepared { .. })), "{error:?}");
    let left = prepared(&pair, &migrator).await;
    let [transaction] = &left[..] else { panic!("{left:?}") };
    assert_eq!(transaction.decider(), "catalog");
    let plans = pair.databases(&migrator, &options()).plan(Direction::Up, "head").await.unwrap();
    let warnings = &plans[1].report.warnings;
    assert!(warnings.iter().any(|it| it.contains("begins with committing")), "{warnings:?}");
    // Also without being asked to commit in two phases, and down as well as up.
    let reports = pair.databases(&migrator, &Options::new()).down("base").await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r001", "monitoring: r001"]);
    let warnings = &reports[1].report.warnings;
    assert!(
        matches!(&warnings[..], [it] if it.contains("was committed, since `catalog` has")),
        "{warnings:?}"
    );
    assert_eq!(prepared(&pair, &migrator).await, []);
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
}

/// What is prepared is settled before anything is said about where the databases stand.
#[tokio::test]
async fn a_run_that_is_refused_has_settled_what_was_left() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    between_the_commits(&pair, &migrator(&line())).await;
    let mut files = line();
    files[0] = file("r001", "", "CREATE TABLE log (x INTEGER, y INTEGER);", "DROP TABLE log;");
    let edited = migrator(&files);
    let error = pair.databases(&edited, &options()).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Edited, "{error}");
    let text = error.to_string();
    assert!(text.contains("left behind was committed, since `catalog` has"), "{text}");
    assert!(text.contains("nothing of the run itself had an effect"), "{text}");
    assert_eq!(prepared(&pair, &edited).await, []);
    assert_eq!(recorded(&pair.1).await, ["r001 applied"]);
    // They seemed to be apart, and are not.
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    between_the_commits(&pair, &migrator).await;
    let reports = pair.databases(&migrator, &options()).up_to("+1").await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r002", "monitoring: r002"]);
}

/// A *down* that was prepared, and that nobody has decided yet: the schema is as before, but locked.
#[tokio::test]
async fn who_needs_a_current_database_hears_of_what_is_prepared() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    pair.up(&migrator).await.unwrap();
    let terminator = Terminator { url: pair.1.url.clone(), done: Mutex::new(false) };
    let observed = options().observer(Arc::new(terminator));
    pair.databases(&migrator, &observed).down("r002").await.unwrap_err();
    let alone = migrator.with(Options::new().database("monitoring"));
    let report = alone.require_current(&pair.1.url).await.unwrap();
    assert!(
        matches!(&report.warnings[..], [it] if it.contains("keeps its locks until a run over all")),
        "{report:?}"
    );
    let plan = pair.databases(&migrator, &options()).plan_redo("r001").await.unwrap();
    let warnings = &plan[1].report.down.warnings;
    assert!(warnings.iter().any(|it| it.contains("begins with committing")), "{warnings:?}");
    pair.up(&migrator).await.unwrap();
    assert_eq!(prepared(&pair, &migrator).await, []);
}

#[tokio::test]
async fn what_only_another_database_knows_is_not_guessed() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    between_the_commits(&pair, &migrator).await;
    let alone = migrator.with(Options::new().database("monitoring"));
    let error = alone.up(&pair.1.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unfinished);
    insta::assert_snapshot!(stable(&pair.text(&error)), @"
    a transaction is prepared here by a run over several databases that did not come back, and what is to become of it only `catalog` knows
     = note: the transaction `NAME` is prepared since TIME
     = MONITORING: the database is as before
     = help: run `up` over `catalog` and `monitoring` together: it commits what was decided, and undoes what was not
     = help: or, if `catalog` is lost, decide by hand with `COMMIT PREPARED` or `ROLLBACK PREPARED` in a session of this database
    ");
    let error = alone.stamp(&pair.1.url, ["r002"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unfinished, "{error}");
    // Another database under the same name decides nothing.
    let other = Pair::on(Dialect::Postgres, Dialect::Postgres).await.unwrap();
    let members = [("catalog", &other.0.url), ("monitoring", &pair.1.url)];
    let error = migrator.databases(members).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unfinished);
    assert!(error.message().contains("was another database"), "{error}");
    assert_eq!(prepared(&pair, &migrator).await.len(), 1);
    pair.up(&migrator).await.unwrap();
    assert_eq!(recorded(&pair.1).await.len(), 3);
}

#[tokio::test]
async fn a_prepared_transaction_that_is_in_the_way_is_named() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Sqlite).await else { return };
    let url = &pair.0.url;
    query(url, "CREATE TABLE log (x int)").await;
    let name = format!("somebody-else-{}", std::process::id());
    let prepare = format!("BEGIN; INSERT INTO log VALUES (1); PREPARE TRANSACTION '{name}'");
    query(url, &prepare).await;
    let migrator = migrator(&[file("r001", "", "DROP TABLE log;", "")]);
    let options = options().database("catalog").retries(0);
    let impatient = options.statement_lock_timeout(Duration::from_millis(100));
    let error = migrator.with(impatient).up(url).await.unwrap_err();
    query(url, &format!("ROLLBACK PREPARED '{name}'")).await;
    assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
    let says = format!("the prepared transaction `{name}`");
    assert!(error.to_string().contains(&says), "{error}");
}

#[tokio::test]
async fn what_cannot_be_prepared_is_undone_everywhere() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let files =
        [apart("r001", "", ["CREATE TABLE a (x int);", ""], ["CREATE TEMP TABLE b (x int);", ""])];
    let migrator = migrator(&files);
    let error = pair.databases(&migrator, &options()).up().await.unwrap_err();
    insta::assert_snapshot!(pair.text(&error), @"
    failed to prepare the transaction: cannot PREPARE a transaction that has operated on temporary objects
    --> migrations/r001.sql
     = note: a transaction that has used temporary tables, `LISTEN`, `NOTIFY` or a cursor `WITH HOLD` cannot be prepared
     = `monitoring` (MONITORING): the database is as before
     = `catalog` (CATALOG): the database is as before
     = help: run it without two-phase commit, or write the revision without them
    ");
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
    assert_eq!(prepared(&pair, &migrator).await, []);
    pair.databases(&migrator, &Options::new()).up().await.unwrap();
}

#[tokio::test]
async fn an_error_before_the_decision_undoes_what_is_prepared() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Sqlite).await else { return };
    let migrator = migrator(&line());
    pair.databases(&migrator, &options().scope(TransactionScope::Revision))
        .up_to("r001")
        .await
        .unwrap();
    // A reader is in the way of the commit, and of nothing before it; and SQLite decides.
    let mut reader =
        <sqlx::SqliteConnection as sqlx::Connection>::connect(&pair.1.url).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT * FROM log").fetch_all(&mut reader).await.unwrap();
    let error = pair
        .databases(&migrator, &options().scope(TransactionScope::Revision))
        .up()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(error.states().all(|state| *state == DatabaseState::AsBefore), "{error}");
    assert_eq!(pair.recorded().await, [["r001 applied"], ["r001 applied"]]);
    assert_eq!(prepared(&pair, &migrator).await, []);
    sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
    let reports = pair.databases(&migrator, &options()).up().await.unwrap();
    assert_eq!(ran(&reports), ["catalog: r002 r003", "monitoring: r002 r003"]);
}

/// A second request to stop drops the run in the middle of the commit that decides.
#[tokio::test]
async fn a_run_that_stops_at_once_knows_what_it_cannot_know() {
    let Some(pair) = able(Dialect::Sqlite, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    let by_revision = Options::new().scope(TransactionScope::Revision);
    pair.databases(&migrator, &by_revision).up_to("r001").await.unwrap();
    for is_two_phase in [false, true] {
        let mut reader =
            <sqlx::SqliteConnection as sqlx::Connection>::connect(&pair.0.url).await.unwrap();
        sqlx::raw_sql("BEGIN; SELECT * FROM log").fetch_all(&mut reader).await.unwrap();
        let interrupt = Interrupt::new();
        let options = by_revision.clone().two_phase(is_two_phase).interrupt(&interrupt);
        let asked = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            interrupt.request();
            tokio::time::sleep(Duration::from_millis(50)).await;
            interrupt.request();
        });
        let error = pair.databases(&migrator, &options).up().await.unwrap_err();
        asked.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
        let (_, monitoring) = error.others().next().unwrap();
        match monitoring {
            DatabaseState::Prepared { .. } if is_two_phase => {}
            DatabaseState::AsBefore if !is_two_phase => {}
            _ => panic!("{error}"),
        }
        sqlx::raw_sql("COMMIT").execute(&mut reader).await.unwrap();
    }
    // Nobody waits for that commit any more, and it may come to its end all the same.
    pair.databases(&migrator, &options()).up().await.unwrap();
    let all = ["r001 applied", "r002 applied", "r003 applied"];
    assert_eq!(pair.recorded().await, [all, all]);
    assert_eq!(prepared(&pair, &migrator).await, []);
}

#[tokio::test]
async fn databases_that_cannot_prepare_are_refused_before_anything_is_done() {
    let migrator = migrator(&line());
    let pair = Pair::on(Dialect::Sqlite, Dialect::Sqlite).await.unwrap();
    let error = pair.databases(&migrator, &options()).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Requirement);
    insta::assert_snapshot!(pair.text(&error), @"
    `catalog` and `monitoring` cannot be committed in two phases: only PostgreSQL can prepare a transaction
     = note: one database of another kind is possible: its commit decides for all
     = the database is as before
     = help: run without two-phase commit: the transactions are held open and committed one after the other
    ");
    assert_eq!(pair.tables().await, [[""; 0], [""; 0]]);
    // One database has nothing to agree with.
    let alone = migrator.with(options().database("catalog"));
    alone.up(&pair.0.url).await.unwrap();
}
