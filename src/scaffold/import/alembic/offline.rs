//! The SQL of Alembic's revisions, as `alembic upgrade --sql` and `downgrade --sql` print it.
//!
//! Alembic runs the project's `env.py` for it, without a database. One run prints all revisions; where one of
//! them fails, the run is begun again behind it, and at last each revision that no run has reached is asked for alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::layout;
use crate::Dialect;
use crate::sql;

/// What Alembic printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The up scripts by revision; one that is missing could not be printed.
    pub up: BTreeMap<String, Script>,
    /// The down scripts by revision.
    pub down: BTreeMap<String, Script>,
    /// The dialect that it printed for, where it says.
    pub dialect: Option<Dialect>,
    /// Why there is nothing, if so.
    pub failure: Option<String>,
}

/// A script that Alembic printed, without the statements for its own table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The SQL; empty if there is none.
    pub sql: String,
    /// Whether a part of it runs outside a transaction.
    pub is_outside: bool,
}

impl Rendered {
    /// What the user should know.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(failure) = &self.failure {
            notes.push(format!("Alembic printed no SQL: {failure}"));
        }
        notes
    }
}

/// One revision, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its id.
    pub revision: String,
    /// Its parents.
    pub parents: Vec<String>,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl Way {
    /// The command, and what stands before a revision in what it prints.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Up => ("upgrade", "-- Running upgrade "),
            Self::Down => ("downgrade", "-- Running downgrade "),
        }
    }
}

/// Asks the project's Alembic for the SQL of every revision; `path` is any directory of the project.
///
/// `steps` are its revisions, parents first.
pub fn render(path: &Path, steps: &[Step]) -> Rendered {
    let mut rendered = Rendered::default();
    let Some(project) = layout::project(path) else {
        rendered.failure = Some("there is no `alembic.ini` in or above the directory".to_owned());
        return rendered;
    };
    let Some(alembic) = Alembic::find(&project) else {
        rendered.failure = Some(
            "it is not installed; install the project's packages (`pip install alembic`) and import again \
             to have the SQL written"
                .to_owned(),
        );
        return rendered;
    };
    let (up, first) = alembic.collect(Way::Up, steps);
    rendered.dialect = dialect(&first.log);
    if up.is_empty() && !steps.is_empty() {
        rendered.failure = Some(first.failure());
        return rendered;
    }
    rendered.up = up;
    rendered.down = alembic.collect(Way::Down, steps).0;
    rendered
}

/// An Alembic that runs.
struct Alembic {
    program: PathBuf,
    arguments: Vec<&'static str>,
    project: PathBuf,
}

/// What a run printed.
struct Run {
    script: String,
    log: String,
    is_success: bool,
}

impl Run {
    /// The last line that says something.
    fn failure(&self) -> String {
        let line = self.log.lines().rev().find(|line| !line.trim().is_empty());
        line.map_or("it says nothing about why".to_owned(), |line| line.trim().to_owned())
    }
}

