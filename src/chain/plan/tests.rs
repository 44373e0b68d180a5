//! Plans against examples, against their own laws, and against a slow model of the specification.

use super::*;
use crate::chain::tests::{chain_of, chains};
use crate::chain::{Target, TargetRange};
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

#[test]
fn lines_before_the_at_sign() {
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("left1", &["root"], &[]),
        ("left2", &["left1"], &[]),
        ("right1", &["root"], &[]),
        ("right2", &["right1"], &["left1"]),
    ]);
    assert_eq!(up(&chain, &[], "left1@head"), "root left1 left2");
    assert_eq!(up(&chain, &["root"], "right1@+1"), "right1");
    assert_eq!(up(&chain, &["root"], "right2@right2-1"), "right1");
    assert_eq!(up(&chain, &["root"], "base"), "");
    assert_eq!(
        up(&chain, &[], "root@head"),
        "error: the line of `root` has several heads: `left2` and `right2`; name one of them, or \
         say `root@heads`"
    );
    assert_eq!(
        up(&chain, &[], "left1@right1"),
        "error: revision `right1` is not on the line of `left1`: it is neither an ancestor nor a \
         descendant"
    );
    assert!(up(&chain, &[], "lefd1@base").ends_with("did you mean `left1`?"));

    let all = ["root", "left1", "left2", "right1", "right2"];
    assert_eq!(down(&chain, &all, "left1@-1"), "left2");
    assert_eq!(down(&chain, &all, "left2@root"), "right2 left2 left1");
    assert_eq!(
        down(&chain, &all, "-1"),
        "error: the database is at several revisions: `left2` and `right2`; name the revision to \
         go to"
    );
    // The line of `left1` is applied as far as another branch needs it.
    assert_eq!(down(&chain, &["root", "left1", "right1", "right2"], "left1@-1"), "right2 left1");
    assert_eq!(
        down(&chain, &["root"], "left2@right1"),
        "error: revision `right1` is not on the line of `left2`: it is neither an ancestor nor a \
         descendant"
    );
    let gone = Plan::up(&chain, &set(&["root", "feedface"]), &"feedface".parse().unwrap());
    assert!(gone.unwrap_err().to_string().contains("though the database has it applied"));
}

