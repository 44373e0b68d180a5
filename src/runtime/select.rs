//! Which revisions run, given the target and the recorded state.
//!
//! Here history and chain are held against each other: edited, re-parented, unknown and
//! half-finished revisions are found before anything runs. Pure; the SQL comes later (`job`).

use std::collections::HashSet;

use super::error::{Error, ErrorKind};
use super::operations::RustRevision;
use super::options::{NewerDatabase, Options};
use super::refuse::{refuse_differences, refuse_gaps, refuse_wrong_digests, unfinished};
use super::state::{RowStatus, State};
use crate::chain::baked::Settings;
use crate::chain::{Chain, Direction, Plan, Revision, RevisionId, Target, listed};
use crate::dialect::Variant;

/// What is asked for.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) settings: &'a Settings,
    pub(crate) variant: &'a Variant,
    pub(crate) variant_index: usize,
    pub(crate) direction: Direction,
    pub(crate) target: Target,
    /// Just these revisions, wherever the target leads.
    pub(crate) only: Option<&'a HashSet<RevisionId>>,
    pub(crate) options: &'a Options,
    /// The code of the chain's revisions in Rust.
    pub(crate) rust: &'static [RustRevision],
}

/// The steps, before their SQL is known.
pub(crate) enum Selection {
    /// These revisions, in this order.
    Steps { steps: Vec<RevisionId>, warnings: Vec<String> },
    /// A statement outside a transaction is being run by someone, or its process was killed.
    Busy { revision: RevisionId },
}

/// Which revisions run.
///
/// With `goal`, the run has begun and committed something: only what is left of the goal runs, and
/// only if the rest of the database still allows it.
pub(crate) fn select(
    request: &Request<'_>,
    state: &State,
    goal: Option<&HashSet<RevisionId>>,
) -> Result<Selection, Error> {
    if let Some(row) = state.unfinished().find(|row| row.statement_started.is_some()) {
        return Ok(Selection::Busy { revision: row.id.clone() });
    }
    let goal = goal.or(request.only);
    let mut warnings = state.unproven(request.chain, request.variant_index);
    let steps = match request.direction {
        Direction::Up => select_up(request, state, goal, &mut warnings)?,
        Direction::Down => select_down(request, state, goal)?,
    };
    // What is done in part comes first in people's minds: it must be finished or be no obstacle.
    if let Some(row) = state.unfinished().find(|row| !steps.contains(&row.id)) {
        return Err(unfinished(request, row));
    }
    Ok(Selection::Steps { steps, warnings })
}

fn select_up(
    request: &Request<'_>,
    state: &State,
    goal: Option<&HashSet<RevisionId>>,
    warnings: &mut Vec<String>,
) -> Result<Vec<RevisionId>, Error> {
    let chain = request.chain;
    if let Some(row) = state.unfinished().find(|row| row.status == RowStatus::Reverting) {
        return Err(unfinished(request, row));
    }
    refuse_differences(request, state, chain.revisions())?;
    refuse_wrong_digests(request, state)?;
    let applied = state.applied();
    refuse_gaps(chain, &applied, |_| true)?;
    let steps: Vec<RevisionId> = match goal {
        None => {
            let plan = Plan::up(chain, &applied, &request.target)?;
            plan.steps.into_iter().map(|step| step.revision).collect()
        }
        Some(goal) => rest(
            (0..chain.len()).filter(|&index| {
                let id = chain.revisions()[index].id();
                goal.contains(id) && !applied.contains(id)
            }),
            chain,
            |done, index| {
                chain.before(index).all(|other| {
                    done.contains(&other) || applied.contains(chain.revisions()[other].id())
                })
            },
        )?,
    };
    let unknown: Vec<&RevisionId> = state.unknown(chain).map(|row| &row.id).collect();
    if unknown.is_empty() {
        return Ok(steps);
    }
    let missing: Vec<&RevisionId> =
        chain.revisions().iter().map(Revision::id).filter(|id| !applied.contains(*id)).collect();
    if !steps.is_empty() {
        return Err(Error::new(
            ErrorKind::Unknown,
            format!(
                "the database has {} that this program does not know, and lacks {} that it has",
                counted(&unknown),
                counted(&missing)
            ),
        )
        .note(format!("only in the database: {}", listed_some(&unknown)))
        .note(format!("only in this program: {}", listed_some(&missing)))
        .note("neither side is newer: they come from different branches, or files were removed")
        .help("build the program from sources that hold both lines, joined by a merge")
        .help(
            "or undo the unknown ones with `down` first: their scripts are stored in the database",
        ));
    }
    let how = if missing.is_empty() { "is newer than" } else { "has diverged from" };
    let text = format!(
        "the database {how} this program: it has {} that this program does not know ({})",
        counted(&unknown),
        listed_some(&unknown)
    );
    match request.options.newer {
        NewerDatabase::Warn => {
            warnings.push(text);
            Ok(steps)
        }
        NewerDatabase::Refuse => Err(Error::new(ErrorKind::Unknown, text)
            .help("start a version of the program that knows them")
            .help("or undo them with `down`: their scripts are stored in the database")),
    }
}

fn select_down(
    request: &Request<'_>,
    state: &State,
    goal: Option<&HashSet<RevisionId>>,
) -> Result<Vec<RevisionId>, Error> {
    if let Some(row) = state.unfinished().find(|row| row.status == RowStatus::Applying) {
        return Err(unfinished(request, row));
    }
    let chain = state.extended(request.chain);
    let applied = state.applied();
    let steps: Vec<RevisionId> = match goal {
        None => {
            let plan = Plan::down(&chain, &applied, &request.target)?;
            plan.steps.into_iter().map(|step| step.revision).collect()
        }
        Some(goal) => rest(
            (0..chain.len()).rev().filter(|&index| {
                let id = chain.revisions()[index].id();
                goal.contains(id) && applied.contains(id)
            }),
            &chain,
            |done, index| {
                chain.after(index).all(|other| {
                    done.contains(&other) || !applied.contains(chain.revisions()[other].id())
                })
            },
        )?,
    };
    if request.options.edited_down.is_none() {
        let undone = steps.iter().filter_map(|id| request.chain.get(id.as_str()));
        refuse_differences(request, state, undone)?;
    }
    // Undoing around a missing row would leave its tables without a record.
    refuse_gaps(&chain, &applied, |id| steps.contains(id))?;
    Ok(steps)
}

/// What is left of a goal, if every step can still be taken.
fn rest(
    indices: impl Iterator<Item = usize>,
    chain: &Chain,
    is_possible: impl Fn(&HashSet<usize>, usize) -> bool,
) -> Result<Vec<RevisionId>, Error> {
    let mut done = HashSet::new();
    let mut steps = Vec::new();
    for index in indices {
        let id = chain.revisions()[index].id();
        if !is_possible(&done, index) {
            return Err(Error::new(
                ErrorKind::Changed,
                format!("another migrator changed the database while this run was at `{id}`"),
            )
            .note("it got the lock between two transactions of this run")
            .help("look at `status`, then run again"));
        }
        done.insert(index);
        steps.push(id.clone());
    }
    Ok(steps)
}

pub(crate) fn counted(ids: &[&RevisionId]) -> String {
    match ids.len() {
        1 => String::from("1 revision"),
        count => format!("{count} revisions"),
    }
}

pub(crate) fn listed_some(ids: &[&RevisionId]) -> String {
    const MOST: usize = 10;
    match ids.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {more} more", listed(&ids[..MOST])),
        _ => listed(ids),
    }
}
