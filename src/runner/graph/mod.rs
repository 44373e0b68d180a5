//! Chains as pictures: what is drawn, apart from the format that it is drawn in.
//!
//! A [`Picture`] is made once from the chain and, if one was asked for, the status of a database;
//! each format is a file of its own over it. `lanes` places revisions and edges for all formats that
//! place them; Mermaid and Graphviz do that themselves.

pub(crate) mod dot;
pub(crate) mod lanes;
pub(crate) mod mermaid;
pub(crate) mod svg;
pub(crate) mod text;
pub(crate) mod told;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::chain::{Chain, Direction, Revision};
use crate::diagnostic::visible;
use crate::runtime::{Difference, RevisionState, RevisionStatus, Status};
use lanes::{Edge, Tie};

/// In which order the revisions stand, later ones first in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As they run, backwards.
    AsRun,
    /// The revisions of a line together, so that few lanes are open at once.
    ByLine,
}

/// What a database says about a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has it.
    Applied,
    /// It does not have it.
    Pending,
    /// It has a part of it.
    Partial,
    /// It has it, and the chain does not.
    Unknown,
}

/// A word or name beside an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) kind: MarkKind,
    pub(crate) text: String,
}

/// What a [`Mark`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// A branch label.
    Label,
    /// The place in the graph.
    Place,
    /// What the database says about it.
    State(State),
    /// What deserves a look.
    Warning,
}

/// A revision in a picture. No text of it steers a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Node<'c> {
    pub(crate) id: String,
    pub(crate) marks: Vec<Mark>,
    pub(crate) message: String,
    /// `None` if no database was asked.
    pub(crate) state: Option<State>,
    /// `None` if only the database has it.
    pub(crate) revision: Option<&'c Revision>,
}

/// Revisions, later ones first, and for each the edges to those that it follows or depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture<'c> {
    pub(crate) nodes: Vec<Node<'c>>,
    pub(crate) edges: Vec<Vec<Edge>>,
}

impl<'c> Picture<'c> {
    /// A picture of some revisions, which come in storage order.
    ///
    /// Edges to revisions that are not shown are not drawn.
    pub(crate) fn new(
        chain: &'c Chain,
        shown: &[&'c Revision],
        status: Option<&Status>,
        order: Order,
    ) -> Self {
        let standing = status.map(Standing::new);
        let newest_first: Vec<&Revision> = shown.iter().rev().copied().collect();
        let mut place: HashMap<&str, usize> =
            newest_first.iter().enumerate().map(|(row, r)| (r.id().as_str(), row)).collect();
        let edges = |place: &HashMap<&str, usize>, revision: &'c Revision| -> Vec<Edge> {
            let edge = |tie| {
                move |other: &'c Revision| Some(Edge { to: *place.get(other.id().as_str())?, tie })
            };
            let parents = chain.parents(revision).filter_map(edge(Tie::Parent));
            parents.chain(chain.dependencies(revision).filter_map(edge(Tie::Dependency))).collect()
        };
        let mut rows = newest_first;
        if order == Order::ByLine {
            let edges: Vec<Vec<Edge>> = rows.iter().map(|r| edges(&place, r)).collect();
            rows = by_line(&edges).into_iter().map(|row| rows[row]).collect();
            place = rows.iter().enumerate().map(|(row, r)| (r.id().as_str(), row)).collect();
        }
        let node = |revision: &&'c Revision| Node::new(chain, revision, standing.as_ref());
        Self {
            nodes: rows.iter().map(node).collect(),
            edges: rows.iter().map(|revision| edges(&place, revision)).collect(),
        }
    }

    /// Puts on top what the database has and the chain does not.
    pub(crate) fn add_unknown(&mut self, status: &Status) {
        let unknown: Vec<Node<'c>> = Standing::new(status).unknown().collect();
        let count = unknown.len();
        self.edges.iter_mut().flatten().for_each(|edge| edge.to += count);
        self.edges.splice(0..0, std::iter::repeat_n(Vec::new(), count));
        self.nodes.splice(0..0, unknown);
    }

    /// Whether it is a single line, which needs no lanes.
    pub(crate) fn is_line(&self) -> bool {
        self.edges.iter().enumerate().all(|(row, edges)| match edges[..] {
            [] => row + 1 == self.edges.len(),
            [edge] => edge == Edge { to: row + 1, tie: Tie::Parent },
            _ => false,
        })
    }
}

/// Rows in another order, in which the revisions of a line stay together where they can.
///
/// A row comes as soon as all that leads to it is there, the way that opened last first.
fn by_line(edges: &[Vec<Edge>]) -> Vec<usize> {
    let mut waiting = vec![0_usize; edges.len()];
    edges.iter().flatten().for_each(|edge| waiting[edge.to] += 1);
    let mut ready: Vec<usize> = (0..edges.len()).rev().filter(|&row| waiting[row] == 0).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(row) = ready.pop() {
        order.push(row);
        let dependencies = edges[row].iter().filter(|edge| edge.tie == Tie::Dependency);
        let parents = edges[row].iter().filter(|edge| edge.tie == Tie::Parent);
        for edge in dependencies.chain(parents) {
            waiting[edge.to] -= 1;
            if waiting[edge.to] == 0 {
                ready.push(edge.to);
            }
        }
    }
    order
}

