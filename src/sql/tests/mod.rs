//! Tests of the whole room: tables of cases, properties, and the judgement of `SQLite`'s parser.

mod agreement;
mod cases;
mod hazards;
mod histories;
mod properties;

use super::*;
use crate::dialect::Dialect;

/// The texts of a script's statements.
fn texts(dialect: Dialect, script: &str) -> Vec<&str> {
    split(dialect, script).statements.iter().map(|statement| statement.text).collect()
}

/// What must hold for any text at all.
fn check_invariants(dialect: Dialect, text: &str) {
    let split = split(dialect, text);
    let (mut end, mut before) = (0, 0);
    for token in tokens(dialect, text) {
        assert!(token.offset >= end, "tokens overlap: {token:?}");
        assert!(!token.text.is_empty());
        assert_eq!(&text[token.offset..token.offset + token.text.len()], token.text);
        end = token.offset + token.text.len();
    }
    for statement in &split.statements {
        let last = statement.offset + statement.text.len();
        assert!(before <= statement.offset && last <= statement.end, "{statement:?}");
        assert_eq!(&text[statement.offset..last], statement.text);
        check_gap(dialect, text, &text[before..statement.offset]);
        check_gap(dialect, text, &text[last..statement.end]);
        before = statement.end;
        let _ = hazards(dialect, statement);
        let _ = mentions(dialect, statement, "migrate_revisions");
    }
    check_gap(dialect, text, &text[before..]);
    if let Some(open) = split.unterminated {
        assert!(text[open.offset..].starts_with(open.text) && !open.text.is_empty());
    }
    for &offset in &split.delimiters {
        assert!(text[offset..offset + 9].eq_ignore_ascii_case("delimiter"));
    }

    // Under a DELIMITER line other rules hold; inside a script of another dialect there is none.
    let switches = dialect == Dialect::Mysql && text.to_ascii_lowercase().contains("delimiter");
    if switches {
        return;
    }
    for statement in &split.statements {
        // MySQL takes two dashes for a comment only at the end of what it is sent.
        if dialect == Dialect::Mysql && statement.text.ends_with("--") {
            return;
        }
        let again = super::split(dialect, statement.text).statements;
        assert_eq!(again.len(), 1, "{:?} is cut again into {again:?}", statement.text);
        assert_eq!(again[0].text, statement.text);
    }
    let whole: Vec<_> = tokens(dialect, text).filter(not_semicolon).map(kind_and_text).collect();
    let mut parts = Vec::new();
    for statement in &split.statements {
        parts.extend(tokens(dialect, statement.text).filter(not_semicolon).map(kind_and_text));
    }
    assert_eq!(whole, parts);
    let mut stream = Vec::new();
    canonical(dialect, text, |text| stream.push(text.to_owned()));
    let all: Vec<_> = tokens(dialect, text).map(|token| token.text).collect();
    assert_eq!(stream, all);
}

fn not_semicolon(token: &Token<'_>) -> bool {
    token.kind != TokenKind::Semicolon
}

fn kind_and_text(token: Token<'_>) -> (TokenKind, &str) {
    (token.kind, token.text)
}

/// Between statements there are only semicolons, for comments and white space are no tokens.
fn check_gap(dialect: Dialect, text: &str, gap: &str) {
    if dialect == Dialect::Mysql && text.to_ascii_lowercase().contains("delimiter") {
        return;
    }
    for token in tokens(dialect, gap) {
        assert_eq!(token.kind, TokenKind::Semicolon, "{gap:?}");
    }
}
