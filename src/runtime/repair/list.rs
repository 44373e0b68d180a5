//! Finds what is wrong with what is recorded. Pure: every way out is tried on what is recorded before
//! it is offered.

use std::collections::HashSet;

use super::unfinished::Partial;
use super::{Problem, ProblemKind, Repair, WayOut, draft};
use crate::Dialect;
use crate::chain::plan::current_heads;
use crate::chain::{Chain, Direction, Kind, Revision, RevisionId, Stamp, Target, listed};
use crate::diagnostic::visible;
use crate::runtime::amend::Seen;
use crate::runtime::digests::wrong_digests;
use crate::runtime::refuse::{GAP, Gap, WRONG_DIGEST, followed, gaps};
use crate::runtime::report::Difference;
use crate::runtime::select::Request;
use crate::runtime::state::{Row, ids};
use crate::sql;

pub(super) fn problems(request: &Request<'_>, seen: &Seen) -> Vec<Problem> {
    let chain = request.chain;
    let wrong = wrong_digests(&seen.state, chain, request.variant_index);
    let mut problems: Vec<Problem> =
        seen.state.unfinished().filter_map(|row| unfinished(request, seen, row)).collect();
    for revision in chain.revisions() {
        let Some(row) = seen.state.row(revision.id().as_str()) else { continue };
        let wrong = wrong.contains(revision.id()).then_some(Difference::WrongDigest);
        let difference = seen.state.difference(chain, request.variant_index, revision).or(wrong);
        if let Some(difference) = difference {
            problems.push(different(request, seen, revision, row, difference));
        }
    }
    let extended = seen.state.extended(chain);
    let gaps = gaps(&extended, &seen.state.applied());
    let mut told = HashSet::new();
    for gap in gaps {
        // What is missing to new parents is told of them.
        let difference = seen.state.difference(request.chain, request.variant_index, gap.after);
        if difference == Some(Difference::Reparented) {
            continue;
        }
        if told.insert(gap.missing.id().clone()) {
            problems.push(missing(request, seen, &gap));
        }
    }
    problems
}

/// A repair as a way out, if it is one.
fn way(
    request: &Request<'_>,
    seen: &Seen,
    repair: Repair,
    options: &str,
    id: &RevisionId,
    effect: impl Into<String>,
) -> Option<WayOut> {
    draft(request, seen, &repair).is_ok().then(|| WayOut {
        command: Some(format!("repair {id} {options}")),
        effect: effect.into(),
        repair: Some(repair),
    })
}

fn unfinished(request: &Request<'_>, seen: &Seen, row: &Row) -> Option<Problem> {
    let partial = Partial::of(request, seen, row)?;
    let id = &row.id;
    let offer = |repair, options, effect| way(request, seen, repair, options, id, effect);
    let (kind, message, notes, mut ways) = if row.kind == Kind::Rust.name() {
        let (kind, what, why) = match row.statement_started {
            Some(_) => (
                ProblemKind::StatementInDoubt,
                "was begun, and has neither finished nor failed",
                "either another migrator is running it right now, or one was killed meanwhile",
            ),
            None => {
                (ProblemKind::Unfinished, "failed outside a transaction", "its own error said why")
            }
        };
        (
            kind,
            format!("revision `{id}`, written in Rust, {what}"),
            vec![why.to_owned(), String::from("how far it came is not known")],
            Vec::new(),
        )
    } else if let Some(number) = row.statement_started {
        (
            ProblemKind::StatementInDoubt,
            format!(
                "statement {number} of revision `{id}` was started, and has neither finished nor \
                 failed"
            ),
            vec![String::from(
                "either another migrator is running it right now, or one was killed meanwhile",
            )],
            decisions(request, seen, &partial, number),
        )
    } else {
        let verb = if partial.direction == Direction::Up { "applied" } else { "undone" };
        let of = partial.count().map_or_else(String::new, |count| format!(" of {count}"));
        (
            ProblemKind::Unfinished,
            format!("revision `{id}` is {verb} only in part"),
            vec![format!("{}{of} of its statements are done", row.statements_done)],
            Vec::from_iter(resume(request, seen, &partial)),
        )
    };
    let number = row.statement_started.unwrap_or(row.statements_done + 1);
    let next = partial.sql(number).map(|sql| format!("statement {number}: {}", excerpt(sql)));
    let (applied, not_applied) = match partial.direction {
        Direction::Up => (
            "if you have done the rest by hand; then it is recorded as applied",
            "if you have undone by hand what is done of it; then its row goes",
        ),
        Direction::Down => (
            "if you have taken back by hand what is undone of it; then it is recorded as applied",
            "if you have undone the rest by hand; then its row goes",
        ),
    };
    ways.extend(offer(Repair::MarkApplied(id.to_string()), "--applied", applied));
    ways.extend(offer(Repair::MarkNotApplied(id.to_string()), "--not-applied", not_applied));
    Some(Problem {
        kind,
        revision: id.clone(),
        path: request.chain.get(id.as_str()).map(|revision| revision.path().to_owned()),
        message,
        notes: notes.into_iter().chain(next).collect(),
        ways_out: ways,
    })
}

