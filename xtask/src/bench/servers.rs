//! Revisions on a server: what crosses the network, what waiting for it costs, and what CPU.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cargo_migrate::Dialect;

use super::Effort;
use super::fixture::{self, Package, cannot};
use super::history::History;
use super::measure::{Samples, cpu};
use super::report::Row;
use super::server::{Database, Server};
use crate::command;

const FEW: usize = 100;
const MANY: usize = 200;
const ALL: usize = 1_000;
/// A round trip of 5 ms: two towns that are neighbours.
const ONE_WAY: Duration = Duration::from_micros(2_500);
const MOST_CPU: f64 = 1.1;

pub(super) fn postgres(effort: Effort) -> Result<Vec<Row>, String> {
    run(effort, Dialect::Postgres)
}

pub(super) fn mysql(effort: Effort) -> Result<Vec<Row>, String> {
    run(effort, Dialect::Mysql)
}

fn run(effort: Effort, dialect: Dialect) -> Result<Vec<Row>, String> {
    let server = Server::start(dialect)?;
    let name = format!("bench-{dialect}");
    let package = Package::new(&name, History::Schema(dialect), ALL)?;
    command::run(&mut package.build("release"))?;
    let scripts = Scripts::write(&fixture::fresh(&format!("{dialect}-scripts"))?, &package)?;
    let bench = Bench { server, binary: package.binary(), scripts };
    let mut rows = bench.traffic()?;
    rows.append(&mut bench.latency(effort)?);
    rows.append(&mut bench.work(effort)?);
    Ok(rows)
}

struct Bench {
    server: Server,
    binary: PathBuf,
    scripts: Scripts,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// The migrator in a release binary.
    Embedded,
    /// The minimal sqlx program.
    Floor,
}

impl Bench {
    fn command(&self, program: Program, url: &str, revisions: usize) -> Command {
        let mut command = Command::new(&self.binary);
        match program {
            Program::Embedded => command.args(["up", url, &format!("+{revisions}")]),
            Program::Floor => command.args(["floor", url]).arg(self.scripts.floor(revisions)),
        };
        command
    }

    /// Round trips and commits, of which those that every run has are taken away.
    fn traffic(&self) -> Result<Vec<Row>, String> {
        let [ours, floor] = [self.traffic_of(Program::Embedded)?, self.traffic_of(Program::Floor)?];
        let dialect = self.server.dialect;
        let row = |what: &str, ours: f64, floor: f64| {
            let name = format!("{what} a revision, {}", named(dialect));
            Row::number(name, format!("{ours:.2}"), ours, 1.0, "").with_floor(format!("{floor:.2}"))
        };
        let round_trips = row("round trips", ours.round_trips, floor.round_trips);
        let beyond = format!("round trips of a run, whatever its length, {}", named(dialect));
        let beyond = Row::number(beyond, format!("{:.0}", ours.fixed), ours.fixed, 0.0, "")
            .with_floor(format!("{:.0}", floor.fixed))
            .without_aim();
        if dialect != Dialect::Postgres {
            return Ok(vec![round_trips.without_aim(), beyond]);
        }
        Ok(vec![round_trips, row("commits", ours.commits, floor.commits), beyond])
    }

    fn traffic_of(&self, program: Program) -> Result<Traffic, String> {
        let mut counted = [(0.0, 0.0); 2];
        for (counted, revisions) in counted.iter_mut().zip([FEW, MANY]) {
            let database = self.server.database()?;
            let proxy = self.server.proxy(Duration::ZERO)?;
            let url = database.url_through(&proxy);
            command::output(&mut self.command(program, &url, revisions))?;
            let commits = match self.server.dialect {
                Dialect::Postgres => database.commits()?,
                _ => 0,
            };
            *counted = (f64::from(proxy.round_trips()), f64::from(commits));
        }
        let [few, many] = counted;
        let (low, high) = (to_number(FEW)?, to_number(MANY)?);
        let round_trips = (many.0 - few.0) / (high - low);
        Ok(Traffic {
            round_trips,
            commits: (many.1 - few.1) / (high - low),
            fixed: many.0 - round_trips * high,
        })
    }

    /// Wall time on a slow network.
    fn latency(&self, effort: Effort) -> Result<Vec<Row>, String> {
        let clients: Vec<(&str, &Path)> = self.scripts.clients();
        let mut ours = Samples::empty();
        let mut theirs = vec![Samples::empty(); clients.len()];
        for _ in 0..effort.times(5) {
            let proxy = self.server.proxy(ONE_WAY)?;
            let database = self.server.database()?;
            let url = database.url_through(&proxy);
            ours.add(wall(&mut self.command(Program::Embedded, &url, FEW))?);
            for ((_, script), samples) in clients.iter().zip(&mut theirs) {
                let database = self.server.database()?;
                let script = fs::File::open(script).map_err(|e| cannot("read", script, &e))?;
                samples.add(wall(database.client_through(&proxy).stdin(script))?);
            }
        }
        let round_trip = 2 * ONE_WAY;
        let rows = clients.iter().zip(&theirs).map(|((client, _), samples)| {
            let name = format!(
                "{FEW} revisions, {} ms away, wall time, {}, against {client}",
                round_trip.as_millis(),
                named(self.server.dialect)
            );
            let ratio = ours.median() / samples.median();
            Row::ratio(name, ours.shown(), samples.shown(), ratio, 1.0).without_aim()
        });
        Ok(rows.collect())
    }

