//! Algorithms on directed graphs, in plain numbers.
//!
//! Nodes are `0..n` and `edges[node]` lists the nodes that `node` comes after. Everything is iterative,
//! so that a chain of any length needs no stack, and costs O(V+E).

#[cfg(any(feature = "build", test))]
mod cycles;
#[cfg(any(feature = "build", feature = "runtime", test))]
mod order;

#[cfg(any(feature = "build", test))]
pub(crate) use cycles::{cyclic_components, shortest_cycle};
#[cfg(any(feature = "build", feature = "runtime", test))]
pub(crate) use order::topological_order;

/// The edges that say nothing, as `(node, parent, other)`: `other` is a parent of `node`, too, and has
/// `parent` as an ancestor. `order` lists the nodes with parents first; one `other` a parent is named.
///
/// Only a shallower parent can be an ancestor of a deeper one, and only if one of its children is on
/// the way; in practice this leaves few questions. Those are answered 128 at a time by one walk over
/// the part of the order between the parents that are asked about, a bit a question. So a graph of a
/// hundred thousand merges, however they cross, takes some hundred walks instead of as many searches.
pub(crate) fn redundant_edges(
    parents: &[Vec<usize>],
    order: &[usize],
) -> Vec<(usize, usize, usize)> {
    if parents.iter().all(|list| list.len() < 2) {
        return Vec::new();
    }
    let mut depth = vec![0_usize; parents.len()];
    let mut place = vec![0_usize; parents.len()];
    for (index, &node) in order.iter().enumerate() {
        place[node] = index;
        depth[node] = parents[node].iter().map(|&parent| depth[parent] + 1).max().unwrap_or(0);
    }
    let mut nearest_child = vec![usize::MAX; parents.len()];
    for (node, list) in parents.iter().enumerate() {
        for &parent in list {
            nearest_child[parent] = nearest_child[parent].min(depth[node]);
        }
    }
    let mut questions: Vec<(usize, usize)> = Vec::new();
    for &node in order.iter().filter(|&&node| parents[node].len() > 1) {
        let deepest = parents[node].iter().map(|&parent| depth[parent]).max().unwrap_or(0);
        for &parent in &parents[node] {
            if nearest_child[parent] <= deepest {
                questions.push((node, parent));
            }
        }
    }
    let mut found = Vec::new();
    let mut above: Vec<u128> = vec![0; parents.len()];
    for batch in questions.chunks(128) {
        let first = batch.iter().map(|&(_, parent)| place[parent]).min().unwrap_or(0);
        // Parents stand before their merge, so nothing behind the last merge can matter.
        let last = batch.iter().map(|&(node, _)| place[node]).max().unwrap_or(0);
        let window = &order[first..last];
        let mut own: std::collections::HashMap<usize, u128> = std::collections::HashMap::new();
        for (bit, &(_, parent)) in batch.iter().enumerate() {
            *own.entry(parent).or_default() |= 1 << bit;
        }
        for &node in window {
            let mut bits = 0;
            for &parent in &parents[node] {
                if place[parent] >= first {
                    bits |= above[parent];
                }
            }
            // A node is no ancestor of itself, but it is one of its children.
            above[node] = bits;
            if let Some(own) = own.get(&node) {
                above[node] |= own;
            }
        }
        for (bit, &(node, parent)) in batch.iter().enumerate() {
            // What stands before the window comes after nothing in it, and was not written now.
            let mut others =
                parents[node].iter().filter(|&&other| other != parent && place[other] >= first);
            let other = others.find(|&&other| above[other] >> bit & 1 == 1);
            if let Some(&other) = other {
                found.push((node, parent, other));
            }
        }
    }
    found
}

/// Marks `starts` and everything that can be reached from them along `edges`.
pub(crate) fn reachable(
    edges: &[Vec<usize>],
    starts: impl IntoIterator<Item = usize>,
) -> Vec<bool> {
    let mut marked = vec![false; edges.len()];
    let mut stack: Vec<usize> = starts.into_iter().collect();
    for &start in &stack {
        marked[start] = true;
    }
    while let Some(node) = stack.pop() {
        for &other in &edges[node] {
            if !marked[other] {
                marked[other] = true;
                stack.push(other);
            }
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graphs() -> impl Strategy<Value = Vec<Vec<usize>>> {
        (1usize..12)
            .prop_flat_map(|n| proptest::collection::vec(proptest::collection::vec(0..n, 0..4), n))
    }

    proptest! {
        #[test]
        fn an_order_is_complete_exactly_when_nothing_is_cyclic(edges in graphs()) {
            let order = topological_order(&edges);
            let components = cyclic_components(&edges);
            prop_assert_eq!(order.len() == edges.len(), components.is_empty());
            let mut place = vec![usize::MAX; edges.len()];
            for (index, &node) in order.iter().enumerate() {
                place[node] = index;
            }
            for &node in &order {
                for &before in &edges[node] {
                    prop_assert!(place[before] < place[node]);
                }
            }
        }

        #[test]
        fn redundant_edges_are_those_that_another_parent_leads_to(edges in graphs()) {
            // Made acyclic: a node may only come after smaller ones.
            let parents: Vec<Vec<usize>> = edges
                .iter()
                .enumerate()
                .map(|(node, list)| {
                    let mut list: Vec<usize> = list.iter().copied().filter(|&o| o < node).collect();
                    list.sort_unstable();
                    list.dedup();
                    list
                })
                .collect();
            let mut expected = Vec::new();
            for (node, list) in parents.iter().enumerate() {
                for &parent in list {
                    let mut others = list.iter().copied().filter(|&other| other != parent);
                    if others.any(|other| reachable(&parents, [other])[parent]) {
                        expected.push((node, parent));
                    }
                }
            }
            let order = topological_order(&parents);
            let mut found: Vec<(usize, usize)> = Vec::new();
            for (node, parent, other) in redundant_edges(&parents, &order) {
                prop_assert!(parents[node].contains(&other));
                prop_assert!(other != parent && reachable(&parents, [other])[parent]);
                found.push((node, parent));
            }
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn components_are_the_nodes_that_reach_each_other(edges in graphs()) {
            let components = cyclic_components(&edges);
            let reach: Vec<Vec<bool>> =
                (0..edges.len()).map(|node| reachable(&edges, edges[node].iter().copied())).collect();
            for (a, reached) in reach.iter().enumerate() {
                let expected: Vec<usize> =
                    (0..edges.len()).filter(|&b| reached[b] && reach[b][a]).collect();
                let found: Vec<usize> =
                    components.iter().find(|c| c.contains(&a)).cloned().unwrap_or_default();
                prop_assert_eq!(expected, found);
            }
            for component in components {
                let cycle = shortest_cycle(&edges, &component);
                prop_assert!(!cycle.is_empty());
                for (index, &node) in cycle.iter().enumerate() {
                    prop_assert!(edges[node].contains(&cycle[(index + 1) % cycle.len()]));
                }
            }
        }
    }
}
