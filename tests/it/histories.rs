//! Histories of real projects, imported, applied, and compared with what the database's own client makes
//! of the original files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{Database, Kind};
use crate::support::{Project, shared};

/// The schema that the client gives with the original files, in order.
fn original_schema(project: &Project, directory: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with(".down.sql"))
        .collect();
    files.sort();
    for file in files {
        let mut command = Command::new("sqlite3");
        command.arg("-bail").arg(project.path("original.db"));
        command.stdin(std::fs::File::open(file).unwrap());
        project.run(&mut command).success();
    }
    project.schema("original.db")
}

fn import(name: &str, sources: &[&str]) -> Option<(Project, std::path::PathBuf)> {
    let directory = shared(&format!("histories/atuin/{name}"))?;
    let project = Project::initialised(sources);
    project.migrate(&["import", "--from", "sqlx", directory.to_str().unwrap()]).success();
    Some((project, directory))
}

#[test]
fn every_history_gives_the_schema_of_its_original_files() {
    for name in ["client", "client-record", "scripts", "server-sqlite"] {
        let Some((project, directory)) = import(name, &["src/lib.rs"]) else { return };
        let expected = original_schema(&project, &directory);
        assert!(expected.contains("CREATE TABLE"));

        project.migrate(&["up"]).success();
        assert_eq!(project.schema("dev.db"), expected, "{name} from the command line");

        let build = ["build", "--features", "migrate", "--bin", "migrate"];
        project.cargo(&build).success();
        let runner = Project::target().join("debug/migrate");
        let shipped = project.path("shipped");
        std::fs::copy(runner, &shipped).unwrap();
        // The binary works alone: not even its package is there any more.
        let elsewhere = Project::empty();
        let url = format!("sqlite:{}", elsewhere.path("app.db").display());
        elsewhere.run(Command::new(&shipped).arg("up").env("DATABASE_URL", &url)).success();
        assert_eq!(elsewhere.schema("app.db"), expected, "{name} from the compiled binary");
    }
}

#[test]
fn the_scripts_history_goes_down_and_up_again() {
    let Some((project, _)) = import("scripts", &["src/lib.rs"]) else { return };
    project.migrate(&["up"]).success();
    let schema = project.schema("dev.db");

    // The project's own down script is MySQL, which SQLite refuses: nothing may change by that.
    let output = project.migrate(&["down", "base"]);
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    assert!(output.stderr.contains("20250402170430_unique_names.sql"), "{}", output.stderr);
    assert!(output.stderr.contains("near \"index\": syntax error"), "{}", output.stderr);
    assert_eq!(project.schema("dev.db"), schema);

    // A corrected down is no edit.
    let path = "migrations/20250402170430_unique_names.sql";
    let text = project.read(path);
    let wrong = "alter table scripts drop index name_uniq_idx;";
    assert!(text.contains(wrong));
    project.write(path, text.replace(wrong, "drop index name_uniq_idx;"));
    project.migrate(&["down", "base"]).success();
    assert_eq!(project.schema("dev.db"), "");
    project.migrate(&["up"]).success();
    assert_eq!(project.schema("dev.db"), schema);
}

/// A package whose chain is for PostgreSQL, and nothing in it yet.
fn for_postgres() -> Project {
    let project = Project::package(&["src/lib.rs"]);
    project.append(
        "Cargo.toml",
        "\n[package.metadata.migrate]\ndialects = [\"postgres\"]\nlints.M0066 = \"allow\"\n",
    );
    std::fs::create_dir(project.path("migrations")).unwrap();
    project
}

#[test]
fn the_history_of_atuins_server_is_valid() {
    let Some(directory) = shared("histories/atuin/server-postgres") else { return };
    let project = for_postgres();
    let output = project.migrate(&["import", directory.to_str().unwrap()]).success();
    assert!(output.stderr.ends_with("    Imported 20 revisions from sqlx\n"), "{}", output.stderr);
    project.migrate(&["check"]).success();
}

