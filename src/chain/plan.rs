//! From a target to the ordered steps that lead there.
//!
//! Planning is a pure function of the chain, the applied revisions and the target. It costs
//! O(V+E), and since a chain stores its revisions in a fixed order that parents come first in, a
//! plan is the same everywhere.

use std::collections::HashSet;
use std::fmt;

use super::graph::reachable;
use super::{Anchor, Chain, RevisionId, Target, listed};
use crate::diagnostic::suggest::nearest;

/// Which way a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Apply.
    Up,
    /// Undo.
    Down,
}

impl Direction {
    /// The word in section markers and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One revision to apply or to undo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Which way.
    pub direction: Direction,
    /// Which revision.
    pub revision: RevisionId,
}

/// The ordered steps from the applied revisions to a target; empty if it is reached already.
///
/// Parents come before children on the way up, children before parents on the way down.
///
/// A plan is data: it can be printed, compared and executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Which way all steps go.
    pub direction: Direction,
    /// The steps, in the order in which they run.
    pub steps: Vec<Step>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing in the chain has this name.
    Unknown {
        /// The name as given.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
        /// Whether the database has such a revision applied, so that only the files lack it.
        in_database: bool,
    },
    /// A prefix that several ids or labels begin with.
    Ambiguous {
        /// The prefix as given.
        prefix: String,
        /// What begins with it.
        candidates: Vec<String>,
    },
    /// One head is asked for, and there are several.
    SeveralHeads(Vec<RevisionId>),
    /// A relative target, and the database is at several revisions.
    SeveralCurrent(Vec<RevisionId>),
    /// A relative target comes to a place where several ways go on.
    SeveralWays {
        /// Where the way forks; `None` at the base.
        at: Option<RevisionId>,
        /// The revisions that could come next.
        candidates: Vec<RevisionId>,
    },
    /// A relative target leads past the base or past a head.
    TooFar {
        /// The target as written.
        target: String,
        /// How many steps there are.
        possible: usize,
    },
    /// `down` is asked to leave a revision applied that is not.
    NotApplied(RevisionId),
    /// The target makes no sense in this direction.
    WrongDirection {
        /// The target as written.
        target: String,
        /// The direction of the command.
        direction: Direction,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, suggestion, in_database } => {
                write!(f, "no revision or branch label is called `{name}`")?;
                if *in_database {
                    f.write_str(" in the files, though the database has it applied")?;
                }
                if name.len() < 4 {
                    f.write_str("; a prefix must have four or more characters")?;
                }
                match suggestion {
                    Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
                    None => Ok(()),
                }
            }
            Self::Ambiguous { prefix, candidates } => {
                write!(f, "`{prefix}` could be any of {}", listed(candidates))
            }
            Self::SeveralHeads(heads) => write!(
                f,
                "the chain has several heads: {}; name one of them, or say `heads`",
                listed(heads)
            ),
            Self::SeveralCurrent(current) => write!(
                f,
                "the database is at several revisions: {}; name the revision to go to",
                listed(current)
            ),
            Self::SeveralWays { at, candidates } => {
                match at {
                    Some(at) => write!(f, "several ways go on from `{at}`: ")?,
                    None => f.write_str("several revisions come first: ")?,
                }
                write!(f, "{}; name the revision to go to", listed(candidates))
            }
            Self::TooFar { target, possible } => write!(
                f,
                "`{target}` leads past the end of the chain: {possible} {} possible",
                if *possible == 1 { "step is" } else { "steps are" }
            ),
            Self::NotApplied(id) => {
                write!(f, "revision `{id}` is not applied, so nothing can be undone down to it")
            }
            Self::WrongDirection { target, direction } => {
                write!(f, "`{target}` is no target for `{direction}`")
            }
        }
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// The way up from `applied` to `target`: every ancestor of it that is not applied yet.
    pub fn up(
        chain: &Chain,
        applied: &HashSet<RevisionId>,
        target: &Target,
    ) -> Result<Self, PlanError> {
        let planner = Planner::new(chain, applied);
        let goals: Vec<usize> = match (&target.anchor, target.offset) {
            (Anchor::Heads, 0) => chain.head_indices().collect(),
            (Anchor::Current, 0) => Vec::new(),
            (Anchor::Base, 0) | (Anchor::Current, ..0) => {
                return Err(PlanError::WrongDirection {
                    target: target.to_string(),
                    direction: Direction::Up,
                });
            }
            // An empty chain has no head, and nothing to do.
            (Anchor::Head, 0) if chain.is_empty() => Vec::new(),
            _ => planner.resolve(target)?.into_iter().collect(),
        };
        let mut wanted = vec![false; chain.len()];
        let mut stack: Vec<usize> = goals;
        while let Some(index) = stack.pop() {
            if !wanted[index] && !planner.applied[index] {
                wanted[index] = true;
                stack.extend(chain.before(index));
            }
        }
        let steps = (0..chain.len()).filter(|&index| wanted[index]);
        Ok(Self::new(chain, Direction::Up, steps))
    }

    /// The way down from `applied` to `target`, which itself stays applied: everything applied
    /// that comes after it, in every branch.
    ///
    /// Revisions that are applied but unknown to the chain are no part of the plan; the caller
    /// decides what becomes of them.
    pub fn down(
        chain: &Chain,
        applied: &HashSet<RevisionId>,
        target: &Target,
    ) -> Result<Self, PlanError> {
        let planner = Planner::new(chain, applied);
        let undone = match (&target.anchor, target.offset) {
            (Anchor::Base, 0) => planner.applied.clone(),
            (Anchor::Current, 0) => vec![false; chain.len()],
            (Anchor::Heads, _) | (Anchor::Current, 1..) => {
                return Err(PlanError::WrongDirection {
                    target: target.to_string(),
                    direction: Direction::Down,
                });
            }
            // What is walked over is undone, and no branch that hangs beside it.
            (Anchor::Current, steps) => {
                planner.resolve(target)?;
                let last = Target { anchor: Anchor::Current, offset: steps + 1 };
                match planner.resolve(&last)? {
                    None => vec![false; chain.len()],
                    Some(last) => {
                        let mut undone = planner.applied_after(last);
                        undone[last] = true;
                        undone
                    }
                }
            }
            _ => match planner.resolve(target)? {
                None => planner.applied.clone(),
                Some(goal) if !planner.applied[goal] => {
                    return Err(PlanError::NotApplied(chain.revisions()[goal].id().clone()));
                }
                Some(goal) => planner.applied_after(goal),
            },
        };
        let steps = (0..chain.len()).rev().filter(|&index| undone[index]);
        Ok(Self::new(chain, Direction::Down, steps))
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn new(chain: &Chain, direction: Direction, steps: impl Iterator<Item = usize>) -> Self {
        let steps = steps
            .map(|index| Step { direction, revision: chain.revisions()[index].id().clone() })
            .collect();
        Self { direction, steps }
    }
}

