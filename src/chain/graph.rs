//! Algorithms on directed graphs, in plain numbers.
//!
//! Nodes are `0..n` and `edges[node]` lists the nodes that `node` comes after. Everything is iterative,
//! so that a chain of any length needs no stack, and costs O(V+E).

#[cfg(any(feature = "build", test))]
mod cycles;
#[cfg(any(feature = "build", feature = "runtime", test))]
mod order;
#[cfg(any(feature = "build", test))]
mod redundant;

#[cfg(any(feature = "build", test))]
pub(crate) use cycles::{cyclic_components, shortest_cycle};
#[cfg(any(feature = "build", feature = "runtime", test))]
pub(crate) use order::topological_order;
#[cfg(any(feature = "build", test))]
pub(crate) use redundant::redundant_edges;

#[cfg(test)]
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
