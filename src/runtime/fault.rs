//! A place to die, for tests: before any statement that a driver sends.
//!
//! What a process leaves that is killed between two statements cannot be tried from outside with
//! certainty. Outside of tests this is nothing.

/// Called before each statement is sent.
#[cfg(not(test))]
pub(crate) fn statement() {}

#[cfg(test)]
pub(crate) use counting::statement;

#[cfg(test)]
mod counting {
    use std::process::Command;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static SENT: AtomicUsize = AtomicUsize::new(0);

    /// Dies as by `kill -9` before the statement whose number `MIGRATE_TEST_DIE_BEFORE` says.
    pub(crate) fn statement() {
        static NUMBER: OnceLock<Option<usize>> = OnceLock::new();
        #[expect(clippy::disallowed_methods, reason = "a test tells its child process")]
        let number =
            NUMBER.get_or_init(|| std::env::var("MIGRATE_TEST_DIE_BEFORE").ok()?.parse().ok());
        if number.is_some_and(|number| SENT.fetch_add(1, Ordering::Relaxed) + 1 == number) {
            let own = std::process::id().to_string();
            let _ = Command::new("kill").args(["-9", &own]).status();
            std::process::abort();
        }
    }
}