/// As much of a statement as shows which one it is. It may come from the database.
fn excerpt(sql: &str) -> String {
    const MOST: usize = 10;
    let mut lines: Vec<_> = sql.lines().take(MOST).map(visible).collect();
    if sql.lines().nth(MOST).is_some() {
        lines.push("…".into());
    }
    lines.join("\n")
}

/// What can be said of a statement in doubt.
fn decisions(
    request: &Request<'_>,
    seen: &Seen,
    partial: &Partial<'_>,
    number: usize,
) -> Vec<WayOut> {
    let id = &partial.row.id;
    let command = partial.direction.name();
    let mut ways = Vec::new();
    let dialect = request.variant.dialect;
    let effect = partial.sql(number).and_then(|sql| sql::effect(dialect, sql));
    // Only who holds a lock of the session knows that nobody is running it.
    let is_session = dialect != Dialect::Sqlite && !request.settings.lock_table;
    if effect.is_some() && is_session {
        ways.extend(resuming(seen, partial).map(|command| WayOut {
            command: Some(command),
            effect: String::from("asks the catalog whether it is done, and goes on"),
            repair: None,
        }));
    }
    let is_last = partial.count() == Some(number);
    let when_done = match (is_last, partial.direction) {
        (true, Direction::Up) => String::from("the revision is applied"),
        (true, Direction::Down) => String::from("the revision is undone"),
        (false, _) => format!("`{command}` goes on with statement {}", number + 1),
    };
    let when_not = if number == 1 && partial.direction == Direction::Up {
        String::from("nothing of the revision is, and its row goes")
    } else {
        format!("`{command}` runs it again")
    };
    for (done, options, word, then) in
        [(true, "done", "done", when_done), (false, "not-done", "not done", when_not)]
    {
        let repair = Repair::Statement { revision: id.to_string(), done };
        let options = format!("--statement {options}");
        let effect = format!("if statement {number} is {word}; then {then}");
        ways.extend(way(request, seen, repair, &options, id, effect));
    }
    ways
}

/// How a run goes on with a revision that is done in part.
fn resume(request: &Request<'_>, seen: &Seen, partial: &Partial<'_>) -> Option<WayOut> {
    let row = partial.row;
    let next = row.statements_done + 1;
    if !partial.is_same(request) {
        return Some(WayOut {
            command: None,
            effect: match &partial.job {
                Ok(_) => format!(
                    "restore the first {} statements of its script, which was edited after they \
                     had run, and go on with `{}`",
                    row.statements_done, partial.direction
                ),
                Err(error) => format!(
                    "use a program that can finish it: here that is not possible, since {}",
                    error.message()
                ),
            },
            repair: None,
        });
    }
    let command = resuming(seen, partial)?;
    let effect = format!("goes on with statement {next}, which may be corrected before");
    Some(WayOut { command: Some(command), effect, repair: None })
}

/// The command of the run that is not finished.
fn resuming(seen: &Seen, partial: &Partial<'_>) -> Option<String> {
    match partial.direction {
        Direction::Up => Some(format!("up {}", partial.row.id)),
        Direction::Down => undoing(seen, partial.row),
    }
}

/// The command that undoes a revision and nothing before it.
fn undoing(seen: &Seen, row: &Row) -> Option<String> {
    let parents: Vec<&str> = ids(&row.parents).collect();
    match parents[..] {
        // Undoing everything would take other bases with it.
        [] if seen.state.rows.iter().all(|other| {
            other.id == row.id || !other.parents.is_empty() || !other.depends_on.is_empty()
        }) =>
        {
            Some(String::from("down base"))
        }
        [parent] => Some(format!("down {parent}")),
        _ => None,
    }
}

