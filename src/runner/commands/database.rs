//! The commands that work on a database.

use std::fmt::Write as _;
use std::future::Future;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use super::progress::Progress;
use crate::chain::Direction;
use crate::diagnostic::visible;
use crate::runner::place::Place;
use crate::runner::{DatabaseArguments, DownArguments, DownSource, Exit, Failure, Scope};
use crate::runner::{StatementArguments, StatusArguments, Ui, UpArguments};
use crate::runtime::{
    self, AppliedRecord, Difference, Error, ErrorKind, Migrator, Options, Report, RevisionState,
    RevisionStatus, RunPlan, Status, StepSource, StepTransaction, TransactionScope,
};

/// A database with nothing in it, for plans before there is one.
pub(super) const NOTHING: &str = "sqlite::memory:";

/// Applies revisions.
pub(crate) fn up(
    migrator: &Migrator,
    place: &Place,
    args: &UpArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    if migrator.chain().map_err(failed)?.is_empty() {
        ui.note("the chain has no revision yet; `new` of `cargo migrate` writes one")?;
        return Ok(Exit::Done);
    }
    let progress = Arc::new(Progress::new(ui.clone()));
    let configured =
        migrator.with(options(place, &args.database, args.statements, args.transaction, &progress));
    block_on(async {
        if args.dry_run {
            let many_heads = migrator.header().map_err(failed)?.settings.many_heads;
            let default = if many_heads { "heads" } else { "head" };
            let target = args.target.as_deref().unwrap_or(default);
            let mut plan = configured.plan(place.url.as_str(), Direction::Up, target).await;
            if plan.as_ref().is_err_and(|error| error.kind() == ErrorKind::Missing) {
                ui.note("the database does not exist yet; `up` creates it")?;
                plan = configured.plan(NOTHING, Direction::Up, target).await;
                if let Ok(plan) = &mut plan {
                    plan.database.clone_from(&place.shown);
                }
            }
            return show_plan(&plan.map_err(failed)?, place, ui);
        }
        announce(place, ui)?;
        let report = match args.target.as_deref() {
            None => configured.up(place.url.as_str()).await,
            Some(target) => configured.up_to(place.url.as_str(), target).await,
        };
        progress.finish();
        finish(&report.map_err(failed)?, ui)
    })
}

/// Undoes revisions.
pub(crate) fn down(
    migrator: &Migrator,
    place: &Place,
    args: &DownArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let mut options = options(place, &args.database, args.statements, args.transaction, &progress);
    options.edited_down = args.from.map(Into::into);
    let configured = migrator.with(options);
    let target = args.target.as_deref().unwrap_or("-1");
    block_on(async {
        if args.dry_run {
            let plan = configured.plan(place.url.as_str(), Direction::Down, target).await;
            return show_plan(&plan.map_err(failed)?, place, ui);
        }
        announce(place, ui)?;
        confirm(place, "down", args.yes, ui)?;
        let report = configured.down(place.url.as_str(), target).await;
        progress.finish();
        finish(&report.map_err(failed)?, ui)
    })
}

/// Shows where a database is.
pub(crate) fn status(
    migrator: &Migrator,
    place: &Place,
    args: &StatusArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let status = look(migrator, place, &args.database, ui)?;
    show_status(&status, place, ui)?;
    Ok(if args.check && !status.is_current() { Exit::OutOfDate } else { Exit::Done })
}

/// Where a database stands, for a command that shows it together with something else.
pub(crate) fn standing(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    ui: &Ui,
) -> Result<Status, Failure> {
    announce(place, ui)?;
    look(migrator, place, args, ui)
}

fn look(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    ui: &Ui,
) -> Result<Status, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let statements = StatementArguments::default();
    let configured = migrator.with(options(place, args, statements, None, &progress));
    block_on(async {
        match configured.status(place.url.as_str()).await {
            Err(error) if error.kind() == ErrorKind::Missing => {
                ui.note("the database does not exist yet; `up` creates it")?;
                let mut status = configured.status(NOTHING).await.map_err(failed)?;
                status.database.clone_from(&place.shown);
                Ok(status)
            }
            status => status.map_err(failed),
        }
    })
}

