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
pub(crate) mod graph;
pub(crate) mod place;
pub(crate) mod ui;

#[cfg(test)]
mod tests;

#[cfg(feature = "cli")]
pub(crate) use arguments::dialect;
pub use arguments::{
    BranchesArguments, DatabaseArguments, DownArguments, DownSource, GraphArguments, GraphFormat,
    HeadsArguments, HistoryArguments, PlanArguments, RedoArguments, RepairArguments, Scope,
    ShowArguments, SqlArguments, StampArguments, StatementArguments, StatusArguments, UpArguments,
    Verdict, ViewArguments,
};
pub use env::Env;
pub use exit::{Exit, Failure};
pub use ui::{Color, Ui};

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runtime::{Migrator, Status};

/// The command line of the runner.
#[derive(Clone, Debug, Parser)]
#[command(
    about = "Applies the migrations that this binary carries",
    after_help = "\
Variables, also from `.env`: DATABASE_URL; MIGRATE_PROTECTED=true lets `down` ask first; MIGRATE_LOCK_TIMEOUT, \
MIGRATE_STATEMENT_LOCK_TIMEOUT, MIGRATE_STATEMENT_TIMEOUT and MIGRATE_RETRIES hold where no flag says otherwise.",
    styles = ui::HELP_STYLES
)]
struct Arguments {
    /// Coloring
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Do not print progress
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more: each statement as it starts, or all about each revision
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Apply revisions
    #[command(alias = "upgrade")]
    Up(UpArguments),
    /// Undo revisions
    #[command(alias = "downgrade")]
    Down(DownArguments),
    /// Undo revisions, and apply them again
    Redo(RedoArguments),
    /// Show what `up` or `down` would do
    Plan(PlanArguments),
    /// Print what leads from one target to another as a script
    Sql(SqlArguments),
    /// Record revisions as applied, or not, without running them
    Stamp(StampArguments),
    /// Find and mend what is wrong with what is recorded
    Repair(RepairArguments),
    /// Show where a database is
    #[command(alias = "current")]
    Status(StatusArguments),
    /// List the revisions, newest first
    History(HistoryArguments),
    /// Draw the chain
    Graph(GraphArguments),
    /// List the heads of the chain
    Heads(HeadsArguments),
    /// List where the chain branches, and the branch labels
    Branches(BranchesArguments),
    /// Show a revision
    Show(ShowArguments),
}

/// The `main` of a runner: the commands over a baked chain, with the arguments of this process.
///
/// Needs no file and no cargo. The database is that of `--database-url` or `DATABASE_URL`. Where
/// `MIGRATE_PROTECTED` is `true`, `down` asks first, or needs `--yes`. How long a run waits is said by flags, or by
/// `MIGRATE_LOCK_TIMEOUT`, `MIGRATE_STATEMENT_LOCK_TIMEOUT`, `MIGRATE_STATEMENT_TIMEOUT` (`5`, `500ms`, `2m`) and
/// `MIGRATE_RETRIES`. All these variables may come from a `.env` file, too.
pub fn main(migrator: &Migrator) -> ExitCode {
    let env = match Env::of_process() {
        Ok(env) => env,
        Err(error) => {
            let failure = Failure::new(format!("the working directory cannot be read: {error}"));
            Ui::stdio(Color::Auto, false).fail(&failure);
            return Exit::Failed.into();
        }
    };
    run(migrator, std::env::args_os(), env).into()
}

/// Runs a runner's command line, whose first argument is the program's name.
///
/// Help, usage errors and output go to the process's stdout and stderr.
pub fn run(
    migrator: &Migrator,
    arguments: impl IntoIterator<Item = OsString>,
    mut env: Env,
) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let ui = Ui::stdio(arguments.color, arguments.quiet).verbose(arguments.verbose);
    match dispatch(migrator, &arguments.command, &mut env, &ui) {
        Ok(exit) => exit,
        Err(failure) => {
            ui.fail(&failure);
            failure.code()
        }
    }
}

fn dispatch(
    migrator: &Migrator,
    command: &Command,
    env: &mut Env,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let chain = || migrator.chain().map_err(|error| Failure::new(error.to_string()));
    match command {
        Command::Up(args) => {
            commands::up(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Down(args) => {
            commands::down(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Redo(args) => {
            commands::redo(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Plan(args) => {
            commands::plan(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Sql(args) => {
            let directory = env.directory().to_owned();
            let of_surroundings = || place::dialect(&args.database(), env);
            commands::sql(migrator, args, &directory, ui, of_surroundings)
        }
        Command::Stamp(args) => {
            commands::stamp(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Repair(args) => {
            commands::repair(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Status(args) => {
            commands::status(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::History(args) => {
            let view = &args.view;
            let status = standing(migrator, view.need_database(), &view.database, env, ui)?;
            commands::history(chain()?, status.as_ref(), args, ui)
        }
        Command::Graph(args) => {
            let view = &args.view;
            let status = standing(migrator, view.need_database(), &view.database, env, ui)?;
            commands::graph(chain()?, status.as_ref(), args, env.directory(), ui)
        }
        Command::Heads(args) => commands::heads(chain()?, *args, ui),
        Command::Branches(args) => commands::branches(chain()?, *args, ui),
        Command::Show(args) => {
            let status = standing(migrator, args.need_database(), &args.database, env, ui)?;
            commands::show(chain()?, status.as_ref(), args, ui)
        }
    }
}

/// Asks a database, if the command is about one.
fn standing(
    migrator: &Migrator,
    is_needed: bool,
    args: &DatabaseArguments,
    env: &mut Env,
    ui: &Ui,
) -> Result<Option<Status>, Failure> {
    if !is_needed {
        return Ok(None);
    }
    commands::standing(migrator, &place::Place::of_runner(args, env)?, args, ui).map(Some)
}
