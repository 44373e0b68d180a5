//! One connection to one database, whatever its dialect.
//!
//! An enum over sqlx's concrete drivers: the loop above it decides, the variant executes. Every
//! method is documented here once; the dialects have the same ones.

use std::convert::Infallible;
use std::marker::PhantomData;

use super::database::{Source, no_driver};
use super::error::Error;
use super::options::Options;
use super::state::{RowStatus, State};
use crate::chain::baked::{Settings, Tips};
use crate::script::Version;

/// The quick answer to *is there anything to do?*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// The recorded history is exactly the one in the binary.
    UpToDate,
    /// Anything else.
    Look,
}

/// Everything that is recorded about a revision.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) revision: &'a str,
    pub(crate) parents: String,
    pub(crate) depends_on: String,
    pub(crate) description: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) checksum: String,
    pub(crate) digest: String,
    pub(crate) down_script: Option<String>,
    pub(crate) irreversible: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) statements_done: usize,
    pub(crate) statement_started: Option<usize>,
    pub(crate) applied_by: &'a str,
    pub(crate) duration_ms: u64,
}

/// The part of a record that changes when a revision is undone outside a transaction.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) status: RowStatus,
    pub(crate) statements_done: usize,
    pub(crate) statement_started: Option<usize>,
    pub(crate) checksum: String,
    pub(crate) down_script: Option<String>,
}

/// A row of a table that refers to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Violation {
    pub(crate) table: String,
    /// `None` in a table without row ids.
    pub(crate) row: Option<i64>,
    pub(crate) parent: String,
}

/// What a check of all foreign keys finds.
#[derive(Debug, Default)]
pub(crate) struct ForeignKeyCheck {
    pub(crate) violations: Vec<Violation>,
    /// Why tables could not be checked, in the server's words.
    pub(crate) unchecked: Vec<String>,
}

