//! Moving revisions of one's own after another revision: `rebase`.
//!
//! Two people who each add a revision leave two heads. A merge keeps both lines as they are; where one
//! of them is applied nowhere yet, its revisions can follow the other line instead, as if they
//! had been written later. This says which `revises` lines change, and to what; it writes nothing.

use std::fmt;

use super::PlanError;
use crate::chain::graph::{redundant_edges, topological_order};
use crate::chain::resolve::Resolver;
use crate::chain::{Chain, RevisionId, Target, listed};

/// A revision, and what its `revises` says from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reparented {
    /// The revision.
    pub revision: RevisionId,
    /// Its new parents.
    pub parents: Vec<RevisionId>,
}

/// What changes when a line of revisions is moved after another revision.
///
/// The revisions that *move* are the given one and its ancestors by parents, without those that the
/// other one has among its ancestors, too. They keep their order; the first of them follow the
/// other revision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebase {
    /// The last of the revisions that move.
    pub revision: RevisionId,
    /// The revision that they come after.
    pub onto: RevisionId,
    /// The revisions that move, parents first.
    pub moved: Vec<RevisionId>,
    /// Those whose parents change; none if they come after the other revision already.
    pub changed: Vec<Reparented>,
    /// Those whose ancestors change, parents first: the changed ones, and all that follow or depend on
    /// them. A database that has one of them applied would no longer fit the chain.
    pub affected: Vec<RevisionId>,
}

impl Rebase {
    /// Moves `revision` and what is only before it after `onto`.
    ///
    /// Without one of the two the only head on another line is taken.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use cargo_migrate::chain::Rebase;
    ///
    /// let rebase = Rebase::new(chain, Some(&"mine".parse()?), Some(&"theirs@head".parse()?))?;
    /// for step in &rebase.changed {
    ///     println!("{} now follows {:?}", step.revision, step.parents);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn new(
        chain: &Chain,
        revision: Option<&Target>,
        onto: Option<&Target>,
    ) -> Result<Self, RebaseError> {
        let resolver = Resolver::unapplied(chain);
        let one = |target: &Target| {
            super::follow::refuse_database(target)?;
            let found = resolver.one(target)?;
            found.ok_or_else(|| PlanError::NoRevision { target: target.to_string() })
        };
        let (tip, goal) = match (revision.map(one).transpose()?, onto.map(one).transpose()?) {
            (Some(tip), Some(goal)) => (tip, goal),
            (Some(tip), None) => (tip, other_head(&resolver, tip)?),
            (None, Some(goal)) => (other_head(&resolver, goal)?, goal),
            (None, None) => {
                let heads: Vec<usize> = chain.head_indices().collect();
                return Err(RebaseError::NotChosen { heads: resolver.ids(&heads) });
            }
        };
        Self::of(&resolver, tip, goal)
    }

    fn of(resolver: &Resolver<'_>, tip: usize, goal: usize) -> Result<Self, RebaseError> {
        let chain = resolver.chain;
        let (revision, onto) = (resolver.id(tip), resolver.id(goal));
        let theirs = resolver.with_parents(&[goal]);
        if theirs[tip] {
            return Err(if tip == goal {
                RebaseError::OntoItself(revision)
            } else {
                RebaseError::OntoDescendant { revision, onto }
            });
        }
        let ours = resolver.with_parents(&[tip]);
        let is_ours = |index: &usize| ours[*index] && !theirs[*index];
        let moved: Vec<usize> = (0..chain.len()).filter(is_ours).collect();
        needed(resolver, goal, &theirs, is_ours)?;

        let mut parents: Vec<Vec<usize>> =
            chain.revisions().iter().map(|revision| revision.parents.clone()).collect();
        let mut changed = Vec::new();
        for &index in &moved {
            let old = &chain.revisions()[index].parents;
            let mut new: Vec<usize> = old.iter().copied().filter(is_ours).collect();
            // What moves before it comes after `onto` already.
            if new.is_empty() {
                new.push(goal);
            }
            if new == *old {
                continue;
            }
            if old.len() > 1 && new.len() == 1 {
                let merge = resolver.id(index);
                return Err(RebaseError::NothingToMerge { merge, onto });
            }
            if new == [goal] && chain.revisions()[index].dependencies.contains(&goal) {
                let revision = resolver.id(index);
                return Err(RebaseError::DependsOnIt { revision, onto });
            }
            parents[index].clone_from(&new);
            changed.push(index);
        }
        redundant(resolver, &parents)?;
        let affected = resolver.with_descendants(&changed);
        let affected: Vec<usize> = (0..chain.len()).filter(|&index| affected[index]).collect();
        let changed = changed
            .into_iter()
            .map(|index| Reparented {
                revision: resolver.id(index),
                parents: resolver.ids(&parents[index]),
            })
            .collect();
        let (moved, affected) = (resolver.ids(&moved), resolver.ids(&affected));
        Ok(Self { revision, onto, moved, changed, affected })
    }
}

