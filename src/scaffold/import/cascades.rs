//! Foreign keys on SQLite that act: sqlx enforces them while a migration runs, and a revision does not.
//!
//! Where rows or tables are removed that others refer to with `ON DELETE CASCADE`, the rows of those go with sqlx and
//! stay here. Which of the two was meant only the author knows.

use crate::Dialect;
use crate::sql::{self, TokenKind};

/// Whether a script declares that deleting or changing a row changes those that refer to it.
pub(super) fn declares(text: &str) -> bool {
    let words = words(text);
    words.windows(3).any(|words| {
        words[0] == "ON"
            && matches!(&*words[1], "DELETE" | "UPDATE")
            && matches!(&*words[2], "CASCADE" | "SET")
    })
}

/// Whether a script has a statement for which that would matter.
pub(super) fn removes(text: &str) -> bool {
    sql::split(Dialect::Sqlite, text).statements.iter().any(|statement| {
        let words = words(statement.text);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(
            words[..],
            ["DELETE" | "UPDATE" | "REPLACE", ..]
                | ["DROP", "TABLE", ..]
                | ["INSERT", "OR", "REPLACE", ..]
        )
    })
}

fn words(text: &str) -> Vec<String> {
    let tokens = sql::tokens(Dialect::Sqlite, text).filter(|token| token.kind == TokenKind::Word);
    tokens.map(|token| token.text.to_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_and_what_makes_it_act() {
        for text in [
            "CREATE TABLE a (b int REFERENCES c ON DELETE CASCADE)",
            "create table a (b int references c(d) on update cascade on delete no action)",
            "CREATE TABLE a (b int REFERENCES c ON DELETE\n SET NULL)",
        ] {
            assert!(declares(text), "{text}");
        }
        for text in [
            "CREATE TABLE a (b int REFERENCES c ON DELETE RESTRICT)",
            "-- ON DELETE CASCADE",
            "",
            "ON",
        ] {
            assert!(!declares(text), "{text}");
        }
        for text in [
            "SELECT 1; DROP TABLE a",
            "delete from a",
            "REPLACE INTO a VALUES (1)",
            "INSERT OR REPLACE INTO a SELECT 1",
        ] {
            assert!(removes(text), "{text}");
        }
        for text in
            ["DROP INDEX a", "INSERT INTO a VALUES ('x; DROP TABLE a')", "-- DELETE FROM a", ""]
        {
            assert!(!removes(text), "{text}");
        }
    }
}
