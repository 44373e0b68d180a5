//! Where a database stands, in one look: what is out of order, what is to be done, and the command that does it.

use anstyle::{AnsiColor, Style};

use super::database::look;
use crate::chain::{Chain, Direction, RevisionId};
use crate::diagnostic::visible;
use crate::runner::message::{self, Counts};
use crate::runner::place::Place;
use crate::runner::{DatabaseArguments, Exit, Failure, StatusArguments, Ui};
use crate::runtime::{AppliedRecord, Difference, Migrator, RevisionState, RevisionStatus, Status};
use crate::url;

/// Of more revisions than these that are as they should be, only the nearest to the end of what is applied are listed.
const MOST_LISTED: usize = 20;
const LISTED_OF_MANY: usize = 10;

const GOOD: Style = AnsiColor::BrightGreen.on_default();
const OPEN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::BrightRed.on_default();
const COMMAND: Style = AnsiColor::BrightCyan.on_default();

/// Shows where a database is.
pub(crate) fn status(
    migrator: &Migrator,
    place: &Place,
    args: &StatusArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let status = look(migrator, place, &args.database, ui)?;
    let answer = answer(migrator, place, &args.database, &status)?;
    ui.say(answer, |answer| text(answer, &status, ui.is_verbose()))?;
    Ok(if args.check && !status.is_current() { Exit::OutOfDate } else { Exit::Done })
}

/// The message that says it, with the command to type next.
pub(super) fn answer(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    status: &Status,
) -> Result<message::Status, Failure> {
    let chain = migrator.chain().map_err(super::database::failed)?;
    let many_heads = migrator.header().map_err(super::database::failed)?.settings.many_heads;
    let next = next(chain, many_heads, status);
    Ok(message::Status {
        database: status.database.clone(),
        origin: place.origin.clone(),
        is_current: status.is_current(),
        heads: status.heads.iter().map(ToString::to_string).collect(),
        counts: Counts::of(status),
        revisions: status.revisions.iter().map(Into::into).collect(),
        next: next.map(|command| on(command, args)),
    })
}

/// The command to type next, if there is something to do.
fn next(chain: &Chain, many_heads: bool, status: &Status) -> Option<&'static str> {
    let needs_decision = |of: &RevisionStatus| match of.state {
        RevisionState::Unfinished { direction: Direction::Up, started, .. } => started.is_some(),
        RevisionState::Unfinished { direction: Direction::Down, .. } => true,
        _ => of.difference.is_some(),
    };
    let revisions = &status.revisions;
    if revisions.iter().any(needs_decision) || has_gap(chain, status) {
        return Some("repair");
    }
    let is_open = |of: &RevisionStatus| {
        matches!(of.state, RevisionState::Pending | RevisionState::Unfinished { .. })
    };
    if !revisions.iter().any(is_open) {
        return None;
    }
    if revisions.iter().any(RevisionStatus::is_unknown) {
        // Its answer says which side is newer, and what can be done.
        return Some("plan");
    }
    Some(match chain.heads().count() {
        2.. if many_heads => "up heads",
        2.. => "merge",
        _ => "up",
    })
}

/// Whether a revision is applied, and one that it follows or depends on is not.
fn has_gap(chain: &Chain, status: &Status) -> bool {
    let pending: std::collections::HashSet<&RevisionId> =
        status.pending().map(|of| &of.revision).collect();
    let is_applied = |of: &&RevisionStatus| {
        matches!(of.state, RevisionState::Applied(_) | RevisionState::Stamped(_))
    };
    status.revisions.iter().filter(is_applied).any(|of| {
        chain.get(of.revision.as_str()).is_some_and(|revision| {
            let needed = chain.parents(revision).chain(chain.dependencies(revision));
            needed.into_iter().any(|needed| pending.contains(needed.id()))
        })
    })
}

/// A command with the options that chose the database of this one.
fn on(command: &str, args: &DatabaseArguments) -> String {
    let mut line = command.to_owned();
    if let Some(given) = &args.database_url {
        let shown = url::redact(given);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/.:@_-".contains(c);
        line += " --database-url ";
        // What is hidden has to be typed again.
        if shown != *given || shown.contains('\'') {
            line += "URL";
        } else if shown.chars().all(is_plain) {
            line += &shown;
        } else {
            line += &format!("'{shown}'");
        }
    }
    for (option, value) in [("--env", &args.environment), ("--database", &args.name)] {
        if let Some(value) = value {
            line += &format!(" {option} {value}");
        }
    }
    line
}

