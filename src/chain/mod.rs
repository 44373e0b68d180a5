//! The chain: every revision of one migrations directory, as a directed acyclic graph.
//!
//! A [`Chain`] is made by validation, or decoded from the rows that the build helper baked from a
//! validated chain; so whoever holds one may rely on its [invariants](Chain). Everything here is
//! pure: no I/O, no async, and no dependency but the hash. The texts of revisions are carried along
//! but never read.

#[cfg(any(feature = "build", feature = "runtime", test))]
pub(crate) mod baked;
mod fingerprint;
pub(crate) mod graph;
mod id;
pub(crate) mod plan;
mod resolve;
mod target;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use crate::dialect::Variant;

#[cfg(feature = "runtime")]
pub(crate) use fingerprint::hex;
pub use fingerprint::{ALGORITHM, Checksum, ChecksumBuilder, Digest, NotHex, digest};
pub use id::{BranchLabel, NameError, RESERVED, RevisionId};
pub use plan::{Change, Direction, Following, Plan, PlanError, Replay, Stamp, Step};
#[cfg(any(feature = "build", test))]
pub use plan::{Rebase, RebaseError, Reparented};
pub use target::{Anchor, Target, TargetError, TargetRange};

/// What a revision is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A `.sql` file.
    Sql,
    /// A `.rs` file.
    Rust,
}

impl Kind {
    /// The word in the tracking table and in digests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Rust => "rust",
        }
    }
}

/// Checksum and digest of a revision in one [`Variant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash of the revision's own *up*.
    pub checksum: Checksum,
    /// The hash of the revision and all its ancestors.
    pub digest: Digest,
}

/// One revision of a [`Chain`].
#[derive(Clone, Debug)]
pub struct Revision {
    pub(crate) id: RevisionId,
    pub(crate) kind: Kind,
    pub(crate) path: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
    pub(crate) labels: Vec<BranchLabel>,
    pub(crate) parents: Vec<usize>,
    pub(crate) dependencies: Vec<usize>,
    pub(crate) fingerprints: Vec<Fingerprint>,
}

impl Revision {
    /// The id.
    pub fn id(&self) -> &RevisionId {
        &self.id
    }

    /// What it is written in.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its file, relative to the package, with `/` on every system.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file's normalised text: UTF-8 without BOM, lines ending in LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checksum and digest, one for each variant of the chain, in their order.
    pub fn fingerprints(&self) -> &[Fingerprint] {
        &self.fingerprints
    }

    /// The branch labels that it declares.
    pub fn labels(&self) -> &[BranchLabel] {
        &self.labels
    }
}

/// A validated set of revisions.
///
/// Invariants: ids are unique; every parent and dependency exists; there is no cycle; revisions are
/// stored parents first, free ones in file-name order, so that any part of the chain taken in
/// storage order is an order to run it in; every revision has one fingerprint a variant.
#[derive(Clone, Debug)]
pub struct Chain {
    revisions: Vec<Revision>,
    variants: Vec<Variant>,
    by_id: HashMap<RevisionId, usize>,
    by_label: HashMap<BranchLabel, usize>,
    children: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

impl Chain {
    #[cfg(any(feature = "build", feature = "runtime", test))]
    /// From revisions that keep the invariants.
    pub(crate) fn new(revisions: Vec<Revision>, variants: Vec<Variant>) -> Self {
        let mut by_id = HashMap::with_capacity(revisions.len());
        let mut by_label = HashMap::new();
        let mut children = vec![Vec::new(); revisions.len()];
        let mut dependents = vec![Vec::new(); revisions.len()];
        for (index, revision) in revisions.iter().enumerate() {
            debug_assert_eq!(revision.fingerprints.len(), variants.len());
            by_id.insert(revision.id.clone(), index);
            for label in &revision.labels {
                by_label.insert(label.clone(), index);
            }
            for &parent in &revision.parents {
                debug_assert!(parent < index);
                children[parent].push(index);
            }
            for &dependency in &revision.dependencies {
                debug_assert!(dependency < index);
                dependents[dependency].push(index);
            }
        }
        Self { revisions, variants, by_id, by_label, children, dependents }
    }

    /// All revisions, parents before children.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// The dialects and databases that the chain is written for.
    pub fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// How many revisions there are.
    pub fn len(&self) -> usize {
        self.revisions.len()
    }

    /// Whether there is no revision at all.
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    /// The revision with this id.
    pub fn get(&self, id: &str) -> Option<&Revision> {
        self.index(id).map(|index| &self.revisions[index])
    }

    /// Where a revision with this id is stored.
    pub(crate) fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The revision that declares this branch label.
    pub(crate) fn labelled(&self, label: &str) -> Option<usize> {
        self.by_label.get(label).copied()
    }

