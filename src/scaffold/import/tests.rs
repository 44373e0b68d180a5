//! What is common to all tools: recognising them, and the dialects of what is imported.

use std::path::Path;

use super::*;

/// Files by path.
type Files<'f> = &'f [(&'f str, &'f [u8])];

/// A directory of these files; what ends in `/` is a folder with nothing in it.
pub(super) fn directory(list: &[(&str, &[u8])]) -> Directory {
    let mut directory = Directory::default();
    for (path, bytes) in list {
        let mut at = &mut directory;
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            let folders = &mut at.directories;
            let index =
                folders.iter().position(|known| known.name == folder).unwrap_or_else(|| {
                    folders.push(Directory { name: folder.to_owned(), ..Directory::default() });
                    folders.len() - 1
                });
            at = &mut folders[index];
        }
        if !name.is_empty() {
            at.files.push(File { path: (*path).to_owned(), bytes: bytes.to_vec() });
        }
    }
    directory
}

pub(super) fn imported(tool: Tool, list: &[(&str, &[u8])]) -> Import {
    import(Path::new("old"), &directory(list), tool, &for_sqlite()).unwrap()
}

pub(super) fn for_sqlite() -> Continuation {
    Continuation { configured: vec![Dialect::Sqlite], ..Continuation::default() }
}

#[track_caller]
pub(super) fn fails(tool: Tool, list: &[(&str, &[u8])], expected: &str) {
    let result = import(Path::new("old"), &directory(list), tool, &for_sqlite());
    assert_eq!(result.unwrap_err().to_string(), expected);
}

/// Says what the rules have against the revisions, in one line each.
pub(super) fn judged(import: &Import, dialects: &[Dialect]) -> Vec<String> {
    let configuration = crate::config::Configuration {
        dialects: dialects.to_vec(),
        ..crate::config::Configuration::default()
    };
    let texts =
        import.revisions.iter().map(|revision| (revision.file_name.clone(), revision.text.clone()));
    let (_, findings, sources) = crate::validate::texts(&configuration, texts);
    findings.iter().map(|finding| finding.one_line(&sources)).collect()
}

fn recognised(list: &[(&str, &[u8])]) -> Result<Tool, String> {
    recognise(Path::new("old"), &directory(list)).map_err(|error| error.to_string())
}

