//! A URL without its secrets.
//!
//! In a URL that is written wrongly the parts cannot be told apart, so there everything doubtful is hidden.

use super::{dialect, is_scheme, split, split_port};
use crate::Dialect;

/// What stands where something was taken out.
pub(crate) const HIDDEN: &str = "***";

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

/// The URL as people may see it: never with its password.
pub(crate) fn redact(url: &str) -> String {
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
