//! Scripts, as texts. That they do what they say is tested with the real clients, in `tests/it`.

use super::{chain, file, migrator, refs};
use crate::Dialect;
use crate::chain::baked::Settings;
use crate::chain::{Chain, Kind, TargetRange};
use crate::runtime::{ErrorKind, Migrator, Options, SqlScript, TransactionScope};

fn script(migrator: &Migrator, dialect: Dialect, range: &str) -> SqlScript {
    migrator.script(dialect, &range.parse().unwrap()).unwrap()
}

/// Without what differs from version to version, and without digests.
fn text(migrator: &Migrator, dialect: Dialect, range: &str) -> String {
    let text = script(migrator, dialect, range).text;
    let text = text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
    let mut short = String::new();
    for (index, part) in text.split('\'').enumerate() {
        let is_digest = part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        short.push_str(if index == 0 { "" } else { "'" });
        short.push_str(if is_digest { "[DIGEST]" } else { part });
    }
    short
}

fn pair() -> Migrator {
    let files = [
        file("r001", "", "CREATE TABLE a (x INTEGER);\nINSERT INTO a VALUES (1);", "DROP TABLE a;"),
        file(
            "r002",
            "-- revises: r001\n-- transaction: none\n-- requires: postgres >= 12",
            "INSERT INTO a VALUES (2);\nINSERT INTO a VALUES (3);",
            "DELETE FROM a;",
        ),
    ];
    migrator(&refs(&files))
}

