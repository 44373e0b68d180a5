//! Moving revisions of one's own after another revision: `rebase`.
//!
//! Two people who each add a revision leave two heads. A merge keeps both lines as they are; where one
//! of them is applied nowhere yet, its revisions can follow the other line instead, as if they
//! had been written later. This says which `revises` lines change, and to what; it writes nothing.

mod error;

#[cfg(test)]
mod tests;

use super::PlanError;
use crate::chain::graph::{redundant_edges, topological_order};
use crate::chain::resolve::Resolver;
use crate::chain::{Chain, RevisionId, Target};

pub use error::RebaseError;

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
