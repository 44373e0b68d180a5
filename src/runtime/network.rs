//! Connections over a network need an async runtime, and the application chooses which.
//!
//! Without one the driver panics; here that becomes an error that says what to do.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::error::{Error, ErrorKind};

/// Runs what opens a connection.
pub(crate) async fn guarded<T>(connecting: impl Future<Output = T>) -> Result<T, Error> {
    // Which runtimes the driver was compiled with cannot be asked, only tried.
    AssertUnwindSafe(connecting).catch_unwind().await.map_err(|panic| {
        let says = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("the driver panicked");
        Error::new(ErrorKind::Connect, format!("failed to connect to the database: {says}"))
            .note("connections over a network need an async runtime")
            .help(
                "enable the feature `tokio` of the dependency `cargo-migrate`, and call it inside a \
                 tokio runtime",
            )
    })
}