#[test]
fn a_script_for_sqlite() {
    insta::assert_snapshot!(text(&pair(), Dialect::Sqlite, "base:head"), @r#"
    -- Chain `main` from `base` to `head`: 2 revisions up, for sqlite.
    -- Written by cargo-migrate [VERSION].
    --
    -- It is for a database in which none of these revisions is applied. It looks at the
    -- tracking table first, and changes nothing where that says otherwise.
    -- Nobody else may migrate the database meanwhile.
    --
    -- Run it with the database's own client, which stops at the first error:
    --     sqlite3 DATABASE < SCRIPT

    .bail on
    PRAGMA foreign_keys = OFF;
    BEGIN IMMEDIATE;

    -- The tracking tables.
    CREATE TABLE IF NOT EXISTS "main"."migrate_revisions" (
        chain TEXT NOT NULL,
        revision TEXT NOT NULL,
        parents TEXT NOT NULL,
        depends_on TEXT NOT NULL,
        description TEXT NOT NULL,
        kind TEXT NOT NULL,
        checksum TEXT NOT NULL,
        digest TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        irreversible TEXT,
        status TEXT NOT NULL,
        statements_done INTEGER NOT NULL,
        statement_started INTEGER,
        applied_at TEXT NOT NULL,
        applied_by TEXT NOT NULL,
        duration_ms INTEGER NOT NULL,
        tool_version TEXT NOT NULL,
        down_script TEXT,
        PRIMARY KEY (chain, revision)
    );
    CREATE INDEX IF NOT EXISTS "main"."migrate_revisions_unfinished" ON "migrate_revisions" (chain) WHERE status NOT IN ('applied', 'stamped');
    CREATE TABLE IF NOT EXISTS "main"."migrate_revisions_meta" (
        name TEXT NOT NULL PRIMARY KEY,
        value  NOT NULL
    ) WITHOUT ROWID;
    INSERT OR IGNORE INTO "main"."migrate_revisions_meta" (name, value) VALUES ('layout', 1);

    -- Whether the database is where this script begins.
    DROP TABLE IF EXISTS temp.cargo_migrate_check;
    CREATE TABLE temp.cargo_migrate_check (
        violations INTEGER,
        is_there INTEGER CONSTRAINT "the database is not where this script begins: see `status`" CHECK (is_there),
        is_whole INTEGER CONSTRAINT "a revision leaves rows that refer to nothing" CHECK (is_whole)
    );
    INSERT INTO temp.cargo_migrate_check (is_there) SELECT coalesce(
        (SELECT value FROM "main"."migrate_revisions_meta" WHERE name = 'layout') = 1
        AND (SELECT count(*) FROM "main"."migrate_revisions" WHERE chain = 'main' AND status NOT IN ('applied', 'stamped')) = 0
        AND (SELECT count(*) FROM "main"."migrate_revisions" WHERE chain = 'main' AND revision IN ('r001', 'r002')) = 0,
        0);
    INSERT INTO temp.cargo_migrate_check (violations) SELECT count(*) FROM pragma_foreign_key_check;

    -- up r001: about r001 (migrations/r001.sql)
    CREATE TABLE a (x INTEGER);
    INSERT INTO a VALUES (1);
    INSERT INTO temp.cargo_migrate_check (violations, is_whole) SELECT count(*), count(*) <= (SELECT violations FROM temp.cargo_migrate_check ORDER BY rowid DESC LIMIT 1) FROM pragma_foreign_key_check;
    INSERT INTO "main"."migrate_revisions" (chain, revision, parents, depends_on, description, kind, checksum, digest, algorithm, irreversible, status, statements_done, statement_started, applied_at, applied_by, duration_ms, tool_version, down_script) VALUES ('main', 'r001', '', '', 'about r001', 'sql', '[DIGEST]', '[DIGEST]', 'sha256-tokens-1', NULL, 'applied', 2, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'sql script', 0, '[VERSION]', '-- revision: r001

    -- migrate:down
    DROP TABLE a;
    ');
    COMMIT;

    BEGIN IMMEDIATE;

    -- up r002: about r002 (migrations/r002.sql)
    -- It runs outside a transaction, so the row says how far it is.
    INSERT INTO "main"."migrate_revisions" (chain, revision, parents, depends_on, description, kind, checksum, digest, algorithm, irreversible, status, statements_done, statement_started, applied_at, applied_by, duration_ms, tool_version, down_script) VALUES ('main', 'r002', 'r001', '', 'about r002', 'sql', '[DIGEST]', '[DIGEST]', 'sha256-tokens-1', NULL, 'applying', 0, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'sql script', 0, '[VERSION]', '-- revision: r002
    -- transaction: none

    -- migrate:down
    DELETE FROM a;
    ');
    COMMIT;
    INSERT INTO a VALUES (2);
    UPDATE "main"."migrate_revisions" SET statements_done = 1, statement_started = 2, checksum = '[DIGEST]' WHERE chain = 'main' AND revision = 'r002';
    INSERT INTO a VALUES (3);
    BEGIN IMMEDIATE;
    DELETE FROM "main"."migrate_revisions" WHERE chain = 'main' AND revision = 'r002';
    INSERT INTO "main"."migrate_revisions" (chain, revision, parents, depends_on, description, kind, checksum, digest, algorithm, irreversible, status, statements_done, statement_started, applied_at, applied_by, duration_ms, tool_version, down_script) VALUES ('main', 'r002', 'r001', '', 'about r002', 'sql', '[DIGEST]', '[DIGEST]', 'sha256-tokens-1', NULL, 'applied', 2, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'sql script', 0, '[VERSION]', '-- revision: r002
    -- transaction: none

    -- migrate:down
    DELETE FROM a;
    ');
    COMMIT;
    INSERT INTO temp.cargo_migrate_check (violations, is_whole) SELECT count(*), count(*) <= (SELECT violations FROM temp.cargo_migrate_check ORDER BY rowid DESC LIMIT 1) FROM pragma_foreign_key_check;
    "#);
}

#[test]
fn a_script_for_postgres() {
    insta::assert_snapshot!(text(&pair(), Dialect::Postgres, "r001:head"), @r#"
    -- Chain `main` from `r001` to `head`: 1 revision up, for postgres.
    -- Written by cargo-migrate [VERSION].
    --
    -- It is for a database that has just what the range begins with. It looks at the
    -- tracking table first, and changes nothing where that says otherwise.
    -- Nobody else may migrate the database meanwhile.
    --
    -- Run it with the database's own client, which stops at the first error:
    --     psql --no-psqlrc --file SCRIPT DATABASE
    --
    -- `psql` replaces `:name` outside of quotes where it has a variable of that name.

    \set ON_ERROR_STOP on
    \set AUTOCOMMIT on
    SET client_encoding = 'UTF8';
    BEGIN;

    -- Whether the database is where this script begins.
    DO $check$
    BEGIN
        IF (
        (SELECT value FROM "migrate_revisions_meta" WHERE name = 'layout') = 1
        AND (SELECT count(*) FROM "migrate_revisions" WHERE chain = E'main' AND status NOT IN ('applied', 'stamped')) = 0
        AND (SELECT count(*) FROM "migrate_revisions" WHERE chain = E'main' AND (revision, digest) IN ((E'r001', E'[DIGEST]'))) = 1
        AND (SELECT count(*) FROM "migrate_revisions" WHERE chain = E'main' AND revision IN (E'r002')) = 0
        ) IS NOT TRUE THEN
            RAISE EXCEPTION USING MESSAGE = E'the database is not where this script begins: see `status`';
        END IF;
    END
    $check$;

    -- up r002: about r002 (migrations/r002.sql)
    -- It requires postgres >= 12, which is not checked here.
    -- It runs outside a transaction, so the row says how far it is.
    INSERT INTO "migrate_revisions" (chain, revision, parents, depends_on, description, kind, checksum, digest, algorithm, irreversible, status, statements_done, statement_started, applied_at, applied_by, duration_ms, tool_version, down_script) VALUES (E'main', E'r002', E'r001', E'', E'about r002', E'sql', E'[DIGEST]', E'[DIGEST]', E'sha256-tokens-1', NULL, 'applying', 0, 1, clock_timestamp(), E'sql script', 0, '[VERSION]', E'-- revision: r002
    -- transaction: none

    -- migrate:down
    DELETE FROM a;
    ');
    COMMIT;
    INSERT INTO a VALUES (2);
    UPDATE "migrate_revisions" SET statements_done = 1, statement_started = 2, checksum = E'[DIGEST]' WHERE chain = E'main' AND revision = E'r002';
    INSERT INTO a VALUES (3);
    BEGIN;
    DELETE FROM "migrate_revisions" WHERE chain = E'main' AND revision = E'r002';
    INSERT INTO "migrate_revisions" (chain, revision, parents, depends_on, description, kind, checksum, digest, algorithm, irreversible, status, statements_done, statement_started, applied_at, applied_by, duration_ms, tool_version, down_script) VALUES (E'main', E'r002', E'r001', E'', E'about r002', E'sql', E'[DIGEST]', E'[DIGEST]', E'sha256-tokens-1', NULL, 'applied', 2, NULL, clock_timestamp(), E'sql script', 0, '[VERSION]', E'-- revision: r002
    -- transaction: none

    -- migrate:down
    DELETE FROM a;
    ');
    COMMIT;
    "#);
}

#[test]
fn a_script_for_mysql() {
    insta::assert_snapshot!(text(&pair(), Dialect::Mysql, "head:base"), @"
    -- Chain `main` from `head` to `base`: 2 revisions down, for mysql.
    -- Written by cargo-migrate [VERSION].
    --
    -- It is for a database that has just what the range begins with. It looks at the
    -- tracking table first, and changes nothing where that says otherwise.
    -- Nobody else may migrate the database meanwhile.
    --
    -- Run it with the database's own client, which stops at the first error:
    --     mariadb DATABASE < SCRIPT
    --
    -- or with `mysql`, and never with `--force`, which goes on after an error.

    SET sql_mode = (SELECT concat(@@sql_mode, ',PIPES_AS_CONCAT,IGNORE_SPACE,NO_ENGINE_SUBSTITUTION')), time_zone = '+00:00', NAMES utf8mb4;
    SET @cargo_migrate_sql_mode = @@sql_mode, @cargo_migrate_time_zone = @@time_zone, @cargo_migrate_foreign_key_checks = @@foreign_key_checks, @cargo_migrate_unique_checks = @@unique_checks, @cargo_migrate_autocommit = @@autocommit;

    -- Whether the database is where this script begins.
    SET @cargo_migrate_check = IF(
        (SELECT value FROM `migrate_revisions_meta` WHERE name = 'layout') = 1
        AND (SELECT count(*) FROM `migrate_revisions` WHERE chain = _utf8mb4 'main' AND status NOT IN ('applied', 'stamped')) = 0
        AND (SELECT count(*) FROM `migrate_revisions` WHERE chain = _utf8mb4 'main' AND (revision, digest) IN ((_utf8mb4 'r002', _utf8mb4 '[DIGEST]'))) = 1,
        'DO 0', 'SELECT 1 FROM `the database is not where this script begins: see status`');
    PREPARE cargo_migrate_check FROM @cargo_migrate_check;
    EXECUTE cargo_migrate_check;
    DEALLOCATE PREPARE cargo_migrate_check;
    START TRANSACTION;

    -- down r002: about r002 (migrations/r002.sql)
    -- It runs outside a transaction, so the row says how far it is.
    DELIMITER $$
    UPDATE `migrate_revisions` SET status = 'reverting', statements_done = 0, statement_started = 1, checksum = _utf8mb4 '[DIGEST]', down_script = _utf8mb4 '-- revision: r002
    -- transaction: none

    -- migrate:down
    DELETE FROM a;
    ' WHERE chain = _utf8mb4 'main' AND revision = _utf8mb4 'r002'
    $$
    DELIMITER ;
    COMMIT;
    DELETE FROM a;
    START TRANSACTION;
    DELETE FROM `migrate_revisions` WHERE chain = _utf8mb4 'main' AND revision = _utf8mb4 'r002';
    COMMIT;

    START TRANSACTION;

    -- down r001: about r001 (migrations/r001.sql)
    -- The database commits definitions by itself, so the row says how far it is.
    DELIMITER $$
    UPDATE `migrate_revisions` SET status = 'reverting', statements_done = 0, statement_started = NULL, checksum = _utf8mb4 '[DIGEST]', down_script = _utf8mb4 '-- revision: r001

    -- migrate:down
    DROP TABLE a;
    ' WHERE chain = _utf8mb4 'main' AND revision = _utf8mb4 'r001'
    $$
    DELIMITER ;
    COMMIT;
    DROP TABLE a;
    START TRANSACTION;
    DELETE FROM `migrate_revisions` WHERE chain = _utf8mb4 'main' AND revision = _utf8mb4 'r001';
    COMMIT;
    ");
}

#[test]
fn the_order_of_the_ends_is_the_direction() {
    let files: Vec<String> = [
        ("r001", ""),
        ("r002", "-- revises: r001"),
        ("b001", "-- revises: r002"),
        ("c001", "-- revises: r002"),
        ("d001", ""),
        ("m001", "-- revises: b001, c001\n-- depends-on: d001"),
    ]
    .map(|(id, header)| {
        file(id, header, &format!("CREATE TABLE {id} (x INTEGER);"), &format!("DROP TABLE {id};"))
    })
    .to_vec();
    let migrator = migrator(&refs(&files));
    for (range, expected) in [
        ("base:r002", "up r001 r002"),
        (":b001", "up r001 r002 b001"),
        ("r002:b001@head", "up b001 c001 d001 m001"),
        ("r001:+1", "up r002"),
        ("r001:heads", "up r002 b001 c001 d001 m001"),
        ("b001:r001", "down b001 r002"),
        ("b001:-1", "down b001"),
        ("m001:r002", "down m001 c001 b001"),
        ("m001:base", "down m001 d001 c001 b001 r002 r001"),
        ("m001:m001", "up"),
        ("base:base", "up"),
        (":current", "up"),
    ] {
        let found = script(&migrator, Dialect::Sqlite, range);
        let mut words = vec![found.direction.to_string()];
        words.extend(found.revisions.iter().map(ToString::to_string));
        assert_eq!(words.join(" "), expected, "{range}");
    }
    for (range, expected) in [
        ("b001:c001", "`b001` and `c001` are on different lines: neither comes before the other"),
        ("d001:b001", "`d001` and `b001` are on different lines: neither comes before the other"),
        ("r001:-2", "`-2` leads past the end of the chain: 1 step is possible"),
        ("current:head", "`current` cannot be used here: expected a revision or `head`"),
        ("r001:zzzz", "no revision or branch label is called `zzzz`"),
    ] {
        let error = migrator.script(Dialect::Sqlite, &range.parse().unwrap()).unwrap_err();
        assert_eq!(error.message(), expected, "{range}");
        assert_eq!(error.kind(), ErrorKind::Target);
    }
}

#[test]
fn one_transaction_holds_what_it_holds_in_a_run() {
    let files = super::line();
    let migrator = migrator(&refs(&files));
    let range = TargetRange::default();
    let commits = |dialect, scope| {
        let options = Options::new().scope(scope);
        let text = migrator.with(options).script(dialect, &range).unwrap().text;
        text.lines().filter(|line| *line == "COMMIT;").count()
    };
    assert_eq!(commits(Dialect::Sqlite, TransactionScope::Default), 1);
    assert_eq!(commits(Dialect::Sqlite, TransactionScope::Revision), 3);
    assert_eq!(commits(Dialect::Postgres, TransactionScope::Default), 3);
    assert_eq!(commits(Dialect::Postgres, TransactionScope::Run), 1);
}

#[test]
fn what_no_script_can_do_is_an_error() {
    let gone = "-- gone\n\n-- revision: r001\n-- irreversible: the rows are gone\n\n\
                -- migrate:up\nCREATE TABLE a (x INTEGER);\n";
    let error = migrator(&[gone]).script(Dialect::Sqlite, &"r001:base".parse().unwrap());
    insta::assert_snapshot!(error.unwrap_err(), @"
    revision `r001` cannot be undone: the rows are gone
     --> migrations/r001.sql:4:18
      |
    4 | -- irreversible: the rows are gone
      |                  ^
    ");

    let moves = file("r001", "", "CREATE TABLE a (x INTEGER);\nUSE elsewhere;", "DROP TABLE a;");
    let error = migrator(&[&moves]).script(Dialect::Mysql, &":".parse().unwrap());
    insta::assert_snapshot!(error.unwrap_err(), @r#"
    revision `r001` changes where names are looked up, so a script could not tell where the tracking table is
     --> migrations/r001.sql:8:1
      |
    8 | USE elsewhere;
      | ^
     = help: set `table = "SCHEMA.TABLE"` in `[package.metadata.migrate]`, or run it with `up`
    "#);

    let line = chain(&refs(&super::line()));
    let mut revisions = line.revisions().to_vec();
    revisions[1].kind = Kind::Rust;
    let migrator =
        Migrator::new(Chain::new(revisions, line.variants().to_vec()), Settings::default());
    let error = migrator.script(Dialect::Sqlite, &"r001:head".parse().unwrap());
    insta::assert_snapshot!(error.unwrap_err(), @"
    revision `r002` is written in Rust, so no script can do what it does
    --> migrations/r002.sql
     = help: give ranges that end before it and begin at it, and run the revision itself with `up`
    ");
}

#[test]
fn nothing_that_a_file_says_leaves_its_comment() {
    let text = "-- drop; \u{7} \\q\n-- DROP TABLE a;\n\n-- revision: r001\n\n\
                -- migrate:up\nINSERT INTO a VALUES (';');\n\n\
                -- migrate:down\nDELETE FROM a;\n";
    for dialect in Dialect::ALL {
        let written = script(&migrator(&[text]), dialect, ":").text;
        let title = written.lines().find(|line| line.starts_with("-- up r001: ")).unwrap();
        assert_eq!(title, "-- up r001: drop; \u{fffd} \\q DROP TABLE a; (migrations/r001.sql)");
    }
    let mysql = script(&migrator(&[text]), Dialect::Mysql, ":").text;
    assert!(
        mysql.contains("DELIMITER $$\nINSERT INTO a VALUES (';')\n$$\nDELIMITER ;\n"),
        "{mysql}"
    );
}
