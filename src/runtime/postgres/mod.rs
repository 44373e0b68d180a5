//! The runtime on `PostgreSQL`.
//!
//! The lock is an advisory lock of the session that does the work, so that lock and work live and die
//! together. A revision in a transaction travels in one message: `BEGIN`, its statements, its
//! record, a proof that the lock is still held, `COMMIT`; which of them failed is known from how many
//! were completed. Where sessions cannot lock, a lease takes the place of that lock (`runtime::lease`), and the
//! proof is one of it. Everything is sent in the simple protocol, which poolers understand and which
//! leaves no prepared statement behind.

mod catalog;
mod connect;
mod error;
mod guard;
mod lock;
mod message;
mod prepared;
#[cfg(feature = "testing")]
mod schema;
mod sqlx_lock;
mod statements;
mod tracking;

pub(crate) use connect::{Source, is_url};
pub(crate) use guard::Connection;
