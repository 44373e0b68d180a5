//! Rules about the graph.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::{Fixture, chain, check, codes, rendered};
use crate::diagnostic::Code;

const MANY: &str = "-- file: Cargo.toml\n[package.metadata.migrate]\nheads = \"many\"\n";

#[test]
fn an_id_names_one_revision() {
    assert_snapshot!(check(&chain(&[("a", "revision: a1"), ("b", "revision: a1"), ("c", "revision: c3\nrevises: a1")])), @r#"
error[M0012]: two revisions have the id `a1`
 --> migrations/b.sql:3:14
  |
3 | -- revision: a1
  |              ^^
  |
 ::: migrations/a.sql:3:14
  |
3 | -- revision: a1
  |              -- it is used here already
  |
  = help: give the newer one another id; `revises` in others may have to follow
"#);
}

#[test]
fn parents_exist() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: ae1027a6acf5"),
            ("b", "revision: 1975ea83b712\nrevises: ae1072a6acf5"),
            ("c", "revision: c3\nrevises: ae10"),
            ("d", "revision: d4\nrevises: AE1027A6ACF5"),
            ("e", "revision: e5\nrevises: somewhere"),
            ("f", "revision: f6\nrevises: c3 d4"),
            ("g", "revision: g7\nrevises: c3,"),
            ("h", "revision: h8\nrevises: base"),
        ])),
        @r#"
error[M0013]: unknown parent revision `ae1072a6acf5`
 --> migrations/b.sql:4:13
  |
4 | -- revises: ae1072a6acf5
  |             ^^^^^^^^^^^^ no revision has this id
  |
  = help: did you mean `ae1027a6acf5`?

error[M0013]: unknown parent revision `ae10`
 --> migrations/c.sql:4:13
  |
4 | -- revises: ae10
  |             ^^^^ no revision has this id
  |
  = help: did you mean `ae1027a6acf5`? ids and labels are written in full here

error[M0013]: unknown parent revision `AE1027A6ACF5`
 --> migrations/d.sql:4:13
  |
4 | -- revises: AE1027A6ACF5
  |             ^^^^^^^^^^^^ no revision has this id
  |
  = help: did you mean `ae1027a6acf5`?

error[M0013]: unknown parent revision `somewhere`
 --> migrations/e.sql:4:13
  |
4 | -- revises: somewhere
  |             ^^^^^^^^^ no revision has this id
  |
  = help: `cargo migrate history` lists the revisions; perhaps a file was not committed

error[M0013]: unknown parent revision `c3 d4`
 --> migrations/f.sql:4:13
  |
4 | -- revises: c3 d4
  |             ^^^^^ no revision has this id
  |
  = help: ids are separated by commas, and nothing else stands in the line

error[M0013]: an empty parent revision
 --> migrations/g.sql:4:16
  |
4 | -- revises: c3,
  |                ^ expected an id between the commas
  |
  = help: remove the stray comma

error[M0013]: unknown parent revision `base`
 --> migrations/h.sql:4:13
  |
4 | -- revises: base
  |             ^^^^ no revision has this id
  |
  = help: leave the line empty or out: a revision without parents is a base
"#
    );
}

#[test]
fn a_missing_revision_may_be_in_a_file_that_nobody_could_read() {
    assert_snapshot!(
        check(&chain(&[("a", "revises:"), ("b", "revision: b2\nrevises: a1")])),
        @r#"
error[M0003]: this file has no `revision` in its header
 --> migrations/a.sql:1:1
  |
1 | -- message
  | ^^^^^^^^^^
  |
  = note: a revision begins with comment lines: a message, an empty one, then `-- revision: ID`
  = help: `cargo migrate new "message"` writes a file with a header
  = help: if the file is no revision, let its name begin with `_`

error[M0013]: unknown parent revision `a1`
 --> migrations/b.sql:4:13
  |
4 | -- revises: a1
  |             ^^ no revision has this id
  |
  = note: 1 file has no readable id, so it may be that one
  = help: `cargo migrate history` lists the revisions; perhaps a file was not committed
"#
    );
}

