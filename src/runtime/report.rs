//! What operations answer: what will run, what ran, and where a database stands.

use std::time::Duration;

use super::two_phase::PreparedTransaction;
use crate::chain::{Direction, Kind, RevisionId};
use crate::tool::Tool;

/// Where the SQL of a step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepSource {
    /// The revision's file, as it is in the chain.
    File,
    /// The script that was stored in the database when the revision was applied.
    Stored,
}

/// The transaction that a step runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepTransaction {
    /// In a transaction of the run.
    Shared,
    /// In a transaction of its own, with foreign keys enforced (`foreign-keys: on`).
    ForeignKeys,
    /// In no transaction (`transaction: none`): statement by statement, with recorded progress.
    Outside,
    /// Statement by statement, with recorded progress, since the database commits some of them by
    /// itself: on `MySQL` and `MariaDB` those that define something (`CREATE TABLE`).
    StatementByStatement,
}

/// A step that will run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedStep {
    /// The revision.
    pub revision: RevisionId,
    /// Its file; `None` if the chain does not have it.
    pub path: Option<String>,
    /// Its message.
    pub description: String,
    /// How many statements it has, without those that an earlier attempt finished.
    pub statements: usize,
    /// Where they come from.
    pub source: StepSource,
    /// Whether it is written in SQL or in Rust.
    pub kind: Kind,
    /// The transaction that it runs in.
    pub transaction: StepTransaction,
    /// Which part of the run it belongs to, from zero: each part is committed by itself.
    pub part: usize,
}

/// What a run will do, as [`Migrator::plan`](super::Migrator::plan) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunPlan {
    /// Which way.
    pub direction: Direction,
    /// The steps, in the order in which they run.
    pub steps: Vec<PlannedStep>,
    /// What should be known before.
    pub warnings: Vec<String>,
    /// The database, without secrets.
    pub database: String,
    /// Whether the parts are committed in two phases, together with those of other databases.
    pub two_phase: bool,
}

impl RunPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// In how many parts the run is committed.
    pub fn parts(&self) -> usize {
        self.steps.last().map_or(0, |step| step.part + 1)
    }
}

/// A step that ran and is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FinishedStep {
    /// The revision.
    pub revision: RevisionId,
    /// Its file; `None` if the chain does not have it.
    pub path: Option<String>,
    /// Its message.
    pub description: String,
    /// Which way.
    pub direction: Direction,
    /// How many statements ran.
    pub statements: usize,
    /// Where they came from.
    pub source: StepSource,
    /// How long they took.
    pub duration: Duration,
}

/// What a run did. All of it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Which way.
    pub direction: Direction,
    /// The steps, in the order in which they ran.
    pub steps: Vec<FinishedStep>,
    /// What should be known, one text each.
    pub warnings: Vec<String>,
    /// The database, without secrets.
    pub database: String,
    /// How long the whole call took, waiting included.
    pub duration: Duration,
}

impl Report {
    /// Of a run that had nothing to do.
    pub(crate) fn nothing(direction: Direction, database: &str) -> Self {
        let (steps, warnings, database) = (Vec::new(), Vec::new(), database.to_owned());
        Self { direction, steps, warnings, database, duration: Duration::ZERO }
    }

    /// Whether anything was done; `false` means that the target was reached already.
    pub fn changed(&self) -> bool {
        !self.steps.is_empty()
    }
}

/// An answer about one of several databases, as [`Databases`](super::Databases) gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Named<T> {
    /// The name of the database, as the chain declares it.
    pub name: String,
    /// The answer.
    pub report: T,
}

/// What a redo will do, as [`Configured::plan_redo`](super::Configured::plan_redo) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedoPlan {
    /// The way down.
    pub down: RunPlan,
    /// The same way up, on what will be left.
    pub up: RunPlan,
}

/// What a redo did, as [`Configured::redo`](super::Configured::redo) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedoReport {
    /// The way down.
    pub down: Report,
    /// The same way up.
    pub up: Report,
}

/// What a stamp recorded and forgot, as [`Configured::stamp`](super::Configured::stamp) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StampReport {
    /// The revisions that are recorded as applied now, parents first, each as it stood before.
    pub recorded: Vec<RevisionStatus>,
    /// The revisions whose rows are gone, children first, each as it stood before. With
    /// [`Options::purge`](super::Options::purge) some of them are recorded anew.
    pub forgotten: Vec<RevisionStatus>,
    /// What should be known, one text each.
    pub warnings: Vec<String>,
    /// The database, without secrets.
    pub database: String,
}

