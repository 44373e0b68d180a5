//! A private PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use super::install::{Programs, on_path, path};
use super::server::{Place, Server, Start, free_port};
use super::servers::Kind;
use crate::command::output;

pub(crate) const KIND: Kind = Kind {
    name: "PostgreSQL",
    variable: "MIGRATE_TEST_POSTGRES_URL",
    provide_clients: || CLIENTS.provide(|| on_path("psql").and(on_path("pg_dump"))).map(|_| ()),
    start,
};

const CLIENTS: Programs = Programs {
    name: "the client of PostgreSQL",
    wanted: "`psql` and `pg_dump` on the PATH",
    debian: &["postgresql-client"],
    fedora: "postgresql",
    homebrew: "postgresql",
};

const SERVER: Programs = Programs {
    name: "the server of PostgreSQL",
    wanted: "`initdb` and `postgres`",
    debian: &["postgresql"],
    fedora: "postgresql-server",
    homebrew: "postgresql",
};

fn start() -> Result<Server, String> {
    let programs = SERVER.provide(find)?;
    let place = Place::new("postgres", &["postgres", "nobody"])?;
    let data = place.below("data");
    let mut initdb = place.command(&programs.join("initdb"));
    initdb.args(["--pgdata", &data, "--username", "postgres", "--auth", "trust"]);
    output(initdb.args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]))?;

    let port = free_port()?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let mut args = vec!["-D".to_owned(), data];
    for setting in [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", place.path().display()),
        "max_connections=200".to_owned(),
        "max_prepared_transactions=50".to_owned(),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
    ] {
        args.extend(["-c".to_owned(), setting]);
    }
    let mut probe = Command::new("psql");
    probe.args(["--no-psqlrc", "--no-password", &url, "--command", "SELECT 1"]);
    let program = programs.join("postgres");
    // `SIGQUIT` is what PostgreSQL calls an immediate shutdown: its children and shared memory go, too.
    Server::start(place, Start { program, args, probe, stop: Signal::SIGQUIT, url })
}

/// The directory of the server's programs: on the PATH, where Debian keeps the newest, or where the
/// development files say.
fn find() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<_> = debian
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .collect();
    debian.sort();
    let debian = debian.into_iter().rev().map(|(_, path)| path.join("bin"));
    let told = output(Command::new("pg_config").arg("--bindir")).ok();
    let told = told.map(|path| PathBuf::from(path.trim()));
    path().into_iter().chain(debian).chain(told).find(|directory| {
        is_program(&directory.join("initdb")) && is_program(&directory.join("postgres"))
    })
}

/// Whether it is the program itself: a script of that name does more than what it is asked for here,
/// such as choosing a user.
fn is_program(path: &Path) -> bool {
    let mut start = [0; 2];
    let read =
        fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    read.is_ok() && start != *b"#!"
}
