//! What only `PostgreSQL` has.

use std::sync::Mutex;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _};

use super::place::{Place, column, query, recorded, tables};
use super::{baked, file, line, migrator, ran, refs};
use crate::Dialect;
use crate::runtime::{DatabaseState, Error, ErrorKind, Event, Observer, Options, TransactionScope};

/// The place of a test, or its end.
macro_rules! place {
    () => {
        match Place::on(Dialect::Postgres).await {
            Some(place) => place,
            None => return,
        }
    };
}

async fn pool(place: &Place, size: u32) -> PgPool {
    PgPoolOptions::new().max_connections(size).connect(&place.url).await.unwrap()
}

async fn connect(place: &Place) -> PgConnection {
    PgConnection::connect(&place.url).await.unwrap()
}

async fn exec(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

/// Keeps what happens, in words.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        let text = match event {
            Event::Waiting { holder, .. } => format!("waiting for {}", holder.unwrap_or("?")),
            Event::Retrying { revision, attempts, .. } => format!("retrying {revision} {attempts}"),
            Event::StatementStarted { revision, index, .. } => format!("{revision} {index}"),
            Event::Committed { revisions } => format!("committed {}", revisions.len()),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn each_statement_is_told_and_each_revision_committed() {
    let place = place!();
    let log = std::sync::Arc::new(Log::default());
    let files = line();
    let migrator = baked(&refs(&files));
    migrator.with(Options::new().observer(log.clone())).up(&place.url).await.unwrap();
    assert_eq!(
        log.lines(),
        ["r001 0", "r001 1", "committed 1", "r002 0", "committed 1", "r003 0", "committed 1"]
    );
}

#[tokio::test]
async fn a_run_can_be_one_transaction() {
    let place = place!();
    let mut files = line();
    files[2] = files[2].replace("CREATE TABLE c", "CREATE TABLE a");
    let run = || Options::new().scope(TransactionScope::Run);
    let error = migrator(&refs(&files)).with(run()).up(&place.url).await.unwrap_err();
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore), "{error}");
    assert_eq!(tables(&place).await, [""; 0]);
    let schema = "SELECT count(*)::text FROM pg_class WHERE relname LIKE 'migrate%'";
    assert_eq!(column(&place.url, schema).await, ["0"], "not even the tracking tables");
    let report = migrator(&refs(&line())).with(run()).up(&place.url).await.unwrap();
    assert_eq!(report.steps.len(), 3);
}

