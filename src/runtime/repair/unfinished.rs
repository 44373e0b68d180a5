//! Revisions that are done in part: a person says what became of the rest.

use super::{BelievedStatement, RepairReport, RowChange, Work, file_of, refuse_followed, refused};
use crate::chain::{Direction, RevisionId};
use crate::runtime::amend::{Draft, Edit, Seen};
use crate::runtime::entry::Entry;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::job::{Job, interrupted};
use crate::runtime::select::Request;
use crate::runtime::state::{Progress, Row, RowStatus};

/// A revision that is done in part, and its script.
pub(super) struct Partial<'a> {
    pub(super) row: &'a Row,
    pub(super) direction: Direction,
    /// `Err` if this program does not have the script, or cannot use it.
    pub(super) job: Result<Job<'a>, Error>,
}

impl<'a> Partial<'a> {
    /// `None` if the revision is applied as a whole.
    pub(super) fn of(request: &Request<'a>, seen: &'a Seen, row: &'a Row) -> Option<Self> {
        let direction = match row.status {
            RowStatus::Applying => Direction::Up,
            RowStatus::Reverting => Direction::Down,
            RowStatus::Applied | RowStatus::Stamped => return None,
        };
        let job = interrupted(request, row, seen.scripts.get(&row.id).cloned());
        Some(Self { row, direction, job })
    }

    /// How many statements may have had an effect.
    pub(super) fn begun(&self) -> usize {
        self.row.statement_started.unwrap_or(self.row.statements_done)
    }

    /// Whether the statements that are done are still those of the script.
    pub(super) fn is_same(&self, request: &Request<'_>) -> bool {
        self.job.as_ref().is_ok_and(|job| {
            let done = self.row.statements_done;
            done <= job.statements.len()
                && progress(request, job, done).checksum() == self.row.checksum
        })
    }

    /// How many statements the script has, if that is known.
    pub(super) fn count(&self) -> Option<usize> {
        self.job.as_ref().ok().map(|job| job.statements.len())
    }

    /// The text of a statement, counted from one.
    pub(super) fn sql(&self, number: usize) -> Option<&str> {
        let job = self.job.as_ref().ok()?;
        let index = number.checked_sub(1).filter(|index| *index < job.statements.len())?;
        Some(job.statement(index))
    }

    fn believed(&self, number: usize, done: bool) -> BelievedStatement {
        BelievedStatement {
            revision: self.row.id.clone(),
            direction: self.direction,
            number,
            sql: self.sql(number).map(str::to_owned),
            done,
        }
    }

    /// The rest of the script is believed done, or what is done of it to be without effect.
    fn believe(&self, work: &mut Work<'_>, is_finished: bool) {
        let numbers = if is_finished {
            self.row.statements_done + 1..=self.count().unwrap_or_default()
        } else {
            1..=self.begun()
        };
        work.report.believed.extend(numbers.map(|number| self.believed(number, is_finished)));
    }
}

fn progress(request: &Request<'_>, job: &Job<'_>, done: usize) -> Progress {
    Progress::of(request.variant.dialect, (0..done).map(|index| job.statement(index)))
}

/// Says of the statement in doubt whether it is done.
pub(super) fn statement(
    request: &Request<'_>,
    seen: &Seen,
    id: &RevisionId,
    is_done: bool,
) -> Result<Draft<RepairReport>, Error> {
    let row = seen.state.row(id.as_str());
    let partial = row.and_then(|row| Partial::of(request, seen, row));
    let started = row.and_then(|row| row.statement_started);
    let (Some(row), Some(partial), Some(number)) = (row, partial, started) else {
        return Err(no_doubt(request, id, row));
    };
    let mut work = Work::on(seen);
    work.report.believed.push(partial.believed(number, is_done));
    let done = if is_done { number } else { row.statements_done };
    if done == 0 && partial.direction == Direction::Up {
        refuse_followed(request, &seen.state, id)?;
        work.forget(id);
        return Ok(work.draft());
    }
    let mut checksum = row.checksum.clone();
    if is_done {
        let job = partial.job.as_ref().map_err(|error| no_script(request, id, error))?;
        if !partial.is_same(request) || number > job.statements.len() {
            return Err(edited(request, row));
        }
        if number == job.statements.len() {
            complete(&mut work, request, seen, &partial)?;
            return Ok(work.draft());
        }
        checksum = progress(request, job, number).checksum();
    }
    let change = RowChange::Progress { direction: partial.direction, done };
    work.note(id, &row.description, change);
    work.edits.push(Edit::Progress { revision: id.clone(), done, checksum });
    Ok(work.draft())
}

