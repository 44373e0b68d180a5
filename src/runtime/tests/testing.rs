//! What an application's own tests get.

use super::place::{Place, column, everywhere, query};
use super::*;
use crate::Dialect;
use crate::runtime::{ErrorKind, Options};
use crate::testing::{
    self, CheckError, CheckReport, Finding, FindingKind, SchemaChange, TestDatabase,
};

async fn check(migrator: &Migrator, place: &Place) -> Result<CheckReport, CheckError> {
    match place.dialect {
        Dialect::Sqlite => testing::check(migrator).await,
        _ => testing::check_on(migrator, &place.url).await,
    }
}

async fn database(migrator: &Migrator, place: &Place) -> TestDatabase {
    match place.dialect {
        Dialect::Sqlite => testing::database(migrator).await.unwrap(),
        _ => testing::database_on(migrator, &place.url).await.unwrap(),
    }
}

fn findings(result: Result<CheckReport, CheckError>) -> Vec<Finding> {
    match result {
        Err(CheckError::Findings(findings)) => findings,
        other => panic!("{other:?}"),
    }
}

/// The only finding, which is about `r002`.
fn only(result: Result<CheckReport, CheckError>) -> FindingKind {
    let mut findings = findings(result);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let finding = findings.remove(0);
    assert_eq!(finding.revision.as_str(), "r002");
    assert_eq!(finding.path, "migrations/r002.sql");
    assert_eq!(finding.description, "about r002");
    finding.kind
}

fn base() -> String {
    let up = "CREATE TABLE a (id INTEGER PRIMARY KEY, b VARCHAR(20) DEFAULT 'x');";
    file("r001", "", up, "DROP TABLE a;")
}

/// A second revision on a table `a`, and a third one that is as it should be.
fn with(up: &str, down: &str) -> Migrator {
    let third = file("r003", "-- revises: r002", "CREATE TABLE c (id INT);", "DROP TABLE c;");
    baked(&[&base(), &file("r002", "-- revises: r001", up, down), &third])
}

fn elsewhere(kind: FindingKind) -> SchemaChange {
    match kind {
        FindingKind::DownLeadsElsewhere(change) => change,
        other => panic!("{other:?}"),
    }
}