#[test]
fn the_history_of_crates_io_has_one_down_that_fails() {
    let Some(directory) = shared("histories/crates-io/migrations") else { return };
    let project = for_postgres();
    let output = project.migrate(&["import", directory.to_str().unwrap()]);
    assert_eq!(output.code, Some(4), "{}", output.transcript());
    let (written, found) = output.stderr.split_once("note: ").unwrap();
    assert_eq!(written.lines().count(), 285);
    insta::assert_snapshot!(found, @"
    irreversible, since diesel does not run an empty `down.sql`: `20140925132250_dumped_migration_8`, `20140925132253_dumped_migration_11`, `20140925132254_dumped_migration_12`, `20140925161625_dumped_migration_17`, `20141112082527_dumped_migration_89`
    note: not imported, since diesel ignores them too: `README.md`, `data_oauth_github.sql`
        Imported 285 revisions from diesel
    error[M0029]: `postgres` does not run this inside a transaction
      --> migrations/20240412144536_remove-downloads-column.sql:15:1
       |
    15 | create index concurrently index_crate_downloads
       | ^^^^^^^^^^^^^^^^^^^^^^^^^ refused, or silently without effect
       |
       = help: move it into a revision of its own with `-- transaction: none` in the header

    error[M0029]: `postgres` does not run this inside a transaction
      --> migrations/20240412144536_remove-downloads-column.sql:18:1
       |
    18 | create index concurrently index_crates_id_downloads_name
       | ^^^^^^^^^^^^^^^^^^^^^^^^^ refused, or silently without effect
       |
       = help: move it into a revision of its own with `-- transaction: none` in the header

    error: the chain is invalid: 2 errors
    help: correct the imported files; `cargo migrate check` shows them all, also after a correction
    ");

    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap();
        let (version, _) = name.split_once('_').unwrap();
        let id = version.replace('-', "");
        let mut revisions = std::fs::read_dir(project.path("migrations")).unwrap();
        let is_of_id = |path: &std::path::PathBuf| {
            path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{id}_"))
        };
        let revision = revisions.find_map(|entry| Some(entry.unwrap().path()).filter(is_of_id));
        let text = read(&revision.unwrap());
        assert!(text.contains(&format!("\n-- revision: {id}\n")), "{text}");
        for (script, section) in [("up.sql", "up"), ("down.sql", "down")] {
            let original = read(&folder.join(script));
            let whole = format!("\n-- migrate:{section}\n{original}");
            assert!(text.contains(&whole) || original.is_empty(), "{name}/{script}");
        }
        let metadata = folder.join("metadata.toml").exists();
        assert_eq!(text.contains("\n-- transaction: none\n"), metadata, "{name}");
    }

    // PostgreSQL refuses that, too; with the correction that the finding asks for, all is well.
    let path = "migrations/20240412144536_remove-downloads-column.sql";
    let (head, rest) =
        project.read(path).split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    project.write(path, format!("{head}\n-- transaction: none\n\n{rest}"));
    let checked = project.migrate(&["check"]).success();
    insta::assert_snapshot!(checked.stderr, @"     Checked 285 revisions, head `202607301400000000`");
}

/// The database that the project's own files make when psql runs them one by one.
fn original(files: &[PathBuf]) -> Option<Database> {
    let database = Database::on(Kind::Postgres)?;
    database.run_files(files);
    Some(database)
}

#[test]
fn the_history_of_atuins_server_gives_the_schema_of_its_original_files() {
    let Some(directory) = shared("histories/atuin/server-postgres") else { return };
    let mut files: Vec<_> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let Some(original) = original(&files) else { return };
    let Some(database) = Database::on(Kind::Postgres) else { return };
    let project = for_postgres();
    project.migrate(&["import", directory.to_str().unwrap()]).success();
    let url = database.url();
    let output = project.migrate(&["up", "--database-url", &url]).success();
    assert!(output.stderr.contains("Finished 20 revisions applied"), "{}", output.stderr);
    assert!(original.dump().contains("CREATE TABLE public.store"));
    assert_eq!(database.dump(), original.dump());
}

