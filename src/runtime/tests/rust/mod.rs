//! Revisions in Rust, on every dialect.

mod backfill;

use std::sync::{Arc, Mutex};

use super::place::{Place, column, everywhere, query, recorded, tables};
use super::{chain, file, refs};
use crate::chain::baked::Settings;
use crate::runtime::operations::RustRevision;
use crate::{
    DatabaseState, Dialect, ErrorKind, Event, Migrator, Observer, Operations, Options, Repair,
    Result, Revision, Value,
};

/// The header of a revision whose code stands in this file.
fn header(id: &str, more: &str) -> String {
    format!("//! about {id}\n//!\n//! revision: {id}\n{more}\n")
}

fn migrator(files: &[String], code: Vec<RustRevision>) -> Migrator {
    Migrator::with_code(chain(&refs(files)), Settings::default(), code.leak())
}

/// A chain of one revision in Rust after one that makes the table `note`.
fn after_note<R: Revision + 'static>(more: &str) -> Migrator {
    let id = "inrust";
    let table = "CREATE TABLE note (id BIGINT PRIMARY KEY, body VARCHAR(200));";
    let first = file("r001", "", table, "DROP TABLE note;");
    let second = header(id, &format!("//! revises: r001\n{more}"));
    migrator(&[first, second], vec![RustRevision::of::<R>(id)])
}

fn accounts() -> String {
    let up = "CREATE TABLE account (id BIGINT PRIMARY KEY, email VARCHAR(100) NOT NULL);\n\
              INSERT INTO account (id, email) VALUES (1, 'a@x'), (2, 'b@y'), (3, 'c@y'), (5, 'd@z');";
    file("r001", "", up, "DROP TABLE account;")
}

#[derive(Default)]
struct Rows(Mutex<Vec<u64>>);

impl Observer for Rows {
    fn event(&self, event: &Event<'_>) {
        if let Event::Progress { rows, .. } = event {
            self.0.lock().unwrap().push(*rows);
        }
    }
}