fn different(
    request: &Request<'_>,
    seen: &Seen,
    revision: &Revision,
    row: &Row,
    difference: Difference,
) -> Problem {
    let id = revision.id();
    let chain_digest = revision.fingerprints[request.variant_index].digest.to_string();
    let applied = format!("applied at {} by {}", row.applied_at, row.applied_by);
    let (kind, message, notes, restore) = match difference {
        Difference::Edited => {
            let mut notes = vec![applied];
            if row.digest == chain_digest {
                notes.push(String::from(
                    "its digest is that of the file: it is the row that was changed, not the file",
                ));
            }
            (
                ProblemKind::Edited,
                format!("revision `{id}` has another text than when applied to this database"),
                notes,
                "restore the file to what was applied, and put the change into a new revision",
            )
        }
        Difference::Reparented => (
            ProblemKind::Reparented,
            format!(
                "revision `{id}` has other parents or dependencies than when applied to this \
                 database"
            ),
            vec![applied, format!("it {}", followed(request, row, revision))],
            "restore `revises` and `depends-on` to what was applied",
        ),
        Difference::WrongDigest => (
            ProblemKind::WrongDigest,
            format!(
                "the recorded digest of revision `{id}` does not follow from what is recorded of its \
                 text and its ancestors"
            ),
            vec![applied, String::from(WRONG_DIGEST)],
            "restore the row from a backup, if it was changed by mistake",
        ),
    };
    let mut ways = vec![WayOut { command: None, effect: String::from(restore), repair: None }];
    let effect = match difference {
        Difference::WrongDigest => {
            "gives the row the digest that follows from the file and its ancestors"
        }
        _ => {
            "if the database is as the file says now; then its row says the same, and the \
             digests of all that was applied after it follow"
        }
    };
    let accept = Repair::Accept(vec![id.to_string()]);
    match way(request, seen, accept, "--accept", id, effect) {
        Some(way) => ways.push(way),
        None => ways.extend(accept_together(request, seen, effect)),
    }
    if difference != Difference::WrongDigest
        && let Some(command) = undoing(seen, row)
    {
        ways.push(WayOut {
            command: Some(format!("{command} --from database")),
            effect: String::from(
                "undoes it, and all that was applied after it, with the scripts that were stored \
                 then; only where nobody else has applied it",
            ),
            repair: None,
        });
    }
    let path = Some(revision.path().to_owned());
    Problem { kind, revision: id.clone(), path, message, notes, ways_out: ways }
}

/// Where one alone cannot be accepted, perhaps all can.
fn accept_together(request: &Request<'_>, seen: &Seen, effect: &str) -> Option<WayOut> {
    draft(request, seen, &Repair::AcceptAll).is_ok().then(|| WayOut {
        command: Some(String::from("repair --accept-all")),
        effect: format!("with all others that differ: {effect}"),
        repair: Some(Repair::AcceptAll),
    })
}

fn missing(request: &Request<'_>, seen: &Seen, gap: &Gap<'_>) -> Problem {
    let (missing, after) = (gap.missing.id(), gap.after.id());
    let mut ways = vec![WayOut {
        command: None,
        effect: String::from("restore the missing rows of the tracking table from a backup"),
        repair: None,
    }];
    // A stamp would refuse them.
    let is_stampable = seen.state.unfinished().next().is_none()
        && seen.state.unknown(request.chain).next().is_none();
    if is_stampable {
        ways.extend(stamp_missing(request, seen));
        ways.extend(stamp_back(request, seen));
    }
    Problem {
        kind: ProblemKind::Gap,
        revision: missing.clone(),
        path: Some(gap.missing.path().to_owned()).filter(|path| !path.is_empty()),
        message: format!(
            "revision `{after}` is recorded as applied, and `{missing}`, which comes before it, is not"
        ),
        notes: vec![String::from(GAP)],
        ways_out: ways,
    }
}

/// The database has what is missing, and only its row is gone.
fn stamp_missing(request: &Request<'_>, seen: &Seen) -> Option<WayOut> {
    let chain = request.chain;
    let applied = seen.state.applied();
    let mut all = applied.clone();
    for (index, revision) in chain.revisions().iter().enumerate().rev() {
        if all.contains(revision.id()) {
            all.extend(chain.before(index).map(|before| chain.revisions()[before].id().clone()));
        }
    }
    let targets = heads(chain, &all)?;
    let stamp = Stamp::new(chain, &applied, &targets).ok()?;
    (stamp.remove.is_empty() && !stamp.add.is_empty()).then(|| WayOut {
        command: Some(stamp_command(&targets)),
        effect: format!(
            "if the database has {}; then that is recorded, and nothing is run",
            listed(&stamp.add)
        ),
        repair: None,
    })
}

/// The database does not have what comes after what is missing.
fn stamp_back(request: &Request<'_>, seen: &Seen) -> Option<WayOut> {
    let chain = request.chain;
    let applied = seen.state.applied();
    let mut whole: HashSet<RevisionId> = HashSet::new();
    for (index, revision) in chain.revisions().iter().enumerate() {
        let mut before = chain.before(index).map(|before| chain.revisions()[before].id());
        if applied.contains(revision.id()) && before.all(|id| whole.contains(id)) {
            whole.insert(revision.id().clone());
        }
    }
    let targets = heads(chain, &whole)?;
    let stamp = Stamp::new(chain, &applied, &targets).ok()?;
    let leads_there = stamp.add.is_empty() && stamp.remove.len() == applied.len() - whole.len();
    leads_there.then(|| WayOut {
        command: Some(stamp_command(&targets)),
        effect: format!(
            "if the database does not have {}; then that is forgotten, and nothing is undone",
            listed(&stamp.remove)
        ),
        repair: None,
    })
}

/// The targets that mean these revisions.
fn heads(chain: &Chain, applied: &HashSet<RevisionId>) -> Option<Vec<Target>> {
    let heads = current_heads(chain, applied);
    if heads.is_empty() {
        return Some(vec![Target::BASE]);
    }
    heads.iter().map(|id| id.as_str().parse().ok()).collect()
}

fn stamp_command(targets: &[Target]) -> String {
    let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
    format!("stamp {}", targets.join(" "))
}
