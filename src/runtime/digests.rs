//! The digests that follow from what is recorded: each from its row's checksum and its parents.
//!
//! A digest is more than its own revision: where an ancestor is edited, the digests of all that
//! comes after it differ from the chain's, and are right all the same. So a digest is wrong only if
//! it follows from nothing: neither from the chain, nor from the stored digests of its parents, nor
//! from the checksums of all its ancestors. Pure.

use std::collections::{HashMap, HashSet};

use super::entry::Entry;
use super::state::{Row, RowStatus, State, ids};
use crate::chain::graph::topological_order;
use crate::chain::{ALGORITHM, Chain, Checksum, Digest, Kind, RevisionId, digest};
use crate::script::digest_content;

/// The applied revisions of the chain whose stored digest follows from nothing, though they are
/// neither edited nor re-parented.
pub(crate) fn wrong_digests(state: &State, chain: &Chain, variant: usize) -> HashSet<RevisionId> {
    let mut suspects = chain
        .revisions()
        .iter()
        .filter_map(|revision| {
            let row = state.row(revision.id().as_str())?;
            let is_applied = matches!(row.status, RowStatus::Applied | RowStatus::Stamped);
            let right = revision.fingerprints[variant].digest;
            let differs = row.digest.parse() != Ok(right);
            (is_applied && differs && state.difference(chain, variant, revision).is_none())
                .then_some(row)
        })
        .peekable();
    if suspects.peek().is_none() {
        return HashSet::new();
    }
    let ledger = Ledger::of(state);
    let sound = ledger.sound();
    suspects
        .filter(|row| {
            let id = row.id.as_str();
            let stored = row.digest.parse().ok();
            let derived = ledger.derived(id);
            derived.is_some() && derived != stored && sound.get(id).copied() != stored
        })
        .map(|row| row.id.clone())
        .collect()
}

/// The rows, as far as digests depend on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    lines: HashMap<String, Line>,
}

#[derive(Clone, Debug)]
struct Line {
    kind: Kind,
    /// `None` if the row does not say it in a way that this version knows; then its digest is
    /// believed.
    checksum: Option<Checksum>,
    parents: Vec<String>,
    depends_on: Vec<String>,
    digest: Option<Digest>,
}

impl Line {
    fn of(row: &Row) -> Self {
        let is_whole = matches!(row.status, RowStatus::Applied | RowStatus::Stamped);
        let is_ours = is_whole && row.algorithm == ALGORITHM;
        Self {
            kind: if row.kind == Kind::Rust.name() { Kind::Rust } else { Kind::Sql },
            checksum: row.checksum.parse().ok().filter(|_| is_ours),
            parents: ids(&row.parents).map(str::to_owned).collect(),
            depends_on: ids(&row.depends_on).map(str::to_owned).collect(),
            digest: row.digest.parse().ok(),
        }
    }

    fn digest(&self, id: &str, of: impl Fn(&str) -> Option<Digest>) -> Option<Digest> {
        let all = |ids: &[String]| ids.iter().map(|id| of(id)).collect::<Option<Vec<_>>>();
        let (parents, dependencies) = (all(&self.parents)?, all(&self.depends_on)?);
        let checksum = self.checksum?;
        Some(digest(id, digest_content(self.kind, &checksum), &parents, &dependencies))
    }
}

impl Ledger {
    pub(crate) fn of(state: &State) -> Self {
        let lines = state.rows.iter().map(|row| (row.id.to_string(), Line::of(row))).collect();
        Self { lines }
    }

    /// Puts a revision in, or in the place of what was recorded; [`Self::settle`] gives it a digest.
    pub(crate) fn put(&mut self, entry: &Entry) {
        let texts = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect();
        let line = Line {
            kind: entry.kind,
            checksum: Some(entry.checksum),
            parents: texts(&entry.parents),
            depends_on: texts(&entry.depends_on),
            digest: None,
        };
        self.lines.insert(entry.id.to_string(), line);
    }

    pub(crate) fn remove(&mut self, id: &RevisionId) {
        self.lines.remove(id.as_str());
    }

    pub(crate) fn digest(&self, id: &RevisionId) -> Option<Digest> {
        self.lines.get(id.as_str())?.digest
    }

    /// The digest that follows from the stored digests of what a revision follows.
    fn derived(&self, id: &str) -> Option<Digest> {
        let of = |id: &str| {
            let line = self.lines.get(id)?;
            // Whoever was applied after it may have been so with another digest of it.
            line.checksum.and(line.digest)
        };
        self.lines.get(id)?.digest(id, of)
    }

    /// The digests that follow from checksums alone.
    fn sound(&self) -> HashMap<&str, Digest> {
        let mut sound: HashMap<&str, Digest> = HashMap::new();
        for id in self.order() {
            if let Some(digest) = self.lines[id].digest(id, |id| sound.get(id).copied()) {
                sound.insert(id, digest);
            }
        }
        sound
    }

    /// Computes the digests of `changed` and of all that comes after it, from the stored ones of
    /// all others; returns the ids whose digest became another one, parents first.
    ///
    /// # Errors
    ///
    /// The ids among them that come after themselves.
    pub(crate) fn settle(
        &mut self,
        changed: &HashSet<RevisionId>,
    ) -> Result<Vec<RevisionId>, Vec<String>> {
        let order: Vec<String> = self.order().into_iter().map(str::to_owned).collect();
        let mut cyclic: Vec<String> = changed
            .iter()
            .filter(|id| !order.iter().any(|other| other == id.as_str()))
            .map(ToString::to_string)
            .collect();
        if !cyclic.is_empty() {
            cyclic.sort_unstable();
            return Err(cyclic);
        }
        let mut affected: HashSet<String> = HashSet::new();
        let mut settled = Vec::new();
        for id in order {
            let line = &self.lines[&id];
            let follows = line.parents.iter().chain(&line.depends_on);
            if !changed.contains(id.as_str()) && !follows.clone().any(|id| affected.contains(id)) {
                continue;
            }
            let of = |id: &str| self.lines.get(id)?.digest;
            // What cannot be computed stays, and so does all that follows from it alone.
            let Some(digest) = line.digest(&id, of) else { continue };
            if line.digest == Some(digest) {
                continue;
            }
            affected.insert(id.clone());
            if let Ok(id) = RevisionId::new(id.clone()) {
                settled.push(id);
            }
            if let Some(line) = self.lines.get_mut(&id) {
                line.digest = Some(digest);
            }
        }
        Ok(settled)
    }

    /// All ids, parents first; what forms a cycle is left out.
    fn order(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.lines.keys().map(String::as_str).collect();
        all.sort_unstable();
        let place: HashMap<&str, usize> =
            all.iter().enumerate().map(|(index, id)| (*id, index)).collect();
        let edges: Vec<Vec<usize>> = all
            .iter()
            .map(|id| {
                let line = &self.lines[*id];
                let before = line.parents.iter().chain(&line.depends_on);
                before.filter_map(|id| place.get(id.as_str()).copied()).collect()
            })
            .collect();
        topological_order(&edges).into_iter().map(|index| all[index]).collect()
    }
}
