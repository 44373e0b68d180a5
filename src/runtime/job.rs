//! A revision as it will run: its statements, and how they are wrapped.
//!
//! Everything that can make a revision impossible is found here, for the whole plan, before the
//! first statement. Pure, apart from the stored scripts, which the caller brings.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::connection::Record;
use super::error::{DatabaseState, Error, ErrorKind};
use super::operations::{Step, to_repair};
use super::report::{PlannedStep, RunPlan, StepSource, StepTransaction};
use super::rounds::number;
use super::select::Request;
use super::state::{Progress, Row, RowStatus, State, id_list};
use super::tracking::Standing;
use crate::chain::{Direction, Kind, Revision, RevisionId};
use crate::diagnostic::Sources;
use crate::dialect::{Dialect, Variant};
use crate::script::{Requirement, Script, TransactionMode, Version};
use crate::sql::{self, HazardKind};

/// Around a revision that sets savepoints; releasing it releases those that were left.
pub(crate) const OUTER_SAVEPOINT: &str = "SAVEPOINT cargo_migrate_revision";
pub(crate) const RELEASE_OUTER_SAVEPOINT: &str = "RELEASE SAVEPOINT cargo_migrate_revision";

/// One revision to run.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) id: RevisionId,
    pub(crate) direction: Direction,
    pub(crate) path: Option<&'a str>,
    pub(crate) description: String,
    pub(crate) text: Cow<'a, str>,
    pub(crate) body: Body,
    /// The statements, as ranges of the text.
    pub(crate) statements: Vec<Range<usize>>,
    /// How many of them an earlier attempt finished; `None` if there was none.
    pub(crate) resume: Option<usize>,
    pub(crate) source: StepSource,
    pub(crate) transaction: StepTransaction,
    pub(crate) foreign_keys: bool,
    /// Whether a statement may change the session, and not only the database.
    pub(crate) changes_session: bool,
    pub(crate) part: usize,
    /// The undoing script that is stored.
    pub(crate) down_script: Option<String>,
    irreversible: Option<String>,
    requires: Vec<(usize, Version)>,
    extensions: Vec<(usize, String)>,
}

/// What a job does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// It sends its statements.
    Sql,
    /// It runs code; `None` if this program does not have it.
    Rust(Option<Step>),
}