/// A revision whose `up` is an async block over `op`.
macro_rules! revision {
    ($name:ident, $op:ident => $up:block) => {
        struct $name;

        impl Revision for $name {
            async fn up($op: &mut Operations<'_>) -> Result<()> $up

            async fn down(op: &mut Operations<'_>) -> Result<()> {
                op.execute("DELETE FROM note").await
            }
        }
    };
}

// Behind the macro, which they use.
mod killed;
#[cfg(feature = "postgres")]
mod lease;

revision!(TwoNotes, op => {
    op.execute("INSERT INTO note (id) VALUES (1); INSERT INTO note (id) VALUES (2)").await
});

revision!(FailsLater, op => {
    op.execute("CREATE TABLE more (x INTEGER)").await?;
    op.execute("INSERT INTO note (id) VALUES (1)").await?;
    op.execute("INSERT INTO nowhere (id) VALUES (1)").await
});

revision!(FailsWithData, op => {
    op.execute("INSERT INTO note (id) VALUES (1)").await?;
    Err("there is no such plan")?
});

revision!(Panics, op => {
    op.execute("INSERT INTO note (id) VALUES (1)").await?;
    let none: Option<i32> = None;
    assert!(none.is_some(), "nothing is there");
    Ok(())
});

revision!(SaysCommit, op => {
    op.execute("INSERT INTO note (id) VALUES (1); COMMIT").await
});

revision!(Commits, op => {
    op.execute("INSERT INTO note (id) VALUES (1)").await?;
    commit(op).await
});

revision!(CommitsAndBegins, op => {
    commit(op).await?;
    match op.dialect() {
        Dialect::Sqlite => { sqlx::raw_sql("BEGIN").execute(op.sqlite().unwrap()).await?; }
        Dialect::Postgres => { sqlx::raw_sql("BEGIN").execute(op.postgres().unwrap()).await?; }
        Dialect::Mysql => {}
    }
    op.execute("INSERT INTO note (id) VALUES (1)").await
});

revision!(CommitsAndFails, op => {
    commit(op).await?;
    Err("and then this")?
});

async fn commit(op: &mut Operations<'_>) -> Result<()> {
    match op.dialect() {
        Dialect::Sqlite => {
            sqlx::raw_sql("COMMIT").execute(op.sqlite().unwrap()).await?;
        }
        Dialect::Postgres => {
            sqlx::raw_sql("COMMIT").execute(op.postgres().unwrap()).await?;
        }
        Dialect::Mysql => {
            sqlx::raw_sql("COMMIT").execute(op.mysql().unwrap()).await?;
        }
    }
    Ok(())
}

revision!(GoesOn, op => {
    let failed = op.execute("INSERT INTO nowhere (id) VALUES (1)").await;
    assert!(failed.is_err());
    Ok(())
});

revision!(FromFile, op => {
    op.execute(crate::include_sql!("_broken.sql")).await
});

revision!(Values, op => {
    let long = "x".repeat(100);
    let texts = ["it's", r"a\b", "ä ? $1", "-- no comment", ""];
    for (id, text) in (1_i64..).zip(texts) {
        let insert = op.query("INSERT INTO note (id, body) VALUES (?, ?)");
        assert_eq!(insert.bind(id).bind(text).execute().await?, 1);
        let select = op.query("SELECT body FROM note WHERE body = ? AND id=-?").bind(text).bind(-id);
        assert_eq!(select.fetch_one::<(String,)>().await?.0, text);
    }
    let insert = op.query("INSERT INTO note (id, body) VALUES (?, ?)");
    insert.bind(i64::MIN).bind(None::<&str>).execute().await?;
    let select = op.query("SELECT id, body FROM note WHERE body IS NULL");
    let row = select.fetch_optional::<(i64, Option<String>)>().await?;
    assert_eq!(row, Some((i64::MIN, None)));
    let none = op.query("SELECT id FROM note WHERE body = ?").bind(long);
    assert_eq!(none.fetch_optional::<(i64,)>().await?, None);
    let type_of = if op.dialect() == Dialect::Mysql { "DOUBLE" } else { "DOUBLE PRECISION" };
    let bytes = match op.dialect() {
        Dialect::Sqlite | Dialect::Mysql => "BLOB",
        Dialect::Postgres => "BYTEA",
    };
    op.execute(format!("CREATE TABLE kinds (f {type_of}, b {bytes}, t BOOLEAN, d DATE)")).await?;
    let row: [Value; 4] =
        [0.1.into(), vec![0_u8, 39, 92, 255].into(), true.into(), "2026-11-21".into()];
    op.bulk_insert("kinds", &["f", "b", "t", "d"], [row]).await?;
    let select = op.query("SELECT f, b, t FROM kinds WHERE d = ?").bind("2026-11-21");
    let row = select.fetch_one::<(f64, Vec<u8>, bool)>().await?;
    assert_eq!(row, (0.1, vec![0, 39, 92, 255], true));
    assert_eq!(op.database(), None);
    Ok(())
});

revision!(Bulk, op => {
    let rows = (1..=2_500_i64).map(|id| (id, format!("note {id}")));
    assert_eq!(op.bulk_insert("note", &["id", "body"], rows).await?, 2_500);
    let mut sum = 0;
    let mut batches = op.query("SELECT id, body FROM note WHERE id > ?").bind(500).batches("id", 800);
    while let Some(batch) = batches.next::<(i64, String)>(op).await? {
        sum += batch.iter().map(|(id, _)| id).sum::<i64>();
    }
    assert_eq!(sum, (501..=2_500).sum::<i64>());
    Ok(())
});

revision!(TextKeys, op => {
    let rows = ["a'", "b\\", "c", "d"].iter().zip(1_i64..).map(|(body, id)| (id, *body));
    op.bulk_insert("note", &["id", "body"], rows).await?;
    let mut found = Vec::new();
    let mut batches = op.query("SELECT body FROM note").batches("body", 1);
    while let Some(batch) = batches.next::<(String,)>(op).await? {
        found.extend(batch.into_iter().map(|(body,)| body));
    }
    assert_eq!(found, ["a'", "b\\", "c", "d"]);
    op.bulk_insert("note", &["id", "body"], [(9, "d")]).await?;
    let mut batches = op.query("SELECT body FROM note").batches("body", 4);
    while batches.next::<(String,)>(op).await?.is_some() {}
    Ok(())
});

fn without_repair(error: &crate::Error) {
    assert!(!error.to_string().contains("repair"), "{error}");
}

everywhere! {
    async fn schema_data_and_schema_in_one_revision(place: Place) {
        let files = [accounts(), include_str!("backfill.rs").to_owned()];
        let migrator = migrator(&files, vec![RustRevision::of::<backfill::Migration>("backfill")]);
        let rows = Arc::new(Rows::default());
        let options = Options::new().observer(Arc::clone(&rows) as _);
        let report = migrator.with(options).up(&place.url).await.unwrap();
        assert_eq!(report.steps.len(), 2);
        assert_eq!(*rows.0.lock().unwrap(), [2, 4]);
        let domains = column(&place.url, "SELECT domain FROM account ORDER BY id").await;
        assert_eq!(domains, ["x", "y", "y", "z"]);
        let record = "SELECT kind, down_script FROM migrate_revisions WHERE revision = 'backfill'";
        assert_eq!(query(&place.url, record).await, [[Some("rust".to_owned()), None]]);
        assert!(migrator.up(&place.url).await.unwrap().steps.is_empty());
        migrator.redo(&place.url, "-1").await.unwrap();
        migrator.down(&place.url, "base").await.unwrap();
        assert!(tables(&place).await.is_empty());
        assert!(recorded(&place).await.is_empty());
    }

    async fn an_error_undoes_all_of_it_and_points_into_the_file(place: Place) {
        // A second account with the address of nobody.
        let files = [
            accounts().replace("'d@z'", "'nobody'"),
            include_str!("backfill.rs").to_owned(),
        ];
        let migrator = migrator(&files, vec![RustRevision::of::<backfill::Migration>("backfill")]);
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Revision);
        let text = error.to_string();
        assert!(text.starts_with(
            "revision `backfill` failed: an address without a domain\n  --> \
             src/runtime/tests/rust/backfill.rs:16:"
        ), "{text}");
        assert!(text.contains("16 |                 let domain = email.split"), "{text}");
        if place.dialect == Dialect::Mysql {
            assert!(text.contains("`repair backfill --applied`"), "{text}");
            assert_eq!(recorded(&place).await, ["backfill applying", "r001 applied"]);
            let again = migrator.up(&place.url).await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::Unfinished);
            assert!(again.to_string().contains("`repair backfill --not-applied`"), "{again}");
            let problems = migrator.problems(&place.url).await.unwrap();
            assert_eq!(problems.len(), 1);
            let commands: Vec<_> =
                problems[0].ways_out.iter().filter_map(|way| way.command.as_deref()).collect();
            assert_eq!(commands, ["repair backfill --applied", "repair backfill --not-applied"]);
            query(&place.url, "ALTER TABLE account DROP COLUMN domain").await;
            query(&place.url, "UPDATE account SET email = 'd@z' WHERE id = 5").await;
            let repair = Repair::MarkNotApplied(String::from("backfill"));
            migrator.repair(&place.url, &repair).await.unwrap();
            migrator.up(&place.url).await.unwrap();
        } else {
            without_repair(&error);
            let whole = place.dialect == Dialect::Sqlite;
            assert_eq!(matches!(error.state(), Some(DatabaseState::AsBefore)), whole);
            assert_eq!(tables(&place).await.is_empty(), whole);
        }
    }

    async fn a_failed_statement_is_told_in_the_words_of_the_server(place: Place) {
        let migrator = after_note::<FailsLater>("");
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        let text = error.to_string();
        assert!(text.starts_with("revision `inrust` failed: "), "{text}");
        assert!(text.contains("nowhere"), "{text}");
        assert!(text.contains("the statement: INSERT INTO nowhere (id) VALUES (1)"), "{text}");
        assert!(text.contains("src/runtime/tests/rust/mod.rs"), "{text}");
        assert!(!text.contains("error returned from database"), "{text}");
        let left = tables(&place).await.contains(&String::from("more"));
        assert_eq!(left, place.dialect == Dialect::Mysql);
    }

    async fn what_only_changes_data_is_undone_on_every_dialect(place: Place) {
        let error = after_note::<FailsWithData>("").up(&place.url).await.unwrap_err();
        assert!(error.to_string().contains("failed: there is no such plan"), "{error}");
        without_repair(&error);
        if place.dialect != Dialect::Sqlite {
            assert_eq!(recorded(&place).await, ["r001 applied"]);
            assert!(column(&place.url, "SELECT id FROM note").await.is_empty());
        }
        after_note::<TwoNotes>("").up(&place.url).await.unwrap();
        assert_eq!(recorded(&place).await, ["inrust applied", "r001 applied"]);
        assert_eq!(column(&place.url, "SELECT id FROM note").await.len(), 2);
    }

    async fn a_panic_is_an_error_like_any_other(place: Place) {
        let error = after_note::<Panics>("").up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Revision);
        assert!(error.to_string().starts_with("revision `inrust` panicked: nothing is there"), "{error}");
        without_repair(&error);
        after_note::<TwoNotes>("").up(&place.url).await.unwrap();
    }

    async fn a_revision_that_says_commit_is_stopped_before(place: Place) {
        let error = after_note::<SaysCommit>("").up(&place.url).await.unwrap_err();
        assert!(error.to_string().contains("would begin or end a transaction"), "{error}");
        without_repair(&error);
        after_note::<TwoNotes>("").up(&place.url).await.unwrap();
    }

    async fn a_revision_that_ended_its_transaction_is_found_out(place: Place) {
        if place.dialect == Dialect::Mysql {
            // As after any statement there that commits by itself.
            after_note::<Commits>("").up(&place.url).await.unwrap();
            return;
        }
        let error = after_note::<Commits>("").up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script, "{error}");
        assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
        assert!(error.to_string().contains("`inrust` ended the transaction"), "{error}");
    }

    async fn another_transaction_is_not_the_same(place: Place) {
        let result = after_note::<CommitsAndBegins>("").up(&place.url).await;
        if place.dialect == Dialect::Mysql {
            result.unwrap();
        } else {
            let error = result.unwrap_err();
            assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
        }
    }

    async fn an_error_after_a_commit_leaves_the_state_uncertain(place: Place) {
        let error = after_note::<CommitsAndFails>("").up(&place.url).await.unwrap_err();
        assert!(error.to_string().contains("and then this"), "{error}");
        if place.dialect == Dialect::Mysql {
            assert!(error.to_string().contains("repair inrust --applied"), "{error}");
        } else {
            assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
        }
    }

    async fn an_error_that_was_not_handed_on(place: Place) {
        let result = after_note::<GoesOn>("").up(&place.url).await;
        if place.dialect == Dialect::Postgres {
            let error = result.unwrap_err();
            assert!(error.to_string().contains("failed, and it went on"), "{error}");
            assert_eq!(recorded(&place).await, ["r001 applied"]);
        } else {
            result.unwrap();
        }
    }

    async fn a_file_is_run_and_its_line_is_named(place: Place) {
        let error = after_note::<FromFile>("").up(&place.url).await.unwrap_err();
        assert!(error.to_string().contains("it stands in _broken.sql:4:1"), "{error}");
    }

    async fn values_arrive_as_they_were_given(place: Place) {
        after_note::<Values>("").up(&place.url).await.unwrap();
    }

    async fn many_rows_are_inserted_and_read_in_batches(place: Place) {
        let rows = Arc::new(Rows::default());
        let options = Options::new().observer(Arc::clone(&rows) as _);
        after_note::<Bulk>("").with(options).up(&place.url).await.unwrap();
        assert_eq!(*rows.0.lock().unwrap(), [1_000, 2_000, 2_500, 800, 1_600, 2_000]);
    }

    async fn keys_of_batches_are_texts_too_and_must_be_unique(place: Place) {
        let error = after_note::<TextKeys>("").up(&place.url).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("two rows have the key") && text.contains("`body`"), "{text}");
    }

    async fn outside_a_transaction_a_person_decides_after_a_failure(place: Place) {
        let none = "//! transaction: none";
        let migrator = after_note::<TwoNotes>(none);
        migrator.up(&place.url).await.unwrap();
        assert_eq!(recorded(&place).await, ["inrust applied", "r001 applied"]);
        migrator.down(&place.url, "r001").await.unwrap();
        assert_eq!(recorded(&place).await, ["r001 applied"]);
        assert!(column(&place.url, "SELECT id FROM note").await.is_empty());

        let migrator = after_note::<FailsWithData>(none);
        let error = migrator.up(&place.url).await.unwrap_err();
        assert!(error.to_string().contains("`repair inrust --applied`"), "{error}");
        assert_eq!(recorded(&place).await, ["inrust applying", "r001 applied"]);
        let again = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Unfinished, "{again}");
        let repair = Repair::MarkApplied(String::from("inrust"));
        migrator.repair(&place.url, &repair).await.unwrap();
        assert_eq!(recorded(&place).await, ["inrust applied", "r001 applied"]);
        assert!(migrator.up(&place.url).await.unwrap().steps.is_empty());
    }

    async fn without_its_code_nothing_is_begun(place: Place) {
        let files = [accounts(), include_str!("backfill.rs").to_owned()];
        let migrator = Migrator::new(chain(&refs(&files)), Settings::default());
        let plan = migrator.plan(&place.url, crate::Direction::Up, "head").await.unwrap();
        assert_eq!(plan.steps[1].kind, crate::chain::Kind::Rust);
        let error = migrator.up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rust);
        assert!(tables(&place).await.is_empty());
        // What comes before it needs no code.
        migrator.up_to(&place.url, "r001").await.unwrap();
    }

    async fn another_source_is_a_warning(place: Place) {
        after_note::<TwoNotes>("").up(&place.url).await.unwrap();
        let edited = after_note::<TwoNotes>("// a comment");
        let status = edited.status(&place.url).await.unwrap();
        assert!(status.is_current());
        let plan = edited.plan(&place.url, crate::Direction::Up, "head").await.unwrap();
        assert!(plan.warnings.iter().any(|text| text.contains("the source of revision `inrust`")));
    }
}
