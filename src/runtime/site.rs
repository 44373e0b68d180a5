//! Databases as a whole: whether they are there, creating and dropping them.
//!
//! On a server that is done from another database, since a session cannot drop the one it is in.

use std::fmt::Write as _;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connection::Connection;
use super::database::{self, Source, no_driver};
use super::error::{Error, ErrorKind};
use super::timer::sleep;
use super::tracking::{Cells, literal, quoted};
use crate::dialect::Dialect;

/// Databases without which a server does not work.
const OF_THE_SERVER: [&str; 7] = [
    "postgres",
    "template0",
    "template1",
    "mysql",
    "information_schema",
    "performance_schema",
    "sys",
];

/// What a file of `SQLite` may leave beside it.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// A session that has just been closed is seen for a moment yet.
const MOMENT: Duration = Duration::from_millis(100);
const MOMENTS: u32 = 5;

/// A database that may be there or not.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    url: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    File(PathBuf),
    Server {
        dialect: Dialect,
        name: String,
        /// Where to connect for it: the first that can be reached.
        doors: Vec<String>,
    },
}

impl Site {
    /// The database of a URL.
    #[cfg(feature = "cli")]
    pub(crate) fn of(url: &str) -> Result<Self, Error> {
        let kind = match dialect(url)? {
            Dialect::Sqlite => Kind::File(file(url)?),
            dialect => {
                let name = name(dialect, url)?;
                // `template1` is everywhere; many sites close it to others, and keep `postgres`.
                let doors: &[&str] = match dialect {
                    Dialect::Postgres => &["postgres", "template1"],
                    _ => &[""],
                };
                let doors = doors.iter().map(|door| with_database(url, door)).collect();
                Kind::Server { dialect, name, doors }
            }
        };
        Ok(Self { url: url.to_owned(), kind })
    }

    /// A database with another name on the server of a URL; what the URL names is only the door.
    #[cfg(feature = "testing")]
    pub(crate) fn beside(url: &str, name: &str) -> Result<Self, Error> {
        let dialect = dialect(url)?;
        if dialect == Dialect::Sqlite {
            return Err(Error::new(ErrorKind::Url, "an SQLite URL names no server")
                .help("give the URL of a PostgreSQL, MySQL or MariaDB server"));
        }
        let doors = vec![url.to_owned()];
        let kind = Kind::Server { dialect, name: name.to_owned(), doors };
        Ok(Self { url: with_database(url, name), kind })
    }

    /// The file of a path.
    #[cfg(feature = "testing")]
    pub(crate) fn at(path: PathBuf) -> Self {
        let mut url = String::from("sqlite:");
        for character in path.to_string_lossy().chars() {
            match character {
                '%' => url.push_str("%25"),
                '?' => url.push_str("%3F"),
                '#' => url.push_str("%23"),
                other => url.push(other),
            }
        }
        Self { url, kind: Kind::File(path) }
    }

