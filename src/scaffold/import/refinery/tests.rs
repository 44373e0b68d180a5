//! The rules of refinery's layout.

use super::super::tests::{fails, imported, judged};
use super::*;
use crate::Dialect;

#[test]
fn versions_in_any_folder() {
    let import = imported(
        Tool::Refinery,
        &[
            ("V10__ten.sql", b"BEGIN;\nSELECT 10;\nCOMMIT;\n"),
            ("V2__two_tables.sql", b"CREATE TABLE a (i);\n"),
            ("late/U3__three.sql", b"SELECT 3;"),
            ("V1__x-y.sql", b"ignored"),
            ("mod.rs", b""),
            ("refinery.toml", b""),
        ],
    );
    let names: Vec<_> =
        import.revisions.iter().map(|r| (r.file_name.as_str(), r.id.as_str())).collect();
    assert_eq!(names, [("2_two_tables.sql", "2"), ("3_three.sql", "3"), ("10_ten.sql", "10")]);
    assert_eq!(
        import.revisions[0].text,
        "-- two tables\n--\n-- revision: 2\n-- irreversible: imported from refinery, which had no down script\n\n\
         -- migrate:up\nCREATE TABLE a (i);\n"
    );
    assert_eq!(
        import.notes,
        [
            "not imported, since refinery ignores them too: `V1__x-y.sql`",
            "`BEGIN` and `COMMIT` became comments, since a revision is a transaction already: `V10__ten.sql`",
        ]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn programs_become_skeletons() {
    let import = imported(
        Tool::Refinery,
        &[("V1__a.rs", b"pub fn migration() -> String {\n    String::new()\n}\n")],
    );
    assert_eq!(import.revisions[0].file_name, "1_a.rs");
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
    assert!(import.revisions[0].text.ends_with(
        "// The original, `V1__a.rs`:\n//\n// pub fn migration() -> String {\n//     String::new()\n// }\n"
    ));
}

#[test]
fn what_cannot_be_imported() {
    fails(
        Tool::Refinery,
        &[
            ("V1__a.sql", b"x"),
            ("U01__b.sql", b"x"),
            ("V2__c.rs", b""),
            ("V2__c.sql", b""),
            ("V1.5__d.sql", b""),
        ],
        "`old` cannot be imported; nothing was changed
  U01__b.sql: has the same version as `V1__a.sql`; give one of them another
  V1.5__d.sql: `1.5` is no version number of refinery; write a whole number
  V2__c.sql: has the same version as `V2__c.rs`; give one of them another",
    );
}
