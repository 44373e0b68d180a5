//! A database server to measure with, and databases in it.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use cargo_migrate::Dialect;

use super::proxy::Proxy;
use crate::command::output;
use crate::test::servers::One;
use crate::test::{mysql, postgres};

/// How long the end of a session is waited for: only then all of its work is counted.
const PATIENCE: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Server {
    pub(super) dialect: Dialect,
    address: Address,
    /// The process of the server, where it is one of this machine.
    process: Option<u32>,
    _running: One,
}

impl Server {
    /// The server of this dialect that the tests use, or a private one.
    pub(super) fn start(dialect: Dialect) -> Result<Self, String> {
        let kind = match dialect {
            Dialect::Postgres => postgres::KIND,
            _ => mysql::KIND,
        };
        let running = One::of(&kind)?;
        let address = Address::parse(running.url(), dialect).ok_or_else(|| {
            format!("{} is no URL of a server: SCHEME://USER@HOST:PORT/", kind.variable)
        })?;
        let mut server = Self { dialect, address, process: None, _running: running };
        server.process = server.find_process()?;
        Ok(server)
    }

    /// A new database.
    pub(super) fn database(&self) -> Result<Database<'_>, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("migrate_bench_{}_{count}", std::process::id());
        self.ask(&format!("CREATE DATABASE {name}"))?;
        Ok(Database { server: self, name })
    }

    /// A network to the server.
    pub(super) fn proxy(&self, delay: Duration) -> Result<Proxy, String> {
        Proxy::start(&format!("{}:{}", self.address.host, self.address.port), delay)
    }

    /// CPU seconds that the server has used; `None` if it is not one of this machine.
    ///
    /// Each session of `PostgreSQL` is a process, whose time counts from its end on.
    pub(super) fn cpu(&self) -> Result<Option<f64>, String> {
        let Some(process) = self.process else { return Ok(None) };
        let path = format!("/proc/{process}/stat");
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let ticks: f64 = output(Command::new("getconf").arg("CLK_TCK"))?
            .trim()
            .parse()
            .map_err(|_| String::from("`getconf CLK_TCK` answers no number"))?;
        Ok(used(&text).map(|used| used / ticks))
    }

    fn find_process(&self) -> Result<Option<u32>, String> {
        let pid = if self.dialect == Dialect::Postgres {
            // Only administrators of the server may read the file.
            self.ask("SELECT pg_read_file('postmaster.pid')").unwrap_or_default()
        } else {
            let file = self.ask("SELECT @@pid_file")?;
            fs::read_to_string(file.trim()).unwrap_or_default()
        };
        let pid = pid.lines().next().and_then(|line| line.trim().parse::<u32>().ok());
        Ok(pid.filter(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            ["postgres", "mariadbd", "mysqld"].contains(&name.trim())
        }))
    }

    /// Runs one statement outside the databases that are measured.
    fn ask(&self, sql: &str) -> Result<String, String> {
        let execute = if self.dialect == Dialect::Postgres { "--command" } else { "--execute" };
        let mut command = self.client(&self.address, &self.address.database);
        output(command.args([execute, sql]))
    }

    /// The server's own client; it stops at the first error.
    fn client(&self, address: &Address, database: &str) -> Command {
        if self.dialect == Dialect::Postgres {
            let mut command = Command::new("psql");
            command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
            command.args(["--set", "ON_ERROR_STOP=1"]).arg(address.url(database));
            command.env("PGGSSENCMODE", "disable");
            return command;
        }
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--protocol=tcp", "--skip-ssl", "--skip-column-names"]);
        command.arg("--batch").arg(format!("--host={}", address.host));
        command.arg(format!("--port={}", address.port)).arg(format!("--user={}", address.user));
        if let Some(password) = &address.password {
            command.env("MYSQL_PWD", password);
        }
        if !database.is_empty() {
            command.arg(format!("--database={database}"));
        }
        command
    }
}

/// A database; dropped with this value.
pub(super) struct Database<'s> {
    server: &'s Server,
    name: String,
}

