//! The ways to a `MySQL` or `MariaDB` database.

use std::str::FromStr;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, MySql};

use super::error::{connect_error, message};
use super::guard::{Connection, Held};
use crate::runtime::database;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::network;

database::ways!(Mysql, MySqlPool, MySqlConnectOptions, MySqlConnection, MySql);

/// Whether a URL is for this dialect.
pub(crate) fn is_url(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        ["mysql", "mariadb"].iter().any(|other| scheme.eq_ignore_ascii_case(other))
    })
}

impl Source<'_> {
    /// From a URL that [`is_url`] accepts.
    pub(crate) fn from_url(url: &str) -> Result<Self, Error> {
        let help =
            "write `mysql://USER:PASSWORD@HOST/DATABASE`, with `%40` for an `@` in the password";
        if !url.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//")) {
            return Err(Error::new(
                ErrorKind::Url,
                "the database URL cannot be used: `//` must follow its scheme",
            )
            .help(help));
        }
        let options = MySqlConnectOptions::from_str(url).map_err(|error| {
            let says = message(&error);
            let says = says.strip_prefix("error with configuration: ").unwrap_or(&says);
            // What is quoted may be a part of a password that was not encoded.
            let says = match (says.split_once('"'), says.rsplit_once('"')) {
                (Some((before, _)), Some((_, after))) => format!("{before}…{after}"),
                _ => says.to_owned(),
            };
            Error::new(ErrorKind::Url, format!("the database URL cannot be used: {says}"))
                .help(help)
        })?;
        // The brackets of an IPv6 address belong to the URL.
        let host = options.get_host().to_owned();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let options = match bare {
            Some(bare) => options.host(bare),
            None => options,
        };
        Ok(Self::Options(Box::new(options)))
    }

    /// The database that it opens.
    #[cfg(feature = "cli")]
    pub(crate) fn database(&self) -> Option<String> {
        match self {
            Self::Options(options) => Some(options.get_database()?.to_owned()),
            _ => None,
        }
    }
}

impl<'c> Connection<'c> {
    /// Takes or opens a connection.
    pub(crate) async fn open(source: Source<'c>) -> Result<Self, Error> {
        match source {
            Source::Lent(connection) => Ok(Self::new(Held::Lent(connection), None)),
            Source::Own(connection) => Ok(Self::new(Held::Own(connection), None)),
            Source::Pool(pool) => {
                let name = shown(&pool.connect_options());
                let connection = network::guarded(pool.acquire()).await?;
                let connection = connection.map_err(|error| connect_error(error, &name))?;
                Ok(Self::new(Held::Pool(connection), Some(name)))
            }
            Source::Options(options) => {
                let name = shown(&options);
                let connection = network::guarded(options.connect()).await?;
                let connection = connection.map_err(|error| connect_error(error, &name))?;
                Ok(Self::new(Held::Own(Box::new(connection)), Some(name)))
            }
        }
    }
}

/// The database for people; without the password, and without options, which may hold secrets.
fn shown(options: &MySqlConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or_default();
    if let Some(socket) = options.get_socket() {
        return format!("mysql://{user}@{}/{database}", socket.display());
    }
    let host = options.get_host();
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    format!("mysql://{user}@{host}:{}/{database}", options.get_port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        for (url, name) in [
            ("mysql://me:hunter2@host/shop?ssl-mode=DISABLED", "mysql://me@host:3306/shop"),
            ("mariadb://me:hunter2@[::1]:3307/shop", "mysql://me@[::1]:3307/shop"),
            ("mysql://me@h/shop?socket=/run/my.sock", "mysql://me@/run/my.sock/shop"),
        ] {
            assert!(is_url(url), "{url}");
            assert_eq!(shown(&url.parse().unwrap()), name);
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_shows_no_secret() {
        for url in [
            "mysql:me:hunter2@host/shop",
            "mysql://me:hunter2@host:port/shop",
            "mysql://me:x@host/shop?ssl-mode=hunter2",
        ] {
            let error = Source::from_url(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Url, "{url}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn outside_of_tokio_there_is_an_error() {
        let options = "mysql://me:hunter2@127.0.0.1:1/shop".parse().unwrap();
        let open = Connection::open(Source::Options(Box::new(options)));
        let error = futures_util::FutureExt::now_or_never(open).unwrap().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.to_string().contains("feature `tokio`"), "{error}");
    }
}
