//! How long a run waits, how often it tries again and how it commits, as people write it.
//!
//! The same words in flags, variables and the configuration; what the numbers mean is the runtime's.

use std::time::Duration;

/// How long a run waits, how often it tries again, and how it commits; nothing where nothing was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long to wait for other migrators and writers.
    pub lock_timeout: Option<Duration>,
    /// How long a statement may wait for a lock of the database; zero leaves it to the server.
    pub statement_lock_timeout: Option<Duration>,
    /// How long a statement may take; zero leaves it to the server.
    pub statement_timeout: Option<Duration>,
    /// How often a transaction that failed for a lock is tried again.
    pub retries: Option<u32>,
    /// Whether several databases are committed in two phases.
    pub two_phase: Option<bool>,
}

impl Limits {
    /// Their names, as the configuration writes them.
    pub(crate) const NAMES: [&str; 5] = [
        "lock-timeout",
        "statement-lock-timeout",
        "statement-timeout",
        Self::RETRIES,
        Self::TWO_PHASE,
    ];
    /// The name of the number of attempts.
    pub(crate) const RETRIES: &str = "retries";
    /// The name of the way to commit.
    pub(crate) const TWO_PHASE: &str = "two-phase";

    /// The variable that says one of them.
    #[cfg(feature = "runner")]
    pub(crate) fn variable(name: &str) -> String {
        format!("MIGRATE_{}", name.to_uppercase().replace('-', "_"))
    }

    /// What is said here, and where nothing is, what is said there.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            lock_timeout: self.lock_timeout.or(other.lock_timeout),
            statement_lock_timeout: self.statement_lock_timeout.or(other.statement_lock_timeout),
            statement_timeout: self.statement_timeout.or(other.statement_timeout),
            retries: self.retries.or(other.retries),
            two_phase: self.two_phase.or(other.two_phase),
        }
    }

    /// Sets one of them by its name.
    pub(crate) fn set(&mut self, name: &str, text: &str) -> Result<(), &'static str> {
        match name {
            "lock-timeout" => self.lock_timeout = Some(duration(text)?),
            "statement-lock-timeout" => self.statement_lock_timeout = Some(duration(text)?),
            "statement-timeout" => self.statement_timeout = Some(duration(text)?),
            Self::TWO_PHASE => self.two_phase = Some(switch(text)?),
            _ => self.retries = Some(retries(text)?),
        }
        Ok(())
    }
}

const EXPECTED: &str = "expected a number of seconds, or a text like `500ms`, `5s` or `2m`";

/// Servers count milliseconds in 31 bits.
const LONGEST: Duration = Duration::from_hours(24 * 24);

/// Reads `5`, `2.5`, `500ms`, `5s`, `2m`, `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim_start() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(EXPECTED),
    };
    let number: f64 = number.parse().map_err(|_| EXPECTED)?;
    match Duration::try_from_secs_f64(number * unit) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err("expected at most 24 days"),
    }
}

/// Reads how often something is tried again.
pub(crate) fn retries(text: &str) -> Result<u32, &'static str> {
    text.trim().parse().map_err(|_| "expected a whole number, such as `5`")
}

/// Reads whether something is wanted.
pub(crate) fn switch(text: &str) -> Result<bool, &'static str> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("expected `true` or `false`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_written_in_units_or_in_seconds() {
        for (text, milliseconds) in [
            ("5", 5_000),
            ("2.5", 2_500),
            ("0", 0),
            (" 500ms ", 500),
            ("5 s", 5_000),
            (".5s", 500),
            ("2m", 120_000),
            ("2min", 120_000),
            ("1h", 3_600_000),
            ("576h", 2_073_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "5 days", "-1", "1e3", "inf", "0x10", "1.2.3", "577h", "5S", "٣"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(retries("0"), Ok(0));
        for text in ["", "-1", "1.5", "5000000000"] {
            assert!(retries(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_said_nearer_holds() {
        let mut near = Limits::default();
        near.set("lock-timeout", "1").unwrap();
        let mut far = Limits::default();
        for name in Limits::NAMES {
            let value = match name {
                Limits::RETRIES => "3",
                Limits::TWO_PHASE => "true",
                _ => "2s",
            };
            far.set(name, value).unwrap();
        }
        let both = near.or(far);
        assert_eq!(both.lock_timeout, Some(Duration::from_secs(1)));
        assert_eq!(both.statement_lock_timeout, Some(Duration::from_secs(2)));
        assert_eq!(both.statement_timeout, Some(Duration::from_secs(2)));
        assert_eq!((both.retries, both.two_phase), (Some(3), Some(true)));
        near.set(Limits::TWO_PHASE, "false").unwrap();
        assert_eq!(near.or(far).two_phase, Some(false));
        assert!(near.set(Limits::TWO_PHASE, "yes").is_err());
    }
}
