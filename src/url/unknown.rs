//! URLs of no dialect: what is wrong with them, and what to write.

use super::is_scheme;
use crate::Dialect;
use crate::diagnostic::suggest::nearest;

/// The forms of URLs that are known.
const FORMS: &str = "`sqlite:PATH`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE` or \
                     `mysql://USER:PASSWORD@HOST:PORT/DATABASE`";

/// Why no dialect claims a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// Completes *the URL …*.
    pub(crate) what: String,
    /// What to write.
    pub(crate) help: String,
}

impl Unknown {
    /// Judges a URL whose scheme is of no dialect.
    pub(crate) fn of(url: &str) -> Self {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme);
        // One letter is a drive of Windows.
        let Some(scheme) = scheme.filter(|scheme| scheme.len() > 1 && is_scheme(scheme)) else {
            return Self { what: "has no scheme".to_owned(), help: without_scheme(url) };
        };
        match foreign(url) {
            Some((dialect, scheme)) => Self {
                what: format!("has the scheme `{scheme}:`, which is another tool's"),
                help: format!("write `{}`", form(dialect)),
            },
            None => Self {
                what: format!("has the scheme `{scheme}:`, which is of no known database"),
                help: match nearest(scheme, Dialect::ALL.map(Dialect::name)) {
                    Some(near) => format!("did you mean `{near}:`?"),
                    None => format!("write {FORMS}"),
                },
            },
        }
    }
}

/// How a URL of this dialect is written.
fn form(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite:PATH",
        Dialect::Postgres => "postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        Dialect::Mysql => "mysql://USER:PASSWORD@HOST:PORT/DATABASE",
    }
}

/// The dialect that another tool's scheme means, and that scheme.
fn foreign(url: &str) -> Option<(Dialect, &str)> {
    // `jdbc:postgresql://…` and `postgresql+asyncpg://…` have more than one word.
    let before = url.get(..5).filter(|it| it.eq_ignore_ascii_case("jdbc:")).map_or(0, str::len);
    let (scheme, _) = url[before..].split_once(':').filter(|(scheme, _)| is_scheme(scheme))?;
    let word = scheme.split('+').next().unwrap_or_default().to_ascii_lowercase();
    let dialect = match word.as_str() {
        "sqlite" | "sqlite3" | "file" => Dialect::Sqlite,
        "postgres" | "postgresql" | "postgis" | "pgsql" | "psql" | "pg" => Dialect::Postgres,
        "mysql" | "mysql2" | "mysqlx" | "mariadb" => Dialect::Mysql,
        _ => return None,
    };
    Some((dialect, &url[..before + scheme.len()]))
}

fn without_scheme(text: &str) -> String {
    if text.contains("host=") || text.contains("dbname=") {
        return format!("write it as a URL: `{}`", form(Dialect::Postgres));
    }
    if is_file(text) {
        return format!("for a file of SQLite write `sqlite:{text}`");
    }
    format!("write {FORMS}")
}

/// Whether a text is clearly the path of a database file, so that it can be repeated.
fn is_file(text: &str) -> bool {
    let drive = text.strip_prefix(|c: char| c.is_ascii_alphabetic());
    let path = drive.and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
    let lower = path.to_ascii_lowercase();
    [".db", ".db3", ".sqlite", ".sqlite3", ".s3db"].iter().any(|end| lower.ends_with(end))
        && path.chars().all(|c| c.is_alphanumeric() || r"/\._- ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_said() {
        for (url, what, help) in [
            ("app.db", "has no scheme", "for a file of SQLite write `sqlite:app.db`"),
            (
                r"C:\data\app.sqlite3",
                "has no scheme",
                r"for a file of SQLite write `sqlite:C:\data\app.sqlite3`",
            ),
            (
                "host=db password=hunter2",
                "has no scheme",
                "write it as a URL: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`",
            ),
            (
                "postgresql+asyncpg://a:hunter2@h/d",
                "has the scheme `postgresql+asyncpg:`, which is another tool's",
                "write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`",
            ),
            (
                "jdbc:postgresql://h/d?password=hunter2",
                "has the scheme `jdbc:postgresql:`, which is another tool's",
                "write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`",
            ),
            (
                "mysql2://a:hunter2@h/d",
                "has the scheme `mysql2:`, which is another tool's",
                "write `mysql://USER:PASSWORD@HOST:PORT/DATABASE`",
            ),
            (
                "sqlite3://app.db",
                "has the scheme `sqlite3:`, which is another tool's",
                "write `sqlite:PATH`",
            ),
        ] {
            let unknown = Unknown::of(url);
            assert_eq!((unknown.what.as_str(), unknown.help.as_str()), (what, help), "{url}");
        }
        for (url, what) in [
            ("oracle://a:hunter2@h/d", "has the scheme `oracle:`, which is of no known database"),
            ("jdbc:oracle:hunter2", "has the scheme `jdbc:`, which is of no known database"),
            ("hunter2", "has no scheme"),
            ("", "has no scheme"),
            ("//hunter2:x", "has no scheme"),
            ("jdbc:ż", "has the scheme `jdbc:`, which is of no known database"),
        ] {
            let unknown = Unknown::of(url);
            assert_eq!(unknown.what, what, "{url}");
            assert_eq!(unknown.help, format!("write {FORMS}"));
        }
    }
}
