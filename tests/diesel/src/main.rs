//! `migrate-with-diesel DATABASE DIRECTORY [COUNT]`: what a program with diesel does to its database.
//!
//! Applies the next COUNT migrations of the directory, or all of them, and prints `applied VERSION` for each, then
//! `pending VERSION` for each that is left. DATABASE is a PostgreSQL URL or the path of an SQLite file.

use std::error::Error;
use std::process::ExitCode;

use diesel::backend::Backend;
use diesel::migration::MigrationSource;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
// The sources that diesel's clients are linked with.
use {libsqlite3_sys as _, pq_sys as _};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let (database, directory, count) = match args {
        [database, directory] => (database, directory, None),
        [database, directory, count] => (database, directory, Some(count.parse()?)),
        _ => return Err("usage: migrate-with-diesel DATABASE DIRECTORY [COUNT]".into()),
    };
    let migrations = FileBasedMigrations::from_path(directory)?;
    if database.starts_with("postgres") {
        migrate(&mut PgConnection::establish(database)?, &migrations, count)
    } else {
        migrate(&mut SqliteConnection::establish(database)?, &migrations, count)
    }
}

fn migrate<D: Backend>(
    connection: &mut impl MigrationHarness<D>,
    migrations: &FileBasedMigrations,
    count: Option<usize>,
) -> Result<()>
where
    FileBasedMigrations: MigrationSource<D>,
{
    if let Some(count) = count {
        for _ in 0..count {
            let version = connection.run_next_migration(migrations.clone())?;
            println!("applied {version}");
        }
    } else {
        for version in connection.run_pending_migrations(migrations.clone())? {
            println!("applied {version}");
        }
    }
    for migration in connection.pending_migrations(migrations.clone())? {
        println!("pending {}", migration.name().version());
    }
    Ok(())
}
