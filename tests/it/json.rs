//! `--message-format json`: every command speaks it, and nothing but messages is on stdout.

use std::process::Command;

use cargo_migrate::cli::message::{DatabaseStateKind, Message, State, VERSION};
use clap::CommandFactory as _;

use crate::support::{Output, Project};

/// The messages of a stream, which has to be one: whole, with nothing else in it, and in agreement with the exit code.
#[track_caller]
pub(crate) fn messages(output: &Output) -> Vec<Message> {
    let transcript = output.transcript();
    let message = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error} in {line}\n{transcript}"));
        let message: Message = serde_json::from_value(value.clone())
            .unwrap_or_else(|error| panic!("{error} in {line}\n{transcript}"));
        // So no field is unknown, either.
        assert_eq!(serde_json::to_value(&message).unwrap(), value, "{line}");
        message
    };
    let messages: Vec<Message> = output.stdout.lines().map(message).collect();
    let Some((Message::Started(started), rest)) = messages.split_first() else {
        panic!("no beginning: {transcript}")
    };
    assert_eq!(started.version, VERSION);
    let Some((last, between)) = rest.split_last() else { panic!("no end: {transcript}") };
    let is_frame = |message: &Message| message.is_last() || matches!(message, Message::Started(_));
    assert!(!between.iter().any(is_frame), "{transcript}");
    let code = match last {
        Message::Finished(finished) => finished.exit_code,
        Message::Failure(failure) => {
            assert_ne!(failure.exit_code, 0, "{transcript}");
            assert!(!failure.message.is_empty(), "{transcript}");
            failure.exit_code
        }
        other => panic!("no end but {other:?}: {transcript}"),
    };
    assert_eq!(output.code, Some(i32::from(code)), "{transcript}");
    messages
}

/// Runs a command line, words of which are separated by spaces.
fn run(project: &Project, line: &str) -> Output {
    let line: Vec<&str> = line.split(' ').collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.arg("migrate").args(line).args(["--message-format", "json"]);
    // What an editor prints is no message.
    command.env("EDITOR", "echo editing; sed -i 's/CREATE TABLE/create table/'");
    project.run(command.current_dir(project.root()))
}

/// What a command has to say; what is said beside it is not.
fn is_answer(message: &Message) -> bool {
    !matches!(
        message,
        Message::Started(_)
            | Message::Warning(_)
            | Message::Note(_)
            | Message::Database(_)
            | Message::Failure(_)
            | Message::Finished(_)
    )
}

/// A chain with a head, and one with two.
fn line() -> Project {
    let project = Project::with_chain();
    project.revision("first", "", "CREATE TABLE a (id INTEGER);", "DROP TABLE a;");
    project.revision("left", "first", "CREATE TABLE b (id INTEGER);", "DROP TABLE b;");
    project
}

