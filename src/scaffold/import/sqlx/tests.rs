//! The rules of sqlx's layout on cases of our own, and the real histories of atuin.

use std::path::{Path, PathBuf};

use super::super::tests::{directory, fails, for_sqlite, imported, judged};
use super::super::write::created;
use super::*;
use crate::Dialect;
use crate::scaffold::Error;
use crate::scaffold::import::{Continuation, import};

#[test]
fn simple_and_reversible() {
    let import = imported(
        Tool::Sqlx,
        &[
            ("0002_drop-events.up.sql", b"DROP TABLE e;\n"),
            ("0002_drop-events.down.sql", b"CREATE TABLE e (i);"),
            ("0001_create_events.sql", b"CREATE TABLE e (i)"),
        ],
    );
    assert_eq!(import.notes, [""; 0]);
    let [first, second] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(first.file_name, "0001_create_events.sql");
    assert_eq!(
        first.text,
        "-- create events\n--\n-- revision: 0001\n\
         -- irreversible: imported from sqlx, which had no down script\n\n\
         -- migrate:up\nCREATE TABLE e (i)\n"
    );
    assert_eq!((first.id.as_str(), first.parents.len()), ("0001", 0));
    assert_eq!(second.file_name, "0002_drop-events.sql");
    assert_eq!(
        second.text,
        "-- drop events\n--\n-- revision: 0002\n-- revises: 0001\n\n\
         -- migrate:up\nDROP TABLE e;\n\n-- migrate:down\nCREATE TABLE e (i);\n"
    );
    assert_eq!(second.parents, ["0001"]);
}

#[test]
fn what_cascades_would_have_changed_is_named() {
    let import = imported(
        Tool::Sqlx,
        &[
            ("1_a.sql", b"CREATE TABLE a (i integer primary key);\nDROP TABLE IF EXISTS z;\n"),
            ("2_b.sql", b"CREATE TABLE b (a int REFERENCES a ON DELETE CASCADE);\n"),
            ("3_c.sql", b"CREATE INDEX c ON b (a);\n"),
            ("4_d.sql", b"DELETE FROM a WHERE i > 5;\n"),
        ],
    );
    let [note] = &import.notes[..] else { panic!("{:?}", import.notes) };
    assert!(note.starts_with("on SQLite sqlx enforces foreign keys"), "{note}");
    assert!(note.ends_with("to look at: `4_d.sql`"), "{note}");
}

#[test]
fn what_does_nothing_in_a_transaction_becomes_a_comment() {
    let list: &[(&str, &[u8])] = &[
        ("1_a.sql", b"-- all of it\nBEGIN;\n  CREATE TABLE a (i int);\nCOMMIT;\n"),
        ("2_b.sql", b"PRAGMA foreign_keys = off;\nDROP TABLE a;\nPRAGMA foreign_keys = on;\n"),
        ("3_c.sql", b"-- no-transaction\nPRAGMA foreign_keys = off;\n"),
    ];
    let import = imported(Tool::Sqlx, list);
    let ends: Vec<_> =
        import.revisions.iter().map(|r| r.text.split("-- migrate:up\n").nth(1).unwrap()).collect();
    assert_eq!(
        ends,
        [
            "-- all of it\n-- BEGIN;\n  CREATE TABLE a (i int);\n-- COMMIT;\n",
            "-- PRAGMA foreign_keys = off;\nDROP TABLE a;\n-- PRAGMA foreign_keys = on;\n",
            "-- no-transaction\nPRAGMA foreign_keys = off;\n",
        ]
    );
    assert_eq!(
        import.notes,
        [
            "`BEGIN` and `COMMIT` became comments, since a revision is a transaction already: `1_a.sql`",
            "`PRAGMA foreign_keys` became a comment, since foreign keys are not enforced while a revision \
             runs, and are checked after it; where they have to be, write `-- foreign-keys: on` in the \
             header: `2_b.sql`",
        ]
    );
    assert_eq!(judged(&import, &[Dialect::Sqlite]), [""; 0]);
}

#[test]
fn follows_the_heads_of_a_chain() {
    let heads = ["aaaa".to_owned(), "bbbb".to_owned()];
    let continuation = Continuation { parents: heads.to_vec(), ..for_sqlite() };
    let files = directory(&[("7_x.sql", b"x")]);
    let import = import(Path::new("old"), &files, Tool::Sqlx, &continuation).unwrap();
    assert!(import.revisions[0].text.contains("-- revision: 7\n-- revises: aaaa, bbbb\n"));
    assert_eq!(import.revisions[0].parents, heads);
}

