//! The commands over a chain, with arguments and output: the heart of `cargo migrate` and the whole of
//! the runner, the small binary that is shipped beside or inside a service.
//!
//! ```no_run
//! // src/bin/migrate.rs
//! # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
//! fn main() -> std::process::ExitCode {
//!     cargo_migrate::runner::main(&app::MIGRATOR)
//! }
//! ```
//!
//! Nothing here ends the process, installs a logger or writes anywhere but to its [`Ui`].

mod arguments;
pub(crate) mod commands;
mod env;
mod exit;
pub(crate) mod ui;

pub use arguments::{
    DatabaseArguments, DownArguments, HeadsArguments, HistoryArguments, Scope, ShowArguments,
    StatusArguments, UpArguments,
};
pub use env::Env;
pub use exit::{Exit, Failure};
pub use ui::{Color, Ui};
