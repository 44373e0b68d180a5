//! Scripts of `cargo migrate sql`, run by the databases' own clients.

use std::process::{Command, Stdio};

use crate::server::{Database, Kind};
use crate::support::{Output, Project, assert_transcript};

/// A database that a client can run scripts in.
enum Place {
    File(String),
    Server(Database),
}

impl Place {
    fn dialect(&self) -> &'static str {
        match self {
            Self::File(_) => "sqlite",
            Self::Server(database) => database.kind.dialect(),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::File(name) => format!("sqlite:{name}"),
            Self::Server(database) => database.url(),
        }
    }

    /// Runs a script as its first lines say.
    fn run(&self, project: &Project, script: &str) -> Output {
        let file = project.path("script.sql");
        std::fs::write(&file, script).unwrap();
        let mut command = match self {
            Self::File(name) => {
                let mut command = Command::new("sqlite3");
                command.arg(project.path(name));
                command
            }
            Self::Server(database) if database.kind == Kind::Postgres => {
                let mut command = Command::new("psql");
                command.args(["--no-psqlrc", "--file"]).arg(&file).arg(database.url());
                command
            }
            Self::Server(database) => {
                let (host, port) = database.address();
                let url = database.url();
                let user = url.split_once("://").unwrap().1.split_once('@').unwrap().0;
                let (user, password) = user.split_once(':').unwrap_or((user, ""));
                let mut command = Command::new("mysql");
                command.args(["--protocol=tcp", "--host", &host, "--port", &port, "--user", user]);
                command.env("MYSQL_PWD", password).arg(&database.name);
                command
            }
        };
        command.stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
        project.run(&mut command)
    }

    /// All that is there, but the tracking tables.
    fn schema(&self, project: &Project) -> String {
        match self {
            Self::File(name) => project.schema(name),
            Self::Server(database) if database.kind == Kind::Postgres => database.dump(),
            Self::Server(database) => database.query(
                "SELECT table_name, column_name, column_type, column_default FROM information_schema.columns \
                 WHERE table_schema = database() AND table_name NOT LIKE 'migrate%' \
                 UNION ALL SELECT routine_name, routine_type, routine_definition, sql_mode \
                 FROM information_schema.routines WHERE routine_schema = database() \
                 UNION ALL SELECT trigger_name, event_object_table, action_statement, sql_mode \
                 FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1, 2, 3",
            ),
        }
    }

    fn query(&self, project: &Project, sql: &str) -> String {
        match self {
            Self::File(name) => project.sqlite3(name, sql),
            Self::Server(database) => database.query(sql),
        }
    }

    /// What is recorded, but for when and by whom.
    fn recorded(&self, project: &Project) -> String {
        self.query(
            project,
            "SELECT revision, parents, depends_on, description, kind, checksum, digest, algorithm, \
             irreversible, status, statements_done, statement_started, tool_version, down_script \
             FROM migrate_revisions ORDER BY revision",
        )
    }

    fn notes(&self, project: &Project) -> String {
        self.query(project, "SELECT id, body FROM note ORDER BY id")
    }
}

/// A package without revisions.
fn package(dialects: &[&str]) -> Project {
    let project = Project::package(&["src/lib.rs"]);
    project.append(
        "Cargo.toml",
        &format!("\n[package.metadata.migrate]\ndialects = {dialects:?}\nheads = \"many\"\n"),
    );
    std::fs::create_dir(project.path("migrations")).unwrap();
    project
}

/// Two branches, for two dialects.
fn branches() -> Project {
    let project = package(&["sqlite", "postgres"]);
    project.revision("a001aaaa", "", "CREATE TABLE a (x INTEGER);", "DROP TABLE a;");
    project.revision("b001cccc", "a001aaaa", "CREATE TABLE b (x INTEGER);", "DROP TABLE b;");
    project.revision("c001dddd", "a001aaaa", "CREATE TABLE c (x INTEGER);", "DROP TABLE c;");
    project
}

