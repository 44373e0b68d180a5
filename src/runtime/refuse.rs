//! Histories that no run goes on from: what is wrong with them, and the commands that mend it.
//!
//! Pure; `select` asks before every run, and `repair` lists the same ways out.

use std::collections::HashSet;

use super::digests::wrong_digests;
use super::error::{Error, ErrorKind};
use super::report::Difference;
use super::select::Request;
use super::state::{Row, RowStatus, State, ids};
use crate::chain::{Chain, Direction, Revision, RevisionId, listed};

/// More ids than this are not put into one command.
const MOST_IN_COMMAND: usize = 8;

/// Refuses revisions whose rows say another text or other parents than their files.
pub(crate) fn refuse_differences<'r>(
    request: &Request<'_>,
    state: &State,
    revisions: impl IntoIterator<Item = &'r Revision>,
) -> Result<(), Error> {
    let mut edited = Vec::new();
    let mut reparented = Vec::new();
    for revision in revisions {
        match state.difference(request.chain, request.variant_index, revision) {
            Some(Difference::Edited) => edited.push(revision),
            Some(Difference::Reparented) => reparented.push(revision),
            Some(Difference::WrongDigest) | None => {}
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
        let detail = match (kind, state.row(revision.id().as_str())) {
            (ErrorKind::Reparented, Some(row)) => format!(" {}", followed(request, row, revision)),
            (_, Some(row)) => format!(" was applied at {} by {}", row.applied_at, row.applied_by),
            (_, None) => String::new(),
        };
        error = error.note(format!("{}: `{}`{detail}", revision.path(), revision.id()));
    }
    let accept = accept_command(list.iter().map(|revision| revision.id()));
    Err(match kind {
        ErrorKind::Edited if request.direction == Direction::Down => error
            .help("`down --from database` undoes it with the script that was stored when it was applied")
            .help("`down --from file` undoes it with the script of the edited file")
            .help("in code, `Options::edited_down` says which"),
        ErrorKind::Edited => error
            .help("restore the file to what was applied, and put the change into a new revision")
            .help(format!(
                "or, if the database is as the file says it now, accept that: `{accept}`"
            ))
            .help(
                "or, where nobody else has applied it, undo it first: `down --from database` (in \
                 code `Options::edited_down`), with a target that includes it",
            ),
        _ => error
            .help("restore `revises` and `depends-on` to what was applied")
            .help(format!("or accept what the file says now: `{accept}`")),
    })
}

/// What a re-parented revision followed, and what its file says.
pub(crate) fn followed(request: &Request<'_>, row: &Row, revision: &Revision) -> String {
    format!(
        "followed {} and depended on {}; the file says {} and {}",
        listed(ids(&row.parents)),
        listed(ids(&row.depends_on)),
        listed(request.chain.parents(revision).map(Revision::id)),
        listed(request.chain.dependencies(revision).map(Revision::id)),
    )
}

/// The command that accepts these revisions as their files are.
pub(crate) fn accept_command<'i>(ids: impl Iterator<Item = &'i RevisionId>) -> String {
    let ids: Vec<&str> = ids.map(RevisionId::as_str).collect();
    if ids.len() > MOST_IN_COMMAND {
        return String::from("repair --accept-all");
    }
    format!("repair {} --accept", ids.join(" "))
}

/// Refuses rows that were changed by other means than a run.
pub(crate) fn refuse_wrong_digests(request: &Request<'_>, state: &State) -> Result<(), Error> {
    let wrong = wrong_digests(state, request.chain, request.variant_index);
    let list: Vec<&Revision> =
        request.chain.revisions().iter().filter(|it| wrong.contains(it.id())).collect();
    let Some(first) = list.first() else { return Ok(()) };
    let what = match list[..] {
        [_] => format!("the recorded digest of revision `{}` does not follow", first.id()),
        _ => format!("the recorded digests of {} revisions do not follow", list.len()),
    };
    let mut error = Error::new(
        ErrorKind::WrongDigest,
        format!("{what} from what is recorded of its text and its ancestors"),
    )
    .revision_named(first.id(), Some(first.path()));
    for revision in list.iter().skip(1).take(9) {
        error = error.note(format!("{}: `{}`", revision.path(), revision.id()));
    }
    let accept = accept_command(list.iter().map(|revision| revision.id()));
    Err(error
        .note(WRONG_DIGEST)
        .help("see who changed the tracking table, and restore it from a backup")
        .help(format!("or accept what the files say: `{accept}`")))
}

