//! The notebook's chain, and the notebook on a database of its own.

use cargo_migrate::testing;

#[test]
fn every_down_leads_back() {
    testing::blocking::check(&notes::MIGRATOR).unwrap();
}

#[tokio::test]
async fn a_note_is_listed_with_its_tags() {
    let database = testing::database(&notes::MIGRATOR).await.unwrap();
    let pool = sqlx::SqlitePool::connect(database.url()).await.unwrap();
    notes::add(&pool, "read the manual", "later").await.unwrap();
    let listed = notes::list(&pool).await.unwrap();
    // A revision has put others there before.
    let last = listed.last().unwrap();
    assert_eq!(last, &(String::from("read the manual"), String::from("later")));
}
