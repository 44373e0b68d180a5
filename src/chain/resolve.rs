//! What a target means in a chain and a database: the one place where names become revisions.
//!
//! Every command resolves here, so that an expression means the same everywhere. A *line* is a revision
//! with all its ancestors and descendants by parents; dependencies lead into other lines and belong
//! to no walk. Where several answers are possible it is an error that lists them.

use std::collections::HashSet;

use super::{Anchor, Chain, PlanError, Revision, RevisionId, Target};
use crate::diagnostic::suggest::nearest;

/// What is unique in three characters today is not tomorrow.
const SHORTEST_PREFIX: usize = 4;

/// The anchors that are no names.
const FIXED: [&str; 4] = ["head", "heads", "base", "current"];

/// A chain, and which of its revisions are applied.
pub(super) struct Resolver<'a> {
    pub(super) chain: &'a Chain,
    pub(super) applied: Vec<bool>,
    /// What is applied by name, so also what the chain does not know.
    names: Option<&'a HashSet<RevisionId>>,
}

/// What stands before `@`.
pub(super) struct Line<'t> {
    /// As the user wrote it.
    pub(super) name: &'t str,
    /// The revision that it names.
    pub(super) of: usize,
    /// That revision, its ancestors and its descendants, by parents.
    members: Vec<bool>,
}

