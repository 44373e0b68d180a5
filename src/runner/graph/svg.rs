//! Pictures as SVG: one file without scripts, fonts or links, for light and dark surroundings.

use std::fmt::Write as _;

use super::lanes::{self, Edge, Lanes, Tie};
use super::{MarkKind, Node, Picture, State};

const ROW: f64 = 32.0;
const LANE: f64 = 20.0;
const MARGIN: f64 = 24.0;
/// The width of a character; close to that of every monospaced font, for 13 and 11 pixels.
const WIDE: f64 = 7.83;
const SMALL: f64 = 6.63;
/// Lanes take the colours in turn; each is for light and for dark surroundings.
const COLORS: [(&str, &str); 8] = [
    ("#0969da", "#58a6ff"),
    ("#8250df", "#bc8cff"),
    ("#1a7f37", "#3fb950"),
    ("#bc4c00", "#f0883e"),
    ("#bf3989", "#f778ba"),
    ("#1b7c83", "#39c5cf"),
    ("#9a6700", "#d29922"),
    ("#cf222e", "#ff7b72"),
];

/// The chain with the later revisions above, or below with `reverse`.
pub(crate) fn draw(picture: &Picture<'_>, reverse: bool) -> String {
    let lanes = lanes::assign(&picture.edges);
    let grid = Grid { rows: picture.nodes.len(), reverse };
    let left = MARGIN + lanes_width(&lanes) + 18.0;
    let captions: Vec<(String, f64)> = picture
        .nodes
        .iter()
        .enumerate()
        .map(|(row, node)| caption(node, left, grid.y(row), lanes.nodes[row]))
        .collect();
    let right = captions.iter().map(|(_, end)| *end).fold(left, f64::max);
    let (width, height) = ((right + MARGIN).ceil(), grid.height());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n",
        match picture.nodes.len() {
            1 => String::from("a chain of 1 revision"),
            count => format!("a chain of {count} revisions"),
        }
    );
    out.push_str(&style(lanes.count));
    out.push_str("<rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n");
    out.push_str("<g class=\"edges\">\n");
    for (row, edges) in picture.edges.iter().enumerate() {
        for (edge, &lane) in edges.iter().zip(&lanes.edges[row]) {
            out.push_str(&path(&grid, &lanes, row, *edge, lane));
        }
    }
    out.push_str("</g>\n");
    for (row, (node, (caption, _))) in picture.nodes.iter().zip(&captions).enumerate() {
        let mut title = node.title();
        if !node.message.is_empty() {
            let _ = write!(title, ": {}", node.message);
        }
        if let Some(revision) = node.revision {
            let _ = write!(title, "\n{}", super::harmless(revision.path()));
        }
        let lane = lanes.nodes[row];
        let _ = write!(out, "<g><title>{}</title>", escaped(&title));
        out.push_str(&dot(node.state, x(lane), grid.y(row), lane));
        let _ = writeln!(out, "{caption}</g>");
    }
    out.push_str("</svg>\n");
    out
}

struct Grid {
    rows: usize,
    reverse: bool,
}

impl Grid {
    fn y(&self, row: usize) -> f64 {
        let row = if self.reverse { self.rows - 1 - row } else { row };
        MARGIN + ROW * number(row)
    }

    fn height(&self) -> f64 {
        MARGIN * 2.0 + ROW * number(self.rows.saturating_sub(1))
    }

    /// Half a row towards earlier revisions.
    fn half(&self) -> f64 {
        if self.reverse { -ROW / 2.0 } else { ROW / 2.0 }
    }
}

fn x(lane: usize) -> f64 {
    MARGIN + LANE * number(lane)
}

fn lanes_width(lanes: &Lanes) -> f64 {
    LANE * number(lanes.count.saturating_sub(1))
}

#[expect(clippy::cast_precision_loss, reason = "no picture has so many rows")]
fn number(count: usize) -> f64 {
    count as f64
}

/// An edge: out of its row in the half below, straight on, and into the other row from above.
fn path(grid: &Grid, lanes: &Lanes, row: usize, edge: Edge, lane: usize) -> String {
    let (x1, y1) = (x(lanes.nodes[row]), grid.y(row));
    let (x2, y2) = (x(lanes.nodes[edge.to]), grid.y(edge.to));
    let (at, half) = (x(lane), grid.half());
    let mut way = format!("M{x1} {y1}");
    // Upright at both ends; the less, the straighter between them.
    let bend = half * 0.75;
    if lane != lanes.nodes[row] {
        let end = y1 + half;
        let _ = write!(way, "C{x1} {} {at} {} {at} {end}", y1 + bend, end - bend);
    }
    if lane == lanes.nodes[edge.to] {
        let _ = write!(way, "V{y2}");
    } else {
        let start = y2 - half;
        let _ = write!(way, "V{start}C{at} {} {x2} {} {x2} {y2}", start + bend, y2 - bend);
    }
    let kind = match edge.tie {
        Tie::Parent => "",
        Tie::Dependency => " d",
    };
    format!("<path class=\"s{}{kind}\" d=\"{way}\"/>\n", lane % COLORS.len())
}

