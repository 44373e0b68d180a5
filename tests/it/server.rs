//! A database of its own for each test, on the servers that the surroundings name.
//!
//! `cargo xtask test` starts them and sets `MIGRATE_TEST_POSTGRES_URL` and `MIGRATE_TEST_MYSQL_URL`; without them
//! the tests say that they skip.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    #[cfg(feature = "mysql")]
    Mysql,
}

impl Kind {
    pub(crate) const ALL: &[Self] = &[
        Self::Postgres,
        #[cfg(feature = "mysql")]
        Self::Mysql,
    ];

    pub(crate) fn dialect(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            #[cfg(feature = "mysql")]
            Self::Mysql => "mysql",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "MIGRATE_TEST_POSTGRES_URL",
            #[cfg(feature = "mysql")]
            Self::Mysql => "MIGRATE_TEST_MYSQL_URL",
        }
    }

    /// A statement that takes so many seconds.
    pub(crate) fn sleep(self, seconds: f32) -> String {
        match self {
            Self::Postgres => format!("SELECT pg_sleep({seconds});"),
            #[cfg(feature = "mysql")]
            Self::Mysql => format!("DO SLEEP({seconds});"),
        }
    }
}

/// An empty database; it is dropped with this.
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    server: String,
}

impl Database {
    /// `None` if no such server is named.
    pub(crate) fn on(kind: Kind) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let Ok(server) = std::env::var(kind.variable()) else {
            println!("skipped: {} is not set", kind.variable());
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("migrate_it_{}_{number}", std::process::id());
        let database = Self { kind, name, server };
        run(&mut database.client(&database.server, &format!("CREATE DATABASE {}", database.name)));
        Some(database)
    }

    pub(crate) fn url(&self) -> String {
        self.url_of(&self.name)
    }

    /// The URL of another database of the same server.
    pub(crate) fn url_of(&self, name: &str) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{name}")
    }

    /// The same database with another user, host or port: what stands between `//` and `/`.
    pub(crate) fn url_at(&self, authority: &str) -> String {
        let (scheme, _) = self.server.split_once("://").unwrap();
        format!("{scheme}://{authority}/{}", self.name)
    }

    /// The host and port of the server.
    pub(crate) fn address(&self) -> (String, String) {
        let (_, rest) = self.server.split_once("://").unwrap();
        let (authority, _) = rest.split_once('/').unwrap();
        let (_, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = address.split_once(':').unwrap();
        (host.to_owned(), port.to_owned())
    }

    /// What the server's own client answers.
    pub(crate) fn query(&self, sql: &str) -> String {
        run(&mut self.client(&self.url(), sql))
    }

    /// Runs files with PostgreSQL's own client, as their authors did.
    pub(crate) fn run_files(&self, paths: &[std::path::PathBuf]) {
        for path in paths {
            let mut command = Command::new("psql");
            command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname"]);
            run(command.arg(self.url()).arg("--file").arg(path));
        }
    }

    /// The names of the application's tables.
    pub(crate) fn tables(&self) -> Vec<String> {
        let schema = match self.kind {
            Kind::Postgres => "'public'",
            #[cfg(feature = "mysql")]
            Kind::Mysql => "database()",
        };
        let sql = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = {schema} \
             AND table_name NOT LIKE 'migrate%' ORDER BY 1"
        );
        self.query(&sql).lines().map(str::to_owned).collect()
    }

    /// The schema as PostgreSQL's own tool writes it, without the tracking tables.
    pub(crate) fn dump(&self) -> String {
        let mut command = Command::new("pg_dump");
        command.args(["--schema-only", "--no-owner", "--exclude-table=*migrate_revisions*"]);
        let text = run(command.arg("--dbname").arg(self.url()));
        // Newer versions begin with a random word.
        text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn client(&self, url: &str, sql: &str) -> Command {
        match self.kind {
            Kind::Postgres => {
                let mut command = Command::new("psql");
                command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--dbname"]);
                command.args([url, "--set", "ON_ERROR_STOP=1", "--command", sql]);
                command
            }
            #[cfg(feature = "mysql")]
            Kind::Mysql => {
                let (host, port) = self.address();
                let (_, name) = url.rsplit_once('/').unwrap();
                let user = url.split_once("://").unwrap().1.split_once('@').unwrap().0;
                let (user, password) = user.split_once(':').unwrap_or((user, ""));
                let mut command = Command::new("mysql");
                command.args(["--protocol=tcp", "--skip-column-names", "--batch", "--host", &host]);
                command.args(["--port", &port, "--user", user, "--execute", sql]);
                command.env("MYSQL_PWD", password).arg(name);
                command
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let how = match self.kind {
            Kind::Postgres => " WITH (FORCE)",
            #[cfg(feature = "mysql")]
            Kind::Mysql => "",
        };
        let sql = format!("DROP DATABASE {}{how}", self.name);
        let dropped = self.client(&self.server, &sql).stderr(Stdio::null()).status();
        assert!(
            std::thread::panicking() || dropped.is_ok_and(|status| status.success()),
            "the test's database could not be dropped"
        );
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}