#[test]
fn dependencies_exist() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1\nbranch: billing"),
            ("b", "revision: b2\nrevises: a1\ndepends-on: biling, bill, somewhere"),
        ])),
        @r#"
error[M0014]: unknown dependency `biling`
 --> migrations/b.sql:5:16
  |
5 | -- depends-on: biling, bill, somewhere
  |                ^^^^^^ no revision has this id or branch label
  |
  = help: did you mean `billing`?

error[M0014]: unknown dependency `bill`
 --> migrations/b.sql:5:24
  |
5 | -- depends-on: biling, bill, somewhere
  |                        ^^^^ no revision has this id or branch label
  |
  = help: did you mean `billing`? ids and labels are written in full here

error[M0014]: unknown dependency `somewhere`
 --> migrations/b.sql:5:30
  |
5 | -- depends-on: biling, bill, somewhere
  |                              ^^^^^^^^^ no revision has this id or branch label
  |
  = help: `cargo migrate history` lists the revisions; perhaps a file was not committed
"#
    );
}

#[test]
fn a_parent_is_an_id() {
    assert_snapshot!(
        check(&chain(&[("a", "revision: a1\nbranch: billing"), ("b", "revision: b2\nrevises: billing")])),
        @r#"
error[M0015]: a parent cannot be given by its branch label `billing`
 --> migrations/b.sql:4:13
  |
4 | -- revises: billing
  |             ^^^^^^^ expected a revision id
  |
 ::: migrations/a.sql:4:12
  |
4 | -- branch: billing
  |            ------- the label is declared here
  |
  = note: a label stands for a line that goes on, a parent is one revision for ever
  = help: write the id of a revision on that line; it begins with `a1`
"#
    );
    assert_eq!(
        codes(&chain(&[("a", "revision: a1\nrevises: own\nbranch: own")])),
        [Code::ParentIsLabel]
    );
}

#[test]
fn nobody_is_listed_twice() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1\nbranch: billing"),
            ("b", "revision: b2\nrevises: a1, a1"),
            ("c", "revision: c3\nrevises: b2\ndepends-on: b2, a1, billing"),
        ])),
        @r#"
error[M0016]: `a1` is listed twice
 --> migrations/b.sql:4:17
  |
4 | -- revises: a1, a1
  |             --  ^^
  |             |
  |             first here
  |
  = help: remove one of them

error[M0016]: `b2` is listed twice
 --> migrations/c.sql:5:16
  |
4 | -- revises: b2
  |             -- first here
5 | -- depends-on: b2, a1, billing
  |                ^^
  |
  = help: remove it from `depends-on`: a parent is always applied first

error[M0016]: `a1` and `billing` are the same revision
 --> migrations/c.sql:5:24
  |
5 | -- depends-on: b2, a1, billing
  |                    --  ^^^^^^^
  |                    |
  |                    first here
  |
  = help: remove one of them
"#
    );
}

#[test]
fn a_parent_is_no_ancestor_of_another_parent() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1"),
            ("b", "revision: b2\nrevises: a1"),
            ("c", "revision: c3\nrevises: b2"),
            ("d", "revision: d4\nrevises: a1, c3"),
        ])),
        @r#"
error[M0017]: parent `a1` is an ancestor of parent `c3`
 --> migrations/d.sql:4:13
  |
4 | -- revises: a1, c3
  |             ^^ `c3` comes after it already
  |
  = help: remove `a1` from `revises`
"#
    );
    let diamond = chain(&[
        ("a", "revision: a1"),
        ("b", "revision: b2\nrevises: a1"),
        ("c", "revision: c3\nrevises: a1"),
        ("d", "revision: d4\nrevises: b2, c3"),
        ("e", "revision: e5\nrevises: c3\ndepends-on: b2"),
        ("f", "revision: f6\nrevises: d4, e5"),
        // A dependency is no parent, so both are needed.
        ("g", "revision: g7\nrevises: f6"),
    ]);
    assert_eq!(codes(&diamond), []);
    let dependency = chain(&[
        ("a", "revision: a1"),
        ("b", "revision: b2\nrevises: a1"),
        ("c", "revision: c3\nrevises: a1\ndepends-on: b2"),
        ("d", "revision: d4\nrevises: b2, c3"),
    ]);
    assert_eq!(codes(&dependency), [], "without it `b2` would be a head of its own");
}

