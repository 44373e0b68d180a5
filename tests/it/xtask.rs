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

/// What can be typed next is told as it is typed there, by every command that goes wrong.
fn names_itself(project: &Project) {
    let says = |args: &[&str], expected: &[&str]| {
        let output = xtask(project, &[&["migrate"], args].concat());
        let transcript = output.transcript();
        for expected in expected {
            assert!(transcript.contains(expected), "{args:?} without {expected:?}: {transcript}");
        }
        for other in ["`cargo migrate ", "nano cargo migrate", "$ cargo migrate"] {
            assert!(!transcript.contains(other), "{args:?}: {transcript}");
        }
    };
    says(&["nope"], &["Usage: cargo xtask migrate [OPTIONS] <COMMAND>"]);
    says(
        &["heads"],
        &["note: the chain has no revision yet; `cargo xtask migrate new` writes one"],
    );
    says(&["up"], &["note: the chain has no revision yet; `cargo xtask migrate new` writes one"]);
    says(&["show", "head"], &["help: `cargo xtask migrate new` writes one"]);
    says(&["new"], &["help: as in `cargo xtask migrate new \"create account\"`"]);
    says(&["edit"], &["as in `EDITOR=nano cargo xtask migrate edit`"]);
    says(&["explain", "X"], &["help: `cargo xtask migrate explain` lists all codes"]);
    says(&["explain", "M0022"], &["`cargo xtask migrate rebase c3 --onto b2`"]);
    says(&["explain", "M0055"], &["\n$ cargo xtask migrate check\n"]);
    says(&["help", "adopt"], &["  cargo xtask migrate adopt --dry-run  "]);
    says(&["up", "--message-format", "sarif"], &["is for `cargo xtask migrate check` only"]);
    says(&["-p", "xtask", "check"], &["help: `cargo xtask migrate init -p xtask` sets it up"]);
    says(
        &["import", "migrations"],
        &["`mkdir migrations`, `cargo xtask migrate import migrations.old`"],
    );
    says(&["import", "--from", "sqlx", "src"], &["`cargo xtask migrate import --from sqlx DIR`"]);
    project.sqlite3(
        "dev.db",
        "CREATE TABLE _sqlx_migrations (version, description, installed_on, success, checksum, execution_time); \
         INSERT INTO _sqlx_migrations VALUES (1, 'a', '2026-01-01 00:00:00', 1, x'00', 1);",
    );
    says(&["database", "drop"], &["`cargo xtask migrate database drop --yes`"]);

    // Comments and messages of people stay as they are.
    let quoted = "SELECT 1 -- `cargo migrate up` makes it";
    project.revision("one1", "", quoted, "SELECT 1;");
    says(
        &["adopt"],
        &[
            "help: import the files that the database was migrated with: `cargo xtask migrate import DIR`",
        ],
    );
    std::fs::remove_file(project.path("dev.db")).unwrap();
    says(&["new", "two", "--rev-id", "one1"], &["help: `cargo xtask migrate show one1` shows it"]);
    says(
        &["new", "m", "--head", "x"],
        &["help: `cargo xtask migrate history` lists the revisions"],
    );
    says(&["merge"], &["the only head is `one1`"]);
    project.revision("two2", "one1", "SELECT 2;", "SELECT 2;");
    let splice = ["new", "three", "--rev-id", "three3", "--head", "one1", "--splice"];
    says(&splice, &["note: `cargo xtask migrate merge` joins them, and `heads = \"many\"`"]);
    let heads = [
        "help: `cargo xtask migrate merge` joins them with a new revision",
        "help: or put them in line: `cargo xtask migrate rebase two2 --onto three3`",
        "help: `cargo xtask migrate explain M0022` tells more",
    ];
    says(&["up"], &heads);
    says(&["check"], &heads);
    says(&["check", "--message-format", "github"], &["%0Ahelp: `cargo xtask migrate merge` joins"]);
    says(&["check", "--message-format", "sarif"], &["help: `cargo xtask migrate merge` joins"]);
    says(
        &["check", "--message-format", "json"],
        &[
            r#""message":"`cargo xtask migrate merge` joins them with a new revision""#,
            r#""help":["`cargo xtask migrate explain M0022` tells more"]"#,
            "If both were, `cargo xtask migrate merge` joins",
        ],
    );
    says(
        &["rebase"],
        &["help: `cargo xtask migrate rebase two2 --onto three3` lets `two2` follow"],
    );
    says(
        &["merge", "one1", "two2"],
        &["help: `cargo xtask migrate merge three3 two2` joins all heads"],
    );
    project.write(
        "migrations/one1.sql",
        project.read("migrations/one1.sql").replace("SELECT 1 --", "SELECT ' --"),
    );
    let broken = xtask(project, &["migrate", "check"]);
    assert_eq!(broken.code, Some(4), "{}", broken.transcript());
    assert!(broken.stderr.contains("-- `cargo migrate up` makes it"), "{}", broken.transcript());
    for entry in std::fs::read_dir(project.path("migrations")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
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

    names_itself(&project);
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

    // The same in a task that reads its arguments itself.
    let own = "fn main() -> cargo_migrate::cli::Exit {\n    let arguments = std::env::args_os().skip(2);\n    \
               cargo_migrate::cli::cargo::main_as(\"cargo xtask migrate\", arguments)\n}\n";
    project.write("xtask/src/main.rs", own);
    assert_transcript!(xtask(&project, &["migrate", "explain", "M9999"]), @"
    exit code: 2
    ----- stderr -----
    error: `M9999` is no code
    help: `cargo xtask migrate explain` lists all codes
    ");
    assert_transcript!(xtask(&project, &["migrate", "up", "1", "2"]), @"
    exit code: 2
    ----- stderr -----
    error: unexpected argument '2' found
    help: `cargo xtask migrate up --help` shows what can be given
    ");
    let check = xtask(&project, &["migrate", "check"]);
    let help = "\nhelp: `cargo xtask migrate explain M0007` tells more\n";
    assert!(check.stderr.ends_with(help), "{}", check.transcript());
}
