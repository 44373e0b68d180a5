use super::place::{Place, column, everywhere, query, recorded};
use super::{file, line, migrator, ran, refs};
use crate::runtime::{
    Difference, ErrorKind, Migrator, Options, Problem, ProblemKind, Repair, RepairReport, RowChange,
};

fn accept(ids: &[&str]) -> Repair {
    Repair::Accept(ids.iter().map(|id| (*id).to_owned()).collect())
}

fn statement(done: bool) -> Repair {
    Repair::Statement { revision: "r002".into(), done }
}

fn applied() -> Repair {
    Repair::MarkApplied("r002".into())
}

fn not_applied() -> Repair {
    Repair::MarkNotApplied("r002".into())
}

fn changes(report: &RepairReport) -> Vec<(&str, RowChange)> {
    report.changes.iter().map(|row| (row.revision.as_str(), row.change)).collect()
}

fn believed(report: &RepairReport) -> Vec<(usize, bool)> {
    report.believed.iter().map(|it| (it.number, it.done)).collect()
}

fn commands(problem: &Problem) -> Vec<&str> {
    problem.ways_out.iter().filter_map(|way| way.command.as_deref()).collect()
}

async fn set(place: &Place, what: &str) {
    query(&place.url, &format!("UPDATE migrate_revisions SET {what}")).await;
}

/// A problem of one kind, with the commands that lead out of it; every repair among them works.
async fn problem(migrator: &Migrator, place: &Place, kind: ProblemKind, ways: &[&str]) -> Problem {
    let problems = migrator.problems(&place.url).await.unwrap();
    let [problem] = &problems[..] else { panic!("{problems:#?}") };
    assert_eq!(problem.kind, kind, "{problem}");
    assert_eq!(commands(problem), ways, "{problem}");
    for way in &problem.ways_out {
        if let Some(repair) = &way.repair {
            let plan = migrator.with(Options::new()).plan_repair(&place.url, repair).await.unwrap();
            assert!(plan.changed(), "{problem}");
        }
    }
    problem.clone()
}