    /// The revisions that this one follows.
    pub fn parents<'a>(
        &'a self,
        revision: &'a Revision,
    ) -> impl ExactSizeIterator<Item = &'a Revision> {
        revision.parents.iter().map(|&index| &self.revisions[index])
    }

    /// The revisions of other branches that must be applied before this one.
    pub fn dependencies<'a>(
        &'a self,
        revision: &'a Revision,
    ) -> impl ExactSizeIterator<Item = &'a Revision> {
        revision.dependencies.iter().map(|&index| &self.revisions[index])
    }

    /// The revisions that follow this one.
    pub fn children(&self, revision: &Revision) -> impl Iterator<Item = &Revision> {
        let index = self.index(revision.id.as_str());
        index
            .into_iter()
            .flat_map(|index| &self.children[index])
            .map(|&child| &self.revisions[child])
    }

    /// The revisions that depend on this one.
    pub fn dependents(&self, revision: &Revision) -> impl Iterator<Item = &Revision> {
        let index = self.index(revision.id.as_str());
        index
            .into_iter()
            .flat_map(|index| &self.dependents[index])
            .map(|&dependent| &self.revisions[dependent])
    }

    /// Whether one revision comes before another, along parents and dependencies.
    pub fn is_ancestor(&self, ancestor: &Revision, of: &Revision) -> bool {
        let (Some(goal), Some(start)) =
            (self.index(ancestor.id.as_str()), self.index(of.id.as_str()))
        else {
            return false;
        };
        let mut seen = vec![false; self.len()];
        let mut stack: Vec<usize> = self.before(start).collect();
        while let Some(index) = stack.pop() {
            if index == goal {
                return true;
            }
            // Parents are stored first, so nothing below the goal can lead to it.
            if index > goal && !seen[index] {
                seen[index] = true;
                stack.extend(self.before(index));
            }
        }
        false
    }

    /// The heads: revisions that are nobody's parent.
    pub fn heads(&self) -> impl Iterator<Item = &Revision> {
        self.head_indices().map(|index| &self.revisions[index])
    }

    pub(crate) fn head_indices(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&index| self.children[index].is_empty())
    }

    /// The revisions that nobody follows and nobody depends on: applied with the right digests,
    /// they prove that the whole chain is.
    pub(crate) fn tips(&self) -> impl Iterator<Item = usize> {
        self.head_indices().filter(|&index| self.dependents[index].is_empty())
    }

    pub(crate) fn child_indices(&self, index: usize) -> &[usize] {
        &self.children[index]
    }

    /// What must be applied before a revision: its parents, then its dependencies.
    pub(crate) fn before(&self, index: usize) -> impl Iterator<Item = usize> {
        let revision = &self.revisions[index];
        revision.parents.iter().chain(&revision.dependencies).copied()
    }

    /// What must be undone before a revision: its children, then its dependents.
    pub(crate) fn after(&self, index: usize) -> impl Iterator<Item = usize> {
        self.children[index].iter().chain(&self.dependents[index]).copied()
    }
}

/// A list of ids as people read it: `a`, `a and b`, `a, b and c`, each in backticks.
pub(crate) fn listed<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => String::from("none"),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A number of things, whose plural ends in `s`.
#[cfg(feature = "runtime")]
pub(crate) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::Dialect;

    /// A chain from ids, parents and dependencies; revisions are given parents first.
    pub(crate) fn chain_of(revisions: &[(&str, &[&str], &[&str])]) -> Chain {
        let index = |id: &&str| revisions.iter().position(|(other, ..)| other == id).unwrap();
        let mut digests: Vec<Digest> = Vec::new();
        let mut built = Vec::new();
        for &(id, parents, dependencies) in revisions {
            let parents: Vec<usize> = parents.iter().map(index).collect();
            let dependencies: Vec<usize> = dependencies.iter().map(index).collect();
            let of = |indices: &[usize]| indices.iter().map(|&i| digests[i]).collect::<Vec<_>>();
            let checksum = ChecksumBuilder::new(Dialect::Sqlite, true).finish();
            let digest = digest(id, checksum.as_bytes(), &of(&parents), &of(&dependencies));
            digests.push(digest);
            built.push(Revision {
                id: RevisionId::new(id.to_owned()).unwrap(),
                kind: Kind::Sql,
                path: format!("migrations/{id}.sql").into(),
                text: format!("-- {id}\n").into(),
                labels: Vec::new(),
                parents,
                dependencies,
                fingerprints: vec![Fingerprint { checksum, digest }],
            });
        }
        Chain::new(built, Variant::all(&[Dialect::Sqlite], &[]))
    }

    /// Random chains with branches, merges and dependencies.
    pub(crate) fn chains() -> impl Strategy<Value = Chain> {
        let node = (
            proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
            proptest::collection::vec(any::<prop::sample::Index>(), 0..2),
        );
        proptest::collection::vec(node, 1..16).prop_map(|nodes| {
            let names: Vec<String> =
                (0..nodes.len()).map(|index| format!("rev{index:03}")).collect();
            let pick = |index: usize, picks: &[prop::sample::Index]| -> Vec<&str> {
                if index == 0 {
                    return Vec::new();
                }
                let mut picked: Vec<usize> = picks.iter().map(|pick| pick.index(index)).collect();
                picked.sort_unstable();
                picked.dedup();
                picked.into_iter().map(|other| names[other].as_str()).collect()
            };
            let parts: Vec<(Vec<&str>, Vec<&str>)> = nodes
                .iter()
                .enumerate()
                .map(|(index, (parents, dependencies))| {
                    (pick(index, parents), pick(index, dependencies))
                })
                .collect();
            let rows: Vec<(&str, &[&str], &[&str])> = names
                .iter()
                .zip(&parts)
                .map(|(name, (parents, dependencies))| {
                    (name.as_str(), &parents[..], &dependencies[..])
                })
                .collect();
            chain_of(&rows)
        })
    }
}