#[test]
fn versions_are_ordered_as_numbers() {
    let import = imported(Tool::Sqlx, &[("10_b.sql", b""), ("9_a.sql", b""), ("011_c.sql", b"")]);
    let ids: Vec<_> = import.revisions.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["9", "10", "011"]);
}

#[test]
fn versions_that_are_times() {
    let made = |version: &str| created(version);
    assert_eq!(made("20210422143411").as_deref(), Some("2021-04-22T14:34:11Z"));
    assert_eq!(made("20240229000000").as_deref(), Some("2024-02-29T00:00:00Z"));
    for version in [
        "20230229000000",
        "20211322143411",
        "20210431000000",
        "20210422240000",
        "2021042214341",
        "00000101000000",
    ] {
        assert_eq!(made(version), None, "{version}");
    }
    let import = imported(Tool::Sqlx, &[("20210422143411_x.sql", b"x;\n")]);
    assert!(import.revisions[0].text.contains("-- created: 2021-04-22T14:34:11Z\n-- irreversible"));
}

#[test]
fn what_sqlx_ignores_is_ignored() {
    let import = imported(
        Tool::Sqlx,
        &[
            (".keep", b""),
            ("1_x.sql", b"x"),
            ("2_y.sql.bak", b"\xff"),
            ("README.md", b""),
            ("abc.sql", b""),
        ],
    );
    assert_eq!(import.revisions.len(), 1);
    assert_eq!(
        import.notes,
        [
            "not imported, since sqlx ignores them too: `.keep`, `2_y.sql.bak`, `README.md`, `abc.sql`"
        ]
    );
}

#[test]
fn no_transaction() {
    let import = imported(
        Tool::Sqlx,
        &[
            ("1_a.sql", b"-- no-transaction\nVACUUM;\n"),
            ("2_b.sql", b"\n-- no-transaction\nSELECT 1;\n"),
            ("3_c.up.sql", b"SELECT 1;\n"),
            ("3_c.down.sql", b"-- no-transaction: because\nVACUUM;\n"),
            ("4_d.sql", b"\xef\xbb\xbf-- no-transaction\nSELECT 1;\n"),
        ],
    );
    let none: Vec<_> =
        import.revisions.iter().map(|r| r.text.contains("\n-- transaction: none\n")).collect();
    assert_eq!(none, [true, false, true, false]);
    assert!(import.revisions[0].text.contains("-- migrate:up\n-- no-transaction\nVACUUM;\n"));
    assert_eq!(
        import.notes,
        [
            "`3_c.up.sql`: only its down script says `-- no-transaction`; the revision runs outside a transaction both ways",
            "`4_d.sql`: left out the byte order mark at its start",
        ]
    );
}

#[test]
fn text_is_kept_byte_for_byte() {
    let body = "\u{feff}CREATE TABLE a (\r\n  b TEXT DEFAULT '\u{feff}\r\n'\r\n);\r\n\r\n \t\r\n";
    let import = imported(Tool::Sqlx, &[("1_a.sql", body.as_bytes())]);
    assert!(import.revisions[0].text.ends_with(&format!("-- migrate:up\n{}", &body[3..])));
    assert_eq!(import.notes, ["`1_a.sql`: left out the byte order mark at its start"]);
}

#[test]
fn a_description_of_nothing() {
    let import = imported(Tool::Sqlx, &[("1_.sql", b"x"), ("2_migrate:up.sql", b"y")]);
    assert!(import.revisions[0].text.starts_with("-- migration 1\n--\n"));
    assert_eq!(import.revisions[0].file_name, "1_.sql");
    assert!(import.revisions[1].text.starts_with("-- (migrate:up)\n--\n"));
}

