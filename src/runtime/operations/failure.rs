//! What a revision in Rust fails with: anything, and where in its file that happened.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use crate::diagnostic::Position;

/// What the functions of a revision in Rust return.
///
/// ```
/// use cargo_migrate::{Operations, Result};
///
/// async fn rename(op: &mut Operations<'_>, id: i64, name: &str) -> Result<u64> {
///     op.query("UPDATE account SET name = ? WHERE id = ?").bind(name).bind(id).execute().await
/// }
/// ```
pub type Result<T = (), E = RevisionError> = std::result::Result<T, E>;

/// Why a revision in Rust failed, and at which line of its file.
///
/// `?` makes one of every error, among them those of sqlx and texts (`Err("no such plan")?`), and takes
/// note of its own place. What [`Operations`](super::Operations) does is placed where it is called.
/// The migrator tells it with the revision's file, the server's words, and the state of the database.
pub struct RevisionError(Box<Inner>);

struct Inner {
    cause: Cause,
    place: &'static Location<'static>,
}

/// What has failed.
pub(super) enum Cause {
    /// A statement that the revision has sent.
    Statement(Sent),
    /// Something that was never sent: what is wrong, and what to do about it.
    Refused(String, Option<String>),
    /// It has no `down`.
    Irreversible,
    /// An error of the author's, or of a library that is used.
    Other(Box<dyn StdError + Send + Sync>),
}

/// A statement that was sent.
pub(super) struct Sent {
    pub(super) error: sqlx::Error,
    pub(super) sql: String,
    /// The file that it stands in, where that is not the revision itself.
    pub(super) file: Option<(&'static str, Position)>,
}

impl RevisionError {
    pub(super) fn new(cause: Cause, place: &'static Location<'static>) -> Self {
        Self(Box::new(Inner { cause, place }))
    }

    pub(super) fn refused(what: impl Into<String>, place: &'static Location<'static>) -> Self {
        Self::new(Cause::Refused(what.into(), None), place)
    }

    #[track_caller]
    pub(super) fn irreversible() -> Self {
        Self::new(Cause::Irreversible, Location::caller())
    }

    pub(super) fn into_parts(self) -> (Cause, &'static Location<'static>) {
        (self.0.cause, self.0.place)
    }

    /// The error of the driver or of a library, where one is behind it.
    ///
    /// ```
    /// # use cargo_migrate::RevisionError;
    /// fn is_duplicate(error: &RevisionError) -> bool {
    ///     let error = error.cause().and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    ///     let error = error.and_then(sqlx::Error::as_database_error);
    ///     error.is_some_and(|error| error.is_unique_violation())
    /// }
    /// ```
    pub fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Statement(sent) => Some(&sent.error),
            Cause::Refused(..) | Cause::Irreversible => None,
            Cause::Other(error) => Some(&**error),
        }
    }

    /// Where in the source it happened.
    pub fn place(&self) -> &'static Location<'static> {
        self.0.place
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for RevisionError {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::new(Cause::Other(error.into()), Location::caller())
    }
}

impl fmt::Display for RevisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Cause::Statement(sent) => f.write_str(&words(&sent.error)),
            Cause::Refused(what, _) => f.write_str(what),
            Cause::Irreversible => f.write_str("it has no `down`"),
            Cause::Other(error) => f.write_str(&words(&**error)),
        }
    }
}

impl fmt::Debug for RevisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} (at {})", self.0.place)
    }
}

/// An error in words: of a server's error its own, since a driver may add places in the server's source.
pub(super) fn words(error: &(dyn StdError + 'static)) -> String {
    let of_server = error.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    of_server.map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
