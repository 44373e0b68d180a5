//! A database of its own for each test, on every server that is there.
//!
//! Servers are named by `MIGRATE_TEST_POSTGRES_URL` and `MIGRATE_TEST_MYSQL_URL`, which `cargo xtask
//! test` sets; without them the tests say that they skip.

use std::sync::atomic::{AtomicU32, Ordering};

use super::super::connection::Connection;
use super::super::database::Source;
use crate::Dialect;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An empty database; it is dropped with this.
pub(crate) struct Place {
    pub(crate) dialect: Dialect,
    pub(crate) url: String,
    /// What drops it: a URL of the server and a statement.
    drop: Option<(String, String)>,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        // As on a server, the database is there, and empty.
        std::fs::write(&path, "").unwrap();
        let url = format!("sqlite:{}", path.display());
        Self { dialect: Dialect::Sqlite, url, drop: None, _folder: Some(folder) }
    }

    /// The URL with another user, who needs no password.
    #[cfg(feature = "postgres")]
    pub(crate) fn url_as(&self, user: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let (_, host) = rest.split_once('@').unwrap();
        format!("{scheme}://{user}@{host}")
    }

    /// One that somebody else has made.
    pub(crate) fn at(dialect: Dialect, url: &str) -> Self {
        Self { dialect, url: url.to_owned(), drop: None, _folder: None }
    }

    /// `None` if no such server is named.
    pub(crate) async fn on(dialect: Dialect) -> Option<Self> {
        let variable = match dialect {
            Dialect::Sqlite => return Some(Self::sqlite()),
            Dialect::Postgres => "MIGRATE_TEST_POSTGRES_URL",
            Dialect::Mysql => "MIGRATE_TEST_MYSQL_URL",
        };
        #[expect(clippy::disallowed_methods, reason = "a test finds its servers there")]
        let Ok(server) = std::env::var(variable) else {
            eprintln!("skipped: {variable} is not set");
            return None;
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("migrate_test_{}_{number}", std::process::id());
        query(&server, &format!("CREATE DATABASE {name}")).await;
        let drop = match dialect {
            Dialect::Postgres => format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            _ => format!("DROP DATABASE IF EXISTS {name}"),
        };
        let (base, options) = server
            .split_once('?')
            .map_or((&*server, None), |(base, options)| (base, Some(options)));
        let host =
            base.find("://").and_then(|at| base[at + 3..].find('/').map(|slash| at + 3 + slash));
        let base = host.map_or(base, |slash| &base[..slash]);
        let options = options.map(|options| format!("?{options}")).unwrap_or_default();
        let url = format!("{base}/{name}{options}");
        Some(Self { dialect, url, drop: Some((server, drop)), _folder: None })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((server, sql)) = self.drop.take() else { return };
        // A test's own runtime may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(query(&server, &sql));
        });
        let is_dropped = dropped.join().is_ok() || std::thread::panicking();
        assert!(is_dropped, "the test's database could not be dropped");
    }
}

/// The rows of a query, as texts; any other statement has none.
pub(crate) async fn query(url: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let source = Source::Url(url.to_owned(), std::marker::PhantomData);
    let mut connection = Connection::open(source, true).await.unwrap();
    let rows = connection.texts(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.finish().await.unwrap();
    rows
}

/// The first column of a query.
pub(crate) async fn column(url: &str, sql: &str) -> Vec<String> {
    let rows = query(url, sql).await;
    rows.into_iter().map(|mut cells| cells.swap_remove(0).unwrap_or_default()).collect()
}

/// The names of the application's tables.
pub(crate) async fn tables(place: &Place) -> Vec<String> {
    let sql = match place.dialect {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'migrate%' ORDER BY 1"
        }
        Dialect::Postgres => {
            "SELECT table_name::text FROM information_schema.tables \
             WHERE table_schema = 'public' AND table_name NOT LIKE 'migrate%' ORDER BY 1"
        }
        Dialect::Mysql => {
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name NOT LIKE 'migrate%' ORDER BY 1"
        }
    };
    column(&place.url, sql).await
}

/// The revisions that are recorded, in the order of their ids, each with its status.
pub(crate) async fn recorded(place: &Place) -> Vec<String> {
    let rows =
        query(&place.url, "SELECT revision, status FROM migrate_revisions ORDER BY revision").await;
    rows.into_iter()
        .map(|cells| cells.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Runs a test on every dialect.
macro_rules! everywhere {
    ($($(#[$attribute:meta])* async fn $name:ident($place:ident: Place) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn body($place: Place) $body

                #[tokio::test]
                $(#[$attribute])*
                async fn sqlite() {
                    body(Place::sqlite()).await;
                }

                #[cfg(feature = "postgres")]
                #[tokio::test]
                $(#[$attribute])*
                async fn postgres() {
                    if let Some(place) = Place::on(crate::Dialect::Postgres).await {
                        body(place).await;
                    }
                }

                #[cfg(feature = "mysql")]
                #[tokio::test]
                $(#[$attribute])*
                async fn mysql() {
                    if let Some(place) = Place::on(crate::Dialect::Mysql).await {
                        body(place).await;
                    }
                }
            }
        )*
    };
}
pub(crate) use everywhere;
