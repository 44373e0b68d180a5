//! The server's error numbers in terms of what a person can do about them.
//!
//! Numbers and not messages: `lc_messages` translates the latter. They are the same in `MySQL` and
//! `MariaDB` up to 1879; above, each has its own.

use std::error::Error as _;

use sqlx::mysql::MySqlDatabaseError;

use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::interrupt::GO_ON;

/// The server's number (<https://mariadb.com/kb/en/mariadb-error-code-reference/>).
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

/// The server's own words, without what sqlx puts around them.
pub(super) fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) | sqlx::Error::Configuration(error) => error.to_string(),
        sqlx::Error::Protocol(says) => says.clone(),
        other => other.to_string(),
    }
}

/// Whether `table` does not exist.
pub(super) fn is_no_table(error: &sqlx::Error, table: &str) -> bool {
    // Every translation names it as `database.table` with a quote behind it.
    let name = format!(".{table}").to_lowercase();
    number(error) == Some(1146)
        && message(error)
            .to_lowercase()
            .split(&name)
            .skip(1)
            .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'))
}

/// Whether the connection is gone, so that nobody can see what became of the last statement.
pub(super) fn is_disconnected(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed)
        || matches!(number(error), Some(1053 | 1152..=1161 | 1927 | 3169 | 4031))
}

/// An error that says what failed, and what to do if the reason is one of the surroundings.
///
/// `doing` completes *failed to*; `otherwise` is the kind of all errors that are about none of them.
pub(super) fn explain(
    error: sqlx::Error,
    database: &str,
    doing: &str,
    otherwise: ErrorKind,
) -> Error {
    let says = message(&error);
    let (kind, help) = match number(&error) {
        // In a session the first is about a right to the server's files.
        Some(1045 | 1698) if otherwise == ErrorKind::Connect => (
            ErrorKind::Connect,
            Some("check user and password, and from which hosts this user may connect"),
        ),
        Some(1044 | 1045 | 1095 | 1142 | 1143 | 1227 | 1370 | 1410 | 3879 | 4166) => (
            ErrorKind::Denied,
            Some(
                "grant the right to this user, or use another one: migrations need `CREATE`, \
                 `ALTER`, `DROP`, `INDEX`, `SELECT`, `INSERT`, `UPDATE` and `DELETE`",
            ),
        ),
        // In a revision both are about names that a statement uses.
        Some(1046) if otherwise != ErrorKind::Statement => {
            (ErrorKind::Url, Some("name the database in the URL: `mysql://USER@HOST/DATABASE`"))
        }
        Some(1049) if otherwise != ErrorKind::Statement => {
            (ErrorKind::Connect, Some("create it with `CREATE DATABASE`, or correct its name"))
        }
        Some(1317) => (ErrorKind::Interrupted, Some(GO_ON)),
        Some(1205 | 1213 | 3572 | 3058) => (ErrorKind::LockTimeout, None),
        Some(1969 | 3024) => (
            ErrorKind::Timeout,
            Some("allow a longer time-out for statements, or do less in one statement"),
        ),
        Some(1021 | 1114 | 1041) => {
            (ErrorKind::Full, Some("free space on the server's disk, and run again"))
        }
        Some(1290 | 1792 | 1836 | 1874 | 3100) => (
            ErrorKind::ReadOnly,
            Some("connect to the primary server: this one is a replica, or was made read-only"),
        ),
        Some(1040 | 1203 | 1226) => {
            (ErrorKind::Connect, Some("close other connections of this user, and run again"))
        }
        _ if is_disconnected(&error) => {
            (ErrorKind::Disconnected, Some("look at `status`, then run again"))
        }
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
    let doing = "connect to the database";
    match &error {
        sqlx::Error::PoolTimedOut => Error::new(
            ErrorKind::Connect,
            format!("failed to {doing}: the pool has no free connection"),
        )
        .on(database)
        .help("give back one before migrating, and check that the server can be reached")
        .caused_by(error),
        sqlx::Error::Io(io) => {
            let says = io.source().map_or_else(|| io.to_string(), ToString::to_string);
            Error::new(ErrorKind::Connect, format!("failed to {doing}: {says}"))
                .on(database)
                .help("check host and port, and that the server runs and may be reached from here")
                .caused_by(error)
        }
        sqlx::Error::Tls(_) => {
            let says = message(&error);
            Error::new(ErrorKind::Connect, format!("failed to {doing} with TLS: {says}"))
                .on(database)
                .help("check `ssl-mode` and `ssl-ca` in the URL")
                .help(
                    "TLS is compiled in by the feature `rustls` or `native-tls` of `cargo-migrate`",
                )
                .caused_by(error)
        }
        _ => explain(error, database, doing, ErrorKind::Connect),
    }
}

/// Where in `sql` a message of the form `… near 'TEXT' at line N` points.
///
/// The server counts lines inside the statement; its text, of at most 80 characters, tells the column.
pub(super) fn near(message: &str, sql: &str) -> Option<usize> {
    let (before, line) = message.rsplit_once(" at line ")?;
    let line: usize = line.trim().parse().ok()?;
    let start = sql.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let text = before.split_once(" near '").and_then(|(_, text)| text.strip_suffix('\''));
    match text {
        Some("") => Some(sql.trim_end().len()),
        // The token may stand on a line before, if the server had to read on to be sure.
        Some(text) => Some(
            sql.get(start..)
                .and_then(|rest| rest.find(text))
                .map_or_else(|| sql.find(text).unwrap_or(start), |at| start + at),
        ),
        None => Some(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_statement_is_found_by_line_and_text() {
        let sql = "SELECT 1,\n  2 FRM t\nWHERE 1";
        let says = |text: &str, line| {
            format!("You have an error … the right syntax to use near '{text}' at line {line}")
        };
        assert_eq!(near(&says("t\nWHERE 1", 2), sql), Some(18));
        assert_eq!(near(&says("FRM t\nWHERE 1", 3), sql), Some(14));
        assert_eq!(near(&says("", 3), sql), Some(sql.len()));
        assert_eq!(near("Table 'a.b' doesn't exist", sql), None);
    }
}