    /// The URL, with its password.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.kind {
            Kind::File(_) => Dialect::Sqlite,
            Kind::Server { dialect, .. } => *dialect,
        }
    }

    /// The file, or the name on its server.
    pub(crate) fn name(&self) -> String {
        match &self.kind {
            Kind::File(path) => path.display().to_string(),
            Kind::Server { name, .. } => name.clone(),
        }
    }

    #[cfg(feature = "cli")]
    pub(crate) async fn exists(&self) -> Result<bool, Error> {
        match &self.kind {
            Kind::File(path) => Ok(path.symlink_metadata().is_ok()),
            Kind::Server { .. } => {
                let mut door = self.door().await?;
                let result = self.is_there(&mut door).await;
                door.finish().await?;
                result
            }
        }
    }

    /// Creates it, empty; `false` if it is there already.
    pub(crate) async fn create(&self) -> Result<bool, Error> {
        match &self.kind {
            Kind::File(path) => match std::fs::File::create_new(path) {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(about_file("create", path, &error)),
            },
            Kind::Server { dialect, name, .. } => {
                let options = match dialect {
                    Dialect::Mysql => " CHARACTER SET utf8mb4",
                    _ => "",
                };
                let sql = format!("CREATE DATABASE {}{options}", quoted(*dialect, name));
                let mut door = self.door().await?;
                let result = self.create_from(&mut door, &sql).await;
                door.finish().await?;
                result
            }
        }
    }

    async fn create_from(&self, door: &mut Connection<'_>, sql: &str) -> Result<bool, Error> {
        if self.is_there(door).await? {
            return Ok(false);
        }
        match door.texts(sql).await {
            Ok(_) => Ok(true),
            // Somebody else was quicker.
            Err(_) if self.is_there(door).await? => Ok(false),
            Err(error) => Err(door.explained(error, "create the database").on(door.name())),
        }
    }

    /// Drops it with everything in it; `false` if it is not there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InUse`] if other sessions are connected; with `force` they are ended.
    pub(crate) async fn drop(&self, force: bool) -> Result<bool, Error> {
        match &self.kind {
            Kind::File(path) => {
                if path.symlink_metadata().is_err() {
                    return Ok(false);
                }
                self.refuse_busy(force).await?;
                remove(path).map_err(|error| about_file("remove", path, &error))?;
                Ok(true)
            }
            Kind::Server { name, .. } => {
                if OF_THE_SERVER.contains(&&**name) {
                    return Err(Error::new(
                        ErrorKind::Denied,
                        format!("`{name}` is a database of the server's own, and is not dropped"),
                    )
                    .help("name the database of the application in the URL"));
                }
                let mut door = self.door().await?;
                let result = self.drop_from(&mut door, force).await;
                door.finish().await?;
                result
            }
        }
    }

    async fn drop_from(&self, door: &mut Connection<'_>, force: bool) -> Result<bool, Error> {
        let Kind::Server { dialect, name, .. } = &self.kind else { return Ok(false) };
        if !self.is_there(door).await? {
            return Ok(false);
        }
        let mut sessions = self.sessions(door).await?;
        let mut moments = MOMENTS;
        while !force && !sessions.is_empty() && moments > 0 {
            moments -= 1;
            sleep(MOMENT).await;
            sessions = self.sessions(door).await?;
        }
        if !force && !sessions.is_empty() {
            return Err(in_use(name, &sessions).on(door.name()));
        }
        let mut sql = format!("DROP DATABASE IF EXISTS {}", quoted(*dialect, name));
        match dialect {
            Dialect::Postgres if force => sql.push_str(" WITH (FORCE)"),
            Dialect::Mysql => {
                for session in &sessions {
                    // It may have ended by itself.
                    drop(door.texts(&format!("KILL {}", session.id)).await);
                }
            }
            _ => {}
        }
        let dropped = door.texts(&sql).await;
        dropped.map_err(|error| door.explained(error, "drop the database"))?;
        Ok(true)
    }

    /// Refuses a file that somebody else is writing to, and one that is no database at all.
    async fn refuse_busy(&self, force: bool) -> Result<(), Error> {
        let way = Source::Url(self.url.clone(), PhantomData);
        let mut connection = Connection::open(way, false).await?;
        let result = async {
            // A file that is no database is noticed when it is read.
            let doing = "look at the database before it is dropped";
            let read = connection.texts("SELECT count(*) FROM sqlite_schema").await;
            read.map_err(|error| connection.explained(error, doing))?;
            if force {
                return Ok(());
            }
            let locked = connection.texts("BEGIN EXCLUSIVE").await;
            drop(connection.texts("ROLLBACK").await);
            locked.map(drop).map_err(|error| connection.explained(error, doing))
        }
        .await;
        connection.finish().await?;
        result.map_err(|error: Error| match error.kind() {
            ErrorKind::Locked => Error::new(
                ErrorKind::InUse,
                format!("another program has `{}` open, and is at work", self.name()),
            )
            .help("end it first, or drop the database all the same with `--force`"),
            _ => error,
        })
    }

    /// A connection from which the database can be created and dropped.
    pub(crate) async fn door(&self) -> Result<Connection<'static>, Error> {
        let Kind::Server { doors, .. } = &self.kind else {
            return Err(Error::new(ErrorKind::Url, "a file has no server"));
        };
        let mut first = None;
        for door in doors {
            match Connection::open(Source::Url(door.clone(), PhantomData), false).await {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    // Where no server answers, another name helps nothing.
                    let is_answer = std::error::Error::source(&error)
                        .and_then(|source| source.downcast_ref::<sqlx::Error>())
                        .is_some_and(|source| source.as_database_error().is_some());
                    first.get_or_insert(error);
                    if !is_answer {
                        break;
                    }
                }
            }
        }
        Err(first
            .unwrap_or_else(|| Error::new(ErrorKind::Connect, "there is no way to the server")))
    }

    /// Asked on a connection to its server.
    pub(crate) async fn is_there(&self, door: &mut Connection<'_>) -> Result<bool, Error> {
        let Kind::Server { dialect, name, .. } = &self.kind else { return Ok(false) };
        let name = literal(*dialect, name);
        let sql = match dialect {
            Dialect::Postgres => {
                format!("SELECT 'there' FROM pg_catalog.pg_database WHERE datname = {name}")
            }
            _ => format!(
                "SELECT 'there' FROM information_schema.schemata WHERE schema_name = {name}"
            ),
        };
        let rows = door.texts(&sql).await;
        let rows = rows.map_err(|error| door.explained(error, "look for the database"))?;
        Ok(!rows.is_empty())
    }

    async fn sessions(&self, door: &mut Connection<'_>) -> Result<Vec<Session>, Error> {
        let Kind::Server { dialect, name, .. } = &self.kind else { return Ok(Vec::new()) };
        let name = literal(*dialect, name);
        let sql = match dialect {
            Dialect::Postgres => format!(
                "SELECT pid::text, concat_ws(' ', 'user', usename::text, 'from', \
                 coalesce(host(client_addr), 'this host'), '(' || nullif(application_name, '') || ')', state) \
                 FROM pg_catalog.pg_stat_activity \
                 WHERE datname = {name} AND pid <> pg_catalog.pg_backend_pid() \
                 AND backend_type = 'client backend' ORDER BY pid"
            ),
            _ => format!(
                "SELECT CAST(id AS CHAR), concat_ws(' ', 'user', user, 'from', host, lower(command)) \
                 FROM information_schema.processlist \
                 WHERE db = {name} AND id <> connection_id() ORDER BY id"
            ),
        };
        let rows = door.texts(&sql).await;
        let rows = rows.map_err(|error| door.explained(error, "look for other sessions"))?;
        Ok(rows.into_iter().filter_map(Session::read).collect())
    }
}

