//! The commands that go down and up again, or only say that they would.

use std::sync::Arc;

use super::database::{announce, block_on, confirm, down, failed, options, show_plan, up, warn};
use super::progress::Progress;
use crate::runner::place::Place;
use crate::runner::{
    DownArguments, Exit, Failure, PlanArguments, RedoArguments, StatementArguments, Ui,
    UpArguments, message,
};
use crate::runtime::Migrator;

/// Undoes revisions and applies them again.
pub(crate) fn redo(
    migrator: &Migrator,
    place: &Place,
    args: &RedoArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let mut options = options(place, &args.database, args.statements, args.transaction, &progress);
    options.edited_down = args.from.map(Into::into);
    let configured = migrator.with(options);
    let target = args.target.as_deref().unwrap_or("-1");
    block_on(async {
        if args.dry_run {
            let plan = configured.plan_redo(place.url.as_str(), target).await.map_err(failed)?;
            show_plan(&plan.down, place, ui)?;
            return show_plan(&plan.up, place, ui);
        }
        announce(place, ui)?;
        confirm(place, "redo", args.yes, ui)?;
        let configured = configured.heeding(place.stopping.interrupt(&progress));
        let report = configured.redo(place.url.as_str(), target).await;
        progress.finish();
        let report = report.map_err(failed)?;
        warn(&report.down, ui)?;
        warn(&report.up, ui)?;
        let seconds = (report.down.duration + report.up.duration).as_secs_f64();
        let what = match report.up.steps.len() {
            0 => String::from("nothing to do"),
            1 => String::from("1 revision undone and applied again"),
            count => format!("{count} revisions undone and applied again"),
        };
        ui.status("Finished", format_args!("{what} in {seconds:.2}s"))?;
        ui.tell(|| message::Report::from(&report.down))?;
        ui.tell(|| message::Report::from(&report.up))?;
        Ok(Exit::Done)
    })
}

/// Says what `up` or `down` would do.
pub(crate) fn plan(
    migrator: &Migrator,
    place: &Place,
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
        return down(migrator, place, &args, ui);
    }
    up(
        migrator,
        place,
        &UpArguments { target, dry_run: true, transaction, statements, database },
        ui,
    )
}
