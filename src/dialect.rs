//! The SQL dialects, and the databases that a chain is written for.
//!
//! A revision may hold different SQL for different dialects and different named databases, so its
//! checksum, and everything else that depends on its text, exists once for each [`Variant`]. This
//! module gives these their names; it knows nothing of SQL itself.

use std::fmt;

/// A dialect of SQL: what a section selector names and what the tokenizer follows.
///
/// ```
/// use cargo_migrate::Dialect;
///
/// assert_eq!(Dialect::from_name("postgres"), Some(Dialect::Postgres));
/// assert_eq!(Dialect::Sqlite.to_string(), "sqlite");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `SQLite`.
    Sqlite,
    /// `PostgreSQL`.
    Postgres,
    /// `MySQL` and `MariaDB`.
    Mysql,
}

impl Dialect {
    /// Every dialect, in the order in which they are listed to people.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// The name in selectors, configuration and checksums.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// The dialect with this name, exactly as written.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One dialect of one named database: the unit for which a chain has checksums and coverage.
///
/// Without named databases (the usual case) `database` is `None` and there is one variant a dialect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Variant {
    /// The dialect.
    pub dialect: Dialect,
    /// The named database, where the configuration declares any.
    pub database: Option<String>,
}

impl Variant {
    /// All combinations of the declared dialects and databases, in declaration order.
    ///
    /// ```
    /// use cargo_migrate::{Dialect, Variant};
    ///
    /// let one = Variant::all(&[Dialect::Sqlite], &[]);
    /// assert_eq!(one.len(), 1);
    /// assert_eq!(one[0].to_string(), "sqlite");
    /// ```
    pub fn all(dialects: &[Dialect], databases: &[String]) -> Vec<Self> {
        let mut variants = Vec::new();
        for &dialect in dialects {
            if databases.is_empty() {
                variants.push(Self { dialect, database: None });
            }
            for database in databases {
                variants.push(Self { dialect, database: Some(database.clone()) });
            }
        }
        variants
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.database {
            None => self.dialect.fmt(f),
            Some(database) => write!(f, "{} @{database}", self.dialect),
        }
    }
}
