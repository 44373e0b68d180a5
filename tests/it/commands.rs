//! A project's everyday life.

use crate::support::{Project, assert_transcript};

#[test]
fn a_first_revision_is_written_applied_and_undone() {
    let project = Project::with_chain();
    assert_transcript!(project.migrate(&["new", "create account!", "--rev-id", "aaaa1111"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_aaaa1111_create_account.sql
    ----- stderr -----
         Created revision aaaa1111
    ");
    assert_transcript!(project.migrate(&["check"]), @"
    exit code: 0
    ----- stderr -----
    warning[M0033]: this section is empty
     --> migrations/[DATE]_aaaa1111_create_account.sql:6:1
      |
    6 | -- migrate:up
      | ^^^^^^^^^^^^^
      |
      = help: write the SQL below it; where there is nothing to do, a comment that says why

    warning[M0033]: this section is empty
     --> migrations/[DATE]_aaaa1111_create_account.sql:8:1
      |
    8 | -- migrate:down
      | ^^^^^^^^^^^^^^^
      |
      = help: write the SQL below it; where there is nothing to do, a comment that says why

         Checked 1 revision, head `aaaa1111`, 2 warnings
    ");
    let file = std::fs::read_dir(project.path("migrations")).unwrap().next().unwrap().unwrap();
    let name = file.file_name().into_string().unwrap();
    let path = format!("migrations/{name}");
    let text = project.read(&path);
    let text = text
        .replace(
            "-- migrate:up\n",
            "-- migrate:up\nCREATE TABLE account (id INTEGER PRIMARY KEY);\n",
        )
        .replace("-- migrate:down\n", "-- migrate:down\nDROP TABLE account;\n");
    project.write(&path, text);

    assert_transcript!(project.migrate(&["up", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    up aaaa1111  create account!
    ----- stderr -----
    note: the database does not exist yet; `up` creates it
         Planned sqlite:dev.db (from environment `dev`)
        Finished 1 step, committed at the end, all or nothing; nothing was changed
    ");
    assert!(!project.path("dev.db").exists(), "a dry run creates nothing");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned up aaaa1111; committed at the end, all or nothing
        Applying aaaa1111 create account!
        Finished 1 revision applied in [TIME]
    ");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do in [TIME]
    ");
    assert_transcript!(project.migrate(&["status"]), @"
    exit code: 0
    ----- stdout -----
    database: [ROOT]/dev.db (from environment `dev`)
          at: aaaa1111

     applied  aaaa1111  create account!  ([NOW] by [WHO] in [TIME])

       total: 1 applied; nothing to do
    ");
    assert_transcript!(project.migrate(&["down"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned down aaaa1111; committed at the end, all or nothing
         Undoing aaaa1111 create account!
        Finished 1 revision undone in [TIME]
    ");
    assert_eq!(project.schema("dev.db"), "");
    assert_transcript!(project.migrate(&["status", "--check"]), @"
    exit code: 3
    ----- stdout -----
    database: [ROOT]/dev.db (from environment `dev`)
          at: base: no revision is applied

     pending  aaaa1111  create account!

       total: 1 pending
        next: `up`
    ");
}

#[test]
fn the_chain_is_shown() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision(
        "second",
        "first1",
        "CREATE TABLE b (x);\nCREATE INDEX i ON b (x);",
        "DROP TABLE b;",
    );
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    second (head)  second
    first1 (base)  first1
    ");
    assert_transcript!(project.migrate(&["heads"]), @"
    exit code: 0
    ----- stdout -----
    second  second
    ");
    assert_transcript!(project.migrate(&["show", "seco"]), @"
    exit code: 0
    ----- stdout -----
        revision: second
         message: second
            file: migrations/second.sql
         parents: first1
          sqlite: 2 up, 1 down, checksum 5a5ba9f293b9

    -- second
    --
    -- revision: second
    -- revises: first1

    -- migrate:up
    CREATE TABLE b (x);
    CREATE INDEX i ON b (x);

    -- migrate:down
    DROP TABLE b;
    ");
    assert_transcript!(project.migrate(&["show", "secnd"]), @"
    exit code: 2
    ----- stderr -----
    error: no revision or branch label is called `secnd`; did you mean `second`?
    help: `history` lists the revisions
    ");
    assert_transcript!(project.migrate(&["explain", "M0018"]), @"
    exit code: 0
    ----- stdout -----
    # M0018: a revision follows or depends on itself

    A revision runs after its parents and dependencies, so it can be neither of its own. Mostly a file was
    copied and only one of the two lines was changed.

    ## Example

    ```sql
    -- create invoice
    --
    -- revision: b2
    -- revises: b2
    ```

    With the revision that comes before it:

    ```sql
    -- create invoice
    --
    -- revision: b2
    -- revises: a1
    ```

    ## What to do

    Name the revision that comes before this one. Leave `revises` empty, or out, for a base: the first
    revision of a line. In `depends-on`, a label of the revision's own means the revision itself.
    ");
}

#[test]
fn a_revision_follows_the_head_and_a_chosen_one_where_there_are_several() {
    let project = Project::with_chain();
    project.append("Cargo.toml", "");
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace("[\"sqlite\"]\n", "[\"sqlite\"]\nheads = \"many\"\n"),
    );
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate(&["new", "left", "--rev-id", "left1"]).success();
    project.revision("right1", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["new", "next", "--rev-id", "next1"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain has several heads: `left1` and `right1`; name one of them, or say `heads`
    help: say which one is meant, as in `--head left1`
    ");
    project.migrate(&["new", "next", "--rev-id", "next1", "--head", "right1"]).success();
    assert_transcript!(project.migrate(&["heads"]), @"
    exit code: 0
    ----- stdout -----
    left1  left
    next1  next
    ");
}

#[test]
fn a_project_can_have_its_own_template_and_file_names() {
    let project = Project::with_chain();
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace(
            "[\"sqlite\"]\n",
            "[\"sqlite\"]\ntemplates = \"templates\"\nfile-name = \"{slug}.{revision}\"\n",
        ),
    );
    project.write(
        "templates/revision.sql",
        "-- {{ message }}\n--\n-- revision: {{ revision }}\n-- revises: {{ revises }}\n\n-- Reviewed by:\n\n-- migrate:up\n-- migrate:down\n",
    );
    project.migrate(&["new", "Add E-Mail", "--rev-id", "r1"]).success();
    assert_eq!(
        project.read("migrations/add_e_mail.r1.sql"),
        "-- Add E-Mail\n--\n-- revision: r1\n\n-- Reviewed by:\n\n-- migrate:up\n-- migrate:down\n"
    );
}

#[test]
fn the_url_of_the_manifest_is_relative_to_the_manifest() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate_in("src", &["up"]).success();
    assert!(project.path("dev.db").exists());
    assert!(!project.path("src/dev.db").exists());
}

#[test]
fn a_protected_environment_is_not_undone_without_a_word() {
    let project = Project::with_chain();
    project.append("Cargo.toml", "protected = true\n");
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["down"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: environment `dev` protects this database, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `down --yes`
    ");
    // The same database by another way.
    let url = format!("sqlite:{}", project.path("dev.db").display());
    assert_eq!(project.migrate(&["down", "--database-url", &url]).code, Some(1));
    project.migrate(&["down", "--yes"]).success();
}

#[test]
fn arguments_are_those_of_cargo() {
    let project = Project::with_chain();
    assert_eq!(project.migrate(&["frobnicate"]).code, Some(2));
    assert_eq!(project.migrate(&["--help"]).code, Some(0));
    assert_transcript!(project.migrate(&["-q", "check"]), @"exit code: 0");
    assert_transcript!(project.migrate(&["check", "-p", "ap"]), @"
    exit code: 2
    ----- stderr -----
    error: package `ap` is no member of the workspace
    help: did you mean `-p app`?
    ");
    assert_transcript!(project.migrate_in("/", &["check"]), @"
    exit code: 2
    ----- stderr -----
    error: no `Cargo.toml` in `/` or in any directory above it
    help: go to a package, or name one with `--manifest-path`; `cargo new` makes one
    ");
    assert_transcript!(project.migrate_in("/", &["check", "--manifest-path", project.path("Cargo.toml").to_str().unwrap()]), @"
    exit code: 0
    ----- stderr -----
         Checked 0 revisions
    ");
}

#[test]
fn two_heads_are_merged() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("left01", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_transcript!(project.migrate(&["merge"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain has no two heads, so there is nothing to merge
    help: the only head is `left01`
    ");
    project.revision("right1", "first1", "CREATE TABLE c (x);", "DROP TABLE c;");
    assert_eq!(project.migrate(&["up"]).code, Some(4), "several heads are an invalid chain");
    assert_transcript!(project.migrate(&["merge", "left01", "first1"]), @"
    exit code: 2
    ----- stderr -----
    error: `left01` already follows `first1`, so there is nothing to merge
    help: `cargo migrate merge left01 right1` joins all heads
    ");
    assert_transcript!(project.migrate(&["merge", "--rev-id", "merge1"]), @"
    exit code: 0
    ----- stdout -----
    migrations/[DATE]_merge1_merge_left01_and_right1.sql
    ----- stderr -----
        Compared `left01` and `right1` in both orders: they end alike
         Created revision merge1
    ");
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    ●  merge1 (head, merge)  merge left01 and right1
    ├─╮
    │ ●  right1  right1
    ● │  left01  left01
    ●─╯  first1 (base)  first1
    ");
    project.migrate(&["down", "base"]).success();
}

#[test]
fn a_message_never_breaks_the_chain() {
    let project = Project::with_chain();
    for (id, message) in [
        ("one1", "migrate:up the users"),
        ("two2", "revision: none"),
        ("tre3", "Migrate : down"),
        ("for4", "a\n\nb: c"),
        ("fiv5", "-- migrate:up"),
        ("six6", "*/ ' \" $$ żółw"),
    ] {
        project.migrate(&["new", "--rev-id", id, "--", message]).success();
        assert_eq!(project.migrate(&["check"]).code, Some(0), "{message}");
    }
    assert_eq!(project.migrate(&["new", " \n"]).code, Some(1));
    assert_eq!(project.migrate(&["new", "a\u{7}"]).code, Some(1));
}

#[test]
fn quiet_silences_progress_and_no_answer() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.migrate(&["up"]).success();
    project.revision("second", "first1", "", "DROP TABLE b;");
    for line in ["status", "plan", "plan --down", "history --applied", "heads", "show head", "sql"]
    {
        let line: Vec<&str> = line.split(' ').collect();
        let loud = project.migrate(&line).success();
        let quiet = project.migrate(&[&line[..], &["-q"]].concat()).success();
        assert_eq!(quiet.stdout, loud.stdout, "{line:?}");
        assert!(!quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{}", quiet.transcript());
    }
    // The findings are the answer of `check`, wherever they stand.
    let quiet = project.migrate(&["check", "-q"]).success();
    assert!(quiet.stderr.contains("warning[M"), "{}", quiet.transcript());
    assert!(!quiet.stderr.contains("Checked"), "{}", quiet.transcript());
}

#[test]
fn a_reader_who_goes_away_changes_neither_the_work_nor_the_exit_code() {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    let closed = |args: &[&str]| {
        let pipe = || std::io::pipe().unwrap().1;
        std::process::Command::new(env!("CARGO_BIN_EXE_cargo-migrate"))
            .args(args)
            .current_dir(project.root())
            .env_remove("DATABASE_URL")
            .stdout(pipe())
            .stderr(pipe())
            .status()
            .unwrap()
            .code()
    };
    assert_eq!(closed(&["up"]), Some(0));
    project.migrate(&["status", "--check"]).success();
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    assert_eq!(closed(&["status", "--check"]), Some(3));
    assert_eq!(closed(&["status", "--check", "--message-format=json"]), Some(3));
    assert_eq!(closed(&["down", "--message-format=json"]), Some(0));
    assert_eq!(closed(&["up", "--message-format=json"]), Some(0));
    project.write("migrations/third.sql", "no header");
    assert_eq!(closed(&["check"]), Some(4));
    assert_eq!(closed(&["up"]), Some(4));
    assert_eq!(closed(&["up", "--message-format=json"]), Some(4));
}

#[test]
fn an_edited_revision_is_undone_with_the_script_of_choice() {
    for (source, left) in [("database", ""), ("file", "index|i|a|CREATE INDEX i ON a (x)\n")] {
        let project = Project::with_chain();
        project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
        project.revision("second", "first1", "CREATE INDEX i ON a (x);", "DROP INDEX i;");
        project.migrate(&["up"]).success();
        project.revision("second", "first1", "CREATE INDEX j ON a (x);", "SELECT 1;");
        assert_eq!(project.migrate(&["down"]).code, Some(1));
        project.migrate(&["down", "--from", source]).success();
        let table = "table|a|a|CREATE TABLE a (x)\n";
        assert_eq!(project.schema("dev.db"), format!("{left}{table}"));
    }
}

#[test]
fn a_comment_that_does_not_end_is_not_swallowed() {
    let project = Project::with_chain();
    project.revision("first1", "", "/* CREATE TABLE a (x);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["check"]), @"
    exit code: 4
    ----- stderr -----
    error[M0027]: this comment does not end
     --> migrations/first1.sql:7:1
      |
    7 | /* CREATE TABLE a (x);
      | ^^ it begins here
      |
      = note: a section ends at the next marker, whatever is open
      = help: close it with `*/`

    error: the chain is invalid: 1 error; nothing was changed
    help: `cargo migrate explain M0027` tells more
    ");
}

#[test]
fn init_takes_no_wrong_arguments() {
    let project = Project::package(&["src/lib.rs"]);
    for args in [["--path", "nowhere"], ["--chain", "a b"], ["--database-url", "my.db"]] {
        assert_eq!(project.migrate(&[&["init"], &args[..]].concat()).code, Some(2), "{args:?}");
    }
    assert!(!project.path("build.rs").exists());
}
