//! Longer explanations than a function's own page has room for.

#[doc = include_str!("databases.md")]
pub mod databases {}
