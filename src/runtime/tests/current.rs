//! Whether an application may start.

use super::place::{Place, everywhere, query, recorded};
use super::*;
use crate::runtime::{ErrorKind, NewerDatabase, Options};

everywhere! {
    async fn a_current_database_lets_the_application_start(place: Place) {
        let migrator = baked(&refs(&line()));
        migrator.up(&place.url).await.unwrap();
        let report = migrator.require_current(&place.url).await.unwrap();
        assert!(!report.changed() && report.warnings.is_empty(), "{report:?}");
        assert!(!report.database.is_empty());
    }

    async fn a_database_behind_is_refused_with_the_plan(place: Place) {
        let files: Vec<String> = (100..112)
            .map(|nr| {
                let revises = if nr == 100 { String::new() } else { format!("-- revises: r{}", nr - 1) };
                file(&format!("r{nr}"), &revises, &format!("CREATE TABLE t{nr} (id INT);"), "SELECT 1;")
            })
            .collect();
        let migrator = baked(&refs(&files));
        let error = migrator.require_current(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfDate);
        assert_eq!(error.notes().len(), 11, "{error}");
        assert_eq!(error.notes()[10], "and 2 more");
        assert_eq!(error.state(), None);
        migrator.up_to(&place.url, "r110").await.unwrap();
        let error = migrator.require_current(&place.url).await.unwrap_err().to_string();
        let (text, rest) = error.split_once("\n = database: ").unwrap();
        assert_eq!(
            text,
            "the database is behind this program: 1 revision is not applied\n \
             = note: `r111` about r111 (migrations/r111.sql)"
        );
        assert!(rest.contains("= help: run `up` against this database"), "{rest}");
        assert_eq!(recorded(&place).await.len(), 11, "it writes nothing");
        assert_eq!(place::tables(&place).await.len(), 11);
    }

    async fn a_newer_database_is_allowed_unless_it_is_refused(place: Place) {
        let files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        let old = baked(&refs(&files[..2]));
        let report = old.require_current(&place.url).await.unwrap();
        assert!(report.warnings[0].starts_with("the database is newer than this program"), "{report:?}");
        let refuse = Options::new().newer(NewerDatabase::Refuse);
        let error = old.with(refuse).require_current(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
    }

    async fn another_history_is_refused(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[1] = files[1].replace("CREATE TABLE b (id", "CREATE TABLE b (nr");
        let error = migrator(&refs(&files)).require_current(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Edited);
        let other = file("x001", "-- revises: r001", "CREATE TABLE x (id INT);", "DROP TABLE x;");
        let files = line();
        let error =
            baked(&[&files[0], &other]).require_current(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
    }

    async fn a_revision_in_doubt_is_named(place: Place) {
        let migrator = baked(&refs(&line()));
        migrator.up(&place.url).await.unwrap();
        query(
            &place.url,
            "UPDATE migrate_revisions SET status = 'applying', statements_done = 0, \
             statement_started = 1 WHERE revision = 'r003'",
        )
        .await;
        let error = migrator.require_current(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfDate);
        assert!(error.notes()[0].contains("applied in part"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_is_not_created() {
    let disk = Disk::new();
    let error = baked(&refs(&line())).require_current(&disk.url()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(!disk.path.exists());
}

#[test]
fn a_program_without_a_runtime_migrates_too() {
    let disk = Disk::new();
    let migrator = baked(&refs(&line()));
    let blocking = migrator.blocking();
    assert!(blocking.up(&disk.url()).unwrap().changed());
    assert!(blocking.status(&disk.url()).unwrap().is_current());
    assert!(!blocking.require_current(&disk.url()).unwrap().changed());
    assert_eq!(ran(&blocking.down(&disk.url(), "r001").unwrap()), ["r003", "r002"]);
}

/// Also inside a runtime, where another one could not be started.
#[tokio::test]
async fn a_blocking_call_works_inside_a_runtime() {
    let disk = Disk::new();
    assert!(baked(&refs(&line())).blocking().up(&disk.url()).unwrap().changed());
}
