//! The commands over a chain, wherever it comes from: files, or the binary.

mod adopt;
mod chain;
mod check;
#[cfg(feature = "cli")]
mod code;
mod database;
mod plan;
mod progress;
mod redo;
mod repair;
mod sql;
mod status;
mod work;

pub(crate) use adopt::adopt;
#[cfg(feature = "cli")]
pub(crate) use chain::the_one;
pub(crate) use chain::{branches, graph, heads, history, show};
pub(crate) use check::check;
#[cfg(feature = "cli")]
pub(crate) use check::{StateFinding, checked, state};
#[cfg(feature = "cli")]
pub(crate) use code::{Running, needs_code};
#[cfg(feature = "cli")]
pub(crate) use database::{announce, block_on, confirm, failed};
pub(crate) use database::{down, standing, up};
pub(crate) use progress::Progress;
pub(crate) use redo::{plan, redo};
pub(crate) use repair::{repair, stamp};
pub(crate) use sql::sql;
pub(crate) use status::status;
