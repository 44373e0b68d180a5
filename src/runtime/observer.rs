//! Events of a run, for progress bars and logs.

use std::time::Duration;

use super::report::RunPlan;
use crate::chain::{Direction, RevisionId};

/// Something that happens in a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// What comes next happens on this one of several databases. Comes only where a run is about several
    /// ([`Migrator::databases`](super::Migrator::databases)), each time that it turns to another one.
    Database {
        /// Its name.
        name: &'a str,
    },
    /// There is something to do, and it begins. Comes again if another migrator changed the
    /// database before ours had the lock.
    RunStarted {
        /// What will run.
        plan: &'a RunPlan,
    },
    /// Someone else holds the lock; the run waits, at most as long as the lock time-out.
    Waiting {
        /// How long it has waited.
        waited: Duration,
        /// Who holds it, in words, where the server tells.
        holder: Option<&'a str>,
    },
    /// A transaction, or a statement outside one, failed because others held locks for too long or
    /// were in a deadlock with it; it had no effect and will be tried again.
    Retrying {
        /// The revision that failed.
        revision: &'a RevisionId,
        /// How often it has been tried.
        attempts: u32,
        /// How long the run pauses before it tries again.
        pause: Duration,
        /// What the server said.
        reason: &'a str,
        /// Which sessions are in the way, in words, where the server tells.
        blockers: &'a [String],
    },
    /// A revision begins.
    RevisionStarted {
        /// Which one.
        revision: &'a RevisionId,
        /// Which way.
        direction: Direction,
        /// Its place in the run, from zero.
        index: usize,
        /// How many steps the run has.
        count: usize,
    },
    /// A statement is sent.
    StatementStarted {
        /// Whose statement it is.
        revision: &'a RevisionId,
        /// Its place in the revision, from zero.
        index: usize,
        /// How many statements the revision has.
        count: usize,
    },
    /// A revision in Rust says how far it is.
    Progress {
        /// Which one.
        revision: &'a RevisionId,
        /// How many rows of what it works on now are done.
        rows: u64,
    },
    /// All statements of a revision are done. Unless the revision runs without a transaction,
    /// nothing is committed yet.
    RevisionFinished {
        /// Which one.
        revision: &'a RevisionId,
        /// How long it took.
        duration: Duration,
    },
    /// A transaction of the run is committed.
    Committed {
        /// The revisions whose step is permanent now.
        revisions: &'a [RevisionId],
    },
}

/// Receives the events of a run, in order.
///
/// Called between statements on the task that runs the migration: a slow observer slows the run,
/// and holds the database's lock for longer.
///
/// ```
/// use cargo_migrate::{Event, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn event(&self, event: &Event<'_>) {
///         if let Event::RevisionStarted { revision, direction, .. } = event {
///             eprintln!("{direction} {revision}");
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// Takes note of an event.
    fn event(&self, event: &Event<'_>);
}
