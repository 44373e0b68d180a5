//! What a simple definition leaves in the catalog, so that one can see there whether it has run.
//!
//! Outside a transaction a process may die between a statement and the record of it. For the
//! statements that make or drop exactly one table, index or column the catalog knows what became of
//! them; of all others nothing is said here.

use super::keyword::is;
use super::token::{Token, TokenKind, tokens};
use crate::dialect::Dialect;

/// A name as it stands in a statement: parts between dots, unquoted, each in the case that the
/// catalog has it in.
pub(crate) type Name = Vec<String>;

/// Something that a catalog lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Table(Name),
    /// The table is known where the statement names it.
    Index {
        name: Name,
        table: Option<Name>,
    },
    Column {
        table: Name,
        name: String,
    },
}

/// What a statement does to the catalog, if it succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) object: Object,
    /// Whether the object is there afterwards; else it is gone.
    pub(crate) is_there: bool,
    /// `CREATE INDEX CONCURRENTLY`, which leaves an index that nothing uses where it fails.
    pub(crate) is_concurrent: bool,
}

/// What a statement does to the catalog, where it is one thing and can be seen there.
pub(crate) fn effect(dialect: Dialect, statement: &str) -> Option<Effect> {
    let mut tokens: Vec<Token<'_>> = tokens(dialect, statement).collect();
    if tokens.last().is_some_and(|token| token.kind == TokenKind::Semicolon) {
        tokens.pop();
    }
    // Under a `DELIMITER` line there may be another statement behind it.
    if tokens.iter().any(|token| token.kind == TokenKind::Semicolon) {
        return None;
    }
    Reader { dialect, tokens: &tokens }.statement()
}

struct Reader<'t, 'a> {
    dialect: Dialect,
    tokens: &'t [Token<'a>],
}

impl Reader<'_, '_> {
    fn statement(&mut self) -> Option<Effect> {
        if self.word("create") {
            self.create()
        } else if self.word("drop") {
            self.drop()
        } else if self.word("alter") {
            self.alter()
        } else {
            None
        }
    }

    fn create(&mut self) -> Option<Effect> {
        let _ = self.word("unlogged");
        let _ = ["unique", "fulltext", "spatial"].iter().any(|word| self.word(word));
        if self.word("table") {
            self.words(&["if", "not", "exists"]);
            let name = self.name()?;
            // `CREATE TABLE … AS` fills it, which need not be one with making it.
            let makes_only = !self.tokens.iter().any(|token| {
                token.kind == TokenKind::Word && (is(token.text, "select") || is(token.text, "as"))
            });
            return makes_only.then_some(Effect::of(Object::Table(name), true));
        }
        if self.word("index") {
            let is_concurrent = self.word("concurrently");
            self.words(&["if", "not", "exists"]);
            let name = self.name()?;
            if !self.word("on") {
                return None;
            }
            let _ = self.word("only");
            let table = Some(self.name()?);
            let effect = Effect::of(Object::Index { name, table }, true);
            return Some(Effect { is_concurrent, ..effect });
        }
        None
    }

    fn drop(&mut self) -> Option<Effect> {
        if self.word("table") {
            self.words(&["if", "exists"]);
            let name = self.name()?;
            return self.is_end().then_some(Effect::of(Object::Table(name), false));
        }
        if self.word("index") {
            let _ = self.word("concurrently");
            self.words(&["if", "exists"]);
            let name = self.name()?;
            let table = if self.word("on") { Some(self.name()?) } else { None };
            let object = Object::Index { name, table };
            return self.is_end().then_some(Effect::of(object, false));
        }
        None
    }

    fn alter(&mut self) -> Option<Effect> {
        if !self.word("table") {
            return None;
        }
        self.words(&["if", "exists"]);
        let _ = self.word("only");
        let table = self.name()?;
        if !self.is_one_action() {
            return None;
        }
        if self.word("add") {
            const NO_COLUMN: [&str; 9] = [
                "constraint",
                "primary",
                "unique",
                "foreign",
                "check",
                "partition",
                "fulltext",
                "spatial",
                "period",
            ];
            if !self.word("column") {
                if self.dialect == Dialect::Mysql && (self.word("index") || self.word("key")) {
                    self.words(&["if", "not", "exists"]);
                    let name = self.name()?;
                    return Some(Effect::of(Object::Index { name, table: Some(table) }, true));
                }
                if NO_COLUMN.iter().any(|word| self.peek(word)) {
                    return None;
                }
            }
            self.words(&["if", "not", "exists"]);
            let name = self.part()?;
            return Some(Effect::of(Object::Column { table, name }, true));
        }
        if self.word("drop") {
            const NO_COLUMN: [&str; 8] = [
                "constraint",
                "primary",
                "foreign",
                "check",
                "partition",
                "index",
                "key",
                "period",
            ];
            if !self.word("column") && NO_COLUMN.iter().any(|word| self.peek(word)) {
                return None;
            }
            self.words(&["if", "exists"]);
            let name = self.part()?;
            return self.is_end().then_some(Effect::of(Object::Column { table, name }, false));
        }
        None
    }