fn text(answer: &message::Status, status: &Status, is_verbose: bool) -> String {
    let at = if answer.heads.is_empty() {
        String::from("base: no revision is applied")
    } else {
        answer.heads.join(", ")
    };
    let mut lines = vec![
        format!("database: {} (from {})", answer.database, answer.origin),
        format!("      at: {at}"),
        String::new(),
    ];
    lines.extend(list(&status.revisions, is_verbose));
    if !status.revisions.is_empty() {
        lines.push(String::new());
    }
    let mut total = total(answer.counts, status);
    if answer.next.is_none() {
        total += "; nothing to do";
    }
    lines.push(format!("   total: {total}"));
    if let Some(next) = &answer.next {
        lines.push(format!("    next: {COMMAND}`{next}`{COMMAND:#}"));
    }
    lines.join("\n")
}

/// The revisions, a line each; of many that are as they should be only some.
fn list(revisions: &[RevisionStatus], is_verbose: bool) -> Vec<String> {
    let is_regular = |of: &RevisionStatus| of.difference.is_none() && !of.is_unknown();
    let is_applied = |of: &RevisionStatus| {
        is_regular(of) && matches!(of.state, RevisionState::Applied(_) | RevisionState::Stamped(_))
    };
    let is_pending = |of: &RevisionStatus| of.state == RevisionState::Pending;
    let hidden = |is: &dyn Fn(&RevisionStatus) -> bool| {
        let count = revisions.iter().filter(|of| is(of)).count();
        if is_verbose || count <= MOST_LISTED { 0 } else { count - LISTED_OF_MANY }
    };
    let (hidden_applied, hidden_pending) = (hidden(&is_applied), hidden(&is_pending));
    let (mut applied, mut pending) = (0, 0);
    let mut lines = Vec::new();
    let more = |count, what| format!("       …  {count} more {what}; `--verbose` lists them");
    for of in revisions {
        if is_applied(of) {
            applied += 1;
            if applied == 1 && hidden_applied > 0 {
                lines.push(more(hidden_applied, "applied"));
            }
            if applied <= hidden_applied {
                continue;
            }
        } else if is_pending(of) {
            pending += 1;
            if hidden_pending > 0 && pending == LISTED_OF_MANY + 1 {
                lines.push(more(hidden_pending, "pending"));
            }
            if hidden_pending > 0 && pending > LISTED_OF_MANY {
                continue;
            }
        }
        lines.push(line(of));
    }
    lines
}

fn line(of: &RevisionStatus) -> String {
    let record = |record: &AppliedRecord| {
        let seconds = record.duration.as_secs_f64();
        format!("  ({} by {} in {seconds:.3}s)", visible(&record.at), visible(&record.by))
    };
    let (word, style, detail) = match &of.state {
        RevisionState::Pending => ("pending", OPEN, String::new()),
        RevisionState::Applied(made) => ("applied", GOOD, record(made)),
        RevisionState::Stamped(made) => ("stamped", GOOD, record(made)),
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
            (verb, BAD, format!("  ({fate})"))
        }
    };
    let mut remarks = String::new();
    let mut remark = |text: &str| remarks += &format!("  {BAD}{text}{BAD:#}");
    match of.difference {
        Some(Difference::Edited) => remark("EDITED: the file is not what was applied"),
        Some(Difference::Reparented) => remark("RE-PARENTED: the file has other parents"),
        Some(Difference::WrongDigest) => {
            remark("WRONG DIGEST: it does not follow from what is recorded");
        }
        None => {}
    }
    if of.is_unknown() {
        remark("UNKNOWN: not in this chain");
    }
    let style = if remarks.is_empty() { style } else { BAD };
    let description = visible(&of.description);
    format!("{style}{word:>8}{style:#}  {}  {description}{detail}{remarks}", of.revision)
}

/// How many revisions stand how, without what none does.
fn total(counts: Counts, status: &Status) -> String {
    let different =
        |difference| status.revisions.iter().filter(|of| of.difference == Some(difference)).count();
    let parts: Vec<String> = [
        (counts.applied, GOOD, "applied"),
        (different(Difference::Edited), BAD, "edited"),
        (different(Difference::Reparented), BAD, "re-parented"),
        (different(Difference::WrongDigest), BAD, "with a wrong digest"),
        (counts.unknown, BAD, "unknown"),
        (counts.partial, BAD, "done in part"),
        (counts.pending, OPEN, "pending"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, style, what)| format!("{style}{count} {what}{style:#}"))
    .collect();
    if parts.is_empty() { String::from("no revision") } else { parts.join(", ") }
}
