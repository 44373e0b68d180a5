//! `history`, `heads`, `branches` and `show`: the chain in words.

use crate::graph::{revision, shop};
use crate::support::assert_transcript;

#[test]
fn the_history_can_be_cut_and_told_in_full() {
    let project = shop();
    assert_transcript!(project.migrate(&["history", "-r", "b001:"]), @"
    exit code: 0
    ----- stdout -----
    d005cccd (head, merge)  merge billing
    b002eeee  invoice lines
    b001cccc (billing, money)  create invoice
    ");
    assert_transcript!(project.migrate(&["history", "--range", ":a002bbbb", "--reverse"]), @"
    exit code: 0
    ----- stdout -----
    a001aaaa (base)  create account
    a002bbbb  add email to account
    ");
    assert_transcript!(project.migrate(&["history", "-r", "billing@base:b002eeee"]), @"
    exit code: 0
    ----- stdout -----
    b002eeee  invoice lines
    b001cccc (billing, money)  create invoice
    a002bbbb  add email to account
    a001aaaa (base)  create account
    ");
    assert_transcript!(project.migrate(&["history", "-r", "a003:d005+0"]), @"
    exit code: 0
    ----- stdout -----
    d005cccd (head, merge)  merge billing
    a003dddd  unique email
    ");
    assert_transcript!(project.migrate(&["history", "-r", "c001aaab:+1"]), @"
    exit code: 0
    ----- stdout -----
    c002bbbc (head)  prices come from invoices
    c001aaab (catalog, base)  a catalog
    ");
    assert_transcript!(project.migrate(&["history", "-r", "a001aaaa:+3"]), @"
    exit code: 2
    ----- stderr -----
    error: several ways go on from `a002bbbb`: `a003dddd` and `b001cccc`; name the revision to go to
    help: `history` lists the revisions
    ");
    assert_transcript!(project.migrate(&["history", "-r", "c002:d005"]), @"
    exit code: 2
    ----- stderr -----
    error: `c002bbbc` is not an ancestor of `d005`, so there is nothing between them
    help: `history` lists the revisions
    ");
    assert_transcript!(project.migrate(&["history", "-r", "a001aaaa"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'a001aaaa' for '--range <RANGE>': `a001aaaa` is no range: expected `FROM:TO`, `FROM:`, `:TO` or `:`
    help: `cargo migrate history --help` shows what can be given
    ");
    assert_transcript!(project.migrate(&["history", "-r", "b002eeee-1:b002eeee", "--verbose"]), @"
    exit code: 0
    ----- stdout -----
    b002eeee
         message: invoice lines
            file: migrations/b002eeee.sql
         parents: b001cccc
        children: d005cccd

    b001cccc (billing, money)
         message: create invoice
            file: migrations/b001cccc.sql
         parents: a002bbbb
        children: b002eeee
      dependents: c002bbbc
          labels: billing, money
    ");
    assert_transcript!(project.migrate(&["-v", "history", "-r", "c001aaab:"]), @"
    exit code: 0
    ----- stdout -----
    c002bbbc (head)
         message: prices come from invoices
            file: migrations/c002bbbc.sql
         parents: c001aaab
      depends on: b001cccc

    c001aaab (catalog, base)
         message: a catalog
            file: migrations/c001aaab.sql
         parents: none: this is a base
      depends on: a002bbbb
        children: c002bbbc
          labels: catalog
    ");
}

#[test]
fn heads_and_branches_are_listed() {
    let project = shop();
    assert_transcript!(project.migrate(&["heads"]), @"
    exit code: 0
    ----- stdout -----
    c002bbbc  prices come from invoices
    d005cccd  merge billing
    e001eeef  full text search
    ");
    assert_transcript!(project.migrate(&["heads", "--effective"]), @"
    exit code: 0
    ----- stderr -----
    note: no revision depends on a head, so none is an effective one
    ");
    assert_transcript!(project.migrate(&["branches"]), @"
    exit code: 0
    ----- stdout -----
    a002bbbb  add email to account
        a003dddd  unique email
        b001cccc (billing, money)  create invoice
    a003dddd  unique email
        d005cccd (head, merge)  merge billing
        e001eeef (head)  full text search

    billing (b001cccc)  a001aaaa..d005cccd
    money (b001cccc)  a001aaaa..d005cccd
    catalog (c001aaab)  c001aaab..c002bbbc
    ");
    revision(&project, "f001abcd", "needs the search", &["depends-on: e001eeef"]);
    assert_transcript!(project.migrate(&["heads"]), @"
    exit code: 0
    ----- stdout -----
    c002bbbc  prices come from invoices
    d005cccd  merge billing
    e001eeef (effective)  full text search
    f001abcd  needs the search
    ");
    assert_transcript!(project.migrate(&["heads", "--effective"]), @"
    exit code: 0
    ----- stdout -----
    e001eeef  full text search
    ");
}

#[test]
fn any_target_can_be_shown() {
    let project = shop();
    let shown = |target: &str| {
        let stdout = project.migrate(&["show", target]).success().stdout;
        let ids = stdout.lines().filter_map(|line| line.strip_prefix("    revision: "));
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(shown("billing"), ["b001cccc"]);
    assert_eq!(shown("b002"), ["b002eeee"]);
    assert_eq!(shown("catalog@head"), ["c002bbbc"]);
    assert_eq!(shown("b002eeee-2"), ["a002bbbb"]);
    assert_eq!(shown("billing+1"), ["b002eeee"]);
    assert_eq!(shown("heads"), ["c002bbbc", "d005cccd", "e001eeef"]);
    assert_transcript!(project.migrate(&["show", "head"]), @"
    exit code: 2
    ----- stderr -----
    error: the chain has several heads: `c002bbbc`, `d005cccd` and `e001eeef`; name one of them, or say `heads`
    help: `history` lists the revisions
    ");
    assert_transcript!(project.migrate(&["show", "a002bbbb+1"]), @"
    exit code: 2
    ----- stderr -----
    error: several ways go on from `a002bbbb`: `a003dddd` and `b001cccc`; name the revision to go to
    help: `history` lists the revisions
    ");
    assert_transcript!(project.migrate(&["show", "base"]), @"
    exit code: 2
    ----- stderr -----
    error: `base` is before every revision, so there is nothing to show
    help: `history` lists the revisions
    ");
    assert_eq!(project.migrate(&["show", "--", "-1abc"]).code, Some(2));
    assert_transcript!(project.migrate(&["show", "a001:a002"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'a001:a002' for '<TARGET>': `a001:a002` is a range, and one target is wanted here
    help: `cargo migrate show --help` shows what can be given
    ");
}
