//! Large tables, a batch at a time.
//!
//! A cursor and no method with a closure: a closure that awaits, and uses what is around it, makes the
//! revision's future one that cannot be sent to another thread (rustc 1.95, E0477).

use std::panic::Location;

use futures_util::future::BoxFuture;

use super::Operations;
use super::failure::{Cause, Result, RevisionError};
use super::query::{Statement, failed};
use super::row::{PortableRow, Unusable};
use crate::runtime::tracking::quoted;

/// The rows of a query, batch by batch; made by [`Query::batches`](super::Query::batches).
#[derive(Debug)]
#[must_use = "batches are fetched with `next`"]
pub struct Batches {
    statement: Statement,
    key: String,
    size: usize,
    place: &'static Location<'static>,
    /// The key of the last row, as a literal.
    last: Option<String>,
    done: u64,
    is_over: bool,
}

impl Batches {
    pub(super) fn new(
        statement: Statement,
        key: &str,
        size: usize,
        place: &'static Location<'static>,
    ) -> Self {
        let (key, size) = (key.to_owned(), size.max(1));
        Self { statement, key, size, place, last: None, done: 0, is_over: false }
    }

    /// The next batch; `None` after the last one.
    #[track_caller]
    pub fn next<'b, T: PortableRow + 'b>(
        &'b mut self,
        operations: &'b mut Operations<'_>,
    ) -> BoxFuture<'b, Result<Option<Vec<T>>>> {
        let place = Location::caller();
        Box::pin(async move {
            if self.last.is_some() {
                operations.progress(self.done);
            }
            if self.is_over {
                return Ok(None);
            }
            let sql = self.sql(operations)?;
            let mut rows = match operations.fetch(&sql).await {
                Ok(rows) => rows,
                Err(error) => return Err(failed(error, sql, self.place)),
            };
            let count = rows.len().min(self.size);
            let key = |row| {
                rows.literal(row, &self.key).map_err(|unusable| match unusable {
                    Unusable::Driver(error) => failed(error, sql.clone(), self.place),
                    Unusable::Null => {
                        let what = format!("the key `{}` of a batch is null", self.key);
                        RevisionError::refused(what, self.place)
                    }
                })
            };
            if count > 0 {
                let last = key(count - 1)?;
                // Of two rows with one key, one would be left out.
                if rows.len() > count && key(count)? == last {
                    return Err(self.ambiguous(&last));
                }
                self.last = Some(last);
            }
            self.is_over = rows.len() == count;
            if count == 0 {
                return Ok(None);
            }
            rows.truncate(count);
            self.done += count as u64;
            let rows = rows.decode().map_err(|error| failed(error, sql, place))?;
            Ok(Some(rows))
        })
    }

    fn sql(&self, operations: &Operations<'_>) -> Result<String> {
        let query = self.statement.filled(operations.dialect(), self.place)?;
        let key = quoted(operations.dialect(), &self.key);
        let after = self
            .last
            .as_ref()
            .map_or_else(String::new, |last| format!(" WHERE batch.{key} > {last}"));
        let limit = self.size + 1;
        // A line of its own: the query may end in a comment.
        Ok(format!("SELECT * FROM ({query}\n) AS batch{after} ORDER BY batch.{key} LIMIT {limit}"))
    }

    fn ambiguous(&self, key: &str) -> RevisionError {
        let what = format!("two rows have the key {key} in `{}`", self.key);
        let help = "the key of batches must be unique: use the primary key";
        RevisionError::new(Cause::Refused(what, Some(help.to_owned())), self.place)
    }
}