/// What is known where a digest is wrong.
pub(crate) const WRONG_DIGEST: &str = "text and parents are those of the file, so either the row was changed by other means, or its \
     ancestors were others when it was applied";

/// A revision that is recorded as applied though one that comes before it is not.
pub(crate) struct Gap<'c> {
    pub(crate) missing: &'c Revision,
    pub(crate) after: &'c Revision,
}

pub(crate) fn gaps<'c>(chain: &'c Chain, applied: &HashSet<RevisionId>) -> Vec<Gap<'c>> {
    let mut gaps = Vec::new();
    for (index, after) in chain.revisions().iter().enumerate() {
        if applied.contains(after.id()) {
            let before = chain.before(index).map(|before| &chain.revisions()[before]);
            let missing = before.filter(|missing| !applied.contains(missing.id()));
            gaps.extend(missing.map(|missing| Gap { missing, after }));
        }
    }
    gaps
}

/// Refuses a history that no run writes: a plan would pass over what is missing in it.
pub(crate) fn refuse_gaps(
    chain: &Chain,
    applied: &HashSet<RevisionId>,
    matters: impl Fn(&RevisionId) -> bool,
) -> Result<(), Error> {
    let mut gaps = gaps(chain, applied);
    gaps.retain(|gap| matters(gap.after.id()));
    let Some(first) = gaps.first() else { return Ok(()) };
    let mut error = Error::new(
        ErrorKind::Gap,
        format!(
            "revision `{}` is recorded as applied, and `{}`, which comes before it, is not",
            first.after.id(),
            first.missing.id()
        ),
    )
    .revision_named(first.missing.id(), Some(first.missing.path()))
    .note(GAP);
    for gap in gaps.iter().skip(1).take(9) {
        let (missing, after) = (gap.missing.id(), gap.after.id());
        error = error.note(format!("nor is `{missing}`, which comes before `{after}`"));
    }
    Err(error
        .help("restore the missing rows of the tracking table from a backup")
        .help("or see `repair`, which lists the ways out"))
}

/// What is known where a row is missing.
pub(crate) const GAP: &str =
    "no run leaves a database like this: rows of the tracking table were deleted or changed";

/// The error where a revision is done in part and in the way.
pub(crate) fn unfinished(request: &Request<'_>, row: &Row) -> Error {
    let (what, command) = match row.status {
        RowStatus::Reverting => ("undone", "down"),
        _ => ("applied", "up"),
    };
    let id = &row.id;
    let revision = request.chain.get(id.as_str());
    let error =
        Error::new(ErrorKind::Unfinished, format!("revision `{id}` is {what} only in part"))
            .revision_named(id, revision.map(Revision::path))
            .note(format!(
                "{} of its statements are done, and the next one failed",
                row.statements_done
            ));
    match (revision, row.status) {
        (None, RowStatus::Applying) => error
            .help("finish it with a program that has its file: this one does not know it")
            .help(format!(
                "or, if you have undone by hand what is done: `repair {id} --not-applied`"
            )),
        (None, _) => error
            .help(format!("finish it with `{command}`, with a target that includes it"))
            .help(format!("or, if you have undone the rest by hand: `repair {id} --not-applied`")),
        _ => error
            .help(format!("finish it with `{command}`, with a target that includes it"))
            .help(format!(
                "or, if you have finished it by hand, or undone it: `repair {id} --applied`, or \
                 `repair {id} --not-applied`"
            )),
    }
}
