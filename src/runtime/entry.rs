//! What is recorded of a revision that does not run now: for `stamp`, `adopt` and `repair`.

use std::collections::HashSet;
use std::time::Duration;

use super::connection::Record;
use super::job::down_script;
use super::select::Request;
use super::state::{RowStatus, id_list};
use crate::chain::{Checksum, Digest, Direction, Kind, Revision, RevisionId};
use crate::diagnostic::Sources;
use crate::script::Script;

/// A revision of the chain, as its row will say it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: RevisionId,
    pub(crate) parents: Vec<RevisionId>,
    pub(crate) depends_on: Vec<RevisionId>,
    pub(crate) kind: Kind,
    pub(crate) checksum: Checksum,
    /// That of the chain; what is recorded follows from the rows of its ancestors.
    pub(crate) digest: Digest,
    pub(crate) statements: usize,
    pub(crate) description: String,
    down_script: Option<String>,
    irreversible: Option<String>,
    stored_parents: String,
    stored_depends_on: String,
    past: Past,
}

/// What is known of the run that applied a revision, where another tool did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// In UTC, as the tracking table has it.
    pub(crate) at: Option<String>,
    pub(crate) by: Option<String>,
    pub(crate) duration: Option<Duration>,
}

impl Entry {
    pub(crate) fn of(request: &Request<'_>, revision: &Revision) -> Self {
        let chain = request.chain;
        // The findings are those of validation, and were judged there.
        let file = Sources::new().add("", "");
        let (script, _) = Script::parse(revision.kind(), revision.text(), file);
        let header = script.header();
        let irreversible = header.irreversible.as_ref().map(|why| why.value.clone());
        let has_script = irreversible.is_none() && revision.kind() == Kind::Sql;
        let fingerprint = &revision.fingerprints[request.variant_index];
        Self {
            id: revision.id().clone(),
            parents: chain.parents(revision).map(|parent| parent.id().clone()).collect(),
            depends_on: chain.dependencies(revision).map(|it| it.id().clone()).collect(),
            kind: revision.kind(),
            checksum: fingerprint.checksum,
            digest: fingerprint.digest,
            statements: script.statements(Direction::Up, request.variant).len(),
            description: header.message.clone(),
            down_script: has_script.then(|| down_script(&script, revision.id(), request.variant)),
            irreversible,
            stored_parents: id_list(chain.parents(revision)),
            stored_depends_on: id_list(chain.dependencies(revision)),
            past: Past::default(),
        }
    }

    /// The same for a revision that another tool has applied.
    pub(crate) fn with_past(self, past: Past) -> Self {
        Self { past, ..self }
    }

    /// The revisions that must be applied before it.
    pub(crate) fn before(&self) -> impl Iterator<Item = &RevisionId> {
        self.parents.iter().chain(&self.depends_on)
    }

    /// What comes before it and is not `there`.
    pub(crate) fn missing(&self, there: &HashSet<RevisionId>) -> Vec<&RevisionId> {
        self.before().filter(|id| !there.contains(*id)).collect()
    }

    pub(crate) fn record<'r>(
        &'r self,
        digest: &Digest,
        status: RowStatus,
        applied_by: &'r str,
    ) -> Record<'r> {
        Record {
            revision: self.id.as_str(),
            parents: self.stored_parents.clone(),
            depends_on: self.stored_depends_on.clone(),
            description: &self.description,
            kind: self.kind.name(),
            checksum: self.checksum.to_string(),
            digest: digest.to_string(),
            down_script: self.down_script.clone(),
            irreversible: self.irreversible.clone(),
            status: status.name(),
            // Of a stamped revision none has run.
            statements_done: if status == RowStatus::Stamped { 0 } else { self.statements },
            statement_started: None,
            applied_at: self.past.at.as_deref(),
            applied_by: self.past.by.as_deref().unwrap_or(applied_by),
            duration_ms: self
                .past
                .duration
                .map_or(0, |duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}
