//! Trying again what failed only because others held locks.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::error::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long to pause after this many attempts: twice as long each time, and between the half and the
/// whole of that, so that two runners do not meet again and again.
pub(crate) fn back_off(attempts: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let whole = doubled.min(LONGEST_PAUSE);
    // The standard library's only source of chance.
    let chance = RandomState::new().hash_one(attempts) % 1000;
    let half = whole / 2;
    half + half.mul_f64(f64::from(u16::try_from(chance).unwrap_or_default()) / 1000.0)
}

/// The last word after all attempts: who is in the way.
pub(crate) fn blocked(error: Error, attempts: u32, blockers: Vec<String>) -> Error {
    let tries = if attempts == 1 { String::from("once") } else { format!("{attempts} times") };
    let mut error = error.note(format!("it was tried {tries}, and undone each time"));
    for blocker in &blockers {
        error = error.note(format!("in the way: {blocker}"));
    }
    error.help(if blockers.is_empty() {
        "run again when fewer others are at work, or allow a longer time-out for locks"
    } else {
        "wait until these sessions have ended, or end them, and run again"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit_and_differ() {
        for (attempts, whole) in [(1, 250), (2, 500), (4, 2_000), (7, 10_000), (99, 10_000)] {
            let pause = back_off(attempts).as_millis();
            assert!((whole / 2..=whole).contains(&pause), "{attempts}: {pause}");
        }
        let pauses: std::collections::HashSet<Duration> = (0..50).map(|_| back_off(4)).collect();
        assert!(pauses.len() > 10, "{pauses:?}");
    }
}
