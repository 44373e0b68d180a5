//! Stopping a run from outside, so that what it was doing is undone and told.
//!
//! A run that is dropped leaves it to the server what becomes of the message that was sent last, and
//! nobody is told. A run that is asked to stop ends like one that fails: the statement that runs is
//! cancelled where the database can do that, the transaction is rolled back, what is done of a revision outside a
//! transaction is recorded, and the error says where things stand.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, select};

use super::connection::Connection;
use super::database::Source;
use super::error::{DatabaseState, Error, ErrorKind};
use super::lease::Outcome;
use super::migrator::Configured;
use super::options::Options;
use super::timer::sleep;
use crate::dialect::Dialect;

/// Asks a run to stop; clones ask the same runs.
///
/// ```
/// use cargo_migrate::{Interrupt, Options};
///
/// let interrupt = Interrupt::new();
/// let options = Options::new().interrupt(&interrupt);
/// // Later, from a signal handler or another task:
/// interrupt.request();
/// # let _ = options;
/// ```
///
/// After the first request a run begins nothing more. It cancels the statement that runs
/// (`pg_cancel_backend`, `KILL QUERY`, and on an `SQLite` connection of its own a progress handler), undoes
/// the open transaction, and ends with [`ErrorKind::Interrupted`]. Cancelling on a server needs a second
/// connection; where there is no way to one (a connection that was lent, or a lock with a lease, behind a
/// pooler), the run stops after the statement or the revision that is at work. Where one of several databases is
/// committed, the others are committed first.
///
/// After the second request it stops at once, without waiting for the database: what became of the last
/// message is then known to the server only, and what is prepared ([`Options::two_phase`]) stays so until the next
/// run.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    requests: AtomicUsize,
    waiting: Mutex<Vec<Waker>>,
}

impl Interrupt {
    /// One that nobody has requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop; asked again, to stop at once.
    pub fn request(&self) {
        self.shared.requests.fetch_add(1, Ordering::SeqCst);
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.drain(..).for_each(Waker::wake);
    }

    /// Whether somebody has asked.
    pub fn is_requested(&self) -> bool {
        self.requests() > 0
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Ends when there are more requests than these, with how many there are.
    fn more_than(&self, seen: usize) -> More<'_> {
        More { interrupt: self, seen }
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").field("requests", &self.requests()).finish()
    }
}

struct More<'i> {
    interrupt: &'i Interrupt,
    seen: usize,
}

impl Future for More<'_> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        let shared = &self.interrupt.shared;
        let mut waiting = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = self.interrupt.requests();
        if requests > self.seen {
            return Poll::Ready(requests);
        }
        if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Options {
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(Interrupt::is_requested)
    }

    /// An error if the run is to stop.
    pub(crate) fn check_interrupt(&self) -> Result<(), Error> {
        if self.is_interrupted() { Err(stopped()) } else { Ok(()) }
    }

    /// Who was asked to stop has not waited in vain.
    pub(crate) fn unless_interrupted(&self, error: Error) -> Error {
        let gave_up = matches!(error.kind(), ErrorKind::Locked | ErrorKind::LockTimeout);
        if gave_up && self.is_interrupted() { stopped() } else { error }
    }

    /// Waits, but not for somebody who has asked to stop.
    pub(crate) async fn sleep(&self, duration: Duration) {
        match &self.interrupt {
            None => sleep(duration).await,
            Some(interrupt) => drop(select(sleep(duration), interrupt.more_than(0)).await),
        }
    }
}

impl Configured<'_> {
    #[cfg_attr(not(feature = "runner"), allow(dead_code, reason = "others set the option"))]
    pub(crate) fn heeding(mut self, interrupt: Option<Interrupt>) -> Self {
        self.options.interrupt = interrupt;
        self
    }
}

/// The end of a run between two of its steps.
fn stopped() -> Error {
    Error::new(ErrorKind::Interrupted, "stopped, as was asked for").help(GO_ON)
}

/// What to do after a run was stopped.
pub(crate) const GO_ON: &str = "run it again to go on from here";

fn stopped_at_once(database: &str) -> Error {
    Error::new(ErrorKind::Interrupted, "stopped at once, as was asked for twice")
        .on(database)
        .note("the statement that was running may still be running on the server")
        .leaving(DatabaseState::Uncertain { revisions: Vec::new() })
        .help("`status` says what is recorded; run it again to go on")
}

