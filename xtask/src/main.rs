//! The project's own automation: `cargo xtask TASK`.
//!
//! Everything that CI does is here, so that it can be done on any machine with Rust on it. Tasks
//! print the commands that they run and stop at the first that fails.

mod bench;
mod ci;
mod command;
mod conformance;
mod docs;
mod test;

use std::fmt::Write as _;
use std::process::ExitCode;

/// A task: its name, one line about it, its help page, and what it does.
struct Task {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

const TASKS: [Task; 6] = [
    Task {
        name: "ci",
        summary: "everything that CI checks, in order",
        help: ci::HELP,
        run: ci::run,
    },
    Task {
        name: "test",
        summary: "all tests, with what they need",
        help: test::HELP,
        run: test::run,
    },
    Task {
        name: "servers",
        summary: "any command, with the database servers of the tests",
        help: test::servers::HELP,
        run: test::servers::run,
    },
    Task {
        name: "bench",
        summary: "the benchmarks, as ratios against their floors",
        help: bench::HELP,
        run: bench::run,
    },
    Task {
        name: "conformance",
        summary: "planner and validator against what Alembic answers",
        help: conformance::HELP,
        run: conformance::run,
    },
    Task {
        name: "docs",
        summary: "man pages and the command reference",
        help: docs::HELP,
        run: docs::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // What stands after `--` is for another command.
    let wants_help = |args: &[String]| {
        let mut own = args.iter().take_while(|arg| *arg != "--");
        own.any(|arg| arg == "--help" || arg == "-h")
    };
    let Some((name, rest)) = args.split_first() else {
        say(&overview());
        return ExitCode::from(2);
    };
    let (name, help) = match name.as_str() {
        "help" | "--help" | "-h" => {
            let Some(task) = rest.first() else {
                say(&overview());
                return ExitCode::SUCCESS;
            };
            (task.as_str(), true)
        }
        name => (name, wants_help(rest)),
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        say(&format!("error: there is no task `{name}`\n\n{}", overview()));
        return ExitCode::from(2);
    };
    if help {
        say(&format!("cargo xtask {}: {}\n\n{}", task.name, task.summary, task.help.trim()));
        return ExitCode::SUCCESS;
    }
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn overview() -> String {
    let mut text = String::from("Usage: cargo xtask TASK\n\nTasks:\n");
    for task in &TASKS {
        let _ = writeln!(text, "  {:<11} {}", task.name, task.summary);
    }
    text.push_str("  help        this page; `help TASK` is the task's own");
    text
}

/// A line for the person who watches.
#[expect(clippy::print_stderr, reason = "a task talks to the terminal")]
fn say(line: &str) {
    eprintln!("{line}");
}
