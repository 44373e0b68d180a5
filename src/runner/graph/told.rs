//! Pictures as programs are told of them: revisions and edges.

use std::collections::HashMap;

use super::lanes::{Edge, Tie};
use super::{Node, Picture};
use crate::chain::Chain;
use crate::runner::message;
use crate::runtime::{RevisionStatus, Status};

/// The revisions of a picture, as messages have them.
pub(crate) fn nodes(
    chain: &Chain,
    picture: &Picture<'_>,
    status: Option<&Status>,
) -> Vec<message::Revision> {
    let statuses = status.into_iter().flat_map(|status| &status.revisions);
    let by_id: HashMap<&str, &RevisionStatus> =
        statuses.map(|status| (status.revision.as_str(), status)).collect();
    let node = |node: &Node<'_>| {
        let status = by_id.get(node.id.as_str()).copied();
        match (node.revision, status) {
            (Some(revision), status) => {
                Some(message::Revision::new(chain, revision, status.map(message::Standing::of)))
            }
            (None, status) => status.map(message::Revision::unknown),
        }
    };
    picture.nodes.iter().filter_map(node).collect()
}

/// What the revisions of a picture follow and depend on, as messages have it.
pub(crate) fn edges(picture: &Picture<'_>) -> Vec<message::Edge> {
    let edge = |from: &Node<'_>, edge: &Edge| message::Edge {
        from: from.id.clone(),
        to: picture.nodes[edge.to].id.clone(),
        kind: match edge.tie {
            Tie::Parent => message::EdgeKind::Parent,
            Tie::Dependency => message::EdgeKind::Dependency,
        },
    };
    let rows = picture.nodes.iter().zip(&picture.edges);
    rows.flat_map(|(node, edges)| edges.iter().map(move |it| edge(node, it))).collect()
}
