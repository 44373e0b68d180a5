//! Writing into the graph: `new`, `merge` and `rebase`.

use crate::support::{Project, assert_transcript};

/// `first1`, and after it `left01` and `right1`, each with a table of its own.
pub(crate) fn forked() -> Project {
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
pub(crate) fn line(project: &Project, id: &str, key: &str) -> String {
    let text = file_of(project, id);
    let line = text.lines().find(|line| line.starts_with(&format!("-- {key}:")));
    line.unwrap_or_default().to_owned()
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
