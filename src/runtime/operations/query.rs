//! Portable queries: one statement, with a `?` for every value on every dialect.

use std::panic::Location;

use futures_util::future::BoxFuture;

use super::Operations;
use super::batches::Batches;
use super::failure::{Cause, Result, RevisionError, Sent};
use super::row::{PortableRow, Rows};
use super::value::Value;
use crate::chain::counted;
use crate::dialect::Dialect;
use crate::sql::{self, TokenKind};

/// One statement, and the values in it; made by [`Operations::query`].
#[must_use = "a query does nothing before it is executed or fetched"]
pub struct Query<'o, 'c> {
    pub(super) operations: &'o mut Operations<'c>,
    pub(super) statement: Statement,
}

/// The text of a statement, and its values.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl<'o, 'c> Query<'o, 'c> {
    pub(super) fn new(operations: &'o mut Operations<'c>, sql: &str) -> Self {
        Self { operations, statement: Statement { sql: sql.to_owned(), values: Vec::new() } }
    }

    /// The value of the next `?`.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.statement.values.push(value.into());
        self
    }

    /// Runs it; returns how many rows it changed.
    #[track_caller]
    pub fn execute(self) -> BoxFuture<'o, Result<u64>> {
        let place = Location::caller();
        let Self { operations, statement } = self;
        Box::pin(async move {
            let sql = statement.filled(operations.dialect(), place)?;
            operations.send(&sql).await.map_err(|error| failed(error, sql, place))
        })
    }

    /// Runs it; returns all rows. Of a large table, take [`Self::batches`].
    #[track_caller]
    pub fn fetch_all<T: PortableRow + 'o>(self) -> BoxFuture<'o, Result<Vec<T>>> {
        let place = Location::caller();
        let Self { operations, statement } = self;
        Box::pin(async move {
            let sql = statement.filled(operations.dialect(), place)?;
            let rows = fetch(operations, &sql).await.and_then(|rows| rows.decode());
            rows.map_err(|error| failed(error, sql, place))
        })
    }

    /// Runs it; returns the first row, if there is one.
    #[track_caller]
    pub fn fetch_optional<T: PortableRow + 'o>(self) -> BoxFuture<'o, Result<Option<T>>> {
        let place = Location::caller();
        let Self { operations, statement } = self;
        Box::pin(async move {
            let sql = statement.filled(operations.dialect(), place)?;
            first(operations, sql, place).await.map(|(row, _)| row)
        })
    }

    /// Runs it; returns the first row. That there is none is an error.
    #[track_caller]
    pub fn fetch_one<T: PortableRow + 'o>(self) -> BoxFuture<'o, Result<T>> {
        let place = Location::caller();
        let Self { operations, statement } = self;
        Box::pin(async move {
            let sql = statement.filled(operations.dialect(), place)?;
            let (row, sql) = first(operations, sql, place).await?;
            row.ok_or_else(|| failed(sqlx::Error::RowNotFound, sql, place))
        })
    }

    /// Its rows in batches of `size`, in the order of the column `key`, which it selects, and whose
    /// values are unique and not null.
    ///
    /// ```
    /// # use cargo_migrate::{Operations, Result};
    /// # async fn up(op: &mut Operations<'_>) -> Result<()> {
    /// let mut accounts = op.query("SELECT id, name FROM account").batches("id", 1000);
    /// while let Some(batch) = accounts.next::<(i64, String)>(op).await? {
    ///     for (id, name) in batch {
    ///         let update = op.query("UPDATE account SET name = ? WHERE id = ?");
    ///         update.bind(name.trim()).bind(id).execute().await?;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// Each batch is a query of its own for what comes after the last key, so the memory that is needed
    /// does not grow with the table, and with an index on the key the time a batch takes does not
    /// either. What is changed meanwhile is seen; a row whose key grows is seen again. The observer is
    /// told how many rows are done. An `ORDER BY` or `LIMIT` of its own has no place in the query.
    #[track_caller]
    pub fn batches(self, key: &str, size: usize) -> Batches {
        Batches::new(self.statement, key, size, Location::caller())
    }
}

/// The first row of an answer, and the statement again.
async fn first<T: PortableRow>(
    operations: &mut Operations<'_>,
    sql: String,
    place: &'static Location<'static>,
) -> Result<(Option<T>, String)> {
    let rows = fetch(operations, &sql).await.and_then(|mut rows| {
        rows.truncate(1);
        rows.decode()
    });
    match rows {
        Ok(rows) => Ok((rows.into_iter().next(), sql)),
        Err(error) => Err(failed(error, sql, place)),
    }
}

