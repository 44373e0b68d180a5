//! From diesel, the real one: `tests/diesel` is a program with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cargo_migrate::cli::message::Message;

use super::{for_postgres, take_notes};
use crate::json::messages;
use crate::server::{Database, Kind};
use crate::support::{Project, assert_transcript, cargo, repository, shared};

/// The program, built when the first test wants it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut command = Command::new(cargo());
        command.args(["build", "--locked", "--manifest-path", "tests/diesel/Cargo.toml"]);
        command.current_dir(repository()).env("CARGO_TARGET_DIR", Project::target());
        Project::empty().run(&mut command).success();
        Project::target().join("debug/migrate-with-diesel")
    })
}

/// Lets diesel apply the next migrations of a directory, or all of them, and returns the versions that it has applied
/// and those that are pending then.
pub(super) fn applies(
    database: &str,
    directory: &Path,
    count: Option<usize>,
) -> (Vec<String>, Vec<String>) {
    let mut command = Command::new(program());
    command.arg(database).arg(directory).args(count.map(|count| count.to_string()));
    let told = Project::empty().run(&mut command).success().stdout;
    let of = |word: &str| {
        let versions = told.lines().filter_map(|line| line.strip_prefix(word));
        versions.map(|version| version.trim().to_owned()).collect()
    };
    (of("applied"), of("pending"))
}

/// A database as diesel, `cargo migrate` and its own client reach it.
enum Place<'p> {
    Sqlite(&'p Project, &'static str),
    Postgres(Database),
}

impl Place<'_> {
    fn applies(&self, directory: &Path, count: Option<usize>) -> (Vec<String>, Vec<String>) {
        match self {
            Self::Sqlite(project, file) => {
                applies(project.path(file).to_str().unwrap(), directory, count)
            }
            Self::Postgres(database) => applies(&database.url(), directory, count),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(project, file) => format!("sqlite:{}", project.path(file).display()),
            Self::Postgres(database) => database.url(),
        }
    }

    fn query(&self, sql: &str) -> String {
        match self {
            Self::Sqlite(project, file) => project.sqlite3(file, sql),
            Self::Postgres(database) => database.query(sql),
        }
    }

    /// With diesel's own table, which is left alone.
    fn schema(&self) -> String {
        match self {
            Self::Sqlite(project, file) => project.schema(file),
            Self::Postgres(database) => database.dump(),
        }
    }

    /// How many of the revisions have the time that diesel's row has, which is in UTC and not long ago.
    fn count_of_times(&self) -> usize {
        let (run_on, is_recent) = match self {
            Self::Sqlite(..) => (
                "strftime('%Y-%m-%dT%H:%M:%fZ', d.run_on)",
                "julianday('now') - julianday(r.applied_at) BETWEEN 0 AND 0.01",
            ),
            Self::Postgres(_) => (
                "date_trunc('milliseconds', d.run_on AT TIME ZONE 'UTC')",
                "now() - r.applied_at BETWEEN interval '0' AND interval '15 minutes'",
            ),
        };
        let count = self.query(&format!(
            "SELECT count(*) FROM migrate_revisions AS r JOIN __diesel_schema_migrations AS d \
             ON d.version = r.revision AND r.applied_at = {run_on} AND {is_recent}"
        ));
        count.trim().parse().unwrap()
    }
}

