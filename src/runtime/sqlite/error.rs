//! `SQLite`'s error codes in terms of what a person can do about them.

use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::interrupt::GO_ON;

/// The primary result code (<https://sqlite.org/rescode.html>).
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether another connection is in the way: `SQLITE_BUSY`, and `SQLITE_LOCKED` of a shared cache.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(5 | 6))
}

/// Whether a file could not be opened, or is no database: `SQLITE_CANTOPEN` and `SQLITE_NOTADB`.
pub(super) fn is_about_file(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(14 | 26))
}

pub(super) fn is_no_transaction(error: &sqlx::Error) -> bool {
    message(error).contains("no transaction is active")
}

pub(super) fn is_nested(error: &sqlx::Error) -> bool {
    message(error).contains("within a transaction")
        || matches!(error, sqlx::Error::InvalidSavePointStatement)
}

/// Whether a foreign key refers to columns that are not unique, or not there.
pub(super) fn is_mismatch(error: &sqlx::Error) -> bool {
    message(error).starts_with("foreign key mismatch")
}

/// Whether `table` does not exist.
pub(super) fn is_no_table(error: &sqlx::Error, table: &str) -> bool {
    message(error)
        .strip_prefix("no such table: ")
        .and_then(|name| name.strip_suffix(table))
        .is_some_and(|schema| schema.is_empty() || schema.ends_with('.'))
}

/// The server's own words, without what sqlx puts around them.
pub(super) fn message(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}

/// An error that says what failed, and what to do if the reason is one of the surroundings.
///
/// `doing` completes *failed to*; `otherwise` is the kind of all errors that are not about the
/// file, the disk or a lock.
pub(super) fn explain(
    error: sqlx::Error,
    database: &str,
    doing: &str,
    otherwise: ErrorKind,
) -> Error {
    let says = message(&error);
    let (kind, help) = match code(&error) {
        Some(26) => (
            ErrorKind::NotADatabase,
            Some(format!(
                "`{database}` is not an SQLite database, or is encrypted: name another file, or \
                 move this one away"
            )),
        ),
        Some(9) => (ErrorKind::Interrupted, Some(GO_ON.to_owned())),
        Some(11) => (
            ErrorKind::NotADatabase,
            Some(format!("`{database}` is damaged: restore it from a backup")),
        ),
        Some(8) => (
            ErrorKind::ReadOnly,
            Some(format!(
                "make `{database}` and its directory writable for this user, and open it without \
                 `mode=ro`"
            )),
        ),
        Some(13) => (
            ErrorKind::Full,
            Some(format!("free space on the disk of `{database}`, and run again")),
        ),
        Some(14) => (
            ErrorKind::Connect,
            Some(format!("check that the directory of `{database}` exists and may be written")),
        ),
        Some(5 | 6) => (
            ErrorKind::Locked,
            Some(String::from(
                "wait until the other program has finished, or allow a longer lock time-out",
            )),
        ),
        _ => (otherwise, None),
    };
    let mut explained =
        Error::new(kind, format!("failed to {doing}: {says}")).on(database).caused_by(error);
    if let Some(help) = help {
        explained = explained.help(help);
    }
    explained
}

pub(super) fn connect_error(error: sqlx::Error, database: &str) -> Error {
    let timed_out = matches!(error, sqlx::Error::PoolTimedOut);
    let explained = explain(error, database, "connect to the database", ErrorKind::Connect);
    if timed_out {
        explained.help("the pool has no free connection: give back one before migrating")
    } else {
        explained
    }
}

pub(super) fn missing(database: &str) -> Error {
    Error::new(ErrorKind::Missing, format!("database file `{database}` does not exist"))
        .help("`up` creates it, unless it is opened read-only")
}

/// Where in `sql` a message of the form `near "TOKEN": …` points, if the token stands there once.
///
/// `SQLite` knows the exact offset, but its drivers do not pass it on.
pub(super) fn near(message: &str, sql: &str) -> Option<usize> {
    let token = message.strip_prefix("near \"")?.split_once("\":")?.0;
    let mut found = sql.match_indices(token).filter(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let inside = |edge: Option<char>, next: Option<char>| {
            edge.is_some_and(is_word) && next.is_some_and(is_word)
        };
        !inside(sql[..*at].chars().next_back(), token.chars().next())
            && !inside(sql[at + token.len()..].chars().next(), token.chars().next_back())
    });
    let first = found.next()?.0;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_only_where_it_stands_once_as_a_word() {
        assert_eq!(near("near \"on\": syntax error", "SELECT one, on FROM t"), Some(12));
        assert_eq!(near("near \"a\": syntax error", "a a"), None);
        assert_eq!(near("no such table: t", "t"), None);
    }
}