impl Alembic {
    /// That of the project's virtual environment, or the installed one.
    fn find(project: &Path) -> Option<Self> {
        let mut programs: Vec<(PathBuf, Vec<&'static str>)> = Vec::new();
        for directory in project.ancestors().take(2) {
            for environment in [".venv", "venv", "env"] {
                for below in ["bin/alembic", "Scripts/alembic.exe"] {
                    let program = directory.join(environment).join(below);
                    if program.is_file() {
                        programs.push((program, Vec::new()));
                    }
                }
            }
        }
        programs.push((PathBuf::from("alembic"), Vec::new()));
        programs.push((PathBuf::from("python3"), vec!["-m", "alembic"]));
        programs.push((PathBuf::from("python"), vec!["-m", "alembic"]));
        programs
            .into_iter()
            .map(|(program, arguments)| Self { program, arguments, project: project.to_path_buf() })
            .find(|alembic| alembic.run(&["--version"]).is_some_and(|run| run.is_success))
    }

    fn run(&self, arguments: &[&str]) -> Option<Run> {
        let output: Output = Command::new(&self.program)
            .args(&self.arguments)
            .args(arguments)
            .current_dir(&self.project)
            .env("PYTHONUTF8", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .ok()?;
        Some(Run {
            script: String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"),
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
            is_success: output.status.success(),
        })
    }

    /// The scripts of all revisions that it prints, and its first run.
    fn collect(&self, way: Way, steps: &[Step]) -> (BTreeMap<String, Script>, Run) {
        collect(way, steps, |command, range| {
            let nothing = || Run { script: String::new(), log: String::new(), is_success: false };
            self.run(&[command, range, "--sql"]).unwrap_or_else(nothing)
        })
    }
}

/// The same, by whatever answers for Alembic.
///
/// Each run begins Python anew, and a project's models with it, so that none is for a revision that failed already.
fn collect(
    way: Way,
    steps: &[Step],
    mut alembic: impl FnMut(&str, &str) -> Run,
) -> (BTreeMap<String, Script>, Run) {
    let (command, _) = way.words();
    let (mut scripts, mut failures) = (BTreeMap::new(), BTreeSet::new());
    let mut ask = |range: &str| {
        let run = alembic(command, range);
        let (found, failed) = cut(way, &run.script, run.is_success);
        let mut is_new = found.keys().any(|revision| !scripts.contains_key(revision));
        for (revision, script) in found {
            scripts.entry(revision).or_insert(script);
        }
        if let Some(revision) = &failed {
            is_new |= failures.insert(revision.clone());
        }
        (run, failed, is_new)
    };
    let parent = |revision: &str| {
        let step = steps.iter().find(|step| step.revision == revision);
        step.and_then(|step| step.parents.first()).map(String::as_str)
    };
    let parents: BTreeSet<&str> =
        steps.iter().flat_map(|step| &step.parents).map(String::as_str).collect();
    let heads = steps.iter().filter(|step| !parents.contains(step.revision.as_str()));
    let mut starts = match way {
        Way::Up => vec!["base".to_owned()],
        Way::Down => heads.map(|head| head.revision.clone()).collect(),
    };
    let mut first = None;
    while let Some(start) = starts.pop() {
        let (run, failed, is_new) = match way {
            Way::Up => ask(&format!("{start}:heads")),
            Way::Down => ask(&format!("{start}:base")),
        };
        first.get_or_insert(run);
        // Behind what fails the run goes on, as long as it finds something.
        if let (Some(revision), true) = (failed, is_new) {
            starts.extend(match way {
                Way::Up => Some(revision),
                Way::Down => parent(&revision).map(str::to_owned),
            });
        }
    }
    let nothing = || Run { script: String::new(), log: String::new(), is_success: false };
    let first = first.unwrap_or_else(nothing);
    // Where nothing at all was printed the fault is not in a revision.
    let missing: Vec<&Step> = if scripts.is_empty() && cut(way, &first.script, true).0.is_empty() {
        Vec::new()
    } else {
        let is_known =
            |revision: &String| scripts.contains_key(revision) || failures.contains(revision);
        steps.iter().filter(|step| !is_known(&step.revision)).collect()
    };
    for step in missing {
        let parent = parent(&step.revision).unwrap_or("base");
        let range = match way {
            Way::Up => format!("{parent}:{}", step.revision),
            Way::Down => format!("{}:{parent}", step.revision),
        };
        let run = alembic(command, &range);
        let (found, _) = cut(way, &run.script, run.is_success);
        if let Some(script) = found.get(&step.revision) {
            scripts.insert(step.revision.clone(), script.clone());
        }
    }
    (scripts, first)
}

/// The scripts of a run by revision, and the revision that failed.
fn cut(way: Way, text: &str, is_success: bool) -> (BTreeMap<String, Script>, Option<String>) {
    let (_, marker) = way.words();
    let separator = format!("\n{marker}");
    let mut pieces = text.split(separator.as_str());
    let preamble = pieces.next().unwrap_or_default();
    let mut pieces: Vec<&str> = pieces.collect();
    if let Some(first) = preamble.strip_prefix(marker) {
        pieces.insert(0, first);
    }
    let table = preamble
        .split("CREATE TABLE ")
        .skip(1)
        .find(|rest| rest.contains("version_num"))
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned);
    let mut scripts = BTreeMap::new();
    let mut failed = None;
    let last = pieces.len().saturating_sub(1);
    for (index, piece) in pieces.iter().enumerate() {
        let (head, body) = piece.split_once('\n').unwrap_or((piece, ""));
        let Some((before, after)) = head.split_once(" -> ") else { continue };
        // Up, it is the one that is reached; down, the one that is left.
        let revision = match way {
            Way::Up => after,
            Way::Down => before,
        };
        let revision = revision.split([',', ' ']).next().unwrap_or_default().to_owned();
        if index == last && !is_success {
            failed = Some(revision);
        } else {
            scripts.insert(revision, clean(body, table.as_deref()));
        }
    }
    (scripts, failed)
}

/// What a revision itself does: neither Alembic's own table, nor its transactions.
fn clean(body: &str, table: Option<&str>) -> Script {
    // Statements end the same way for every dialect in what Alembic prints.
    let statements = sql::split(Dialect::Postgres, body).statements;
    let is_control = |text: &str| {
        matches!(
            &*text.to_ascii_uppercase(),
            "BEGIN" | "COMMIT" | "BEGIN TRANSACTION" | "START TRANSACTION"
        )
    };
    let mut keep = statements.len();
    while keep > 0
        && (is_control(statements[keep - 1].text) || is_version(statements[keep - 1].text, table))
    {
        keep -= 1;
    }
    let mut script = Script::default();
    let mut at = 0;
    for statement in &statements[..keep] {
        if is_control(statement.text) {
            // An autocommit block ends the transaction and begins another one.
            script.is_outside = true;
            script.sql.push_str(&body[at..statement.offset]);
            at = statement.end;
        }
    }
    if let Some(last) = keep.checked_sub(1).map(|last| &statements[last]) {
        if at <= last.end {
            script.sql.push_str(&body[at..last.end]);
        }
        let text = script.sql.trim();
        script.sql = if text.is_empty() { String::new() } else { format!("{text}\n") };
    }
    script
}

/// Whether a statement only keeps Alembic's table.
fn is_version(text: &str, table: Option<&str>) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let own = match words.as_slice() {
        ["INSERT", "INTO", own, "(version_num)", ..]
        | ["DELETE", "FROM", own, "WHERE", ..]
        | ["DROP", "TABLE", own]
        | ["CREATE", "TABLE", own, ..] => own,
        ["UPDATE", own, "SET", set, ..] if set.starts_with("version_num") => own,
        _ => return false,
    };
    let plain = own.rsplit('.').next().unwrap_or(own).trim_matches(['"', '`']);
    match table {
        Some(table) => *own == table,
        None => plain == "alembic_version" || text.contains("version_num"),
    }
}

