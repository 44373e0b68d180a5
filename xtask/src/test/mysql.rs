//! A private MariaDB or MySQL server.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;

use super::install::{Programs, on_path, path};
use super::server::{Place, Server, Start, free_port};
use super::servers::Kind;
use crate::command::output;

pub(crate) const KIND: Kind = Kind {
    name: "MySQL",
    variable: "MIGRATE_TEST_MYSQL_URL",
    provide_clients: || CLIENT.provide(|| on_path("mariadb")).map(|_| ()),
    start,
};

const CLIENT: Programs = Programs {
    name: "the client of MariaDB",
    wanted: "`mariadb` on the PATH",
    debian: &["mariadb-client"],
    fedora: "mariadb",
    homebrew: "mariadb",
};

const SERVER: Programs = Programs {
    name: "the server of MariaDB or MySQL",
    wanted: "`mariadbd` with `mariadb-install-db`, or `mysqld`",
    debian: &["mariadb-server"],
    fedora: "mariadb-server",
    homebrew: "mariadb",
};

/// The two servers differ in how a data directory is made.
enum Found {
    MariaDb { server: PathBuf, install: PathBuf },
    MySql { server: PathBuf },
}

fn start() -> Result<Server, String> {
    let found = SERVER.provide(find)?;
    let place = Place::new("mysql", &["mysql", "nobody"])?;
    let data = format!("--datadir={}", place.below("data"));
    let temporary = format!("--tmpdir={}", place.path().display());
    let (program, mut make) = match found {
        Found::MariaDb { server, install } => {
            let mut make = place.command(&install);
            make.args(["--no-defaults", &data, &temporary, "--skip-test-db"]);
            // With a password that is empty, as the tests' user is another than the server's.
            make.arg("--auth-root-authentication-method=normal");
            (server, make)
        }
        Found::MySql { server } => {
            let mut make = place.command(&server);
            make.args(["--no-defaults", "--initialize-insecure", &data, &temporary]);
            (server, make)
        }
    };
    output(&mut make)?;

    let port = free_port()?;
    let args = vec![
        "--no-defaults".to_owned(),
        data,
        temporary,
        format!("--port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--socket={}", place.below("socket")),
        format!("--pid-file={}", place.below("pid")),
        "--max-connections=200".to_owned(),
        "--skip-log-bin".to_owned(),
        "--innodb-flush-log-at-trx-commit=0".to_owned(),
        "--innodb-doublewrite=0".to_owned(),
    ];
    let url = format!("mysql://root@127.0.0.1:{port}/");
    let mut probe = Command::new("mariadb");
    probe.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"]);
    probe.args([format!("--port={port}").as_str(), "--execute=SELECT 1"]);
    // An orderly end would only write down what is deleted next.
    Server::start(place, Start { program, args, probe, stop: Signal::SIGKILL, url })
}

/// The server, also from the directories that only root has on the PATH.
fn find() -> Option<Found> {
    let mut directories = path();
    directories.extend(["/usr/sbin", "/usr/libexec", "/usr/local/sbin"].map(PathBuf::from));
    let within = |name: &str| {
        directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file())
    };
    let install = within("mariadb-install-db").or_else(|| within("mysql_install_db"));
    let server = within("mariadbd").or_else(|| within("mysqld"))?;
    if !is_mariadb(&server) {
        return Some(Found::MySql { server });
    }
    Some(Found::MariaDb { server, install: install? })
}

fn is_mariadb(server: &Path) -> bool {
    output(Command::new(server).arg("--version")).is_ok_and(|text| text.contains("MariaDB"))
}
