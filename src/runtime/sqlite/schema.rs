//! The schema as `SQLite` tells it.
//!
//! What its pragmas tell is compared as they tell it: `ALTER TABLE` rewrites the text of a table, so
//! that the same table may have another one. From the text comes only what no pragma tells:
//! `CHECK`, collations, generated columns, `AUTOINCREMENT` and deferred keys. Indexes, views, triggers
//! and virtual tables are their tokens; case and needless quotes of names do not count.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::tracking::{Cells, Tracking, literal};
use crate::sql::{self, Token, TokenKind};

impl Connection<'_> {
    /// A text an object or a part of one; in no order.
    pub(crate) async fn describe(
        &mut self,
        tracking: &Tracking,
    ) -> Result<Vec<String>, sqlx::Error> {
        let literal = |text: &str| literal(Dialect::Sqlite, text);
        let own = format!(
            "main.sqlite_schema AS m WHERE m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND m.tbl_name NOT IN ({}, {})",
            literal(tracking.bare()),
            literal(&format!("{}_meta", tracking.bare()))
        );
        let tables = format!(
            "(SELECT name FROM {own} AND m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%') AS m"
        );
        let mut lines = Vec::new();
        let sql = format!("SELECT m.type, m.name, m.sql FROM {own} AND m.sql IS NOT NULL");
        for cells in self.texts(&sql).await? {
            let [kind, name, sql] = three(cells);
            if kind == "table" && !starts_with_words(&sql, &["create", "virtual"]) {
                lines.extend(only_in_text(&name, &sql));
            } else {
                lines.push(format!("{kind} {name}: {}", canonical(&sql)));
            }
        }
        for sql in [
            format!(
                "SELECT 'table ' || m.name || CASE t.wr WHEN 1 THEN ' without rowid' ELSE '' END \
                 || CASE t.strict WHEN 1 THEN ' strict' ELSE '' END \
                 FROM {tables}, pragma_table_list AS t WHERE t.schema = 'main' AND t.name = m.name"
            ),
            format!(
                "SELECT 'table ' || m.name || ': column ' || x.name || ' ' || x.type \
                 || CASE x.\"notnull\" WHEN 1 THEN ' not null' ELSE '' END \
                 || coalesce(' default ' || x.dflt_value, '') \
                 || CASE x.pk WHEN 0 THEN '' ELSE ' primary key ' || x.pk END \
                 || CASE x.hidden WHEN 0 THEN '' WHEN 2 THEN ' virtual' WHEN 3 THEN ' stored' ELSE ' hidden' END \
                 FROM {tables}, pragma_table_xinfo(m.name, 'main') AS x"
            ),
            format!(
                "SELECT 'table ' || m.name || CASE i.origin WHEN 'pk' THEN ': primary key (' ELSE ': unique (' END \
                 || (SELECT group_concat(c, ', ') FROM (SELECT coalesce(x.name, 'rowid') \
                 || CASE x.coll WHEN 'BINARY' THEN '' ELSE ' collate ' || x.coll END \
                 || CASE x.\"desc\" WHEN 1 THEN ' desc' ELSE '' END AS c \
                 FROM pragma_index_xinfo(i.name, 'main') AS x WHERE x.key = 1 ORDER BY x.seqno)) || ')' \
                 FROM {tables}, pragma_index_list(m.name, 'main') AS i WHERE i.origin IN ('u', 'pk')"
            ),
            // The number of a key depends on the order in which the text names them.
            format!(
                "SELECT 'table ' || name || ': foreign key (' || group_concat(here, ', ') || ') references ' \
                 || there || ' (' || group_concat(coalesce(far, 'primary key'), ', ') || ') on update ' \
                 || up || ' on delete ' || gone || ' match ' || fit FROM (\
                 SELECT m.name AS name, f.id AS id, f.\"table\" AS there, f.\"from\" AS here, f.\"to\" AS far, \
                 f.on_update AS up, f.on_delete AS gone, f.match AS fit \
                 FROM {tables}, pragma_foreign_key_list(m.name, 'main') AS f ORDER BY m.name, f.id, f.seq) \
                 GROUP BY name, id"
            ),
        ] {
            let rows = self.texts(&sql).await?;
            lines.extend(rows.into_iter().filter_map(|cells| cells.into_iter().next().flatten()));
        }
        Ok(lines)
    }
}