/// Cancels what a session is doing, from another one.
struct Canceller {
    way: Source<'static>,
    sql: String,
}

impl Canceller {
    /// `None` where there is no way to do that, or it might hit somebody else's session.
    async fn of(connection: &mut Connection<'_>) -> Option<Self> {
        if connection.is_leased() {
            return None;
        }
        let (question, command) = match connection.dialect() {
            Dialect::Sqlite => return None,
            Dialect::Postgres => ("SELECT pg_backend_pid()::text", "SELECT pg_cancel_backend"),
            Dialect::Mysql => ("SELECT CAST(CONNECTION_ID() AS CHAR)", "KILL QUERY"),
        };
        let way = connection.again()?.again()?;
        let session = connection.texts(question).await.ok()?.pop()?.pop()??;
        // A number, so that nothing else can get into the statement.
        let session: u64 = session.parse().ok()?;
        let sql = match connection.dialect() {
            Dialect::Postgres => format!("{command}({session})::text"),
            _ => format!("{command} {session}"),
        };
        Some(Self { way, sql })
    }

    /// What fails here only makes the run end later.
    async fn cancel(&self) {
        let Some(way) = self.way.again() else { return };
        let cancelled = async {
            let mut connection = Box::pin(Connection::open(way, false)).await?;
            drop(connection.texts(&self.sql).await);
            connection.finish().await
        };
        if let Err(error) = cancelled.await {
            tracing::warn!(error = error.message(), "what is running could not be cancelled");
        }
    }
}

/// Watches for requests while a run is at work.
pub(crate) struct Watch {
    interrupt: Interrupt,
    cancellers: Vec<Canceller>,
    databases: Vec<String>,
    is_committing: Arc<AtomicBool>,
}

impl Watch {
    /// `None` if nobody can ask this run to stop. While `is_committing` nothing is cancelled: with one of
    /// several databases committed, the others are to follow.
    pub(crate) fn of(options: &Options, is_committing: &Arc<AtomicBool>) -> Option<Self> {
        Some(Self {
            interrupt: options.interrupt.clone()?,
            cancellers: Vec::new(),
            databases: Vec::new(),
            is_committing: Arc::clone(is_committing),
        })
    }

    /// Watches over what happens on this connection.
    pub(crate) async fn add(&mut self, connection: &mut Connection<'_>) {
        connection.heed(&self.interrupt).await;
        self.cancellers.extend(Canceller::of(connection).await);
        self.databases.push(connection.name().to_owned());
    }

    /// Does the work; it is dropped where it is after a second request.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Outcome<T> {
        let mut work = pin!(work);
        let mut seen = 0;
        loop {
            seen = match select(work.as_mut(), self.interrupt.more_than(seen)).await {
                Either::Left((result, _)) => return Outcome::Done(result),
                Either::Right((requests, _)) => requests,
            };
            if seen > 1 {
                return Outcome::Lost(None, stopped_at_once(&self.databases.join(", ")));
            }
            if self.is_committing.load(Ordering::Relaxed) {
                continue;
            }
            // Only one of the sessions is at work, and to the others it is nothing.
            for canceller in &self.cancellers {
                // It may have begun since the request.
                if self.is_committing.load(Ordering::Relaxed) {
                    break;
                }
                let cancelling = pin!(canceller.cancel());
                let both = select(work.as_mut(), cancelling);
                match select(both, self.interrupt.more_than(seen)).await {
                    Either::Left((Either::Left((result, _)), _)) => return Outcome::Done(result),
                    Either::Left((Either::Right(_), _)) => {}
                    Either::Right(_) => break,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_heard_by_clones_and_counted() {
        let interrupt = Interrupt::new();
        let options = Options::new().interrupt(&interrupt);
        assert!(options.check_interrupt().is_ok());
        interrupt.clone().request();
        assert_eq!(options.check_interrupt().unwrap_err().kind(), ErrorKind::Interrupted);
        interrupt.request();
        assert_eq!(format!("{interrupt:?}"), "Interrupt { requests: 2 }");
    }

    #[tokio::test]
    async fn nobody_sleeps_who_was_asked_to_stop() {
        let interrupt = Interrupt::new();
        let options = Options::new().interrupt(&interrupt);
        let other = std::thread::spawn(move || interrupt.request());
        options.sleep(Duration::from_hours(1)).await;
        other.join().unwrap();
    }
}