    fn peek(&self, word: &str) -> bool {
        self.tokens
            .first()
            .is_some_and(|token| token.kind == TokenKind::Word && is(token.text, word))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek(word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    /// Skips all of the words, or none.
    fn words(&mut self, words: &[&str]) {
        let before = self.tokens;
        if !words.iter().all(|word| self.word(word)) {
            self.tokens = before;
        }
    }

    /// A name, with the parts before its dots.
    fn name(&mut self) -> Option<Name> {
        let mut parts = vec![self.part()?];
        while self.tokens.first().is_some_and(|token| token.text == ".") {
            self.tokens = &self.tokens[1..];
            parts.push(self.part()?);
        }
        Some(parts)
    }

    fn part(&mut self) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        let part = match first.kind {
            // The server folds what is not quoted.
            TokenKind::Word if self.dialect == Dialect::Postgres => first.text.to_lowercase(),
            TokenKind::Word => first.text.to_owned(),
            TokenKind::QuotedIdentifier => unquoted(first.text)?,
            _ => return None,
        };
        self.tokens = rest;
        Some(part)
    }

    /// Whether nothing follows that matters.
    fn is_end(&mut self) -> bool {
        let _ = self.word("cascade") || self.word("restrict");
        self.tokens.iter().all(|token| token.kind == TokenKind::Semicolon)
    }

    /// Whether no comma outside parentheses separates a second action.
    fn is_one_action(&self) -> bool {
        let mut depth = 0_usize;
        self.tokens.iter().all(|token| {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > 0 || token.text != ","
        })
    }
}

impl Effect {
    fn of(object: Object, is_there: bool) -> Self {
        Self { object, is_there, is_concurrent: false }
    }
}

fn unquoted(text: &str) -> Option<String> {
    let mark = text.chars().next().filter(|c| matches!(c, '"' | '`' | '['))?;
    let end = if mark == '[' { ']' } else { mark };
    let inner = text.strip_prefix(mark)?.strip_suffix(end)?;
    Some(if mark == '[' {
        inner.to_owned()
    } else {
        inner.replace(&format!("{mark}{mark}"), &mark.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dialect: Dialect, sql: &str) -> Option<(String, bool)> {
        let effect = effect(dialect, sql)?;
        let text = match effect.object {
            Object::Table(name) => format!("table {}", name.join(".")),
            Object::Index { name, table } => {
                format!("index {} on {}", name.join("."), table.unwrap_or_default().join("."))
            }
            Object::Column { table, name } => format!("column {}.{name}", table.join(".")),
        };
        let concurrently = if effect.is_concurrent { " concurrently" } else { "" };
        Some((format!("{text}{concurrently}"), effect.is_there))
    }

    #[test]
    fn one_thing_is_seen_in_the_catalog() {
        for (sql, object, is_there) in [
            ("CREATE TABLE t (a int, b int)", "table t", true),
            ("create table if not exists S.\"T\"\"x\" (a int)", "table s.T\"x", true),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY I ON ONLY s.t (a)",
                "index i on s.t concurrently",
                true,
            ),
            ("DROP TABLE IF EXISTS t CASCADE;", "table t", false),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", "index i on ", false),
            (
                "ALTER TABLE IF EXISTS ONLY t ADD COLUMN IF NOT EXISTS c numeric(1, 2)",
                "column t.c",
                true,
            ),
            ("ALTER TABLE t ADD c int DEFAULT 1", "column t.c", true),
            ("ALTER TABLE t DROP COLUMN c RESTRICT", "column t.c", false),
        ] {
            assert_eq!(of(Dialect::Postgres, sql), Some((object.to_owned(), is_there)), "{sql}");
        }
        for (sql, object) in [
            ("CREATE TABLE `T` (a int)", "table T"),
            ("ALTER TABLE t ADD INDEX i (a)", "index i on t"),
            ("DROP INDEX i ON t", "index i on t"),
        ] {
            assert_eq!(
                of(Dialect::Mysql, sql).map(|found| found.0).as_deref(),
                Some(object),
                "{sql}"
            );
        }
    }

    #[test]
    fn of_anything_else_nothing_is_said() {
        for sql in [
            "CREATE TABLE t AS SELECT 1",
            "CREATE TEMP TABLE t (a int)",
            "CREATE INDEX ON t (a)",
            "CREATE VIEW v AS SELECT 1",
            "DROP TABLE a, b",
            "ALTER TABLE t ADD a int, ADD b int",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
            "ALTER TABLE t ADD PRIMARY KEY (a)",
            "ALTER TABLE t DROP CONSTRAINT c",
            "ALTER TABLE t RENAME TO u",
            "INSERT INTO t VALUES (1)",
            "DROP TABLE t; DROP TABLE u",
            "CREATE TABLE t (a int); INSERT INTO t VALUES (1);",
            "CREATE",
            "ALTER TABLE t ADD",
            "",
        ] {
            assert_eq!(of(Dialect::Postgres, sql), None, "{sql}");
        }
    }
}
