//! Waiting for a lock: how long, how often, and who is told.

use std::time::{Duration, Instant};

use super::error::{Error, ErrorKind};
use super::observer::Event;
use super::options::Options;

/// One wait, from the first failure to the lock time-out.
pub(crate) struct Wait<'a> {
    options: &'a Options,
    /// The first pause. A run may work for longer than the time-out before it has to wait at all.
    since: Option<Instant>,
    pause: Duration,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self { options, since: None, pause: Duration::from_millis(5) }
    }

    /// The end of it, where a server holds the lock for somebody else.
    pub(crate) fn timed_out(&self, database: &str, holder: Option<&str>) -> Error {
        let waited = self.waited().as_secs_f64();
        let mut error = Error::new(
            ErrorKind::Locked,
            format!("another runner has held the lock of this database for {waited:.1} s"),
        )
        .on(database);
        if let Some(holder) = holder {
            error = error.note(format!("it is held by {holder}"));
        }
        error.help(
            "wait until it has finished, or allow a longer lock time-out (`--lock-timeout`, \
             `Options::lock_timeout`)",
        )
    }

    pub(crate) fn waited(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Pauses a little, each time longer; `false` if the time is up,
    /// or the run is to stop. `holder` is who is waited for,
    /// where that is known.
    pub(crate) async fn pause(&mut self, holder: Option<&str>) -> bool {
        if self.options.is_interrupted() {
            return false;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let waited = since.elapsed();
        let Some(left) =
            self.options.lock_timeout.checked_sub(waited).filter(|left| !left.is_zero())
        else {
            return false;
        };
        if let Some(observer) = &self.options.observer {
            observer.event(&Event::Waiting { waited, holder });
        }
        tracing::debug!(waited_ms = waited.as_millis(), "waiting for the database");
        self.options.sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(Duration::from_millis(250));
        true
    }
}
