//! Commands whose plan has a revision in Rust: the package's runner is built and run instead.
//!
//! The runner gets the same command. What it cannot know is said to it: the URL, by the environment
//! (a process list shows arguments, and the URL may hold a password), and what the configuration
//! says of the database, by options. `DATABASE_URL` is not used for that: macros of sqlx in the package
//! would read it while the package is compiled.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::arguments::BuildArguments;
use super::context::Context;
use crate::limits::Limits;
use crate::runner::commands::Running;
use crate::runner::place::{ORIGIN_VARIABLE, Place, URL_VARIABLE, variable_for_runner};
use crate::runner::{
    Color, DatabaseArguments, DownSource, Exit, Failure, Scope, StatementArguments, Ui, message,
};

/// Builds the package's runner and lets it run the command; its exit code, or cargo's, is ours.
pub(super) fn run(
    context: &Context<'_>,
    build: &BuildArguments,
    places: &[Place],
    running: Running<'_>,
) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let member = workspace.with_chain(&context.global)?;
    let Some(features) = &member.setup.runner else {
        return Err(Failure::new(format!(
            "a revision in Rust is part of the plan, and package `{}` has no binary `migrate` to run it",
            member.name
        ))
        .help(format!("`cargo migrate init -p {}` writes `src/bin/migrate.rs` again", member.name)));
    };
    let global = &context.global;
    let output = global.output(&context.env);
    let mut command = Command::new(context.env.variable("CARGO").unwrap_or("cargo"));
    command.current_dir(context.env.directory());
    command.args(["run", "--bin", "migrate", "--manifest-path"]).arg(&member.manifest_path);
    for feature in features {
        command.args(["--features", feature]);
    }
    for (is_set, flag) in [
        (global.locked, "--locked"),
        (global.offline, "--offline"),
        (global.frozen, "--frozen"),
        (output.quiet, "--quiet"),
    ] {
        command.args(is_set.then_some(flag));
    }
    command.args(color(output.color)).args(build.arguments()).arg("--");
    command.args(color(output.color)).args(output.quiet.then_some("--quiet"));
    command.args(output.verbose.then_some("--verbose"));
    command.args(context.ui.is_json().then_some("--message-format=json"));
    command.args(arguments(running, places));
    // What `cargo run` tells an xtask of itself: build scripts that look at it would run again, and much after them.
    for name in context.env.names().filter(|name| is_of_a_package(name)) {
        command.env_remove(name);
    }
    for place in places {
        let name = place.name.as_deref();
        command.env(variable_for_runner(URL_VARIABLE, name), &place.url);
        command.env(variable_for_runner(ORIGIN_VARIABLE, name), &place.origin);
    }
    context.env.stopping.leave_to_child();
    let ui = context.ui;
    let status = if ui.is_json() { forwarding(&mut command, ui) } else { command.status() };
    let status = status.map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    match status.code().map(u8::try_from) {
        Some(Ok(0)) => Ok(Exit::Done),
        Some(Ok(exit_code)) => {
            if !ui.is_complete() {
                let what =
                    "the runner was not built, or has not said why it failed; stderr has the rest";
                let failure = Failure::new(what).exit(Exit::Other(exit_code));
                ui.tell(|| message::Failure::from(&failure))?;
            }
            Ok(Exit::Other(exit_code))
        }
        _ => Err(Failure::new(format!("the runner did not end by itself: {status}"))
            .help("`status` says what it had done")),
    }
}

/// Runs a command whose messages become part of our stream. What a revision prints itself does not.
fn forwarding(command: &mut Command, ui: &Ui) -> io::Result<ExitStatus> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line)? > 0 {
            // Who reads no more is no reason to stop a run half-way.
            let _ = ui.forward(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
            line.clear();
        }
    }
    child.wait()
}

/// Whether cargo sets a variable for the program of a package that it runs.
fn is_of_a_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "OUT_DIR"
}

fn color(color: Option<Color>) -> Option<String> {
    let name = match color? {
        Color::Auto => "auto",
        Color::Always => "always",
        Color::Never => "never",
    };
    Some(format!("--color={name}"))
}

/// The command as the runner understands it.
fn arguments(running: Running<'_>, places: &[Place]) -> Vec<OsString> {
    let mut words: Vec<String> = Vec::new();
    let (name, target, transaction, statements, database, from) = match running {
        Running::Up(args) => {
            ("up", &args.target, args.transaction, args.statements, &args.database, None)
        }
        Running::Down(args) => {
            ("down", &args.target, args.transaction, args.statements, &args.database, args.from)
        }
        Running::Redo(args) => {
            ("redo", &args.target, args.transaction, args.statements, &args.database, args.from)
        }
    };
    words.push(name.to_owned());
    if !matches!(running, Running::Up(_)) {
        // It was asked for here, where it is known what is protected.
        words.push(String::from("--yes"));
    }
    words.extend(transaction.map(|scope| {
        let scope = match scope {
            Scope::Run => "run",
            Scope::Revision => "revision",
        };
        format!("--transaction={scope}")
    }));
    words.extend(from.map(|source| {
        let source = match source {
            DownSource::File => "file",
            DownSource::Database => "database",
        };
        format!("--from={source}")
    }));
    words.extend(of_database(database, statements, places));
    if let Some(target) = target {
        words.extend([String::from("--"), target.clone()]);
    }
    words.into_iter().map(OsString::from).collect()
}

fn of_database(
    database: &DatabaseArguments,
    statements: StatementArguments,
    places: &[Place],
) -> Vec<String> {
    let Limits { lock_timeout, statement_lock_timeout, statement_timeout, retries, two_phase } =
        places.iter().fold(statements.limits(database), |limits, it| limits.or(it.limits));
    let time = |name: &str, time: Option<Duration>| {
        time.map(|time| format!("--{name}={}ms", time.as_millis()))
    };
    let name = database.name.as_ref().map(|name| format!("--database={name}"));
    let no_dotenv = database.no_dotenv.then(|| String::from("--no-dotenv"));
    [
        name,
        no_dotenv,
        time("lock-timeout", lock_timeout),
        time("statement-lock-timeout", statement_lock_timeout),
        time("statement-timeout", statement_timeout),
        retries.map(|retries| format!("--retries={retries}")),
        two_phase.map(|two_phase| format!("--two-phase={two_phase}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}