impl Database<'_> {
    pub(super) fn url(&self) -> String {
        self.server.address.url(&self.name)
    }

    pub(super) fn url_through(&self, proxy: &Proxy) -> String {
        self.server.address.through(proxy).url(&self.name)
    }

    /// The server's own client, in this database.
    pub(super) fn client_through(&self, proxy: &Proxy) -> Command {
        self.server.client(&self.server.address.through(proxy), &self.name)
    }

    /// Waits until nobody is connected: then everything is counted.
    pub(super) fn settle(&self) -> Result<(), String> {
        let sql = match self.server.dialect {
            Dialect::Postgres => {
                format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'", self.name)
            }
            _ => format!(
                "SELECT count(*) FROM information_schema.processlist WHERE db = '{}'",
                self.name
            ),
        };
        for _ in 0..PATIENCE {
            sleep(PAUSE);
            if self.server.ask(&sql)?.trim() == "0" {
                return Ok(());
            }
        }
        Err(format!("somebody stays connected to `{}`", self.name))
    }

    /// How many transactions `PostgreSQL` has committed in it.
    pub(super) fn commits(&self) -> Result<u32, String> {
        self.settle()?;
        let sql =
            format!("SELECT xact_commit FROM pg_stat_database WHERE datname = '{}'", self.name);
        let count = self.server.ask(&sql)?;
        count.trim().parse().map_err(|_| format!("the commits are not counted: `{count}`"))
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let _ = self.server.ask(&format!("DROP DATABASE {}", self.name));
    }
}

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Address {
    scheme: String,
    user: String,
    password: Option<String>,
    host: String,
    port: u16,
    database: String,
    query: String,
}

impl Address {
    /// `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/[DATABASE]][?QUERY]`. Nothing is decoded.
    fn parse(url: &str, dialect: Dialect) -> Option<Self> {
        let (port, user, plain) = match dialect {
            Dialect::Postgres => (5432, "postgres", "sslmode=disable"),
            _ => (3306, "root", "ssl-mode=disabled"),
        };
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, plain));
        let (login, place) = rest.rsplit_once('@').unwrap_or((user, rest));
        let (host, database) = place.split_once('/').unwrap_or((place, ""));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (host, port),
        };
        Some(Self {
            scheme: scheme.to_owned(),
            user: user.to_owned(),
            password: password.map(str::to_owned),
            host: host.to_owned(),
            port,
            database: database.to_owned(),
            query: query.to_owned(),
        })
    }

    fn url(&self, database: &str) -> String {
        let Self { scheme, user, host, port, query, .. } = self;
        let password = self.password.as_deref().map(|it| format!(":{it}")).unwrap_or_default();
        format!("{scheme}://{user}{password}@{host}:{port}/{database}?{query}")
    }

    fn through(&self, proxy: &Proxy) -> Self {
        Self { host: String::from("127.0.0.1"), port: proxy.port(), ..self.clone() }
    }
}

/// The ticks of a line of `/proc/PID/stat`: those of the process and of its children that have ended.
fn used(stat: &str) -> Option<f64> {
    // The name before may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields = rest.split_whitespace().skip(11).take(4);
    let fields: Option<Vec<f64>> = fields.map(|field| field.parse().ok()).collect();
    fields.filter(|fields| fields.len() == 4).map(|fields| fields.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_put_together() {
        let address = |url| Address::parse(url, Dialect::Postgres).unwrap();
        assert_eq!(
            address("postgres://root@127.0.0.1:5433/postgres").url("a"),
            "postgres://root@127.0.0.1:5433/a?sslmode=disable"
        );
        assert_eq!(
            address("postgres://me:secret@db?sslmode=require").url("a"),
            "postgres://me:secret@db:5432/a?sslmode=require"
        );
        assert_eq!(Address::parse("127.0.0.1", Dialect::Mysql), None);
    }

    #[test]
    fn the_ticks_of_children_count() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0 1 0 5";
        assert_eq!(used(line), Some(4330.0));
        assert_eq!(used("7 (a) S 1"), None);
    }
}
