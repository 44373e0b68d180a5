//! Several named databases in one run.

use std::process::Command;

use crate::support::{Output, Project, assert_transcript};

/// Two files, and a protected environment with two others.
fn project() -> Project {
    let project = Project::package(&["src/lib.rs"]);
    project.append(
        "Cargo.toml",
        "\n[package.metadata.migrate]\ndialects = [\"sqlite\"]\ndatabases = [\"monitoring\", \"catalog\"]\n\n\
         [package.metadata.migrate.env.dev]\n\
         databases = { monitoring = \"sqlite:monitoring.db\", catalog = \"sqlite:catalog.db\" }\n\n\
         [package.metadata.migrate.env.live]\nprotected = true\n\
         databases = { monitoring = \"sqlite:lm.db\", catalog = \"sqlite:lc.db\" }\n",
    );
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.write(
        "migrations/second1.sql",
        "-- second1\n\n-- revision: second1\n-- revises: first1\n\n-- migrate:up @catalog\nCREATE TABLE product (x);\n\n\
         -- migrate:up @monitoring\nINSERT INTO a VALUES (1);\n\n-- migrate:down @catalog\nDROP TABLE product;\n\n\
         -- migrate:down @monitoring\nDELETE FROM a;\n",
    );
    project
}

#[test]
fn a_command_is_about_all_databases_unless_one_is_chosen() {
    let project = project();
    assert_transcript!(project.migrate(&["plan"]), @"");
    assert_transcript!(project.migrate(&["up", "--database", "catalog", "first1"]), @"");
    assert_transcript!(project.migrate(&["plan"]), @"");
    assert_transcript!(project.migrate(&["up"]), @"");
    assert_transcript!(project.migrate(&["status"]), @"");
    assert_transcript!(project.migrate(&["redo"]), @"");
    assert_transcript!(project.migrate(&["down", "--transaction=revision", "base"]), @"");
    project.migrate(&["status", "--check"]);
    assert_transcript!(project.migrate(&["stamp", "head"]), @"");
    assert_transcript!(project.migrate(&["repair"]), @"");
    assert_eq!(project.migrate(&["status", "--check"]).success().code, Some(0));
    assert_transcript!(project.migrate(&["repair", "second1", "--accept"]), @"");
}

#[test]
fn databases_that_are_apart_say_so() {
    let project = project();
    project.migrate(&["up", "first1"]).success();
    project.migrate(&["up", "--database", "catalog"]).success();
    assert_transcript!(project.migrate(&["down"]), @"");
    assert_transcript!(project.migrate(&["up"]), @"");
    project.sqlite3("monitoring.db", "DROP TABLE a");
    assert_transcript!(project.migrate(&["down", "first1"]), @"");
}

fn with(project: &Project, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.arg("migrate").args(args).current_dir(project.root()).envs(variables.iter().copied());
    project.run(&mut command)
}

#[test]
fn one_url_is_not_that_of_several_databases() {
    let project = project();
    let url = "--database-url=sqlite:x.db";
    assert_transcript!(project.migrate(&["up", url]), @"");
    let one = [("DATABASE_URL", "sqlite:x.db")];
    assert_transcript!(with(&project, &["up"], &one), @"");
    let half = [("DATABASE_URL_CATALOG", "sqlite:x.db")];
    assert_transcript!(with(&project, &["up"], &half), @"");
    let same = [("DATABASE_URL_CATALOG", "sqlite:x.db"), ("DATABASE_URL_MONITORING", "sqlite:./x.db")];
    assert_transcript!(with(&project, &["up"], &same), @"");
    assert_transcript!(project.migrate(&["up", "--database", "catalogue"]), @"");
    assert_transcript!(project.migrate(&["show", "current"]), @"");
    let both = [("DATABASE_URL_CATALOG", "sqlite:lc.db"), ("DATABASE_URL_MONITORING", "sqlite:y.db")];
    assert_transcript!(with(&project, &["up"], &both), @"");
    assert_transcript!(with(&project, &["down"], &both), @"");
    assert_transcript!(project.migrate(&["down", "--env", "live"]), @"");
}
