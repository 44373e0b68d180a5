//! `cargo migrate check`: the findings of the build helper, without a build.

use std::fmt::Write as _;

use super::arguments::CheckArguments;
use super::context::{Context, broken};
use super::format;
use crate::runner::{Exit, Failure, message};

/// Judges the chain and prints every finding.
pub(super) fn run(context: &mut Context<'_>, _: CheckArguments) -> Result<Exit, Failure> {
    let package = context.package()?;
    let (errors, warnings) = context.report(&package)?;
    if errors > 0 {
        return Err(broken(&package, errors));
    }
    let Some(chain) = package.chain() else {
        return Err(Failure::new(
            "the chain could not be read, and no rule says why; this is a bug",
        ));
    };
    format::check(context, &package)?;
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let heads: Vec<String> = chain.heads().map(|head| format!("`{}`", head.id())).collect();
    let mut summary = count(chain.len(), "revision");
    if !heads.is_empty() {
        let word = if heads.len() == 1 { "head" } else { "heads" };
        let _ = write!(summary, ", {word} {}", heads.join(", "));
    }
    if warnings > 0 {
        let _ = write!(summary, ", {}", count(warnings, "warning"));
    }
    context.ui.status("Checked", summary)?;
    context.ui.tell(|| message::Check {
        revisions: chain.len(),
        heads: message::ids(chain.heads()),
        warnings,
    })?;
    Ok(Exit::Done)
}
