use super::*;
use crate::chain::{Direction, Target};
use crate::runtime::{
    DatabaseState, ErrorKind, Event, Observer, Options, RevisionState, StepSource, TransactionScope,
};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn up_applies_once_and_down_takes_it_back() {
    let pool = memory().await;
    let migrator = baked(&refs(&line()));
    let report = migrator.up(&pool).await.unwrap();
    assert_eq!(ran(&report), ["r001", "r002", "r003"]);
    assert_eq!(report.steps[0].statements, 2);
    assert_eq!(report.steps[0].description, "about r001");
    assert_eq!(report.database, "the in-memory database");
    assert_eq!(tables(&pool).await, ["a", "b", "c"]);
    assert_eq!(recorded(&pool).await, ["r001", "r002", "r003"]);

    assert!(!migrator.up(&pool).await.unwrap().changed());
    assert!(!migrator.up_to(&pool, "r002").await.unwrap().changed());

    let report = migrator.down(&pool, "r001").await.unwrap();
    assert_eq!(ran(&report), ["r003", "r002"]);
    assert_eq!(report.steps[0].source, StepSource::File);
    assert_eq!(tables(&pool).await, ["a"]);
    assert_eq!(ran(&migrator.up_to(&pool, "+1").await.unwrap()), ["r002"]);
    migrator.down(&pool, Target::BASE).await.unwrap();
    assert_eq!(tables(&pool).await, [""; 0]);
    assert_eq!(recorded(&pool).await, [""; 0]);
    assert_eq!(ran(&migrator.up(&pool).await.unwrap()).len(), 3);
}

#[tokio::test]
async fn nothing_to_do_is_found_without_reading_the_chain() {
    let pool = memory().await;
    let pieces = crate::chain::baked::encode(&chain(&refs(&line())), &Settings::default());
    let table: &'static [u8] = pieces.table.leak();
    Migrator::baked(pieces.text.leak(), table, &[]).up(&pool).await.unwrap();
    // The text does not belong to the table, so that reading the chain would be an error.
    let broken = Migrator::baked("", table, &[]);
    assert!(!broken.up(&pool).await.unwrap().changed());
    assert_eq!(broken.chain().unwrap_err().kind(), ErrorKind::Chain);
    exec(&pool, "UPDATE migrate_revisions SET digest = 'x' WHERE revision = 'r003'").await;
    assert_eq!(broken.up(&pool).await.unwrap_err().kind(), ErrorKind::Chain);
}

#[tokio::test]
async fn a_row_says_all_that_is_known() {
    let pool = memory().await;
    let migrator = migrator(&refs(&line()));
    let options = Options::new().applied_by("me");
    migrator.with(options).up(&pool).await.unwrap();
    let row = sqlx::query("SELECT * FROM main.migrate_revisions WHERE revision = 'r002'")
        .fetch_one(&pool)
        .await
        .unwrap();
    let text = |name: &str| row.get::<String, _>(name);
    let fingerprint = migrator.chain().unwrap().get("r002").unwrap().fingerprints[0];
    assert_eq!(text("chain"), "main");
    assert_eq!(text("parents"), "r001");
    assert_eq!(text("depends_on"), "");
    assert_eq!(text("description"), "about r002");
    assert_eq!(text("kind"), "sql");
    assert_eq!(text("checksum"), fingerprint.checksum.to_string());
    assert_eq!(text("digest"), fingerprint.digest.to_string());
    assert_eq!(text("algorithm"), "sha256-tokens-1");
    assert_eq!(text("down_script"), "-- revision: r002\n\n-- migrate:down\nDROP TABLE b;\n");
    assert_eq!(row.get::<Option<String>, _>("irreversible"), None);
    assert_eq!(text("status"), "applied");
    assert_eq!(row.get::<i64, _>("statements_done"), 1);
    assert_eq!(row.get::<Option<i64>, _>("statement_started"), None);
    assert_eq!(text("applied_by"), "me");
    assert_eq!(text("tool_version"), env!("CARGO_PKG_VERSION"));
    let at = text("applied_at");
    assert!(at.len() == 24 && at.starts_with("20") && at.ends_with('Z'), "{at}");
}

/// Schema and data, as they would be dumped.
async fn dump(pool: &SqlitePool) -> Vec<String> {
    let mut all = texts(pool, "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").await;
    for table in tables(pool).await {
        all.extend(texts(pool, &format!("SELECT x || '' FROM {table}")).await);
    }
    all
}

