use super::place::{Place, everywhere, query, recorded, tables};
use super::{Settings, chain, file, line, migrator, ran, refs};
use crate::runtime::{ErrorKind, Migrator, Options, RevisionState, StampReport};

fn recorded_now(report: &StampReport) -> Vec<&str> {
    report.recorded.iter().map(|revision| revision.revision.as_str()).collect()
}

fn forgotten(report: &StampReport) -> Vec<&str> {
    report.forgotten.iter().map(|revision| revision.revision.as_str()).collect()
}

fn purging() -> Options {
    Options::new().purge(true)
}

everywhere! {
    async fn a_stamp_records_and_forgets_without_running(place: Place) {
        let files = line();
        let migrator = migrator(&refs(&files));
        let plan = migrator.with(Options::new()).plan_stamp(&place.url, ["r002"]).await.unwrap();
        assert_eq!(recorded_now(&plan), ["r001", "r002"]);
        assert_eq!(migrator.status(&place.url).await.unwrap().pending().count(), 3, "a plan writes nothing");

        let options = Options::new().applied_by("me");
        let report = migrator.with(options).stamp(&place.url, ["r002"]).await.unwrap();
        assert_eq!(report, crate::StampReport { warnings: Vec::new(), ..plan });
        assert_eq!(recorded(&place).await, ["r001 stamped", "r002 stamped"]);
        assert_eq!(tables(&place).await, [""; 0]);
        let status = migrator.status(&place.url).await.unwrap();
        let RevisionState::Stamped(made) = &status.revisions[1].state else { panic!("{status:?}") };
        assert_eq!(made.by, "me");
        assert!(status.revisions.iter().all(|revision| revision.difference.is_none()));

        assert_eq!(ran(&migrator.up(&place.url).await.unwrap()), ["r003"]);
        assert!(!migrator.stamp(&place.url, ["head"]).await.unwrap().changed());
        assert!(migrator.status(&place.url).await.unwrap().is_current());
        assert!(!migrator.up(&place.url).await.unwrap().changed(), "the digests are the chain's");

        let report = migrator.stamp(&place.url, ["-2"]).await.unwrap();
        assert_eq!(forgotten(&report), ["r003", "r002"]);
        assert_eq!(recorded(&place).await, ["r001 stamped"]);
        assert_eq!(tables(&place).await, ["c"]);
        let report = migrator.stamp(&place.url, ["base"]).await.unwrap();
        assert_eq!(forgotten(&report), ["r001"]);
        assert_eq!(recorded(&place).await, [""; 0]);
    }

    async fn comparable_targets_are_refused_with_the_right_command(place: Place) {
        let migrator = migrator(&refs(&line()));
        for (targets, help) in [
            (["r001", "r003"], "`stamp r003`"),
            (["r003", "r001"], "`stamp r003`"),
            (["r002", "r002"], "`stamp r002`"),
            (["base", "r002"], "`stamp base` alone"),
        ] {
            let error = migrator.stamp(&place.url, targets).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Target);
            assert!(error.to_string().contains(help), "{error}");
        }
        let none: [&str; 0] = [];
        assert_eq!(migrator.stamp(&place.url, none).await.unwrap_err().kind(), ErrorKind::Target);
        assert_eq!(migrator.stamp(&place.url, ["nope"]).await.unwrap_err().kind(), ErrorKind::Target);
        assert_eq!(migrator.status(&place.url).await.unwrap().pending().count(), 3);
    }

    async fn branches_are_stamped_together_and_alone(place: Place) {
        let sql = "SELECT 1;";
        let files = [
            file("root1", "", sql, sql),
            file("left1", "-- revises: root1", sql, sql),
            file("right", "-- revises: root1", sql, sql),
            file("left2", "-- revises: left1\n-- depends-on: right", sql, sql),
        ];
        let migrator = migrator(&refs(&files));
        migrator.stamp(&place.url, ["left1", "right"]).await.unwrap();
        assert_eq!(recorded(&place).await, ["left1 stamped", "right stamped", "root1 stamped"]);
        migrator.stamp(&place.url, ["left2"]).await.unwrap();
        assert_eq!(recorded(&place).await.len(), 4);
        assert!(migrator.status(&place.url).await.unwrap().is_current());
    }

    async fn a_purge_forgets_what_the_chain_does_not_know_but_nothing_of_others(place: Place) {
        let files = line();
        let other = Settings { chain: "other".into(), ..Settings::default() };
        let other = Migrator::new(chain(&[&file("x001", "", "CREATE TABLE x (x INTEGER);", "")]), other);
        other.up(&place.url).await.unwrap();
        migrator(&refs(&files)).up(&place.url).await.unwrap();

        let new = migrator(&[&file("n001", "", "SELECT 1;", ""), &file("n002", "-- revises: n001", "SELECT 1;", "")]);
        let error = new.stamp(&place.url, ["head"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert!(error.to_string().contains("`r001`, `r002` and `r003`") && error.to_string().contains("--purge"), "{error}");
        let report = new.with(purging()).stamp(&place.url, ["head"]).await.unwrap();
        assert_eq!(forgotten(&report).len(), 3);
        assert!(report.forgotten.iter().all(crate::RevisionStatus::is_unknown));
        assert_eq!(recorded_now(&report), ["n001", "n002"]);
        assert_eq!(recorded(&place).await, ["n001 stamped", "n002 stamped", "x001 applied"]);
        assert!(!new.up(&place.url).await.unwrap().changed());
        assert!(!other.up(&place.url).await.unwrap().changed());
        // What is known goes too, and comes again.
        let report = new.with(purging()).stamp(&place.url, ["n001"]).await.unwrap();
        assert_eq!((forgotten(&report), recorded_now(&report)), (vec!["n002", "n001"], vec!["n001"]));
    }

    async fn a_revision_that_is_done_in_part_is_not_overwritten(place: Place) {
        let files = line();
        let migrator = migrator(&refs(&files));
        migrator.up(&place.url).await.unwrap();
        for status in ["applying", "reverting"] {
            query(&place.url, &format!("UPDATE migrate_revisions SET status = '{status}' WHERE revision = 'r003'")).await;
            let error = migrator.stamp(&place.url, ["head"]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unfinished, "{error}");
            assert!(error.to_string().contains("`repair`"), "{error}");
        }
        let report = migrator.with(purging()).plan_stamp(&place.url, ["r002"]).await.unwrap();
        assert!(matches!(report.forgotten[0].state, RevisionState::Unfinished { .. }), "{report:?}");
        migrator.with(purging()).stamp(&place.url, ["r002"]).await.unwrap();
        assert_eq!(recorded(&place).await, ["r001 stamped", "r002 stamped"]);
    }

    async fn a_stamp_on_top_of_an_edited_revision_follows_from_what_is_recorded(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up_to(&place.url, "r002").await.unwrap();
        files[0] = files[0].replace("VALUES (1)", "VALUES (2)");
        let edited = migrator(&refs(&files));
        edited.stamp(&place.url, ["head"]).await.unwrap();
        let status = edited.status(&place.url).await.unwrap();
        let differences: Vec<bool> = status.revisions.iter().map(|it| it.difference.is_some()).collect();
        assert_eq!(differences, [true, false, false], "only the lowest cause");
        assert!(!migrator(&refs(&line())).up(&place.url).await.unwrap().changed());
    }
}

#[tokio::test]
async fn a_missing_database_is_not_created() {
    let disk = super::Disk::new();
    let error = migrator(&refs(&line())).stamp(&disk.url(), ["head"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
    assert!(!disk.path.exists());
}

#[tokio::test]
async fn stamps_at_once_wait_for_each_other() {
    let disk = super::Disk::new();
    let migrator: &'static Migrator = Box::leak(Box::new(migrator(&refs(&line()))));
    migrator.up_to(&disk.url(), "r001").await.unwrap();
    let tasks: Vec<_> = (0..6)
        .map(|number| {
            let url = disk.url();
            let target = if number % 2 == 0 { "r003" } else { "r001" };
            tokio::spawn(async move { migrator.stamp(&url, [target]).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let status = migrator.status(&disk.url()).await.unwrap();
    assert!(matches!(status.pending().count(), 0 | 2), "{status:?}");
    assert!(migrator.problems(&disk.url()).await.unwrap().is_empty());
}
