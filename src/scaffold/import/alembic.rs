//! Migrations of Alembic: Python files with a `revision` and a `down_revision`, and the graph that they make.
//!
//! The graph is kept: ids, several parents, labels, dependencies. What only Python can tell (a `down_revision`
//! that is computed) is an error. The SQL is what `alembic upgrade --sql` prints, cut at the line that announces each
//! revision, without the statements for Alembic's own table; `offline` asks the installed Alembic for it. A
//! revision without it, because Alembic is not there or because a step reads the database, becomes one
//! whose SQL is to be written, with the Python in comments: that is an error of the chain until it is done,
//! so that nothing is forgotten.
//!
//! **The revision's id is Alembic's own**, as `alembic_version` holds it for the heads; what an id cannot hold is mapped
//! as for all tools.

mod layout;
pub mod offline;
mod python;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Body, Directory, Down, File, Imported, Links, Part, Problem, Read, Transaction, name, named,
};
use crate::chain::BranchLabel;
use python::{Module, Value};

pub(super) use layout::read as read_directory;
pub use offline::Rendered;

/// Whether there is a configuration of Alembic, or a file with a revision.
pub fn recognise(directory: &Directory) -> bool {
    let is_configuration = |file: &File| {
        file.name() == "alembic.ini" && layout::script_location(&file.bytes).is_some()
    };
    directory.files.iter().any(is_configuration) || has_revision(directory)
}

fn has_revision(directory: &Directory) -> bool {
    let is_revision = |file: &File| {
        is_python(file)
            && std::str::from_utf8(&file.bytes).is_ok_and(|text| {
                let module = Module::parse(text);
                module.value("revision").is_some() && module.value("down_revision").is_some()
            })
    };
    directory.files.iter().any(is_revision) || directory.directories.iter().any(has_revision)
}

fn is_python(file: &File) -> bool {
    let name = file.name();
    name.strip_suffix(".py").is_some() && !name.starts_with('.') && !name.starts_with("__init__")
}

/// A file's head.
struct Head<'d> {
    file: &'d File,
    module: Module,
    revision: String,
    parents: Vec<String>,
    depends_on: Vec<String>,
    labels: Vec<String>,
}

/// The migrations, parents first.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let mut heads = Vec::new();
    collect(directory, &mut heads, &mut read);
    let heads = sort(heads);
    let labels = labels(&heads, &mut read);
    let mut stems = BTreeSet::new();
    let mut irreversible = Vec::new();
    for head in &heads {
        let rendered = directory.rendered.as_ref();
        let (body, transaction) = body(head, rendered);
        if let Body::Sql { down: Down::Irreversible(_), .. } = body {
            irreversible.push(head.file.path.as_str());
        }
        let id = name::id(&head.revision);
        let mut stem = name::stem(head.file.name().trim_end_matches(".py"));
        if !stems.insert(stem.clone()) {
            stem = format!("{id}_{stem}");
            stems.insert(stem.clone());
        }
        let (message, time) = docstring(head);
        read.migrations.push(Imported {
            id,
            description: message,
            stem,
            time,
            path: &head.file.path,
            links: Links {
                parents: Some(head.parents.iter().map(|parent| name::id(parent)).collect()),
                depends_on: depends_on(head, &labels, &heads),
                labels: head.labels.iter().filter(|label| is_label(label)).cloned().collect(),
            },
            transaction,
            body,
        });
    }
    if !irreversible.is_empty() {
        read.notes.push(format!(
            "irreversible, since Alembic gave no SQL that undoes it: {}",
            named(irreversible)
        ));
    }
    if let Some(rendered) = &directory.rendered {
        read.notes.extend(rendered.notes());
    }
    read
}

/// The revisions as Alembic is asked for them, parents first.
pub fn steps(directory: &Directory) -> Vec<offline::Step> {
    let mut heads = Vec::new();
    collect(directory, &mut heads, &mut Read::default());
    let step = |head: Head<'_>| offline::Step { revision: head.revision, parents: head.parents };
    sort(heads).into_iter().map(step).collect()
}

fn is_label(label: &str) -> bool {
    BranchLabel::new(label.to_owned()).is_ok()
}

/// The dependencies, each revision once: Alembic does not mind two names for one, or a parent.
fn depends_on(head: &Head<'_>, labels: &BTreeMap<&str, String>, heads: &[Head<'_>]) -> Vec<String> {
    let declaring = |name: &str| {
        let found = heads.iter().find(|other| other.labels.iter().any(|label| label == name));
        found.map_or_else(|| name.to_owned(), |other| other.revision.clone())
    };
    let mut seen: BTreeSet<String> = head.parents.iter().cloned().collect();
    let names = head.depends_on.iter().filter(|name| seen.insert(declaring(name)));
    names.map(|name| labels.get(name.as_str()).cloned().unwrap_or_else(|| name::id(name))).collect()
}

/// What a dependency on a label becomes: the label, or the id of what declares it if it cannot be one.
fn labels<'h>(heads: &'h [Head<'_>], read: &mut Read<'_>) -> BTreeMap<&'h str, String> {
    let mut labels = BTreeMap::new();
    for head in heads {
        for label in &head.labels {
            let name = if is_label(label) {
                label.clone()
            } else {
                read.notes.push(format!(
                    "`{}`: left out the label `{label}`, which a chain cannot have",
                    head.file.path
                ));
                name::id(&head.revision)
            };
            labels.insert(label.as_str(), name);
        }
    }
    labels
}

