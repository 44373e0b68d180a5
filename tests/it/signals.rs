//! Ctrl-C and `SIGTERM` while a run is at work.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{Output, Project, assert_transcript};

/// Takes much longer than any test may.
const SLOW: &str = "CREATE TABLE slow AS WITH RECURSIVE n(i) AS \
    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT max(i) FROM n;";

fn send(signal: &str, child: &Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// Runs a command, and sends a signal when its second revision is at work.
fn interrupted(project: &Project, signal: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.args(["migrate", "up"]).current_dir(project.root()).env("NO_COLOR", "1");
    command.env_remove("DATABASE_URL").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("Applying second") {
        assert!(stderr.read_line(&mut said).unwrap() > 0, "{said}");
    }
    std::thread::sleep(Duration::from_millis(300));
    send(signal, &child);
    stderr.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    let root = project.root().canonicalize().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: said.replace(root.to_str().unwrap(), "[ROOT]"),
    }
}

#[test]
fn a_run_that_is_interrupted_says_where_things_stand() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("second", "first1", SLOW, "DROP TABLE slow;");
    let output = interrupted(&project, "-INT");
    assert_transcript!(output, @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned up first1, second; committed at the end, all or nothing
        Applying first1 first1
        Applying second second
        Stopping what runs is cancelled; once more stops at once, without waiting for that
    error: statement 1 of revision `second` was cancelled: interrupted
     --> migrations/second.sql:7:1
      |
    7 | CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT max(i) FROM n;
      | ^
     = [ROOT]/dev.db: the database is as before
     = help: run it again to go on from here
    ");
    assert_eq!(interrupted(&project, "-TERM").code, Some(1));
    assert_eq!(project.schema("dev.db"), "");
}
