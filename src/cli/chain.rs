//! The commands that only read the chain, on the chain that the files have.

use super::context::Context;
use crate::runner::{Exit, Failure, commands};
use crate::runner::{HeadsArguments, HistoryArguments, ShowArguments};

/// `cargo migrate history`.
pub(super) fn history(context: &mut Context<'_>, args: &HistoryArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?.chain;
    commands::history(&chain, args, context.ui)
}

/// `cargo migrate heads`.
pub(super) fn heads(context: &mut Context<'_>, args: HeadsArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?.chain;
    commands::heads(&chain, args, context.ui)
}

/// `cargo migrate show`.
pub(super) fn show(context: &mut Context<'_>, args: &ShowArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?.chain;
    commands::show(&chain, args, context.ui)
}