fn collect<'d>(directory: &'d Directory, heads: &mut Vec<Head<'d>>, read: &mut Read<'d>) {
    for file in directory.files.iter().filter(|file| is_python(file)) {
        let Ok(text) = std::str::from_utf8(&file.bytes) else {
            let message = "is not UTF-8; save the file as UTF-8, or move it away";
            read.problems.push(Problem::new(&file.path, message));
            continue;
        };
        let module = Module::parse(text);
        let (Some(revision), Some(down)) =
            (module.value("revision"), module.value("down_revision"))
        else {
            // Alembic fails on such a file among its versions; `env.py` and helpers lie beside them.
            continue;
        };
        let mut texts = |name: &str, value: Option<Value>| match value {
            None | Some(Value::None) => Vec::new(),
            Some(Value::Texts(texts)) => texts,
            Some(Value::Unknown) => {
                let message =
                    format!("`{name}` is computed, and only Python can tell it; write its value");
                read.problems.push(Problem::new(&file.path, message));
                Vec::new()
            }
        };
        let revision = texts("revision", Some(revision));
        let parents = texts("down_revision", Some(down));
        let depends_on = texts("depends_on", module.value("depends_on"));
        let labels = texts("branch_labels", module.value("branch_labels"));
        let [revision] = revision.as_slice() else {
            if read.problems.is_empty() {
                read.problems
                    .push(Problem::new(&file.path, "`revision` is no string; write the id"));
            }
            continue;
        };
        let revision = revision.clone();
        heads.push(Head { file, module, revision, parents, depends_on, labels });
    }
    for folder in &directory.directories {
        if folder.name != "__pycache__" {
            collect(folder, heads, read);
        }
    }
}

/// Parents first, and those that are free by time and name; what is in a cycle comes last.
fn sort(mut heads: Vec<Head<'_>>) -> Vec<Head<'_>> {
    heads.sort_by_cached_key(|head| (docstring(head).1, head.file.path.clone()));
    let mut sorted: Vec<Head<'_>> = Vec::with_capacity(heads.len());
    // A revision is known by its id and by its labels.
    let names = |head: &Head<'_>| -> Vec<String> {
        head.labels.iter().chain([&head.revision]).cloned().collect()
    };
    let known: BTreeSet<String> = heads.iter().flat_map(names).collect();
    let mut done = BTreeSet::new();
    while !heads.is_empty() {
        let free = heads.iter().position(|head| {
            let mut before = head.parents.iter().chain(&head.depends_on);
            before.all(|name| !known.contains(name) || done.contains(name))
        });
        let head = heads.remove(free.unwrap_or(0));
        done.extend(names(&head));
        sorted.push(head);
    }
    sorted
}

/// The message, and the time of creation as fourteen digits.
fn docstring(head: &Head<'_>) -> (String, Option<String>) {
    let text = head.module.docstring().unwrap_or_default();
    let is_key = |line: &str| {
        ["Revision ID:", "Revises:", "Create Date:"]
            .iter()
            .any(|key| line.trim_start().starts_with(key))
    };
    let message: Vec<&str> = text
        .lines()
        .take_while(|line| !is_key(line))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let time = text.lines().find_map(|line| line.trim_start().strip_prefix("Create Date:"));
    let digits =
        |time: &str| time.chars().filter(char::is_ascii_digit).take(14).collect::<String>();
    (message.join("\n"), time.map(digits).filter(|digits| digits.len() == 14))
}

/// What a revision runs: the SQL that Alembic prints, or the Python to be written as SQL.
fn body<'d>(head: &Head<'d>, rendered: Option<&Rendered>) -> (Body<'d>, Transaction) {
    let file = head.file;
    let is_pass = |function: &str| head.module.is_empty(function) == Some(true);
    let inside = Transaction::Inside;
    // All of a history is for the one database that Alembic is configured for.
    let dialect = rendered.and_then(|rendered| rendered.dialect);
    let part = |text: String| Part { dialect, ..Part::text(file, text) };
    let nothing = |function: &str| part(format!("-- nothing: Alembic's {function}() is empty\n"));
    if is_pass("upgrade") && is_pass("downgrade") {
        if head.parents.len() > 1 {
            return (Body::Nothing, inside);
        }
        let down = Down::Scripts(vec![nothing("downgrade")]);
        return (Body::Sql { up: vec![nothing("upgrade")], down }, inside);
    }
    let script = |function: &str, scripts: Option<&BTreeMap<String, offline::Script>>| {
        if is_pass(function) {
            return Some((nothing(function), false));
        }
        // Python that sends nothing works on rows that it reads.
        let script = scripts?.get(&head.revision).filter(|script| !script.sql.is_empty())?;
        Some((part(script.sql.clone()), script.is_outside))
    };
    let Some((up, outside_up)) = script("upgrade", rendered.map(|rendered| &rendered.up)) else {
        return (Body::Unwritten(file), inside);
    };
    let down = script("downgrade", rendered.map(|rendered| &rendered.down));
    let outside_down = down.as_ref().is_some_and(|(_, is_outside)| *is_outside);
    let why = "imported from alembic, which gave no SQL for its downgrade";
    let irreversible = || Down::Irreversible(why.to_owned());
    let down = down.map_or_else(irreversible, |(part, _)| Down::Scripts(vec![part]));
    let transaction =
        if outside_up || outside_down { Transaction::Outside } else { Transaction::Inside };
    (Body::Sql { up: vec![up], down }, transaction)
}

#[cfg(test)]
mod tests;