/// Where crates.io's own down files do not undo what they should, and what would: the file, the text, the
/// text in its place, and what PostgreSQL says to the file as it is.
const WRONG_DOWNS: [(&str, &str, &str, &str); 3] = [
    // An index is no constraint.
    (
        "migrations/20241025112826_make-unique-version-unique.sql",
        "alter table versions\n    drop constraint",
        "drop index",
        "13:1\n   |\n13 | alter table versions\n",
    ),
    // The down of 20240412144536 makes the table again, and leaves the name to the server.
    (
        "migrations/20170708133715_ensure_crate_id_foreign_keys_cascade.sql",
        "DROP CONSTRAINT \"fk_crate_downloads_crate_id\",\n    ADD CONSTRAINT \"fk_crate_downloads_crate_id\" \
         FOREIGN KEY (crate_id) REFERENCES crates(id);",
        "DROP CONSTRAINT \"crate_downloads_crate_id_fkey\",\n    ADD CONSTRAINT \"fk_crate_downloads_crate_id\" \
         FOREIGN KEY (crate_id) REFERENCES crates(id);",
        "31:1\n   |\n31 | ALTER TABLE \"crate_downloads\"\n",
    ),
    // A semicolon is missing.
    (
        "migrations/20170318181441_downloads_need_no_id.sql",
        "DROP CONSTRAINT crate_downloads_pkey\n",
        "DROP CONSTRAINT crate_downloads_pkey;\n",
        "14:1\n   |\n14 | ALTER TABLE crate_downloads ALTER COLUMN",
    ),
];

fn correct(project: &Project, path: &str, wrong: &str, right: &str) {
    let text = project.read(path);
    assert_eq!(text.matches(wrong).count(), 1, "{path}: {wrong}");
    project.write(path, text.replace(wrong, right));
}

#[test]
fn the_history_of_crates_io_goes_up_down_and_up_again() {
    let Some(directory) = shared("histories/crates-io/migrations") else { return };
    let folders = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        folders.filter(|path| path.is_dir()).map(|path| path.join("up.sql")).collect();
    files.sort_by_key(|path| path.to_str().unwrap().replace('-', ""));
    let Some(original) = original(&files) else { return };
    let Some(database) = Database::on(Kind::Postgres) else { return };
    let url = database.url();
    let migrate = |project: &Project, args: &[&str]| {
        project.migrate(&[args, &["--database-url", &url]].concat())
    };
    let project = for_postgres();
    project.migrate(&["import", directory.to_str().unwrap()]);
    // Its down creates indexes concurrently, which PostgreSQL does in no transaction.
    let path = "migrations/20240412144536_remove-downloads-column.sql";
    let text = project.read(path);
    project.write(path, text.replacen("\n\n", "\n-- transaction: none\n\n", 1));
    // "Not reversible", it says, and nothing else; the next `up` would miss the column.
    let path = "migrations/20191111162609_drop_email_from_user.sql";
    correct(&project, path, "-- Not reversible", "ALTER TABLE users ADD COLUMN email VARCHAR;");

    let output = migrate(&project, &["up"]).success();
    assert!(output.stderr.contains("Finished 285 revisions applied"), "{}", output.stderr);
    let schema = original.dump();
    assert!(schema.contains("CREATE TABLE public.crate_owner_invitations"));
    assert_eq!(database.dump(), schema);

    for _ in 0..5 {
        migrate(&project, &["down"]).success();
    }
    // The first one below is irreversible, since its down is empty.
    let last = "20141112082527";
    for (path, wrong, right, place) in WRONG_DOWNS {
        let output = migrate(&project, &["down", last]);
        assert_eq!(output.code, Some(1), "{}", output.transcript());
        let place = format!("\n  --> {path}:{place}");
        assert!(output.stderr.contains(&place), "{place}{}", output.stderr);
        correct(&project, path, wrong, right);
    }
    migrate(&project, &["down", last]).success();
    let output = migrate(&project, &["down"]);
    assert_eq!(output.code, Some(1), "{}", output.transcript());
    let refusal = "error: revision `20141112082527` cannot be undone: imported from diesel";
    assert!(output.stderr.contains(refusal), "{}", output.stderr);
    let count = database.query("SELECT count(*) FROM migrate_revisions");
    assert_eq!(count, "90\n");

    let output = migrate(&project, &["up"]).success();
    assert!(output.stderr.contains("Finished 195 revisions applied"), "{}", output.stderr);
    assert_eq!(database.dump(), schema);
}
