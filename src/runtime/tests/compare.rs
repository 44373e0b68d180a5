use super::*;
use crate::runtime::{Difference, ErrorKind, NewerDatabase, Options, StepSource};

#[tokio::test]
async fn edited_revisions_are_named_with_their_files() {
    let pool = memory().await;
    migrator(&refs(&line())).up(&pool).await.unwrap();
    let mut files = line();
    for (index, table) in [(0, "a"), (1, "b")] {
        files[index] = files[index]
            .replace(&format!("CREATE TABLE {table} (id"), &format!("CREATE TABLE {table} (nr"));
    }
    let edited = migrator(&refs(&files));
    let error = edited.up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Edited);
    let text = error.to_string();
    assert!(text.starts_with("2 revisions have another text than when applied"), "{text}");
    assert!(
        text.contains("migrations/r001.sql: `r001`")
            && text.contains("migrations/r002.sql: `r002`"),
        "{text}"
    );
    let status = edited.status(&pool).await.unwrap();
    assert_eq!(status.revisions[0].difference, Some(Difference::Edited));
    assert_eq!(status.revisions[2].difference, None, "its ancestors changed, not itself");
    assert!(!status.is_current());
    // What was not edited can be undone; what was cannot.
    assert_eq!(ran(&edited.down(&pool, "r002").await.unwrap()), ["r003"]);
    assert_eq!(edited.down(&pool, "base").await.unwrap_err().kind(), ErrorKind::Edited);
    assert_eq!(tables(&pool).await, ["a", "b"]);
}

#[tokio::test]
async fn comments_and_downs_may_be_corrected() {
    let pool = memory().await;
    migrator(&refs(&line())).up(&pool).await.unwrap();
    let mut files = line();
    files[2] = files[2].replace("DROP TABLE c;", "DROP TABLE c;\nCREATE TABLE proof (x);");
    let migrator = migrator(&refs(&files));
    assert!(!migrator.up(&pool).await.unwrap().changed());
    migrator.down(&pool, "r002").await.unwrap();
    assert_eq!(tables(&pool).await, ["a", "b", "proof"]);
}

#[tokio::test]
async fn other_parents_are_not_called_an_edit() {
    let pool = memory().await;
    migrator(&refs(&line())).up(&pool).await.unwrap();
    let mut files = line();
    files[2] = files[2].replace("-- revises: r002", "-- revises: r001\n-- depends-on: r002");
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Reparented);
    let text = error.to_string();
    assert!(
        text.contains("followed `r002` and depended on none; the file says `r001` and `r002`"),
        "{text}"
    );
}