#[cfg(any(feature = "runtime", test))]
/// The maximal applied revisions: those that no other applied revision follows or depends on.
pub(crate) fn current_heads(chain: &Chain, applied: &HashSet<RevisionId>) -> Vec<RevisionId> {
    let planner = Planner::new(chain, applied);
    planner.heads().map(|index| chain.revisions()[index].id().clone()).collect()
}

impl Chain {
    /// The revision that a name stands for: an id, a branch label, or a unique prefix of four or
    /// more characters of either.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), cargo_migrate::chain::PlanError> {
    /// let revision = chain.find("ae10")?;
    /// # Ok(()) }
    /// ```
    pub fn find(&self, name: &str) -> Result<&super::Revision, PlanError> {
        self.find_index(name).map(|index| &self.revisions()[index])
    }

    fn find_index(&self, name: &str) -> Result<usize, PlanError> {
        if let Some(index) = self.index(name).or_else(|| self.labelled(name)) {
            return Ok(index);
        }
        let names = || {
            self.revisions().iter().enumerate().flat_map(|(index, revision)| {
                std::iter::once(revision.id().as_str())
                    .chain(revision.labels().iter().map(AsRef::as_ref))
                    .map(move |name| (index, name))
            })
        };
        let matches: Vec<(usize, &str)> = if name.len() < 4 {
            Vec::new()
        } else {
            names().filter(|(_, full)| full.starts_with(name)).collect()
        };
        match matches[..] {
            [(index, _), ref rest @ ..] if rest.iter().all(|&(other, _)| other == index) => {
                Ok(index)
            }
            [] => Err(PlanError::Unknown {
                name: name.to_owned(),
                suggestion: nearest(name, names().map(|(_, full)| full)).map(str::to_owned),
                in_database: false,
            }),
            _ => Err(PlanError::Ambiguous {
                prefix: name.to_owned(),
                candidates: matches.iter().map(|(_, full)| (*full).to_owned()).collect(),
            }),
        }
    }
}

struct Planner<'a> {
    chain: &'a Chain,
    names: &'a HashSet<RevisionId>,
    applied: Vec<bool>,
}

