//! When two answers are the same, at which level.

use std::collections::{BTreeMap, BTreeSet};

use super::vectors::{Answer, Graph};

/// How far two answers agree, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// The same order and the same heads after each step; the same class of error.
    Exact,
    /// The same revisions in an order that the graph allows, and the same heads at the end; an
    /// error of another class.
    Plan,
    /// Neither.
    Nothing,
}

/// Compares our answer with one that is right.
pub(crate) fn level(graph: &Graph, kind: &str, ours: &Answer, theirs: &Answer) -> Level {
    let is_plan = match (ours, theirs) {
        _ if ours == theirs => return Level::Exact,
        (Answer::Error { code: ours, .. }, Answer::Error { code: theirs, .. }) => {
            return if ours == theirs { Level::Exact } else { Level::Plan };
        }
        (
            Answer::Steps { steps: ours, heads: our_heads },
            Answer::Steps { steps: theirs, heads },
        ) => {
            let ids = |steps: &[(String, BTreeSet<String>)]| -> Vec<String> {
                steps.iter().map(|(id, _)| id.clone()).collect()
            };
            let is_up = kind.starts_with("upgrade");
            our_heads == heads && is_permutation(graph, ids(ours), ids(theirs), is_up)
        }
        (Answer::Revisions(ours), Answer::Revisions(theirs)) if kind == "history" => {
            let ids = |list: &[Option<String>]| list.iter().flatten().cloned().collect();
            is_permutation(graph, ids(ours), ids(theirs), false)
        }
        (Answer::Revisions(ours), Answer::Revisions(theirs)) => sorted(ours) == sorted(theirs),
        (
            Answer::Following { parents: ours, dependencies: our_dependencies },
            Answer::Following { parents: theirs, dependencies },
        ) => sorted(ours) == sorted(theirs) && sorted(our_dependencies) == sorted(dependencies),
        _ => false,
    };
    if is_plan { Level::Plan } else { Level::Nothing }
}

fn sorted<T: Ord>(list: &[T]) -> Vec<&T> {
    let mut list: Vec<&T> = list.iter().collect();
    list.sort();
    list
}

/// Whether `ours` has what `theirs` has, once each, in an order that the graph allows.
fn is_permutation(graph: &Graph, mut ours: Vec<String>, theirs: Vec<String>, is_up: bool) -> bool {
    if sorted(&ours) != sorted(&theirs) {
        return false;
    }
    if !is_up {
        ours.reverse();
    }
    let before = graph.before();
    let place: BTreeMap<&str, usize> =
        ours.iter().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
    place.len() == ours.len()
        && ours.iter().enumerate().all(|(index, id)| {
            let mut needed = before.get(id.as_str()).into_iter().flatten();
            needed.all(|needed| place.get(needed).is_none_or(|&place| place < index))
        })
}
