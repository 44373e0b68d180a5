//! Database URLs as texts: their dialect, what is wrong with them, and what people may see of them.
//!
//! Shared by the configuration and the runtime, which know nothing of each other. Nothing here connects,
//! and nothing that is said of a URL repeats a part of it that may be a secret.

#[cfg(any(feature = "build", feature = "runner"))]
mod redact;
mod unknown;

use crate::Dialect;

#[cfg(feature = "build")]
pub(crate) use redact::HIDDEN;
#[cfg(any(feature = "build", feature = "runner"))]
pub(crate) use redact::redact;
pub(crate) use unknown::Unknown;

/// The variable with the URL of the database.
#[cfg(any(feature = "build", feature = "runner"))]
pub(crate) const VARIABLE: &str = "DATABASE_URL";

/// The variable with the URL of one of several databases: `DATABASE_URL_CATALOG`.
#[cfg(any(feature = "build", feature = "runner"))]
pub(crate) fn variable_of(database: &str) -> String {
    let name = database.to_ascii_uppercase();
    format!("{VARIABLE}_{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
}

/// The dialect of a URL, from its scheme.
pub(crate) fn dialect(url: &str) -> Option<Dialect> {
    let (scheme, _) = url.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "sqlite" => Some(Dialect::Sqlite),
        "postgres" | "postgresql" => Some(Dialect::Postgres),
        "mysql" | "mariadb" => Some(Dialect::Mysql),
        _ => None,
    }
}

/// Whether this can stand before the `:` of a URL.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// What stands before a character, and what after it.
#[cfg(any(feature = "build", feature = "runner"))]
pub(crate) fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Host and port; the brackets of an IPv6 address stay with the host.
#[cfg(any(feature = "build", feature = "runner"))]
pub(crate) fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host, None),
    }
}
