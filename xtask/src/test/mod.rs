//! All tests, with the programs and the database servers that they need.

mod install;
pub(crate) mod mysql;
pub(crate) mod postgres;
mod server;
pub(crate) mod servers;

use crate::command::{cargo, root, run as run_command};
use install::Programs;
use servers::Servers;

pub(crate) const HELP: &str = "
Usage: cargo xtask test [-- ARGUMENTS OF cargo test]

The tests compare databases with what the clients `sqlite3`, `psql` and `mariadb` make of the same SQL,
and run on PostgreSQL and MariaDB or MySQL. The servers are private ones, in temporary directories, gone
when the tests end; to use others, name a user of theirs that may create databases:

  MIGRATE_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:5432/postgres
  MIGRATE_TEST_MYSQL_URL=mysql://root@127.0.0.1:3306/

Programs that are missing are installed with apt-get, or the task says what to install. Test data that is
not part of the repository is looked for in `../shared` (or MIGRATE_SHARED); without it, the tests that want
it say that they skip.
";

const SQLITE3: Programs = Programs {
    name: "the client of SQLite",
    wanted: "`sqlite3`",
    debian: &["sqlite3"],
    fedora: "sqlite",
    homebrew: "sqlite",
};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    SQLITE3.provide(|| install::on_path("sqlite3"))?;
    let servers = Servers::start()?;
    let rest = args.iter().filter(|arg| *arg != "--");
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--features", "cli"]).args(rest);
    servers.name_to(&mut command);
    let shared = root().join("../shared");
    #[expect(clippy::disallowed_methods, reason = "a task reads its environment")]
    let is_set = std::env::var_os("MIGRATE_SHARED").is_some();
    if !is_set && let Ok(shared) = shared.canonicalize() {
        command.env("MIGRATE_SHARED", shared);
    }
    run_command(&mut command)
}
