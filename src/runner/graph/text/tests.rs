use proptest::prelude::*;

use super::super::lanes::tests::graphs;
use super::*;

fn picture(edges: &[Vec<Edge>], reverse: bool, lines: usize) -> String {
    let text = draw(edges, reverse, |row, _| Entry {
        glyph: '●',
        lines: (0..lines).map(|line| format!("@{row}.{line}")).collect(),
    });
    anstream::adapter::strip_str(&text).to_string()
}

/// A picture whose later rows are above, as characters with their rows and columns.
struct Grid {
    cells: Vec<Vec<char>>,
    /// The grid row of each revision, and the one below all its text.
    rows: Vec<(usize, usize)>,
}

impl Grid {
    fn new(text: &str) -> Self {
        let mut rows: Vec<(usize, usize)> = Vec::new();
        let mut cells = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let (graph, text) = line.split_once('@').unwrap_or((line, ""));
            match rows.last_mut() {
                Some((_, below)) if !text.is_empty() && !text.ends_with(".0") => *below = at + 1,
                _ if !text.is_empty() => rows.push((at, at + 1)),
                _ => {}
            }
            let mut graph: Vec<char> = graph.chars().collect();
            graph.resize(200, ' ');
            cells.push(graph);
        }
        Self { cells, rows }
    }

    fn at(&self, row: usize, column: usize) -> char {
        self.cells.get(row).map_or(' ', |row| row[column])
    }

    fn column(&self, row: usize) -> Option<usize> {
        self.cells[row].iter().position(|&c| c == '●')
    }

    /// Follows a line down from the upper edge of a cell to a revision; says also what the
    /// line looks like, if any of it can be seen.
    fn down(&self, mut row: usize, column: usize) -> (usize, Option<Tie>) {
        let mut looks = None;
        loop {
            let look = match self.at(row, column) {
                '│' => Some(Tie::Parent),
                '┆' => Some(Tie::Dependency),
                '├' | '┤' | '┼' => None,
                _ => break,
            };
            assert!(looks.is_none() || look.is_none() || looks == look, "{row}, {column}");
            looks = looks.or(look);
            row += 1;
        }
        let own = self.column(row).expect("a line ends in the row of a revision");
        let between = match self.at(row, column) {
            '●' => column..column,
            '╯' => own + 1..column,
            '╰' => column + 1..own,
            '┴' => own.min(column) + 1..own.max(column),
            other => panic!("a line stops at `{other}` in row {row}, column {column}"),
        };
        for at in between {
            assert!(matches!(self.at(row, at), '─' | '┄' | '│' | '┆' | '┴'), "{row}, {at}");
        }
        (self.rows.iter().position(|&(at, _)| at == row).unwrap(), looks)
    }

    /// Where the edges that leave to one side lead.
    fn sideways(
        &self,
        row: usize,
        column: usize,
        step: isize,
        ends: &mut Vec<(usize, Option<Tie>)>,
    ) {
        let mut at = column;
        loop {
            at = at.checked_add_signed(step).unwrap();
            match (self.at(row, at), step) {
                ('─' | '┄' | '│' | '┆', _) => {}
                ('┤' | '╮', 1) | ('├' | '╭', -1) => {
                    return ends.push(self.down(row + 1, at));
                }
                ('┼' | '┬', _) => ends.push(self.down(row + 1, at)),
                (other, _) => panic!("`{other}` in row {row}, column {at}"),
            }
        }
    }

    /// Where the edges of a revision lead.
    fn edges(&self, node: usize) -> Vec<(usize, Option<Tie>)> {
        let (row, below) = self.rows[node];
        let column = self.column(row).unwrap();
        let mut ends = Vec::new();
        if matches!(self.at(row + 1, column), ' ' | '─' | '┄') {
            return ends;
        }
        if self.rows.get(node + 1).is_some_and(|&(next, _)| next == below) {
            return vec![self.down(below, column)];
        }
        let way = self.at(below, column);
        if matches!(way, '├' | '╰' | '┼' | '┴') {
            self.sideways(below, column, 1, &mut ends);
        }
        if matches!(way, '┤' | '╯' | '┼' | '┴') {
            self.sideways(below, column, -1, &mut ends);
        }
        if matches!(way, '├' | '┤' | '┼') {
            ends.push(self.down(below + 1, column));
        }
        ends.sort_unstable();
        ends
    }
}

fn flip(text: &str) -> String {
    let flip = |c: char| match c {
        '╯' => '╮',
        '╮' => '╯',
        '╰' => '╭',
        '╭' => '╰',
        '┴' => '┬',
        '┬' => '┴',
        '╵' => '╷',
        '╷' => '╵',
        other => other,
    };
    let lines: Vec<String> =
        text.lines().rev().map(|line| line.chars().map(flip).collect()).collect();
    lines.join("\n") + "\n"
}

proptest! {
    /// Whoever follows the lines finds the edges of the chain, each once, and no others.
    #[test]
    fn a_picture_can_be_read_back(edges in graphs(), lines in 1usize..3) {
        let text = picture(&edges, false, lines);
        let grid = Grid::new(&text);
        prop_assert_eq!(grid.rows.len(), edges.len());
        for (row, own) in edges.iter().enumerate() {
            let mut expected = own.clone();
            expected.sort_unstable();
            let found = grid.edges(row);
            let agree = |(edge, &(to, looks)): (&Edge, &(usize, Option<Tie>))| {
                edge.to == to && looks.is_none_or(|tie| tie == edge.tie)
            };
            prop_assert!(
                found.len() == own.len() && expected.iter().zip(&found).all(agree),
                "row {row}: {found:?}\n{text}"
            );
        }
    }

    #[test]
    fn the_reverse_is_the_same_picture_upside_down(edges in graphs()) {
        prop_assert_eq!(flip(&picture(&edges, true, 1)), picture(&edges, false, 1));
    }
}
