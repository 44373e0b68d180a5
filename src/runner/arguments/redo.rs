//! Arguments of `redo` and `plan`.

use clap::Args;

use super::{DatabaseArguments, DownSource, Scope, StatementArguments};

/// Arguments of `redo`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  redo                   undo one revision, and apply it again
  redo ae10              the same with everything that follows ae10
  redo --from database   with a revision that was edited since it was applied

Both ways are planned before anything runs. The data of what is undone is lost.")]
pub struct RedoArguments {
    /// The revision that stays applied, `-N`, or `base` [default: -1]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// Show both plans, and change nothing
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

/// Arguments of `plan`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  plan             what `up` would do
  plan ae10        what `up ae10` would do
  plan --down      what `down` would do

The same as `up --dry-run` and `down --dry-run`: all is checked, and nothing is changed.")]
pub struct PlanArguments {
    /// Where to go [default: as for `up`, or for `down`]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// Plan the way down
    #[arg(long)]
    pub down: bool,
    /// With which script to undo a revision that was edited after it was applied
    #[arg(long, value_name = "SOURCE", requires = "down")]
    pub from: Option<DownSource>,
    /// What one transaction holds
    #[arg(long, value_name = "SCOPE")]
    pub transaction: Option<Scope>,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}
