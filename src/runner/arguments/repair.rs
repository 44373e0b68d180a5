//! Arguments of the commands that change what is recorded: `stamp` and `repair`.

use clap::{ArgGroup, Args, ValueEnum};

use super::DatabaseArguments;

/// Arguments of `stamp`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  stamp head           the database has everything already
  stamp ae10           it is where ae10 would have brought it
  stamp ae10 27c6      it is there on two branches
  stamp base           forget every revision
  stamp --purge head   forget every row first, also unknown ones

Nothing is run: only the tracking table is changed, for the lines of the targets. What is
recorded afterwards has to be true.")]
pub struct StampArguments {
    /// Where the database is: a revision for each branch, `head`, `heads`, or `base`
    #[arg(required = true, allow_negative_numbers = true, value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Forget every row of this chain first, also those that it does not know
    #[arg(long)]
    pub purge: bool,
    /// Show what would be recorded and forgotten, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask, also where the environment is protected
    #[arg(short, long)]
    pub yes: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verdict {
    /// It has had its effect.
    Done,
    /// It has had none.
    NotDone,
}

/// Arguments of `repair`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Args)]
#[command(
    group = ArgGroup::new("way").args(["accept", "accept_all", "statement", "applied", "not_applied"]),
    after_long_help = "\
Examples:
  repair                             what is wrong, and the ways out
  repair ae10 --accept               the database is as the file says it now
  repair ae10 --statement not-done   the statement in doubt has had no effect
  repair ae10 --applied              the rest of it was done by hand

Without a way out nothing is changed, and the exit code is 3 if anything is wrong. A way out
changes only the tracking table, and takes your word for what it then says. To go on with a
revision that is done in part, run `up` or `down` again.")]
pub struct RepairArguments {
    /// The revision to repair; several with --accept
    #[arg(requires = "way", conflicts_with = "accept_all", value_name = "REVISION")]
    pub revisions: Vec<String>,
    /// Record text and parents as the files have them now
    #[arg(long, requires = "revisions")]
    pub accept: bool,
    /// The same for every revision that differs from its file
    #[arg(long)]
    pub accept_all: bool,
    /// Record what became of a statement that was started, and neither finished nor failed
    #[arg(long, value_name = "VERDICT", requires = "revisions")]
    pub statement: Option<Verdict>,
    /// Record a revision that is done in part as applied
    #[arg(long, requires = "revisions")]
    pub applied: bool,
    /// Record a revision that is done in part as not applied
    #[arg(long, requires = "revisions")]
    pub not_applied: bool,
    /// Show what would be recorded, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask, also where the environment is protected
    #[arg(short, long)]
    pub yes: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}
