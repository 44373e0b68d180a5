//! `cargo migrate import`: another tool's migrations become a chain.

use super::arguments::ImportArguments;
use super::context::{Context, FileChain};
use super::init::apply;
use super::new::cannot_scaffold;
use crate::runner::{Exit, Failure};
use crate::scaffold::import;

/// Writes one revision for each migration, after the chain's head.
pub(super) fn run(context: &mut Context<'_>, args: &ImportArguments) -> Result<Exit, Failure> {
    let FileChain { root, configuration, chain, .. } = context.chain()?;
    let directory = context.env.directory().join(&args.directory);
    let files = import::read_directory(&directory).map_err(cannot_scaffold)?;
    let parents: Vec<String> = chain.heads().map(|head| head.id().to_string()).collect();
    if parents.len() > 1 {
        return Err(Failure::new("the chain has several heads, and only one line can go on")
            .help("merge them first: a revision with all of them in `revises`"));
    }
    let imported = import::sqlx::import(&directory, &files, &parents).map_err(cannot_scaffold)?;
    for revision in &imported.revisions {
        if chain.get(&revision.id).is_some() {
            return Err(Failure::new(format!(
                "the chain has a revision `{}` already; nothing was imported",
                revision.id
            ))
            .help("import into an empty chain, or leave out what was imported before"));
        }
    }
    let changes = imported.changes(&root.join(&configuration.dir.value));
    apply(context, &changes, args.dry_run)?;
    let count = imported.revisions.len();
    let verb = if args.dry_run { "Would import" } else { "Imported" };
    let plural = if count == 1 { "" } else { "s" };
    context.ui.status(verb, format_args!("{count} revision{plural} from sqlx"))?;
    if !args.dry_run {
        context.ui.note("`cargo migrate check` judges the chain")?;
    }
    Ok(Exit::Done)
}
