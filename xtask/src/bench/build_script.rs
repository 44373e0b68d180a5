//! The build script alone: every edit of a revision waits for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_migrate::Dialect;

use super::Effort;
use super::fixture::{self, Package, cannot};
use super::history::History;
use super::measure::{Samples, cpu};
use super::report::Row;
use crate::command;

const REVISIONS: usize = 10_000;
const MOST_SECONDS: f64 = 0.5;

pub(super) fn run(effort: Effort) -> Result<Vec<Row>, String> {
    let package =
        Package::script_only("bench-script", History::Schema(Dialect::Sqlite), REVISIONS)?;
    command::run(&mut package.build("dev"))?;
    let script = newest_script(&fixture::target().join("debug/build"), &package.name)?;
    let mut samples = Samples::empty();
    for _ in 0..effort.times(9) {
        let out = fixture::fresh("build-script-out")?;
        samples.add(cpu(Command::new(&script)
            .current_dir(&package.path)
            .env("CARGO_MANIFEST_DIR", &package.path)
            .env("OUT_DIR", &out))?);
        let table = out.join("cargo_migrate.table");
        if !table.exists() {
            return Err(format!("the build script did not write `{}`", table.display()));
        }
    }
    let bytes = package.bytes / REVISIONS;
    Ok(vec![Row::number(
        format!("build script (unoptimised), {REVISIONS} revisions of {bytes} bytes"),
        samples.shown(),
        samples.median(),
        MOST_SECONDS,
        " s",
    )])
}

/// The compiled build script; older ones of other dependencies may lie beside it.
fn newest_script(directory: &Path, package: &str) -> Result<PathBuf, String> {
    let prefix = format!("{package}-");
    fs::read_dir(directory)
        .map_err(|error| cannot("read", directory, &error))?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path().join("build-script-build"))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| format!("there is no build script of `{package}`"))
}