/// A chain that has of everything that may go wrong in a script.
fn chain() -> Project {
    let project = package(&["sqlite", "postgres", "mysql"]);
    project.write(
        "migrations/a001.sql",
        r#"-- it's a "note"; with \ and `ticks` and :name
--
-- revision: a001aaaa

-- migrate:up
CREATE TABLE note (id INTEGER PRIMARY KEY, body VARCHAR(100));
INSERT INTO note VALUES (1, 'it''s; "quoted" -- :name
DELIMITER x
.exit');

-- migrate:up sqlite postgres
INSERT INTO note VALUES (2, 'one \ backslash, two \\');

-- migrate:up mysql
INSERT INTO note VALUES (2, 'one \\ backslash, \'two\'');

-- migrate:down
-- the note; it's gone \
DROP TABLE note;
"#,
    );
    project.write(
        "migrations/a002.sql",
        r"-- bodies
--
-- revision: a002bbbb
-- revises: a001aaaa

-- migrate:up sqlite
CREATE TRIGGER shout AFTER INSERT ON note WHEN new.id = 10 BEGIN
    UPDATE note SET body = upper(body) WHERE id = new.id;
    INSERT INTO note VALUES (11, 'from a trigger;');
END;

-- migrate:up postgres
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    new.body := upper(new.body); -- it's a comment;
    RETURN new;
END
$body$;
CREATE TRIGGER shout BEFORE INSERT ON note FOR EACH ROW WHEN (new.id = 10) EXECUTE FUNCTION shout();
SET search_path TO pg_catalog;

-- migrate:up mysql
CREATE TRIGGER shout BEFORE INSERT ON note FOR EACH ROW
BEGIN
    IF new.id = 10 THEN
        SET new.body = upper(new.body);
    END IF;
END;
CREATE PROCEDURE add_note(IN number INT) BEGIN
    INSERT INTO note VALUES (number, 'by $$ a procedure;');
END;
CALL add_note(12);
SET sql_mode = 'ANSI_QUOTES';

-- migrate:up sqlite mysql
INSERT INTO note VALUES (10, 'loud');

-- migrate:up postgres
INSERT INTO public.note VALUES (10, 'loud');

-- migrate:down sqlite mysql
DROP TRIGGER shout;

-- migrate:down postgres
DROP TRIGGER shout ON note;

-- migrate:down postgres
DROP FUNCTION shout();

-- migrate:down mysql
DROP PROCEDURE add_note;
",
    );
    project.write(
        "migrations/b001.sql",
        "-- outside a transaction\n--\n-- revision: b001cccc\n-- revises: a002bbbb\n-- transaction: none\n\n\
         -- migrate:up sqlite mysql\nCREATE INDEX note_body ON note (body);\n\n\
         -- migrate:up postgres\nCREATE INDEX CONCURRENTLY note_body ON note (body);\n\n\
         -- migrate:up\nINSERT INTO note VALUES (20, 'alone');\n\n\
         -- migrate:down\nDELETE FROM note WHERE id = 20;\n\n\
         -- migrate:down sqlite\nDROP INDEX note_body;\n\n\
         -- migrate:down postgres\nDROP INDEX CONCURRENTLY note_body;\n\n\
         -- migrate:down mysql\nDROP INDEX note_body ON note;\n",
    );
    project.write(
        "migrations/c001.sql",
        "-- children\n--\n-- revision: c001dddd\n-- revises: a002bbbb\n\n\
         -- migrate:up\nCREATE TABLE child (id INTEGER PRIMARY KEY, note INTEGER REFERENCES note (id));\n\
         INSERT INTO child VALUES (1, 1);\n\n-- migrate:down\nDROP TABLE child;\n",
    );
    project.write(
        "migrations/d001.sql",
        "-- merge\n--\n-- revision: d001eeee\n-- revises: b001cccc, c001dddd\n",
    );
    project.write(
        "migrations/e001.sql",
        "-- after the merge\n--\n-- revision: e001ffff\n-- revises: d001eeee\n\n\
         -- migrate:up\nSAVEPOINT here;\nINSERT INTO note VALUES (30, 'last');\n\n\
         -- migrate:down\nDELETE FROM note WHERE id = 30;\n",
    );
    project
}

/// Runs a test where each of the dialects is.
macro_rules! everywhere {
    ($(fn $name:ident($make:ident) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                fn body($make: impl Fn(&str) -> Place) $body

                #[test]
                fn sqlite() {
                    body(|name| Place::File(format!("{name}.db")));
                }

                #[test]
                fn postgres() {
                    if std::env::var_os("MIGRATE_TEST_POSTGRES_URL").is_none() {
                        println!("skipped: MIGRATE_TEST_POSTGRES_URL is not set");
                        return;
                    }
                    body(|_| Place::Server(Database::on(Kind::Postgres).unwrap()));
                }

                #[cfg(feature = "mysql")]
                #[test]
                fn mysql() {
                    if std::env::var_os("MIGRATE_TEST_MYSQL_URL").is_none() {
                        println!("skipped: MIGRATE_TEST_MYSQL_URL is not set");
                        return;
                    }
                    body(|_| Place::Server(Database::on(Kind::Mysql).unwrap()));
                }
            }
        )*
    };
}

fn script(project: &Project, place: &Place, range: &str) -> String {
    let output = project.migrate(&["sql", range, "--dialect", place.dialect()]).success();
    output.stdout
}

