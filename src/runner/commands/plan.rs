//! What a plan looks like, for one database or several.

use super::database::{named, tell, turn};
use crate::diagnostic::visible;
use crate::runner::place::Place;
use crate::runner::{Exit, Failure, Ui, message};
use crate::runtime::{PlannedStep, RunPlan, StepSource, StepTransaction};

/// Shows the steps in the order in which they run; nothing is changed.
pub(super) fn show_plans(plans: &[RunPlan], places: &[Place], ui: &Ui) -> Result<Exit, Failure> {
    for (plan, place) in plans.iter().zip(places) {
        for warning in &plan.warnings {
            ui.warn(warning)?;
        }
        let database = named(place, &plan.database);
        ui.status("Planned", format_args!("{database} (from {})", place.origin))?;
        tell(place, ui)?;
    }
    for (plan, place) in plans.iter().zip(places) {
        turn(place, places.len(), ui)?;
        ui.tell(|| message::Plan::from(plan))?;
    }
    let steps = in_order(plans, places);
    if steps.is_empty() {
        ui.status("Finished", "nothing to do")?;
        return Ok(Exit::Done);
    }
    steps.iter().try_for_each(|step| ui.answer(step.line(plans.len() > 1)))?;
    let count = steps.len();
    let plural = if count == 1 { "" } else { "s" };
    let committed = committed(plans);
    ui.status("Finished", format_args!("{count} step{plural}, {committed}; nothing was changed"))?;
    Ok(Exit::Done)
}

/// Says what somebody is asked about; nothing where nobody is.
pub(super) fn show_before_question(
    plans: &[RunPlan],
    places: &[Place],
    ui: &Ui,
) -> Result<(), Failure> {
    let is_several = plans.len() > 1;
    in_order(plans, places).iter().try_for_each(|step| ui.status("Planned", step.line(is_several)))
}

/// A plan in one line, for the run that carries it out.
pub(super) fn in_short(plan: &RunPlan) -> String {
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.revision.as_str()).collect();
    let what = match ids[..] {
        [first, _, _, .., last] => format!("{} revisions, {first} to {last}", ids.len()),
        _ => ids.join(", "),
    };
    format!("{} {what}; {}", plan.direction, committed(std::slice::from_ref(plan)))
}

/// The step of a revision, with those of other databases that are committed together with it.
struct Together<'p> {
    plan: &'p RunPlan,
    step: &'p PlannedStep,
    names: Vec<&'p str>,
    /// The last place that it has in a plan: what comes before it in any of them has an earlier one.
    place: usize,
}

fn in_order<'p>(plans: &'p [RunPlan], places: &'p [Place]) -> Vec<Together<'p>> {
    let mut rows: Vec<Together<'p>> = Vec::new();
    for part in 0..parts(plans) {
        let first = rows.len();
        for (plan, place) in plans.iter().zip(places) {
            let name = place.name.as_deref().unwrap_or_default();
            let steps = plan.steps.iter().enumerate().filter(|(_, step)| step.part == part);
            for (place, step) in steps {
                let same = |row: &&mut Together<'_>| {
                    row.step.revision == step.revision && row.step.source == step.source
                };
                match rows[first..].iter_mut().find(same) {
                    Some(row) => {
                        row.names.push(name);
                        row.place = row.place.max(place);
                    }
                    None => rows.push(Together { plan, step, names: vec![name], place }),
                }
            }
        }
        rows[first..].sort_by_key(|row| row.place);
    }
    rows
}

fn parts(plans: &[RunPlan]) -> usize {
    plans.iter().map(RunPlan::parts).max().unwrap_or_default()
}

impl Together<'_> {
    fn line(&self, is_several: bool) -> String {
        let Self { plan, step, names, .. } = self;
        let description = visible(&step.description);
        let mut line = format!("{} {}  {description}", plan.direction, step.revision);
        if is_several {
            line.push(' ');
            for name in names {
                line.extend([" @", name]);
            }
        }
        match step.transaction {
            StepTransaction::Outside => line.push_str("  (outside a transaction)"),
            StepTransaction::StatementByStatement => {
                line.push_str("  (committed statement by statement)");
            }
            StepTransaction::ForeignKeys => line.push_str("  (alone, with foreign keys on)"),
            StepTransaction::Shared => {}
        }
        if step.source == StepSource::Stored {
            line.push_str("  (script stored in the database)");
        }
        line
    }
}

fn committed(plans: &[RunPlan]) -> String {
    let is_whole = |step: &PlannedStep| {
        matches!(step.transaction, StepTransaction::Shared | StepTransaction::ForeignKeys)
    };
    let parts = parts(plans);
    let mut text = if parts > 1 {
        format!("committed in {parts} parts")
    } else if plans.iter().flat_map(|plan| &plan.steps).any(|step| !is_whole(step)) {
        return String::from("committed statement by statement");
    } else {
        String::from("committed at the end, all or nothing")
    };
    if plans.len() > 1 {
        text = if parts > 1 {
            format!("{text}, each when all its databases have succeeded")
        } else {
            String::from("committed at the end, when all databases have succeeded")
        };
    }
    if plans.iter().any(|plan| plan.two_phase) {
        text += ", in two phases";
    }
    text
}
