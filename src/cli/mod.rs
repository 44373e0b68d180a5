//! The command line, as functions: for a runner, for an application or an `xtask` with a command line of its own, and
//! for `cargo migrate` itself.
//!
//! * [`main`], [`run_from`] and [`run`] offer the commands over the chain that a binary carries. They need no files and no
//!   cargo, and the feature `runner`.
//! * [`cargo`] is the whole of `cargo migrate`, which also writes revisions. It needs the feature `cli`.
//!
//! ```no_run
//! // src/bin/migrate.rs
//! # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
//! fn main() -> cargo_migrate::cli::Exit {
//!     cargo_migrate::cli::main(std::env::args_os(), &app::MIGRATOR)
//! }
//! ```
//!
//! Nothing here ends the process, installs a logger, or writes anywhere but to its [`Ui`]. Every function
//! works inside and outside of an async runtime, and blocks its thread.

#[cfg(feature = "cli")]
#[cfg_attr(docsrs, doc(cfg(feature = "cli")))]
pub mod cargo;

pub use crate::runner::*;
/// The version of clap that [`Arguments`] is a parser of: an application that nests them uses the same major version, or
/// this re-export (`use cargo_migrate::cli::clap;` and `#[command(…)]` as ever).
#[doc(no_inline)]
pub use clap;
