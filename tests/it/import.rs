//! `cargo migrate import`: what it recognises, writes and finds.

use crate::support::{Project, assert_transcript};

/// Two migrations as diesel has them, in `old`.
fn of_diesel(project: &Project) {
    project
        .write("old/2024-01-01-000000_create_users/up.sql", "CREATE TABLE users (id INTEGER);\n");
    project.write("old/2024-01-01-000000_create_users/down.sql", "DROP TABLE users;\n");
    project.write("old/2024-01-02-000000-0000_shrink/up.sql", "VACUUM;\n");
    project
        .write("old/2024-01-02-000000-0000_shrink/metadata.toml", "run_in_transaction = false\n");
    project.write("old/README.md", "");
}

#[test]
fn a_directory_of_diesel() {
    let project = Project::with_chain();
    of_diesel(&project);
    assert_transcript!(project.migrate(&["import", "old", "--dry-run"]), @"
    exit code: 0
    ----- stderr -----
    Would create migrations/20240101000000_create_users.sql
    Would create migrations/202401020000000000_shrink.sql
    note: not imported, since diesel ignores them too: `README.md`
    Would import 2 revisions from diesel
    ");
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 0
    ----- stderr -----
         Created migrations/20240101000000_create_users.sql
         Created migrations/202401020000000000_shrink.sql
    note: not imported, since diesel ignores them too: `README.md`
        Imported 2 revisions from diesel
    ");
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    202401020000000000 (head)  shrink
    20240101000000 (base)  create users
    ");
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["import", "old", "--from", "diesel"]), @"
    exit code: 1
    ----- stderr -----
    error: the chain has a revision `20240101000000` already; nothing was imported
    help: import into an empty chain, or leave out what was imported before
    ");
}

