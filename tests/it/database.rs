//! Creating, dropping and resetting databases.

use crate::support::{Output, Project, assert_transcript};

fn project() -> Project {
    let project = Project::with_chain();
    project.append(
        "Cargo.toml",
        "\n[package.metadata.migrate.env.production]\nurl = \"sqlite:production.db\"\nprotected = true\n",
    );
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project
}

#[test]
fn a_file_is_created_reset_and_dropped() {
    let project = project();
    assert_transcript!(project.migrate(&["database", "create"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Created [ROOT]/dev.db
    ");
    assert!(project.path("dev.db").exists());
    assert_transcript!(project.migrate(&["database", "create"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do: the database exists
    ");
    project.migrate(&["up"]).success();
    project.sqlite3("dev.db", "INSERT INTO a VALUES (1)");
    assert_transcript!(project.migrate(&["database", "reset"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: `[ROOT]/dev.db` would be dropped with everything in it, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `cargo migrate database reset --yes`
    ");
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM a"), "1\n");
    assert_transcript!(project.migrate(&["database", "reset", "--yes"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Dropped [ROOT]/dev.db
         Created [ROOT]/dev.db
        Database sqlite:dev.db (from environment `dev`)
         Planned up first1; committed at the end, all or nothing
        Applying first1 first1
        Finished 1 revision applied in [TIME]
    ");
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM a"), "0\n");
    assert_transcript!(project.migrate(&["database", "drop"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: `[ROOT]/dev.db` would be dropped with everything in it, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `cargo migrate database drop --yes`
    ");
    assert!(project.path("dev.db").exists());
    assert_transcript!(project.migrate(&["database", "drop", "--yes"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Dropped [ROOT]/dev.db
    ");
    assert!(!project.path("dev.db").exists());
    assert_transcript!(project.migrate(&["database", "drop"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do: the database does not exist
    ");
}

#[test]
fn what_is_protected_is_never_dropped() {
    let project = project();
    project.migrate(&["up", "--env", "production"]).success();
    assert_transcript!(project.migrate(&["database", "drop", "--env", "production", "--yes"]), @"
    exit code: 1
    ----- stderr -----
    error: environment `production` protects this database: it is not dropped, whatever is asked for
    help: use the server's own tools, if you must
    help: or take the protection away where it is asked for, and run the command again
    ");
    // Whatever way leads to it.
    let url = "sqlite:production.db";
    assert_transcript!(project.migrate(&["database", "reset", "--database-url", url, "--yes", "--force"]), @"
    exit code: 1
    ----- stderr -----
    error: environment `production` protects this database: it is not dropped, whatever is asked for
    help: use the server's own tools, if you must
    help: or take the protection away where it is asked for, and run the command again
    ");
    assert_eq!(project.sqlite3("production.db", "SELECT count(*) FROM a"), "0\n");
}

#[test]
fn a_file_that_is_no_database_is_not_dropped() {
    let project = project();
    project.write("dev.db", "my diary, page 1. ".repeat(100));
    assert_transcript!(project.migrate(&["database", "drop", "--yes", "--force"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: failed to look at the database before it is dropped: file is not a database
     = database: [ROOT]/dev.db
     = help: `[ROOT]/dev.db` is not an SQLite database, or is encrypted: name another file, or move this one away
    ");
    assert!(project.path("dev.db").exists());
    assert_transcript!(project.migrate(&["database", "create", "--database-url", "sqlite::memory:"]), @"
    exit code: 2
    ----- stderr -----
    error: an in-memory database is neither created nor dropped
     = help: name a file: `sqlite:PATH`
    ");
}

#[test]
fn a_broken_chain_is_found_before_anything_is_dropped() {
    let project = project();
    project.migrate(&["up"]).success();
    project.revision("second", "nobody", "SELECT 1;", "");
    let output = project.migrate(&["database", "reset", "--yes"]);
    assert_eq!(output.code, Some(4), "{}", output.transcript());
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM a"), "0\n");
}

/// On each server that is there.
#[test]
fn a_database_of_a_server_is_created_and_dropped() {
    for (variable, dialect) in
        [("MIGRATE_TEST_POSTGRES_URL", "postgres"), ("MIGRATE_TEST_MYSQL_URL", "mysql")]
    {
        let Ok(server) = std::env::var(variable) else {
            println!("skipped: {variable} is not set");
            continue;
        };
        let project = project();
        let manifest = project.read("Cargo.toml");
        let manifest = manifest.replace("[\"sqlite\"]", &format!("[\"sqlite\", \"{dialect}\"]"));
        project.write("Cargo.toml", manifest);
        project.revision("first1", "", "CREATE TABLE a (x INT);", "DROP TABLE a;");
        // It has to be quoted.
        let name = format!("migrate-it {}", std::process::id());
        let at = server.rfind('/').unwrap();
        let url = format!("{}/{}", &server[..at], name.replace(' ', "%20"));
        let migrate = |args: &[&str]| project.migrate(&[args, &["--database-url", &url]].concat());
        let said = |output: &Output| output.transcript().replace(&name, "[NAME]");
        assert_eq!(migrate(&["up"]).code, Some(5), "it is not there yet");
        assert!(said(&migrate(&["database", "create"])).contains("Created [NAME]"));
        assert!(said(&migrate(&["database", "create"])).contains("the database exists"));
        migrate(&["up"]).success();
        migrate(&["database", "reset", "--yes"]).success();
        assert!(migrate(&["status", "--check"]).success().stdout.contains("applied  first1"));

        // Somebody is in it.
        let (runtime, session) = connect(&url);
        let refused = migrate(&["database", "drop", "--yes"]);
        assert_eq!(refused.code, Some(1), "{}", refused.transcript());
        let text = said(&refused);
        assert!(
            text.contains("`[NAME]` is in use by another session; nothing was changed"),
            "{text}"
        );
        assert!(text.contains("= note: session "), "{text}");
        assert!(text.contains("end their sessions with `--force`"), "{text}");
        migrate(&["database", "drop", "--yes", "--force"]).success();
        assert!(
            said(&migrate(&["database", "drop", "--yes"])).contains("the database does not exist")
        );
        drop(session);
        drop(runtime);

        let system = format!("{}/{dialect}", &server[..at]);
        let refused =
            project.migrate(&["database", "drop", "--yes", "--force", "--database-url", &system]);
        assert_eq!(refused.code, Some(1), "{}", refused.transcript());
        assert!(
            refused.stderr.contains("a database of the server's own"),
            "{}",
            refused.transcript()
        );
    }
}

/// A session of somebody else's.
fn connect(url: &str) -> (tokio::runtime::Runtime, Box<dyn std::any::Any>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let session: Box<dyn std::any::Any> = runtime.block_on(async {
        if url.starts_with("mysql") {
            Box::new(<sqlx::MySqlConnection as sqlx::Connection>::connect(url).await.unwrap()) as _
        } else {
            Box::new(<sqlx::PgConnection as sqlx::Connection>::connect(url).await.unwrap()) as _
        }
    });
    (runtime, session)
}
