//! What the tracking table says, and how that compares to the chain.
//!
//! Pure: rows come from a dialect's `tracking`, decisions are made in `select`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::report::Difference;
use crate::chain::graph::topological_order;
use crate::chain::{ALGORITHM, Chain, Checksum, Digest, Fingerprint, Kind, Revision, RevisionId};
use crate::dialect::Dialect;
use crate::sql;

/// The layout of the tracking tables that this version reads and writes.
pub(crate) const LAYOUT: i64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowStatus {
    Applying,
    Applied,
    Reverting,
    Stamped,
}

impl RowStatus {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Reverting => "reverting",
            Self::Stamped => "stamped",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Applying, Self::Applied, Self::Reverting, Self::Stamped]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// One row, without its down script.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: RevisionId,
    pub(crate) parents: String,
    pub(crate) depends_on: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) checksum: String,
    pub(crate) digest: String,
    pub(crate) algorithm: String,
    pub(crate) irreversible: Option<String>,
    pub(crate) status: RowStatus,
    pub(crate) statements_done: usize,
    pub(crate) statement_started: Option<usize>,
    pub(crate) applied_at: String,
    pub(crate) applied_by: String,
    pub(crate) duration_ms: u64,
}

/// All rows of one chain.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) rows: Vec<Row>,
    by_id: HashMap<RevisionId, usize>,
    /// Whether the tracking table exists.
    pub(crate) has_table: bool,
}

impl State {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        let by_id = rows.iter().enumerate().map(|(index, row)| (row.id.clone(), index)).collect();
        Self { rows, by_id, has_table: true }
    }

    /// The state as it is without these revisions.
    pub(crate) fn without(&self, ids: &HashSet<RevisionId>) -> Self {
        let rows = self.rows.iter().filter(|row| !ids.contains(&row.id)).cloned().collect();
        Self { has_table: self.has_table, ..Self::new(rows) }
    }

    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.by_id.get(id).map(|&index| &self.rows[index])
    }

    /// The revisions that are applied as a whole, and those that are undone only in part.
    pub(crate) fn applied(&self) -> HashSet<RevisionId> {
        self.rows
            .iter()
            .filter(|row| row.status != RowStatus::Applying)
            .map(|row| row.id.clone())
            .collect()
    }

    /// The rows that the chain does not know.
    pub(crate) fn unknown<'a>(&'a self, chain: &'a Chain) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(|row| chain.get(row.id.as_str()).is_none())
    }

    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(|row| matches!(row.status, RowStatus::Applying | RowStatus::Reverting))
    }

    /// How an applied revision's record differs from the chain.
    ///
    /// A checksum of another algorithm proves nothing, and neither does that of Rust source; see
    /// [`Self::unproven`]. Whether the digest is right is asked of all rows at once; see
    /// [`wrong_digests`](super::digests::wrong_digests).
    pub(crate) fn difference(
        &self,
        chain: &Chain,
        variant: usize,
        revision: &Revision,
    ) -> Option<Difference> {
        let row = self.row(revision.id().as_str())?;
        if !matches!(row.status, RowStatus::Applied | RowStatus::Stamped) {
            return None;
        }
        let checksum = &revision.fingerprints[variant].checksum;
        let same_algorithm = row.algorithm == ALGORITHM;
        let is_edited = row.kind != revision.kind().name()
            || (revision.kind() == Kind::Sql && row.checksum != checksum.to_string());
        if same_algorithm && is_edited {
            return Some(Difference::Edited);
        }
        let differs = !same_ids(&row.parents, chain.parents(revision))
            || !same_ids(&row.depends_on, chain.dependencies(revision));
        differs.then_some(Difference::Reparented)
    }

    /// The applied revisions whose content cannot be compared, with the reason.
    pub(crate) fn unproven(&self, chain: &Chain, variant: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for revision in chain.revisions() {
            let Some(row) = self.row(revision.id().as_str()) else { continue };
            if row.algorithm != ALGORITHM {
                texts.push(format!(
                    "revision `{}` was recorded with the checksum algorithm `{}`, which this \
                     version cannot compute: whether it was edited is unknown",
                    row.id, row.algorithm
                ));
            } else if revision.kind() == Kind::Rust
                && row.checksum != revision.fingerprints[variant].checksum.to_string()
            {
                texts.push(format!(
                    "the source of revision `{}` ({}) is not what it was when it was applied",
                    row.id,
                    revision.path()
                ));
            }
        }
        texts
    }

    /// The chain together with the rows that it does not know, so that plans and heads can be
    /// computed over all that is applied.
    ///
    /// Known revisions never follow unknown ones: every parent of theirs is in the chain.
    pub(crate) fn extended<'a>(&self, chain: &'a Chain) -> Cow<'a, Chain> {
        let unknown: Vec<&Row> = self.unknown(chain).collect();
        if unknown.is_empty() {
            return Cow::Borrowed(chain);
        }
        let place: HashMap<&str, usize> =
            unknown.iter().enumerate().map(|(index, row)| (row.id.as_str(), index)).collect();
        let edges: Vec<Vec<usize>> = unknown
            .iter()
            .map(|row| {
                ids(&row.parents)
                    .chain(ids(&row.depends_on))
                    .filter_map(|id| place.get(id).copied())
                    .collect()
            })
            .collect();
        let mut revisions = chain.revisions().to_vec();
        let mut stored: HashMap<&str, usize> = HashMap::new();
        // Rows that form a cycle cannot come from a chain; they are left out.
        for node in topological_order(&edges) {
            let row = unknown[node];
            let find = |list: &str| -> Vec<usize> {
                ids(list)
                    .filter_map(|id| chain.index(id).or_else(|| stored.get(id).copied()))
                    .collect()
            };
            let fingerprint = Fingerprint {
                checksum: row.checksum.parse().unwrap_or(Checksum::from_bytes([0; 32])),
                digest: row.digest.parse().unwrap_or(Digest::from_bytes([0; 32])),
            };
            let revision = Revision {
                id: row.id.clone(),
                kind: if row.kind == Kind::Rust.name() { Kind::Rust } else { Kind::Sql },
                path: Cow::Borrowed(""),
                text: Cow::Borrowed(""),
                labels: Vec::new(),
                parents: find(&row.parents),
                dependencies: find(&row.depends_on),
                fingerprints: vec![fingerprint; chain.variants().len()],
            };
            stored.insert(row.id.as_str(), revisions.len());
            revisions.push(revision);
        }
        Cow::Owned(Chain::new(revisions, chain.variants().to_vec()))
    }
}

