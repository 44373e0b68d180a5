//! Rules about the graph that the files form together.

use std::collections::{BTreeMap, HashMap};

use super::Parsed;
use crate::chain::graph::{cyclic_components, shortest_cycle, topological_order};
use crate::chain::{BranchLabel, RevisionId, listed};
use crate::config::{Configuration, HeadsPolicy};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::script::Spanned;

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

/// Names of the chain; a name that is used twice stays with its first owner.
struct Names<'a> {
    ids: HashMap<&'a str, usize>,
    labels: HashMap<&'a str, (usize, &'a Spanned<String>)>,
}

/// Judges the graph; it exists only if the rules leave it a meaning.
pub(super) fn check(
    parsed: &[Parsed<'_>],
    configuration: &Configuration,
    unread: usize,
    findings: &mut Vec<Diagnostic>,
) -> Option<Graph> {
    let names = names(parsed, findings);
    let mut parents = Vec::with_capacity(parsed.len());
    let mut dependencies = Vec::with_capacity(parsed.len());
    for (index, file) in parsed.iter().enumerate() {
        let header = file.script.header();
        let resolver = Resolver { parsed, names: &names, index, unread };
        repeated(file, findings);
        parents.push(resolver.parents(&header.revises, findings));
        dependencies.push(resolver.dependencies(&header.depends_on, findings));
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
    redundant(parsed, &edges, &parents, &order, findings);
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

fn names<'a>(parsed: &'a [Parsed<'_>], findings: &mut Vec<Diagnostic>) -> Names<'a> {
    let mut ids: HashMap<&str, usize> = HashMap::with_capacity(parsed.len());
    for (index, file) in parsed.iter().enumerate() {
        let Some(revision) = &file.script.header().revision else { continue };
        if let Some(&first) = ids.get(revision.value.as_str()) {
            let place = id_place(&parsed[first]);
            findings.push(
                Diagnostic::new(
                    Code::DuplicateId,
                    format!("two revisions have the id `{}`", revision.value),
                )
                .label(file.file(), revision.span.clone(), "")
                .label(parsed[first].file(), place, "it is used here already")
                .help("give the newer one another id, and correct `revises` where it is meant"),
            );
        } else {
            ids.insert(&revision.value, index);
        }
    }
    let mut labels: HashMap<&str, (usize, &Spanned<String>)> = HashMap::new();
    for (index, file) in parsed.iter().enumerate() {
        for label in &file.script.header().branch {
            if let Some(&owner) = ids.get(label.value.as_str()) {
                findings.push(
                    Diagnostic::new(
                        Code::LabelIsId,
                        format!("the branch label `{}` is also a revision id", label.value),
                    )
                    .label(file.file(), label.span.clone(), "")
                    .label(parsed[owner].file(), id_place(&parsed[owner]), "the revision")
                    .help("choose another label"),
                );
            } else if let Some(&(owner, first)) = labels.get(label.value.as_str()) {
                findings.push(
                    Diagnostic::new(
                        Code::DuplicateLabel,
                        format!("the branch label `{}` is used twice", label.value),
                    )
                    .label(file.file(), label.span.clone(), "")
                    .label(parsed[owner].file(), first.span.clone(), "first here")
                    .help("a label names one revision, and the line that goes on from it"),
                );
            } else {
                labels.insert(&label.value, (index, label));
            }
        }
    }
    Names { ids, labels }
}

fn id_place(parsed: &Parsed<'_>) -> std::ops::Range<usize> {
    parsed.script.header().revision.as_ref().map_or(0..0, |revision| revision.span.clone())
}

fn repeated(parsed: &Parsed<'_>, findings: &mut Vec<Diagnostic>) {
    let header = parsed.script.header();
    let mut seen: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    for name in header.revises.iter().chain(&header.depends_on) {
        if let Some(first) = seen.get(name.value.as_str()) {
            findings.push(
                Diagnostic::new(Code::RepeatedParent, format!("`{}` is listed twice", name.value))
                    .label(parsed.file(), name.span.clone(), "")
                    .label(parsed.file(), first.span.clone(), "first here")
                    .help("remove one of them"),
            );
        } else {
            seen.insert(&name.value, name);
        }
    }
}

struct Resolver<'a> {
    parsed: &'a [Parsed<'a>],
    names: &'a Names<'a>,
    index: usize,
    unread: usize,
}

impl Resolver<'_> {
    fn file(&self) -> crate::diagnostic::FileId {
        self.parsed[self.index].file()
    }

    fn parents(&self, list: &[Spanned<String>], findings: &mut Vec<Diagnostic>) -> Vec<usize> {
        let mut found = Vec::with_capacity(list.len());
        for name in list {
            if let Some(&parent) = self.names.ids.get(name.value.as_str()) {
                self.add(name, parent, "follow", &mut found, findings);
            } else if let Some(&(owner, _)) = self.names.labels.get(name.value.as_str()) {
                let id = self.parsed[owner].script.header().revision.as_ref();
                let id = id.map_or("ID", |id| id.value.as_str());
                findings.push(
                    Diagnostic::new(
                        Code::ParentIsLabel,
                        format!("a parent cannot be given by its branch label `{}`", name.value),
                    )
                    .label(self.file(), name.span.clone(), "")
                    .note("a label moves with its line, a parent must not")
                    .help(format!("the label stands in revision `{id}`")),
                );
            } else {
                findings.push(self.unknown(Code::UnknownParent, "parent revision", name));
            }
        }
        found
    }

    fn dependencies(&self, list: &[Spanned<String>], findings: &mut Vec<Diagnostic>) -> Vec<usize> {
        let mut found = Vec::with_capacity(list.len());
        for name in list {
            let label = self.names.labels.get(name.value.as_str()).map(|&(owner, _)| owner);
            match self.names.ids.get(name.value.as_str()).copied().or(label) {
                Some(dependency) => self.add(name, dependency, "depend on", &mut found, findings),
                None => findings.push(self.unknown(Code::UnknownDependency, "dependency", name)),
            }
        }
        found
    }

    fn add(
        &self,
        name: &Spanned<String>,
        other: usize,
        verb: &str,
        found: &mut Vec<usize>,
        findings: &mut Vec<Diagnostic>,
    ) {
        if other == self.index {
            findings.push(
                Diagnostic::new(Code::SelfReference, format!("a revision cannot {verb} itself"))
                    .label(self.file(), name.span.clone(), "")
                    .help("remove it; a revision without `revises` is a base"),
            );
        } else if !found.contains(&other) {
            found.push(other);
        }
    }

    fn unknown(&self, code: Code, what: &str, name: &Spanned<String>) -> Diagnostic {
        if name.value.is_empty() {
            return Diagnostic::new(code, format!("an empty {what}"))
                .label(self.file(), name.span.clone(), "expected an id between the commas")
                .help("remove the stray comma");
        }
        let mut finding = Diagnostic::new(code, format!("unknown {what} `{}`", name.value)).label(
            self.file(),
            name.span.clone(),
            "no revision has this id",
        );
        if self.unread > 0 {
            let (files, them) =
                if self.unread == 1 { ("file", "it") } else { ("files", "one of them") };
            finding = finding
                .note(format!("{} {files} could not be read, and may be in {them}", self.unread));
        }
        let mut longer: Vec<&str> =
            self.names.ids.keys().copied().filter(|id| id.starts_with(&name.value)).collect();
        longer.sort_unstable();
        if let [only] = longer[..] {
            return finding.help(format!("did you mean `{only}`? ids are written in full here"));
        }
        let mut ids: Vec<&str> = self.names.ids.keys().copied().collect();
        // The nearest one must not depend on the order of a hash map.
        ids.sort_unstable();
        match nearest(&name.value, ids) {
            Some(known) => finding.help(format!("did you mean `{known}`?")),
            None => finding.help("`cargo migrate history` lists the revisions; is a file missing?"),
        }
    }
}

fn cycles(
    parsed: &[Parsed<'_>],
    edges: &[Vec<usize>],
    parents: &[Vec<usize>],
    findings: &mut Vec<Diagnostic>,
) {
    for component in cyclic_components(edges) {
        let cycle = shortest_cycle(edges, &component);
        let id = |node: usize| {
            let revision = parsed[node].script.header().revision.as_ref();
            revision.map_or("?", |revision| revision.value.as_str())
        };
        let mut path: Vec<&str> = cycle.iter().map(|&node| id(node)).collect();
        path.push(path[0]);
        let mut finding =
            Diagnostic::new(Code::Cycle, format!("revisions form a cycle: {}", path.join(" → ")));
        for (index, &node) in cycle.iter().enumerate() {
            let next = cycle[(index + 1) % cycle.len()];
            let header = parsed[node].script.header();
            let (list, text) = if parents[node].contains(&next) {
                (&header.revises, format!("`{}` follows `{}`", id(node), id(next)))
            } else {
                (&header.depends_on, format!("`{}` depends on `{}`", id(node), id(next)))
            };
            // A dependency may be given by a label.
            let place = list
                .iter()
                .find(|name| name.value == id(next))
                .or_else(|| list.iter().find(|name| labels(&parsed[next]).contains(&&*name.value)))
                .map_or(0..0, |name| name.span.clone());
            finding = finding.label(parsed[node].file(), place, text);
        }
        if component.len() > cycle.len() {
            let more = component.iter().map(|&node| id(node));
            finding = finding.note(format!("all of {} lie on cycles together", listed(more)));
        }
        findings.push(finding.help("one of these must give way: each can only run after the next"));
    }
}

fn labels<'a>(parsed: &'a Parsed<'_>) -> Vec<&'a str> {
    parsed.script.header().branch.iter().map(|label| label.value.as_str()).collect()
}

/// A parent that another parent has as an ancestor says nothing, and mostly is a slip.
///
/// Only nodes that are deeper than the candidate can lie between, so a search is cut at its depth
/// (the generation numbers of git's commit-graph).
fn redundant(
    parsed: &[Parsed<'_>],
    edges: &[Vec<usize>],
    parents: &[Vec<usize>],
    order: &[usize],
    findings: &mut Vec<Diagnostic>,
) {
    let mut depth = vec![0_usize; edges.len()];
    for &node in order {
        depth[node] = edges[node].iter().map(|&before| depth[before] + 1).max().unwrap_or(0);
    }
    for (node, list) in parents.iter().enumerate() {
        if list.len() < 2 {
            continue;
        }
        let floor = list.iter().map(|&parent| depth[parent]).min().unwrap_or(0);
        let mut seen = std::collections::HashSet::new();
        let mut stack: Vec<usize> =
            list.iter().flat_map(|&parent| parents[parent].iter().copied()).collect();
        while let Some(at) = stack.pop() {
            if depth[at] >= floor && seen.insert(at) {
                stack.extend(&parents[at]);
            }
        }
        for &parent in list.iter().filter(|parent| seen.contains(*parent)) {
            let header = parsed[node].script.header();
            let name = parsed[parent].script.header().revision.as_ref();
            let Some(name) = name.map(|revision| &revision.value) else { continue };
            let Some(place) = header.revises.iter().find(|other| other.value == *name) else {
                continue;
            };
            findings.push(
                Diagnostic::new(
                    Code::RedundantParent,
                    format!("parent `{name}` is an ancestor of another parent"),
                )
                .label(
                    parsed[node].file(),
                    place.span.clone(),
                    "the other parent already follows it",
                )
                .help("remove it from `revises`"),
            );
        }
    }
}

fn heads(parsed: &[Parsed<'_>], parents: &[Vec<usize>], findings: &mut Vec<Diagnostic>) {
    let mut is_parent = vec![false; parsed.len()];
    for &parent in parents.iter().flatten() {
        is_parent[parent] = true;
    }
    let heads: Vec<usize> = (0..parsed.len())
        .filter(|&index| !is_parent[index] && parsed[index].script.header().revision.is_some())
        .collect();
    // What is missing elsewhere makes heads of what is not one.
    let is_whole = findings.iter().all(|finding| {
        !matches!(
            finding.code,
            Code::UnknownParent
                | Code::ParentIsLabel
                | Code::HeaderMissing
                | Code::DuplicateId
                | Code::SelfReference
                | Code::NotUtf8
                | Code::NulByte
        )
    });
    if heads.len() < 2 || !is_whole {
        return;
    }
    let id = |index: usize| {
        &parsed[index].script.header().revision.as_ref().map_or("", |id| &id.value)[..]
    };
    let mut finding = Diagnostic::new(
        Code::SeveralHeads,
        format!("the chain has {} heads: {}", heads.len(), listed(heads.iter().map(|&h| id(h)))),
    );
    for &head in &heads {
        finding =
            finding.label(parsed[head].file(), id_place(&parsed[head]), "nothing follows this one");
    }
    findings.push(
        finding
            .note("this happens when two branches of a project each add a revision")
            .help(format!(
                "join them: a revision with `-- revises: {}`, whose sections may be left out",
                heads.iter().map(|&head| id(head)).collect::<Vec<_>>().join(", ")
            ))
            .help("or let one follow the other: change `revises` in the one that is applied nowhere yet")
            .help("or allow several: `heads = \"many\"` in `[package.metadata.migrate]`"),
    );
}
