//! What a migrator can be pointed at.

use super::error::{Error, ErrorKind};
use crate::dialect::Dialect;
use crate::url::{self, Unknown};

/// A database, or the way to one.
///
/// Implemented for sqlx's pools (`&SqlitePool`, `&PgPool`, `&MySqlPool`), connect options (owned and borrowed), connections
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

    /// Whether it leads to a server of `PostgreSQL`.
    pub(super) fn is_postgres(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Source::Postgres(_) => true,
            #[cfg(feature = "postgres")]
            Source::Url(url, _) => super::postgres::is_url(url),
            #[allow(unreachable_patterns, reason = "there may be no other driver")]
            _ => false,
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

/// The ways to a database with one driver: what can be handed over is the same for each.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! ways {
    ($dialect:ident, $pool:ty, $options:ty, $connection:ty, $driver:ty) => {
        /// What a migrator can be pointed at.
        #[derive(Debug)]
        pub enum Source<'c> {
            /// Borrow a connection of a pool.
            Pool($pool),
            /// Open a connection.
            Options(Box<$options>),
            /// Use the caller's connection.
            Lent(&'c mut $connection),
            /// Use a connection that was handed over.
            Own(Box<$connection>),
        }

        impl Source<'_> {
            /// The same way once more. A pool that has no connection to spare is not waited for: the
            /// application may be waiting for the run.
            #[allow(dead_code, reason = "a file has no use for a second connection")]
            pub(crate) fn again(&self) -> Option<Source<'static>> {
                match self {
                    Self::Pool(pool) => {
                        let most = pool.options().get_max_connections();
                        let has_room = pool.size() < most || pool.num_idle() > 0;
                        Some(if has_room && most > 1 {
                            Source::Pool(pool.clone())
                        } else {
                            Source::Options(Box::new(pool.connect_options().as_ref().clone()))
                        })
                    }
                    Self::Options(options) => Some(Source::Options(options.clone())),
                    Self::Lent(_) | Self::Own(_) => None,
                }
            }
        }

        $crate::runtime::database::ways!(@ $dialect, &$pool, it => Source::Pool(it.clone()));
        $crate::runtime::database::ways!(@ $dialect, $options, it => Source::Options(Box::new(it)));
        $crate::runtime::database::ways!(
            @ $dialect, &$options, it => Source::Options(Box::new(it.clone()))
        );
        $crate::runtime::database::ways!(@ $dialect, &mut $connection, it => Source::Lent(it));
        $crate::runtime::database::ways!(@ $dialect, $connection, it => Source::Own(Box::new(it)));
        $crate::runtime::database::ways!(
            @ $dialect, &mut PoolConnection<$driver>, it => Source::Lent(it)
        );
    };
    (@ $dialect:ident, $type:ty, $it:ident => $source:expr) => {
        impl $crate::runtime::database::sealed::Sealed for $type {
            fn source<'c>(self) -> $crate::runtime::database::Source<'c>
            where
                Self: 'c,
            {
                let $it = self;
                $crate::runtime::database::Source::$dialect($source)
            }
        }
    };
}
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) use ways;

/// Why a URL leads nowhere. The URL itself may hold a password and is not repeated.
pub(crate) fn no_driver(url: &str) -> Error {
    let Some(dialect) = url::dialect(url) else {
        let Unknown { what, help } = Unknown::of(url);
        return Error::new(ErrorKind::Url, format!("the database URL {what}")).help(help);
    };
    Error::new(
        ErrorKind::Url,
        format!("the driver for databases of `{dialect}` is not compiled into this program"),
    )
    .help(format!("enable the feature `{dialect}` of the dependency `cargo-migrate`"))
}

/// Refuses a server's URL whose parts cannot be told apart, before a driver takes a part of the password
/// for something that can be shown.
pub(crate) fn check(text: &str) -> Result<(), Error> {
    let is_server = url::dialect(text).is_some_and(|dialect| dialect != Dialect::Sqlite);
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let tail = rest.find(['/', '?', '#']).map_or("", |end| &rest[end..]);
    if !is_server || !tail.contains('@') {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Url, "the database URL has an `@` behind its host")
        .note("a `/`, `?` or `#` before it, in the password perhaps, ends the host")
        .help("percent-encode them where they belong to a name: `/` is `%2F`, `?` is `%3F`, `#` is `%23`, `@` is `%40`"))
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
        let error = no_driver("app.db").to_string();
        assert!(error.contains("help: for a file of SQLite write `sqlite:app.db`"), "{error}");
    }

    #[test]
    fn a_password_that_is_not_encoded_is_no_part_of_an_error() {
        for url in ["postgres://me:12/hunter2@host/db", "mysql://me:1?hunter2@host", "mysql://a#@"]
        {
            let error = check(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Url);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for url in
            ["sqlite:me@home/a.db", "postgres://me:x%2Fy@host/db?sslmode=prefer", "postgres:x"]
        {
            assert!(check(url).is_ok(), "{url}");
        }
    }
}
