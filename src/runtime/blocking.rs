//! The way in for programs without an async runtime.

use super::database::Database;
use super::error::{Error, ErrorKind};
use super::migrator::{Configured, Migrator, TryIntoTarget};
use super::report::{Report, RunPlan, Status};
use crate::chain::Direction;

/// Runs a future to its end, also for a caller that is inside an async runtime already.
///
/// # Errors
///
/// No runtime can be started.
pub(crate) fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> std::io::Result<T> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(future))
    };
    if tokio::runtime::Handle::try_current().is_err() {
        return run();
    }
    // A runtime cannot be started inside another one, but on a thread of its own it can.
    std::thread::scope(|scope| {
        scope.spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn wait<T: Send>(future: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    block_on(future).unwrap_or_else(|error| {
        let message = format!("no async runtime can be started: {error}");
        Err(Error::new(ErrorKind::Connect, message).caused_by(error))
    })
}

/// A [`Migrator`] for programs without an async runtime: every call returns when it is done.
///
/// It brings a runtime for the length of a call, so give it URLs or connect options: a pool belongs to
/// the runtime that it was made in.
///
/// ```no_run
/// # fn example(migrator: &cargo_migrate::Migrator) -> Result<(), cargo_migrate::Error> {
/// let report = migrator.blocking().up("sqlite:app.db")?;
/// println!("{} revisions applied", report.steps.len());
/// # Ok(()) }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[derive(Clone, Debug)]
pub struct Blocking<'m> {
    configured: Configured<'m>,
}

impl Blocking<'_> {
    /// Applies every revision that is not applied yet; see [`Configured::up`].
    pub fn up(&self, database: impl Database) -> Result<Report, Error> {
        wait(self.configured.up(database))
    }

    /// Applies what leads to a target; see [`Configured::up_to`].
    pub fn up_to(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<Report, Error> {
        wait(self.configured.up_to(database, target))
    }

    /// Undoes everything that came after a target; see [`Configured::down`].
    pub fn down(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<Report, Error> {
        wait(self.configured.down(database, target))
    }

    /// Says what `up_to` or `down` would do; see [`Configured::plan`].
    pub fn plan(
        &self,
        database: impl Database,
        direction: Direction,
        target: impl TryIntoTarget,
    ) -> Result<RunPlan, Error> {
        wait(self.configured.plan(database, direction, target))
    }

    /// Says where a database stands; see [`Configured::status`].
    pub fn status(&self, database: impl Database) -> Result<Status, Error> {
        wait(self.configured.status(database))
    }

    /// Refuses a database that lacks revisions; see [`Configured::require_current`].
    pub fn require_current(&self, database: impl Database) -> Result<Report, Error> {
        wait(self.configured.require_current(database))
    }
}

impl Migrator {
    /// The same migrator for a program without an async runtime.
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn blocking(&self) -> Blocking<'_> {
        Blocking { configured: self.into() }
    }
}

impl<'m> Configured<'m> {
    /// The same for a program without an async runtime.
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn blocking(&self) -> Blocking<'m> {
        Blocking { configured: self.clone() }
    }
}
