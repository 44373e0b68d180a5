//! `cargo migrate merge`: several heads become one.

use super::arguments::MergeArguments;
use super::context::{Context, FileChain};
use super::new::{
    Draft, answer, cannot_scaffold, check_labels, free_id, given_id, not_found, target,
    warn_of_heads, write,
};
use crate::chain::baked::Settings;
use crate::chain::{Anchor, Chain, Following, Kind, PlanError, RevisionId, Target, listed};
use crate::orders::{self, Trial};
use crate::runner::commands::block_on;
use crate::runner::{Exit, Failure};

/// More differences than this are summed up.
const MOST_FINDINGS: usize = 8;

/// Writes a revision that follows the given revisions, or all heads.
pub(super) fn run(context: &mut Context<'_>, args: &MergeArguments) -> Result<Exit, Failure> {
    let FileChain { root, configuration, chain, settings, .. } = context.chain_with_any_heads()?;
    let id = match &args.rev_id {
        Some(id) => given_id(&chain, id)?,
        None => free_id(&chain)?,
    };
    check_labels(&chain, &args.labels, &id)?;
    let parents = parents(&chain, &args.revisions, args.splice)?;
    if !args.no_compare {
        compare(context, &chain, &settings, &parents)?;
    }
    let names: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let message = match &args.message {
        Some(message) => message.clone(),
        None => format!("merge {}", names.join(" and ")),
    };
    let labels = args.labels.clone();
    let draft = Draft { message, parents: names, depends_on: Vec::new(), labels, kind: Kind::Sql };
    let path = write(context, &root, &configuration, &id, draft, |revision| {
        revision.merge_text().map_err(cannot_scaffold(context.ui))
    })?;
    warn_of_heads(context, &configuration, &chain, &parents, &id)?;
    answer(context, &id, path)?;
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

/// Tries the branches in different orders, and warns where the order matters.
fn compare(
    context: &Context<'_>,
    chain: &Chain,
    settings: &Settings,
    heads: &[RevisionId],
) -> Result<(), Failure> {
    let tried =
        block_on(async { Ok::<_, Failure>(orders::compare(chain, settings, heads).await) })?;
    let trials = match tried {
        Ok(trials) => trials,
        Err(untried) => return context.ui.note(untried),
    };
    for Trial { database, findings } in &trials {
        let of = database.as_ref().map_or_else(String::new, |name| format!("database `{name}`: "));
        for finding in findings.iter().take(MOST_FINDINGS) {
            context.ui.warn(format_args!("{of}{finding}"))?;
        }
        if let Some(more) = findings.len().checked_sub(MOST_FINDINGS + 1) {
            let more = more + 1;
            context.ui.warn(format_args!("{of}{more} more differences between the orders"))?;
        }
    }
    if trials.iter().any(|trial| !trial.findings.is_empty()) {
        return context.ui.note(format_args!(
            "databases that took the branches in different orders will differ; the sections of the \
             merge can make them alike, or `{} rebase` can put the branches in line",
            context.ui.program()
        ));
    }
    if trials.is_empty() {
        return Ok(());
    }
    let orders = if heads.len() == 2 { "in both orders" } else { "with each of them first" };
    context.ui.status("Compared", format_args!("{} {orders}: they end alike", listed(heads)))
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(message).exit(Exit::Usage)
}