impl Job<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self.body {
            Body::Sql => Kind::Sql,
            Body::Rust(_) => Kind::Rust,
        }
    }

    /// The code of a revision in Rust.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rust`] if this program does not have it.
    pub(crate) fn code(&self) -> Result<Option<Step>, Error> {
        match self.body {
            Body::Sql => Ok(None),
            Body::Rust(Some(step)) => Ok(Some(step)),
            Body::Rust(None) => Err(self
                .error(
                    ErrorKind::Rust,
                    format!(
                        "revision `{}` is written in Rust, and this program has only its text",
                        self.id
                    ),
                )
                .note("nothing of the run was begun")
                .help(
                    "run it with a program that it is compiled into, such as the runner `migrate`",
                )),
        }
    }

    pub(crate) fn statement(&self, index: usize) -> &str {
        &self.text[self.statements[index].clone()]
    }

    /// Whether it runs statement by statement, with recorded progress.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.transaction, StepTransaction::Outside | StepTransaction::StatementByStatement)
    }

    /// Whether a statement runs outside any transaction, so that it is recorded as started before.
    pub(crate) fn is_started_alone(&self, dialect: Dialect, index: usize) -> bool {
        match self.transaction {
            StepTransaction::Outside => true,
            StepTransaction::StatementByStatement => {
                sql::commits_implicitly(dialect, self.statement(index))
            }
            StepTransaction::Shared | StepTransaction::ForeignKeys => false,
        }
    }

    /// Whether a statement sets a savepoint, which could outlive the revision.
    pub(crate) fn has_savepoint(&self) -> bool {
        (0..self.statements.len()).any(|index| {
            let first = self.statement(index).get(.."SAVEPOINT".len());
            first.is_some_and(|word| word.eq_ignore_ascii_case("SAVEPOINT"))
        })
    }

    /// What is recorded when its first statement comes next and nothing holds it together.
    pub(crate) fn record_of_beginning<'r>(
        &'r self,
        request: &'r Request<'_>,
        applied_by: &'r str,
        started: Option<usize>,
    ) -> Record<'r> {
        Record {
            status: RowStatus::Applying.name(),
            statements_done: 0,
            statement_started: started,
            checksum: Progress::of(request.variant.dialect, std::iter::empty()).checksum(),
            ..self.record(request, applied_by)
        }
    }

    /// The part of its row that says that it is being undone.
    pub(crate) fn standing_of_undoing(
        &self,
        done: usize,
        started: Option<usize>,
        checksum: String,
    ) -> Standing {
        Standing {
            status: RowStatus::Reverting,
            statements_done: done,
            statement_started: started,
            checksum,
            down_script: self.down_script.clone(),
        }
    }

    /// What is recorded of it.
    pub(crate) fn record<'r>(
        &'r self,
        request: &'r Request<'_>,
        applied_by: &'r str,
    ) -> Record<'r> {
        let revision =
            request.chain.get(self.id.as_str()).expect("only revisions of the chain are applied");
        let fingerprint = &revision.fingerprints[request.variant_index];
        Record {
            revision: self.id.as_str(),
            parents: id_list(request.chain.parents(revision)),
            depends_on: id_list(request.chain.dependencies(revision)),
            description: &self.description,
            kind: revision.kind().name(),
            checksum: fingerprint.checksum.to_string(),
            digest: fingerprint.digest.to_string(),
            down_script: self.down_script.clone(),
            irreversible: self.irreversible.clone(),
            status: RowStatus::Applied.name(),
            statements_done: self.statements.len(),
            statement_started: None,
            applied_at: None,
            applied_by,
            duration_ms: 0,
        }
    }

    fn error(&self, kind: ErrorKind, message: String) -> Error {
        Error::new(kind, message)
            .revision_named(&self.id, self.path)
            .leaving(DatabaseState::AsBefore)
    }

    /// Whether the database is new enough.
    pub(crate) fn check_version(&self, dialect: Dialect, version: &Version) -> Result<(), Error> {
        match self.requires.iter().find(|(_, at_least)| !version.is_at_least(at_least)) {
            None => Ok(()),
            Some((offset, at_least)) => Err(self
                .error(
                    ErrorKind::Requirement,
                    format!("revision `{}` requires {dialect} {at_least} or later, and this is {version}", self.id),
                )
                .at(&self.text, *offset)
                .help(format!("use a newer {dialect}; nothing of the run was begun"))),
        }
    }

    /// The extensions that it requires.
    pub(crate) fn extensions(&self) -> impl Iterator<Item = &str> {
        self.extensions.iter().map(|(_, name)| name.as_str())
    }

    /// The error if an extension that it requires is not `available`.
    pub(crate) fn check_extensions(&self, available: &HashSet<String>) -> Result<(), Error> {
        match self.extensions.iter().find(|(_, name)| !available.contains(name)) {
            None => Ok(()),
            Some((offset, name)) => Err(self
                .error(
                    ErrorKind::Requirement,
                    format!(
                        "revision `{}` requires the extension `{name}`, which this server does not have",
                        self.id
                    ),
                )
                .at(&self.text, *offset)
                .help("install it on the server; nothing of the run was begun")),
        }
    }

    /// What it requires, as its header says it.
    pub(crate) fn requirements(&self, dialect: Dialect) -> impl Iterator<Item = String> {
        let versions =
            self.requires.iter().map(move |(_, version)| format!("{dialect} >= {version}"));
        versions.chain(self.extensions().map(|name| format!("extension {name}")))
    }

    pub(crate) fn needs_version(&self) -> bool {
        !self.requires.is_empty()
    }
}

/// The script that a started statement belongs to; `stored` is the row's down script.
pub(crate) fn interrupted<'a>(
    request: &Request<'a>,
    row: &Row,
    stored: Option<String>,
) -> Result<Job<'a>, Error> {
    match (row.status, request.chain.get(row.id.as_str()), stored) {
        (RowStatus::Reverting, _, Some(script)) => {
            let request = Request { direction: Direction::Down, ..request.clone() };
            job_of(&request, &row.id, None, Cow::Owned(script))
        }
        (_, Some(revision), _) => {
            let request = Request { direction: Direction::Up, ..request.clone() };
            job_of(&request, &row.id, Some(revision), Cow::Borrowed(revision.text()))
        }
        (_, None, _) => Err(Error::new(
            ErrorKind::Unknown,
            format!("revision `{}` is not in this program", row.id),
        )),
    }
}

/// The steps with their SQL.
pub(crate) fn jobs<'a>(
    request: &Request<'a>,
    state: &State,
    steps: &[RevisionId],
    mut stored: HashMap<RevisionId, String>,
) -> Result<Vec<Job<'a>>, Error> {
    let mut jobs = Vec::with_capacity(steps.len());
    for id in steps {
        jobs.push(job(request, state, id, stored.remove(id))?);
    }
    number(&mut [&mut jobs[..]], request.options.scope.is_run(request.variant.dialect));
    Ok(jobs)
}

