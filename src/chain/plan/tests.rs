//! Plans against examples, against their own laws, and against a slow model of the specification.

use super::*;
use crate::chain::Target;
use crate::chain::tests::{chain_of, chains};
use proptest::prelude::*;

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.revision.as_str()).collect()
}

fn set(names: &[&str]) -> HashSet<RevisionId> {
    names.iter().map(|name| RevisionId::new((*name).to_owned()).unwrap()).collect()
}

fn up(chain: &Chain, applied: &[&str], target: &str) -> String {
    match Plan::up(chain, &set(applied), &target.parse().unwrap()) {
        Ok(plan) => ids(&plan).join(" "),
        Err(error) => format!("error: {error}"),
    }
}

fn down(chain: &Chain, applied: &[&str], target: &str) -> String {
    match Plan::down(chain, &set(applied), &target.parse().unwrap()) {
        Ok(plan) => ids(&plan).join(" "),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn targets_on_a_line() {
    let chain =
        chain_of(&[("aaaa1", &[], &[]), ("bbbb1", &["aaaa1"], &[]), ("cccc1", &["bbbb1"], &[])]);
    assert_eq!(up(&chain, &[], "head"), "aaaa1 bbbb1 cccc1");
    assert_eq!(up(&chain, &["aaaa1"], "+1"), "bbbb1");
    assert_eq!(up(&chain, &[], "+2"), "aaaa1 bbbb1");
    assert_eq!(up(&chain, &[], "bbbb"), "aaaa1 bbbb1");
    assert_eq!(up(&chain, &[], "head-1"), "aaaa1 bbbb1");
    assert_eq!(up(&chain, &["aaaa1", "bbbb1", "cccc1"], "head"), "");
    assert!(up(&chain, &["aaaa1"], "+3").starts_with("error: `+3` leads past the end"));
    assert!(up(&chain, &[], "bbb").contains("four or more"));
    assert!(up(&chain, &[], "bbbb2").contains("did you mean `bbbb1`?"));
    let all = ["aaaa1", "bbbb1", "cccc1"];
    assert_eq!(down(&chain, &all, "base"), "cccc1 bbbb1 aaaa1");
    assert_eq!(down(&chain, &all, "-1"), "cccc1");
    assert_eq!(down(&chain, &all, "-3"), "cccc1 bbbb1 aaaa1");
    assert!(down(&chain, &all, "-4").starts_with("error: `-4` leads past"));
    assert_eq!(down(&chain, &all, "aaaa1"), "cccc1 bbbb1");
    assert!(down(&chain, &["aaaa1"], "bbbb1").contains("is not applied"));
}

#[test]
fn branches_dependencies_and_merges() {
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("left", &["root"], &[]),
        ("right", &["root"], &["left"]),
        ("merge", &["left", "right"], &[]),
    ]);
    assert_eq!(up(&chain, &[], "right"), "root left right");
    assert_eq!(up(&chain, &["root"], "heads"), "left right merge");
    assert!(up(&chain, &["root"], "+1").contains("several ways go on from `root`"));
    let all = ["root", "left", "right", "merge"];
    // `right` depends on `left`, which stays, so only what follows `left` is undone.
    assert_eq!(down(&chain, &all, "left"), "merge");
    assert!(down(&chain, &all, "-1").contains("several ways"), "a merge has two parents");
    assert_eq!(down(&chain, &["root", "left"], "-1"), "left");
    // `left` is what `right` depends on: it was there before, and stays.
    assert_eq!(down(&chain, &["root", "left", "right"], "-1"), "right");
}

proptest! {
    #[test]
    fn every_plan_respects_the_order_and_down_undoes_up(chain in chains(), pick in any::<prop::sample::Index>()) {
        let none = HashSet::new();
        let goal = chain.revisions()[pick.index(chain.len())].id().clone();
        let target: Target = goal.as_str().parse().unwrap();
        let plan = Plan::up(&chain, &none, &target).unwrap();
        let mut applied = HashSet::new();
        for step in &plan.steps {
            let index = chain.index(step.revision.as_str()).unwrap();
            for before in chain.before(index) {
                prop_assert!(applied.contains(chain.revisions()[before].id()));
            }
            applied.insert(step.revision.clone());
        }
        prop_assert_eq!(plan.steps.last().map(|step| &step.revision), Some(&goal));
        prop_assert_eq!(current_heads(&chain, &applied), vec![goal]);
        prop_assert!(Plan::up(&chain, &applied, &target).unwrap().is_empty());

        let back = Plan::down(&chain, &applied, &Target::BASE).unwrap();
        for step in &back.steps {
            let index = chain.index(step.revision.as_str()).unwrap();
            prop_assert!(!chain.after(index).any(|next| applied.contains(chain.revisions()[next].id())));
            prop_assert!(applied.remove(&step.revision));
        }
        prop_assert!(applied.is_empty());
    }

    #[test]
    fn an_interrupted_run_goes_on_where_it_stopped(chain in chains(), stop in any::<prop::sample::Index>()) {
        let whole = Plan::up(&chain, &HashSet::new(), &Target::HEADS).unwrap();
        let done = stop.index(whole.steps.len() + 1);
        let applied = whole.steps[..done].iter().map(|step| step.revision.clone()).collect();
        let rest = Plan::up(&chain, &applied, &Target::HEADS).unwrap();
        prop_assert_eq!(&whole.steps[done..], &rest.steps[..]);
    }
}