/// The ids of a list as it is stored: separated by spaces.
pub(crate) fn ids(list: &str) -> impl Iterator<Item = &str> {
    list.split(' ').filter(|id| !id.is_empty())
}

/// A list of ids as it is stored.
pub(crate) fn id_list<'a>(revisions: impl Iterator<Item = &'a Revision>) -> String {
    revisions.map(|revision| revision.id().as_str()).collect::<Vec<_>>().join(" ")
}

fn same_ids<'a>(list: &str, revisions: impl ExactSizeIterator<Item = &'a Revision>) -> bool {
    let mut stored: Vec<&str> = ids(list).collect();
    let mut file: Vec<&str> = revisions.map(|revision| revision.id().as_str()).collect();
    stored.sort_unstable();
    file.sort_unstable();
    stored == file
}

/// Proves that the finished statements of a revision outside a transaction are still the same.
///
/// While a row is `applying` or `reverting`, its `checksum` is this: a
/// [`ChecksumBuilder`](crate::chain::ChecksumBuilder) without a
/// transaction over the canonical tokens of each finished statement, terminators left out.
pub(crate) struct Progress {
    dialect: Dialect,
    builder: crate::chain::ChecksumBuilder,
}

impl Progress {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, builder: crate::chain::ChecksumBuilder::new(dialect, false) }
    }

    pub(crate) fn of<'a>(dialect: Dialect, statements: impl Iterator<Item = &'a str>) -> Self {
        let mut progress = Self::new(dialect);
        for statement in statements {
            progress.finished(statement);
        }
        progress
    }

    pub(crate) fn finished(&mut self, statement: &str) {
        let builder = &mut self.builder;
        sql::canonical(self.dialect, statement, |token| builder.token(token));
    }

    pub(crate) fn checksum(&self) -> String {
        self.builder.clone().finish().to_string()
    }
}
