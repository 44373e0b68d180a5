//! What is common to all tools: recognising them, and the dialects of what is imported.

use std::path::Path;

use super::*;

/// A directory of these files; what ends in `/` is a folder with nothing in it.
pub(super) fn directory(list: &[(&str, &[u8])]) -> Directory {
    let mut directory = Directory::default();
    for (path, bytes) in list {
        let file = File { path: (*path).to_owned(), bytes: bytes.to_vec() };
        let Some((name, _)) = path.split_once('/') else {
            directory.files.push(file);
            continue;
        };
        let folders = &mut directory.directories;
        let at = folders.iter().position(|folder| folder.name == name).unwrap_or_else(|| {
            folders.push(Directory { name: name.to_owned(), ..Directory::default() });
            folders.len() - 1
        });
        if !path.ends_with('/') {
            folders[at].files.push(file);
        }
    }
    directory
}

pub(super) fn imported(tool: Tool, list: &[(&str, &[u8])]) -> Import {
    import(Path::new("old"), &directory(list), tool, &Continuation::default()).unwrap()
}

#[track_caller]
pub(super) fn fails(tool: Tool, list: &[(&str, &[u8])], expected: &str) {
    let continuation = Continuation::default();
    let result = import(Path::new("old"), &directory(list), tool, &continuation);
    assert_eq!(result.unwrap_err().to_string(), expected);
}

fn recognised(list: &[(&str, &[u8])]) -> Result<Tool, String> {
    recognise(Path::new("old"), &directory(list)).map_err(|error| error.to_string())
}

#[test]
fn a_directory_tells_its_tool() {
    assert_eq!(recognised(&[("1_a.up.sql", b"x"), ("README.md", b"")]), Ok(Tool::Sqlx));
    assert_eq!(recognised(&[("1_a.sql", b"x"), ("old/notes.sql", b"")]), Ok(Tool::Sqlx));
    assert_eq!(recognised(&[("1_a/up.sql", b"x"), ("helper_x.sql", b"")]), Ok(Tool::Diesel));
}

#[test]
fn what_no_tool_wrote_is_not_guessed_at() {
    let nothing = "`old` has the layout of no tool that is known
  sqlx: there are no `<VERSION>_<DESCRIPTION>.sql` files
  diesel: there are no `<VERSION>_<NAME>/up.sql` files";
    for list in [
        &[][..],
        &[("README.md", b"x".as_slice()), ("a.sql", b"x"), ("b_c.sql", b"x")],
        &[(".git/up.sql", b"x"), ("1_a/down.sql", b"x")],
        // Both directions in one file, which sqlx would run one after the other.
        &[("1_a.sql", b"-- migrate:up\nx\n-- migrate:down\ny\n")],
        &[("1_a.sql", b"x"), ("2_a.sql", b"\n-- +goose Up\nx\n-- +goose Down\ny\n")],
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
    assert_eq!(named(&[Postgres], &[]), Ok(vec![]));
    assert_eq!(named(&[Postgres], &[Postgres]), Ok(vec![]));
    assert_eq!(named(&[Sqlite, Postgres], &[Postgres]), Ok(vec![Postgres]));
    assert_eq!(named(&[Sqlite, Postgres], &[Postgres, Sqlite]), Ok(vec![]));
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

#[test]
fn dialects_stand_in_the_markers() {
    let files = directory(&[("1_a.up.sql", b"x;\n"), ("1_a.down.sql", b"y;\n")]);
    let dialects = vec![Dialect::Sqlite, Dialect::Mysql];
    let continuation = Continuation { dialects, ..Continuation::default() };
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
    assert_eq!(read(None), expected);
    assert_eq!(read(Some(Tool::Sqlx)), directory(&[("README.md", b"")]));
}
