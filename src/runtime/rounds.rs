//! Which steps are committed together: the parts of a run, over one database or several.
//!
//! Every database has a plan of its own, for they may stand at different places. The plans are walked
//! together: a revision comes when no database has anything left that it follows, and its steps in all
//! databases are one part. Where a transaction holds the whole run, a part goes on for as long as
//! nothing cuts it. Steps that no transaction holds are parts of their own, one database after the
//! other, after the steps of the same revision that can still be taken back. Pure.

use std::collections::HashMap;

use super::job::Job;
use super::report::StepTransaction;

/// What matters of a step here.
#[derive(Clone, Copy)]
struct Piece<'j> {
    id: &'j str,
    transaction: StepTransaction,
}

impl Piece<'_> {
    fn is_held(self) -> bool {
        matches!(self.transaction, StepTransaction::Shared | StepTransaction::ForeignKeys)
    }
}

/// Writes into the jobs of each database to which part of the run they belong; `is_run` says whether a
/// transaction holds the whole run.
pub(crate) fn number(plans: &mut [&mut [Job<'_>]], is_run: bool) {
    let pieces: Vec<Vec<Piece<'_>>> = plans.iter().map(|jobs| pieces(jobs)).collect();
    let parts = parts(&pieces, is_run);
    for (jobs, parts) in plans.iter_mut().zip(parts) {
        for (job, part) in jobs.iter_mut().zip(parts) {
            job.part = part;
        }
    }
}

fn pieces<'j>(jobs: &'j [Job<'_>]) -> Vec<Piece<'j>> {
    jobs.iter().map(|job| Piece { id: job.id.as_str(), transaction: job.transaction }).collect()
}

/// The part of each step of each database, from zero.
fn parts(plans: &[Vec<Piece<'_>>], is_run: bool) -> Vec<Vec<usize>> {
    let places = places(plans);
    let mut parts: Vec<Vec<usize>> =
        plans.iter().map(|plan| Vec::with_capacity(plan.len())).collect();
    let mut count = 0;
    let mut may_join = false;
    while let Some(members) = members(plans, &places, &parts) {
        let piece = |member: usize| plans[member][parts[member].len()];
        let (held, alone): (Vec<usize>, Vec<usize>) =
            members.into_iter().partition(|&member| piece(member).is_held());
        let shares = alone.is_empty()
            && held.iter().all(|&member| piece(member).transaction == StepTransaction::Shared);
        let joins = shares && may_join && is_run;
        if !held.is_empty() && !joins {
            count += 1;
        }
        for member in held {
            parts[member].push(count - 1);
        }
        for member in alone {
            count += 1;
            parts[member].push(count - 1);
        }
        may_join = shares;
    }
    parts
}

/// Where each revision stands in the plan of each database; none are needed for a single one.
fn places<'j>(plans: &[Vec<Piece<'j>>]) -> Vec<HashMap<&'j str, usize>> {
    if plans.len() == 1 {
        return vec![HashMap::new()];
    }
    let of_plan = |plan: &Vec<Piece<'j>>| {
        plan.iter().enumerate().map(|(place, piece)| (piece.id, place)).collect()
    };
    plans.iter().map(of_plan).collect()
}

/// The databases that have the next revision before them; `None` at the end.
fn members(
    plans: &[Vec<Piece<'_>>],
    places: &[HashMap<&str, usize>],
    done: &[Vec<usize>],
) -> Option<Vec<usize>> {
    let all = 0..plans.len();
    let front = |member: usize| plans[member].get(done[member].len());
    let is_later_elsewhere = |id: &str| {
        places
            .iter()
            .zip(done)
            .any(|(places, done)| places.get(id).is_some_and(|&it| it > done.len()))
    };
    let next = all
        .clone()
        .filter_map(front)
        .find(|piece| !is_later_elsewhere(piece.id))
        // Rows that only some of the databases know can give them different orders.
        .or_else(|| all.clone().find_map(front))?;
    Some(all.filter(|&member| front(member).is_some_and(|piece| piece.id == next.id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps as words: `r1` shares, `r1!` is outside a transaction, `r1=` has its own.
    fn check(plans: &[&str], is_run: bool, expected: &[&[usize]]) {
        let piece = |word: &'static str| match word.strip_suffix(['!', '=']) {
            None => Piece { id: word, transaction: StepTransaction::Shared },
            Some(id) if word.ends_with('!') => {
                Piece { id, transaction: StepTransaction::StatementByStatement }
            }
            Some(id) => Piece { id, transaction: StepTransaction::ForeignKeys },
        };
        let plans: Vec<Vec<Piece<'_>>> = plans
            .iter()
            .map(|plan| plan.to_string().leak().split_whitespace().map(piece).collect())
            .collect();
        assert_eq!(parts(&plans, is_run), expected);
    }

    #[test]
    fn one_database_is_cut_by_what_wants_to_be_alone() {
        check(&["r1 r2 r3! r4 r5= r6 r7"], true, &[&[0, 0, 1, 2, 3, 4, 4]]);
        check(&["r1 r2 r3!"], false, &[&[0, 1, 2]]);
        check(&[""], true, &[&[]]);
    }

    #[test]
    fn steps_of_one_revision_are_one_part() {
        check(&["r1 r2", "r1 r2"], false, &[&[0, 1], &[0, 1]]);
        check(&["r1 r2", "r1 r2"], true, &[&[0, 0], &[0, 0]]);
        check(&["r1 r2= r3", "r1 r2= r3"], true, &[&[0, 1, 2], &[0, 1, 2]]);
    }

    #[test]
    fn a_database_that_is_behind_comes_up_first() {
        check(&["r3", "r1 r2 r3"], false, &[&[2], &[0, 1, 2]]);
        check(&["r3", "r1 r2 r3"], true, &[&[0], &[0, 0, 0]]);
        check(&["r3 r2", "r2", "r1"], false, &[&[0, 1], &[1], &[2]]);
        check(&["", "r1"], true, &[&[], &[0]]);
    }

    #[test]
    fn what_cannot_be_held_comes_after_what_can_be_taken_back() {
        check(&["r1! r2", "r1 r2", "r1! r2"], true, &[&[1, 3], &[0, 3], &[2, 3]]);
        check(&["r1! r2!", "r1! r2!"], false, &[&[0, 2], &[1, 3]]);
    }

    #[test]
    fn orders_that_contradict_each_other_come_to_an_end() {
        check(&["r1 r2", "r2 r1"], false, &[&[0, 1], &[1, 2]]);
    }
}
