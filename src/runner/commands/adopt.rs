//! The command that takes over a database from another tool.

use std::fmt::Write as _;
use std::sync::Arc;

use super::database::{announce, block_on, confirm, failed, options, tell};
use super::progress::Progress;
use super::repair::{counted, finish};
use crate::diagnostic::visible;
use crate::runner::place::Place;
use crate::runner::{AdoptArguments, Exit, Failure, StatementArguments, Ui, message};
use crate::runtime::{AdoptReport, AdoptedRevision, Error, Migrator};

/// Records what another tool has applied.
pub(crate) fn adopt(
    migrator: &Migrator,
    place: &Place,
    args: &AdoptArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let progress = Arc::new(Progress::new(ui.clone()));
    let statements = StatementArguments::default();
    let places = std::slice::from_ref(place);
    let mut options = options(places, &args.database, statements, None, &progress);
    options.database.clone_from(&place.name);
    let configured = migrator.with(options);
    let url = place.url.as_str();
    let refused = |error: Error| failed(error.map_helps(|help| ui.typed(help).into_owned()));
    block_on(async {
        if args.dry_run {
            let report = configured.plan_adopt(url, args.from).await.map_err(refused)?;
            ui.status("Planned", format_args!("{} (from {})", report.database, place.origin))?;
            report.warnings.iter().try_for_each(|warning| ui.warn(warning))?;
            tell(place, ui)?;
            ui.say(message::Adopt::new(&report, true), |_| {
                report.adopted.iter().fold(String::new(), |mut text, revision| {
                    let _ = writeln!(text, "adopt {}", line(revision));
                    text
                })
            })?;
            return finish(&summary(&report, true), true, ui);
        }
        announce(places, ui)?;
        confirm(places, "adopt", args.yes, ui)?;
        let report = configured.adopt(url, args.from).await.map_err(refused)?;
        for revision in &report.adopted {
            ui.status("Adopted", line(revision))?;
        }
        report.warnings.iter().try_for_each(|warning| ui.warn(warning))?;
        ui.tell(|| message::Adopt::new(&report, false))?;
        finish(&summary(&report, false), false, ui)
    })
}

fn line(revision: &AdoptedRevision) -> String {
    let AdoptedRevision { at, by, duration, .. } = revision;
    let mut known = at.clone().unwrap_or_default();
    if let Some(by) = by {
        let _ = write!(known, " by {}", visible(by));
    }
    if let Some(duration) = duration {
        let _ = write!(known, " in {:.3}s", duration.as_secs_f64());
    }
    let text = format!("{} {}", revision.revision, visible(&revision.description));
    if known.is_empty() { text } else { format!("{text}  ({})", known.trim_start()) }
}

fn summary(report: &AdoptReport, is_plan: bool) -> String {
    let tool = report.tool;
    if !report.changed() {
        return match report.adopted_before {
            0 => format!("nothing to do: `{}` says that nothing is applied", tool.table()),
            _ => format!("nothing to do: what {tool} has applied was adopted before"),
        };
    }
    let verb = if is_plan { "to adopt" } else { "adopted" };
    let adopted = counted(report.adopted.len(), verb);
    let verified = report.adopted.iter().filter(|revision| revision.is_verified).count();
    if verified == 0 {
        return format!("{adopted} from {tool}");
    }
    format!("{adopted} from {tool}, {verified} by their checksums")
}
