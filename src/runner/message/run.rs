//! What runs: plans, events as they happen, and reports.

use serde::{Deserialize, Serialize};

use super::{Direction, Kind, milliseconds};
use crate::chain::RevisionId;
use crate::runtime;

/// What would run: `plan`, and `up`, `down` and `redo` with `--dry-run`; of a redo there are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Which way.
    pub direction: Direction,
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// The steps, in the order in which they run.
    pub steps: Vec<PlannedStep>,
    /// In how many parts the run is committed.
    pub parts: usize,
    /// Whether the parts are committed in two phases, together with those of other databases.
    pub two_phase: bool,
}

impl From<&runtime::RunPlan> for Plan {
    fn from(plan: &runtime::RunPlan) -> Self {
        Self {
            direction: plan.direction.into(),
            database: plan.database.clone(),
            steps: plan.steps.iter().map(Into::into).collect(),
            parts: plan.parts(),
            two_phase: plan.two_phase,
        }
    }
}

/// A step that will run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedStep {
    /// The revision.
    pub revision: String,
    /// Its message.
    pub description: String,
    /// Its file; `None` if only the database has it.
    pub path: Option<String>,
    /// What it is written in.
    pub kind: Kind,
    /// How many statements it has, without those that an earlier attempt finished.
    pub statements: usize,
    /// Where they come from.
    pub source: StepSource,
    /// The transaction that it runs in.
    pub transaction: StepTransaction,
    /// Which part of the run it belongs to, from zero: each part is committed by itself.
    pub part: usize,
}

impl From<&runtime::PlannedStep> for PlannedStep {
    fn from(step: &runtime::PlannedStep) -> Self {
        Self {
            revision: step.revision.to_string(),
            description: step.description.clone(),
            path: step.path.clone(),
            kind: step.kind.into(),
            statements: step.statements,
            source: step.source.into(),
            transaction: step.transaction.into(),
            part: step.part,
        }
    }
}

/// Where the statements of a step come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StepSource {
    /// The revision's file, as it is in the chain.
    File,
    /// What was stored in the database when the revision was applied.
    Stored,
}

impl From<runtime::StepSource> for StepSource {
    fn from(source: runtime::StepSource) -> Self {
        match source {
            runtime::StepSource::File => Self::File,
            runtime::StepSource::Stored => Self::Stored,
        }
    }
}

/// The transaction that a step runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StepTransaction {
    /// A transaction of the run.
    Shared,
    /// One of its own, with foreign keys enforced.
    ForeignKeys,
    /// None: statement by statement.
    Outside,
    /// None that holds: the database commits some statements by itself.
    StatementByStatement,
}

impl From<runtime::StepTransaction> for StepTransaction {
    fn from(transaction: runtime::StepTransaction) -> Self {
        match transaction {
            runtime::StepTransaction::Shared => Self::Shared,
            runtime::StepTransaction::ForeignKeys => Self::ForeignKeys,
            runtime::StepTransaction::Outside => Self::Outside,
            runtime::StepTransaction::StatementByStatement => Self::StatementByStatement,
        }
    }
}

/// There is something to do, and it begins. Comes again if somebody else changed the database before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunStarted {
    /// What will run.
    pub plan: Plan,
}

/// Somebody else holds the lock, and the run waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Waiting {
    /// How long it has waited.
    pub waited_ms: u64,
    /// Who holds it, in words, where the server tells.
    pub holder: Option<String>,
}

/// A transaction or a statement failed for the locks of others, had no effect, and will be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retrying {
    /// The revision that failed.
    pub revision: String,
    /// How often it has been tried.
    pub attempts: u32,
    /// How long the run pauses before it tries again.
    pub pause_ms: u64,
    /// What the server said.
    pub cause: String,
    /// Which sessions are in the way, in words, where the server tells.
    pub blockers: Vec<String>,
}

/// A revision begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevisionStarted {
    /// Which one.
    pub revision: String,
    /// Which way.
    pub direction: Direction,
    /// Its place in the run, from one.
    pub number: usize,
    /// How many steps the run has.
    pub count: usize,
}

/// A statement is sent; only with `--verbose`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatementStarted {
    /// Whose statement it is.
    pub revision: String,
    /// Its place in the revision, from one.
    pub number: usize,
    /// How many statements the revision has.
    pub count: usize,
}

/// A revision in Rust says how far it is; only with `--verbose`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Which one.
    pub revision: String,
    /// How many rows of what it works on are done.
    pub rows: u64,
}

/// All statements of a revision are done. Whether they stay is told by [`Committed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevisionFinished {
    /// Which one.
    pub revision: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// Steps are permanent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Committed {
    /// Whose.
    pub revisions: Vec<String>,
}

impl Committed {
    pub(crate) fn new(revisions: &[RevisionId]) -> Self {
        Self { revisions: revisions.iter().map(ToString::to_string).collect() }
    }
}

/// What a run did, all of which is committed: `up`, `down` and `redo`, of which there are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Which way.
    pub direction: Direction,
    /// The database, as messages name it, without secrets.
    pub database: String,
    /// The steps, in the order in which they ran; none if there was nothing to do.
    pub steps: Vec<FinishedStep>,
    /// How long the whole run took, waiting included.
    pub duration_ms: u64,
}

impl From<&runtime::Report> for Report {
    fn from(report: &runtime::Report) -> Self {
        Self {
            direction: report.direction.into(),
            database: report.database.clone(),
            steps: report.steps.iter().map(Into::into).collect(),
            duration_ms: milliseconds(report.duration),
        }
    }
}

/// A step that ran and is committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FinishedStep {
    /// The revision.
    pub revision: String,
    /// Its message.
    pub description: String,
    /// Its file; `None` if only the database had it.
    pub path: Option<String>,
    /// How many statements ran.
    pub statements: usize,
    /// Where they came from.
    pub source: StepSource,
    /// How long they took.
    pub duration_ms: u64,
}

impl From<&runtime::FinishedStep> for FinishedStep {
    fn from(step: &runtime::FinishedStep) -> Self {
        Self {
            revision: step.revision.to_string(),
            description: step.description.clone(),
            path: step.path.clone(),
            statements: step.statements,
            source: step.source.into(),
            duration_ms: milliseconds(step.duration),
        }
    }
}