fn job<'a>(
    request: &Request<'a>,
    state: &State,
    id: &RevisionId,
    stored: Option<String>,
) -> Result<Job<'a>, Error> {
    let row = state.row(id.as_str());
    let revision = request.chain.get(id.as_str()).filter(|_| !prefers_stored(request, state, id));
    let resumed =
        row.filter(|row| matches!(row.status, RowStatus::Applying | RowStatus::Reverting));
    if let Some(revision) = revision {
        let job = job_of(request, id, Some(revision), Cow::Borrowed(revision.text()))?;
        let Some(row) = resumed else { return Ok(job) };
        match resume(request, job, row) {
            Ok(job) => return Ok(job),
            // An earlier `down` stored what it ran; the file may have been corrected since.
            Err(error) => {
                if request.direction == Direction::Up || stored.is_none() {
                    return Err(error);
                }
            }
        }
    }
    let row = row.ok_or_else(|| {
        Error::new(ErrorKind::Unknown, format!("nothing is known of revision `{id}`"))
    })?;
    let refused = |kind, message| {
        Error::new(kind, message)
            .revision_named(id, revision.map(Revision::path))
            .leaving(DatabaseState::AsBefore)
    };
    if let Some(why) = &row.irreversible {
        return Err(refused(
            ErrorKind::Irreversible,
            format!("revision `{id}` cannot be undone: {why}"),
        ));
    }
    let Some(script) = stored else {
        let (kind, why) = if row.kind == Kind::Rust.name() {
            (ErrorKind::Rust, "it is written in Rust, of which no script can be stored")
        } else {
            (
                ErrorKind::Irreversible,
                "its file is not in this program, and the database stores no script",
            )
        };
        return Err(refused(kind, format!("revision `{id}` cannot be undone: {why}"))
            .help("use a program that was built with it"));
    };
    let mut job = job_of(request, id, None, Cow::Owned(script))?;
    job.description.clone_from(&row.description);
    if let Some(row) = resumed { resume(request, job, row) } else { Ok(job) }
}

/// Whether a revision of the chain is undone with the script that the database has.
pub(crate) fn prefers_stored(request: &Request<'_>, state: &State, id: &RevisionId) -> bool {
    request.direction == Direction::Down
        && request.options.edited_down == Some(StepSource::Stored)
        && request.chain.get(id.as_str()).is_some_and(|revision| {
            state.difference(request.chain, request.variant_index, revision).is_some()
        })
}

/// Skips the statements that are done, after proving that they are the same.
fn resume<'a>(request: &Request<'_>, mut job: Job<'a>, row: &Row) -> Result<Job<'a>, Error> {
    if job.kind() == Kind::Rust {
        let what =
            format!("revision `{}`, written in Rust, failed outside a transaction before", job.id);
        let error = job.error(ErrorKind::Unfinished, what).note("how far it came is not known");
        return Err(to_repair(error, &row.id));
    }
    let done = row.statements_done;
    let same = done <= job.statements.len() && {
        let finished = (0..done).map(|index| job.statement(index));
        Progress::of(request.variant.dialect, finished).checksum() == row.checksum
    };
    if !job.is_alone() || !same {
        return Err(job
            .error(
                ErrorKind::Edited,
                format!("revision `{}` was edited after a part of it had run", job.id),
            )
            .note(format!("{done} of its statements are done and must stay as they are"))
            .help("restore these statements, and correct only those after them")
            .help(format!(
                "or, if you have finished the revision by hand, or undone it: `repair {id} --applied`, \
                 or `repair {id} --not-applied`",
                id = row.id
            )));
    }
    job.resume = Some(done);
    Ok(job)
}

