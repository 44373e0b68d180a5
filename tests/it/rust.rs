//! Revisions in Rust: what the compiler says of them, and how the command line has them run.

use std::process::Command;

use cargo_migrate::cli::message::Message;

use crate::json::messages;
use crate::support::{Output, Project, assert_transcript};

/// A package with a library, ready to be built.
fn project() -> Project {
    let project = Project::initialised(&["src/lib.rs"]);
    project.revision(
        "first1",
        "",
        "CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT);\n\
         INSERT INTO account (email) VALUES ('a@x'), ('b@y');",
        "DROP TABLE account;",
    );
    project
}

/// Writes a revision in Rust with this below its header.
fn write(project: &Project, code: &str) {
    let header = "//! second\n//!\n//! revision: second\n//! revises: first1\n\n";
    project.write("migrations/second.rs", format!("{header}{code}"));
}

const GOOD: &str = r#"use cargo_migrate::{Operations, Result, Revision};

pub struct Migration;

impl Revision for Migration {
    async fn up(op: &mut Operations<'_>) -> Result<()> {
        op.execute("ALTER TABLE account ADD COLUMN domain TEXT")
            .await?;
        let accounts = op.query("SELECT id, email FROM account");
        for (id, email) in accounts.fetch_all::<(i64, String)>().await? {
            let domain = email.split('@').nth(1).ok_or("no domain")?;
            let update = op.query("UPDATE account SET domain = ? WHERE id = ?");
            update.bind(domain).bind(id).execute().await?;
        }
        crate::nothing();
        op.execute("CREATE INDEX account_domain ON account (domain)")
            .await
    }

    async fn down(op: &mut Operations<'_>) -> Result<()> {
        op.execute("DROP INDEX account_domain; ALTER TABLE account DROP COLUMN domain")
            .await
    }
}
"#;

/// rustc's errors and warnings, without cargo's own progress.
fn compiler(output: &Output) -> String {
    let lines = output
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("error") && !line.starts_with("warning"));
    let mut text: Vec<&str> = lines.collect();
    text.retain(|line| !line.starts_with("error: could not compile"));
    text.retain(|line| !line.starts_with("For more information"));
    text.retain(|line| !line.starts_with("Some errors have"));
    let text = text.join("\n");
    // Where cargo has put the generated code.
    let mut lines = Vec::new();
    let mut is_ours = false;
    for line in text.lines() {
        lines.push(match line.split_once("--> ") {
            Some((before, place)) if place.contains("/out/cargo_migrate.rs") => {
                format!("{before}--> [OUT]/cargo_migrate.rs")
            }
            // The line that it quotes moves with every change of ours.
            Some((before, place)) if place.starts_with("[REPOSITORY]") => {
                is_ours = true;
                format!("{before}--> {}", place.split(':').next().unwrap_or_default())
            }
            _ => line.to_owned(),
        });
        if line.is_empty() {
            is_ours = false;
        }
        if is_ours
            && line.contains(" | ")
            && line.trim_start().starts_with(|c: char| c.is_ascii_digit())
        {
            lines.pop();
        }
    }
    lines.join("\n").trim().to_owned()
}

fn check(project: &Project, code: &str) -> String {
    write(project, code);
    compiler(&project.cargo(&["check", "--lib"]))
}

/// `cargo migrate` with a target directory that all tests share.
fn migrate(project: &Project, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.arg("migrate").args(args).current_dir(project.root());
    project.run(command.env("CARGO_TARGET_DIR", Project::target()))
}

/// As little as a revision can be.
const SMALL: &str = r#"use cargo_migrate::{Operations, Result, Revision};

pub struct Migration;

impl Revision for Migration {
    async fn up(op: &mut Operations<'_>) -> Result<()> {
        op.execute("SELECT 1").await
    }

    async fn down(_: &mut Operations<'_>) -> Result<()> {
        Ok(())
    }
}
"#;

