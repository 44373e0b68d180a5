//! Statements that change the session, and not only the database.
//!
//! What they leave behind would change what the next revision means: a temporary table hides a real
//! one of its name, a setting can switch constraints off or let names mean something else.

use super::commit::is_setting;
use super::keyword::{is, occurs};
use super::token::tokens;
use crate::dialect::Dialect;

/// Whether a statement may leave a setting, a temporary object, or another user behind.
///
/// It may say so of a statement that does not; functions that a statement calls are not seen.
pub(crate) fn changes_session(dialect: Dialect, statement: &str) -> bool {
    // Most statements are long, and their first letter tells.
    let first = statement.bytes().find(|byte| !byte.is_ascii_whitespace());
    let is_candidate = match dialect {
        Dialect::Sqlite => matches!(
            first,
            Some(b'p' | b'P' | b'a' | b'A' | b'd' | b'D' | b'c' | b'C' | b'-' | b'/')
        ),
        Dialect::Postgres | Dialect::Mysql => true,
    };
    if !is_candidate {
        return false;
    }
    let mut words = tokens(dialect, statement).map(|token| token.text);
    let mut next_is = |any: &[&str]| {
        words.next().is_some_and(|word| any.iter().any(|other| word.eq_ignore_ascii_case(other)))
    };
    match dialect {
        Dialect::Sqlite => match first {
            Some(b'p' | b'P') => next_is(&["pragma"]),
            Some(b'a' | b'A' | b'd' | b'D') => next_is(&["attach", "detach"]),
            _ => next_is(&["create"]) && next_is(&["temp", "temporary"]),
        },
        Dialect::Postgres => {
            let text = statement.as_bytes();
            let holds = |word: &str| {
                text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
            };
            holds("set_config")
                || holds("temp")
                || next_is(&["set", "reset", "listen", "prepare", "declare", "load", "discard"])
        }
        Dialect::Mysql => {
            let text = statement.as_bytes();
            let holds = |word: &str| {
                text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
            };
            // A procedure or a block may change anything, and so may what follows a semicolon.
            holds("temporary")
                || holds("@")
                || holds(";") && !holds("create")
                || statement.starts_with("/*!")
                || next_is(&["set", "use", "prepare", "lock", "call", "execute", "begin"])
        }
    }
}

/// Whether a statement may say where the names of those behind it are looked up.
pub(crate) fn changes_place(dialect: Dialect, statement: &str) -> bool {
    match dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => occurs(statement, "search_path"),
        // `USE` stands also under a `DELIMITER` line, behind another statement.
        Dialect::Mysql => tokens(dialect, statement).any(|token| is(token.text, "use")),
    }
}

/// Whether all that a statement does is to set something in the session, so that it can be run
/// again in another one.
pub(crate) fn sets_session(dialect: Dialect, statement: &str) -> bool {
    let mut words = tokens(dialect, statement).map(|token| token.text);
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let is = |word: &str, any: &[&str]| any.iter().any(|other| word.eq_ignore_ascii_case(other));
    match dialect {
        // A pragma without a value only asks.
        Dialect::Sqlite => is(first, &["pragma"]) && words.any(|word| word == "=" || word == "("),
        Dialect::Postgres => {
            is(first, &["set", "reset"]) && !is(second, &["transaction", "constraints", "local"])
        }
        Dialect::Mysql => is_setting(statement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_sets_the_session_can_be_run_again() {
        for (dialect, sql) in [
            (Dialect::Sqlite, "PRAGMA foreign_keys = ON"),
            (Dialect::Postgres, "SET lock_timeout = '5s'"),
            (Dialect::Postgres, "SET SESSION search_path TO a, b"),
            (Dialect::Mysql, "SET NAMES utf8mb4"),
            (Dialect::Mysql, "USE other"),
            (Dialect::Mysql, "SET @@SESSION.sql_mode = ''"),
            (Dialect::Mysql, "SET SESSION TRANSACTION READ WRITE"),
            (Dialect::Mysql, "/*!40014 SET FOREIGN_KEY_CHECKS=0 */"),
        ] {
            assert!(sets_session(dialect, sql), "{sql}");
        }
        for (dialect, sql) in [
            (Dialect::Sqlite, "PRAGMA wal_checkpoint"),
            (Dialect::Postgres, "SELECT set_config('a.b', 'c', false)"),
            (Dialect::Postgres, "SET CONSTRAINTS ALL DEFERRED"),
            (Dialect::Mysql, "SET GLOBAL max_connections = 5"),
            (Dialect::Mysql, "SET @@GLOBAL.max_connections = 5"),
            (Dialect::Mysql, "SET PASSWORD = 'x'"),
            (Dialect::Mysql, "SET TRANSACTION READ ONLY"),
            (Dialect::Mysql, "SET @last = (SELECT max(id) FROM t)"),
            (Dialect::Mysql, "SET @a = 1; DROP TABLE t"),
        ] {
            assert!(!sets_session(dialect, sql), "{sql}");
        }
    }

    #[test]
    fn what_outlives_its_revision_is_noticed() {
        for (dialect, sql) in [
            (Dialect::Sqlite, "PRAGMA legacy_alter_table = ON"),
            (Dialect::Sqlite, "create temp table t (a)"),
            (Dialect::Sqlite, "ATTACH 'x' AS y"),
            (Dialect::Postgres, "SELECT pg_catalog.set_config('search_path', '', false)"),
            (Dialect::Postgres, "SET search_path = other"),
            (Dialect::Postgres, "CREATE TEMP TABLE t (a int)"),
            (Dialect::Postgres, "SELECT 1 INTO TEMPORARY t"),
            (Dialect::Mysql, "SET sql_mode = ''"),
            (Dialect::Mysql, "USE other"),
            (Dialect::Mysql, "CALL p()"),
            (Dialect::Mysql, "INSERT INTO t VALUES (1); SET NAMES utf8"),
            (Dialect::Mysql, "SELECT 1 INTO @x"),
            (Dialect::Mysql, "/*!40101 SET NAMES utf8 */"),
        ] {
            assert!(changes_session(dialect, sql), "{sql}");
        }
        for (dialect, sql) in [
            (Dialect::Sqlite, "CREATE TABLE temporary (a)"),
            (Dialect::Postgres, "CREATE TABLE t (a int)"),
            (Dialect::Mysql, "CREATE TABLE t (a int)"),
        ] {
            assert!(!changes_session(dialect, sql), "{sql}");
        }
    }
}
