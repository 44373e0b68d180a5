#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod diagnostic;
mod dialect;
pub mod sql;

pub use dialect::{Dialect, Variant};
