//! The rules of diesel's layout on cases of our own.

use std::path::Path;

use super::super::Continuation;
use super::super::tests::{directory, fails, imported};
use super::*;
use crate::Dialect;

#[test]
fn a_folder_is_a_revision() {
    let import = imported(
        Tool::Diesel,
        &[
            ("2024-03-05-120032_add-index on_users/up.sql", b"CREATE INDEX i ON t (a)"),
            ("2024-03-05-120032_add-index on_users/down.sql", b"DROP INDEX i;\n"),
            ("2024-03-05-120032_add-index on_users/metadata.toml", b"run_in_transaction = false\n"),
            ("20240101000000_create_users/up.sql", b"CREATE TABLE t (a int);\n"),
        ],
    );
    assert_eq!(import.notes, [""; 0]);
    let [first, second] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(first.file_name, "20240101000000_create_users.sql");
    assert_eq!(
        first.text,
        "-- create users\n--\n-- revision: 20240101000000\n-- created: 2024-01-01T00:00:00Z\n\
         -- irreversible: imported from diesel, which had no down.sql\n\n\
         -- migrate:up\nCREATE TABLE t (a int);\n"
    );
    assert_eq!(second.file_name, "20240305120032_add-index_on_users.sql");
    assert_eq!(
        second.text,
        "-- add index on users\n--\n-- revision: 20240305120032\n-- revises: 20240101000000\n\
         -- created: 2024-03-05T12:00:32Z\n-- transaction: none\n\n\
         -- migrate:up\nCREATE INDEX i ON t (a)\n\n-- migrate:down\nDROP INDEX i;\n"
    );
    assert_eq!(second.parents, ["20240101000000"]);
}

#[test]
fn versions_are_ordered_as_text() {
    let import = imported(
        Tool::Diesel,
        &[
            ("10_b/up.sql", b"x"),
            ("9_a/up.sql", b"x"),
            ("2026-07-30-140000-0001_c/up.sql", b"x"),
            ("2026-07-30-140000-0000_d/up.sql", b"x"),
            ("20260730140000_e/up.sql", b"x"),
            ("00000000000000_diesel_initial_setup/up.sql", b"x"),
            ("setup/up.sql", b"x"),
        ],
    );
    let ids: Vec<_> = import.revisions.iter().map(|revision| revision.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "00000000000000",
            "10",
            "20260730140000",
            "202607301400000000",
            "202607301400000001",
            "9",
            "setup"
        ]
    );
    assert!(import.revisions[0].text.starts_with("-- diesel initial setup\n--\n-- revision"));
    assert!(!import.revisions[0].text.contains("-- created"));
    assert!(import.revisions[3].text.contains("-- created: 2026-07-30T14:00:00Z\n"));
    assert!(import.revisions[6].text.starts_with("-- migration setup\n"));
    assert_eq!(import.revisions[6].file_name, "setup.sql");
}

#[test]
fn what_diesel_does_not_run_is_irreversible() {
    let import = imported(
        Tool::Diesel,
        &[
            ("1_a/up.sql", b"x;\n"),
            ("1_a/down.sql", b""),
            ("2_b/up.sql", b"x;\n"),
            ("2_b/down.sql", b"-- nothing to do\n"),
            ("3_c/up.sql", b"x;\n"),
            ("3_c/down.sql", b"\n"),
        ],
    );
    let texts: Vec<_> = import.revisions.iter().map(|revision| revision.text.as_str()).collect();
    assert!(
        texts[0].contains("-- irreversible: imported from diesel, which had an empty down.sql\n")
    );
    assert!(!texts[0].contains("migrate:down"));
    assert!(texts[1].ends_with("\n-- migrate:down\n-- nothing to do\n"));
    assert!(
        texts[2].ends_with("\n-- migrate:down\n-- nothing: the down script of diesel is empty\n")
    );
    assert_eq!(
        import.notes,
        ["irreversible, since diesel does not run an empty `down.sql`: `1_a`"]
    );
}

#[test]
fn metadata_says_whether_there_is_a_transaction() {
    let import = imported(
        Tool::Diesel,
        &[
            ("1_a/up.sql", b"x"),
            ("1_a/metadata.toml", b"# kept\nrun_in_transaction = true\n"),
            ("2_b/up.sql", b"x"),
            ("2_b/metadata.toml", b"[other]\nrun_in_transaction = true\n"),
            ("3_c/up.sql", b"x"),
        ],
    );
    let outside = |text: &str| text.contains("\n-- transaction: none\n");
    let outside: Vec<_> = import.revisions.iter().map(|r| outside(&r.text)).collect();
    assert_eq!(outside, [false, true, false]);
    assert_eq!(
        import.notes,
        [
            "`2_b/metadata.toml`: without `run_in_transaction`, diesel runs the migration outside a transaction, and so does the revision"
        ]
    );
}

