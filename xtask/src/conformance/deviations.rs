//! Where we answer otherwise than Alembic on purpose.
use super::vectors::{Answer, Graph, Query};

/// A disagreement: the question, Alembic's answer and ours.
pub(crate) struct Case<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) query: &'a Query,
    pub(crate) theirs: &'a Answer,
    pub(crate) ours: &'a Answer,
}

pub(crate) struct Deviation {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) applies: fn(&Case<'_>) -> bool,
}

pub(crate) const DEVIATIONS: [Deviation; 0] = [];