fn forked(project: Project) -> Project {
    project.revision("right", "first", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;");
    project
}

fn fork() -> Project {
    forked(line())
}

fn applied() -> Project {
    let project = line();
    project.migrate(&["up"]).success();
    project
}

/// For each command a project to run it in, and command lines; each of them has an answer.
fn examples(command: &str) -> Option<(Project, &'static [&'static str])> {
    Some(match command {
        "init" => (Project::package(&["src/lib.rs"]), &["init --dry-run", "init", "init"]),
        "new" => (line(), &["new more", "new rust --rust"]),
        "edit" => (line(), &["edit"]),
        "merge" => (fork(), &["merge"]),
        "rebase" => {
            (fork(), &["rebase right --onto left --dry-run", "rebase right --onto left", "rebase"])
        }
        "up" => (line(), &["up --dry-run", "up -v", "up"]),
        "down" => (applied(), &["down --dry-run", "down -v", "down base"]),
        "redo" => (applied(), &["redo --dry-run", "redo"]),
        "plan" => (line(), &["plan", "plan +1"]),
        "sql" => (line(), &["sql", "sql left:first", "sql -o release.sql"]),
        "stamp" => (applied(), &["stamp base --dry-run", "stamp base", "stamp head"]),
        "adopt" => {
            let project = line();
            project.sqlite3(
                "dev.db",
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); \
                 INSERT INTO alembic_version VALUES ('left')",
            );
            (project, &["adopt --dry-run", "adopt", "adopt --from alembic"])
        }
        "repair" => {
            let project = applied();
            project.revision("left", "first", "CREATE TABLE d (id INTEGER);", "DROP TABLE d;");
            let lines: &[&str] =
                &["repair", "repair left --accept --dry-run", "repair left --accept"];
            (project, lines)
        }
        "status" => (forked(applied()), &["status", "status --check"]),
        "database create" => (line(), &["database create", "database create"]),
        "database drop" => (applied(), &["database drop --yes", "database drop --yes"]),
        "database reset" => (applied(), &["database reset --yes"]),
        "history" => (forked(applied()), &["history", "history --applied --reverse"]),
        "graph" => {
            (fork(), &["graph", "graph --format dot", "graph -o chain.svg", "graph -r first:left"])
        }
        "heads" => (fork(), &["heads"]),
        "branches" => {
            let project = fork();
            let text = project.read("migrations/left.sql");
            project.write(
                "migrations/left.sql",
                text.replace("-- revises: first\n", "-- revises: first\n-- branch: side\n"),
            );
            (project, &["branches"])
        }
        "show" => (applied(), &["show first", "show current"]),
        "check" => (line(), &["check", "check -q", "check --state"]),
        "import" => {
            let project = line();
            project.write("old/1_one.up.sql", "CREATE TABLE one (id INTEGER);\n");
            project.write("old/1_one.down.sql", "DROP TABLE one;\n");
            (project, &["import old --dry-run", "import old"])
        }
        "completions" => (Project::empty(), &["completions bash"]),
        "config" => (line(), &["config", "config --database-url nowhere"]),
        "explain" => (Project::empty(), &["explain", "explain M0013"]),
        _ => return None,
    })
}