async fn healthy(migrator: &Migrator, place: &Place) {
    let problems = migrator.problems(&place.url).await.unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// One whose second revision runs outside a transaction.
fn alone(third: &str) -> [String; 2] {
    [
        file("r001", "", "CREATE TABLE log (x INTEGER);", "DROP TABLE log;"),
        file(
            "r002",
            "-- revises: r001\n-- transaction: none",
            &format!("INSERT INTO log VALUES (1);\nINSERT INTO log VALUES (2);\n{third};"),
            "DELETE FROM log WHERE x = 3;\nDELETE FROM lag WHERE x = 2;\nDELETE FROM log;",
        ),
    ]
}

const GOOD: &str = "INSERT INTO log VALUES (3)";
const BAD: &str = "INSERT INTO lag VALUES (3)";

async fn log(place: &Place) -> Vec<String> {
    column(&place.url, "SELECT CAST(x AS CHAR(1)) FROM log ORDER BY x").await
}

everywhere! {
    async fn an_accepted_edit_mends_all_that_was_applied_after_it(place: Place) {
        let mut files = line();
        let original = migrator(&refs(&files));
        healthy(&original, &place).await;
        original.up(&place.url).await.unwrap();
        healthy(&original, &place).await;
        files[0] = files[0]
            .replace("VALUES (1)", "VALUES (2)")
            .replace("about r001", "about the first")
            .replace("DROP TABLE a;", "DROP TABLE IF EXISTS a;");
        let edited = migrator(&refs(&files));
        let error = edited.up(&place.url).await.unwrap_err();
        assert!(error.to_string().contains("`repair r001 --accept`"), "{error}");
        let ways = ["repair r001 --accept", "down base --from database"];
        problem(&edited, &place, ProblemKind::Edited, &ways).await;
        let plan = edited.with(Options::new()).plan_repair(&place.url, &accept(&["r001"])).await.unwrap();
        assert_eq!(edited.up(&place.url).await.unwrap_err().kind(), ErrorKind::Edited, "a plan writes nothing");
        let report = edited.repair(&place.url, &accept(&["r001"])).await.unwrap();
        assert_eq!(report, plan);
        assert_eq!(
            changes(&report),
            [("r001", RowChange::Accepted), ("r002", RowChange::Digest), ("r003", RowChange::Digest)]
        );
        assert!(!edited.up(&place.url).await.unwrap().changed());
        healthy(&edited, &place).await;
        let row = query(&place.url, "SELECT description, down_script, status FROM migrate_revisions WHERE revision = 'r001'").await;
        let row: Vec<String> = row[0].iter().flatten().cloned().collect();
        assert_eq!(row[0], "about the first");
        assert!(row[1].contains("IF EXISTS"), "{row:?}");
        assert_eq!(row[2], "applied");
        // Now it is the older program that differs.
        assert_eq!(original.up(&place.url).await.unwrap_err().kind(), ErrorKind::Edited);
        assert!(!edited.repair(&place.url, &accept(&["r001", "r002"])).await.unwrap().changed());
        assert!(!edited.repair(&place.url, &Repair::AcceptAll).await.unwrap().changed());
    }

    async fn several_edits_are_accepted_one_by_one_or_together(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[0] = files[0].replace("VALUES (1)", "VALUES (2)");
        files[2] = files[2].replace("CREATE TABLE c (id", "CREATE TABLE c (nr");
        let edited = migrator(&refs(&files));
        let problems = edited.problems(&place.url).await.unwrap();
        assert_eq!(problems.len(), 2, "{problems:?}");
        let report = edited.repair(&place.url, &accept(&["r003"])).await.unwrap();
        assert_eq!(changes(&report), [("r003", RowChange::Accepted)]);
        let way = ["repair r001 --accept", "down base --from database"];
        problem(&edited, &place, ProblemKind::Edited, &way).await;
        let report = edited.repair(&place.url, &Repair::AcceptAll).await.unwrap();
        assert_eq!(report.changes.len(), 3);
        assert!(!edited.up(&place.url).await.unwrap().changed());
        healthy(&edited, &place).await;
    }

    async fn what_cannot_be_accepted_is_refused_with_the_reason(place: Place) {
        let files = line();
        let all = migrator(&refs(&files));
        all.up_to(&place.url, "r002").await.unwrap();
        for (names, kind) in [
            (&["r003"][..], ErrorKind::Target),
            (&["nope"], ErrorKind::Target),
            (&["r001", "r003"], ErrorKind::Target),
        ] {
            let error = all.repair(&place.url, &accept(names)).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        }
        let older = migrator(&refs(&files[..1]));
        assert_eq!(older.repair(&place.url, &accept(&["r002"])).await.unwrap_err().kind(), ErrorKind::Unknown);
        set(&place, "status = 'applying' WHERE revision = 'r002'").await;
        assert_eq!(all.repair(&place.url, &accept(&["r002"])).await.unwrap_err().kind(), ErrorKind::Unfinished);
    }

    async fn new_parents_are_accepted_where_they_are_applied(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[2] = files[2].replace("-- revises: r002", "-- revises: r001\n-- depends-on: r002");
        let reparented = migrator(&refs(&files));
        let error = reparented.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reparented);
        assert!(error.to_string().contains("`repair r003 --accept`"), "{error}");
        let ways = ["repair r003 --accept", "down r002 --from database"];
        problem(&reparented, &place, ProblemKind::Reparented, &ways).await;
        reparented.repair(&place.url, &accept(&["r003"])).await.unwrap();
        assert!(!reparented.up(&place.url).await.unwrap().changed());
        let row = column(&place.url, "SELECT parents FROM migrate_revisions WHERE revision = 'r003'").await;
        assert_eq!(row, ["r001"]);

        // One that is not applied would be a gap.
        files.insert(2, file("r0025", "-- revises: r002", "SELECT 1;", "SELECT 1;"));
        files[3] = files[3].replace("-- revises: r001", "-- revises: r0025");
        let gap = migrator(&refs(&files));
        let ways = ["down r001 --from database"];
        problem(&gap, &place, ProblemKind::Reparented, &ways).await;
        let error = gap.repair(&place.url, &accept(&["r003"])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gap);
        assert!(error.message().contains("`r0025`, which is not applied"), "{error}");
    }

    async fn a_changed_order_is_accepted_as_a_whole_only(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[1] = files[1].replace("-- revises: r001", "-- revises: r003");
        files[2] = files[2].replace("-- revises: r002", "-- revises: r001");
        files.swap(1, 2);
        let reordered = migrator(&refs(&files));
        let error = reordered.repair(&place.url, &accept(&["r002"])).await.unwrap_err();
        assert!(error.to_string().contains("`repair --accept-all`"), "{error}");
        reordered.repair(&place.url, &Repair::AcceptAll).await.unwrap();
        assert!(!reordered.up(&place.url).await.unwrap().changed());
        healthy(&reordered, &place).await;
    }

    async fn a_wrong_digest_is_seen_and_only_the_lowest(place: Place) {
        let files = line();
        let all = migrator(&refs(&files));
        all.up_to(&place.url, "r002").await.unwrap();
        let wrong = "0".repeat(64);
        for (id, digest) in [("r001", wrong.as_str()), ("r002", "no digest at all")] {
            set(&place, &format!("digest = '{digest}' WHERE revision = '{id}'")).await;
            let status = all.status(&place.url).await.unwrap();
            let different: Vec<_> = status.revisions.iter().filter(|it| it.difference.is_some()).collect();
            assert_eq!(different.len(), 1, "{different:?}");
            assert_eq!(different[0].revision.as_str(), id);
            assert_eq!(different[0].difference, Some(Difference::WrongDigest));
            assert!(!status.is_current());
            let error = all.up(&place.url).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDigest, "{error}");
            assert!(error.to_string().contains(&format!("`repair {id} --accept`")), "{error}");
            let command = format!("repair {id} --accept");
            problem(&all, &place, ProblemKind::WrongDigest, &[&command]).await;
            let report = all.repair(&place.url, &accept(&[id])).await.unwrap();
            assert_eq!(changes(&report), [(id, RowChange::Accepted)]);
            healthy(&all, &place).await;
        }
        // It is no obstacle to undoing.
        set(&place, &format!("digest = '{wrong}' WHERE revision = 'r002'")).await;
        assert_eq!(ran(&all.down(&place.url, "r001").await.unwrap()), ["r002"]);
        assert_eq!(ran(&all.up(&place.url).await.unwrap()), ["r002", "r003"]);
    }

    async fn below_an_edit_a_wrong_digest_is_told_from_a_right_one(place: Place) {
        let mut files = line();
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[0] = files[0].replace("VALUES (1)", "VALUES (2)");
        let edited = migrator(&refs(&files));
        set(&place, &format!("digest = '{}' WHERE revision = 'r002'", "1".repeat(64))).await;
        let status = edited.status(&place.url).await.unwrap();
        let differences: Vec<_> = status.revisions.iter().map(|it| it.difference).collect();
        assert_eq!(differences, [Some(Difference::Edited), Some(Difference::WrongDigest), None]);
        edited.repair(&place.url, &accept(&["r002"])).await.unwrap();
        let ways = ["repair r001 --accept", "down base --from database"];
        problem(&edited, &place, ProblemKind::Edited, &ways).await;
        edited.repair(&place.url, &accept(&["r001"])).await.unwrap();
        assert!(!edited.up(&place.url).await.unwrap().changed());
    }

    async fn an_accepted_edit_carries_revisions_that_the_chain_does_not_know(place: Place) {
        let mut files = line();
        let all = migrator(&refs(&files));
        all.up(&place.url).await.unwrap();
        files[0] = files[0].replace("VALUES (1)", "VALUES (2)");
        let report = migrator(&refs(&files[..1])).repair(&place.url, &accept(&["r001"])).await.unwrap();
        assert_eq!(report.changes.len(), 3);
        assert!(!migrator(&refs(&files)).up(&place.url).await.unwrap().changed());
    }

    async fn a_statement_in_doubt_is_decided(place: Place) {
        let migrator = migrator(&refs(&alone(GOOD)));
        for (started, is_done) in [(2, true), (2, false), (3, true), (3, false), (1, false), (1, true)] {
            migrator.up(&place.url).await.unwrap();
            // What a process leaves that is killed in a statement.
            let kept = if is_done { started } else { started - 1 };
            query(&place.url, &format!("DELETE FROM log WHERE x > {kept}")).await;
            let progress = progress(place.dialect, started - 1, &["INSERT INTO log VALUES (1)", "INSERT INTO log VALUES (2)"]);
            set(&place, &format!(
                "status = 'applying', statements_done = {}, statement_started = {started}, checksum = '{progress}' \
                 WHERE revision = 'r002'",
                started - 1
            )).await;
            let ways = [
                "repair r002 --statement done",
                "repair r002 --statement not-done",
                "repair r002 --applied",
                "repair r002 --not-applied",
            ];
            problem(&migrator, &place, ProblemKind::StatementInDoubt, &ways).await;
            let report = migrator.repair(&place.url, &statement(is_done)).await.unwrap();
            assert_eq!(believed(&report), [(started, is_done)]);
            assert_eq!(report.believed[0].sql.as_deref().map(|sql| sql.starts_with("INSERT")), Some(true));
            let expected = match (started, is_done) {
                (1, false) => RowChange::Forgotten,
                (3, true) => RowChange::Applied,
                _ => RowChange::Progress { direction: crate::Direction::Up, done: kept },
            };
            assert_eq!(changes(&report), [("r002", expected)]);
            let error = migrator.repair(&place.url, &statement(is_done)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Target, "{error}");
            migrator.up(&place.url).await.unwrap();
            assert_eq!(log(&place).await, ["1", "2", "3"], "{started} {is_done}");
            healthy(&migrator, &place).await;
            query(&place.url, "DROP TABLE log").await;
            query(&place.url, "DELETE FROM migrate_revisions").await;
        }
    }

    async fn a_statement_of_an_undoing_in_doubt_is_decided(place: Place) {
        let migrator = migrator(&refs(&alone(GOOD)));
        migrator.up(&place.url).await.unwrap();
        migrator.down(&place.url, "r001").await.unwrap_err();
        assert_eq!(recorded(&place).await, ["r001 applied", "r002 reverting"]);
        set(&place, "statement_started = 2 WHERE revision = 'r002'").await;
        let report = migrator.repair(&place.url, &statement(true)).await.unwrap();
        let change = RowChange::Progress { direction: crate::Direction::Down, done: 2 };
        assert_eq!(changes(&report), [("r002", change)]);
        assert_eq!(ran(&migrator.down(&place.url, "r001").await.unwrap()), ["r002"]);
        assert_eq!(log(&place).await, [""; 0]);

        migrator.up(&place.url).await.unwrap();
        migrator.down(&place.url, "r001").await.unwrap_err();
        set(&place, "statement_started = 2 WHERE revision = 'r002'").await;
        migrator.repair(&place.url, &statement(true)).await.unwrap();
        set(&place, "statement_started = 3 WHERE revision = 'r002'").await;
        let report = migrator.repair(&place.url, &statement(true)).await.unwrap();
        assert_eq!(changes(&report), [("r002", RowChange::Forgotten)], "it was the last one");
        assert_eq!(recorded(&place).await, ["r001 applied"]);
    }

    async fn a_revision_applied_in_part_is_marked(place: Place) {
        let files = alone(BAD);
        let migrator = migrator(&refs(&files));
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement);
        let error = migrator.up_to(&place.url, "r001").await.unwrap_err();
        assert!(error.to_string().contains("`repair r002 --applied`"), "{error}");
        let ways = ["up r002", "repair r002 --applied", "repair r002 --not-applied"];
        problem(&migrator, &place, ProblemKind::Unfinished, &ways).await;
        let error = migrator.repair(&place.url, &statement(true)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Target, "{error}");
        let report = migrator.repair(&place.url, &applied()).await.unwrap();
        assert_eq!((changes(&report), believed(&report)), (vec![("r002", RowChange::Applied)], vec![(3, true)]));
        assert!(!migrator.up(&place.url).await.unwrap().changed());
        assert!(!migrator.repair(&place.url, &applied()).await.unwrap().changed());
        assert_eq!(migrator.repair(&place.url, &not_applied()).await.unwrap_err().kind(), ErrorKind::Target);
        healthy(&migrator, &place).await;

        query(&place.url, "DELETE FROM migrate_revisions WHERE revision = 'r002'").await;
        migrator.up(&place.url).await.unwrap_err();
        let report = migrator.repair(&place.url, &not_applied()).await.unwrap();
        assert_eq!(
            (changes(&report), believed(&report)),
            (vec![("r002", RowChange::Forgotten)], vec![(1, false), (2, false)])
        );
        assert_eq!(recorded(&place).await, ["r001 applied"]);
        assert!(!migrator.repair(&place.url, &not_applied()).await.unwrap().changed());
        let error = migrator.repair(&place.url, &applied()).await.unwrap_err();
        assert!(error.to_string().contains("`stamp r002`"), "{error}");
    }

    async fn a_revision_undone_in_part_is_marked(place: Place) {
        let files = alone(GOOD);
        let migrator = migrator(&refs(&files));
        let columns = "SELECT checksum, digest, status FROM migrate_revisions WHERE revision = 'r002'";
        migrator.up(&place.url).await.unwrap();
        let before = query(&place.url, columns).await;
        migrator.down(&place.url, "r001").await.unwrap_err();
        let ways = ["down r001", "repair r002 --applied", "repair r002 --not-applied"];
        problem(&migrator, &place, ProblemKind::Unfinished, &ways).await;
        let report = migrator.repair(&place.url, &applied()).await.unwrap();
        assert_eq!((changes(&report), believed(&report)), (vec![("r002", RowChange::Applied)], vec![(1, false)]));
        assert_eq!(query(&place.url, columns).await, before);
        assert!(!migrator.up(&place.url).await.unwrap().changed());

        migrator.down(&place.url, "r001").await.unwrap_err();
        let report = migrator.repair(&place.url, &not_applied()).await.unwrap();
        assert_eq!(
            (changes(&report), believed(&report)),
            (vec![("r002", RowChange::Forgotten)], vec![(2, true), (3, true)])
        );
        assert_eq!(recorded(&place).await, ["r001 applied"]);
    }

    async fn without_its_file_a_revision_can_only_be_forgotten(place: Place) {
        let files = alone(BAD);
        migrator(&refs(&files)).up(&place.url).await.unwrap_err();
        let older = migrator(&refs(&files[..1]));
        problem(&older, &place, ProblemKind::Unfinished, &["repair r002 --not-applied"]).await;
        assert_eq!(older.repair(&place.url, &applied()).await.unwrap_err().kind(), ErrorKind::Unknown);
        let report = older.repair(&place.url, &not_applied()).await.unwrap();
        assert_eq!(report.believed[0].sql, None);
        healthy(&older, &place).await;
    }

    async fn statements_that_were_edited_after_they_ran_prove_nothing(place: Place) {
        let mut files = alone(BAD);
        migrator(&refs(&files)).up(&place.url).await.unwrap_err();
        files[1] = files[1].replace("VALUES (1)", "VALUES (11)");
        let edited = migrator(&refs(&files));
        let error = edited.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Edited);
        assert!(error.to_string().contains("`repair r002 --applied`"), "{error}");
        let ways = ["repair r002 --applied", "repair r002 --not-applied"];
        problem(&edited, &place, ProblemKind::Unfinished, &ways).await;
        set(&place, "statement_started = 3 WHERE revision = 'r002'").await;
        assert_eq!(edited.repair(&place.url, &statement(true)).await.unwrap_err().kind(), ErrorKind::Edited);
        let report = edited.repair(&place.url, &applied()).await.unwrap();
        assert!(report.warnings[0].contains("edited after 2"), "{report:?}");
    }

    async fn no_repair_leaves_a_gap(place: Place) {
        let files = line();
        let all = migrator(&refs(&files));
        all.up(&place.url).await.unwrap();
        // The middle one is said to be undone in part, by other means than ours.
        set(&place, "status = 'reverting', statements_done = 0 WHERE revision = 'r002'").await;
        let error = all.repair(&place.url, &not_applied()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gap);
        assert!(error.message().starts_with("`r003` follows revision `r002`"), "{error}");
        set(&place, "status = 'applying' WHERE revision = 'r002'").await;
        query(&place.url, "DELETE FROM migrate_revisions WHERE revision = 'r001'").await;
        let error = all.repair(&place.url, &applied()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gap, "{error}");
    }

    async fn a_missing_row_is_recorded_or_what_follows_forgotten(place: Place) {
        let files = line();
        let all = migrator(&refs(&files));
        for (target, left) in [("r003", 3), ("r001", 1)] {
            all.up(&place.url).await.unwrap();
            query(&place.url, "DELETE FROM migrate_revisions WHERE revision = 'r002'").await;
            let error = all.up(&place.url).await.unwrap_err();
            assert!(error.to_string().contains("see `repair`"), "{error}");
            problem(&all, &place, ProblemKind::Gap, &["stamp r003", "stamp r001"]).await;
            all.stamp(&place.url, [target]).await.unwrap();
            healthy(&all, &place).await;
            assert_eq!(recorded(&place).await.len(), left);
        }
        query(&place.url, "DELETE FROM migrate_revisions").await;
        all.stamp(&place.url, ["head"]).await.unwrap();
        query(&place.url, "DELETE FROM migrate_revisions WHERE revision = 'r001'").await;
        problem(&all, &place, ProblemKind::Gap, &["stamp r003", "stamp base"]).await;
    }

    async fn a_prefix_names_a_revision(place: Place) {
        let mut files = vec![file("abcdef", "", "SELECT 1;", "SELECT 1;")];
        migrator(&refs(&files)).up(&place.url).await.unwrap();
        files[0] = files[0].replace("SELECT 1", "SELECT 2");
        let report = migrator(&refs(&files)).repair(&place.url, &accept(&["abcd"])).await.unwrap();
        assert_eq!(changes(&report), [("abcdef", RowChange::Accepted)]);
    }
}

fn progress(dialect: crate::Dialect, count: usize, statements: &[&str]) -> String {
    crate::runtime::state::Progress::of(dialect, statements.iter().take(count).copied()).checksum()
}
