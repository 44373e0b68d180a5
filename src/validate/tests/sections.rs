//! Rules about markers, selectors, and which sections a revision has.

use insta::assert_snapshot;

use super::{chain, check, check_sections, check_sections_with, codes};

#[test]
fn markers_that_cannot_be_read_are_one_mistake_each() {
    assert_snapshot!(check_sections("-- migrate:upp\nSELECT 1;\n-- migrate:revert\nSELECT 2;\n-- migrate:\n-- migrate: down\n"), @r#"
error[M0007]: unknown section marker `migrate:upp`
 --> migrations/a.sql:5:12
  |
5 | -- migrate:upp
  |            ^^^ expected `up` or `down`
  |
  = help: did you mean `-- migrate:up`?

error[M0007]: unknown section marker `migrate:revert`
 --> migrations/a.sql:7:12
  |
7 | -- migrate:revert
  |            ^^^^^^ expected `up` or `down`
  |
  = help: write `-- migrate:up` or `-- migrate:down`

error[M0007]: this section marker does not say `up` or `down`
 --> migrations/a.sql:9:1
  |
9 | -- migrate:
  | ^^^^^^^^^^^ expected `up` or `down`
  |
  = help: write `-- migrate:up` or `-- migrate:down`

error[M0007]: this section marker does not say `up` or `down`
  --> migrations/a.sql:10:1
   |
10 | -- migrate: down
   | ^^^^^^^^^^^^^^^^ expected `up` or `down`
   |
   = help: did you mean `-- migrate:down`?
"#);
}

#[test]
fn comments_that_look_like_markers_are_no_comments() {
    assert_snapshot!(check_sections("--migrate:up\nSELECT 1;\n  -- Migrate: DOWN\nSELECT 2;\n"), @r#"
error[M0007]: this line looks like a section marker, and is none
 --> migrations/a.sql:5:1
  |
5 | --migrate:up
  | ^^^^^^^^^^^^
  |
  = note: a marker begins in column 1 with `-- migrate:up` or `-- migrate:down`
  = help: write `-- migrate:up` at the beginning of the line

error[M0007]: this line looks like a section marker, and is none
 --> migrations/a.sql:7:3
  |
7 |   -- Migrate: DOWN
  |   ^^^^^^^^^^^^^^^^
  |
  = note: a marker begins in column 1 with `-- migrate:up` or `-- migrate:down`
  = help: write `-- migrate:down` at the beginning of the line
"#);
    assert_snapshot!(check_sections("-- migrate:up\nSELECT '\n-- migrate:done\n';\n-- migrate:down\nSELECT 2;"), @r#"
error[M0027]: this string does not end
 --> migrations/a.sql:6:8
  |
6 | SELECT '
  |        ^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `'`

error[M0007]: unknown section marker `migrate:done`
 --> migrations/a.sql:7:12
  |
7 | -- migrate:done
  |            ^^^^ expected `up` or `down`
  |
  = help: write `-- migrate:up` or `-- migrate:down`
"#);
}

#[test]
fn selectors_are_declared_dialects_and_databases() {
    assert_snapshot!(
        check_sections_with(
            "dialects = [\"sqlite\", \"postgres\"]\ndatabases = [\"catalog\"]",
            "-- migrate:up sqlite postgresql\nSELECT 1;\n-- migrate:up mysql\nSELECT 1;\n\
             -- migrate:up @catlog\nSELECT 1;\n-- migrate:up catalog\nSELECT 1;\n\
             -- migrate:up @other oracle\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"
        ),
        @r#"
error[M0008]: unknown selector `postgresql`
 --> migrations/a.sql:5:22
  |
5 | -- migrate:up sqlite postgresql
  |                      ^^^^^^^^^^
  |
  = help: did you mean `postgres`?

error[M0008]: this chain is not written for `mysql`
 --> migrations/a.sql:7:15
  |
7 | -- migrate:up mysql
  |               ^^^^^
  |
  = note: `dialects` declares `sqlite` and `postgres`
  = help: add "mysql" to `dialects` in `[package.metadata.migrate]`, or remove the section

error[M0008]: no database is called `@catlog`
 --> migrations/a.sql:9:15
  |
9 | -- migrate:up @catlog
  |               ^^^^^^^
  |
  = help: did you mean `@catalog`?

error[M0008]: unknown selector `catalog`
  --> migrations/a.sql:11:15
   |
11 | -- migrate:up catalog
   |               ^^^^^^^
   |
   = help: write `@catalog`: names of databases begin with `@`

error[M0008]: no database is called `@other`
  --> migrations/a.sql:13:15
   |
13 | -- migrate:up @other oracle
   |               ^^^^^^
   |
   = help: declare it in `databases` of `[package.metadata.migrate]`, or remove the selector

error[M0008]: unknown selector `oracle`
  --> migrations/a.sql:13:22
   |
13 | -- migrate:up @other oracle
   |                      ^^^^^^
   |
   = help: a selector is `sqlite`, `postgres`, `mysql`, or `@` and a database's name
"#
    );
}

#[test]
fn one_word_that_nobody_knows_is_not_reported_for_each_dialect() {
    assert_snapshot!(check_sections_with("dialects = [\"sqlite\", \"postgres\"]", "-- migrate:up SQLite\nVACUUM 'x;\n-- migrate:down postgres sqllite\nSELECT 2;\n"), @r#"
error[M0008]: unknown selector `SQLite`
 --> migrations/a.sql:5:15
  |
5 | -- migrate:up SQLite
  |               ^^^^^^
  |
  = help: did you mean `sqlite`?

error[M0008]: unknown selector `sqllite`
 --> migrations/a.sql:7:26
  |
7 | -- migrate:down postgres sqllite
  |                          ^^^^^^^
  |
  = help: did you mean `sqlite`?
"#);
}

#[test]
fn sql_belongs_into_a_section() {
    assert_snapshot!(check_sections("CREATE TABLE account (id INTEGER);\n"), @r#"
error[M0023]: this stands before the first section
 --> migrations/a.sql:5:1
  |
5 | CREATE TABLE account (id INTEGER);
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it belongs to no section and would not run
  |
  = help: write `-- migrate:up` in a line above it
"#);
    assert_snapshot!(check_sections("SELECT 1;\n\n-- migrate:up\nSELECT 2;\n-- migrate:down\nSELECT 3;\n"), @r#"
error[M0023]: this stands before the first section
 --> migrations/a.sql:5:1
  |
5 | SELECT 1;
  | ^^^^^^^^ it belongs to no section and would not run
  |
  = help: write `-- migrate:up` in a line above it
"#);
}

#[test]
fn a_revision_has_an_up() {
    assert_snapshot!(check_sections("-- migrate:down\nDROP TABLE account;\n"), @r#"
error[M0024]: this revision has no up section
 --> migrations/a.sql:3:14
  |
3 | -- revision: a1
  |              ^^
  |
  = help: write `-- migrate:up` in a line of its own, and the SQL below it
"#);
    assert_snapshot!(check_sections(""), @r#"
error[M0024]: this revision has no up section
 --> migrations/a.sql:3:14
  |
3 | -- revision: a1
  |              ^^
  |
  = help: write `-- migrate:up` in a line of its own, and the SQL below it

error[M0026]: this revision has no down section
 --> migrations/a.sql:3:14
  |
3 | -- revision: a1
  |              ^^
  |
  = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
  = help: or, if there is no way back, `-- irreversible: WHY` in the header
"#);
}

#[test]
fn every_dialect_is_covered_in_both_directions() {
    assert_snapshot!(
        check_sections_with(
            "dialects = [\"sqlite\", \"postgres\", \"mysql\"]",
            "-- migrate:up sqlite\nSELECT 1;\n-- migrate:up postgres\nSELECT 1;\n-- migrate:down postgres\nSELECT 2;\n"
        ),
        @r#"
error[M0025]: no up section runs on `mysql`
 --> migrations/a.sql:5:1
  |
5 | -- migrate:up sqlite
  | ^^^^^^^^^^^^^^^^^^^^
6 | SELECT 1;
7 | -- migrate:up postgres
  | ----------------------
  |
  = help: add `-- migrate:up mysql`; where there is nothing to do, a comment below it says why

error[M0025]: no down section runs on `sqlite` and `mysql`
 --> migrations/a.sql:9:1
  |
9 | -- migrate:down postgres
  | ^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: add `-- migrate:down sqlite mysql`; where there is nothing to do, a comment below it says why
"#
    );
}

#[test]
fn every_database_is_covered() {
    assert_snapshot!(
        check_sections_with(
            "dialects = [\"sqlite\"]\ndatabases = [\"catalog\", \"monitoring\"]",
            "-- migrate:up @catalog\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"
        ),
        @r#"
error[M0025]: no up section runs on `sqlite @monitoring`
 --> migrations/a.sql:5:1
  |
5 | -- migrate:up @catalog
  | ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: add `-- migrate:up sqlite @monitoring`; where there is nothing to do, a comment below it says why
"#
    );
}

#[test]
fn a_revision_has_a_down_or_says_why_not() {
    assert_snapshot!(check_sections("-- migrate:up\nCREATE TABLE account (id INTEGER);\n"), @r#"
error[M0026]: this revision has no down section
 --> migrations/a.sql:3:14
  |
3 | -- revision: a1
  |              ^^
  |
  = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
  = help: or, if there is no way back, `-- irreversible: WHY` in the header
"#);
    let fixture = "-- file: a.sql\n-- a\n--\n-- revision: a1\n-- irreversible: data is gone\n\n-- migrate:up\nDROP TABLE x;\n";
    assert_eq!(codes(fixture), []);
}

#[test]
fn what_leads_back_is_not_irreversible() {
    assert_snapshot!(check("-- file: a.sql\n-- a\n--\n-- revision: a1\n-- irreversible: the data is gone\n\n-- migrate:up\nDROP TABLE x;\n\n-- migrate:down\nCREATE TABLE x (id INTEGER);\n"), @r#"
error[M0035]: an irreversible revision has a down section
 --> migrations/a.sql:9:1
  |
4 | -- irreversible: the data is gone
  |                  ---------------- this says that nothing leads back
...
9 | -- migrate:down
  | ^^^^^^^^^^^^^^^ this leads back
  |
  = help: remove the `irreversible` line or the section
"#);
}

#[test]
fn an_empty_section_is_a_warning() {
    assert_snapshot!(check_sections("-- migrate:up\n\n-- migrate:down\n;\n"), @r#"
warning[M0033]: this section is empty
 --> migrations/a.sql:5:1
  |
5 | -- migrate:up
  | ^^^^^^^^^^^^^
  |
  = help: write the SQL below it; where there is nothing to do, a comment that says why

warning[M0033]: this section is empty
 --> migrations/a.sql:7:1
  |
7 | -- migrate:down
  | ^^^^^^^^^^^^^^^
  |
  = help: write the SQL below it; where there is nothing to do, a comment that says why
"#);
    // At the end of a file without a last newline, too.
    assert_snapshot!(check_sections("-- migrate:up\nSELECT 1;\n-- migrate:down"), @r#"
warning[M0033]: this section is empty
 --> migrations/a.sql:7:1
  |
7 | -- migrate:down
  | ^^^^^^^^^^^^^^^
  |
  = help: write the SQL below it; where there is nothing to do, a comment that says why
"#);
}

#[test]
fn what_sections_may_be() {
    let dialects =
        "dialects = [\"sqlite\", \"postgres\"]\ndatabases = [\"catalog\", \"monitoring\"]";
    for sections in [
        "-- migrate:up\n-- nothing to do here\n-- migrate:down\n/* nor here */",
        "-- migrate:up sqlite\nSELECT 1;\n-- migrate:up postgres\nSELECT 1;\n-- migrate:down\nSELECT 1;\n",
        "-- migrate:up @catalog\nSELECT 1;\n-- migrate:up @monitoring\nSELECT 1;\n-- migrate:down\nSELECT 1;\n",
        "-- migrate:down\nSELECT 2;\n-- migrate:up\nSELECT 1;\n-- migrate:up\nSELECT 3;\n",
        "/* a comment */\n-- another\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2",
        "-- migrate:up\r\nSELECT 1;\r\n-- migrate:down \r\nSELECT 2;\r\n",
        "-- migrate:up\nINSERT INTO a VALUES ('-- migrate:down');\n-- migrate:down\nSELECT 2;\n",
        "-- migrate:up sqlite postgres @catalog @monitoring\nSELECT 1;\n-- migrate:down\nSELECT 2;\n",
    ] {
        assert_eq!(check_sections_with(dialects, sections), "", "{sections}");
    }
}

#[test]
fn a_merge_needs_no_sections() {
    let root = chain(&[
        ("a", "revision: a1"),
        ("b", "revision: b2\nrevises: a1"),
        ("c", "revision: c3\nrevises: a1"),
    ]);
    assert_eq!(
        codes(&format!(
            "{root}-- file: d.sql\n-- merge\n--\n-- revision: d4\n-- revises: b2, c3\n"
        )),
        []
    );
    assert_eq!(
        codes(&format!(
            "{root}-- file: d.sql\n-- merge\n--\n-- revision: d4\n-- revises: b2, c3\n\n-- migrate:up\n\n-- migrate:down\n"
        )),
        []
    );
    assert_snapshot!(check(&format!("{root}-- file: d.sql\n-- merge\n--\n-- revision: d4\n-- revises: b2, c3\n\n-- migrate:up\nSELECT 1;\n")), @r#"
error[M0026]: this revision has no down section
 --> migrations/d.sql:3:14
  |
3 | -- revision: d4
  |              ^^
  |
  = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
  = help: or, if there is no way back, `-- irreversible: WHY` in the header
"#);
}
