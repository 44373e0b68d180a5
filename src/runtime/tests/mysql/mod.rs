//! What is particular to `MySQL` and `MariaDB`, on a real server.

mod commits;
mod concurrent;
mod connections;
mod killed;
mod server;
mod session;
mod updown;

use server::{Server, run, texts};

use super::{chain, file, ran, refs};
use crate::chain::baked::Settings;
use crate::runtime::Migrator;

fn migrator(files: &[String]) -> Migrator {
    super::migrator(&refs(files))
}

fn baked(files: &[String]) -> Migrator {
    super::baked(&refs(files))
}

/// A revision and the ones before it, each with the last as its parent.
fn chained(revisions: &[(&str, &str, &str)]) -> Vec<String> {
    let mut last = String::new();
    let mut files = Vec::new();
    for (id, up, down) in revisions {
        let revises = format!("-- revises: {last}");
        files.push(file(id, revises.trim_end(), up, down));
        (*id).clone_into(&mut last);
    }
    files
}

fn line() -> Vec<String> {
    chained(&[
        (
            "r001",
            "CREATE TABLE a (id INT PRIMARY KEY);\nINSERT INTO a VALUES (1);",
            "DROP TABLE a;",
        ),
        ("r002", "CREATE TABLE b (id INT PRIMARY KEY);", "DROP TABLE b;"),
        ("r003", "INSERT INTO b VALUES (7), (8);", "DELETE FROM b;"),
    ])
}