/// The whole way, of two databases: of one diesel has applied the first migrations only, of the other all. The
/// directory is imported.
fn goes_on(project: &Project, directory: &Path, first: usize, [some, all]: [Place<'_>; 2]) {
    let (applied, pending) = some.applies(directory, Some(first));
    let (versions, left) = all.applies(directory, None);
    assert_eq!((&left[..], [&applied[..], &pending].concat()), (&[][..], versions.clone()));
    let schema = all.schema();
    take_notes(project);
    for (place, adopted) in [(&some, first), (&all, versions.len())] {
        let url = place.url();
        let on = |args: &[&str]| {
            project.migrate(&[args, &["--database-url", &url]].concat()).success().stderr
        };
        let table = "SELECT * FROM __diesel_schema_migrations ORDER BY version";
        let rows = place.query(table);
        let plan = on(&["adopt", "--dry-run"]);
        let revisions = format!("{adopted} revisions");
        let planned = format!("Finished {revisions} to adopt from diesel; nothing was changed");
        assert!(plan.contains(&planned), "{plan}");
        let done = on(&["adopt"]);
        assert!(done.contains(&format!("Finished {revisions} adopted from diesel")), "{done}");
        assert_eq!(place.count_of_times(), adopted);
        let up = on(&["up"]);
        let count = versions.len() - adopted + 1;
        let plural = if count == 1 { "" } else { "s" };
        assert!(up.contains(&format!("Finished {count} revision{plural} applied")), "{up}");
        on(&["status", "--check"]);
        // But for what is new here, it is what diesel alone has made.
        on(&["down"]);
        assert_eq!(place.schema(), schema);
        on(&["up"]);
        on(&["status", "--check"]);
        // diesel has been told nothing: to it, all is as it has left it.
        assert_eq!(place.query(table), rows);
        let still = if adopted == first { pending.clone() } else { vec![] };
        assert_eq!(place.applies(directory, Some(0)), (vec![], still));
    }
}

/// Versions and names as diesel has had them over the years.
const FOLDERS: [&str; 6] = [
    "00000000000000_diesel_initial_setup",
    "20240101000000_create_users",
    "2024-01-02-000000_add-index_on_users",
    "2024-01-03-000000-0000_add_notes-to_users",
    "2024-01-03-000000-0001_index-notes",
    "2024-01-04-000000",
];

/// And what stands for them in its table.
const VERSIONS: [&str; 6] = [
    "00000000000000",
    "20240101000000",
    "20240102000000",
    "202401030000000000",
    "202401030000000001",
    "20240104000000",
];

/// What keeps diesel from a transaction: the one that makes the first index says it, the other by saying nothing.
const OUTSIDE: [Option<&str>; 6] =
    [None, None, Some("run_in_transaction = false\n"), None, Some("# Outside.\n"), None];

/// Writes them below `old`, each with its up and down.
fn write(project: &Project, scripts: [[&str; 2]; 6]) {
    for (folder, [up, down]) in FOLDERS.into_iter().zip(scripts) {
        project.write(&format!("old/{folder}/up.sql"), up);
        project.write(&format!("old/{folder}/down.sql"), down);
    }
    for (folder, metadata) in FOLDERS.into_iter().zip(OUTSIDE) {
        metadata.inspect(|text| project.write(&format!("old/{folder}/metadata.toml"), text));
    }
}

/// Imports them, and goes the whole way.
fn small_history_goes_on(project: &Project, [some, all]: [Place<'_>; 2]) {
    assert_eq!(some.applies(&project.path("old"), Some(0)).1, VERSIONS);
    let imported = project.migrate(&["import", "old"]).success();
    assert!(imported.stderr.contains("Imported 6 revisions from diesel"), "{}", imported.stderr);
    for ((folder, version), metadata) in FOLDERS.into_iter().zip(VERSIONS).zip(OUTSIDE) {
        let name = folder.split_once('_').map(|(_, name)| format!("_{name}")).unwrap_or_default();
        let text = project.read(&format!("migrations/{version}{name}.sql"));
        assert_eq!(text.contains("\n-- transaction: none\n"), metadata.is_some(), "{text}");
    }
    goes_on(project, &project.path("old"), 3, [some, all]);
}

#[test]
fn a_history_goes_on_here_on_sqlite() {
    let project = Project::with_chain();
    let index = |name: &str, column: &str| {
        [
            format!("CREATE INDEX {name} ON users ({column});\nVACUUM;\n"),
            format!("DROP INDEX {name};\n"),
        ]
    };
    let ([first, no_first], [second, no_second]) =
        (index("users_name", "name"), index("users_notes", "notes"));
    write(
        &project,
        [
            ["-- Nothing on SQLite.\n", "-- Nothing, too.\n"],
            [
                "CREATE TABLE users (\n  id INTEGER PRIMARY KEY, -- of SQLite\n  name TEXT,\n  \
                 updated_at TIMESTAMP\n);\n\nSELECT diesel_manage_updated_at('users');\n",
                "DROP TABLE users;\n",
            ],
            [&first, &no_first],
            [
                "ALTER TABLE users ADD COLUMN notes TEXT;\r\n\
                 CREATE TABLE tags (tag TEXT, updated_at TIMESTAMP);\r\n\
                 select DIESEL_manage_updated_at ( 'tags' );\r\nUPDATE users SET notes = ';'",
                "DROP TABLE tags;\nALTER TABLE users DROP COLUMN notes;",
            ],
            [&second, &no_second],
            ["CREATE VIEW named AS SELECT id FROM users WHERE name <> '';\n", "DROP VIEW named;\n"],
        ],
    );
    let places = ["some.db", "all.db"].map(|file| Place::Sqlite(&project, file));
    small_history_goes_on(&project, places);
}

#[test]
fn a_history_goes_on_here_on_postgres() {
    let Some(some) = Database::on(Kind::Postgres) else { return };
    let Some(all) = Database::on(Kind::Postgres) else { return };
    for database in [&some, &all] {
        // diesel's times are in UTC all the same.
        database.query(&format!("ALTER DATABASE {} SET timezone TO 'Asia/Tokyo'", database.name));
    }
    let project = for_postgres();
    write(
        &project,
        [
            [
                "CREATE FUNCTION set_updated_at() RETURNS trigger AS $$\nBEGIN\n    \
                 NEW.updated_at := current_timestamp;\n    RETURN NEW;\nEND;\n$$ LANGUAGE plpgsql;\n",
                "DROP FUNCTION set_updated_at();\n",
            ],
            [
                "CREATE TABLE users (\n  id serial PRIMARY KEY,\n  name text,\n  \
                 updated_at timestamp NOT NULL DEFAULT now()\n);\n\
                 CREATE TRIGGER updated BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();\n",
                "DROP TABLE users;\n",
            ],
            [
                "CREATE INDEX CONCURRENTLY users_name ON users (name);\n",
                "DROP INDEX CONCURRENTLY users_name;\n",
            ],
            [
                "ALTER TABLE users ADD COLUMN notes text;\r\nUPDATE users SET notes = ';'",
                "ALTER TABLE users DROP COLUMN notes;",
            ],
            [
                "CREATE INDEX CONCURRENTLY users_notes ON users (notes);\n",
                "DROP INDEX CONCURRENTLY users_notes;\n",
            ],
            ["CREATE VIEW named AS SELECT id FROM users WHERE name <> '';\n", "DROP VIEW named;\n"],
        ],
    );
    small_history_goes_on(&project, [some, all].map(Place::Postgres));
}

#[test]
fn the_history_of_crates_io_goes_on_here_on_postgres() {
    let Some(directory) = shared("histories/crates-io/migrations") else { return };
    let Some(some) = Database::on(Kind::Postgres) else { return };
    let Some(all) = Database::on(Kind::Postgres) else { return };
    let project = for_postgres();
    project.migrate(&["import", directory.to_str().unwrap()]);
    // Its down creates indexes concurrently, which PostgreSQL does in no transaction.
    let path = "migrations/20240412144536_remove-downloads-column.sql";
    let text = project.read(path);
    project.write(path, text.replacen("\n\n", "\n-- transaction: none\n\n", 1));
    goes_on(&project, &directory, 200, [some, all].map(Place::Postgres));
}

/// A project that diesel has migrated on SQLite, as far as the first of its two migrations.
fn of_diesel() -> Project {
    let project = Project::with_chain();
    project
        .write("old/2024-01-01-000000_create_users/up.sql", "CREATE TABLE users (id INTEGER);\n");
    project.write("old/2024-01-01-000000_create_users/down.sql", "DROP TABLE users;\n");
    project.write("old/2024-01-02-000000_more/up.sql", "CREATE TABLE more (id INTEGER);\n");
    project.write("old/2024-01-02-000000_more/down.sql", "DROP TABLE more;\n");
    Place::Sqlite(&project, "dev.db").applies(&project.path("old"), Some(1));
    project.migrate(&["import", "old"]).success();
    project
}

#[test]
fn a_database_of_diesel() {
    let project = of_diesel();
    assert_transcript!(project.migrate(&["adopt", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    adopt 20240101000000 create users  ([NOW])
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 1 revision to adopt from diesel; nothing was changed
    ");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Adopted 20240101000000 create users  ([NOW])
        Finished 1 revision adopted from diesel
    ");
    assert_transcript!(project.migrate(&["status"]), @"
    exit code: 0
    ----- stdout -----
    database: [ROOT]/dev.db (from environment `dev`)
          at: 20240101000000

     stamped  20240101000000  create users  ([NOW] by [WHO] in [TIME])
     pending  20240102000000  more

       total: 1 applied, 1 pending
        next: `up`
    ");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do: what diesel has applied was adopted before
    ");
    project.migrate(&["up"]).success();
    project.migrate(&["status", "--check"]).success();
}

#[test]
fn programs_are_told_what_is_adopted() {
    let project = of_diesel();
    let adopt = |args: &[&str]| {
        let output = project.migrate(&[&["adopt", "--message-format", "json"], args].concat());
        let is_answer = |message: Message| match message {
            Message::Adopt(adopt) => Some(adopt),
            _ => None,
        };
        let answers: Vec<_> =
            messages(&output.success()).into_iter().filter_map(is_answer).collect();
        let [answer] = &answers[..] else { panic!("{answers:?}") };
        answer.clone()
    };
    let plan = adopt(&["--dry-run"]);
    assert!(plan.dry_run);
    assert_eq!((&*plan.tool, &*plan.adopted[0].revision), ("diesel", "20240101000000"));
    let run_on = project.sqlite3("dev.db", "SELECT run_on FROM __diesel_schema_migrations");
    let at = format!("{}.000Z", run_on.trim().replace(' ', "T"));
    assert_eq!(plan.adopted[0].applied_at.as_deref(), Some(&*at));
    assert!(!plan.adopted[0].is_verified);
    let done = adopt(&[]);
    assert_eq!((done.dry_run, done.adopted, done.adopted_before), (false, plan.adopted, 0));
    assert_eq!(adopt(&["--from", "diesel"]).adopted_before, 1);
}

#[test]
fn a_protected_database_is_not_adopted_without_a_word() {
    let project = of_diesel();
    project.append("Cargo.toml", "protected = true\n");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: environment `dev` protects this database, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `adopt --yes`
    ");
    project.migrate(&["adopt", "--dry-run"]).success();
    project.migrate(&["adopt", "--yes"]).success();
}

#[test]
fn what_came_in_between_is_applied_by_diesel_first() {
    let project = Project::with_chain();
    let (place, old) = (Place::Sqlite(&project, "dev.db"), project.path("old"));
    let write = |time: &str, table: &str| {
        let up = format!("CREATE TABLE {table} (id INTEGER);\n");
        project.write(&format!("old/2024-01-01-{time}_{table}/up.sql"), up);
    };
    write("000000", "users");
    write("200000", "orders");
    place.applies(&old, None);
    // It came with a branch that was merged late, as diesel allows.
    write("120000", "late");
    project.migrate(&["import", "old"]).success();
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: diesel has not applied `20240101120000`, and has applied revisions that come after
    --> migrations/20240101120000_late.sql
     = note: not in `__diesel_schema_migrations`: `20240101120000`
     = note: a chain has an order: a revision is applied only after those that it follows
     = [ROOT]/dev.db: the database is as before
     = help: apply what is missing with diesel once more, if it does that, and adopt then
     = help: or, if the database has all the same what they do, record that: `stamp 20240101200000`
     = help: or let them come last: correct the `revises` lines, so that what follows them follows what is before them, and they follow the head; then `cargo migrate check`, and adopt
    ");
    let late = String::from("20240101120000");
    assert_eq!(place.applies(&old, None), (vec![late], vec![]));
    let adopted = project.migrate(&["adopt"]).success();
    assert!(adopted.stderr.contains("3 revisions adopted from diesel"), "{}", adopted.stderr);
    project.migrate(&["status", "--check"]).success();
}
