//! The project's own tasks: `cargo xtask migrate` and whatever is added here.

use cargo_migrate::cli::{Env, Exit, Ui, cargo, clap};
use clap::Parser;

#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Writes revisions, checks them, and moves databases
    Migrate(cargo::Arguments),
}

fn main() -> std::io::Result<Exit> {
    match Task::parse() {
        Task::Migrate(arguments) => Ok(cargo::run(arguments, Env::of_process()?, &Ui::stdio())),
    }
}
