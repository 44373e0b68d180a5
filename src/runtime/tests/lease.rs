//! Chains that are locked with a table: what only happens there, on a real server.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _};

use super::place::{Place, column, query, recorded, tables};
use super::{chain, file, line, ran, refs};
use crate::chain::baked::Settings;
use crate::runtime::{DatabaseState, ErrorKind, Event, Observer, Options};
use crate::{Dialect, Migrator};

/// The place of a test, or its end.
macro_rules! place {
    () => {
        match Place::on(Dialect::Postgres).await {
            Some(place) => place,
            None => return,
        }
    };
}

/// Runs a test on every server.
macro_rules! on_servers {
    ($($(#[$attribute:meta])* async fn $name:ident($place:ident: Place) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn body($place: Place) $body

                #[tokio::test]
                async fn postgres() {
                    if let Some(place) = Place::on(Dialect::Postgres).await {
                        body(place).await;
                    }
                }

                #[cfg(feature = "mysql")]
                #[tokio::test]
                async fn mysql() {
                    if let Some(place) = Place::on(Dialect::Mysql).await {
                        body(place).await;
                    }
                }
            }
        )*
    };
}

fn leased(files: &[String]) -> &'static Migrator {
    let settings = Settings { lock_table: true, ..Settings::default() };
    Box::leak(Box::new(Migrator::new(chain(&refs(files)), settings)))
}

fn of_sessions(files: &[String]) -> &'static Migrator {
    Box::leak(Box::new(super::migrator(&refs(files))))
}

fn short() -> Options {
    Options::new().lease(Duration::from_millis(600))
}

async fn connect(place: &Place) -> PgConnection {
    PgConnection::connect(&place.url).await.unwrap()
}

