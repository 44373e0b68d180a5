//! How validating and planning grow with the chain: 1,000, 10,000 and 100,000 revisions.
//!
//! The chains are heavy on branches and merges, with dependencies across, since that is where a
//! planner that looks at paths instead of revisions stops being linear (Alembic needs ten seconds
//! for 3,000). The revisions are texts in memory: reading files is the file system's time.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cargo_migrate::Chain;
use cargo_migrate::chain::{Plan, Target};
use cargo_migrate::config::{Configuration, HeadsPolicy};
use cargo_migrate::validate;

use super::Effort;
use super::report::Row;
use crate::command::{self, cargo};
use crate::say;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// The parts that are measured, each on its own.
const PARTS: [&str; 5] = ["validate", "up heads", "heads after", "down base", "up one"];

/// Ten times the revisions in so many times the time; ten is linear, and memory is not as fast as caches.
const MOST: f64 = 15.0;

/// What `bench` is asked by itself, compiled with optimisation: the bare numbers.
pub(super) const NUMBERS: &str = "graph-numbers";

pub(super) fn run(effort: Effort) -> Result<Vec<Row>, String> {
    let measured = if cfg!(debug_assertions) {
        // Only what is optimised is worth measuring.
        let mut again = cargo();
        again.args(["run", "--release", "--quiet", "--package", "xtask", "--", "bench", NUMBERS]);
        if effort == Effort::Quick {
            again.arg("--quick");
        }
        parse(&command::output(&mut again)?)?
    } else {
        measure_all(effort)?
    };
    let mut line = format!("{:>9}", "revisions");
    for part in PARTS {
        let _ = write!(line, " {part:>12}");
    }
    say(&format!("{line} {:>9} {:>7}", "all", "growth"));
    let mut rows = Vec::new();
    let mut last: Option<(usize, f64)> = None;
    for (size, times) in SIZES.into_iter().zip(measured) {
        let all = times.iter().sum::<Duration>().as_secs_f64();
        let mut line = format!("{size:>9}");
        for time in times {
            let _ = write!(line, " {:>9.2} ms", time.as_secs_f64() * 1e3);
        }
        let growth = last.map(|(_, last)| all / last);
        let shown = growth.map_or_else(String::new, |growth| format!("{growth:.1}"));
        say(&format!("{line} {:>6.0} ms {shown:>7}", all * 1e3));
        let name = format!("validate and plan {size} revisions, heavy on merges");
        let row = Row::number(name, format!("{:.2} ms", all * 1e3), all, f64::MAX, "");
        rows.push(row.without_aim());
        if let (Some(growth), Some((smaller, _))) = (growth, last) {
            let name = format!("growth of that from {smaller} to {size} (10 is linear)");
            rows.push(Row::number(name, format!("{growth:.1} times"), growth, MOST, " times"));
        }
        last = Some((size, all));
    }
    Ok(rows)
}

/// Prints the measurements for [`run`] in another process: a line a size, nanoseconds for each part.
#[expect(clippy::print_stdout, reason = "the other process reads it there")]
pub(super) fn numbers(effort: Effort) -> Result<(), String> {
    for times in measure_all(effort)? {
        let times = times.map(|time| time.as_nanos().to_string());
        println!("{}", times.join(" "));
    }
    Ok(())
}

fn parse(text: &str) -> Result<Vec<[Duration; PARTS.len()]>, String> {
    let lines = text.lines().map(|line| {
        let times: Option<Vec<Duration>> =
            line.split(' ').map(|word| word.parse().ok().map(Duration::from_nanos)).collect();
        times.and_then(|times| times.try_into().ok())
    });
    let lines: Option<Vec<_>> = lines.collect();
    lines
        .filter(|lines| lines.len() == SIZES.len())
        .ok_or_else(|| format!("these are no measurements:\n{text}"))
}

fn measure_all(effort: Effort) -> Result<Vec<[Duration; PARTS.len()]>, String> {
    SIZES
        .into_iter()
        .map(|size| {
            // The system counts in ticks of some milliseconds, so short parts are run often.
            let runs = effort.times(500_000 / size);
            let mut times = [Duration::ZERO; PARTS.len()];
            for _ in 0..runs {
                let run = measure(size)?;
                times.iter_mut().zip(run).for_each(|(total, time)| *total += time);
            }
            let runs = u32::try_from(runs).unwrap_or(u32::MAX);
            Ok(times.map(|total| total / runs))
        })
        .collect()
}