#[test]
fn a_directory_tells_its_tool() {
    let cases: [(Tool, Files<'_>); 23] = [
        (Tool::Sqlx, &[("1_a.up.sql", b"x"), ("README.md", b"")]),
        (Tool::Sqlx, &[("1_a.sql", b"x"), ("old/notes.sql", b"")]),
        (Tool::Sqlx, &[("20240101000000_a.up.sql", b"x"), ("20240101000000_a.down.sql", b"x")]),
        (Tool::Sqlx, &[("000001_a.up.sql", b"-- no-transaction"), ("000001_a.down.sql", b"x")]),
        (Tool::Sqlx, &[("000001_a.up.sql", b"x"), ("000002_b.sql", b"x")]),
        (Tool::Diesel, &[("1_a/up.sql", b"x"), ("helper_x.sql", b"")]),
        (Tool::Refinery, &[("V1__a.sql", b"x"), ("refinery.toml", b"")]),
        (Tool::Refinery, &[("V1__a.rs", b"x"), ("mod.rs", b"")]),
        (Tool::Refinery, &[("V1__a.sql", b"x"), ("sub/U2__b.sql", b"x")]),
        (Tool::Flyway, &[("V1__a.sql", b"x"), ("R__views.sql", b"x")]),
        (Tool::Flyway, &[("V1.1__a.sql", b"x")]),
        (Tool::Flyway, &[("V1__a.sql", b"x"), ("U1__a.sql", b"x")]),
        (Tool::Flyway, &[("db/migration/V1_2__a b.sql", b"x")]),
        (Tool::SeaOrm, &[("src/lib.rs", b"x"), ("src/m20220101_000001_a.rs", b"x")]),
        (Tool::SeaOrm, &[("m20220101_000001_a.rs", b"x")]),
        (Tool::Dbmate, &[("1_a.sql", b"-- migrate:up\nx\n-- migrate:down\ny\n")]),
        (Tool::Dbmate, &[("mysql/1_a.sql", b"--migrate:up transaction:false\n-- migrate:down\n")]),
        (Tool::Goose, &[("1_a.sql", b"x"), ("2_a.sql", b"\n-- +goose Up\nx\n-- +goose Down\ny\n")]),
        (Tool::Goose, &[("1_a.go", b"func init() { goose.AddMigrationContext(up, down) }")]),
        (Tool::GolangMigrate, &[("000001_a.up.sql", b"x"), ("000001_a.down.sql", b"x")]),
        (Tool::GolangMigrate, &[("postgres/1_a.up.sql", b"x"), ("sqlite3/1_a.up.sql", b"x")]),
        (Tool::GolangMigrate, &[("1_a.up.sql", b"x"), ("1_a.sqlite3.up.sql", b"x")]),
        (
            Tool::Alembic,
            &[("env.py", b""), ("versions/a_b.py", b"revision = 'a'\ndown_revision = None\n")],
        ),
    ];
    for (tool, list) in cases {
        assert_eq!(recognised(list), Ok(tool), "{list:?}");
    }
}

#[test]
fn what_no_tool_wrote_is_not_guessed_at() {
    let nothing = "`old` has the layout of no tool that is known
  sqlx: there are no `<VERSION>_<DESCRIPTION>.sql` files
  diesel: there are no `<VERSION>_<NAME>/up.sql` files
  refinery: there are no `V<VERSION>__<NAME>.sql` or `.rs` files
  sea-orm: there are no `m<DATE>_<TIME>_<NAME>.rs` files
  dbmate: there are no `<VERSION>_<NAME>.sql` files with `-- migrate:up`
  goose: there are no `<VERSION>_<NAME>.sql` files with `-- +goose Up`
  golang-migrate: there are no `<VERSION>_<NAME>.up.sql` files
  flyway: there are no `V<VERSION>__<DESCRIPTION>.sql` files
  alembic: there are no `.py` files with a `down_revision`";
    for list in [
        &[][..],
        &[("README.md", b"x".as_slice()), ("a.sql", b"x"), ("b_c.sql", b"x")],
        &[(".git/up.sql", b"x"), ("1_a/down.sql", b"x")],
        &[("lib.rs", b"fn main() {}"), ("R__a.sql", b"x"), ("setup.py", b"revision = 1")],
        // A revision of ours is not one of dbmate, nor of sqlx.
        &[("2026_a.sql", b"-- a\n--\n-- revision: a1b2\n\n-- migrate:up\nx\n-- migrate:down\ny\n")],
    ] {
        assert_eq!(recognised(list).unwrap_err(), nothing);
    }
    let above = recognised(&[("Cargo.toml", b"x"), ("migrations/", b"")]).unwrap_err();
    assert_eq!(above, format!("{nothing}\nperhaps `cargo migrate import old/migrations`"));
}

#[test]
fn two_tools_in_one_directory_are_not_guessed_at() {
    assert_eq!(
        recognised(&[("1_a.sql", b"x"), ("2_b/up.sql", b"x")]).unwrap_err(),
        "`old` has the layouts of several tools; say which
  `--from sqlx`: there are `<VERSION>_<DESCRIPTION>.sql` files
  `--from diesel`: there are `<VERSION>_<NAME>/up.sql` files"
    );
}

#[test]
fn dialects_are_named_where_the_chain_has_others() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let named = |configured: &[Dialect], chosen: &[Dialect]| {
        dialects(configured, chosen).map_err(|error| error.to_string())
    };
    assert_eq!(named(&[Postgres], &[]), Ok(vec![Postgres]));
    assert_eq!(named(&[Postgres], &[Postgres]), Ok(vec![Postgres]));
    assert_eq!(named(&[Sqlite, Postgres], &[Postgres]), Ok(vec![Postgres]));
    assert_eq!(named(&[Sqlite, Postgres], &[Postgres, Sqlite]), Ok(vec![Sqlite, Postgres]));
    assert_eq!(named(&[Sqlite, Postgres, Mysql], &[Mysql, Sqlite]), Ok(vec![Sqlite, Mysql]));
    assert_eq!(
        named(&[Sqlite, Postgres], &[]).unwrap_err(),
        "the chain is written for `sqlite` and `postgres`; say which the directory is for: \
         `--dialect sqlite` or `--dialect postgres`, or all of them"
    );
    assert_eq!(
        named(&[Sqlite], &[Postgres]).unwrap_err(),
        "the chain is written for `sqlite`, not for postgres; \
         add it to `dialects` in `[package.metadata.migrate]`, or name another one"
    );
}

/// Two databases' folders, and one version that each lacks.
const FOLDERS: &[(&str, &[u8])] = &[
    ("postgres/1_a.up.sql", b"p1;\n"),
    ("postgres/1_a.down.sql", b"-p1;\n"),
    ("postgres/2_b.up.sql", b"p2;\n"),
    ("sqlite3/1_a.up.sql", b"s1;\n"),
    ("sqlite3/1_a.down.sql", b"-s1;\n"),
    ("sqlite3/3_c.up.sql", b"s3;\n"),
    ("sqlite3/3_c.down.sql", b"-s3;\n"),
];

fn import_for(
    configured: &[Dialect],
    chosen: &[Dialect],
    list: &[(&str, &[u8])],
) -> Result<Import, String> {
    let (configured, chosen) = (configured.to_vec(), chosen.to_vec());
    let continuation = Continuation { configured, chosen, ..Continuation::default() };
    import(Path::new("old"), &directory(list), Tool::GolangMigrate, &continuation)
        .map_err(|error| error.to_string())
}

/// What follows the header.
fn sections(revision: &ImportedRevision) -> &str {
    revision.text.split_once("\n\n").unwrap().1
}

