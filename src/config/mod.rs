//! What a project says about its migrations: `[package.metadata.migrate]` of its `Cargo.toml`.
//!
//! One typed reader with spans serves the command line and the build helper. [`read`] takes the
//! manifest's text and always returns a usable [`Configuration`], together with everything that is
//! wrong with it. It does no I/O and asks no environment variable; what `${VAR}` means is decided
//! by [`resolve`], with a lookup that the caller brings.
//!
//! It must stay cheap to compile and quick unoptimised, since it runs in every user's build script:
//! our own reader over the events of `toml_parser`, no serde.
//!
//! ```
//! use cargo_migrate::config;
//! use cargo_migrate::diagnostic::Sources;
//!
//! let manifest = "[package.metadata.migrate]\ndir = \"db/migrations\"\n";
//! let mut sources = Sources::new();
//! let file = sources.add("Cargo.toml", manifest);
//! let (configuration, findings) = config::read(manifest, file);
//! assert!(findings.is_empty());
//! assert_eq!(configuration.dir.value, "db/migrations");
//! ```

mod environments;
mod file_name;
mod keys;
mod lints;
mod place;
mod read;
mod resolve;
#[cfg(feature = "cli")]
mod review;
mod secret;
mod tree;
mod url;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::Dialect;
use crate::chain::Kind;
use crate::diagnostic::Code;

pub use crate::limits::Limits;
pub use file_name::FileName;
pub use lints::LintLevel;
pub use read::read;
pub use resolve::{
    Doubt, Request, ResolveError, Resolved, UrlSource, Variable, resolve, resolve_all,
};
#[cfg(feature = "cli")]
pub(crate) use review::{Review, review};
pub use url::{DatabaseUrl, ExpandError, UrlTemplate, expand};

/// A value, and where the manifest says it; a default has no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The bytes of the manifest that say so.
    pub span: Option<Range<usize>>,
}

impl<T> Spanned<T> {
    /// A value that the manifest does not mention.
    pub const fn default_value(value: T) -> Self {
        Self { value, span: None }
    }

    /// A value that stands at `span`.
    pub const fn at(value: T, span: Range<usize>) -> Self {
        Self { value, span: Some(span) }
    }
}

/// The configuration of one migrations directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Configuration {
    /// The migrations directory, relative to the package, with `/` on every system.
    pub dir: Spanned<String>,
    /// The dialects that the chain is written for; never empty.
    pub dialects: Vec<Dialect>,
    /// The named databases; empty where there is one database without a name.
    pub databases: Vec<String>,
    /// The tracking table.
    pub table: TableName,
    /// The chain's name in the tracking table.
    pub chain: String,
    /// The pattern of revision file names.
    pub file_name: FileName,
    /// How many heads the chain may have.
    pub heads: HeadsPolicy,
    /// How runners keep each other away.
    pub lock: LockMethod,
    /// The codes whose level was changed.
    pub lints: BTreeMap<Code, LintLevel>,
    /// How long runs wait, how often they try again, and how they commit, where no environment says otherwise.
    pub limits: Limits,
    /// The environments, in the order of the manifest.
    pub environments: Vec<Environment>,
    /// The directory that holds the project's own templates of revision files.
    pub templates: Option<Spanned<String>>,
    /// What runs on a revision that was just written.
    pub hooks: Hooks,
}

/// Commands that `cargo migrate` runs on a revision file after it has written it, each as a program and its
/// arguments. `{file}` in an argument stands for the path of the file, which otherwise comes last.
///
/// The program is started in the package, without a shell. It may change everything but the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// For revisions in SQL; empty: nothing.
    pub sql: Vec<String>,
    /// For revisions in Rust; empty: nothing.
    pub rust: Vec<String>,
}

impl Hooks {
    /// The command for revisions of a kind.
    pub fn of(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Sql => &self.sql,
            Kind::Rust => &self.rust,
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            dir: Spanned::default_value("migrations".to_owned()),
            dialects: vec![Dialect::Sqlite],
            databases: Vec::new(),
            table: TableName::default(),
            chain: "main".to_owned(),
            file_name: FileName::default(),
            heads: HeadsPolicy::Single,
            lock: LockMethod::Session,
            lints: BTreeMap::new(),
            limits: Limits::default(),
            environments: Vec::new(),
            templates: None,
            hooks: Hooks::default(),
        }
    }
}

impl Configuration {
    /// The environment with this name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name.value == name)
    }
}

/// How many heads a chain may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadsPolicy {
    /// One; several are an error.
    #[default]
    Single,
    /// Any number.
    Many,
}

/// How runners of a chain keep each other away on a database server.
///
/// `SQLite` locks the file, whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockMethod {
    /// A lock of the session that does the work, which ends with it.
    #[default]
    Session,
    /// A row with a lease: for poolers with transaction pooling, and for servers whose locks of the
    /// session do not hold for all of the cluster.
    Table,
}

/// The name of the tracking table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The schema; without one the tracking table lives in the connection's own.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

impl TableName {
    /// The second table, which holds the layout's version.
    #[must_use]
    pub fn meta(&self) -> Self {
        Self { schema: self.schema.clone(), name: format!("{}_meta", self.name) }
    }
}

impl Default for TableName {
    fn default() -> Self {
        Self { schema: None, name: "migrate_revisions".to_owned() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

/// A named set of database URLs: dev, staging, production.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Environment {
    /// The name, as given to `--env`.
    pub name: Spanned<String>,
    /// Its databases.
    pub urls: Urls,
    /// Whether `down`, and anything destructive, asks first.
    pub protected: Spanned<bool>,
    /// How long runs wait here, how often they try again, and how they commit.
    pub limits: Limits,
}

/// The URLs of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Urls {
    /// One database.
    One(Spanned<UrlTemplate>),
    /// One URL for each named database.
    Named(Vec<NamedUrl>),
}

/// The URL of one named database in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedUrl {
    /// The database, as `databases` declares it.
    pub database: String,
    /// Its URL.
    pub url: Spanned<UrlTemplate>,
}

impl Urls {
    /// All URLs, whatever they belong to.
    pub fn iter(&self) -> impl Iterator<Item = &Spanned<UrlTemplate>> {
        let (one, named) = match self {
            Self::One(url) => (Some(url), &[][..]),
            Self::Named(named) => (None, named.as_slice()),
        };
        one.into_iter().chain(named.iter().map(|named| &named.url))
    }
}
