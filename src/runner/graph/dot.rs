//! Pictures in Graphviz's language.

use std::fmt::Write as _;

use super::lanes::Tie;
use super::{Node, Picture, State};

/// The chain as a graph: arrows lead the way up, with the later revisions above, or below with
/// `reverse`.
pub(crate) fn draw(picture: &Picture<'_>, reverse: bool) -> String {
    let mut out = String::from("digraph chain {\n");
    let _ = writeln!(out, "    rankdir={};", if reverse { "TB" } else { "BT" });
    out.push_str("    node [shape=box, style=\"rounded\", fontname=\"monospace\", fontsize=11];\n");
    out.push_str("    edge [arrowsize=0.7];\n");
    for node in &picture.nodes {
        let _ = writeln!(out, "    {} [{}{}];", quoted(&node.id), label(node), style(node.state));
    }
    for (node, edges) in picture.nodes.iter().zip(&picture.edges) {
        for edge in edges {
            let from = quoted(&picture.nodes[edge.to].id);
            let style = match edge.tie {
                Tie::Parent => "",
                Tie::Dependency => " [style=dotted, arrowhead=open]",
            };
            let _ = writeln!(out, "    {from} -> {}{style};", quoted(&node.id));
        }
    }
    out.push_str("}\n");
    out
}

fn label(node: &Node<'_>) -> String {
    let message = node.short_message();
    let message = if message.is_empty() { message } else { format!("\\n{}", escaped(&message)) };
    format!("label=\"{}{message}\"", escaped(&node.title()))
}

fn style(state: Option<State>) -> &'static str {
    match state {
        None => "",
        Some(State::Applied) => ", style=\"rounded,filled\", fillcolor=\"#dafbe1\"",
        Some(State::Pending) => ", style=\"rounded,dashed\"",
        Some(State::Partial) => ", style=\"rounded,filled\", fillcolor=\"#fff8c5\"",
        Some(State::Unknown) => ", style=\"rounded,filled,dotted\", fillcolor=\"#ffebe9\"",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// A text between quotes, in which Graphviz reads `\n`, `\N` and the like, and entities of HTML.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
