//! Graphs as revision files in memory, judged by the validator as any others.
//!
//! File names are numbers, so that the load order of the vectors is the order of free revisions.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use cargo_migrate::Chain;
use cargo_migrate::chain::RevisionId;
use cargo_migrate::config::{Configuration, HeadsPolicy};
use cargo_migrate::diagnostic::{Code, Severity};
use cargo_migrate::validate;

use super::vectors::{Graph, Row};

/// What the validator makes of revisions: a chain, or the codes of its errors.
pub(crate) fn judge(revisions: &[Row]) -> Result<Chain, BTreeSet<Code>> {
    let mut configuration = Configuration::default();
    configuration.heads = HeadsPolicy::Many;
    let texts = revisions
        .iter()
        .enumerate()
        .map(|(index, row)| (format!("migrations/{index:06}.sql"), text(row)));
    let (chain, findings, _) = validate::texts(&configuration, texts);
    chain.ok_or_else(|| {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| finding.code).collect()
    })
}

/// The chain of a graph that Alembic loads.
///
/// A dependency on one's own parent says nothing; Alembic allows it, our rules ask to remove it, and
/// so it is removed here: the plans must be the same.
pub(crate) fn chain(graph: &Graph) -> Result<Chain, BTreeSet<Code>> {
    let owners: HashMap<&str, &str> = graph
        .revisions
        .iter()
        .flat_map(|row| row.labels.iter().map(|label| (label.as_str(), row.id.as_str())))
        .collect();
    let mut revisions = graph.revisions.clone();
    for row in &mut revisions {
        let mut seen: HashSet<&str> = row.parents.iter().map(String::as_str).collect();
        let dependencies = row.dependencies.iter();
        row.dependencies = dependencies
            .filter(|name| seen.insert(owners.get(name.as_str()).copied().unwrap_or(name)))
            .cloned()
            .collect();
    }
    judge(&revisions)
}

/// These revisions and all that must be applied before them; unknown ids stay what they are.
pub(crate) fn applied(chain: &Chain, rows: &[&str]) -> HashSet<RevisionId> {
    let mut applied: HashSet<RevisionId> =
        rows.iter().filter_map(|id| RevisionId::new((*id).to_owned()).ok()).collect();
    let mut open: Vec<_> = rows.iter().filter_map(|id| chain.get(id)).collect();
    while let Some(revision) = open.pop() {
        for before in chain.parents(revision).chain(chain.dependencies(revision)) {
            if applied.insert(before.id().clone()) {
                open.push(before);
            }
        }
    }
    applied
}

fn text(row: &Row) -> String {
    let mut text = format!("-- a vector\n--\n-- revision: {}\n", row.id);
    for (key, names) in
        [("revises", &row.parents), ("depends-on", &row.dependencies), ("branch", &row.labels)]
    {
        if !names.is_empty() {
            let _ = writeln!(text, "-- {key}: {}", names.join(", "));
        }
    }
    text.push_str("\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 1;\n");
    text
}