everywhere! {
    fn a_script_does_what_a_run_does(make) {
        let project = chain();
        let (by_run, by_script) = (make("run"), make("script"));
        let (url, other) = (by_script.url(), by_run.url());
        project.migrate(&["up", "--database-url", &other]).success();

        let up = script(&project, &by_script, ":heads");
        by_script.run(&project, &up).success();
        project.migrate(&["status", "--check", "--database-url", &url]).success();
        let again = project.migrate(&["up", "--database-url", &url]).success();
        assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
        assert_eq!(by_script.schema(&project), by_run.schema(&project));
        assert_eq!(by_script.recorded(&project), by_run.recorded(&project));
        assert_eq!(by_script.notes(&project), by_run.notes(&project));
        let who = by_script.query(&project, "SELECT DISTINCT applied_by FROM migrate_revisions");
        assert_eq!(who, "sql script\n");

        // Once more, and it stops before it does anything.
        let twice = by_script.run(&project, &up);
        assert_ne!(twice.code, Some(0), "{}", twice.transcript());
        let text = format!("{}{}", twice.stdout, twice.stderr);
        assert!(text.contains("the database is not where this script begins"), "{text}");
        assert_eq!(by_script.recorded(&project), by_run.recorded(&project));

        // Down in two pieces, and the second one up again.
        let down = script(&project, &by_script, "heads:a002bbbb");
        by_script.run(&project, &down).success();
        project.migrate(&["down", "a002bbbb", "--database-url", &other]).success();
        assert_eq!(by_script.schema(&project), by_run.schema(&project));
        assert_eq!(by_script.recorded(&project), by_run.recorded(&project));
        let rest = script(&project, &by_script, "a002bbbb:");
        by_script.run(&project, &rest).success();
        project.migrate(&["status", "--check", "--database-url", &url]).success();
        let all = script(&project, &by_script, "heads:base");
        by_script.run(&project, &all).success();
        project.migrate(&["down", "base", "--database-url", &other]).success();
        assert_eq!(by_script.recorded(&project), "");
        assert_eq!(by_script.schema(&project), by_run.schema(&project));
        let status = project.migrate(&["status", "--database-url", &url]).success();
        assert!(status.stdout.contains("at: base"), "{}", status.stdout);
    }

    fn a_script_stops_where_the_database_is_elsewhere(make) {
        let project = chain();
        let place = make("app");
        let url = place.url();
        // There is nothing at all.
        let rest = script(&project, &place, "a002bbbb:");
        assert_ne!(place.run(&project, &rest).code, Some(0));
        project.migrate(&["up", "a001aaaa", "--database-url", &url]).success();
        let before = (place.recorded(&project), place.schema(&project), place.notes(&project));
        for range in ["a002bbbb:", "base:a001aaaa", "heads:a001aaaa", "a002bbbb:base"] {
            let output = place.run(&project, &script(&project, &place, range));
            assert_ne!(output.code, Some(0), "{range}: {}", output.transcript());
            let text = format!("{}{}", output.stdout, output.stderr);
            assert!(text.contains("the database is not where this script begins"), "{range}: {text}");
            let after = (place.recorded(&project), place.schema(&project), place.notes(&project));
            assert_eq!(before, after, "{range}");
        }
        // A script that is for less than is there would leave what comes after it.
        project.migrate(&["up", "b001cccc", "--database-url", &url]).success();
        let output = place.run(&project, &script(&project, &place, "a002bbbb:a001aaaa"));
        assert_ne!(output.code, Some(0), "{}", output.transcript());
    }

    fn what_a_failed_script_leaves_is_recorded(make) {
        let project = chain();
        let place = make("app");
        let url = place.url();
        project.migrate(&["up", "a002bbbb", "--database-url", &url]).success();
        let rest = script(&project, &place, "a002bbbb:b001cccc");
        let broken = rest.replace("INSERT INTO note VALUES (20, 'alone')", "INSERT INTO nowhere VALUES (20)");
        assert_ne!(place.run(&project, &broken).code, Some(0));
        let status = project.migrate(&["status", "--database-url", &url]);
        assert!(status.stdout.contains("b001cccc"), "{}", status.transcript());
        let left = place.query(&project, "SELECT revision, status, statements_done FROM migrate_revisions WHERE status <> 'applied'");
        let left: Vec<&str> = left.split(['|', '\t', '\n']).collect();
        assert_eq!(left, ["b001cccc", "applying", "1", ""]);
    }
}

#[test]
fn rows_that_refer_to_nothing_stop_a_script() {
    let project = Project::with_chain();
    project.revision(
        "aaaa1111",
        "",
        "CREATE TABLE a (x INTEGER PRIMARY KEY, y REFERENCES a);",
        "DROP TABLE a;",
    );
    project.revision("bbbb2222", "aaaa1111", "INSERT INTO a VALUES (1, 2);", "DELETE FROM a;");
    let place = Place::File("app.db".into());
    let output = place.run(&project, &script(&project, &place, ":"));
    assert_ne!(output.code, Some(0));
    assert!(
        output.stderr.contains("a revision leaves rows that refer to nothing"),
        "{}",
        output.stderr
    );
    assert_eq!(place.schema(&project), "", "it was one transaction");
}

