//! Rules about the graph that the files form together.

use std::collections::HashMap;

use super::Parsed;
use super::names::{Names, Resolver, id_place};
use crate::chain::graph::{cyclic_components, redundant_edges, shortest_cycle, topological_order};
use crate::chain::{BranchLabel, RevisionId, listed};
use crate::config::{Configuration, HeadsPolicy};
use crate::diagnostic::{Code, Diagnostic};

/// Longer cycles and lists of heads are cut: nobody reads a report of thousands of snippets.
const MOST_PLACES: usize = 8;

/// The graph in the order in which a chain stores it.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
}

/// A revision of the graph; parents and dependencies are places in [`Graph::nodes`].
pub(super) struct Node {
    /// Which of the parsed files it is.
    pub(super) file: usize,
    pub(super) id: RevisionId,
    pub(super) labels: Vec<BranchLabel>,
    pub(super) parents: Vec<usize>,
    pub(super) dependencies: Vec<usize>,
}

/// Judges the graph; it exists only if the rules leave it a meaning.
pub(super) fn check(
    parsed: &[Parsed<'_>],
    configuration: &Configuration,
    unread: usize,
    findings: &mut Vec<Diagnostic>,
) -> Option<Graph> {
    let names = Names::of(parsed, findings);
    let mut resolver = Resolver::new(parsed, &names, unread);
    let mut parents = Vec::with_capacity(parsed.len());
    let mut dependencies = Vec::with_capacity(parsed.len());
    for index in 0..parsed.len() {
        let (revises, depends_on) = resolver.resolve(index, findings);
        parents.push(revises);
        dependencies.push(depends_on);
    }
    let edges: Vec<Vec<usize>> = parents
        .iter()
        .zip(&dependencies)
        .map(|(parents, dependencies)| [&parents[..], dependencies].concat())
        .collect();
    let order = topological_order(&edges);
    if order.len() < parsed.len() {
        cycles(parsed, &edges, &parents, findings);
        return None;
    }
    redundant(parsed, &parents, &order, findings);
    if configuration.heads == HeadsPolicy::Single {
        heads(parsed, &parents, findings);
    }
    let mut place = vec![0; parsed.len()];
    for (index, &file) in order.iter().enumerate() {
        place[file] = index;
    }
    let places = |list: &[usize]| list.iter().map(|&other| place[other]).collect();
    let nodes = order
        .iter()
        .map(|&file| {
            let header = parsed[file].script.header();
            let labels: Result<_, _> =
                header.branch.iter().map(|label| BranchLabel::new(label.value.clone())).collect();
            Some(Node {
                file,
                id: RevisionId::new(header.revision.as_ref()?.value.clone()).ok()?,
                labels: labels.ok()?,
                parents: places(&parents[file]),
                dependencies: places(&dependencies[file]),
            })
        })
        .collect::<Option<_>>()?;
    Some(Graph { nodes })
}

/// The id as the header has it, also where it is illegal.
fn id<'a>(parsed: &'a [Parsed<'_>], index: usize) -> &'a str {
    parsed[index].script.header().revision.as_ref().map_or("?", |revision| &revision.value)
}

fn cycles(
    parsed: &[Parsed<'_>],
    edges: &[Vec<usize>],
    parents: &[Vec<usize>],
    findings: &mut Vec<Diagnostic>,
) {
    for component in cyclic_components(edges) {
        let cycle = shortest_cycle(edges, &component);
        let name = |node: usize| id(parsed, node);
        let mut path: Vec<&str> = cycle.iter().take(MOST_PLACES).map(|&node| name(node)).collect();
        let hidden = cycle.len() - path.len();
        let more = format!("({hidden} more)");
        if hidden > 0 {
            path.push(&more);
        }
        path.push(name(cycle[0]));
        let mut finding =
            Diagnostic::new(Code::Cycle, format!("revisions form a cycle: {}", path.join(" → ")));
        for (index, &node) in cycle.iter().enumerate().take(MOST_PLACES) {
            let next = cycle[(index + 1) % cycle.len()];
            let header = parsed[node].script.header();
            let is_parent = parents[node].contains(&next);
            let (list, verb) = if is_parent {
                (&header.revises, "follows")
            } else {
                (&header.depends_on, "depends on")
            };
            // A dependency may be given by a label.
            let labels = &parsed[next].script.header().branch;
            let place = list.iter().find(|reference| reference.value == name(next)).or_else(|| {
                list.iter().find(|reference| labels.iter().any(|l| l.value == reference.value))
            });
            let text = match place {
                Some(reference) if reference.value != name(next) => {
                    format!(
                        "`{}` {verb} `{}`, which is `{}`",
                        name(node),
                        reference.value,
                        name(next)
                    )
                }
                _ => format!("`{}` {verb} `{}`", name(node), name(next)),
            };
            let span = place.map_or(0..0, |reference| reference.span.clone());
            finding = finding.label(parsed[node].file(), span, text);
        }
        let others: Vec<&str> =
            component.iter().filter(|node| !cycle.contains(node)).map(|&n| name(n)).collect();
        match others[..] {
            [] => {}
            _ if others.len() > MOST_PLACES => {
                finding = finding
                    .note(format!("{} more revisions lie on cycles with these", others.len()));
            }
            [only] => finding = finding.note(format!("`{only}` lies on a cycle with these, too")),
            _ => {
                finding =
                    finding.note(format!("{} lie on cycles with these, too", listed(&others)));
            }
        }
        findings.push(
            finding.help(
                "remove one of these references: each revision can only run after the next one",
            ),
        );
    }
}

/// A parent that another parent has as an ancestor says nothing, and mostly is a slip.
fn redundant(
    parsed: &[Parsed<'_>],
    parents: &[Vec<usize>],
    order: &[usize],
    findings: &mut Vec<Diagnostic>,
) {
    for (node, parent, other) in redundant_edges(parents, order) {
        let name = id(parsed, parent);
        let revises = &parsed[node].script.header().revises;
        let Some(place) = revises.iter().find(|reference| reference.value == name) else {
            continue;
        };
        let other = id(parsed, other);
        findings.push(
            Diagnostic::new(
                Code::RedundantParent,
                format!("parent `{name}` is an ancestor of parent `{other}`"),
            )
            .label(
                parsed[node].file(),
                place.span.clone(),
                format!("`{other}` comes after it already"),
            )
            .help(format!("remove `{name}` from `revises`")),
        );
    }
}

fn heads(parsed: &[Parsed<'_>], parents: &[Vec<usize>], findings: &mut Vec<Diagnostic>) {
    let mut is_parent = vec![false; parsed.len()];
    for &parent in parents.iter().flatten() {
        is_parent[parent] = true;
    }
    // By id, since of two files with the same one only the first can have children.
    let mut seen = HashMap::new();
    let heads: Vec<usize> = (0..parsed.len())
        .filter(|&index| !is_parent[index] && parsed[index].script.header().revision.is_some())
        .filter(|&index| seen.insert(id(parsed, index), index).is_none())
        .collect();
    // What is missing elsewhere makes heads of what is not one.
    let is_whole = findings.iter().all(|finding| {
        !matches!(
            finding.code,
            Code::UnknownParent
                | Code::ParentIsLabel
                | Code::HeaderMissing
                | Code::BadValue
                | Code::UnknownKey
                | Code::RepeatedKey
                | Code::DuplicateId
                | Code::SelfReference
                | Code::NotUtf8
                | Code::NulByte
        )
    });
    if heads.len() < 2 || !is_whole {
        return;
    }
    let shown = &heads[..heads.len().min(MOST_PLACES)];
    let names = listed(shown.iter().map(|&head| id(parsed, head)));
    let message = match heads.len() - shown.len() {
        0 => format!("the chain has {} heads: {names}", heads.len()),
        more => format!("the chain has {} heads: {names}, and {more} more", heads.len()),
    };
    let mut finding = Diagnostic::new(Code::SeveralHeads, message);
    for &head in shown {
        let place = id_place(&parsed[head]);
        finding = finding.label(parsed[head].file(), place, "no revision follows this one");
    }
    let (first, last) = (id(parsed, heads[0]), id(parsed, heads[heads.len() - 1]));
    findings.push(
        finding
            .note("this happens when two branches of a project each add a revision")
            .help("`cargo migrate merge` joins them with a new revision")
            .help(format!(
                "or put them in line: `cargo migrate rebase {last} --onto {first}`, if `{last}` is \
                 applied nowhere yet"
            ))
            .help("or allow several: `heads = \"many\"` in `[package.metadata.migrate]`"),
    );
}
