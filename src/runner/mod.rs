//! The commands over a chain, with arguments and output: the heart of `cargo migrate`, and the whole of the
//! runner, the small binary that is shipped beside or inside a service.
//!
//! Nothing here ends the process, installs a logger or writes anywhere but to its [`Ui`]. The public
//! face is [`cli`](crate::cli).

mod arguments;
pub(crate) mod commands;
mod env;
mod exit;
pub(crate) mod graph;
pub(crate) mod help;
pub mod message;
pub(crate) mod place;
pub(crate) mod signals;
pub(crate) mod ui;
mod usage;

#[cfg(test)]
mod tests;

pub use arguments::{
    AdoptArguments, BranchesArguments, CheckArguments, DatabaseArguments, DownArguments,
    DownSource, GraphArguments, GraphFormat, HeadsArguments, HistoryArguments, MessageFormat,
    OutputArguments, PlanArguments, RedoArguments, RepairArguments, Scope, ShowArguments,
    SqlArguments, StampArguments, StatementArguments, StatusArguments, UpArguments, Verdict,
    ViewArguments,
};
#[cfg(feature = "cli")]
pub(crate) use arguments::{counts_from_database, dialect, tool};
pub use env::Env;
pub use exit::{Exit, Failure};
pub use help::with_program;
pub use ui::{Color, Ui};

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::runtime::{Migrator, Status};

/// The commands of a runner: `up`, `down`, `status` and so on, over the chain that a binary carries.
///
/// It is a clap parser of its own, for a binary that does nothing else, and the arguments of a subcommand for an
/// application with a command line of its own. Usage lines then carry the application's name; examples on the
/// help pages do with [`with_program`].
///
/// Flags that an application has for all its commands must be of other names than those here. It may have
/// `verbose` and `quiet` as `bool`, and `color` as `Option<`[`Color`]`>`, which then hold for both; with a `--verbose`
/// that is counted, say, it nests [`Command`], which has no such flags.
///
/// ```no_run
/// # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
/// use cargo_migrate::cli::{self, Env, Exit, Ui};
/// use clap::Parser;
///
/// #[derive(Parser)]
/// enum Application {
///     /// Answers requests
///     Serve,
///     /// Moves the database
///     Migrate(cli::Arguments),
/// }
///
/// fn main() -> std::io::Result<Exit> {
///     match Application::parse() {
///         Application::Serve => Ok(Exit::Done),
///         Application::Migrate(arguments) => {
///             Ok(cli::run(arguments, &app::MIGRATOR, Env::of_process()?, &Ui::stdio()))
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug, Parser)]
#[command(
    about = "Applies the migrations that this binary carries",
    long_about = None,
    after_help = "\
Variables, also from `.env`: DATABASE_URL, or DATABASE_URL_NAME for each of several named databases; MIGRATE_PROTECTED=true lets `down` ask first; MIGRATE_LOCK_TIMEOUT, \
MIGRATE_STATEMENT_LOCK_TIMEOUT, MIGRATE_STATEMENT_TIMEOUT and MIGRATE_RETRIES hold where no flag says otherwise.",
    styles = ui::HELP_STYLES
)]
pub struct Arguments {
    /// What is said, and how it looks.
    #[command(flatten)]
    pub output: OutputArguments,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// For an application that has `--color`, `--quiet` or `--verbose` itself, and nests [`Command`].
impl From<Command> for Arguments {
    fn from(command: Command) -> Self {
        Self { output: OutputArguments::default(), command }
    }
}

/// What can be done with a chain that a binary carries.
///
/// [`Arguments`] has flags beside it. Where the application has its own for the same, this is what to nest:
///
/// ```no_run
/// # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
/// use cargo_migrate::cli::{self, Env, Exit, OutputArguments, Ui};
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Application {
///     /// Say more
///     #[arg(long, short, global = true, action = clap::ArgAction::Count)]
///     verbose: u8,
///     #[command(subcommand)]
///     task: Task,
/// }
///
/// #[derive(clap::Subcommand)]
/// enum Task {
///     /// Moves the database
///     #[command(subcommand)]
///     Migrate(cli::Command),
/// }
///
/// fn main() -> std::io::Result<Exit> {
///     let Application { verbose, task: Task::Migrate(command) } = Application::parse();
///     let output = OutputArguments { verbose: verbose > 0, ..OutputArguments::default() };
///     Ok(cli::run(command.into(), &app::MIGRATOR, Env::of_process()?, &Ui::stdio().with(&output)))
/// }
/// ```
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Apply revisions
    #[command(visible_aliases = ["upgrade", "run"])]
    Up(UpArguments),
    /// Undo revisions
    #[command(visible_aliases = ["downgrade", "revert"])]
    Down(DownArguments),
    /// Undo revisions, and apply them again
    Redo(RedoArguments),
    /// Show what `up` or `down` would do
    Plan(PlanArguments),
    /// Print what leads from one target to another as a script
    Sql(SqlArguments),
    /// Record revisions as applied, or not, without running them
    Stamp(StampArguments),
    /// Record what another tool has applied
    Adopt(AdoptArguments),
    /// Find and mend what is wrong with what is recorded
    Repair(RepairArguments),
    /// Show where a database is
    #[command(visible_aliases = ["current", "info"])]
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
    /// Check that the chain in this binary is whole
    #[command(after_long_help = "\
Examples:
  check          the chain and the drivers in this binary
  check --state  also whether the database of DATABASE_URL is up to date

Exit codes: 0 all is well, 3 the database is out of date, or something is wrong with what it records, 4 the \
chain in this binary is damaged, 5 no connection.")]
    Check(CheckArguments),
}

/// Runs a command line over a baked chain, with the environment and the output of this process. Its first argument is the
/// program's name, as in [`std::env::args_os`].
///
/// Needs no file and no cargo. The database is that of `--database-url` or `DATABASE_URL`; where the chain has
/// several named ones, commands are about all of them, with the URLs of `DATABASE_URL_CATALOG` and so on, unless
/// `--database` chooses one. Where
/// `MIGRATE_PROTECTED` is `true`, `down` asks first, or needs `--yes`. How long a run waits is said by flags, or by
/// `MIGRATE_LOCK_TIMEOUT`, `MIGRATE_STATEMENT_LOCK_TIMEOUT`, `MIGRATE_STATEMENT_TIMEOUT` (`5`, `500ms`, `2m`) and
/// `MIGRATE_RETRIES`. All these variables may come from a `.env` file, too.
///
/// It works inside and outside of an async runtime, and blocks the thread until the command has ended. Help and usage
/// errors are printed like everything else, and the process is never ended: that is for the caller to do.
///
/// ```no_run
/// // src/bin/migrate.rs
/// # mod app { pub static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]); }
/// fn main() -> cargo_migrate::cli::Exit {
///     cargo_migrate::cli::main(std::env::args_os(), &app::MIGRATOR)
/// }
/// ```
pub fn main<A: Into<OsString>>(
    arguments: impl IntoIterator<Item = A>,
    migrator: &Migrator,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let ui = Ui::stdio();
    match Env::of_process() {
        Ok(env) => run_from(arguments, migrator, env.with_signals(), &ui),
        Err(error) => ui.of_line(&arguments).run(|| Err(no_directory(&error))),
    }
}

/// The same with an environment and an output of the caller's choice.
///
/// ```
/// # static MIGRATOR: cargo_migrate::Migrator = cargo_migrate::__private::v1::migrator("", &[]);
/// use cargo_migrate::cli::{self, Env, Exit, Ui};
///
/// let ui = Ui::writers(std::io::sink(), std::io::sink());
/// let exit = cli::run_from(["admin", "status", "--no-such-flag"], &MIGRATOR, Env::new("."), &ui);
/// assert_eq!(exit, Exit::Usage);
/// ```
pub fn run_from<A: Into<OsString>>(
    arguments: impl IntoIterator<Item = A>,
    migrator: &Migrator,
    env: Env,
    ui: &Ui,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let program = arguments.first().map(std::path::PathBuf::from);
    let program = program.as_ref().and_then(|path| path.file_name()).unwrap_or_default();
    let program = program.to_string_lossy();
    let mut command = command(&program);
    let matches = command.try_get_matches_from_mut(&arguments);
    match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(parsed) => run(parsed, migrator, env, ui),
        Err(error) => {
            let page = help::page_of(&command, &program, &arguments);
            ui.of_line(&arguments).usage(&error, &page)
        }
    }
}

