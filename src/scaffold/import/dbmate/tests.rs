//! The rules of dbmate's layout; each was tried with dbmate itself.

use super::super::tests::{fails, imported, judged};
use super::*;
use crate::Dialect;

#[test]
fn both_directions_in_one_file() {
    let import = imported(
        Tool::Dbmate,
        &[
            (
                "20240101000000_create_users.sql",
                b"-- migrate:up\nCREATE TABLE u (i);\n\n-- migrate:down\nDROP TABLE u;\n",
            ),
            (
                "20240102000000_vacuum.sql",
                b"-- why\n\n--migrate:up transaction:false\nVACUUM;\n--   migrate:down\n",
            ),
            (
                "20240103000000_crlf.sql",
                b"-- migrate:up\r\nSELECT 1;\r\n-- migrate:down foo:bar\r\nSELECT 2;",
            ),
            ("README.md", b""),
        ],
    );
    let [users, vacuum, crlf] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(
        users.text,
        "-- create users\n--\n-- revision: 20240101000000\n-- created: 2024-01-01T00:00:00Z\n\n\
         -- migrate:up\nCREATE TABLE u (i);\n\n\n-- migrate:down\nDROP TABLE u;\n"
    );
    assert!(vacuum.text.ends_with(
        "-- transaction: none\n\n-- migrate:up\n-- why\n\nVACUUM;\n\n\
         -- migrate:down\n-- nothing: the down script of dbmate is empty\n"
    ));
    assert!(crlf.text.ends_with("-- migrate:up\nSELECT 1;\r\n\n-- migrate:down\nSELECT 2;\n"));
    assert_eq!(
        import.notes,
        [
            "`20240103000000_crlf.sql`: left out options of its markers: `foo:bar`",
            "`20240102000000_vacuum.sql`: only one of its scripts is to run outside a transaction; \
             the revision runs outside one both ways and on every dialect",
            "not imported, since dbmate ignores them too: `README.md`",
        ]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn names_are_ordered_as_text() {
    let file: &[u8] = b"-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n";
    let list = [("9_a.sql", file), ("1_a.sql", file), ("10_a.sql", file), ("2.sql", file)];
    let import = imported(Tool::Dbmate, &list);
    let ids: Vec<_> = import.revisions.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["10", "1", "2", "9"]);
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::Dbmate,
        &[
            ("1_a.sql", b"-- migrate:up\nx\n"),
            ("2_a.sql", b"-- migrate:down\nx\n-- migrate:up\nx\n"),
            ("3_a.sql", b"-- c\nx\n-- migrate:up\n-- migrate:down\n"),
            ("4_a.sql", b"x"),
        ],
        "`old` cannot be imported; nothing was changed
  1_a.sql:1: has no `-- migrate:down`, which dbmate demands; add it
  2_a.sql:1: `-- migrate:down` comes before `-- migrate:up`; change their order
  3_a.sql:2: stands before `-- migrate:up`, where dbmate allows comments only
  4_a.sql:1: stands before `-- migrate:up`, where dbmate allows comments only",
    );
    let file: &[u8] = b"-- migrate:up\nx\n-- migrate:down\ny\n";
    fails(
        Tool::Dbmate,
        &[("1_a.sql", file), ("1_b.sql", file), ("2_a.sql", b"-- migrate:up\n-- migrate:update\n-- migrate:down\n")],
        "`old` cannot be imported; nothing was changed
  1_b.sql: has the same version as `1_a.sql`; give one of them another
  2_a.sql:2: a line that begins with `-- migrate:` would be taken for a section marker; put a space before it",
    );
}

#[test]
fn an_empty_down_script_says_that_it_is_one() {
    let list: &[(&str, &[u8])] = &[
        ("1_a.sql", b"-- migrate:up\nSELECT 1;\n\n-- migrate:down\n\n"),
        ("2_b.sql", b"-- migrate:up\nSELECT 2;\n-- migrate:down\n-- there is nothing to undo\n"),
    ];
    let import = imported(Tool::Dbmate, list);
    assert!(
        import.revisions[0]
            .text
            .ends_with("\n-- migrate:down\n-- nothing: the down script of dbmate is empty\n")
    );
    assert!(import.revisions[1].text.ends_with("-- there is nothing to undo\n"));
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}
