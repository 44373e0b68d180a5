//! Which revisions run, given the target and the recorded state.
//!
//! Here history and chain are held against each other: edited, re-parented, unknown and
//! half-finished revisions are found before anything runs. Pure; the SQL comes later (`job`).

use std::collections::HashSet;

use super::error::{Error, ErrorKind};
use super::options::{NewerDatabase, Options};
use super::report::Difference;
use super::state::{Row, RowStatus, State, ids};
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
    pub(crate) options: &'a Options,
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

/// Refuses a history that no run writes: a plan would pass over what is missing in it.
fn refuse_gaps(
    chain: &Chain,
    applied: &HashSet<RevisionId>,
    matters: impl Fn(&RevisionId) -> bool,
) -> Result<(), Error> {
    let mut gaps = Vec::new();
    for (index, revision) in chain.revisions().iter().enumerate() {
        if applied.contains(revision.id()) && matters(revision.id()) {
            let missing = chain.before(index).map(|before| &chain.revisions()[before]);
            gaps.extend(
                missing
                    .filter(|missing| !applied.contains(missing.id()))
                    .map(|missing| (missing, revision.id())),
            );
        }
    }
    let Some((first, after)) = gaps.first() else { return Ok(()) };
    let mut error = Error::new(
        ErrorKind::Gap,
        format!(
            "revision `{after}` is recorded as applied, and `{}`, which comes before it, is not",
            first.id()
        ),
    )
    .revision_named(first.id(), Some(first.path()))
    .note("no run leaves a database like this: rows of the tracking table were deleted or changed");
    for (missing, after) in gaps.iter().skip(1).take(9) {
        error = error.note(format!("nor is `{}`, which comes before `{after}`", missing.id()));
    }
    Err(error.help("restore the missing rows of the tracking table from a backup"))
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

fn refuse_differences<'r>(
    request: &Request<'_>,
    state: &State,
    revisions: impl IntoIterator<Item = &'r Revision>,
) -> Result<(), Error> {
    let mut edited = Vec::new();
    let mut reparented = Vec::new();
    for revision in revisions {
        match state.difference(request.chain, request.variant_index, revision) {
            None => {}
            Some(Difference::Edited) => edited.push(revision),
            Some(Difference::Reparented) => reparented.push(revision),
        }
    }
    let (kind, list, what) = if edited.is_empty() {
        (ErrorKind::Reparented, reparented, "other parents or dependencies than")
    } else {
        (ErrorKind::Edited, edited, "another text than")
    };
    let Some(first) = list.first() else { return Ok(()) };
    let number = match list[..] {
        [_] => format!("revision `{}` has", first.id()),
        _ => format!("{} revisions have", list.len()),
    };
    let mut error = Error::new(kind, format!("{number} {what} when applied to this database"))
        .revision_named(first.id(), Some(first.path()));
    for revision in &list {
        let row = state.row(revision.id().as_str());
        let detail = match (kind, row) {
            (ErrorKind::Reparented, Some(row)) => format!(
                " followed {} and depended on {}; the file says {} and {}",
                listed(ids(&row.parents)),
                listed(ids(&row.depends_on)),
                listed(request.chain.parents(revision).map(Revision::id)),
                listed(request.chain.dependencies(revision).map(Revision::id)),
            ),
            (_, Some(row)) => format!(" was applied at {} by {}", row.applied_at, row.applied_by),
            (_, None) => String::new(),
        };
        error = error.note(format!("{}: `{}`{detail}", revision.path(), revision.id()));
    }
    Err(match kind {
        ErrorKind::Edited if request.direction == Direction::Down => error
            .help("`down --from database` undoes it with the script that was stored when it was applied")
            .help("`down --from file` undoes it with the script of the edited file"),
        ErrorKind::Edited => error
            .help("restore the file to what was applied, and put the change into a new revision")
            .help("or, where nobody else has applied it, undo it first: `down --from database`"),
        _ => error.help("restore `revises` and `depends-on` to what was applied"),
    })
}

fn unfinished(request: &Request<'_>, row: &Row) -> Error {
    let (what, command) = match row.status {
        RowStatus::Reverting => ("undone", "down"),
        _ => ("applied", "up"),
    };
    let revision = request.chain.get(row.id.as_str());
    let path = revision.map(Revision::path);
    let help = match (revision, row.status) {
        (None, RowStatus::Applying) => {
            String::from("finish it with a program that has its file: this one does not know it")
        }
        _ => format!("finish it with `{command}`, with a target that includes it"),
    };
    Error::new(ErrorKind::Unfinished, format!("revision `{}` is {what} only in part", row.id))
        .revision_named(&row.id, path)
        .note(format!(
            "{} of its statements are done, and the next one failed",
            row.statements_done
        ))
        .help(help)
}

fn counted(ids: &[&RevisionId]) -> String {
    match ids.len() {
        1 => String::from("1 revision"),
        count => format!("{count} revisions"),
    }
}

fn listed_some(ids: &[&RevisionId]) -> String {
    const MOST: usize = 10;
    match ids.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {more} more", listed(&ids[..MOST])),
        _ => listed(ids),
    }
}
