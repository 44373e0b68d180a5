//! Lanes as text, for terminals: box-drawing characters to the left of any lines of text.
//!
//! ```text
//! ●  m3 (head, merge)  join both
//! ├─╮
//! │ ●  b2  on the side
//! ● │  a2  on the main line
//! ●─╯  a1 (base)  first
//! ```
//!
//! Lines that end at a revision come in sideways in its own row; those that leave it go out in the row
//! below. So one row never holds both, and a horizontal line always belongs to one revision. A dotted
//! line is a dependency; where a horizontal line is cut by a vertical one, they only cross.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::lanes::{self, Edge, Lanes, Tie};

#[cfg(test)]
mod tests;

/// One row's revision: how it is drawn, and what stands beside it.
pub(crate) struct Entry {
    pub(crate) glyph: char,
    /// The first line stands beside the revision, the others below it.
    pub(crate) lines: Vec<String>,
}

/// The colours of lanes, from left to right and round again.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::BrightRed,
];

/// The colour of a lane.
pub(crate) fn color(lane: usize) -> Style {
    COLORS[lane % COLORS.len()].on_default()
}

/// Draws rows with the later ones above, or below with `reverse`.
///
/// `entry` is asked once for each row, which it gets with the row's lane.
pub(crate) fn draw(
    edges: &[Vec<Edge>],
    reverse: bool,
    mut entry: impl FnMut(usize, usize) -> Entry,
) -> String {
    let lanes = lanes::assign(edges);
    let mut active: Vec<Option<Edge>> = vec![None; lanes.count];
    let mut blocks: Vec<String> = Vec::with_capacity(edges.len());
    for row in 0..edges.len() {
        let Entry { glyph, lines } = entry(row, lanes.nodes[row]);
        let node = node(row, glyph, &lanes, &active);
        let above = verticals(&active);
        active.iter_mut().filter(|lane| lane.is_some_and(|edge| edge.to == row)).for_each(|lane| {
            *lane = None;
        });
        let (link, after) = link(row, edges, &lanes, &active, lines.len() > 1);
        let mut below = verticals(&active);
        active = after;
        below[lanes.nodes[row]].up = edges[row].iter().map(|edge| edge.tie).min();
        below[lanes.nodes[row]].down = below[lanes.nodes[row]].up;
        let filler = if reverse { &above } else { &below };

        let mut block = String::new();
        if reverse && let Some(link) = &link {
            write_row(&mut block, link, reverse, "");
        }
        write_row(&mut block, &node, reverse, lines.first().map_or("", String::as_str));
        for line in lines.iter().skip(1) {
            write_row(&mut block, filler, reverse, line);
        }
        if !reverse && let Some(link) = &link {
            write_row(&mut block, link, reverse, "");
        }
        blocks.push(block);
    }
    if reverse {
        blocks.reverse();
    }
    blocks.concat()
}

/// What is drawn in one lane of one row, and in the gap to its right.
#[derive(Clone, Copy, Default)]
struct Cell {
    glyph: Option<char>,
    up: Option<Tie>,
    down: Option<Tie>,
    left: Option<Tie>,
    right: Option<Tie>,
    /// A horizontal line that has no end here.
    across: Option<(Tie, usize)>,
    /// The horizontal line in the gap, and the lane that it leads to.
    gap: Option<(Tie, usize)>,
}

fn verticals(active: &[Option<Edge>]) -> Vec<Cell> {
    let vertical = |edge: &Option<Edge>| {
        let tie = edge.map(|edge| edge.tie);
        Cell { up: tie, down: tie, ..Cell::default() }
    };
    active.iter().map(vertical).collect()
}

/// The row of a revision, where the lanes that lead to it end.
fn node(row: usize, glyph: char, lanes: &Lanes, active: &[Option<Edge>]) -> Vec<Cell> {
    let own = lanes.nodes[row];
    let mut cells = verticals(active);
    let ends = active.iter().enumerate().filter_map(|(lane, edge)| Some((lane, (*edge)?)));
    let ends: Vec<(usize, Tie)> =
        ends.filter(|(_, edge)| edge.to == row).map(|(lane, edge)| (lane, edge.tie)).collect();
    for &(lane, _) in &ends {
        cells[lane].down = None;
    }
    horizontals(&mut cells, own, &ends);
    cells[own].glyph = Some(glyph);
    cells
}