async fn exec(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// A statement that takes a while.
fn slow(place: &Place, seconds: f32) -> String {
    match place.dialect {
        Dialect::Mysql => format!("DO SLEEP({seconds});"),
        _ => format!("SELECT pg_sleep({seconds});"),
    }
}

const OWNER: &str = "SELECT coalesce(owner, 'nobody') FROM migrate_revisions_lock";

/// Someone who holds the lock for this long and does not renew it.
async fn steal(place: &Place, milliseconds: u32) {
    let until = match place.dialect {
        Dialect::Mysql => {
            format!("date_add(utc_timestamp(6), INTERVAL {milliseconds}000 MICROSECOND)")
        }
        _ => format!("clock_timestamp() + INTERVAL '{milliseconds} milliseconds'"),
    };
    let sql = format!(
        "UPDATE migrate_revisions_lock SET owner = 'thief', holder = 'a thief', expires_at = {until}"
    );
    query(&place.url, &sql).await;
}

/// Keeps who was waited for.
#[derive(Default)]
struct Holders(Mutex<Vec<String>>);

impl Observer for Holders {
    fn event(&self, event: &Event<'_>) {
        if let Event::Waiting { holder: Some(holder), .. } = event {
            self.0.lock().unwrap().push((*holder).to_owned());
        }
    }
}

on_servers! {
    async fn eight_runners_at_once_apply_each_revision_once(place: Place) {
        let migrator = leased(&line());
        let runners: Vec<_> = (0..8)
            .map(|_| {
                let url = place.url.clone();
                tokio::spawn(async move { migrator.up(&url).await })
            })
            .collect();
        let mut steps = 0;
        for runner in runners {
            steps += runner.await.unwrap().unwrap().steps.len();
        }
        assert_eq!(steps, 3);
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
        assert_eq!(recorded(&place).await.len(), 3);
        assert_eq!(column(&place.url, OWNER).await, ["nobody"], "who is done gives the lock back");
    }

    async fn a_lease_that_has_run_out_is_taken_over(place: Place) {
        let migrator = leased(&line());
        migrator.up_to(&place.url, "r001").await.unwrap();
        steal(&place, 700).await;
        let begun = Instant::now();
        let holders = Arc::new(Holders::default());
        let options = short().observer(holders.clone());
        assert_eq!(ran(&migrator.with(options).up(&place.url).await.unwrap()), ["r002", "r003"]);
        assert!(begun.elapsed() > Duration::from_millis(500), "{:?}", begun.elapsed());
        let holders = holders.0.lock().unwrap();
        assert!(holders[0].starts_with("a thief, whose lease ends in 0."), "{holders:?}");
    }

    async fn who_cannot_wait_so_long_is_told_for_whom(place: Place) {
        let migrator = leased(&line());
        migrator.up_to(&place.url, "r001").await.unwrap();
        steal(&place, 3_600_000).await;
        let options = Options::new().lock_timeout(Duration::from_millis(100));
        let error = migrator.with(options).up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
        assert!(error.to_string().contains("a thief, whose lease ends in 3599."), "{error}");
        assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    }

    async fn the_lease_is_renewed_during_a_statement_that_is_longer(place: Place) {
        let up = format!("CREATE TABLE a (x int);\n{}", slow(&place, 2.0));
        let files = [file("r001", "", &up, "")];
        let migrator = leased(&files);
        let url = place.url.clone();
        let first = tokio::spawn(async move { migrator.with(short()).up(&url).await });
        pause(300).await;
        let second = migrator.with(short()).up(&place.url).await.unwrap();
        assert!(!second.changed(), "it waited for the first one, and then nothing was left");
        assert!(first.await.unwrap().unwrap().changed());
    }

    async fn a_run_whose_lease_was_taken_stops_and_commits_nothing(place: Place) {
        let files = [
            file("r001", "", "CREATE TABLE a (x int);", ""),
            file("r002", "-- revises: r001", &format!("{}\nINSERT INTO a VALUES (1);", slow(&place, 2.5)), ""),
        ];
        let migrator = leased(&files);
        let url = place.url.clone();
        let run = tokio::spawn(async move { migrator.with(short()).up(&url).await });
        pause(500).await;
        let begun = Instant::now();
        steal(&place, 3_600_000).await;
        let error = run.await.unwrap().unwrap_err();
        assert!(begun.elapsed() < Duration::from_millis(1500), "it does not wait for the statement");
        assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
        assert!(error.to_string().contains("and a thief took it"), "{error}");
        let Some(DatabaseState::Uncertain { revisions }) = error.state() else { panic!("{error}") };
        assert_eq!(revisions.len(), 1, "{error}");
        // The server finishes the message; the proof in it fails.
        pause(2500).await;
        assert_eq!(recorded(&place).await, ["r001 applied"]);
        assert_eq!(column(&place.url, "SELECT x FROM a").await, [""; 0]);
        assert_eq!(column(&place.url, OWNER).await, ["thief"], "nobody gives back what is not his");
    }

    async fn the_catalog_decides_nothing_under_a_lease(place: Place) {
        let files = [file("r001", "-- transaction: none", "CREATE TABLE a (x int);", "")];
        let migrator = leased(&files);
        migrator.up(&place.url).await.unwrap();
        let sql = "UPDATE migrate_revisions SET status = 'applying', statements_done = 0, \
                   statement_started = 1";
        query(&place.url, sql).await;
        let begun = Instant::now();
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unfinished, "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody is waited for who cannot come");
    }

    async fn outside_a_transaction_each_statement_and_each_record_is_proven(place: Place) {
        let steal = "UPDATE migrate_revisions_lock SET owner = 'thief'";
        let up = format!("CREATE TABLE a (x int);\n{steal};\nCREATE TABLE b (x int);");
        let files = [file("r001", "-- transaction: none", &up, "")];
        let migrator = leased(&files);
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
        assert!(error.message().contains("statement 2 of revision `r001` is done, but"), "{error}");
        assert_eq!(tables(&place).await, ["a"]);
        // Only a person knows now: a lease does not prove that the statement is over.
        query(&place.url, "UPDATE migrate_revisions_lock SET owner = NULL").await;
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unfinished, "{error}");
        assert!(error.to_string().contains("the server may still be running it"), "{error}");
    }

    async fn a_failed_run_gives_the_lock_back(place: Place) {
        for header in ["", "-- transaction: none"] {
            let files = [file("r001", header, "SELECT 1;\nSELECT nowhere;", "")];
            let error = leased(&files).up(&place.url).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
            assert_eq!(column(&place.url, OWNER).await, ["nobody"]);
        }
    }

    async fn the_first_lease_waits_for_a_session_that_holds_the_lock(place: Place) {
        let up = format!("CREATE TABLE a (x int);\n{}", slow(&place, 1.0));
        let files = [file("r001", "", &up, "")];
        let (old, new) = (of_sessions(&files), leased(&files));
        let url = place.url.clone();
        let first = tokio::spawn(async move { old.up(&url).await });
        pause(400).await;
        let holders = Arc::new(Holders::default());
        let report = new.with(short().observer(holders.clone())).up(&place.url).await.unwrap();
        assert!(!report.changed());
        assert!(first.await.unwrap().unwrap().changed());
        assert!({
            let holders = holders.0.lock().unwrap();
            holders[0].starts_with("process ") || holders[0].starts_with("session ")
        }, "{:?}", holders.0);
    }
}