/// Somebody who is connected to a database.
struct Session {
    id: String,
    words: String,
}

impl Session {
    fn read(cells: Cells) -> Option<Self> {
        let mut cells = cells.into_iter();
        Some(Self { id: cells.next()??, words: cells.next()?.unwrap_or_default() })
    }
}

fn in_use(name: &str, sessions: &[Session]) -> Error {
    const MOST: usize = 10;
    let who = if sessions.len() == 1 { "another session" } else { "other sessions" };
    let mut error =
        Error::new(ErrorKind::InUse, format!("`{name}` is in use by {who}; nothing was changed"));
    for session in sessions.iter().take(MOST) {
        error = error.note(format!("session {}: {}", session.id, session.words));
    }
    if let Some(more @ 1..) = sessions.len().checked_sub(MOST) {
        error = error.note(format!("and {more} more"));
    }
    error.help("end the programs that use it, or end their sessions with `--force`")
}

/// Removes a database's files.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for suffix in BESIDE {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        match std::fs::remove_file(beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // Last, so that what is left of a failure is still known as a database.
    std::fs::remove_file(path)
}

fn about_file(doing: &str, path: &Path, error: &io::Error) -> Error {
    let name = path.display();
    Error::new(
        ErrorKind::Database,
        format!("failed to {doing} the database file `{name}`: {error}"),
    )
    .help(format!("check that the directory of `{name}` exists and may be written"))
}

fn dialect(url: &str) -> Result<Dialect, Error> {
    database::check(url)?;
    #[cfg(feature = "sqlite")]
    if super::sqlite::is_url(url) {
        return Ok(Dialect::Sqlite);
    }
    #[cfg(feature = "postgres")]
    if super::postgres::is_url(url) {
        return Ok(Dialect::Postgres);
    }
    #[cfg(feature = "mysql")]
    if super::mysql::is_url(url) {
        return Ok(Dialect::Mysql);
    }
    Err(no_driver(url))
}

#[cfg(feature = "cli")]
fn file(url: &str) -> Result<PathBuf, Error> {
    #[cfg(feature = "sqlite")]
    if let Some(path) = super::sqlite::Source::from_url(url)?.file() {
        return Ok(path);
    }
    let _ = url;
    Err(Error::new(ErrorKind::Url, "an in-memory database is neither created nor dropped")
        .help("name a file: `sqlite:PATH`"))
}

#[cfg(feature = "cli")]
fn name(dialect: Dialect, url: &str) -> Result<String, Error> {
    let name = match dialect {
        #[cfg(feature = "postgres")]
        Dialect::Postgres => super::postgres::Source::from_url(url)?.database(),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => super::mysql::Source::from_url(url)?.database(),
        _ => None,
    };
    name.ok_or_else(|| {
        Error::new(ErrorKind::Url, "the database URL names no database")
            .help("write it behind the host: `…://USER@HOST/DATABASE`")
    })
}

/// The same server with another database, or with none.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (url, None),
    };
    let host = base.find("://").map_or(0, |at| at + 3);
    let end = base[host..].find('/').map_or(base.len(), |at| host + at);
    let mut with = format!("{}/", &base[..end]);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            with.push(char::from(byte));
        } else {
            let _ = write!(with, "%{byte:02X}");
        }
    }
    // On PostgreSQL this option would have the last word.
    let options: Vec<&str> = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|option| !option.starts_with("dbname="))
        .collect();
    if !options.is_empty() {
        with.push('?');
        with.push_str(&options.join("&"));
    }
    with
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_and_nothing_else() {
        for (url, with) in [
            ("postgres://me:p%2Fw@db:5433/shop", "postgres://me:p%2Fw@db:5433/x%20y"),
            ("postgres://db", "postgres://db/x%20y"),
            ("postgres:///shop?host=/run&dbname=a", "postgres:///x%20y?host=/run"),
            ("mysql://db/shop?ssl-mode=DISABLED", "mysql://db/x%20y?ssl-mode=DISABLED"),
        ] {
            assert_eq!(with_database(url, "x y"), with);
        }
        assert_eq!(with_database("mysql://me@db/shop", ""), "mysql://me@db/");
    }

    #[cfg(feature = "cli")]
    #[test]
    fn a_database_in_memory_is_no_file() {
        for url in ["sqlite::memory:", "sqlite:x?mode=memory"] {
            assert_eq!(Site::of(url).unwrap_err().kind(), ErrorKind::Url, "{url}");
        }
    }
}
