//! Runs that are asked to stop.

use std::sync::Arc;
use std::time::Duration;

use super::place::{Place, column, everywhere, tables};
use super::*;
use crate::runtime::{DatabaseState, ErrorKind, Event, Interrupt, Observer, Options};

/// Asks to stop when something happens; how often, and how long after it.
struct Stopper<F> {
    interrupt: Interrupt,
    times: usize,
    when: F,
}

/// Long enough for the server to have got the message; nothing depends on it but which way is taken.
const SOON: Duration = Duration::from_millis(300);

impl<F: Fn(&Event<'_>) -> bool + Send + Sync> Observer for Stopper<F> {
    fn event(&self, event: &Event<'_>) {
        if (self.when)(event) {
            let (interrupt, times) = (self.interrupt.clone(), self.times);
            std::thread::spawn(move || {
                for _ in 0..times {
                    std::thread::sleep(SOON);
                    interrupt.request();
                }
            });
        }
    }
}

fn stopping(times: usize, when: impl Fn(&Event<'_>) -> bool + Send + Sync + 'static) -> Options {
    let interrupt = Interrupt::new();
    let stopper = Stopper { interrupt: interrupt.clone(), times, when };
    Options::new().interrupt(&interrupt).observer(Arc::new(stopper))
}

/// `PostgreSQL` does not say when a statement begins: it gets all of a revision in one message.
fn begun(id: &'static str) -> impl Fn(&Event<'_>) -> bool {
    move |event| matches!(event, Event::RevisionStarted { revision, .. } if revision.as_str() == id)
}

/// Takes much longer than any test may.
fn slow(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "CREATE TABLE slow AS WITH RECURSIVE n(i) AS \
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT max(i) FROM n"
        }
        Dialect::Postgres => "SELECT pg_sleep(3600)",
        Dialect::Mysql => "UPDATE quick SET a = SLEEP(3600)",
    }
}

fn two(place: &Place, header: &str) -> Vec<String> {
    let last = format!(
        "INSERT INTO quick VALUES (1); {}; CREATE TABLE last (a INT);",
        slow(place.dialect)
    );
    vec![
        file("aaaa", "-- revises:", "CREATE TABLE quick (a INT);", "DROP TABLE quick;"),
        file("bbbb", &format!("-- revises: aaaa{header}"), &last, "DROP TABLE last;"),
    ]
}

/// The same without what is slow.
fn quick(files: &[String], place: &Place) -> Vec<String> {
    files
        .iter()
        .map(|file| file.replace(slow(place.dialect), "INSERT INTO quick VALUES (2)"))
        .collect()
}

everywhere! {
    async fn a_statement_that_runs_is_cancelled_and_its_transaction_undone(place: Place) {
        let files = two(&place, "");
        let slow = migrator(&refs(&files));
        let options = stopping(1, begun("bbbb"));
        let error = slow.with(options).up(&*place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        let text = error.to_string();
        assert!(text.contains("statement 2 of revision `bbbb` was cancelled"), "{text}");
        assert!(text.contains("migrations/bbbb.sql:"), "{text}");
        if place.dialect == Dialect::Sqlite {
            assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
            assert_eq!(tables(&place).await, Vec::<String>::new());
        } else {
            assert!(text.contains("revision `aaaa` is committed"), "{text}");
            assert_eq!(tables(&place).await, ["quick"]);
            // `CREATE TABLE` commits there, so the statements of this revision are recorded one by one.
            let left: &[&str] = if place.dialect == Dialect::Mysql { &["1"] } else { &[] };
            assert_eq!(column(&place.url, "SELECT a FROM quick").await, left);
        }
        migrator(&refs(&quick(&files, &place))).up(&*place.url).await.unwrap();
        assert_eq!(tables(&place).await, ["last", "quick"]);
        assert_eq!(column(&place.url, "SELECT a FROM quick ORDER BY a").await, ["1", "2"]);
    }

    async fn a_revision_outside_a_transaction_goes_on_where_it_was_cancelled(place: Place) {
        let files = two(&place, "\n-- transaction: none");
        let slow = migrator(&refs(&files));
        let options = stopping(1, begun("bbbb"));
        let error = slow.with(options).up(&*place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        let text = error.to_string();
        assert!(text.contains("its first statement is done, and will not run again"), "{text}");
        migrator(&refs(&quick(&files, &place))).up(&*place.url).await.unwrap();
        assert_eq!(column(&place.url, "SELECT a FROM quick ORDER BY a").await, ["1", "2"]);
    }

    async fn nothing_more_is_begun(place: Place) {
        let files = quick(&two(&place, ""), &place);
        let chain = migrator(&refs(&files));
        let interrupt = Interrupt::new();
        let request = interrupt.clone();
        let options = Options::new().interrupt(&interrupt).observer(Arc::new(Seen(move || request.request())));
        let error = chain.with(options).up(&*place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(!tables(&place).await.contains(&String::from("last")), "{error}");
        assert!(error.helps().iter().any(|help| help.contains("run it again")), "{error}");
        chain.up(&*place.url).await.unwrap();
        assert_eq!(tables(&place).await, ["last", "quick"]);
    }

    async fn twice_stops_at_once(place: Place) {
        let files = two(&place, "");
        let options = stopping(2, begun("bbbb"));
        // A connection that is lent cannot be cancelled, so that only the second request ends it.
        // Nobody can end this one on a pooled connection, and it should not work for ever.
        let files: Vec<String> =
            files.iter().map(|file| file.replace("100000000000", "20000000")).collect();
        let slow = migrator(&refs(&files));
        let error = match place.dialect {
            Dialect::Sqlite => {
                let pool = SqlitePool::connect(&place.url).await.unwrap();
                slow.with(options).up(&pool).await.unwrap_err()
            }
            #[cfg(feature = "postgres")]
            Dialect::Postgres => {
                let mut lent = <sqlx::PgConnection as sqlx::Connection>::connect(&place.url).await.unwrap();
                slow.with(options).up(&mut lent).await.unwrap_err()
            }
            #[cfg(feature = "mysql")]
            Dialect::Mysql => {
                let mut lent = <sqlx::MySqlConnection as sqlx::Connection>::connect(&place.url).await.unwrap();
                slow.with(options).up(&mut lent).await.unwrap_err()
            }
            #[allow(unreachable_patterns, reason = "where all drivers are there")]
            _ => return,
        };
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
        assert!(error.to_string().contains("stopped at once"), "{error}");
    }
}

/// Calls when the first revision has ended.
struct Seen<F>(F);

impl<F: Fn() + Send + Sync> Observer for Seen<F> {
    fn event(&self, event: &Event<'_>) {
        if let Event::RevisionFinished { revision, .. } = event
            && revision.as_str() == "aaaa"
        {
            (self.0)();
        }
    }
}

#[tokio::test]
async fn nobody_waits_for_a_lock_who_was_asked_to_stop() {
    let disk = Disk::new();
    let holder = disk.pool(1).await;
    exec(&holder, "BEGIN IMMEDIATE").await;
    let waiting = |event: &Event<'_>| matches!(event, Event::Waiting { .. });
    let options = stopping(1, waiting).lock_timeout(Duration::from_hours(1));
    let chain = migrator(&refs(&line()));
    let error = chain.with(options).up(&*disk.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
}
