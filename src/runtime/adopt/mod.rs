//! Adopting a database that another tool has migrated: what its table says is recorded in ours.
//!
//! The rows of the old table are held against the chain that its files became. Nothing is guessed: a row that
//! failed, one that the chain does not know, a revision before an applied one that is not applied itself, and a
//! text that is not the one that was applied are refused, each with the ways out. What remains is stamped,
//! with the times that the old table knew. The old table is read and nothing else.

mod checksum;
mod hash;
mod history;
mod refuse;
mod table;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use futures_util::future::BoxFuture;

use super::amend::{Draft, Reading, Seen, amend, consult, stamped};
use super::connection::Connection;
use super::database::Source as Way;
use super::digests::Ledger;
use super::entry::{Entry, Past};
use super::error::Error;
use super::migrator::Configured;
use super::report::{AdoptReport, AdoptedRevision};
use super::select::Request;
use crate::chain::{Chain, RevisionId};
use crate::tool::Tool;
use checksum::Verdict;

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use hash::sqlx_lock;
pub(crate) use table::OldTable;

/// Adopts, or only says what that would record; a future without a type of its own.
pub(crate) fn adopt<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    from: Option<Tool>,
    is_plan: bool,
) -> BoxFuture<'a, Result<AdoptReport, Error>> {
    Box::pin(async move {
        let reading = Reading::AlsoOf(from);
        if is_plan {
            return Ok(consult(configured, way, reading, draft).await?.report);
        }
        let (mut report, unrestored) = amend(configured, way, reading, draft).await?;
        report.warnings.extend(unrestored);
        Ok(report)
    })
}

fn draft(request: &Request<'_>, seen: &Seen) -> Result<Draft<AdoptReport>, Error> {
    let (chain, state) = (request.chain, &seen.state);
    let old = seen.old.as_ref().expect("the table was asked for");
    let applied =
        history::applied(chain, old).map_err(|trouble| refuse::trouble(chain, old, &trouble))?;
    let mut report = AdoptReport {
        tool: old.tool,
        adopted: Vec::new(),
        adopted_before: 0,
        warnings: Vec::new(),
        database: seen.database.clone(),
    };
    if !state.rows.is_empty() {
        let recorded = state.applied();
        let is_missing = |index: &&usize| !recorded.contains(chain.revisions()[**index].id());
        let missing: Vec<usize> = applied.keys().filter(is_missing).copied().collect();
        if !missing.is_empty() {
            return Err(refuse::begun(chain, old, &missing));
        }
        report.adopted_before = applied.len();
        return Ok(Draft { edits: Vec::new(), report });
    }
    let holes = history::holes(chain, &applied);
    if !holes.is_empty() {
        let heads = heads(chain, applied.keys().chain(&holes));
        return Err(refuse::holes(chain, old, &holes, &heads));
    }
    let mut entries = Vec::with_capacity(applied.len());
    let mut differing = Vec::new();
    for (&index, row) in &applied {
        let revision = &chain.revisions()[index];
        let verdict = match row {
            Some(row) => checksum::verify(old.tool, row, revision, request.variant),
            None => Verdict::Unknown,
        };
        if let (Verdict::Differs(computed), Some(row)) = (&verdict, row) {
            let recorded = row.checksum.clone().unwrap_or_default();
            differing.push(refuse::Differing { revision, computed: computed.clone(), recorded });
        }
        let past = row.map_or_else(Past::default, |row| Past {
            at: row.at.clone(),
            by: row.by.clone(),
            duration: row.duration,
        });
        report.adopted.push(AdoptedRevision {
            revision: revision.id().clone(),
            path: revision.path().to_owned(),
            description: revision.header().message,
            at: past.at.clone(),
            by: past.by.clone(),
            duration: past.duration,
            is_verified: verdict == Verdict::Same,
        });
        entries.push(Entry::of(request, revision).with_past(past));
    }
    if !differing.is_empty() {
        return Err(refuse::differing(old, &differing, &heads(chain, applied.keys())));
    }
    report.warnings = warnings(old, &report.adopted);
    Ok(Draft { edits: stamped(entries, &mut Ledger::default()), report })
}

/// What the user should know of what was adopted.
fn warnings(old: &OldTable, adopted: &[AdoptedRevision]) -> Vec<String> {
    let mut warnings = Vec::new();
    let unproven: Vec<&RevisionId> =
        adopted.iter().filter(|it| !it.is_verified).map(|it| &it.revision).collect();
    let keeps_checksums = matches!(old.tool, Tool::Sqlx | Tool::Refinery | Tool::Flyway);
    if keeps_checksums && !unproven.is_empty() {
        warnings.push(format!(
            "nothing proves that the text is the one that was applied of {}: it is written in Rust, or \
             {} keeps no checksum of it",
            super::select::listed_some(&unproven),
            old.tool
        ));
    }
    let others = history::without_version(old);
    if others > 0 {
        warnings.push(format!(
            "`{}` has {others} rows without a version, which no revision stands for (repeatable migrations)",
            old.tool.table()
        ));
    }
    warnings
}

/// Those of some revisions that no other of them follows or depends on.
fn heads<'i>(chain: &Chain, indices: impl Iterator<Item = &'i usize>) -> Vec<RevisionId> {
    let ids: HashSet<RevisionId> =
        indices.map(|&index| chain.revisions()[index].id().clone()).collect();
    crate::chain::plan::current_heads(chain, &ids)
}

impl Connection<'_> {
    /// Reads the table of another tool; without a name, of the only one that there is.
    pub(crate) async fn old_table(&mut self, tool: Option<Tool>) -> Result<OldTable, Error> {
        let dialect = self.dialect();
        let columns = self.texts(&table::search(dialect)).await;
        let columns =
            columns.map_err(|error| self.explained(error, "look for the tables of other tools"))?;
        let (found, others) = table::found(&columns);
        let mut wanted = found.iter().filter(|found| tool.is_none_or(|tool| found.tool == tool));
        let found = match (wanted.next(), wanted.next()) {
            (Some(found), None) => found,
            (None, _) => return Err(refuse::no_table(tool, &found, &others).on(self.name())),
            _ => return Err(refuse::several(&found).on(self.name())),
        };
        let rows = self.texts(&found.read(dialect)).await;
        let doing = format!("read `{}`", found.tool.table());
        let rows = rows.map_err(|error| self.explained(error, &doing))?;
        Ok(OldTable { tool: found.tool, rows: table::rows(found.tool, rows) })
    }
}
