//! Applying a chain to a database.
//!
//! The entry is [`Migrator`]: a `static` that [`embed!`](crate) defines, or one over a chain that was
//! read from files. It plans with `chain`, cuts revisions with `script`, and talks to databases
//! through a `Connection` whose variants are sqlx's concrete drivers. The loop (`run`) decides what
//! happens in which order; a dialect's folder (`sqlite`, `postgres`, `mysql`) knows how, in the same files for each.
//!
//! What holds for every run: the state is read again under the lock; everything that can be
//! checked is checked before the first statement; a tracking row is written in the transaction of
//! its revision; and a connection goes back as it came, or is closed.

mod adopt;
mod amend;
#[cfg(feature = "tokio")]
mod blocking;
mod connection;
mod current;
mod database;
mod digests;
mod doubt;
mod entry;
mod error;
mod fault;
mod interrupt;
mod job;
mod lease;
mod look;
mod migrator;
#[cfg(feature = "mysql")]
#[allow(clippy::unused_self, clippy::unused_async, reason = "drivers have the same methods")]
mod mysql;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod network;
mod observer;
mod offline;
mod operations;
mod options;
#[cfg(feature = "postgres")]
#[allow(clippy::unused_self, clippy::unused_async, reason = "drivers have the same methods")]
mod postgres;
mod redo;
mod refuse;
mod repair;
mod report;
mod retry;
mod rounds;
mod run;
mod select;
mod several;
#[cfg(any(feature = "testing", feature = "cli"))]
mod site;
#[cfg(feature = "sqlite")]
#[allow(clippy::unused_self, clippy::unused_async, reason = "drivers have the same methods")]
mod sqlite;
mod stamp;
mod state;
mod status;
mod timer;
mod together;
mod tracking;
mod two_phase;
mod unwrapped;
#[cfg(feature = "runner")]
mod verify;
mod wait;
#[cfg(feature = "testing")]
mod walk;

#[cfg(test)]
mod tests;

#[cfg(feature = "tokio")]
pub use blocking::Blocking;
#[cfg(any(feature = "testing", feature = "runner"))]
pub(crate) use blocking::block_on;
pub use database::Database;
pub use error::{DatabaseState, Error, ErrorKind};
pub use interrupt::Interrupt;
pub use migrator::{Configured, Migrator, TryIntoTarget};
pub use observer::{Event, Observer};
pub use offline::SqlScript;
pub use operations::{
    Batches, FromMysql, FromPostgres, FromSqlite, Operations, PortableRow, Query, Result, Revision,
    RevisionError, RowValues, RustRevision, SqlText, Value,
};
pub use options::{NewerDatabase, Options, TransactionScope};
pub use repair::{
    BelievedStatement, Problem, ProblemKind, Repair, RepairReport, RepairedRow, RowChange, WayOut,
};
pub use report::{
    AdoptReport, AdoptedRevision, AppliedRecord, Difference, FinishedStep, Named, PlannedStep,
    RedoPlan, RedoReport, Report, RevisionState, RevisionStatus, RunPlan, StampReport, Status,
    StepSource, StepTransaction,
};
pub use several::Databases;
#[cfg(any(feature = "testing", feature = "cli"))]
pub(crate) use site::Site;
pub use two_phase::PreparedTransaction;
#[cfg(feature = "runner")]
pub(crate) use verify::verify;
#[cfg(feature = "testing")]
pub(crate) use {
    connection::Connection,
    database::{Source as Way, sealed::Sealed},
    look::variant,
    site::remove,
    timer::sleep,
    tracking::quoted,
    walk::{describe, walk},
};
