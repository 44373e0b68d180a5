//! Properties: any text is taken calmly, a graph comes back as it was written, and neither chain nor
//! findings depend on the order in which the file system lists the files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Fixture, rendered};
use crate::chain::Chain;
use crate::diagnostic::Code;
use crate::script::text::normalise;

/// Pieces that revision files are made of, whole and broken.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "-- message\n",
        "--\n",
        "\n",
        "-- revision: a1\n",
        "-- revision: b2\n",
        "-- revision:",
        "-- revises: a1, b2\n",
        "-- revises: ,ż\n",
        "-- depends-on: b2, billing\n",
        "-- branch: billing, a1\n",
        "-- transaction: none\n",
        "-- foreign-keys: on\n",
        "-- irreversible: why\n",
        "-- requires: postgres >= 16\n",
        "-- created: 2026-11-21T22:11:04é\n",
        "-- migrate:up\n",
        "-- migrate:down",
        "-- migrate:up postgres @catalog żółw\n",
        "-- migrate:\u{a0}up\n",
        "--migrate: down\n",
        "\u{2003}-- MIGRATE:up\n",
        "-- migrate:",
        "DELIMITER //\n",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;\n",
        "VACUUM; BEGIN; DISCARD ALL;\n",
        "SELECT 'ż",
        "$ż$ \"",
        "/* ",
        "DROP TABLE migrate_revisions;",
        "COPY a FROM stdin;\n\\.\n",
        "//! revision: r1\n",
        "\r\n",
        "\r",
        "\u{feff}",
        "\t\u{1b}[31m\u{202e}",
    ])
    .prop_map(str::to_owned);
    prop_oneof![8 => known, 1 => ".{0,12}", 1 => "[ -~\n]{0,30}"]
}

fn files() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = proptest::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat());
    let name = "(sub/)?[ab]{1,2}\\.(sql|sql|sql|rs)";
    proptest::collection::btree_map(name, text, 0..5).prop_map(|files| {
        let normal = |text: String| normalise(text.into_bytes()).unwrap_or_default();
        files.into_iter().map(|(name, text)| (name, normal(text))).collect()
    })
}

const MANIFEST: &str = "[package.metadata.migrate]\ndialects = [\"sqlite\", \"postgres\", \"mysql\"]\n\
                        databases = [\"catalog\", \"other\"]\n";

fn manifest(text: &str) -> (String, String) {
    ("Cargo.toml".to_owned(), text.to_owned())
}

/// All that there is to say about a chain.
fn described(chain: &Chain) -> String {
    let mut text = String::new();
    for revision in chain.revisions() {
        let ids = |indices: &[usize]| -> BTreeSet<&str> {
            indices.iter().map(|&i| chain.revisions()[i].id().as_str()).collect()
        };
        let _ = writeln!(
            text,
            "{} {} {:?} {:?} {:?} {:?}",
            revision.id(),
            revision.path(),
            ids(&revision.parents),
            ids(&revision.dependencies),
            revision.labels(),
            revision.fingerprints,
        );
    }
    text
}

/// Parents and dependencies of each node, all of them before it.
type Graph = Vec<(BTreeSet<usize>, BTreeSet<usize>)>;

fn graphs() -> impl Strategy<Value = Graph> {
    let picks = |most| proptest::collection::vec(any::<prop::sample::Index>(), 0..most);
    proptest::collection::vec((picks(4), picks(3)), 1..14).prop_map(|nodes| {
        let pick = |index: usize, picks: Vec<prop::sample::Index>| -> BTreeSet<usize> {
            picks.into_iter().filter(|_| index > 0).map(|pick| pick.index(index)).collect()
        };
        nodes
            .into_iter()
            .enumerate()
            .map(|(index, (parents, dependencies))| {
                let parents = pick(index, parents);
                let dependencies = pick(index, dependencies);
                (parents.clone(), dependencies.difference(&parents).copied().collect())
            })
            .collect()
    })
}

/// The graph as files whose names are in an order of their own.
fn written(graph: &Graph, names: &[usize]) -> Vec<(String, String)> {
    let list = |nodes: &BTreeSet<usize>| {
        nodes.iter().map(|node| format!("r{node}")).collect::<Vec<_>>().join(", ")
    };
    let file = |node: usize| {
        let (parents, dependencies) = &graph[node];
        let header = format!(
            "revision: r{node}\nrevises: {}\ndepends-on: {}",
            list(parents),
            list(dependencies)
        );
        (format!("f{:03}.sql", names[node]), super::revision(&header))
    };
    (0..graph.len()).map(file).collect()
}

fn ancestors(graph: &Graph, node: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut stack: Vec<usize> = graph[node].0.iter().copied().collect();
    while let Some(at) = stack.pop() {
        if found.insert(at) {
            stack.extend(&graph[at].0);
        }
    }
    found
}

