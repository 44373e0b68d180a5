//! Whether two URLs lead to the same database.
//!
//! A production database has many names, and whoever undoes revisions in it must be asked whichever of
//! them stands in the shell. So host, port and database are compared as the drivers read them, and what a
//! variable that is not set leaves open is neither the same nor different.

use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use crate::Dialect;
use crate::url::{dialect, split, split_port};

/// Stands in a URL for the value of a variable that is not set.
pub(super) const OPEN: char = '\u{fffc}';

/// What is known of two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sameness {
    /// They are one.
    Same,
    /// A server on this machine, once by its socket and once by its port: most likely they are one.
    Likely,
    /// What is known agrees, and something is not known.
    Open,
    /// They are two.
    Different,
}

/// What a URL means depends on this, too.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The directory that relative files are below.
    pub(super) base: &'a Path,
    /// The variables of the process, from which the driver takes what a URL does not say.
    pub(super) variables: &'a dyn Fn(&str) -> Option<String>,
}

impl Surroundings<'_> {
    /// Compares what two URLs lead to. A database in memory is never the same as another one.
    pub(super) fn compare(self, one: &str, two: &str) -> Sameness {
        if one.starts_with(OPEN) || two.starts_with(OPEN) {
            return Sameness::Open;
        }
        match (dialect(one), dialect(two)) {
            (Some(Dialect::Sqlite), Some(Dialect::Sqlite)) => {
                match (sqlite_file(one, self.base), sqlite_file(two, self.base)) {
                    (Some(_), Some(_)) if one.contains(OPEN) || two.contains(OPEN) => {
                        Sameness::Open
                    }
                    (Some(one), Some(two)) if same_path(&one, &two) => Sameness::Same,
                    _ => Sameness::Different,
                }
            }
            (Some(dialect), Some(other)) if dialect == other => {
                match (self.server(dialect, one), self.server(dialect, two)) {
                    (Some(one), Some(two)) => one.compare(&two, dialect),
                    _ => Sameness::Different,
                }
            }
            _ => Sameness::Different,
        }
    }

    fn server(self, dialect: Dialect, url: &str) -> Option<Server> {
        let (_, rest) = url.split_once("://")?;
        let (rest, _) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (authority, path) = split(rest, '/');
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (host, port) = split_port(host);
        let mut host = decode(host);
        let mut port = port.map(ToOwned::to_owned).unwrap_or_default();
        let mut database = path.map(|path| decode(path.trim_matches('/'))).unwrap_or_default();
        let mut user = user.map(|user| decode(split(user, ':').0)).unwrap_or_default();
        let options = query.into_iter().flat_map(|query| query.split('&'));
        // The drivers let these options replace what stands before.
        for (key, value) in options.filter_map(|option| option.split_once('=')) {
            match (key, dialect) {
                ("host" | "hostaddr", Dialect::Postgres) | ("socket", Dialect::Mysql) => {
                    host = decode(value);
                }
                ("port", Dialect::Postgres) => port = decode(value),
                ("dbname", Dialect::Postgres) => database = decode(value),
                ("user", Dialect::Postgres) => user = decode(value),
                _ => {}
            }
        }
        if port.is_empty() && host.contains(OPEN) {
            // The variable may hold both.
            port.push(OPEN);
        }
        if dialect == Dialect::Postgres {
            let defaults = [
                (&mut host, &["PGHOSTADDR", "PGHOST"][..]),
                (&mut port, &["PGPORT"]),
                (&mut user, &["PGUSER"]),
                (&mut database, &["PGDATABASE"]),
            ];
            for (part, names) in defaults {
                if part.is_empty() {
                    *part =
                        names.iter().find_map(|name| (self.variables)(name)).unwrap_or_default();
                }
            }
            if database.is_empty() {
                database = user;
            }
        }
        if port.is_empty() {
            let default = if dialect == Dialect::Mysql { "3306" } else { "5432" };
            default.clone_into(&mut port);
        }
        let port = port.parse().map_or(port, |number: u16| number.to_string());
        Some(Server { host: Host::of(&host), port, database })
    }
}

/// Where a server is.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    /// This machine, by one of its many names.
    Local,
    /// A socket of this machine: a path, where case counts.
    Socket(String),
    /// Another machine, or one that is not known yet.
    Name(String),
}

impl Host {
    fn of(host: &str) -> Self {
        if host.starts_with('/') {
            return Self::Socket(host.trim_end_matches('/').to_owned());
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address.map(|address| address.to_canonical()) {
            // To connect to no address is to connect to this machine.
            Ok(address) if address.is_loopback() || address.is_unspecified() => Self::Local,
            Ok(address) => Self::Name(address.to_string()),
            Err(_) if matches!(name.as_str(), "" | "localhost") => Self::Local,
            Err(_) => Self::Name(name),
        }
    }
}

/// What makes a server's database the one it is.
#[derive(Debug, PartialEq, Eq)]
struct Server {
    host: Host,
    port: String,
    database: String,
}

impl Server {
    fn compare(&self, other: &Self, dialect: Dialect) -> Sameness {
        let hosts = match (&self.host, &other.host) {
            (Host::Name(one), Host::Name(two)) => compare(one, two),
            (Host::Name(name), _) | (_, Host::Name(name)) if name.contains(OPEN) => Sameness::Open,
            (Host::Local, Host::Socket(_)) | (Host::Socket(_), Host::Local) => Sameness::Likely,
            (one, two) if one == two => Sameness::Same,
            _ => Sameness::Different,
        };
        // The name of PostgreSQL's socket holds the port; MySQL's is found without one.
        let by_socket = [&self.host, &other.host].iter().any(|it| matches!(it, Host::Socket(_)));
        let ports = if by_socket && dialect == Dialect::Mysql {
            Sameness::Same
        } else {
            compare(&self.port, &other.port)
        };
        let all = [hosts, ports, compare(&self.database, &other.database)];
        [Sameness::Different, Sameness::Open, Sameness::Likely]
            .into_iter()
            .find(|sameness| all.contains(sameness))
            .unwrap_or(Sameness::Same)
    }
}

fn compare(one: &str, two: &str) -> Sameness {
    if one.contains(OPEN) || two.contains(OPEN) {
        Sameness::Open
    } else if one == two {
        Sameness::Same
    } else {
        Sameness::Different
    }
}

/// The file of a `sqlite:` URL, absolute if `base` is; `None` for a database in memory.
pub(super) fn sqlite_file(url: &str, base: &Path) -> Option<PathBuf> {
    let (_, rest) = url.split_once(':')?;
    let (path, query) = split(rest.strip_prefix("//").unwrap_or(rest), '?');
    let in_memory = query.is_some_and(|query| query.split('&').any(|it| it == "mode=memory"));
    if in_memory || path.is_empty() || path == ":memory:" {
        return None;
    }
    let mut file = PathBuf::new();
    for component in base.join(decode(path)).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                let is_name = matches!(file.components().next_back(), Some(Component::Normal(_)));
                if is_name {
                    file.pop();
                } else if !file.has_root() {
                    file.push("..");
                }
            }
            other => file.push(other),
        }
    }
    Some(file)
}

fn same_path(one: &Path, two: &Path) -> bool {
    if cfg!(windows) {
        one.to_string_lossy().eq_ignore_ascii_case(&two.to_string_lossy())
    } else {
        one == two
    }
}

/// Replaces `%41` by `A`; what is no such escape stays.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(high * 16 + low);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
