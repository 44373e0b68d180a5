//! Whether planner and validator answer as Alembic does: `cargo xtask conformance FILE`.
//!
//! The file holds graphs and what the real Alembic says about them. Every question is put to our
//! planner, and the answers are compared; each disagreement must be one of the [`deviations`],
//! which are rules about graph and question, never about a graph's name.

mod ask;
mod chain;
mod compare;
mod deviations;
mod vectors;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cargo_migrate::diagnostic::Code;

use compare::Level;
use deviations::{Case, DEVIATIONS, Deviation};
use vectors::{Answer, Broken, Graph, Query};

use crate::say;

pub(crate) const HELP: &str = "
Usage: cargo xtask conformance FILE

Puts the questions of a vector file (the format is described in the file itself, under `schema`) to
planner and validator, and compares with Alembic's answers at level \"plan\": the same revisions, in an
order that the graph allows, and the same heads at the end. Prints counts by kind and outcome, how
often each deliberate deviation applied, and every disagreement that is none of them; then it fails.
";

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let [file] = args else { return Err(String::from("expected one file\n\n") + HELP.trim()) };
    let text = std::fs::read_to_string(file).map_err(|error| format!("`{file}`: {error}"))?;
    let tally = Tally::of(&text).map_err(|error| format!("`{file}`: {error}"))?;
    tally.print();
    match tally.disagreements.len() {
        0 => Ok(()),
        count => Err(format!("{count} disagreements are no deviations")),
    }
}

/// What came out.
#[derive(Default)]
struct Tally {
    /// By kind of question and Alembic's outcome: how many at each level, and how many deviate.
    counts: BTreeMap<(String, String), [usize; 4]>,
    deviations: BTreeMap<&'static str, usize>,
    disagreements: Vec<String>,
}

impl Tally {
    /// Asks everything that is in the file.
    fn of(text: &str) -> Result<Self, String> {
        let (graphs, broken) = vectors::read(text)?;
        let mut tally = Self::default();
        for graph in &graphs {
            tally.graph(graph);
        }
        for graph in &broken {
            tally.broken(graph);
        }
        Ok(tally)
    }

    fn graph(&mut self, graph: &Graph) {
        let chain = match chain::chain(graph) {
            Ok(chain) => chain,
            Err(codes) => {
                self.disagreements
                    .push(format!("{}: the validator refuses it: {codes:?}", graph.id));
                return;
            }
        };
        for query in &graph.queries {
            if let Some(ours) = ask::ask(&chain, query) {
                self.query(graph, query, &ours);
            } else {
                let line = format!("{}: unknown kind of question `{}`", graph.id, query.kind);
                self.disagreements.push(line);
            }
        }
    }

    fn query(&mut self, graph: &Graph, query: &Query, ours: &Answer) {
        let right = query.corrected.as_ref().map_or(&query.answers[..], std::slice::from_ref);
        let level =
            right.iter().map(|theirs| compare::level(graph, &query.kind, ours, theirs)).min();
        let level = level.unwrap_or(Level::Nothing);
        let outcome = match &right[0] {
            Answer::Error { code, .. } => code.clone(),
            _ => String::from("ok"),
        };
        let counts = self.counts.entry((query.kind.clone(), outcome)).or_default();
        if level != Level::Nothing {
            counts[level as usize] += 1;
            return;
        }
        let case = Case { graph, query, theirs: &right[0], ours };
        if let Some(deviation) = DEVIATIONS.iter().find(|deviation| (deviation.applies)(&case)) {
            counts[2] += 1;
            *self.deviations.entry(deviation.name).or_default() += 1;
        } else {
            counts[3] += 1;
            self.disagreements.push(format!(
                "{}: {} {}\n    Alembic: {}\n    we:      {}",
                graph.id,
                query.kind,
                query.input,
                shown(&right[0]),
                shown(ours)
            ));
        }
    }

    fn broken(&mut self, graph: &Broken) {
        let found = chain::judge(&graph.revisions).err().unwrap_or_default();
        let wanted: Vec<Option<Code>> = graph.truth.iter().map(|truth| code_of(truth)).collect();
        let is_same = wanted.iter().all(|code| code.is_some_and(|code| found.contains(&code)))
            && found.is_empty() == wanted.is_empty();
        let is_exact = is_same && found.iter().all(|code| wanted.contains(&Some(*code)));
        for truth in &graph.truth {
            let counts =
                self.counts.entry((String::from("graph_errors"), truth.clone())).or_default();
            counts[if is_exact {
                0
            } else if is_same {
                1
            } else {
                3
            }] += 1;
        }
        if !is_same {
            let Broken { id, truth, .. } = graph;
            self.disagreements
                .push(format!("{id}: wrong is {truth:?}, the validator says {found:?}"));
        }
    }

    fn print(&self) {
        say(&format!(
            "{:<18} {:<27} {:>6} {:>6} {:>9} {:>6}",
            "kind", "Alembic says", "exact", "plan", "deviating", "wrong"
        ));
        let mut total = [0; 4];
        for ((kind, outcome), counts) in &self.counts {
            let [exact, plan, deviating, wrong] = counts;
            say(&format!(
                "{kind:<18} {outcome:<27} {exact:>6} {plan:>6} {deviating:>9} {wrong:>6}"
            ));
            total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
        let [exact, plan, deviating, wrong] = total;
        say(&format!("{:<46} {exact:>6} {plan:>6} {deviating:>9} {wrong:>6}", "all"));
        say("\ndeviations");
        for Deviation { name, clause, reason, .. } in &DEVIATIONS {
            let count = self.deviations.get(name).unwrap_or(&0);
            say(&format!("{count:>6}  {name}: {clause}\n        {reason}"));
        }
        for disagreement in &self.disagreements {
            say(disagreement);
        }
    }
}

/// What the validator calls what the vectors call so.
fn code_of(truth: &str) -> Option<Code> {
    Some(match truth {
        "missing_parent" => Code::UnknownParent,
        "missing_dependency" => Code::UnknownDependency,
        "duplicate_revision" => Code::DuplicateId,
        "self_loop" | "dependency_self_loop" => Code::SelfReference,
        "cycle" | "dependency_cycle" => Code::Cycle,
        "duplicate_label" => Code::DuplicateLabel,
        "label_conflicts_with_revision" => Code::LabelIsId,
        "illegal_revision_id" => Code::IllegalId,
        "reserved_name" => Code::ReservedName,
        "illegal_label" => Code::IllegalLabel,
        "duplicate_parent" => Code::RepeatedParent,
        "redundant_parent" => Code::RedundantParent,
        "parent_is_label" => Code::ParentIsLabel,
        _ => return None,
    })
}

fn shown(answer: &Answer) -> String {
    let listed = |ids: &mut dyn Iterator<Item = &String>| {
        let ids: Vec<&str> = ids.map(String::as_str).collect();
        ids.join(" ")
    };
    match answer {
        Answer::Steps { steps, heads } => format!(
            "runs [{}], heads [{}]",
            listed(&mut steps.iter().map(|(id, _)| id)),
            listed(&mut heads.iter())
        ),
        Answer::Heads(heads) => format!("heads [{}]", listed(&mut heads.iter())),
        Answer::Revisions(ids) => {
            let base = String::from("(base)");
            format!("[{}]", listed(&mut ids.iter().map(|id| id.as_ref().unwrap_or(&base))))
        }
        Answer::Following { parents, dependencies } => format!(
            "revises [{}], depends on [{}]",
            listed(&mut parents.iter()),
            listed(&mut dependencies.iter())
        ),
        Answer::Error { code, message } => format!("error {code}: {message}"),
    }
}
