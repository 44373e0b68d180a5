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

/// Runs a command line over a chain with a branch; returns what it prints, errors last.
fn run(arguments: &[&str]) -> String {
    let chain = chain_of(&[
        ("first", &[], &[]),
        ("left1", &["first"], &[]),
        ("right1", &["first"], &["left1"]),
    ]);
    let migrator = Migrator::new(chain, crate::chain::baked::Settings::default());
    let (out, err) = (Caught::default(), Caught::default());
    let ui = Ui::writers(out.clone(), err.clone());
    run_from([&["migrate"], arguments].concat(), &migrator, Env::new("/nowhere"), &ui);
    out.text() + &err.text()
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
