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

use crate::command::{self, cargo};
use crate::say;

pub(crate) const HELP: &str = "
Usage: cargo xtask bench-graph

Makes merge-heavy chains of 1,000, 10,000 and 100,000 revisions in memory, validates and plans them, up
and down, and prints the processor time of each part and how it grows: 10 means linear.
";

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// The parts that are measured, each on its own.
const PARTS: [&str; 5] = ["validate", "up heads", "heads after", "down base", "up one"];

pub(crate) fn run() -> Result<(), String> {
    if cfg!(debug_assertions) {
        // Only what is optimised is worth measuring.
        let args = ["run", "--release", "--quiet", "--package", "xtask", "--", "bench-graph"];
        return command::run(cargo().args(args));
    }
    let mut line = format!("{:>9}", "revisions");
    for part in PARTS {
        let _ = write!(line, " {part:>12}");
    }
    say(&format!("{line} {:>9} {:>7}", "all", "growth"));
    let mut last: Option<Duration> = None;
    for size in SIZES {
        // The system counts in ticks of some milliseconds, so short parts are run often.
        let runs = u32::try_from(500_000 / size).unwrap_or(1);
        let mut times = [Duration::ZERO; PARTS.len()];
        for _ in 0..runs {
            let run = measure(size)?;
            times.iter_mut().zip(run).for_each(|(total, time)| *total += time);
        }
        let times = times.map(|total| total / runs);
        let all: Duration = times.iter().sum();
        let mut line = format!("{size:>9}");
        for time in times {
            let _ = write!(line, " {:>9.2} ms", time.as_secs_f64() * 1e3);
        }
        let growth = last.map_or_else(String::new, |last| {
            format!("{:.1}", all.as_secs_f64() / last.as_secs_f64())
        });
        say(&format!("{line} {:>6.0} ms {growth:>7}", all.as_secs_f64() * 1e3));
        last = Some(all);
    }
    Ok(())
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