impl From<DownSource> for StepSource {
    fn from(source: DownSource) -> Self {
        match source {
            DownSource::File => Self::File,
            DownSource::Database => Self::Stored,
        }
    }
}

/// Flags, then what holds at the place, then the defaults.
pub(super) fn options(
    place: &Place,
    args: &DatabaseArguments,
    statements: StatementArguments,
    scope: Option<Scope>,
    progress: &Arc<Progress>,
) -> Options {
    let mut options = Options::new().observer(Arc::clone(progress) as _);
    let limits = statements.limits(args).or(place.limits);
    if let Some(timeout) = limits.lock_timeout {
        options = options.lock_timeout(timeout);
    }
    if let Some(retries) = limits.retries {
        options = options.retries(retries);
    }
    // Zero is how somebody says that a time-out of the configuration is not to hold.
    let is_set = |timeout: &Duration| !timeout.is_zero();
    options.statement_lock_timeout = limits.statement_lock_timeout.filter(is_set);
    options.statement_timeout = limits.statement_timeout.filter(is_set);
    if let Some(name) = &args.name {
        options = options.database(name);
    }
    match scope {
        Some(Scope::Revision) => options.scope(TransactionScope::Revision),
        Some(Scope::Run) | None => options,
    }
}

/// Runs a future to its end, also for a caller that is inside an async runtime already.
pub(crate) fn block_on<T: Send, E: From<Failure> + Send>(
    future: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    runtime::block_on(future).unwrap_or_else(|error| {
        Err(Failure::new(format!("no async runtime can be started: {error}")).into())
    })
}

/// Says which database it is, and who said so.
pub(crate) fn announce(place: &Place, ui: &Ui) -> Result<(), Failure> {
    ui.status("Database", format_args!("{} (from {})", place.shown, place.origin))
}

