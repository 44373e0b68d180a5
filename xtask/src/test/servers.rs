//! The database servers of the tests, and a task that runs any command with them.

use std::ffi::OsString;
use std::process::Command;

use super::server::Server;
use super::{mysql, postgres};
use crate::command::run as run_command;
use crate::say;

pub(crate) const HELP: &str = "
Usage: cargo xtask servers -- COMMAND [ARGUMENTS]

Starts the servers that `cargo xtask test` starts, sets MIGRATE_TEST_POSTGRES_URL and
MIGRATE_TEST_MYSQL_URL, runs the command, and stops the servers again. A variable that is set is left alone,
and no server is started for it.

Examples:
  cargo xtask servers -- cargo nextest run --features cli
  cargo xtask servers -- bash
";

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let args = args.strip_prefix(&[String::from("--")]).unwrap_or(args);
    let Some((program, rest)) = args.split_first() else {
        return Err("there is no command to run; type `cargo xtask servers -- COMMAND`".to_owned());
    };
    let servers = Servers::start()?;
    let mut command = Command::new(program);
    command.args(rest);
    servers.name_to(&mut command);
    run_command(&mut command)
}

/// What the tests connect to; the servers among it that are ours stop with this value.
pub(super) struct Servers {
    started: Vec<(&'static str, Server)>,
}

/// One kind of server.
pub(crate) struct Kind {
    pub(super) name: &'static str,
    /// The variable that the tests read.
    pub(crate) variable: &'static str,
    /// Installs what the tests call in any case.
    pub(super) provide_clients: fn() -> Result<(), String>,
    pub(super) start: fn() -> Result<Server, String>,
}

/// A server of one kind.
pub(crate) enum One {
    /// Stops with this value.
    Ours(Server),
    /// The URL that the variable holds.
    Named(String),
}

impl One {
    /// The server that the variable names; a private one if it names none.
    pub(crate) fn of(kind: &Kind) -> Result<Self, String> {
        (kind.provide_clients)()?;
        if let Some(url) = value(kind.variable)? {
            say(&format!("{}: the one that {} names", kind.name, kind.variable));
            return Ok(Self::Named(url));
        }
        let server = (kind.start)()?;
        say(&format!("{}: {} at {}", kind.name, server.version(), server.url()));
        Ok(Self::Ours(server))
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Ours(server) => server.url(),
            Self::Named(url) => url,
        }
    }
}

impl Servers {
    /// Every server that no variable names is started.
    pub(super) fn start() -> Result<Self, String> {
        let mut started = Vec::new();
        for kind in [postgres::KIND, mysql::KIND] {
            if let One::Ours(server) = One::of(&kind)? {
                started.push((kind.variable, server));
            }
        }
        Ok(Self { started })
    }

    /// Sets the variables of a command.
    pub(super) fn name_to(&self, command: &mut Command) {
        for (variable, server) in &self.started {
            command.env(variable, server.url());
        }
    }
}

fn value(variable: &str) -> Result<Option<String>, String> {
    #[expect(clippy::disallowed_methods, reason = "a task reads its environment")]
    let value = std::env::var_os(variable).filter(|value| !value.is_empty());
    let value = value.map(OsString::into_string).transpose();
    value.map_err(|_| format!("the variable {variable} is not UTF-8"))
}
