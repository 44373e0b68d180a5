//! The editor, the question for a message, and what runs on files that were written.

#![cfg(unix)]

use std::process::Command;

use crate::support::{Output, Project, assert_transcript};

fn project() -> Project {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project
}

fn edit(project: &Project, editor: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.args(["migrate", "edit"]).args(arguments).current_dir(project.root());
    if !editor.is_empty() {
        command.env("EDITOR", editor);
    }
    project.run(&mut command)
}

#[test]
fn a_revision_is_edited_and_the_chain_judged() {
    let project = project();
    assert_transcript!(edit(&project, "", &[]), @"
    exit code: 2
    ----- stderr -----
    error: no variable says which editor to use
    help: set VISUAL or EDITOR, as in `EDITOR=nano cargo migrate edit`
    ");
    assert_transcript!(edit(&project, "sed -i 's/b (x)/b (y)/'", &[]), @"
    exit code: 0
    ----- stdout -----
    migrations/second.sql
    ----- stderr -----
         Editing migrations/second.sql
    ");
    assert!(project.read("migrations/second.sql").contains("CREATE TABLE b (y);"));
    assert_transcript!(edit(&project, "true", &["first1"]), @"
    exit code: 0
    ----- stderr -----
         Editing migrations/first1.sql
    note: `migrations/first1.sql` was left as it was
    ");
    assert_transcript!(edit(&project, "false", &["first1"]), @"
    exit code: 1
    ----- stderr -----
         Editing migrations/first1.sql
    error: the editor `false` ended with exit status: 1
    help: look at `migrations/first1.sql`: it may have been written before
    help: set VISUAL or EDITOR, as in `EDITOR=nano cargo migrate edit`
    ");
    assert_transcript!(edit(&project, "sed -i 's/revises: first1/revises: fist1/'", &["head"]), @"
    exit code: 4
    ----- stdout -----
    migrations/second.sql
    ----- stderr -----
         Editing migrations/second.sql
    error[M0013]: unknown parent revision `fist1`
     --> migrations/second.sql:4:13
      |
    4 | -- revises: fist1
      |             ^^^^^ no revision has this id
      |
      = help: did you mean `first1`?

    error: the chain is invalid now: 1 error
    help: open `migrations/second.sql` again: every command needs a valid chain
    ");
}

#[test]
fn without_a_terminal_nobody_is_asked_for_a_message() {
    let project = project();
    assert_transcript!(project.migrate(&["new"]), @r#"
    exit code: 2
    ----- stderr -----
    error: a revision needs a message, and there is no terminal to ask for it
    help: as in `cargo migrate new "create account"`
    "#);
}

#[test]
fn a_hook_formats_what_was_written_and_nothing_else() {
    let project = project();
    let with = |hook: &str| {
        let manifest = project.read("Cargo.toml");
        let manifest = manifest.split("\n[package.metadata.migrate.hooks]").next().unwrap();
        let hooks = format!("{manifest}\n[package.metadata.migrate.hooks]\n{hook}\n");
        project.write("Cargo.toml", hooks);
    };
    with("sql = ['sed', '-i', 's/^-- migrate:down/-- the way back\\n&/']");
    let output = project.migrate(&["new", "third step", "--rev-id", "third1"]).success();
    assert!(project.read(output.stdout.trim()).contains("-- the way back\n-- migrate:down"));

    with("sql = ['sh', '-c', 'echo no idea >&2; exit 3', 'sh', '{file}']");
    assert_transcript!(project.migrate(&["new", "a", "--rev-id", "fourth"]), @"
    exit code: 1
    ----- stderr -----
         Created revision fourth
         Running sh on migrations/[DATE]_fourth_a.sql
    error: `migrations/[DATE]_fourth_a.sql` is written, but its hook `sh` failed (exit status: 3): no idea
    help: correct `hooks.sql` in `[package.metadata.migrate]`; nothing has to be written again
    ");
    with("sql = ['no-such-formatter']");
    assert_transcript!(project.migrate(&["new", "c", "--rev-id", "sixth1"]), @"
    exit code: 1
    ----- stderr -----
         Created revision sixth1
         Running no-such-formatter on migrations/[DATE]_sixth1_c.sql
    error: `migrations/[DATE]_sixth1_c.sql` is written, but its hook `no-such-formatter` cannot be started: No such file or directory (os error 2)
    help: correct `hooks.sql` in `[package.metadata.migrate]`; nothing has to be written again
    ");
    with("sql = ['sed', '-i', 's/revision: fifth1/revision: other1/']");
    assert_transcript!(project.migrate(&["new", "b", "--rev-id", "fifth1"]), @"
    exit code: 1
    ----- stderr -----
         Created revision fifth1
         Running sed on migrations/[DATE]_fifth1_b.sql
    error: `migrations/[DATE]_fifth1_b.sql` is written, but its hook `sed` has made another revision of it, or none
    help: correct `hooks.sql` in `[package.metadata.migrate]`; nothing has to be written again
    help: `cargo migrate check` says what is wrong with it now
    ");
    with("sql = 'rustfmt'\nrs = ['rustfmt']\nrust = ['']");
    assert_transcript!(project.migrate(&["heads"]), @r#"
    exit code: 1
    ----- stderr -----
    error[M0052]: `hooks.sql` must be an array of strings, not a string
      --> Cargo.toml:16:7
       |
    16 | sql = 'rustfmt'
       |       ^^^^^^^^^ expected an array of strings
       |
       = help: write `hooks.sql = ["rustfmt"]`

    error[M0051]: unknown key `rs` in `hooks`
      --> Cargo.toml:17:1
       |
    17 | rs = ['rustfmt']
       | ^^ not a key of this table
       |
       = help: the keys are `sql`, `rust`

    error[M0052]: `hooks.rust` names no program
      --> Cargo.toml:18:8
       |
    18 | rust = ['']
       |        ^^^^ expected a program and its arguments
       |
       = help: write for example `rust = ["PROGRAM", "ARGUMENT"]`, or remove the key

    error: the migrations cannot be read: 3 errors; nothing was changed
    help: `cargo migrate explain M0052` tells more
    "#);
}