#[tokio::test]
async fn a_failing_statement_leaves_everything_as_before_and_says_where() {
    let disk = Disk::new();
    let pool = disk.pool(1).await;
    exec(&pool, "CREATE TABLE mine (x); INSERT INTO mine VALUES (7)").await;
    let before = dump(&pool).await;
    let mut files = line();
    files[2] = file(
        "r003",
        "-- revises: r002",
        "DELETE FROM mine;\nINSERT INTO nowhere\n  VALUES (1);",
        "",
    );
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    assert_eq!(error.revision().unwrap().as_str(), "r003");
    assert_eq!(error.path(), Some("migrations/r003.sql"));
    assert_eq!(error.position().unwrap().to_string(), "8:1");
    assert_eq!(error.state(), Some(&DatabaseState::AsBefore));
    let text = error.to_string();
    assert!(
        text.starts_with("statement 2 of revision `r003` failed: no such table: nowhere\n"),
        "{text}"
    );
    assert!(text.contains("8 | INSERT INTO nowhere\n  | ^\n"), "{text}");
    assert!(text.contains("app.db: the database is as before"), "{text}");
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(dump(&pool).await, before);
    assert_eq!(number(&pool, "PRAGMA foreign_keys").await, 1);
    assert_eq!(number(&pool, "PRAGMA busy_timeout").await, 5000);
}

#[tokio::test]
async fn a_syntax_error_is_pointed_at_inside_the_statement() {
    let pool = memory().await;
    let files = [file("r001", "", "CREATE TABLE a (\n  id INTEGER PRIMARY KEEY\n);", "")];
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.position().unwrap().to_string(), "8:22", "{error}");
}

#[tokio::test]
async fn statements_that_end_the_transaction_are_refused_before_anything_runs() {
    let pool = memory().await;
    for sql in ["COMMIT", "end transaction", "ROLLBACK", "ROLLBACK -- to\n", "BEGIN"] {
        let files = [file("r001", "", &format!("CREATE TABLE a (x);\n{sql};"), "")];
        let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script, "{error}");
        assert_eq!(error.position().unwrap().line, 8);
    }
    let sql = "SAVEPOINT s;\nCREATE TABLE a (x);\nROLLBACK TO s;\nRELEASE s;\nCREATE TABLE b (x);";
    migrator(&[&file("r001", "", sql, "")]).up(&pool).await.unwrap();
    assert_eq!(tables(&pool).await, ["b"]);
}

#[tokio::test]
async fn a_transaction_that_sqlite_itself_ended_leaves_no_trace() {
    let pool = memory().await;
    let sql = "CREATE TABLE a (x UNIQUE);\nINSERT INTO a VALUES (1);\nINSERT OR ROLLBACK INTO a VALUES (1);";
    let error = migrator(&[&file("r001", "", sql, "")]).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Statement);
    assert_eq!(tables(&pool).await, [""; 0]);
    assert_eq!(number(&pool, "PRAGMA foreign_keys").await, 1);
    // The connection can begin a real transaction again.
    let transaction = pool.begin().await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn one_transaction_a_revision_keeps_what_came_before() {
    let pool = memory().await;
    let mut files = line();
    files[2] = file("r003", "-- revises: r002", "CREATE TABLE b (x);", "");
    let options = Options::new().scope(TransactionScope::Revision);
    let error = migrator(&refs(&files)).with(options).up(&pool).await.unwrap_err();
    let Some(DatabaseState::Committed { revisions, partly: None }) = error.state() else {
        panic!("{error}")
    };
    assert_eq!(revisions.len(), 2);
    assert!(error.to_string().contains("revisions `r001` and `r002` are committed"), "{error}");
    assert_eq!(recorded(&pool).await, ["r001", "r002"]);
    assert_eq!(tables(&pool).await, ["a", "b"]);
}

struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        let text = match event {
            Event::Database { name } => format!("on {name}"),
            Event::RunStarted { plan } => format!("run {} in {}", plan.steps.len(), plan.parts()),
            Event::RevisionStarted { revision, index, count, .. } => {
                format!("revision {revision} {index}/{count}")
            }
            Event::StatementStarted { index, count, .. } => format!("statement {index}/{count}"),
            Event::RevisionFinished { revision, .. } => format!("done {revision}"),
            Event::Committed { revisions } => format!("commit {}", revisions.len()),
            Event::Waiting { .. } => String::from("wait"),
            Event::Retrying { .. } => String::from("retry"),
            Event::Progress { rows, .. } => format!("{rows} rows"),
        };
        self.0.lock().unwrap().push(text);
    }
}