/// Not generic: of everything that is fetched, only this part is compiled once.
fn fetch<'f>(
    operations: &'f mut Operations<'_>,
    sql: &'f str,
) -> BoxFuture<'f, Result<Rows, sqlx::Error>> {
    Box::pin(operations.fetch(sql))
}

pub(super) fn failed(
    error: sqlx::Error,
    sql: String,
    place: &'static Location<'static>,
) -> RevisionError {
    RevisionError::new(Cause::Statement(Sent { error, sql, file: None }), place)
}

impl Statement {
    /// The statement with its values, for one dialect.
    pub(super) fn filled(
        &self,
        dialect: Dialect,
        place: &'static Location<'static>,
    ) -> Result<String> {
        let refuse = |what: String, help: &str| {
            Err(RevisionError::new(Cause::Refused(what, Some(help.to_owned())), place))
        };
        let statements = sql::split(dialect, &self.sql).statements;
        let [statement] = &statements[..] else {
            return refuse(
                format!("a query is one statement, and this text has {}", statements.len()),
                "`op.execute(…)` runs several statements",
            );
        };
        let text = statement.text;
        let places = placeholders(dialect, text);
        let wanted = places.iter().filter(|it| !it.is_doubled).count();
        if wanted != self.values.len() {
            return refuse(
                format!(
                    "the query has {} for {}",
                    counted(wanted, "placeholder"),
                    counted(self.values.len(), "value")
                ),
                "write one `?`, and call `bind` once, for each value; `??` is the operator `?`",
            );
        }
        let mut values = self.values.iter();
        let mut sql = String::with_capacity(text.len() + 16 * wanted);
        let mut end = 0;
        for place in places {
            sql.push_str(&text[end..place.offset]);
            end = place.offset + 1 + usize::from(place.is_doubled);
            let value = if place.is_doubled { None } else { values.next() };
            match value {
                Some(value) => match value.written(dialect) {
                    Ok(written) => sql.push_str(&written),
                    Err(why) => return refuse(why, "give another value, or use the connection"),
                },
                None => sql.push('?'),
            }
        }
        sql.push_str(&text[end..]);
        Ok(sql)
    }
}

struct Placeholder {
    offset: usize,
    is_doubled: bool,
}

/// Every `?` that stands outside quotes and comments.
fn placeholders(dialect: Dialect, text: &str) -> Vec<Placeholder> {
    let mut found: Vec<Placeholder> = Vec::new();
    for token in sql::tokens(dialect, text) {
        // `PostgreSQL` takes it for a part of the operator that it touches.
        if !matches!(token.kind, TokenKind::Symbol | TokenKind::Parameter) {
            continue;
        }
        for (at, _) in token.text.match_indices('?') {
            let offset = token.offset + at;
            match found.last_mut() {
                Some(last) if !last.is_doubled && last.offset + 1 == offset => {
                    last.is_doubled = true;
                }
                _ => found.push(Placeholder { offset, is_doubled: false }),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(dialect: Dialect, sql: &str, values: &[Value]) -> String {
        let statement = Statement { sql: sql.to_owned(), values: values.to_vec() };
        match statement.filled(dialect, Location::caller()) {
            Ok(sql) => sql,
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn a_placeholder_stands_outside_quotes_and_comments() {
        for dialect in Dialect::ALL {
            assert_eq!(
                filled(
                    dialect,
                    "SELECT '?' /* ? */ FROM t WHERE a>? AND b=-? -- ?\n;",
                    &[1.into(), (-2).into()]
                ),
                "SELECT '?' /* ? */ FROM t WHERE a>1 AND b=-(-2)"
            );
        }
        let json = "SELECT j ?? 'a' AND x = ?";
        assert_eq!(filled(Dialect::Postgres, json, &[7.into()]), "SELECT j ? 'a' AND x = 7");
        // What a value says is never looked at again.
        assert_eq!(
            filled(Dialect::Sqlite, "SELECT ?, ?", &["?".into(), Value::Null]),
            "SELECT '?', NULL"
        );
    }

    #[test]
    fn what_is_no_query_is_refused() {
        let sqlite = |sql, values: &[Value]| filled(Dialect::Sqlite, sql, values);
        assert_eq!(sqlite("SELECT ?", &[]), "error: the query has 1 placeholder for 0 values");
        assert_eq!(
            sqlite("SELECT 1; SELECT 2", &[]),
            "error: a query is one statement, and this text has 2"
        );
    }
}
