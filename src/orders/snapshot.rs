//! What a database is: the texts of its schema, and what its tables hold.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

/// Of longer tables only the number of rows is compared.
const MOST_ROWS: usize = 10_000;

/// How much of a statement is shown, around the place where it begins to differ.
const SHOWN_BEFORE: usize = 40;
const SHOWN_AFTER: usize = 120;

/// An object of the schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    /// `table`, `index`, `view` or `trigger`.
    kind: String,
    name: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// The rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rows {
    pub(super) count: usize,
    /// The hash of each row, sorted, since the order of rows means nothing; empty for long tables.
    hashes: Vec<[u8; 32]>,
}

/// A database at one moment, without the tracking tables.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The text of every object.
    pub(super) objects: BTreeMap<Object, String>,
    /// The rows of every ordinary table: what a virtual one keeps is its own affair.
    pub(super) rows: BTreeMap<String, Rows>,
}

impl Snapshot {
    /// Reads a database; `tracking` is the name of the tracking table.
    pub(super) async fn of(
        connection: &mut SqliteConnection,
        tracking: &str,
    ) -> Result<Self, sqlx::Error> {
        let objects = sqlx::query(
            "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema \
             WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT IN (?1, ?1 || '_meta')",
        );
        let objects = objects.bind(tracking).fetch_all(&mut *connection).await?;
        let objects = objects
            .into_iter()
            .map(|row| {
                Ok((Object { kind: row.try_get(0)?, name: row.try_get(1)? }, row.try_get(2)?))
            })
            .collect::<Result<_, sqlx::Error>>()?;
        let tables = sqlx::query_scalar(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (?1, ?1 || '_meta')",
        );
        let tables: Vec<String> = tables.bind(tracking).fetch_all(&mut *connection).await?;
        let mut rows = BTreeMap::new();
        for table in tables {
            let found = rows_of(connection, &table).await?;
            rows.insert(table, found);
        }
        Ok(Self { objects, rows })
    }
}

async fn rows_of(connection: &mut SqliteConnection, table: &str) -> Result<Rows, sqlx::Error> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns = sqlx::query_scalar("SELECT name FROM pragma_table_xinfo(?1, 'main')");
    let columns: Vec<String> = columns.bind(table).fetch_all(&mut *connection).await?;
    let columns: Vec<String> =
        columns.iter().map(|column| format!("quote({})", quoted(column))).collect();
    let text = format!("SELECT {} FROM main.{}", columns.join(", "), quoted(table));
    let mut stream = sqlx::query(AssertSqlSafe(text)).fetch(connection);
    let mut rows = Rows { count: 0, hashes: Vec::new() };
    while let Some(row) = stream.try_next().await? {
        rows.count += 1;
        if rows.count > MOST_ROWS {
            rows.hashes.clear();
            continue;
        }
        let mut hash = hmac_sha256::Hash::new();
        for column in 0..row.len() {
            let value: String = row.try_get(column)?;
            hash.update(value.len().to_le_bytes());
            hash.update(value);
        }
        rows.hashes.push(hash.finalize());
    }
    rows.hashes.sort_unstable();
    Ok(rows)
}

/// Statements in one line each, cut to where they differ.
pub(super) fn excerpts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    let texts: Vec<Option<&str>> = texts.collect();
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<Option<Vec<char>>> =
        texts.iter().map(|text| text.map(|text| flat(text).chars().collect())).collect();
    let differ = |lines: &[Option<Vec<char>>]| lines.iter().any(|line| *line != lines[0]);
    if !differ(&lines) {
        // Only white space differs, so it has to be seen.
        lines = texts
            .iter()
            .map(|text| text.map(|text| format!("{text:?}").chars().collect()))
            .collect();
    }
    let present: Vec<&Vec<char>> = lines.iter().flatten().collect();
    let shortest = present.iter().map(|line| line.len()).min().unwrap_or(0);
    let alike = (0..shortest)
        .take_while(|&index| {
            let first = present.first().and_then(|line| line.get(index));
            first.is_some() && present.iter().all(|line| line.get(index) == first)
        })
        .count();
    // A text that stands alone is shown from its beginning.
    let start = if present.len() < 2 { 0 } else { alike.saturating_sub(SHOWN_BEFORE) };
    let shown = |line: &Vec<char>| {
        let end = (alike.max(start) + SHOWN_AFTER).min(line.len());
        let end = if present.len() < 2 { SHOWN_AFTER.min(line.len()) } else { end };
        let part: String = line[start.min(end)..end].iter().collect();
        let before = if start > 0 { "…" } else { "" };
        let after = if end < line.len() { "…" } else { "" };
        format!("{before}{part}{after}")
    };
    lines
        .iter()
        .map(|line| line.as_ref().map_or_else(|| String::from("not there"), shown))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_statements_are_cut_around_the_difference() {
        let long = |columns: &str| {
            format!(
                "CREATE TABLE a (\n  {} {columns},\n  {})",
                "x INTEGER, ".repeat(9),
                "y".repeat(200)
            )
        };
        let (one, two) = (long("left, right"), long("right, left"));
        let shown = excerpts([Some(&*one), Some(&*two), None].into_iter());
        assert!(shown[0].starts_with('…') && shown[0].contains(", left, right, yyy"), "{shown:?}");
        assert!(shown[1].ends_with("y…") && shown[1].contains(", right, left, yyy"), "{shown:?}");
        assert_eq!(shown[2], "not there");
        assert_eq!(excerpts([Some("a  b"), Some("a b")].into_iter()), ["\"a  b\"", "\"a b\""]);
        assert_eq!(excerpts([Some("a\nb"), None].into_iter()), ["a b", "not there"]);
        assert_eq!(excerpts([Some("ab"), Some("abc")].into_iter()), ["ab", "abc"]);
    }
}
