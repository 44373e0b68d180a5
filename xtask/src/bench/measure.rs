//! CPU seconds of child processes, and what several measurements of one thing say together.
//!
//! Wall time says little on a machine that others use too; user plus system time of a process and
//! its children does, and a ratio of two of them, measured in turns, says most.

use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::command;

/// Runs a command to its end and returns the CPU seconds of all its processes.
pub(super) fn cpu(command: &mut Command) -> Result<f64, String> {
    let before = of_children()?;
    command::output(command)?;
    Ok(of_children()? - before)
}

/// The sum over all children that have ended and were waited for, and their children in turn.
fn of_children() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| format!("the CPU time of children cannot be read: {error}"))?;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of years fit into 52 bits")]
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// Measurements of one thing, in seconds.
#[derive(Clone, Debug)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    pub(super) const fn empty() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, seconds: f64) {
        self.0.push(seconds);
        self.0.sort_by(f64::total_cmp);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The middle one; with an even number, the lower of the two.
    pub(super) fn median(&self) -> f64 {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    fn best(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The median, the best, and how many there are.
    pub(super) fn shown(&self) -> String {
        let (median, best) = (self.median(), self.best());
        if median < 0.1 {
            let (median, best) = (median * 1e3, best * 1e3);
            format!("{median:.2} ms (best {best:.2} of {})", self.0.len())
        } else {
            format!("{median:.2} s (best {best:.2} of {})", self.0.len())
        }
    }
}

/// Measures two commands in turns, so that both see the same machine.
pub(super) fn in_turns(
    times: usize,
    mut first: impl FnMut() -> Result<f64, String>,
    mut second: impl FnMut() -> Result<f64, String>,
) -> Result<(Samples, Samples), String> {
    let (mut a, mut b) = (Samples::empty(), Samples::empty());
    for _ in 0..times {
        a.add(first()?);
        b.add(second()?);
    }
    Ok((a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let mut samples = Samples::empty();
        assert!(samples.median().is_nan());
        for seconds in [3.0, 1.0, 2.0] {
            samples.add(seconds);
        }
        assert!((samples.median() - 2.0).abs() < f64::EPSILON);
        assert_eq!(samples.shown(), "2.00 s (best 1.00 of 3)");
    }

    #[test]
    fn work_of_a_child_is_counted() {
        let mut loops = Command::new("sh");
        loops.args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]);
        assert!(cpu(&mut loops).unwrap() > 0.0);
    }
}
