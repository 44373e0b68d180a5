//! Each mistake gets a clear message, its exit code, and changes nothing.

use crate::support::{Project, assert_transcript};

/// A project with one applied revision.
fn applied() -> Project {
    let project = Project::with_chain();
    project.revision(
        "first1",
        "",
        "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);",
        "DROP TABLE a;",
    );
    project.migrate(&["up"]).success();
    project
}

/// Asserts that running `up` leaves the database file as it is, byte for byte.
#[track_caller]
fn up_changes_nothing(project: &Project) -> crate::support::Output {
    let before = std::fs::read(project.path("dev.db")).unwrap();
    let output = project.migrate(&["up"]);
    assert_eq!(std::fs::read(project.path("dev.db")).unwrap(), before);
    output
}

#[test]
fn an_empty_directory() {
    let project = Project::with_chain();
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
    note: the chain has no revision yet; `cargo migrate new` writes one
    ");
    assert!(!project.path("dev.db").exists());
    std::fs::create_dir(project.path("empty")).unwrap();
    assert_transcript!(project.migrate(&["import", "--from", "sqlx", "empty"]), @"
    exit code: 1
    ----- stderr -----
    error: `[ROOT]/empty` is empty; name the directory of the `<VERSION>_<DESCRIPTION>.sql` files: `cargo migrate import --from sqlx DIR`
    ");
}

#[test]
fn a_directory_that_does_not_exist() {
    let project = Project::with_chain();
    std::fs::remove_dir(project.path("migrations")).unwrap();
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 1
    ----- stderr -----
    error[M0054]: the migrations directory `migrations` does not exist
     |
     = help: `cargo migrate init` creates it
     = help: or name another one: `dir` in `[package.metadata.migrate]`

    error: the migrations cannot be read: 1 error; nothing was changed
    help: `cargo migrate explain M0054` tells more
    ");
    assert!(!project.path("dev.db").exists());
    std::fs::create_dir(project.path("migrations")).unwrap();
    assert_transcript!(project.migrate(&["import", "--from", "sqlx", "nowhere"]), @"
    exit code: 1
    ----- stderr -----
    error: `[ROOT]/nowhere` does not exist; name the directory of the `<VERSION>_<DESCRIPTION>.sql` files: `cargo migrate import --from sqlx DIR`
    ");
}

#[test]
fn a_read_only_database() {
    let project = applied();
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    let before = std::fs::read(project.path("dev.db")).unwrap();
    assert_transcript!(project.migrate(&["up", "--database-url", "sqlite:dev.db?mode=ro"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db?mode=ro (from `--database-url`)
         Planned up second; committed at the end, all or nothing
        Applying second second
    error: statement 1 of revision `second` failed: attempt to write a readonly database
     --> migrations/second.sql:7:1
      |
    7 | CREATE TABLE b (x);
      | ^
     = dev.db: the database is as before
     = help: make `dev.db` and its directory writable for this user, and open it without `mode=ro`
    ");
    assert_eq!(std::fs::read(project.path("dev.db")).unwrap(), before);
    // What is up to date needs no right to write.
    std::fs::remove_file(project.path("migrations/second.sql")).unwrap();
    project.migrate(&["up", "--database-url", "sqlite:dev.db?mode=ro"]).success();
    project.migrate(&["status", "--database-url", "sqlite:dev.db?mode=ro"]).success();
}

#[test]
fn a_file_that_is_no_database() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.write("dev.db", "This is a shopping list, and certainly no database.\n".repeat(40));
    assert_transcript!(up_changes_nothing(&project), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: failed to read the tracking table: file is not a database
     = database: [ROOT]/dev.db
     = help: `[ROOT]/dev.db` is not an SQLite database, or is encrypted: name another file, or move this one away
    ");
    assert_eq!(project.migrate(&["status"]).code, Some(1));
}

#[test]
fn a_missing_database_is_created_by_up_alone() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["status"]), @"
    exit code: 0
    ----- stdout -----
    database: sqlite:dev.db (from environment `dev`)
          at: base: no revision is applied

     pending  first1  first1

       total: 1 pending
        next: `up`
    ----- stderr -----
    note: the database does not exist yet; `up` creates it
    ");
    assert_transcript!(project.migrate(&["down"]), @"
    exit code: 5
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: database file `[ROOT]/dev.db` does not exist
     = help: `up` creates it, unless it is opened read-only
    ");
    assert!(!project.path("dev.db").exists());
}

#[test]
fn a_binary_file_among_the_revisions() {
    let project = applied();
    project.write("migrations/picture.sql", b"-- hm\n\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    project.write("migrations/utf16.sql", b"-\0-\0 \0x\0");
    assert_transcript!(up_changes_nothing(&project), @"
    exit code: 4
    ----- stderr -----
    error[M0001]: this file is not UTF-8
     --> migrations/picture.sql:2:1
      |
    2 | �
      | ^ the byte 0x89 is not UTF-8
      |
      = help: save the file as UTF-8
      = help: if the file is no revision, move it elsewhere, or let its name begin with `_`

    error[M0002]: this file holds a NUL byte
     --> migrations/utf16.sql:1:2
      |
    1 | -�
      |  ^ the first NUL byte
      |
      = help: remove it; or, if the file is UTF-16, save it as UTF-8
      = help: if the file is no revision, move it elsewhere, or let its name begin with `_`

    error: the chain is invalid: 2 errors; nothing was changed
    help: `cargo migrate explain M0001` tells more
    ");
}

#[test]
fn a_revision_without_header() {
    let project = applied();
    project.write("migrations/plain.sql", "CREATE TABLE b (x);\n");
    assert_transcript!(up_changes_nothing(&project), @r#"
    exit code: 4
    ----- stderr -----
    error[M0003]: this file has no `revision` in its header
     --> migrations/plain.sql:1:1
      |
    1 | CREATE TABLE b (x);
      | ^
      |
      = note: a revision begins with comment lines: a message, an empty one, then `-- revision: ID`
      = help: `cargo migrate new "message"` writes a file with a header
      = help: if the file is no revision, let its name begin with `_`

    error[M0023]: this stands before the first section
     --> migrations/plain.sql:1:1
      |
    1 | CREATE TABLE b (x);
      | ^^^^^^^^^^^^^^^^^^ it belongs to no section and would not run
      |
      = help: write `-- migrate:up` in a line above it

    error: the chain is invalid: 2 errors; nothing was changed
    help: `cargo migrate explain M0003` tells more
    "#);
}

#[test]
fn two_revisions_with_the_same_id() {
    let project = applied();
    let text = project.read("migrations/first1.sql");
    project.write("migrations/second.sql", text);
    assert_transcript!(up_changes_nothing(&project), @"
    exit code: 4
    ----- stderr -----
    error[M0012]: two revisions have the id `first1`
     --> migrations/second.sql:3:14
      |
    3 | -- revision: first1
      |              ^^^^^^
      |
     ::: migrations/first1.sql:3:14
      |
    3 | -- revision: first1
      |              ------ it is used here already
      |
      = help: give the newer one another id; `revises` in others may have to follow

    error: the chain is invalid: 1 error; nothing was changed
    help: `cargo migrate explain M0012` tells more
    ");
}

#[test]
fn an_edited_revision_that_was_applied() {
    let project = applied();
    project.revision(
        "first1",
        "",
        "CREATE TABLE a (x, y);\nINSERT INTO a VALUES (1);",
        "DROP TABLE a;",
    );
    assert_transcript!(up_changes_nothing(&project), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: revision `first1` has another text than when applied to this database
    --> migrations/first1.sql
     = note: migrations/first1.sql: `first1` was applied at [NOW] by cargo-migrate@[HOST]
     = [ROOT]/dev.db: the database is as before
     = help: restore the file to what was applied, and put the change into a new revision
     = help: or, if the database is as the file says it now, accept that: `repair first1 --accept`
     = help: or, where nobody else has applied it, undo it first: `down --from database` (in code `Options::edited_down`), with a target that includes it
    ");
    assert_transcript!(project.migrate(&["down"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: revision `first1` has another text than when applied to this database
    --> migrations/first1.sql
     = note: migrations/first1.sql: `first1` was applied at [NOW] by cargo-migrate@[HOST]
     = [ROOT]/dev.db: the database is as before
     = help: `down --from database` undoes it with the script that was stored when it was applied
     = help: `down --from file` undoes it with the script of the edited file
     = help: in code, `Options::edited_down` says which
    ");
    assert_transcript!(project.migrate(&["status"]), @"
    exit code: 0
    ----- stdout -----
    database: [ROOT]/dev.db (from environment `dev`)
          at: first1

     applied  first1  first1  ([NOW] by [WHO] in [TIME])  EDITED: the file is not what was applied

       total: 1 applied (1 edited)
        next: `repair`
    ");
    // Comments, white space, line ends and the down script are no edit.
    project.revision(
        "first1",
        "",
        "-- the first\r\nCREATE  TABLE a\r\n(x);\r\nINSERT INTO a VALUES (1);",
        "DROP TABLE IF EXISTS a;",
    );
    up_changes_nothing(&project).success();
}

#[test]
fn a_statement_that_fails_half_way() {
    let project = applied();
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project.revision(
        "third1",
        "second",
        "INSERT INTO a VALUES (2);\n\nCREATE TABLE c (x);\nINSERT INTO\n    nowhere\nVALUES (1);\nDROP TABLE a;",
        "DROP TABLE c;",
    );
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned up second, third1; committed at the end, all or nothing
        Applying second second
        Applying third1 third1
    error: statement 3 of revision `third1` failed: no such table: nowhere
      --> migrations/third1.sql:10:1
       |
    10 | INSERT INTO
       | ^
     = [ROOT]/dev.db: the database is as before
     = help: correct the statement, and run `up` again
    ");
    assert_eq!(project.sqlite3("dev.db", "SELECT group_concat(x) FROM a"), "1\n");
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM migrate_revisions"), "1\n");
    // One transaction a revision keeps what came before.
    assert_transcript!(project.migrate(&["up", "--transaction", "revision"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned up second, third1; committed in 2 parts
        Applying second second
        Applying third1 third1
    error: statement 3 of revision `third1` failed: no such table: nowhere
      --> migrations/third1.sql:10:1
       |
    10 | INSERT INTO
       | ^
     = [ROOT]/dev.db: revision `second` is committed; nothing else of the run had an effect
     = help: correct the statement, and run `up` again
    ");
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM migrate_revisions"), "2\n");
}

#[test]
fn an_unknown_key_in_the_configuration() {
    let project = applied();
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("dialects =", "dialect ="));
    assert_transcript!(up_changes_nothing(&project), @r#"
    exit code: 1
    ----- stderr -----
    error[M0051]: unknown key `dialect` in `package.metadata.migrate`
     --> Cargo.toml:9:1
      |
    9 | dialect = ["sqlite"]
      | ^^^^^^^ not a key of this table
      |
      = help: did you mean `dialects`?

    error: the migrations cannot be read: 1 error; nothing was changed
    help: `cargo migrate explain M0051` tells more
    "#);
}

#[test]
fn outside_any_package() {
    let project = Project::empty();
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 2
    ----- stderr -----
    error: no `Cargo.toml` in `[ROOT]` or in any directory above it
    help: go to a package, or name one with `--manifest-path`; `cargo new` makes one
    ");
    assert_transcript!(project.migrate(&["init"]), @"
    exit code: 2
    ----- stderr -----
    error: no `Cargo.toml` in `[ROOT]` or in any directory above it
    help: go to a package, or name one with `--manifest-path`; `cargo new` makes one
    ");
    assert_eq!(std::fs::read_dir(project.root()).unwrap().count(), 0);
}

#[test]
fn a_package_without_migrations() {
    let project = Project::package(&["src/lib.rs"]);
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 1
    ----- stderr -----
    error: package `app` has no migrations: there is no `[package.metadata.migrate]` in `[ROOT]/Cargo.toml`
    help: `cargo migrate init -p app` sets it up
    ");
}
