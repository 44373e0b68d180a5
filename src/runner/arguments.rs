//! Arguments of the commands that work on a baked chain too.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::limits::{self, Limits};

/// Which database.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Database Options")]
pub struct DatabaseArguments {
    /// The database, such as `sqlite:app.db` or `postgres://localhost/app` [env: DATABASE_URL]
    // Not clap's own `env`: its help and errors would print the value, password and all.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Which of the chain's named databases this is
    #[arg(long = "database", value_name = "NAME")]
    pub name: Option<String>,
    /// The environment of the configuration that is meant
    #[arg(long = "env", value_name = "NAME")]
    pub environment: Option<String>,
    /// Do not read `.env`
    #[arg(long)]
    pub no_dotenv: bool,
    /// How long to wait while another runner is at work, in seconds or like 500ms, 2m; by default 60s
    /// [env: MIGRATE_LOCK_TIMEOUT]
    #[arg(long, value_name = "TIME", value_parser = limits::duration)]
    pub lock_timeout: Option<Duration>,
}

/// How long the statements of revisions may take.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Statement Options")]
pub struct StatementArguments {
    /// How long a statement may wait for a lock of the database, as in 2s; 0 leaves it to the server
    /// [env: MIGRATE_STATEMENT_LOCK_TIMEOUT]
    #[arg(long, value_name = "TIME", value_parser = limits::duration)]
    pub statement_lock_timeout: Option<Duration>,
    /// How long a statement may take, as in 10m; 0 leaves it to the server [env: MIGRATE_STATEMENT_TIMEOUT]
    #[arg(long, value_name = "TIME", value_parser = limits::duration)]
    pub statement_timeout: Option<Duration>,
    /// How often a transaction that failed for a lock is tried again; by default 5 times
    /// [env: MIGRATE_RETRIES]
    #[arg(long, value_name = "N", value_parser = limits::retries)]
    pub retries: Option<u32>,
}

impl StatementArguments {
    /// Together with those of the database.
    pub(crate) fn limits(self, database: &DatabaseArguments) -> Limits {
        Limits {
            lock_timeout: database.lock_timeout,
            statement_lock_timeout: self.statement_lock_timeout,
            statement_timeout: self.statement_timeout,
            retries: self.retries,
        }
    }
}

/// How much a transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// The whole run: all or nothing.
    Run,
    /// One revision.
    Revision,
}

/// Where the script of a `down` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DownSource {
    /// The revision's file, as it is now.
    File,
    /// What the database stored when the revision was applied.
    Database,
}

/// Arguments of `up`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo migrate up               everything that is not applied yet
  cargo migrate up +1            the next revision
  cargo migrate up ae10          a revision, and what it needs

  cargo migrate up billing@head  the head of one branch

A target is `head`, `heads`, an id or a prefix of four or more characters, a branch label, `+N`,
one of these followed by `+N` or `-N`, and any of them after the name of a branch and `@`.")]
pub struct UpArguments {
    /// Where to go [default: the head, or every head where the configuration allows several]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What one transaction holds
    #[arg(long, value_name = "SCOPE")]
    pub transaction: Option<Scope>,
    /// How long statements may take.
    #[command(flatten)]
    pub statements: StatementArguments,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// Arguments of `down`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo migrate down             undo one revision
  cargo migrate down ae10        undo everything that follows ae10
  cargo migrate down base        undo everything")]
pub struct DownArguments {
    /// The revision that stays applied, `-N`, or `base` [default: -1]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With which script to undo a revision that was edited after it was applied
    #[arg(long, value_name = "SOURCE")]
    pub from: Option<DownSource>,
    /// Do not ask, also where the environment is protected
    #[arg(short, long)]
    pub yes: bool,
    /// What one transaction holds
    #[arg(long, value_name = "SCOPE")]
    pub transaction: Option<Scope>,
    /// How long statements may take.
    #[command(flatten)]
    pub statements: StatementArguments,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArguments {
    /// End with exit code 3 if the database is out of date
    #[arg(long)]
    pub check: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// Arguments of `history`.
#[derive(Clone, Debug, Args)]
pub struct HistoryArguments {
    /// List the oldest revision first
    #[arg(long)]
    pub reverse: bool,
}

/// Arguments of `heads`.
#[derive(Clone, Copy, Debug, Args)]
pub struct HeadsArguments {}

/// Arguments of `show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// An id, a prefix of four or more characters, a branch label, or `head`
    pub revision: String,
}
