//! What holds in a package: `config`.

use serde::{Deserialize, Serialize};

/// What `[package.metadata.migrate]` says, with its defaults, and what it means here and now: `config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Configuration {
    /// The package.
    pub package: String,
    /// Its manifest, as people would open it from where they are.
    pub manifest: String,
    /// The migrations directory, relative to the package.
    pub directory: String,
    /// The dialects that the chain is written for.
    pub dialects: Vec<String>,
    /// The named databases; none where there is one without a name.
    pub databases: Vec<String>,
    /// The tracking table, with its schema if it has one.
    pub table: String,
    /// The chain's name in it.
    pub chain: String,
    /// How many heads the chain may have: `single` or `many`.
    pub heads: String,
    /// How runners keep each other away: `session` or `table`.
    pub lock: String,
    /// The pattern of revision file names.
    pub file_name: String,
    /// The directory with the project's own templates of revisions.
    pub templates: Option<String>,
    /// What runs on a revision that was just written.
    pub hooks: Vec<Hook>,
    /// The codes whose level was changed.
    pub lints: Vec<Lint>,
    /// The environments, in the order of the manifest.
    pub environments: Vec<Environment>,
    /// The databases that a command would work on now.
    pub in_use: Vec<DatabaseInUse>,
    /// Why there is none.
    pub problem: Option<String>,
    /// How long runs wait there, how often they try again, and how they commit.
    pub limits: Vec<Limit>,
}

/// A command that runs on a revision that was just written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hook {
    /// Of which kind the revision is: `sql` or `rust`.
    pub kind: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// A code whose level was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lint {
    /// The code.
    pub code: String,
    /// `allow`, `warn` or `deny`.
    pub level: String,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Environment {
    /// Its name, as `--env` takes it.
    pub name: String,
    /// Whether `down`, and anything destructive, asks first.
    pub protected: bool,
    /// Its databases.
    pub urls: Vec<EnvironmentUrl>,
}

/// The URL of a database in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnvironmentUrl {
    /// Which of the named databases it leads to; `None` where there are none.
    pub database: Option<String>,
    /// The URL as it is written, without its password; variables are not replaced.
    pub url: String,
    /// The variables in it.
    pub variables: Vec<UrlVariable>,
}

/// A variable in a URL; what it holds is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UrlVariable {
    /// Its name.
    pub name: String,
    /// Whether it is set.
    pub is_set: bool,
    /// Whether only `.env` sets it.
    pub from_dotenv: bool,
}

/// A database that a command would work on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatabaseInUse {
    /// Which of the named databases it is; `None` where there are none.
    pub database: Option<String>,
    /// The URL, without its secrets.
    pub url: String,
    /// Where it comes from, as people are told.
    pub origin: String,
    /// The environment whose settings hold there.
    pub environment: Option<String>,
    /// What protects it, as people are told, if something does.
    pub protection: Option<String>,
}

/// A limit of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limit {
    /// Its name in the configuration.
    pub name: String,
    /// What it is, as people write it; `None` leaves it to the server.
    pub value: Option<String>,
    /// Who says so, as people are told.
    pub origin: String,
}