#[test]
fn findings_come_with_the_import() {
    let project = Project::with_chain();
    of_diesel(&project);
    std::fs::remove_file(project.path("old/2024-01-02-000000-0000_shrink/metadata.toml")).unwrap();
    project.write("old/2024-01-03_nothing/up.sql", "");
    assert_transcript!(project.migrate(&["import", "old", "--dry-run"]), @"
    exit code: 4
    ----- stderr -----
    Would create migrations/20240101000000_create_users.sql
    Would create migrations/202401020000000000_shrink.sql
    Would create migrations/20240103_nothing.sql
    note: not imported, since diesel ignores them too: `README.md`
    Would import 3 revisions from diesel
    error[M0029]: `sqlite` does not run this inside a transaction
     --> migrations/202401020000000000_shrink.sql:9:1
      |
    9 | VACUUM;
      | ^^^^^^ refused, or silently without effect
      |
      = help: move it into a revision of its own with `-- transaction: none` in the header

    warning[M0033]: this section is empty
     --> migrations/20240103_nothing.sql:7:1
      |
    7 | -- migrate:up
      | ^^^^^^^^^^^^^
      |
      = help: write the SQL below it; where there is nothing to do, a comment that says why

    error: the chain would be invalid: 1 error and 1 warning
    help: correct the imported files; `cargo migrate check` shows them all, also after a correction
    ");
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 4
    ----- stderr -----
         Created migrations/20240101000000_create_users.sql
         Created migrations/202401020000000000_shrink.sql
         Created migrations/20240103_nothing.sql
    note: not imported, since diesel ignores them too: `README.md`
        Imported 3 revisions from diesel
    error[M0029]: `sqlite` does not run this inside a transaction
     --> migrations/202401020000000000_shrink.sql:9:1
      |
    9 | VACUUM;
      | ^^^^^^ refused, or silently without effect
      |
      = help: move it into a revision of its own with `-- transaction: none` in the header

    warning[M0033]: this section is empty
     --> migrations/20240103_nothing.sql:7:1
      |
    7 | -- migrate:up
      | ^^^^^^^^^^^^^
      |
      = help: write the SQL below it; where there is nothing to do, a comment that says why

    error: the chain is invalid: 1 error and 1 warning
    help: correct the imported files; `cargo migrate check` shows them all, also after a correction
    ");
}

#[test]
fn a_layout_that_no_tool_has() {
    let project = Project::with_chain();
    of_diesel(&project);
    assert_transcript!(project.migrate(&["import", "."]), @"
    exit code: 1
    ----- stderr -----
    error: `[ROOT]/.` has the layout of no tool that is known
      sqlx: there are no `<VERSION>_<DESCRIPTION>.sql` files
      diesel: there are no `<VERSION>_<NAME>/up.sql` files
      refinery: there are no `V<VERSION>__<NAME>.sql` or `.rs` files
      sea-orm: there are no `m<DATE>_<TIME>_<NAME>.rs` files
      dbmate: there are no `<VERSION>_<NAME>.sql` files with `-- migrate:up`
      goose: there are no `<VERSION>_<NAME>.sql` files with `-- +goose Up`
      golang-migrate: there are no `<VERSION>_<NAME>.up.sql` files
      flyway: there are no `V<VERSION>__<DESCRIPTION>.sql` files
      alembic: there are no `.py` files with a `down_revision`
    perhaps `cargo migrate import [ROOT]/./migrations`
    ");
    project.write("old/3_more.sql", "SELECT 1;\n");
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 1
    ----- stderr -----
    error: `[ROOT]/old` has the layouts of several tools; say which
      `--from sqlx`: there are `<VERSION>_<DESCRIPTION>.sql` files
      `--from diesel`: there are `<VERSION>_<NAME>/up.sql` files
    ");
    assert_transcript!(project.migrate(&["import", "--from", "rails", "old"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'rails' for '--from <TOOL>'
    help: possible values: sqlx, diesel, refinery, sea-orm, dbmate, goose, golang-migrate, flyway, alembic
    help: `cargo migrate import --help` shows what can be given
    ");
}

#[test]
fn a_chain_for_several_dialects() {
    let project = Project::with_chain();
    of_diesel(&project);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("[\"sqlite\"]", "[\"sqlite\", \"mysql\"]"));
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 1
    ----- stderr -----
    error: the chain is written for `sqlite` and `mysql`; say which the directory is for: `--dialect sqlite` or `--dialect mysql`, or all of them
    ");
    assert_transcript!(project.migrate(&["import", "old", "--dialect", "sqlite", "--dry-run"]), @"
    exit code: 4
    ----- stderr -----
    Would create migrations/20240101000000_create_users.sql
    Would create migrations/202401020000000000_shrink.sql
    note: not imported, since diesel ignores them too: `README.md`
    Would import 2 revisions from diesel
    error[M0025]: no up section runs on `mysql`
     --> migrations/20240101000000_create_users.sql:6:1
      |
    6 | -- migrate:up sqlite
      | ^^^^^^^^^^^^^^^^^^^^
      |
      = help: add `-- migrate:up mysql`; where there is nothing to do, a comment below it says why

    error[M0025]: no down section runs on `mysql`
     --> migrations/20240101000000_create_users.sql:9:1
      |
    9 | -- migrate:down sqlite
      | ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: add `-- migrate:down mysql`; where there is nothing to do, a comment below it says why

    error[M0025]: no up section runs on `mysql`
     --> migrations/202401020000000000_shrink.sql:9:1
      |
    9 | -- migrate:up sqlite
      | ^^^^^^^^^^^^^^^^^^^^
      |
      = help: add `-- migrate:up mysql`; where there is nothing to do, a comment below it says why

    error: the chain would be invalid: 3 errors
    help: correct the imported files; `cargo migrate check` shows them all, also after a correction
    ");
}

#[test]
fn the_directory_of_the_chain_itself() {
    let project = Project::with_chain();
    of_diesel(&project);
    std::fs::remove_dir(project.path("migrations")).unwrap();
    std::fs::rename(project.path("old"), project.path("migrations")).unwrap();
    assert_transcript!(project.migrate(&["import", "migrations/"]), @"
    exit code: 1
    ----- stderr -----
    error: `migrations` is where the chain itself belongs
    help: give the other tool's files another place first: `mv migrations migrations.old`, `mkdir migrations`, `cargo migrate import migrations.old`
    ");
    std::fs::rename(project.path("migrations"), project.path("migrations.old")).unwrap();
    std::fs::create_dir(project.path("migrations")).unwrap();
    project.migrate(&["import", "migrations.old"]).success();
}

#[test]
fn folders_of_golang_migrate_become_one_chain() {
    let project = Project::with_chain();
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("[\"sqlite\"]", "[\"sqlite\", \"postgres\"]"));
    project.write("old/sqlite3/000001_a.up.sql", "BEGIN;\nCREATE TABLE a (i INTEGER);\nCOMMIT;\n");
    project.write("old/sqlite3/000001_a.down.sql", "DROP TABLE a;\n");
    project.write("old/postgres/000001_a.up.sql", "CREATE TABLE a (i bigint);\n");
    project.write("old/postgres/000001_a.down.sql", "DROP TABLE a;\n");
    project.write("old/postgres/000002_i.up.sql", "CREATE INDEX CONCURRENTLY i ON a (i);\n");
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 0
    ----- stderr -----
         Created migrations/000001_a.sql
         Created migrations/000002_i.sql
    note: `postgres/000002_i.up.sql`: golang-migrate has no up script for sqlite, so nothing happens there
    note: `BEGIN` and `COMMIT` became comments, since a revision is a transaction already: `sqlite3/000001_a.up.sql`
    note: `transaction: none`, since the SQL cannot run inside one: `postgres/000002_i.up.sql`
        Imported 2 revisions from golang-migrate
    ");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned up 000001, 000002; committed in 2 parts
        Applying 000001 a
        Applying 000002 i
        Finished 2 revisions applied in [TIME]
    ");
    assert_eq!(project.schema("dev.db"), "table|a|a|CREATE TABLE a (i INTEGER)\n");
}

#[test]
fn a_directory_of_refinery_with_a_program() {
    let project = Project::with_chain();
    project.write("old/V1__a.sql", "CREATE TABLE a (i INTEGER);\n");
    project.write("old/V3__c.sql", "CREATE TABLE c (i INTEGER);\n");
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 0
    ----- stderr -----
         Created migrations/1_a.sql
         Created migrations/3_c.sql
        Imported 2 revisions from refinery
    ");
    project.migrate(&["up"]).success();
    project.write("more/V4__d.rs", "pub fn migration() -> String {\n    String::new()\n}\n");
    let output = project.migrate(&["import", "more"]);
    assert!(output.stderr.contains("Created migrations/4_d.rs"), "{}", output.stderr);
    assert!(output.stderr.contains("left to be written"), "{}", output.stderr);
    assert!(project.read("migrations/4_d.rs").contains("//! revises: 3\n"));
    // What is written is formatted, too, though nothing in this package can run it yet.
    let output = project.migrate(&["check"]);
    assert!(
        output.stderr.contains("M0067") && !output.stderr.contains("M0070"),
        "{}",
        output.stderr
    );
}

#[test]
fn directories_of_one_file_a_migration() {
    let project = Project::with_chain();
    project.write(
        "dbmate/20240101000000_a.sql",
        "-- migrate:up\nCREATE TABLE a (i);\n\n-- migrate:down\nDROP TABLE a;\n",
    );
    project.write(
        "goose/20240102000000_b.sql",
        "-- +goose Up\nCREATE TABLE b (i);\n-- +goose Down\nDROP TABLE b;\n",
    );
    project.write("flyway/V20240103000000.1__c.sql", "CREATE TABLE c (i);\n");
    project.write("flyway/R__view.sql", "CREATE VIEW v AS SELECT 1;\n");
    for directory in ["dbmate", "goose", "flyway"] {
        project.migrate(&["import", directory]).success();
    }
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    20240103000000.1 (head)  c
    20240102000000  b
    20240101000000 (base)  a
    ");
    project.migrate(&["up"]).success();
}

#[test]
fn alembic_without_alembic() {
    let project = Project::with_chain();
    project.write(
        "old/versions/a1_users.py",
        "\"\"\"add users\"\"\"\nrevision = 'a1'\ndown_revision = None\n\n\
         def upgrade():\n    op.create_table('users')\n",
    );
    assert_transcript!(project.migrate(&["import", "old"]), @"
    exit code: 4
    ----- stderr -----
          Asking Alembic for the SQL
         Created migrations/a1_users.sql
    note: Alembic printed no SQL: there is no `alembic.ini` in or above the directory
    note: left to be written, with the original in comments: `a1_users.sql`
        Imported 1 revision from alembic
    error[M0024]: this revision has no up section
     --> migrations/a1_users.sql:3:14
      |
    3 | -- revision: a1
      |              ^^
      |
      = help: write `-- migrate:up` in a line of its own, and the SQL below it

    error[M0026]: this revision has no down section
     --> migrations/a1_users.sql:3:14
      |
    3 | -- revision: a1
      |              ^^
      |
      = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
      = help: or, if there is no way back, `-- irreversible: WHY` in the header

    error: the chain is invalid: 2 errors
    help: correct the imported files; `cargo migrate check` shows them all, also after a correction
    ");
}
