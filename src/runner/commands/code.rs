//! Whether a command needs code that only a compiled chain has.

use std::sync::Arc;

use super::database::{NOTHING, block_on, options};
use super::progress::Progress;
use crate::chain::{Direction, Kind};
use crate::runner::place::Place;
use crate::runner::{DownArguments, Failure, RedoArguments, Ui, UpArguments};
use crate::runtime::{Configured, ErrorKind, Migrator, RunPlan};

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
    place: &Place,
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
            options(place, &args.database, args.statements, args.transaction, &progress)
        }
        Running::Down(args) => {
            let from = args.from.map(Into::into);
            let mut options =
                options(place, &args.database, args.statements, args.transaction, &progress);
            options.edited_down = from;
            options
        }
        Running::Redo(args) => {
            let from = args.from.map(Into::into);
            let mut options =
                options(place, &args.database, args.statements, args.transaction, &progress);
            options.edited_down = from;
            options
        }
    };
    let configured = migrator.with(options);
    let has_rust = |plan: &RunPlan| plan.steps.iter().any(|step| is_rust(step.kind));
    let found: Result<bool, Failure> = block_on(async {
        let url = place.url.as_str();
        Ok(match running {
            Running::Up(args) => {
                let target = args.target.as_deref();
                up(migrator, &configured, url, target).await.is_some_and(|plan| has_rust(&plan))
            }
            Running::Down(args) => {
                let target = args.target.as_deref().unwrap_or("-1");
                let plan = configured.plan(url, Direction::Down, target).await;
                plan.is_ok_and(|plan| has_rust(&plan))
            }
            Running::Redo(args) => {
                let target = args.target.as_deref().unwrap_or("-1");
                let plan = configured.plan_redo(url, target).await;
                plan.is_ok_and(|plan| has_rust(&plan.down) || has_rust(&plan.up))
            }
        })
    });
    found.unwrap_or(false)
}

async fn up(
    migrator: &Migrator,
    configured: &Configured<'_>,
    url: &str,
    target: Option<&str>,
) -> Option<RunPlan> {
    let many_heads = migrator.header().ok()?.settings.many_heads;
    let target = target.unwrap_or(if many_heads { "heads" } else { "head" });
    match configured.plan(url, Direction::Up, target).await {
        Err(error) if error.kind() == ErrorKind::Missing => {
            configured.plan(NOTHING, Direction::Up, target).await.ok()
        }
        plan => plan.ok(),
    }
}
