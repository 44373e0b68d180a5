//! Which lane of a picture each revision stands in, and each edge runs in.
//!
//! A picture has a row for each revision, later ones first. An edge leaves its row sideways to a lane,
//! goes straight down that lane to the row of the earlier revision, and there sideways to it. Edges
//! of one kind that lead to the same revision may share a lane; nothing else ever does. So whoever
//! follows a line arrives, and can have come only from where it says.
//!
//! Everything is plain numbers here, for every format alike, and costs O(V+E) up to the number of
//! lanes.

/// What an edge of the graph says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tie {
    /// The later revision follows the earlier one.
    Parent,
    /// The later revision depends on the earlier one.
    Dependency,
}

/// An edge to an earlier revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Edge {
    /// The row of the earlier revision.
    pub(crate) to: usize,
    pub(crate) tie: Tie,
}

/// A lane for everything; lanes are counted from the left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// The lane of each row's revision.
    pub(crate) nodes: Vec<usize>,
    /// The lanes of each row's edges, in their order.
    pub(crate) edges: Vec<Vec<usize>>,
    /// How many lanes there are.
    pub(crate) count: usize,
}

/// Chooses lanes for rows, whose edges all lead to later rows.
pub(crate) fn assign(edges: &[Vec<Edge>]) -> Lanes {
    let mut taken: Vec<Option<Edge>> = Vec::new();
    // By row: the lanes that lead to it.
    let mut arriving: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    let mut lanes = Lanes::default();
    for (row, edges) in edges.iter().enumerate() {
        let ending = std::mem::take(&mut arriving[row]);
        let is_solid = |lane: &&usize| taken[**lane].is_some_and(|edge| edge.tie == Tie::Parent);
        let lane = ending.iter().filter(is_solid).min().or(ending.iter().min()).copied();
        for &ending in &ending {
            taken[ending] = None;
        }
        let lane = lane.unwrap_or_else(|| nearest_free(&mut taken, 0));
        let mut own = vec![lane; edges.len()];
        let straight = straight(edges, lane, &taken, &arriving);
        if let Some(straight) = straight {
            taken[lane] = Some(edges[straight]);
            arriving[edges[straight].to].push(lane);
        }
        for (index, edge) in edges.iter().enumerate() {
            if Some(index) == straight {
                continue;
            }
            let shared = arriving[edge.to].iter().copied().filter(|&at| taken[at] == Some(*edge));
            own[index] = shared.min_by_key(|&at| (at.abs_diff(lane), at)).unwrap_or_else(|| {
                let free = nearest_free(&mut taken, lane);
                taken[free] = Some(*edge);
                arriving[edge.to].push(free);
                free
            });
        }
        lanes.nodes.push(lane);
        lanes.edges.push(own);
    }
    lanes.count = taken.len();
    lanes
}

/// The edge that goes on in the revision's own lane.
///
/// One that a lane further left leads to already joins that one instead, so that what many follow
/// keeps to the left and the picture narrow.
fn straight(
    edges: &[Edge],
    lane: usize,
    taken: &[Option<Edge>],
    arriving: &[Vec<usize>],
) -> Option<usize> {
    let joins_left = |edge: &Edge| {
        arriving[edge.to].iter().any(|&other| other < lane && taken[other] == Some(*edge))
    };
    let candidates = edges.iter().enumerate().filter(|(_, edge)| !joins_left(edge));
    candidates.min_by_key(|&(index, edge)| (edge.tie, index)).map(|(index, _)| index)
}

/// The free lane with the least distance, a new one on the right if there is none.
fn nearest_free(taken: &mut Vec<Option<Edge>>, from: usize) -> usize {
    let free = taken.iter().enumerate().filter(|(_, edge)| edge.is_none()).map(|(lane, _)| lane);
    let nearest = free.min_by_key(|&lane| (lane.abs_diff(from), std::cmp::Reverse(lane)));
    nearest.unwrap_or_else(|| {
        taken.push(None);
        taken.len() - 1
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows with edges to later rows: each pair once at most, parents first.
    pub(crate) fn graphs() -> impl Strategy<Value = Vec<Vec<Edge>>> {
        (1usize..24)
            .prop_flat_map(|rows| {
                let edge = (any::<prop::sample::Index>(), prop::bool::weighted(0.3));
                proptest::collection::vec(proptest::collection::vec(edge, 0..4), rows)
            })
            .prop_map(|picks| {
                let rows = picks.len();
                let edges_of = |(row, picks): (usize, Vec<(prop::sample::Index, bool)>)| {
                    let mut edges: Vec<Edge> = Vec::new();
                    for (pick, depends) in picks {
                        if row + 1 == rows {
                            break;
                        }
                        // Near ones mostly, as in a chain.
                        let distance = pick.index(rows - row - 1).min(pick.index(5)) + 1;
                        let tie = if depends { Tie::Dependency } else { Tie::Parent };
                        let to = row + distance;
                        if to < rows && edges.iter().all(|edge| edge.to != to) {
                            edges.push(Edge { to, tie });
                        }
                    }
                    edges.sort_by_key(|edge| edge.tie);
                    edges
                };
                picks.into_iter().enumerate().map(edges_of).collect()
            })
    }

    fn parent(to: usize) -> Edge {
        Edge { to, tie: Tie::Parent }
    }

    #[test]
    fn a_line_is_one_lane() {
        let edges = vec![vec![parent(1)], vec![parent(2)], vec![]];
        let lanes = assign(&edges);
        assert_eq!(
            lanes,
            Lanes { nodes: vec![0; 3], edges: vec![vec![0], vec![0], vec![]], count: 1 }
        );
    }

    #[test]
    fn children_of_one_revision_share_its_lane_as_soon_as_they_can() {
        let star: Vec<Vec<Edge>> =
            (0..1000).map(|row| if row < 999 { vec![parent(999)] } else { vec![] }).collect();
        assert_eq!(assign(&star).count, 2);
    }

    proptest! {
        /// What occupies a lane, from the row below where it begins to the row where it ends, is
        /// one revision's incoming edges of one kind.
        #[test]
        fn no_two_lanes_share_a_cell(edges in graphs()) {
            let lanes = assign(&edges);
            prop_assert_eq!(&assign(&edges), &lanes, "the same every time");
            prop_assert_eq!(lanes.nodes.len(), edges.len());
            let mut between: Vec<Vec<Option<Edge>>> = vec![vec![None; lanes.count]; edges.len()];
            for (row, own) in edges.iter().enumerate() {
                prop_assert_eq!(own.len(), lanes.edges[row].len());
                for (edge, &lane) in own.iter().zip(&lanes.edges[row]) {
                    for (between, cell) in between[row..edge.to].iter_mut().enumerate() {
                        let cell = &mut cell[lane];
                        prop_assert!(cell.is_none_or(|other| other == *edge), "row {}", row + between);
                        *cell = Some(*edge);
                        // A revision on the way would look like the end of it.
                        let at = row + between;
                        prop_assert!(at == row || lanes.nodes[at] != lane);
                    }
                }
            }
        }
    }
}