impl Line<'_> {
    pub(super) fn contains(&self, index: usize) -> bool {
        self.members[index]
    }
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
    pub fn find(&self, name: &str) -> Result<&Revision, PlanError> {
        Resolver::unapplied(self).named(name, None).map(|index| &self.revisions()[index])
    }

    /// The revisions that a target means, in storage order; none is the base.
    ///
    /// `heads` and `current` can be several. What is relative counts from what is applied, as in
    /// [`Plan::up`](super::Plan::up).
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), cargo_migrate::chain::PlanError> {
    /// use std::collections::HashSet;
    ///
    /// use cargo_migrate::chain::Target;
    ///
    /// let heads = chain.select(&HashSet::new(), &Target::HEADS)?;
    /// # Ok(()) }
    /// ```
    pub fn select(
        &self,
        applied: &HashSet<RevisionId>,
        target: &Target,
    ) -> Result<Vec<&Revision>, PlanError> {
        let found = Resolver::new(self, applied).several(target)?;
        Ok(found.into_iter().map(|index| &self.revisions()[index]).collect())
    }

    /// The revisions that share a line with one that `name` stands for, as `name@…` means it.
    #[cfg(feature = "cli")]
    pub(crate) fn line(&self, name: &str) -> Result<Vec<&Revision>, PlanError> {
        let resolver = Resolver::unapplied(self);
        let members = resolver.members(resolver.named(name, None)?);
        Ok(self.revisions().iter().zip(members).filter_map(|(it, is)| is.then_some(it)).collect())
    }

    /// Where the database is on each line: applied revisions that no applied revision follows.
    ///
    /// Those that an applied revision depends on are among them, as ends of their own lines; without
    /// them they are the maximal applied revisions, which `current` means.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) {
    /// assert!(chain.ends(&std::collections::HashSet::new()).is_empty());
    /// # }
    /// ```
    pub fn ends(&self, applied: &HashSet<RevisionId>) -> Vec<&Revision> {
        let ends = Resolver::new(self, applied).ends();
        ends.into_iter().map(|index| &self.revisions()[index]).collect()
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn new(chain: &'a Chain, names: &'a HashSet<RevisionId>) -> Self {
        let applied =
            chain.revisions().iter().map(|revision| names.contains(revision.id())).collect();
        Self { chain, applied, names: Some(names) }
    }

    /// Over a database that has nothing applied.
    pub(super) fn unapplied(chain: &'a Chain) -> Self {
        Self { chain, applied: vec![false; chain.len()], names: None }
    }

    /// Over a database that has exactly these revisions and what comes before them applied.
    pub(super) fn assuming(chain: &'a Chain, tips: &[usize]) -> Self {
        let mut assumed = Self::unapplied(chain);
        assumed.applied = assumed.with_ancestors(tips);
        assumed
    }

    /// The one revision that a target means; `None` is the base.
    pub(super) fn one(&self, target: &Target) -> Result<Option<usize>, PlanError> {
        let line = self.line_of(target)?;
        let from = match (&target.anchor, target.offset) {
            (Anchor::Base, _) => None,
            (Anchor::Current, 1..) => self.current_to_climb(line.as_ref())?,
            (Anchor::Current, _) => self.current_to_leave(line.as_ref())?,
            // On the way up the line chooses among the children, wherever the way begins.
            (Anchor::Name(name), 1..) => Some(self.named(name, None)?),
            (Anchor::Name(name), _) => Some(self.named(name, line.as_ref())?),
            (Anchor::Head, _) => {
                let heads = self.heads_of(line.as_ref());
                self.only_head(line.as_ref(), &heads)?
            }
            (Anchor::Heads, _) => {
                let heads = self.every_head(line.as_ref());
                self.only_head(line.as_ref(), &heads)?
            }
        };
        self.walk(from, target, line.as_ref())
    }

    /// All revisions that a target means, in storage order; none is the base.
    pub(super) fn several(&self, target: &Target) -> Result<Vec<usize>, PlanError> {
        let line = self.line_of(target)?;
        match (&target.anchor, target.offset) {
            (Anchor::Heads, 0) => Ok(self.every_head(line.as_ref())),
            (Anchor::Current, 0) => Ok(self.currents(line.as_ref())),
            // An empty chain has no head, and nothing to do.
            (Anchor::Head, 0) if self.chain.is_empty() => Ok(Vec::new()),
            _ => match self.one(target)? {
                // Only a way down can lead to the base from a revision.
                None if target.offset < 0 && target.anchor != Anchor::Current => {
                    let steps = target.offset.unsigned_abs() - 1;
                    Err(PlanError::TooFar {
                        target: target.to_string(),
                        possible: usize::try_from(steps).unwrap_or(usize::MAX),
                    })
                }
                found => Ok(found.into_iter().collect()),
            },
        }
    }

    /// Several revisions that are meant together must not come after one another.
    pub(super) fn refuse_comparable<I: Iterator<Item = usize>>(
        &self,
        goals: &[usize],
        before: impl Fn(usize) -> I + Copy,
    ) -> Result<(), PlanError> {
        if goals.len() < 2 {
            return Ok(());
        }
        let above: Vec<usize> = goals.iter().flat_map(|&goal| before(goal)).collect();
        let above = reach(self.chain.len(), &above, before);
        let Some(&earlier) = goals.iter().find(|&&goal| above[goal]) else { return Ok(()) };
        let comes_after = |goal: &&usize| {
            **goal != earlier && reach(self.chain.len(), &[**goal], before)[earlier]
        };
        let later = *goals.iter().find(comes_after).unwrap_or(&earlier);
        Err(PlanError::Comparable { earlier: self.id(earlier), later: self.id(later) })
    }

    /// The line that a target is restricted to.
    pub(super) fn line_of<'t>(&self, target: &'t Target) -> Result<Option<Line<'t>>, PlanError> {
        let Some(name) = target.branch.as_deref() else { return Ok(None) };
        let of = self.named(name, None)?;
        Ok(Some(Line { name, of, members: self.members(of) }))
    }

    /// A revision by id, label or prefix; a line decides between several that begin alike.
    pub(super) fn named(&self, name: &str, line: Option<&Line<'_>>) -> Result<usize, PlanError> {
        let exact = self.chain.index(name).or_else(|| self.chain.labelled(name));
        let found = exact.map_or_else(|| self.abbreviated(name, line), Ok)?;
        match line {
            Some(line) if !line.contains(found) => {
                Err(PlanError::OtherLine { branch: line.name.to_owned(), revision: self.id(found) })
            }
            _ => Ok(found),
        }
    }

    fn abbreviated(&self, prefix: &str, line: Option<&Line<'_>>) -> Result<usize, PlanError> {
        let names = || {
            self.chain.revisions().iter().enumerate().flat_map(|(index, revision)| {
                std::iter::once(revision.id().as_str())
                    .chain(revision.labels().iter().map(AsRef::as_ref))
                    .map(move |name| (index, name))
            })
        };
        let mut matches: Vec<(usize, &str)> = Vec::new();
        if prefix.len() >= SHORTEST_PREFIX {
            matches.extend(names().filter(|(_, full)| full.starts_with(prefix)));
        }
        if let Some(line) = line
            && matches.iter().any(|&(index, _)| line.contains(index))
        {
            matches.retain(|&(index, _)| line.contains(index));
        }
        match matches[..] {
            [(index, _)] => Ok(index),
            [] => Err(PlanError::Unknown {
                name: prefix.to_owned(),
                suggestion: suggestion(prefix, names().map(|(_, full)| full)).map(str::to_owned),
                in_database: self.names.is_some_and(|names| names.contains(prefix)),
            }),
            _ => Err(PlanError::Ambiguous {
                prefix: prefix.to_owned(),
                candidates: matches.iter().map(|(_, full)| (*full).to_owned()).collect(),
            }),
        }
    }

    /// The maximal applied revisions.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        (0..self.chain.len())
            .filter(|&index| self.applied[index])
            .filter(|&index| !self.chain.after(index).any(|next| self.applied[next]))
    }

    /// These revisions and all that comes before them.
    pub(super) fn with_ancestors(&self, tips: &[usize]) -> Vec<bool> {
        reach(self.chain.len(), tips, |index| self.chain.before(index))
    }

    /// These revisions and their ancestors by parents alone.
    pub(super) fn with_parents(&self, tips: &[usize]) -> Vec<bool> {
        reach(self.chain.len(), tips, |index| self.chain.revisions()[index].parents.iter().copied())
    }

    /// These revisions and their descendants by parents alone.
    pub(super) fn with_children(&self, roots: &[usize]) -> Vec<bool> {
        reach(self.chain.len(), roots, |index| self.chain.child_indices(index).iter().copied())
    }

    /// These revisions and all that follows them or depends on them.
    pub(super) fn with_descendants(&self, roots: &[usize]) -> Vec<bool> {
        reach(self.chain.len(), roots, |index| self.chain.after(index))
    }

    /// What comes before these revisions, and what comes after them; they themselves are in both.
    pub(super) fn around(&self, these: &[usize]) -> (Vec<bool>, Vec<bool>) {
        (self.with_ancestors(these), self.with_descendants(these))
    }

    /// The revisions without parents.
    pub(super) fn bases(&self) -> Vec<usize> {
        (0..self.chain.len())
            .filter(|&index| self.chain.revisions()[index].parents.is_empty())
            .collect()
    }

    pub(super) fn id(&self, index: usize) -> RevisionId {
        self.chain.revisions()[index].id().clone()
    }

    pub(super) fn ids(&self, indices: &[usize]) -> Vec<RevisionId> {
        indices.iter().map(|&index| self.id(index)).collect()
    }

    fn members(&self, of: usize) -> Vec<bool> {
        let mut members = self.with_parents(&[of]);
        let below = self.with_children(&[of]);
        members.iter_mut().zip(below).for_each(|(member, below)| *member |= below);
        members
    }

    fn heads_of(&self, line: Option<&Line<'_>>) -> Vec<usize> {
        let in_line = |index: &usize| line.is_none_or(|line| line.contains(*index));
        self.chain.head_indices().filter(in_line).collect()
    }

    /// What `heads` means: of the whole chain, what one must apply to have everything; of a line,
    /// its ends.
    fn every_head(&self, line: Option<&Line<'_>>) -> Vec<usize> {
        match line {
            None => self.chain.tips().collect(),
            Some(_) => self.heads_of(line),
        }
    }

    fn only_head(
        &self,
        line: Option<&Line<'_>>,
        heads: &[usize],
    ) -> Result<Option<usize>, PlanError> {
        match heads {
            [] => Ok(None),
            &[head] => Ok(Some(head)),
            _ => Err(PlanError::SeveralHeads {
                branch: line.map(|line| line.name.to_owned()),
                heads: self.ids(heads),
            }),
        }
    }

    fn currents(&self, line: Option<&Line<'_>>) -> Vec<usize> {
        let Some(line) = line else { return self.rows().collect() };
        let rows: Vec<usize> = self.rows().filter(|&row| line.contains(row)).collect();
        if !rows.is_empty() {
            return rows;
        }
        // What another branch depends on is the end of its own line all the same.
        let mut ends = self.ends();
        ends.retain(|&end| line.contains(end));
        ends
    }

    fn ends(&self) -> Vec<usize> {
        let is_followed =
            |index: usize| self.chain.child_indices(index).iter().any(|&child| self.applied[child]);
        (0..self.chain.len()).filter(|&index| self.applied[index] && !is_followed(index)).collect()
    }

    /// Where `-N` begins.
    fn current_to_leave(&self, line: Option<&Line<'_>>) -> Result<Option<usize>, PlanError> {
        let currents = self.currents(line);
        match (&currents[..], line) {
            (&[current], _) => Ok(Some(current)),
            ([], None) => Ok(None),
            ([], Some(line)) => Err(PlanError::NothingOfLine { branch: line.name.to_owned() }),
            _ => Err(self.several_current(line, &currents)),
        }
    }

    /// Where `+N` begins: the database may have come only to where the line branches off.
    fn current_to_climb(&self, line: Option<&Line<'_>>) -> Result<Option<usize>, PlanError> {
        let mut from: Vec<usize> =
            self.rows().filter(|&row| line.is_none_or(|line| line.contains(row))).collect();
        if let (Some(line), true) = (line, from.is_empty()) {
            let reached = |index: usize| self.applied[index] && line.contains(index);
            from = (0..self.chain.len())
                .filter(|&index| reached(index))
                .filter(|&index| !self.chain.after(index).any(reached))
                .collect();
        }
        match from[..] {
            [] => Ok(None),
            [from] => Ok(Some(from)),
            _ => Err(self.several_current(line, &from)),
        }
    }

    fn several_current(&self, line: Option<&Line<'_>>, current: &[usize]) -> PlanError {
        PlanError::SeveralCurrent {
            branch: line.map(|line| line.name.to_owned()),
            current: self.ids(current),
        }
    }

    /// `offset` steps along parents or children; `None` is the base.
    fn walk(
        &self,
        from: Option<usize>,
        target: &Target,
        line: Option<&Line<'_>>,
    ) -> Result<Option<usize>, PlanError> {
        let mut at = from;
        for possible in 0..target.offset.unsigned_abs() {
            let too_far = || PlanError::TooFar {
                target: target.to_string(),
                possible: usize::try_from(possible).unwrap_or(usize::MAX),
            };
            let mut ways: Vec<usize> = match at {
                Some(index) if target.offset > 0 => self.chain.child_indices(index).to_vec(),
                Some(index) => self.chain.revisions()[index].parents.clone(),
                None if target.offset > 0 => self.bases(),
                None => return Err(too_far()),
            };
            if let (Some(line), true) = (line, target.offset > 0) {
                ways.retain(|&way| line.contains(way));
            }
            at = match ways[..] {
                [way] => Some(way),
                // The last step down from a base leads to before every revision.
                [] if target.offset < 0 => None,
                [] => return Err(too_far()),
                _ => {
                    return Err(PlanError::SeveralWays {
                        at: at.map(|index| self.id(index)),
                        candidates: self.ids(&ways),
                    });
                }
            };
        }
        Ok(at)
    }
}

/// Marks `starts` and everything that can be reached from them.
fn reach<I: Iterator<Item = usize>>(
    len: usize,
    starts: &[usize],
    next: impl Fn(usize) -> I,
) -> Vec<bool> {
    let mut marked = vec![false; len];
    let mut stack = Vec::new();
    for &start in starts {
        if !std::mem::replace(&mut marked[start], true) {
            stack.push(start);
        }
    }
    while let Some(node) = stack.pop() {
        for other in next(node) {
            if !std::mem::replace(&mut marked[other], true) {
                stack.push(other);
            }
        }
    }
    marked
}

/// The name, or fixed word, that was meant, if only its beginning may have been written, too.
fn suggestion<'c>(word: &str, names: impl Iterator<Item = &'c str> + Clone) -> Option<&'c str> {
    let whole = nearest(word, names.clone().chain(FIXED));
    whole.or_else(|| {
        let beginning =
            |name: &'c str| name.get(..word.len()).filter(|_| word.len() >= SHORTEST_PREFIX);
        let near = nearest(word, names.clone().filter_map(beginning))?;
        names.clone().find(|name| name.starts_with(near))
    })
}
