//! Plans what `init`, `new`, `rebase` and `import` write into the user's package.
//!
//! Every operation here is a function from what was read (a [`Package`], a [`Workspace`], the files of
//! another tool's directory) to [`Changes`]: a plain list of files to create and to edit, and of notes
//! on what remains for the user's own hands. So a dry run shows exactly what a run does, and
//! [`Changes::apply`] is the only place that writes.
//!
//! Nothing the user wrote is ever removed or replaced, and a second run finds nothing left to do. This
//! room knows no revision chain: which parents a new revision has, and what its file is called, is
//! decided by its callers.

mod changes;
mod default_run;
mod error;
pub mod import;
mod init;
mod manifest;
mod package;
mod reparent;
mod revision;
mod rust;
mod setup;
mod template;
#[cfg(test)]
mod tests;
mod workspace;
mod xtask;

use std::path::PathBuf;

use crate::Dialect;

pub use changes::{Change, Changes, Line};
pub use default_run::keep_run;
pub use error::Error;
pub use init::init_package;
pub use package::{BuildScript, Package, Source};
pub use reparent::reparent;
pub use revision::{RevisionFile, slug};
pub use setup::{Declared, Needs, Setup, setup};
pub use workspace::{Member, Workspace, init_workspace};
pub use xtask::{Program, Xtask, init_xtask};

/// Where the user's package gets `cargo-migrate` from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// From the registry, with this version requirement.
    Version(String),
    /// From a directory: an absolute path is written relative to the package, a relative one as it is.
    Path(PathBuf),
}

/// What `init` sets up.
///
/// The answers of a package that has a chain already win over what is said here, so that a second
/// `init` without flags changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// The dialects that the chain is written for, each of which is also the feature of its driver.
    pub dialects: Vec<Dialect>,
    /// Where `cargo-migrate` comes from, unless the workspace or the package says it already.
    pub dependency: Dependency,
    /// The chain's name, where it is not the default one.
    pub chain: Option<String>,
    /// The directory of the revisions, where it is not the default one.
    pub dir: Option<String>,
    /// The URL of the `dev` environment, such as `sqlite:dev.db` or `postgres://localhost/app`.
    pub url: Option<String>,
}
