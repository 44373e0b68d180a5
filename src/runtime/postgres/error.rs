//! `PostgreSQL`'s error codes in terms of what a person can do about them.
//!
//! Never the driver's own text: its line number is one of the server's C source.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::interrupt::GO_ON;

fn of_server(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// The SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(super) fn code(error: &sqlx::Error) -> &str {
    of_server(error).map_or("", PgDatabaseError::code)
}

/// The server's own words.
pub(super) fn message(error: &sqlx::Error) -> String {
    match of_server(error) {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}

/// Where in what was sent the server points, in characters from zero.
pub(super) fn position(error: &sqlx::Error) -> Option<usize> {
    match of_server(error)?.position()? {
        PgErrorPosition::Original(position) => position.checked_sub(1),
        PgErrorPosition::Internal { .. } => None,
    }
}

/// Whether the connection is gone, so that nobody can ask what became of what was sent.
pub(super) fn is_disconnected(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => true,
        // After these the session ends, whatever the code; and a commit that is in the server's log already counts.
        _ if of_server(error).is_some_and(|error| {
            matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
        }) =>
        {
            true
        }
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout; connection errors.
        _ => {
            matches!(code(error), "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
                || code(error).starts_with("08")
        }
    }
}

/// An error that says what failed, and what to do if the reason is one of the surroundings.
///
/// `doing` completes *failed to*; `otherwise` is the kind of all other errors.
pub(super) fn explain(
    error: sqlx::Error,
    database: &str,
    doing: &str,
    otherwise: ErrorKind,
) -> Error {
    let says = message(&error);
    let (kind, help) = match code(&error) {
        _ if is_disconnected(&error) => (
            ErrorKind::Disconnected,
            Some("see whether the server runs and can be reached, and run again"),
        ),
        // Also a deadlock: what was undone can be done again.
        "55P03" | "40P01" | "40001" => (ErrorKind::LockTimeout, None),
        // The same code for a person's cancelling and for the time-out.
        "57014" if says.contains("statement timeout") => (
            ErrorKind::Timeout,
            Some("allow a longer time-out for statements, or do the work in smaller steps"),
        ),
        "57014" => (ErrorKind::Interrupted, Some(GO_ON)),
        "42501" => (
            ErrorKind::Denied,
            Some("give the role the right that it lacks, or migrate with another role"),
        ),
        "25006" => (
            ErrorKind::ReadOnly,
            Some("connect to the primary server, with a session that may write"),
        ),
        "53100" => (ErrorKind::Full, Some("free space on the server's disk, and run again")),
        _ => (otherwise, None),
    };
    let mut explained = Error::new(kind, format!("failed to {doing}: {says}")).on(database);
    if let Some(server) = of_server(&error) {
        explained = with_details(explained, server);
    }
    if kind == ErrorKind::Disconnected {
        explained = explained.leaving(DatabaseState::Uncertain { revisions: Vec::new() });
    }
    explained = explained.caused_by(error);
    match help {
        Some(help) => explained.help(help),
        None => explained,
    }
}

fn with_details(mut error: Error, server: &PgDatabaseError) -> Error {
    if let Some(detail) = server.detail() {
        error = error.note(detail);
    }
    if let Some(context) = server.r#where() {
        error = error.note(format!("context: {context}"));
    }
    if let Some(PgErrorPosition::Internal { query, .. }) = server.position() {
        error = error.note(format!("the statement inside it: {query}"));
    }
    match server.hint() {
        Some(hint) => error.help(hint),
        None => error,
    }
}

pub(super) fn connect_error(error: sqlx::Error, database: &str) -> Error {
    let help = match (&error, code(&error)) {
        (sqlx::Error::PoolTimedOut, _) => {
            "the pool has no free connection: give back one before migrating"
        }
        (sqlx::Error::Tls(_), _) => {
            "enable the feature `rustls` or `native-tls`, or choose another `sslmode` in the URL"
        }
        (_, "28P01" | "28000") => "check user and password of the database URL",
        (_, "3D000") => "create the database first, or name another one in the URL",
        (_, "53300") => "close other connections, or allow the server more of them",
        _ => "check host and port of the database URL, and that the server runs",
    };
    let says = message(&error);
    let mut explained =
        Error::new(ErrorKind::Connect, format!("failed to connect to the database: {says}"))
            .on(database);
    if let Some(server) = of_server(&error) {
        explained = with_details(explained, server);
    }
    explained.caused_by(error).help(help)
}
