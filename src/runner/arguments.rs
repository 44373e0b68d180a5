//! Arguments of the commands that work on a baked chain too.

mod adopt;
mod check;
mod redo;
mod repair;
mod sql;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Color, Exit, Failure, Ui};
use crate::chain::{Anchor, Target, TargetRange};
use crate::limits::{self, Limits};

pub use adopt::AdoptArguments;
#[cfg(feature = "cli")]
pub(crate) use adopt::tool;
pub use check::CheckArguments;
pub use redo::{PlanArguments, RedoArguments};
pub use repair::{RepairArguments, StampArguments, Verdict};
pub use sql::SqlArguments;
#[cfg(feature = "cli")]
pub(crate) use sql::dialect;

/// What stdout carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// Answers for people.
    #[default]
    #[value(alias = "human")]
    Text,
    /// [Messages](crate::cli::message), one JSON object a line, and nothing else.
    Json,
    /// Of `check` in a project only: each finding as a workflow command of GitHub Actions.
    // Hidden on the pages of the commands that refuse it.
    #[value(hide = true)]
    Github,
    /// Of `check` in a project only: all findings as a document of SARIF 2.1.0.
    #[value(hide = true)]
    Sarif,
}

/// What is said, and how it looks.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Global Options")]
pub struct OutputArguments {
    /// Coloring: auto, always, never
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<Color>,
    /// What stdout carries: text, or json for programs, a message a line
    #[arg(long, global = true, value_name = "FMT", hide_possible_values = true)]
    pub message_format: Option<MessageFormat>,
    /// Do not print progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: each statement as it starts, or all about each revision
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// Which database.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Database Options")]
pub struct DatabaseArguments {
    /// The database, such as `sqlite:app.db` or `postgres://localhost/app` [env: DATABASE_URL]
    // Not clap's own `env`: its help and errors would print the value, password and all.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Just this one of the chain's named databases; otherwise all of them in one run, with the URLs of the
    /// environment, or of variables such as `DATABASE_URL_CATALOG`
    #[arg(long = "database", value_name = "NAME")]
    pub name: Option<String>,
    /// The environment of the configuration that is meant; otherwise the one that has the database in use, or
    /// `dev`
    #[arg(long = "env", value_name = "NAME")]
    pub environment: Option<String>,
    /// Do not read `.env`
    #[arg(long, hide_short_help = true)]
    pub no_dotenv: bool,
    /// How long to wait while another runner is at work, in seconds or like 500ms, 2m; by default 60s
    /// [env: MIGRATE_LOCK_TIMEOUT]
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = limits::duration)]
    pub lock_timeout: Option<Duration>,
}

/// How long the statements of revisions may take.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Statement Options")]
pub struct StatementArguments {
    /// How long a statement may wait for a lock of the database, as in 2s; 0 leaves it to the server
    /// [env: MIGRATE_STATEMENT_LOCK_TIMEOUT]
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = limits::duration)]
    pub statement_lock_timeout: Option<Duration>,
    /// How long a statement may take, as in 10m; 0 leaves it to the server [env: MIGRATE_STATEMENT_TIMEOUT]
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = limits::duration)]
    pub statement_timeout: Option<Duration>,
    /// How often a transaction that failed for a lock is tried again; by default 5 times
    /// [env: MIGRATE_RETRIES]
    #[arg(long, hide_short_help = true, value_name = "N", value_parser = limits::retries)]
    pub retries: Option<u32>,
    /// Commit several databases in two phases: all keep a revision or none does. All but one must be PostgreSQL
    /// [env: MIGRATE_TWO_PHASE]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = limits::switch,
    )]
    pub two_phase: Option<bool>,
}

impl MessageFormat {
    /// Why a command other than `cargo migrate check` cannot answer so, if it cannot.
    pub(crate) fn refusal(self, ui: &Ui) -> Option<Failure> {
        let name = match self {
            Self::Text | Self::Json => return None,
            Self::Github => "github",
            Self::Sarif => "sarif",
        };
        let message =
            format!("`--message-format {name}` is for {} only", ui.typed("`cargo migrate check`"));
        Some(Failure::new(message).exit(Exit::Usage).help("all commands have `text` and `json`"))
    }
}

impl StatementArguments {
    /// Together with those of the database.
    pub(crate) fn limits(self, database: &DatabaseArguments) -> Limits {
        Limits {
            lock_timeout: database.lock_timeout,
            statement_lock_timeout: self.statement_lock_timeout,
            statement_timeout: self.statement_timeout,
            retries: self.retries,
            two_phase: self.two_phase,
        }
    }
}

impl DatabaseArguments {
    /// Whether one of them is a name, which may be none.
    #[cfg(feature = "cli")]
    pub(crate) fn chooses_by_name(&self) -> bool {
        self.name.is_some() || self.environment.is_some()
    }