#[test]
fn what_only_diesels_connections_have_is_written_out() {
    let files: &[(&str, &[u8])] = &[("1_a/up.sql", b"SELECT diesel_manage_updated_at('t');\n")];
    let import = imported(Tool::Diesel, files);
    let text = &import.revisions[0].text;
    assert!(text.contains("up\nCREATE TRIGGER __diesel_manage_updated_at_t\nAFTER UPDATE ON t\n"));
    assert!(text.ends_with("\n  WHERE ROWID = new.ROWID;\nEND;\n"));
    assert_eq!(
        import.notes,
        [
            "`SELECT diesel_manage_updated_at(…)` became the trigger that it makes, since only diesel's own connections have this function: `1_a/up.sql`"
        ]
    );
    // On PostgreSQL a migration makes it.
    let postgres = Continuation { configured: vec![Dialect::Postgres], ..Continuation::default() };
    let import =
        super::super::import(Path::new("old"), &directory(files), Tool::Diesel, &postgres).unwrap();
    assert!(import.revisions[0].text.ends_with("up\nSELECT diesel_manage_updated_at('t');\n"));
    assert_eq!(import.notes, [""; 0]);
}

#[test]
fn what_diesel_ignores_is_ignored() {
    let import = imported(
        Tool::Diesel,
        &[
            (".diesel_lock", b""),
            (".hidden/nothing.sql", b"x"),
            ("README.md", b""),
            ("import.sql", b"\xff"),
            ("1_a/up.sql", b"x"),
            ("1_a/.gitkeep", b""),
            ("1_a/up.sql.orig", b""),
        ],
    );
    assert_eq!(import.revisions.len(), 1);
    assert_eq!(
        import.notes,
        [
            "not imported, since diesel ignores them too: `README.md`, `import.sql`, `1_a/up.sql.orig`"
        ]
    );
}

#[test]
fn text_is_kept_byte_for_byte() {
    let up = "\u{feff}SELECT '\r\n  -- migrate:up';\r\n\r\n\t-- end";
    let import = imported(Tool::Diesel, &[("1_a/up.sql", up.as_bytes())]);
    assert!(import.revisions[0].text.ends_with(&format!("\n-- migrate:up\n{}\n", &up[3..])));
    assert_eq!(import.notes, ["`1_a/up.sql`: left out the byte order mark at its start"]);
}

#[test]
fn all_problems_at_once() {
    fails(
        Tool::Diesel,
        &[
            ("2024-01-01_a/up.sql", b"x"),
            ("20240101_b/up.sql", b"x"),
            ("3_empty/", b""),
            ("4_marker/up.sql", b"x;\n-- migrate:down\ny;\n"),
            ("4_marker/down.sql", b"caf\xe9"),
            ("5_toml/up.sql", b"x"),
            ("5_toml/metadata.toml", b"\nrun_in_transaction = off\n"),
            ("6_word/up.sql", b"x"),
            ("6_word/metadata.toml", b"run_in_transaction = 'false'\n"),
            ("_unnamed/up.sql", b"x"),
            ("base_x/up.sql", b"x"),
            ("two words/up.sql", b"x"),
        ],
        "`old` cannot be imported; nothing was changed
  20240101_b: has the same version `20240101` as `2024-01-01_a`, and diesel runs only one of them; rename one
  3_empty: has no `up.sql`; add it, or move the folder away
  4_marker/down.sql:1: byte 3 is not UTF-8; save the file as UTF-8
  4_marker/up.sql:2: a line that begins with `-- migrate:` would be taken for a section marker; put a space before it
  5_toml/metadata.toml:2: is no TOML: string values must be quoted, expected literal string, and diesel ignores such a file; correct or remove it
  6_word/metadata.toml: has a `run_in_transaction` that is neither `true` nor `false`, and diesel ignores such a file; correct or remove it
  _unnamed: the version `` cannot be an id, which has 1 to 64 letters, digits and `.`; rename the folder to `<VERSION>_<NAME>`, or move it away
  base_x: the version `base` is a reserved word, which cannot be an id; rename the folder to `<VERSION>_<NAME>`, or move it away
  two words: the version `two words` cannot be an id, which has 1 to 64 letters, digits and `.`; rename the folder to `<VERSION>_<NAME>`, or move it away",
    );
}

#[test]
fn nothing_to_import() {
    fails(
        Tool::Diesel,
        &[("1_a.sql", b"x")],
        "`old` holds no migration of diesel; name the directory of the `<VERSION>_<NAME>/up.sql` files: `cargo migrate import --from diesel DIR`",
    );
}
