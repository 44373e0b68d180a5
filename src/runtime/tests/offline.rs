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
    insta::assert_snapshot!(text(&pair(), Dialect::Sqlite, "base:head"), @"");
}

#[test]
fn a_script_for_postgres() {
    insta::assert_snapshot!(text(&pair(), Dialect::Postgres, "r001:head"), @"");
}

#[test]
fn a_script_for_mysql() {
    insta::assert_snapshot!(text(&pair(), Dialect::Mysql, "head:base"), @"");
}

#[test]
fn the_order_of_the_ends_is_the_direction() {
    let files: Vec<String> = [
        ("r001", ""),
        ("r002", "-- revises: r001"),
        ("b001", "-- revises: r002\n-- branch: billing"),
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
        (":billing", "up r001 r002 b001"),
        ("r002:billing@head", "up b001 c001 d001 m001"),
        ("r001:+1", "up r002"),
        ("r001:heads", "up r002 b001 c001 d001 m001"),
        ("b001:r001", "down b001 r002"),
        ("b001:-1", "down b001"),
        ("m001:r002", "down m001 c001 b001"),
        ("m001:base", "down m001 d001 c001 b001 r002 r001"),
        ("m001:billing@-1", "down m001"),
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
    insta::assert_snapshot!(error.unwrap_err(), @"");

    let moves = file("r001", "", "CREATE TABLE a (x INTEGER);\nUSE elsewhere;", "DROP TABLE a;");
    let error = migrator(&[&moves]).script(Dialect::Mysql, &":".parse().unwrap());
    insta::assert_snapshot!(error.unwrap_err(), @"");

    let line = chain(&refs(&super::line()));
    let mut revisions = line.revisions().to_vec();
    revisions[1].kind = Kind::Rust;
    let migrator = Migrator::new(Chain::new(revisions, line.variants().to_vec()), Settings::default());
    let error = migrator.script(Dialect::Sqlite, &"r001:head".parse().unwrap());
    insta::assert_snapshot!(error.unwrap_err(), @"");
}

#[test]
fn nothing_that_a_file_says_leaves_its_comment_or_its_literal() {
    let text = "-- drop\u{2028}it; \u{7} \\q\n--  DROP TABLE a;\n\n-- revision: r001\n\n\
                -- migrate:up\nCREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\n\n\
                -- migrate:down\nDROP TRIGGER t;\n";
    for dialect in Dialect::ALL {
        let written = script(&migrator(&[text]), dialect, ":").text;
        assert!(written.lines().all(|line| !line.trim_start().starts_with("DROP TABLE a")), "{written}");
        assert!(written.contains("-- up r001: drop"), "{written}");
    }
    let mysql = script(&migrator(&[text]), Dialect::Mysql, ":").text;
    assert!(mysql.contains("DELIMITER $$\nCREATE TRIGGER"), "{mysql}");
}
