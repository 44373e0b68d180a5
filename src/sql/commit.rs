//! Statements of `MySQL` and `MariaDB` that commit by themselves.
//!
//! There most statements that define something end the open transaction before they run and commit
//! again behind themselves, so no rollback takes them back. What is listed here is the opposite: what is
//! known not to do that, after the manuals of `MySQL` 8.4 ("Statements That Cause an Implicit
//! Commit") and `MariaDB` 10.11. Everything else counts as committing, also what a later server may add.

use super::keyword::is;
use super::mention::executable_body;
use super::split::split;
use super::token::{Token, TokenKind, tokens};
use crate::dialect::Dialect;

/// Settings that the server refuses to change inside a transaction, or that end one.
const SETTINGS_OUTSIDE: [&str; 6] =
    ["autocommit", "binlog_format", "gtid_next", "password", "sql_log_bin", "transaction"];

/// Statements that commit, and of which is known that nothing has happened when they fail because
/// they had to wait.
#[cfg(feature = "runtime")]
const DEFINITIONS: [&str; 9] =
    ["alter", "analyze", "create", "drop", "grant", "optimize", "rename", "revoke", "truncate"];

/// Whether a statement may end the transaction that it runs in, or is refused inside one.
///
/// Only `MySQL` and `MariaDB` have such statements. It may say so of a statement that does not,
/// never the other way round: `CALL` and compound statements count as committing, since what they
/// run is not known.
///
/// ```
/// use cargo_migrate::{Dialect, sql};
///
/// assert!(sql::commits_implicitly(Dialect::Mysql, "CREATE TABLE t (a int)"));
/// assert!(!sql::commits_implicitly(Dialect::Mysql, "CREATE TEMPORARY TABLE t (a int)"));
/// assert!(!sql::commits_implicitly(Dialect::Mysql, "INSERT INTO t VALUES (1)"));
/// assert!(!sql::commits_implicitly(Dialect::Postgres, "CREATE TABLE t (a int)"));
/// ```
pub fn commits_implicitly(dialect: Dialect, statement: &str) -> bool {
    dialect == Dialect::Mysql
        && if statement.as_bytes().contains(&b';') {
            parts(statement).any(commits)
        } else {
            commits(statement)
        }
}

/// Whether a statement defines one thing, so that it had no effect if it could not get a lock.
#[cfg(feature = "runtime")]
pub(crate) fn defines(dialect: Dialect, statement: &str) -> bool {
    let first = tokens(dialect, statement).next();
    dialect == Dialect::Mysql
        && parts(statement).count() == 1
        && first.is_some_and(|first| DEFINITIONS.iter().any(|word| is(first.text, word)))
}

/// Whether all that a statement does is to change plain settings of the session, or its database.
///
/// What takes its value from a query may get another one now, so it is not counted.
#[cfg(feature = "runtime")]
pub(super) fn is_setting(statement: &str) -> bool {
    const OTHERS: [&str; 7] =
        ["global", "persist", "persist_only", "password", "role", "statement", "("];
    if parts(statement).count() != 1 {
        return false;
    }
    let text = match tokens(Dialect::Mysql, statement).next() {
        Some(first) if first.kind == TokenKind::Executable => {
            let body = executable_body(first.text).unwrap_or_default();
            body.strip_suffix("*/").unwrap_or(body)
        }
        _ => statement,
    };
    let mut words = tokens(Dialect::Mysql, text).peekable();
    let Some(first) = words.next() else { return false };
    if !is(first.text, "set") {
        return is(first.text, "use");
    }
    // Without a scope it is about the next transaction only.
    !words.peek().is_some_and(|token| is(token.text, "transaction"))
        && words.all(|token| {
            let text = token.text.to_ascii_lowercase();
            !OTHERS.contains(&&*text)
                && !text.starts_with("@@global")
                && !text.starts_with("@@persist")
        })
}

/// Under a `DELIMITER` line one statement may hold several, which the server takes apart.
fn parts(statement: &str) -> impl Iterator<Item = &str> {
    split(Dialect::Mysql, statement).statements.into_iter().map(|part| part.text)
}

