//! The histories that are measured.

use std::fmt::Write as _;

use cargo_migrate::Dialect;

/// What the revisions of a history do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum History {
    /// A table of six columns and an index; every third adds a column, every tenth changes rows.
    Schema(Dialect),
    /// One `INSERT`. Schema changes would measure `SQLite`: it reads its whole schema again after
    /// each, so they cost the square of their number.
    Light,
}

impl History {
    pub(super) fn up(self, index: usize) -> String {
        match self {
            Self::Schema(dialect) => schema(dialect, index),
            Self::Light if index == 0 => {
                String::from("CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n")
            }
            Self::Light => {
                format!("INSERT INTO entry (id, text) VALUES ({index}, 'the entry {index}');\n")
            }
        }
    }

    fn down(self, index: usize) -> String {
        match self {
            Self::Schema(_) => format!("DROP TABLE account_{index};\n"),
            Self::Light if index == 0 => String::from("DROP TABLE entry;\n"),
            Self::Light => format!("DELETE FROM entry WHERE id = {index};\n"),
        }
    }

    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Schema(dialect) => dialect,
            Self::Light => Dialect::Sqlite,
        }
    }

    /// The file of a revision: its name and its text.
    pub(super) fn file(self, index: usize) -> (String, String) {
        let (day, hour, minute) = (index / 1440 + 1, index / 60 % 24, index % 60);
        let id = revision_id(index);
        let revises = index.checked_sub(1).map(revision_id).unwrap_or_default();
        let name = format!("202601{day:02}T{hour:02}{minute:02}_{id}_create_account_{index}.sql");
        let text = format!(
            "-- create account {index}\n--\n-- revision: {id}\n-- revises: {revises}\n\
             -- created: 2026-01-{day:02}T{hour:02}:{minute:02}:00Z\n\n\
             -- migrate:up\n{}\n-- migrate:down\n{}",
            self.up(index),
            self.down(index)
        );
        (name, text)
    }
}

fn schema(dialect: Dialect, index: usize) -> String {
    let [id, text, number, time] = match dialect {
        Dialect::Postgres => [
            "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "TEXT",
            "DOUBLE PRECISION",
            "TIMESTAMPTZ",
        ],
        // An index on a text without a length would be refused.
        Dialect::Mysql => {
            ["BIGINT AUTO_INCREMENT PRIMARY KEY", "VARCHAR(255)", "DOUBLE", "TIMESTAMP"]
        }
        _ => ["INTEGER PRIMARY KEY", "TEXT", "REAL", "TEXT"],
    };
    let mut sql = format!(
        "CREATE TABLE account_{index} (\n    \
             id {id},\n    \
             email {text} NOT NULL,\n    \
             name {text},\n    \
             balance {number} NOT NULL DEFAULT 0,\n    \
             created_at {time} NOT NULL DEFAULT CURRENT_TIMESTAMP,\n    \
             note {text}\n);\n\
         CREATE INDEX account_{index}_email ON account_{index} (email);\n"
    );
    if index.is_multiple_of(3) {
        let _ = writeln!(sql, "ALTER TABLE account_{index} ADD COLUMN extra INTEGER;");
    }
    if index.is_multiple_of(10) {
        let _ = writeln!(
            sql,
            "INSERT INTO account_{index} (email, name) VALUES ('a@example.org', 'A'), ('b@example.org', 'B');\n\
             UPDATE account_{index} SET balance = balance + 1 WHERE email LIKE 'a%';"
        );
    }
    sql
}

/// Twelve hex digits that look random and never repeat, as `cargo migrate new` writes them.
fn revision_id(index: usize) -> String {
    let mixed = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{:012x}", mixed >> 16)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_never_repeat() {
        let ids: HashSet<String> = (0..20_000).map(revision_id).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(ids.iter().all(|id| id.len() == 12));
    }

    #[test]
    fn a_revision_follows_the_one_before_it() {
        let (name, text) = History::Light.file(1500);
        assert!(name.starts_with("20260102T0100_"), "{name}");
        assert!(text.contains(&format!("-- revises: {}\n", revision_id(1499))), "{text}");
    }
}
