//! A release build after one revision was added, and what a revision adds to the binary.

use std::fs;
use std::path::Path;

use cargo_migrate::Dialect;

use super::Effort;
use super::fixture::{self, Package, cannot};
use super::history::History;
use super::measure::{Samples, cpu};
use super::report::Row;
use crate::command;

/// How many revisions, and the CPU seconds that a rebuild may take.
const SIZES: [(usize, f64); 2] = [(1_000, 1.0), (10_000, 3.0)];
const MOST_GROWTH: f64 = 0.2;

pub(super) fn run(effort: Effort) -> Result<Vec<Row>, String> {
    let times = effort.times(5);
    // One revision stands for none: it is the smallest chain that an application has.
    let smallest = Package::application("bench-rebuild-1", History::Schema(Dialect::Sqlite), 1)?;
    command::run(&mut smallest.build("release"))?;
    let (size, bytes) = (file_size(&smallest.binary())?, smallest.bytes);
    let floor = touched(&smallest, times)?;

    let mut rows = Vec::new();
    for (count, limit) in SIZES {
        let name = format!("bench-rebuild-{count}");
        let mut package = Package::application(&name, History::Schema(Dialect::Sqlite), count)?;
        command::run(&mut package.build("release"))?;
        let growth = file_size(&package.binary())? - size;
        let texts = float(package.bytes - bytes)?;
        let a_revision = (growth - texts) / float(count - 1)? / 1e3;
        let mut samples = Samples::empty();
        for _ in 0..times {
            package.add_revision()?;
            samples.add(cpu(&mut package.build("release"))?);
        }
        rows.push(
            Row::number(
                format!("release rebuild after one more revision, at {count}"),
                samples.shown(),
                samples.median(),
                limit,
                " s",
            )
            .with_floor(format!("one revision, source touched: {}", floor.shown())),
        );
        rows.push(Row::number(
            format!("binary growth a revision beyond its text, at {count}"),
            format!("{a_revision:.3} kB"),
            a_revision,
            MOST_GROWTH,
            " kB",
        ));
    }
    Ok(rows)
}

/// The same build where only the program's own source is newer.
fn touched(package: &Package, times: usize) -> Result<Samples, String> {
    let source = package.path.join("src/main.rs");
    let text = fs::read_to_string(&source).map_err(|error| cannot("read", &source, &error))?;
    let mut samples = Samples::empty();
    for _ in 0..times {
        fixture::write(&source, &text)?;
        samples.add(cpu(&mut package.build("release"))?);
    }
    Ok(samples)
}

/// Without debug information, as cargo's release profile leaves it.
fn file_size(path: &Path) -> Result<f64, String> {
    let metadata = fs::metadata(path).map_err(|error| cannot("read", path, &error))?;
    float(usize::try_from(metadata.len()).map_err(|error| error.to_string())?)
}

fn float(number: usize) -> Result<f64, String> {
    u32::try_from(number).map(f64::from).map_err(|error| error.to_string())
}