#[tokio::test]
async fn revisions_cut_the_run_and_the_observer_sees_it() {
    let pool = memory().await;
    let files = [
        file("r001", "", "CREATE TABLE a (x);", ""),
        file("r002", "-- revises: r001\n-- transaction: none", "VACUUM;", ""),
        file("r003", "-- revises: r002", "CREATE TABLE c (x);", ""),
        file("r004", "-- revises: r003\n-- foreign-keys: on", "", ""),
        file("r005", "-- revises: r004", "CREATE TABLE e (x);", ""),
        file("r006", "-- revises: r005", "CREATE TABLE f (x);", ""),
    ];
    let migrator = migrator(&refs(&files));
    let plan = migrator.plan(&pool, Direction::Up, "head").await.unwrap();
    let parts: Vec<usize> = plan.steps.iter().map(|step| step.part).collect();
    assert_eq!(parts, [0, 1, 2, 3, 4, 4]);
    let log = Arc::new(Log(Mutex::default()));
    migrator.with(Options::new().observer(log.clone())).up(&pool).await.unwrap();
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "run 6 in 5",
            "revision r001 0/6",
            "statement 0/1",
            "done r001",
            "commit 1",
            "revision r002 1/6",
            "statement 0/1",
            "done r002",
            "commit 1",
            "revision r003 2/6",
            "statement 0/1",
            "done r003",
            "commit 1",
            "revision r004 3/6",
            "done r004",
            "commit 1",
            "revision r005 4/6",
            "statement 0/1",
            "done r005",
            "revision r006 5/6",
            "statement 0/1",
            "done r006",
            "commit 2",
        ]
    );
    // A failure behind the cuts names what is permanent.
    let mut files = files.to_vec();
    files.push(file("r007", "-- revises: r006\n-- transaction: none", "CREATE TABLE g (x);", ""));
    files.push(file("r008", "-- revises: r007", "CREATE TABLE g (x);", ""));
    let error = super::migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert!(error.to_string().contains("revision `r007` is committed"), "{error}");
    assert_eq!(recorded(&pool).await.len(), 7);
}

#[tokio::test]
async fn plan_and_status_write_nothing_and_need_no_table() {
    let disk = Disk::new();
    std::fs::write(&disk.path, "").unwrap();
    let url = format!("{}?mode=ro", disk.url());
    let migrator = migrator(&refs(&line()));
    let plan = migrator.plan(&url, Direction::Up, "r002").await.unwrap();
    assert_eq!(plan.steps.len(), 2);
    let status = migrator.status(&url).await.unwrap();
    assert!(!status.is_current());
    assert_eq!(status.pending().count(), 3);
    assert!(status.heads.is_empty());
    assert_eq!(std::fs::metadata(&disk.path).unwrap().len(), 0);

    migrator.up_to(&disk.url(), "r002").await.unwrap();
    let status = migrator.status(&url).await.unwrap();
    assert_eq!(status.heads[0].as_str(), "r002");
    assert!(
        matches!(&status.revisions[1].state, RevisionState::Applied(record) if record.at.ends_with('Z'))
    );
    assert_eq!(status.revisions[2].state, RevisionState::Pending);
    assert_eq!(status.revisions[2].description, "about r003");
    migrator.up(&disk.url()).await.unwrap();
    assert!(migrator.status(&url).await.unwrap().is_current());
}

#[tokio::test]
async fn irreversible_revisions_stop_a_plan_before_it_begins() {
    let pool = memory().await;
    let mut files = line();
    files[0] = file("r001", "-- irreversible: data is lost", "CREATE TABLE a (x);", "");
    let migrator = migrator(&refs(&files));
    migrator.up(&pool).await.unwrap();
    let error = migrator.down(&pool, "base").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Irreversible);
    assert!(error.message().ends_with("data is lost"), "{error}");
    assert_eq!(recorded(&pool).await.len(), 3);
    assert_eq!(ran(&migrator.down(&pool, "r001").await.unwrap()).len(), 2);
}

#[tokio::test]
async fn requirements_are_checked_before_the_first_statement() {
    let pool = memory().await;
    let mut files = line();
    files[2] =
        file("r003", "-- revises: r002\n-- requires: sqlite >= 99.1, postgres >= 99", "", "");
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Requirement);
    assert!(error.message().contains("sqlite 99.1 or later, and this is 3."), "{error}");
    assert_eq!(error.position().unwrap().to_string(), "5:14");
    assert_eq!(tables(&pool).await, [""; 0]);
    files[2] = file("r003", "-- revises: r002\n-- requires: sqlite >= 3.1, postgres >= 99", "", "");
    migrator(&refs(&files)).up(&pool).await.unwrap();
}

