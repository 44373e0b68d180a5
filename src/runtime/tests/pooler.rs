//! Behind a pooler that hands each transaction to another session of the server.
//!
//! Needs `pgbouncer` on the `PATH`, and says that it skips without.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::place::{Place, column, query, recorded, tables};
use super::{chain, file, refs};
use crate::chain::baked::Settings;
use crate::runtime::{Error, ErrorKind, Options, Report};
use crate::{Dialect, Migrator};

struct Pooler {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Pooler {
    /// In front of the server of a place; `None` if there is no pooler to be had.
    async fn of(place: &Place) -> Option<Self> {
        let to = PgConnectOptions::from_str(&place.url).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             max_client_conn = 200\ndefault_pool_size = 8\n\
             ignore_startup_parameters = extra_float_digits\n",
            to.get_host(),
            to.get_port(),
            to.get_username()
        );
        std::fs::write(&path, text).unwrap();
        let database = to.get_database().unwrap();
        let url = format!("postgres://{}@127.0.0.1:{port}/{database}", to.get_username());
        // It does not run as root, and only root may name another user.
        for user in [&[][..], &["-u", "nobody"][..]] {
            let started = Command::new("pgbouncer")
                .args(user)
                .arg(&path)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(mut process) = started else { break };
            while process.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Some(Self { process, url, _folder: folder });
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        eprintln!("skipped: no `pgbouncer` could be started");
        None
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Five revisions; each would fail if it ran twice.
fn files(third: &str) -> Vec<String> {
    (1..=5)
        .map(|number| {
            let revises = match number {
                1 => String::new(),
                _ => format!("-- revises: r00{}", number - 1),
            };
            let none = if number == 3 { third } else { "" };
            let header = [revises.as_str(), none].join("\n");
            let up = format!(
                "CREATE TABLE t{number} (x int);\nSELECT pg_sleep(0.05);\nINSERT INTO t{number} VALUES (1);"
            );
            file(&format!("r00{number}"), header.trim(), &up, &format!("DROP TABLE t{number};"))
        })
        .collect()
}

async fn eight(
    lock_table: bool,
    files: &[String],
    url: &str,
) -> (&'static Migrator, Vec<Result<Report, Error>>) {
    let settings = Settings { lock_table, ..Settings::default() };
    let migrator: &'static Migrator =
        Box::leak(Box::new(Migrator::new(chain(&refs(files)), settings)));
    let runners: Vec<_> = (0..8)
        .map(|_| {
            let url = url.to_owned();
            let options = Options::new().lock_timeout(Duration::from_secs(5));
            tokio::spawn(async move { migrator.with(options).up(&url).await })
        })
        .collect();
    let mut results = Vec::new();
    for runner in runners {
        results.push(runner.await.unwrap());
    }
    (migrator, results)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lease_lets_eight_runners_apply_each_revision_once() {
    let Some(place) = Place::on(Dialect::Postgres).await else { return };
    let Some(pooler) = Pooler::of(&place).await else { return };
    let (migrator, results) = eight(true, &files("-- transaction: none"), &pooler.url).await;
    let steps: usize = results.into_iter().map(|result| result.unwrap().steps.len()).sum();
    assert_eq!(steps, 5);
    assert_eq!(recorded(&place).await.len(), 5);
    for number in 1..=5 {
        assert_eq!(column(&place.url, &format!("SELECT x::text FROM t{number}")).await, ["1"]);
    }
    migrator.down(&pooler.url, "base").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn locks_of_the_session_end_in_a_clear_error_and_nothing_runs_twice() {
    let Some(place) = Place::on(Dialect::Postgres).await else { return };
    let Some(pooler) = Pooler::of(&place).await else { return };
    let (migrator, results) = eight(false, &files(""), &pooler.url).await;
    let mut steps = 0;
    for result in results {
        match result {
            Ok(report) => steps += report.steps.len(),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::LockLost | ErrorKind::Locked), "{error}");
                if error.kind() == ErrorKind::LockLost {
                    assert!(error.to_string().contains("`lock = \"table\"`"), "{error}");
                }
            }
        }
    }
    let done = match &tables(&place).await[..] {
        [] => 0,
        tables => {
            assert_eq!(recorded(&place).await.len(), tables.len());
            tables.len()
        }
    };
    assert!(steps <= done, "{steps} of {done}");
    // What one of them left in a session of the pooler's is gone, and does not keep others away.
    let report = migrator.up(&place.url).await.unwrap();
    assert_eq!(report.steps.len(), 5 - done);
    for number in 1..=5 {
        assert_eq!(column(&place.url, &format!("SELECT x::text FROM t{number}")).await, ["1"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_that_stays_behind_is_explained() {
    let Some(place) = Place::on(Dialect::Postgres).await else { return };
    let Some(pooler) = Pooler::of(&place).await else { return };
    let key = "CREATE TABLE key AS SELECT classid::bigint << 32 | objid::bigint AS key \
               FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();";
    let files = [
        file("r001", "", key, ""),
        file("r002", "-- revises: r001", "CREATE TABLE a (x int);", ""),
    ];
    let migrator = super::migrator(&refs(&files));
    migrator.up_to(&place.url, "r001").await.unwrap();
    // As a runner does that is killed between two transactions.
    query(&pooler.url, "SELECT pg_advisory_lock(key)::text FROM key").await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    for url in [&place.url, &pooler.url] {
        let options = Options::new().lock_timeout(Duration::from_millis(100));
        let error = migrator.with(options).up(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
        assert!(error.to_string().contains("SELECT pg_terminate_backend("), "{error}");
    }
}
