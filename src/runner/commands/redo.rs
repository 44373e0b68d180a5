//! The commands that go down and up again, or only say that they would.

use std::sync::Arc;

use super::database::{announce, asks, block_on, confirm, down, failed, options, turn, up, warn};
use super::plan::{show_before_question, show_plans};
use super::progress::Progress;
use super::work::Work;
use crate::runner::place::Place;
use crate::runner::{
    DownArguments, Exit, Failure, PlanArguments, RedoArguments, StatementArguments, Ui,
    UpArguments, message,
};
use crate::runtime::Migrator;

/// Undoes revisions and applies them again.
pub(crate) fn redo(
    migrator: &Migrator,
    places: &[Place],
    args: &RedoArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let mut options = options(places, &args.database, args.statements, args.transaction, &progress);
    options.edited_down = args.from.map(Into::into);
    let work = Work::new(migrator, places, options);
    let target = args.target.as_deref().unwrap_or("-1");
    block_on(async {
        if args.dry_run {
            let plans = work.plan_redo(target).await.map_err(failed)?;
            let (down, up): (Vec<_>, Vec<_>) = plans.into_iter().map(|it| (it.down, it.up)).unzip();
            show_plans(&down, places, ui)?;
            return show_plans(&up, places, ui);
        }
        announce(places, ui)?;
        if asks(places, args.yes) {
            let plans = work.plan_redo(target).await.map_err(failed)?;
            let (down, up): (Vec<_>, Vec<_>) = plans.into_iter().map(|it| (it.down, it.up)).unzip();
            show_before_question(&down, places, ui)?;
            show_before_question(&up, places, ui)?;
        }
        confirm(places, "redo", args.yes, ui)?;
        let reports = work.heeding(&progress).redo(target).await;
        progress.finish();
        let reports = reports.map_err(failed)?;
        for report in &reports {
            warn(&report.down, ui)?;
            warn(&report.up, ui)?;
        }
        let took = reports.iter().map(|report| report.down.duration + report.up.duration).max();
        let seconds = took.unwrap_or_default().as_secs_f64();
        let what = match reports.iter().map(|report| report.up.steps.len()).max() {
            None | Some(0) => String::from("nothing to do"),
            Some(1) => String::from("1 revision undone and applied again"),
            Some(count) => format!("{count} revisions undone and applied again"),
        };
        let of = match reports.len() {
            1 => String::new(),
            count => format!(" in {count} databases"),
        };
        ui.status("Finished", format_args!("{what}{of} in {seconds:.2}s"))?;
        for (report, place) in reports.iter().zip(places) {
            turn(place, places.len(), ui)?;
            ui.tell(|| message::Report::from(&report.down))?;
            ui.tell(|| message::Report::from(&report.up))?;
        }
        Ok(Exit::Done)
    })
}

/// Says what `up` or `down` would do.
pub(crate) fn plan(
    migrator: &Migrator,
    places: &[Place],
    args: &PlanArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let PlanArguments { target, down: is_down, from, transaction, database } = args.clone();
    // Nothing runs.
    let statements = StatementArguments::default();
    if is_down {
        let args = DownArguments {
            target,
            dry_run: true,
            from,
            yes: false,
            transaction,
            statements,
            database,
        };
        return down(migrator, places, &args, ui);
    }
    up(
        migrator,
        places,
        &UpArguments { target, dry_run: true, transaction, statements, database },
        ui,
    )
}
