//! The rules of goose's layout.

use super::super::tests::{fails, imported, judged};
use super::*;
use crate::Dialect;

const TRIGGER: &[u8] = b"-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER t AFTER INSERT ON u BEGIN
    SELECT 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER t;
";

#[test]
fn annotations_stay_as_comments() {
    let import = imported(
        Tool::Goose,
        &[
            ("00002_trigger.sql", TRIGGER),
            ("00001_users.sql", b"-- about users\n-- +goose up\nCREATE TABLE u (i);\n"),
            ("3_vacuum.sql", b"--+goose NO TRANSACTION\n-- +goose Up\nVACUUM;\n-- +goose Down\n"),
            ("0_zero.sql", b""),
            ("helpers.go", b""),
            ("4_x_test.go", b""),
        ],
    );
    let [users, trigger, vacuum] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(
        users.text,
        "-- users\n--\n-- revision: 00001\n-- irreversible: imported from goose, which had no down script\n\n\
         -- migrate:up\n-- about users\n-- +goose up\nCREATE TABLE u (i);\n"
    );
    let (up, down) = std::str::from_utf8(TRIGGER)
        .unwrap()
        .split_at(TRIGGER.len() - "-- +goose Down\nDROP TRIGGER t;\n".len());
    assert!(trigger.text.ends_with(&format!("\n-- migrate:up\n{up}\n-- migrate:down\n{down}")));
    assert!(vacuum.text.contains("-- transaction: none\n"));
    assert_eq!(
        import.notes,
        ["not imported, since goose ignores them too: `0_zero.sql`, `helpers.go`, `4_x_test.go`"]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn what_only_an_annotation_ends_gets_its_semicolon() {
    let import = imported(
        Tool::Goose,
        &[
            (
                "1_a.sql",
                b"-- +goose Up\n-- +goose StatementBegin\nCREATE TRIGGER t AFTER INSERT ON u BEGIN\n  SELECT 1;\nEND \r\n\n\
                  -- +goose StatementEnd\nSELECT 2;\n-- +goose StatementBegin\nSELECT 3 -- last\n-- +goose StatementEnd\n\
                  -- +goose StatementBegin\n-- +goose StatementEnd\n-- +goose Down\n-- +goose StatementBegin\nDROP TRIGGER t\n-- +goose StatementEnd\n",
            ),
            ("2_b.sql", b"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- all\n-- +goose StatementEnd\n"),
        ],
    );
    let text = &import.revisions[0].text;
    assert!(text.contains("\nEND; \r\n\n-- +goose StatementEnd\nSELECT 2;\n"), "{text}");
    assert!(text.contains("\nSELECT 3 -- last\n;\n-- +goose StatementEnd\n"), "{text}");
    assert!(text.ends_with("\nDROP TRIGGER t;\n-- +goose StatementEnd\n"), "{text}");
    assert!(import.revisions[1].text.contains("\nSELECT 1;\n-- all\n"));
    assert_eq!(
        import.notes,
        ["wrote the `;` of statements that only `StatementEnd` ended: `1_a.sql`"]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn programs_become_skeletons() {
    let import = imported(
        Tool::Goose,
        &[
            ("1_a.sql", b"-- +goose Up\nSELECT 1;\n"),
            (
                "2_fill_names.go",
                b"package m\r\n\nfunc init() {\n\tgoose.AddMigrationContext(Up, Down)\n}\n",
            ),
        ],
    );
    let go = &import.revisions[1];
    assert_eq!(go.file_name, "2_fill_names.rs");
    assert_eq!(
        go.text,
        "//! fill names
//!
//! revision: 2
//! revises: 1

use cargo_migrate::{Operations, Result, Revision};

pub struct Migration;

impl Revision for Migration {
    async fn up(op: &mut Operations<'_>) -> Result<()> {
        compile_error!(\"write here what leads forward in the original below\")
    }

    async fn down(op: &mut Operations<'_>) -> Result<()> {
        compile_error!(\"write here what leads back in the original below\")
    }
}

// The original, `2_fill_names.go`:
//
// package m
//
// func init() {
// \tgoose.AddMigrationContext(Up, Down)
// }
"
    );
    assert_eq!(
        import.notes,
        ["left to be written, with the original in comments: `2_fill_names.rs`"]
    );
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::Goose,
        &[
            ("1_a.sql", b"SELECT 1;\n"),
            ("2_a.sql", b"-- only a comment\n"),
            ("3_a.sql", b"-- +goose Down\nx\n-- +goose Up\n"),
            ("4_a.sql", b"-- +goose Up\n-- +goose StatementBegin\nx\n"),
            ("5_a.sql", b"-- +goose Up\n -- +goose Down\n-- +goose Sideways\n"),
            ("6_a.sql", b"-- +goose ENVSUB ON\n-- +goose Up\nGRANT x TO ${USER};\n-- +goose ENVSUB OFF\nSELECT '${x}';"),
        ],
        "`old` cannot be imported; nothing was changed
  1_a.sql:1: stands before `-- +goose Up`, where goose allows comments only
  2_a.sql:1: has no `-- +goose Up`; add it, or move this file away
  3_a.sql:1: this annotation cannot stand here; correct the order
  3_a.sql:2: stands before `-- +goose Up`, where goose allows comments only
  4_a.sql:2: this statement has no `-- +goose StatementEnd`; add it
  5_a.sql:2: an annotation of goose stands in column 1; move it there
  5_a.sql:3: `sideways` is no annotation of goose; correct it
  6_a.sql:3: goose puts a variable of the environment here, and a chain is the same everywhere; write the value, and leave `ENVSUB` out",
    );
    fails(
        Tool::Goose,
        &[("1_a.sql", b"-- +goose Up\n"), ("001_b.go", b"")],
        "`old` cannot be imported; nothing was changed
  001_b.go: has the same version as `1_a.sql`; give one of them another",
    );
}