#[tokio::test]
async fn a_newer_database_is_a_warning_and_a_diverged_one_an_error() {
    let pool = memory().await;
    let files = line();
    migrator(&refs(&files)).up(&pool).await.unwrap();
    let old = baked(&refs(&files[..2]));
    let report = old.up(&pool).await.unwrap();
    assert!(!report.changed());
    assert!(
        report.warnings[0].starts_with("the database is newer than this program"),
        "{report:?}"
    );
    let refuse = Options::new().newer(NewerDatabase::Refuse);
    assert_eq!(old.with(refuse).up(&pool).await.unwrap_err().kind(), ErrorKind::Unknown);
    let status = old.status(&pool).await.unwrap();
    assert!(status.is_current() && status.revisions[2].is_unknown());
    assert_eq!(status.heads[0].as_str(), "r003");

    // Not newer, though there is nothing to do: the target is reached.
    let other = file("x001", "-- revises: r002", "CREATE TABLE x (x);", "");
    let report = migrator(&[&files[0], &files[1], &other]).up_to(&pool, "r002").await.unwrap();
    assert!(report.warnings[0].starts_with("the database has diverged from"), "{report:?}");
    let diverged = migrator(&[&files[0], &files[1], &other]);
    let error = diverged.up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    assert!(error.to_string().contains("only in the database: `r003`"), "{error}");
    assert!(error.to_string().contains("only in this program: `x001`"), "{error}");
    assert_eq!(tables(&pool).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn unknown_revisions_are_undone_with_their_stored_scripts() {
    let pool = memory().await;
    let mut files = line();
    files[2] = files[2]
        .replace("-- migrate:down", "-- migrate:down postgres\nNO;\n-- migrate:down sqlite");
    files.push(file(
        "r004",
        "-- revises: r003\n-- transaction: none",
        "CREATE TABLE d (x);",
        "DROP TABLE d;\nVACUUM;",
    ));
    migrator(&refs(&files)).up(&pool).await.unwrap();
    assert_eq!(
        texts(&pool, "SELECT down_script FROM migrate_revisions WHERE revision = 'r004'").await[0],
        "-- revision: r004\n-- transaction: none\n\n-- migrate:down\nDROP TABLE d;\nVACUUM;\n"
    );
    let report = migrator(&refs(&files[..2])).down(&pool, "r001").await.unwrap();
    assert_eq!(ran(&report), ["r004", "r003", "r002"]);
    let sources: Vec<StepSource> = report.steps.iter().map(|step| step.source).collect();
    assert_eq!(sources, [StepSource::Stored, StepSource::Stored, StepSource::File]);
    assert_eq!(report.steps[0].path, None);
    assert_eq!(report.steps[0].description, "about r004");
    assert_eq!(tables(&pool).await, ["a"]);
    assert_eq!(recorded(&pool).await, ["r001"]);
}

#[tokio::test]
async fn a_stored_script_that_fails_is_shown() {
    let pool = memory().await;
    let files = line();
    migrator(&refs(&files)).up(&pool).await.unwrap();
    exec(&pool, "DROP TABLE c").await;
    let error = migrator(&refs(&files[..2])).down(&pool, "-1").await.unwrap_err();
    assert!(error.to_string().contains("(script stored in the database):4:1"), "{error}");
    assert_eq!(recorded(&pool).await.len(), 3);
}

#[tokio::test]
async fn tables_of_another_layout_are_left_alone() {
    let pool = memory().await;
    let migrator = baked(&refs(&line()));
    migrator.up(&pool).await.unwrap();
    exec(&pool, "UPDATE migrate_revisions_meta SET value = 2").await;
    for error in [
        migrator.up(&pool).await.unwrap_err(),
        migrator.down(&pool, "base").await.unwrap_err(),
        migrator.status(&pool).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Layout);
        assert!(error.message().contains("layout 2") && error.message().contains("layout 1"));
    }
    exec(&pool, "DROP TABLE migrate_revisions_meta").await;
    assert_eq!(migrator.up(&pool).await.unwrap_err().kind(), ErrorKind::Layout);
}

#[tokio::test]
async fn chains_of_one_table_do_not_see_each_other() {
    let pool = memory().await;
    let other = Settings { chain: "it's".into(), ..Settings::default() };
    let other =
        Migrator::new(chain(&[&file("x001", "", "CREATE TABLE x (x);", "DROP TABLE x;")]), other);
    migrator(&refs(&line())).up(&pool).await.unwrap();
    assert_eq!(ran(&other.up(&pool).await.unwrap()), ["x001"]);
    assert!(!other.up(&pool).await.unwrap().changed());
    assert!(!migrator(&refs(&line())).up(&pool).await.unwrap().changed());
    other.down(&pool, "base").await.unwrap();
    assert_eq!(recorded(&pool).await.len(), 3);
}

#[tokio::test]
async fn names_of_the_tables_are_quoted() {
    let pool = memory().await;
    let settings = Settings { table: "it's \"a\".b".into(), ..Settings::default() };
    let migrator = Migrator::new(chain(&refs(&line())), settings);
    migrator.up(&pool).await.unwrap();
    assert!(!migrator.up(&pool).await.unwrap().changed());
    assert_eq!(number(&pool, "SELECT count(*) FROM \"it's \"\"a\"\".b\"").await, 3);
}

#[tokio::test]
async fn a_missing_row_in_the_middle_is_no_success() {
    let pool = memory().await;
    let migrator = baked(&refs(&line()));
    migrator.up(&pool).await.unwrap();
    exec(&pool, "DELETE FROM migrate_revisions WHERE revision = 'r002'").await;
    let error = migrator.up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gap);
    assert_eq!(
        error.message(),
        "revision `r003` is recorded as applied, and `r002`, which comes before it, is not"
    );
    assert_eq!(recorded(&pool).await, ["r001", "r003"]);
    assert_eq!(migrator.down(&pool, "base").await.unwrap_err().kind(), ErrorKind::Gap);
    assert_eq!(recorded(&pool).await, ["r001", "r003"]);
}

#[tokio::test]
async fn a_table_that_only_has_the_name_is_not_called_newer() {
    let pool = memory().await;
    exec(&pool, "CREATE TABLE migrate_revisions (id)").await;
    let error = migrator(&refs(&line())).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Layout);
    assert!(error.message().contains("`migrate_revisions_meta`"), "{error}");
    assert!(!error.to_string().contains("newer"), "{error}");
}
