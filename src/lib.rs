#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod chain;
pub mod diagnostic;
mod dialect;

pub use chain::Chain;
pub use dialect::{Dialect, Variant};