#[test]
fn nothing_to_import() {
    fails(
        Tool::Sqlx,
        &[],
        "`old` is empty; name the directory of the `<VERSION>_<DESCRIPTION>.sql` files: `cargo migrate import --from sqlx DIR`",
    );
    fails(
        Tool::Sqlx,
        &[("a.txt", b"")],
        "`old` holds no migration of sqlx; name the directory of the `<VERSION>_<DESCRIPTION>.sql` files: `cargo migrate import --from sqlx DIR`",
    );
    let dir = tempfile::tempdir().unwrap();
    let error =
        Directory::read(&dir.path().join("none"), Some(Tool::Sqlx)).unwrap_err().to_string();
    assert!(error.contains("none` does not exist; name the directory of"), "{error}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Directory::read(&file, Some(Tool::Sqlx)).unwrap_err().to_string();
    assert!(error.contains("file` is not a directory; name the directory of"), "{error}");
}

#[test]
fn all_problems_at_once() {
    fails(
        Tool::Sqlx,
        &[
            ("10_a.up.sql", b"x"),
            ("10_b.sql", b"x"),
            ("1_a.sql", b"x"),
            ("01_b.sql", b"x"),
            ("20_a.down.sql", b"x"),
            ("30_bin.sql", b"a\nb\0c\n\xff"),
            ("31_marker.sql", b"a;\r\n-- migrate:up\r\n  -- migrate:down\n"),
            ("32_cr.sql", b"a;\n\r-- migrate: x"),
            ("40_latin.up.sql", b"ok"),
            ("40_latin.down.sql", b"a\n\nb \xe9"),
            ("99999999999999999999_x.sql", b"x"),
            ("_x.sql", b"x"),
            ("abc_x.sql", b"x"),
            ("+5_x.sql", b"x"),
        ],
        "`old` cannot be imported; nothing was changed
  +5_x.sql: `+5` is no version number; rename the file to `<VERSION>_<DESCRIPTION>.sql`, or move it away
  01_b.sql: has the same version as `1_a.sql`; give one of them another
  10_b.sql: has the same version as `10_a.up.sql`; a version is one `.sql` file or a pair of `.up.sql` and `.down.sql`
  20_a.down.sql: has no `.up.sql` of the same version; add it, or move this file away
  30_bin.sql:2: byte 3 is NUL; a revision is text, so save the file as UTF-8
  30_bin.sql:3: byte 6 is not UTF-8; save the file as UTF-8
  31_marker.sql:2: a line that begins with `-- migrate:` would be taken for a section marker; put a space before it
  32_cr.sql:2: a line that begins with `-- migrate:` would be taken for a section marker; put a space before it
  40_latin.down.sql:3: byte 5 is not UTF-8; save the file as UTF-8
  99999999999999999999_x.sql: `99999999999999999999` is no version number; rename the file to `<VERSION>_<DESCRIPTION>.sql`, or move it away
  _x.sql: `` is no version number; rename the file to `<VERSION>_<DESCRIPTION>.sql`, or move it away
  abc_x.sql: `abc` is no version number; rename the file to `<VERSION>_<DESCRIPTION>.sql`, or move it away",
    );
}

/// The shared inputs, where this machine has them.
#[expect(clippy::disallowed_methods, reason = "a test's own switch, read nowhere else")]
fn shared(path: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("MIGRATE_SHARED").map_or(beside, PathBuf::from);
    let path = root.join(path);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

#[test]
fn real_histories() {
    for (name, count, reversible) in [
        ("client", 12, 0),
        ("client-record", 3, 0),
        ("scripts", 2, 2),
        ("server-sqlite", 7, 0),
        ("server-postgres", 20, 0),
    ] {
        let Some(dir) = shared(&format!("histories/atuin/{name}")) else { continue };
        let directory = Directory::read(&dir, Some(Tool::Sqlx)).unwrap();
        let continuation = for_sqlite();
        let import = import(&dir, &directory, Tool::Sqlx, &continuation).unwrap();
        assert_eq!(import.revisions.len(), count, "{name}");
        assert_eq!(import.notes, [""; 0], "{name}");
        let down =
            import.revisions.iter().filter(|r| r.text.contains("\n-- migrate:down\n")).count();
        assert_eq!(down, reversible, "{name}");
        for (revision, before) in import.revisions.iter().skip(1).zip(&import.revisions) {
            assert_eq!(revision.parents, std::slice::from_ref(&before.id));
            assert!(revision.id > before.id);
        }
        // Every byte of every file is in a revision, and no revision has bytes of its own in a section.
        for file in &directory.files {
            let (id, _) = file.name().split_once('_').unwrap();
            let revision = import.revisions.iter().find(|r| r.id == id).unwrap();
            let section = if file.name().ends_with(".down.sql") { "down" } else { "up" };
            let (_, rest) = revision.text.split_once(&format!("\n-- migrate:{section}\n")).unwrap();
            let body = rest.split("\n-- migrate:").next().unwrap();
            assert_eq!(
                body.trim_end_matches('\n'),
                String::from_utf8_lossy(&file.bytes).trim_end_matches('\n')
            );
            assert!(revision.text.contains("\n-- created: 20"), "{}", revision.text);
        }

        let target = tempfile::tempdir().unwrap();
        let changes = import.changes(target.path());
        changes.apply().unwrap();
        assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), count);
        assert!(matches!(changes.apply().unwrap_err(), Error::Exists { .. }));
    }
}
