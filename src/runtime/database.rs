//! What a migrator can be pointed at.

use super::error::{Error, ErrorKind};

/// A database, or the way to one.
///
/// Implemented for sqlx's pools (`&SqlitePool`), connect options (owned and borrowed), connections
/// (`&mut SqliteConnection`, owned ones, `&mut PoolConnection<Sqlite>`), and URLs (`&str`,
/// `&String`), whose scheme decides which driver is used.
///
/// * A **pool** lends one connection for the run. It goes back as it came, or is closed: also when
///   the future of the run is dropped. (An in-memory database vanishes with its last connection:
///   do not drop a run on one.)
/// * A connection that the **caller lends** is restored on success and on error. After a dropped
///   future it should be closed: on `SQLite` its transaction is rolled back and `foreign_keys` is set
///   back, but nobody can see whether that succeeded; on a server, where nothing can be sent
///   any more, it still holds the lock, and may hold a transaction.
/// * **URLs and connect options** open a connection of the migrator's own. A missing `SQLite` file is
///   created by `up` and `up_to`, and by nothing else, whatever the options say.
///
/// Where a chain is locked with a table (`lock = "table"`), a single connection is refused on servers: a
/// second one renews the lock.
///
/// This trait is sealed: it says what is possible, and cannot be implemented elsewhere.
pub trait Database: sealed::Sealed + Send {}

impl<T: sealed::Sealed + Send> Database for T {}

/// The ways to a database, with the lifetime of what was lent.
#[allow(dead_code, reason = "without a driver there is no way")]
pub enum Source<'c> {
    /// `SQLite`.
    #[cfg(feature = "sqlite")]
    Sqlite(super::sqlite::Source<'c>),
    /// `PostgreSQL`.
    #[cfg(feature = "postgres")]
    Postgres(super::postgres::Source<'c>),
    /// `MySQL` or `MariaDB`.
    #[cfg(feature = "mysql")]
    Mysql(super::mysql::Source<'c>),
    /// A URL whose scheme was not looked at yet.
    Url(String, std::marker::PhantomData<&'c mut ()>),
}

impl Source<'_> {
    /// The same way once more; `None` where it is a single connection.
    pub(crate) fn again(&self) -> Option<Source<'static>> {
        match self {
            #[cfg(feature = "sqlite")]
            // A file has no use for a second connection.
            Source::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Source::Postgres(source) => source.again().map(Source::Postgres),
            #[cfg(feature = "mysql")]
            Source::Mysql(source) => source.again().map(Source::Mysql),
            Source::Url(url, _) => Some(Source::Url(url.clone(), std::marker::PhantomData)),
        }
    }
}

pub(crate) mod sealed {
    /// Closes [`super::Database`].
    pub trait Sealed {
        /// The way to the database.
        fn source<'c>(self) -> super::Source<'c>
        where
            Self: 'c;
    }
}

impl sealed::Sealed for &str {
    fn source<'c>(self) -> Source<'c>
    where
        Self: 'c,
    {
        Source::Url(self.to_owned(), std::marker::PhantomData)
    }
}

impl sealed::Sealed for &String {
    fn source<'c>(self) -> Source<'c>
    where
        Self: 'c,
    {
        Source::Url(self.clone(), std::marker::PhantomData)
    }
}

/// Why a URL leads nowhere. The URL itself may hold a password and is not repeated.
pub(crate) fn no_driver(url: &str) -> Error {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
    });
    let Some(scheme) = scheme else {
        return Error::new(ErrorKind::Url, "the database URL has no scheme")
            .help("write `sqlite:PATH`, for example `sqlite:app.db`");
    };
    let feature = match scheme.to_ascii_lowercase().as_str() {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        "mysql" | "mariadb" => "mysql",
        _ => {
            return Error::new(
                ErrorKind::Url,
                format!("no driver knows the scheme `{scheme}` of the database URL"),
            )
            .help("write `sqlite:PATH`, for example `sqlite:app.db`");
        }
    };
    Error::new(
        ErrorKind::Url,
        format!("the driver for `{scheme}:` URLs is not compiled into this program"),
    )
    .help(format!("enable the feature `{feature}` of the dependency `cargo-migrate`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_without_driver_name_the_feature_and_no_secret() {
        let error = no_driver("postgres://me:secret@host/db");
        assert_eq!(error.kind(), ErrorKind::Url);
        assert!(error.to_string().contains("feature `postgres`"), "{error}");
        for url in ["postgres://me:secret@host/db", "me:secret@host", "C:\\secret", "oracle:secret"]
        {
            assert!(!no_driver(url).to_string().contains("secret"), "{url}");
        }
    }
}
