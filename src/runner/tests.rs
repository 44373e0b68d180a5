mod embedding;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use clap::CommandFactory as _;

use super::*;
use crate::chain::tests::chain_of;

#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

impl Caught {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Caught {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What Alembic leaves behind when it has gone up to `left1`.
#[cfg(feature = "sqlite")]
const OF_ALEMBIC: &str = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); \
                          INSERT INTO alembic_version VALUES ('left1')";

/// Runs a command line over a chain with a branch; returns what it prints, errors last.
fn run(arguments: &[&str]) -> String {
    let (out, err, _) = run_apart(arguments);
    out + &err
}

/// The same with the two streams apart, and the exit code.
fn run_apart(arguments: &[&str]) -> (String, String, Exit) {
    let chain = chain_of(&[
        ("first", &[], &[]),
        ("left1", &["first"], &[]),
        ("right1", &["first"], &["left1"]),
    ]);
    let migrator = Migrator::new(chain, crate::chain::baked::Settings::default());
    let (out, err) = (Caught::default(), Caught::default());
    let ui = Ui::writers(out.clone(), err.clone());
    let line = [&["migrate"], arguments].concat();
    let exit = run_from(line, &migrator, Env::new("/nowhere"), &ui);
    (out.text(), err.text(), exit)
}

#[test]
fn arguments_agree_with_each_other() {
    Arguments::command().debug_assert();
}

#[test]
fn a_shipped_binary_prints_scripts_and_knows_no_environment() {
    let script = run(&["sql", "first:left1"]);
    assert!(script.contains("\n-- up left1: left1"), "{script}");
    assert!(!script.contains("first: first"), "{script}");
    insta::assert_snapshot!(run(&["sql", "--env", "dev"]), @"
    error: this binary carries no environments, so there is no `dev`
    help: give the database with `--database-url` or DATABASE_URL
    ");
    insta::assert_snapshot!(run(&["sql", "right1:nowhere"]), @"error: no revision or branch label is called `nowhere`");
}

#[test]
fn a_shipped_binary_reads_its_chain_without_a_database() {
    insta::assert_snapshot!(run(&["graph"]), @"
    ●  right1 (head)  right1
    ├┄╮
    │ ●  left1 (effective head)  left1
    ├─╯
    ●  first (base)  first
    ");
    insta::assert_snapshot!(run(&["history", "-r", "first:left1", "--reverse"]), @"
    first (base)  first
    left1 (effective head)  left1
    ");
    insta::assert_snapshot!(run(&["heads"]), @"
    left1 (effective)  left1
    right1  right1
    ");
    insta::assert_snapshot!(run(&["branches"]), @"
    first (base)  first
        left1 (effective head)  left1
        right1 (head)  right1
    ");
    insta::assert_snapshot!(run(&["show", "current"]), @"
    error: nothing says which database is meant
    help: give it with `--database-url`, or set DATABASE_URL: `sqlite:app.db`, `postgres://USER:PASSWORD@HOST/DATABASE`
    ");
    insta::assert_snapshot!(run(&["graph", "--applied"]), @"
    error: nothing says which database is meant
    help: give it with `--database-url`, or set DATABASE_URL: `sqlite:app.db`, `postgres://USER:PASSWORD@HOST/DATABASE`
    ");
}

#[cfg(feature = "sqlite")]
#[test]
fn a_shipped_binary_compares_its_chain_with_a_database() {
    let database = ["--database-url", "sqlite::memory:"];
    insta::assert_snapshot!(run(&[&["graph"], &database[..]].concat()), @"
    ○  right1 (head, pending)  right1
    ├┄╮
    │ ○  left1 (effective head, pending)  left1
    ├─╯
    ○  first (base, pending)  first
        Database sqlite::memory: (from `--database-url`)
    ");
    insta::assert_snapshot!(run(&[&["show", "current"], &database[..]].concat()), @"
        Database sqlite::memory: (from `--database-url`)
    error: no revision of the chain is applied in the in-memory database
    help: `history` lists the revisions
    ");
}

#[cfg(feature = "sqlite")]
#[test]
fn a_shipped_binary_stamps_and_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    std::fs::write(&path, "").unwrap();
    let url = format!("sqlite:{}", path.display());
    let on = |arguments: &[&str]| {
        let text = run(&[arguments, &["--database-url", &url]].concat());
        text.replace(folder.path().to_str().unwrap(), "[ROOT]")
    };
    insta::assert_snapshot!(on(&["stamp", "left1"]), @"
        Database sqlite:[ROOT]/app.db (from `--database-url`)
         Stamped first first
         Stamped left1 left1
        Finished 2 revisions stamped; none was run or undone
    ");
    insta::assert_snapshot!(on(&["repair"]), @"
        Database sqlite:[ROOT]/app.db (from `--database-url`)
        Finished nothing is wrong with what is recorded
    ");
    insta::assert_snapshot!(on(&["repair", "nope", "--applied"]), @"
        Database sqlite:[ROOT]/app.db (from `--database-url`)
    error: no revision or branch label is called `nope`
     = [ROOT]/app.db: the database is as before
     = help: `status` lists the revisions
    ");
    insta::assert_snapshot!(on(&["plan"]), @"
    error: the chain has several heads: `left1` and `right1`; name one of them, or say `heads`
     = database: [ROOT]/app.db
    ");
    insta::assert_snapshot!(on(&["redo", "--dry-run"]), @"
    down left1  left1
    up left1  left1
         Planned [ROOT]/app.db (from `--database-url`)
        Finished 1 step, committed at the end, all or nothing; nothing was changed
         Planned [ROOT]/app.db (from `--database-url`)
        Finished 1 step, committed at the end, all or nothing; nothing was changed
    ");
}

#[cfg(feature = "sqlite")]
#[test]
fn every_command_of_a_shipped_binary_answers_in_messages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch(OF_ALEMBIC).unwrap();
    let url = format!("sqlite:{}", path.display());
    // In the order of clap's tree: one goes on where the one before has stopped.
    let examples: &[(&str, &[&str], bool)] = &[
        ("up", &["left1"], true),
        ("down", &[], true),
        ("redo", &["base", "--dry-run"], true),
        ("plan", &["left1"], true),
        ("sql", &["first:left1"], false),
        ("stamp", &["left1"], true),
        ("adopt", &[], true),
        ("repair", &["left1", "--accept"], true),
        ("status", &[], true),
        ("history", &["--applied"], true),
        ("graph", &[], true),
        ("heads", &[], false),
        ("branches", &[], false),
        ("show", &["left1"], false),
    ];
    for command in Arguments::command().get_subcommands() {
        let name = command.get_name();
        if name == "check" {
            // The fingerprints of this chain are made up; see the next test.
            continue;
        }
        let Some((_, arguments, on_database)) = examples.iter().find(|it| it.0 == name) else {
            panic!("`{name}` has no example here; does it know `--message-format json`?")
        };
        let mut line = vec![name, "--message-format", "json"];
        line.extend_from_slice(arguments);
        if *on_database {
            line.extend(["--database-url", &url]);
        }
        let (out, err, exit) = run_apart(&line);
        let read = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).expect(line);
            let message: message::Message = serde_json::from_value(value.clone()).expect(line);
            assert_eq!(serde_json::to_value(&message).unwrap(), value, "{line}");
            message
        };
        let messages: Vec<message::Message> = out.lines().map(read).collect();
        assert!(matches!(messages.first(), Some(message::Message::Started(_))), "{name}: {out}");
        let Some(message::Message::Finished(last)) = messages.last() else {
            panic!("{name}: {out}{err}")
        };
        assert_eq!(last.exit_code, exit.code(), "{name}");
        let beside = |it: &&message::Message| {
            !matches!(it, message::Message::Database(_) | message::Message::Note(_))
        };
        assert!(messages.iter().filter(beside).count() > 2, "{name} answers nothing: {out}");
    }
}

#[cfg(all(feature = "sqlite", feature = "build"))]
#[test]
fn a_shipped_binary_checks_itself_and_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    write("Cargo.toml", "[package]\nname = \"app\"\n[package.metadata.migrate]\n");
    write(
        "migrations/first.sql",
        "-- first\n\n-- revision: first\n\n-- migrate:up\nCREATE TABLE a (x);\n\n-- migrate:down\nDROP TABLE a;\n",
    );
    let (chain, settings) =
        crate::validate::package::package(folder.path()).unwrap().into_chain().unwrap();
    let migrator = Migrator::new(chain, settings);
    let url = format!("sqlite:{}", folder.path().join("app.db").display());
    let on = |arguments: &[&str]| {
        let (out, err) = (Caught::default(), Caught::default());
        let ui = Ui::writers(out.clone(), err.clone());
        let line = [&["migrate"], arguments, &["--database-url", &url]].concat();
        let exit = run_from(line, &migrator, Env::new("/nowhere"), &ui);
        let text = format!("exit code: {}\n{}{}", exit.code(), out.text(), err.text());
        text.replace(folder.path().to_str().unwrap(), "[ROOT]")
    };
    insta::with_settings!({filters => vec![(r"drivers? `.*`", "[DRIVERS]")]}, {
        insta::assert_snapshot!(on(&["check"]), @"
        exit code: 3
             Checked 1 revision, head `first`, [DRIVERS]
            Database sqlite:[ROOT]/app.db (from `--database-url`)
        note: the database does not exist yet; `up` creates it
        warning: 1 revision is pending: `first`
          = help: `up --database-url sqlite:[ROOT]/app.db` is next

            Finished the database is out of date
        ");
        on(&["up"]);
        insta::assert_snapshot!(on(&["check"]), @"
        exit code: 0
             Checked 1 revision, head `first`, [DRIVERS]
            Database sqlite:[ROOT]/app.db (from `--database-url`)
            Finished the database is up to date
        ");
    });
    assert!(
        on(&["check", "--message-format", "json"]).contains(r#"{"reason":"check","revisions":1,"#)
    );
}

#[test]
fn two_commands_on_one_output_are_two_streams() {
    let caught = Caught::default();
    let ui = Ui::writers(caught.clone(), io::sink());
    let migrator = Migrator::new(chain_of(&[]), crate::chain::baked::Settings::default());
    for _ in 0..2 {
        let line = ["migrate", "heads", "--message-format=json"];
        assert_eq!(run_from(line, &migrator, Env::new("/nowhere"), &ui), Exit::Done);
    }
    let text = String::from_utf8(caught.0.lock().unwrap().clone()).unwrap();
    let reasons: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(3)).collect();
    assert_eq!(reasons, ["started", "note", "finished", "started", "note", "finished"]);
}

#[cfg(feature = "sqlite")]
#[test]
fn a_shipped_binary_adopts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let url = format!("sqlite:{}", path.display());
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch(OF_ALEMBIC).unwrap();
    let on = |arguments: &[&str]| {
        let text = run(&[arguments, &["--database-url", &url]].concat());
        text.replace(folder.path().to_str().unwrap(), "[ROOT]")
    };
    insta::assert_snapshot!(on(&["adopt", "--dry-run"]), @"
    adopt first first
    adopt left1 left1
         Planned [ROOT]/app.db (from `--database-url`)
        Finished 2 revisions to adopt from alembic; nothing was changed
    ");
    insta::assert_snapshot!(on(&["adopt", "--from", "alembic"]), @"
    Database sqlite:[ROOT]/app.db (from `--database-url`)
     Adopted first first
     Adopted left1 left1
    Finished 2 revisions adopted from alembic
    ");
}
