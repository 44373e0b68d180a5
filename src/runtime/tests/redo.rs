use super::place::{Place, column, everywhere, recorded, tables};
use super::{file, line, migrator, ran, refs};
use crate::runtime::{DatabaseState, ErrorKind, Options, StepSource};

everywhere! {
    async fn what_is_undone_is_applied_again(place: Place) {
        let files = line();
        let migrator = migrator(&refs(&files));
        migrator.up(&place.url).await.unwrap();
        let plan = migrator.with(Options::new()).plan_redo(&place.url, "r001").await.unwrap();
        let ids = |plan: &crate::RunPlan| plan.steps.iter().map(|step| step.revision.to_string()).collect::<Vec<_>>();
        assert_eq!((ids(&plan.down), ids(&plan.up)), (vec!["r003".into(), "r002".into()], vec!["r002".into(), "r003".into()]));
        let report = migrator.redo(&place.url, "r001").await.unwrap();
        assert_eq!((ran(&report.down), ran(&report.up)), (vec!["r003", "r002"], vec!["r002", "r003"]));
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
        let report = migrator.redo(&place.url, "-1").await.unwrap();
        assert_eq!(ran(&report.up), ["r003"]);
        // Only as far as it was.
        migrator.down(&place.url, "r002").await.unwrap();
        assert_eq!(ran(&migrator.redo(&place.url, "-1").await.unwrap().up), ["r002"]);
        assert_eq!(recorded(&place).await, ["r001 applied", "r002 applied"]);
        migrator.redo(&place.url, "base").await.unwrap();
        migrator.down(&place.url, "base").await.unwrap();
        assert_eq!(migrator.redo(&place.url, "-1").await.unwrap_err().kind(), ErrorKind::Target);
        assert!(migrator.redo(&place.url, "base").await.unwrap().down.steps.is_empty());
        // The lock is free again.
        assert_eq!(migrator.up(&place.url).await.unwrap().steps.len(), 3);
    }

    async fn an_edited_revision_is_redone_with_the_script_of_choice(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[2] = files[2].replace("TABLE c", "TABLE d");
        let edited = migrator(&refs(&files));
        assert_eq!(edited.redo(&place.url, "-1").await.unwrap_err().kind(), ErrorKind::Edited);
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
        let options = Options::new().edited_down(StepSource::Stored);
        edited.with(options).redo(&place.url, "-1").await.unwrap();
        assert_eq!(tables(&place).await, ["a", "b", "d"]);
        assert!(!edited.up(&place.url).await.unwrap().changed());
    }

    async fn what_cannot_go_there_and_back_is_not_begun(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        let unknown = migrator(&refs(&files[..2])).redo(&place.url, "-1").await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Unknown, "{unknown}");
        // Another revision is edited: the way down would be open, and the way up is not.
        files[0] = files[0].replace("VALUES (1)", "VALUES (2)");
        let error = migrator(&refs(&files)).redo(&place.url, "-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Edited);
        assert!(error.to_string().contains("could not be applied again"), "{error}");
        assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
    }

    async fn an_irreversible_revision_stops_it(place: Place) {
        let files = [
            file("r001", "-- irreversible: data is gone", "CREATE TABLE a (x INTEGER);", "").replace("\n-- migrate:down\n\n", ""),
            file("r002", "-- revises: r001", "CREATE TABLE b (x INTEGER);", "DROP TABLE b;"),
        ];
        let migrator = migrator(&refs(&files));
        migrator.up(&place.url).await.unwrap();
        assert_eq!(migrator.redo(&place.url, "base").await.unwrap_err().kind(), ErrorKind::Irreversible);
        assert_eq!(tables(&place).await, ["a", "b"]);
        migrator.redo(&place.url, "-1").await.unwrap();
    }

    async fn a_way_up_that_fails_says_what_stays_undone(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[2] = files[2].replace("CREATE TABLE c", "CREATE TABEL c");
        let options = Options::new().edited_down(StepSource::Stored);
        let error = migrator(&refs(&files)).with(options).redo(&place.url, "-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        let Some(DatabaseState::Committed { revisions, partly: None }) = error.state() else { panic!("{error}") };
        assert_eq!(revisions.len(), 1);
        assert!(error.to_string().contains("`r003` had been undone before"), "{error}");
        assert_eq!(tables(&place).await, ["a", "b"]);
        assert_eq!(ran(&migrator(&refs(&line())).up(&place.url).await.unwrap()), ["r003"]);
    }

    async fn branches_are_redone_where_they_were(place: Place) {
        let table = |id: &str, revises: &str, name: &str| {
            file(id, revises, &format!("CREATE TABLE {name} (x INTEGER);"), &format!("DROP TABLE {name};"))
        };
        let files = [
            table("root1", "", "a"),
            table("left1", "-- revises: root1", "b"),
            table("right", "-- revises: root1", "c"),
            table("righ2", "-- revises: right", "d"),
        ];
        let migrator = migrator(&refs(&files));
        migrator.up_to(&place.url, "left1").await.unwrap();
        migrator.up_to(&place.url, "right").await.unwrap();
        let error = migrator.redo(&place.url, "-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Target, "{error}");
        let report = migrator.redo(&place.url, "root1").await.unwrap();
        assert_eq!(report.up.steps.len(), 2);
        assert_eq!(recorded(&place).await, ["left1 applied", "right applied", "root1 applied"]);
        let report = migrator.redo(&place.url, "left1-1").await;
        assert!(report.is_ok(), "{report:?}");
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
        assert_eq!(column(&place.url, "SELECT revision FROM migrate_revisions WHERE revision = 'righ2'").await, [""; 0]);
    }
}
