//! The questions, put to our planner.

use std::collections::{BTreeSet, HashSet};

use cargo_migrate::Chain;
use cargo_migrate::chain::{
    Direction, Following, Plan, PlanError, RevisionId, Stamp, Target, TargetError, TargetRange,
};

use super::chain::applied;
use super::vectors::{Answer, Query};

/// Our answer, or `None` if the kind of question is unknown.
pub(crate) fn ask(chain: &Chain, query: &Query) -> Option<Answer> {
    let answer = match query.kind.as_str() {
        "upgrade" => upgrade(chain, query),
        "downgrade" => downgrade(chain, query),
        "upgrade_offline" => offline(chain, query, Direction::Up),
        "downgrade_offline" => offline(chain, query, Direction::Down),
        "stamp" => stamp(chain, query),
        "history" => history(chain, query),
        "resolve" => resolve(chain, query),
        "current" => Ok(current(chain, query)),
        "new_revision" => new_revision(chain, query),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|Refusal { code, message }| Answer::Error { code, message }))
}

/// An error of ours, with the code that the vectors have for its kind.
struct Refusal {
    code: String,
    message: String,
}

impl From<TargetError> for Refusal {
    fn from(error: TargetError) -> Self {
        Self { code: String::from("no_such_revision"), message: error.to_string() }
    }
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Self {
        let code = match &error {
            PlanError::Unknown { .. } | PlanError::NoRevision { .. } => "no_such_revision",
            PlanError::Ambiguous { .. } => "ambiguous_prefix",
            PlanError::OtherLine { .. } => "not_in_branch",
            PlanError::SeveralHeads { .. } => "multiple_heads",
            PlanError::SeveralCurrent { .. } => "ambiguous_current",
            PlanError::SeveralWays { .. } => "ambiguous_walk",
            PlanError::TooFar { .. } | PlanError::WrongDirection { .. } => "relative_out_of_range",
            PlanError::NotApplied(_) | PlanError::NoRange { .. } => "range_not_ancestor",
            PlanError::NothingAfter { .. } => "not_valid_downgrade_target",
            PlanError::Comparable { .. } => "overlapping_revisions",
            PlanError::NotAHead { .. } => "not_a_head",
            PlanError::Repeated(_) => "duplicate_heads",
            _ => "other",
        };
        Self { code: code.to_owned(), message: error.to_string() }
    }
}

fn upgrade(chain: &Chain, query: &Query) -> Result<Answer, Refusal> {
    let applied = applied(chain, &query.texts("current"));
    let plan = match query.texts("target")[..] {
        [target] => Plan::up(chain, &applied, &target.parse()?)?,
        ref targets => Plan::up_all(chain, &applied, &parse(targets)?)?,
    };
    Ok(steps(chain, &applied, &plan))
}

fn downgrade(chain: &Chain, query: &Query) -> Result<Answer, Refusal> {
    let applied = applied(chain, &query.texts("current"));
    let target = query.text("target").unwrap_or_default().parse()?;
    let plan = Plan::down(chain, &applied, &target)?;
    Ok(steps(chain, &applied, &plan))
}

fn offline(chain: &Chain, query: &Query, direction: Direction) -> Result<Answer, Refusal> {
    let range = TargetRange {
        from: query.text("start").map(str::parse).transpose()?,
        to: query.text("target").map(str::parse).transpose()?,
    };
    let plan = Plan::assuming(chain, direction, &range)?;
    let rows: Vec<&str> = match &range.from {
        None => Vec::new(),
        Some(from) => {
            chain.select(&HashSet::new(), from)?.iter().map(|found| found.id().as_str()).collect()
        }
    };
    Ok(steps(chain, &applied(chain, &rows), &plan))
}

fn stamp(chain: &Chain, query: &Query) -> Result<Answer, Refusal> {
    let mut applied = applied(chain, &query.texts("current"));
    let stamp = Stamp::new(chain, &applied, &parse(&query.texts("targets"))?)?;
    applied.extend(stamp.add);
    for gone in &stamp.remove {
        applied.remove(gone);
    }
    Ok(Answer::Heads(heads(chain, &applied)))
}

fn history(chain: &Chain, query: &Query) -> Result<Answer, Refusal> {
    let end = |key| query.text(key).map(str::parse).transpose();
    let range = TargetRange { from: end("base")?, to: end("head")? };
    let found = chain.range(&HashSet::new(), &range)?;
    let ids = found.iter().rev().map(|revision| Some(revision.id().to_string()));
    Ok(Answer::Revisions(ids.collect()))
}

fn resolve(chain: &Chain, query: &Query) -> Result<Answer, Refusal> {
    let target: Target = query.text("expr").unwrap_or_default().parse()?;
    let found = chain.select(&HashSet::new(), &target)?;
    Ok(Answer::Revisions(found.iter().map(|revision| Some(revision.id().to_string())).collect()))
}

fn current(chain: &Chain, query: &Query) -> Answer {
    let ends = chain.ends(&applied(chain, &query.texts("current")));
    let ids: BTreeSet<String> = ends.iter().map(|revision| revision.id().to_string()).collect();
    Answer::Revisions(ids.into_iter().map(Some).collect())
}

fn new_revision(chain: &Chain, query: &Query) -> Result<Answer, Refusal> {
    let is_splice = query.input["splice"].as_bool().unwrap_or(false);
    let heads = parse(&query.texts("head"))?;
    let new = Following::new(chain, &heads, is_splice, &parse(&query.texts("depends_on"))?)?;
    let parents = new.parents.iter().map(ToString::to_string).collect();
    Ok(Answer::Following { parents, dependencies: new.depends_on })
}

fn parse(texts: &[&str]) -> Result<Vec<Target>, TargetError> {
    texts.iter().map(|text| text.parse()).collect()
}

fn heads(chain: &Chain, applied: &HashSet<RevisionId>) -> BTreeSet<String> {
    let current = Target::relative(0);
    let plan = Plan::up(chain, applied, &current).expect("nothing leads to where one is");
    plan.replay(chain, applied).heads().map(ToString::to_string).collect()
}

fn steps(chain: &Chain, applied: &HashSet<RevisionId>, plan: &Plan) -> Answer {
    let mut replay = plan.replay(chain, applied);
    let mut steps = Vec::new();
    while let Some(change) = replay.next() {
        let heads = replay.heads().map(ToString::to_string).collect();
        steps.push((change.step.revision.to_string(), heads));
    }
    let heads = replay.heads().map(ToString::to_string).collect();
    Answer::Steps { steps, heads }
}
