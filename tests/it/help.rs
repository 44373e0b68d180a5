//! Every help page, as people see it, and every way to it.

use std::fmt::Write as _;
use std::process::Command;

use cargo_migrate::cli;

use crate::support::{Project, assert_transcript, cargo};

/// All pages of a program, short and long, at a width that no terminal has a say in.
fn pages(command: clap::Command) -> String {
    fn write(command: &mut clap::Command, text: &mut String) {
        let name = command.get_bin_name().unwrap_or_default().to_owned();
        let _ = write!(text, "===== {name} -h =====\n\n{}\n", command.render_help());
        let _ = write!(text, "===== {name} --help =====\n\n{}\n", command.render_long_help());
        for subcommand in command.get_subcommands_mut() {
            if !subcommand.is_hide_set() && subcommand.get_name() != "help" {
                write(subcommand, text);
            }
        }
    }
    fn widths(command: clap::Command) -> clap::Command {
        command.term_width(100).mut_subcommands(widths)
    }
    let mut command = widths(command);
    command.build();
    let mut text = String::new();
    write(&mut command, &mut text);
    text
}

#[test]
fn the_pages_of_cargo_migrate() {
    insta::assert_snapshot!("cargo-migrate", pages(cli::cargo::command("cargo migrate")));
}

#[test]
fn the_pages_of_a_runner() {
    insta::assert_snapshot!("runner", pages(cli::command("migrate")));
}

#[test]
fn help_is_found_in_every_way() {
    let project = Project::empty();
    let page = project.migrate(&["up", "--help"]).success().stdout;
    assert!(page.starts_with("Apply revisions\n\nUsage: cargo migrate up "), "{page}");
    for line in [&["help", "up"][..], &["help", "upgrade"], &["run", "--help"]] {
        assert_eq!(project.migrate(line).success().stdout, page, "{line:?}");
    }
    let first = project.migrate(&["--help"]).success().stdout;
    assert_eq!(project.migrate(&["help"]).success().stdout, first);
    let version = project.migrate(&["--version"]).success().stdout;
    assert_eq!(version, format!("cargo-migrate {}\n", env!("CARGO_PKG_VERSION")));

    // As cargo finds it.
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::iter::once(binary.parent().unwrap().to_owned()).chain(std::env::split_paths(&others));
    let path = std::env::join_paths(path).unwrap();
    let ask = |line: &[&str]| {
        let mut command = Command::new(cargo());
        project.run(command.args(line).current_dir(project.root()).env("PATH", &path))
    };
    assert_eq!(ask(&["help", "migrate"]).success().stdout, first);
    assert_eq!(ask(&["migrate", "--version"]).success().stdout, version);
    let list = ask(&["--list"]).success().stdout;
    assert!(list.lines().any(|line| line.trim() == "migrate"), "{list}");
}

#[test]
fn wrong_words_are_answered_with_right_ones() {
    let project = Project::with_chain();
    project.revision("ae1027a6acf5", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["stauts"]), @"
    exit code: 2
    ----- stderr -----
    error: unrecognized subcommand 'stauts'
    help: did you mean `status`?
    help: `cargo migrate --help` shows what can be given
    ");
    assert_transcript!(project.migrate(&["database", "rest"]), @"
    exit code: 2
    ----- stderr -----
    error: unrecognized subcommand 'rest'
    help: did you mean `reset`?
    help: `cargo migrate database --help` shows what can be given
    ");
    assert_transcript!(project.migrate(&["up", "--tagret", "x"]), @"
    exit code: 2
    ----- stderr -----
    error: unexpected argument '--tagret' found
    help: did you mean `--target`?
    help: `cargo migrate up --help` shows what can be given
    ");
    assert_transcript!(project.migrate(&["sql", "--dialect", "postgers"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'postgers' for '--dialect <DIALECT>'
    help: did you mean `postgres`?
    help: possible values: sqlite, postgres, mysql
    help: `cargo migrate sql --help` shows what can be given
    ");
    assert_transcript!(project.migrate(&["import", "--from", "alembik", "x"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'alembik' for '--from <TOOL>'
    help: did you mean `alembic`?
    help: possible values: sqlx, diesel, refinery, sea-orm, dbmate, goose, golang-migrate, flyway, alembic
    help: `cargo migrate import --help` shows what can be given
    ");
    assert_transcript!(project.migrate(&["explain", "N0013"]), @"
    exit code: 2
    ----- stderr -----
    error: `N0013` is no code
    help: did you mean `M0013`?
    help: `cargo migrate explain` lists all codes
    ");
    assert_transcript!(project.migrate(&["up", "haed"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: no revision or branch label is called `haed`; did you mean `head`?
     = [ROOT]/dev.db: the database is as before
    ");
    assert_transcript!(project.migrate(&["up", "ae1072"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: no revision or branch label is called `ae1072`; did you mean `ae1027a6acf5`?
     = [ROOT]/dev.db: the database is as before
    ");
    assert_transcript!(project.migrate(&["up", "ae1072a6acf5"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: no revision or branch label is called `ae1072a6acf5`; did you mean `ae1027a6acf5`?
     = [ROOT]/dev.db: the database is as before
    ");
    assert_transcript!(project.migrate(&["up", "--env", "devv"]), @"
    exit code: 2
    ----- stderr -----
    error: unknown environment `devv`; did you mean `dev`?
    ");
    assert_transcript!(project.migrate(&["-p", "ap", "up"]), @"
    exit code: 2
    ----- stderr -----
    error: package `ap` is no member of the workspace
    help: did you mean `-p app`?
    ");
    assert_transcript!(project.migrate(&["up", "--database-url", "postgers://me:hunter2@host/db"]), @"
    exit code: 2
    ----- stderr -----
    error: the URL `postgers://me:***@host/db` from `--database-url` has the scheme `postgers:`, which is of no known database; did you mean `postgres:`?
    ");
}
