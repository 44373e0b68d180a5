//! Rules about files as files, read from real directories, and about their names.

use insta::assert_snapshot;

use super::{check, check_package, codes, report_package, revision, write_package};
use crate::diagnostic::Code;

#[test]
fn text_that_is_not_utf_8_is_shown_up_to_the_bad_byte() {
    assert_snapshot!(check_package(&[("migrations/a.sql", b"-- create account\n--\n-- revision: caf\xe9\n-- more")]), @r#"
error[M0001]: this file is not UTF-8
 --> migrations/a.sql:3:17
  |
3 | -- revision: caf�
  |                 ^ the byte 0xe9 is not UTF-8
  |
  = help: save the file as UTF-8
  = help: if the file is no revision, move it elsewhere, or let its name begin with `_`
"#);
}

#[test]
fn a_nul_byte_is_shown_where_it_stands() {
    let utf_16: Vec<u8> = "\u{feff}-- create".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_snapshot!(
        check_package(&[
            ("migrations/a.sql", b"-- a\n--\n-- revision: a1\n\n-- migrate:up\nSELECT 'x\0y';\n"),
            ("migrations/b.sql", b"-\0-\0"),
            ("migrations/c.sql", &utf_16),
        ]),
        @r#"
error[M0002]: this file holds a NUL byte
 --> migrations/a.sql:6:10
  |
6 | SELECT 'x�
  |          ^ the first NUL byte
  |
  = help: remove it; or, if the file is UTF-16, save it as UTF-8
  = help: if the file is no revision, move it elsewhere, or let its name begin with `_`

error[M0002]: this file holds a NUL byte
 --> migrations/b.sql:1:2
  |
1 | -�
  |  ^ the first NUL byte
  |
  = help: remove it; or, if the file is UTF-16, save it as UTF-8
  = help: if the file is no revision, move it elsewhere, or let its name begin with `_`

error[M0001]: this file is not UTF-8
 --> migrations/c.sql:1:1
  |
1 | �
  | ^ the byte 0xff is not UTF-8
  |
  = help: the file is UTF-16; save it as UTF-8
  = help: if the file is no revision, move it elsewhere, or let its name begin with `_`
"#
    );
}

#[test]
fn other_files_are_strays_unless_their_name_says_that_they_are_resources() {
    let good = revision("revision: a1");
    assert_snapshot!(
        check_package(&[
            ("migrations/a.sql", good.as_bytes()),
            ("migrations/notes.txt", b"x"),
            ("migrations/sub/B.SQL", b"x"),
            ("migrations/_shared/data.csv", b"x"),
            ("migrations/.gitkeep", b""),
            ("migrations/_old.sql", b"x"),
        ]),
        @r#"
warning[M0032]: `B.SQL` is no revision
--> migrations/sub/B.SQL
 = note: revisions are `.sql` and `.rs` files
 = help: write the extension in lower case: `.sql`

warning[M0032]: `notes.txt` is no revision
--> migrations/notes.txt
 = note: revisions are `.sql` and `.rs` files
 = help: move it elsewhere, or let its name begin with `_` or `.`
"#
    );
}

#[test]
fn a_missing_directory_is_no_empty_chain() {
    assert_snapshot!(check_package(&[]), @r#"
error[M0054]: the migrations directory `migrations` does not exist
 |
 = help: `cargo migrate init` creates it
 = help: or name another one: `dir` in `[package.metadata.migrate]`
"#);
    let root = tempfile::tempdir().unwrap();
    let manifest = "[package.metadata.migrate]\ndir = \"db/migration\"\n";
    std::fs::write(root.path().join("Cargo.toml"), manifest).unwrap();
    assert_snapshot!(report_package(root.path()), @r#"
error[M0054]: the migrations directory `db/migration` does not exist
 --> Cargo.toml:2:7
  |
2 | dir = "db/migration"
  |       ^^^^^^^^^^^^^^
  |
  = help: `cargo migrate init` creates it
  = help: or name another one: `dir` in `[package.metadata.migrate]`
"#);
}

#[test]
fn a_directory_that_is_a_file_is_named() {
    assert_snapshot!(check_package(&[("migrations", b"x")]), @r#"
error[M0055]: cannot read `migrations`: it is not a directory
 |
 = help: `dir` in `[package.metadata.migrate]` must name a directory
"#);
}

#[cfg(unix)]
#[test]
fn everything_that_cannot_be_read_is_named() {
    use std::os::unix::fs::symlink;

    let root = tempfile::tempdir().unwrap();
    write_package(root.path(), &[("migrations/a.sql", revision("revision: a1").as_bytes())]);
    let directory = root.path().join("migrations");
    symlink("nowhere.sql", directory.join("b.sql")).unwrap();
    symlink("../migrations", directory.join("loop")).unwrap();
    // Emacs marks a file that is being edited so.
    symlink("me@here.1234", directory.join(".#a.sql")).unwrap();
    symlink("gone", directory.join("_notes")).unwrap();
    let report = report_package(root.path()).replace(&*root.path().to_string_lossy(), "ROOT");
    assert_snapshot!(report, @r#"
error[M0055]: cannot read `migrations/b.sql`: No such file or directory (os error 2)
--> migrations/b.sql
 = help: the link must lead to a file or directory that can be read, and not back to itself

error[M0055]: cannot read `migrations/loop`: File system loop found: ROOT/migrations/loop points to an ancestor ROOT/migrations
--> migrations/loop
 = help: the link must lead to a file or directory that can be read, and not back to itself
"#);
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let root = tempfile::tempdir().unwrap();
    write_package(root.path(), &[("shared/a.sql", revision("revision: a1").as_bytes())]);
    symlink("shared", root.path().join("migrations")).unwrap();
    symlink("../shared/a.sql", root.path().join("shared/b.sql")).unwrap();
    let package = crate::validate::package(root.path()).unwrap();
    let codes: Vec<Code> = package.findings().iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::DuplicateId], "the same file twice");
}

#[test]
fn the_file_name_may_not_name_another_revision() {
    assert_snapshot!(check(&format!("-- file: 20261121T2211_b2_create_account.sql\n{}", revision("revision: a1"))), @r#"
error[M0034]: the file name says revision `b2`, the header says `a1`
 --> migrations/20261121T2211_b2_create_account.sql:3:14
  |
3 | -- revision: a1
  |              ^^ the file name has `b2` here
  |
  = note: the header counts, and people read the file name, so both must agree
  = help: rename the file; or, if it is a copy, correct its header
"#);
    for name in ["20261121T2211_a1_create", "create_account", "b2", "żółw", "2026_b2_create"] {
        let fixture = format!("-- file: {name}.sql\n{}", revision("revision: a1"));
        assert_eq!(codes(&fixture), [], "{name}");
    }
}

const RUST: &str = "-- file: a.rs\n//! fill in names\n//!\n//! revision: a1\n//! revises:\n";

#[test]
fn a_revision_in_rust_has_a_migration_and_a_way_back() {
    assert_snapshot!(check(&format!("{RUST}\nuse cargo_migrate::Operations; // Migration\n")), @r#"
    error[M0037]: this revision in Rust has no `Migration`
     --> migrations/a.rs:3:15
      |
    3 | //! revision: a1
      |               ^^
      |
      = note: what runs is `up` and `down` of `impl Revision for Migration`
      = help: write `pub struct Migration;` and `impl Revision for Migration { … }` into it
      = help: `cargo migrate new --rust "message"` writes a file that has both
    "#);
    assert_snapshot!(check("-- file: helper.rs\nuse std::fmt;\n"), @r#"
    error[M0003]: this file has no `revision` in its header
     --> migrations/helper.rs:1:1
      |
    1 | use std::fmt;
      | ^
      |
      = note: a revision begins with comment lines: a message, an empty one, then `//! revision: ID`
      = help: `cargo migrate new "message"` writes a file with a header
      = help: if the file is no revision, let its name begin with `_`
    "#);
    let complete = "pub struct Migration;\nimpl Revision for Migration {}\n";
    assert_snapshot!(check(&format!("{RUST}\n{complete}")), @"
    error[M0026]: this revision has no `fn down`
     --> migrations/a.rs:3:15
      |
    3 | //! revision: a1
      |               ^^
      |
      = help: write `async fn down(op: &mut Operations<'_>) -> Result<()> { … }` below its `up`
      = help: or, if there is no way back, `//! irreversible: WHY` in the header
    ");
    let irreversible = RUST.replace("revises:", "irreversible: no");
    assert_eq!(codes(&format!("{irreversible}\n{complete}")), []);
    assert_snapshot!(check(&format!("{irreversible}\nasync fn down() {{}}\n{complete}")), @"
    error[M0035]: an irreversible revision has a down function
     --> migrations/a.rs:6:7
      |
    4 | //! irreversible: no
      |                   -- this says that nothing leads back
    5 |
    6 | async fn down() {}
      |       ^^^^^^^ this leads back
      |
      = help: remove the `irreversible` line or the function
    ");
    assert_eq!(codes(&format!("{RUST}\n{complete}\nasync fn down() {{}}\n")), []);
}

#[test]
fn a_migration_that_the_migrator_cannot_use() {
    let rust = format!("{RUST}\nuse cargo_migrate::Revision;\n");
    assert_snapshot!(check(&format!("{rust}pub struct Migration;\n")), @r#"
    error[M0037]: `Migration` does not implement `Revision`
     --> migrations/a.rs:7:12
      |
    7 | pub struct Migration;
      |            ^^^^^^^^^
      |
      = help: write `impl Revision for Migration { … }` below it, with `up` and `down` inside
      = help: `cargo migrate new --rust "message"` writes a file that has it
    "#);
    assert_snapshot!(
        check(&format!("{rust}pub struct Migration;\nimpl Migration {{ fn down() {{}} }}\n")),
        @"
    error[M0037]: `Migration` does not implement `Revision`
     --> migrations/a.rs:8:6
      |
    8 | impl Migration { fn down() {} }
      |      ^^^^^^^^^ this implements no trait
      |
      = help: write `impl Revision for Migration`
    "
    );
    let private = "struct Migration;\nimpl Revision for Migration { fn down() {} }\n";
    assert_snapshot!(check(&format!("{rust}{private}")), @"
    error[M0037]: `Migration` is private
     --> migrations/a.rs:7:8
      |
    7 | struct Migration;
      |        ^^^^^^^^^ the migrator does not see it
      |
      = help: write `pub struct Migration`
    ");
}

#[test]
fn what_may_be_a_migration_is_left_to_rustc() {
    let down = "fn down() {}\n";
    for code in [
        "pub(crate) enum Migration {}\nimpl cargo_migrate::Revision for Migration {}\n",
        "pub struct Migration;\nimpl crate::Revision for self::Migration {}\n",
        "pub use crate::shared::Migration;\n",
        "pub type Migration = crate::Shared<1>;\n",
        "pub struct Migration;\ncrate::revision!(Migration);\n",
        "pub struct Migration;\ncrate::boilerplate! {}\n",
        "#[crate::revision]\npub struct Migration;\n",
        "crate::revision! {\n    struct Migration;\n}\n",
    ] {
        assert_eq!(codes(&format!("{RUST}\n{code}{down}")), [], "{code}");
    }
}