/// The time of each of [`PARTS`].
fn measure(size: usize) -> Result<[Duration; 5], String> {
    let mut configuration = Configuration::default();
    configuration.heads = HeadsPolicy::Many;
    let texts = texts(size);
    let (validating, (chain, findings, sources)) = timed(|| validate::texts(&configuration, texts));
    let chain = chain.ok_or_else(|| {
        let first = findings.first().map(|finding| finding.one_line(&sources));
        format!("the chain is not valid: {}", first.unwrap_or_default())
    })?;
    let none = HashSet::new();
    let (climbing, up) = timed(|| Plan::up(&chain, &none, &Target::HEADS));
    let up = up.map_err(|error| error.to_string())?;
    let (following, changes) = timed(|| {
        let changes = up.replay(&chain, &none);
        changes.map(|change| change.gained.len() + change.lost.len()).sum::<usize>()
    });
    let all = chain.revisions().iter().map(|revision| revision.id().clone()).collect();
    let (descending, down) = timed(|| Plan::down(&chain, &all, &Target::BASE));
    let down = down.map_err(|error| error.to_string())?;
    let (abbreviated, one) = timed(|| Plan::up(&chain, &none, &last_by_prefix(&chain)));
    let one = one.map_err(|error| error.to_string())?;
    if up.steps.len() != size || down.steps.len() != size || one.is_empty() || changes < size {
        return Err(format!("the plans are incomplete: {} of {size}", up.steps.len()));
    }
    Ok([validating, climbing, following, descending, abbreviated])
}

/// The last revision, as a person would type it.
fn last_by_prefix(chain: &Chain) -> Target {
    let id = chain.revisions().last().map_or("", |revision| revision.id().as_str());
    // `r` and digits, of which the last is left out: unique, since ids end in a letter.
    id[..id.len() - 1].parse().unwrap_or(Target::HEAD)
}

/// Lines that branch, cross and merge all the time, some with dependencies across.
fn texts(size: usize) -> Vec<(String, String)> {
    // A linear congruential generator (Knuth's constants): the same chain on every machine.
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let id = |index: usize| format!("r{index:06}x");
    let mut heads: Vec<usize> = Vec::new();
    (0..size)
        .map(|index| {
            let parents = match random(10) {
                _ if heads.is_empty() => Vec::new(),
                // A merge of two lines; two heads are never ancestors of one another.
                0..4 if heads.len() > 1 => {
                    let one = heads.swap_remove(random(heads.len()));
                    vec![one, heads.swap_remove(random(heads.len()))]
                }
                // A branch, from a head or from somewhere below.
                4..7 if heads.len() < 64 => vec![index - 1 - random(index.min(40))],
                7 if heads.len() < 64 && random(50) == 0 => Vec::new(),
                _ => vec![heads.swap_remove(random(heads.len()))],
            };
            heads.retain(|head| !parents.contains(head));
            let dependency = Some(index).filter(|&index| index > 0 && random(10) == 0);
            let dependency = dependency.map(|index| index - 1 - random(index.min(200)));
            heads.push(index);
            let mut text = format!("-- step {index}\n--\n-- revision: {}\n", id(index));
            if !parents.is_empty() {
                let parents: Vec<String> = parents.iter().map(|&parent| id(parent)).collect();
                let _ = writeln!(text, "-- revises: {}", parents.join(", "));
            }
            if let Some(other) = dependency.filter(|other| !parents.contains(other)) {
                let _ = writeln!(text, "-- depends-on: {}", id(other));
            }
            let _ = write!(
                text,
                "\n-- migrate:up\nCREATE TABLE t{index} (id INTEGER PRIMARY KEY, name TEXT);\n\n\
                 -- migrate:down\nDROP TABLE t{index};\n"
            );
            (format!("migrations/{index:06}.sql"), text)
        })
        .collect()
}

/// Processor time where the system tells it, else the clock's.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let clock = Instant::now();
    let before = processor_time();
    let result = work();
    let time = match (before, processor_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => clock.elapsed(),
    };
    (time, result)
}

/// What this thread has run for: the first number of Linux' `schedstat`, in nanoseconds.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_ascii_whitespace().next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back_and_nothing_else_is() {
        let text = "1 2 3 4 5\n10 20 30 40 50\n100 200 300 400 500\n";
        assert_eq!(parse(text).unwrap()[1][4], Duration::from_nanos(50));
        assert!(parse("1 2 3 4 5\n").is_err());
        assert!(parse(&text.replace("30", "x")).is_err());
        assert!(parse(&text.replace("30 ", "")).is_err());
    }

    #[test]
    fn the_chain_is_planned_whole() {
        assert!(measure(300).is_ok());
    }
}
