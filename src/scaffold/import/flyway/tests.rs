//! The rules of Flyway's layout.

use super::super::tests::{directory, fails, imported, judged};
use super::*;
use crate::Dialect;
use crate::scaffold::import::{Continuation, import};

fn ids(import: &super::super::Import) -> Vec<&str> {
    import.revisions.iter().map(|revision| revision.id.as_str()).collect()
}

#[test]
fn versions_and_what_undoes_them() {
    let import = imported(
        Tool::Flyway,
        &[
            ("V1_10__ten.sql", b"SELECT 1;"),
            ("V1.9__nine tables.sql", b"CREATE TABLE a (i);\n"),
            ("U1.9.0__nine tables.sql", b"DROP TABLE a;\n"),
            ("sub/V01__first.sql", b"SELECT '${who}';"),
            ("V2__no_tx.sql", b"VACUUM;"),
            ("V2__no_tx.sql.conf", b"# x\nexecuteInTransaction = false\n"),
            ("V3__code.java", b"class V3__code {}"),
            ("R__views.sql", b"x"),
            ("beforeMigrate.sql", b"x"),
            ("afterMigrate__grants.sql", b"x"),
            ("U9__x.sql", b"x"),
            ("Vx__y.sql", b"x"),
            ("notes.txt", b""),
        ],
    );
    assert_eq!(ids(&import), ["01", "1.9", "1.10", "2", "3"]);
    assert_eq!(
        import.revisions[1].text,
        "-- nine tables\n--\n-- revision: 1.9\n-- revises: 01\n\n-- migrate:up\nCREATE TABLE a (i);\n\n\
         -- migrate:down\nDROP TABLE a;\n"
    );
    assert_eq!(import.revisions[1].file_name, "1.9_nine_tables.sql");
    assert!(import.revisions[3].text.contains("-- transaction: none\n"));
    assert_eq!(import.revisions[4].file_name, "3_code.rs");
    assert_eq!(
        import.notes,
        [
            "not imported, since a revision is applied once; put what is repeatable into a new revision \
             (`cargo migrate new`), and into another one whenever it changes: `R__views.sql`",
            "not imported, since a chain has no callbacks; call them where you call `cargo migrate`: \
             `beforeMigrate.sql`, `afterMigrate__grants.sql`",
            "not imported, since there is no version that it undoes: `U9__x.sql`",
            "`${…}` is text in a revision, and Flyway puts values there; write them into: `sub/V01__first.sql`",
            "not imported, since flyway ignores them too: `Vx__y.sql`, `notes.txt`",
            "left to be written, with the original in comments: `3_code.rs`",
        ]
    );
}

#[test]
fn baselines() {
    let over = imported(
        Tool::Flyway,
        &[
            ("V1__a.sql", b"SELECT 1;"),
            ("V2__b.sql", b"SELECT 1;"),
            ("B2__all.sql", b"SELECT 1;"),
            ("V3__c.sql", b"SELECT 1;"),
        ],
    );
    assert_eq!(ids(&over), ["1", "2", "3"]);
    assert_eq!(
        over.notes,
        ["not imported, since the versions that the baseline stands for are there: `B2__all.sql`"]
    );
    let alone = imported(
        Tool::Flyway,
        &[
            ("B1__old.sql", b"SELECT 1;"),
            ("B2__all.sql", b"SELECT 1;"),
            ("V3__c.sql", b"SELECT 1;"),
        ],
    );
    assert_eq!(ids(&alone), ["2", "3"]);
    assert_eq!(judged(&alone, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn folders_of_vendors() {
    let list: &[(&str, &[u8])] = &[
        ("common/V1__a.sql", b"SELECT 1;\n"),
        ("mysql/V2__b.sql", b"SELECT 2;\n"),
        ("postgresql/V2__b.sql", b"SELECT 3;\n"),
    ];
    let continuation = Continuation {
        configured: vec![Dialect::Postgres, Dialect::Mysql],
        ..Continuation::default()
    };
    let import =
        import(std::path::Path::new("old"), &directory(list), Tool::Flyway, &continuation).unwrap();
    assert!(import.revisions[0].text.ends_with("\n-- migrate:up\nSELECT 1;\n"));
    assert!(
        import.revisions[1]
            .text
            .ends_with("\n-- migrate:up mysql\nSELECT 2;\n\n-- migrate:up postgres\nSELECT 3;\n")
    );
    assert_eq!(judged(&import, &continuation.configured), [""; 0]);
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::Flyway,
        &[("V1__a.sql", b"x"), ("V1.0__b.sql", b"x"), ("V2__c.sql", b"x"), ("V02__c.java", b"")],
        "`old` cannot be imported; nothing was changed
  V02__c.java: has the same version as `V2__c.sql`; give one of them another
  V1.0__b.sql: has the same version as `V1__a.sql`; give one of them another",
    );
}
