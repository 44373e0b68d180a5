//! `new` and `merge`: where revisions are put into the graph.

use crate::rebase::{forked, line};
use crate::support::{Project, assert_transcript};

#[test]
fn a_revision_follows_a_target() {
    let project = forked();
    project.migrate(&["new", "n", "--rev-id", "next01", "--head", "left"]).success();
    assert_eq!(line(&project, "next01", "revises"), "-- revises: left01");
    // A line that begins anew, and goes on where its label leads.
    let begin = ["new", "n", "--rev-id", "bill01", "--head", "base", "--branch-label", "billing"];
    project.migrate(&begin).success();
    assert_eq!(line(&project, "bill01", "revises"), "");
    assert_eq!(line(&project, "bill01", "branch"), "-- branch: billing");
    let follow = ["new", "n", "--rev-id", "bill02", "--branch", "billing", "--depends-on"];
    project.migrate(&[&follow[..], &["right1@head", "--depends-on", "left"]].concat()).success();
    assert_eq!(line(&project, "bill02", "revises"), "-- revises: bill01");
    assert_eq!(line(&project, "bill02", "depends-on"), "-- depends-on: right1, left01");
    project
        .migrate(&["new", "n", "--rev-id", "core01", "--head", "right1", "--depends-on", "billing"])
        .success();
    assert_eq!(line(&project, "core01", "depends-on"), "-- depends-on: billing", "a label stays");
    project
        .migrate(&["new", "n", "--rev-id", "core02", "--head", "core01-1", "--splice"])
        .success();
    assert_eq!(line(&project, "core02", "revises"), "-- revises: right1");
    assert_transcript!(project.migrate(&["heads"]), @"
    exit code: 0
    ----- stdout -----
    next01  n
    bill02  n
    core01  n
    core02  n
    ");
}

#[test]
fn a_parent_that_is_no_head_wants_splice() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["new", "n", "--head", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: revision `first1` is no head, `second` follows it; `--splice` lets a branch begin there
    help: to begin a branch after it: `--head first1 --splice`
    help: `cargo migrate heads` lists the heads
    ");
    assert_transcript!(project.migrate(&["new", "n", "--head", "first1", "--splice", "--rev-id", "side01"]), @r#"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_side01_n.sql
    ----- stderr -----
         Created revision side01
    warning: the chain has several heads now: `second` and `side01`
    note: `cargo migrate merge` joins them, and `heads = "many"` in `[package.metadata.migrate]` allows them
    "#);
    assert_transcript!(project.migrate(&["new", "n", "--branch", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: the line of `first1` has several heads: `side01` and `second`; name one of them, or say `first1@heads`
    help: say which one is meant, as in `--head side01`
    ");
    assert_transcript!(project.migrate(&["new", "n", "--branch", "first1@head"]), @"
    exit code: 2
    ----- stderr -----
    error: no revision or branch label is called `first1@head`
    help: `cargo migrate history` lists the revisions
    ");
    assert_eq!(project.migrate(&["new", "n", "--branch", "x", "--head", "y"]).code, Some(2));
}

#[test]
fn names_of_a_new_revision_are_its_own() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.write(
        "migrations/second.sql",
        "-- second\n--\n-- revision: second\n-- revises: first1\n-- branch: billing\n\n-- migrate:up\nCREATE TABLE b (x);\n\n-- migrate:down\nDROP TABLE b;\n",
    );
    let new = |args: &[&str]| project.migrate(&[&["new", "n"], args].concat());
    assert_transcript!(new(&["--rev-id", "mine", "--depends-on", "mine"]), @"
    exit code: 2
    ----- stderr -----
    error: a revision cannot depend on itself
    help: name another revision than `mine`, or leave it out
    ");
    assert_transcript!(new(&["--branch-label", "mine", "--depends-on", "mine"]), @"
    exit code: 2
    ----- stderr -----
    error: a revision cannot depend on itself
    help: name another revision than `mine`, or leave it out
    ");
    assert_transcript!(new(&["--depends-on", "second"]), @"
    exit code: 2
    ----- stderr -----
    error: the new revision follows `second`, which is therefore applied first anyway
    help: leave that `--depends-on` out
    ");
    assert_transcript!(new(&["--depends-on", "first", "--depends-on", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: `first1` is given as a dependency twice
    help: leave that `--depends-on` out
    ");
    assert_transcript!(new(&["--depends-on", "base"]), @"
    exit code: 2
    ----- stderr -----
    error: `base` cannot be used here: expected a revision or `head`
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(new(&["--head", "current"]), @"
    exit code: 2
    ----- stderr -----
    error: `current` cannot be used here: expected a revision or `head`
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(new(&["--head", "frist1"]), @"
    exit code: 2
    ----- stderr -----
    error: no revision or branch label is called `frist1`; did you mean `first1`?
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(new(&["--head", "second+1abc"]), @"
    exit code: 2
    ----- stderr -----
    error: `second+1abc` is no target: expected `head`, `heads`, `base`, `current`, a revision id or a prefix of four or more characters, or a branch label; `BRANCH@` may stand before it, and `+N` or `-N` after it or by itself
    ");
    assert_transcript!(new(&["--branch-label", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: `first1` cannot be the branch label: it is the id of another revision
    help: choose another label
    ");
    assert_transcript!(new(&["--branch-label", "billing"]), @"
    exit code: 2
    ----- stderr -----
    error: `billing` cannot be the branch label: it is a branch label, of revision `second`
    help: choose another label
    ");
    assert_transcript!(new(&["--branch-label", "mine", "--rev-id", "mine"]), @"
    exit code: 2
    ----- stderr -----
    error: `mine` cannot be the branch label: it is the id of the new revision itself
    help: choose another label
    ");
    assert_transcript!(new(&["--branch-label", "mine", "--branch-label", "mine"]), @"
    exit code: 2
    ----- stderr -----
    error: `mine` cannot be the branch label: it is given twice
    help: choose another label
    ");
    assert_transcript!(new(&["--branch-label", "head"]), @"
    exit code: 2
    ----- stderr -----
    error: `head` is a reserved word
    ");
    assert_transcript!(new(&["--branch-label", "2nd"]), @"
    exit code: 2
    ----- stderr -----
    error: `2nd` is no branch label: expected a letter or `_`, then letters, digits, `_` and `.`, 64 in all at most
    ");
    assert_transcript!(new(&["--rev-id", "billing"]), @"
    exit code: 2
    ----- stderr -----
    error: `billing` cannot be an id: it is a branch label, of revision `second`
    help: `cargo migrate show billing` shows it
    ");
    assert_transcript!(new(&["--rev-id", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: `first1` cannot be an id: it is the id of another revision
    help: `cargo migrate show first1` shows it
    ");
    assert_eq!(std::fs::read_dir(project.path("migrations")).unwrap().count(), 2);
}

#[test]
fn a_template_says_everything_that_is_asked_for() {
    let project = forked();
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace("[\"sqlite\"]\n", "[\"sqlite\"]\ntemplates = \"templates\"\n"),
    );
    project.write(
        "templates/revision.sql",
        "-- {{ message }}\n--\n-- revision: {{ revision }}\n-- revises: {{ revises }}\n\n-- migrate:up\n-- migrate:down\n",
    );
    assert_transcript!(project.migrate(&["new", "n", "--head", "left01", "--depends-on", "right1"]), @"
    exit code: 1
    ----- stderr -----
    error: the template does not say what `depends-on` of this revision is; nothing was written
    help: add the line `-- depends-on: {{ depends-on }}` to its header
    ");
}

#[test]
fn a_merge_joins_what_can_be_joined() {
    let project = forked();
    let merge = |args: &[&str]| project.migrate(&[&["merge"], args].concat());
    assert_transcript!(merge(&["left01", "left"]), @"
    exit code: 2
    ----- stderr -----
    error: `left01` is named twice, and a revision cannot be merged with itself
    help: `cargo migrate merge left01 right1` joins all heads
    ");
    assert_transcript!(merge(&["left01", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: `left01` already follows `first1`, so there is nothing to merge
    help: `cargo migrate merge left01 right1` joins all heads
    ");
    assert_transcript!(merge(&["left01"]), @"
    exit code: 2
    ----- stderr -----
    error: a merge joins two or more revisions
    help: `cargo migrate merge left01 right1` joins all heads
    ");
    assert_transcript!(merge(&["left01", "rihgt1"]), @"
    exit code: 2
    ----- stderr -----
    error: no revision or branch label is called `rihgt1`; did you mean `right1`?
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(merge(&["left01", "base"]), @"
    exit code: 2
    ----- stderr -----
    error: a merge joins two or more revisions
    help: `cargo migrate merge left01 right1` joins all heads
    ");
    project.revision("second", "right1", "CREATE TABLE d (x);", "DROP TABLE d;");
    assert_transcript!(merge(&["left01", "right1"]), @"
    exit code: 2
    ----- stderr -----
    error: revision `right1` is no head, `second` follows it; `--splice` lets a branch begin there
    help: `cargo migrate merge left01 second` joins all heads
    ");
    assert_transcript!(merge(&["left01", "right1", "--splice", "--rev-id", "early1"]), @r#"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_early1_merge_left01_and_right1.sql
    ----- stderr -----
        Compared `left01` and `right1` in both orders: they end alike
         Created revision early1
    warning: the chain has several heads now: `second` and `early1`
    note: `cargo migrate merge` joins them, and `heads = "many"` in `[package.metadata.migrate]` allows them
    "#);
    assert_eq!(line(&project, "early1", "revises"), "-- revises: left01, right1");
    assert_eq!(project.migrate(&["merge", "heads"]).code, Some(0));
}

#[test]
fn a_merge_says_where_the_order_of_the_branches_matters() {
    let project = Project::with_chain();
    project.revision(
        "first1",
        "",
        "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);",
        "DROP TABLE a;",
    );
    project.revision("left01", "first1", "ALTER TABLE a ADD COLUMN l;", "SELECT 1;");
    project.revision(
        "right1",
        "first1",
        "ALTER TABLE a ADD COLUMN r;\nUPDATE a SET x = x + 1;",
        "SELECT 1;",
    );
    project.revision("right2", "right1", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["merge", "--rev-id", "merge1"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge1_merge_left01_and_right2.sql
    ----- stderr -----
    warning: table `a` depends on the order of the branches
      `left01` first: CREATE TABLE a (x, l, r)
      `right2` first: CREATE TABLE a (x, r, l)
    note: databases that took the branches in different orders will differ; the sections of the merge can make them alike, or `cargo migrate rebase` can put the branches in line
         Created revision merge1
    ");
    assert!(!project.path("dev.db").exists(), "no database of the project is touched");
    project.revision("left02", "left01", "CREATE TABLE b (y);", "DROP TABLE b;");
    project.revision("after1", "merge1", "UPDATE a SET x = x * 10;", "SELECT 1;");
    project.revision("left03", "left02", "DROP TABLE b;", "SELECT 1;");
    assert_transcript!(project.migrate(&["merge", "--rev-id", "merge2"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge2_merge_left03_and_after1.sql
    ----- stderr -----
    warning: `after1` first: statement 1 of revision `left02` failed: table b already exists (migrations/left02.sql:7:1)
    note: databases that took the branches in different orders will differ; the sections of the merge can make them alike, or `cargo migrate rebase` can put the branches in line
         Created revision merge2
    ");
    assert_eq!(line(&project, "merge2", "revises"), "-- revises: left03, after1");
}

#[test]
fn branches_are_tried_in_memory_or_not_at_all() {
    let project = forked();
    assert_transcript!(project.migrate(&["merge", "--no-compare", "--rev-id", "merge1"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge1_merge_left01_and_right1.sql
    ----- stderr -----
         Created revision merge1
    ");
    project.revision("far001", "first1", "ATTACH 'far.db' AS far;", "SELECT 1;");
    assert_transcript!(project.migrate(&["merge", "--rev-id", "merge2"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge2_merge_far001_and_merge1.sql
    ----- stderr -----
    note: the branches were not tried in different orders: revision `far001` uses other files than the database
         Created revision merge2
    ");
    assert!(!project.path("far.db").exists());

    let project = forked();
    project.revision("third1", "first1", "INSERT INTO a SELECT 1 FROM a;", "SELECT 1;");
    assert_transcript!(project.migrate(&["merge", "--rev-id", "merge1"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge1_merge_left01_and_right1_and_third1.sql
    ----- stderr -----
        Compared `left01`, `right1` and `third1` with each of them first: they end alike
         Created revision merge1
    ");
    let manifest = project.read("Cargo.toml");
    let (manifest, _) = manifest.split_once("[package.metadata.migrate.env.dev]").unwrap();
    let manifest =
        manifest.replace("[\"sqlite\"]\n", "[\"sqlite\"]\ndatabases = [\"one\", \"two\"]\n");
    project.write("Cargo.toml", manifest);
    project.write(
        "migrations/lower1.sql",
        "-- lower\n--\n-- revision: lower1\n-- revises: merge1\n\n-- migrate:up @one\nALTER TABLE a RENAME TO z;\n-- migrate:up @two\nSELECT 1;\n\n-- migrate:down\nSELECT 1;\n",
    );
    project.revision("lower2", "merge1", "CREATE INDEX i ON a (x);", "DROP INDEX i;");
    assert_transcript!(project.migrate(&["merge", "--rev-id", "merge2"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge2_merge_lower1_and_lower2.sql
    ----- stderr -----
    warning: database `one`: `lower1` first: statement 1 of revision `lower2` failed: no such table: main.a (migrations/lower2.sql:7:1)
    note: databases that took the branches in different orders will differ; the sections of the merge can make them alike, or `cargo migrate rebase` can put the branches in line
         Created revision merge2
    ");
}
