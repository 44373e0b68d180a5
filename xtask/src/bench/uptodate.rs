//! The start of an application whose database is up to date.

use std::process::Command;

use super::Effort;
use super::apply::Database;
use super::fixture::{self, Package};
use super::history::History;
use super::measure::{cpu, in_turns};
use super::report::Row;
use crate::command;

const REVISIONS: usize = 10_000;
const MOST: f64 = 1.5;
/// One start takes a few milliseconds, so a sample is the sum of many.
const STARTS: u32 = 50;

pub(super) fn run(effort: Effort) -> Result<Vec<Row>, String> {
    let package = Package::new("bench-light", History::Light, REVISIONS)?;
    command::run(&mut package.build("release"))?;
    let directory = fixture::fresh("uptodate")?;
    let url = Database::fresh(&directory)?.url();
    let binary = package.binary();
    command::output(Command::new(&binary).args(["up", &url]))?;

    let starts = |command: &str| -> Result<f64, String> {
        let mut sum = 0.0;
        for _ in 0..STARTS {
            sum += cpu(Command::new(&binary).args([command, &url]))?;
        }
        Ok(sum / f64::from(STARTS))
    };
    let (up, read) = in_turns(effort.times(9), || starts("up"), || starts("read"))?;
    let ratio = up.median() / read.median();
    Ok(vec![Row::ratio(
        format!("start with nothing to do, {REVISIONS} baked revisions, against reading one row"),
        up.shown(),
        read.shown(),
        ratio,
        MOST,
    )])
}
