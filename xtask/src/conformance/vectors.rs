//! The vector file: what Alembic was asked, and what it answered.
//!
//! The format is described in the file itself, under `schema`. Unknown keys are left alone; what is
//! needed and missing is an error that says where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Revisions, and questions about them.
pub(crate) struct Graph {
    pub(crate) id: String,
    pub(crate) revisions: Vec<Row>,
    pub(crate) queries: Vec<Query>,
}

/// Revisions that are broken in some way, and in which.
pub(crate) struct Broken {
    pub(crate) id: String,
    pub(crate) revisions: Vec<Row>,
    pub(crate) truth: BTreeSet<String>,
}

/// One revision as written.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) parents: Vec<String>,
    pub(crate) dependencies: Vec<String>,
    pub(crate) labels: Vec<String>,
}

/// A question, with every answer that Alembic gave to it.
pub(crate) struct Query {
    pub(crate) kind: String,
    /// The question as it stands in the file, without the answers.
    pub(crate) input: Value,
    /// More than one if it depended on a hash seed.
    pub(crate) answers: Vec<Answer>,
    pub(crate) quirks: Vec<String>,
    pub(crate) corrected: Option<Answer>,
}

/// An answer: Alembic's, or ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What runs, with the database's heads after it.
    Steps { steps: Vec<(String, BTreeSet<String>)>, heads: BTreeSet<String> },
    /// Which heads the database is stamped with.
    Heads(BTreeSet<String>),
    /// Revisions; none where something leads past the base.
    Revisions(Vec<Option<String>>),
    /// The header of a new revision.
    Following { parents: Vec<String>, dependencies: Vec<String> },
    /// A refusal: a class of errors, and the message.
    Error { code: String, message: String },
}

pub(crate) fn read(text: &str) -> Result<(Vec<Graph>, Vec<Broken>), String> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let graphs = array(&file, "graphs")?.iter().map(graph).collect::<Result<_, _>>()?;
    let broken = array(&file, "graph_errors")?.iter().map(broken).collect::<Result<_, _>>()?;
    Ok((graphs, broken))
}

impl Graph {
    /// Ids and labels.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.revisions
            .iter()
            .flat_map(|row| std::iter::once(&row.id).chain(&row.labels))
            .map(String::as_str)
    }

    /// Parents and dependencies of each revision, by id; labels are replaced by who declares them.
    pub(crate) fn before(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let owners: BTreeMap<&str, &str> = self
            .revisions
            .iter()
            .flat_map(|row| row.labels.iter().map(|label| (label.as_str(), row.id.as_str())))
            .collect();
        self.revisions
            .iter()
            .map(|row| {
                let names = row.parents.iter().chain(&row.dependencies).map(String::as_str);
                let before = names.map(|name| owners.get(name).copied().unwrap_or(name)).collect();
                (row.id.as_str(), before)
            })
            .collect()
    }
}

impl Query {
    /// A text among the inputs.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.input.get(key)?.as_str()
    }

    /// One text or several.
    pub(crate) fn texts(&self, key: &str) -> Vec<&str> {
        match self.input.get(key) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Every target among the inputs.
    pub(crate) fn targets(&self) -> Vec<&str> {
        ["start", "target", "targets", "base", "head", "expr", "depends_on"]
            .into_iter()
            .flat_map(|key| self.texts(key))
            .collect()
    }
}

fn graph(value: &Value) -> Result<Graph, String> {
    let id = string(value, "id")?;
    let read = || {
        let revisions = array(value, "revisions")?.iter().map(row).collect::<Result<_, _>>()?;
        let queries = array(value, "queries")?.iter().map(query).collect::<Result<_, _>>()?;
        Ok(Graph { id: id.clone(), revisions, queries })
    };
    read().map_err(|error: String| format!("graph {id}: {error}"))
}

fn broken(value: &Value) -> Result<Broken, String> {
    Ok(Broken {
        id: string(value, "id")?,
        revisions: array(value, "revisions")?.iter().map(row).collect::<Result<_, _>>()?,
        truth: strings(value, "truth").into_iter().collect(),
    })
}

fn row(value: &Value) -> Result<Row, String> {
    Ok(Row {
        id: string(value, "id")?,
        parents: strings(value, "down"),
        dependencies: strings(value, "deps"),
        labels: strings(value, "labels"),
    })
}

fn query(value: &Value) -> Result<Query, String> {
    const ANSWERS: [&str; 6] = ["kind", "expect", "stable", "alternatives", "quirks", "corrected"];
    let kind = string(value, "kind")?;
    let mut input = value.clone();
    if let Some(input) = input.as_object_mut() {
        input.retain(|key, _| !ANSWERS.contains(&key.as_str()));
    }
    let is_stamp = kind == "stamp";
    let expected = value.get("expect").into_iter();
    let alternatives = value.get("alternatives").and_then(Value::as_array).into_iter().flatten();
    let answers: Vec<Answer> = expected
        .chain(alternatives)
        .map(|value| answer(value, is_stamp))
        .collect::<Result<_, _>>()?;
    if answers.is_empty() {
        return Err(format!("a `{kind}` query has no answer"));
    }
    let corrected = value.get("corrected").map(|value| answer(value, is_stamp)).transpose()?;
    Ok(Query { input, answers, quirks: strings(value, "quirks"), corrected, kind })
}

fn answer(value: &Value, is_stamp: bool) -> Result<Answer, String> {
    if let Some(code) = value.get("error").and_then(Value::as_str) {
        let message = string(value, "msg").unwrap_or_default();
        return Ok(Answer::Error { code: code.to_owned(), message });
    }
    if let Some(revisions) = value.get("revs").and_then(Value::as_array) {
        let ids = revisions.iter().map(|id| id.as_str().map(str::to_owned));
        return Ok(Answer::Revisions(ids.collect()));
    }
    if value.get("steps").is_some() {
        let heads = strings(value, "heads").into_iter().collect();
        if is_stamp {
            return Ok(Answer::Heads(heads));
        }
        let steps = array(value, "steps")?.iter().map(step).collect::<Result<_, _>>()?;
        return Ok(Answer::Steps { steps, heads });
    }
    if value.get("down").is_some() {
        let (parents, dependencies) = (strings(value, "down"), strings(value, "deps"));
        return Ok(Answer::Following { parents, dependencies });
    }
    Err(format!("an answer of no known form: {value}"))
}

/// `[id, heads]` or `[id, operations, heads]`.
fn step(value: &Value) -> Result<(String, BTreeSet<String>), String> {
    let parts = value.as_array().filter(|parts| parts.len() > 1);
    let id = parts.and_then(|parts| parts[0].as_str());
    let heads = parts.and_then(|parts| parts.last()?.as_array());
    let (Some(id), Some(heads)) = (id, heads) else { return Err(format!("no step: {value}")) };
    Ok((id.to_owned(), heads.iter().filter_map(|head| head.as_str().map(str::to_owned)).collect()))
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| format!("there is no list `{key}`"))
}

fn string(value: &Value, key: &str) -> Result<String, String> {
    let text = value.get(key).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("there is no text `{key}`"))
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
