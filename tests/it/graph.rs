//! Pictures of the chain, and the commands that read it.

use crate::support::{Project, assert_transcript};

/// A package whose chain may have many heads.
fn project() -> Project {
    let project = Project::with_chain();
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace("[\"sqlite\"]\n", "[\"sqlite\"]\nheads = \"many\"\n"),
    );
    project
}

/// Writes a revision that makes a table; further header lines stand in `keys`.
pub(crate) fn revision(project: &Project, id: &str, message: &str, keys: &[&str]) {
    let keys: Vec<String> = keys.iter().map(|key| format!("-- {key}\n")).collect();
    let keys = keys.concat();
    project.write(
        &format!("migrations/{id}.sql"),
        format!(
            "-- {message}\n--\n-- revision: {id}\n{keys}\n-- migrate:up\nCREATE TABLE {id} (x);\n\n\
             -- migrate:down\nDROP TABLE {id};\n"
        ),
    );
}

/// A main line, a branch that is merged, one that is not, and one that depends on both.
pub(crate) fn shop() -> Project {
    let project = project();
    revision(&project, "a001aaaa", "create account", &["created: 2026-11-21T22:11:04Z"]);
    revision(&project, "a002bbbb", "add email to account", &["revises: a001aaaa"]);
    revision(
        &project,
        "b001cccc",
        "create invoice",
        &["revises: a002bbbb", "branch: billing, money"],
    );
    revision(&project, "a003dddd", "unique email", &["revises: a002bbbb"]);
    revision(&project, "b002eeee", "invoice lines", &["revises: b001cccc"]);
    revision(&project, "c001aaab", "a catalog", &["depends-on: a002bbbb", "branch: catalog"]);
    revision(
        &project,
        "c002bbbc",
        "prices come from invoices",
        &["revises: c001aaab", "depends-on: billing"],
    );
    revision(&project, "d005cccd", "merge billing", &["revises: a003dddd, b002eeee"]);
    revision(&project, "e001eeef", "full text search", &["revises: a003dddd"]);
    project
}

