//! The commands over a chain, wherever it comes from: files, or the binary.

mod chain;

pub(crate) use chain::{heads, history, show};
