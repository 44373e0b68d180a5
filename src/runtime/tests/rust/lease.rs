//! Revisions in Rust in a chain that is locked with a table.

use std::time::Duration;

use super::*;

revision!(Takes, op => {
    op.execute("INSERT INTO note (id) VALUES (1)").await?;
    // Longer than the lease: the run renews it beside the revision.
    let pause = if op.dialect() == Dialect::Mysql { "DO SLEEP(1.2)" } else { "SELECT pg_sleep(1.2)" };
    op.execute(pause).await?;
    op.execute("INSERT INTO note (id) VALUES (2)").await
});

/// `after_note`, locked with a table.
fn leased<R: Revision + 'static>() -> Migrator {
    let table = "CREATE TABLE note (id BIGINT PRIMARY KEY, body VARCHAR(200));";
    let files =
        [file("r001", "", table, "DROP TABLE note;"), header("inrust", "//! revises: r001")];
    let settings = Settings { lock_table: true, ..Settings::default() };
    let code = vec![RustRevision::of::<R>("inrust")];
    Migrator::with_code(chain(&refs(&files)), settings, code.leak())
}

async fn goes_both_ways(place: &Place) {
    let migrator = leased::<Takes>();
    let configured = migrator.with(Options::new().lease(Duration::from_millis(600)));
    let (first, second) = tokio::join!(configured.up(&place.url), configured.up(&place.url));
    // One of them has done it all, the other has waited for that.
    assert_eq!(first.unwrap().steps.len() + second.unwrap().steps.len(), 2);
    assert_eq!(column(&place.url, "SELECT id FROM note ORDER BY id").await, ["1", "2"]);
    migrator.down(&place.url, "r001").await.unwrap();
    assert!(column(&place.url, "SELECT id FROM note").await.is_empty());
    assert_eq!(recorded(place).await, ["r001 applied"]);
}

#[tokio::test]
async fn on_postgres() {
    if let Some(place) = Place::on(Dialect::Postgres).await {
        goes_both_ways(&place).await;
        let error = leased::<FailsLater>().up(&place.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Statement, "{error}");
        assert_eq!(recorded(&place).await, ["r001 applied"]);
        assert_eq!(tables(&place).await, ["note"], "the revision is undone");
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn on_mysql() {
    if let Some(place) = Place::on(Dialect::Mysql).await {
        goes_both_ways(&place).await;
    }
}