#[tokio::test]
async fn settings_that_a_script_changes_are_restored() {
    let pool = memory().await;
    let before = number(&pool, "PRAGMA cache_size").await;
    let sql = "PRAGMA legacy_alter_table = ON;\nPRAGMA cache_size = 77;\nCREATE TABLE a (x);";
    migrator(&[&file("r001", "", sql, "")]).up(&pool).await.unwrap();
    assert_eq!(number(&pool, "PRAGMA legacy_alter_table").await, 0);
    assert_eq!(number(&pool, "PRAGMA cache_size").await, before);
    assert_eq!(tables(&pool).await, ["a"], "the in-memory database is still the same one");
}

#[tokio::test]
async fn what_a_script_leaves_in_the_connection_is_taken_away() {
    let pool = memory().await;
    let up = "CREATE TABLE a (x);\nCREATE TEMP TABLE kept (x INTEGER PRIMARY KEY AUTOINCREMENT);\n\
              CREATE /* too */ TEMP VIEW seen AS SELECT x FROM kept;\n\
              CREATE TEMP TABLE gone (x);\nDROP TABLE gone;";
    let files = [
        file("r001", "", up, ""),
        file("r002", "-- revises: r001\n-- transaction: none", "ATTACH ':memory:' AS other;", ""),
    ];
    let report = migrator(&refs(&files)).up(&pool).await.unwrap();
    assert_eq!(report.warnings, [""; 0]);
    assert_eq!(tables(&pool).await, ["a"], "the in-memory database is still the same one");
    assert_eq!(
        number(&pool, "SELECT count(*) FROM sqlite_temp_master WHERE name = 'kept'").await,
        0
    );
    assert_eq!(
        texts(&pool, "SELECT name FROM pragma_database_list WHERE seq <> 1").await,
        ["main"]
    );

    // What cannot be brought back is told.
    let disk = Disk::new();
    let mut connection = disk.connect().await;
    sqlx::raw_sql("CREATE TEMP TABLE mine (x)").execute(&mut connection).await.unwrap();
    let files = [file("r001", "", "PRAGMA cache_size = 7;\nDROP TABLE temp.mine;", "")];
    let report = migrator(&refs(&files)).up(&mut connection).await.unwrap();
    assert!(report.warnings[0].starts_with("close the connection that was lent: "), "{report:?}");
}

#[tokio::test]
async fn a_lent_connection_comes_back_as_it_was() {
    use sqlx::{Connection, Executor};
    let disk = Disk::new();
    let mut connection = disk.connect().await;
    connection.execute("PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 1234").await.unwrap();
    let value = async |connection: &mut SqliteConnection, sql: &'static str| -> i64 {
        connection.fetch_one(sql).await.unwrap().get(0)
    };
    let mut files = line();
    migrator(&refs(&files)).up(&mut connection).await.unwrap();
    files.push(file("r004", "-- revises: r003", "nonsense;", ""));
    migrator(&refs(&files)).up(&mut connection).await.unwrap_err();
    assert_eq!(value(&mut connection, "PRAGMA foreign_keys").await, 0);
    assert_eq!(value(&mut connection, "PRAGMA busy_timeout").await, 1234);
    assert_eq!(value(&mut connection, "SELECT count(*) FROM migrate_revisions").await, 3);

    let mut transaction = connection.begin().await.unwrap();
    let error = migrator(&refs(&line())).down(&mut *transaction, "base").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InTransaction, "{error}");
    transaction.rollback().await.unwrap();
    connection.execute("BEGIN; CREATE TABLE mine (x)").await.unwrap();
    let error = migrator(&refs(&line())).down(&mut connection, "base").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InTransaction, "{error}");
    connection.execute("COMMIT").await.unwrap();
    assert_eq!(value(&mut connection, "SELECT count(*) FROM mine").await, 0);
    assert_eq!(ran(&migrator(&refs(&line())).down(connection, "base").await.unwrap()).len(), 3);
}

#[tokio::test]
async fn a_savepoint_ends_with_its_revision() {
    let pool = memory().await;
    let files = [
        file("r001", "", "SAVEPOINT a; CREATE TABLE one (x);", ""),
        file("r002", "-- revises: r001", "ROLLBACK TO a; CREATE TABLE two (x);", ""),
    ];
    let error = migrator(&refs(&files)).up(&pool).await.unwrap_err();
    assert_eq!(error.message(), "statement 1 of revision `r002` failed: no such savepoint: a");
    assert!(tables(&pool).await.is_empty());
    migrator(&refs(&files[..1])).up(&pool).await.unwrap();
    assert_eq!(
        (tables(&pool).await, recorded(&pool).await),
        (vec!["one".into()], vec!["r001".into()])
    );
}
