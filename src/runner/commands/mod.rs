//! The commands over a chain, wherever it comes from: files, or the binary.

mod chain;
mod database;
mod progress;

pub(crate) use chain::{heads, history, show};
pub(crate) use database::{down, status, up};
