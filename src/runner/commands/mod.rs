//! The commands over a chain, wherever it comes from: files, or the binary.

mod chain;
mod database;
mod progress;

pub(crate) use chain::{branches, graph, heads, history, show};
pub(crate) use database::{down, standing, status, up};
