//! All tests, with the programs that they need.

use std::process::Command;

use crate::command::{cargo, exists, root, run as run_command};
use crate::say;

pub(crate) const HELP: &str = "
Usage: cargo xtask test [-- ARGUMENTS OF cargo test]

The tests compare databases with what the `sqlite3` client makes of the same SQL; where it is missing
it is installed with apt-get, or the task says what to install. Test data that is not part of the
repository is looked for in `../shared` (or MIGRATE_SHARED); without it, the tests that want it say
that they skip.
";

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    provide_sqlite3()?;
    let rest = args.iter().filter(|arg| *arg != "--");
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--features", "cli"]).args(rest);
    let shared = root().join("../shared");
    #[expect(clippy::disallowed_methods, reason = "a task reads its environment")]
    let is_set = std::env::var_os("MIGRATE_SHARED").is_some();
    if !is_set && let Ok(shared) = shared.canonicalize() {
        command.env("MIGRATE_SHARED", shared);
    }
    run_command(&mut command)
}

fn provide_sqlite3() -> Result<(), String> {
    if exists("sqlite3") {
        return Ok(());
    }
    say("The `sqlite3` client is missing; installing it with apt-get.");
    let install = || {
        run_command(Command::new("apt-get").args(["update", "--quiet"]))?;
        run_command(Command::new("apt-get").args(["install", "--quiet", "--yes", "sqlite3"]))
    };
    install().map_err(|error| {
        format!("{error}\ninstall the `sqlite3` command-line client (Debian: sqlite3, Fedora: sqlite, Homebrew: sqlite) and run this again")
    })
}