#[tokio::test]
async fn every_error_points_at_its_statement() {
    let place = place!();
    let cases = [
        // Refused before anything runs, with a place inside the statement.
        ("CREATE TABLE a (x int);\nCREATE TABEL b (x int);", 8, 8, "syntax error at or near"),
        // Refused when its turn comes.
        ("CREATE TABLE a (x int);\nSELECT 'ä', nowhere FROM a;", 8, 13, "column \"nowhere\""),
        // No place of its own.
        ("CREATE TABLE a (x int);\n  CREATE TABLE a (x int);", 8, 3, "already exists"),
        ("CREATE TABLE a (x int);\n-- a comment\nSELECT 1/0;", 9, 1, "division by zero"),
        (
            "DO $$ BEGIN\nRAISE EXCEPTION 'stop' USING DETAIL = 'why', HINT = 'how'; END $$;",
            7,
            1,
            "stop",
        ),
    ];
    for (up, line, column_, says) in cases {
        let error = migrator(&[&file("r001", "", up, "")]).up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        let position = error.position().unwrap();
        assert_eq!((position.line, position.column), (line, column_), "{error}");
        assert!(error.message().contains(says), "{error}");
        assert!(
            !error.to_string().contains("at line"),
            "the server's own line is of no use: {error}"
        );
        assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    }
    let up = cases[4].0;
    let error = migrator(&[&file("r001", "", up, "")]).up(&place.url).await.unwrap_err();
    assert!(error.notes().iter().any(|note| note == "why"), "{error}");
    assert!(error.helps().iter().any(|help| help == "how"), "{error}");
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_the_end_undoes_the_revision() {
    let place = place!();
    let up = "CREATE TABLE p (id int PRIMARY KEY);\n\
              CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
              INSERT INTO c VALUES (1);";
    let error = migrator(&[&file("r001", "", up, "")]).up(&place.url).await.unwrap_err();
    assert!(error.message().contains("violates foreign key"), "{error}");
    assert_eq!(error.path(), Some("migrations/r001.sql"), "{error}");
    assert!(error.helps().iter().any(|help| help.contains("correct the rows")), "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    assert_eq!(tables(&place).await, [""; 0]);
}

#[tokio::test]
async fn what_a_revision_sets_does_not_change_what_the_next_one_means() {
    let place = place!();
    let files = [
        file(
            "r001",
            "",
            "CREATE SCHEMA other;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
             SET standard_conforming_strings = off;\nCREATE TEMP TABLE a (t int);\nSET ROLE pg_monitor;",
            "DROP SCHEMA other;",
        ),
        file(
            "r002",
            "-- revises: r001",
            "CREATE TABLE a (x text);\nINSERT INTO a VALUES ('\\');",
            "DROP TABLE a;",
        ),
    ];
    let migrator = migrator(&refs(&files));
    migrator.up(&place.url).await.unwrap();
    assert_eq!(tables(&place).await, ["a"]);
    migrator.down(&place.url, "base").await.unwrap();
    // The same with a connection of the application's, which keeps its own settings.
    let pool = pool(&place, 1).await;
    let mut connection = pool.acquire().await.unwrap();
    exec(&mut connection, "SET application_name = 'mine'; CREATE TEMP TABLE kept (x int)").await;
    drop(connection);
    migrator.up(&pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    for (sql, expected) in [
        ("SHOW application_name", "mine"),
        ("SHOW search_path", "\"$user\", public"),
        ("SHOW role", "none"),
        ("SELECT count(*)::text FROM kept", "0"),
        ("SELECT count(*)::text FROM pg_class WHERE relnamespace = pg_my_temp_schema()", "1"),
        (
            "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
            "0",
        ),
    ] {
        let text: String = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(text, expected, "{sql}");
    }
}

#[tokio::test]
async fn the_tracking_table_is_where_the_first_run_put_it() {
    let place = place!();
    let migrator = baked(&refs(&line()));
    let mut connection = connect(&place).await;
    exec(&mut connection, "CREATE SCHEMA tenant; SET search_path = tenant, public").await;
    migrator.up(&place.url).await.unwrap();
    // The one in `public` is visible here, and is not that of this schema.
    let report = migrator.up(&mut connection).await.unwrap();
    assert_eq!(report.steps.len(), 3);
    assert!(!migrator.up(&mut connection).await.unwrap().changed());
    let rows = "SELECT count(*)::text FROM tenant.migrate_revisions";
    assert_eq!(column(&place.url, rows).await, ["3"]);
}

#[tokio::test]
async fn a_configured_schema_is_created() {
    let place = place!();
    let settings =
        crate::chain::baked::Settings { schema: Some("Audit".into()), ..Default::default() };
    let migrator = crate::Migrator::new(super::chain(&refs(&line())), settings);
    migrator.up(&place.url).await.unwrap();
    assert!(!migrator.up(&place.url).await.unwrap().changed());
    let rows = "SELECT count(*)::text FROM \"Audit\".migrate_revisions";
    assert_eq!(column(&place.url, rows).await, ["3"]);
}

#[tokio::test]
async fn who_waits_for_the_lock_is_told_who_holds_it() {
    let place = place!();
    let files = [file("r001", "", "SELECT pg_sleep(1.5);\nCREATE TABLE a (x int);", "")];
    let migrator: &'static crate::Migrator = Box::leak(Box::new(baked(&refs(&files))));
    let url = place.url.clone();
    let first = tokio::spawn(async move { migrator.up(&url).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let log = std::sync::Arc::new(Log::default());
    let short = Options::new().lock_timeout(Duration::from_millis(200)).observer(log.clone());
    let error = migrator.with(short).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(log.lines()[0].starts_with("waiting for process "), "{:?}", log.lines());
    assert!(error.to_string().contains("cargo-migrate"), "{error}");
    // Who waits long enough finds nothing left to do.
    assert!(!migrator.up(&place.url).await.unwrap().changed());
    assert!(first.await.unwrap().unwrap().changed());
}

#[tokio::test]
async fn a_lock_that_is_lost_undoes_the_revision() {
    let place = place!();
    let up = "CREATE TABLE a (x int);\nDO $$ BEGIN PERFORM pg_advisory_unlock_all(); END $$;";
    let error = migrator(&[&file("r001", "", up, "")]).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore), "{error}");
    assert_eq!(tables(&place).await, [""; 0]);
}

#[tokio::test]
async fn seeing_that_the_lock_is_held_does_not_free_it() {
    let place = place!();
    let held = "SELECT count(*) AS locks FROM pg_locks \
                WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    let files = [
        file("r001", "", "CREATE TABLE a (x int);", ""),
        file("r002", "-- revises: r001", "CREATE TABLE b (x int);", ""),
        file("r003", "-- revises: r002", &format!("CREATE TABLE c AS {held};"), ""),
    ];
    migrator(&refs(&files)).up(&place.url).await.unwrap();
    assert_eq!(column(&place.url, "SELECT locks::text FROM c").await, ["1"]);
}

#[tokio::test]
async fn a_lock_of_another_session_is_tried_again_and_then_named() {
    let place = place!();
    query(&place.url, "CREATE TABLE busy (x int)").await;
    let up = "CREATE TABLE a (x int);\nALTER TABLE busy ADD COLUMN y int;";
    let migrator = migrator(&[&file("r001", "", up, "")]);
    let mut other = connect(&place).await;
    exec(&mut other, "BEGIN; SELECT * FROM busy").await;
    let log = std::sync::Arc::new(Log::default());
    let options =
        || Options::new().statement_lock_timeout(Duration::from_millis(50)).observer(log.clone());
    let error = migrator.with(options().retries(1)).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("BEGIN; SELECT * FROM busy") && text.contains("idle in transaction"),
        "{text}"
    );
    assert!(log.lines().contains(&String::from("retrying r001 1")), "{:?}", log.lines());
    let release = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        exec(&mut other, "COMMIT").await;
    };
    let patient = migrator.with(options());
    let (report, ()) = tokio::join!(patient.up(&place.url), release);
    assert_eq!(report.unwrap().steps.len(), 1);
    assert_eq!(tables(&place).await, ["a", "busy"]);
}