impl<'a> Planner<'a> {
    fn new(chain: &'a Chain, names: &'a HashSet<RevisionId>) -> Self {
        let applied =
            chain.revisions().iter().map(|revision| names.contains(revision.id())).collect();
        Self { chain, names, applied }
    }

    fn heads(&self) -> impl Iterator<Item = usize> {
        (0..self.chain.len())
            .filter(|&index| self.applied[index])
            .filter(|&index| !self.chain.after(index).any(|next| self.applied[next]))
    }

    fn applied_after(&self, goal: usize) -> Vec<bool> {
        let mut edges = vec![Vec::new(); self.chain.len()];
        for index in (0..self.chain.len()).filter(|&index| self.applied[index]) {
            edges[index] = self.chain.after(index).filter(|&next| self.applied[next]).collect();
        }
        let mut after = reachable(&edges, [goal]);
        after[goal] = false;
        after
    }

    /// The one revision that a target means; `None` is the base.
    fn resolve(&self, target: &Target) -> Result<Option<usize>, PlanError> {
        let from = match &target.anchor {
            Anchor::Base => None,
            Anchor::Head => {
                let heads: Vec<usize> = self.chain.head_indices().collect();
                match heads[..] {
                    [] => None,
                    [head] => Some(head),
                    _ => return Err(PlanError::SeveralHeads(self.ids(&heads))),
                }
            }
            Anchor::Heads => {
                return Err(PlanError::SeveralHeads(
                    self.ids(&self.chain.head_indices().collect::<Vec<_>>()),
                ));
            }
            Anchor::Current => {
                let heads: Vec<usize> = self.heads().collect();
                match heads[..] {
                    [] => None,
                    [head] => Some(head),
                    _ => return Err(PlanError::SeveralCurrent(self.ids(&heads))),
                }
            }
            Anchor::Name(name) => Some(self.find(name)?),
        };
        self.walk(from, target)
    }

    fn find(&self, name: &str) -> Result<usize, PlanError> {
        self.chain.find_index(name).map_err(|error| match error {
            PlanError::Unknown { name, suggestion, .. } => {
                let in_database = self.names.contains(name.as_str());
                PlanError::Unknown { name, suggestion, in_database }
            }
            other => other,
        })
    }

    fn walk(&self, from: Option<usize>, target: &Target) -> Result<Option<usize>, PlanError> {
        let mut at = from;
        for possible in 0..target.offset.unsigned_abs() {
            let too_far = || PlanError::TooFar {
                target: target.to_string(),
                possible: usize::try_from(possible).unwrap_or(usize::MAX),
            };
            let ways: Vec<usize> = match at {
                Some(index) if target.offset > 0 => self.chain.child_indices(index).to_vec(),
                Some(index) => self.chain.revisions()[index].parents.clone(),
                None if target.offset > 0 => (0..self.chain.len())
                    .filter(|&index| self.chain.revisions()[index].parents.is_empty())
                    .collect(),
                None => return Err(too_far()),
            };
            at = match ways[..] {
                [way] => Some(way),
                // The last step down from a base leads to before every revision.
                [] if target.offset < 0 => None,
                [] => return Err(too_far()),
                _ => {
                    return Err(PlanError::SeveralWays {
                        at: at.map(|index| self.chain.revisions()[index].id().clone()),
                        candidates: self.ids(&ways),
                    });
                }
            };
        }
        Ok(at)
    }