/// The last statement is done: the revision is what the whole script makes of it.
fn complete(
    work: &mut Work<'_>,
    request: &Request<'_>,
    seen: &Seen,
    partial: &Partial<'_>,
) -> Result<(), Error> {
    let id = &partial.row.id;
    match partial.direction {
        Direction::Up => record_applied(work, request, id),
        Direction::Down => {
            refuse_followed(request, &seen.state, id)?;
            work.forget(id);
            Ok(())
        }
    }
}

pub(super) fn mark_applied(
    request: &Request<'_>,
    seen: &Seen,
    id: &RevisionId,
) -> Result<Draft<RepairReport>, Error> {
    let mut work = Work::on(seen);
    let Some(row) = seen.state.row(id.as_str()) else {
        return Err(refused(
            request,
            ErrorKind::Target,
            id,
            format!("revision `{id}` is not recorded as done in part, but as not applied at all"),
        )
        .help("`up` applies it")
        .help(format!("`stamp {id}` records it, and what comes before it, without running it")));
    };
    let Some(partial) = Partial::of(request, seen, row) else { return Ok(work.draft()) };
    if partial.direction == Direction::Up && !partial.is_same(request) && partial.job.is_ok() {
        work.report.warnings.push(changed_since(row));
    }
    record_applied(&mut work, request, id)?;
    partial.believe(&mut work, partial.direction == Direction::Up);
    Ok(work.draft())
}

pub(super) fn mark_not_applied(
    request: &Request<'_>,
    seen: &Seen,
    id: &RevisionId,
) -> Result<Draft<RepairReport>, Error> {
    let mut work = Work::on(seen);
    let Some(row) = seen.state.row(id.as_str()) else { return Ok(work.draft()) };
    let Some(partial) = Partial::of(request, seen, row) else {
        return Err(refused(
            request,
            ErrorKind::Target,
            id,
            format!("revision `{id}` is applied as a whole, and not in part"),
        )
        .help("`down` undoes it, with a target that includes it")
        .help("`stamp`, with the revision before it, forgets it without undoing anything"));
    };
    refuse_followed(request, &seen.state, id)?;
    if !partial.is_same(request) && partial.job.is_ok() {
        work.report.warnings.push(changed_since(row));
    }
    work.forget(id);
    partial.believe(&mut work, partial.direction == Direction::Down);
    Ok(work.draft())
}

fn record_applied(
    work: &mut Work<'_>,
    request: &Request<'_>,
    id: &RevisionId,
) -> Result<(), Error> {
    let Some(revision) = file_of(request, id) else {
        return Err(refused(
            request,
            ErrorKind::Unknown,
            id,
            format!("revision `{id}` is not in this chain, so what it is as a whole is not known"),
        )
        .help("use a program that has its file"));
    };
    work.record(
        request,
        vec![(Entry::of(request, revision), RowStatus::Applied)],
        RowChange::Applied,
    )
}

fn no_doubt(request: &Request<'_>, id: &RevisionId, row: Option<&Row>) -> Error {
    let error = refused(
        request,
        ErrorKind::Target,
        id,
        format!("no statement of revision `{id}` is in doubt"),
    );
    match row.map(|row| row.status) {
        None => error.note("it is not applied"),
        Some(RowStatus::Applied | RowStatus::Stamped) => error.note("it is applied as a whole"),
        Some(RowStatus::Applying) => error
            .note("every statement that was started has finished or failed")
            .help("`up` goes on where it stopped"),
        Some(RowStatus::Reverting) => error
            .note("every statement that was started has finished or failed")
            .help("`down` goes on where it stopped"),
    }
}

fn no_script(request: &Request<'_>, id: &RevisionId, error: &Error) -> Error {
    refused(
        request,
        error.kind(),
        id,
        format!("what is left of revision `{id}` is not known here: {}", error.message()),
    )
    .help("use a program that has its file")
}

fn edited(request: &Request<'_>, row: &Row) -> Error {
    let id = &row.id;
    let number = row.statements_done;
    refused(
        request,
        ErrorKind::Edited,
        id,
        format!("revision `{id}` was edited after a part of it had run"),
    )
    .note(format!("{number} of its statements are done and must stay as they are"))
    .help("restore these statements and the one after them, and correct only what follows")
    .help(format!(
        "or, if you have finished the revision by hand, or undone it: `repair {id} --applied`, or \
         `repair {id} --not-applied`"
    ))
}

fn changed_since(row: &Row) -> String {
    format!(
        "the script of revision `{}` was edited after {} of its statements had run: those that are \
         listed are those of the script as it is now",
        row.id, row.statements_done
    )
}
