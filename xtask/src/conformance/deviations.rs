//! Where we answer otherwise than Alembic on purpose: the one list of it.
//!
//! Each rule says which words of DESIGN section 5 it rests on, and why. A rule looks at the shape of
//! graph, question and answers, never at a name that a generator gave; so it holds for any file.

use std::collections::{BTreeMap, BTreeSet};

use super::vectors::{Answer, Graph, Query, Row};

/// A disagreement: the question, Alembic's answer and ours.
pub(crate) struct Case<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) query: &'a Query,
    pub(crate) theirs: &'a Answer,
    pub(crate) ours: &'a Answer,
}

/// A rule by which we disagree.
pub(crate) struct Deviation {
    pub(crate) name: &'static str,
    /// The words of the design.
    pub(crate) clause: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) applies: fn(&Case<'_>) -> bool,
}

pub(crate) const DEVIATIONS: [Deviation; 18] = [
    Deviation {
        name: "quirk",
        clause: "\"its `quirks`\"",
        reason: "the vectors themselves call Alembic's answer wrong, and have no corrected one",
        applies: |case| !case.query.quirks.is_empty() && case.query.corrected.is_none(),
    },
    Deviation {
        name: "unknown-row",
        clause: "section 6, \"Unknown revisions in the database\"",
        reason: "what becomes of an applied revision that the chain does not know is decided before planning, so the planner leaves it alone",
        applies: |case| case.has_unknown_row(),
    },
    Deviation {
        name: "comparable-rows",
        clause: "\"stamping comparable revisions is refused\"",
        reason: "so no database can have an ancestor beside its descendant as a head; the planner gets the applied set, in which the ancestor says nothing",
        applies: |case| case.has_comparable_rows(),
    },
    Deviation {
        name: "short-prefix",
        clause: "\"prefixes shorter than four are unknown\"",
        reason: "what is unique today is not tomorrow",
        applies: |case| case.we_say("no_such_revision") && case.has_short_prefix(),
    },
    Deviation {
        name: "relative-down-from-several",
        clause: "\"`-N` in a downgrade with several heads is an error\"",
        reason: "Alembic takes the first row",
        applies: |case| {
            case.is("downgrade")
                && case.target(|target| target.is_database_relative() && target.branch.is_none())
                && case.query.texts("current").len() > 1
                && case.we_say("ambiguous_current")
        },
    },
    Deviation {
        name: "branch-head-down",
        clause: "\"`B@head` in a downgrade honours B\"",
        reason: "Alembic drops B, and so knows neither an unknown B nor which head is meant",
        applies: |case| {
            (case.is("downgrade") || case.is("downgrade_offline"))
                && case.theirs_is_ok() == matches!(case.ours, Answer::Error { .. })
                && case.target(|target| {
                    target.branch.is_some() && matches!(target.place, "head" | "heads")
                })
        },
    },
    Deviation {
        name: "branch-checked",
        clause: "\"`B@base` checks B\", \"What stands before `@` is a label, an id or a prefix\"",
        reason: "Alembic accepts any word before `@base`, and before `X+N` where nothing is left to choose",
        applies: |case| {
            case.theirs_is_ok()
                && (case.we_say("no_such_revision") || case.we_say("ambiguous_prefix"))
                && case.any_target(|target| {
                    target.branch.is_some_and(|branch| !case.names_one(branch))
                        && (target.place == "base" || target.offset.is_some())
                })
        },
    },
    Deviation {
        name: "branch-id-down",
        clause: "\"`B@ID`\" and \"One meaning in every command\"",
        reason: "`up B@ID` refuses an ID that is not on the line of B, and lets the line choose among IDs that begin alike; Alembic's downgrade looks at B only when the way forks, and its stamp does not let it choose",
        applies: |case| {
            let is_refused = ["not_in_branch", "no_such_revision", "ambiguous_prefix"]
                .iter()
                .any(|error| case.we_say(error));
            (case.is("downgrade") || case.is("downgrade_offline"))
                && case.target(|target| target.branch.is_some())
                && (case.theirs_is_ok() && is_refused || case.they_say("ambiguous_prefix"))
                || case.is("stamp")
                    && case.any_target(|target| target.branch.is_some())
                    && case.they_say("ambiguous_prefix")
        },
    },
    Deviation {
        name: "past-the-end",
        clause: "\"`X-N` past base and `X+N` past head are errors\", \"Stepping past base or head is an error\"",
        reason: "Alembic's history stops at the end; its downgrade takes `X-N` that reaches the base as every branch's base (one of them alone is not asked for, where there are several)",
        applies: |case| {
            case.theirs_is_ok()
                && (case.we_say("relative_out_of_range") || case.we_say("ambiguous_walk"))
                && case.any_target(|target| {
                    target.offset.is_some() && !target.is_database_relative() || case.is("history")
                })
        },
    },
    Deviation {
        name: "relative-everywhere",
        clause: "\"relative targets work in `show`, `stamp` and `history` with the meaning that they have in `up`\", \"One meaning in every command\"",
        reason: "Alembic does not know them there (nor in a list of targets), or counts `-N` from the heads instead of the database",
        applies: |case| {
            let is_list = case.query.texts("target").len() > 1;
            let place = match case.query.kind.as_str() {
                "resolve" => "expr",
                "stamp" => "targets",
                "history" => "base",
                "upgrade_offline" | "downgrade_offline" => "start",
                "new_revision" => "head",
                "upgrade" if is_list => "target",
                _ => return false,
            };
            let mut targets = case.query.texts(place);
            targets.extend(case.query.texts("depends_on"));
            targets.iter().any(|text| Parts::of(text).offset.is_some())
        },
    },
    Deviation {
        name: "comparable-stamp",
        clause: "\"stamping comparable revisions is refused\"",
        reason: "an ancestor (also one by dependency, among `B@heads`), the same revision or the base beside a revision says nothing or the contrary",
        applies: |case| {
            case.is("stamp")
                && case.theirs_is_ok()
                && (case.we_say("overlapping_revisions")
                    || case.we_say("duplicate_heads")
                    || case.we_say("no_such_revision")
                        && case.query.texts("targets").len() > 1
                        && case.query.texts("targets").iter().any(|text| text.ends_with("base")))
        },
    },
    Deviation {
        name: "stamp-several",
        clause: "section 2, \"stamp: record revisions as applied\"",
        reason: "Alembic replaces all rows by the first target that moves; so it loses others that were asked for, or crashes when the next one moves the same row",
        applies: |case| case.is("stamp") && (case.a_target_is_lost() || case.targets_share_a_row()),
    },
    Deviation {
        name: "merge-with-ancestor",
        clause: "\"broken graphs follow `truth`\": redundant_parent",
        reason: "a merge of a revision with its own ancestor would not be a valid chain",
        applies: |case| {
            case.is("new_revision") && case.theirs_is_ok() && case.we_say("overlapping_revisions")
        },
    },
    Deviation {
        name: "dependency-is-parent",
        clause: "\"broken graphs follow `truth`\" (section 4: a parent or dependency listed twice)",
        reason: "a dependency on one's own parent would not be a valid chain",
        applies: |case| {
            case.is("new_revision") && case.theirs_is_ok() && case.we_say("duplicate_heads")
        },
    },
    Deviation {
        name: "line-before-at",
        clause: "\"What stands before `@` is a label, an id or a prefix\"",
        reason: "as the lower end of a history Alembic takes a label alone, which it follows by a rule of propagation with exceptions, and crashes on an id",
        applies: |case| {
            case.is("history")
                && case.query.text("base").is_some_and(|base| base.contains('@'))
                && matches!(case.ours, Answer::Revisions(_))
        },
    },
    Deviation {
        name: "history-through-dependency",
        clause: "\"`history A:B` includes both ends\"",
        reason: "Alembic crashes when something between the ends is needed by the upper one through a dependency alone; it is shown",
        applies: |case| {
            case.is("history")
                && case.they_say("crash:AssertionError")
                && case.ends_in_a_dependency()
        },
    },
    Deviation {
        name: "redundant-dependency",
        clause: "\"its `quirks`\": crash_should_succeed",
        reason: "finding B of the reference, which the vectors mark for online upgrades only: the plan is right, its bookkeeping crashes",
        applies: |case| {
            case.is("upgrade_offline")
                && case.they_say("crash:KeyError")
                && case.runs_a_redundant_dependency()
        },
    },
    Deviation {
        name: "redundant-rows",
        clause: "\"its `quirks`\": heads_not_maximal",
        reason: "finding C of the reference, which the vectors mark for online downgrades only: the plan is right, an ancestor is left among the rows",
        applies: |case| {
            let (Answer::Steps { steps: theirs, heads }, Answer::Steps { steps: ours, .. }) =
                (case.theirs, case.ours)
            else {
                return false;
            };
            let ids = |steps: &[(String, BTreeSet<String>)]| -> BTreeSet<String> {
                steps.iter().map(|(id, _)| id.clone()).collect()
            };
            case.is("downgrade_offline")
                && ids(theirs) == ids(ours)
                && case.are_comparable(&heads.iter().map(String::as_str).collect::<Vec<_>>())
        },
    },
];

