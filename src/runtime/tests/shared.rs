//! What holds on every dialect.

use super::place::{Place, column, everywhere, query, recorded, tables};
use super::{baked, file, line, migrator, ran, refs};
use crate::chain::Direction;
use crate::runtime::{DatabaseState, Difference, ErrorKind, Options, TransactionScope};

everywhere! {
    async fn up_and_down_and_up_again(place: Place) {
        let files = line();
        let migrator = baked(&refs(&files));
        assert_eq!(migrator.status(&place.url).await.unwrap().pending().count(), 3);
        let plan = migrator.plan(&place.url, Direction::Up, "head").await.unwrap();
        assert_eq!(plan.steps.len(), 3);
        let report = migrator.up(&place.url).await.unwrap();
        assert_eq!(ran(&report), ["r001", "r002", "r003"]);
        assert_eq!(report.warnings, [""; 0]);
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
        assert!(!migrator.up(&place.url).await.unwrap().changed());
        assert!(migrator.status(&place.url).await.unwrap().is_current());
        let report = migrator.down(&place.url, "r001").await.unwrap();
        assert_eq!(ran(&report), ["r003", "r002"]);
        assert_eq!(tables(&place).await, ["a"]);
        assert_eq!(recorded(&place).await, ["r001 applied"]);
        assert_eq!(ran(&migrator.up(&place.url).await.unwrap()), ["r002", "r003"]);
        assert_eq!(migrator.down(&place.url, "base").await.unwrap().steps.len(), 3);
        assert_eq!(tables(&place).await, [""; 0]);
    }

    async fn what_is_recorded_is_what_the_status_says(place: Place) {
        let header = "-- irreversible: it's \\ gone\n-- created: 2026-11-21T22:11:04Z";
        let text = format!("-- it's \\ \"quoted\" `here` \u{e4}\n\n-- revision: A1b2\n{header}\n\n-- migrate:up\nCREATE TABLE a (x INTEGER);\n");
        let migrator = baked(&[&text]);
        let options = Options::new().applied_by("o'brien \\ \u{1f980}@host");
        migrator.with(options).up(&place.url).await.unwrap();
        let status = migrator.status(&place.url).await.unwrap();
        assert!(status.is_current(), "{status:?}");
        let cells = query(&place.url, "SELECT description, irreversible, applied_by, kind, algorithm FROM migrate_revisions").await;
        let cells: Vec<String> = cells[0].iter().flatten().cloned().collect();
        assert_eq!(
            cells,
            ["it's \\ \"quoted\" `here` \u{e4}", "it's \\ gone", "o'brien \\ \u{1f980}@host", "sql", "sha256-tokens-1"]
        );
        let crate::RevisionState::Applied(record) = &status.revisions[0].state else { panic!("{status:?}") };
        assert!(record.at.starts_with("20") && record.at.ends_with('Z') && record.at.len() == 24, "{record:?}");
        let error = migrator.down(&place.url, "base").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Irreversible);
    }

    async fn a_failing_revision_leaves_what_was_committed_before_it(place: Place) {
        let mut files = line();
        files[1] = files[1].replace("CREATE TABLE b (id INTEGER PRIMARY KEY);", "INSERT INTO a VALUES (2);\nINSERT INTO nowhere VALUES (1);");
        let migrator = migrator(&refs(&files));
        let options = Options::new().scope(TransactionScope::Revision);
        let error = migrator.with(options).up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        assert!(error.message().starts_with("statement 2 of revision `r002` failed: "), "{error}");
        let position = error.position().unwrap();
        assert_eq!(position.line, 8, "{error}");
        let Some(DatabaseState::Committed { revisions, partly: None }) = error.state() else { panic!("{error}") };
        assert_eq!(revisions.len(), 1);
        assert_eq!(tables(&place).await, ["a"]);
        assert_eq!(column(&place.url, "SELECT id FROM a").await, ["1"]);
        assert_eq!(recorded(&place).await, ["r001 applied"]);
    }

    async fn edited_unknown_and_stored(place: Place) {
        let files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        let mut edited = files.clone();
        edited[1] = edited[1].replace("CREATE TABLE b (id", "CREATE TABLE b (nr");
        let edited = migrator(&refs(&edited));
        let error = edited.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Edited, "{error}");
        assert_eq!(edited.status(&place.url).await.unwrap().revisions[1].difference, Some(Difference::Edited));
        let older = migrator(&refs(&files[..1]));
        assert!(!older.up(&place.url).await.unwrap().changed());
        let report = older.down(&place.url, "r001").await.unwrap();
        assert!(report.steps.iter().all(|step| step.path.is_none()));
        assert_eq!(ran(&report), ["r003", "r002"]);
        assert_eq!(tables(&place).await, ["a"]);
    }

    async fn ids_that_differ_in_case_are_different(place: Place) {
        let files = [
            file("abcd", "", "CREATE TABLE a (x INTEGER);", "DROP TABLE a;"),
            file("ABCD", "-- revises: abcd", "CREATE TABLE b (x INTEGER);", "DROP TABLE b;"),
        ];
        let migrator = baked(&refs(&files));
        migrator.up_to(&place.url, "abcd").await.unwrap();
        assert_eq!(ran(&migrator.up(&place.url).await.unwrap()), ["ABCD"]);
        assert!(!migrator.up(&place.url).await.unwrap().changed());
        migrator.down(&place.url, "abcd").await.unwrap();
        assert_eq!(recorded(&place).await, ["abcd applied"]);
    }

    async fn eight_runners_at_once_apply_each_revision_once(place: Place) {
        let files = line();
        let all: &'static crate::Migrator = Box::leak(Box::new(baked(&refs(&files))));
        let runners: Vec<_> = (0..8)
            .map(|_| {
                let url = place.url.clone();
                tokio::spawn(async move { all.up(&url).await })
            })
            .collect();
        let mut steps = 0;
        for runner in runners {
            steps += runner.await.unwrap().unwrap().steps.len();
        }
        assert_eq!(steps, 3);
        assert_eq!(tables(&place).await, ["a", "b", "c"]);
        assert_eq!(recorded(&place).await.len(), 3);
    }

    async fn outside_a_transaction_a_failed_statement_is_where_the_next_run_begins(place: Place) {
        let text = |third: &str| file(
            "r001",
            "-- transaction: none",
            &format!("CREATE TABLE log (x INTEGER);\nINSERT INTO log VALUES (1);\n{third};\nINSERT INTO log VALUES (3);"),
            "DROP TABLE log;",
        );
        let error = migrator(&[&text("INSERT INTO lag VALUES (2)")]).up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        assert_eq!(error.position().unwrap().line, 9, "{error}");
        assert!(matches!(error.state(), Some(DatabaseState::Committed { partly: Some(_), .. })), "{error}");
        assert_eq!(recorded(&place).await, ["r001 applying"]);
        let good = baked(&[&text("INSERT INTO log VALUES (2)")]);
        assert_eq!(good.up(&place.url).await.unwrap().steps[0].statements, 2);
        assert_eq!(column(&place.url, "SELECT x FROM log ORDER BY x").await, ["1", "2", "3"]);
        good.down(&place.url, "base").await.unwrap();
        assert_eq!(recorded(&place).await, [""; 0]);
    }
}
