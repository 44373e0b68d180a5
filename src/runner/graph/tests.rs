use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::chain::tests::{chain_of, chains};

/// The edges of a chain: from, to, and whether it is a dependency.
fn edges_of(chain: &Chain) -> Vec<(String, String, bool)> {
    let mut edges = Vec::new();
    for revision in chain.revisions() {
        let id = || revision.id().to_string();
        edges.extend(chain.parents(revision).map(|parent| (parent.id().to_string(), id(), false)));
        edges.extend(chain.dependencies(revision).map(|of| (of.id().to_string(), id(), true)));
    }
    edges.sort();
    edges
}

fn whole(chain: &Chain, order: Order) -> Picture<'_> {
    Picture::new(chain, &chain.revisions().iter().collect::<Vec<_>>(), None, order)
}

#[test]
fn marks_say_what_a_revision_is() {
    let chain = chain_of(&[
        ("first", &[], &[]),
        ("left", &["first"], &[]),
        ("right", &["first"], &["left"]),
        ("other", &[], &["right"]),
    ]);
    let titles: Vec<String> = whole(&chain, Order::AsRun).nodes.iter().map(Node::title).collect();
    assert_eq!(
        titles,
        ["other (head, base)", "right (effective head)", "left (effective head)", "first (base)"]
    );
}

#[test]
fn a_line_stays_together() {
    let chain = chain_of(&[
        ("r1", &[], &[]),
        ("a1", &["r1"], &[]),
        ("b1", &["r1"], &[]),
        ("a2", &["a1"], &[]),
        ("b2", &["b1"], &[]),
        ("m", &["a2", "b2"], &[]),
    ]);
    let ids = |order| -> Vec<String> {
        whole(&chain, order).nodes.into_iter().map(|node| node.id).collect()
    };
    assert_eq!(ids(Order::AsRun), ["m", "b2", "a2", "b1", "a1", "r1"]);
    assert_eq!(ids(Order::ByLine), ["m", "b2", "b1", "a2", "a1", "r1"]);
}

/// What an SVG draws: the ends of its edges, as revisions.
fn edges_of_svg(svg: &str) -> Vec<(String, String, bool)> {
    let attribute = |line: &str, name: &str| -> String {
        let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let mut at: BTreeMap<(String, String), String> = BTreeMap::new();
    for line in svg.lines().filter(|line| line.contains("<circle")) {
        let (_, text) = line.split_once("class=\"id\"").unwrap();
        let id = text.split(['>', '<']).nth(1).unwrap().to_owned();
        at.insert((attribute(line, "cx"), attribute(line, "cy")), id);
    }
    let mut edges = Vec::new();
    for line in svg.lines().filter(|line| line.starts_with("<path")) {
        let way = attribute(line, "d");
        let commands = way.replace('V', "\nV").replace('C', "\nC");
        let mut commands = commands.lines();
        let (x, y) = commands.next().unwrap()[1..].split_once(' ').unwrap();
        let start = (x.to_owned(), y.to_owned());
        let mut end = start.clone();
        for command in commands {
            let numbers: Vec<&str> = command[1..].split(' ').collect();
            end.1 = (*numbers.last().unwrap()).to_owned();
            // A vertical line stays in its column.
            if let [.., x, _] = numbers[..] {
                end.0 = x.to_owned();
            }
        }
        let (from, to) = (&at[&end], &at[&start]);
        edges.push((from.clone(), to.clone(), attribute(line, "class").ends_with(" d")));
    }
    edges.sort();
    edges
}

proptest! {
    #[test]
    fn a_picture_has_every_revision_and_every_edge_once(chain in chains()) {
        for order in [Order::AsRun, Order::ByLine] {
            let picture = whole(&chain, order);
            let mut edges = Vec::new();
            for (row, node) in picture.nodes.iter().enumerate() {
                for edge in &picture.edges[row] {
                    prop_assert!(edge.to > row);
                    let from = picture.nodes[edge.to].id.clone();
                    edges.push((from, node.id.clone(), edge.tie == Tie::Dependency));
                }
            }
            edges.sort();
            prop_assert_eq!(edges, edges_of(&chain));
            let mut ids: Vec<&str> = picture.nodes.iter().map(|node| node.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), chain.len());
        }
    }

    #[test]
    fn every_format_draws_every_edge_once(chain in chains(), reverse in any::<bool>()) {
        let picture = whole(&chain, Order::ByLine);
        let expected = edges_of(&chain);

        let mut found: Vec<(String, String, bool)> = Vec::new();
        for line in dot::draw(&picture, reverse).lines() {
            if let Some((from, to)) = line.trim().trim_end_matches(';').split_once(" -> ") {
                let (to, style) = to.split_once(' ').unwrap_or((to, ""));
                let id = |quoted: &str| quoted.trim_matches('"').to_owned();
                found.push((id(from), id(to), style.contains("dotted")));
            }
        }
        found.sort();
        prop_assert_eq!(&found, &expected);

        found.clear();
        let node = |name: &str| picture.nodes[name[1..].parse::<usize>().unwrap()].id.clone();
        for line in mermaid::draw(&picture, reverse).lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [from, arrow @ ("-->" | "-.->"), to] = words[..] {
                found.push((node(from), node(to), arrow == "-.->"));
            }
        }
        found.sort();
        prop_assert_eq!(&found, &expected);

        prop_assert_eq!(edges_of_svg(&svg::draw(&picture, reverse)), expected);
    }
}