    fn ids(&self, indices: &[usize]) -> Vec<RevisionId> {
        indices.iter().map(|&index| self.chain.revisions()[index].id().clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::{chain_of, chains};
    use proptest::prelude::*;

    fn ids(plan: &Plan) -> Vec<&str> {
        plan.steps.iter().map(|step| step.revision.as_str()).collect()
    }

    fn set(names: &[&str]) -> HashSet<RevisionId> {
        names.iter().map(|name| RevisionId::new((*name).to_owned()).unwrap()).collect()
    }

    fn up(chain: &Chain, applied: &[&str], target: &str) -> String {
        match Plan::up(chain, &set(applied), &target.parse().unwrap()) {
            Ok(plan) => ids(&plan).join(" "),
            Err(error) => format!("error: {error}"),
        }
    }

    fn down(chain: &Chain, applied: &[&str], target: &str) -> String {
        match Plan::down(chain, &set(applied), &target.parse().unwrap()) {
            Ok(plan) => ids(&plan).join(" "),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn targets_on_a_line() {
        let chain = chain_of(&[
            ("aaaa1", &[], &[]),
            ("bbbb1", &["aaaa1"], &[]),
            ("cccc1", &["bbbb1"], &[]),
        ]);
        assert_eq!(up(&chain, &[], "head"), "aaaa1 bbbb1 cccc1");
        assert_eq!(up(&chain, &["aaaa1"], "+1"), "bbbb1");
        assert_eq!(up(&chain, &[], "+2"), "aaaa1 bbbb1");
        assert_eq!(up(&chain, &[], "bbbb"), "aaaa1 bbbb1");
        assert_eq!(up(&chain, &[], "head-1"), "aaaa1 bbbb1");
        assert_eq!(up(&chain, &["aaaa1", "bbbb1", "cccc1"], "head"), "");
        assert!(up(&chain, &["aaaa1"], "+3").starts_with("error: `+3` leads past the end"));
        assert!(up(&chain, &[], "bbb").contains("four or more"));
        assert!(up(&chain, &[], "bbbb2").contains("did you mean `bbbb1`?"));
        let all = ["aaaa1", "bbbb1", "cccc1"];
        assert_eq!(down(&chain, &all, "base"), "cccc1 bbbb1 aaaa1");
        assert_eq!(down(&chain, &all, "-1"), "cccc1");
        assert_eq!(down(&chain, &all, "-3"), "cccc1 bbbb1 aaaa1");
        assert!(down(&chain, &all, "-4").starts_with("error: `-4` leads past"));
        assert_eq!(down(&chain, &all, "aaaa1"), "cccc1 bbbb1");
        assert!(down(&chain, &["aaaa1"], "bbbb1").contains("is not applied"));
    }

    #[test]
    fn branches_dependencies_and_merges() {
        let chain = chain_of(&[
            ("root", &[], &[]),
            ("left", &["root"], &[]),
            ("right", &["root"], &["left"]),
            ("merge", &["left", "right"], &[]),
        ]);
        assert_eq!(up(&chain, &[], "right"), "root left right");
        assert_eq!(up(&chain, &["root"], "heads"), "left right merge");
        assert!(up(&chain, &["root"], "+1").contains("several ways go on from `root`"));
        let all = ["root", "left", "right", "merge"];
        assert_eq!(down(&chain, &all, "left"), "merge right");
        assert!(down(&chain, &all, "-1").contains("several ways"), "a merge has two parents");
        assert_eq!(down(&chain, &["root", "left"], "-1"), "left");
        // `left` is what `right` depends on: it was there before, and stays.
        assert_eq!(down(&chain, &["root", "left", "right"], "-1"), "right");
    }

    proptest! {
        #[test]
        fn every_plan_respects_the_order_and_down_undoes_up(chain in chains(), pick in any::<prop::sample::Index>()) {
            let none = HashSet::new();
            let goal = chain.revisions()[pick.index(chain.len())].id().clone();
            let target: Target = goal.as_str().parse().unwrap();
            let plan = Plan::up(&chain, &none, &target).unwrap();
            let mut applied = HashSet::new();
            for step in &plan.steps {
                let index = chain.index(step.revision.as_str()).unwrap();
                for before in chain.before(index) {
                    prop_assert!(applied.contains(chain.revisions()[before].id()));
                }
                applied.insert(step.revision.clone());
            }
            prop_assert_eq!(plan.steps.last().map(|step| &step.revision), Some(&goal));
            prop_assert_eq!(current_heads(&chain, &applied), vec![goal]);
            prop_assert!(Plan::up(&chain, &applied, &target).unwrap().is_empty());

            let back = Plan::down(&chain, &applied, &Target::BASE).unwrap();
            for step in &back.steps {
                let index = chain.index(step.revision.as_str()).unwrap();
                prop_assert!(!chain.after(index).any(|next| applied.contains(chain.revisions()[next].id())));
                prop_assert!(applied.remove(&step.revision));
            }
            prop_assert!(applied.is_empty());
        }

        #[test]
        fn an_interrupted_run_goes_on_where_it_stopped(chain in chains(), stop in any::<prop::sample::Index>()) {
            let whole = Plan::up(&chain, &HashSet::new(), &Target::HEADS).unwrap();
            let done = stop.index(whole.steps.len() + 1);
            let applied = whole.steps[..done].iter().map(|step| step.revision.clone()).collect();
            let rest = Plan::up(&chain, &applied, &Target::HEADS).unwrap();
            prop_assert_eq!(&whole.steps[done..], &rest.steps[..]);
        }
    }
}
