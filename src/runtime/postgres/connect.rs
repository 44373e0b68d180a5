//! The ways to a `PostgreSQL` database.

use std::str::FromStr;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, PgPool, Postgres};

use super::error::connect_error;
use super::guard::{Connection, Held};
use crate::runtime::database;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::network;

database::ways!(Postgres, PgPool, PgConnectOptions, PgConnection, Postgres);

/// Whether a URL is for this dialect.
pub(crate) fn is_url(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        ["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

impl Source<'_> {
    /// From a URL that [`is_url`] accepts.
    pub(crate) fn from_url(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url).map_err(|error| {
            // The driver's own words may repeat the URL, password and all.
            let why = match error {
                sqlx::Error::Configuration(why) if !why.to_string().contains("://") => {
                    format!(": {why}")
                }
                _ => String::new(),
            };
            Error::new(ErrorKind::Url, format!("the database URL cannot be used{why}")).help(
                "write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with special characters \
                 percent-encoded",
            )
        })?;
        Ok(Self::Options(Box::new(options)))
    }

    /// The database that it opens.
    #[cfg(feature = "cli")]
    pub(crate) fn database(&self) -> Option<String> {
        match self {
            Self::Options(options) => {
                Some(options.get_database().unwrap_or_else(|| options.get_username()).to_owned())
            }
            _ => None,
        }
    }
}

impl<'c> Connection<'c> {
    /// Takes or opens a connection.
    pub(crate) async fn open(source: Source<'c>) -> Result<Self, Error> {
        match source {
            Source::Lent(connection) => {
                let mut given = Self::new(Held::Lent(connection), None);
                given.refuse_transaction().await?;
                Ok(given)
            }
            Source::Own(connection) => {
                let mut given = Self::new(Held::Own(connection), None);
                given.refuse_transaction().await?;
                Ok(given)
            }
            Source::Pool(pool) => {
                let name = shown(&pool.connect_options());
                let connection = network::guarded(pool.acquire()).await?;
                let connection = connection.map_err(|error| connect_error(error, &name))?;
                Ok(Self::new(Held::Pool(connection), Some(name)))
            }
            Source::Options(options) => {
                let name = shown(&options);
                let options = match options.get_application_name() {
                    Some(_) => *options,
                    // What others see in the list of sessions.
                    None => options.application_name(&application_name()),
                };
                let connection = network::guarded(options.connect()).await?;
                let connection = connection.map_err(|error| connect_error(error, &name))?;
                Ok(Self::new(Held::Own(Box::new(connection)), Some(name)))
            }
        }
    }
}

/// `cargo-migrate shop@web-3 (4711)`; the server keeps 63 bytes of it.
fn application_name() -> String {
    format!("cargo-migrate {} ({})", crate::runtime::run::applied_by(), std::process::id())
}

/// The database for people: never with a password.
fn shown(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("postgres://{user}@{}/{database}", socket.display()),
        None if options.get_host().starts_with('/') => {
            format!("postgres://{user}@{}/{database}", options.get_host())
        }
        None => {
            format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_part_of_the_name_or_of_an_error() {
        let options = PgConnectOptions::from_str("postgres://me:hunter2@db:5433/shop").unwrap();
        assert_eq!(shown(&options), "postgres://me@db:5433/shop");
        for url in ["postgres://me:hunter2@db:port/shop", "postgres://me:hunter2@[/shop"] {
            let error = Source::from_url(url).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
