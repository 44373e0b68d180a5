//! Rules about the header of one file.

use insta::assert_snapshot;

use super::{chain, check, codes};
use crate::diagnostic::Code;

const SECTIONS: &str = "\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n";

/// The findings of a file with this header and good sections.
fn header(header: &str) -> String {
    check(&format!("-- file: a.sql\n{header}{SECTIONS}"))
}

fn header_codes(header: &str) -> Vec<Code> {
    codes(&format!("-- file: a.sql\n{header}{SECTIONS}"))
}

#[test]
fn a_file_without_a_header_is_told_how_one_looks() {
    assert_snapshot!(check("-- file: a.sql\nCREATE TABLE account (id INTEGER);\n"), @r#"
error[M0003]: this file has no `revision` in its header
 --> migrations/a.sql:1:1
  |
1 | CREATE TABLE account (id INTEGER);
  | ^
  |
  = note: a revision begins with comment lines: a message, an empty one, then `-- revision: ID`
  = help: `cargo migrate new "message"` writes a file with a header
  = help: if the file is no revision, let its name begin with `_`

error[M0023]: this stands before the first section
 --> migrations/a.sql:1:1
  |
1 | CREATE TABLE account (id INTEGER);
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it belongs to no section and would not run
  |
  = help: write `-- migrate:up` in a line above it
"#);
    assert_snapshot!(header("-- create account\n"), @r#"
error[M0003]: this file has no `revision` in its header
 --> migrations/a.sql:1:1
  |
1 | -- create account
  | ^^^^^^^^^^^^^^^^^
  |
  = note: a revision begins with comment lines: a message, an empty one, then `-- revision: ID`
  = help: `cargo migrate new "message"` writes a file with a header
  = help: if the file is no revision, let its name begin with `_`
"#);
}

#[test]
fn an_empty_file_is_no_revision() {
    assert_snapshot!(check("-- file: a.sql\n"), @r#"
error[M0003]: this file has no `revision` in its header
--> migrations/a.sql
 = note: a revision begins with comment lines: a message, an empty one, then `-- revision: ID`
 = help: `cargo migrate new "message"` writes a file with a header
 = help: if the file is no revision, let its name begin with `_`

error[M0024]: this revision has no up section
--> migrations/a.sql
 = help: write `-- migrate:up` in a line of its own, and the SQL below it

error[M0026]: this revision has no down section
--> migrations/a.sql
 = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
 = help: or, if there is no way back, `-- irreversible: WHY` in the header
"#);
    assert_snapshot!(check("-- file: a.sql\n\n\n"), @r#"
error[M0003]: this file has no `revision` in its header
 --> migrations/a.sql:1:1
  |
1 |
  | ^
  |
  = note: a revision begins with comment lines: a message, an empty one, then `-- revision: ID`
  = help: `cargo migrate new "message"` writes a file with a header
  = help: if the file is no revision, let its name begin with `_`

error[M0024]: this revision has no up section
 --> migrations/a.sql:1:1
  |
1 |
  | ^
  |
  = help: write `-- migrate:up` in a line of its own, and the SQL below it

error[M0026]: this revision has no down section
 --> migrations/a.sql:1:1
  |
1 |
  | ^
  |
  = help: write `-- migrate:down` in a line of its own, and the SQL that undoes it below
  = help: or, if there is no way back, `-- irreversible: WHY` in the header
"#);
}

#[test]
fn keys_that_nothing_separates_from_the_message_are_found() {
    assert_snapshot!(header("-- create account\n-- revision: a1\n-- revises: b2\n"), @r#"
error[M0003]: the header's keys are part of its message
 --> migrations/a.sql:2:4
  |
2 | -- revision: a1
  |    ^^^^^^^^^^^^ this is read as text
  |
  = help: write an empty comment line, `--`, above it

error[M0013]: unknown parent revision `b2`
 --> migrations/a.sql:3:13
  |
3 | -- revises: b2
  |             ^^ no revision has this id
  |
  = help: `cargo migrate history` lists the revisions; perhaps a file was not committed
"#);
}

#[test]
fn unknown_keys_suggest_the_known_ones() {
    assert_snapshot!(
        header("-- create account\n--\n-- Revision: a1\n-- down_revision:\n-- depnds-on:\n-- author: me\n"),
        @r#"
error[M0004]: unknown key `Revision` in the header
 --> migrations/a.sql:3:4
  |
3 | -- Revision: a1
  |    ^^^^^^^^
  |
  = help: did you mean `revision`?

error[M0004]: unknown key `down_revision` in the header
 --> migrations/a.sql:4:4
  |
4 | -- down_revision:
  |    ^^^^^^^^^^^^^
  |
  = help: did you mean `revises`?

error[M0004]: unknown key `depnds-on` in the header
 --> migrations/a.sql:5:4
  |
5 | -- depnds-on:
  |    ^^^^^^^^^
  |
  = help: did you mean `depends-on`?

error[M0004]: unknown key `author` in the header
 --> migrations/a.sql:6:4
  |
6 | -- author: me
  |    ^^^^^^
  |
  = help: the keys are `revision`, `revises`, `depends-on`, `branch`, `created`, `transaction`, `foreign-keys`, `irreversible` and `requires`
  = help: a remark stands in a paragraph without `word:` at the beginning of a line
"#
    );
}

#[test]
fn a_remark_needs_a_paragraph_of_its_own() {
    assert_snapshot!(header("-- create account\n--\n-- revision: a1\n-- this one is slow\n"), @r#"
error[M0004]: this header line is no `key: value`
 --> migrations/a.sql:4:4
  |
4 | -- this one is slow
  |    ^^^^^^^^^^^^^^^^
  |
  = help: separate a remark from the keys with an empty comment line
"#);
}

#[test]
fn a_misspelt_key_is_one_mistake_also_for_those_that_follow() {
    let fixture = format!(
        "-- file: a.sql\n-- revison: a1\n{SECTIONS}-- file: b.sql\n-- b\n--\n-- revision: b2\n-- parent: a1\n{SECTIONS}"
    );
    assert_eq!(codes(&fixture), [Code::UnknownKey, Code::UnknownKey]);
}

#[test]
fn a_key_stands_once() {
    assert_snapshot!(
        header("-- merge\n--\n-- revision: a1\n-- revises:\n-- revision: a2\n-- revises: b2\n"),
        @r#"
error[M0005]: key `revision` stands twice in the header
 --> migrations/a.sql:5:4
  |
3 | -- revision: a1
  |    -------- first here
4 | -- revises:
5 | -- revision: a2
  |    ^^^^^^^^
  |
  = help: remove one of them

error[M0005]: key `revises` stands twice in the header
 --> migrations/a.sql:6:4
  |
4 | -- revises:
  |    ------- first here
5 | -- revision: a2
6 | -- revises: b2
  |    ^^^^^^^
  |
  = help: join the values in one line, separated by commas
"#
    );
}

#[test]
fn values_that_make_no_sense_say_what_is_expected() {
    assert_snapshot!(
        header(
            "-- create account\n--\n-- revision:\n-- created: yesterday\n-- transaction: off\n\
             -- foreign-keys: yes\n-- irreversible:\n-- requires: postgres > 16, sqlite >= 3.48, extension\n"
        ),
        @r#"
error[M0006]: `revision` has no value
 --> migrations/a.sql:3:13
  |
3 | -- revision:
  |             ^ expected an id such as `ae1027a6acf5`

error[M0006]: `created` cannot have this value
 --> migrations/a.sql:4:13
  |
4 | -- created: yesterday
  |             ^^^^^^^^^ expected a time such as `2026-11-21T22:11:04Z`

error[M0006]: `transaction` cannot have this value
 --> migrations/a.sql:5:17
  |
5 | -- transaction: off
  |                 ^^^ expected `none`, or no such line

error[M0006]: `foreign-keys` cannot have this value
 --> migrations/a.sql:6:18
  |
6 | -- foreign-keys: yes
  |                  ^^^ expected `on`, or no such line

error[M0006]: `irreversible` has no value
 --> migrations/a.sql:7:17
  |
7 | -- irreversible:
  |                 ^ expected the reason why there is no way back

error[M0006]: `requires` cannot have this value
 --> migrations/a.sql:8:14
  |
8 | -- requires: postgres > 16, sqlite >= 3.48, extension
  |              ^^^^^^^^^^^^^ expected `postgres >= 16`, `sqlite >= 3.48` or `extension pgcrypto`

error[M0006]: `requires` cannot have this value
 --> migrations/a.sql:8:45
  |
8 | -- requires: postgres > 16, sqlite >= 3.48, extension
  |                                             ^^^^^^^^^ expected `postgres >= 16`, `sqlite >= 3.48` or `extension pgcrypto`
"#
    );
}

#[test]
fn ids_have_a_form() {
    assert_snapshot!(header("-- create account\n--\n-- revision: create-account\n"), @r#"
error[M0009]: `create-account` is no revision id
 --> migrations/a.sql:3:14
  |
3 | -- revision: create-account
  |              ^^^^^^^^^^^^^^ expected 1 to 64 letters, digits, `_` and `.`
"#);
    assert_eq!(
        header_codes(&format!("-- a\n--\n-- revision: {}\n", "x".repeat(65))),
        [Code::IllegalId]
    );
    assert_eq!(header_codes(&format!("-- a\n--\n-- revision: {}\n", "x".repeat(64))), []);
    assert_eq!(header_codes("-- a\n--\n-- revision: żółw\n"), [Code::IllegalId]);
}

#[test]
fn words_of_targets_name_neither_revision_nor_branch() {
    assert_snapshot!(header("-- create account\n--\n-- revision: head\n-- branch: current\n"), @r#"
error[M0010]: `head` is a reserved word and cannot be a revision id
 --> migrations/a.sql:3:14
  |
3 | -- revision: head
  |              ^^^^
  |
  = note: `head`, `heads`, `base` and `current` have a meaning of their own, as in `cargo migrate up head`
  = help: choose another name

error[M0010]: `current` is a reserved word and cannot be a branch label
 --> migrations/a.sql:4:12
  |
4 | -- branch: current
  |            ^^^^^^^
  |
  = note: `head`, `heads`, `base` and `current` have a meaning of their own, as in `cargo migrate up head`
  = help: choose another name
"#);
}

#[test]
fn labels_have_a_form() {
    assert_snapshot!(
        header("-- create account\n--\n-- revision: a1\n-- branch: 2nd, billing invoices, ok,\n"),
        @r#"
error[M0011]: `2nd` is no branch label
 --> migrations/a.sql:4:12
  |
4 | -- branch: 2nd, billing invoices, ok,
  |            ^^^ expected a letter or `_`, then up to 63 letters, digits, `_` and `.`

error[M0011]: `billing invoices` is no branch label
 --> migrations/a.sql:4:17
  |
4 | -- branch: 2nd, billing invoices, ok,
  |                 ^^^^^^^^^^^^^^^^ expected a letter or `_`, then up to 63 letters, digits, `_` and `.`
  |
  = help: labels are separated by commas

error[M0011]: an empty branch label
 --> migrations/a.sql:4:38
  |
4 | -- branch: 2nd, billing invoices, ok,
  |                                      ^ expected a name between the commas
  |
  = help: remove the stray comma
"#
    );
}

#[test]
fn a_transaction_of_its_own_needs_a_transaction() {
    assert_snapshot!(
        header("-- clean up\n--\n-- revision: a1\n-- transaction: none\n-- foreign-keys: on\n"),
        @r#"
error[M0036]: `foreign-keys: on` and `transaction: none` exclude each other
 --> migrations/a.sql:5:18
  |
5 | -- foreign-keys: on
  |                  ^^ this needs a transaction of its own
  |
  = help: remove one of the two lines
  = help: outside a transaction, `PRAGMA foreign_keys = ON` can stand in the revision itself
"#
    );
}

#[test]
fn what_may_stand_in_a_header() {
    for header in [
        "-- revision: a1\n",
        "-- fix: the first word of a message may look like a key\n--\n-- revision: a1\n",
        "-- create account\n--\n-- This one is slow, see\n-- https://example.org/123 for why.\n--\n-- revision: a1\n",
        "\n\n-- create account\n\n\n-- revision: a1\n\n-- revises:\n-- branch: x\n",
        "-- create account\n--\n--revision:a1\n--\trevises:\t\n",
        "-- create account\r\n--\r\n-- revision: a1\r\n",
        "-- create account\n--\n-- revision: a1\n-- requires: postgres >= 16, mysql >= 8.0.21, extension pgcrypto\n",
        "-- create account\n--\n-- revision: a1\n-- transaction: none\n-- created: 2026-11-21T22:11:04Z\n",
        "-- żółw\n--\n-- revision: a1\n",
    ] {
        assert_eq!(header_codes(header), [], "{header}");
    }
}

#[test]
fn several_mistakes_are_all_found() {
    let fixture = chain(&[("a", "revision: a-1\nbranch: head"), ("b", "revises: zz\nauthor: me")]);
    assert_eq!(
        codes(&fixture),
        [
            Code::IllegalId,
            Code::ReservedName,
            Code::HeaderMissing,
            Code::UnknownParent,
            Code::UnknownKey,
        ]
    );
}

#[test]
fn nothing_in_a_file_steers_the_terminal() {
    assert_snapshot!(
        header("-- create account\n--\n-- revision: \u{1b}[31ma1\u{202e}\n-- revises: \u{7}b\u{1b}]0;\u{7}\n"),
        @r#"
error[M0009]: `�[31ma1�` is no revision id
 --> migrations/a.sql:3:14
  |
3 | -- revision: ␛[31ma1�
  |              ^^^^^^^^ expected 1 to 64 letters, digits, `_` and `.`

error[M0013]: unknown parent revision `�b�]0;�`
 --> migrations/a.sql:4:13
  |
4 | -- revises: ␇b␛]0;␇
  |             ^^^^^^^ no revision has this id
  |
  = help: `cargo migrate history` lists the revisions; perhaps a file was not committed
"#
    );
}
