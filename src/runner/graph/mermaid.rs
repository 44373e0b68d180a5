//! Pictures as Mermaid flowcharts, which code forges draw in Markdown.

use std::fmt::Write as _;

use super::lanes::Tie;
use super::{Node, Picture, State};

/// The chain as a flowchart: arrows lead the way up, with the later revisions above, or below with
/// `reverse`.
pub(crate) fn draw(picture: &Picture<'_>, reverse: bool) -> String {
    let mut out = format!("flowchart {}\n", if reverse { "TB" } else { "BT" });
    // Numbers instead of ids: some words, such as `end`, are no names in Mermaid.
    for (row, node) in picture.nodes.iter().enumerate() {
        let _ = writeln!(out, "    r{row}[\"{}\"]", label(node));
    }
    for (row, edges) in picture.edges.iter().enumerate() {
        for edge in edges {
            let arrow = match edge.tie {
                Tie::Parent => "-->",
                Tie::Dependency => "-.->",
            };
            let _ = writeln!(out, "    r{} {arrow} r{row}", edge.to);
        }
    }
    for (state, name, style) in STATES {
        let rows = picture.nodes.iter().enumerate().filter(|(_, node)| node.state == Some(state));
        let rows: Vec<String> = rows.map(|(row, _)| format!("r{row}")).collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "    classDef {name} {style}");
            let _ = writeln!(out, "    class {} {name}", rows.join(","));
        }
    }
    out
}

const STATES: [(State, &str, &str); 4] = [
    (State::Applied, "applied", "fill:#dafbe1,stroke:#1a7f37,color:#1f2328"),
    (State::Pending, "pending", "fill:#ffffff,stroke:#6e7781,color:#1f2328,stroke-dasharray:5 4"),
    (State::Partial, "partial", "fill:#fff8c5,stroke:#9a6700,color:#1f2328"),
    (State::Unknown, "unknown", "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:2 3"),
];

fn label(node: &Node<'_>) -> String {
    let message = node.short_message();
    // A line that begins like an item of a list is read as Markdown, and refused.
    let guard = if message.starts_with(char::is_alphabetic) { "" } else { "#8203;" };
    let break_ = if message.is_empty() { String::new() } else { format!("<br/>{guard}") };
    format!("{}{break_}{}", escaped(&node.title()), escaped(&message))
}

/// A text in which nothing means anything to Mermaid, Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Letters of any script, and punctuation that at most makes a word slanted.
        if c.is_alphanumeric() || matches!(c, ' ' | ',' | '.' | '(' | ')' | '-' | '_' | '/' | '…')
        {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