#[test]
fn a_revision_comes_not_after_itself() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1\nrevises: a1"),
            ("b", "revision: b2\nrevises: a1\nbranch: billing\ndepends-on: billing"),
        ])),
        @r#"
error[M0018]: a revision cannot follow itself
 --> migrations/a.sql:4:13
  |
3 | -- revision: a1
  |              -- this is the revision
4 | -- revises: a1
  |             ^^
  |
  = help: name the revision that comes before it, or leave the line empty for a base

error[M0018]: a revision cannot depend on itself
 --> migrations/b.sql:6:16
  |
3 | -- revision: b2
  |              -- this is the revision
...
6 | -- depends-on: billing
  |                ^^^^^^^
  |
  = help: remove it, or name the revision that is meant
"#
    );
}

#[test]
fn cycles_are_shown_exactly() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1\nrevises: c3"),
            ("b", "revision: b2\nrevises: a1"),
            ("c", "revision: c3\nrevises: b2"),
            ("d", "revision: d4\nrevises: c3"),
        ])),
        @r#"
error[M0019]: revisions form a cycle: a1 → c3 → b2 → a1
 --> migrations/a.sql:4:13
  |
4 | -- revises: c3
  |             ^^ `a1` follows `c3`
  |
 ::: migrations/c.sql:4:13
  |
4 | -- revises: b2
  |             -- `c3` follows `b2`
  |
 ::: migrations/b.sql:4:13
  |
4 | -- revises: a1
  |             -- `b2` follows `a1`
  |
  = help: remove one of these references: each revision can only run after the next one
"#
    );
}

#[test]
fn cycles_go_through_dependencies_and_labels() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1\ndepends-on: billing"),
            ("b", "revision: b2\nrevises: a1"),
            ("c", "revision: c3\nrevises: b2\nbranch: billing\ndepends-on: d4"),
            ("d", "revision: d4\ndepends-on: c3"),
        ])),
        @r#"
error[M0019]: revisions form a cycle: a1 → c3 → b2 → a1
 --> migrations/a.sql:4:16
  |
4 | -- depends-on: billing
  |                ^^^^^^^ `a1` depends on `billing`, which is `c3`
  |
 ::: migrations/c.sql:4:13
  |
4 | -- revises: b2
  |             -- `c3` follows `b2`
  |
 ::: migrations/b.sql:4:13
  |
4 | -- revises: a1
  |             -- `b2` follows `a1`
  |
  = note: `d4` lies on a cycle with these, too
  = help: remove one of these references: each revision can only run after the next one
"#
    );
}

#[test]
fn several_cycles_are_several_findings_and_long_ones_are_cut() {
    let mut fixture =
        chain(&[("x", "revision: x1\nrevises: y1"), ("y", "revision: y1\nrevises: x1")]);
    for index in 0..200 {
        let parent = (index + 199) % 200;
        fixture.push_str(&chain(&[(
            &format!("r{index:03}"),
            &format!("revision: r{index:03}\nrevises: r{parent:03}"),
        )]));
    }
    let fixture = Fixture::read(&fixture);
    let findings = fixture.validate().1;
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [Code::Cycle; 2]);
    assert_eq!(
        findings[0].message,
        "revisions form a cycle: r000 → r199 → r198 → r197 → r196 → r195 → r194 → r193 → (192 more) → r000"
    );
    assert!(rendered(&findings, &fixture.sources).lines().count() < 90);
}

#[test]
fn a_label_names_one_revision() {
    assert_snapshot!(
        check(&chain(&[
            ("a", "revision: a1\nbranch: billing"),
            ("b", "revision: b2\nrevises: a1\nbranch: billing"),
        ])),
        @r#"
error[M0020]: the branch label `billing` is used twice
 --> migrations/b.sql:5:12
  |
5 | -- branch: billing
  |            ^^^^^^^
  |
 ::: migrations/a.sql:4:12
  |
4 | -- branch: billing
  |            ------- first here
  |
  = note: a label is declared once, where its line begins
  = help: remove one of them, or choose another label
"#
    );
}

