//! What a trial finds out, and how it is said.

use std::fmt;

use super::snapshot::{self, Object};
use crate::chain::{RevisionId, Target};

/// Why the orders could not be compared.
#[derive(Debug)]
pub(crate) enum Untried {
    /// A revision in Rust would have to be compiled.
    Rust(RevisionId),
    /// A revision that reads or writes other files.
    Reaches(RevisionId),
    /// The tracking table lives in a schema that only the project's own connections have.
    Schema(String),
    /// What the branches share cannot be applied, whatever the order.
    Shared(String),
    /// A database in memory could not be had or read.
    Database(sqlx::Error),
}

impl fmt::Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the branches were not tried in different orders: ")?;
        match self {
            Self::Rust(id) => write!(f, "revision `{id}` is in Rust"),
            Self::Reaches(id) => write!(f, "revision `{id}` uses other files than the database"),
            Self::Schema(name) => write!(f, "the tracking table is in the schema `{name}`"),
            Self::Shared(error) => write!(f, "what they share fails already: {error}"),
            Self::Database(error) => write!(f, "a database in memory failed: {error}"),
        }
    }
}

impl From<sqlx::Error> for Untried {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// An order in which the branches are applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// The head that comes first; none: as `up` does it.
    pub(super) first: Option<RevisionId>,
    /// Where to go, one after another.
    pub(super) targets: Vec<Target>,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.first {
            Some(head) => write!(f, "`{head}` first"),
            None => f.write_str("mixed, as `up` does it"),
        }
    }
}

/// Something that depends on the order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// A revision fails in this order.
    Fails {
        /// The order.
        order: Order,
        /// The error, with revision and place.
        error: String,
    },
    /// An object of the schema, and what it is in which orders.
    Schema {
        /// The object.
        object: Object,
        /// Its text, or that it is not there.
        texts: Vec<(Vec<Order>, Option<String>)>,
    },
    /// A table, and what it holds after which orders.
    Rows {
        /// The table.
        table: String,
        /// How many rows.
        counts: Vec<(Vec<Order>, usize)>,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails { order, error } => write!(f, "{order}: {error}"),
            Self::Schema { object, texts } => {
                write!(f, "{object} depends on the order of the branches")?;
                let shown = snapshot::excerpts(texts.iter().map(|(_, text)| text.as_deref()));
                texts
                    .iter()
                    .zip(shown)
                    .try_for_each(|((orders, _), text)| write!(f, "\n  {}: {text}", joined(orders)))
            }
            Self::Rows { table, counts } if counts.iter().all(|it| it.1 == counts[0].1) => {
                write!(f, "the values in table `{table}` depend on the order of the branches")
            }
            Self::Rows { table, counts } => {
                write!(f, "the rows of table `{table}` depend on the order of the branches")?;
                counts.iter().try_for_each(|(orders, count)| {
                    let rows = if *count == 1 { "row" } else { "rows" };
                    write!(f, "\n  {}: {count} {rows}", joined(orders))
                })
            }
        }
    }
}

fn joined(orders: &[Order]) -> String {
    orders.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}