    /// CPU of a long history, in the program and in the server.
    fn work(&self, effort: Effort) -> Result<Vec<Row>, String> {
        let mut ours = Work::empty();
        let mut floor = Work::empty();
        for _ in 0..effort.times(7) {
            for (program, work) in [(Program::Embedded, &mut ours), (Program::Floor, &mut floor)] {
                let database = self.server.database()?;
                self.work_of(program, &database, work)?;
            }
        }
        let row = |whose: &str, ours: &Samples, floor: &Samples| {
            let dialect = named(self.server.dialect);
            let name =
                format!("apply {ALL} revisions, {dialect}, CPU of {whose}, against sqlx alone");
            let ratio = ours.median() / floor.median();
            Row::ratio(name, ours.shown(), floor.shown(), ratio, MOST_CPU)
        };
        let mut rows = vec![row("the program", &ours.program, &floor.program)];
        if !ours.server.is_empty() {
            rows.push(row("the server", &ours.server, &floor.server).without_aim());
            rows.push(row("both", &ours.both, &floor.both));
        }
        if self.server.dialect != Dialect::Postgres {
            // Where each statement is recorded for itself, there is more to do.
            rows = rows.into_iter().map(Row::without_aim).collect();
        }
        Ok(rows)
    }

    fn work_of(
        &self,
        program: Program,
        database: &Database<'_>,
        work: &mut Work,
    ) -> Result<(), String> {
        let before = self.server.cpu()?;
        let own = cpu(&mut self.command(program, &database.url(), ALL))?;
        work.program.add(own);
        database.settle()?;
        if let (Some(before), Some(after)) = (before, self.server.cpu()?) {
            work.server.add(after - before);
            work.both.add(own + after - before);
        }
        Ok(())
    }
}

struct Traffic {
    /// A revision.
    round_trips: f64,
    /// A revision.
    commits: f64,
    /// The round trips of a run that do not depend on its length.
    fixed: f64,
}

struct Work {
    program: Samples,
    server: Samples,
    both: Samples,
}

impl Work {
    const fn empty() -> Self {
        Self { program: Samples::empty(), server: Samples::empty(), both: Samples::empty() }
    }
}

/// Runs a command to its end and returns how long that took.
fn wall(command: &mut Command) -> Result<f64, String> {
    let begun = Instant::now();
    command::output(command.stdout(Stdio::null()))?;
    Ok(begun.elapsed().as_secs_f64())
}

fn to_number(count: usize) -> Result<f64, String> {
    u32::try_from(count).map(f64::from).map_err(|error| error.to_string())
}

fn named(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "PostgreSQL",
        _ => "MySQL",
    }
}

/// The SQL of the revisions, for each of the floors.
struct Scripts {
    directory: PathBuf,
    dialect: Dialect,
    transactions: PathBuf,
    messages: PathBuf,
}

impl Scripts {
    fn write(directory: &Path, package: &Package) -> Result<Self, String> {
        let scripts = Self {
            directory: directory.to_owned(),
            dialect: package.dialect(),
            transactions: directory.join("transactions.sql"),
            messages: directory.join("messages.sql"),
        };
        let ups: Vec<String> = package.ups().collect();
        for count in [FEW, MANY, ALL] {
            fixture::write(&scripts.floor(count), &ups[..count].join("-- NEXT\n"))?;
        }
        let (mut transactions, mut messages) = (String::new(), String::new());
        for (index, up) in ups[..FEW].iter().enumerate() {
            let file = directory.join(format!("{index}.sql"));
            fixture::write(&file, up)?;
            let include = match scripts.dialect {
                Dialect::Postgres => "\\i",
                _ => "source",
            };
            let _ = write!(transactions, "BEGIN;\n{include} {}\nCOMMIT;\n", file.display());
            let _ = writeln!(messages, "BEGIN\\; {}COMMIT;", up.replace(";\n", "\\;\n"));
        }
        fixture::write(&scripts.transactions, &transactions)?;
        fixture::write(&scripts.messages, &messages)?;
        Ok(scripts)
    }

    fn floor(&self, revisions: usize) -> PathBuf {
        self.directory.join(format!("floor-{revisions}.sql"))
    }

    /// What the server's own client is given, and in which words.
    fn clients(&self) -> Vec<(&'static str, &Path)> {
        match self.dialect {
            Dialect::Postgres => vec![
                ("`psql` with a transaction a file", &self.transactions),
                ("`psql` with a message a file", &self.messages),
            ],
            _ => vec![("`mariadb` with the same files", &self.transactions)],
        }
    }
}
