//! `cargo migrate adopt`: the whole way from another tool's database, which that tool itself has migrated.

mod diesel;

use std::path::{Path, PathBuf};

use crate::server::{Database, Kind};
use crate::support::{Project, assert_transcript, shared};

#[test]
fn refusals_say_what_to_do() {
    let project = Project::with_chain();
    project.revision("0001", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("0002", "0001", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 5
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: database file `[ROOT]/dev.db` does not exist
     = help: `up` creates it, unless it is opened read-only
    ");
    project.sqlite3("dev.db", "CREATE TABLE schema_migrations (version varchar(128) primary key)");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do: `schema_migrations` says that nothing is applied
    ");
    project.sqlite3("dev.db", "INSERT INTO schema_migrations VALUES ('0003')");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: dbmate has applied `0003` here, which this chain does not have
     = note: `schema_migrations` names the version of each of its migrations, and no revision has this id
     = [ROOT]/dev.db: the database is as before
     = help: import the files that the database was migrated with: `cargo migrate import DIR`
     = help: or, if nothing is left of them, remove their rows from `schema_migrations`, and adopt then
    ");
    project.sqlite3("dev.db", "UPDATE schema_migrations SET version = '0002'");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: dbmate has not applied `0001`, and has applied revisions that come after
    --> migrations/0001.sql
     = note: not in `schema_migrations`: `0001`
     = note: a chain has an order: a revision is applied only after those that it follows
     = [ROOT]/dev.db: the database is as before
     = help: apply what is missing with dbmate once more, if it does that, and adopt then
     = help: or, if the database has all the same what they do, record that: `stamp 0002`
     = help: or let them come last: correct the `revises` lines, so that what follows them follows what is before them, and they follow the head; then `cargo migrate check`, and adopt
    ");
    assert_transcript!(project.migrate(&["adopt", "--from", "golang-migrate"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: there is no table `schema_migrations` of golang-migrate to adopt
     = note: there is `schema_migrations` of dbmate
     = [ROOT]/dev.db: the database is as before
     = help: see that this is the database, and the schema, that the tool has migrated
     = help: or say where the database is: `stamp REVISION`
    ");
    std::fs::create_dir(project.path("nothing")).unwrap();
    diesel::applies(project.path("dev.db").to_str().unwrap(), &project.path("nothing"), None);
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: there are the tables of several tools: `__diesel_schema_migrations` and `schema_migrations`
     = [ROOT]/dev.db: the database is as before
     = help: `adopt --from diesel` takes `__diesel_schema_migrations`
     = help: `adopt --from dbmate` takes `schema_migrations`
    ");
    project
        .sqlite3("dev.db", "DROP TABLE schema_migrations; DROP TABLE __diesel_schema_migrations;");
    project.sqlite3("dev.db", "CREATE TABLE _sqlx_migrations (version BIGINT)");
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: there is no table of another tool to adopt
     = note: `_sqlx_migrations` is there, without the columns that it should have
     = [ROOT]/dev.db: the database is as before
     = help: see that this is the database, and the schema, that the tool has migrated
     = help: or say where the database is: `stamp REVISION`
    ");
}

#[test]
fn a_text_that_is_not_the_one_that_was_applied() {
    let project = Project::with_chain();
    project.write("old/1_users.sql", "CREATE TABLE users (id INTEGER); -- all\n");
    project.write("old/2_more.sql", "CREATE TABLE more (id INTEGER); -- all\n");
    sqlx_applies(
        &project.path("old"),
        &format!("sqlite:{}?mode=rwc", project.path("dev.db").display()),
    );
    project.migrate(&["import", "old"]).success();
    for path in ["migrations/1_users.sql", "migrations/2_more.sql"] {
        project.write(path, project.read(path).replace("-- all", "-- some"));
    }
    assert_transcript!(project.migrate(&["adopt"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: the text of revision `1` is not the one that sqlx has applied
    --> migrations/1_users.sql
     = note: its checksum is bb62ae2c1bbf578f9b4703ca01a9ddee1afcee976ca7e1b0c6551edf3fc1625c1cd019885cfba69579fc60a46479cf11, and `_sqlx_migrations` has 2f015c03114b4ffde277ae4223cfa24e3cbedc0505069d385b79d188a5cd553234ca4c4b2d74c0af48ff21fdc74bce34
     = note: neither is that of `2` (migrations/2_more.sql): its checksum is dfeb8798ed9ab0258070e921e9c36a59c19e3aed57d8cb5346491ffb443ba1a592a9e3d02e3936ffde30591d6d525df1, and `_sqlx_migrations` has 3f55b380cd0da5aec48a17d92216095d6e0fb850d56b947cc23cd538230c027b65901acbb7cb0c42b9ec8c29ed9dcb3a
     = [ROOT]/dev.db: the database is as before
     = help: restore the text below `-- migrate:up`, comments and white space included
     = help: or, if the database is as the file says it now, record that: `stamp 2`
    ");
    project.migrate(&["stamp", "2"]).success();
    project.migrate(&["status", "--check"]).success();
}

/// Lets sqlx's own migrator apply a directory.
fn sqlx_applies(directory: &Path, url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let migrator = sqlx::migrate::Migrator::new(directory).await.unwrap();
        if url.starts_with("sqlite:") {
            let pool = sqlx::SqlitePool::connect(url).await.unwrap();
            migrator.run(&pool).await.unwrap();
            pool.close().await;
        } else {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            migrator.run(&pool).await.unwrap();
            pool.close().await;
        }
    });
}

/// Adopts, writes one more revision, and applies it; returns how many were adopted.
fn goes_on(project: &Project, url: &str) -> usize {
    let on = |args: &[&str]| project.migrate(&[args, &["--database-url", url]].concat()).success();
    let adopted = on(&["adopt"]).stderr.lines().filter(|line| line.contains("Adopted ")).count();
    take_notes(project);
    let applied = on(&["up"]);
    assert!(applied.stderr.contains("Finished 1 revision applied"), "{}", applied.stderr);
    on(&["status", "--check"]);
    adopted
}

/// Writes a revision that makes the table `notes`.
fn take_notes(project: &Project) {
    project.migrate(&["new", "take notes", "--rev-id", "a0b1c2d3e4f5"]).success();
    let mut files = std::fs::read_dir(project.path("migrations")).unwrap();
    let is_new = |path: &PathBuf| path.to_str().unwrap().ends_with("a0b1c2d3e4f5_take_notes.sql");
    let path = files.find_map(|entry| Some(entry.unwrap().path()).filter(is_new)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("-- migrate:up\n", "-- migrate:up\nCREATE TABLE notes (id INTEGER PRIMARY KEY);\n")
        .replace("-- migrate:down\n", "-- migrate:down\nDROP TABLE notes;\n");
    std::fs::write(path, text).unwrap();
}

#[test]
fn every_history_of_sqlx_goes_on_here_on_sqlite() {
    for (name, count) in
        [("client", 12), ("client-record", 3), ("scripts", 2), ("server-sqlite", 7)]
    {
        let Some(directory) = shared(&format!("histories/atuin/{name}")) else { return };
        let project = Project::with_chain();
        sqlx_applies(&directory, &format!("sqlite:{}?mode=rwc", project.path("old.db").display()));
        project.migrate(&["import", directory.to_str().unwrap()]).success();
        let url = |name: &str| format!("sqlite:{}", project.path(name).display());
        assert_eq!(goes_on(&project, &url("old.db")), count, "{name}");
        // What sqlx made is what the chain makes.
        project.migrate(&["up", "--database-url", &url("new.db")]).success();
        project.sqlite3("old.db", "DROP TABLE _sqlx_migrations");
        assert_eq!(project.schema("old.db"), project.schema("new.db"), "{name}");
        project.migrate(&["status", "--check", "--database-url", &url("old.db")]).success();
    }
}

/// A package whose chain is for PostgreSQL, and nothing in it yet.
fn for_postgres() -> Project {
    let project = Project::package(&["src/lib.rs"]);
    project.append("Cargo.toml", "\n[package.metadata.migrate]\ndialects = [\"postgres\"]\n");
    std::fs::create_dir(project.path("migrations")).unwrap();
    project
}

#[test]
fn the_history_of_atuins_server_goes_on_here_on_postgres() {
    let Some(directory) = shared("histories/atuin/server-postgres") else { return };
    let Some(old) = Database::on(Kind::Postgres) else { return };
    let Some(new) = Database::on(Kind::Postgres) else { return };
    sqlx_applies(&directory, &old.url());
    let project = for_postgres();
    project.migrate(&["import", directory.to_str().unwrap()]).success();
    assert_eq!(goes_on(&project, &old.url()), 20);
    project.migrate(&["up", "--database-url", &new.url()]).success();
    let times = old.query(
        "SELECT count(*) FROM migrate_revisions AS r JOIN _sqlx_migrations AS m \
         ON m.version::text = r.revision AND date_trunc('milliseconds', m.installed_on) = r.applied_at \
         AND m.execution_time / 1000000 = r.duration_ms",
    );
    assert_eq!(times, "20\n");
    old.query("DROP TABLE _sqlx_migrations");
    assert_eq!(old.dump(), new.dump());
}
