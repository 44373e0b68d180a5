//! The commands that change what is recorded, and nothing else.

use std::sync::Arc;

use super::database::{announce, block_on, confirm, failed, named, options, tell, turn};
use super::progress::Progress;
use crate::chain::{self, Direction, listed};
use crate::diagnostic::visible;
use crate::runner::place::Place;
use crate::runner::{
    DatabaseArguments, Exit, Failure, RepairArguments, StampArguments, StatementArguments, Ui,
    Verdict, message,
};
use crate::runtime::{
    BelievedStatement, Configured, ErrorKind, Migrator, Repair, RepairReport, RevisionState,
    RevisionStatus, RowChange, StampReport,
};

/// Records revisions as applied, or not, without running them.
pub(crate) fn stamp(
    migrator: &Migrator,
    places: &[Place],
    args: &StampArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let (targets, all) = (&args.targets, each(migrator, places, &args.database, args.purge, ui));
    block_on(async {
        // What one of several databases refuses is found out before another one is changed.
        if args.dry_run || places.len() > 1 {
            for (configured, place) in &all {
                let url = place.url.as_str();
                let report = configured.plan_stamp(url, targets).await.map_err(failed)?;
                if !args.dry_run {
                    continue;
                }
                let database = named(place, &report.database);
                ui.status("Planned", format_args!("{database} (from {})", place.origin))?;
                tell(place, ui)?;
                turn(place, places.len(), ui)?;
                ui.say(message::Stamp::new(&report, true), |_| planned(stamp_lines(&report)))?;
                finish(&stamp_summary(&report, true), true, ui)?;
            }
            if args.dry_run {
                return Ok(Exit::Done);
            }
        }
        announce(places, ui)?;
        confirm(places, "stamp", args.yes, ui)?;
        for (configured, place) in &all {
            let report = configured.stamp(place.url.as_str(), targets).await.map_err(failed)?;
            for line in stamp_lines(&report) {
                ui.status(line.past, line.what)?;
            }
            report.warnings.iter().try_for_each(|warning| ui.warn(warning))?;
            turn(place, places.len(), ui)?;
            ui.tell(|| message::Stamp::new(&report, false))?;
            let summary = stamp_summary(&report, false);
            let name = place.name.as_ref().filter(|_| places.len() > 1);
            finish(
                &name.map_or_else(|| summary.clone(), |it| format!("{it}: {summary}")),
                false,
                ui,
            )?;
        }
        Ok(Exit::Done)
    })
}

/// Lists what is wrong with what is recorded, or takes one way out.
pub(crate) fn repair(
    migrator: &Migrator,
    places: &[Place],
    args: &RepairArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let repair = way_out(args)?;
    let all = each(migrator, places, &args.database, false, ui);
    block_on(async {
        let Some(repair) = repair else { return list(&all, ui).await };
        let [(configured, place)] = &all[..] else { return Err(which(places)) };
        let url = place.url.as_str();
        if args.dry_run {
            let report = configured.plan_repair(url, &repair).await.map_err(failed)?;
            let database = named(place, &report.database);
            ui.status("Planned", format_args!("{database} (from {})", place.origin))?;
            tell(place, ui)?;
            report.warnings.iter().try_for_each(|warning| ui.warn(warning))?;
            ui.say(message::Repair::new(&report, true), |_| planned(repair_lines(&report)))?;
            return finish(&repair_summary(&report, true), true, ui);
        }
        announce(places, ui)?;
        confirm(places, "repair", args.yes, ui)?;
        let report = configured.repair(url, &repair).await.map_err(failed)?;
        report.warnings.iter().try_for_each(|warning| ui.warn(warning))?;
        for line in repair_lines(&report) {
            ui.status(line.past, line.what)?;
        }
        ui.tell(|| message::Repair::new(&report, false))?;
        finish(&repair_summary(&report, false), false, ui)
    })
}

/// Each database by itself: nothing runs that could be held open.
fn each<'w>(
    migrator: &'w Migrator,
    places: &'w [Place],
    args: &DatabaseArguments,
    purge: bool,
    ui: &Ui,
) -> Vec<(Configured<'w>, &'w Place)> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let one = |place| {
        let statements = StatementArguments::default();
        let mut options = options(std::slice::from_ref(place), args, statements, None, &progress);
        options.purge = purge;
        options.database.clone_from(&place.name);
        (migrator.with(options), place)
    };
    places.iter().map(one).collect()
}

/// A way out is one for a single database: what is wrong with each differs.
fn which(places: &[Place]) -> Failure {
    let names = places.iter().filter_map(|place| place.name.as_deref()).collect::<Vec<_>>();
    Failure::new("the chain is for several databases: which one is to be repaired?")
        .exit(Exit::Usage)
        .help(format!("say it with `--database`: {}", listed(&names)))
}

