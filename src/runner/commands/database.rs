//! The commands that work on a database.

use std::future::Future;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use super::chain::note_no_revision;
use super::plan::{show_before_question, show_plans};
use super::progress::Progress;
use super::work::{NOTHING, Work};
use crate::chain::Direction;
use crate::runner::place::Place;
use crate::runner::{DatabaseArguments, DownArguments, DownSource, Exit, Failure, Scope};
use crate::runner::{StatementArguments, Ui, UpArguments, message};
use crate::runtime::{
    self, Error, ErrorKind, Migrator, Options, Report, Status, StepSource, TransactionScope,
};

/// Applies revisions.
pub(crate) fn up(
    migrator: &Migrator,
    places: &[Place],
    args: &UpArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    if migrator.chain().map_err(failed)?.is_empty() {
        note_no_revision(ui)?;
        return Ok(Exit::Done);
    }
    let progress = Arc::new(Progress::new(ui.clone()));
    let options = options(places, &args.database, args.statements, args.transaction, &progress);
    let work = Work::new(migrator, places, options);
    block_on(async {
        if args.dry_run {
            let many_heads = migrator.header().map_err(failed)?.settings.many_heads;
            let default = if many_heads { "heads" } else { "head" };
            let target = args.target.as_deref().unwrap_or(default);
            let (plans, missing) = work.plan_up(target).await.map_err(failed)?;
            for place in missing {
                ui.note(format_args!(
                    "{} does not exist yet; `up` creates it",
                    the_database(place)
                ))?;
            }
            return show_plans(&plans, places, ui);
        }
        announce(places, ui)?;
        let reports = work.heeding(&progress).up(args.target.as_deref()).await;
        progress.finish();
        finish(&reports.map_err(failed)?, places, ui)
    })
}

/// Undoes revisions.
pub(crate) fn down(
    migrator: &Migrator,
    places: &[Place],
    args: &DownArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let mut options = options(places, &args.database, args.statements, args.transaction, &progress);
    options.edited_down = args.from.map(Into::into);
    let work = Work::new(migrator, places, options);
    let target = args.target.as_deref().unwrap_or("-1");
    block_on(async {
        if args.dry_run {
            let plans = work.plan(Direction::Down, target).await.map_err(failed)?;
            return show_plans(&plans, places, ui);
        }
        announce(places, ui)?;
        if asks(places, args.yes) {
            let plans = work.plan(Direction::Down, target).await.map_err(failed)?;
            show_before_question(&plans, places, ui)?;
        }
        confirm(places, "down", args.yes, ui)?;
        let reports = work.heeding(&progress).down(target).await;
        progress.finish();
        finish(&reports.map_err(failed)?, places, ui)
    })
}

/// Where a database stands, for a command that shows it together with something else.
pub(crate) fn standing(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    ui: &Ui,
) -> Result<Status, Failure> {
    announce(std::slice::from_ref(place), ui)?;
    look(migrator, place, args, ui)
}

