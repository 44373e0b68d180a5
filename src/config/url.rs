//! Database URLs: `${VAR}` in them, their passwords, and whether two name the same database.
//!
//! Nothing here connects or validates; the driver does that. It is read far enough to choose a
//! dialect, to compare two URLs, and to show one without its password. In a URL that is written
//! wrongly the parts cannot be told apart, so there everything doubtful is hidden.

use std::fmt;
use std::path::Path;

use super::place::{OPEN, Sameness, Surroundings, sqlite_file};
use crate::Dialect;
use crate::url::{dialect, redact, split};

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

    /// The URL with the variables replaced as far as they are set, and the first that is not.
    pub(super) fn expand_known(
        &self,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> (DatabaseUrl, Option<&str>) {
        let mut url = String::with_capacity(self.0.len());
        let mut unset = None;
        for piece in pieces(&self.0) {
            match piece {
                Ok(Piece::Text(text)) => url.push_str(text),
                Ok(Piece::Variable(name)) => {
                    if let Some(value) = lookup(name) {
                        url.push_str(&value);
                    } else {
                        url.push(OPEN);
                        unset = unset.or(Some(name));
                    }
                }
                Err(_) => url.push(OPEN),
            }
        }
        (DatabaseUrl(url), unset)
    }

    /// Whether every `${` in it is followed by a name and `}`.
    pub fn is_well_formed(&self) -> bool {
        pieces(&self.0).all(|piece| piece.is_ok())
    }

    /// Whether the value of this variable is part of the URL.
    pub fn mentions(&self, variable: &str) -> bool {
        pieces(&self.0).any(|piece| matches!(piece, Ok(Piece::Variable(name)) if name == variable))
    }

    /// The names of the variables whose values are parts of the URL.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        pieces(&self.0).filter_map(|piece| match piece {
            Ok(Piece::Variable(name)) => Some(name),
            _ => None,
        })
    }

    /// The dialect, unless the scheme comes from a variable or is unknown.
    pub fn dialect(&self) -> Option<Dialect> {
        dialect(&self.0)
    }

    /// Whether the scheme stands in the text, and not in a variable.
    pub(super) fn has_literal_start(&self) -> bool {
        !self.0.starts_with("${")
    }

    /// Whether a password stands in the text itself, and not in a variable.
    #[cfg(feature = "cli")]
    pub(super) fn holds_password(&self) -> bool {
        super::secret::holds_password(&self.0)
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
        let surroundings = Surroundings { base, variables: &|_| None };
        surroundings.compare(&self.0, &other.0) == Sameness::Same
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

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