async fn list(all: &[(Configured<'_>, &Place)], ui: &Ui) -> Result<Exit, Failure> {
    let mut count = 0;
    for (configured, place) in all {
        announce(std::slice::from_ref(*place), ui)?;
        let problems = match configured.problems(place.url.as_str()).await {
            Err(error) if error.kind() == ErrorKind::Missing => {
                ui.note("the database does not exist yet; `up` creates it")?;
                Vec::new()
            }
            problems => problems.map_err(failed)?,
        };
        turn(place, all.len(), ui)?;
        for problem in &problems {
            ui.say(message::Problem::from(problem), |_| problem.to_string())?;
            ui.answer("")?;
        }
        count += problems.len();
    }
    let found = match count {
        0 => String::from("nothing is wrong with what is recorded"),
        1 => String::from("1 problem; nothing was changed"),
        count => format!("{count} problems; nothing was changed"),
    };
    ui.status("Finished", found)?;
    Ok(if count == 0 { Exit::Done } else { Exit::OutOfDate })
}

/// The repair that is asked for; `None` if the problems are to be listed.
fn way_out(args: &RepairArguments) -> Result<Option<Repair>, Failure> {
    if args.accept_all {
        return Ok(Some(Repair::AcceptAll));
    }
    if args.accept {
        return Ok(Some(Repair::Accept(args.revisions.clone())));
    }
    let one = || match &args.revisions[..] {
        [revision] => Ok(revision.clone()),
        _ => Err(Failure::new("only `--accept` takes several revisions")
            .exit(Exit::Usage)
            .help("what became of a revision is said of each by itself")),
    };
    Ok(if let Some(verdict) = args.statement {
        Some(Repair::Statement { revision: one()?, done: verdict == Verdict::Done })
    } else if args.applied {
        Some(Repair::MarkApplied(one()?))
    } else if args.not_applied {
        Some(Repair::MarkNotApplied(one()?))
    } else {
        None
    })
}

/// What happens to a row, before and after it has happened.
struct Line {
    verb: &'static str,
    past: &'static str,
    what: String,
}

fn planned(lines: Vec<Line>) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| format!("{} {}", line.verb, line.what)).collect();
    lines.join("\n")
}

fn stamp_lines(report: &StampReport) -> Vec<Line> {
    let text =
        |status: &RevisionStatus| format!("{} {}", status.revision, visible(&status.description));
    let forget = report.forgotten.iter().map(|status| {
        let was = match &status.state {
            RevisionState::Unfinished { direction: Direction::Up, .. } => "  (applied in part)",
            RevisionState::Unfinished { direction: Direction::Down, .. } => "  (undone in part)",
            _ if status.is_unknown() => "  (not in this chain)",
            _ => "",
        };
        Line { verb: "forget", past: "Forgot", what: text(status) + was }
    });
    let record = report.recorded.iter().map(|status| Line {
        verb: "stamp",
        past: "Stamped",
        what: text(status),
    });
    forget.chain(record).collect()
}

fn stamp_summary(report: &StampReport, is_plan: bool) -> String {
    if !report.changed() {
        return String::from("nothing to do");
    }
    let (forgotten, stamped) =
        if is_plan { ("to forget", "to stamp") } else { ("forgotten", "stamped") };
    let parts = [(report.forgotten.len(), forgotten), (report.recorded.len(), stamped)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| counted(count, verb))
        .collect();
    let end = if is_plan { "" } else { "; none was run or undone" };
    parts.join(", ") + end
}

fn repair_lines(report: &RepairReport) -> Vec<Line> {
    let believe = report.believed.iter().map(|statement| Line {
        verb: "believe",
        past: "Believed",
        what: belief(statement),
    });
    let change = report.changes.iter().map(|row| {
        let text = format!("{} {}", row.revision, visible(&row.description));
        let (verb, past, after) = match row.change {
            RowChange::Accepted => ("accept", "Accepted", String::new()),
            RowChange::Digest => ("rewrite", "Rewritten", String::from("  (digest)")),
            RowChange::Applied => ("record", "Recorded", String::from("  (applied)")),
            RowChange::Forgotten => ("forget", "Forgot", String::from("  (not applied)")),
            RowChange::Progress { direction, done } => {
                let plural = if done == 1 { "" } else { "s" };
                let state = format!("  ({direction}: {done} statement{plural} done)");
                ("record", "Recorded", state)
            }
        };
        Line { verb, past, what: text + &after }
    });
    believe.chain(change).collect()
}

fn belief(statement: &BelievedStatement) -> String {
    const MOST: usize = 60;
    let BelievedStatement { revision, direction, number, sql, done, .. } = statement;
    let fate = match (done, direction) {
        (true, _) => "done",
        (false, Direction::Up) => "not done, or taken back",
        (false, Direction::Down) => "not undone, or taken back",
    };
    let mut text = format!("{revision} {direction} statement {number}: {fate}");
    if let Some(first) = sql.as_deref().and_then(|sql| sql.lines().next()) {
        let first = visible(first);
        text.push_str("  (");
        text.extend(first.chars().take(MOST));
        let is_all =
            first.chars().nth(MOST).is_none() && !sql.as_deref().unwrap_or("").contains('\n');
        text.push_str(if is_all { ")" } else { " …)" });
    }
    text
}

fn repair_summary(report: &RepairReport, is_plan: bool) -> String {
    if !report.changed() {
        return String::from("nothing to do: it is recorded so already");
    }
    let count = report.changes.len();
    let plural = if count == 1 { "" } else { "s" };
    let verb = if is_plan { "to change" } else { "changed" };
    let word = if report.believed.is_empty() { "" } else { "; your word is taken for it" };
    format!("{count} row{plural} of the tracking table {verb}{word}")
}

pub(super) fn finish(summary: &str, is_plan: bool, ui: &Ui) -> Result<Exit, Failure> {
    let end = if is_plan { "; nothing was changed" } else { "" };
    ui.status("Finished", format_args!("{summary}{end}"))?;
    Ok(Exit::Done)
}

pub(super) fn counted(count: usize, verb: &str) -> String {
    format!("{} {verb}", chain::counted(count, "revision"))
}