#[tokio::test]
async fn nothing_to_do_touches_nothing() {
    let place = place!();
    of_sessions(&line()).up(&place.url).await.unwrap();
    let migrator = leased(&line());
    assert!(!migrator.up(&place.url).await.unwrap().changed());
    assert!(migrator.status(&place.url).await.unwrap().is_current());
    migrator.plan(&place.url, crate::chain::Direction::Down, "base").await.unwrap();
    let there = "SELECT count(*)::text FROM pg_class WHERE relname = 'migrate_revisions_lock'";
    assert_eq!(column(&place.url, there).await, ["0"]);
}

/// Stands still when the second revision begins.
struct Still(std::sync::mpsc::SyncSender<()>);

impl Observer for Still {
    fn event(&self, event: &Event<'_>) {
        if let Event::RevisionStarted { index: 1, .. } = event {
            self.0.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(1500));
        }
    }
}

/// A runner on a thread that stands still, as a machine does that is put to sleep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_was_paused_for_longer_than_its_lease_cannot_commit() {
    let place = place!();
    let migrator = leased(&line());
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let url = place.url.clone();
    let paused = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = short().observer(Arc::new(Still(sender)));
        runtime.block_on(async { migrator.with(options).up(&url).await })
    });
    tokio::task::spawn_blocking(move || receiver.recv().unwrap()).await.unwrap();
    let report = migrator.with(short()).up(&place.url).await.unwrap();
    assert_eq!(ran(&report), ["r002", "r003"], "the next one took over");
    let error = paused.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    assert_eq!(recorded(&place).await.len(), 3);
}

#[tokio::test]
async fn a_proof_in_the_commit_stops_who_has_not_noticed_yet() {
    let place = place!();
    let steal = "UPDATE migrate_revisions_lock SET owner = 'thief'";
    let files = [
        file("r001", "", "CREATE TABLE a (x int);", ""),
        file("r002", "-- revises: r001", &format!("CREATE TABLE b (x int);\n{steal};"), ""),
    ];
    let error = leased(&files).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    let Some(DatabaseState::Committed { revisions, partly: None }) = error.state() else {
        panic!("{error}")
    };
    assert_eq!(revisions.len(), 1);
    assert_eq!(tables(&place).await, ["a"]);
}

#[tokio::test]
async fn a_broken_connection_of_the_keeper_is_replaced() {
    let place = place!();
    let files = [file("r001", "", "CREATE TABLE a (x int);\nSELECT pg_sleep(1.5);", "")];
    let migrator = leased(&files);
    let url = place.url.clone();
    let run = tokio::spawn(async move { migrator.with(short()).up(&url).await });
    pause(400).await;
    let keeper = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND query LIKE 'UPDATE%migrate_revisions_lock%'";
    assert_eq!(column(&place.url, keeper).await, ["1"]);
    assert!(run.await.unwrap().unwrap().changed());
}