#[tokio::test]
async fn a_statement_may_take_only_so_long() {
    let place = place!();
    let up = "CREATE TABLE a (x int);\nSELECT pg_sleep(5);";
    let options = Options::new().statement_timeout(Duration::from_millis(100));
    let migrator = migrator(&[&file("r001", "", up, "")]);
    let error = migrator.with(options).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.position().unwrap().line, 8, "{error}");
    assert_eq!(tables(&place).await, [""; 0]);
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_what_the_next_run_finds() {
    let place = place!();
    let up = "CREATE TABLE b (x int);\nSELECT pg_terminate_backend(pg_backend_pid());";
    let files =
        [file("r001", "", "CREATE TABLE a (x int);", ""), file("r002", "-- revises: r001", up, "")];
    let error = migrator(&refs(&files)).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    let Some(DatabaseState::Uncertain { revisions }) = error.state() else { panic!("{error}") };
    assert_eq!(revisions.len(), 1, "{error}");
    assert_eq!(recorded(&place).await, ["r001 applied"]);
    let mut mended = files.clone();
    mended[1] = file("r002", "-- revises: r001", "CREATE TABLE b (x int);", "");
    assert_eq!(ran(&migrator(&refs(&mended)).up(&place.url).await.unwrap()), ["r002"]);
}

