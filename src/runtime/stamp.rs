//! Stamping: the rows of the tracking table are made to say what a person says.

use std::collections::HashSet;

use futures_util::future::BoxFuture;

use super::amend::{Draft, Edit, Reading, Seen, amend, consult, stamped};
use super::database::Source as Way;
use super::digests::Ledger;
use super::entry::Entry;
use super::error::{Error, ErrorKind};
use super::migrator::Configured;
use super::report::StampReport;
use super::select::{Request, counted, listed_some};
use super::state::RowStatus;
use super::status::{of_known, of_unknown};
use crate::chain::{PlanError, Revision, RevisionId, Stamp, Target};

/// Stamps, or only says what that would change; a future without a type of its own.
pub(crate) fn stamp<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    targets: Vec<Target>,
    is_plan: bool,
) -> BoxFuture<'a, Result<StampReport, Error>> {
    Box::pin(async move {
        let decide = |request: &Request<'_>, seen: &Seen| draft(request, seen, &targets);
        if is_plan {
            let draft = consult(configured, way, Reading::Own, decide).await?;
            return Ok(draft.report);
        }
        let (mut report, unrestored) = amend(configured, way, Reading::Own, decide).await?;
        report.warnings.extend(unrestored);
        Ok(report)
    })
}

fn draft(
    request: &Request<'_>,
    seen: &Seen,
    targets: &[Target],
) -> Result<Draft<StampReport>, Error> {
    let (chain, state) = (request.chain, &seen.state);
    let purge = request.options.purge;
    if !purge {
        refuse_unfinished(request, seen)?;
        refuse_unknown(request, seen)?;
    }
    let applied = if purge { HashSet::new() } else { state.applied() };
    let Stamp { add, remove } = Stamp::new(chain, &applied, targets).map_err(refused)?;
    let gone: HashSet<&RevisionId> = if purge {
        state.rows.iter().map(|row| &row.id).collect()
    } else {
        remove.iter().collect()
    };

    let mut ledger = if purge { Ledger::default() } else { Ledger::of(state) };
    for id in &gone {
        ledger.remove(id);
    }
    let added: Vec<&Revision> = add.iter().filter_map(|id| chain.get(id.as_str())).collect();
    let entries = added.iter().map(|revision| Entry::of(request, revision)).collect();
    let records = stamped(entries, &mut ledger);

    let mut report = StampReport {
        recorded: Vec::new(),
        forgotten: Vec::new(),
        warnings: Vec::new(),
        database: seen.database.clone(),
    };
    let mut edits = Vec::new();
    let unknown = state.unknown(chain).filter(|row| gone.contains(&row.id)).map(of_unknown);
    let known = chain.revisions().iter().rev().filter(|revision| gone.contains(revision.id()));
    report.forgotten.extend(unknown.chain(known.map(|revision| of_known(revision, state))));
    edits.extend(report.forgotten.iter().map(|status| Edit::Forget(status.revision.clone())));
    report.recorded.extend(added.iter().map(|revision| of_known(revision, state)));
    edits.extend(records);
    Ok(Draft { edits, report })
}

fn refuse_unfinished(request: &Request<'_>, seen: &Seen) -> Result<(), Error> {
    let Some(row) = seen.state.unfinished().next() else { return Ok(()) };
    let id = &row.id;
    let what = if row.status == RowStatus::Reverting { "undone" } else { "applied" };
    Err(Error::new(
        ErrorKind::Unfinished,
        format!("revision `{id}` is {what} only in part, and a stamp would hide that"),
    )
    .revision_named(id, request.chain.get(id.as_str()).map(Revision::path))
    .help("see `repair`, which lists the ways out")
    .help(
        "or forget it, and every other row of this chain: the same stamp with `--purge` \
           (`Options::purge`)",
    ))
}

fn refuse_unknown(request: &Request<'_>, seen: &Seen) -> Result<(), Error> {
    let unknown: Vec<&RevisionId> = seen.state.unknown(request.chain).map(|row| &row.id).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unknown,
        format!("the database has {} that this chain does not know", counted(&unknown)),
    )
    .note(format!("only in the database: {}", listed_some(&unknown)))
    .note("where they belong is not known, so neither is what a stamp would mean for them")
    .help("stamp with a program that knows them")
    .help(
        "or forget them, and every other row of this chain: the same stamp with `--purge` \
           (`Options::purge`)",
    ))
}

fn refused(error: PlanError) -> Error {
    let help = match &error {
        PlanError::Comparable { earlier, later } => {
            Some(format!("`stamp {later}`: it records `{earlier}` and all else that comes before"))
        }
        PlanError::Repeated(id) => Some(format!("`stamp {id}`: once is enough")),
        PlanError::NoRevision { target } => Some(format!(
            "`stamp {target}` alone forgets every revision; beside others it says nothing"
        )),
        _ => None,
    };
    let error = Error::from(error);
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}
