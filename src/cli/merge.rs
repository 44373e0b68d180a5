//! `cargo migrate merge`: several heads become one.

use super::arguments::MergeArguments;
use super::context::{Context, FileChain};
use super::new::{
    Draft, cannot_scaffold, check_labels, free_id, given_id, not_found, target, warn_of_heads,
    write,
};
use crate::chain::{Anchor, Chain, Following, PlanError, RevisionId, Target};
use crate::runner::{Exit, Failure};

/// Writes a revision that follows the given revisions, or all heads.
pub(super) fn run(context: &mut Context<'_>, args: &MergeArguments) -> Result<Exit, Failure> {
    let FileChain { root, configuration, chain, .. } = context.chain_with_any_heads()?;
    let id = match &args.rev_id {
        Some(id) => given_id(&chain, id)?,
        None => free_id(&chain)?,
    };
    check_labels(&chain, &args.labels, &id)?;
    let parents = parents(&chain, &args.revisions, args.splice)?;
    let names: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let message = match &args.message {
        Some(message) => message.clone(),
        None => format!("merge {}", names.join(" and ")),
    };
    let labels = args.labels.clone();
    let draft = Draft { message, parents: names, depends_on: Vec::new(), labels };
    let path = write(context, &root, &configuration, &id, draft, |revision| {
        revision.merge_text().map_err(cannot_scaffold)
    })?;
    warn_of_heads(context, &configuration, &chain, &parents, &id)?;
    context.ui.answer(path)?;
    Ok(Exit::Done)
}

/// The revisions to join: two or more, none of which comes after another.
fn parents(chain: &Chain, names: &[String], splice: bool) -> Result<Vec<RevisionId>, Failure> {
    let heads: Vec<&RevisionId> = chain.heads().map(crate::chain::Revision::id).collect();
    let targets = if names.is_empty() {
        // Not `heads`: one that another branch depends on is a head of the files all the same.
        heads.iter().map(|id| Target::at(Anchor::Name(id.to_string()))).collect()
    } else {
        names.iter().map(|name| target(name)).collect::<Result<Vec<_>, _>>()?
    };
    let list = || {
        if let [only] = heads[..] {
            return format!("the only head is `{only}`");
        }
        let heads: Vec<&str> = heads.iter().map(|id| id.as_str()).collect();
        format!("`cargo migrate merge {}` joins all heads", heads.join(" "))
    };
    if targets.is_empty() {
        return Err(usage("the chain has no revision yet, so there is nothing to merge"));
    }
    // That one comes after another is the better reason than that it is no head.
    let parents = Following::new(chain, &targets, true, &[]).map_err(|error| match error {
        PlanError::Comparable { earlier, later } => {
            usage(format!("`{later}` already follows `{earlier}`, so there is nothing to merge"))
                .help(list())
        }
        PlanError::Repeated(id) => {
            usage(format!("`{id}` is named twice, and a revision cannot be merged with itself"))
                .help(list())
        }
        error => not_found(error),
    })?;
    let parents = parents.parents;
    match (&parents[..], names) {
        ([_] | [], []) => {
            Err(usage("the chain has no two heads, so there is nothing to merge").help(list()))
        }
        ([_] | [], _) => Err(usage("a merge joins two or more revisions").help(list())),
        _ => {
            Following::new(chain, &targets, splice, &[])
                .map_err(|error| usage(error.to_string()).help(list()))?;
            Ok(parents)
        }
    }
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(message).exit(Exit::Usage)
}