    /// Whether any of them chooses a database.
    fn choose(&self) -> bool {
        self.database_url.is_some() || self.name.is_some() || self.environment.is_some()
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
  up               everything that is not applied yet
  up +1            the next revision
  up ae10          a revision, and what it needs
  up billing@head  the head of one branch

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
  down             undo one revision
  down ae10        undo everything that follows ae10
  down base        undo everything")]
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
#[command(after_long_help = "\
Examples:
  status
  status --env production
  status --check   for scripts: the exit code says whether `up` has anything to do
  status -v        every revision, also where there are many

Nothing is written, and no right to create tables is needed.")]
pub struct StatusArguments {
    /// End with exit code 3 if the database is out of date
    #[arg(long)]
    pub check: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// Which part of the chain, and whether to compare it with a database.
#[derive(Clone, Debug, Default, Args)]
pub struct ViewArguments {
    /// Only what lies between two targets, both included: `A:B`, `A:` or `:B`
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub range: Option<TargetRange>,
    /// Begin with the oldest revision
    #[arg(long)]
    pub reverse: bool,
    /// Say what is applied, also where no option names the database
    #[arg(long)]
    pub applied: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

impl ViewArguments {
    /// Whether there is no answer without a database.
    pub(crate) fn need_database(&self) -> bool {
        let range = self.range.clone().unwrap_or_default();
        let (from, to) = (range.start(), range.end());
        // After the colon `+N` counts from what stands before it.
        let counts_from_start = to.anchor == Anchor::Current && to.offset > 0;
        self.applied
            || self.database.choose()
            || counts_from_database(&from)
            || (counts_from_database(&to) && !counts_from_start)
    }
}

pub(crate) fn counts_from_database(target: &Target) -> bool {
    target.anchor == Anchor::Current
}

/// Arguments of `history`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  history                    every revision, the newest first
  history -r ae10:           ae10 and what comes after it
  history -r ae10:+2         ae10 and the two after it
  history -r :billing@head   what leads to the head of one branch
  history -r current:        what a database lacks, and where it is
  history --applied          all, with what is applied and what is not
  history --verbose          everything that their files say about them

Lanes are drawn where the chain is not a single line. A database is asked only with --applied, --env,
--database or --database-url, or for a range that counts from `current`, as `-2:` does.")]
pub struct HistoryArguments {
    /// What of the chain.
    #[command(flatten)]
    pub view: ViewArguments,
}

/// What a picture of the chain is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Lines and dots, for the terminal.
    Terminal,
    /// A Mermaid flowchart, for Markdown.
    Mermaid,
    /// Graphviz's language.
    Dot,
    /// An image.
    Svg,
}

/// Arguments of `graph`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  graph
  graph -r head-10:          the last revisions
  graph --applied            with what is applied and what is not
  graph -o chain.svg
  graph --format dot | dot -Tpdf -o chain.pdf

Later revisions are above, and those of a line stay together. Dotted lines are dependencies. With a
database, a full dot is applied, an empty one pending, a half one applied in part; what only the
database has stands at the top. None is asked but with --applied, --env, --database or
--database-url, or for a range that counts from `current`, as `-2:` does.")]
pub struct GraphArguments {
    /// The format [default: that of the file's name, or else terminal]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<GraphFormat>,
    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What of the chain.
    #[command(flatten)]
    pub view: ViewArguments,
}

impl GraphArguments {
    pub(crate) fn format(&self) -> GraphFormat {
        let extension = self.output.as_ref().and_then(|file| file.extension()?.to_str());
        self.format.unwrap_or(match extension {
            Some("svg") => GraphFormat::Svg,
            Some("dot" | "gv") => GraphFormat::Dot,
            Some("mmd" | "mermaid") => GraphFormat::Mermaid,
            _ => GraphFormat::Terminal,
        })
    }
}

/// Arguments of `heads`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_long_help = "\
Examples:
  heads
  heads --effective

A head is a revision that no other one follows. An effective head is one that a revision of another
branch depends on, so that whoever applies that one has it too.")]
pub struct HeadsArguments {
    /// Only the heads that another branch depends on
    #[arg(long)]
    pub effective: bool,
}

/// Arguments of `branches`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_long_help = "\
Examples:
  branches

Lists each revision that several others follow, with those, and then the branch labels: where each
is declared, and from which base to which head its line goes.")]
pub struct BranchesArguments {}

/// Arguments of `show`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  show ae10          by a prefix of its id
  show head          the head; `heads` shows each where there are several
  show billing@head  the head of one branch
  show ae10-1        the revision before ae10
  show current       where the database is
  show +1            what `up +1` would apply

A target means what it means for `up`. A database is asked only for `current`, `+N` and `-N`.")]
pub struct ShowArguments {
    /// An id or a prefix of one, a branch label, `head`, or any other target
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    pub target: Target,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

impl ShowArguments {
    /// Whether there is no answer without a database.
    pub(crate) fn need_database(&self) -> bool {
        counts_from_database(&self.target)
    }
}
