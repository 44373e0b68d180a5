#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod diagnostic;
mod dialect;
#[cfg(feature = "scaffold")]
pub mod scaffold;

pub use dialect::{Dialect, Variant};
