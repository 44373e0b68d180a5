//! Writing into the graph: `new`, `merge` and `rebase`.

use crate::support::{Project, assert_transcript};

/// `first1`, and after it `left01` and `right1`, each with a table of its own.
fn forked() -> Project {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("left01", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project.revision("right1", "first1", "CREATE TABLE c (x);", "DROP TABLE c;");
    project
}

/// The file of the revision with this id, which `new` or `merge` has named after the time.
fn file_of(project: &Project, id: &str) -> String {
    let mut files = std::fs::read_dir(project.path("migrations")).unwrap();
    let name = files.find_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.contains(id).then_some(name)
    });
    project.read(&format!("migrations/{}", name.unwrap()))
}

/// The header line with this key.
fn line(project: &Project, id: &str, key: &str) -> String {
    let text = file_of(project, id);
    let line = text.lines().find(|line| line.starts_with(&format!("-- {key}:")));
    line.unwrap_or_default().to_owned()
}

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
fn of_two_heads_the_one_that_is_not_applied_moves() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("left01", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project.migrate(&["up"]).success();
    project.revision("mine01", "first1", "CREATE TABLE c (x);", "DROP TABLE c;");
    project.revision("mine02", "mine01", "CREATE TABLE d (x);", "DROP TABLE d;");
    let before = project.read("migrations/mine02.sql");
    assert_transcript!(project.migrate(&["check"]), @r#"
    exit code: 4
    ----- stderr -----
    error[M0022]: the chain has 2 heads: `left01` and `mine02`
     --> migrations/left01.sql:3:14
      |
    3 | -- revision: left01
      |              ^^^^^^ no revision follows this one
      |
     ::: migrations/mine02.sql:3:14
      |
    3 | -- revision: mine02
      |              ------ no revision follows this one
      |
      = note: this happens when two branches of a project each add a revision
      = help: `cargo migrate merge` joins them with a new revision
      = help: or put them in line: `cargo migrate rebase mine02 --onto left01`, if `mine02` is applied nowhere yet
      = help: or allow several: `heads = "many"` in `[package.metadata.migrate]`

    error: the chain is invalid: 1 error; nothing was changed
    help: `cargo migrate explain M0022` tells more
    "#);
    assert_transcript!(project.migrate(&["rebase", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    migrations/mine01.sql:4
      - -- revises: first1
      + -- revises: left01
    ----- stderr -----
      Would edit migrations/mine01.sql
    Would rebase 2 revisions onto `left01`; the head is `mine02`
    ");
    assert!(project.read("migrations/mine01.sql").contains("-- revises: first1\n"));
    assert_transcript!(project.migrate(&["rebase"]), @"
    exit code: 0
    ----- stderr -----
          Edited migrations/mine01.sql
         Rebased 2 revisions onto `left01`; the head is `mine02`
    ");
    assert!(project.read("migrations/mine01.sql").contains("-- revises: left01\n"));
    assert_eq!(project.read("migrations/mine02.sql"), before);
    assert_transcript!(project.migrate(&["rebase"]), @"
    exit code: 0
    ----- stderr -----
        Finished nothing to do: the chain has no two heads
    ");
    assert_transcript!(project.migrate(&["rebase", "mine02", "--onto", "left01"]), @"
    exit code: 0
    ----- stderr -----
        Finished nothing to do: `mine02` comes after `left01` already
    ");
    project.migrate(&["up"]).success();
    project.migrate(&["down", "base"]).success();
}

#[test]
fn nobody_guesses_which_head_is_meant() {
    let project = forked();
    assert_transcript!(project.migrate(&["rebase"]), @"
    exit code: 2
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
    error: neither `left01` nor `right1` is applied, so either could follow the other
    help: `cargo migrate rebase right1 --onto left01` lets `right1` follow
    help: `cargo migrate rebase left01 --onto right1` lets `left01` follow
    ");
    assert_transcript!(project.migrate(&["rebase", "--no-database"]), @"
    exit code: 2
    ----- stderr -----
    error: nothing says which of the heads `left01` and `right1` is to follow the other
    help: `cargo migrate rebase right1 --onto left01` lets `right1` follow
    help: `cargo migrate rebase left01 --onto right1` lets `left01` follow
    ");
    project.revision("third1", "first1", "CREATE TABLE e (x);", "DROP TABLE e;");
    assert_transcript!(project.migrate(&["rebase"]), @"
    exit code: 2
    ----- stderr -----
    error: nothing says which of the heads `left01`, `right1` and `third1` is to follow which
    help: as in `cargo migrate rebase third1 --onto left01`
    ");
    assert_transcript!(project.migrate(&["rebase", "third1"]), @"
    exit code: 2
    ----- stderr -----
    error: several heads do not come after `third1`: `left01` and `right1`; name the one that is meant
    help: as in `cargo migrate rebase third1 --onto left01`
    ");
    assert_transcript!(project.migrate(&["rebase", "third1", "--onto", "left01"]), @"
    exit code: 0
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
          Edited migrations/third1.sql
         Rebased 1 revision onto `left01`; the heads are `right1` and `third1`
    note: `cargo migrate merge` joins the heads, `cargo migrate rebase third1 --onto right1` puts two more in line
    ");
    assert_transcript!(project.migrate(&["rebase", "--onto", "right1"]), @"
    exit code: 0
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
          Edited migrations/left01.sql
         Rebased 2 revisions onto `right1`; the head is `third1`
    ");
}

#[test]
fn an_applied_revision_keeps_its_parents() {
    let project = forked();
    let text = project.read("migrations/right1.sql");
    std::fs::remove_file(project.path("migrations/right1.sql")).unwrap();
    project.migrate(&["up"]).success();
    project.write("migrations/right1.sql", &text);
    assert_transcript!(project.migrate(&["rebase", "left01", "--onto", "right1"]), @"
    exit code: 1
    ----- stderr -----
    error: revision `left01` is applied in `sqlite:dev.db` (from environment `dev`), and an applied revision keeps its ancestors; nothing was changed
    help: the other way round nothing is applied: `cargo migrate rebase right1 --onto left01`
    help: `cargo migrate merge right1 left01` joins them as they are
    help: or undo it there first, if it is applied nowhere else: `cargo migrate down left01@first1`
    ");
    // Also where only what follows it is: here both are.
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace("[\"sqlite\"]\n", "[\"sqlite\"]\nheads = \"many\"\n"),
    );
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["rebase"]), @"
    exit code: 1
    ----- stderr -----
    error: revisions of both `left01` and `right1` are applied, and an applied revision keeps its ancestors; nothing was changed
    help: `cargo migrate merge left01 right1` joins them as they are
    ");
    assert_transcript!(project.migrate(&["rebase", "left01"]), @"
    exit code: 1
    ----- stderr -----
    error: revision `left01` is applied in `sqlite:dev.db` (from environment `dev`), and an applied revision keeps its ancestors; nothing was changed
    help: `cargo migrate merge right1 left01` joins them as they are
    help: or undo it there first, if it is applied nowhere else: `cargo migrate down left01@first1`
    ");
    assert_eq!(project.read("migrations/right1.sql"), text);
    // What the last help line says.
    project.migrate(&["down", "left01@first1"]).success();
    project.migrate(&["rebase"]).success();
    assert!(project.read("migrations/left01.sql").contains("revises: right1"));
}

#[test]
fn every_environment_that_is_named_is_looked_at() {
    let project = forked();
    project.append(
        "Cargo.toml",
        "\n[package.metadata.migrate.env.stage]\nurl = \"sqlite:stage.db\"\n",
    );
    project.append("Cargo.toml", "\n[package.metadata.migrate.env.live]\nurl = \"${LIVE_URL}\"\n");
    let left = project.read("migrations/left01.sql");
    std::fs::remove_file(project.path("migrations/left01.sql")).unwrap();
    project.migrate(&["up", "--env", "stage"]).success();
    project.write("migrations/left01.sql", left);
    let rebase = |args: &[&str]| {
        project.migrate(&[&["rebase", "right1", "--onto", "left01", "--dry-run"], args].concat())
    };
    assert_transcript!(rebase(&[]), @"
    exit code: 0
    ----- stdout -----
    migrations/right1.sql:4
      - -- revises: first1
      + -- revises: left01
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
      Would edit migrations/right1.sql
    Would rebase 1 revision onto `left01`; the head is `right1`
    ");
    assert_transcript!(rebase(&["--env", "dev", "--env", "stage"]), @"
    exit code: 1
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
    error: revision `right1` is applied in `sqlite:stage.db` (from environment `stage`), and an applied revision keeps its ancestors; nothing was changed
    help: the other way round nothing is applied: `cargo migrate rebase left01 --onto right1`
    help: `cargo migrate merge left01 right1` joins them as they are
    help: or undo it there first, if it is applied nowhere else: `cargo migrate down right1@first1`
    ");
    assert_transcript!(rebase(&["--env", "stagr"]), @"
    exit code: 2
    ----- stderr -----
    error: unknown environment `stagr`; did you mean `stage`?
    help: if nothing that moves is applied anywhere: `--no-database`
    ");
    assert_transcript!(rebase(&["--env", "live"]), @"
    exit code: 2
    ----- stderr -----
    error: environment `live` needs the variable `LIVE_URL`, which is not set; set it in the environment or in `.env`
    help: if nothing that moves is applied anywhere: `--no-database`
    ");
    assert_transcript!(rebase(&["--no-database"]), @"
    exit code: 0
    ----- stdout -----
    migrations/right1.sql:4
      - -- revises: first1
      + -- revises: left01
    ----- stderr -----
      Would edit migrations/right1.sql
    Would rebase 1 revision onto `left01`; the head is `right1`
    ");
    project.write("dev.db", "This is a shopping list, and certainly no database.\n".repeat(40));
    assert_transcript!(rebase(&[]), @"
    exit code: 1
    ----- stderr -----
    error: failed to read the database: file is not a database
     = database: [ROOT]/dev.db
     = help: `[ROOT]/dev.db` is not an SQLite database, or is encrypted: name another file, or move this one away
    help: if nothing that moves is applied anywhere: `--no-database`
    ");
    assert_transcript!(project.migrate(&["rebase"]), @"
    exit code: 1
    ----- stderr -----
    error: failed to read the database: file is not a database
     = database: [ROOT]/dev.db
     = help: `[ROOT]/dev.db` is not an SQLite database, or is encrypted: name another file, or move this one away
    help: if nothing that moves is applied anywhere: `--no-database`
    ");
    // Named databases are looked at one by one.
    project.write(
        "Cargo.toml",
        project.read("Cargo.toml").split("[package.metadata.migrate]").next().unwrap(),
    );
    project.append(
        "Cargo.toml",
        "[package.metadata.migrate]\ndialects = [\"sqlite\"]\ndatabases = [\"one\", \"two\"]\n\n\
         [package.metadata.migrate.env.dev.databases]\none = \"sqlite:one.db\"\ntwo = \"sqlite:stage.db\"\n",
    );
    assert_transcript!(rebase(&[]), @"
    exit code: 1
    ----- stderr -----
    note: database `one`, `sqlite:one.db` (from environment `dev`) does not exist yet, so nothing is applied there
    error: revision `right1` is applied in database `two`, `sqlite:stage.db` (from environment `dev`), and an applied revision keeps its ancestors; nothing was changed
    help: the other way round nothing is applied: `cargo migrate rebase left01 --onto right1`
    help: `cargo migrate merge left01 right1` joins them as they are
    help: or undo it there first, if it is applied nowhere else: `cargo migrate down right1@first1`
    ");
    assert_transcript!(rebase(&["--database-url", "sqlite:other.db"]), @"
    exit code: 0
    ----- stdout -----
    migrations/right1.sql:4
      - -- revises: first1
      + -- revises: left01
    ----- stderr -----
    note: database `one`, `sqlite:other.db` (from `--database-url`) does not exist yet, so nothing is applied there
      Would edit migrations/right1.sql
    Would rebase 1 revision onto `left01`; the head is `right1`
    ");
}

#[test]
fn without_a_database_it_is_said() {
    let project = forked();
    let manifest = project.read("Cargo.toml");
    let (manifest, _) = manifest.split_once("[package.metadata.migrate.env.dev]").unwrap();
    project.write("Cargo.toml", manifest);
    let args = ["rebase", "right1", "--onto", "left01", "--dry-run"];
    assert_transcript!(project.migrate(&args), @"
    exit code: 0
    ----- stdout -----
    migrations/right1.sql:4
      - -- revises: first1
      + -- revises: left01
    ----- stderr -----
    note: no database is configured, so none was looked at for applied revisions
      Would edit migrations/right1.sql
    Would rebase 1 revision onto `left01`; the head is `right1`
    ");
    project
        .append("Cargo.toml", "[package.metadata.migrate.env.stage]\nurl = \"sqlite:stage.db\"\n");
    assert_transcript!(project.migrate(&args), @"
    exit code: 2
    ----- stderr -----
    error: nothing says in which database to look for applied revisions
    help: name an environment, as in `--env stage`
    help: if nothing that moves is applied anywhere: `--no-database`
    ");
}

#[test]
fn what_cannot_be_rebased_stays() {
    let project = forked();
    project.revision("second", "left01", "CREATE TABLE d (x);", "DROP TABLE d;");
    project.write(
        "migrations/user01.sql",
        "-- user01\n--\n-- revision: user01\n-- revises: right1\n-- depends-on: left01\n\n-- migrate:up\nCREATE TABLE e (x);\n\n-- migrate:down\nDROP TABLE e;\n",
    );
    let rebase = |args: &[&str]| project.migrate(&[&["rebase"], args].concat());
    assert_transcript!(rebase(&["left01", "--onto", "second"]), @"
    exit code: 2
    ----- stderr -----
    error: `left01` cannot follow `second`: `second` comes after `left01` already
    help: `cargo migrate heads` lists the heads
    ");
    assert_transcript!(rebase(&["left01", "--onto", "left"]), @"
    exit code: 2
    ----- stderr -----
    error: revision `left01` cannot follow itself
    help: `cargo migrate heads` lists the heads
    ");
    assert_transcript!(rebase(&["first1"]), @"
    exit code: 2
    ----- stderr -----
    error: every head comes after `first1`, so there is nothing to rebase
    help: `cargo migrate heads` lists the heads
    ");
    assert_transcript!(rebase(&["lfet01"]), @"
    exit code: 2
    ----- stderr -----
    error: no revision or branch label is called `lfet01`; did you mean `left01`?
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(rebase(&["left01", "--onto", "base"]), @"
    exit code: 2
    ----- stderr -----
    error: `base` cannot be used here: expected a revision or `head`
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(rebase(&["left01", "--onto", "current"]), @"
    exit code: 2
    ----- stderr -----
    error: `current` cannot be used here: expected a revision or `head`
    help: `cargo migrate history` lists the revisions
    ");
    assert_transcript!(rebase(&["second", "--onto", "user01"]), @"
    exit code: 2
    ----- stderr -----
    error: `left01` cannot come after `user01`: `user01` depends on it
    help: the other way round: `cargo migrate rebase user01 --onto left01`
    ");
    assert_transcript!(rebase(&["user01", "--onto", "left01"]), @"
    exit code: 0
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
          Edited migrations/right1.sql
         Rebased 2 revisions onto `left01`; the heads are `second` and `user01`
    note: `cargo migrate merge` joins the heads, `cargo migrate rebase user01 --onto second` puts two more in line
    ");
    project.migrate(&["merge", "second", "user01", "--rev-id", "merge1"]).success();
    project.revision("yours1", "left01", "CREATE TABLE f (x);", "DROP TABLE f;");
    assert_transcript!(rebase(&["user01", "--onto", "yours1"]), @"
    exit code: 0
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
          Edited migrations/right1.sql
         Rebased 2 revisions onto `yours1`; the head is `merge1`
    ");
    project.write(
        "migrations/theirs.sql",
        "-- theirs\n--\n-- revision: theirs\n-- revises: merge1\n\n-- migrate:up\nCREATE TABLE g (x);\n\n-- migrate:down\nDROP TABLE g;\n",
    );
    assert_transcript!(rebase(&["merge1", "--onto", "yours1"]), @"
    exit code: 0
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
          Edited migrations/second.sql
         Rebased 4 revisions onto `yours1`; the head is `theirs`
    ");
    project.revision("after1", "second", "CREATE TABLE h (x);", "DROP TABLE h;");
    assert_transcript!(rebase(&["theirs", "--onto", "after1"]), @"
    exit code: 2
    ----- stderr -----
    error: the merge `merge1` would have nothing to merge: what it joins would all be one line after `after1`
    help: `cargo migrate merge after1 theirs` joins the heads as they are
    help: or, if `merge1` is applied nowhere: delete its file, and let what follows it name the parent of it that moves
    ");
}

#[test]
fn only_header_lines_are_rewritten() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("left01", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    let windows = "\u{feff}-- mine, revises: first1\r\n--\r\n--  revision: mine01\r\n--  revises:   first1\r\n-- created: 2026-11-21T22:11:04Z\r\n\r\n-- migrate:up\r\n-- revises: first1\r\nCREATE TABLE c (x);\r\n\r\n-- migrate:down\r\nDROP TABLE c;";
    project.write("migrations/sub/20200101T0000_mine01_x.sql", windows);
    let base = "-- other\n--\n-- revision: other1\n\n-- migrate:up\nCREATE TABLE d (x);\n\n-- migrate:down\nDROP TABLE d;\n";
    project.write("migrations/other.sql", base);
    project.migrate(&["rebase", "mine01", "--onto", "left01"]).success();
    assert_eq!(
        project.read("migrations/sub/20200101T0000_mine01_x.sql"),
        windows.replace("  revises:   first1", "  revises:   left01")
    );
    assert_transcript!(project.migrate(&["rebase", "other1", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    migrations/other.sql:4
      + -- revises: mine01
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
      Would edit migrations/other.sql
    Would rebase 1 revision onto `mine01`; the head is `other1`
    ");
    project.migrate(&["rebase", "other1"]).success();
    assert_eq!(
        project.read("migrations/other.sql"),
        base.replace("revision: other1\n", "revision: other1\n-- revises: mine01\n")
    );
    // The name of the file that moved is the oldest one, and it runs after what it follows.
    assert_transcript!(project.migrate(&["up", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    up first1  first1
    up left01  left01
    up mine01  mine, revises: first1
    up other1  other
    ----- stderr -----
    note: the database does not exist yet; `up` creates it
         Planned sqlite:dev.db (from environment `dev`)
        Finished 4 steps, committed at the end, all or nothing; nothing was changed
    ");
}

#[cfg(unix)]
#[test]
fn all_files_change_or_none() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = forked();
    project.write(
        "migrations/right1.sql",
        "-- right1\n--\n-- revision: right1\n-- revises: first1\n\n-- migrate:up\nCREATE TABLE c (x);\n\n-- migrate:down\nDROP TABLE c;\n",
    );
    project.revision("twin01", "first1", "CREATE TABLE t (x);", "DROP TABLE t;");
    project.write(
        "migrations/zmerge.sql",
        "-- z\n--\n-- revision: zmerge\n-- revises: right1, twin01\n",
    );
    let texts = |project: &Project| {
        ["right1", "twin01", "zmerge"].map(|id| project.read(&format!("migrations/{id}.sql")))
    };
    let before = texts(&project);
    let file = project.path("migrations/twin01.sql");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    assert_transcript!(project.migrate(&["rebase", "zmerge"]), @"
    exit code: 1
    ----- stderr -----
    note: `sqlite:dev.db` (from environment `dev`) does not exist yet, so nothing is applied there
    error: cannot write `[ROOT]/migrations/twin01.sql`: read-only file; nothing was changed
    ");
    assert_eq!(texts(&project), before);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    project.migrate(&["rebase", "zmerge"]).success();
    let [right, twin, merge] = texts(&project);
    assert!(right.contains("revises: left01") && twin.contains("revises: left01"));
    assert_eq!(merge, before[2]);
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
