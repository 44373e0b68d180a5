//! Accepting that applied revisions are what their files say.

use std::collections::HashSet;

use super::{RepairReport, RowChange, Work, file_of, refused};
use crate::chain::{ALGORITHM, Revision, RevisionId};
use crate::runtime::amend::{Draft, Seen};
use crate::runtime::digests::wrong_digests;
use crate::runtime::entry::Entry;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::select::Request;
use crate::runtime::state::{Row, RowStatus};

/// Accepts these revisions; also those of which only a warning says that they cannot be compared.
pub(super) fn accept(
    request: &Request<'_>,
    seen: &Seen,
    ids: &HashSet<RevisionId>,
) -> Result<Draft<RepairReport>, Error> {
    let mut fit = HashSet::new();
    for id in ids {
        let (revision, row) = applied(request, seen, id)?;
        let checksum = &revision.fingerprints[request.variant_index].checksum;
        if row.algorithm != ALGORITHM || row.checksum != checksum.to_string() {
            fit.insert(id.clone());
        }
    }
    fit.extend(different(request, seen).intersection(ids).cloned());
    accept_those(request, seen, &fit)
}

/// Accepts whatever differs from its file.
pub(super) fn accept_all(request: &Request<'_>, seen: &Seen) -> Result<Draft<RepairReport>, Error> {
    accept_those(request, seen, &different(request, seen))
}

fn different(request: &Request<'_>, seen: &Seen) -> HashSet<RevisionId> {
    let (chain, variant) = (request.chain, request.variant_index);
    let differs = |it: &&Revision| seen.state.difference(chain, variant, it).is_some();
    let mut different = wrong_digests(&seen.state, chain, variant);
    different.extend(chain.revisions().iter().filter(differs).map(|it| it.id().clone()));
    different
}

fn accept_those(
    request: &Request<'_>,
    seen: &Seen,
    ids: &HashSet<RevisionId>,
) -> Result<Draft<RepairReport>, Error> {
    let mut work = Work::on(seen);
    let entries =
        request.chain.revisions().iter().filter(|revision| ids.contains(revision.id())).filter_map(
            |revision| {
                let row = seen.state.row(revision.id().as_str())?;
                Some((Entry::of(request, revision), row.status))
            },
        );
    work.record(request, entries.collect(), RowChange::Accepted)?;
    Ok(work.draft())
}

/// The file and the row of a revision that is applied as a whole.
fn applied<'r>(
    request: &Request<'r>,
    seen: &'r Seen,
    id: &RevisionId,
) -> Result<(&'r Revision, &'r Row), Error> {
    let Some(revision) = file_of(request, id) else {
        return Err(refused(
            request,
            ErrorKind::Unknown,
            id,
            format!("revision `{id}` is not in this chain, so there is no file to accept"),
        )
        .help("use a program that has its file"));
    };
    match seen.state.row(id.as_str()) {
        None => Err(refused(
            request,
            ErrorKind::Target,
            id,
            format!("revision `{id}` is not applied, so there is nothing to accept"),
        )
        .help("`up` applies it as its file is now")),
        Some(row) if matches!(row.status, RowStatus::Applied | RowStatus::Stamped) => {
            Ok((revision, row))
        }
        Some(_) => Err(refused(
            request,
            ErrorKind::Unfinished,
            id,
            format!("revision `{id}` is done in part, and its file is accepted only as a whole"),
        )
        .help("see `repair`, which lists the ways out")),
    }
}
