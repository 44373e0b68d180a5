//! The ways to a `SQLite` database.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Sqlite, SqliteConnection, SqlitePool};

use super::error::{connect_error, missing};
use super::guard::{BUSY_TIMEOUT, Connection, Held};
use crate::runtime::database;
use crate::runtime::error::{Error, ErrorKind};

database::ways!(Sqlite, SqlitePool, SqliteConnectOptions, SqliteConnection, Sqlite);

/// Whether a URL is for this dialect.
pub(crate) fn is_url(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("sqlite"))
}

impl Source<'_> {
    /// From a URL that [`is_url`] accepts.
    pub(crate) fn from_url(url: &str) -> Result<Self, Error> {
        // sqlx knows the scheme in lower case only, and takes anything else for a file name.
        let rest = url.get("sqlite:".len()..).unwrap_or_default();
        let options =
            SqliteConnectOptions::from_str(&format!("sqlite:{rest}")).map_err(|error| {
                Error::new(ErrorKind::Url, format!("the database URL cannot be used: {error}"))
                    .help("write `sqlite:PATH`, for example `sqlite:app.db`")
            })?;
        // Our own waiting takes over, which knows the lock time-out.
        Ok(Self::Options(Box::new(options.busy_timeout(BUSY_TIMEOUT))))
    }

    /// The file that it opens, if it is one.
    #[cfg(feature = "cli")]
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Options(options) => file_of(options),
            _ => None,
        }
    }
}

impl<'c> Connection<'c> {
    /// Takes or opens a connection; `create` allows to create the file.
    pub(crate) async fn open(source: Source<'c>, create: bool) -> Result<Self, Error> {
        match source {
            Source::Lent(connection) => Ok(Self::new(Held::Lent(connection), None)),
            Source::Own(connection) => Ok(Self::new(Held::Own(connection), None)),
            Source::Pool(pool) => {
                let options = pool.connect_options();
                let name = shown(options.get_filename());
                // The pool decides what it opens; a missing file only gets the clearer message.
                let connection = pool.acquire().await.map_err(|error| match file_of(&options) {
                    Some(file) if !file.exists() => missing(&name),
                    _ => connect_error(error, &name),
                })?;
                Ok(Self::new(Held::Pool(connection), Some(readable(&name))))
            }
            Source::Options(options) => {
                let name = shown(options.get_filename());
                let mut options = *options;
                if let Some(file) = file_of(&options) {
                    let may_create = create && !is_read_only(&options);
                    if !may_create && !file.exists() {
                        return Err(missing(&name));
                    }
                    // The same whether the file is there or not: it holds for `ATTACH` too.
                    options = options.create_if_missing(may_create);
                }
                let connection =
                    options.connect().await.map_err(|error| connect_error(error, &name))?;
                Ok(Self::new(Held::Own(Box::new(connection)), Some(readable(&name))))
            }
        }
    }
}

/// The file's name for people. A URL of another kind of database with the wrong scheme ends up as a
/// file name, password and all.
fn shown(file: &Path) -> String {
    let name = file.display().to_string();
    match name.rsplit_once('@') {
        Some((login, rest)) if login.contains(':') => {
            let user = login.split_once(':').map_or("", |(user, _)| user);
            format!("{user}:***@{rest}")
        }
        _ => name,
    }
}

fn readable(name: &str) -> String {
    if name.is_empty() || name == ":memory:" || name.starts_with("file:sqlx-in-memory-") {
        String::from("the in-memory database")
    } else {
        name.to_owned()
    }
}

/// The file that the options open, unless the database lives in memory or has a form of name that
/// only `SQLite` can judge.
fn file_of(options: &SqliteConnectOptions) -> Option<PathBuf> {
    let name = options.get_filename();
    let text = name.to_string_lossy();
    let is_special = text.is_empty() || text == ":memory:" || text.starts_with("file:");
    (!is_special && mode(options).as_deref() != Some("memory")).then(|| Path::new(name).to_owned())
}

fn is_read_only(options: &SqliteConnectOptions) -> bool {
    mode(options).as_deref() == Some("ro")
}

/// sqlx has setters for these options and no getters, but writes them into its URL.
fn mode(options: &SqliteConnectOptions) -> Option<String> {
    let url = options.to_url_lossy();
    let mode = url.query_pairs().find(|(key, _)| key == "mode")?.1.into_owned();
    Some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_password_is_not_shown() {
        assert_eq!(shown(Path::new("me:hunter2@host/x.db")), "me:***@host/x.db");
        assert_eq!(shown(Path::new("me@home/x.db")), "me@home/x.db");
        assert_eq!(shown(Path::new("C:/x.db")), "C:/x.db");
    }
}
