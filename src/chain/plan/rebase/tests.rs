use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::chain::Anchor;
use crate::chain::tests::{chain_of, chains};

fn rebase(chain: &Chain, revision: &str, onto: &str) -> String {
    let target = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    let ids = |ids: &[RevisionId]| ids.iter().map(RevisionId::as_str).collect::<Vec<_>>().join(" ");
    match Rebase::new(chain, target(revision).as_ref(), target(onto).as_ref()) {
        Ok(rebase) => {
            let changed: Vec<String> = rebase
                .changed
                .iter()
                .map(|step| format!("{} <- {}", ids(&step.parents), step.revision))
                .collect();
            format!(
                "{} of {}; affects {}",
                changed.join(", "),
                ids(&rebase.moved),
                ids(&rebase.affected)
            )
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_line_moves_from_where_it_branches_off() {
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("mine1", &["root"], &[]),
        ("mine2", &["mine1"], &[]),
        ("yours", &["root"], &[]),
        ("after", &["mine1"], &[]),
    ]);
    let moved = "yours <- mine1 of mine1 mine2; affects mine1 mine2 after";
    assert_eq!(rebase(&chain, "mine2", "yours"), moved);
    // A part of the line takes what comes after it along.
    assert_eq!(
        rebase(&chain, "mine1", "yours"),
        "yours <- mine1 of mine1; affects mine1 mine2 after"
    );
    assert_eq!(rebase(&chain, "yours", "mine2"), "mine2 <- yours of yours; affects yours");
    assert_eq!(
        rebase(&chain, "yours", ""),
        "several heads do not come after `yours`: `mine2` and `after`; name the one that is meant"
    );
    assert_eq!(rebase(&chain, "mine1", ""), moved.replace("mine1 mine2;", "mine1;"));
    assert_eq!(
        rebase(&chain, "", "mine1"),
        "mine1 <- yours of yours; affects yours",
        "the only head on another line"
    );
    assert_eq!(
        rebase(&chain, "", ""),
        "nothing says which of the heads `mine2`, `yours` and `after` is to follow which"
    );
}

#[test]
fn bases_and_merges_move_too() {
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("other", &[], &[]),
        ("one1", &["root"], &[]),
        ("two2", &["root", "other"], &[]),
        ("both", &["one1", "two2"], &[]),
        ("goal", &["root"], &[]),
    ]);
    // `root` is of no use beside `other`, which now comes after it; but then `two2` joins nothing.
    assert_eq!(
        rebase(&chain, "both", "goal"),
        "the merge `two2` would have nothing to merge: what it joins would all be one line after \
         `goal`"
    );
    assert_eq!(
        rebase(&chain, "other", "goal"),
        "the merge `two2` would have a parent too many: `other` would come after `root`"
    );
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("one1", &["root"], &[]),
        ("two2", &["root"], &[]),
        ("both", &["one1", "two2"], &[]),
        ("goal", &["root"], &[]),
    ]);
    assert_eq!(
        rebase(&chain, "both", "goal"),
        "goal <- one1, goal <- two2 of one1 two2 both; affects one1 two2 both"
    );
    let chain = chain_of(&[("root", &[], &[]), ("other", &[], &[])]);
    assert_eq!(rebase(&chain, "other", ""), "root <- other of other; affects other");
}

#[test]
fn what_cannot_move() {
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("mine1", &["root"], &[]),
        ("mine2", &["mine1"], &[]),
        ("user1", &["root"], &["mine1"]),
        ("user2", &["user1"], &[]),
    ]);
    assert_eq!(
        rebase(&chain, "root", "mine2"),
        "`root` cannot follow `mine2`: `mine2` comes after `root` already"
    );
    assert_eq!(rebase(&chain, "mine2", "mine2"), "revision `mine2` cannot follow itself");
    assert_eq!(rebase(&chain, "mine2", "root"), " of mine1 mine2; affects ");
    assert_eq!(
        rebase(&chain, "mine2", "user1"),
        "`mine1` cannot come after `user1`: `user1` depends on it"
    );
    assert_eq!(
        rebase(&chain, "mine2", "user2"),
        "`mine1` cannot come after `user2`: `user1`, which comes before `user2`, depends on it"
    );
    assert_eq!(
        rebase(&chain, "user2", "mine1"),
        "`user1` depends on `mine1`, and would follow it: a revision is named once in a header"
    );
    assert_eq!(
        rebase(&chain, "user2", "mine2"),
        "mine2 <- user1 of user1 user2; affects user1 user2"
    );
    assert_eq!(
        rebase(&chain, "mine2", "base"),
        "`base` cannot be used here: expected a revision or `head`"
    );
    assert_eq!(
        rebase(&chain, "root", ""),
        "every head comes after `root`, so there is nothing to rebase"
    );
    let line = chain_of(&[("root", &[], &[]), ("next", &["root"], &[])]);
    assert_eq!(rebase(&line, "", ""), "the chain has no two heads, so there is nothing to rebase");
}

