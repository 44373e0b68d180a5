//! The rules of `SeaORM`'s migration crates.

use super::super::tests::{fails, imported, judged};
use super::*;
use crate::Dialect;

const LIB: &[u8] = b"pub use sea_orm_migration::prelude::*;

mod m20220101_000001_create_table;
mod m20220102_000001_fill;
mod m20220103_000001_old; // not in the list

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20220102_000001_fill::Migration),
            Box::new(crate::m20220101_000001_create_table::CreateTable {}),
            // Box::new(m20220103_000001_old::Migration),
        ]
    }
}
";

const FILL: &[u8] = br##"use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // all of it
        db.execute_unprepared("CREATE TABLE a (\n    i int)").await?;
        manager.get_connection().execute_unprepared(r#"INSERT INTO a VALUES (1); "#).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE a").await?;

        Ok(())
    }
}
"##;

const TABLE: &[u8] = b"impl MigrationName for CreateTable {
    fn name(&self) -> &str { \"m20220101_000001_create-cake table\" }
}
impl MigrationTrait for CreateTable {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(Table::create().table(Cake::Table).to_owned()).await
    }
}
";

#[test]
fn the_list_gives_the_order() {
    let import = imported(
        Tool::SeaOrm,
        &[
            ("Cargo.toml", b""),
            ("src/lib.rs", LIB),
            ("src/main.rs", b"fn main() {}"),
            ("src/m20220101_000001_create_table.rs", TABLE),
            ("src/m20220102_000001_fill/mod.rs", FILL),
            ("src/m20220103_000001_old.rs", TABLE),
        ],
    );
    let [fill, table] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(fill.file_name, "m20220102_000001_fill.sql");
    assert_eq!(
        fill.text,
        "-- fill\n--\n-- revision: m20220102_000001_fill\n-- created: 2022-01-02T00:00:01Z\n\n\
         -- migrate:up\nCREATE TABLE a (\n    i int);\n\nINSERT INTO a VALUES (1);\n\n\
         -- migrate:down\nDROP TABLE a;\n"
    );
    assert_eq!(table.file_name, "m20220101_000001_create_cake_table.rs");
    assert!(table.text.starts_with(
        "//! create cake table\n//!\n//! revision: m20220101_000001_create_cake_table\n\
         //! revises: m20220102_000001_fill\n//! created: 2022-01-01T00:00:01Z\n\
         //! irreversible: imported from sea-orm, which had no down\n\nuse cargo_migrate::"
    ));
    assert_eq!(
        import.notes,
        [
            "not imported, since they are not listed, and sea-orm does not run them: `src/m20220103_000001_old.rs`",
            "became SQL, since it is all that they send: `src/m20220102_000001_fill/mod.rs`",
            "left to be written, with the original in comments: `m20220101_000001_create_cake_table.rs`",
        ]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn names_give_the_order_without_a_list() {
    let import = imported(
        Tool::SeaOrm,
        &[("m20220102_000001_b.rs", FILL), ("m20220101_000001_a.rs", FILL), ("main.rs", b"")],
    );
    let ids: Vec<_> = import.revisions.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["m20220101_000001_a", "m20220102_000001_b"]);
}

#[test]
fn only_literals_become_sql() {
    let of = |text: &str| literals(&tokens(text));
    assert_eq!(of("Ok(())"), Some(vec![]));
    assert_eq!(of("db.execute_unprepared(\"a\").await?; Ok(())"), Some(vec!["a;\n".to_owned()]));
    for other in [
        "todo!()",
        "db.execute_unprepared(&sql).await?;",
        "db.execute_unprepared(\"a\").await?; manager.drop_table(x).await?; Ok(())",
        "if x { db.execute_unprepared(\"a\").await?; } Ok(())",
        "for x in y { db.execute_unprepared(\"a\").await?; }",
        "db.execute_unprepared(include_str!(\"a.sql\")).await?;",
        "Err(DbErr::Migration(\"no\".into()))",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::SeaOrm,
        &[("src/lib.rs", LIB), ("src/m20220102_000001_fill.rs", b"\xff")],
        "`old` cannot be imported; nothing was changed
  src/lib.rs: there is no `m20220101_000001_create_table.rs` for a migration of the list; add it
  src/m20220102_000001_fill.rs:1: byte 0 is not UTF-8; save the file as UTF-8",
    );
    fails(
        Tool::SeaOrm,
        &[("a/lib.rs", LIB), ("b/list.rs", LIB)],
        "`old` cannot be imported; nothing was changed
  b/list.rs: lists migrations, as `a/lib.rs` does; name the directory of one of them",
    );
}