/// Asks before anything destructive where something protects the database.
pub(crate) fn confirm(place: &Place, command: &str, yes: bool, ui: &Ui) -> Result<(), Failure> {
    let Some(protection) = place.protected.as_ref().filter(|_| !yes) else { return Ok(()) };
    let refusal = |message: String| {
        Failure::new(message).help(format!("to go on without a question: `{command} --yes`"))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refusal(format!(
            "{protection} protects this database, and there is no terminal to ask; nothing was changed"
        )));
    }
    let question =
        format!("This database is protected by {protection}. Go on with `{command}`? [y/N]");
    if matches!(ui.ask(question)?.as_str(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(refusal(String::from("not confirmed; nothing was changed")))
}

/// Says what should be known of a run.
pub(super) fn warn(report: &Report, ui: &Ui) -> Result<(), Failure> {
    for warning in &report.warnings {
        ui.warn(warning)?;
    }
    let stored = report.steps.iter().filter(|step| step.source == StepSource::Stored).count();
    if stored > 0 {
        ui.note(format_args!("{stored} of them with the script that the database had stored"))?;
    }
    Ok(())
}

fn finish(report: &Report, ui: &Ui) -> Result<Exit, Failure> {
    warn(report, ui)?;
    let count = report.steps.len();
    let summary = match (count, report.direction) {
        (0, _) => String::from("nothing to do"),
        (1, Direction::Up) => String::from("1 revision applied"),
        (1, Direction::Down) => String::from("1 revision undone"),
        (_, Direction::Up) => format!("{count} revisions applied"),
        (_, Direction::Down) => format!("{count} revisions undone"),
    };
    ui.status("Finished", format_args!("{summary} in {:.2}s", report.duration.as_secs_f64()))?;
    Ok(Exit::Done)
}

pub(super) fn show_plan(plan: &RunPlan, place: &Place, ui: &Ui) -> Result<Exit, Failure> {
    for warning in &plan.warnings {
        ui.warn(warning)?;
    }
    ui.status("Planned", format_args!("{} (from {})", plan.database, place.origin))?;
    if plan.is_empty() {
        ui.status("Finished", "nothing to do")?;
        return Ok(Exit::Done);
    }
    for step in &plan.steps {
        let description = visible(&step.description);
        let mut line = format!("{} {}  {description}", plan.direction, step.revision);
        match step.transaction {
            StepTransaction::Outside => line.push_str("  (outside a transaction)"),
            StepTransaction::StatementByStatement => {
                line.push_str("  (committed statement by statement)");
            }
            StepTransaction::ForeignKeys => line.push_str("  (alone, with foreign keys on)"),
            StepTransaction::Shared => {}
        }
        if step.source == StepSource::Stored {
            line.push_str("  (script stored in the database)");
        }
        ui.answer(line)?;
    }
    let parts = plan.parts();
    let is_whole =
        |transaction| matches!(transaction, StepTransaction::Shared | StepTransaction::ForeignKeys);
    let committed = if parts > 1 {
        format!("committed in {parts} parts")
    } else if plan.steps.iter().any(|step| !is_whole(step.transaction)) {
        String::from("committed statement by statement")
    } else {
        String::from("committed at the end, all or nothing")
    };
    let count = plan.steps.len();
    let plural = if count == 1 { "" } else { "s" };
    ui.status("Finished", format_args!("{count} step{plural}, {committed}; nothing was changed"))?;
    Ok(Exit::Done)
}

fn show_status(status: &Status, place: &Place, ui: &Ui) -> Result<(), Failure> {
    ui.answer(format_args!("database: {} (from {})", status.database, place.origin))?;
    let heads: Vec<&str> = status.heads.iter().map(AsRef::as_ref).collect();
    let at = if heads.is_empty() {
        String::from("base: no revision is applied")
    } else {
        heads.join(", ")
    };
    ui.answer(format_args!("      at: {at}"))?;
    let pending = status.pending().count();
    if pending > 0 {
        ui.answer(format_args!(" pending: {pending}"))?;
    }
    ui.answer("")?;
    status.revisions.iter().try_for_each(|revision| ui.answer(status_line(revision)))
}

fn status_line(revision: &RevisionStatus) -> String {
    let record = |record: &AppliedRecord| {
        format!("{} by {} in {:.3}s", record.at, record.by, record.duration.as_secs_f64())
    };
    let (word, detail) = match &revision.state {
        RevisionState::Pending => ("pending", String::new()),
        RevisionState::Applied(made) => ("applied", record(made)),
        RevisionState::Stamped(made) => ("stamped", record(made)),
        RevisionState::Unfinished { direction, done, started } => {
            let verb = match direction {
                Direction::Up => "applying",
                Direction::Down => "undoing",
            };
            let fate = match started {
                Some(statement) => {
                    format!("{done} statements done, nobody knows about statement {statement}")
                }
                None => format!("{done} statements done, stopped"),
            };
            (verb, fate)
        }
    };
    let description = visible(&revision.description);
    let mut line = format!("{word:>8}  {}  {description}", revision.revision);
    if !detail.is_empty() {
        let _ = write!(line, "  ({detail})");
    }
    match revision.difference {
        Some(Difference::Edited) => line.push_str("  EDITED: the file is not what was applied"),
        Some(Difference::Reparented) => line.push_str("  RE-PARENTED: the file has other parents"),
        Some(Difference::WrongDigest) => {
            line.push_str("  WRONG DIGEST: it does not follow from what is recorded");
        }
        None => {}
    }
    if revision.is_unknown() {
        line.push_str("  UNKNOWN: not in this chain");
    }
    line
}

/// What the command line makes of an operation's error.
pub(crate) fn failed(error: Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Target | ErrorKind::Url => Exit::Usage,
        ErrorKind::Chain => Exit::InvalidChain,
        ErrorKind::Connect | ErrorKind::Locked | ErrorKind::Missing => Exit::Unavailable,
        _ => Exit::Failed,
    };
    Failure::new(error.to_string()).exit(exit)
}
