//! The project's own tasks: `cargo xtask migrate` and whatever is added here.

use cargo_migrate::cli::{self, Env, Exit, Ui, cargo, clap};
use clap::{CommandFactory, FromArgMatches, Parser};

/// What people type before a command: examples and hints name it.
const MIGRATE: &str = "cargo xtask migrate";

#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Writes revisions, checks them, and moves databases
    Migrate(cargo::Arguments),
}

fn main() -> std::io::Result<Exit> {
    let command = Task::command().mut_subcommand("migrate", |it| cli::with_program(it, MIGRATE));
    let task = Task::from_arg_matches(&command.get_matches()).unwrap_or_else(|it| it.exit());
    match task {
        Task::Migrate(arguments) => {
            Ok(cargo::run(arguments, Env::of_process()?, &Ui::stdio().called(MIGRATE)))
        }
    }
}
