use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;
use crate::chain::tests::chains;
use crate::runtime::{Options, TransactionScope};

/// A random chain whose revisions each make a table of their own name, some of them outside the
/// run's transaction.
fn files_of(shape: &Chain, modes: &[u8]) -> Vec<String> {
    let ids = |it: &mut dyn Iterator<Item = &Revision>| -> String {
        it.map(|it| it.id().as_str()).collect::<Vec<_>>().join(", ")
    };
    shape
        .revisions()
        .iter()
        .zip(modes)
        .map(|(revision, mode)| {
            let id = revision.id().as_str();
            let mode = match mode % 6 {
                0 => "\n-- transaction: none",
                1 => "\n-- foreign-keys: on",
                _ => "",
            };
            let header = format!(
                "-- revises: {}\n-- depends-on: {}{mode}",
                ids(&mut shape.parents(revision)),
                ids(&mut shape.dependencies(revision)),
            );
            file(id, &header, &format!("CREATE TABLE t_{id} (x);"), &format!("DROP TABLE t_{id};"))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_recorded_revisions_are_those_whose_tables_exist(
        shape in chains(),
        modes in proptest::collection::vec(any::<u8>(), 16),
        moves in proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>(), any::<bool>()), 1..8),
    ) {
        let files = files_of(&shape, &modes);
        let migrator = migrator(&refs(&files));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let pool = memory().await;
            let mut model: HashSet<RevisionId> = HashSet::new();
            for (up, pick, each) in moves {
                let scope = if each { TransactionScope::Revision } else { TransactionScope::Run };
                let migrator = migrator.with(Options::new().scope(scope));
                let target = shape.revisions()[pick.index(shape.len())].id().clone();
                let name = target.as_str();
                if up {
                    migrator.up_to(&pool, name).await.unwrap();
                    let mut stack = vec![target];
                    while let Some(id) = stack.pop() {
                        let revision = shape.get(id.as_str()).unwrap();
                        stack.extend(shape.parents(revision).map(|it| it.id().clone()));
                        stack.extend(shape.dependencies(revision).map(|it| it.id().clone()));
                        model.insert(id);
                    }
                } else if model.contains(name) {
                    // What follows the target goes, and all that needs it; what only depends on the
                    // target stays, as the target does.
                    let applied = || shape.revisions().iter().filter(|it| model.contains(it.id()));
                    let follows = |it: &&Revision| shape.parents(it).any(|parent| *parent.id() == target);
                    let needs = |it: &Revision| shape.dependencies(it).any(|it| *it.id() == target);
                    let mut gone: Vec<RevisionId> =
                        applied().filter(follows).map(|it| it.id().clone()).collect();
                    let is_covered = gone.is_empty() && applied().any(needs);
                    let result = migrator.down(&pool, name).await;
                    assert_eq!(result.is_err(), is_covered);
                    model.retain(|id| !gone.contains(id));
                    while let Some(id) = gone.pop() {
                        for other in shape.revisions() {
                            let mut before = shape.parents(other).chain(shape.dependencies(other));
                            if model.contains(other.id()) && before.any(|it| *it.id() == id) {
                                model.remove(other.id());
                                gone.push(other.id().clone());
                            }
                        }
                    }
                } else {
                    migrator.down(&pool, name).await.unwrap_err();
                }
                let expected: BTreeSet<String> =
                    model.iter().map(|id| id.as_str().to_owned()).collect();
                let rows: BTreeSet<String> = if number(&pool, "SELECT count(*) FROM sqlite_schema").await > 0 {
                    recorded(&pool).await.into_iter().collect()
                } else {
                    BTreeSet::new()
                };
                let tables: BTreeSet<String> =
                    tables(&pool).await.iter().map(|name| name[2..].to_owned()).collect();
                assert_eq!(rows, expected);
                assert_eq!(tables, expected);
            }
        });
    }
}
