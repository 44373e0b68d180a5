//! Revisions in Rust: what the compiler says of them, and how the command line has them run.

use std::process::Command;

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
        op.execute("ALTER TABLE account ADD COLUMN domain TEXT").await?;
        let accounts = op.query("SELECT id, email FROM account");
        for (id, email) in accounts.fetch_all::<(i64, String)>().await? {
            let domain = email.split('@').nth(1).ok_or("no domain")?;
            let update = op.query("UPDATE account SET domain = ? WHERE id = ?");
            update.bind(domain).bind(id).execute().await?;
        }
        crate::nothing();
        op.execute("CREATE INDEX account_domain ON account (domain)").await
    }

    async fn down(op: &mut Operations<'_>) -> Result<()> {
        op.execute("DROP INDEX account_domain; ALTER TABLE account DROP COLUMN domain").await
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
    insta::assert_snapshot!(wrong("impl Revision for Migration", "impl Migration"), @"");
    insta::assert_snapshot!(wrong("async fn down(_: &mut Operations<'_>) -> Result<()> {\n        Ok(())", "fn down(_: &mut Operations<'_>) -> Result<()> {\n        Ok(())"), @"");
    insta::assert_snapshot!(wrong("up(op: &mut Operations", "up(op: &Operations"), @"");
    insta::assert_snapshot!(wrong("down(_: &mut Operations<'_>) -> Result<()> {\n        Ok(())", "down(_: &mut Operations<'_>) -> Option<()> {\n        Some(())"), @"");
    insta::assert_snapshot!(wrong("fn up(", "fn upp("), @"");
    insta::assert_snapshot!(wrong("pub struct Migration;", "struct Migration;"), @"");
    insta::assert_snapshot!(wrong("        op.execute(\"SELECT 1\").await", "        let held = std::rc::Rc::new(1);\n        op.execute(\"SELECT 1\").await?;\n        drop(held);\n        Ok(())"), @"");
    insta::assert_snapshot!(check(&project, "fn down() {}\npub struct Migration {\n"), @"");
    insta::assert_snapshot!(check(&project, "use cargo_migrate::Operations;\n"), @"");
}

#[test]
fn a_revision_in_rust_needs_a_library() {
    let project = Project::initialised(&["src/main.rs"]);
    project.revision("first1", "", "SELECT 1;", "SELECT 1;");
    write(&project, &GOOD.replace("        crate::nothing();\n", ""));
    insta::assert_snapshot!(compiler(&project.cargo(&["check", "--bin", "app"])), @"
    error[E0080]: evaluation panicked: a revision in Rust needs a library: embed the chain in `src/lib.rs`, and use its `MIGRATOR` here; `cargo migrate init` does both
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
        Applying first1 first1
        Finished 1 revision applied in [TIME]
    ");
    let output = migrate(&project, &["up", "--offline"]);
    assert_eq!(output.code, Some(101), "{}", output.transcript());
    assert!(output.stderr.contains("migrations/second.rs:20:16"), "{}", output.transcript());

    write(&project, GOOD);
    assert_transcript!(migrate(&project, &["check"]), @"");
    let output = migrate(&project, &["up", "-q", "--offline"]).success();
    assert_transcript!(output, @"");
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

    // The exit code of the runner is ours.
    write(&project, &GOOD.replace("account ADD", "nowhere ADD"));
    let output = migrate(&project, &["up", "-q", "--offline"]);
    assert_transcript!(output, @"");

    write(&project, &GOOD.replace("    let domain", "let domain"));
    assert_transcript!(migrate(&project, &["check"]), @"");

    std::fs::remove_file(project.path("src/bin/migrate.rs")).unwrap();
    let manifest = project.read("Cargo.toml");
    let (before, after) = manifest.split_once("[[bin]]").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    project.write("Cargo.toml", format!("{before}{after}"));
    assert_transcript!(migrate(&project, &["up"]), @"");
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
