//! How a run behaves, apart from what it does.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::observer::Observer;
use super::report::StepSource;
use crate::dialect::Dialect;

/// What one transaction holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionScope {
    /// What suits the database: the whole run on `SQLite`, one revision elsewhere.
    #[default]
    Default,
    /// The whole run: all or nothing. Revisions that ask for it still cut the run.
    Run,
    /// One revision: what was applied before a failing revision stays.
    Revision,
}

impl TransactionScope {
    /// Whether a transaction holds the whole run.
    pub(crate) fn is_run(self, dialect: Dialect) -> bool {
        match self {
            Self::Default => dialect == Dialect::Sqlite,
            Self::Run => true,
            Self::Revision => false,
        }
    }
}

/// What becomes of a database that has revisions on top of everything that the chain knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NewerDatabase {
    /// `up` and `require_current` succeed, with a warning: during a rolling deploy old binaries are
    /// started again.
    #[default]
    Warn,
    /// `up` and `require_current` fail: the application cannot work with a newer schema.
    Refuse,
}

/// How runs behave; pass it to [`Migrator::with`](super::Migrator::with).
///
/// ```
/// use std::time::Duration;
///
/// use cargo_migrate::{Options, TransactionScope};
///
/// let options = Options::new()
///     .lock_timeout(Duration::from_secs(5))
///     .scope(TransactionScope::Revision);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// How long to wait for other migrators and writers; 60 seconds by default.
    pub lock_timeout: Duration,
    /// How long the lock lasts after a runner has vanished, where the chain is locked with a table
    /// (`lock = "table"`); 30 seconds by default, renewed while the run is at work.
    pub lease: Duration,
    /// How long a statement of a revision may wait for a lock of the database (`lock_timeout` of
    /// `PostgreSQL`, `lock_wait_timeout` and `innodb_lock_wait_timeout` of `MySQL`); by default what the
    /// server says. `SQLite` has no such locks.
    pub statement_lock_timeout: Option<Duration>,
    /// How long a statement of a revision may take; by default what the server says (on `MySQL`
    /// itself, `SELECT` only: it ends nothing else).
    pub statement_timeout: Option<Duration>,
    /// How often a transaction that failed for a lock is tried again; 5 times by default.
    pub retries: u32,
    /// What one transaction holds.
    pub scope: TransactionScope,
    /// Who receives events.
    pub observer: Option<Arc<dyn Observer>>,
    /// The named database that this is, where the chain declares any.
    pub database: Option<String>,
    /// What becomes of a database that is newer than the chain.
    pub newer: NewerDatabase,
    /// With which script `down` undoes a revision that was edited after it was applied; by default
    /// with none: `down` stops there.
    pub edited_down: Option<StepSource>,
    /// Whether `stamp` forgets every row of the chain before it records anything, also those that
    /// the chain does not know.
    pub purge: bool,
    /// Who may ask the run to stop.
    pub interrupt: Option<Interrupt>,
    /// What is recorded as `applied_by`; by default the program's name and, where the system
    /// tells it in `/proc`, the host: `shop@web-3`.
    pub applied_by: Option<String>,
    /// Whether the transactions of several databases are committed in two phases.
    pub two_phase: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_mins(1),
            lease: Duration::from_secs(30),
            statement_lock_timeout: None,
            statement_timeout: None,
            retries: 5,
            scope: TransactionScope::default(),
            observer: None,
            database: None,
            newer: NewerDatabase::default(),
            edited_down: None,
            purge: false,
            interrupt: None,
            applied_by: None,
            two_phase: false,
        }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long to wait for other migrators and writers.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Commits the transactions of several databases ([`Migrator::databases`]) in two phases, so that all keep a
    /// revision or none does, also if the process or a server dies between two commits.
    ///
    /// All databases but one must be `PostgreSQL`, with `max_prepared_transactions` above zero, or the run is refused
    /// with [`ErrorKind::Requirement`]. One database decides: the one that is not `PostgreSQL`, or else the first by
    /// name. The transactions of all others are prepared (`PREPARE TRANSACTION`), then the one that decides is
    /// committed, and then they are. What a run that did not come back has left prepared, the next run over the same
    /// databases commits or undoes, and says so in [`Report::warnings`]; until then [`Migrator::status`] tells of it,
    /// and a run without the database that decides ends with [`ErrorKind::Unfinished`]. Of one database, and of steps
    /// that no transaction holds, this changes nothing.
    ///
    /// [`Migrator::databases`]: super::Migrator::databases
    /// [`Migrator::status`]: super::Migrator::status
    /// [`Report::warnings`]: super::Report::warnings
    /// [`ErrorKind::Requirement`]: super::ErrorKind::Requirement
    /// [`ErrorKind::Unfinished`]: super::ErrorKind::Unfinished
    #[must_use]
    pub fn two_phase(mut self, two_phase: bool) -> Self {
        self.two_phase = two_phase;
        self
    }

    /// Sets who may ask the run to stop.
    #[must_use]
    pub fn interrupt(mut self, interrupt: &Interrupt) -> Self {
        self.interrupt = Some(interrupt.clone());
        self
    }

    /// Sets how long the lock lasts after a runner has vanished, where the chain is locked with a table.
    ///
    /// A runner that cannot renew its lease for this long, because it was paused or cut off, has lost
    /// it: it stops, and commits nothing more. Below a tenth of a second it is that.
    #[must_use]
    pub fn lease(mut self, length: Duration) -> Self {
        self.lease = length;
        self
    }

    /// Sets how long a statement of a revision may wait for a lock of the database.
    ///
    /// A statement that waits for a lock makes everyone else wait behind it. With a short time-out
    /// the revision fails instead, is undone, and is tried again after a pause. `MySQL` and `MariaDB`
    /// wait for whole seconds, so there the time-out is rounded up.
    #[must_use]
    pub fn statement_lock_timeout(mut self, timeout: Duration) -> Self {
        self.statement_lock_timeout = Some(timeout);
        self
    }

    /// Sets how long a statement of a revision may take.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = Some(timeout);
        self
    }

    /// Sets how often a transaction that failed for a lock is tried again.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets what one transaction holds.
    #[must_use]
    pub fn scope(mut self, scope: TransactionScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets who receives events.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Says which of the chain's named databases this is.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Sets what becomes of a database that is newer than the chain.
    #[must_use]
    pub fn newer(mut self, newer: NewerDatabase) -> Self {
        self.newer = newer;
        self
    }

    /// Lets `down` undo revisions that were edited after they were applied, with this script.
    #[must_use]
    pub fn edited_down(mut self, source: StepSource) -> Self {
        self.edited_down = Some(source);
        self
    }

    /// Lets `stamp` forget every row of the chain first, whatever it says: also those of revisions
    /// that the chain does not know, or that are done in part. Rows of other chains stay.
    #[must_use]
    pub fn purge(mut self, purge: bool) -> Self {
        self.purge = purge;
        self
    }

    /// Sets what is recorded as `applied_by`.
    #[must_use]
    pub fn applied_by(mut self, name: impl Into<String>) -> Self {
        self.applied_by = Some(name.into());
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("lock_timeout", &self.lock_timeout)
            .field("lease", &self.lease)
            .field("statement_lock_timeout", &self.statement_lock_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("retries", &self.retries)
            .field("scope", &self.scope)
            .field("observer", &self.observer.is_some())
            .field("database", &self.database)
            .field("newer", &self.newer)
            .field("edited_down", &self.edited_down)
            .field("purge", &self.purge)
            .field("interrupt", &self.interrupt)
            .field("applied_by", &self.applied_by)
            .field("two_phase", &self.two_phase)
            .finish()
    }
}
