//! The commands over a chain, wherever it comes from: files, or the binary.

mod chain;
mod database;
mod progress;

pub(crate) use chain::{branches, graph, heads, history, show};
#[cfg(feature = "cli")]
pub(crate) use database::{announce, block_on, failed};
pub(crate) use database::{down, standing, status, up};
