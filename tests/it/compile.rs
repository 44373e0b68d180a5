//! What the compiler says: real cargo builds of packages with broken chains.

use std::path::PathBuf;

use crate::support::{Output, Project, repository};

/// rustc's errors and warnings, without cargo's own progress.
fn compiler(output: &Output) -> String {
    let mut lines = Vec::new();
    for line in output.stderr.lines() {
        let progress = [
            "   Compiling",
            "    Checking",
            "    Updating",
            "     Locking",
            "    Finished",
            "      Adding",
            "   Downloading",
            "  Downloaded",
            "    Blocking",
            "warning: build failed",
            "error: could not compile",
        ];
        if !progress.iter().any(|start| line.starts_with(start)) {
            lines.push(line);
        }
    }
    lines.join("\n").trim().to_owned()
}

fn check(project: &Project) -> Output {
    project.cargo(&["check", "--lib"])
}

/// A package whose library uses its migrator, so that knock-on errors would show.
fn using() -> Project {
    let project = Project::initialised(&["src/lib.rs"]);
    project.append(
        "src/lib.rs",
        "\n/// Uses it.\npub fn migrator() -> &'static cargo_migrate::Migrator {\n    &MIGRATOR\n}\n",
    );
    project
}

#[test]
fn every_problem_of_the_chain_is_an_error_at_the_embed_line() {
    let project = using();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("second", "frist1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project.write("migrations/third1.sql", "-- third\n--\n-- revision: third1\n-- revises: first1\n-- depend-on: x\n\n-- migrate:up\nBEGIN;\n");
    let output = check(&project);
    assert_eq!(output.code, Some(101));
    insta::assert_snapshot!(compiler(&output), @"
    error: unknown parent revision `frist1` [M0013]
            --> migrations/second.sql:4:13
             |
           4 | -- revises: frist1
             |             ^^^^^^ no revision has this id
             |
             = help: did you mean `first1`?
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)

    error: this revision has no down section [M0026]
            --> migrations/third1.sql:3:14
             |
           3 | -- revision: third1
             |              ^^^^^^
             |
             = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
             = help: or, if there is no way back, `-- irreversible: WHY` in the header
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)

    error: unknown key `depend-on` in the header [M0004]
            --> migrations/third1.sql:5:4
             |
           5 | -- depend-on: x
             |    ^^^^^^^^^
             |
             = help: did you mean `depends-on`?
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)

    error: unknown dependency `x` [M0014]
            --> migrations/third1.sql:5:15
             |
           5 | -- depend-on: x
             |               ^ no revision has this id or branch label
             |
             = help: `cargo migrate history` lists the revisions; perhaps a file was not committed
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)

    error: a revision cannot begin or end a transaction itself [M0028]
            --> migrations/third1.sql:8:1
             |
           8 | BEGIN;
             | ^^^^^ the revision already runs inside one, with its tracking row
             |
             = help: remove the statement
             = help: or write `-- transaction: none` in the header to run outside a transaction
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    ");

    let json = project.cargo(&["check", "--lib", "--message-format=json"]);
    let messages: Vec<&str> = json
        .stdout
        .lines()
        .filter(|line| line.contains("\"reason\":\"compiler-message\""))
        .collect();
    let unknown = messages.iter().find(|line| line.contains("[M0013]")).unwrap();
    for part in [
        "unknown parent revision `frist1` [M0013]",
        "migrations/second.sql:4:13",
        "did you mean `first1`?",
        "\"level\":\"error\"",
        "\"file_name\":\"src/lib.rs\"",
    ] {
        assert!(unknown.contains(part), "{part} is missing in {unknown}");
    }

    project.write("migrations/third1.sql", "-- third\n--\n-- revision: third1\n-- revises: first1\n\n-- migrate:up\nDROP TABLE a;\n\n-- migrate:down\nCREATE TABLE a (x);\n");
    project.revision("second", "third1", "CREATE TABLE b (x);", "DROP TABLE b;");
    check(&project).success();
}

#[test]
fn surroundings_are_one_line_of_cargo_each() {
    let project = using();
    project.write("migrations/notes.txt", "hm");
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("dialects = ", "dialect = "));
    insta::assert_snapshot!(compiler(&check(&project)), @"
    error: app@[VERSION]: Cargo.toml:25:1: unknown key `dialect` in `package.metadata.migrate` [M0051]; help: did you mean `dialects`?
    error: build script logged errors
    ");
    project.write("Cargo.toml", &manifest);
    std::fs::remove_dir_all(project.path("migrations")).unwrap();
    insta::assert_snapshot!(compiler(&check(&project)), @"
    error: app@[VERSION]: the migrations directory `migrations` does not exist [M0054]; help: `cargo migrate init` creates it; help: or name another one: `dir` in `[package.metadata.migrate]`
    error: build script logged errors
    ");
    project.write("migrations/notes.txt", "hm");
    insta::assert_snapshot!(compiler(&check(&project).success()), @"
    warning: app@[VERSION]: migrations/notes.txt:1:1: `notes.txt` is no revision [M0032]; help: move it elsewhere, or let its name begin with `_` or `.`
    ");
}

#[test]
fn a_missing_build_script_and_one_without_the_call_are_told_apart_from_nothing() {
    let project = using();
    project.write("build.rs", "fn main() {}\n");
    insta::assert_snapshot!(compiler(&check(&project)), @"
    error: no chain was baked for this crate
           help: its `build.rs` must call the build helper: `fn main() { cargo_migrate::build::emit(); }`
           help: `cargo migrate init` writes it
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    ");
    std::fs::remove_file(project.path("build.rs")).unwrap();
    insta::assert_snapshot!(compiler(&check(&project)), @"
    error: no chain was baked for this crate
           help: its `build.rs` must call the build helper: `fn main() { cargo_migrate::build::emit(); }`
           help: `cargo migrate init` writes it
     --> src/lib.rs:3:1
      |
    3 | cargo_migrate::embed!();
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: this error originates in the macro `cargo_migrate::embed` (in Nightly builds, run with -Z macro-backtrace for more info)
    ");
}

/// The baked text, from wherever cargo put it.
fn baked(project: &Project) -> String {
    let output = project.cargo(&["check", "--lib", "--message-format=json"]).success();
    let line = output
        .stdout
        .lines()
        .rev()
        .find(|line| line.contains("build-script-executed") && line.contains("cargo_migrate"))
        .unwrap();
    let out = line.split("\"out_dir\":\"").nth(1).unwrap().split('"').next().unwrap();
    let out = out.replace("[REPOSITORY]", repository().to_str().unwrap());
    std::fs::read_to_string(PathBuf::from(out).join("cargo_migrate.text")).unwrap()
}

#[test]
fn adding_editing_and_removing_a_revision_rebuilds() {
    let project = using();
    assert_eq!(baked(&project), "");
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    assert!(baked(&project).contains("CREATE TABLE a (x);"));
    project.revision("first1", "", "CREATE TABLE a (y);", "DROP TABLE a;");
    assert!(baked(&project).contains("CREATE TABLE a (y);"));
    project.write("migrations/deep/er/second.sql", "-- s\n--\n-- revision: second\n-- revises: first1\n-- irreversible: no\n\n-- migrate:up\nSELECT 1;\n");
    assert!(baked(&project).contains("migrations/deep/er/second.sql"));
    std::fs::remove_dir_all(project.path("migrations/deep")).unwrap();
    assert!(!baked(&project).contains("second"));
    // Nothing changed: the build script does not run, and rustc neither.
    let output = project.cargo(&["check", "--lib", "-v"]).success();
    assert!(output.stderr.contains("Fresh app"), "{}", output.stderr);
}
