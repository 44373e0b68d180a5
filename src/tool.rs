//! Other migration tools: their names, their tables, and how they tell one version from another.
//!
//! `import` reads their directories and `adopt` their tables; what both must agree on stands here, so that a
//! row of a tool's table names the revision that its file became.

use std::fmt;

use crate::chain::{RevisionId, hex};

/// The longest id that a chain takes.
const LENGTH: usize = 64;

/// The statements that begin the one transaction that a whole script is; an import makes comments of them,
/// since a revision is a transaction already.
pub(crate) const BEGINS: [&str; 4] =
    ["BEGIN", "BEGIN TRANSACTION", "BEGIN WORK", "START TRANSACTION"];

/// And those that end it.
pub(crate) const ENDS: [&str; 5] =
    ["COMMIT", "COMMIT TRANSACTION", "COMMIT WORK", "END", "END TRANSACTION"];

/// Whether it is SQLite's `PRAGMA foreign_keys = …`, of which an import makes a comment, since it does nothing
/// inside a transaction.
pub(crate) fn sets_foreign_keys(statement: &str) -> bool {
    let text = statement.to_ascii_lowercase();
    let Some((before, after)) = text.split_once("foreign_keys") else { return false };
    before.starts_with("pragma")
        && !before.ends_with('_')
        && after.trim_start_matches(['"', '`', ']', '\'']).trim_start().starts_with(['=', '('])
}

/// Whether it is `LOCK TABLES` or `UNLOCK TABLES`, as `mysqldump` writes them around rows; an import for MySQL makes
/// comments of them, since the first would shut the tracking table out.
pub(crate) fn locks_tables(statement: &str) -> bool {
    let mut words = statement.split_whitespace().map(str::to_ascii_lowercase);
    let (verb, object) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    ["lock", "unlock"].contains(&&*verb)
        && ["table", "tables"].contains(&object.trim_end_matches(';'))
}

/// A tool whose migrations can be imported, and whose databases can be adopted.
///
/// ```
/// use cargo_migrate::Tool;
///
/// assert_eq!(Tool::from_name("golang-migrate"), Some(Tool::GolangMigrate));
/// assert_eq!(Tool::Sqlx.table(), "_sqlx_migrations");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// sqlx.
    Sqlx,
    /// diesel.
    Diesel,
    /// refinery.
    Refinery,
    /// `SeaORM`.
    SeaOrm,
    /// dbmate.
    Dbmate,
    /// goose.
    Goose,
    /// golang-migrate.
    GolangMigrate,
    /// Flyway.
    Flyway,
    /// Alembic.
    Alembic,
}

impl Tool {
    /// All of them; of two that name their files the same way, the one of Rust stands first.
    pub const ALL: [Self; 9] = [
        Self::Sqlx,
        Self::Diesel,
        Self::Refinery,
        Self::SeaOrm,
        Self::Dbmate,
        Self::Goose,
        Self::GolangMigrate,
        Self::Flyway,
        Self::Alembic,
    ];

    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::Refinery => "refinery",
            Self::SeaOrm => "sea-orm",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "flyway",
            Self::Alembic => "alembic",
        }
    }

    /// The tool of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The table in which it remembers what it has applied, unless it is configured otherwise.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Sqlx => "_sqlx_migrations",
            Self::Diesel => "__diesel_schema_migrations",
            Self::Refinery => "refinery_schema_history",
            Self::SeaOrm => "seaql_migrations",
            Self::Dbmate | Self::GolangMigrate => "schema_migrations",
            Self::Goose => "goose_db_version",
            Self::Flyway => "flyway_schema_history",
            Self::Alembic => "alembic_version",
        }
    }

    /// What tells one version from another, and orders those that are numbers: the same for a version as the
    /// tool's table has it and for the id of the revision that was imported from its file.
    pub(crate) fn identity(self, version: &str) -> String {
        match self {
            Self::Sqlx | Self::Refinery | Self::Goose | Self::GolangMigrate => order(version),
            Self::Flyway => order_of_parts(version),
            Self::Diesel | Self::Dbmate | Self::SeaOrm | Self::Alembic => id(version),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The id that a name becomes: the name itself wherever it is a legal id.
///
/// What an id cannot hold becomes `_`; what is then too long is cut, and ends in a hash of the whole name.
/// The same name always becomes the same id.
pub(crate) fn id(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '_' };
    let mut id: String = name.chars().map(legal).collect();
    if id.len() > LENGTH {
        let hash = hmac_sha256::Hash::hash(name.as_bytes());
        id.truncate(LENGTH - 13);
        id.push('_');
        id.push_str(&hex(&hash[..6]));
    }
    // A reserved word, or nothing at all; and a file name that begins with `.` is no revision's.
    if id.starts_with('.') || RevisionId::new(id.clone()).is_err() {
        id = format!("r_{id}").replace("r_.", "r_");
    }
    id
}

/// A number of any length as a text that sorts as the number does; a text that is none stays as it is.
pub(crate) fn order(number: &str) -> String {
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let digits = number.trim_start_matches('0');
    format!("{:04}{digits}", digits.len())
}

/// A version of parts between `.` or `_` as a text that sorts as Flyway compares: part by part, and zeros at
/// the end do not count.
pub(crate) fn order_of_parts(version: &str) -> String {
    let mut parts: Vec<String> = version.split(['.', '_']).map(order).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| *part == order("0")) {
        parts.pop();
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids() {
        assert_eq!(id("m20220101_000001_create"), "m20220101_000001_create");
        assert_eq!(id("1.2.3"), "1.2.3");
        assert_eq!(id("añb-c d"), "a_b_c_d");
        assert_eq!(id("head"), "r_head");
        assert_eq!(id(".5"), "r_5");
        assert_eq!(id(""), "r_");
        let long = id(&"x".repeat(200));
        assert_eq!((long.len(), &long[..52]), (64, &*format!("{}_", "x".repeat(51))));
        assert_ne!(long, id(&"x".repeat(201)));
    }

    #[test]
    fn numbers_of_any_length_are_ordered() {
        let mut numbers = ["10", "9", "0", "0011", "20191100000001000000", "99"];
        numbers.sort_by_key(|digits| order(digits));
        assert_eq!(numbers, ["0", "9", "10", "0011", "99", "20191100000001000000"]);
    }

    #[test]
    fn a_row_and_a_file_have_one_identity() {
        for (tool, row, revision) in [
            (Tool::Sqlx, "1", "0001"),
            (Tool::Goose, "1", "00001"),
            (Tool::GolangMigrate, "12", "000012"),
            (Tool::Refinery, "0", "0"),
            (Tool::Flyway, "1.2.0", "1.02"),
            (Tool::SeaOrm, "m2022 é", "m2022__"),
            (Tool::Dbmate, "001", "001"),
        ] {
            assert_eq!(tool.identity(row), tool.identity(revision), "{tool}");
        }
        for (tool, row, revision) in [
            (Tool::Dbmate, "1", "001"),
            (Tool::Sqlx, "1", "10"),
            (Tool::Sqlx, "1", "1a"),
            (Tool::Flyway, "1.2", "12"),
        ] {
            assert_ne!(tool.identity(row), tool.identity(revision), "{tool}");
        }
    }

    #[test]
    fn every_tool_has_its_name() {
        for tool in Tool::ALL {
            assert_eq!(Tool::from_name(tool.name()), Some(tool));
        }
    }
}
