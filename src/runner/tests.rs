use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use clap::CommandFactory as _;

use super::*;
use crate::chain::tests::chain_of;

#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

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
    let arguments = Arguments::try_parse_from([&["migrate"], arguments].concat()).unwrap();
    let (out, err) = (Caught::default(), Caught::default());
    let ui = Ui::writers(out.clone(), err.clone(), arguments.quiet).verbose(arguments.verbose);
    let mut env = Env::new("/nowhere");
    if let Err(failure) = dispatch(&migrator, &arguments.command, &mut env, &ui) {
        ui.fail(&failure);
    }
    let text = |caught: Caught| String::from_utf8(caught.0.lock().unwrap().clone()).unwrap();
    text(out) + &text(err)
}

#[test]
fn arguments_agree_with_each_other() {
    Arguments::command().debug_assert();
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
    help: give it with `--database-url sqlite:app.db`, or set DATABASE_URL
    ");
    insta::assert_snapshot!(run(&["graph", "--applied"]), @"
    error: nothing says which database is meant
    help: give it with `--database-url sqlite:app.db`, or set DATABASE_URL
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
