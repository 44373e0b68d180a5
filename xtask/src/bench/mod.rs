//! Benchmarks, each against its floor in one run.
//!
//! Machines differ and are shared, so what is reported are counts, CPU seconds of whole process
//! trees, and above all ratios of two measurements taken in turns.

mod apply;
mod build_cost;
mod build_script;
mod fixture;
mod fsyncs;
mod graph;
mod history;
mod measure;
mod programs;
mod proxy;
mod rebuild;
mod report;
mod server;
mod servers;
mod uptodate;

use std::path::PathBuf;

use report::Row;

use crate::command::{self, cargo, root};
use crate::say;

pub(crate) const HELP: &str = "
Usage: cargo xtask bench [NAME…] [--quick]

Runs all benchmarks, or those that are named, and ends with a table, which is also written to
`target/bench/report.md`. Everything is measured several times and in turns with its floor, in CPU
seconds of all processes involved (wall time where it is the network that is waited for); the table gives
the median and the best. `--quick` measures fewer times. An aim that is missed is no error.

  apply         1,000 revisions into a fresh SQLite file, against the same SQL without a migrator
  fsyncs        how often a run waits for the disk (needs strace)
  graph         validating and planning 1,000, 10,000 and 100,000 revisions in memory, and the growth
  postgres      round trips, commits, waiting and CPU of revisions on PostgreSQL (starts a private server,
                unless MIGRATE_TEST_POSTGRES_URL names one)
  mysql         the same on MariaDB or MySQL (MIGRATE_TEST_MYSQL_URL)
  uptodate      start with nothing to do, 10,000 revisions, against opening and reading one row
  build-cost    what the build helper adds to a clean build
  build-script  the unoptimised build script with 10,000 revisions
  rebuild       release rebuild after one more revision, and the growth of the binary
";

struct Benchmark {
    name: &'static str,
    run: fn(Effort) -> Result<Vec<Row>, String>,
}

const BENCHMARKS: [Benchmark; 9] = [
    Benchmark { name: "apply", run: apply::run },
    Benchmark { name: "fsyncs", run: fsyncs::run },
    Benchmark { name: "graph", run: graph::run },
    Benchmark { name: "postgres", run: servers::postgres },
    Benchmark { name: "mysql", run: servers::mysql },
    Benchmark { name: "uptodate", run: uptodate::run },
    Benchmark { name: "build-cost", run: build_cost::run },
    Benchmark { name: "build-script", run: build_script::run },
    Benchmark { name: "rebuild", run: rebuild::run },
];

/// How often things are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    Quick,
    Full,
}

impl Effort {
    fn times(self, full: usize) -> usize {
        match self {
            Self::Quick => full.div_ceil(3),
            Self::Full => full,
        }
    }
}

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    if let Some((first, rest)) = args.split_first()
        && first == graph::NUMBERS
    {
        return graph::numbers(choice(rest)?.0);
    }
    let (effort, chosen) = choice(args)?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for benchmark in chosen {
        say(&format!("\n== {}", benchmark.name));
        match (benchmark.run)(effort) {
            Ok(mut found) => rows.append(&mut found),
            Err(error) => {
                say(&format!("{}: {error}", benchmark.name));
                failures.push(format!("{}: {error}", benchmark.name));
            }
        }
    }
    let table = report::markdown(&rows);
    let path = fixture::scratch().join("report.md");
    fixture::write(&path, &table)?;
    say(&format!("\n{table}\nwritten to {}", path.display()));
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// What the arguments ask for.
fn choice(args: &[String]) -> Result<(Effort, Vec<&'static Benchmark>), String> {
    let mut effort = Effort::Full;
    let mut chosen = Vec::new();
    for arg in args {
        if arg == "--quick" {
            effort = Effort::Quick;
        } else if let Some(benchmark) = BENCHMARKS.iter().find(|known| known.name == arg) {
            chosen.push(benchmark);
        } else {
            let names: Vec<&str> = BENCHMARKS.iter().map(|known| known.name).collect();
            return Err(format!("there is no benchmark `{arg}`; there are {}", names.join(", ")));
        }
    }
    if chosen.is_empty() {
        chosen = BENCHMARKS.iter().collect();
    }
    Ok((effort, chosen))
}

/// `cargo-migrate` itself, as people install it.
fn command_line() -> Result<PathBuf, String> {
    command::run(cargo().args(["build", "--release", "--locked", "--package", "cargo-migrate"]))?;
    Ok(root().join("target/release/cargo-migrate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_benchmark() {
        for benchmark in &BENCHMARKS {
            assert!(HELP.contains(&format!("\n  {} ", benchmark.name)), "{}", benchmark.name);
        }
    }

    #[test]
    fn benchmarks_are_chosen_by_name() {
        let names = |args: &[&str]| -> Result<Vec<&str>, String> {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            Ok(choice(&args)?.1.iter().map(|benchmark| benchmark.name).collect())
        };
        assert_eq!(names(&["--quick", "rebuild", "apply"]), Ok(vec!["rebuild", "apply"]));
        assert_eq!(names(&[]).map(|all| all.len()), Ok(BENCHMARKS.len()));
        assert!(names(&["rebuilt"]).unwrap_err().contains("`rebuilt`"));
    }
}
