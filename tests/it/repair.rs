//! What is recorded, changed by hand: `stamp`, `repair`, `redo` and `plan`.

use crate::support::{Project, assert_transcript};

/// Three revisions in a line.
fn project() -> Project {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project.revision("third1", "second", "CREATE TABLE c (x);", "DROP TABLE c;");
    project
}

fn protected() -> Project {
    let project = project();
    project.append("Cargo.toml", "protected = true\n");
    project
}

fn applied() -> Project {
    let project = project();
    project.migrate(&["up"]).success();
    project
}

/// One whose second revision runs outside a transaction, and stopped at its third statement.
fn stopped() -> Project {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.write(
        "migrations/second.sql",
        "-- second\n--\n-- revision: second\n-- revises: first1\n-- transaction: none\n\n\
         -- migrate:up\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n\
         INSERT INTO nowhere\nVALUES (3);\n\n-- migrate:down\nDELETE FROM a;\n",
    );
    assert_eq!(project.migrate(&["up"]).code, Some(1));
    project
}

fn rows(project: &Project) -> String {
    project.sqlite3(
        "dev.db",
        "SELECT group_concat(revision || ' ' || status, ', ') FROM (SELECT * FROM migrate_revisions ORDER BY revision)",
    )
}

#[test]
fn a_database_that_has_everything_is_stamped() {
    let project = project();
    assert_transcript!(project.migrate(&["stamp", "head"]), @"
    exit code: 5
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: database file `[ROOT]/dev.db` does not exist
     = help: `up` creates it, unless it is opened read-only
    ");
    assert!(!project.path("dev.db").exists());
    project.sqlite3("dev.db", "CREATE TABLE a (x)");
    assert_transcript!(project.migrate(&["stamp", "second", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    stamp first1 first1
    stamp second second
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 2 revisions to stamp; nothing was changed
    ");
    assert_transcript!(project.migrate(&["stamp", "second"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Stamped first1 first1
         Stamped second second
        Finished 2 revisions stamped; none was run or undone
    ");
    assert_transcript!(project.migrate(&["stamp", "second"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do
    ");
    assert_transcript!(project.migrate(&["status"]), @"
    exit code: 0
    ----- stdout -----
    database: [ROOT]/dev.db (from environment `dev`)
          at: second

     stamped  first1  first1  ([NOW] by [WHO] in [TIME])
     stamped  second  second  ([NOW] by [WHO] in [TIME])
     pending  third1  third1

       total: 2 applied, 1 pending
        next: `up`
    ");
    project.migrate(&["up"]).success();
    assert_eq!(rows(&project), "first1 stamped, second stamped, third1 applied\n");
    assert_transcript!(project.migrate(&["stamp", "-2"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
          Forgot third1 third1
          Forgot second second
        Finished 2 revisions forgotten; none was run or undone
    ");
    assert_transcript!(project.migrate(&["stamp", "base"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
          Forgot first1 first1
        Finished 1 revision forgotten; none was run or undone
    ");
    assert_eq!(rows(&project), "\n");
}

#[test]
fn a_stamp_takes_no_wrong_targets() {
    let project = applied();
    assert_eq!(project.migrate(&["stamp"]).code, Some(2));
    assert_transcript!(project.migrate(&["stamp", "first1", "third1"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: `first1` and `third1` cannot be meant together: `third1` comes after `first1`; name `third1` alone
     = [ROOT]/dev.db: the database is as before
     = help: `stamp third1`: it records `first1` and all else that comes before
    ");
    assert_transcript!(project.migrate(&["stamp", "base", "third1"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: `base` cannot be used here: expected a revision or `head`
     = [ROOT]/dev.db: the database is as before
     = help: `stamp base` alone forgets every revision; beside others it says nothing
    ");
    assert_transcript!(project.migrate(&["stamp", "thrid1"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: no revision or branch label is called `thrid1`; did you mean `third1`?
     = [ROOT]/dev.db: the database is as before
    ");
    assert_transcript!(project.migrate(&["stamp", "-1abc"]), @"
    exit code: 2
    ----- stderr -----
    error: unexpected argument '-1' found
    help: to pass '-1' as a value, use '-- -1'
    help: `cargo migrate stamp --help` shows what can be given
    ");
    assert_eq!(rows(&project), "first1 applied, second applied, third1 applied\n");
}

#[test]
fn a_purge_forgets_what_the_chain_does_not_know() {
    let project = applied();
    for name in ["first1", "second", "third1"] {
        std::fs::remove_file(project.path(&format!("migrations/{name}.sql"))).unwrap();
    }
    project.revision("squash", "", "CREATE TABLE a (x);\nCREATE TABLE b (x);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["stamp", "head"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: the database has 3 revisions that this chain does not know
     = note: only in the database: `first1`, `second` and `third1`
     = note: where they belong is not known, so neither is what a stamp would mean for them
     = [ROOT]/dev.db: the database is as before
     = help: stamp with a program that knows them
     = help: or forget them, and every other row of this chain: the same stamp with `--purge` (`Options::purge`)
    ");
    assert_transcript!(project.migrate(&["stamp", "head", "--purge", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    forget first1 first1  (not in this chain)
    forget second second  (not in this chain)
    forget third1 third1  (not in this chain)
    stamp squash squash
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 3 revisions to forget, 1 revision to stamp; nothing was changed
    ");
    assert_transcript!(project.migrate(&["stamp", "head", "--purge"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
          Forgot first1 first1  (not in this chain)
          Forgot second second  (not in this chain)
          Forgot third1 third1  (not in this chain)
         Stamped squash squash
        Finished 3 revisions forgotten, 1 revision stamped; none was run or undone
    ");
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do in [TIME]
    ");
}

#[test]
fn a_protected_environment_is_not_changed_without_a_word() {
    let project = protected();
    project.migrate(&["up"]).success();
    project.revision("third1", "second", "CREATE TABLE c (x, y);", "DROP TABLE c;");
    let before = rows(&project);
    assert_transcript!(project.migrate(&["stamp", "first1"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: environment `dev` protects this database, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `stamp --yes`
    ");
    assert_transcript!(project.migrate(&["repair", "third1", "--accept"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: environment `dev` protects this database, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `repair --yes`
    ");
    assert_transcript!(project.migrate(&["redo", "--from", "database"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: environment `dev` protects this database, and there is no terminal to ask; nothing was changed
    help: to go on without a question: `redo --yes`
    ");
    assert_eq!(rows(&project), before);
    // Looking needs no question.
    assert_eq!(project.migrate(&["repair"]).code, Some(3));
    for dry in [
        &["stamp", "first1", "--dry-run"][..],
        &["repair", "--accept-all", "--dry-run"],
        &["redo", "--from", "file", "--dry-run"],
        &["plan", "--down", "--from", "file"],
    ] {
        project.migrate(dry).success();
    }
    assert_eq!(rows(&project), before);
    project.migrate(&["redo", "--from", "database", "--yes"]).success();
    project.migrate(&["stamp", "first1", "-y"]).success();
    project.revision("first1", "", "CREATE TABLE a (z);", "DROP TABLE a;");
    project.migrate(&["repair", "--accept-all", "--yes"]).success();
    assert_eq!(rows(&project), "first1 applied\n");
}

#[test]
fn edited_revisions_are_listed_and_accepted() {
    let project = applied();
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing is wrong with what is recorded
    ");
    project.revision("first1", "", "CREATE TABLE a (x, y);", "DROP TABLE a;");
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 3
    ----- stdout -----
    revision `first1` has another text than when applied to this database
    --> migrations/first1.sql
     = note: applied at [NOW] by cargo-migrate@[HOST]
     = help: restore the file to what was applied, and put the change into a new revision
     = help: `repair first1 --accept`: if the database is as the file says now; then its row says the same, and the digests of all that was applied after it follow
     = help: `down base --from database`: undoes it, and all that was applied after it, with the scripts that were stored then; only where nobody else has applied it

    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished 1 problem; nothing was changed
    ");
    assert_transcript!(project.migrate(&["repair", "first1", "--accept", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    accept first1 first1
    rewrite second second  (digest)
    rewrite third1 third1  (digest)
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 3 rows of the tracking table to change; nothing was changed
    ");
    assert_eq!(project.migrate(&["up"]).code, Some(1));
    assert_transcript!(project.migrate(&["repair", "first1", "--accept"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Accepted first1 first1
       Rewritten second second  (digest)
       Rewritten third1 third1  (digest)
        Finished 3 rows of the tracking table changed
    ");
    assert_transcript!(project.migrate(&["repair", "first1", "--accept"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished nothing to do: it is recorded so already
    ");
    project.migrate(&["up"]).success();
    project.migrate(&["status", "--check"]).success();
}

#[test]
fn new_parents_are_listed_and_accepted() {
    let project = applied();
    project.revision("third1", "first1", "CREATE TABLE c (x);", "DROP TABLE c;");
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 3
    ----- stdout -----
    revision `third1` has other parents or dependencies than when applied to this database
    --> migrations/third1.sql
     = note: applied at [NOW] by cargo-migrate@[HOST]
     = note: it followed `second` and depended on none; the file says `first1` and none
     = help: restore `revises` and `depends-on` to what was applied
     = help: `repair third1 --accept`: if the database is as the file says now; then its row says the same, and the digests of all that was applied after it follow
     = help: `down second --from database`: undoes it, and all that was applied after it, with the scripts that were stored then; only where nobody else has applied it

    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished 1 problem; nothing was changed
    ");
    project.migrate(&["repair", "--accept-all"]).success();
    assert_transcript!(project.migrate(&["heads"]), @"
    exit code: 0
    ----- stdout -----
    second  second
    third1  third1
    ");
    assert_eq!(project.migrate(&["repair"]).code, Some(0));
}

#[test]
fn a_wrong_digest_is_told_by_every_command() {
    let project = applied();
    project.sqlite3(
        "dev.db",
        "UPDATE migrate_revisions SET digest = 'f' || substr(digest, 1, 63) WHERE revision = 'third1'",
    );
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: the recorded digest of revision `third1` does not follow from what is recorded of its text and its ancestors
    --> migrations/third1.sql
     = note: text and parents are those of the file, so either the row was changed by other means, or its ancestors were others when it was applied
     = [ROOT]/dev.db: the database is as before
     = help: see who changed the tracking table, and restore it from a backup
     = help: or accept what the files say: `repair third1 --accept`
    ");
    assert_transcript!(project.migrate(&["status", "--check"]), @"
    exit code: 3
    ----- stdout -----
    database: [ROOT]/dev.db (from environment `dev`)
          at: third1

     applied  first1  first1  ([NOW] by [WHO] in [TIME])
     applied  second  second  ([NOW] by [WHO] in [TIME])
     applied  third1  third1  ([NOW] by [WHO] in [TIME])  WRONG DIGEST: it does not follow from what is recorded

       total: 3 applied (1 with a wrong digest)
        next: `repair`
    ");
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 3
    ----- stdout -----
    the recorded digest of revision `third1` does not follow from what is recorded of its text and its ancestors
    --> migrations/third1.sql
     = note: applied at [NOW] by cargo-migrate@[HOST]
     = note: text and parents are those of the file, so either the row was changed by other means, or its ancestors were others when it was applied
     = help: restore the row from a backup, if it was changed by mistake
     = help: `repair third1 --accept`: gives the row the digest that follows from the file and its ancestors

    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished 1 problem; nothing was changed
    ");
    project.migrate(&["repair", "third1", "--accept"]).success();
    project.migrate(&["up"]).success();
}

#[test]
fn a_revision_done_in_part_has_ways_out() {
    let project = stopped();
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 3
    ----- stdout -----
    revision `second` is applied only in part
    --> migrations/second.sql
     = note: 2 of 3 of its statements are done
     = note: statement 3: INSERT INTO nowhere
       VALUES (3)
     = help: `up second`: goes on with statement 3, which may be corrected before
     = help: `repair second --applied`: if you have done the rest by hand; then it is recorded as applied
     = help: `repair second --not-applied`: if you have undone by hand what is done of it; then its row goes

    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished 1 problem; nothing was changed
    ");
    assert_transcript!(project.migrate(&["repair", "second", "--not-applied", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    believe second up statement 1: not done, or taken back  (INSERT INTO a VALUES (1))
    believe second up statement 2: not done, or taken back  (INSERT INTO a VALUES (2))
    forget second second  (not applied)
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 1 row of the tracking table to change; your word is taken for it; nothing was changed
    ");
    assert_transcript!(project.migrate(&["repair", "second", "--statement", "done"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: no statement of revision `second` is in doubt
    --> migrations/second.sql
     = note: every statement that was started has finished or failed
     = [ROOT]/dev.db: the database is as before
     = help: `up` goes on where it stopped
    ");
    assert_transcript!(project.migrate(&["stamp", "head"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: revision `second` is applied only in part, and a stamp would hide that
    --> migrations/second.sql
     = [ROOT]/dev.db: the database is as before
     = help: see `repair`, which lists the ways out
     = help: or forget it, and every other row of this chain: the same stamp with `--purge` (`Options::purge`)
    ");
    assert_transcript!(project.migrate(&["repair", "second", "--applied"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Believed second up statement 3: done  (INSERT INTO nowhere …)
        Recorded second second  (applied)
        Finished 1 row of the tracking table changed; your word is taken for it
    ");
    assert_eq!(rows(&project), "first1 applied, second applied\n");
    assert_transcript!(project.migrate(&["repair", "second", "--not-applied"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: revision `second` is applied as a whole, and not in part
    --> migrations/second.sql
     = [ROOT]/dev.db: the database is as before
     = help: `down` undoes it, with a target that includes it
     = help: `stamp`, with the revision before it, forgets it without undoing anything
    ");
}

#[test]
fn a_statement_in_doubt_is_decided() {
    for (verdict, is_done) in [("done", true), ("not-done", false)] {
        let project = stopped();
        let nowhere = if is_done { "" } else { "; CREATE TABLE nowhere (x)" };
        project.sqlite3(
            "dev.db",
            &format!(
                "UPDATE migrate_revisions SET statement_started = 3 WHERE revision = 'second'{nowhere}"
            ),
        );
        let up = project.migrate(&["up", "--lock-timeout", "0"]);
        assert_eq!(up.code, Some(1), "{}", up.transcript());
        let command = format!("`repair second --statement {verdict}`");
        assert!(up.stderr.contains(&command), "{}", up.stderr);
        let decided = project.migrate(&["repair", "second", "--statement", verdict]);
        if is_done {
            assert_transcript!(decided, @"
            exit code: 0
            ----- stderr -----
                Database sqlite:dev.db (from environment `dev`)
                Believed second up statement 3: done  (INSERT INTO nowhere …)
                Recorded second second  (applied)
                Finished 1 row of the tracking table changed; your word is taken for it
            ");
        } else {
            assert_transcript!(decided, @"
            exit code: 0
            ----- stderr -----
                Database sqlite:dev.db (from environment `dev`)
                Believed second up statement 3: not done, or taken back  (INSERT INTO nowhere …)
                Recorded second second  (up: 2 statements done)
                Finished 1 row of the tracking table changed; your word is taken for it
            ");
            project.migrate(&["up"]).success();
        }
        assert_eq!(rows(&project), "first1 applied, second applied\n");
    }
    let project = stopped();
    project.sqlite3(
        "dev.db",
        "UPDATE migrate_revisions SET statement_started = 3 WHERE revision = 'second'",
    );
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 3
    ----- stdout -----
    statement 3 of revision `second` was started, and has neither finished nor failed
    --> migrations/second.sql
     = note: either another migrator is running it right now, or one was killed meanwhile
     = note: statement 3: INSERT INTO nowhere
       VALUES (3)
     = help: `repair second --statement done`: if statement 3 is done; then the revision is applied
     = help: `repair second --statement not-done`: if statement 3 is not done; then `up` runs it again
     = help: `repair second --applied`: if you have done the rest by hand; then it is recorded as applied
     = help: `repair second --not-applied`: if you have undone by hand what is done of it; then its row goes

    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished 1 problem; nothing was changed
    ");
}

#[test]
fn a_missing_row_has_two_ways_out() {
    let project = applied();
    project.sqlite3("dev.db", "DELETE FROM migrate_revisions WHERE revision = 'second'");
    assert_eq!(project.migrate(&["up"]).code, Some(1));
    assert_transcript!(project.migrate(&["repair"]), @"
    exit code: 3
    ----- stdout -----
    revision `third1` is recorded as applied, and `second`, which comes before it, is not
    --> migrations/second.sql
     = note: no run leaves a database like this: rows of the tracking table were deleted or changed
     = help: restore the missing rows of the tracking table from a backup
     = help: `stamp third1`: if the database has `second`; then that is recorded, and nothing is run
     = help: `stamp first1`: if the database does not have `third1`; then that is forgotten, and nothing is undone

    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
        Finished 1 problem; nothing was changed
    ");
    project.migrate(&["stamp", "third1"]).success();
    project.migrate(&["up"]).success();
    assert_eq!(rows(&project), "first1 applied, second stamped, third1 applied\n");
}

#[test]
fn a_repair_takes_no_wrong_arguments() {
    let project = applied();
    for args in [
        &["repair", "first1"][..],
        &["repair", "--accept"],
        &["repair", "--applied"],
        &["repair", "--accept-all", "first1"],
        &["repair", "first1", "--applied", "--not-applied"],
        &["repair", "first1", "--statement", "perhaps"],
        &["repair", "first1", "second", "--applied"],
        &["repair", "nope", "--accept"],
        &["plan", "--from", "file"],
    ] {
        let output = project.migrate(args);
        assert_eq!(output.code, Some(2), "{args:?}: {}", output.transcript());
    }
    assert_transcript!(project.migrate(&["repair", "first1", "second", "--applied"]), @"
    exit code: 2
    ----- stderr -----
    error: only `--accept` takes several revisions
    help: what became of a revision is said of each by itself
    ");
    assert_transcript!(project.migrate(&["repair", "frist1", "--accept"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: no revision or branch label is called `frist1`; did you mean `first1`?
     = [ROOT]/dev.db: the database is as before
     = help: `status` lists the revisions
    ");
    let fresh = self::project();
    assert_transcript!(fresh.migrate(&["repair"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    note: the database does not exist yet; `up` creates it
        Finished nothing is wrong with what is recorded
    ");
    assert_eq!(fresh.migrate(&["repair", "--accept-all"]).code, Some(5));
    assert!(!fresh.path("dev.db").exists());
}

#[test]
fn what_is_undone_is_applied_again() {
    let project = applied();
    assert_transcript!(project.migrate(&["redo", "first1", "--dry-run"]), @"
    exit code: 0
    ----- stdout -----
    down third1  third1
    down second  second
    up second  second
    up third1  third1
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 2 steps, committed at the end, all or nothing; nothing was changed
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 2 steps, committed at the end, all or nothing; nothing was changed
    ");
    assert_transcript!(project.migrate(&["redo"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned down third1; committed at the end, all or nothing
         Undoing third1 third1
         Planned up third1; committed at the end, all or nothing
        Applying third1 third1
        Finished 1 revision undone and applied again in [TIME]
    ");
    project.revision("third1", "second", "CREATE TABLE d (x);", "DROP TABLE d;");
    assert_transcript!(project.migrate(&["redo"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: revision `third1` has another text than when applied to this database
    --> migrations/third1.sql
     = note: migrations/third1.sql: `third1` was applied at [NOW] by cargo-migrate@[HOST]
     = [ROOT]/dev.db: the database is as before
     = help: `down --from database` undoes it with the script that was stored when it was applied
     = help: `down --from file` undoes it with the script of the edited file
     = help: in code, `Options::edited_down` says which
    ");
    assert_transcript!(project.migrate(&["redo", "--from", "database"]), @"
    exit code: 0
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned down third1; committed at the end, all or nothing
         Undoing third1 third1
         Planned up third1; committed at the end, all or nothing
        Applying third1 third1
    note: 1 of them with the script that the database had stored
        Finished 1 revision undone and applied again in [TIME]
    ");
    assert!(project.schema("dev.db").contains("CREATE TABLE d"));
    project.revision("third1", "second", "CREATE TABEL d (x);", "DROP TABLE d;");
    assert_transcript!(project.migrate(&["redo", "--from", "file"]), @r#"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
         Planned down third1; committed at the end, all or nothing
         Undoing third1 third1
         Planned up third1; committed at the end, all or nothing
        Applying third1 third1
    error: statement 1 of revision `third1` failed: near "TABEL": syntax error
     --> migrations/third1.sql:7:8
      |
    7 | CREATE TABEL d (x);
      |        ^
     = note: `third1` had been undone before, and stays undone
     = [ROOT]/dev.db: revision `third1` is committed; nothing else of the run had an effect
     = help: correct the statement, and run `up` again
     = help: `up` applies again what is undone
    "#);
    project.migrate(&["down", "base"]).success();
    assert_transcript!(project.migrate(&["redo"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: `-1` leads past the end of the chain: 0 steps are possible
     = [ROOT]/dev.db: the database is as before
    ");
}

#[test]
fn a_plan_is_a_dry_run() {
    let project = project();
    project.migrate(&["up", "first1"]).success();
    assert_transcript!(project.migrate(&["plan"]), @"
    exit code: 0
    ----- stdout -----
    up second  second
    up third1  third1
    ----- stderr -----
         Planned [ROOT]/dev.db (from environment `dev`)
        Finished 2 steps, committed at the end, all or nothing; nothing was changed
    ");
    let plan = |args: &[&str]| project.migrate(args).success().transcript();
    assert_eq!(plan(&["plan", "+1"]), plan(&["up", "+1", "--dry-run"]));
    assert_eq!(plan(&["plan", "--down"]), plan(&["down", "--dry-run"]));
    assert_eq!(plan(&["plan", "--down", "base"]), plan(&["down", "base", "--dry-run"]));
    assert_eq!(rows(&project), "first1 applied\n");
}