#[tokio::test]
async fn a_dropped_run_gives_back_no_connection_with_a_lock() {
    let place = place!();
    let pool = pool(&place, 2).await;
    let files = [file("r001", "", "SELECT pg_sleep(0.4);\nCREATE TABLE a (x int);", "")];
    let migrator = baked(&refs(&files));
    let run = tokio::time::timeout(Duration::from_millis(150), migrator.up(&pool)).await;
    assert!(run.is_err());
    // The server finishes the message that it has, and then the session ends and frees its lock.
    let report = migrator.up(&pool).await.unwrap();
    assert_eq!(tables(&place).await, ["a"], "{report:?}");
    assert_eq!(recorded(&place).await, ["r001 applied"]);
}

#[tokio::test]
async fn a_role_without_rights_can_ask_for_the_status() {
    let place = place!();
    let role = format!("reader_{}", std::process::id());
    let migrator = baked(&refs(&line()));
    query(&place.url, &format!("CREATE ROLE {role} LOGIN")).await;
    query(&place.url, "REVOKE CREATE ON SCHEMA public FROM public").await;
    let url = place.url_as(&role);
    let denied: Error = {
        assert_eq!(migrator.status(&url).await.unwrap().pending().count(), 3);
        migrator.up(&url).await.unwrap_err()
    };
    assert_eq!(denied.kind(), ErrorKind::Denied, "{denied}");
    assert_eq!(denied.state(), Some(&DatabaseState::AsBefore), "{denied}");
    migrator.up(&place.url).await.unwrap();
    query(&place.url, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")).await;
    assert!(migrator.status(&url).await.unwrap().is_current());
    assert!(!migrator.up(&url).await.unwrap().changed(), "nothing to do needs no right to write");
    query(&place.url, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_lent_connection_in_a_transaction_is_refused() {
    let place = place!();
    let mut connection = connect(&place).await;
    exec(&mut connection, "BEGIN").await;
    let error = migrator(&refs(&line())).up(&mut connection).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InTransaction, "{error}");
    exec(&mut connection, "COMMIT").await;
    migrator(&refs(&line())).up(&mut connection).await.unwrap();
}

#[tokio::test]
async fn nobody_at_the_other_end_is_a_clear_error() {
    let error =
        migrator(&refs(&line())).up("postgres://me:hunter2@127.0.0.1:1/shop").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2") && text.contains("postgres://me@127.0.0.1:1/shop"), "{text}");
    let place = place!();
    let url = place.url.replace("migrate_test", "no_such_migrate_test");
    let error = migrator(&refs(&line())).up(&url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.to_string().contains("create the database first"), "{error}");
}

#[test]
fn a_network_needs_a_runtime() {
    let migrator = migrator(&refs(&line()));
    let url = String::from("postgres://me@127.0.0.1:1/shop");
    let error = futures_util::FutureExt::now_or_never(migrator.up(&url)).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("tokio"), "{error}");
}

#[tokio::test]
async fn who_waits_for_the_lock_is_not_in_the_way_of_an_index() {
    let place = place!();
    query(&place.url, "CREATE TABLE big AS SELECT generate_series(1, 300000) AS x").await;
    let up =
        "CREATE INDEX CONCURRENTLY i ON big (x);\nCREATE INDEX CONCURRENTLY j ON big ((x + 1));";
    let files = [file("r001", "-- transaction: none", up, "")];
    let migrator: &'static crate::Migrator = Box::leak(Box::new(baked(&refs(&files))));
    // A snapshot from before, which the index has to wait for.
    let mut reader = connect(&place).await;
    exec(&mut reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM big").await;
    let runners: Vec<_> = (0..3)
        .map(|_| {
            let url = place.url.clone();
            tokio::spawn(async move { migrator.up(&url).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(600)).await;
    exec(&mut reader, "COMMIT").await;
    let mut steps = 0;
    for runner in runners {
        let report = tokio::time::timeout(Duration::from_secs(30), runner).await.unwrap();
        steps += report.unwrap().unwrap().steps.len();
    }
    assert_eq!(steps, 1);
    let valid =
        "SELECT count(*)::text FROM pg_index WHERE indrelid = 'big'::regclass AND indisvalid";
    assert_eq!(column(&place.url, valid).await, ["2"]);
}