#[test]
fn folders_of_dialects_become_one_chain() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let import = import_for(&[Sqlite, Postgres], &[], FOLDERS).unwrap();
    let [a, b, c] = import.revisions.as_slice() else { panic!("{import:?}") };
    assert_eq!(
        sections(a),
        "-- migrate:up postgres\np1;\n\n-- migrate:up sqlite\ns1;\n\n\
         -- migrate:down postgres\n-p1;\n\n-- migrate:down sqlite\n-s1;\n"
    );
    assert!(
        b.text.contains("-- irreversible: imported from golang-migrate, which had no down script")
    );
    assert_eq!(
        sections(b),
        "-- migrate:up postgres\np2;\n\n-- migrate:up sqlite\n\
         -- nothing: golang-migrate has no up script for sqlite\n"
    );
    assert_eq!(judged(&import, &[Sqlite, Postgres]), [""; 0]);
    assert!(c.text.ends_with("-- nothing: golang-migrate has no down script for postgres\n"));
    assert_eq!(
        import.notes,
        [
            "`postgres/2_b.up.sql`: golang-migrate has no up script for sqlite, so nothing happens there",
            "`sqlite3/3_c.up.sql`: golang-migrate has no up script for postgres, so nothing happens there",
            "`sqlite3/3_c.up.sql`: golang-migrate has no down script for postgres, so nothing happens there",
        ]
    );

    let one = import_for(&[Sqlite], &[], FOLDERS).unwrap();
    assert_eq!(sections(&one.revisions[0]), "-- migrate:up\ns1;\n\n-- migrate:down\n-s1;\n");
    assert!(
        one.notes[0]
            .starts_with("left out, since the chain is not written for it: what is for `postgres`")
    );
    let chosen = import_for(&[Sqlite, Postgres], &[Postgres], FOLDERS).unwrap();
    assert!(
        sections(&chosen.revisions[0])
            .starts_with("-- migrate:up postgres\np1;\n\n-- migrate:down")
    );
    assert!(
        import_for(&[Mysql], &[], FOLDERS)
            .unwrap_err()
            .starts_with("the chain is written for `mysql`, not for")
    );
    assert!(import_for(&[Mysql], &[Sqlite], FOLDERS).unwrap_err().contains("not for sqlite"));
}

#[test]
fn a_script_for_all_others_and_equal_ones() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let list: &[(&str, &[u8])] = &[
        ("1_a.up.sql", b"all;\n"),
        ("2_b.up.sql", b"others;\n"),
        ("2_b.sqlite3.up.sql", b"s;\n"),
        ("2_b.cockroach.up.sql", b"c;\n"),
        ("3_c.mysql.up.sql", b"same;\n"),
        ("3_c.postgres.up.sql", b"same;\n"),
        ("3_c.sqlite.up.sql", b"same;\n"),
    ];
    let postgres: &[(&str, &[u8])] = &[("1_a.up.sql", b"all;\n"), ("2_b.postgres.up.sql", b"p;\n")];
    let import = import_for(&[Sqlite], &[], postgres).unwrap();
    let nothing = "-- migrate:up\n-- nothing: golang-migrate has no up script for sqlite\n";
    assert_eq!(sections(&import.revisions[1]), nothing);

    let import = import_for(&[Sqlite, Postgres, Mysql], &[], list).unwrap();
    let texts: Vec<_> = import.revisions.iter().map(sections).collect();
    assert_eq!(
        texts,
        [
            "-- migrate:up\nall;\n",
            "-- migrate:up postgres mysql\nothers;\n\n-- migrate:up sqlite\ns;\n",
            "-- migrate:up\nsame;\n",
        ]
    );
    assert_eq!(
        import.notes,
        ["not imported, since no chain can be for their database: `2_b.cockroach.up.sql`"]
    );
}

#[test]
fn dialects_stand_in_the_markers() {
    let files = directory(&[("1_a.up.sql", b"x;\n"), ("1_a.down.sql", b"y;\n")]);
    let continuation = Continuation {
        configured: Dialect::ALL.to_vec(),
        chosen: vec![Dialect::Sqlite, Dialect::Mysql],
        ..Continuation::default()
    };
    let import = import(Path::new("old"), &files, Tool::Sqlx, &continuation).unwrap();
    assert!(
        import.revisions[0]
            .text
            .ends_with("\n-- migrate:up sqlite mysql\nx;\n\n-- migrate:down sqlite mysql\ny;\n")
    );
}

#[test]
fn folders_are_read_as_deep_as_the_tool_looks() {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("1_a/up.sql", "x"),
        ("1_a/more/deep.sql", "x"),
        (".git/config.toml", "x"),
        ("README.md", "not read"),
    ] {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let read = |tool| Directory::read(root.path(), tool).unwrap();
    let expected = directory(&[("README.md", b""), ("1_a/up.sql", b"x")]);
    assert_eq!(read(Some(Tool::Diesel)), expected);
    assert_eq!(read(None).directories[0].directories[0].files[0].path, "1_a/more/deep.sql");
    assert_eq!(read(Some(Tool::Sqlx)), directory(&[("README.md", b"")]));
}
