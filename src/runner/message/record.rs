//! What is recorded, and changed in it: `stamp`, `adopt` and `repair`.

use serde::{Deserialize, Serialize};

use super::{Direction, RevisionStatus, milliseconds};
use crate::runtime;

/// What was recorded and forgotten, or would be: `stamp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stamp {
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// Whether nothing was changed, since only a plan was asked for.
    pub dry_run: bool,
    /// What is recorded as applied, parents first, each as it stood before.
    pub recorded: Vec<RevisionStatus>,
    /// Whose rows go, children first, each as it stood before.
    pub forgotten: Vec<RevisionStatus>,
}

impl Stamp {
    pub(crate) fn new(report: &runtime::StampReport, dry_run: bool) -> Self {
        Self {
            database: report.database.clone(),
            dry_run,
            recorded: report.recorded.iter().map(Into::into).collect(),
            forgotten: report.forgotten.iter().map(Into::into).collect(),
        }
    }
}

/// What another tool has applied, and is recorded now, or would be: `adopt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Adopt {
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// Whether nothing was changed, since only a plan was asked for.
    pub dry_run: bool,
    /// The tool, as `--from` names it.
    pub tool: String,
    /// What is recorded as applied, parents first.
    pub adopted: Vec<AdoptedRevision>,
    /// How many revisions were adopted before; then nothing was done.
    pub adopted_before: usize,
}

impl Adopt {
    pub(crate) fn new(report: &runtime::AdoptReport, dry_run: bool) -> Self {
        Self {
            database: report.database.clone(),
            dry_run,
            tool: report.tool.to_string(),
            adopted: report.adopted.iter().map(Into::into).collect(),
            adopted_before: report.adopted_before,
        }
    }
}

/// A revision that another tool has applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdoptedRevision {
    /// The id.
    pub revision: String,
    /// Its message.
    pub description: String,
    /// Its file.
    pub path: String,
    /// When the tool applied it, where its table says.
    pub applied_at: Option<String>,
    /// Who applied it, where its table says.
    pub applied_by: Option<String>,
    /// How long that took, where its table says.
    pub duration_ms: Option<u64>,
    /// Whether the tool's own checksum proves that its text is the one that was applied.
    pub is_verified: bool,
}

impl From<&runtime::AdoptedRevision> for AdoptedRevision {
    fn from(revision: &runtime::AdoptedRevision) -> Self {
        Self {
            revision: revision.revision.to_string(),
            description: revision.description.clone(),
            path: revision.path.clone(),
            applied_at: revision.at.clone(),
            applied_by: revision.by.clone(),
            duration_ms: revision.duration.map(milliseconds),
            is_verified: revision.is_verified,
        }
    }
}

/// Something wrong with what is recorded: `repair` without a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The revision that it is about.
    pub revision: String,
    /// Its file; `None` if only the database has it.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// The ways out, of which one is to be chosen.
    pub ways_out: Vec<WayOut>,
}

impl From<&runtime::Problem> for Problem {
    fn from(problem: &runtime::Problem) -> Self {
        let way_out = |way: &runtime::WayOut| WayOut {
            command: way.command.clone(),
            effect: way.effect.clone(),
        };
        Self {
            kind: problem.kind.into(),
            revision: problem.revision.to_string(),
            path: problem.path.clone(),
            message: problem.message.clone(),
            notes: problem.notes.clone(),
            ways_out: problem.ways_out.iter().map(way_out).collect(),
        }
    }
}

/// What kind of [`Problem`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// An applied revision has another text than when it was applied.
    Edited,
    /// An applied revision has other parents or dependencies than when it was applied.
    Reparented,
    /// The digest of an applied revision follows from nothing.
    WrongDigest,
    /// A statement was started, and has neither finished nor failed.
    StatementInDoubt,
    /// A revision is applied or undone in part.
    Unfinished,
    /// A revision is recorded as applied, and one that it follows or depends on is not.
    Gap,
}

impl From<runtime::ProblemKind> for ProblemKind {
    fn from(kind: runtime::ProblemKind) -> Self {
        match kind {
            runtime::ProblemKind::Edited => Self::Edited,
            runtime::ProblemKind::Reparented => Self::Reparented,
            runtime::ProblemKind::WrongDigest => Self::WrongDigest,
            runtime::ProblemKind::StatementInDoubt => Self::StatementInDoubt,
            runtime::ProblemKind::Unfinished => Self::Unfinished,
            runtime::ProblemKind::Gap => Self::Gap,
        }
    }
}

/// A way out of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WayOut {
    /// The command, without the program's name; `None` if it is no command.
    pub command: Option<String>,
    /// What it does, and when it is the right one.
    pub effect: String,
}

/// What was changed in what is recorded, or would be: `repair` with a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repair {
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// Whether nothing was changed, since only a plan was asked for.
    pub dry_run: bool,
    /// The rows that change, parents first.
    pub changes: Vec<RepairedRow>,
    /// The statements of which the user's word is taken.
    pub believed: Vec<BelievedStatement>,
}

impl Repair {
    pub(crate) fn new(report: &runtime::RepairReport, dry_run: bool) -> Self {
        Self {
            database: report.database.clone(),
            dry_run,
            changes: report.changes.iter().map(Into::into).collect(),
            believed: report.believed.iter().map(Into::into).collect(),
        }
    }
}

/// A row that a [`Repair`] changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RepairedRow {
    /// The revision.
    pub revision: String,
    /// Its message.
    pub description: String,
    /// What becomes of its row.
    pub change: RowChange,
    /// Of `progress`: the way that the revision was going.
    pub direction: Option<Direction>,
    /// Of `progress`: how many statements are done.
    pub statements_done: Option<usize>,
}

impl From<&runtime::RepairedRow> for RepairedRow {
    fn from(row: &runtime::RepairedRow) -> Self {
        let (change, progress) = match row.change {
            runtime::RowChange::Accepted => (RowChange::Accepted, None),
            runtime::RowChange::Digest => (RowChange::Digest, None),
            runtime::RowChange::Applied => (RowChange::Applied, None),
            runtime::RowChange::Forgotten => (RowChange::Forgotten, None),
            runtime::RowChange::Progress { direction, done } => {
                (RowChange::Progress, Some((direction, done)))
            }
        };
        Self {
            revision: row.revision.to_string(),
            description: row.description.clone(),
            change,
            direction: progress.map(|(direction, _)| direction.into()),
            statements_done: progress.map(|(_, done)| done),
        }
    }
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RowChange {
    /// It says what the file says.
    Accepted,
    /// Its digest follows from those of its ancestors again.
    Digest,
    /// It says how many statements are done.
    Progress,
    /// It says that the revision is applied.
    Applied,
    /// It goes.
    Forgotten,
}

/// A statement of which the user's word is taken: nothing in the database proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BelievedStatement {
    /// Whose statement it is.
    pub revision: String,
    /// Whether it belongs to the *up* or the *down*.
    pub direction: Direction,
    /// Its place in the script, from one.
    pub number: usize,
    /// Its text; `None` if this program does not have the script.
    pub sql: Option<String>,
    /// Whether it is believed to be done, or to have no effect on the database now.
    pub done: bool,
}

impl From<&runtime::BelievedStatement> for BelievedStatement {
    fn from(statement: &runtime::BelievedStatement) -> Self {
        Self {
            revision: statement.revision.to_string(),
            direction: statement.direction.into(),
            number: statement.number,
            sql: statement.sql.clone(),
            done: statement.done,
        }
    }
}
