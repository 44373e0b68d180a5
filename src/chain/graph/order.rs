//! The order in which a graph is stored and run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The reverse of `edges`: for each node, those that come after it.
fn reversed(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (node, before) in edges.iter().enumerate() {
        for &other in before {
            reversed[other].push(node);
        }
    }
    reversed
}

/// All nodes, each after those in its `edges`, smallest number first among the free ones.
///
/// Returns fewer than all nodes if and only if there is a cycle.
pub(crate) fn topological_order(edges: &[Vec<usize>]) -> Vec<usize> {
    let after = reversed(edges);
    let mut waiting: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut free: BinaryHeap<Reverse<usize>> =
        (0..edges.len()).filter(|&node| waiting[node] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(Reverse(node)) = free.pop() {
        order.push(node);
        for &next in &after[node] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                free.push(Reverse(next));
            }
        }
    }
    order
}
