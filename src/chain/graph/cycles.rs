//! Cycles: what validation has to show when there is no order.

use std::collections::{HashMap, VecDeque};

/// The groups of nodes that lie on a common cycle, each sorted, the groups by their smallest node.
///
/// Tarjan's algorithm (*Depth-First Search and Linear Graph Algorithms*, 1972), iterative; a single
/// node is a group only if it has an edge to itself.
pub(crate) fn cyclic_components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut number = vec![UNSEEN; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut open = vec![false; edges.len()];
    let mut stack = Vec::new();
    let mut visits: Vec<(usize, usize)> = Vec::new();
    let mut next_number = 0;
    let mut components = Vec::new();
    for root in 0..edges.len() {
        if number[root] != UNSEEN {
            continue;
        }
        visits.push((root, 0));
        while let Some(visit) = visits.last_mut() {
            let (node, edge) = *visit;
            if edge == 0 {
                number[node] = next_number;
                low[node] = next_number;
                next_number += 1;
                stack.push(node);
                open[node] = true;
            }
            if let Some(&other) = edges[node].get(edge) {
                visit.1 += 1;
                if number[other] == UNSEEN {
                    visits.push((other, 0));
                } else if open[other] {
                    low[node] = low[node].min(number[other]);
                }
                continue;
            }
            visits.pop();
            if let Some(&(parent, _)) = visits.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == number[node] {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    open[member] = false;
                    component.push(member);
                    if member == node {
                        break;
                    }
                }
                if component.len() > 1 || edges[node].contains(&node) {
                    component.sort_unstable();
                    components.push(component);
                }
            }
        }
    }
    components.sort_unstable();
    components
}

/// A shortest cycle through the smallest node of a cyclic component: `[a, b, c]` with edges
/// a → b → c → a.
pub(crate) fn shortest_cycle(edges: &[Vec<usize>], component: &[usize]) -> Vec<usize> {
    let Some(&start) = component.first() else { return Vec::new() };
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &other in &edges[node] {
            if other == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = came_from[&at];
                    path.push(at);
                }
                path.reverse();
                return path;
            }
            if component.binary_search(&other).is_ok() && !came_from.contains_key(&other) {
                came_from.insert(other, node);
                queue.push_back(other);
            }
        }
    }
    Vec::new()
}
