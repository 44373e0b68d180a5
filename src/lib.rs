#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "build")]
pub mod build;
pub mod chain;
#[cfg(feature = "build")]
pub mod config;
pub mod diagnostic;
mod dialect;
#[cfg(feature = "runtime")]
mod embed;
#[cfg(feature = "runner")]
pub mod runner;
pub mod script;
pub mod sql;
#[cfg(feature = "build")]
pub mod validate;
#[cfg(feature = "cli")]
pub mod scaffold;

pub use chain::Chain;
pub use dialect::{Dialect, Variant};
