//! The commands that work on a database.

use std::fmt::Write as _;
use std::future::Future;
use std::io::IsTerminal as _;
use std::sync::Arc;

use super::progress::Progress;
use crate::chain::Direction;
use crate::diagnostic::visible;
use crate::runner::place::Place;
use crate::runner::{DatabaseArguments, DownArguments, DownSource, Exit, Failure, Scope};
use crate::runner::{StatusArguments, Ui, UpArguments};
use crate::runtime::{
    self, Difference, Error, ErrorKind, Migrator, Options, Record, Report, RevisionState,
    RevisionStatus, RunPlan, Source, Status, TransactionScope, Wrapping,
};

/// A database with nothing in it, for plans before there is one.
const NOTHING: &str = "sqlite::memory:";

/// Applies revisions.
pub(crate) fn up(
    migrator: &Migrator,
    place: &Place,
    args: &UpArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    if migrator.chain().map_err(failed)?.is_empty() {
        ui.note("the chain has no revision yet; `cargo migrate new` writes one")?;
        return Ok(Exit::Done);
    }
    let progress = Arc::new(Progress::new(ui.clone()));
    let configured = migrator.with(options(&args.database, args.transaction, &progress));
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
                    plan.database = place.name();
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
    let mut options = options(&args.database, args.transaction, &progress);
    options.edited_down = args.from.map(|from| match from {
        DownSource::File => Source::File,
        DownSource::Database => Source::Stored,
    });
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
    let configured = migrator.with(options(args, None, &progress));
    block_on(async {
        match configured.status(place.url.as_str()).await {
            Err(error) if error.kind() == ErrorKind::Missing => {
                ui.note("the database does not exist yet; `up` creates it")?;
                let mut status = configured.status(NOTHING).await.map_err(failed)?;
                status.database = place.name();
                Ok(status)
            }
            status => status.map_err(failed),
        }
    })
}

fn options(args: &DatabaseArguments, scope: Option<Scope>, progress: &Arc<Progress>) -> Options {
    let mut options = Options::new().observer(Arc::clone(progress) as _);
    if let Some(timeout) = args.lock_timeout {
        options = options.lock_timeout(timeout);
    }
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
    match &place.shown {
        Some(url) => ui.status("Database", format_args!("{url} (from {})", place.origin)),
        None => ui.status("Database", format_args!("from {}", place.origin)),
    }
}

/// Asks before anything destructive where the environment is protected.
fn confirm(place: &Place, command: &str, yes: bool, ui: &Ui) -> Result<(), Failure> {
    let Some(environment) = place.protected.as_ref().filter(|_| !yes) else { return Ok(()) };
    let refusal = |message: String| {
        Failure::new(message).help(format!("to go on without a question: `{command} --yes`"))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refusal(format!(
            "environment `{environment}` is protected, and there is no terminal to ask; nothing was changed"
        )));
    }
    let question =
        format!("Environment `{environment}` is protected. Go on with `{command}`? [y/N]");
    if matches!(ui.ask(question)?.as_str(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(refusal(String::from("not confirmed; nothing was changed")))
}

fn finish(report: &Report, ui: &Ui) -> Result<Exit, Failure> {
    for warning in &report.warnings {
        ui.warn(warning)?;
    }
    let count = report.steps.len();
    let summary = match (count, report.direction) {
        (0, _) => String::from("nothing to do"),
        (1, Direction::Up) => String::from("1 revision applied"),
        (1, Direction::Down) => String::from("1 revision undone"),
        (_, Direction::Up) => format!("{count} revisions applied"),
        (_, Direction::Down) => format!("{count} revisions undone"),
    };
    let stored = report.steps.iter().filter(|step| step.source == Source::Stored).count();
    if stored > 0 {
        ui.note(format_args!("{stored} of them with the script that the database had stored"))?;
    }
    ui.status("Finished", format_args!("{summary} in {:.2}s", report.duration.as_secs_f64()))?;
    Ok(Exit::Done)
}

fn show_plan(plan: &RunPlan, place: &Place, ui: &Ui) -> Result<Exit, Failure> {
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
        match step.wrapping {
            Wrapping::None => line.push_str("  (outside a transaction)"),
            Wrapping::StatementByStatement => line.push_str("  (committed statement by statement)"),
            Wrapping::ForeignKeys => line.push_str("  (alone, with foreign keys on)"),
            Wrapping::Shared => {}
        }
        if step.source == Source::Stored {
            line.push_str("  (script stored in the database)");
        }
        ui.answer(line)?;
    }
    let parts = plan.parts();
    let is_whole = |wrapping| matches!(wrapping, Wrapping::Shared | Wrapping::ForeignKeys);
    let committed = if parts > 1 {
        format!("committed in {parts} parts")
    } else if plan.steps.iter().any(|step| !is_whole(step.wrapping)) {
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
    let record = |record: &Record| {
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
        _ => {}
    }
    if revision.is_unknown() {
        line.push_str("  UNKNOWN: not in this chain");
    }
    line
}

/// What the command line makes of an operation's error.
pub(crate) fn failed(error: Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Target => Exit::Usage,
        ErrorKind::Chain => Exit::InvalidChain,
        ErrorKind::Connect | ErrorKind::Locked | ErrorKind::Missing => Exit::Unavailable,
        _ => Exit::Failed,
    };
    Failure::new(error.to_string()).exit(exit)
}
