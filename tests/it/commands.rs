//! A project's everyday life.

use crate::support::{Project, assert_transcript};

#[test]
fn a_first_revision_is_written_applied_and_undone() {
    let project = Project::with_chain();
    assert_transcript!(project.migrate(&["new", "create account!", "--rev-id", "aaaa1111"]), @"");
    assert_transcript!(project.migrate(&["check"]), @"");
    let file = std::fs::read_dir(project.path("migrations")).unwrap().next().unwrap().unwrap();
    let name = file.file_name().into_string().unwrap();
    let path = format!("migrations/{name}");
    let text = project.read(&path);
    let text = text
        .replace(
            "-- migrate:up\n",
            "-- migrate:up\nCREATE TABLE account (id INTEGER PRIMARY KEY);\n",
        )
        .replace("-- migrate:down\n", "-- migrate:down\nDROP TABLE account;\n");
    project.write(&path, text);

    assert_transcript!(project.migrate(&["up", "--dry-run"]), @"");
    assert!(!project.path("dev.db").exists(), "a dry run creates nothing");
    assert_transcript!(project.migrate(&["up"]), @"");
    assert_transcript!(project.migrate(&["up"]), @"");
    assert_transcript!(project.migrate(&["status"]), @"");
    assert_transcript!(project.migrate(&["down"]), @"");
    assert_eq!(project.schema("dev.db"), "");
    assert_transcript!(project.migrate(&["status", "--check"]), @"");
}

#[test]
fn the_chain_is_shown() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision(
        "second",
        "first1",
        "CREATE TABLE b (x);\nCREATE INDEX i ON b (x);",
        "DROP TABLE b;",
    );
    assert_transcript!(project.migrate(&["history"]), @"");
    assert_transcript!(project.migrate(&["heads"]), @"");
    assert_transcript!(project.migrate(&["show", "seco"]), @"");
    assert_transcript!(project.migrate(&["show", "secnd"]), @"");
    assert_transcript!(project.migrate(&["explain", "M0018"]), @"");
}

#[test]
fn a_revision_follows_the_head_and_a_chosen_one_where_there_are_several() {
    let project = Project::with_chain();
    project.append("Cargo.toml", "");
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace("[\"sqlite\"]\n", "[\"sqlite\"]\nheads = \"many\"\n"),
    );
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate(&["new", "left", "--rev-id", "left1"]).success();
    project.revision("right1", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["new", "next", "--rev-id", "next1"]), @"");
    project.migrate(&["new", "next", "--rev-id", "next1", "--head", "right1"]).success();
    assert_transcript!(project.migrate(&["heads"]), @"");
}

#[test]
fn a_project_can_have_its_own_template_and_file_names() {
    let project = Project::with_chain();
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace(
            "[\"sqlite\"]\n",
            "[\"sqlite\"]\ntemplates = \"templates\"\nfile-name = \"{slug}.{revision}\"\n",
        ),
    );
    project.write(
        "templates/revision.sql",
        "-- {{ message }}\n--\n-- revision: {{ revision }}\n-- revises: {{ revises }}\n\n-- Reviewed by:\n\n-- migrate:up\n-- migrate:down\n",
    );
    project.migrate(&["new", "Add E-Mail", "--rev-id", "r1"]).success();
    assert_eq!(
        project.read("migrations/add_e_mail.r1.sql"),
        "-- Add E-Mail\n--\n-- revision: r1\n\n-- Reviewed by:\n\n-- migrate:up\n-- migrate:down\n"
    );
}

#[test]
fn the_url_of_the_manifest_is_relative_to_the_manifest() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate_in("src", &["up"]).success();
    assert!(project.path("dev.db").exists());
    assert!(!project.path("src/dev.db").exists());
}

#[test]
fn a_protected_environment_is_not_undone_without_a_word() {
    let project = Project::with_chain();
    project.append("Cargo.toml", "protected = true\n");
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["down"]), @"");
    // The same database by another way.
    let url = format!("sqlite:{}", project.path("dev.db").display());
    assert_eq!(project.migrate(&["down", "--database-url", &url]).code, Some(1));
    project.migrate(&["down", "--yes"]).success();
}

#[test]
fn arguments_are_those_of_cargo() {
    let project = Project::with_chain();
    assert_eq!(project.migrate(&["frobnicate"]).code, Some(2));
    assert_eq!(project.migrate(&["--help"]).code, Some(0));
    assert_transcript!(project.migrate(&["-q", "check"]), @"");
    assert_transcript!(project.migrate(&["check", "-p", "ap"]), @"");
    assert_transcript!(project.migrate_in("/", &["check"]), @"");
    assert_transcript!(project.migrate_in("/", &["check", "--manifest-path", project.path("Cargo.toml").to_str().unwrap()]), @"");
}