/// For each revision, what comes before it by parents alone, by the definition.
fn ancestors(parents: &[Vec<usize>]) -> Vec<HashSet<usize>> {
    let mut sets: Vec<HashSet<usize>> =
        parents.iter().map(|list| list.iter().copied().collect()).collect();
    loop {
        let mut grown = sets.clone();
        for set in &mut grown {
            for other in set.clone() {
                set.extend(&sets[other]);
            }
        }
        if grown == sets {
            return sets;
        }
        sets = grown;
    }
}

proptest! {
    #[test]
    fn what_moves_comes_after_the_goal_and_all_else_stays(
        chain in chains(),
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
    ) {
        let (tip, goal) = (a.index(chain.len()), b.index(chain.len()));
        let at = |index: usize| {
            Target::at(Anchor::Name(chain.revisions()[index].id().to_string()))
        };
        let result = Rebase::new(&chain, Some(&at(tip)), Some(&at(goal)));
        let old: Vec<Vec<usize>> =
            chain.revisions().iter().map(|revision| revision.parents.clone()).collect();
        let before = ancestors(&old);
        prop_assert_eq!(
            matches!(
                result,
                Err(RebaseError::OntoItself(_) | RebaseError::OntoDescendant { .. })
            ),
            tip == goal || before[goal].contains(&tip)
        );
        let Ok(rebase) = result else { return Ok(()) };

        let index = |id: &RevisionId| chain.index(id.as_str()).unwrap();
        let moved: HashSet<usize> = rebase.moved.iter().map(index).collect();
        let mut expected = before[tip].clone();
        expected.insert(tip);
        expected.retain(|other| *other != goal && !before[goal].contains(other));
        prop_assert_eq!(&moved, &expected);

        let mut new = old.clone();
        for step in &rebase.changed {
            prop_assert!(moved.contains(&index(&step.revision)));
            new[index(&step.revision)] = step.parents.iter().map(index).collect();
        }
        let edges: Vec<Vec<usize>> = new
            .iter()
            .zip(chain.revisions())
            .map(|(parents, revision)| [&parents[..], &revision.dependencies].concat())
            .collect();
        prop_assert_eq!(topological_order(&edges).len(), chain.len(), "no cycle");

        let after = ancestors(&new);
        let affected: HashSet<usize> = rebase.affected.iter().map(index).collect();
        for revision in 0..chain.len() {
            if moved.contains(&revision) {
                // Its own line, and everything up to the goal.
                let mut all: HashSet<usize> =
                    before[revision].intersection(&moved).copied().collect();
                all.extend(&before[goal]);
                all.insert(goal);
                prop_assert_eq!(&after[revision], &all);
            } else if before[revision].is_disjoint(&moved) {
                prop_assert_eq!(&after[revision], &before[revision]);
            }
            if after[revision] != before[revision] {
                prop_assert!(affected.contains(&revision));
            }
            // Nothing is lost: what came before still does.
            prop_assert!(after[revision].is_superset(&before[revision]));
        }
        let heads = |parents: &[Vec<usize>]| -> HashSet<usize> {
            (0..parents.len())
                .filter(|index| parents.iter().all(|list| !list.contains(index)))
                .collect()
        };
        let mut remaining = heads(&old);
        if !rebase.changed.is_empty() {
            remaining.remove(&goal);
        }
        prop_assert_eq!(heads(&new), remaining);
    }

    #[test]
    fn two_heads_become_one(chain in chains()) {
        let heads: Vec<Target> = chain
            .heads()
            .map(|head| Target::at(Anchor::Name(head.id().to_string())))
            .collect();
        if let [one, two] = &heads[..]
            && let Ok(rebase) = Rebase::new(&chain, Some(one), Some(two))
        {
            prop_assert!(!rebase.changed.is_empty());
            let default = Rebase::new(&chain, Some(one), None);
            prop_assert_eq!(Ok(&rebase), default.as_ref());
            let default = Rebase::new(&chain, None, Some(two));
            prop_assert_eq!(Ok(&rebase), default.as_ref());
        }
    }
}
