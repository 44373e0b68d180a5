//! A database of a `MySQL` or `MariaDB` server, as these tests talk to it.

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection, MySqlPool, Row};

use crate::Dialect;
use crate::runtime::tests::place::Place;

/// A database of its own, which goes with this.
pub(super) struct Server {
    place: Place,
    pub(super) database: String,
}

impl Server {
    /// `None` if no server is named.
    pub(super) async fn new() -> Option<Self> {
        let place = Place::on(Dialect::Mysql).await?;
        let options: MySqlConnectOptions = place.url.parse().unwrap();
        let database = options.get_database().unwrap().to_owned();
        Some(Self { place, database })
    }

    pub(super) fn url(&self) -> String {
        self.place.url.clone()
    }

    /// The URL with another user and password.
    pub(super) fn url_as(&self, user: &str, password: &str) -> String {
        let (scheme, rest) = self.place.url.split_once("://").unwrap();
        let (_, host) = rest.rsplit_once('@').unwrap();
        format!("{scheme}://{user}:{password}@{host}")
    }

    pub(super) fn options(&self) -> MySqlConnectOptions {
        self.place.url.parse().unwrap()
    }

    pub(super) async fn pool(&self, size: u32) -> MySqlPool {
        MySqlPoolOptions::new().max_connections(size).connect_with(self.options()).await.unwrap()
    }

    pub(super) async fn connect(&self) -> MySqlConnection {
        self.options().connect().await.unwrap()
    }

    /// Runs statements on a connection of their own.
    pub(super) async fn exec(&self, sql: &str) {
        let mut connection = self.connect().await;
        run(&mut connection, sql).await;
        connection.close().await.unwrap();
    }

    /// The first column of all rows.
    pub(super) async fn texts(&self, sql: &str) -> Vec<String> {
        let mut connection = self.connect().await;
        let texts = texts(&mut connection, sql).await;
        connection.close().await.unwrap();
        texts
    }

    /// The names of the application's tables.
    pub(super) async fn tables(&self) -> Vec<String> {
        crate::runtime::tests::place::tables(&self.place).await
    }

    /// What the tracking table says, as `revision status done started`.
    pub(super) async fn recorded(&self) -> Vec<String> {
        self.texts(
            "SELECT concat_ws(' ', revision, status, statements_done, statement_started) \
             FROM migrate_revisions ORDER BY revision",
        )
        .await
    }
}

pub(super) async fn run(connection: &mut MySqlConnection, sql: &str) {
    let result = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    result.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub(super) async fn texts(connection: &mut MySqlConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter()
        .map(|row| row.try_get_unchecked::<Option<String>, _>(0).unwrap().unwrap_or_default())
        .collect()
}