/// The commands that do something, not those that only hold others.
fn leaves(command: &clap::Command, path: &str, found: &mut Vec<String>) {
    let of_people = |sub: &&clap::Command| !sub.is_hide_set() && sub.get_name() != "help";
    for sub in command.get_subcommands().filter(of_people) {
        let path = format!("{path} {}", sub.get_name()).trim().to_owned();
        if sub.has_subcommands() {
            leaves(sub, &path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_command_answers_in_messages() {
    let mut commands = Vec::new();
    leaves(&cargo_migrate::cli::cargo::Arguments::command(), "", &mut commands);
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let Some((project, lines)) = examples(&command) else {
            panic!("`{command}` has no example here; does it know `--message-format json`?")
        };
        for line in lines {
            let output = run(&project, line);
            let messages = messages(&output);
            assert!(messages.iter().any(is_answer), "{line}\n{}", output.transcript());
            let failed = matches!(messages.last(), Some(Message::Failure(_)));
            assert!(!failed, "{line}\n{}", output.transcript());
        }
    }
}

#[test]
fn what_goes_wrong_is_the_last_message() {
    let project = line();
    for (line, code, message, help) in [
        ("up --nope", 2, "unexpected argument '--nope' found", "`cargo migrate up --help`"),
        ("nope", 2, "unrecognized subcommand 'nope'", "`cargo migrate --help`"),
        ("explain M9999", 2, "`M9999` is no code", "lists all codes"),
        ("up nowhere", 2, "no revision or branch label is called `nowhere`", ""),
        ("down -p nobody", 2, "package `nobody` is no member of the workspace", "app"),
    ] {
        let output = run(&project, line);
        let messages = messages(&output);
        let Some(Message::Failure(failure)) = messages.last() else { panic!("{line}") };
        assert_eq!(failure.exit_code, code, "{line}");
        assert!(failure.message.contains(message), "{line}: {failure:?}");
        assert!(failure.help.join("\n").contains(help), "{line}: {failure:?}");
        // People are told the same as ever.
        assert!(output.stderr.contains(message), "{line}: {}", output.stderr);
    }
    // Without a command, as people are shown the help.
    let output = project.migrate(&["--message-format=json"]);
    assert!(matches!(messages(&output).last(), Some(Message::Failure(it)) if it.exit_code == 2));
    let output = project.migrate(&["up", "--help", "--message-format=json"]);
    let messages = messages(&output);
    assert!(matches!(&messages[1], Message::Help(help) if help.text.contains("Usage:")));
}

#[test]
fn a_statement_that_fails_is_told_with_what_came_before() {
    let project = line();
    project.revision("worse", "left", "CREATE TABLE a (id INTEGER);", "DROP TABLE a;");
    let output = run(&project, "up --transaction revision");
    let messages = messages(&output);
    let started = messages.iter().filter(|it| matches!(it, Message::RevisionStarted(_))).count();
    let committed = messages.iter().filter(|it| matches!(it, Message::Committed(_))).count();
    assert_eq!((started, committed), (3, 2), "{}", output.transcript());
    let Some(Message::Failure(failure)) = messages.last() else { panic!() };
    assert!(failure.message.contains("table a already exists"), "{failure:?}");
    assert!(output.stderr.ends_with(&format!("error: {}\n", failure.rendered)), "{failure:?}");
    let place = failure.place.as_ref().unwrap();
    assert_eq!(place.path.as_deref(), Some("migrations/worse.sql"));
    assert_eq!((place.line, place.column), (Some(7), Some(1)));
    let state = failure.state.as_ref().unwrap();
    assert_eq!(state.kind, DatabaseStateKind::Committed);
    assert_eq!(state.committed, ["first", "left"]);
}

#[test]
fn a_run_is_told_as_it_happens() {
    let project = line();
    let output = run(&project, "up -v");
    let reasons: Vec<String> = messages(&output)
        .iter()
        .map(|it| serde_json::to_value(it).unwrap()["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        reasons,
        [
            "started",
            "database",
            "run-started",
            "revision-started",
            "statement-started",
            "revision-finished",
            "revision-started",
            "statement-started",
            "revision-finished",
            "committed",
            "report",
            "finished",
        ]
    );
}

#[test]
fn status_says_what_text_says() {
    let project = forked(applied());
    project.revision("first", "", "CREATE TABLE z (id INTEGER);", "DROP TABLE a;");
    let output = run(&project, "status --check");
    let messages = messages(&output);
    assert_eq!(output.code, Some(3), "{}", output.transcript());
    let Message::Status(status) = &messages[1] else { panic!("{}", output.transcript()) };
    assert!(!status.is_current);
    assert_eq!(status.next.as_deref(), Some("repair"));
    assert_eq!(status.heads, ["left"]);
    assert_eq!((status.counts.applied, status.counts.pending, status.counts.different), (2, 1, 1));
    let found: Vec<State> = status.revisions.iter().map(|it| it.standing.state).collect();
    assert_eq!(found, [State::Applied, State::Applied, State::Pending]);
    assert!(status.revisions[0].standing.applied_at.as_ref().unwrap().ends_with('Z'));
}

#[test]
fn no_message_holds_a_password() {
    let project = line();
    let url = "postgres://me:hunter2@localhost:1/nowhere?password=hunter3";
    for command in ["up", "status", "plan", "repair"] {
        let output = run(&project, &format!("{command} --database-url {url}"));
        messages(&output);
        assert!(!output.transcript().contains("hunter"), "{}", output.transcript());
    }
}

#[test]
fn findings_are_those_of_cargo() {
    let project = Project::with_chain();
    project.write(
        "migrations/1.sql",
        "-- one\n--\n-- revision: one1\n-- revises: nobody\n\n-- migrate:up\nSELECT 'ż;\n\n-- migrate:down\nSELECT 1;\n",
    );
    let output = run(&project, "check");
    assert_eq!(output.code, Some(4), "{}", output.transcript());
    let messages = messages(&output);
    let mut found = 0;
    for line in output.stdout.lines() {
        let Ok(message) = serde_json::from_str::<cargo_metadata::Message>(line) else { continue };
        let cargo_metadata::Message::CompilerMessage(message) = message else { continue };
        found += 1;
        assert_eq!(message.target.name, "app");
        let text = project.read("migrations/1.sql");
        for span in &message.message.spans {
            assert_eq!(span.file_name, "migrations/1.sql");
            let shown = &text[span.byte_start as usize..span.byte_end as usize];
            assert!(span.text[0].text.contains(shown.lines().next().unwrap()), "{line}");
            assert!(text.lines().nth(span.line_start - 1) == Some(&span.text[0].text), "{line}");
        }
        assert!(message.message.spans[0].is_primary);
        assert!(message.message.rendered.unwrap().contains("migrations/1.sql:"));
    }
    let ours = messages.iter().filter(|it| matches!(it, Message::CompilerMessage(_))).count();
    assert!(found > 1 && found == ours, "{}", output.transcript());
}