impl StampReport {
    /// Whether anything was changed; `false` means that the database was stamped so already.
    pub fn changed(&self) -> bool {
        !self.recorded.is_empty() || !self.forgotten.is_empty()
    }
}

/// A revision that another tool has applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdoptedRevision {
    /// The revision.
    pub revision: RevisionId,
    /// Its file.
    pub path: String,
    /// Its message.
    pub description: String,
    /// When the tool applied it, in UTC: `2026-11-21T22:11:04.123Z`; `None` where its table does not say.
    /// What is recorded then is when it was adopted.
    pub at: Option<String>,
    /// Who applied it, where the tool's table says.
    pub by: Option<String>,
    /// How long that took, where the tool's table says.
    pub duration: Option<Duration>,
    /// Whether the tool's own checksum proves that its text is the one that was applied.
    pub is_verified: bool,
}

/// What was adopted, as [`Configured::adopt`](super::Configured::adopt) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdoptReport {
    /// Whose table it was.
    pub tool: Tool,
    /// The revisions that are recorded as applied now, parents first.
    pub adopted: Vec<AdoptedRevision>,
    /// How many revisions of the tool's table were recorded already; then nothing was done.
    pub adopted_before: usize,
    /// What should be known, one text each.
    pub warnings: Vec<String>,
    /// The database, without secrets.
    pub database: String,
}

impl AdoptReport {
    /// Whether anything was recorded; `false` means that the database was adopted before, or that the tool's
    /// table says that nothing is applied.
    pub fn changed(&self) -> bool {
        !self.adopted.is_empty()
    }
}

/// How and when a revision came into the database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedRecord {
    /// When, in UTC: `2026-11-21T22:11:04.123Z`.
    pub at: String,
    /// Who.
    pub by: String,
    /// How long it took.
    pub duration: Duration,
}

/// Where a revision stands in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevisionState {
    /// Not applied.
    Pending,
    /// Applied.
    Applied(AppliedRecord),
    /// Recorded as applied without being run.
    Stamped(AppliedRecord),
    /// Outside a transaction, and done in part.
    Unfinished {
        /// Which way it was going.
        direction: Direction,
        /// How many statements are done.
        done: usize,
        /// The statement, from one, that was started and has neither finished nor failed: it is
        /// running now, or its process was killed.
        started: Option<usize>,
    },
}

/// How the record of an applied revision differs from its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Difference {
    /// Its *up* was edited.
    Edited,
    /// It has other parents or dependencies.
    Reparented,
    /// Its text and its parents are those of the file, but its digest follows neither from them
    /// nor from what its ancestors were: the row was changed by other means, or is of an older history.
    WrongDigest,
}

/// One revision of the chain, or one that only the database has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevisionStatus {
    /// The revision.
    pub revision: RevisionId,
    /// Its file; `None` if the chain does not know the revision.
    pub path: Option<String>,
    /// Its message.
    pub description: String,
    /// Where it stands.
    pub state: RevisionState,
    /// How its record differs from the file, if it does.
    pub difference: Option<Difference>,
}

impl RevisionStatus {
    /// Whether only the database has it.
    pub fn is_unknown(&self) -> bool {
        self.path.is_none()
    }
}

/// Where a database stands, as [`Migrator::status`](super::Migrator::status) answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The revisions of the chain, parents first, then those that only the database has.
    pub revisions: Vec<RevisionStatus>,
    /// The applied revisions that no other applied one follows or depends on.
    pub heads: Vec<RevisionId>,
    /// The database, without secrets.
    pub database: String,
    /// The transactions of two-phase commits that are prepared here, and wait for being committed or undone.
    pub prepared: Vec<PreparedTransaction>,
}

impl Status {
    /// Whether the whole chain is applied, as it is in its files, and nothing of it is left prepared.
    ///
    /// Revisions that only the database has do not count: `up` has nothing to do there either.
    pub fn is_current(&self) -> bool {
        self.prepared.is_empty()
            && self.revisions.iter().all(|revision| {
                revision.difference.is_none()
                    && matches!(
                        revision.state,
                        RevisionState::Applied(_) | RevisionState::Stamped(_)
                    )
            })
    }

    /// The revisions that are not applied.
    pub fn pending(&self) -> impl Iterator<Item = &RevisionStatus> {
        self.revisions.iter().filter(|revision| revision.state == RevisionState::Pending)
    }
}