fn job_of<'a>(
    request: &Request<'a>,
    id: &RevisionId,
    revision: Option<&'a Revision>,
    text: Cow<'a, str>,
) -> Result<Job<'a>, Error> {
    let direction = request.direction;
    let path = revision.map(Revision::path);
    let refused = |kind, message: String| {
        Error::new(kind, message).revision_named(id, path).leaving(DatabaseState::AsBefore)
    };
    let kind = revision.map_or(Kind::Sql, Revision::kind);
    let code = || request.rust.iter().find(|code| code.id() == id.as_str());
    let body = match kind {
        Kind::Sql => Body::Sql,
        Kind::Rust => Body::Rust(code().map(|code| code.step(direction))),
    };
    // The driver would wait for ever for the end of a statement with a NUL byte.
    if text.contains('\0') {
        return Err(refused(ErrorKind::Script, format!("revision `{id}` holds a NUL byte")));
    }
    // The findings are those of validation, and were judged there.
    let file = Sources::new().add("", "");
    let (script, _) = Script::parse(kind, &text, file);
    let header = script.header();
    if direction == Direction::Down
        && let Some(why) = &header.irreversible
    {
        let mut error = refused(
            ErrorKind::Irreversible,
            format!("revision `{id}` cannot be undone: {}", why.value),
        );
        if path.is_some() {
            error = error.at(&text, why.span.start);
        }
        return Err(error.note("nothing of the run was begun"));
    }
    let statements: Vec<Range<usize>> = script
        .statements(direction, request.variant)
        .into_iter()
        .map(|statement| statement.offset..statement.offset + statement.sql.len())
        .collect();
    let dialect = request.variant.dialect;
    // What code does is not known before.
    let changes_session = kind == Kind::Rust
        || statements.iter().any(|range| sql::changes_session(dialect, &text[range.clone()]));
    let commits = || {
        kind == Kind::Rust && dialect == Dialect::Mysql
            || statements.iter().any(|range| sql::commits_implicitly(dialect, &text[range.clone()]))
    };
    let transaction = match (header.transaction, &header.foreign_keys) {
        (TransactionMode::None, _) => StepTransaction::Outside,
        (TransactionMode::Transactional, _) if commits() => StepTransaction::StatementByStatement,
        (TransactionMode::Transactional, Some(_)) => StepTransaction::ForeignKeys,
        (TransactionMode::Transactional, None) => StepTransaction::Shared,
    };
    let find = |kind| statements.iter().find(|range| is_hazard(kind, dialect, &text, range));
    if dialect == Dialect::Mysql
        && let Some(range) = find(HazardKind::LocksTables)
    {
        return Err(refused(
            ErrorKind::Script,
            format!("revision `{id}` would lock tables, and shut the tracking table out"),
        )
        .at(&text, range.start)
        .help("remove the statement, and the `UNLOCK TABLES` with it"));
    }
    if transaction != StepTransaction::Outside
        && let Some(range) = find(HazardKind::TransactionControl)
    {
        return Err(refused(
            ErrorKind::Script,
            format!(
                "revision `{id}` would begin or end a transaction inside the one that it runs in"
            ),
        )
        .at(&text, range.start)
        .help("remove the statement, or put `transaction: none` into the header"));
    }
    let requires = header
        .requires
        .iter()
        .filter_map(|requirement| match &requirement.value {
            Requirement::Version { dialect, at_least } if *dialect == request.variant.dialect => {
                Some((requirement.span.start, at_least.clone()))
            }
            _ => None,
        })
        .collect();
    let extensions = header
        .requires
        .iter()
        .filter_map(|requirement| match &requirement.value {
            Requirement::Extension(name) if dialect == Dialect::Postgres => {
                Some((requirement.span.start, name.clone()))
            }
            _ => None,
        })
        .collect();
    let irreversible = header.irreversible.as_ref().map(|why| why.value.clone());
    let has_script = irreversible.is_none() && kind == Kind::Sql;
    let down_script = has_script.then(|| down_script(&script, id, request.variant));
    Ok(Job {
        id: id.clone(),
        direction,
        path,
        description: header.message.clone(),
        statements,
        resume: None,
        source: if path.is_some() { StepSource::File } else { StepSource::Stored },
        transaction,
        foreign_keys: header.foreign_keys.is_some(),
        changes_session,
        part: 0,
        down_script,
        irreversible,
        requires,
        extensions,
        text,
        body,
    })
}

/// The text that undoes a revision without its file: a revision file of its own.
///
/// Its header has the id and what changes how the statements run; its sections are the *down*
/// sections that match here, without their selectors.
pub(crate) fn down_script(script: &Script<'_>, id: &RevisionId, variant: &Variant) -> String {
    let header = script.header();
    let mut text = format!("-- revision: {id}\n");
    if header.transaction == TransactionMode::None {
        text.push_str("-- transaction: none\n");
    }
    if header.foreign_keys.is_some() {
        text.push_str("-- foreign-keys: on\n");
    }
    for section in script.matching(Direction::Down, variant) {
        text.push_str("\n-- migrate:down\n");
        text.push_str(script.text()[section.body.clone()].trim_end());
        text.push('\n');
    }
    text
}

fn is_hazard(kind: HazardKind, dialect: Dialect, text: &str, range: &Range<usize>) -> bool {
    let statement =
        sql::Statement { text: &text[range.clone()], offset: range.start, end: range.end };
    sql::hazards(dialect, &statement).iter().any(|hazard| hazard.kind == kind)
}

/// The jobs, as people are shown them.
pub(crate) fn run_plan(
    direction: Direction,
    jobs: &[Job<'_>],
    warnings: &[String],
    database: &str,
    two_phase: bool,
) -> RunPlan {
    let steps = jobs
        .iter()
        .map(|job| PlannedStep {
            revision: job.id.clone(),
            path: job.path.map(str::to_owned),
            description: job.description.clone(),
            statements: job.statements.len() - job.resume.unwrap_or(0),
            source: job.source,
            kind: job.kind(),
            transaction: job.transaction,
            part: job.part,
        })
        .collect();
    RunPlan {
        direction,
        steps,
        warnings: warnings.to_vec(),
        database: database.to_owned(),
        two_phase,
    }
}