/// The only head that does not come after this revision.
fn other_head(resolver: &Resolver<'_>, than: usize) -> Result<usize, RebaseError> {
    let after = resolver.with_children(&[than]);
    let heads: Vec<usize> = resolver.chain.head_indices().filter(|&head| !after[head]).collect();
    match heads[..] {
        [head] => Ok(head),
        [] => Err(RebaseError::NoOtherHead { than: resolver.id(than) }),
        _ => {
            Err(RebaseError::SeveralHeads { than: resolver.id(than), heads: resolver.ids(&heads) })
        }
    }
}

/// What must be applied before `goal`, be it by a dependency, cannot come after it.
fn needed(
    resolver: &Resolver<'_>,
    goal: usize,
    theirs: &[bool],
    is_ours: impl Fn(&usize) -> bool,
) -> Result<(), RebaseError> {
    let chain = resolver.chain;
    // For each revision one of those that it needs and that would move. Parents are stored first.
    let mut needs: Vec<Option<usize>> = vec![None; chain.len()];
    for index in 0..chain.len() {
        needs[index] = if is_ours(&index) {
            Some(index)
        } else {
            chain.before(index).find_map(|before| needs[before])
        };
        if let Some(revision) = needs[index].filter(|_| theirs[index]) {
            return Err(RebaseError::Needed {
                revision: resolver.id(revision),
                dependent: resolver.id(index),
                onto: resolver.id(goal),
            });
        }
    }
    Ok(())
}

/// A merge below must not end up with a parent that another of its parents now comes after.
fn redundant(resolver: &Resolver<'_>, parents: &[Vec<usize>]) -> Result<(), RebaseError> {
    let revisions = resolver.chain.revisions();
    let edges: Vec<Vec<usize>> = parents
        .iter()
        .zip(revisions)
        .map(|(parents, revision)| [&parents[..], &revision.dependencies].concat())
        .collect();
    let found = redundant_edges(parents, &topological_order(&edges));
    let is_new = |&&(node, parent, _): &&(usize, usize, usize)| {
        let old: Vec<Vec<usize>> = revisions.iter().map(|it| it.parents.clone()).collect();
        let order: Vec<usize> = (0..revisions.len()).collect();
        redundant_edges(&old, &order).iter().all(|&(n, p, _)| (n, p) != (node, parent))
    };
    match found.iter().find(is_new) {
        None => Ok(()),
        Some(&(merge, parent, other)) => Err(RebaseError::Redundant {
            merge: resolver.id(merge),
            parent: resolver.id(parent),
            other: resolver.id(other),
        }),
    }
}

