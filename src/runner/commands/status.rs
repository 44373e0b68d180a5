//! Where a database stands, in one look: what is out of order, what is to be done, and the command that does it.

use std::collections::HashSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::database::{failed, look, named, turn};
use crate::chain::{Chain, Direction, RevisionId};
use crate::diagnostic::visible;
use crate::runner::message::{self, Counts};
use crate::runner::place::Place;
use crate::runner::{DatabaseArguments, Exit, Failure, StatusArguments, Ui};
use crate::runtime::{
    AppliedRecord, Difference, Migrator, PreparedTransaction, RevisionState, RevisionStatus, Status,
};
use crate::url;

/// Of more revisions than these that are as they should be, only the nearest to the end of what is applied are listed.
const MOST_LISTED: usize = 20;
const LISTED_OF_MANY: usize = 10;

const GOOD: Style = AnsiColor::BrightGreen.on_default();
const OPEN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::BrightRed.on_default();
const COMMAND: Style = AnsiColor::BrightCyan.on_default();

/// Shows where a database is, or several.
pub(crate) fn status(
    migrator: &Migrator,
    places: &[Place],
    args: &StatusArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let mut is_current = true;
    for (index, place) in places.iter().enumerate() {
        let status = look(migrator, place, &args.database, ui)?;
        if index > 0 {
            ui.answer("")?;
        }
        let answer = answer(migrator, place, &args.database, &status)?;
        turn(place, places.len(), ui)?;
        ui.say(answer, |answer| text(answer, &status, place, ui.is_verbose()))?;
        is_current &= status.is_current();
    }
    Ok(if args.check && !is_current { Exit::OutOfDate } else { Exit::Done })
}

/// The message that says it, with the command to type next.
pub(super) fn answer(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    status: &Status,
) -> Result<message::Status, Failure> {
    let chain = migrator.chain().map_err(failed)?;
    let many_heads = migrator.header().map_err(failed)?.settings.many_heads;
    let next = next(chain, many_heads, status);
    Ok(message::Status {
        database: status.database.clone(),
        origin: place.origin.clone(),
        is_current: status.is_current(),
        heads: status.heads.iter().map(ToString::to_string).collect(),
        counts: Counts::of(status),
        revisions: status.revisions.iter().map(Into::into).collect(),
        prepared: status.prepared.iter().map(Into::into).collect(),
        next: next.map(|command| {
            // One database alone cannot settle what is prepared.
            let name = args.name.clone().filter(|_| status.prepared.is_empty());
            on(command, &DatabaseArguments { name, ..args.clone() })
        }),
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
    if !status.prepared.is_empty() {
        // Nothing else goes on beside it.
        return Some(if many_heads && chain.heads().count() > 1 { "up heads" } else { "up" });
    }
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
    let pending: HashSet<&RevisionId> = status.pending().map(|of| &of.revision).collect();
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
            let _ = write!(line, "'{shown}'");
        }
    }
    for (option, value) in [("--env", &args.environment), ("--database", &args.name)] {
        if let Some(value) = value {
            let _ = write!(line, " {option} {value}");
        }
    }
    line
}

