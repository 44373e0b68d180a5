//! `cargo migrate merge`: several heads become one.

use super::arguments::MergeArguments;
use super::context::{Context, FileChain};
use super::new::{Draft, cannot_scaffold, check_label, free_id, given_id, not_found, write};
use crate::chain::{Chain, Revision, listed};
use crate::runner::{Exit, Failure};

/// Writes a revision that follows the given revisions, or all heads.
pub(super) fn run(context: &mut Context<'_>, args: &MergeArguments) -> Result<Exit, Failure> {
    let FileChain { root, configuration, chain, .. } = context.chain_with_any_heads()?;
    let id = match &args.rev_id {
        Some(id) => given_id(&chain, id)?,
        None => free_id(&chain)?,
    };
    for label in &args.labels {
        check_label(&chain, label, &id)?;
    }
    let parents = parents(&chain, &args.revisions)?;
    let message = match &args.message {
        Some(message) => message.clone(),
        None => format!("merge {}", parents.join(" and ")),
    };
    let labels = args.labels.clone();
    let draft = Draft { message, parents, depends_on: Vec::new(), labels };
    write(context, &root, &configuration, id, draft, |revision| {
        revision.merge_text().map_err(cannot_scaffold)
    })
}

fn parents(chain: &Chain, names: &[String]) -> Result<Vec<String>, Failure> {
    let heads: Vec<&Revision> = chain.heads().collect();
    let mut parents: Vec<&Revision> = Vec::new();
    for name in names {
        let revision = chain.find(name).map_err(not_found)?;
        if parents.iter().all(|parent| parent.id() != revision.id()) {
            parents.push(revision);
        }
    }
    if names.is_empty() {
        parents.clone_from(&heads);
    }
    let usage = |message: String| Failure::new(message).exit(Exit::Usage);
    if parents.len() < 2 {
        return Err(usage(if names.is_empty() {
            String::from("the chain has no two heads, so there is nothing to merge")
        } else {
            String::from("a merge joins two or more revisions")
        })
        .help(format!("the heads are {}", listed(heads.iter().map(|head| head.id())))));
    }
    for parent in &parents {
        let descendant = parents
            .iter()
            .find(|other| other.id() != parent.id() && chain.is_ancestor(parent, other));
        if let Some(descendant) = descendant {
            return Err(usage(format!(
                "`{}` already follows `{}`, so there is nothing to merge",
                descendant.id(),
                parent.id()
            ))
            .help(format!("the heads are {}", listed(heads.iter().map(|head| head.id())))));
        }
        if !heads.iter().any(|head| head.id() == parent.id()) {
            return Err(usage(format!(
                "`{}` is no head: another revision follows it",
                parent.id()
            ))
            .help(format!("the heads are {}", listed(heads.iter().map(|head| head.id())))));
        }
    }
    Ok(parents.iter().map(|parent| parent.id().to_string()).collect())
}
