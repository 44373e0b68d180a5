//! The shop's service: looks at its database before it opens, and offers the commands over its chain.

use std::io::Write as _;
use std::process::ExitCode;

use cargo_migrate::cli::{self, Env, Ui};
use cargo_migrate::{NewerDatabase, Options};
use clap::{Parser, ValueEnum};
use shop_migrations::MIGRATOR;

/// The shop
#[derive(Parser)]
enum Shop {
    /// Opens the shop
    Serve {
        /// What to do about the database first
        #[arg(long, value_enum, default_value_t = Start::Migrate)]
        start: Start,
        /// The database, such as `sqlite:shop.db`
        #[arg(long)]
        database_url: String,
    },
    /// Moves the database
    Migrate(Box<cli::Arguments>),
}

/// The policies of `Migrator`'s documentation.
#[derive(Clone, Copy, ValueEnum)]
enum Start {
    /// Bring it up to date: for a single instance
    Migrate,
    /// Refuse one that is behind: for several instances, migrated by a step of the deploy
    Require,
    /// Refuse a newer one, too
    Exactly,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (start, url) = match Shop::parse() {
        Shop::Serve { start, database_url } => (start, database_url),
        Shop::Migrate(arguments) => {
            let exit = cli::run(*arguments, &MIGRATOR, Env::of_process()?, &Ui::stdio());
            return Ok(exit.into());
        }
    };
    let report = match start {
        Start::Migrate => MIGRATOR.up(&url).await,
        Start::Require => MIGRATOR.require_current(&url).await,
        Start::Exactly => {
            let exactly = Options::new().newer(NewerDatabase::Refuse);
            MIGRATOR.with(exactly).require_current(&url).await
        }
    };
    match report {
        Ok(report) => {
            for warning in &report.warnings {
                writeln!(std::io::stderr(), "warning: {warning}")?;
            }
            let count = report.steps.len();
            writeln!(std::io::stdout(), "open, after {count} revisions")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(std::io::stderr(), "closed: {error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