/// The command line as clap knows it, with its pages, for an application that makes man pages or completions of it.
///
/// `program` is what people type before a command.
///
/// ```
/// let mut command = cargo_migrate::cli::command("app migrate");
/// let up = command.find_subcommand_mut("up").unwrap();
/// assert!(up.render_long_help().to_string().contains("app migrate up +1"));
/// ```
pub fn command(program: &str) -> clap::Command {
    help::dressed(Arguments::command(), program)
}

/// Runs parsed arguments; what goes wrong is printed, once.
pub fn run(arguments: Arguments, migrator: &Migrator, mut env: Env, ui: &Ui) -> Exit {
    let ui = ui.with(&arguments.output);
    ui.run(|| match arguments.output.message_format.and_then(|format| format.refusal(&ui)) {
        Some(refusal) => Err(refusal),
        None => dispatch(migrator, &arguments.command, &mut env, &ui),
    })
}

/// Why nothing can be done at all.
pub(crate) fn no_directory(error: &std::io::Error) -> Failure {
    Failure::new(format!("the working directory cannot be read: {error}"))
}

fn dispatch(
    migrator: &Migrator,
    command: &Command,
    env: &mut Env,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let chain = || migrator.chain().map_err(|error| Failure::new(error.to_string()));
    let places = |args, env: &mut Env| place::Place::all_of_runner(migrator, args, env);
    match command {
        Command::Up(args) => commands::up(migrator, &places(&args.database, env)?, args, ui),
        Command::Down(args) => commands::down(migrator, &places(&args.database, env)?, args, ui),
        Command::Redo(args) => commands::redo(migrator, &places(&args.database, env)?, args, ui),
        Command::Plan(args) => commands::plan(migrator, &places(&args.database, env)?, args, ui),
        Command::Sql(args) => {
            let directory = env.directory().to_owned();
            let of_surroundings = || place::dialect(&args.database(), env);
            commands::sql(migrator, args, &directory, ui, of_surroundings)
        }
        Command::Stamp(args) => commands::stamp(migrator, &places(&args.database, env)?, args, ui),
        Command::Adopt(args) => {
            commands::adopt(migrator, &place::Place::of_runner(&args.database, env)?, args, ui)
        }
        Command::Repair(args) => {
            commands::repair(migrator, &places(&args.database, env)?, args, ui)
        }
        Command::Status(args) => {
            commands::status(migrator, &places(&args.database, env)?, args, ui)
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
        Command::Check(args) => commands::check(migrator, args, ui, || places(&args.database, env)),
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
