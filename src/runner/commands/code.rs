//! Whether a command needs code that only a compiled chain has.

use std::sync::Arc;

use super::database::{block_on, options};
use super::progress::Progress;
use super::work::Work;
use crate::chain::{Direction, Kind};
use crate::runner::place::Place;
use crate::runner::{DownArguments, Failure, RedoArguments, Ui, UpArguments};
use crate::runtime::{Migrator, RunPlan};

/// A command that runs revisions.
#[derive(Clone, Copy)]
pub(crate) enum Running<'a> {
    Up(&'a UpArguments),
    Down(&'a DownArguments),
    Redo(&'a RedoArguments),
}

/// Whether a revision in Rust would run.
///
/// What stands in the way of a plan is told by the command itself, which meets it too.
pub(crate) fn needs_code(
    migrator: &Migrator,
    places: &[Place],
    running: Running<'_>,
    ui: &Ui,
) -> bool {
    let Ok(chain) = migrator.chain() else { return false };
    let is_rust = |kind| kind == Kind::Rust;
    if !chain.revisions().iter().any(|revision| is_rust(revision.kind())) {
        return false;
    }
    let progress = Arc::new(Progress::new(ui.clone()));
    let options = match running {
        Running::Up(args) => {
            options(places, &args.database, args.statements, args.transaction, &progress)
        }
        Running::Down(args) => {
            let from = args.from.map(Into::into);
            let mut options =
                options(places, &args.database, args.statements, args.transaction, &progress);
            options.edited_down = from;
            options
        }
        Running::Redo(args) => {
            let from = args.from.map(Into::into);
            let mut options =
                options(places, &args.database, args.statements, args.transaction, &progress);
            options.edited_down = from;
            options
        }
    };
    let work = Work::new(migrator, places, options);
    let has_rust = |plan: &RunPlan| plan.steps.iter().any(|step| is_rust(step.kind));
    let found: Result<bool, Failure> = block_on(async {
        Ok(match running {
            Running::Up(args) => {
                let many_heads = migrator.header().is_ok_and(|header| header.settings.many_heads);
                let default = if many_heads { "heads" } else { "head" };
                let plans = work.plan_up(args.target.as_deref().unwrap_or(default)).await;
                plans.is_ok_and(|(plans, _)| plans.iter().any(has_rust))
            }
            Running::Down(args) => {
                let target = args.target.as_deref().unwrap_or("-1");
                let plans = work.plan(Direction::Down, target).await;
                plans.is_ok_and(|plans| plans.iter().any(has_rust))
            }
            Running::Redo(args) => {
                let target = args.target.as_deref().unwrap_or("-1");
                let plans = work.plan_redo(target).await;
                plans.is_ok_and(|plans| {
                    plans.iter().any(|plan| has_rust(&plan.down) || has_rust(&plan.up))
                })
            }
        })
    });
    found.unwrap_or(false)
}
