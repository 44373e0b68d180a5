//! Applying a long history to a fresh file, against the same SQL without a migrator.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_migrate::Dialect;

use super::fixture::{self, Package, cannot, needs};
use super::history::History;
use super::measure::{Samples, cpu};
use super::report::Row;
use super::{Effort, command_line};
use crate::command;

const REVISIONS: usize = 1_000;
const MOST: f64 = 1.3;

pub(super) fn run(effort: Effort) -> Result<Vec<Row>, String> {
    needs("sqlite3", "Debian and Ubuntu: `apt-get install sqlite3`, Fedora: `sqlite`")?;
    let package = Package::new("bench-schema", History::Schema(Dialect::Sqlite), REVISIONS)?;
    command::run(&mut package.build("release"))?;
    let tool = command_line()?;
    let directory = fixture::fresh("apply")?;
    let scripts = Scripts::write(&directory, &package)?;
    let binary = package.binary();

    let [mut embedded, mut files, mut client, mut program] = [const { Samples::empty() }; 4];
    for _ in 0..effort.times(7) {
        let database = Database::fresh(&directory)?;
        embedded.add(cpu(Command::new(&binary).args(["up", &database.url()]))?);
        let database = Database::fresh(&directory)?;
        files.add(cpu(Command::new(&tool)
            .args(["migrate", "up", "--quiet", "--database-url", &database.url()])
            .current_dir(&package.path))?);
        let database = Database::fresh(&directory)?;
        client.add(cpu(Command::new("sqlite3")
            .arg("-bail")
            .arg(&database.file)
            .stdin(scripts.for_client()?))?);
        let database = Database::fresh(&directory)?;
        program
            .add(cpu(Command::new(&binary).args(["floor", &database.url()]).arg(&scripts.floor))?);
    }
    let row = |what: &str, samples: &Samples, against: &str, floor: &Samples| {
        let ratio = samples.median() / floor.median();
        let name = format!("apply {REVISIONS} revisions, {what} against {against}");
        Row::ratio(name, samples.shown(), floor.shown(), ratio, MOST)
    };
    let version = command::output(Command::new("sqlite3").arg("--version"))?;
    let version = version.split(' ').next().unwrap_or_default();
    let client_name = format!("the `sqlite3` client ({version})");
    let mut rows = vec![
        row("embedded", &embedded, &client_name, &client),
        row("command line", &files, &client_name, &client),
    ];
    // The client may be another SQLite than the bundled one, so this floor shows our own part.
    for (what, samples) in [("embedded", &embedded), ("command line", &files)] {
        let row = row(what, samples, "a minimal sqlx program", &program);
        rows.push(row.without_aim());
    }
    Ok(rows)
}

/// The SQL of all revisions, for each of the floors.
struct Scripts {
    client: PathBuf,
    floor: PathBuf,
}

impl Scripts {
    fn write(directory: &Path, package: &Package) -> Result<Self, String> {
        let scripts =
            Self { client: directory.join("client.sql"), floor: directory.join("floor.sql") };
        let ups: Vec<String> = package.ups().collect();
        fixture::write(&scripts.client, &format!("BEGIN;\n{}COMMIT;\n", ups.concat()))?;
        fixture::write(&scripts.floor, &ups.join("-- NEXT\n"))?;
        Ok(scripts)
    }

    fn for_client(&self) -> Result<File, String> {
        File::open(&self.client).map_err(|error| cannot("read", &self.client, &error))
    }
}

/// A database file that does not exist yet.
pub(super) struct Database {
    pub(super) file: PathBuf,
}

impl Database {
    pub(super) fn fresh(directory: &Path) -> Result<Self, String> {
        let file = directory.join("measured.db");
        for ending in ["", "-journal", "-wal", "-shm"] {
            let path = directory.join(format!("measured.db{ending}"));
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(cannot("remove", &path, &error));
                }
                _ => {}
            }
        }
        Ok(Self { file })
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }
}
