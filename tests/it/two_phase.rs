//! Two-phase commit over several named databases, from the command line.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Database, Kind};
use crate::support::{Output, Project, assert_transcript};

/// The catalog at a URL, and the other database in a file.
fn project(catalog: &str) -> Project {
    let project = Project::package(&["src/lib.rs"]);
    let (dialect, _) = catalog.split_once(':').unwrap();
    let dialects = if dialect == "sqlite" { "\"sqlite\"" } else { "\"postgres\", \"sqlite\"" };
    project.append(
        "Cargo.toml",
        &format!(
            "\n[package.metadata.migrate]\ndialects = [{dialects}]\ndatabases = [\"catalog\", \"monitoring\"]\n\n\
             [package.metadata.migrate.env.dev]\ntwo-phase = true\n\
             databases = {{ catalog = \"{catalog}\", monitoring = \"sqlite:monitoring.db\" }}\n"
        ),
    );
    project.revision("first1", "", "CREATE TABLE a (x INTEGER);", "DROP TABLE a;");
    project.revision("second1", "first1", "CREATE TABLE b (x INTEGER);", "DROP TABLE b;");
    project
}

#[test]
fn databases_that_cannot_prepare_are_refused() {
    let project = project("sqlite:catalog.db");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 1
    ----- stderr -----
        Database catalog, sqlite:catalog.db (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
    error: `catalog` and `monitoring` cannot be committed in two phases: only PostgreSQL can prepare a transaction
     = note: one database of another kind is possible: its commit decides for all
     = the database is as before
     = help: run without two-phase commit: the transactions are held open and committed one after the other
    ");
    assert!(!project.path("catalog.db").exists());
    assert_eq!(project.migrate(&["plan"]).code, Some(1));
    project.migrate(&["up", "--two-phase=false", "first1"]).success();
    // Of one database there is nothing to agree about.
    project.migrate(&["up", "--two-phase", "--database", "catalog"]).success();
    assert_transcript!(project.migrate(&["up", "--two-phase=perhaps"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'perhaps' for '--two-phase[=<BOOL>]': expected `true` or `false`
    help: `cargo migrate up --help` shows what can be given
    ");
}

/// A process, killed when this ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Reads a file until it is dropped: whoever writes there cannot commit.
fn reader(project: &Project) -> Process {
    let mut reader = Command::new("sqlite3");
    reader.arg(project.path("monitoring.db")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = reader.spawn().unwrap();
    let mut input = reader.stdin.as_ref().unwrap();
    writeln!(input, "BEGIN; SELECT 'reading', count(*) FROM a;").unwrap();
    let mut said = [0; 7];
    std::io::Read::read_exact(reader.stdout.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(&said, b"reading");
    Process(reader)
}

#[test]
fn what_a_killed_run_has_left_prepared_is_told_and_settled() {
    let Some(database) = Database::on(Kind::Postgres) else { return };
    let most = database.query("SHOW max_prepared_transactions");
    if most.split_whitespace().any(|word| word == "0") {
        println!(
            "skipped: `max_prepared_transactions` is 0 on the server of MIGRATE_TEST_POSTGRES_URL"
        );
        return;
    }
    let url = database.url();
    let project = project(&url);
    let stable = |output: Output| {
        let text = |text: String| {
            let text = text.replace(&url, "[CATALOG]");
            let words = text.split_inclusive(['`', '(', ')']).map(|word| {
                if word.starts_with("cargo-migrate:") {
                    format!("[NAME]{}", &word[word.len() - 1..])
                } else {
                    word.to_owned()
                }
            });
            words.collect()
        };
        Output { stdout: text(output.stdout), stderr: text(output.stderr), ..output }
    };
    project.migrate(&["up", "first1"]).success();

    let reader = reader(&project);
    let mut run = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    run.args(["migrate", "up"]).current_dir(project.root()).env_remove("DATABASE_URL");
    let run = Process(run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let left = "SELECT 'left' FROM pg_prepared_xacts WHERE database = current_database()";
    let begun = Instant::now();
    while !database.query(left).contains("left") {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing was prepared");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(run);
    drop(reader);

    assert_transcript!(stable(project.migrate(&["status", "--database", "catalog"])), @"
    exit code: 0
    ----- stdout -----
    database: catalog, [CATALOG] (from environment `dev`)
          at: first1

     applied  first1  first1  ([NOW] by [WHO] in [TIME])
     pending  second1  second1
    prepared  a transaction since [NOW]: `monitoring` knows what becomes of it, and `up` over all databases settles it ([NAME])

       total: 1 applied, 1 pending
        next: `up`
    ");
    assert_eq!(project.migrate(&["status", "--check"]).code, Some(3));
    assert_transcript!(stable(project.migrate(&["check", "--state", "--database", "catalog"])), @"
    exit code: 3
    ----- stderr -----
    warning[M0066]: package `app` embeds its chain nowhere
     --> Cargo.toml:8:19
      |
    8 | [package.metadata.migrate]
      |                   ^^^^^^^
      |
      = note: `cargo migrate` works without it; a program that migrates needs `cargo_migrate::embed!();`
      = help: `cargo migrate init -p app` adds it

         Checked 2 revisions, head `second1`, 1 warning
        Database catalog, [CATALOG] (from environment `dev`)
    error: the transaction `[NAME]` is prepared since [NOW]
      = note: `monitoring` knows what is to become of it; unless a run is at work now, one did not come back
      = note: until it is committed or undone it keeps its locks
      = help: `up` over all databases of that run commits or undoes it

    warning: 1 revision is pending: `second1`
      = help: `up` is next

        Finished the database is out of date
    ");
    assert_transcript!(stable(project.migrate(&["plan"])), @"
    exit code: 0
    ----- stdout -----
    up second1  second1  @catalog @monitoring
    ----- stderr -----
    warning: the transaction `[NAME]` is prepared since [NOW]: the run begins with committing or undoing it, and what it does then may differ
         Planned catalog, [CATALOG] (from environment `dev`)
         Planned monitoring, [ROOT]/monitoring.db (from environment `dev`)
        Finished 1 step, committed at the end, when all databases have succeeded, in two phases; nothing was changed
    ");
    assert_transcript!(stable(project.migrate(&["up", "--database", "catalog"])), @"
    exit code: 1
    ----- stderr -----
        Database catalog, [CATALOG] (from environment `dev`)
    error: a transaction is prepared here by a run over several databases that did not come back, and what is to become of it only `monitoring` knows
     = note: the transaction `[NAME]` is prepared since [NOW]
     = [CATALOG]: the database is as before
     = help: run `up` over `monitoring` and `catalog` together: it commits what was decided, and undoes what was not
     = help: or, if `monitoring` is lost, decide by hand with `COMMIT PREPARED` or `ROLLBACK PREPARED` in a session of this database
    ");
    assert_transcript!(stable(project.migrate(&["up", "--two-phase=false"])), @"
    exit code: 0
    ----- stderr -----
        Database catalog, [CATALOG] (from environment `dev`)
        Database monitoring, sqlite:monitoring.db (from environment `dev`)
         Planned catalog: up second1; committed at the end, all or nothing
         Planned monitoring: up second1; committed at the end, all or nothing
        Applying second1 second1  @catalog
        Applying second1 second1  @monitoring
    warning: a transaction that a run had prepared at [NOW] and left behind was undone, since `monitoring` has not committed its part
        Finished catalog: 1 revision applied; monitoring: 1 revision applied; in [TIME]
    ");
    project.migrate(&["status", "--check"]).success();
    assert!(!database.query(left).contains("left"));
}
