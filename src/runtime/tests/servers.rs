//! Databases of real servers, one a test.
//!
//! Where the environment names no server, the test says so and passes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, MySqlPool, Row};

/// How many databases this process has asked for.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database of its own, which goes with this.
pub(super) struct Server {
    admin: MySqlConnectOptions,
    url: String,
    pub(super) database: String,
}

impl Server {
    /// A new database of the server in `MIGRATE_TEST_MYSQL_URL`.
    pub(super) async fn mysql() -> Option<Self> {
        #[allow(
            clippy::disallowed_methods,
            reason = "which servers there are is for the machine to say"
        )]
        let url = std::env::var("MIGRATE_TEST_MYSQL_URL").ok();
        let Some(url) = url else {
            #[allow(clippy::print_stderr, reason = "a test that tests nothing has to say so")]
            {
                eprintln!("skipped: MIGRATE_TEST_MYSQL_URL is not set");
            }
            return None;
        };
        #[allow(clippy::disallowed_methods, reason = "a name that no other run has")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("migrate_{now:x}_{}_{number}", std::process::id());
        let admin: MySqlConnectOptions = url.parse().unwrap();
        let server = Self { admin, url, database };
        let mut connection = server.admin.connect().await.unwrap();
        run(&mut connection, &format!("CREATE DATABASE {} CHARACTER SET utf8mb4", server.database))
            .await;
        connection.close().await.unwrap();
        Some(server)
    }

    pub(super) fn url(&self) -> String {
        self.url_as(None)
    }

    /// The URL with another user and password.
    pub(super) fn url_as(&self, login: Option<(&str, &str)>) -> String {
        let (start, options) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let scheme_end = start.find("//").unwrap() + 2;
        let (scheme, rest) = start.split_at(scheme_end);
        let (own, host) = rest.rsplit_once('@').unwrap_or(("root", rest));
        let host = host.split('/').next().unwrap();
        let login =
            login.map_or_else(|| own.to_owned(), |(user, password)| format!("{user}:{password}"));
        format!("{scheme}{login}@{host}/{}?{options}", self.database)
    }

    pub(super) fn options(&self) -> MySqlConnectOptions {
        self.admin.clone().database(&self.database)
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
        self.texts(&format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' \
             AND table_name NOT LIKE 'migrate%' ORDER BY table_name",
            self.database
        ))
        .await
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

impl Drop for Server {
    fn drop(&mut self) {
        let (admin, database) = (self.admin.clone(), self.database.clone());
        let dropped = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = admin.connect().await.unwrap();
                run(&mut connection, "SET SESSION lock_wait_timeout = 5").await;
                run(&mut connection, &format!("DROP DATABASE {database}")).await;
            });
        });
        let dropped = dropped.join();
        assert!(dropped.is_ok() || std::thread::panicking(), "the database could not be dropped");
    }
}

pub(super) async fn run(connection: &mut MySqlConnection, sql: &str) {
    use sqlx::Executor;
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
