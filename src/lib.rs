#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "build")]
pub mod build;
pub mod chain;
#[cfg(feature = "runner")]
#[cfg_attr(docsrs, doc(cfg(feature = "runner")))]
pub mod cli;
#[cfg(feature = "build")]
pub mod config;
pub mod diagnostic;
mod dialect;
#[cfg(feature = "runtime")]
mod embed;
#[cfg(doc)]
pub mod guide;
#[cfg(any(feature = "build", feature = "runner"))]
#[cfg_attr(not(feature = "build"), allow(unreachable_pub, reason = "`config` shows it"))]
mod limits;
#[cfg(feature = "cli")]
mod orders;
#[cfg(feature = "runner")]
mod runner;
#[cfg(feature = "runtime")]
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        unused,
        clippy::all,
        clippy::pedantic,
        reason = "without a driver there is no way into a run"
    )
)]
mod runtime;
#[cfg(feature = "cli")]
pub mod scaffold;
pub mod script;
pub mod sql;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
#[cfg(feature = "runtime")]
mod tool;
#[cfg(any(feature = "build", feature = "runtime"))]
mod url;
#[cfg(feature = "build")]
pub mod validate;

pub use chain::{Chain, Direction, RevisionId, Target};
pub use dialect::{Dialect, Variant};
#[cfg(feature = "tokio")]
pub use runtime::Blocking;
#[cfg(feature = "runtime")]
pub use runtime::{
    AdoptReport, AdoptedRevision, AppliedRecord, Batches, BelievedStatement, Configured, Database,
    DatabaseState, Databases, Difference, Error, ErrorKind, Event, FinishedStep, FromMysql,
    FromPostgres, FromSqlite, Interrupt, Migrator, Named, NewerDatabase, Observer, Operations,
    Options, PlannedStep, PortableRow, PreparedTransaction, Problem, ProblemKind, Query, RedoPlan,
    RedoReport, Repair, RepairReport, RepairedRow, Report, Result, Revision, RevisionError,
    RevisionState, RevisionStatus, RowChange, RowValues, RunPlan, SqlScript, SqlText, StampReport,
    Status, StepSource, StepTransaction, TransactionScope, TryIntoTarget, Value, WayOut,
};
#[cfg(feature = "runtime")]
pub use tool::Tool;

/// What generated code uses. Not for people: it may change with any version, and generated code
/// is made by the same version.
#[cfg(feature = "runtime")]
#[doc(hidden)]
pub mod __private {
    /// Fails the build with one clear message where helper and runtime do not fit together.
    pub const fn generated_by(format: u32, _version: &str) {
        assert!(
            format == crate::chain::baked::FORMAT,
            "`cargo-migrate` has different versions in [dependencies] and [build-dependencies]: \
             give both the same version in Cargo.toml"
        );
    }

    /// The first form of it.
    pub mod v1 {
        /// A migrator over the two pieces that the build helper wrote.
        pub const fn migrator(text: &'static str, table: &'static [u8]) -> crate::Migrator {
            crate::Migrator::baked(text, table, &[])
        }

        pub use crate::runtime::RustRevision;

        /// The same with the code of the chain's revisions in Rust.
        pub const fn migrator_with(
            text: &'static str,
            table: &'static [u8],
            rust: &'static [RustRevision],
        ) -> crate::Migrator {
            crate::Migrator::baked(text, table, rust)
        }
    }
}
