//! Database URLs: `${VAR}` in them, their passwords, and whether two name the same database.
//!
//! Nothing here connects or validates; the driver does that. It is read far enough to choose a
//! dialect, to compare two URLs, and to show one without its password. In a URL that is written
//! wrongly the parts cannot be told apart, so there everything doubtful is hidden.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::Dialect;

/// Why [`expand`] cannot replace the variables of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpandError {
    /// A variable has no value.
    UnsetVariable {
        /// Its name.
        name: String,
    },
    /// A `${` is not followed by a name and `}`.
    Malformed,
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsetVariable { name } => {
                write!(f, "the variable `{name}` is not set; set it in the environment or in `.env`")
            }
            Self::Malformed => f.write_str(
                "`${` is not followed by a name and `}`; write `${NAME}`, or `$${` for the text `${`",
            ),
        }
    }
}

impl std::error::Error for ExpandError {}

/// Replaces every `${VAR}` by its value, and `$$` by `$`.
///
/// Any other `$` stays what it is. Values are not looked at again.
///
/// ```
/// use cargo_migrate::config::expand;
///
/// let lookup = |name: &str| (name == "HOST").then(|| "db".to_owned());
/// assert_eq!(expand("postgres://${HOST}/app", &lookup).unwrap(), "postgres://db/app");
/// assert!(expand("${PORT}", &lookup).is_err());
/// ```
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let mut expanded = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece? {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Variable(name) => match lookup(name) {
                Some(value) => expanded.push_str(&value),
                None => return Err(ExpandError::UnsetVariable { name: name.to_owned() }),
            },
        }
    }
    Ok(expanded)
}

enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

fn pieces(text: &str) -> impl Iterator<Item = Result<Piece<'_>, ExpandError>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix("$$") {
            rest = after;
            return Some(Ok(Piece::Text("$")));
        }
        if let Some(after) = rest.strip_prefix("${") {
            let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name))
            else {
                rest = "";
                return Some(Err(ExpandError::Malformed));
            };
            rest = after;
            return Some(Ok(Piece::Variable(name)));
        }
        let next = rest.char_indices().skip(1).find(|&(_, c)| c == '$');
        let (piece, after) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        rest = after;
        Some(Ok(Piece::Text(piece)))
    })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A database URL as the configuration writes it, with `${VAR}` not yet replaced.
///
/// Shown without its password, as a [`DatabaseUrl`] is.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlTemplate(String);

impl UrlTemplate {
    /// A template with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The URL, with the variables replaced.
    pub fn expand(
        &self,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<DatabaseUrl, ExpandError> {
        expand(&self.0, lookup).map(DatabaseUrl::new)
    }

    /// Whether every `${` in it is followed by a name and `}`.
    pub fn is_well_formed(&self) -> bool {
        pieces(&self.0).all(|piece| piece.is_ok())
    }

    /// Whether the value of this variable is part of the URL.
    pub fn mentions(&self, variable: &str) -> bool {
        pieces(&self.0).any(|piece| matches!(piece, Ok(Piece::Variable(name)) if name == variable))
    }

    /// The dialect, unless the scheme comes from a variable or is unknown.
    pub fn dialect(&self) -> Option<Dialect> {
        dialect(&self.0)
    }

    /// Whether the scheme stands in the text, and not in a variable.
    pub(super) fn has_literal_start(&self) -> bool {
        !self.0.starts_with("${")
    }

    /// The text without its password; a text that is one variable is shown.
    pub fn redacted(&self) -> String {
        let name = self.0.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if name.is_some_and(is_name) { self.0.clone() } else { redact(&self.0) }
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UrlTemplate").field(&self.redacted()).finish()
    }
}

/// The URL of a database.
///
/// What is shown of it, by `Display` and by `Debug`, never holds the password.
///
/// ```
/// use cargo_migrate::config::DatabaseUrl;
///
/// let url = DatabaseUrl::new("postgres://app:hunter2@db.example.com/app");
/// assert_eq!(url.to_string(), "postgres://app:***@db.example.com/app");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// A URL with this text, whatever it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The URL with its password: for the driver, never for people.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The URL without its password.
    pub fn redacted(&self) -> String {
        redact(&self.0)
    }

    /// The dialect, from the scheme.
    pub fn dialect(&self) -> Option<Dialect> {
        dialect(&self.0)
    }

    /// The same URL with the path of an `SQLite` file that was relative now below `base`.
    ///
    /// What a manifest says is relative to the manifest, wherever a command is run.
    #[must_use]
    pub fn relative_to(&self, base: &Path) -> Self {
        let Some(file) = sqlite_file(&self.0, base) else { return self.clone() };
        if self.dialect() != Some(Dialect::Sqlite) {
            return self.clone();
        }
        let mut url = String::from("sqlite:");
        for character in file.to_string_lossy().chars() {
            match character {
                '%' => url.push_str("%25"),
                '?' => url.push_str("%3F"),
                '#' => url.push_str("%23"),
                other => url.push(other),
            }
        }
        if let (_, Some(query)) = split(&self.0, '?') {
            url.push('?');
            url.push_str(query);
        }
        Self(url)
    }