fn three(cells: Cells) -> [String; 3] {
    let mut cells = cells.into_iter().map(Option::unwrap_or_default);
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

fn starts_with_words(sql: &str, words: &[&str]) -> bool {
    let mut tokens = sql::tokens(Dialect::Sqlite, sql);
    words.iter().all(|word| tokens.next().is_some_and(|it| it.text.eq_ignore_ascii_case(word)))
}

/// A token without case, and without quotes that a name does not need.
fn plain(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Word => token.text.to_lowercase(),
        TokenKind::QuotedIdentifier => {
            let inner = token.text.get(1..token.text.len().saturating_sub(1)).unwrap_or_default();
            let mut bytes = inner.bytes();
            let is_word = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if is_word { inner.to_lowercase() } else { token.text.to_owned() }
        }
        _ => token.text.to_owned(),
    }
}

fn canonical(sql: &str) -> String {
    let tokens: Vec<Token<'_>> = sql::tokens(Dialect::Sqlite, sql).collect();
    joined(&tokens)
}

fn joined(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    for token in tokens {
        let word = plain(token);
        let tight = matches!(&*word, ")" | "," | "." | ";")
            || text.ends_with(['(', '.'])
            || text.is_empty();
        if !tight {
            text.push(' ');
        }
        text.push_str(&word);
    }
    text
}

/// What no pragma tells about a table.
fn only_in_text(table: &str, sql: &str) -> Vec<String> {
    let tokens: Vec<Token<'_>> = sql::tokens(Dialect::Sqlite, sql).collect();
    let Some(open) = tokens.iter().position(|token| token.text == "(") else { return Vec::new() };
    let mut lines = Vec::new();
    for item in items(&tokens[open + 1..closing(&tokens, open)]) {
        let Some(first) = item.first().map(plain) else { continue };
        let is_constraint =
            matches!(&*first, "constraint" | "primary" | "unique" | "check" | "foreign");
        let of = if is_constraint { String::new() } else { format!(" column {first}") };
        let mut at = 0;
        while let Some(token) = item.get(at) {
            let end = match &*plain(token) {
                // Wherever it stands, it holds for the row.
                "check" => {
                    let end = after_parentheses(item, at + 1);
                    lines.push(format!("table {table}: {}", joined(&item[at..end])));
                    at = end;
                    continue;
                }
                "as" => after_parentheses(item, at + 1),
                "collate" | "initially" => (at + 2).min(item.len()),
                "autoincrement" | "deferrable" => at + 1,
                // What an index or a default has in parentheses is told by pragmas.
                "(" => {
                    at = closing(item, at) + 1;
                    continue;
                }
                _ => {
                    at += 1;
                    continue;
                }
            };
            lines.push(format!("table {table}:{of} {}", joined(&item[at..end])));
            at = end;
        }
    }
    lines
}

/// The parts between commas that stand in no further parentheses.
fn items<'t, 's>(tokens: &'t [Token<'s>]) -> impl Iterator<Item = &'t [Token<'s>]> {
    let mut depth = 0usize;
    tokens.split(move |token| {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.text == ","
    })
}

/// Where the parenthesis that opens at `open` is closed.
fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" => depth += 1,
            ")" if depth == 1 => return at,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    tokens.len()
}

fn after_parentheses(tokens: &[Token<'_>], open: usize) -> usize {
    match tokens.get(open) {
        Some(token) if token.text == "(" => (closing(tokens, open) + 1).min(tokens.len()),
        _ => open.min(tokens.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_what_pragmas_do_not() {
        let sql = "CREATE TABLE \"t\" (id INTEGER PRIMARY KEY AUTOINCREMENT, \
                   a TEXT COLLATE NOCASE DEFAULT (lower('CHECK (')) CHECK (length(a) > 0), \
                   [b] INT AS (id + 1) STORED, \"odd name\" REFERENCES u DEFERRABLE INITIALLY DEFERRED, \
                   UNIQUE (a COLLATE RTRIM), CONSTRAINT c CHECK (id IN (1, 2)))";
        assert_eq!(
            only_in_text("t", sql),
            [
                "table t: column id autoincrement",
                "table t: column a collate nocase",
                "table t: check (length (a) > 0)",
                "table t: column b as (id + 1)",
                "table t: column \"odd name\" deferrable",
                "table t: column \"odd name\" initially deferred",
                "table t: check (id in (1, 2))",
            ]
        );
        assert_eq!(only_in_text("t", "CREATE TABLE t (a CHECK (a"), ["table t: check (a"]);
        assert_eq!(only_in_text("t", "CREATE TABLE t (a CHECK"), ["table t: check"]);
    }

    #[test]
    fn tokens_are_compared_without_case_and_needless_quotes() {
        assert_eq!(
            canonical("CREATE VIEW \"V\" AS\nSELECT [a], 'A'"),
            "create view v as select a, 'A'"
        );
    }
}