/// The row below a revision, where its edges leave, and what goes on below that.
///
/// There is none if the only edge goes straight on; but a revision that ends its lane must not look
/// as if the next one in that lane came before it, so that there an empty one is between.
fn link(
    row: usize,
    edges: &[Vec<Edge>],
    lanes: &Lanes,
    active: &[Option<Edge>],
    is_separated: bool,
) -> (Option<Vec<Cell>>, Vec<Option<Edge>>) {
    let own = lanes.nodes[row];
    let mut after = active.to_vec();
    let mut cells = verticals(active);
    let mut ends: Vec<(usize, Tie)> = Vec::new();
    for (edge, &lane) in edges[row].iter().zip(&lanes.edges[row]) {
        after[lane] = Some(*edge);
        cells[lane].down = Some(edge.tie);
        if lane == own {
            cells[lane].up = Some(edge.tie);
        } else {
            ends.push((lane, edge.tie));
        }
    }
    if ends.is_empty() {
        let is_ended = edges[row].is_empty() && lanes.nodes.get(row + 1) == Some(&own);
        return ((is_ended && !is_separated).then_some(cells), after);
    }
    // The stub above the corner is the revision's own.
    cells[own].up = edges[row].iter().map(|edge| edge.tie).min();
    horizontals(&mut cells, own, &ends);
    (Some(cells), after)
}

/// Lines from a lane to others.
fn horizontals(cells: &mut [Cell], own: usize, ends: &[(usize, Tie)]) {
    let mut ends = ends.to_vec();
    // The nearest last, so that the part that several share leads to it.
    ends.sort_by_key(|&(lane, _)| std::cmp::Reverse(lane.abs_diff(own)));
    let min = |a: Option<Tie>, b: Tie| Some(a.map_or(b, |a| a.min(b)));
    for &(lane, tie) in &ends {
        let (first, last) = (lane.min(own), lane.max(own));
        for (at, cell) in cells.iter_mut().enumerate().take(last + 1).skip(first) {
            if at < last {
                let tie = cell.gap.map_or(tie, |(other, _)| other.min(tie));
                cell.gap = Some((tie, lane));
            }
            if at > first && at < last {
                let tie = cell.across.map_or(tie, |(other, _)| other.min(tie));
                cell.across = Some((tie, lane));
            }
        }
        cells[first].right = min(cells[first].right, tie);
        cells[last].left = min(cells[last].left, tie);
    }
    // A line that goes on behind another one's end.
    for (at, cell) in cells.iter_mut().enumerate() {
        if let Some((tie, _)) = cell.across
            && ends.iter().any(|&(lane, _)| lane == at)
        {
            cell.left = min(cell.left, tie);
            cell.right = min(cell.right, tie);
            cell.across = None;
        }
    }
}

impl Cell {
    /// The character in the lane, and the lane that it has the colour of.
    fn glyph(&self, lane: usize, flip: bool) -> (char, usize) {
        let (up, down) = if flip { (self.down, self.up) } else { (self.up, self.down) };
        if let Some(glyph) = self.glyph {
            return (glyph, lane);
        }
        if let Some((tie, to)) = self.across
            && up.is_none()
            && down.is_none()
        {
            return (horizontal(tie), to);
        }
        let is_dotted = [up, down].iter().flatten().all(|tie| *tie == Tie::Dependency);
        let glyph = match (up, down, self.left, self.right) {
            (None, None, _, _) => ' ',
            (Some(_), Some(_), None, None) if is_dotted => '┆',
            (Some(_), Some(_), None, None) => '│',
            (Some(_), Some(_), Some(_), None) => '┤',
            (Some(_), Some(_), None, Some(_)) => '├',
            (Some(_), Some(_), Some(_), Some(_)) => '┼',
            (Some(_), None, None, None) => '╵',
            (Some(_), None, Some(_), None) => '╯',
            (Some(_), None, None, Some(_)) => '╰',
            (Some(_), None, Some(_), Some(_)) => '┴',
            (None, Some(_), None, None) => '╷',
            (None, Some(_), Some(_), None) => '╮',
            (None, Some(_), None, Some(_)) => '╭',
            (None, Some(_), Some(_), Some(_)) => '┬',
        };
        (glyph, lane)
    }
}

fn horizontal(tie: Tie) -> char {
    match tie {
        Tie::Parent => '─',
        Tie::Dependency => '┄',
    }
}

/// Writes a row of cells, and a text two columns behind the last of them.
fn write_row(out: &mut String, cells: &[Cell], flip: bool, text: &str) {
    let mut glyphs: Vec<(char, usize)> = Vec::with_capacity(cells.len() * 2);
    for (lane, cell) in cells.iter().enumerate() {
        glyphs.push(cell.glyph(lane, flip));
        glyphs.push(cell.gap.map_or((' ', lane), |(tie, to)| (horizontal(tie), to)));
    }
    let end = glyphs.iter().rposition(|(glyph, _)| *glyph != ' ').map_or(0, |last| last + 1);
    let mut open: Option<Style> = None;
    for &(glyph, lane) in &glyphs[..end] {
        let style = color(lane);
        if glyph != ' ' && open != Some(style) {
            if let Some(open) = open {
                let _ = write!(out, "{open:#}");
            }
            let _ = write!(out, "{style}");
            open = Some(style);
        }
        out.push(glyph);
    }
    if let Some(open) = open {
        let _ = write!(out, "{open:#}");
    }
    if !text.is_empty() {
        out.push_str("  ");
        out.push_str(text);
    }
    out.push('\n');
}