#[allow(clippy::large_enum_variant, reason = "the small variant is never made")]
pub(crate) enum Connection<'c> {
    #[cfg(feature = "sqlite")]
    Sqlite(super::sqlite::Connection<'c>),
    #[allow(dead_code, reason = "stands where no driver is compiled in")]
    Never(Infallible, PhantomData<&'c mut ()>),
}

macro_rules! dispatch {
    ($self:ident, $connection:ident => $call:expr) => {
        match $self {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite($connection) => $call,
            Connection::Never(never, _) => match *never {},
        }
    };
}

impl<'c> Connection<'c> {
    /// Takes or opens a connection; `create` allows to create the database.
    pub(crate) async fn open(source: Source<'c>, create: bool) -> Result<Self, Error> {
        #[cfg(not(feature = "sqlite"))]
        let _ = create;
        match source {
            #[cfg(feature = "sqlite")]
            Source::Sqlite(source) => {
                Ok(Self::Sqlite(super::sqlite::Connection::open(source, create).await?))
            }
            #[cfg(feature = "sqlite")]
            Source::Url(url, _) if super::sqlite::is_url(&url) => {
                let source = super::sqlite::Source::from_url(&url)?;
                Ok(Self::Sqlite(super::sqlite::Connection::open(source, create).await?))
            }
            Source::Url(url, _) => Err(no_driver(&url)),
        }
    }

    pub(crate) fn dialect(&self) -> crate::Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => crate::Dialect::Sqlite,
            Self::Never(never, _) => match *never {},
        }
    }

    /// The database, as messages name it.
    pub(crate) fn name(&self) -> &str {
        dispatch!(self, connection => connection.name())
    }

    /// Compares the recorded history with the header of a baked chain, in one query.
    pub(crate) async fn probe(
        &mut self,
        settings: &Settings,
        count: usize,
        tips: &Tips,
        options: &Options,
    ) -> Result<Probe, Error> {
        dispatch!(self, connection => connection.probe(settings, count, tips, options).await)
    }

    /// Reads all rows of the chain.
    pub(crate) async fn state(
        &mut self,
        settings: &Settings,
        options: &Options,
    ) -> Result<State, Error> {
        dispatch!(self, connection => connection.state(settings, options).await)
    }

    /// Whether someone else may have written since [`Self::state`] was called.
    pub(crate) async fn is_stale(&mut self) -> Result<bool, Error> {
        dispatch!(self, connection => connection.is_stale().await)
    }

    /// The stored down script of a revision.
    pub(crate) async fn down_script(
        &mut self,
        settings: &Settings,
        revision: &str,
    ) -> Result<Option<String>, Error> {
        dispatch!(self, connection => connection.down_script(settings, revision).await)
    }

    /// The version of the server.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        dispatch!(self, connection => connection.version().await)
    }

    /// Saves the settings that the run changes, and changes them.
    ///
    /// From here on a dropped connection is not given back. With `thorough` the run's own
    /// statements may change the connection, and all of it that can be read is saved.
    pub(crate) async fn arm(&mut self, options: &Options, thorough: bool) -> Result<(), Error> {
        dispatch!(self, connection => connection.arm(options, thorough).await)
    }

    /// Restores all settings and gives the connection back.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.finish().await,
            Self::Never(never, _) => match never {},
        }
    }

    /// Takes the lock and opens a transaction.
    pub(crate) async fn begin(
        &mut self,
        foreign_keys: bool,
        options: &Options,
    ) -> Result<(), Error> {
        dispatch!(self, connection => connection.begin(foreign_keys, options).await)
    }

    /// Makes the transaction permanent.
    pub(crate) async fn commit(&mut self, options: &Options) -> Result<(), Error> {
        dispatch!(self, connection => connection.commit(options).await)
    }

    /// Undoes the transaction, if one is open, also one that a script opened.
    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        dispatch!(self, connection => connection.rollback().await)
    }

    /// Takes away what a revision has left that would change what the next one means.
    pub(crate) async fn tidy(&mut self) -> Result<(), Error> {
        dispatch!(self, connection => connection.tidy().await)
    }

    /// Sets foreign keys for statements outside a transaction.
    pub(crate) async fn set_foreign_keys(&mut self, on: bool) -> Result<(), Error> {
        dispatch!(self, connection => connection.set_foreign_keys(on).await)
    }

    /// Creates the tracking tables, in the open transaction.
    pub(crate) async fn create_tracking(&mut self, settings: &Settings) -> Result<(), Error> {
        dispatch!(self, connection => connection.create_tracking(settings).await)
    }

    /// Runs one statement of a revision. The error is not placed yet.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<(), Error> {
        dispatch!(self, connection => connection.execute(sql).await)
    }

    /// The same, outside a transaction: waits while the database is locked.
    pub(crate) async fn execute_alone(
        &mut self,
        sql: &str,
        options: &Options,
    ) -> Result<(), Error> {
        dispatch!(self, connection => connection.execute_alone(sql, options).await)
    }

    /// Looks for rows that refer to nothing.
    pub(crate) async fn check_foreign_keys(&mut self) -> Result<ForeignKeyCheck, Error> {
        dispatch!(self, connection => connection.check_foreign_keys().await)
    }

    /// Records a revision.
    pub(crate) async fn insert(
        &mut self,
        settings: &Settings,
        record: &Record<'_>,
    ) -> Result<(), Error> {
        dispatch!(self, connection => connection.insert(settings, record).await)
    }

    /// Forgets a revision.
    pub(crate) async fn delete(
        &mut self,
        settings: &Settings,
        revision: &str,
    ) -> Result<(), Error> {
        dispatch!(self, connection => connection.delete(settings, revision).await)
    }

    /// Records that the undoing of a revision begins, or that it had no effect.
    pub(crate) async fn standing(
        &mut self,
        settings: &Settings,
        revision: &str,
        standing: &Standing,
    ) -> Result<(), Error> {
        dispatch!(self, connection => connection.standing(settings, revision, standing).await)
    }

    /// Records how far a revision outside a transaction is.
    pub(crate) async fn progress(
        &mut self,
        settings: &Settings,
        options: &Options,
        revision: &str,
        done: usize,
        started: Option<usize>,
        checksum: &str,
    ) -> Result<(), Error> {
        dispatch!(self, connection => {
            connection.progress(settings, options, revision, done, started, checksum).await
        })
    }

    /// The two statements by which a person says whether a started statement is done.
    pub(crate) fn verdicts(
        &self,
        settings: &Settings,
        revision: &str,
        done: usize,
        checksum: &str,
    ) -> (String, String) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => {
                super::sqlite::Connection::verdicts(settings, revision, done, checksum)
            }
            Self::Never(never, _) => match *never {},
        }
    }
}