#[test]
fn arguments_that_make_no_sense() {
    let project = branches();
    for args in [
        &["sql"][..],
        &["sql", "--dialect", "mysql"],
        &["sql", "--dialect", "oracle"],
        &["sql", "--env", "dev"],
        &["sql", "--dialect", "sqlite", "--database", "catalog"],
        &["sql", "--dialect", "sqlite", "a:b:c"],
        &["sql", "--dialect", "sqlite", "-1"],
        &["sql", "--dialect", "sqlite", "current:heads"],
        &["sql", "--dialect", "sqlite", "b001cccc:c001dddd"],
        &["sql", "--dialect", "sqlite", "a001aaaa:zzzz"],
    ] {
        let output = project.migrate(args);
        assert_eq!(output.code, Some(2), "{args:?}: {}", output.transcript());
        assert_eq!(output.stdout, "", "{args:?}");
    }
    assert_transcript!(project.migrate(&["sql"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain is written for `sqlite` and `postgres`: which one is meant?
    help: say it with `--dialect`
    ");
    assert_transcript!(project.migrate(&["sql", "--dialect", "mysql"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain is not written for mysql, but for `sqlite` and `postgres`
    ");
    assert_transcript!(project.migrate(&["sql", "--dialect", "sqlite", "b001cccc:c001dddd"]), @"
    exit code: 2
    ----- stderr -----
    error: `b001cccc` and `c001dddd` are on different lines: neither comes before the other
    ");
    assert_transcript!(project.migrate(&["sql", "--dialect", "sqlite", "-1"]), @"
    exit code: 2
    ----- stderr -----
    error: `-1` leads past the end of the chain: 0 steps are possible
    ");
    assert_transcript!(project.migrate(&["sql", "--dialect", "sqlite", "--database", "catalog"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain has no named databases, so no `catalog`
    help: leave `--database` out
    ");
}

#[test]
fn a_script_goes_to_a_file_and_all_else_to_stderr() {
    let project = Project::with_chain();
    project.revision("aaaa1111", "", "CREATE TABLE a (x INTEGER);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["sql", "head:base", "-o", "down.sql"]), @"
    exit code: 0
    ----- stderr -----
           Wrote down.sql
    note: the script undoes 1 revision, since `base` comes before `head`
    ");
    let stdout = project.migrate(&["sql", "head:base"]).success().stdout;
    assert_eq!(project.read("down.sql"), stdout);
    assert_transcript!(project.migrate(&["sql", "head:head"]), @"
    exit code: 0
    ----- stdout -----
    -- Chain `main` from `head` to `head`: 0 revisions up, for sqlite.
    -- Written by cargo-migrate 0.1.0.
    --
    -- There is nothing to do.
    ----- stderr -----
    note: nothing lies in this range, so the script does nothing
    ");
    assert_transcript!(project.migrate(&["sql", "-o", "no/such/place.sql"]), @"
    exit code: 1
    ----- stderr -----
    error: cannot write `no/such/place.sql`: No such file or directory (os error 2)
    ");
    assert!(!project.path("dev.db").exists());
}

#[test]
fn an_environment_says_which_dialect_is_meant() {
    let project = branches();
    project.append(
        "Cargo.toml",
        "[package.metadata.migrate.env.production]\nurl = \"postgres://nobody@host.invalid/app\"\n",
    );
    let output = project.migrate(&["sql", "--env", "production"]).success();
    assert!(output.stdout.contains("for postgres."), "{}", output.stdout);
    assert_transcript!(project.migrate(&["sql", "--env", "prod"]), @"
    exit code: 2
    ----- stderr -----
    error: unknown environment `prod`; the environments are `production`
    ");
}

#[test]
fn what_cannot_be_undone_prints_nothing() {
    let project = Project::with_chain();
    project.write(
        "migrations/a.sql",
        "-- gone\n--\n-- revision: aaaa1111\n-- irreversible: the rows are gone\n\n\
         -- migrate:up\nCREATE TABLE a (x INTEGER);\n",
    );
    project.revision("bbbb2222", "aaaa1111", "CREATE TABLE b (x INTEGER);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["sql", "head:base"]), @"
    exit code: 1
    ----- stderr -----
    error: revision `aaaa1111` cannot be undone: the rows are gone
     --> migrations/a.sql:4:18
      |
    4 | -- irreversible: the rows are gone
      |                  ^
    ");
    project.migrate(&["sql", "head:aaaa"]).success();
}
