//! The commands that only read the chain, on the chain that the files have.

use super::context::Context;
use super::database::with_standing;
use crate::runner::{BranchesArguments, GraphArguments, HeadsArguments};
use crate::runner::{Exit, Failure, HistoryArguments, ShowArguments, commands};

/// `cargo migrate history`.
pub(super) fn history(context: &mut Context<'_>, args: &HistoryArguments) -> Result<Exit, Failure> {
    let (view, ui) = (&args.view, context.ui);
    with_standing(context, view.need_database(), &view.database, |chain, status| {
        commands::history(chain, status, args, ui)
    })
}

/// `cargo migrate graph`.
pub(super) fn graph(context: &mut Context<'_>, args: &GraphArguments) -> Result<Exit, Failure> {
    let (view, ui) = (&args.view, context.ui);
    let directory = context.env.directory().to_owned();
    with_standing(context, view.need_database(), &view.database, |chain, status| {
        commands::graph(chain, status, args, &directory, ui)
    })
}

/// `cargo migrate heads`.
pub(super) fn heads(context: &mut Context<'_>, args: HeadsArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?.chain;
    commands::heads(&chain, args, context.ui)
}

/// `cargo migrate branches`.
pub(super) fn branches(
    context: &mut Context<'_>,
    args: BranchesArguments,
) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?.chain;
    commands::branches(&chain, args, context.ui)
}

/// `cargo migrate show`.
pub(super) fn show(context: &mut Context<'_>, args: &ShowArguments) -> Result<Exit, Failure> {
    let ui = context.ui;
    with_standing(context, args.need_database(), &args.database, |chain, status| {
        commands::show(chain, status, args, ui)
    })
}