/// Why revisions cannot be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebaseError {
    /// One of the two targets means no revision, or several.
    Target(PlanError),
    /// Neither end was named.
    NotChosen {
        /// The heads of the chain.
        heads: Vec<RevisionId>,
    },
    /// One end was named, and every head comes after it.
    NoOtherHead {
        /// The end that was named.
        than: RevisionId,
    },
    /// One end was named, and the other one could be any of these heads.
    SeveralHeads {
        /// The end that was named.
        than: RevisionId,
        /// The heads that do not come after it.
        heads: Vec<RevisionId>,
    },
    /// A revision cannot follow itself.
    OntoItself(RevisionId),
    /// A revision cannot follow what follows it.
    OntoDescendant {
        /// The revision that was to move.
        revision: RevisionId,
        /// Its descendant.
        onto: RevisionId,
    },
    /// Something at or before the goal depends on a revision that would move after it.
    Needed {
        /// The revision that would move.
        revision: RevisionId,
        /// What depends on it, or on something that comes after it.
        dependent: RevisionId,
        /// The goal.
        onto: RevisionId,
    },
    /// A merge of a line that moves with one that the goal has already would join nothing any more.
    NothingToMerge {
        /// The merge.
        merge: RevisionId,
        /// The goal.
        onto: RevisionId,
    },
    /// A revision would follow what it says it depends on.
    DependsOnIt {
        /// The revision.
        revision: RevisionId,
        /// The goal.
        onto: RevisionId,
    },
    /// A merge after the revisions that move would have a parent that comes before another one.
    Redundant {
        /// The merge.
        merge: RevisionId,
        /// The parent that would say nothing any more.
        parent: RevisionId,
        /// The parent that would come after it.
        other: RevisionId,
    },
}

impl From<PlanError> for RebaseError {
    fn from(error: PlanError) -> Self {
        Self::Target(error)
    }
}

impl fmt::Display for RebaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(error) => error.fmt(f),
            Self::NotChosen { heads } if heads.len() < 2 => {
                f.write_str("the chain has no two heads, so there is nothing to rebase")
            }
            Self::NotChosen { heads } => {
                write!(f, "nothing says which of the heads {} is to follow which", listed(heads))
            }
            Self::NoOtherHead { than } => {
                write!(f, "every head comes after `{than}`, so there is nothing to rebase")
            }
            Self::SeveralHeads { than, heads } => write!(
                f,
                "several heads do not come after `{than}`: {}; name the one that is meant",
                listed(heads)
            ),
            Self::OntoItself(id) => write!(f, "revision `{id}` cannot follow itself"),
            Self::OntoDescendant { revision, onto } => write!(
                f,
                "`{revision}` cannot follow `{onto}`: `{onto}` comes after `{revision}` already"
            ),
            Self::Needed { revision, dependent, onto } if dependent == onto => {
                write!(f, "`{revision}` cannot come after `{onto}`: `{onto}` depends on it")
            }
            Self::Needed { revision, dependent, onto } => write!(
                f,
                "`{revision}` cannot come after `{onto}`: `{dependent}`, which comes before `{onto}`, \
                 depends on it"
            ),
            Self::NothingToMerge { merge, onto } => write!(
                f,
                "the merge `{merge}` would have nothing to merge: what it joins would all be one line \
                 after `{onto}`"
            ),
            Self::DependsOnIt { revision, onto } => write!(
                f,
                "`{revision}` depends on `{onto}`, and would follow it: a revision is named once in \
                 a header"
            ),
            Self::Redundant { merge, parent, other } => write!(
                f,
                "the merge `{merge}` would have a parent too many: `{other}` would come after `{parent}`"
            ),
        }
    }
}

impl std::error::Error for RebaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its text is this error's own.
            Self::Target(error) => std::error::Error::source(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::chain::Anchor;
    use crate::chain::tests::{chain_of, chains};

    fn rebase(chain: &Chain, revision: &str, onto: &str) -> String {
        let target = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let ids =
            |ids: &[RevisionId]| ids.iter().map(RevisionId::as_str).collect::<Vec<_>>().join(" ");
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
        assert_eq!(
            rebase(&line, "", ""),
            "the chain has no two heads, so there is nothing to rebase"
        );
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
}
