use super::*;
use crate::config::{Configuration, HeadsPolicy};
use crate::validate;

/// A chain of revisions as `(file name, id, header, up)`.
fn chain(revisions: &[(&str, &str, &str)]) -> Chain {
    let configuration = Configuration { heads: HeadsPolicy::Many, ..Configuration::default() };
    let texts = revisions.iter().map(|(id, header, up)| {
        let text = format!(
            "-- {id}\n--\n-- revision: {id}\n{header}\n\n-- migrate:up\n{up}\n\n-- migrate:down\nSELECT 1;\n"
        );
        (format!("migrations/{id}.sql"), text)
    });
    let (chain, findings, sources) = validate::texts(&configuration, texts);
    let findings: Vec<String> = findings.iter().map(|it| it.one_line(&sources)).collect();
    chain.unwrap_or_else(|| panic!("{findings:?}"))
}

/// What a trial of these heads says.
fn tried(revisions: &[(&str, &str, &str)], heads: &[&str]) -> String {
    let chain = chain(revisions);
    let heads: Vec<RevisionId> =
        heads.iter().map(|head| RevisionId::new((*head).to_owned()).unwrap()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(compare(&chain, &Settings::default(), &heads)) {
        Ok(trials) => {
            let texts = trials.iter().flat_map(|trial| &trial.findings).map(ToString::to_string);
            texts.collect::<Vec<_>>().join("\n")
        }
        Err(untried) => untried.to_string(),
    }
}

const BASE: (&str, &str, &str) =
    ("r1base", "", "CREATE TABLE a (x);\nINSERT INTO a VALUES (random()), (datetime('now'));");

#[test]
fn branches_that_do_not_meet_are_fine_in_any_order() {
    let left = ("r2left", "-- revises: r1base", "CREATE TABLE b (x);\nINSERT INTO b VALUES (1);");
    let right = ("r3right", "-- revises: r1base", "CREATE VIEW v AS SELECT x FROM a;");
    assert_eq!(tried(&[BASE, left, right], &["r2left", "r3right"]), "");
    // Two bases share nothing at all.
    let other = ("r3other", "", "CREATE TABLE c (x);");
    assert_eq!(tried(&[BASE, other], &["r1base", "r3other"]), "");
}

#[test]
fn columns_stand_in_the_order_in_which_they_came() {
    let left = ("r2left", "-- revises: r1base", "ALTER TABLE a ADD COLUMN l TEXT;");
    let right = ("r3right", "-- revises: r1base", "ALTER TABLE a ADD COLUMN r TEXT;");
    insta::assert_snapshot!(tried(&[BASE, left, right], &["r2left", "r3right"]), @"
    table `a` depends on the order of the branches
      `r2left` first: CREATE TABLE a (x, l TEXT, r TEXT)
      `r3right` first: CREATE TABLE a (x, r TEXT, l TEXT)
    ");
}

#[test]
fn one_may_fail_after_the_other() {
    let left = ("r2left", "-- revises: r1base", "CREATE TABLE b (x);\nCREATE INDEX i ON b (x);");
    let right =
        ("r3right", "-- revises: r1base", "CREATE TABLE IF NOT EXISTS b (x);\nDROP TABLE a;");
    let third = ("r4third", "-- revises: r1base", "INSERT INTO a VALUES (1);");
    insta::assert_snapshot!(tried(&[BASE, left, right], &["r2left", "r3right"]), @"`r3right` first: statement 1 of revision `r2left` failed: table b already exists (migrations/r2left.sql:7:1)");
    insta::assert_snapshot!(
        tried(&[BASE, left, right, third], &["r2left", "r3right", "r4third"]), @"
    `r2left` first: statement 1 of revision `r4third` failed: no such table: a (migrations/r4third.sql:7:1)
    `r3right` first: statement 1 of revision `r2left` failed: table b already exists (migrations/r2left.sql:7:1)
    ");
}

#[test]
fn rows_are_compared_by_their_values() {
    let base =
        ("r1base", "", "CREATE TABLE a (x INTEGER, y TEXT);\nINSERT INTO a VALUES (1, 'é');");
    let double = ("r2double", "-- revises: r1base", "UPDATE a SET x = x * 2;");
    let more = ("r3more", "-- revises: r1base", "UPDATE a SET x = x + 1;");
    insta::assert_snapshot!(tried(&[base, double, more], &["r2double", "r3more"]), @"the values in table `a` depend on the order of the branches");
    let copy = ("r3copy", "-- revises: r1base", "INSERT INTO a SELECT 7, y FROM a;");
    let copies =
        ("r2copies", "-- revises: r1base", "INSERT INTO a SELECT x, y FROM a WHERE x = 1;");
    insta::assert_snapshot!(tried(&[base, copy, copies], &["r2copies", "r3copy"]), @"
    the rows of table `a` depend on the order of the branches
      `r2copies` first: 4 rows
      `r3copy` first: 3 rows
    ");
    // What is different each time says nothing; how many rows there are does.
    let random = ("r2random", "-- revises: r1base", "INSERT INTO a VALUES (random(), 'r');");
    let other = ("r3other", "-- revises: r1base", "INSERT INTO a VALUES (5, 'o');");
    assert_eq!(tried(&[base, random, other], &["r2random", "r3other"]), "");
    // Rows in another order are the same rows.
    let five = ("r2five", "-- revises: r1base", "INSERT INTO a VALUES (5, NULL);");
    let six = ("r3six", "-- revises: r1base", "INSERT INTO a VALUES (6, x'00');");
    assert_eq!(tried(&[base, five, six], &["r2five", "r3six"]), "");
}

#[test]
fn the_order_of_up_mixes_the_branches() {
    let l1 = ("r2l", "-- revises: r1base", "CREATE TABLE l (x);");
    let r1 = ("r3r", "-- revises: r1base", "CREATE TABLE r (x);");
    let l2 = ("r4l", "-- revises: r2l", "CREATE TABLE IF NOT EXISTS m (l);\nDROP TABLE l;");
    let r2 = ("r5r", "-- revises: r3r", "CREATE TABLE IF NOT EXISTS m (r);");
    insta::assert_snapshot!(tried(&[BASE, l1, r1, l2, r2], &["r4l", "r5r"]), @"
    table `m` depends on the order of the branches
      `r4l` first or mixed, as `up` does it: CREATE TABLE m (l)
      `r5r` first: CREATE TABLE m (r)
    ");
}

#[test]
fn nothing_leaves_the_memory() {
    let left = ("r2left", "-- revises: r1base", "attach 'other.db' AS o;");
    let right = ("r3right", "-- revises: r1base", "CREATE TABLE r (x);");
    assert_eq!(
        tried(&[BASE, left, right], &["r2left", "r3right"]),
        "the branches were not tried in different orders: revision `r2left` uses other files than the database"
    );
    let left = ("r2left", "-- revises: r1base\n-- transaction: none", "VACUUM INTO 'copy.db';");
    assert!(tried(&[BASE, left, right], &["r2left", "r3right"]).contains("other files"));
    let left = (
        "r2left",
        "-- revises: r1base\n-- transaction: none",
        "PRAGMA journal_mode = WAL;\nVACUUM;",
    );
    assert_eq!(tried(&[BASE, left, right], &["r2left", "r3right"]), "");
    let broken = ("r1base", "", "CREATE TABLE a (x);\nSELECT missing;");
    assert_eq!(
        tried(&[broken, left, right], &["r2left", "r3right"]),
        "the branches were not tried in different orders: what they share fails already: statement 2 \
         of revision `r1base` failed: no such column: missing (migrations/r1base.sql:8:1)"
    );
}

#[test]
fn what_is_not_compared() {
    // Tracking tables, virtual tables, and what SQLite keeps for itself.
    let left = (
        "r2left",
        "-- revises: r1base",
        "CREATE TABLE k (id INTEGER PRIMARY KEY AUTOINCREMENT, x UNIQUE, y AS (x + 1));\n\
         INSERT INTO k (x) VALUES (1);",
    );
    let right = (
        "r3right",
        "-- revises: r1base",
        "CREATE VIRTUAL TABLE f USING fts5(x);\nINSERT INTO f VALUES ('word');",
    );
    assert_eq!(tried(&[BASE, left, right], &["r2left", "r3right"]), "");
}

proptest::proptest! {
    #[test]
    fn a_part_of_a_chain_is_the_same_without_the_rest(
        whole in crate::chain::tests::chains(),
        pick in proptest::prelude::any::<proptest::sample::Index>(),
    ) {
        let head = whole.revisions()[pick.index(whole.len())].id();
        let line = steps(&whole, &HashSet::new(), &at(head)).unwrap();
        let found = part(&whole, |id| line.contains(id));
        let ids: Vec<&RevisionId> = found.revisions().iter().map(Revision::id).collect();
        proptest::prop_assert_eq!(ids, line.iter().collect::<Vec<_>>());
        for revision in found.revisions() {
            let same = whole.get(revision.id().as_str()).unwrap();
            let before = |chain: &Chain, of: &Revision| -> Vec<RevisionId> {
                let all = chain.parents(of).chain(chain.dependencies(of));
                all.map(|it| it.id().clone()).collect()
            };
            proptest::prop_assert_eq!(before(&found, revision), before(&whole, same));
        }
    }
}