fn text(answer: &message::Status, status: &Status, place: &Place, is_verbose: bool) -> String {
    let at = if answer.heads.is_empty() {
        String::from("base: no revision is applied")
    } else {
        answer.heads.join(", ")
    };
    let mut lines = vec![
        format!("database: {} (from {})", named(place, &answer.database), answer.origin),
        format!("      at: {at}"),
        String::new(),
    ];
    lines.extend(list(&status.revisions, is_verbose));
    for transaction in &status.prepared {
        lines.push(format!("{BAD}prepared{BAD:#}  {}", visible(&in_doubt(transaction))));
    }
    if !status.revisions.is_empty() || !status.prepared.is_empty() {
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

/// What there is to know about a transaction that a run over several databases has left.
fn in_doubt(transaction: &PreparedTransaction) -> String {
    let PreparedTransaction { name, at, .. } = transaction;
    let decider = transaction.decider();
    format!(
        "a transaction since {at}: `{decider}` knows what becomes of it, and `up` over all databases settles it \
         ({name})"
    )
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
    let mut remark = |text: &str| {
        let _ = write!(remarks, "  {BAD}{text}{BAD:#}");
    };
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

/// How many revisions stand how, without what none does. What is odd about those that are applied stands behind them.
fn total(counts: Counts, status: &Status) -> String {
    let different =
        |difference| status.revisions.iter().filter(|of| of.difference == Some(difference)).count();
    let list = |parts: &[(usize, Style, &str)]| {
        let parts = parts.iter().filter(|(count, ..)| *count > 0);
        let part =
            |(count, style, what): &(usize, Style, &str)| format!("{style}{count} {what}{style:#}");
        parts.map(part).collect::<Vec<_>>().join(", ")
    };
    let odd = list(&[
        (different(Difference::Edited), BAD, "edited"),
        (different(Difference::Reparented), BAD, "re-parented"),
        (different(Difference::WrongDigest), BAD, "with a wrong digest"),
        (counts.unknown, BAD, "unknown"),
    ]);
    let odd = if odd.is_empty() { odd } else { format!("({odd})") };
    let applied = list(&[(counts.applied, GOOD, "applied")]);
    let open = list(&[(counts.partial, BAD, "done in part"), (counts.pending, OPEN, "pending")]);
    let first = [applied, odd].into_iter().filter(|part| !part.is_empty());
    let first = first.collect::<Vec<_>>().join(" ");
    let parts: Vec<String> = [first, open].into_iter().filter(|it| !it.is_empty()).collect();
    if parts.is_empty() { String::from("no revision") } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::chain_of;

    fn of(id: &str, state: RevisionState) -> RevisionStatus {
        RevisionStatus {
            revision: RevisionId::new(id.to_owned()).unwrap(),
            path: Some(format!("migrations/{id}.sql")),
            description: id.to_owned(),
            state,
            difference: None,
        }
    }

    fn applied() -> RevisionState {
        RevisionState::Applied(AppliedRecord {
            at: String::from("2026-11-21T22:11:04Z"),
            by: String::from("me"),
            duration: std::time::Duration::from_millis(3),
        })
    }

    fn status(revisions: Vec<RevisionStatus>) -> Status {
        Status {
            revisions,
            heads: Vec::new(),
            database: String::from("app.db"),
            prepared: Vec::new(),
        }
    }

    #[test]
    fn long_lists_keep_what_is_out_of_order_and_what_comes_next() {
        let mut revisions: Vec<RevisionStatus> =
            (100..400).map(|id| of(&format!("a{id}"), applied())).collect();
        revisions[7].difference = Some(Difference::Edited);
        revisions.extend((400..450).map(|id| of(&format!("p{id}"), RevisionState::Pending)));
        let plain =
            |lines: Vec<String>| anstream::adapter::strip_str(&lines.join("\n")).to_string();
        let lines = plain(list(&revisions, false));
        assert_eq!(lines.lines().count(), 1 + 1 + 10 + 10 + 1, "{lines}");
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[0], "       …  289 more applied; `--verbose` lists them");
        assert!(lines[1].contains("a107") && lines[1].contains("EDITED"), "{}", lines[1]);
        assert!(lines[2].contains("a390") && lines[11].contains("a399"), "{lines:?}");
        assert!(lines[12].contains("p400") && lines[21].contains("p409"), "{lines:?}");
        assert_eq!(lines[22], "       …  40 more pending; `--verbose` lists them");
        assert_eq!(list(&revisions, true).len(), 350);
        let status = status(revisions);
        let total = total(Counts::of(&status), &status);
        assert_eq!(plain(vec![total]), "300 applied (1 edited), 50 pending");
    }

    #[test]
    fn the_next_command_is_the_one_that_helps() {
        let chain = chain_of(&[("one1", &[], &[]), ("two2", &["one1"], &[])]);
        let next = |first: RevisionStatus, second: RevisionStatus| {
            next(&chain, false, &status(vec![first, second]))
        };
        let half = |direction, started| RevisionState::Unfinished { direction, done: 1, started };
        let unknown = || RevisionStatus { path: None, ..of("gone", applied()) };
        let pending = || of("two2", RevisionState::Pending);
        assert_eq!(next(of("one1", applied()), of("two2", applied())), None);
        assert_eq!(next(of("one1", applied()), pending()), Some("up"));
        assert_eq!(next(of("one1", RevisionState::Pending), of("two2", applied())), Some("repair"));
        let edited =
            RevisionStatus { difference: Some(Difference::Edited), ..of("one1", applied()) };
        assert_eq!(next(edited, pending()), Some("repair"));
        let stopped = of("two2", half(Direction::Up, None));
        assert_eq!(next(of("one1", applied()), stopped), Some("up"));
        for state in [half(Direction::Up, Some(2)), half(Direction::Down, None)] {
            assert_eq!(next(of("one1", applied()), of("two2", state)), Some("repair"));
        }
        assert_eq!(next(unknown(), pending()), Some("plan"));
        assert_eq!(next(of("one1", applied()), unknown()), None);
        let fork = chain_of(&[("one1", &[], &[]), ("two2", &[], &[])]);
        let behind = status(vec![of("one1", applied()), pending()]);
        assert_eq!(super::next(&fork, false, &behind), Some("merge"));
        assert_eq!(super::next(&fork, true, &behind), Some("up heads"));
    }

    #[test]
    fn the_next_command_works_on_the_same_database() {
        let on = |url: Option<&str>, environment: Option<&str>| {
            let args = DatabaseArguments {
                database_url: url.map(str::to_owned),
                environment: environment.map(str::to_owned),
                ..DatabaseArguments::default()
            };
            super::on("up", &args)
        };
        assert_eq!(on(None, None), "up");
        assert_eq!(on(None, Some("production")), "up --env production");
        assert_eq!(on(Some("sqlite:app.db"), None), "up --database-url sqlite:app.db");
        let url = "sqlite:app.db?mode=rw";
        assert_eq!(on(Some(url), None), format!("up --database-url '{url}'"));
        assert_eq!(on(Some("postgres://me:hunter2@host/app"), None), "up --database-url URL");
    }
}
