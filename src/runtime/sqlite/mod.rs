//! The runtime on `SQLite`.
//!
//! The lock is the write transaction itself (`BEGIN IMMEDIATE`): there is no other way in which
//! every `SQLite` client takes notice. Foreign keys are off while revisions run, since rebuilding a
//! parent table would delete its children through `ON DELETE CASCADE`, and are checked afterwards.

mod catalog;
mod connect;
mod error;
mod foreign_keys;
mod guard;
mod lock;
#[cfg(feature = "testing")]
mod schema;
mod sqlx_lock;
mod statements;
mod tracking;

pub(crate) use connect::{Source, is_url};
pub(crate) use guard::Connection;