/// A target cut into its parts.
pub(crate) struct Parts<'a> {
    branch: Option<&'a str>,
    place: &'a str,
    offset: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let (branch, rest) = match text.split_once('@') {
            Some((branch, rest)) => (Some(branch), rest),
            None => (None, text),
        };
        match rest.rfind(['+', '-']) {
            Some(at) => Self { branch, place: &rest[..at], offset: Some(&rest[at..]) },
            None => Self { branch, place: rest, offset: None },
        }
    }

    /// `+N`, `-N`, `B@+N`, `B@-N`.
    fn is_database_relative(&self) -> bool {
        self.place.is_empty() && self.offset.is_some()
    }
}

impl Case<'_> {
    fn is(&self, kind: &str) -> bool {
        self.query.kind == kind
    }

    fn we_say(&self, error: &str) -> bool {
        matches!(self.ours, Answer::Error { code, .. } if code == error)
    }

    fn they_say(&self, error: &str) -> bool {
        matches!(self.theirs, Answer::Error { code, .. } if code == error)
    }

    fn theirs_is_ok(&self) -> bool {
        !matches!(self.theirs, Answer::Error { .. })
    }

    fn target(&self, holds: impl Fn(&Parts<'_>) -> bool) -> bool {
        self.query.text("target").is_some_and(|text| holds(&Parts::of(text)))
    }

    fn any_target(&self, holds: impl Fn(&Parts<'_>) -> bool) -> bool {
        self.query.targets().iter().any(|text| holds(&Parts::of(text)))
    }

    fn has_unknown_row(&self) -> bool {
        let rows = self.query.texts("current");
        rows.iter().any(|row| self.graph.revisions.iter().all(|revision| revision.id != *row))
    }

    fn has_comparable_rows(&self) -> bool {
        self.are_comparable(&self.query.texts("current"))
    }

    fn are_comparable(&self, revisions: &[&str]) -> bool {
        let before = self.graph.before();
        revisions.iter().any(|one| {
            let ancestors = ancestors(&before, one);
            revisions.iter().any(|other| ancestors.contains(other))
        })
    }

    fn has_short_prefix(&self) -> bool {
        let names: Vec<&str> = self.graph.names().collect();
        let is_short = |word: &str| {
            (1..4).contains(&word.len())
                && !names.contains(&word)
                && names.iter().any(|name| name.starts_with(word))
        };
        self.any_target(|target| is_short(target.place) || target.branch.is_some_and(is_short))
    }

    /// Whether a revision that Alembic was asked to stamp is neither a head afterwards nor before one.
    fn a_target_is_lost(&self) -> bool {
        let (Answer::Heads(theirs), Answer::Heads(ours)) = (self.theirs, self.ours) else {
            return false;
        };
        let before = self.graph.before();
        let mut held: BTreeSet<&str> = theirs.iter().map(String::as_str).collect();
        for head in theirs {
            held.extend(ancestors(&before, head));
        }
        let asked_for = ours.iter().any(|head| !held.contains(head.as_str()));
        let targets = self.query.texts("targets");
        asked_for && (targets.len() > 1 || Parts::of(targets[0]).place == "heads")
    }

    /// Whether several targets that are no ancestors of one another come before or after rows.
    fn targets_share_a_row(&self) -> bool {
        let Answer::Heads(ours) = self.ours else { return false };
        let rows = self.query.texts("current");
        let before = self.graph.before();
        let is_related = |one: &str, other: &str| {
            one == other
                || ancestors(&before, one).contains(other)
                || ancestors(&before, other).contains(one)
        };
        self.they_say("crash:KeyError")
            && ours.iter().filter(|head| rows.iter().any(|row| is_related(head, row))).count() > 1
    }

    /// Whether a name is an id, a label, or a prefix of one alone.
    fn names_one(&self, name: &str) -> bool {
        let names: Vec<&str> = self.graph.names().collect();
        let longer = names.iter().filter(|known| known.starts_with(name)).count();
        names.contains(&name) || (name.len() > 3 && longer == 1)
    }

    /// Whether one of our revisions is followed by no other of them, and is a dependency.
    fn ends_in_a_dependency(&self) -> bool {
        let Answer::Revisions(ours) = self.ours else { return false };
        let before = self.graph.before();
        let is_listed = |id: &str| ours.iter().flatten().any(|listed| listed == id);
        let revisions = &self.graph.revisions;
        ours.iter().flatten().any(|id| {
            let is_parent = |row: &Row| row.parents.contains(id);
            revisions.iter().all(|row| !is_parent(row) || !is_listed(&row.id))
                && revisions
                    .iter()
                    .any(|row| !is_parent(row) && before[row.id.as_str()].contains(id.as_str()))
        })
    }

    /// Whether a step of our plan depends on an ancestor of another of its parents or dependencies.
    fn runs_a_redundant_dependency(&self) -> bool {
        let Answer::Steps { steps, .. } = self.ours else { return false };
        let before = self.graph.before();
        steps.iter().any(|(id, _)| {
            let direct = &before[id.as_str()];
            direct.iter().any(|one| {
                let ancestors = ancestors(&before, one);
                direct.iter().any(|other| ancestors.contains(other))
            })
        })
    }
}

/// Everything that must be applied before a revision.
fn ancestors<'a>(before: &BTreeMap<&'a str, BTreeSet<&'a str>>, of: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = before.get(of).into_iter().flatten().copied().collect();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(before.get(id).into_iter().flatten());
        }
    }
    found
}
