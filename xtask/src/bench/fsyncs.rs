//! How often a run waits for the disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_migrate::Dialect;

use super::Effort;
use super::apply::Database;
use super::fixture::{self, Package, cannot, needs};
use super::history::History;
use super::report::Row;
use crate::command;

const STEP: u32 = 100;
const MOST: f64 = 4.0;

pub(super) fn run(_: Effort) -> Result<Vec<Row>, String> {
    needs("strace", "Debian, Ubuntu and Fedora: the package `strace`")?;
    let package = Package::new("bench-schema", History::Schema(Dialect::Sqlite), 1_000)?;
    command::run(&mut package.build("release"))?;
    let directory = fixture::fresh("fsyncs")?;
    let target = format!("+{STEP}");
    let binary = package.binary();
    let run = |arguments: &[&str]| counted(Command::new(&binary).args(arguments), &directory);

    let database = Database::fresh(&directory)?;
    let url = database.url();
    let into_new = run(&["up", &url, &target])?;
    let into_old = run(&["up", &url, &target])?;
    let each = run(&["each", &url, &target])?;
    let a_revision = f64::from(each) / f64::from(STEP);
    let whole = |name: &str, count: u32| {
        Row::number(
            format!("fsyncs of a run, {STEP} revisions, {name}"),
            count.to_string(),
            f64::from(count),
            MOST,
            " in all",
        )
    };
    Ok(vec![
        whole("new file", into_new),
        whole("existing file", into_old),
        Row::number(
            format!("fsyncs with a transaction each, {STEP} revisions"),
            format!("{a_revision:.2} a revision"),
            a_revision,
            MOST,
            " a revision",
        ),
    ])
}

/// Runs a command and counts its `fsync` and `fdatasync` calls.
fn counted(command: &mut Command, directory: &Path) -> Result<u32, String> {
    let log = directory.join("strace.log");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o"]).arg(&log);
    traced.arg(command.get_program()).args(command.get_args());
    command::output(&mut traced)?;
    let text = fs::read_to_string(&log).map_err(|error| cannot("read", &log, &error))?;
    // A call that another thread interrupts has a second line, `<... fsync resumed>`.
    let is_call = |line: &&str| line.contains(" fsync(") || line.contains(" fdatasync(");
    u32::try_from(text.lines().filter(is_call).count()).map_err(|error| error.to_string())
}
