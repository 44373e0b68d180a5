//! `cargo migrate`: the subcommand that cargo finds on the path.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_migrate::cli::main()
}
