//! The real command line, and a compiled runner, on servers.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::server::{Database, Kind};
use crate::support::{Output, Project, assert_transcript, repository};

/// Runs a test on every kind of server.
macro_rules! everywhere {
    ($($(#[$attribute:meta])* fn $name:ident($database:ident: &Database) $body:block)*) => {
        $(
            $(#[$attribute])*
            mod $name {
                use super::*;

                fn body($database: &Database) $body

                #[test]
                fn postgres() {
                    if let Some(database) = Database::on(Kind::Postgres) {
                        insta::allow_duplicates! { body(&database); }
                    }
                }

                #[cfg(feature = "mysql")]
                #[test]
                fn mysql() {
                    if let Some(database) = Database::on(Kind::Mysql) {
                        insta::allow_duplicates! { body(&database); }
                    }
                }
            }
        )*
    };
}

impl Database {
    /// The same text on every server.
    fn normal(&self, mut output: Output) -> Output {
        for text in [&mut output.stdout, &mut output.stderr] {
            *text = text
                .replace(&self.url(), "[URL]")
                .replace(&self.name, "[NAME]")
                .replace(self.kind.dialect(), "[DIALECT]");
            // MySQL commits definitions by itself.
            let ways =
                ["; committed at the end, all or nothing", "; committed statement by statement"];
            *text = ways
                .iter()
                .fold(std::mem::take(text), |text, way| text.replace(way, "; committed [HOW]"));
        }
        output
    }

    /// Runs `cargo migrate ARGS` in the package.
    fn migrate(&self, project: &Project, args: &[&str]) -> Output {
        self.normal(project.migrate(args))
    }

    /// A package whose `env.dev` is this database.
    fn project(&self) -> Project {
        let project = Project::package(&["src/lib.rs"]);
        project.append(
            "Cargo.toml",
            &format!(
                "\n[package.metadata.migrate]\ndialects = [\"{}\"]\n\n\
                 [package.metadata.migrate.env.dev]\nurl = \"{}\"\n",
                self.kind.dialect(),
                self.url()
            ),
        );
        project
    }
}

/// Starts a command that is to be at work while others come.
fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

everywhere! {

fn a_first_revision_is_written_applied_and_undone(database: &Database) {
    let project = Project::package(&["src/lib.rs"]);
    let path = repository().to_str().unwrap();
    let url = database.url();
    assert_transcript!(
        database.migrate(&project, &["init", "--path", path, "--database-url", &url]), @r#"
    exit code: 0
    ----- stderr -----
          Edited Cargo.toml
         Created build.rs
          Edited src/lib.rs
         Created src/bin/migrate.rs
         Created migrations/.gitkeep
    note: `cargo migrate new "create account"` writes the first revision
    "#);
    let manifest = project.read("Cargo.toml");
    let dialect = database.kind.dialect();
    let features = format!("features = [\"{dialect}\", \"tokio\", \"rustls\"]");
    assert!(manifest.contains(&features), "{manifest}");
    assert!(manifest.contains(&format!("dialects = [\"{dialect}\"]")), "{manifest}");
    assert!(manifest.contains(&format!("url = \"{url}\"")), "{manifest}");

    let new = project.migrate(&["new", "create account", "--rev-id", "aaaa1111"]).success();
    let file = new.stdout.trim();
    let text = project.read(file);
    let text = text
        .replace("-- migrate:up\n", "-- migrate:up\nCREATE TABLE account (id int PRIMARY KEY);\n")
        .replace("-- migrate:down\n", "-- migrate:down\nDROP TABLE account;\n");
    project.write(file, text);

    let plan = project.migrate(&["up", "--dry-run"]).success();
    assert!(plan.stdout.starts_with("up aaaa1111  create account"), "{}", plan.stdout);
    // On MariaDB the catalog has the tables of all databases.
    let tracking = format!(
        "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'migrate%' \
         AND table_schema IN ('public', '{}')",
        database.name
    );
    assert_eq!(database.query(&tracking), "0\n");
    assert_transcript!(database.migrate(&project, &["up"]), @"
    exit code: 0
    ----- stderr -----
        Database [URL] (from environment `dev`)
         Planned up aaaa1111; committed [HOW]
        Applying aaaa1111 create account
        Finished 1 revision applied in [TIME]
    ");
    assert_eq!(database.tables(), ["account"]);
    assert_transcript!(database.migrate(&project, &["up"]), @"
    exit code: 0
    ----- stderr -----
        Database [URL] (from environment `dev`)
        Finished nothing to do in [TIME]
    ");
    assert_transcript!(database.migrate(&project, &["status"]), @"
    exit code: 0
    ----- stdout -----
    database: [URL] (from environment `dev`)
          at: aaaa1111

     applied  aaaa1111  create account  ([NOW] by [WHO] in [TIME])

       total: 1 applied; nothing to do
    ");
    assert_transcript!(database.migrate(&project, &["down"]), @"
    exit code: 0
    ----- stderr -----
        Database [URL] (from environment `dev`)
         Planned down aaaa1111; committed [HOW]
         Undoing aaaa1111 create account
        Finished 1 revision undone in [TIME]
    ");
    assert_eq!(database.tables(), [""; 0]);
    assert_transcript!(database.migrate(&project, &["status", "--check"]), @"
    exit code: 3
    ----- stdout -----
    database: [URL] (from environment `dev`)
          at: base: no revision is applied

     pending  aaaa1111  create account

       total: 1 pending
        next: `up`
    ");
}

fn a_statement_that_fails_is_pointed_at(database: &Database) {
    let project = database.project();
    project.revision("first1", "", "CREATE TABLE a (x int);", "DROP TABLE a;");
    project.revision(
        "second",
        "first1",
        "INSERT INTO a VALUES (1);\n\nINSERT INTO\n    nowhere\nVALUES (1);",
        "DELETE FROM a;",
    );
    let output = database.migrate(&project, &["up"]);
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    let place = match database.kind {
        Kind::Postgres => "--> migrations/second.sql:10:5\n   |\n10 |     nowhere\n   |     ^\n",
        #[cfg(feature = "mysql")]
        Kind::Mysql => "--> migrations/second.sql:9:1\n  |\n9 | INSERT INTO\n  | ^\n",
    };
    assert!(output.stderr.contains(place), "{}", output.stderr);
    let state = "= [URL]: revision `first1` is committed; nothing else of the run had an effect";
    assert!(output.stderr.contains(state), "{}", output.stderr);
    assert_eq!(database.query("SELECT count(*) FROM a"), "0\n");
}

fn a_server_that_cannot_be_used_is_named_without_the_password(database: &Database) {
    let project = database.project();
    project.revision("first1", "", "CREATE TABLE a (x int);", "DROP TABLE a;");
    let (host, port) = database.address();
    for (authority, code) in [
        // Nobody there; nobody known; nothing that is a port; a password that is not encoded.
        (format!("me:hunter2@{host}:1"), 5),
        (format!("nobody_here:hunter2@{host}:{port}"), 5),
        (format!("me:hunter2@{host}:port"), 2),
        (format!("me:hun/hunter2@{host}"), 2),
        (format!("me:1/hunter2@{host}"), 2),
        (format!("me:1?hunter2@{host}"), 2),
        (format!("me:1#hunter2@{host}"), 2),
    ] {
        let url = database.url_at(&authority);
        for args in [["up", "-v"], ["status", "-v"], ["down", "-v"]] {
            let output = project.migrate(&[&args[..], &["--database-url", &url]].concat());
            assert_eq!(output.code, Some(code), "{authority}: {}", output.transcript());
            assert!(output.stderr.contains("\n = help: "), "{}", output.stderr);
            assert!(!output.transcript().contains("hunter2"), "{}", output.transcript());
        }
    }
    let missing = database.url_of("migrate_it_missing");
    let output = project.migrate(&["up", "--database-url", &missing]);
    assert_eq!(output.code, Some(5), "{}", output.transcript());
    assert!(output.stderr.contains("help: create "), "{}", output.stderr);
}

fn a_second_runner_waits_and_says_for_whom(database: &Database) {
    let project = database.project();
    let slow = format!("{}\nCREATE TABLE a (x int);", database.kind.sleep(3.0));
    project.revision("first1", "", &slow, "DROP TABLE a;");
    let mut first = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    let mut first = start(first.args(["migrate", "up"]).current_dir(project.root()));
    std::thread::sleep(Duration::from_millis(1500));
    let second = database.migrate(&project, &["up", "--lock-timeout", "300ms"]);
    assert_eq!(second.code, Some(5), "{}", second.transcript());
    let waiting = "     Waiting for the lock of this database, held by ";
    assert!(second.stderr.contains(waiting), "{}", second.stderr);
    assert!(second.stderr.contains("error: another runner has held the lock"), "{}", second.stderr);
    assert!(second.stderr.contains("note: it is held by "), "{}", second.stderr);
    // Who waits long enough finds nothing left to do.
    let third = database.migrate(&project, &["up"]).success();
    assert!(third.stderr.contains("Finished nothing to do"), "{}", third.stderr);
    assert!(first.wait().unwrap().success());
    assert_eq!(database.tables(), ["a"]);
}

fn a_protected_database_is_recognised_by_any_name(database: &Database) {
    let project = database.project();
    let (host, port) = database.address();
    project.append(
        "Cargo.toml",
        &format!(
            "[package.metadata.migrate.env.live]\nurl = \"{}\"\nprotected = true\n",
            database.url_at(&format!("owner:${{LIVE_PASSWORD}}@{host}:{port}"))
        ),
    );
    project.revision("first1", "", "CREATE TABLE a (x int);", "DROP TABLE a;");
    project.migrate(&["up"]).success();
    let other = database.url().replace("127.0.0.1", "localhost");
    let output = database.migrate(&project, &["down", "--database-url", &other]);
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    let refusal = "error: environment `live` protects this database, and there is no terminal to ask; \
                   nothing was changed\nhelp: to go on without a question: `down --yes`\n";
    assert!(output.stderr.ends_with(refusal), "{}", output.stderr);
    assert_eq!(database.tables(), ["a"]);
    database.migrate(&project, &["down", "--yes", "--database-url", &other]).success();
    assert_eq!(database.tables(), [""; 0]);
}

fn a_chain_for_another_dialect_is_not_applied(database: &Database) {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x int);", "DROP TABLE a;");
    assert_transcript!(database.migrate(&project, &["up", "--database-url", &database.url()]), @"
    exit code: 2
    ----- stderr -----
    error: the URL from `--database-url` is of `[DIALECT]`, but the chain is written for `sqlite`; add `[DIALECT]` to `dialects`, or give another URL
    ");
    assert_eq!(database.tables(), [""; 0]);
}

fn who_is_in_the_way_is_told(database: &Database) {
    let project = database.project();
    project.revision("first1", "", "CREATE TABLE a (x int);", "DROP TABLE a;");
    project.migrate(&["up"]).success();
    project.revision("second", "first1", "ALTER TABLE a ADD COLUMN y int;", "ALTER TABLE a DROP COLUMN y;");
    let transaction = format!("BEGIN; SELECT * FROM a; {}", database.kind.sleep(6.0));
    let mut other = start(&mut database.client(&database.url(), &transaction));
    std::thread::sleep(Duration::from_millis(700));
    let args = ["up", "--retries", "1"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.arg("migrate").args(args).current_dir(project.root());
    let output = database.normal(project.run(command.env("MIGRATE_STATEMENT_LOCK_TIMEOUT", "1s")));
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    assert!(output.stderr.contains("    Retrying second in "), "{}", output.stderr);
    assert!(output.stderr.contains("it was tried 2 times"), "{}", output.stderr);
    assert!(output.stderr.contains("     Blocked by "), "{}", output.stderr);
    other.kill().unwrap();
    other.wait().unwrap();
}

}

#[test]
fn a_shipped_runner_works_alone() {
    let databases: Vec<Database> = Kind::ALL.iter().copied().filter_map(Database::on).collect();
    if databases.is_empty() {
        return;
    }
    let project = Project::package(&["src/lib.rs"]);
    let mut init = vec!["init", "--path", repository().to_str().unwrap()];
    for database in &databases {
        init.extend(["--dialect", database.kind.dialect()]);
    }
    project.migrate(&init).success();
    std::fs::copy(repository().join("Cargo.lock"), project.path("Cargo.lock")).unwrap();
    project.revision("first1", "", "CREATE TABLE a (x int);", "DROP TABLE a;");
    project.cargo(&["build", "--quiet", "--features", "migrate", "--bin", "migrate"]).success();
    let elsewhere = Project::empty();
    let runner = elsewhere.path("migrate");
    std::fs::copy(Project::target().join("debug/migrate"), &runner).unwrap();
    for database in &databases {
        insta::allow_duplicates! { shipped(&elsewhere, &runner, database) }
    }
}

fn shipped(elsewhere: &Project, runner: &Path, database: &Database) {
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new(runner);
        command.args(args).current_dir(elsewhere.root()).env("DATABASE_URL", database.url());
        database.normal(elsewhere.run(command.envs(variables.iter().copied())))
    };
    assert_transcript!(run(&["up", "-v"], &[]), @"
    exit code: 0
    ----- stderr -----
        Database [URL] (from DATABASE_URL)
         Planned up first1; committed [HOW]
        Applying first1 first1
         Running statement 1 of 1
        Finished 1 revision applied in [TIME]
    ");
    assert_eq!(database.tables(), ["a"]);
    assert_transcript!(run(&["down"], &[("MIGRATE_PROTECTED", "true")]), @"
    exit code: 1
    ----- stderr -----
        Database [URL] (from DATABASE_URL)
    error: `MIGRATE_PROTECTED` protects this database, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `down --yes`
    ");
    elsewhere.write(".env", "MIGRATE_PROTECTED=maybe\n");
    assert_transcript!(run(&["down"], &[]), @"
    exit code: 2
    ----- stderr -----
    error: `MIGRATE_PROTECTED` in `.env` has a value that it cannot have: expected `true` or `false`
    ");
    assert_eq!(database.tables(), ["a"]);
    elsewhere.write(".env", "MIGRATE_PROTECTED=true\n");
    assert_transcript!(run(&["down", "--yes"], &[]), @"
    exit code: 0
    ----- stderr -----
        Database [URL] (from DATABASE_URL)
         Planned down first1; committed [HOW]
         Undoing first1 first1
        Finished 1 revision undone in [TIME]
    ");
    assert_eq!(database.tables(), [""; 0]);
    assert_transcript!(run(&["up"], &[("MIGRATE_LOCK_TIMEOUT", "soon")]), @"
    exit code: 2
    ----- stderr -----
    error: `MIGRATE_LOCK_TIMEOUT` has a value that it cannot have: expected a number of seconds, or a text like `500ms`, `5s` or `2m`
    ");
    assert_transcript!(run(&["up", "--statement-timeout", "soon"], &[]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'soon' for '--statement-timeout <TIME>': expected a number of seconds, or a text like `500ms`, `5s` or `2m`
    help: `migrate up --help` shows what can be given
    ");
    assert_transcript!(run(&["up", "--database-url", "app.db"], &[]), @"
    exit code: 2
    ----- stderr -----
        Database *** (from `--database-url`)
    error: the database URL has no scheme
     = help: for a file of SQLite write `sqlite:app.db`
    ");
    let foreign = ["up", "--database-url", "postgresql+asyncpg://me:hunter2@localhost/app"];
    let output = run(&foreign, &[]).transcript();
    assert!(output.contains("which is another tool's\n = help: write `"), "{output}");
    assert!(!output.contains("hunter2"), "{output}");
    // What a flag says, holds before the variable.
    let output = run(&["up", "--lock-timeout", "1s"], &[("MIGRATE_LOCK_TIMEOUT", "5s")]);
    assert_eq!(output.code, Some(0), "{}", output.transcript());
}