/// Where a database stands; all is pending in one that does not exist.
pub(super) fn look(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    ui: &Ui,
) -> Result<Status, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let statements = StatementArguments::default();
    let mut options = options(std::slice::from_ref(place), args, statements, None, &progress);
    options.database.clone_from(&place.name);
    let configured = migrator.with(options);
    block_on(async {
        match configured.status(place.url.as_str()).await {
            Err(error) if error.kind() == ErrorKind::Missing => {
                ui.note(format_args!(
                    "{} does not exist yet; `up` creates it",
                    the_database(place)
                ))?;
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

/// Flags, then what holds at the places, which are those of one environment, then the defaults.
pub(super) fn options(
    places: &[Place],
    args: &DatabaseArguments,
    statements: StatementArguments,
    scope: Option<Scope>,
    progress: &Arc<Progress>,
) -> Options {
    let mut options = Options::new().observer(Arc::clone(progress) as _);
    let limits = places.iter().fold(statements.limits(args), |limits, it| limits.or(it.limits));
    if let Some(timeout) = limits.lock_timeout {
        options = options.lock_timeout(timeout);
    }
    if let Some(retries) = limits.retries {
        options = options.retries(retries);
    }
    options.two_phase = limits.two_phase.unwrap_or_default();
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

/// Says which databases they are, and who said so.
pub(crate) fn announce(places: &[Place], ui: &Ui) -> Result<(), Failure> {
    places.iter().try_for_each(|place| {
        let database = named(place, &place.shown);
        ui.status("Database", format_args!("{database} (from {})", place.origin))?;
        tell(place, ui)
    })
}

/// The same for programs, where people are told in other words.
pub(super) fn tell(place: &Place, ui: &Ui) -> Result<(), Failure> {
    let Place { name, shown, origin, .. } = place;
    ui.tell(|| message::Database { name: name.clone(), url: shown.clone(), origin: origin.clone() })
}

/// Says to programs which of several databases the next answer is about; people are told with the answer.
pub(super) fn turn(place: &Place, count: usize, ui: &Ui) -> Result<(), Failure> {
    let Some(name) = place.name.as_ref().filter(|_| count > 1) else { return Ok(()) };
    ui.tell(|| message::Turned { database: name.clone() })
}

/// A database as answers name it: among several with its name.
pub(super) fn named(place: &Place, shown: &str) -> String {
    place.name.as_ref().map_or_else(|| shown.to_owned(), |name| format!("{name}, {shown}"))
}

/// A database as a sentence names it.
fn the_database(place: &Place) -> String {
    let name = place.name.as_ref();
    name.map_or_else(|| String::from("the database"), |name| format!("the database `{name}`"))
}

/// Whether [`confirm`] will ask somebody.
pub(super) fn asks(places: &[Place], yes: bool) -> bool {
    let is_protected = places.iter().any(|place| place.protected.is_some());
    is_protected && !yes && std::io::stdin().is_terminal()
}

/// Asks before anything destructive where something protects one of the databases.
pub(crate) fn confirm(places: &[Place], command: &str, yes: bool, ui: &Ui) -> Result<(), Failure> {
    let protection = places.iter().find_map(|place| place.protected.as_ref());
    let Some(protection) = protection.filter(|_| !yes) else { return Ok(()) };
    let these = if places.len() == 1 { "this database" } else { "these databases" };
    let refusal = |message: String| {
        Failure::new(message).help(format!("to go on without a question: `{command} --yes`"))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refusal(format!(
            "{protection} protects {these}, and there is no terminal to ask; nothing was changed"
        )));
    }
    let these = if places.len() == 1 { "This database is" } else { "These databases are" };
    let question = format!("{these} protected by {protection}. Go on with `{command}`? [y/N]");
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

fn finish(reports: &[Report], places: &[Place], ui: &Ui) -> Result<Exit, Failure> {
    let mut summaries = Vec::new();
    let mut took = Duration::ZERO;
    for (report, place) in reports.iter().zip(places) {
        warn(report, ui)?;
        let count = report.steps.len();
        let summary = match (count, report.direction) {
            (0, _) => String::from("nothing to do"),
            (1, Direction::Up) => String::from("1 revision applied"),
            (1, Direction::Down) => String::from("1 revision undone"),
            (_, Direction::Up) => format!("{count} revisions applied"),
            (_, Direction::Down) => format!("{count} revisions undone"),
        };
        took = took.max(report.duration);
        summaries.push(if reports.len() == 1 {
            summary
        } else {
            format!("{}: {summary}", place.name.as_deref().unwrap_or_default())
        });
    }
    let separator = if summaries.len() == 1 { " in" } else { "; in" };
    let summary = summaries.join("; ");
    ui.status("Finished", format_args!("{summary}{separator} {:.2}s", took.as_secs_f64()))?;
    for (report, place) in reports.iter().zip(places) {
        turn(place, places.len(), ui)?;
        ui.tell(|| message::Report::from(report))?;
    }
    Ok(Exit::Done)
}

/// What the command line makes of an operation's error.
pub(crate) fn failed(error: Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Target | ErrorKind::Url => Exit::Usage,
        ErrorKind::Chain => Exit::InvalidChain,
        ErrorKind::Connect | ErrorKind::Locked | ErrorKind::Missing => Exit::Unavailable,
        _ => Exit::Failed,
    };
    Failure::new(error.to_string()).exit(exit).saying(message::Failure::from(&error))
}