#[tokio::test]
async fn a_lease_that_cannot_be_renewed_stops_the_run() {
    let place = place!();
    let files = [file("r001", "", "CREATE TABLE a (x int);\nSELECT pg_sleep(2.5);", "")];
    let migrator = leased(&files);
    let role = format!("keeper_{}", std::process::id());
    query(
        &place.url,
        &format!("CREATE ROLE {role} LOGIN; GRANT CREATE ON SCHEMA public TO {role}"),
    )
    .await;
    let url = place.url_as(&role);
    let run = tokio::spawn(async move { migrator.with(short()).up(&url).await });
    pause(400).await;
    // No new connection, and the old ones but the working one are closed.
    let sql = format!(
        "ALTER ROLE {role} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE usename = '{role}' AND query LIKE '%migrate_revisions_lock%' AND state = 'idle'"
    );
    query(&place.url, &sql).await;
    let error = run.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    assert!(error.to_string().contains("is not permitted to log in"), "{error}");
    assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
    pause(2000).await;
    assert_eq!(tables(&place).await, [""; 0], "the proof in the message failed");
    query(&place.url, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_dropped_run_keeps_others_waiting_for_the_rest_of_its_lease() {
    let place = place!();
    let files = [file("r001", "", "CREATE TABLE a (x int);\nSELECT pg_sleep(0.4);", "")];
    let migrator = leased(&files);
    let run = migrator.with(short());
    assert!(tokio::time::timeout(Duration::from_millis(200), run.up(&place.url)).await.is_err());
    let report = migrator.with(short()).up(&place.url).await.unwrap();
    assert_eq!(tables(&place).await, ["a"], "{report:?}");
    assert_eq!(recorded(&place).await, ["r001 applied"]);
}

#[tokio::test]
async fn one_connection_is_not_enough_and_a_pool_of_one_is() {
    let place = place!();
    let migrator = leased(&line());
    let mut connection = connect(&place).await;
    let error = migrator.up(&mut connection).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(error.to_string().contains("pass a URL, connect options or a pool"), "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    let error = migrator.up(connection).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    for size in [1, 2] {
        let pool = PgPoolOptions::new().max_connections(size).connect(&place.url).await.unwrap();
        assert!(migrator.up(&pool).await.unwrap().changed());
        migrator.down(&pool, "base").await.unwrap();
        let mut all = Vec::new();
        for _ in 0..size {
            all.push(pool.acquire().await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_role_without_rights_is_told_what_it_lacks() {
    let place = place!();
    let role = format!("lessee_{}", std::process::id());
    query(&place.url, &format!("CREATE ROLE {role} LOGIN")).await;
    query(&place.url, "REVOKE CREATE ON SCHEMA public FROM public").await;
    let url = place.url_as(&role);
    let migrator = leased(&line());
    assert_eq!(migrator.status(&url).await.unwrap().pending().count(), 3);
    let error = migrator.up(&url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.message().starts_with("failed to create the lock table: "), "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore), "{error}");
    migrator.up(&place.url).await.unwrap();
    query(
        &place.url,
        &format!("GRANT SELECT ON migrate_revisions, migrate_revisions_meta TO {role}"),
    )
    .await;
    assert!(!migrator.up(&url).await.unwrap().changed(), "nothing to do needs no right");
    query(&place.url, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_program_that_locks_with_its_session_respects_the_row_of_another() {
    let place = place!();
    let (old, new) = (of_sessions(&line()), leased(&line()));
    new.up_to(&place.url, "r001").await.unwrap();
    steal(&place, 3_600_000).await;
    let options = Options::new().lock_timeout(Duration::from_millis(100));
    let error = old.with(options).up(&place.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(error.to_string().contains("a thief"), "{error}");
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(column(&place.url, locks).await, ["0"]);
    query(&place.url, "UPDATE migrate_revisions_lock SET owner = NULL").await;
    assert_eq!(ran(&old.up(&place.url).await.unwrap()), ["r002", "r003"]);
    // One connection is enough only for a session.
    old.down(&place.url, "r001").await.unwrap();
    let mut connection = connect(&place).await;
    exec(&mut connection, "SELECT 1").await;
    let error = old.up(&mut connection).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
}

#[tokio::test]
async fn the_lock_table_is_in_the_configured_schema() {
    let place = place!();
    let settings =
        Settings { lock_table: true, schema: Some("Audit".into()), ..Settings::default() };
    let migrator: &'static Migrator =
        Box::leak(Box::new(Migrator::new(chain(&refs(&line())), settings)));
    let runners: Vec<_> = (0..4)
        .map(|_| {
            let url = place.url.clone();
            tokio::spawn(async move { migrator.up(&url).await })
        })
        .collect();
    for runner in runners {
        runner.await.unwrap().unwrap();
    }
    let rows = "SELECT count(*)::text FROM \"Audit\".migrate_revisions_lock";
    assert_eq!(column(&place.url, rows).await, ["1"]);
}
