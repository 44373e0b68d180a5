//! `cargo migrate`: arguments and output, one file a command, no logic of its own.
//!
//! Every command is a function of the library over a `Context`: the package that the user means,
//! its chain as the files have it, and where output goes. What works on a baked chain too lives in
//! [`runner`](crate::runner) and is only called from here.

mod arguments;
mod chain;
mod check;
mod compiled;
mod context;
mod database;
mod explain;
mod format;
mod import;
mod init;
mod merge;
mod new;
mod rebase;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::runner::{Env, Exit, Failure, Ui};

pub use arguments::{Arguments, Command, DatabaseCommand, GlobalArguments};
pub(crate) use context::Context;

/// The `main` of the binary: runs the command line of this process.
pub fn main() -> ExitCode {
    let env = match Env::of_process() {
        Ok(env) => env,
        Err(error) => {
            let ui = Ui::stdio(crate::runner::Color::Auto, false);
            ui.fail(&Failure::new(format!("the working directory cannot be read: {error}")));
            return Exit::Failed.into();
        }
    };
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let arguments = match Arguments::try_parse_from(with_name(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let failed = error.use_stderr();
            return if failed { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let ui = Ui::stdio(arguments.global.color(&env), arguments.global.is_quiet(&env))
        .verbose(arguments.global.is_verbose(&env));
    run(arguments, env, &ui).into()
}

/// Runs a parsed command line; what goes wrong is printed, once.
pub fn run(arguments: Arguments, env: Env, ui: &Ui) -> Exit {
    match dispatch(arguments, env, ui) {
        Ok(exit) => exit,
        Err(failure) => {
            ui.fail(&failure);
            failure.code()
        }
    }
}

/// cargo passes the subcommand's own name as the first argument; people who call the binary directly
/// do not.
fn with_name(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.first().is_some_and(|first| first == "migrate") {
        arguments.remove(0);
    }
    arguments.insert(0, OsString::from("cargo migrate"));
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
        Command::Repair(args) => database::repair(&mut context, &args),
        Command::Status(args) => database::status(&mut context, &args),
        Command::Database(command) => database::whole(&mut context, &command),
        Command::History(args) => chain::history(&mut context, &args),
        Command::Graph(args) => chain::graph(&mut context, &args),
        Command::Branches(args) => chain::branches(&mut context, args),
        Command::Heads(args) => chain::heads(&mut context, args),
        Command::Show(args) => chain::show(&mut context, &args),
        Command::Rebase(args) => rebase::run(&mut context, &args),
        Command::Merge(args) => merge::run(&mut context, &args),
        Command::Check(args) => check::run(&mut context, args),
        Command::Import(args) => import::run(&mut context, &args),
        Command::Explain(args) => explain::run(&mut context, &args),
    }
}