everywhere! {
    async fn a_chain_that_leads_back_passes(place: Place) {
        let files = [
            base(),
            file(
                "r002",
                "-- revises: r001",
                "ALTER TABLE a RENAME TO aa;\nALTER TABLE aa ADD COLUMN c INT;",
                "ALTER TABLE aa DROP COLUMN c;\nALTER TABLE aa RENAME TO a;",
            ),
            file("s001", "-- branch: side", "CREATE VIEW side AS SELECT 1 AS one;", "DROP VIEW side;"),
            file("m001", "-- revises: r002, s001", "", ""),
        ];
        let report = check(&baked(&refs(&files)), &place).await.unwrap();
        let [checked] = &report.databases[..] else { panic!("{report}") };
        assert_eq!(checked.reversible.len(), 4, "{report}");
        assert_eq!(checked.descended, 4);
        assert_eq!(report.to_string(), format!("{}: 4 revisions lead there and back", place.dialect));
    }

    async fn an_index_that_is_forgotten_is_named(place: Place) {
        let migrator = with("CREATE INDEX i ON a (b);", "SELECT 1;");
        let change = elsewhere(only(check(&migrator, &place).await));
        assert_eq!(change.removed, [""; 0]);
        assert_eq!(change.added.len(), 1, "{change}");
        assert!(change.added[0].contains('i') && change.added[0].contains('a'), "{change}");
    }

    async fn a_default_that_is_forgotten_is_named(place: Place) {
        let migrator =
            with("ALTER TABLE a DROP COLUMN b;", "ALTER TABLE a ADD COLUMN b VARCHAR(20);");
        let change = elsewhere(only(check(&migrator, &place).await));
        assert_eq!((change.removed.len(), change.added.len()), (1, 1), "{change}");
        assert!(change.removed[0].to_lowercase().contains("default 'x'"), "{change}");
    }

    async fn a_trigger_that_is_forgotten_is_named(place: Place) {
        let up = match place.dialect {
            Dialect::Sqlite => "CREATE TRIGGER g AFTER INSERT ON a BEGIN DELETE FROM a; END;",
            Dialect::Postgres => {
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;\n\
                 CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();"
            }
            Dialect::Mysql => "CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 'y';",
        };
        let change = elsewhere(only(check(&with(up, "SELECT 1;"), &place).await));
        assert!(change.added.iter().any(|line| line.contains("trigger")), "{change}");
    }

    async fn a_down_that_takes_too_much_is_named(place: Place) {
        let migrator = with("CREATE TABLE b (id INT);", "DROP TABLE b;\nDROP TABLE a;");
        let change = elsewhere(only(check(&migrator, &place).await));
        assert!(change.added.is_empty() && !change.removed.is_empty(), "{change}");
    }

    async fn a_down_that_fails_is_named(place: Place) {
        let migrator = with("CREATE TABLE b (id INT);", "DROP TABLE no_such;");
        match only(check(&migrator, &place).await) {
            FindingKind::DownFails(error) => assert_eq!(error.kind(), ErrorKind::Statement),
            other => panic!("{other:?}"),
        }
    }

    async fn an_up_that_works_once_only_is_named(place: Place) {
        let migrator = with("INSERT INTO a (id) VALUES (1);", "SELECT 1;");
        match only(check(&migrator, &place).await) {
            FindingKind::UpAgainFails(error) => assert!(error.to_string().contains("r002"), "{error}"),
            other => panic!("{other:?}"),
        }
    }

    async fn a_down_that_only_fails_on_the_way_from_the_head_is_named(place: Place) {
        // What the last revision puts into the table stays there, and is too much for the down before.
        let files = [
            base(),
            file("r002", "-- revises: r001", "CREATE TABLE b (id INT);", "INSERT INTO a SELECT 7, 'y' FROM b;\nDROP TABLE b;"),
            file("r003", "-- revises: r002", "SELECT 1;", "INSERT INTO b VALUES (1);\nINSERT INTO b VALUES (1);"),
        ];
        assert!(matches!(only(check(&baked(&refs(&files)), &place).await), FindingKind::DownFails(_)));
    }

    async fn every_finding_is_reported_at_once(place: Place) {
        let files = [
            file("r001", "", "CREATE TABLE a (id INT);", "SELECT 1;"),
            file("r002", "-- revises: r001", "CREATE TABLE b (id INT);", "DROP TABLE b;"),
            file("r003", "-- revises: r002", "CREATE TABLE c (id INT);", "DROP TABLE cc;"),
        ];
        let found = findings(check(&baked(&refs(&files)), &place).await);
        let ids: Vec<&str> = found.iter().map(|it| it.revision.as_str()).collect();
        assert_eq!(ids, ["r001", "r003"]);
    }

    async fn an_irreversible_revision_ends_the_way_down(place: Place) {
        let files = [
            base(),
            "-- about r002\n\n-- revision: r002\n-- revises: r001\n-- irreversible: rows are gone\n\n\
             -- migrate:up\nCREATE TABLE b (id INT);\n".to_owned(),
            file("r003", "-- revises: r002", "CREATE TABLE c (id INT);", "DROP TABLE c;"),
        ];
        let report = check(&baked(&refs(&files)), &place).await.unwrap();
        assert_eq!(
            report.to_string(),
            format!(
                "{}: 2 revisions lead there and back; `r002` is irreversible, so the way down from the heads \
                 ended above `r002`, after 1 of 3",
                place.dialect
            )
        );
    }

    async fn a_chain_that_cannot_be_applied_is_no_finding(place: Place) {
        match check(&with("CREATE NONSENSE;", ""), &place).await {
            Err(CheckError::Failed(error)) => assert_eq!(error.kind(), ErrorKind::Statement),
            other => panic!("{other:?}"),
        }
    }

    async fn a_test_gets_a_database_of_its_own(place: Place) {
        let migrator = baked(&refs(&line()));
        let (one, two) = (database(&migrator, &place).await, database(&migrator, &place).await);
        assert_ne!(one.url(), two.url());
        query(one.url(), "INSERT INTO b VALUES (1)").await;
        assert_eq!(column(one.url(), "SELECT 'x' FROM b").await.len(), 1);
        assert_eq!(column(two.url(), "SELECT 'x' FROM b").await.len(), 0);
        assert_eq!(column(two.url(), "SELECT 'x' FROM a").await.len(), 1, "rows of revisions are there");
        assert!(!migrator.up(&one).await.unwrap().changed());
        let url = one.url().to_owned();
        drop(one);
        assert!(migrator.status(&url).await.is_err(), "it is dropped");
        migrator.status(&two).await.unwrap();
        clean(&place).await;
    }
}

/// Templates stay, which is right for users and not for these tests.
async fn clean(place: &Place) {
    if place.dialect != Dialect::Postgres {
        return;
    }
    let sql = "SELECT datname::text FROM pg_database WHERE datname LIKE 'migrate_template_%'";
    for name in column(&place.url, sql).await {
        query(&place.url, &format!("DROP DATABASE IF EXISTS {name}")).await;
    }
}