#[test]
fn an_empty_chain_is_an_empty_picture() {
    let project = project();
    for format in ["terminal", "mermaid", "dot", "svg"] {
        let output = project.migrate(&["graph", "--format", format]).success();
        assert_eq!(
            output.stderr,
            "note: the chain has no revision yet; `cargo migrate new` writes one\n"
        );
    }
    assert_transcript!(project.migrate(&["graph", "--format", "mermaid"]), @"
    exit code: 0
    ----- stdout -----
    flowchart BT
    ----- stderr -----
    note: the chain has no revision yet; `cargo migrate new` writes one
    ");
    assert_transcript!(project.migrate(&["graph", "--format", "dot"]), @r#"
    exit code: 0
    ----- stdout -----
    digraph chain {
        rankdir=BT;
        node [shape=box, style="rounded", fontname="monospace", fontsize=11];
        edge [arrowsize=0.7];
    }
    ----- stderr -----
    note: the chain has no revision yet; `cargo migrate new` writes one
    "#);
    for command in ["graph", "history", "heads", "branches"] {
        assert_eq!(project.migrate(&[command]).success().stdout, "", "{command}");
    }
    assert_eq!(project.migrate(&["show", "head"]).code, Some(2));
}

#[test]
fn a_line_is_a_list_in_the_history_and_a_lane_in_the_graph() {
    let project = project();
    revision(&project, "r1", "first", &[]);
    revision(&project, "r2", "second", &["revises: r1"]);
    revision(&project, "r3", "third", &["revises: r2"]);
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    r3 (head)  third
    r2  second
    r1 (base)  first
    ");
    assert_transcript!(project.migrate(&["graph"]), @"
    exit code: 0
    ----- stdout -----
    ●  r3 (head)  third
    ●  r2  second
    ●  r1 (base)  first
    ");
    assert_transcript!(project.migrate(&["graph", "--reverse"]), @"
    exit code: 0
    ----- stdout -----
    ●  r1 (base)  first
    ●  r2  second
    ●  r3 (head)  third
    ");
}

#[test]
fn branches_merges_and_dependencies_are_drawn() {
    let project = shop();
    assert_transcript!(project.migrate(&["graph"]), @"
    exit code: 0
    ----- stdout -----
    ●  e001eeef (head)  full text search
    │ ●  d005cccd (head, merge)  merge billing
    ├─┤
    │ ●  b002eeee  invoice lines
    ● │  a003dddd  unique email
    │ │ ●  c002bbbc (head)  prices come from invoices
    │ │ ├┄╮
    │ │ ● ┆  c001aaab (catalog, base)  a catalog
    │ ●┄┆┄╯  b001cccc (billing, money)  create invoice
    ├─╯ ┆
    ●┄┄┄╯  a002bbbb  add email to account
    ●  a001aaaa (base)  create account
    ");
    assert_transcript!(project.migrate(&["graph", "--reverse"]), @"
    exit code: 0
    ----- stdout -----
    ●  a001aaaa (base)  create account
    ●┄┄┄╮  a002bbbb  add email to account
    ├─╮ ┆
    │ ●┄┆┄╮  b001cccc (billing, money)  create invoice
    │ │ ● ┆  c001aaab (catalog, base)  a catalog
    │ │ ├┄╯
    │ │ ●  c002bbbc (head)  prices come from invoices
    ● │  a003dddd  unique email
    │ ●  b002eeee  invoice lines
    ├─┤
    │ ●  d005cccd (head, merge)  merge billing
    ●  e001eeef (head)  full text search
    ");
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    ●  e001eeef (head)  full text search
    │ ●  d005cccd (head, merge)  merge billing
    ├─┤
    │ │ ●  c002bbbc (head)  prices come from invoices
    │ │ ├┄╮
    │ │ ● ┆  c001aaab (catalog, base)  a catalog
    │ ● ┆ ┆  b002eeee  invoice lines
    │ ●┄┆┄╯  b001cccc (billing, money)  create invoice
    ● │ ┆  a003dddd  unique email
    ●─┴┄╯  a002bbbb  add email to account
    ●  a001aaaa (base)  create account
    ");
    assert_transcript!(project.migrate(&["graph", "--format", "mermaid"]), @r#"
    exit code: 0
    ----- stdout -----
    flowchart BT
        r0["e001eeef (head)<br/>full text search"]
        r1["d005cccd (head, merge)<br/>merge billing"]
        r2["b002eeee<br/>invoice lines"]
        r3["a003dddd<br/>unique email"]
        r4["c002bbbc (head)<br/>prices come from invoices"]
        r5["c001aaab (catalog, base)<br/>a catalog"]
        r6["b001cccc (billing, money)<br/>create invoice"]
        r7["a002bbbb<br/>add email to account"]
        r8["a001aaaa (base)<br/>create account"]
        r3 --> r0
        r3 --> r1
        r2 --> r1
        r6 --> r2
        r7 --> r3
        r5 --> r4
        r6 -.-> r4
        r7 -.-> r5
        r7 --> r6
        r8 --> r7
    "#);
    assert_transcript!(project.migrate(&["graph", "--format", "dot", "--reverse"]), @r#"
    exit code: 0
    ----- stdout -----
    digraph chain {
        rankdir=TB;
        node [shape=box, style="rounded", fontname="monospace", fontsize=11];
        edge [arrowsize=0.7];
        "e001eeef" [label="e001eeef (head)\nfull text search"];
        "d005cccd" [label="d005cccd (head, merge)\nmerge billing"];
        "b002eeee" [label="b002eeee\ninvoice lines"];
        "a003dddd" [label="a003dddd\nunique email"];
        "c002bbbc" [label="c002bbbc (head)\nprices come from invoices"];
        "c001aaab" [label="c001aaab (catalog, base)\na catalog"];
        "b001cccc" [label="b001cccc (billing, money)\ncreate invoice"];
        "a002bbbb" [label="a002bbbb\nadd email to account"];
        "a001aaaa" [label="a001aaaa (base)\ncreate account"];
        "a003dddd" -> "e001eeef";
        "a003dddd" -> "d005cccd";
        "b002eeee" -> "d005cccd";
        "b001cccc" -> "b002eeee";
        "a002bbbb" -> "a003dddd";
        "c001aaab" -> "c002bbbc";
        "b001cccc" -> "c002bbbc" [style=dotted, arrowhead=open];
        "a002bbbb" -> "c001aaab" [style=dotted, arrowhead=open];
        "a002bbbb" -> "b001cccc";
        "a001aaaa" -> "a002bbbb";
    }
    "#);
    assert_transcript!(project.migrate(&["graph", "--format", "svg", "-r", "a002bbbb:d005cccd"]), @r#"
    exit code: 0
    ----- stdout -----
    <svg xmlns="http://www.w3.org/2000/svg" width="390" height="176" viewBox="0 0 390 176" role="img" aria-label="a chain of 5 revisions">
    <style>
    text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}
    .id{font-weight:600}
    text.mark{font-size:11px;text-anchor:middle}
    .edges path{fill:none;stroke-width:2}
    .edges .d{stroke-width:1.5;stroke-dasharray:2 3}
    .n,.open{stroke-width:2}
    .open.d{stroke-dasharray:2 2}
    .s0{stroke:#0969da}.f0{fill:#0969da}
    .s1{stroke:#8250df}.f1{fill:#8250df}
    .back,.open{fill:#ffffff}text,.id{fill:#1f2328}.n{stroke:#ffffff}
    .place,.pending{fill:#eff2f5}.place-text,.pending-text{fill:#59636e}
    .applied{fill:#dafbe1}.applied-text{fill:#1a7f37}
    .warning{fill:#fff1e5}.warning-text{fill:#953800}
    .label{fill-opacity:.15}
    @media (prefers-color-scheme:dark){
    .s0{stroke:#58a6ff}.f0{fill:#58a6ff}
    .s1{stroke:#bc8cff}.f1{fill:#bc8cff}
    .back,.open{fill:#0d1117}text,.id{fill:#e6edf3}.n{stroke:#0d1117}
    .place,.pending{fill:#212830}.place-text,.pending-text{fill:#9198a1}
    .applied{fill:#12261e}.applied-text{fill:#3fb950}
    .warning{fill:#3d1d00}.warning-text{fill:#f0883e}
    .label{fill-opacity:.25}
    }
    </style>
    <rect class="back" width="100%" height="100%" rx="8"/>
    <g class="edges">
    <path class="s0" d="M24 24V120"/>
    <path class="s1" d="M24 24C24 36 44 28 44 40V56"/>
    <path class="s1" d="M44 56V88"/>
    <path class="s1" d="M44 88V136C44 148 24 140 24 152"/>
    <path class="s0" d="M24 120V152"/>
    </g>
    <g><title>d005cccd (head, merge): merge billing
    migrations/d005cccd.sql</title><circle class="n f0" cx="24" cy="24" r="5"/><text class="id" x="62" y="28.5" textLength="62.6" lengthAdjust="spacingAndGlyphs">d005cccd</text><rect class="place" x="132.6" y="15" width="40.5" height="18" rx="9"/><text class="mark place-text" x="152.9" y="28">head</text><rect class="place" x="179.2" y="15" width="47.1" height="18" rx="9"/><text class="mark place-text" x="202.7" y="28">merge</text><text x="236.3" y="28.5">merge billing</text></g>
    <g><title>b002eeee: invoice lines
    migrations/b002eeee.sql</title><circle class="n f1" cx="44" cy="56" r="5"/><text class="id" x="62" y="60.5" textLength="62.6" lengthAdjust="spacingAndGlyphs">b002eeee</text><text x="136.6" y="60.5">invoice lines</text></g>
    <g><title>b001cccc (billing, money): create invoice
    migrations/b001cccc.sql</title><circle class="n f1" cx="44" cy="88" r="5"/><text class="id" x="62" y="92.5" textLength="62.6" lengthAdjust="spacingAndGlyphs">b001cccc</text><rect class="f1 label" x="132.6" y="79" width="60.4" height="18" rx="9"/><text class="mark f1 label-text" x="162.8" y="92">billing</text><rect class="f1 label" x="199.0" y="79" width="47.1" height="18" rx="9"/><text class="mark f1 label-text" x="222.6" y="92">money</text><text x="256.2" y="92.5">create invoice</text></g>
    <g><title>a003dddd: unique email
    migrations/a003dddd.sql</title><circle class="n f0" cx="24" cy="120" r="5"/><text class="id" x="62" y="124.5" textLength="62.6" lengthAdjust="spacingAndGlyphs">a003dddd</text><text x="136.6" y="124.5">unique email</text></g>
    <g><title>a002bbbb: add email to account
    migrations/a002bbbb.sql</title><circle class="n f0" cx="24" cy="152" r="5"/><text class="id" x="62" y="156.5" textLength="62.6" lengthAdjust="spacingAndGlyphs">a002bbbb</text><text x="136.6" y="156.5">add email to account</text></g>
    </svg>
    "#);
}

#[test]
fn merges_that_cross_stay_apart() {
    let project = project();
    revision(&project, "r1", "first", &[]);
    revision(&project, "left1", "left", &["revises: r1"]);
    revision(&project, "right1", "right", &["revises: r1"]);
    revision(&project, "left2", "join on the left", &["revises: left1, right1"]);
    revision(&project, "right2", "join on the right", &["revises: right1, left1"]);
    revision(&project, "top", "join again", &["revises: left2, right2"]);
    assert_transcript!(project.migrate(&["graph"]), @"
    exit code: 0
    ----- stdout -----
    ●  top (head, merge)  join again
    ├─╮
    │ ●  right2 (merge)  join on the right
    │ ├─╮
    ● │ │  left2 (merge)  join on the left
    ├─┤ │
    │ ● │  right1  right
    ●─│─╯  left1  left
    ●─╯  r1 (base)  first
    ");
}

#[test]
fn several_bases_do_not_look_like_one_line() {
    let project = project();
    revision(&project, "r1", "one", &[]);
    revision(&project, "r2", "two", &[]);
    revision(&project, "r3", "three", &["revises: r2"]);
    revision(&project, "r4", "four", &[]);
    assert_transcript!(project.migrate(&["history"]), @"
    exit code: 0
    ----- stdout -----
    ●  r4 (head, base)  four

    ●  r3 (head)  three
    ●  r2 (base)  two

    ●  r1 (head, base)  one
    ");
}

#[test]
fn a_database_is_asked_only_where_it_is_meant() {
    let project = shop();
    // Nothing that only reads the chain looks for a database, let alone makes one.
    for args in [&["graph"][..], &["history"], &["heads"], &["branches"], &["show", "billing"]] {
        project.migrate(args).success();
    }
    assert_transcript!(project.migrate(&["show", "current"]), @"
    exit code: 1
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    note: the database does not exist yet; `up` creates it
    error: no revision of the chain is applied in sqlite:dev.db
    help: `history` lists the revisions
    ");
    assert!(!project.path("dev.db").exists());
    project.migrate(&["up", "b002eeee"]).success();
    project.migrate(&["up", "c001aaab"]).success();
    assert_transcript!(project.migrate(&["graph", "--applied"]), @"
    exit code: 0
    ----- stdout -----
    ○  e001eeef (head, pending)  full text search
    │ ○  d005cccd (head, merge, pending)  merge billing
    ├─┤
    │ ●  b002eeee (current)  invoice lines
    ○ │  a003dddd (pending)  unique email
    │ │ ○  c002bbbc (head, pending)  prices come from invoices
    │ │ ├┄╮
    │ │ ● ┆  c001aaab (catalog, base, current)  a catalog
    │ ●┄┆┄╯  b001cccc (billing, money, applied)  create invoice
    ├─╯ ┆
    ●┄┄┄╯  a002bbbb (applied)  add email to account
    ●  a001aaaa (base, applied)  create account
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
    assert_transcript!(project.migrate(&["history", "-r", "current:", "--env", "dev"]), @"
    exit code: 0
    ----- stdout -----
    ○  d005cccd (head, merge, pending)  merge billing
    │ ○  c002bbbc (head, pending)  prices come from invoices
    │ ●  c001aaab (catalog, base, current)  a catalog
    ●  b002eeee (current)  invoice lines
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
    assert_transcript!(project.migrate(&["history", "-r", "billing@current:billing@head"]), @"
    exit code: 0
    ----- stdout -----
    d005cccd (head, merge, pending)  merge billing
    b002eeee (current)  invoice lines
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
    assert_transcript!(project.migrate(&["show", "-1"]), @"
    exit code: 2
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    error: the database is at several revisions: `b002eeee` and `c001aaab`; name the revision to go to
    help: `history` lists the revisions
    ");
    assert_transcript!(project.migrate(&["show", "catalog@+1"]), @"
    exit code: 0
    ----- stdout -----
        revision: c002bbbc
         message: prices come from invoices
            file: migrations/c002bbbc.sql
         parents: c001aaab
      depends on: b001cccc
          sqlite: 1 up, 1 down, checksum dd7accd98685

    -- prices come from invoices
    --
    -- revision: c002bbbc
    -- revises: c001aaab
    -- depends-on: billing

    -- migrate:up
    CREATE TABLE c002bbbc (x);

    -- migrate:down
    DROP TABLE c002bbbc;
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
    // What the files do not have any more.
    std::fs::remove_file(project.path("migrations/c001aaab.sql")).unwrap();
    std::fs::remove_file(project.path("migrations/c002bbbc.sql")).unwrap();
    assert_transcript!(project.migrate(&["graph", "--env", "dev"]), @"
    exit code: 0
    ----- stdout -----
    ◌  c001aaab (current, unknown: only in the database)  a catalog

    ○  e001eeef (head, pending)  full text search
    │ ○  d005cccd (head, merge, pending)  merge billing
    ├─┤
    │ ●  b002eeee (current)  invoice lines
    │ ●  b001cccc (billing, money, applied)  create invoice
    ○ │  a003dddd (pending)  unique email
    ●─╯  a002bbbb (applied)  add email to account
    ●  a001aaaa (base, applied)  create account
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        manifest.replace("[package.metadata.migrate.env.dev]\nurl = \"sqlite:dev.db\"\n", ""),
    );
    assert_transcript!(project.migrate(&["history", "-r", "current:"]), @r#"
    exit code: 2
    ----- stderr -----
    error: no database is given; pass `--database-url`, set `DATABASE_URL`, or add `env.dev.url = "…"` to `[package.metadata.migrate]`
    "#);
    assert_transcript!(project.migrate(&["show", "current"]), @r#"
    exit code: 2
    ----- stderr -----
    error: no database is given; pass `--database-url`, set `DATABASE_URL`, or add `env.dev.url = "…"` to `[package.metadata.migrate]`
    "#);
    assert_transcript!(project.migrate(&["graph", "--env", "production"]), @r#"
    exit code: 2
    ----- stderr -----
    error: unknown environment `production`; none is configured, add `env.production.url = "…"` to `[package.metadata.migrate]`
    "#);
}

#[test]
fn a_revision_that_stopped_half_way_is_half_a_dot() {
    let project = project();
    revision(&project, "r1", "first", &[]);
    revision(&project, "r2", "second", &["revises: r1", "transaction: none"]);
    let text = project.read("migrations/r2.sql");
    project.write("migrations/r2.sql", text.replace("(x);", "(x);\nCREATE TABLE r2 (x);"));
    assert_eq!(project.migrate(&["up"]).code, Some(1));
    assert_transcript!(project.migrate(&["graph", "--applied"]), @"
    exit code: 0
    ----- stdout -----
    ◐  r2 (head, partly applied)  second
    ●  r1 (base, current)  first
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
    project.write("migrations/r1.sql", project.read("migrations/r1.sql").replace("(x)", "(x, y)"));
    assert_transcript!(project.migrate(&["history", "--applied"]), @"
    exit code: 0
    ----- stdout -----
    r2 (head, partly applied)  second
    r1 (base, current, edited)  first
    ----- stderr -----
        Database sqlite:dev.db (from environment `dev`)
    ");
}

#[test]
fn a_picture_can_be_written_to_a_file() {
    let project = shop();
    assert_transcript!(project.migrate(&["graph", "-o", "chain.svg"]), @"
    exit code: 0
    ----- stderr -----
            Drew chain.svg
    ");
    assert!(project.read("chain.svg").starts_with("<svg "));
    project.migrate_in("src", &["graph", "--color", "always", "-o", "chain.txt"]).success();
    assert_eq!(project.read("src/chain.txt"), project.migrate(&["graph"]).success().stdout);
    project.migrate(&["graph", "-o", "chain.gv"]).success();
    assert!(project.read("chain.gv").starts_with("digraph "));
    project.migrate(&["graph", "-o", "chain.svg", "--format", "mermaid"]).success();
    assert!(project.read("chain.svg").starts_with("flowchart "));
    assert_transcript!(project.migrate(&["graph", "-o", "nowhere/chain.svg"]), @"
    exit code: 1
    ----- stderr -----
    error: cannot write `nowhere/chain.svg`: No such file or directory (os error 2)
    ");
    assert_transcript!(project.migrate(&["graph", "--format", "png"]), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'png' for '--format <FORMAT>'
    help: possible values: terminal, mermaid, dot, svg
    help: `cargo migrate graph --help` shows what can be given
    ");
}

#[test]
fn no_message_breaks_a_picture_or_steers_a_terminal() {
    let project = project();
    let hostile = [
        "]\"); alert(1) <script>alert(1)</script>",
        "red \u{1b}[31m bell \u{7} turned \u{202e} and \u{2028} split",
        "1. \\N \\\" &amp; #35; `code` %% end",
        "style: x#1; classDef: y#2;",
        "a message of so many words that no picture could hold all of them without being far too wide",
        "表を作る — naïve 🎉",
    ];
    for (index, message) in hostile.iter().enumerate() {
        let parent = format!("revises: m{index}");
        let keys: &[&str] = if index == 0 { &[] } else { &[&parent] };
        revision(&project, &format!("m{}", index + 1), message, keys);
    }
    assert_transcript!(project.migrate(&["graph"]), @r#"
    exit code: 0
    ----- stdout -----
    ●  m6 (head)  表を作る — naïve 🎉
    ●  m5  a message of so many words that no picture could hold all of them without being far too wide
    ●  m4  style: x#1; classDef: y#2;
    ●  m3  1. \N \" &amp; #35; `code` %% end
    ●  m2  red �[31m bell � turned � and � split
    ●  m1 (base)  ]"); alert(1) <script>alert(1)</script>
    "#);
    assert_transcript!(project.migrate(&["graph", "--format", "mermaid"]), @r#"
    exit code: 0
    ----- stdout -----
    flowchart BT
        r0["m6 (head)<br/>表を作る #8212; naïve #127881;"]
        r1["m5<br/>a message of so many words that no picture could hold all of them withou…"]
        r2["m4<br/>style#58; x#35;1#59; classDef#58; y#35;2#59;"]
        r3["m3<br/>#8203;1. #92;N #92;#34; #38;amp#59; #35;35#59; #96;code#96; #37;#37; end"]
        r4["m2<br/>red #65533;#91;31m bell #65533; turned #65533; and #65533; split"]
        r5["m1 (base)<br/>#8203;#93;#34;)#59; alert(1) #60;script#62;alert(1)#60;/script#62;"]
        r1 --> r0
        r2 --> r1
        r3 --> r2
        r4 --> r3
        r5 --> r4
    "#);
    assert_transcript!(project.migrate(&["graph", "--format", "dot"]), @r#"
    exit code: 0
    ----- stdout -----
    digraph chain {
        rankdir=BT;
        node [shape=box, style="rounded", fontname="monospace", fontsize=11];
        edge [arrowsize=0.7];
        "m6" [label="m6 (head)\n表を作る — naïve 🎉"];
        "m5" [label="m5\na message of so many words that no picture could hold all of them withou…"];
        "m4" [label="m4\nstyle: x#1; classDef: y#2;"];
        "m3" [label="m3\n1. \\N \\\" &amp;amp; #35; `code` %% end"];
        "m2" [label="m2\nred �[31m bell � turned � and � split"];
        "m1" [label="m1 (base)\n]\"); alert(1) <script>alert(1)</script>"];
        "m5" -> "m6";
        "m4" -> "m5";
        "m3" -> "m4";
        "m2" -> "m3";
        "m1" -> "m2";
    }
    "#);
    let svg = project.migrate(&["graph", "--format", "svg"]).success().stdout;
    let texts: Vec<&str> = svg.lines().filter(|line| line.starts_with("<g><title>")).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    <g><title>m6 (head): 表を作る — naïve 🎉
    <g><title>m5: a message of so many words that no picture could hold all of them without being far too wide
    <g><title>m4: style: x#1; classDef: y#2;
    <g><title>m3: 1. \N \&quot; &amp;amp; #35; `code` %% end
    <g><title>m2: red �[31m bell � turned � and � split
    <g><title>m1 (base): ]&quot;); alert(1) &lt;script&gt;alert(1)&lt;/script&gt;
    ");
    let styled = project.migrate(&["graph", "--color", "always"]).success().stdout;
    assert!(
        styled.contains("\u{1b}[") && !styled.contains("\u{1b}[31m") && !styled.contains('\u{7}')
    );
    let shown = project.migrate(&["show", "m2", "--color", "always"]).success().stdout;
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
}

#[test]
fn every_command_that_reads_explains_itself() {
    let project = project();
    for command in ["graph", "history", "heads", "branches", "show", "sql"] {
        let help = project.migrate(&[command, "--help"]).success().stdout;
        assert!(help.contains("Examples:"), "{command}");
    }
}