    /// Whether both name the same database; relative `SQLite` files are below `base`.
    ///
    /// Host, port and database count; user, password and options do not. An in-memory database is
    /// never the same as another one.
    pub fn same_database(&self, other: &Self, base: &Path) -> bool {
        match (self.dialect(), other.dialect()) {
            (Some(Dialect::Sqlite), Some(Dialect::Sqlite)) => sqlite_file(&self.0, base)
                .is_some_and(|file| {
                    sqlite_file(&other.0, base).is_some_and(|other| same_path(&file, &other))
                }),
            (Some(one), Some(two)) if one == two => {
                Place::of(&self.0).is_some_and(|place| Place::of(&other.0) == Some(place))
            }
            _ => false,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.redacted()).finish()
    }
}

fn dialect(url: &str) -> Option<Dialect> {
    let (scheme, _) = url.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "sqlite" => Some(Dialect::Sqlite),
        "postgres" | "postgresql" => Some(Dialect::Postgres),
        "mysql" | "mariadb" => Some(Dialect::Mysql),
        _ => None,
    }
}

const HIDDEN: &str = "***";

/// Options whose names alone are shown; of those in neither list nothing is.
const SECRET: [&str; 6] = ["hexkey", "key", "options", "passwd", "password", "sslpassword"];

/// Options whose values are no secrets.
const HARMLESS: [&str; 22] = [
    "application_name",
    "cache",
    "charset",
    "collation",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "immutable",
    "mode",
    "port",
    "socket",
    "ssl-ca",
    "ssl-mode",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "target_session_attrs",
    "time_zone",
    "timezone",
    "user",
    "vfs",
];

fn redact(url: &str) -> String {
    let shown = match url.split_once(':') {
        Some((scheme, rest)) if dialect(url) == Some(Dialect::Sqlite) => {
            format!("{scheme}:{}", redact_file(rest))
        }
        Some((scheme, rest)) if is_scheme(scheme) => match rest.strip_prefix("//") {
            Some(rest) => format!("{scheme}://{}", redact_network(rest, dialect(url).is_some())),
            None => format!("{scheme}:{HIDDEN}"),
        },
        _ => HIDDEN.to_owned(),
    };
    // What is shown goes to terminals and logs.
    shown.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn redact_file(rest: &str) -> String {
    let (path, query) = split(rest, '?');
    let is_doubtful = rest.contains('@') && path.contains(':');
    let path = if is_doubtful { HIDDEN } else { path };
    format!("{path}{}", redact_query(query))
}

/// What follows `scheme://` of a server's URL.
///
/// A user name alone is shown only if the scheme is one of ours; elsewhere it may be a token.
fn redact_network(rest: &str, is_ours: bool) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // An `@` behind the authority may belong to a password with a `/` that is not escaped.
    if tail.contains('@') {
        return HIDDEN.to_owned();
    }
    let shown = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@{host}"),
            None if user.contains('@') || !is_ours => format!("{HIDDEN}@{host}"),
            None => authority.to_owned(),
        },
        None if is_host_and_port(authority) => authority.to_owned(),
        // `user:password` without a host, and with a `/` in the password no end that is known.
        None => return HIDDEN.to_owned(),
    };
    let (tail, fragment) = split(tail, '#');
    let (path, query) = split(tail, '?');
    let path = if path.contains(':') { "/***" } else { path };
    let fragment = if fragment.is_some() { "#***" } else { "" };
    format!("{shown}{path}{}{fragment}", redact_query(query))
}

fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = split_port(authority);
    (host.starts_with('[') || !host.contains(':'))
        && port.is_none_or(|port| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn redact_query(query: Option<&str>) -> String {
    let Some(query) = query else { return String::new() };
    let options = query.split('&').map(|option| match option.split_once('=') {
        Some((key, value)) if HARMLESS.contains(&&*key.to_ascii_lowercase()) => {
            // A value with another `=` or `;` is two options in the eyes of some driver.
            let value = if value.contains(['=', ';', '@', '?']) { HIDDEN } else { value };
            format!("{key}={value}")
        }
        Some((key, _)) if SECRET.contains(&&*key.to_ascii_lowercase()) => format!("{key}={HIDDEN}"),
        _ => HIDDEN.to_owned(),
    });
    format!("?{}", options.collect::<Vec<_>>().join("&"))
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Host and port; the brackets of an IPv6 address stay with the host.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host, None),
    }
}

/// What makes a server's database the one it is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: String,
    database: String,
}

impl Place {
    fn of(url: &str) -> Option<Self> {
        let dialect = dialect(url)?;
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
        // The drivers let these options replace what stands before.
        for (key, value) in query.into_iter().flat_map(|query| query.split('&')).filter_map(pair) {
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
        // A socket is a path, where case counts; hosts have many names for this machine.
        if !host.starts_with('/') {
            host = host.trim_end_matches('.').to_ascii_lowercase();
            if matches!(host.as_str(), "" | "127.0.0.1" | "[::1]" | "::1") {
                "localhost".clone_into(&mut host);
            }
        }
        if port.is_empty() {
            let default = if dialect == Dialect::Mysql { "3306" } else { "5432" };
            default.clone_into(&mut port);
        }
        if database.is_empty() && dialect == Dialect::Postgres {
            database = user;
        }
        Some(Self { host, port, database })
    }
}

fn pair(option: &str) -> Option<(&str, &str)> {
    option.split_once('=')
}

/// The file of a `sqlite:` URL, absolute if `base` is; `None` for a database in memory.
fn sqlite_file(url: &str, base: &Path) -> Option<PathBuf> {
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
#[path = "url_tests.rs"]
mod tests;