fn dot(state: Option<State>, x: f64, y: f64, lane: usize) -> String {
    let lane = lane % COLORS.len();
    let ring = |class: &str| format!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>");
    match state {
        None | Some(State::Applied) => ring(&format!("n f{lane}")),
        Some(State::Pending) => ring(&format!("open s{lane}")),
        Some(State::Unknown) => ring(&format!("open d s{lane}")),
        Some(State::Partial) => format!(
            "{}<path class=\"f{lane}\" d=\"M{} {y}a5 5 0 0 0 10 0z\"/>",
            ring(&format!("open s{lane}")),
            x - 5.0
        ),
    }
}

/// Id, marks and message, and where they end.
fn caption(node: &Node<'_>, left: f64, y: f64, lane: usize) -> (String, f64) {
    let mut out = String::new();
    let base = y + 4.5;
    let wide = width(&node.id, WIDE);
    // The length holds with any font, so that what follows never covers the id.
    let _ = write!(
        out,
        "<text class=\"id\" x=\"{left}\" y=\"{base}\" textLength=\"{wide:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\">{}</text>",
        escaped(&node.id)
    );
    let mut at = left + wide + 8.0;
    for mark in &node.marks {
        // The dot shows it.
        if mark.text == "applied" {
            continue;
        }
        let class = match mark.kind {
            MarkKind::Label => format!("f{} label", lane % COLORS.len()),
            MarkKind::Place => String::from("place"),
            MarkKind::State(State::Applied) => String::from("applied"),
            MarkKind::State(State::Pending) => String::from("pending"),
            MarkKind::State(State::Partial | State::Unknown) | MarkKind::Warning => {
                String::from("warning")
            }
        };
        let wide = width(&mark.text, SMALL) + 14.0;
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{at:.1}\" y=\"{}\" width=\"{wide:.1}\" height=\"18\" \
             rx=\"9\"/><text class=\"mark {class}-text\" x=\"{:.1}\" y=\"{}\">{}</text>",
            y - 9.0,
            at + wide / 2.0,
            y + 4.0,
            escaped(&mark.text)
        );
        at += wide + 6.0;
    }
    let message = node.short_message();
    if !message.is_empty() {
        at += 4.0;
        let text = escaped(&message);
        let _ = write!(out, "<text x=\"{at:.1}\" y=\"{base}\">{text}</text>");
        at += width(&message, WIDE);
    }
    (out, at)
}

/// About how wide a text is.
fn width(text: &str, wide: f64) -> f64 {
    let columns = |c: char| match c {
        // Scripts of East Asia, full-width forms and pictographs.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3ffff}' => 2.0,
        _ => 1.0,
    };
    text.chars().map(columns).sum::<f64>() * wide
}

/// Text between tags or in an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn style(lanes: usize) -> String {
    let colors = |dark: bool| {
        let mut rules = String::new();
        for (lane, (light_color, dark_color)) in COLORS.iter().enumerate().take(lanes) {
            let color = if dark { dark_color } else { light_color };
            let _ = writeln!(rules, ".s{lane}{{stroke:{color}}}.f{lane}{{fill:{color}}}");
        }
        rules
    };
    format!(
        "<style>\n\
         text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}\n\
         .id{{font-weight:600}}\n\
         text.mark{{font-size:11px;text-anchor:middle}}\n\
         .edges path{{fill:none;stroke-width:2}}\n\
         .edges .d{{stroke-width:1.5;stroke-dasharray:2 3}}\n\
         .n,.open{{stroke-width:2}}\n\
         .open.d{{stroke-dasharray:2 2}}\n\
         {}{LIGHT}\
         @media (prefers-color-scheme:dark){{\n{}{DARK}}}\n\
         </style>\n",
        colors(false),
        colors(true),
    )
}

const LIGHT: &str = "\
.back,.open{fill:#ffffff}text,.id{fill:#1f2328}.n{stroke:#ffffff}
.place,.pending{fill:#eff2f5}.place-text,.pending-text{fill:#59636e}
.applied{fill:#dafbe1}.applied-text{fill:#1a7f37}
.warning{fill:#fff1e5}.warning-text{fill:#953800}
.label{fill-opacity:.15}
";

const DARK: &str = "\
.back,.open{fill:#0d1117}text,.id{fill:#e6edf3}.n{stroke:#0d1117}
.place,.pending{fill:#212830}.place-text,.pending-text{fill:#9198a1}
.applied{fill:#12261e}.applied-text{fill:#3fb950}
.warning{fill:#3d1d00}.warning-text{fill:#f0883e}
.label{fill-opacity:.25}
";
