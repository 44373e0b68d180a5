//! Stamping: what the database is said to have, without running anything.
//!
//! A target speaks for its own line alone, dependencies included: what shares none of it stays as it is.

use std::collections::HashSet;

use super::PlanError;
use crate::chain::resolve::Resolver;
use crate::chain::{Anchor, Chain, RevisionId, Target};

/// What a stamp records and what it forgets, each in storage order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Revisions that are to be recorded as applied.
    pub add: Vec<RevisionId>,
    /// Revisions whose records are to go.
    pub remove: Vec<RevisionId>,
}

impl Stamp {
    /// From `applied` to a database that has just the targets and their ancestors on their lines.
    ///
    /// `base` forgets everything, `B@base` what is on the line of B. Comparable targets, the same one twice
    /// and the base among others are refused: the later one says all that the earlier one does.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::collections::HashSet;
    ///
    /// use cargo_migrate::chain::{Stamp, Target};
    ///
    /// let stamp = Stamp::new(chain, &HashSet::new(), &[Target::HEADS])?;
    /// assert_eq!(stamp.add.len(), chain.len());
    /// # Ok(()) }
    /// ```
    pub fn new(
        chain: &Chain,
        applied: &HashSet<RevisionId>,
        targets: &[Target],
    ) -> Result<Self, PlanError> {
        let resolver = Resolver::new(chain, applied);
        let rows: Vec<usize> = resolver.rows().collect();
        let mut goals = Vec::new();
        // What the targets speak for: the rows that come before or after it give way.
        let mut speakers = Vec::new();
        for target in targets {
            // The base comes before everything, so it is comparable to whatever stands beside it.
            if targets.len() > 1 && target.anchor == Anchor::Base && target.offset == 0 {
                return Err(PlanError::NoRevision { target: target.to_string() });
            }
            let found = resolver.several(target)?;
            let line = resolver.line_of(target)?;
            speakers.extend(&found);
            match line {
                None if !found.is_empty() => {}
                None if target.anchor == Anchor::Current && target.offset == 0 => {}
                None => speakers.extend(resolver.bases()),
                // `B@X` moves the line of B to X, where X replaces anything at all.
                Some(line) => {
                    let moving: Vec<usize> =
                        found.iter().copied().filter(|goal| !rows.contains(goal)).collect();
                    let (before, after) = resolver.around(&moving);
                    if found.is_empty() || rows.iter().any(|&row| before[row] || after[row]) {
                        speakers.push(line.of);
                    }
                }
            }
            for goal in found {
                if goals.contains(&goal) {
                    return Err(PlanError::Repeated(resolver.id(goal)));
                }
                goals.push(goal);
            }
        }
        resolver.refuse_comparable(&goals, |index| chain.before(index))?;
        let (before, after) = resolver.around(&speakers);
        goals.extend(rows.iter().filter(|&&row| !before[row] && !after[row]));
        let recorded = resolver.with_ancestors(&goals);
        let ids = |wanted: fn(bool, bool) -> bool| {
            (0..chain.len())
                .filter(|&index| wanted(resolver.applied[index], recorded[index]))
                .map(|index| resolver.id(index))
                .collect()
        };
        Ok(Self { add: ids(|was, is| !was && is), remove: ids(|was, is| was && !is) })
    }
}
