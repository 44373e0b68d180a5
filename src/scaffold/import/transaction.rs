//! Scripts that are a transaction of their own, or cannot be in one.
//!
//! Some tools leave transactions to the script, so that many scripts begin with `BEGIN` and end with
//! `COMMIT`; others open one, and the servers only warn of the second `BEGIN`. A revision is a transaction
//! anyway, and cannot hold these two; they become comments, and the SQL stays what it was. So does SQLite's
//! `PRAGMA foreign_keys`, which is without effect inside a transaction, and the `LOCK TABLES` of `mysqldump`, which
//! keeps others out as a migrator's lock does.

use std::ops::Range;

use crate::Dialect;
use crate::sql::{self, HazardKind, Statement};
use crate::tool::{BEGINS, ENDS, locks_tables, sets_foreign_keys};

/// The text with its `BEGIN` and `COMMIT` as comments, if it is one transaction from end to end.
pub(super) fn unwrapped(dialect: Dialect, text: &str) -> Option<String> {
    let statements = sql::split(dialect, text).statements;
    let [first, middle @ .., last] = statements.as_slice() else { return None };
    let is = |statement: &Statement<'_>, all: &[&str]| {
        let words: Vec<String> =
            statement.text.split_whitespace().map(str::to_ascii_uppercase).collect();
        all.contains(&words.join(" ").as_str())
    };
    let (begins, ends) = (is(first, &BEGINS), is(last, &ENDS));
    if !begins
        || !ends
        || middle.iter().any(|one| has(dialect, one, HazardKind::TransactionControl))
    {
        return None;
    }
    let (begin, end) = (line(text, first)?, line(text, last)?);
    let mut out = String::with_capacity(text.len() + 6);
    out.push_str(&text[..begin.start]);
    out.push_str("-- ");
    out.push_str(&text[begin.start..end.start]);
    out.push_str("-- ");
    out.push_str(&text[end.start..]);
    Some(out)
}

/// The text with its `PRAGMA foreign_keys = …` as comments, if it has any on lines of their own.
pub(super) fn without_pragmas(dialect: Dialect, text: &str) -> Option<String> {
    let is_it = |statement: &Statement<'_>| {
        sets_foreign_keys(statement.text) && has(dialect, statement, HazardKind::NotInTransaction)
    };
    (dialect == Dialect::Sqlite).then(|| commented(dialect, text, is_it))?
}

/// The text with its `LOCK TABLES` and `UNLOCK TABLES` as comments, if it has any on lines of their own.
pub(super) fn without_locks(dialect: Dialect, text: &str) -> Option<String> {
    let is_it = |statement: &Statement<'_>| locks_tables(statement.text);
    (dialect == Dialect::Mysql).then(|| commented(dialect, text, is_it))?
}

/// The text with the lines of some statements as comments, if any of them has its line for itself.
fn commented(
    dialect: Dialect,
    text: &str,
    is_wanted: impl Fn(&Statement<'_>) -> bool,
) -> Option<String> {
    let (mut out, mut at) = (String::new(), 0);
    for statement in sql::split(dialect, text).statements.iter().filter(|one| is_wanted(one)) {
        if let Some(line) = line(text, statement) {
            out.extend([&text[at..line.start], "-- "]);
            at = line.start;
        }
    }
    (!out.is_empty()).then(|| out + &text[at..])
}

/// Whether the server refuses one of the statements inside a transaction.
///
/// PostgreSQL only: what is refused elsewhere is a setting of the session, which tools run inside their
/// transactions, without effect.
pub(super) fn is_refused(dialects: &[Dialect], text: &str) -> bool {
    dialects.contains(&Dialect::Postgres)
        && sql::split(Dialect::Postgres, text)
            .statements
            .iter()
            .any(|statement| has(Dialect::Postgres, statement, HazardKind::NotInTransaction))
}

fn has(dialect: Dialect, statement: &Statement<'_>, kind: HazardKind) -> bool {
    sql::hazards(dialect, statement).iter().any(|hazard| hazard.kind == kind)
}

/// The one line that a statement stands on, if nothing else does.
fn line(text: &str, statement: &Statement<'_>) -> Option<Range<usize>> {
    let start = text[..statement.offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[statement.offset..].find('\n').map_or(text.len(), |at| statement.offset + at);
    let before = text[start..statement.offset].trim();
    let after = text.get(statement.end..end)?.trim();
    (before.is_empty() && (after.is_empty() || after.starts_with("--"))).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transaction_from_end_to_end() {
        let of = |text| unwrapped(Dialect::Postgres, text);
        assert_eq!(
            of("-- a\nBEGIN;\r\nCREATE TABLE a (i int);\n  commit; -- done\n").as_deref(),
            Some("-- a\n-- BEGIN;\r\nCREATE TABLE a (i int);\n--   commit; -- done\n")
        );
        assert_eq!(
            of("START  TRANSACTION;\nSELECT 1;\nEND").as_deref(),
            Some("-- START  TRANSACTION;\nSELECT 1;\n-- END")
        );
        for other in [
            "BEGIN; SELECT 1;\nCOMMIT;",
            "BEGIN;\nSELECT 1;",
            "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;",
            "SELECT 1;\nCOMMIT;",
            "BEGIN;",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn pragmas_of_foreign_keys() {
        let of = |text| without_pragmas(Dialect::Sqlite, text);
        assert_eq!(
            of("PRAGMA foreign_keys = off;\r\nDROP TABLE a;\n  pragma main.\"foreign_keys\"(1); -- again").as_deref(),
            Some("-- PRAGMA foreign_keys = off;\r\nDROP TABLE a;\n--   pragma main.\"foreign_keys\"(1); -- again")
        );
        for other in [
            "PRAGMA foreign_keys = off; DROP TABLE a;",
            "PRAGMA\nforeign_keys = off;",
            "PRAGMA foreign_keys;",
            "PRAGMA defer_foreign_keys = on;",
            "SELECT 1;\n-- PRAGMA foreign_keys = off;\n",
            "INSERT INTO a VALUES ('\nPRAGMA foreign_keys = off;\n');",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(without_pragmas(Dialect::Postgres, "PRAGMA foreign_keys = off;"), None);
    }

    #[test]
    fn locks_of_dumps() {
        let of = |text| without_locks(Dialect::Mysql, text);
        assert_eq!(
            of("LOCK TABLES `a` WRITE, b read;\nINSERT INTO a VALUES (1);\nunlock tables;\n")
                .as_deref(),
            Some(
                "-- LOCK TABLES `a` WRITE, b read;\nINSERT INTO a VALUES (1);\n-- unlock tables;\n"
            )
        );
        for other in ["LOCK INSTANCE FOR BACKUP;", "SELECT 1; UNLOCK TABLES;", "SELECT 1;"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(without_locks(Dialect::Postgres, "LOCK TABLE a;"), None);
    }

    #[test]
    fn what_cannot_be_in_a_transaction() {
        let sql = "CREATE INDEX CONCURRENTLY i ON a (b);";
        assert!(is_refused(&[Dialect::Sqlite, Dialect::Postgres], sql));
        assert!(!is_refused(&[Dialect::Mysql], sql));
        assert!(!is_refused(&[Dialect::Postgres], "CREATE INDEX i ON a (b);"));
    }
}
