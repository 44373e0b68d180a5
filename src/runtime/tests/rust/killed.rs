//! A process killed in the middle of a revision in Rust: before any statement that it sends itself.

use std::time::Duration;

use super::super::killed::{child_process, lives, task};
use super::*;

revision!(Steps, op => {
    op.execute("CREATE TABLE more (x INTEGER)").await?;
    op.query("INSERT INTO note (id) VALUES (?)").bind(1).execute().await?;
    op.bulk_insert("note", &["id"], [(2_i64,), (3_i64,)]).await?;
    op.execute("DROP TABLE more").await
});

fn steps() -> Migrator {
    after_note::<Steps>("")
}

/// The child process.
#[tokio::test]
async fn child() {
    let Some((place, is_up)) = task() else { return };
    let patient = Options::new().lock_timeout(Duration::from_mins(1));
    let migrator = steps();
    let configured = migrator.with(patient);
    if is_up {
        configured.up(&place.url).await.unwrap();
    } else {
        configured.down(&place.url, "r001").await.unwrap();
    }
}

/// Killed before each statement in turn, and then run again.
async fn dies_and_goes_on(place: Place) {
    let mut deaths = 0;
    for number in 1.. {
        let mut has_lived = true;
        for (is_up, notes) in [(true, 3), (false, 0)] {
            let child = child_process("rust::killed::child", &place, is_up);
            has_lived &= lives(child, number);
            let migrator = steps();
            let patient = Options::new().lock_timeout(Duration::from_mins(1));
            let configured = migrator.with(patient);
            if is_up {
                configured.up(&place.url).await.unwrap();
            } else {
                configured.down(&place.url, "r001").await.unwrap();
            }
            let found = column(&place.url, "SELECT id FROM note").await.len();
            assert_eq!(found, notes, "killed before statement {number}, up: {is_up}");
            assert_eq!(tables(&place).await, ["note"]);
            assert_eq!(recorded(&place).await.len(), if is_up { 2 } else { 1 });
        }
        if has_lived {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 5, "{deaths} deaths");
}

#[tokio::test]
async fn on_sqlite() {
    dies_and_goes_on(Place::sqlite()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn on_postgres() {
    if let Some(place) = Place::on(Dialect::Postgres).await {
        dies_and_goes_on(place).await;
    }
}