/// The dialect that Alembic says in its log.
fn dialect(log: &str) -> Option<Dialect> {
    let name = log.split("Context impl ").nth(1)?.split('.').next()?;
    match name {
        "SQLiteImpl" => Some(Dialect::Sqlite),
        "PostgresqlImpl" => Some(Dialect::Postgres),
        "MySQLImpl" | "MariaDBImpl" => Some(Dialect::Mysql),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql<'s>(scripts: &'s BTreeMap<String, Script>, revision: &str) -> &'s str {
        &scripts[revision].sql
    }

    #[test]
    fn up_is_cut_at_what_announces_it() {
        let text = "BEGIN;

CREATE TABLE s.versions (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT versions_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> a1

CREATE TABLE t (
    i INTEGER
);

-- a comment; of the project

INSERT INTO s.versions (version_num) VALUES ('a1') RETURNING s.versions.version_num;

-- Running upgrade a1 -> b2

COMMIT;

CREATE INDEX CONCURRENTLY i ON t (i);

BEGIN;

UPDATE s.versions SET version_num='b2' WHERE s.versions.version_num = 'a1';

-- Running upgrade b2, c3 -> d4

DELETE FROM s.versions WHERE s.versions.version_num = 'c3';

UPDATE s.versions SET version_num='d4' WHERE s.versions.version_num = 'b2';

COMMIT;

";
        let (scripts, failed) = cut(Way::Up, text, true);
        assert_eq!(failed, None);
        assert_eq!(sql(&scripts, "a1"), "CREATE TABLE t (\n    i INTEGER\n);\n");
        assert!(!scripts["a1"].is_outside);
        assert_eq!(sql(&scripts, "b2"), "CREATE INDEX CONCURRENTLY i ON t (i);\n");
        assert!(scripts["b2"].is_outside);
        assert_eq!(scripts["d4"], Script::default());
        let (scripts, failed) = cut(Way::Up, text, false);
        assert_eq!((scripts.len(), failed.as_deref()), (2, Some("d4")));
    }

    /// Plays an Alembic for a line of revisions of which some cannot be printed, and lists what it was asked for.
    fn asked(way: Way, failing: &[&str]) -> (Vec<String>, Vec<String>) {
        let line = ["a1", "b2", "c3", "d4", "e5"];
        let steps: Vec<Step> = (0..line.len())
            .map(|at| Step {
                revision: line[at].to_owned(),
                parents: at
                    .checked_sub(1)
                    .map(|parent| line[parent].to_owned())
                    .into_iter()
                    .collect(),
            })
            .collect();
        let mut ranges = Vec::new();
        let (scripts, _) = collect(way, &steps, |_, range| {
            ranges.push(range.to_owned());
            let (from, to) = range.split_once(':').unwrap();
            let at =
                |name: &str| line.iter().position(|known| *known == name).map_or(0, |at| at + 1);
            let (mut script, mut is_success) = (String::new(), true);
            let mut say = |old: &str, new: &str, name: &str| {
                script.extend([way.words().1, old, " -> ", new, "\n\nSELECT 1;\n\n"]);
                is_success = !failing.contains(&name);
                is_success
            };
            match way {
                Way::Up => line[at(from)..].iter().all(|name| say("", name, name)),
                Way::Down => line[at(to)..at(from)].iter().rev().all(|name| say(name, "", name)),
            };
            Run { script, log: String::new(), is_success }
        });
        (ranges, scripts.into_keys().collect())
    }

    #[test]
    fn no_revision_is_asked_for_again_after_it_failed() {
        let (ranges, scripts) = asked(Way::Up, &["b2", "c3"]);
        assert_eq!(ranges, ["base:heads", "b2:heads", "c3:heads"]);
        assert_eq!(scripts, ["a1", "d4", "e5"]);
        let (ranges, scripts) = asked(Way::Down, &["d4", "a1"]);
        assert_eq!(ranges, ["e5:base", "c3:base"]);
        assert_eq!(scripts, ["b2", "c3", "e5"]);
        assert_eq!(asked(Way::Down, &["e5"]).0, ["e5:base", "d4:base"]);
    }

    #[test]
    fn down_is_named_by_what_it_leaves() {
        let text = "-- Running downgrade d4 -> b2, c3\n\nDELETE FROM x;\n\n\
                    UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'd4';\n\n\
                    -- Running downgrade a1 -> \n\nDROP TABLE t;\n\n\
                    DELETE FROM alembic_version WHERE alembic_version.version_num = 'a1';\n\n";
        let (scripts, _) = cut(Way::Down, text, true);
        assert_eq!(sql(&scripts, "d4"), "DELETE FROM x;\n");
        assert_eq!(sql(&scripts, "a1"), "DROP TABLE t;\n");
    }
}