#[test]
fn the_text_of_a_finding_says_what_to_do() {
    let migrator = with(
        "CREATE INDEX i ON a (b);\nALTER TABLE a ADD COLUMN c INT DEFAULT 1;",
        "ALTER TABLE a DROP COLUMN c;\nALTER TABLE a DROP COLUMN id;",
    );
    let migrator_text =
        |migrator: &Migrator| testing::blocking::check(migrator).unwrap_err().to_string();
    assert!(migrator_text(&migrator).contains("its down fails"), "a primary key stays");
    let migrator =
        with("CREATE INDEX i ON a (b);\nDROP TABLE a;", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
    assert_eq!(
        migrator_text(&migrator),
        "1 revision does not lead back\n\n\
         `r002` about r002 (migrations/r002.sql), on sqlite: its down does not lead back to the schema before its up\n  \
         - lost: table a: column b VARCHAR(20) default 'x'\n\n \
         = help: correct the *down* in the file (it is in no checksum, and may be edited), or say \
         `irreversible: WHY` in the header"
    );
}

/// Threads and processes that ask at once all get one, and the template is made once.
#[test]
fn eight_threads_ask_at_once() {
    // A chain that nobody has asked for before.
    let name = format!("t{}", std::process::id());
    let up =
        format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY);\nINSERT INTO {name} VALUES (1);");
    let migrator: &'static Migrator =
        Box::leak(Box::new(baked(&[&file("r001", "", &up, "SELECT 1;")])));
    let mut urls: Vec<Option<String>> = vec![None];
    #[expect(clippy::disallowed_methods, reason = "a test finds its servers there")]
    urls.extend(std::env::var("MIGRATE_TEST_POSTGRES_URL").ok().map(Some));
    for server in urls {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (server, name) = (server.clone(), name.clone());
                std::thread::spawn(move || {
                    let database = match &server {
                        None => testing::blocking::database(migrator).unwrap(),
                        Some(url) => testing::blocking::database_on(migrator, url).unwrap(),
                    };
                    let work = async {
                        let insert = format!("INSERT INTO {name} VALUES ({})", number + 10);
                        query(database.url(), &insert).await;
                        column(database.url(), &format!("SELECT 'x' FROM {name}")).await.len()
                    };
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build();
                    assert_eq!(runtime.unwrap().block_on(work), 2);
                    database.url().to_owned()
                })
            })
            .collect();
        let mut urls: Vec<String> = threads.into_iter().map(|it| it.join().unwrap()).collect();
        urls.sort();
        urls.dedup();
        assert_eq!(urls.len(), 8);
        for url in urls {
            assert!(migrator.blocking().status(&url).is_err(), "{url} is dropped");
        }
        if let Some(url) = server {
            let place = Place::at(Dialect::Postgres, &url);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(clean(&place));
        }
    }
}

/// Two tasks of one thread would wait for each other if one of them held it up.
#[tokio::test]
async fn tasks_of_one_thread_ask_at_once() {
    let up = format!("CREATE TABLE tasks{} (id INT);", std::process::id());
    let migrator = baked(&[&file("r001", "", &up, "SELECT 1;")]);
    let all = futures_util::future::join_all((0..4).map(|_| testing::database(&migrator))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
}

#[test]
fn a_panic_drops_the_database_too() {
    let url = std::sync::Mutex::new(String::new());
    let migrator = baked(&refs(&line()));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let database = testing::blocking::database(&migrator).unwrap();
        database.url().clone_into(&mut url.lock().unwrap());
        panic!("on purpose");
    }));
    assert!(result.is_err());
    let url = url.into_inner().unwrap();
    assert!(!std::path::Path::new(url.trim_start_matches("sqlite:")).exists(), "{url}");
}

#[test]
fn a_database_in_wal_mode_is_copied_whole() {
    let wal = "-- wal\n\n-- revision: r000\n-- transaction: none\n-- irreversible: it stays\n\n\
               -- migrate:up\nPRAGMA journal_mode = WAL;\n";
    let after = file("r001", "-- revises: r000", "CREATE TABLE a (id INT);", "DROP TABLE a;");
    let migrator = baked(&[wal, &after]);
    let database = testing::blocking::database(&migrator).unwrap();
    assert!(migrator.blocking().status(&database).unwrap().is_current());
    testing::blocking::check(&migrator).unwrap();
}

#[test]
fn what_cannot_be_is_said() {
    let migrator = baked(&refs(&line()));
    let error = testing::blocking::check_on(&migrator, "sqlite:x.db").unwrap_err().to_string();
    assert!(error.contains("an SQLite URL names no server"), "{error}");
    let named = migrator.with(Options::new().database("catalog"));
    let error = testing::blocking::check(named.clone()).unwrap_err().to_string();
    assert!(error.contains("no named databases, so no `catalog`"), "{error}");
    let error = testing::blocking::database(named).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Chain);
}
