//! The rules of golang-migrate's layout; dialects are tested with what is common to all tools.

use super::super::tests::{fails, imported, judged};
use super::*;
use crate::Dialect;

#[test]
fn numbers_with_gaps_in_order() {
    let import = imported(
        Tool::GolangMigrate,
        &[
            ("10_c.up.sql", b"SELECT 1;"),
            ("000002_drop-b.up.sql", b"DROP TABLE b;\r\n"),
            ("000002_drop-b.down.sql", b"CREATE TABLE b (i);"),
            ("7_.up.sql", b"SELECT 1;"),
            ("1_a.up.json", b""),
            ("x_a.up.sql", b""),
        ],
    );
    let names: Vec<_> = import.revisions.iter().map(|r| r.file_name.as_str()).collect();
    assert_eq!(names, ["000002_drop-b.sql", "7.sql", "10_c.sql"]);
    assert_eq!(
        import.revisions[0].text,
        "-- drop b\n--\n-- revision: 000002\n\n-- migrate:up\nDROP TABLE b;\r\n\n-- migrate:down\nCREATE TABLE b (i);\n"
    );
    assert_eq!(
        import.notes,
        ["not imported, since golang-migrate ignores them too: `1_a.up.json`, `x_a.up.sql`"]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn transactions_of_their_own() {
    let list: &[(&str, &[u8])] = &[
        ("1_a.up.sql", b"BEGIN;\nCREATE TABLE a (i int);\nCOMMIT;\n"),
        ("1_a.down.sql", b"begin transaction;\nDROP TABLE a;\nend;\n"),
        ("2_b.up.sql", b"CREATE INDEX CONCURRENTLY i ON a (i);\n"),
        ("2_b.down.sql", b"DROP INDEX CONCURRENTLY i;\n"),
    ];
    let continuation =
        super::super::Continuation { configured: vec![Dialect::Postgres], ..Default::default() };
    let directory = super::super::tests::directory(list);
    let import = super::super::import(
        std::path::Path::new("old"),
        &directory,
        Tool::GolangMigrate,
        &continuation,
    )
    .unwrap();
    let [a, b] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert!(a.text.ends_with(
        "-- migrate:up\n-- BEGIN;\nCREATE TABLE a (i int);\n-- COMMIT;\n\n\
         -- migrate:down\n-- begin transaction;\nDROP TABLE a;\n-- end;\n"
    ));
    assert!(b.text.contains("-- transaction: none\n"));
    assert_eq!(
        import.notes,
        [
            "`BEGIN` and `COMMIT` became comments, since a revision is a transaction already: \
             `1_a.up.sql`, `1_a.down.sql`",
            "`transaction: none`, since the SQL cannot run inside one: `2_b.up.sql`",
        ]
    );
    assert_eq!(judged(&import, &[Dialect::Postgres]), [""; 0]);
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::GolangMigrate,
        &[
            ("1_a.up.sql", b"x"),
            ("01_b.up.sql", b"x"),
            ("2_c.down.sql", b"x"),
            ("3_d.up.sql", b"a\0b"),
            ("4_e.up.sql", b"\n\xff"),
            ("mariadb/5_e.up.sql", b"x"),
            ("mysql/5_e.up.sql", b"x"),
        ],
        "`old` cannot be imported; nothing was changed
  01_b.up.sql: has the same version as `1_a.up.sql`; give one of them another
  2_c.down.sql: has no up script of the same version; add it, or move this file away
  3_d.up.sql:1: byte 1 is NUL; a revision is text, so save the file as UTF-8
  4_e.up.sql:2: byte 1 is not UTF-8; save the file as UTF-8
  mysql/5_e.up.sql: has the same version as `mariadb/5_e.up.sql`; give one of them another",
    );
}
