//! `init --xtask`, with a real build of what it writes.

use std::process::Command;

use crate::support::{Output, Project, assert_transcript, cargo, repository};

/// `cargo xtask …`, with a target directory that all tests share.
fn xtask(project: &Project, args: &[&str]) -> Output {
    let mut command = Command::new(cargo());
    command.arg("xtask").args(args).current_dir(project.root());
    command.env("CARGO_TARGET_DIR", Project::target()).env("CARGO_NET_OFFLINE", "true");
    project.run(command.env("CARGO_TERM_QUIET", "true"))
}

#[test]
fn the_commands_are_a_task_of_the_project() {
    let project = Project::package(&["src/lib.rs"]);
    let path = repository().to_str().unwrap();
    assert_transcript!(project.migrate(&["init", "--path", path, "--xtask", "--dry-run"]), @"
    exit code: 0
    ----- stderr -----
      Would edit Cargo.toml
    Would create build.rs
      Would edit src/lib.rs
    Would create src/bin/migrate.rs
    Would create migrations/.gitkeep
    Would create xtask/Cargo.toml
    Would create xtask/src/main.rs
    Would create .cargo/config.toml
    ");
    assert!(!project.path("xtask").exists());
    assert_transcript!(project.migrate(&["init", "--path", path]), @r#"
    exit code: 0
    ----- stderr -----
          Edited Cargo.toml
         Created build.rs
          Edited src/lib.rs
         Created src/bin/migrate.rs
         Created migrations/.gitkeep
    note: the development database belongs into .gitignore: `*.db`, `*.db-*`
    note: `cargo migrate new "create account"` writes the first revision
    "#);
    assert_transcript!(project.migrate(&["init", "--xtask"]), @r#"
    exit code: 0
    ----- stderr -----
          Edited Cargo.toml
         Created xtask/Cargo.toml
         Created xtask/src/main.rs
         Created .cargo/config.toml
    note: the development database belongs into .gitignore: `*.db`, `*.db-*`
    note: `cargo xtask migrate new "create account"` writes the first revision
    "#);
    assert_transcript!(project.migrate(&["init", "--xtask"]), @"
    exit code: 0
    ----- stderr -----
        Finished everything is in place already
    ");
    std::fs::copy(repository().join("Cargo.lock"), project.path("Cargo.lock")).unwrap();

    let new = ["migrate", "new", "create account", "--rev-id", "first1"];
    assert_transcript!(xtask(&project, &new), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_first1_create_account.sql
    ");
    assert_transcript!(xtask(&project, &["migrate", "up", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    up first1  create account
    ----- stderr -----
    warning: migrations/[DATE]_first1_create_account.sql:6:1: this section is empty [M0033]; help: write the SQL below it; where there is nothing to do, a comment that says why
    warning: migrations/[DATE]_first1_create_account.sql:8:1: this section is empty [M0033]; help: write the SQL below it; where there is nothing to do, a comment that says why
    note: the database does not exist yet; `up` creates it
    ");
    assert_transcript!(xtask(&project, &["migrate", "check"]), @"
    exit code: 0
    ----- stderr -----
    warning[M0033]: this section is empty
     --> migrations/[DATE]_first1_create_account.sql:6:1
      |
    6 | -- migrate:up
      | ^^^^^^^^^^^^^
      |
      = help: write the SQL below it; where there is nothing to do, a comment that says why

    warning[M0033]: this section is empty
     --> migrations/[DATE]_first1_create_account.sql:8:1
      |
    8 | -- migrate:down
      | ^^^^^^^^^^^^^^^
      |
      = help: write the SQL below it; where there is nothing to do, a comment that says why
    ");
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    xtask(&project, &["migrate", "up"]).success();
    assert!(project.schema("dev.db").contains("CREATE TABLE b"));
    let status = xtask(&project, &["migrate", "status", "--check"]).success();
    assert!(status.stdout.contains("second"), "{}", status.transcript());

    // A chain, and even a package, that does not compile keeps nobody from the task.
    project.append("migrations/second.sql", "\n-- migrate:sideways\n");
    project.write("src/lib.rs", "this is no Rust");
    let check = xtask(&project, &["migrate", "check"]);
    assert_eq!(check.code, Some(4), "{}", check.transcript());
    assert!(check.stderr.contains("[M0007]"), "{}", check.transcript());
    assert_transcript!(xtask(&project, &["migrate", "up", "1", "2"]), @"
    exit code: 2
    ----- stderr -----
    error: unexpected argument '2' found

    Usage: cargo xtask migrate up [OPTIONS] [TARGET]

    For more information, try '--help'.
    ");
}
