//! What is wrong with what is recorded. Pure: every way out is tried on what is recorded before it is
//! offered.

use std::collections::HashSet;
use std::fmt;

use super::unfinished::Partial;
use super::{Repair, draft};
use crate::chain::plan::current_heads;
use crate::chain::{Chain, Direction, Kind, Revision, RevisionId, Stamp, Target, listed};
use crate::runtime::amend::Seen;
use crate::runtime::digests::wrong_digests;
use crate::runtime::refuse::{GAP, Gap, WRONG_DIGEST, followed, gaps};
use crate::runtime::report::Difference;
use crate::runtime::select::Request;
use crate::runtime::state::{Row, ids};

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An applied revision has another text than when it was applied.
    Edited,
    /// An applied revision has other parents or dependencies than when it was applied.
    Reparented,
    /// The digest of an applied revision follows from nothing.
    WrongDigest,
    /// A statement was started, and has neither finished nor failed.
    StatementInDoubt,
    /// A revision is applied or undone in part.
    Unfinished,
    /// A revision is recorded as applied, and one that it follows or depends on is not.
    Gap,
}

/// Something wrong with what is recorded, and the ways out; its text is complete in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The revision that it is about.
    pub revision: RevisionId,
    /// Its file; `None` if the chain does not know it.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// The ways out, of which one is to be chosen.
    pub ways_out: Vec<WayOut>,
}

/// A way out of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WayOut {
    /// The command, without the program's name; `None` if it is no command.
    pub command: Option<String>,
    /// What it does, and when it is the right one.
    pub effect: String,
    /// The same for [`Configured::repair`](crate::Configured::repair), if it is a repair.
    pub repair: Option<Repair>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(path) = &self.path {
            write!(f, "\n--> {path}")?;
        }
        for note in &self.notes {
            write!(f, "\n = note: {}", note.replace('\n', "\n   "))?;
        }
        for way in &self.ways_out {
            match &way.command {
                Some(command) => write!(f, "\n = help: `{command}`: {}", way.effect)?,
                None => write!(f, "\n = help: {}", way.effect)?,
            }
        }
        Ok(())
    }
}

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
    let revision = request.chain.get(id.as_str());
    let count = partial.job.as_ref().ok().map(|job| job.statements.len());
    let done = row.statements_done;
    let goes_on = match partial.direction {
        Direction::Up => String::from("`up`"),
        Direction::Down => String::from("`down`"),
    };
    let of = count.map_or_else(String::new, |count| format!(" of {count}"));
    let mut notes = Vec::new();
    let mut ways = Vec::new();
    let mut offer = |repair, options: &str, effect: String| {
        ways.extend(way(request, seen, repair, options, id, effect));
    };
    let statement = |number: usize| {
        let job = partial.job.as_ref().ok()?;
        (number <= job.statements.len()).then(|| job.statement(number - 1).to_owned())
    };
    let is_rust = row.kind == Kind::Rust.name();
    let kind = match row.statement_started {
        started if is_rust => {
            let (note, kind) = match started {
                Some(_) => (
                    "either another migrator is running it right now, or one was killed meanwhile",
                    ProblemKind::StatementInDoubt,
                ),
                None => ("it failed outside a transaction", ProblemKind::Unfinished),
            };
            notes.push(note.to_owned());
            notes.push(String::from("how far it came is not known"));
            kind
        }
        Some(number) => {
            notes.extend(statement(number).map(|sql| format!("statement {number}: {sql}")));
            notes.push(String::from(
                "either another migrator is running it right now, or one was killed meanwhile",
            ));
            let name = || id.to_string();
            let is_last = count == Some(number);
            let then = match (is_last, partial.direction) {
                (true, Direction::Up) => String::from("with it the revision is applied"),
                (true, Direction::Down) => String::from("with it the revision is undone"),
                (false, _) => format!("{goes_on} goes on with statement {}", number + 1),
            };
            offer(
                Repair::Statement { revision: name(), done: true },
                "--statement done",
                format!("statement {number} is done; {then}"),
            );
            let then = if done == 0 && partial.direction == Direction::Up {
                String::from("nothing of the revision is, and its row goes")
            } else {
                format!("{goes_on} runs it again")
            };
            offer(
                Repair::Statement { revision: name(), done: false },
                "--statement not-done",
                format!("statement {number} is not done; {then}"),
            );
            ProblemKind::StatementInDoubt
        }
        None => {
            let next = done + 1;
            notes.push(format!("{done}{of} of its statements are done"));
            notes.extend(statement(next).map(|sql| format!("statement {next}: {sql}")));
            ProblemKind::Unfinished
        }
    };
    if row.statement_started.is_none() && !is_rust {
        ways.extend(resume(request, seen, &partial));
    }
    let mut offer = |repair, options: &str, effect: &str| {
        ways.extend(way(request, seen, repair, options, id, effect));
    };
    let (applied, not_applied) = match partial.direction {
        Direction::Up => (
            "you have done the rest by hand: it is recorded as applied",
            "you have undone by hand what is done of it: its row goes",
        ),
        Direction::Down => (
            "you have taken back by hand what is undone of it: it is recorded as applied",
            "you have undone the rest by hand: its row goes",
        ),
    };
    offer(Repair::MarkApplied(id.to_string()), "--applied", applied);
    offer(Repair::MarkNotApplied(id.to_string()), "--not-applied", not_applied);
    let message = match (kind, partial.direction) {
        (ProblemKind::StatementInDoubt, _) if is_rust => format!(
            "revision `{id}`, written in Rust, was begun, and has neither finished nor failed"
        ),
        (ProblemKind::StatementInDoubt, _) => format!(
            "statement {} of revision `{id}` was started, and has neither finished nor failed",
            partial.begun()
        ),
        (_, Direction::Up) => format!("revision `{id}` is applied only in part"),
        (_, Direction::Down) => format!("revision `{id}` is undone only in part"),
    };
    let path = revision.map(|revision| revision.path().to_owned());
    Some(Problem { kind, revision: id.clone(), path, message, notes, ways_out: ways })
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
    let command = match partial.direction {
        Direction::Up => format!("up {}", row.id),
        Direction::Down => undoing(seen, row)?,
    };
    let effect = format!("goes on with statement {next}, which may be corrected before");
    Some(WayOut { command: Some(command), effect, repair: None })
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
            "the row gets the digest that follows from the file and its ancestors"
        }
        _ => {
            "the database is what the file says now: the row says the same, and the digests of all \
             that was applied after it follow"
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
            "the database has {}: recorded as applied, without being run",
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
            "the database does not have {}: forgotten, without being undone",
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
