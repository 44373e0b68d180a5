//! What the database holds after each step of a plan.
//!
//! The heads of a database are its maximal applied revisions. Listing them anew after each step would
//! cost O(V) a step; a step changes only itself and its neighbours, so the changes of a whole plan
//! cost O(V+E).

use std::collections::{BTreeSet, HashSet};

use super::{Direction, Plan, Step};
use crate::chain::{Chain, RevisionId};

/// The heads of the database, followed through a plan; made by [`Plan::replay`].
#[derive(Clone, Debug)]
pub struct Replay<'a> {
    chain: &'a Chain,
    steps: std::slice::Iter<'a, Step>,
    applied: Vec<bool>,
    /// For each revision, how many of those that follow it or depend on it are applied.
    covers: Vec<usize>,
    heads: BTreeSet<usize>,
}

/// How a step changes the heads of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The step.
    pub step: &'a Step,
    /// What becomes a head.
    pub gained: Vec<&'a RevisionId>,
    /// What is a head no more.
    pub lost: Vec<&'a RevisionId>,
}

impl Plan {
    /// Follows the heads of the database through the plan, beginning at `applied`.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain, plan: &cargo_migrate::chain::Plan) {
    /// use std::collections::HashSet;
    ///
    /// let mut replay = plan.replay(chain, &HashSet::new());
    /// while let Some(change) = replay.next() {
    ///     println!("{}: {:?}", change.step.revision, replay.heads().collect::<Vec<_>>());
    /// }
    /// # }
    /// ```
    pub fn replay<'a>(&'a self, chain: &'a Chain, applied: &HashSet<RevisionId>) -> Replay<'a> {
        let applied: Vec<bool> =
            chain.revisions().iter().map(|revision| applied.contains(revision.id())).collect();
        let mut covers = vec![0; chain.len()];
        for index in (0..chain.len()).filter(|&index| applied[index]) {
            for before in chain.before(index) {
                covers[before] += 1;
            }
        }
        let heads =
            (0..chain.len()).filter(|&index| applied[index] && covers[index] == 0).collect();
        Replay { chain, steps: self.steps.iter(), applied, covers, heads }
    }
}

impl<'a> Replay<'a> {
    /// The heads at this point, in storage order.
    pub fn heads(&self) -> impl Iterator<Item = &'a RevisionId> {
        let chain = self.chain;
        self.heads.iter().map(move |&index| chain.revisions()[index].id())
    }

    fn id(&self, index: usize) -> &'a RevisionId {
        self.chain.revisions()[index].id()
    }

    fn apply(&mut self, index: usize, change: &mut Change<'a>) {
        for before in self.chain.before(index) {
            self.covers[before] += 1;
            if self.heads.remove(&before) {
                change.lost.push(self.id(before));
            }
        }
        if self.covers[index] == 0 && self.heads.insert(index) {
            change.gained.push(self.id(index));
        }
    }

    fn undo(&mut self, index: usize, change: &mut Change<'a>) {
        if self.heads.remove(&index) {
            change.lost.push(self.id(index));
        }
        for before in self.chain.before(index) {
            self.covers[before] -= 1;
            if self.covers[before] == 0 && self.applied[before] && self.heads.insert(before) {
                change.gained.push(self.id(before));
            }
        }
    }
}

impl<'a> Iterator for Replay<'a> {
    type Item = Change<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.steps.next()?;
        let mut change = Change { step, gained: Vec::new(), lost: Vec::new() };
        // A plan for another chain, or one that was followed already, changes nothing.
        let Some(index) = self.chain.index(step.revision.as_str()) else { return Some(change) };
        let is_up = step.direction == Direction::Up;
        if std::mem::replace(&mut self.applied[index], is_up) != is_up {
            match step.direction {
                Direction::Up => self.apply(index, &mut change),
                Direction::Down => self.undo(index, &mut change),
            }
        }
        Some(change)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.steps.size_hint()
    }
}

impl ExactSizeIterator for Replay<'_> {}