#[test]
fn a_label_is_no_id() {
    assert_snapshot!(
        check(&chain(&[("a", "revision: a1\nbranch: b2"), ("b", "revision: b2\nrevises: a1\nbranch: b2")])),
        @r#"
error[M0021]: the branch label `b2` is also a revision id
 --> migrations/a.sql:4:12
  |
4 | -- branch: b2
  |            ^^
  |
 ::: migrations/b.sql:3:14
  |
3 | -- revision: b2
  |              -- this revision has it as its id
  |
  = help: choose another label

error[M0021]: the branch label `b2` is also a revision id
 --> migrations/b.sql:5:12
  |
3 | -- revision: b2
  |              -- this revision has it as its id
4 | -- revises: a1
5 | -- branch: b2
  |            ^^
  |
  = help: choose another label
"#
    );
}

#[test]
fn one_head_unless_many_are_wanted() {
    let two = chain(&[
        ("a", "revision: a1"),
        ("b", "revision: b2\nrevises: a1"),
        ("c", "revision: c3\nrevises: a1"),
    ]);
    assert_snapshot!(check(&two), @r#"
    error[M0022]: the chain has 2 heads: `b2` and `c3`
     --> migrations/b.sql:3:14
      |
    3 | -- revision: b2
      |              ^^ no revision follows this one
      |
     ::: migrations/c.sql:3:14
      |
    3 | -- revision: c3
      |              -- no revision follows this one
      |
      = note: this happens when two branches of a project each add a revision
      = help: `cargo migrate merge` joins them with a new revision
      = help: or put them in line: `cargo migrate rebase c3 --onto b2`, if `c3` is applied nowhere yet
      = help: or allow several: `heads = "many"` in `[package.metadata.migrate]`
    "#);
    assert_eq!(check(&format!("{MANY}{two}")), "");
    let ten: Vec<(String, String)> =
        (0..10).map(|index| (format!("r{index}"), format!("revision: r{index}"))).collect();
    let ten: Vec<(&str, &str)> = ten.iter().map(|(a, b)| (&**a, &**b)).collect();
    let fixture = Fixture::read(&chain(&ten));
    let findings = fixture.validate().1;
    assert_eq!(
        findings[0].message,
        "the chain has 10 heads: `r0`, `r1`, `r2`, `r3`, `r4`, `r5`, `r6` and `r7`, and 2 more"
    );
}

#[test]
fn ids_that_differ_in_case_or_begin_alike_are_different() {
    let fixture = chain(&[
        ("a", "revision: abcd"),
        ("b", "revision: ABCD\nrevises: abcd"),
        ("c", "revision: abcd1\nrevises: ABCD\nbranch: Abcd, abc"),
        ("d", "revision: HEAD\nrevises: abcd1\ndepends-on: abcd"),
    ]);
    assert_eq!(check(&fixture), "");
}

#[test]
fn an_unknown_parent_makes_no_second_head() {
    let fixture = chain(&[
        ("a", "revision: a1"),
        ("b", "revision: b2\nrevises: a1"),
        ("c", "revision: c3\nrevises: zz"),
    ]);
    assert_eq!(codes(&fixture), [Code::UnknownParent]);
}

#[test]
fn ten_thousand_broken_references_are_reported_in_time() {
    let mut fixture = String::from(MANY);
    for index in 0..10_000 {
        let _ = write!(
            fixture,
            "-- file: r{index:05}.sql\n-- m\n--\n-- revision: r{index:05}\n-- revises: gone{index}\n\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n"
        );
    }
    let fixture = Fixture::read(&fixture);
    let started = std::time::Instant::now();
    let (_, findings) =
        super::validate(&fixture.configuration, &fixture.files, &fixture.sources, Vec::new());
    assert_eq!(findings.len(), 10_000);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