#[test]
fn what_a_new_revision_may_follow() {
    let chain = chain_of(&[
        ("root", &[], &[]),
        ("left", &["root"], &[]),
        ("right", &["root"], &[]),
        ("other", &[], &[]),
    ]);
    let follow = |heads: &[&str], splice, depends_on: &[&str]| {
        let parse = |texts: &[&str]| -> Vec<Target> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        match Following::new(&chain, &parse(heads), splice, &parse(depends_on)) {
            Ok(new) => {
                let parents: Vec<&str> = new.parents.iter().map(AsRef::as_ref).collect();
                format!("{} ({})", parents.join(" "), new.depends_on.join(" "))
            }
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(follow(&["heads"], false, &[]), "left right other ()");
    assert_eq!(follow(&["left"], false, &["other"]), "left (other)");
    assert_eq!(follow(&["base"], false, &[]), " ()");
    assert_eq!(follow(&["left-1"], true, &[]), "root ()");
    assert_eq!(
        follow(&["root"], false, &[]),
        "revision `root` is no head, `left` and `right` follow it; `--splice` lets a branch begin \
         there"
    );
    assert_eq!(
        follow(&["left", "root"], true, &[]),
        "`root` and `left` cannot be meant together: `left` comes after `root`; name `left` alone"
    );
    assert_eq!(follow(&["left", "left"], false, &[]), "revision `left` is named twice");
    assert_eq!(follow(&["left"], false, &["left"]), "revision `left` is named twice");
    assert_eq!(follow(&["left"], false, &["other", "other"]), "revision `other` is named twice");
    assert_eq!(
        follow(&["-1"], true, &[]),
        "`-1` cannot be used here: expected a revision or `head`"
    );
    assert!(follow(&[], false, &[]).starts_with("the chain has several heads"));
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

/// The specification, word by word and as slowly as it reads: sets of ids, no graph algorithms.
struct Model {
    before: Vec<HashSet<usize>>,
    parents: Vec<HashSet<usize>>,
}

impl Model {
    fn of(chain: &Chain) -> Self {
        let len = chain.len();
        let parents: Vec<HashSet<usize>> = (0..len)
            .map(|index| chain.revisions()[index].parents.iter().copied().collect())
            .collect();
        let direct: Vec<HashSet<usize>> =
            (0..len).map(|index| chain.before(index).collect()).collect();
        Self { before: closed(direct), parents }
    }

    fn len(&self) -> usize {
        self.before.len()
    }

    /// Ancestors by parents alone.
    fn above(&self) -> Vec<HashSet<usize>> {
        closed(self.parents.clone())
    }

    fn maximal(&self, applied: &HashSet<usize>) -> HashSet<usize> {
        applied
            .iter()
            .copied()
            .filter(|index| !applied.iter().any(|other| self.before[*other].contains(index)))
            .collect()
    }

    fn children(&self, of: Option<usize>) -> Vec<usize> {
        (0..self.len())
            .filter(|&index| match of {
                Some(of) => self.parents[index].contains(&of),
                None => self.parents[index].is_empty(),
            })
            .collect()
    }

    /// "the ancestors of the target that are not applied"
    fn up(&self, applied: &HashSet<usize>, goal: usize) -> HashSet<usize> {
        let mut wanted = self.before[goal].clone();
        wanted.insert(goal);
        &wanted - applied
    }

    /// "everything applied that descends from what is undone", which is what follows the target
    fn down(&self, applied: &HashSet<usize>, goal: Option<usize>) -> HashSet<usize> {
        let roots = self.children(goal);
        applied
            .iter()
            .copied()
            .filter(|index| {
                roots.iter().any(|root| root == index || self.before[*index].contains(root))
            })
            .collect()
    }
}

/// The transitive closure, by adding until nothing is new.
fn closed(mut sets: Vec<HashSet<usize>>) -> Vec<HashSet<usize>> {
    loop {
        let larger: Vec<HashSet<usize>> = sets
            .iter()
            .map(|set| {
                set.iter().flat_map(|&other| sets[other].clone()).chain(set.clone()).collect()
            })
            .collect();
        if larger == sets {
            return sets;
        }
        sets = larger;
    }
}

fn names(chain: &Chain, indices: &HashSet<usize>) -> HashSet<RevisionId> {
    indices.iter().map(|&index| chain.revisions()[index].id().clone()).collect()
}

fn indices(chain: &Chain, plan: &Plan) -> Vec<usize> {
    plan.steps.iter().map(|step| chain.index(step.revision.as_str()).unwrap()).collect()
}

/// A chain, and an applied set that is closed under what comes before.
fn databases() -> impl Strategy<Value = (Chain, HashSet<usize>)> {
    let picks = proptest::collection::vec(any::<prop::sample::Index>(), 0..4);
    (chains(), picks).prop_map(|(chain, picks)| {
        let model = Model::of(&chain);
        let mut applied = HashSet::new();
        for pick in picks {
            let index = pick.index(chain.len());
            applied.extend(model.before[index].iter().copied());
            applied.insert(index);
        }
        (chain, applied)
    })
}

proptest! {
    #[test]
    fn up_and_down_are_what_the_model_says((chain, applied) in databases(), pick in any::<prop::sample::Index>()) {
        let model = Model::of(&chain);
        let known = names(&chain, &applied);
        let goal = pick.index(chain.len());
        let target: Target = chain.revisions()[goal].id().as_str().parse().unwrap();

        let plan = Plan::up(&chain, &known, &target).unwrap();
        let order = indices(&chain, &plan);
        prop_assert_eq!(order.iter().copied().collect::<HashSet<_>>(), model.up(&applied, goal));
        prop_assert!(order.is_sorted(), "free revisions run in storage order");

        match Plan::down(&chain, &known, &target) {
            Ok(plan) => {
                let order = indices(&chain, &plan);
                prop_assert!(applied.contains(&goal));
                let undone: HashSet<usize> = order.iter().copied().collect();
                prop_assert_eq!(undone, model.down(&applied, Some(goal)));
                prop_assert!(order.iter().rev().is_sorted());
            }
            Err(PlanError::NotApplied(_)) => prop_assert!(!applied.contains(&goal)),
            Err(PlanError::NothingAfter { .. }) => {
                prop_assert!(model.down(&applied, Some(goal)).is_empty());
                prop_assert!(!model.maximal(&applied).contains(&goal));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
        let all = Plan::down(&chain, &known, &Target::BASE).unwrap();
        prop_assert_eq!(indices(&chain, &all).len(), applied.len());
    }

    #[test]
    fn heads_after_each_step_are_the_maximal_applied((chain, mut applied) in databases()) {
        let model = Model::of(&chain);
        for target in [Target::HEADS, Target::BASE] {
            let known = names(&chain, &applied);
            let plan = if target == Target::BASE {
                Plan::down(&chain, &known, &target).unwrap()
            } else {
                Plan::up(&chain, &known, &target).unwrap()
            };
            let mut replay = plan.replay(&chain, &known);
            let mut held: HashSet<RevisionId> = replay.heads().cloned().collect();
            prop_assert_eq!(&held, &names(&chain, &model.maximal(&applied)));
            while let Some(change) = replay.next() {
                let index = chain.index(change.step.revision.as_str()).unwrap();
                let is_new = if target == Target::BASE {
                    applied.remove(&index)
                } else {
                    applied.insert(index)
                };
                prop_assert!(is_new);
                for lost in &change.lost {
                    prop_assert!(held.remove(*lost));
                }
                for gained in &change.gained {
                    prop_assert!(held.insert((*gained).clone()));
                }
                prop_assert_eq!(&held, &names(&chain, &model.maximal(&applied)));
                prop_assert_eq!(&held, &replay.heads().cloned().collect::<HashSet<_>>());
            }
        }
    }

    /// `+N`, `-N`, `X+N` and `X-N` against walks over sets of parents.
    #[test]
    fn relative_targets_walk_along_parents((chain, applied) in databases(), pick in any::<prop::sample::Index>(), offset in -3_i64..4) {
        let model = Model::of(&chain);
        let known = names(&chain, &applied);
        let from = pick.index(chain.len());
        let mut ends: Option<HashSet<Option<usize>>> = Some(HashSet::from([Some(from)]));
        for _ in 0..offset.unsigned_abs() {
            // Only where there is exactly one way does the walk go on.
            ends = ends.filter(|ends| ends.len() == 1).and_then(|ends| {
                let at = ends.into_iter().next().unwrap();
                let ways: HashSet<Option<usize>> = if offset > 0 {
                    model.children(at).into_iter().map(Some).collect()
                } else {
                    let parents: HashSet<_> = model.parents[at?].iter().map(|&p| Some(p)).collect();
                    if parents.is_empty() { HashSet::from([None]) } else { parents }
                };
                (ways.len() == 1).then_some(ways)
            });
        }
        let expected = ends.map(|ends| ends.into_iter().next().unwrap());
        let target = Target { offset, ..chain.revisions()[from].id().as_str().parse().unwrap() };
        match (chain.select(&known, &target), expected) {
            (Ok(found), Some(Some(end))) => {
                prop_assert_eq!(found.len(), 1);
                prop_assert_eq!(found[0].id(), chain.revisions()[end].id());
            }
            (Err(_), None | Some(None)) => {}
            (found, expected) => prop_assert!(false, "{:?} {:?}", found.map(|f| f.len()), expected),
        }
    }

    #[test]
    fn a_line_is_what_lies_above_and_below((chain, applied) in databases(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let model = Model::of(&chain);
        let above = model.above();
        let (a, b) = (a.index(chain.len()), b.index(chain.len()));
        let in_line = |x: usize| x == a || above[a].contains(&x) || above[x].contains(&a);
        let id = |index: usize| chain.revisions()[index].id().as_str();
        let known = names(&chain, &applied);
        let ask = |text: String| chain.select(&known, &text.parse().unwrap());

        prop_assert_eq!(ask(format!("{}@{}", id(a), id(b))).is_ok(), in_line(b));
        let heads: HashSet<usize> =
            (0..chain.len()).filter(|&x| model.children(Some(x)).is_empty() && in_line(x)).collect();
        let found = ask(format!("{}@heads", id(a))).unwrap();
        let found: HashSet<RevisionId> = found.iter().map(|r| r.id().clone()).collect();
        prop_assert_eq!(found, names(&chain, &heads));
        prop_assert_eq!(ask(format!("{}@head", id(a))).is_ok(), heads.len() == 1);

        // `history A:B`: what B needs, from A on; both must be on one line.
        let range: TargetRange = format!("{}:{}", id(a), id(b)).parse().unwrap();
        match chain.range(&known, &range) {
            Ok(found) => {
                prop_assert!(a == b || above[b].contains(&a));
                let found: HashSet<RevisionId> = found.iter().map(|r| r.id().clone()).collect();
                let expected = (0..chain.len())
                    .filter(|&x| x == b || model.before[b].contains(&x))
                    .filter(|&x| x == a || above[x].contains(&a))
                    .collect();
                prop_assert_eq!(found, names(&chain, &expected));
            }
            Err(_) => prop_assert!(a != b && !above[b].contains(&a)),
        }
    }

    #[test]
    fn a_stamp_touches_one_line_alone((chain, applied) in databases(), pick in any::<prop::sample::Index>()) {
        let model = Model::of(&chain);
        let goal = pick.index(chain.len());
        let target: Target = chain.revisions()[goal].id().as_str().parse().unwrap();
        let known = names(&chain, &applied);
        let stamp = Stamp::new(&chain, &known, &[target]).unwrap();
        let mut after: HashSet<RevisionId> = known.difference(&stamp.remove.iter().cloned().collect()).cloned().collect();
        after.extend(stamp.add);
        // The rows that are not related to the target stay, the target takes the place of the rest.
        let mut rows: HashSet<usize> = model
            .maximal(&applied)
            .into_iter()
            .filter(|&row| !model.before[row].contains(&goal) && !model.before[goal].contains(&row))
            .collect();
        rows.insert(goal);
        let expected = rows.iter().flat_map(|&row| model.before[row].clone()).chain(rows.clone()).collect();
        prop_assert_eq!(after, names(&chain, &expected));
    }

    #[test]
    fn several_targets_are_refused_exactly_when_one_needs_another((chain, applied) in databases(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let model = Model::of(&chain);
        let known = names(&chain, &applied);
        let (a, b) = (a.index(chain.len()), b.index(chain.len()));
        let targets = [a, b].map(|index| chain.revisions()[index].id().as_str().parse().unwrap());
        match Plan::up_all(&chain, &known, &targets) {
            Ok(plan) => {
                let both = &model.up(&applied, a) | &model.up(&applied, b);
                prop_assert_eq!(indices(&chain, &plan).into_iter().collect::<HashSet<_>>(), both);
            }
            Err(PlanError::Comparable { earlier, later }) => {
                let [earlier, later] = [earlier, later].map(|id| chain.index(id.as_str()).unwrap());
                prop_assert!(model.before[later].contains(&earlier));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
