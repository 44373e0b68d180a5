//! `cargo migrate`: arguments and output, one file a command, no logic of its own.
//!
//! Every command is a function of the library over a `Context`: the package that the user means,
//! its chain as the files have it, and where output goes. What works on a baked chain too lives in
//! [`cli`](crate::cli) and is only called from here.

mod arguments;
mod chain;
mod check;
mod compiled;
mod completions;
mod config;
mod context;
mod database;
mod edit;
mod explain;
mod finding;
mod format;
mod hooks;
mod import;
mod init;
mod merge;
mod new;
mod rebase;
mod workspace;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::runner::{self, Env, Exit, Failure, Ui, help};

pub use arguments::{Arguments, Command, DatabaseCommand, GlobalArguments};
pub(crate) use context::Context;

/// The `main` of the binary: runs the command line of this process.
pub fn main() -> Exit {
    let arguments = without_name(std::env::args_os());
    main_as(help::TOOL, arguments)
}

/// The same as a task of another program, with the environment and the output of this process. `program` is what
/// people type, and `arguments` what they type behind it.
///
/// For an `xtask` that reads its arguments itself, and whose users type `cargo xtask migrate new`:
///
/// ```no_run
/// use cargo_migrate::cli::{Exit, cargo};
///
/// fn main() -> Exit {
///     let mut arguments = std::env::args_os().skip(1);
///     match arguments.next().as_deref().and_then(|word| word.to_str()) {
///         Some("migrate") => cargo::main_as("cargo xtask migrate", arguments),
///         _ => Exit::Usage,
///     }
/// }
/// ```
pub fn main_as<A: Into<OsString>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Exit {
    let ui = Ui::stdio();
    let name = std::iter::once(OsString::from(program));
    let arguments: Vec<OsString> = name.chain(arguments.into_iter().map(Into::into)).collect();
    match Env::of_process() {
        Ok(env) => run_from(arguments, program, env.with_signals(), &ui),
        Err(error) => ui.of_line(&arguments).run(|| Err(runner::no_directory(&error))),
    }
}

/// Runs a command line; the first argument is the program's name, which `program` says as people type it.
pub fn run_from<A: Into<OsString>>(
    arguments: impl IntoIterator<Item = A>,
    program: &str,
    env: Env,
    ui: &Ui,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut command = command(program);
    let matches = command.try_get_matches_from_mut(&arguments);
    match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(parsed) => run(parsed, env, &ui.called(program)),
        Err(error) => {
            let page = help::page_of(&command, program, &arguments);
            ui.of_line(&arguments).usage(&error, &page)
        }
    }
}

/// The command line as clap knows it, with its pages: what man pages and references are made of.
///
/// `program` is what people type before a command.
///
/// ```
/// let command = cargo_migrate::cli::cargo::command("cargo migrate");
/// assert!(command.find_subcommand("new").is_some());
/// ```
pub fn command(program: &str) -> clap::Command {
    help::dressed(Arguments::command(), program)
}

/// Runs parsed arguments; what goes wrong is printed, once.
///
/// [`Arguments`] can be a subcommand of another parser. What people could type next is told with the name of
/// [`Ui::called`]:
///
/// ```no_run
/// use cargo_migrate::cli::{Env, Exit, Ui, cargo};
/// use clap::Parser;
///
/// #[derive(Parser)]
/// enum Xtask {
///     /// Moves databases, writes revisions
///     Migrate(cargo::Arguments),
/// }
///
/// fn main() -> std::io::Result<Exit> {
///     let Xtask::Migrate(arguments) = Xtask::parse();
///     let ui = Ui::stdio().called("cargo xtask migrate");
///     Ok(cargo::run(arguments, Env::of_process()?, &ui))
/// }
/// ```
pub fn run(arguments: Arguments, env: Env, ui: &Ui) -> Exit {
    let ui = ui.with(&arguments.global.output(&env));
    let format = arguments.global.output.message_format;
    let refusal = match &arguments.command {
        Command::Check(_) => None,
        _ => format.and_then(|format| format.refusal(&ui)),
    };
    ui.run(|| match refusal {
        Some(refusal) => Err(refusal),
        None => dispatch(arguments, env, &ui),
    })
}

/// cargo passes the subcommand's own name as the first argument; people who call the binary directly
/// do not.
fn without_name(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut arguments = arguments.skip(1).peekable();
    arguments.next_if(|first| first == "migrate");
    arguments
}

fn dispatch(arguments: Arguments, env: Env, ui: &Ui) -> Result<Exit, Failure> {
    let Arguments { global, command } = arguments;
    let mut context = Context::new(global, env, ui);
    match command {
        Command::Init(args) => init::run(&mut context, &args),
        Command::New(args) => new::run(&mut context, &args),
        Command::Up(args) => database::up(&mut context, &args),
        Command::Down(args) => database::down(&mut context, &args),
        Command::Redo(args) => database::redo(&mut context, &args),
        Command::Plan(args) => database::plan(&mut context, &args),
        Command::Sql(args) => database::sql(&mut context, &args),
        Command::Stamp(args) => database::stamp(&mut context, &args),
        Command::Adopt(args) => database::adopt(&mut context, &args),
        Command::Repair(args) => database::repair(&mut context, &args),
        Command::Status(args) => database::status(&mut context, &args),
        Command::Database(command) => database::whole(&mut context, &command),
        Command::History(args) => chain::history(&mut context, &args),
        Command::Graph(args) => chain::graph(&mut context, &args),
        Command::Branches(args) => chain::branches(&mut context, args),
        Command::Heads(args) => chain::heads(&mut context, args),
        Command::Show(args) => chain::show(&mut context, &args),
        Command::Edit(args) => edit::run(&mut context, &args),
        Command::Rebase(args) => rebase::run(&mut context, &args),
        Command::Merge(args) => merge::run(&mut context, &args),
        Command::Check(args) => check::run(&mut context, &args),
        Command::Config(args) => config::run(&mut context, &args),
        Command::Import(args) => import::run(&mut context, &args),
        Command::Explain(args) => explain::run(&mut context, &args),
        Command::Completions(args) => completions::script(&mut context, args),
        Command::Complete(args) => completions::complete(&mut context, &args),
    }
}
