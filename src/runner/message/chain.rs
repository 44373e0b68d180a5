//! What the chain is like: its revisions, heads, branches and labels, and the chain as a graph.

use serde::{Deserialize, Serialize};

use super::Standing;
use crate::chain::{self, Chain};
use crate::dialect;
use crate::runtime::RevisionStatus;
use crate::script::Script;

/// What a revision is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// SQL.
    Sql,
    /// Rust.
    Rust,
}

impl From<chain::Kind> for Kind {
    fn from(kind: chain::Kind) -> Self {
        match kind {
            chain::Kind::Sql => Self::Sql,
            chain::Kind::Rust => Self::Rust,
        }
    }
}

/// A revision of the chain, and its place in the graph: `history`, `heads` and `show`.
///
/// A base has no parents, a merge several, a head no children; an effective head is a head with dependents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revision {
    /// The id.
    pub revision: String,
    /// Its message.
    pub description: String,
    /// Its file; `None` if only the database has it.
    pub path: Option<String>,
    /// What it is written in; `None` if only the database has it.
    pub kind: Option<Kind>,
    /// The revisions that it follows.
    pub parents: Vec<String>,
    /// The revisions of other branches that must be applied first.
    pub depends_on: Vec<String>,
    /// The revisions that follow it.
    pub children: Vec<String>,
    /// The revisions of other branches that depend on it.
    pub dependents: Vec<String>,
    /// The branch labels that it declares.
    pub labels: Vec<String>,
    /// When it was written, as its file says it.
    pub created: Option<String>,
    /// Where it stands in the database; `None` if none was asked.
    pub standing: Option<Standing>,
}

impl Revision {
    pub(crate) fn new(
        chain: &Chain,
        revision: &chain::Revision,
        standing: Option<Standing>,
    ) -> Self {
        let header = revision.header();
        Self {
            revision: revision.id().to_string(),
            description: header.message.clone(),
            path: Some(revision.path().to_owned()),
            kind: Some(revision.kind().into()),
            parents: ids(chain.parents(revision)),
            depends_on: ids(chain.dependencies(revision)),
            children: ids(chain.children(revision)),
            dependents: ids(chain.dependents(revision)),
            labels: revision.labels().iter().map(ToString::to_string).collect(),
            created: header.created.map(|created| created.value),
            standing,
        }
    }

    /// One that only the database has.
    pub(crate) fn unknown(status: &RevisionStatus) -> Self {
        Self {
            revision: status.revision.to_string(),
            description: status.description.clone(),
            path: None,
            kind: None,
            parents: Vec::new(),
            depends_on: Vec::new(),
            children: Vec::new(),
            dependents: Vec::new(),
            labels: Vec::new(),
            created: None,
            standing: Some(Standing::of(status)),
        }
    }
}

/// The ids of revisions.
pub(crate) fn ids<'c>(revisions: impl IntoIterator<Item = &'c chain::Revision>) -> Vec<String> {
    revisions.into_iter().map(|revision| revision.id().to_string()).collect()
}

/// The text of a revision: `show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// Whose text it is.
    pub revision: String,
    /// The text of the file, with LF and without a byte order mark.
    pub text: String,
    /// What it is for each dialect and named database.
    pub variants: Vec<Variant>,
}

impl Source {
    pub(crate) fn new(chain: &Chain, revision: &chain::Revision, script: &Script<'_>) -> Self {
        let variant = |(variant, fingerprint): (&dialect::Variant, &chain::Fingerprint)| Variant {
            dialect: variant.dialect.to_string(),
            database: variant.database.clone(),
            up: script.statements(chain::Direction::Up, variant).len(),
            down: script.statements(chain::Direction::Down, variant).len(),
            checksum: fingerprint.checksum.to_string(),
        };
        Self {
            revision: revision.id().to_string(),
            text: revision.text().to_owned(),
            variants: chain.variants().iter().zip(revision.fingerprints()).map(variant).collect(),
        }
    }
}

/// What a revision is for one dialect of one named database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Variant {
    /// `sqlite`, `postgres` or `mysql`.
    pub dialect: String,
    /// The named database, where the configuration declares any.
    pub database: Option<String>,
    /// How many statements its *up* has.
    pub up: usize,
    /// How many statements its *down* has.
    pub down: usize,
    /// The checksum, in hex.
    pub checksum: String,
}

/// A revision that several others follow: `branches`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BranchPoint {
    /// Which one.
    pub revision: String,
    /// Those that follow it.
    pub children: Vec<String>,
}

/// A branch label: `branches`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BranchLabel {
    /// The label.
    pub label: String,
    /// The revision that declares it.
    pub revision: String,
    /// Where its line begins.
    pub bases: Vec<String>,
    /// Where its line ends.
    pub heads: Vec<String>,
}

/// The chain as a graph: `graph`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Graph {
    /// The revisions, in the order in which the picture has them.
    pub nodes: Vec<Revision>,
    /// What they follow and depend on.
    pub edges: Vec<Edge>,
    /// The picture, where `--format` asks for one and no file takes it.
    pub picture: Option<String>,
}

/// An edge of a [`Graph`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// The later revision.
    pub from: String,
    /// The revision that it follows or depends on.
    pub to: String,
    /// Which of the two.
    pub kind: EdgeKind,
}

/// What an [`Edge`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EdgeKind {
    /// The one follows the other.
    Parent,
    /// The one depends on the other.
    Dependency,
}
