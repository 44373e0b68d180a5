//! Edges that say nothing: parents that another parent has as an ancestor.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::graph::{reachable, topological_order};

    /// More questions than one batch holds, over more of the order than one window.
    #[test]
    fn many_batches_agree_with_plain_searches() {
        let mut state = 0x2545_f491_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        let mut parents: Vec<Vec<usize>> = vec![Vec::new(); 40];
        while parents.len() < 900 {
            let count = parents.len();
            let mut list = vec![count - 1 - random(30), random(count), random(count)];
            list.sort_unstable();
            list.dedup();
            parents.push(list);
        }
        let order = topological_order(&parents);
        let mut found: Vec<(usize, usize)> = redundant_edges(&parents, &order)
            .iter()
            .map(|&(node, parent, _)| (node, parent))
            .collect();
        found.sort_unstable();
        let mut expected = Vec::new();
        for (node, list) in parents.iter().enumerate() {
            let before =
                reachable(&parents, list.iter().flat_map(|&parent| parents[parent].clone()));
            expected.extend(
                list.iter().filter(|&&parent| before[parent]).map(|&parent| (node, parent)),
            );
        }
        assert!(expected.len() > 300);
        assert_eq!(found, expected);
    }
}
