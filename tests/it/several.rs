//! Several named databases in one run.

use std::process::Command;

use cargo_migrate::cli::message::Message;

use crate::json::messages;
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
    assert_transcript!(project.migrate(&["plan"]), @"
    exit code: 0
    ----- stdout -----
    up first1  first1  @catalog @monitoring
    up second1  second1  @catalog @monitoring
    ----- stderr -----
    note: the database `catalog` does not exist yet; `up` creates it
    note: the database `monitoring` does not exist yet; `up` creates it
         Planned catalog, sqlite:catalog.db (from environment `dev`)
         Planned monitoring, sqlite:monitoring.db (from environment `dev`)
        Finished 2 steps, committed at the end, when all databases have succeeded; nothing was changed
    ");
    assert_transcript!(project.migrate(&["up", "--database", "catalog", "first1"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
         Planned up first1; committed at the end, all or nothing
        Applying first1 first1
        Finished 1 revision applied in [TIME]
    ");
    assert_transcript!(project.migrate(&["plan"]), @"
    exit code: 0
    ----- stdout -----
    up first1  first1  @monitoring
    up second1  second1  @catalog @monitoring
    ----- stderr -----
    note: the database `monitoring` does not exist yet; `up` creates it
         Planned catalog, [ROOT]/catalog.db (from environment `dev`)
         Planned monitoring, sqlite:monitoring.db (from environment `dev`)
        Finished 2 steps, committed at the end, when all databases have succeeded; nothing was changed
    ");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Planned catalog: up second1; committed at the end, all or nothing
         Planned monitoring: up first1, second1; committed at the end, all or nothing
        Applying second1 second1  @catalog
        Applying first1 first1  @monitoring
        Applying second1 second1  @monitoring
        Finished catalog: 1 revision applied; monitoring: 2 revisions applied; in [TIME]
    ");
    assert_transcript!(project.migrate(&["status"]), @"
    exit code: 0
    ----- stdout -----
    database: catalog, [ROOT]/catalog.db (from environment `dev`)
          at: second1

     applied  first1  first1  ([NOW] by [WHO] in [TIME])
     applied  second1  second1  ([NOW] by [WHO] in [TIME])

       total: 2 applied; nothing to do

    database: monitoring, [ROOT]/monitoring.db (from environment `dev`)
          at: second1

     applied  first1  first1  ([NOW] by [WHO] in [TIME])
     applied  second1  second1  ([NOW] by [WHO] in [TIME])

       total: 2 applied; nothing to do
    ");
    assert_transcript!(project.migrate(&["redo"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Planned catalog: down second1; committed at the end, all or nothing
         Planned monitoring: down second1; committed at the end, all or nothing
         Undoing second1 second1  @catalog
         Undoing second1 second1  @monitoring
         Planned catalog: up second1; committed at the end, all or nothing
         Planned monitoring: up second1; committed at the end, all or nothing
        Applying second1 second1  @catalog
        Applying second1 second1  @monitoring
        Finished 1 revision undone and applied again in 2 databases in [TIME]
    ");
    assert_transcript!(project.migrate(&["down", "--transaction=revision", "base"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Planned catalog: down second1, first1; committed in 2 parts
         Planned monitoring: down second1, first1; committed in 2 parts
         Undoing second1 second1  @catalog
         Undoing second1 second1  @monitoring
         Undoing first1 first1  @catalog
         Undoing first1 first1  @monitoring
        Finished catalog: 2 revisions undone; monitoring: 2 revisions undone; in [TIME]
    ");
    project.migrate(&["status", "--check"]);
    assert_transcript!(project.migrate(&["stamp", "head"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Stamped first1 first1
         Stamped second1 second1
        Finished catalog: 2 revisions stamped; none was run or undone
         Stamped first1 first1
         Stamped second1 second1
        Finished monitoring: 2 revisions stamped; none was run or undone
    ");
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
        Finished nothing is wrong with what is recorded
    ");
    assert_eq!(project.migrate(&["status", "--check"]).success().code, Some(0));
    assert_transcript!(project.migrate(&["repair", "second1", "--accept"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain is for several databases: which one is to be repaired?
    help: say it with `--database`: `catalog` and `monitoring`
    ");
}

#[test]
fn databases_that_are_apart_say_so() {
    let project = project();
    project.migrate(&["up", "first1"]).success();
    project.migrate(&["up", "--database", "catalog"]).success();
    assert_transcript!(project.migrate(&["down"]), @"
    exit code: 2
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
    error: the databases are not at the same place, from which `-1` could count
     = note: `catalog` is at `second1`
     = note: `monitoring` is at `first1`
     = `catalog` ([ROOT]/catalog.db): the database is as before
     = `monitoring` ([ROOT]/monitoring.db): the database is as before
     = help: name the revision, or bring them to one place first: `up` does
     = help: or choose one of them with `--database`
    ");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Planned monitoring: up second1; committed at the end, all or nothing
        Applying second1 second1  @monitoring
        Finished catalog: nothing to do; monitoring: 1 revision applied; in [TIME]
    ");
    project.sqlite3("monitoring.db", "DROP TABLE a");
    assert_transcript!(project.migrate(&["down", "first1"]), @"
    exit code: 1
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Planned catalog: down second1; committed at the end, all or nothing
         Planned monitoring: down second1; committed at the end, all or nothing
         Undoing second1 second1  @catalog
         Undoing second1 second1  @monitoring
    error: statement 1 of revision `second1` failed: no such table: a
      --> migrations/second1.sql:16:1
       |
    16 | DELETE FROM a;
       | ^
     = `monitoring` ([ROOT]/monitoring.db): the database is as before
     = `catalog` ([ROOT]/catalog.db): the database is as before
     = help: correct the statement in the file (a *down* may be edited), and run `down` again
    ");
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
    assert_transcript!(project.migrate(&["up", url]), @"
    exit code: 2
    ----- stderr -----
    error: `--database-url` is the URL of one database, and there are several; say with `--database` which of `monitoring`, `catalog` it is, or choose an environment with `--env`
    ");
    let one = [("DATABASE_URL", "sqlite:x.db")];
    assert_transcript!(with(&project, &["up"], &one), @"
    exit code: 2
    ----- stderr -----
    error: `DATABASE_URL` is the URL of one database, and there are several; say with `--database` which of `monitoring`, `catalog` it is, or choose an environment with `--env`
    ");
    let half = [("DATABASE_URL_CATALOG", "sqlite:x.db")];
    assert_transcript!(with(&project, &["up"], &half), @"
    exit code: 2
    ----- stderr -----
    error: `DATABASE_URL_CATALOG` is set, and nothing says where database `monitoring` is; set `DATABASE_URL_MONITORING`, or choose an environment with `--env`
    ");
    let same =
        [("DATABASE_URL_CATALOG", "sqlite:x.db"), ("DATABASE_URL_MONITORING", "sqlite:./x.db")];
    assert_transcript!(with(&project, &["up"], &same), @"
    exit code: 2
    ----- stderr -----
    error: the databases `catalog` and `monitoring` are one database, where the records of one would be taken for those of the other; give each its own URL
    ");
    assert_transcript!(project.migrate(&["up", "--database", "catalogue"]), @"
    exit code: 2
    ----- stderr -----
    error: unknown database `catalogue`; did you mean `catalog`?
    ");
    assert_transcript!(project.migrate(&["show", "current"]), @"
    exit code: 2
    ----- stderr -----
    error: there are several databases; choose one of `monitoring`, `catalog` with `--database`
    ");
    let both =
        [("DATABASE_URL_CATALOG", "sqlite:lc.db"), ("DATABASE_URL_MONITORING", "sqlite:y.db")];
    assert_transcript!(with(&project, &["up"], &both), @"
    exit code: 0
    ----- stderr -----
        Database catalog, sqlite:lc.db (from `DATABASE_URL_CATALOG`)
        Database monitoring, sqlite:y.db (from `DATABASE_URL_MONITORING`)
         Planned catalog: up first1, second1; committed at the end, all or nothing
         Planned monitoring: up first1, second1; committed at the end, all or nothing
        Applying first1 first1  @catalog
        Applying second1 second1  @catalog
        Applying first1 first1  @monitoring
        Applying second1 second1  @monitoring
        Finished catalog: 2 revisions applied; monitoring: 2 revisions applied; in [TIME]
    ");
    assert_transcript!(with(&project, &["down"], &both), @"
    exit code: 1
    ----- stderr -----
        Database catalog, sqlite:lc.db (from `DATABASE_URL_CATALOG`)
        Database monitoring, sqlite:y.db (from `DATABASE_URL_MONITORING`)
    error: environment `live` protects these databases, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `down --yes`
    ");
    assert_transcript!(project.migrate(&["down", "--env", "live"]), @"
    exit code: 1
    ----- stderr -----
        Database catalog, sqlite:lc.db (from environment `live`)
        Database monitoring, sqlite:lm.db (from environment `live`)
    error: environment `live` protects these databases, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `down --yes`
    ");
}

#[test]
fn messages_say_which_database_they_are_about() {
    let project = project();
    let told = |args: &[&str]| -> Vec<String> {
        let output = project.migrate(&[args, &["--message-format", "json"]].concat());
        let word = |message: Message| match message {
            Message::Turned(turned) => format!("on {}", turned.database),
            Message::Database(database) => format!("at {}", database.name.unwrap()),
            Message::Plan(plan) => format!("plan {}", plan.steps.len()),
            Message::RunStarted(started) => format!("run {}", started.plan.steps.len()),
            Message::RevisionStarted(started) => started.revision,
            Message::Committed(committed) => format!("commit {}", committed.revisions.len()),
            Message::Report(report) => format!("report {}", report.steps.len()),
            Message::Status(status) => format!("status {}", status.counts.applied),
            Message::Stamp(stamp) => format!("stamp {}", stamp.recorded.len()),
            _ => String::new(),
        };
        let mut words: Vec<String> = messages(&output).into_iter().map(word).collect();
        words.retain(|word| !word.is_empty());
        words
    };
    let (at, c, m) = (["at catalog", "at monitoring"], "on catalog", "on monitoring");
    assert_eq!(told(&["plan"]), [&at[..], &[c, "plan 2", m, "plan 2"]].concat());
    let run = [c, "run 2", m, "run 2", c, "first1", "second1", m, "first1", "second1"];
    let end = [c, "commit 2", m, "commit 2", c, "report 2", m, "report 2"];
    assert_eq!(told(&["up"]), [&at[..], &run, &end].concat());
    assert_eq!(told(&["status"]), [c, "status 2", m, "status 2"]);
    assert_eq!(told(&["stamp", "base"]), [&at[..], &[c, "stamp 0", m, "stamp 0"]].concat());
}