#[test]
fn mistakes_are_told_in_the_file_of_the_revision() {
    let project = project();
    assert_eq!(check(&project, GOOD), "");
    let wrong = |from: &str, to: &str| {
        assert!(SMALL.contains(from), "{from}");
        check(&project, &SMALL.replacen(from, to, 1))
    };
    insta::assert_snapshot!(wrong("impl Revision for Migration", "impl Migration"), @"
    error: `Migration` does not implement `Revision` [M0037]
             --> migrations/second.rs:10:6
              |
           10 | impl Migration {
              |      ^^^^^^^^^ this implements no trait
              |
              = help: write `impl Revision for Migration`
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    ");
    insta::assert_snapshot!(wrong("async fn down(_: &mut Operations<'_>) -> Result<()> {\n        Ok(())", "fn down(_: &mut Operations<'_>) -> Result<()> {\n        Ok(())"), @"
    error[E0277]: `Result<(), RevisionError>` is not a future
      --> [ROOT]/migrations/second.rs:15:40
       |
    15 |     fn down(_: &mut Operations<'_>) -> Result<()> {
       |                                        ^^^^^^^^^^ `Result<(), RevisionError>` is not a future
       |
       = help: the trait `Future` is not implemented for `Result<(), RevisionError>`
    note: required by a bound in `cargo_migrate::Revision::down::{anon_assoc#0}`
      --> [REPOSITORY]/src/runtime/operations/revision.rs
       |
       |                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^ required by this bound in `Revision::down::{anon_assoc#0}`
    ");
    insta::assert_snapshot!(wrong("up(op: &mut Operations", "up(op: &Operations"), @r#"
    error[E0053]: method `up` has an incompatible type for trait
      --> [ROOT]/migrations/second.rs:11:21
       |
    11 |     async fn up(op: &Operations<'_>) -> Result<()> {
       |                     ^^^^^^^^^^^^^^^ types differ in mutability
       |
       = note: expected signature `fn(&mut Operations<'_>) -> _`
                  found signature `fn(&Operations<'_>) -> _`
    help: change the parameter type to match the trait
       |
    11 |     async fn up(op: &mut Operations<'_>) -> Result<()> {
       |                      +++

    error[E0596]: cannot borrow `*op` as mutable, as it is behind a `&` reference
      --> [ROOT]/migrations/second.rs:12:9
       |
    12 |         op.execute("SELECT 1").await
       |         ^^ `op` is a `&` reference, so it cannot be borrowed as mutable
       |
    help: consider specifying this binding's type
       |
    11 |     async fn up(op: &mut Operations<'_>: &Operations<'_>) -> Result<()> {
       |                   +++++++++++++++++++++
    "#);
    insta::assert_snapshot!(wrong("down(_: &mut Operations<'_>) -> Result<()> {\n        Ok(())", "down(_: &mut Operations<'_>) -> Option<()> {\n        Some(())"), @"
    error[E0271]: expected `impl Future<Output = Option<()>>` to be a future that resolves to `Result<(), RevisionError>`, but it resolves to `Option<()>`
      --> [ROOT]/migrations/second.rs:15:46
       |
    15 |     async fn down(_: &mut Operations<'_>) -> Option<()> {
       |                                              ^^^^^^^^^^ expected `Result<(), RevisionError>`, found `Option<()>`
       |
       = note: expected enum `Result<(), RevisionError>`
                  found enum `Option<()>`
    note: required by a bound in `cargo_migrate::Revision::down::{anon_assoc#0}`
      --> [REPOSITORY]/src/runtime/operations/revision.rs
       |
       |                                                     ^^^^^^^^^^^^^^^^^^^ required by this bound in `Revision::down::{anon_assoc#0}`
    ");
    insta::assert_snapshot!(wrong("fn up(", "fn upp("), @r#"
    error[E0407]: method `upp` is not a member of trait `Revision`
      --> [ROOT]/migrations/second.rs:11:5
       |
    11 |       async fn upp(op: &mut Operations<'_>) -> Result<()> {
       |       ^        --- help: there is an associated function with a similar name: `up`
       |  _____|
       | |
    12 | |         op.execute("SELECT 1").await
    13 | |     }
       | |_____^ not a member of trait `Revision`

    error[E0046]: not all trait items implemented, missing: `up`
      --> [ROOT]/migrations/second.rs:10:1
       |
    10 | impl Revision for Migration {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^ missing `up` in implementation
       |
       = help: implement the missing item: `fn up(_: &mut Operations<'_>) -> impl Future<Output = Result<(), RevisionError>> + Send { todo!() }`
    "#);
    insta::assert_snapshot!(wrong("pub struct Migration;", "struct Migration;"), @"
    error: `Migration` is private [M0037]
            --> migrations/second.rs:8:8
             |
           8 | struct Migration;
             |        ^^^^^^^^^ the migrator does not see it
             |
             = help: write `pub struct Migration`
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    ");
    insta::assert_snapshot!(wrong("        op.execute(\"SELECT 1\").await", "        let held = std::rc::Rc::new(1);\n        op.execute(\"SELECT 1\").await?;\n        drop(held);\n        Ok(())"), @r#"
    error: future cannot be sent between threads safely
      --> [ROOT]/migrations/second.rs:11:45
       |
    11 |     async fn up(op: &mut Operations<'_>) -> Result<()> {
       |                                             ^^^^^^^^^^ future returned by `up` is not `Send`
       |
       = help: within `impl Future<Output = Result<(), RevisionError>>`, the trait `Send` is not implemented for `Rc<i32>`
    note: future is not `Send` as this value is used across an await
      --> [ROOT]/migrations/second.rs:13:32
       |
    12 |         let held = std::rc::Rc::new(1);
       |             ---- has type `Rc<i32>` which is not `Send`
    13 |         op.execute("SELECT 1").await?;
       |                                ^^^^^ await occurs here, with `held` maybe used later
    note: required by a bound in `cargo_migrate::Revision::up::{anon_assoc#0}`
      --> [REPOSITORY]/src/runtime/operations/revision.rs
       |
       |                                                                          ^^^^ required by this bound in `Revision::up::{anon_assoc#0}`
    "#);
    insta::assert_snapshot!(wrong("        Ok(())\n    }\n}", "        Ok(())\n    }\n"), @"
    error: this file contains an unclosed delimiter
      --> [ROOT]/migrations/second.rs:18:2
       |
    10 | impl Revision for Migration {
       |                             - unclosed delimiter
    ...
    18 |
       | ^
    ");
    insta::assert_snapshot!(check(&project, "use cargo_migrate::Operations;\n"), @r#"
    error: this revision in Rust has no `Migration` [M0037]
            --> migrations/second.rs:3:15
             |
           3 | //! revision: second
             |               ^^^^^^
             |
             = note: what runs is `up` and `down` of `impl Revision for Migration`
             = help: write `pub struct Migration;` and `impl Revision for Migration { … }` into it
             = help: `cargo migrate new --rust "message"` writes a file that has both
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    "#);
}

#[test]
fn a_revision_in_rust_needs_a_library() {
    let project = Project::initialised(&["src/main.rs"]);
    project.revision("first1", "", "SELECT 1;", "SELECT 1;");
    write(&project, &GOOD.replace("        crate::nothing();\n", ""));
    insta::assert_snapshot!(compiler(&project.cargo(&["check", "--bin", "app"])), @"
    error[E0080]: evaluation panicked: a revision in Rust needs a library: write `cargo_migrate::embed!();` into `src/lib.rs`, and use its `MIGRATOR` here
     --> src/main.rs:1:1
      |
    1 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^ evaluation of `_` failed here
      |
      = note: this error originates in the macro `$crate::panic::panic_2021` which comes from the expansion of the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    ");
}

#[test]
fn the_runner_is_built_where_the_plan_has_a_revision_in_rust() {
    let project = project();
    // Plain SQL: nothing is compiled, so it does not matter that this could not be.
    write(&project, &GOOD.replace("crate::nothing()", "crate::nowhere()"));
    assert_transcript!(migrate(&project, &["up", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    up first1  first1
    up second  second
    ----- stderr -----
    note: the database does not exist yet; `up` creates it
         Planned sqlite:dev.db (from environment `dev`)
        Finished 2 steps, committed at the end, all or nothing; nothing was changed
    ");
    assert_transcript!(migrate(&project, &["up", "first1"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned up first1; committed at the end, all or nothing
        Applying first1 first1
        Finished 1 revision applied in [TIME]
    ");
    let output = migrate(&project, &["up", "--offline"]);
    assert_eq!(output.code, Some(101), "{}", output.transcript());
    assert!(output.stderr.contains("migrations/second.rs:20:16"), "{}", output.transcript());
    let json = "--message-format=json";
    let output = migrate(&project, &["up", "--offline", json]);
    // cargo's own output is for people.
    assert!(output.stderr.contains("migrations/second.rs:20:16"), "{}", output.transcript());
    let last = messages(&output).pop();
    assert!(matches!(last, Some(Message::Failure(it)) if it.exit_code == 101));

    write(&project, GOOD);
    assert_transcript!(migrate(&project, &["check"]), @"
    exit code: 0
    ----- stderr -----
         Checked 2 revisions, head `second`
    ");
    let output = migrate(&project, &["up", "-q", "--offline"]).success();
    assert_transcript!(output, @"exit code: 0");
    assert_eq!(project.sqlite3("dev.db", "SELECT domain FROM account"), "x\ny\n");
    let output = migrate(&project, &["down", "--offline"]).success();
    let ours: Vec<&str> =
        output.stderr.lines().skip_while(|line| !line.contains("Database")).collect();
    assert!(
        ours.iter().any(|line| line.contains("(from environment `dev`)")),
        "{}",
        output.transcript()
    );
    assert!(ours.iter().any(|line| line.contains("Undoing second")), "{}", output.transcript());

    // Its messages are ours, too, and what a revision prints is for people.
    write(&project, &GOOD.replace("crate::nothing()", "println!(\"{{\\\"so\\\": 1}}\")"));
    let output = migrate(&project, &["up", "-v", "--offline", json]);
    let told = messages(&output);
    let is_report = |it: &Message| matches!(it, Message::Report(report) if report.steps.len() == 1);
    assert!(told.iter().any(is_report), "{}", output.transcript());
    assert!(output.stderr.contains("{\"so\": 1}\n"), "{}", output.transcript());
    migrate(&project, &["down", "-q", "--offline"]).success();

    // The exit code of the runner is ours.
    write(&project, &GOOD.replace("account ADD", "nowhere ADD"));
    let output = migrate(&project, &["up", "-q", "--offline"]);
    assert_transcript!(output, @r#"
    exit code: 1
    ----- stderr -----
    error: revision `second` failed: no such table: nowhere
      --> migrations/second.rs:12:12
       |
    12 |         op.execute("ALTER TABLE nowhere ADD COLUMN domain TEXT")
       |            ^
     = note: the statement: ALTER TABLE nowhere ADD COLUMN domain TEXT
     = [ROOT]/dev.db: the database is as before
     = help: correct the revision, and run `up` again
    "#);
    let output = migrate(&project, &["up", "-q", "--offline", json]);
    let Some(Message::Failure(failure)) = messages(&output).pop() else {
        panic!("{}", output.transcript())
    };
    assert_eq!(failure.place.unwrap().line, Some(12));
    assert_eq!(output.stderr.matches("error:").count(), 1, "{}", output.transcript());

    write(&project, &GOOD.replace("    let domain", "let domain"));
    assert_transcript!(migrate(&project, &["check"]), @"
    exit code: 1
    ----- stderr -----
    error[M0070]: this revision is not formatted as rustfmt would
    --> migrations/second.rs
     = help: `rustfmt --edition 2024 migrations/second.rs` formats it

    error: the chain is valid, but not all about it is in order: 1 error
    ");

    std::fs::remove_file(project.path("src/bin/migrate.rs")).unwrap();
    let manifest = project.read("Cargo.toml");
    let (before, after) = manifest.split_once("[[bin]]").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    project.write("Cargo.toml", format!("{before}{after}"));
    assert_transcript!(migrate(&project, &["up"]), @"
    exit code: 1
    ----- stderr -----
    error: a revision in Rust is part of the plan, and package `app` has no binary `migrate` to run it
    help: `cargo migrate init -p app` writes `src/bin/migrate.rs` again
    ");
}

#[test]
fn a_new_revision_in_rust_compiles_and_does_nothing_unwritten() {
    let project = project();
    assert_transcript!(migrate(&project, &["new", "fill in names", "--rust", "--rev-id", "second"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_second_fill_in_names.rs
    ----- stderr -----
         Created revision second
    ");
    project.cargo(&["check", "--lib", "--quiet"]).success();
    assert_transcript!(migrate(&project, &["check"]), @"
    exit code: 0
    ----- stderr -----
         Checked 2 revisions, head `second`
    ");
    let output = migrate(&project, &["up", "-q", "--offline"]);
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    assert!(
        output.stderr.contains("there is no statement in this text"),
        "{}",
        output.transcript()
    );
}