proptest! {
    #[test]
    fn any_text_is_taken_calmly_and_its_findings_can_be_shown(files in files(), raw in ".{0,200}") {
        let raw = ("raw.sql".to_owned(), normalise(raw.into_bytes()).unwrap_or_default());
        let fixture = Fixture::of([manifest(MANIFEST), raw].into_iter().chain(files));
        let (_, findings) = fixture.validate();
        for finding in &findings {
            for label in &finding.labels {
                let text = fixture.sources.file(label.file).text();
                prop_assert!(text.get(label.span.clone()).is_some(), "{finding:?}");
            }
            prop_assert!(!finding.message.is_empty());
        }
        rendered(&findings, &fixture.sources);
    }

    #[test]
    fn the_order_in_which_files_are_given_means_nothing(
        files in files(),
        graph in graphs(),
        seed in any::<prop::sample::Index>(),
    ) {
        let names: Vec<usize> = (0..graph.len()).collect();
        for mut files in [files, written(&graph, &names)] {
            let one = Fixture::of([manifest(MANIFEST)].into_iter().chain(files.clone()));
            if !files.is_empty() {
                let middle = seed.index(files.len());
                files.rotate_left(middle);
                files.reverse();
            }
            let other = Fixture::of([manifest(MANIFEST)].into_iter().chain(files));
            let (chain, findings) = one.validate();
            let (other_chain, other_findings) = other.validate();
            prop_assert_eq!(
                rendered(&findings, &one.sources),
                rendered(&other_findings, &other.sources)
            );
            prop_assert_eq!(
                chain.as_ref().map(described),
                other_chain.as_ref().map(described)
            );
        }
    }

    #[test]
    fn a_graph_comes_back_as_it_was_written(
        (graph, names) in graphs().prop_flat_map(|graph| {
            let names: Vec<usize> = (0..graph.len()).collect();
            (Just(graph), Just(names).prop_shuffle())
        }),
    ) {
        let files = written(&graph, &names);
        let many = "[package.metadata.migrate]\nheads = \"many\"\n";
        let fixture = Fixture::of([manifest(many)].into_iter().chain(files));
        let (chain, findings) = fixture.validate();

        let redundant: BTreeSet<(usize, usize)> = (0..graph.len())
            .flat_map(|node| graph[node].0.iter().map(move |&parent| (node, parent)))
            .filter(|&(node, parent)| {
                graph[node].0.iter().any(|&other| ancestors(&graph, other).contains(&parent))
            })
            .collect();
        prop_assert_eq!(findings.len(), redundant.len());
        prop_assert!(findings.iter().all(|finding| finding.code == Code::RedundantParent));
        let Some(chain) = chain else { return Ok(()) };

        // Of all revisions whose predecessors are there, always the one whose file name is first.
        let mut order: Vec<usize> = Vec::new();
        while order.len() < graph.len() {
            let free = (0..graph.len()).filter(|node| {
                let (parents, dependencies) = &graph[*node];
                !order.contains(node) && parents.union(dependencies).all(|o| order.contains(o))
            });
            let next = free.min_by_key(|&node| names[node]).unwrap();
            order.push(next);
        }
        prop_assert_eq!(chain.len(), graph.len());
        for (revision, &node) in chain.revisions().iter().zip(&order) {
            prop_assert_eq!(revision.id().as_str(), format!("r{node}"));
            let nodes = |indices: &[usize]| -> BTreeSet<usize> {
                indices.iter().map(|&index| order[index]).collect()
            };
            prop_assert_eq!(&nodes(&revision.parents), &graph[node].0);
            prop_assert_eq!(&nodes(&revision.dependencies), &graph[node].1);
        }
        let heads: BTreeSet<usize> = (0..graph.len())
            .filter(|node| graph.iter().all(|(parents, _)| !parents.contains(node)))
            .collect();
        prop_assert_eq!(chain.heads().count(), heads.len());
    }
}

#[test]
fn ten_thousand_revisions_are_judged_in_time() {
    let mut files = Vec::new();
    for index in 0..10_000_usize {
        let parent = index.checked_sub(1).map(|parent| format!("r{parent:05}")).unwrap_or_default();
        let mut text =
            format!("-- m\n--\n-- revision: r{index:05}\n-- revises: {parent}\n\n-- migrate:up\n");
        let _ = write!(
            text,
            "CREATE TABLE t{index} (id INTEGER PRIMARY KEY, name TEXT);\n\n-- migrate:down\nDROP TABLE t{index};\n"
        );
        files.push((format!("r{index:05}.sql"), text));
    }
    let fixture = Fixture::of(files);
    let started = std::time::Instant::now();
    let (chain, findings) =
        super::validate(&fixture.configuration, &fixture.files, &fixture.sources, Vec::new());
    assert_eq!((chain.unwrap().len(), findings.len()), (10_000, 0));
    // A second or two unoptimised; what this finds is a square.
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    println!("{:?}", started.elapsed());
}
