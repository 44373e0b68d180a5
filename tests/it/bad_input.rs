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
    assert_transcript!(project.migrate(&["up"]), @"");
    assert!(!project.path("dev.db").exists());
    std::fs::create_dir(project.path("empty")).unwrap();
    assert_transcript!(project.migrate(&["import", "--from", "sqlx", "empty"]), @"");
}

#[test]
fn a_directory_that_does_not_exist() {
    let project = Project::with_chain();
    std::fs::remove_dir(project.path("migrations")).unwrap();
    assert_transcript!(project.migrate(&["up"]), @"");
    assert!(!project.path("dev.db").exists());
    std::fs::create_dir(project.path("migrations")).unwrap();
    assert_transcript!(project.migrate(&["import", "--from", "sqlx", "nowhere"]), @"");
}

#[test]
fn a_read_only_database() {
    let project = applied();
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    let before = std::fs::read(project.path("dev.db")).unwrap();
    assert_transcript!(project.migrate(&["up", "--database-url", "sqlite:dev.db?mode=ro"]), @"");
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
    assert_transcript!(up_changes_nothing(&project), @"");
    assert_eq!(project.migrate(&["status"]).code, Some(1));
}

#[test]
fn a_missing_database_is_created_by_up_alone() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["status"]), @"");
    assert_transcript!(project.migrate(&["down"]), @"");
    assert!(!project.path("dev.db").exists());
}

#[test]
fn a_binary_file_among_the_revisions() {
    let project = applied();
    project.write("migrations/picture.sql", b"-- hm\n\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    project.write("migrations/utf16.sql", b"-\0-\0 \0x\0");
    assert_transcript!(up_changes_nothing(&project), @"");
}

#[test]
fn a_revision_without_header() {
    let project = applied();
    project.write("migrations/plain.sql", "CREATE TABLE b (x);\n");
    assert_transcript!(up_changes_nothing(&project), @"");
}

#[test]
fn two_revisions_with_the_same_id() {
    let project = applied();
    let text = project.read("migrations/first1.sql");
    project.write("migrations/second.sql", text);
    assert_transcript!(up_changes_nothing(&project), @"");
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
    assert_transcript!(up_changes_nothing(&project), @"");
    assert_transcript!(project.migrate(&["down"]), @"");
    assert_transcript!(project.migrate(&["status"]), @"");
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
    assert_transcript!(project.migrate(&["up"]), @"");
    assert_eq!(project.sqlite3("dev.db", "SELECT group_concat(x) FROM a"), "1\n");
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM migrate_revisions"), "1\n");
    // One transaction a revision keeps what came before.
    assert_transcript!(project.migrate(&["up", "--transaction", "revision"]), @"");
    assert_eq!(project.sqlite3("dev.db", "SELECT count(*) FROM migrate_revisions"), "2\n");
}

#[test]
fn an_unknown_key_in_the_configuration() {
    let project = applied();
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", manifest.replace("dialects =", "dialect ="));
    assert_transcript!(up_changes_nothing(&project), @"");
}

#[test]
fn outside_any_package() {
    let project = Project::empty();
    assert_transcript!(project.migrate(&["up"]), @"");
    assert_transcript!(project.migrate(&["init"]), @"");
    assert_eq!(std::fs::read_dir(project.root()).unwrap().count(), 0);
}

#[test]
fn a_package_without_migrations() {
    let project = Project::package(&["src/lib.rs"]);
    assert_transcript!(project.migrate(&["up"]), @"");
}
