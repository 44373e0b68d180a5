//! Rules about the SQL in the sections.

use insta::assert_snapshot;

use super::{check, check_sections, check_sections_with};

const POSTGRES: &str = "dialects = [\"postgres\"]";
const MYSQL: &str = "dialects = [\"mysql\"]";

#[test]
fn what_is_opened_is_closed_before_the_section_ends() {
    assert_snapshot!(check_sections("-- migrate:up\nINSERT INTO a VALUES ('it''s);\n\n-- migrate:down\nDROP TABLE [a;\n"), @r#"
error[M0027]: this string does not end
 --> migrations/a.sql:6:23
  |
6 | INSERT INTO a VALUES ('it''s);
  |                       ^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `'`

error[M0027]: this quoted identifier does not end
 --> migrations/a.sql:9:12
  |
9 | DROP TABLE [a;
  |            ^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `]`
"#);
    assert_snapshot!(
        check_sections_with(POSTGRES, "-- migrate:up\nDO $body$ BEGIN END;\n-- migrate:up\nSELECT E'\\';\n-- migrate:down\n/* /* */\nSELECT 2;\n"),
        @r#"
error[M0027]: this dollar-quoted string does not end
 --> migrations/a.sql:6:4
  |
6 | DO $body$ BEGIN END;
  |    ^^^^^^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `$body$`

error[M0027]: this string does not end
 --> migrations/a.sql:8:8
  |
8 | SELECT E'\';
  |        ^^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `'`

error[M0027]: this comment does not end
  --> migrations/a.sql:10:1
   |
10 | /* /* */
   | ^^ it begins here
   |
   = note: a section ends at the next marker, whatever is open
   = help: close it with `*/`
"#
    );
    assert_snapshot!(
        check_sections_with(MYSQL, "-- migrate:up\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET x = 1;\n-- migrate:down\nDROP TABLE `a;\n"),
        @r#"
error[M0027]: this body does not end
 --> migrations/a.sql:6:50
  |
6 | CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET x = 1;
  |                                                  ^^^^^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `END`

error[M0027]: this quoted identifier does not end
 --> migrations/a.sql:8:12
  |
8 | DROP TABLE `a;
  |            ^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with a backtick
"#
    );
}

#[test]
fn a_comment_does_not_hide_a_section() {
    assert_snapshot!(check_sections("/*\n-- migrate:up\nSELECT 1;\n*/\n-- migrate:down\nSELECT 2;\n"), @r#"
error[M0027]: this comment does not end before the first section
 --> migrations/a.sql:5:1
  |
5 | /*
  | ^^ it begins here
  |
  = note: a section begins at its marker, whatever is open
  = help: close it with `*/` above the marker
"#);
}

#[test]
fn what_only_one_dialect_reads_so_is_said() {
    assert_snapshot!(
        check_sections_with("dialects = [\"sqlite\", \"postgres\"]", "-- migrate:up\nINSERT INTO a VALUES (E'it\\'s');\n-- migrate:down\nSELECT 'a;\n"),
        @r#"
error[M0027]: this string does not end
 --> migrations/a.sql:6:30
  |
6 | INSERT INTO a VALUES (E'it\'s');
  |                              ^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = note: `sqlite` reads it so; other dialects quote otherwise
  = help: close it with `'`

error[M0027]: this string does not end
 --> migrations/a.sql:8:8
  |
8 | SELECT 'a;
  |        ^ it begins here
  |
  = note: a section ends at the next marker, whatever is open
  = help: close it with `'`
"#
    );
}

#[test]
fn the_migrator_begins_and_ends_transactions() {
    assert_snapshot!(check_sections("-- migrate:up\nBEGIN IMMEDIATE;\nSELECT 1;\nCOMMIT;\n-- migrate:down\nSELECT 2;\n"), @r#"
error[M0028]: a revision cannot begin or end a transaction itself
 --> migrations/a.sql:6:1
  |
6 | BEGIN IMMEDIATE;
  | ^^^^^^^^^^^^^^^ the revision already runs inside one, with its tracking row
  |
  = help: remove the statement
  = help: or write `-- transaction: none` in the header to run outside a transaction

error[M0028]: a revision cannot begin or end a transaction itself
 --> migrations/a.sql:8:1
  |
8 | COMMIT;
  | ^^^^^^ the revision already runs inside one, with its tracking row
  |
  = help: remove the statement
  = help: or write `-- transaction: none` in the header to run outside a transaction
"#);
    assert_snapshot!(check_sections_with(MYSQL, "-- migrate:up\nSTART TRANSACTION;\nSET autocommit = 0;\n-- migrate:down\nSELECT 2;\n"), @r#"
error[M0028]: a revision cannot begin or end a transaction itself
 --> migrations/a.sql:6:1
  |
6 | START TRANSACTION;
  | ^^^^^^^^^^^^^^^^^ the revision already runs inside one, with its tracking row
  |
  = help: remove the statement
  = help: or write `-- transaction: none` in the header to run outside a transaction

error[M0028]: a revision cannot begin or end a transaction itself
 --> migrations/a.sql:7:5
  |
7 | SET autocommit = 0;
  |     ^^^^^^^^^^ the revision already runs inside one, with its tracking row
  |
  = help: remove the statement
  = help: or write `-- transaction: none` in the header to run outside a transaction
"#);
}

#[test]
fn some_statements_run_outside_transactions_only() {
    assert_snapshot!(check_sections("-- migrate:up\nVACUUM;\nPRAGMA foreign_keys = OFF;\n-- migrate:down\nSELECT 2;\n"), @r#"
error[M0029]: `sqlite` does not run this inside a transaction
 --> migrations/a.sql:6:1
  |
6 | VACUUM;
  | ^^^^^^ refused, or silently without effect
  |
  = help: move it into a revision of its own with `-- transaction: none` in the header

error[M0029]: this has no effect inside a transaction
 --> migrations/a.sql:7:1
  |
7 | PRAGMA foreign_keys = OFF;
  | ^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: foreign keys are not enforced while a revision runs, and are checked after it
  = help: remove the statement
  = help: or, to have them enforced, write `-- foreign-keys: on` in the header
"#);
    assert_snapshot!(
        check_sections_with("dialects = [\"sqlite\", \"postgres\"]", "-- migrate:up\nVACUUM;\n-- migrate:up postgres\nCREATE INDEX CONCURRENTLY i ON a (b);\n-- migrate:down\nSELECT 2;\n"),
        @r#"
error[M0029]: `sqlite` does not run this inside a transaction
 --> migrations/a.sql:6:1
  |
6 | VACUUM;
  | ^^^^^^ refused, or silently without effect
  |
  = help: move it into a revision of its own with `-- transaction: none` in the header

error[M0029]: `postgres` does not run this inside a transaction
 --> migrations/a.sql:8:1
  |
8 | CREATE INDEX CONCURRENTLY i ON a (b);
  | ^^^^^^^^^^^^^^^^^^^^^^^^^ refused, or silently without effect
  |
  = help: move it into a revision of its own with `-- transaction: none` in the header
"#
    );
}

#[test]
fn rows_cannot_come_from_standard_input() {
    assert_snapshot!(check_sections_with(POSTGRES, "-- migrate:up\nCOPY account (id, name) FROM stdin;\n1\tit's me\n\\.\n-- migrate:down\nSELECT 2;\n"), @r#"
error[M0030]: `COPY … FROM stdin` needs a client that sends the rows
 --> migrations/a.sql:6:25
  |
6 | COPY account (id, name) FROM stdin;
  |                         ^^^^^^^^^^
  |
  = help: write the rows as `INSERT` statements (`pg_dump --inserts` does)
"#);
}

#[test]
fn commands_of_psql_are_no_sql() {
    let dump = "-- migrate:up\n--\n-- PostgreSQL database dump\n--\n\n\\restrict key\n\nSET statement_timeout = 0;\n\
                COMMENT ON TABLE a IS '\n\\connect b\n';\n\\unrestrict key\n-- migrate:down\nSELECT 2;\n";
    assert_snapshot!(check_sections_with(POSTGRES, dump), @r"
    error[M0030]: `\restrict` is a command of `psql`, and no SQL
      --> migrations/a.sql:10:1
       |
    10 | \restrict key
       | ^^^^^^^^^ the server does not know it
       |
       = help: remove the line; `psql` alone can run it

    error[M0030]: `\unrestrict` is a command of `psql`, and no SQL
      --> migrations/a.sql:16:1
       |
    16 | \unrestrict key
       | ^^^^^^^^^^^ the server does not know it
       |
       = help: remove the line; `psql` alone can run it
    ");
}

#[test]
fn the_lock_and_the_tracking_table_are_left_alone() {
    assert_snapshot!(
        check_sections_with(POSTGRES, "-- migrate:up\nDISCARD ALL;\nSELECT pg_advisory_unlock_all();\n-- migrate:down\nDELETE FROM \"migrate_revisions\";\nDROP TABLE migrate_revisions_meta;\n"),
        @r#"
error[M0031]: this would free the lock that keeps other runners away
 --> migrations/a.sql:6:1
  |
6 | DISCARD ALL;
  | ^^^^^^^^^^^
  |
  = help: remove it; release a lock of your own by its key, with `pg_advisory_unlock(key)`

error[M0031]: this would free the lock that keeps other runners away
 --> migrations/a.sql:7:8
  |
7 | SELECT pg_advisory_unlock_all();
  |        ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: remove it; release a lock of your own by its key, with `pg_advisory_unlock(key)`

error[M0031]: a revision cannot touch the tracking table `migrate_revisions`
 --> migrations/a.sql:9:13
  |
9 | DELETE FROM "migrate_revisions";
  |             ^^^^^^^^^^^^^^^^^^^ it records which revisions are applied
  |
  = help: remove the statement; only `cargo migrate` commands change this table

error[M0031]: a revision cannot touch the tracking table `migrate_revisions_meta`
  --> migrations/a.sql:10:12
   |
10 | DROP TABLE migrate_revisions_meta;
   |            ^^^^^^^^^^^^^^^^^^^^^^ it records which revisions are applied
   |
   = help: remove the statement; only `cargo migrate` commands change this table
"#
    );
    assert_snapshot!(
        check_sections_with("table = \"history\"", "-- migrate:up\nUPDATE history SET revision = 'x';\n-- migrate:down\nSELECT * FROM migrate_revisions;\n"),
        @r#"
error[M0031]: a revision cannot touch the tracking table `history`
 --> migrations/a.sql:6:8
  |
6 | UPDATE history SET revision = 'x';
  |        ^^^^^^^ it records which revisions are applied
  |
  = help: remove the statement; only `cargo migrate` commands change this table
"#
    );
}

#[test]
fn delimiter_lines_are_of_one_client() {
    assert_snapshot!(
        check_sections("-- migrate:up\nDELIMITER //\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END//\nDELIMITER ;\n-- migrate:down\nSELECT 2;\n"),
        @r#"
error[M0038]: `DELIMITER` is a command of the MySQL client, not of `sqlite`
 --> migrations/a.sql:6:1
  |
6 | DELIMITER //
  | ^^^^^^^^^
7 | CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END//
8 | DELIMITER ;
  | ---------
  |
  = help: remove these lines, and end statements with `;`: bodies are recognised without them
  = help: or let the section run on MySQL only: `-- migrate:up mysql`
"#
    );
}

#[test]
fn what_may_stand_in_sections() {
    for (configuration, sections) in [
        (
            "",
            "-- migrate:up\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;\n-- migrate:down\nDROP TRIGGER t;\n",
        ),
        (
            "",
            "-- migrate:up\nSAVEPOINT a;\nROLLBACK TO a;\n-- migrate:down\nSELECT 'COMMIT; VACUUM;';\n",
        ),
        (
            POSTGRES,
            "-- migrate:up\nCREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;\n-- migrate:down\nDO $$ BEGIN COMMIT; END $$;\n",
        ),
        (
            POSTGRES,
            "-- migrate:up\nSELECT pg_advisory_unlock(1);\n-- migrate:down\nCOPY a FROM '/tmp/x';\n",
        ),
        (
            MYSQL,
            "-- migrate:up\nDELIMITER //\nCREATE PROCEDURE p() BEGIN COMMIT; END//\nDELIMITER ;\n-- migrate:down\nDROP PROCEDURE p;\n",
        ),
        (
            "dialects = [\"sqlite\", \"postgres\"]",
            "-- migrate:up postgres\nSELECT E'it\\'s';\n-- migrate:up sqlite\nSELECT [a'b] FROM x;\n-- migrate:down\nSELECT 2;\n",
        ),
    ] {
        assert_eq!(check_sections_with(configuration, sections), "", "{sections}");
    }
    for sections in
        ["VACUUM;", "PRAGMA journal_mode = WAL;", "BEGIN;\nSELECT 1;\nCOMMIT;", "DETACH x;"]
    {
        let fixture = format!(
            "-- file: a.sql\n-- a\n--\n-- revision: a1\n-- transaction: none\n\n-- migrate:up\n{sections}\n-- migrate:down\nSELECT 2;\n"
        );
        assert_eq!(check(&fixture), "", "{sections}");
    }
}