fn commits(statement: &str) -> bool {
    // Optimizer hints are comments that say nothing of what a statement does.
    let mut words = tokens(Dialect::Mysql, statement)
        .filter(|token| token.kind != TokenKind::Executable || !token.text.starts_with("/*+"));
    let Some(first) = words.next() else { return false };
    if first.kind == TokenKind::Executable {
        // Which versions execute it is written in it; with more around it, it would have to be
        // judged with and without.
        let alone = words.next().is_none();
        let body = executable_body(first.text).unwrap_or_default();
        let body = body.strip_suffix("*/").unwrap_or(body);
        return !alone || parts(body).any(commits);
    }
    if first.text == "(" {
        return false; // a query in parentheses
    }
    let any = |text: &str, words: &[&str]| words.iter().any(|word| is(text, word));
    let next_is = |token: Option<Token<'_>>, list: &[&str]| {
        token.is_some_and(|token| token.kind == TokenKind::Word && any(token.text, list))
    };
    if any(
        first.text,
        &[
            "deallocate",
            "delete",
            "desc",
            "describe",
            "do",
            "explain",
            "handler",
            "help",
            "insert",
            "prepare",
            "release",
            "replace",
            "savepoint",
            "select",
            "show",
            "table",
            "update",
            "use",
            "values",
            "with",
        ],
    ) {
        return false;
    }
    if is(first.text, "set") {
        let mut words = words.peekable();
        if next_is(words.peek().copied(), &["default", "statement"]) {
            return true;
        }
        return words.any(|token| {
            let name = token.text.trim_start_matches('@');
            let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
            token.kind == TokenKind::Executable || any(name, &SETTINGS_OUTSIDE)
        });
    }
    if is(first.text, "rollback") {
        return !next_is(words.next(), &["to"]);
    }
    if is(first.text, "create") {
        let mut next = words.next();
        if next_is(next, &["or"]) && next_is(words.next(), &["replace"]) {
            next = words.next();
        }
        return !(next_is(next, &["temporary"]) && next_is(words.next(), &["table"]));
    }
    if is(first.text, "drop") {
        return !(next_is(words.next(), &["temporary"])
            && next_is(words.next(), &["table", "tables"]));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_harmless_commits() {
        for sql in [
            "CREATE TABLE t (a int)",
            "create /* c */ or replace table t (a int)",
            "CREATE /*!50000 TEMPORARY */ TABLE t (a int)",
            "CREATE TEMPORARY SEQUENCE s",
            "DROP TABLE t",
            "ALTER TABLE t ADD b int",
            "RENAME TABLE a TO b",
            "TRUNCATE t",
            "GRANT SELECT ON a TO b",
            "CALL p()",
            "EXECUTE s",
            "BEGIN NOT ATOMIC INSERT INTO t VALUES (1); END",
            "IF 1 THEN INSERT INTO t VALUES (1); END IF",
            "LOCK TABLES t WRITE",
            "UNLOCK TABLES",
            "ANALYZE TABLE t",
            "FLUSH TABLES",
            "SET PASSWORD FOR a = 'b'",
            "SET DEFAULT ROLE r FOR u",
            "SET STATEMENT max_statement_time = 1 FOR ALTER TABLE t ADD b int",
            "SET @@session.sql_log_bin = 0",
            "SET autocommit = 1",
            "SET TRANSACTION READ ONLY",
            "LOAD DATA INFILE 'x' INTO TABLE t",
            "ROLLBACK",
            "/*!40000 ALTER TABLE t DISABLE KEYS */",
            "/*!99999 SET @a = 1 */ DROP TABLE t",
            "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON t FOR EACH ROW SET @a = 1 */",
            "INSERT INTO t VALUES (1); DROP TABLE t",
            "SOMETHING new",
        ] {
            assert!(commits_implicitly(Dialect::Mysql, sql), "{sql}");
            assert!(!commits_implicitly(Dialect::Sqlite, sql), "{sql}");
        }
    }

    #[test]
    fn what_a_rollback_takes_back_does_not_commit() {
        for sql in [
            "INSERT INTO t VALUES ('a; DROP TABLE t')",
            "insert /*! IGNORE */ into t values (1)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "REPLACE INTO t VALUES (1)",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "(SELECT 1) UNION (SELECT 2)",
            "SELECT /*+ MAX_EXECUTION_TIME(10) */ 1",
            "SET NAMES utf8mb4",
            "SET sql_mode = DEFAULT",
            "SET @a = 1",
            "SET GLOBAL max_connections = 10",
            "USE other",
            "CREATE TEMPORARY TABLE t (a int)",
            "CREATE OR REPLACE TEMPORARY TABLE t (a int)",
            "DROP TEMPORARY TABLE t",
            "SAVEPOINT s",
            "ROLLBACK TO s",
            "/*!40101 SET NAMES utf8 */",
            "INSERT INTO t VALUES (1); DELETE FROM t",
            "",
        ] {
            assert!(!commits_implicitly(Dialect::Mysql, sql), "{sql}");
        }
    }

    #[cfg(feature = "runtime")]
    #[test]
    fn what_may_do_several_things_is_no_definition() {
        assert!(defines(Dialect::Mysql, "ALTER TABLE t ADD a int"));
        for sql in ["CALL p()", "CREATE TABLE a (b int); CREATE TABLE c (d int)"] {
            assert!(!defines(Dialect::Mysql, sql), "{sql}");
        }
    }
}