/// A status by revision.
struct Standing<'s> {
    status: &'s Status,
    by_id: HashMap<&'s str, &'s RevisionStatus>,
    current: HashSet<&'s str>,
}

impl<'s> Standing<'s> {
    fn new(status: &'s Status) -> Self {
        let by_id = status.revisions.iter().map(|of| (of.revision.as_str(), of)).collect();
        let current = status.heads.iter().map(AsRef::as_ref).collect();
        Self { status, by_id, current }
    }

    fn unknown<'c>(&self) -> impl Iterator<Item = Node<'c>> {
        self.status.revisions.iter().rev().filter(|of| of.is_unknown()).map(|of| Node {
            id: of.revision.to_string(),
            marks: self.marks(of),
            message: harmless(&of.description),
            state: Some(state(of)),
            revision: None,
        })
    }

    fn marks(&self, of: &RevisionStatus) -> Vec<Mark> {
        let state = state(of);
        let is_current = self.current.contains(of.revision.as_str());
        let mut marks: Vec<Mark> = Vec::new();
        let mut mark = |kind, text: &str| marks.push(Mark { kind, text: text.to_owned() });
        if is_current {
            mark(MarkKind::State(state), "current");
        }
        match of.state {
            RevisionState::Unfinished { direction: Direction::Up, .. } => {
                mark(MarkKind::State(state), "partly applied");
            }
            RevisionState::Unfinished { direction: Direction::Down, .. } => {
                mark(MarkKind::State(state), "partly undone");
            }
            RevisionState::Pending => mark(MarkKind::State(state), "pending"),
            RevisionState::Stamped(_) => mark(MarkKind::State(state), "stamped"),
            RevisionState::Applied(_) if !is_current => mark(MarkKind::State(state), "applied"),
            RevisionState::Applied(_) => {}
        }
        if of.is_unknown() {
            mark(MarkKind::Warning, "unknown: only in the database");
        }
        match of.difference {
            Some(Difference::Edited) => mark(MarkKind::Warning, "edited"),
            Some(Difference::Reparented) => mark(MarkKind::Warning, "re-parented"),
            Some(Difference::WrongDigest) => mark(MarkKind::Warning, "wrong digest"),
            None => {}
        }
        marks
    }
}

fn state(of: &RevisionStatus) -> State {
    match of.state {
        RevisionState::Unfinished { .. } => State::Partial,
        _ if of.is_unknown() => State::Unknown,
        RevisionState::Applied(_) | RevisionState::Stamped(_) => State::Applied,
        RevisionState::Pending => State::Pending,
    }
}

impl<'c> Node<'c> {
    fn new(chain: &Chain, revision: &'c Revision, standing: Option<&Standing<'_>>) -> Self {
        let of = standing.and_then(|standing| standing.by_id.get(revision.id().as_str()).copied());
        let mut marks = marks(chain, revision);
        if let (Some(standing), Some(of)) = (standing, of) {
            marks.extend(standing.marks(of));
        }
        Self {
            id: revision.id().to_string(),
            marks,
            message: harmless(&revision.header().message),
            state: of.map(state),
            revision: Some(revision),
        }
    }

    /// The message, cut where it would make a picture too wide.
    fn short_message(&self) -> String {
        const MOST: usize = 72;
        match self.message.char_indices().nth(MOST) {
            None => self.message.clone(),
            Some((end, _)) => format!("{}…", self.message[..end].trim_end()),
        }
    }

    /// The id, and the marks in parentheses.
    fn title(&self) -> String {
        let marks: Vec<&str> = self.marks.iter().map(|mark| mark.text.as_str()).collect();
        if marks.is_empty() {
            self.id.clone()
        } else {
            format!("{} ({})", self.id, marks.join(", "))
        }
    }
}

/// The labels of a revision, and its place in the graph.
pub(crate) fn marks(chain: &Chain, revision: &Revision) -> Vec<Mark> {
    let label = |label: &_| Mark { kind: MarkKind::Label, text: ToString::to_string(label) };
    let mut marks: Vec<Mark> = revision.labels().iter().map(label).collect();
    let mut place = |text: &str| marks.push(Mark { kind: MarkKind::Place, text: text.to_owned() });
    if chain.children(revision).next().is_none() {
        let is_effective = chain.dependents(revision).next().is_some();
        place(if is_effective { "effective head" } else { "head" });
    }
    match chain.parents(revision).len() {
        0 => place("base"),
        1 => {}
        _ => place("merge"),
    }
    marks
}

/// A text that can be shown on a terminal, in one line, and written into any of the formats.
pub(crate) fn harmless(text: &str) -> String {
    // The latter four are line ends to some readers, and no characters at all to XML.
    visible(text).replace(['\u{2028}', '\u{2029}', '\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
