//! Many rows at once.

use std::panic::Location;

use futures_util::future::BoxFuture;

use super::Operations;
use super::failure::{Cause, Result, RevisionError};
use super::query::failed;
use super::value::Value;
use crate::dialect::Dialect;

/// A statement has no more rows than this.
const MOST_ROWS: usize = 1_000;
/// A statement is not made longer than this: `SQLite` allows a million bytes, and `MySQL` may be
/// configured to allow as few.
const MOST_BYTES: usize = 500_000;

/// The values of one row: a tuple, an array or a vector.
pub trait RowValues {
    /// One value for each column.
    fn into_values(self) -> Vec<Value>;
}

impl<T: Into<Value>> RowValues for Vec<T> {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<Value>, const N: usize> RowValues for [T; N] {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! tuples {
    ($($first:ident $($more:ident)*;)*) => {
        $(impl<$first: Into<Value>, $($more: Into<Value>),*> RowValues for ($first, $($more,)*) {
            #[allow(non_snake_case, reason = "a value is called as its type")]
            fn into_values(self) -> Vec<Value> {
                let ($first, $($more,)*) = self;
                vec![$first.into(), $($more.into()),*]
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

impl Operations<'_> {
    /// Inserts rows into a table, many with each statement; returns how many there were.
    ///
    /// Names of table and columns are written as SQL writes them, so with quotes where they need some.
    ///
    /// ```
    /// # use cargo_migrate::{Operations, Result};
    /// # async fn up(op: &mut Operations<'_>) -> Result<()> {
    /// let countries = [("AT", "Austria"), ("SE", "Sweden")];
    /// op.bulk_insert("country", &["code", "name"], countries).await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn bulk_insert<'o, R: RowValues>(
        &'o mut self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = R>,
    ) -> BoxFuture<'o, Result<u64>> {
        let place = Location::caller();
        let statements = statements(self.dialect(), table, columns, rows, place);
        Box::pin(async move {
            let mut done = 0;
            for (sql, count) in statements? {
                if let Err(error) = self.send(&sql).await {
                    return Err(failed(error, sql, place));
                }
                done += count;
                self.progress(done);
            }
            Ok(done)
        })
    }
}

/// The statements, each with the number of its rows.
fn statements<R: RowValues>(
    dialect: Dialect,
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = R>,
    place: &'static Location<'static>,
) -> Result<Vec<(String, u64)>> {
    let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut statements = Vec::new();
    let (mut sql, mut count) = (head.clone(), 0);
    for (index, row) in rows.into_iter().enumerate() {
        let values = row.into_values();
        if values.len() != columns.len() {
            let what = format!(
                "row {} has {} values for {} columns",
                index + 1,
                values.len(),
                columns.len()
            );
            return Err(RevisionError::refused(what, place));
        }
        let written: std::result::Result<Vec<String>, String> =
            values.iter().map(|value| value.written(dialect)).collect();
        let written = written.map_err(|why| {
            let what = format!("row {} cannot be inserted: {why}", index + 1);
            RevisionError::new(Cause::Refused(what, None), place)
        })?;
        let row = format!("({})", written.join(", "));
        if count == MOST_ROWS || (count > 0 && sql.len() + row.len() > MOST_BYTES) {
            statements.push((std::mem::replace(&mut sql, head.clone()), count as u64));
            count = 0;
        }
        if count > 0 {
            sql.push_str(", ");
        }
        sql.push_str(&row);
        count += 1;
    }
    if count > 0 {
        statements.push((sql, count as u64));
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_by_number_and_by_length() {
        let rows = (0..2_500).map(|number| (number, "x"));
        let cut = statements(Dialect::Sqlite, "t", &["a", "b"], rows, Location::caller()).unwrap();
        let counts: Vec<u64> = cut.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [1_000, 1_000, 500]);
        assert!(cut[2].0.starts_with("INSERT INTO t (a, b) VALUES (2000, 'x'), (2001, 'x')"));

        let long = "y".repeat(300_000);
        let rows = [[long.as_str()], [long.as_str()], ["z"]];
        let cut = statements(Dialect::Sqlite, "t", &["a"], rows, Location::caller()).unwrap();
        let counts: Vec<u64> = cut.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [1, 2]);

        let error = statements(Dialect::Sqlite, "t", &["a"], [(1, 2)], Location::caller());
        assert_eq!(error.unwrap_err().to_string(), "row 1 has 2 values for 1 columns");
    }
}
