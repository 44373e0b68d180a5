#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "build")]
pub mod config;
pub mod diagnostic;
mod dialect;

pub use dialect::{Dialect, Variant};
