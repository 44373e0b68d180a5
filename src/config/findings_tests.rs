use insta::assert_snapshot;

use super::tests::read_rendered;
use super::*;
use crate::diagnostic::Sources;

/// The findings of a table with these lines.
fn bad(lines: &str) -> String {
    read_rendered(&format!("[package.metadata.migrate]\n{lines}\n")).1
}

/// The messages alone.
fn messages(lines: &str) -> Vec<String> {
    let manifest = format!("[package.metadata.migrate]\n{lines}\n");
    let mut sources = Sources::new();
    let file = sources.add("Cargo.toml", manifest.clone());
    read(&manifest, file).1.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn unknown_keys_suggest_the_known_ones() {
    assert_snapshot!(bad("dialect = [\"sqlite\"]\nauthor = \"me\"\nfile_name = \"{slug}\"\nenv.dev = { url = \"sqlite:a\", protect = true }"), @r#"
    error[M0051]: unknown key `dialect` in `package.metadata.migrate`
     --> Cargo.toml:2:1
      |
    2 | dialect = ["sqlite"]
      | ^^^^^^^ not a key of this table
      |
      = help: did you mean `dialects`?

    error[M0051]: unknown key `author` in `package.metadata.migrate`
     --> Cargo.toml:3:1
      |
    3 | author = "me"
      | ^^^^^^ not a key of this table
      |
      = help: the keys are `dir`, `dialects`, `databases`, `table`, `chain`, `file-name`, `heads`, `lock`, `lints`, `env`, `templates`, `hooks`, `lock-timeout`, `statement-lock-timeout`, `statement-timeout`, `retries`, `two-phase`

    error[M0051]: unknown key `file_name` in `package.metadata.migrate`
     --> Cargo.toml:4:1
      |
    4 | file_name = "{slug}"
      | ^^^^^^^^^ not a key of this table
      |
      = help: did you mean `file-name`?

    error[M0051]: unknown key `protect` in `env.dev`
     --> Cargo.toml:5:31
      |
    5 | env.dev = { url = "sqlite:a", protect = true }
      |                               ^^^^^^^ not a key of this table
      |
      = help: did you mean `protected`?
    "#);
}

#[test]
fn wrong_types_say_what_is_expected() {
    assert_snapshot!(bad("dir = 3\ndialects = \"postgres\"\ndatabases = [1979-05-27]\nheads = [\"many\"]\nlints = true\nenv = 1.5"), @r#"
error[M0052]: `dir` must be a string, not an integer
 --> Cargo.toml:2:7
  |
2 | dir = 3
  |       ^ expected a string
  |
  = help: write `dir = "migrations"`

error[M0052]: `dialects` must be an array of strings, not a string
 --> Cargo.toml:3:12
  |
3 | dialects = "postgres"
  |            ^^^^^^^^^^ expected an array of strings
  |
  = help: write `dialects = ["postgres"]`

error[M0052]: `databases` must be an array of strings, not of a date-time
 --> Cargo.toml:4:14
  |
4 | databases = [1979-05-27]
  |              ^^^^^^^^^^ expected a string
  |
  = help: write `databases = ["catalog", "monitoring"]`

error[M0052]: `heads` must be a string, not an array
 --> Cargo.toml:5:9
  |
5 | heads = ["many"]
  |         ^^^^^^^^ expected a string
  |
  = help: write `heads = "single"`

error[M0052]: `lints` must be a table, not a boolean
 --> Cargo.toml:6:9
  |
6 | lints = true
  |         ^^^^ expected a table
  |
  = help: write `lints = { M0032 = "deny" }`

error[M0052]: `env` must be a table, not a float
 --> Cargo.toml:7:7
  |
7 | env = 1.5
  |       ^^^ expected a table
  |
  = help: write `env.dev.url = "sqlite:dev.db"`
"#);
    assert_eq!(
        messages("env.dev = \"sqlite:a\"\nenv.qa = { url = 1, protected = \"yes\" }"),
        [
            "`env.dev` must be a table, not a string",
            "`env.qa.url` must be a string, not an integer",
            "`env.qa.protected` must be a boolean, not a string",
        ]
    );
    assert_snapshot!(read_rendered("[package.metadata]\nmigrate = \"db\"\n").1, @r#"
error[M0052]: `package.metadata.migrate` must be a table, not a string
 --> Cargo.toml:2:11
  |
2 | migrate = "db"
  |           ^^^^ expected a table
  |
  = help: write `[package.metadata.migrate]`
"#);
    assert_snapshot!(read_rendered("[[package.metadata.migrate]]\ndir = \"db\"\n").1, @r#"
error[M0052]: `package.metadata.migrate` must be a table, not an array
 --> Cargo.toml:1:20
  |
1 | [[package.metadata.migrate]]
  |                    ^^^^^^^ expected a table
  |
  = help: write `[package.metadata.migrate]`
"#);
}

#[test]
fn names_of_databases_are_names_of_variables_too() {
    assert_snapshot!(bad("databases = [\"user-data\", \"other\", \"user_data\", \"User-Data\"]"), @r#"
    error[M0058]: the databases `user-data` and `user_data` have one variable, `DATABASE_URL_USER_DATA`
     --> Cargo.toml:2:36
      |
    2 | databases = ["user-data", "other", "user_data", "User-Data"]
      |              -----------           ^^^^^^^^^^^ its URL would be that of the other one
      |              |
      |              the other one
      |
      = note: a variable's name has capital letters, and `_` for each `-`
      = help: give one of them a name that differs in more than that

    error[M0058]: the databases `user-data` and `User-Data` have one variable, `DATABASE_URL_USER_DATA`
     --> Cargo.toml:2:49
      |
    2 | databases = ["user-data", "other", "user_data", "User-Data"]
      |              ----------- the other one          ^^^^^^^^^^^ its URL would be that of the other one
      |
      = note: a variable's name has capital letters, and `_` for each `-`
      = help: give one of them a name that differs in more than that
    "#);
    assert_eq!(messages("databases = [\"user-data\", \"userdata\", \"user_data2\"]"), [""; 0]);
    // What refers to them is not judged then.
    assert_eq!(
        messages(
            "databases = [\"a-b\", \"a_b\"]\nenv.dev.databases = { a-b = \"sqlite:1\", a_b = \"sqlite:2\" }"
        ),
        ["the databases `a-b` and `a_b` have one variable, `DATABASE_URL_A_B`"]
    );
}

#[test]
fn wrong_values_say_what_is_expected() {
    assert_snapshot!(bad(r#"dir = "/srv/migrations"
dialects = ["sqlite", "postgresql", "sqlite", "oracle"]
databases = ["a b", "c", "c"]
table = "public.revisions-2"
chain = ""
file-name = "{date}"
heads = "mny""#), @r#"
error[M0052]: `dir` has a value that it cannot have
 --> Cargo.toml:2:7
  |
2 | dir = "/srv/migrations"
  |       ^^^^^^^^^^^^^^^^^ it must be relative to the package
  |
  = help: write for example `dir = "migrations"`

error[M0052]: unknown dialect `postgresql`
 --> Cargo.toml:3:23
  |
3 | dialects = ["sqlite", "postgresql", "sqlite", "oracle"]
  |                       ^^^^^^^^^^^^ expected one of `sqlite`, `postgres`, `mysql`
  |
  = help: did you mean `postgres`?

error[M0052]: `sqlite` stands in `dialects` twice
 --> Cargo.toml:3:37
  |
3 | dialects = ["sqlite", "postgresql", "sqlite", "oracle"]
  |                                     ^^^^^^^^ listed already
  |
  = help: remove it

error[M0052]: unknown dialect `oracle`
 --> Cargo.toml:3:47
  |
3 | dialects = ["sqlite", "postgresql", "sqlite", "oracle"]
  |                                               ^^^^^^^^ expected one of `sqlite`, `postgres`, `mysql`
  |
  = help: write for example `dialects = ["sqlite", "postgres"]`

error[M0052]: illegal name of a database, `a b`
 --> Cargo.toml:4:14
  |
4 | databases = ["a b", "c", "c"]
  |              ^^^^^ a name begins with a letter or `_`, and has letters, digits, `_` and `-`
  |
  = help: write for example `databases = ["catalog", "monitoring"]`

error[M0052]: `c` stands in `databases` twice
 --> Cargo.toml:4:26
  |
4 | databases = ["a b", "c", "c"]
  |                          ^^^ listed already
  |
  = help: remove it, or give it another name

error[M0052]: `table` has a value that it cannot have
 --> Cargo.toml:5:9
  |
5 | table = "public.revisions-2"
  |         ^^^^^^^^^^^^^^^^^^^^ an identifier begins with a letter or `_`, and has letters, digits, `_` and `$`
  |
  = help: write for example `table = "migrate_revisions"`

error[M0052]: `chain` has a value that it cannot have
 --> Cargo.toml:6:9
  |
6 | chain = ""
  |         ^^ a chain's name has 1 to 64 letters, digits, `_`, `.` and `-`
  |
  = help: write for example `chain = "main"`

error[M0052]: `file-name` has a value that it cannot have
 --> Cargo.toml:7:13
  |
7 | file-name = "{date}"
  |             ^^^^^^^^ it holds neither `{revision}` nor `{slug}`
  |
  = help: write for example `file-name = "{date}T{time}_{revision}_{slug}"`

error[M0052]: `heads` cannot be `mny`
 --> Cargo.toml:8:9
  |
8 | heads = "mny"
  |         ^^^^^ expected one of `single`, `many`
  |
  = help: did you mean `heads = "many"`?
"#);
    assert_snapshot!(bad("dialects = []"), @r#"
error[M0052]: `dialects` is empty
 --> Cargo.toml:2:12
  |
2 | dialects = []
  |            ^^ expected at least one dialect
  |
  = help: write for example `dialects = ["sqlite", "postgres"]`, or remove the key for `sqlite`
"#);
}

#[test]
fn only_lints_have_a_level() {
    assert_snapshot!(bad("[package.metadata.migrate.lints]\nM0013 = \"allow\"\nM32 = \"deny\"\nempty-section = \"warn\"\nM0033 = \"forbid\""), @r#"
    error[M0052]: the level of `M0013` cannot be changed
     --> Cargo.toml:3:1
      |
    3 | M0013 = "allow"
      | ^^^^^ unknown parent revision
      |
      = help: remove it; the codes with a level are `M0025`, `M0026`, `M0029`, `M0032`, `M0033`, `M0056`, `M0063`, `M0064`, `M0065`, `M0066`, `M0069`, `M0070`

    error[M0052]: unknown code `M32` in `lints`
     --> Cargo.toml:4:1
      |
    4 | M32 = "deny"
      | ^^^ not a code
      |
      = help: did you mean `M0032`?

    error[M0052]: unknown code `empty-section` in `lints`
     --> Cargo.toml:5:1
      |
    5 | empty-section = "warn"
      | ^^^^^^^^^^^^^ not a code
      |
      = help: the codes with a level are `M0025`, `M0026`, `M0029`, `M0032`, `M0033`, `M0056`, `M0063`, `M0064`, `M0065`, `M0066`, `M0069`, `M0070`

    error[M0052]: `lints.M0033` cannot be `forbid`
     --> Cargo.toml:6:9
      |
    6 | M0033 = "forbid"
      |         ^^^^^^^^ expected one of `allow`, `warn`, `deny`
      |
      = help: write for example `M0033 = "allow"`
    "#);
}

#[test]
fn environments_have_one_url_or_all() {
    assert_snapshot!(bad(r#"databases = ["catalog", "monitoring"]
env.a = { url = "sqlite:a", databases = { catalog = "sqlite:a", monitoring = "sqlite:b" } }
env.b = { protected = true }
env.c = { databases = { catalogue = "sqlite:a" } }
env.d = { url = "sqlite:a" }"#), @r#"
error[M0052]: environment `a` has both `url` and `databases`
 --> Cargo.toml:3:29
  |
3 | env.a = { url = "sqlite:a", databases = { catalog = "sqlite:a", monitoring = "sqlite:b" } }
  |                             ^^^^^^^^^ one URL for each declared database
  |
  = help: remove `url`

error[M0052]: environment `b` has no URL
 --> Cargo.toml:4:5
  |
4 | env.b = { protected = true }
  |     ^ expected a URL below
  |
  = help: add `databases = { catalog = "…", monitoring = "…" }`

error[M0052]: `env.c.databases` has no URL for `catalog`, `monitoring`
 --> Cargo.toml:5:11
  |
5 | env.c = { databases = { catalogue = "sqlite:a" } }
  |           ^^^^^^^^^ not complete
  |
  = help: add `catalog = "…", monitoring = "…"`

error[M0052]: unknown database `catalogue` in `env.c.databases`
 --> Cargo.toml:5:25
  |
5 | env.c = { databases = { catalogue = "sqlite:a" } }
  |                         ^^^^^^^^^ not declared in `databases`
  |
  = help: did you mean `catalog`?

error[M0052]: environment `d` has one URL for named databases
 --> Cargo.toml:6:11
  |
6 | env.d = { url = "sqlite:a" }
  |           ^^^ the databases are `catalog`, `monitoring`
  |
  = help: write `databases = { catalog = "…", monitoring = "…" }`
"#);
    assert_snapshot!(bad(r#"env.a.databases = { catalog = "sqlite:a" }
env.b = {}
env."ż".url = "sqlite:a""#), @r#"
error[M0052]: unknown database `catalog` in `env.a.databases`
 --> Cargo.toml:2:21
  |
2 | env.a.databases = { catalog = "sqlite:a" }
  |                     ^^^^^^^ not declared in `databases`
  |
  = help: add `databases = ["catalog"]` to `[package.metadata.migrate]`, or write `url = "…"` here

error[M0052]: environment `b` has no URL
 --> Cargo.toml:3:5
  |
3 | env.b = {}
  |     ^ expected a URL below
  |
  = help: add `url = "sqlite:dev.db"`

error[M0052]: illegal name of an environment, `ż`
 --> Cargo.toml:4:5
  |
4 | env."ż".url = "sqlite:a"
  |     ^^^ a name begins with a letter or `_`, and has letters, digits, `_` and `-`
  |
  = help: write for example `env.dev.url = "sqlite:dev.db"`
"#);
}

#[test]
fn one_mistake_is_one_finding() {
    assert_eq!(
        messages("dialects = \"postgres\"\nenv.dev.url = \"postgres://localhost/app\""),
        ["`dialects` must be an array of strings, not a string"]
    );
    assert_eq!(
        messages(
            "databases = [\"a\", \"b c\"]\n\
             env.dev.databases = { a = \"sqlite:a\", \"b c\" = \"sqlite:b\" }"
        ),
        ["illegal name of a database, `b c`"]
    );
    // Unsure means careful.
    let (configuration, _) = read_rendered(
        "[package.metadata.migrate.env.live]\nurl = \"sqlite:a\"\nprotected = \"yes\"\n",
    );
    assert!(configuration.environments[0].protected.value);
}

/// In every user's build script this runs unoptimised.
#[test]
fn a_large_manifest_is_read_in_linear_time() {
    let table = "[[bin]]\nname = \"a\"\npath = \"b\" # c\nx = { y = [1, 2, { z = 3 }] }\n";
    let manifest = format!("{}[package.metadata.migrate]\nchain = \"x\"\n", table.repeat(20_000));
    let start = std::time::Instant::now();
    let (configuration, findings) = read_rendered(&manifest);
    assert_eq!((configuration.chain.as_str(), findings.as_str()), ("x", ""));
    // Its 80 000 lines take a fifth of a second; the bound is for what is not linear.
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn urls_are_looked_at_as_far_as_can_be_known() {
    assert_snapshot!(bad("env.a.url = \"dev.db\"\nenv.b.url = \"mysql://localhost/app\"\nenv.c.url = \"${HOST\"\nenv.d.url = \"${DATABASE_URL}\""), @r#"
error[M0052]: `env.a.url` is not the URL of a database
 --> Cargo.toml:2:13
  |
2 | env.a.url = "dev.db"
  |             ^^^^^^^^ expected `sqlite:`, `postgres://` or `mysql://` at its beginning
  |
  = help: write for example `url = "sqlite:dev.db"`

error[M0052]: `env.b.url` is of dialect `mysql`, which is not declared
 --> Cargo.toml:3:13
  |
3 | env.b.url = "mysql://localhost/app"
  |             ^^^^^^^^^^^^^^^^^^^^^^^ the chain is written for `sqlite`
  |
  = help: add `"mysql"` to `dialects`, or give another URL

error[M0052]: `env.c.url` holds a `${` without name and `}`
 --> Cargo.toml:4:13
  |
4 | env.c.url = "${HOST"
  |             ^^^^^^^^ expected `${NAME}`
  |
  = help: write for example `url = "${DATABASE_URL}"`
"#);
}

#[test]
fn a_key_that_is_defined_twice_is_not_toml() {
    assert_snapshot!(bad("dir = \"a\"\nchain = \"x\"\ndir = \"b\"\nenv.dev.url = \"sqlite:a\"\nenv.dev.url = \"sqlite:b\""), @r#"
error[M0053]: `dir` is defined twice
 --> Cargo.toml:4:1
  |
2 | dir = "a"
  | --- first defined here
3 | chain = "x"
4 | dir = "b"
  | ^^^ defined again here
  |
  = help: keep one of the two

error[M0053]: `url` is defined twice
 --> Cargo.toml:6:9
  |
5 | env.dev.url = "sqlite:a"
  |         --- first defined here
6 | env.dev.url = "sqlite:b"
  |         ^^^ defined again here
  |
  = help: keep one of the two
"#);
    assert_eq!(
        messages("dir = \"a\"\n[package.metadata.migrate]\nhead = 1"),
        ["`migrate` is defined twice", "unknown key `head` in `package.metadata.migrate`",]
    );
    assert_eq!(
        messages("env = {}\n[package.metadata.migrate.env.dev]\nurl = 1"),
        ["`env` is defined twice"]
    );
    assert_eq!(
        messages("dir = \"a\"\n[package.metadata.migrate.dir]\nx = 1"),
        ["`dir` is defined twice"]
    );
}

#[test]
fn a_manifest_that_is_no_toml_is_one_finding() {
    assert_snapshot!(read_rendered("[package]\nname \"app\"\nversion = 3\n[package.metadata.migrate]\ndirr = 1\n").1, @r#"
error[M0053]: the manifest is not valid TOML: key with no value
 --> Cargo.toml:2:6
  |
2 | name "app"
  |      ^ expected `=`
  |
  = help: correct it here; cargo does not read the manifest either
"#);
    assert_snapshot!(read_rendered("[package.metadata.migrate]\ndir = db\nhead = 1\n").1, @r#"
error[M0053]: the manifest is not valid TOML: string values must be quoted
 --> Cargo.toml:2:7
  |
2 | dir = db
  |       ^^ expected literal string
  |
  = help: correct it here; cargo does not read the manifest either
"#);
    assert_snapshot!(read_rendered("[package.metadata.migrate]\ndialects = [\"sqlite\"").1, @r#"
error[M0053]: the manifest is not valid TOML: unclosed array
 --> Cargo.toml:2:21
  |
2 | dialects = ["sqlite"
  |                     ^ expected `]`
  |
  = help: correct it here; cargo does not read the manifest either
"#);
    let deep = format!("x = {}", "[".repeat(100_000));
    let mut sources = Sources::new();
    let file = sources.add("Cargo.toml", deep.clone());
    assert_eq!(read(&deep, file).1.len(), 1);
}

#[test]
fn a_line_with_a_password_is_not_shown() {
    let secret = "postgres://app:hunter2@db/app";
    for lines in [
        format!("env.a.url = \"{secret}\""),
        format!("env.a.url = \"{}\"", secret.replace("postgres", "oracle")),
        format!("env.a = \"{secret}\""),
        format!("env.a = {{ ulr = \"{secret}\", protected = 1 }}"),
        format!("env.a.url = \"{secret}\"\nenv.a.url = \"x\""),
        format!("dir = \"a\"\nenv.a.url = \"{secret}\"\ndir = \"b\""),
        format!("dir = \"a\"\nenv.a.url = {secret}\""),
        format!("env.a.url = [\"{secret}\"]"),
        format!("dir = \"{secret}\""),
        format!("heads = \"{secret}\""),
        format!("dialects = \"{secret}\""),
        format!("dialects = [\"{secret}\"]"),
        format!("databases = [\"{secret}\"]"),
        format!("file-name = \"{{{secret}}}\""),
    ] {
        let shown = bad(&lines);
        assert!(!shown.is_empty() && !shown.contains("hunter2"), "{lines}\n{shown}");
    }
    assert_snapshot!(bad(&format!("env.a.url = \"{secret}\"")), @r#"
error[M0052]: `env.a.url` is of dialect `postgres`, which is not declared (line 2, not shown: it holds a password)
 |
 = help: add `"postgres"` to `dialects`, or give another URL
"#);
}

#[test]
fn time_is_a_number_of_seconds_or_a_text() {
    assert_snapshot!(bad(r#"lock-timeout = "5 days"
statement-timeout = true
statement-lock-timeout = -1
retries = 1.5
env.dev = { url = "sqlite:dev.db", lock-timout = 3, retries = 0x10, two-phase = "true" }
"#), @r#"
    error[M0052]: `lock-timeout` has a value that it cannot have
     --> Cargo.toml:2:16
      |
    2 | lock-timeout = "5 days"
      |                ^^^^^^^^ expected a number of seconds, or a text like `500ms`, `5s` or `2m`
      |
      = help: write for example `lock-timeout = "5s"`

    error[M0052]: `statement-timeout` must be a number of seconds, or a string, not a boolean
     --> Cargo.toml:3:21
      |
    3 | statement-timeout = true
      |                     ^^^^ expected a number of seconds, or a string
      |
      = help: write `statement-timeout = "5s"`

    error[M0052]: `statement-lock-timeout` has a value that it cannot have
     --> Cargo.toml:4:26
      |
    4 | statement-lock-timeout = -1
      |                          ^^ expected a number of seconds, or a text like `500ms`, `5s` or `2m`
      |
      = help: write for example `statement-lock-timeout = "5s"`

    error[M0052]: `retries` has a value that it cannot have
     --> Cargo.toml:5:11
      |
    5 | retries = 1.5
      |           ^^^ expected a whole number, such as `5`
      |
      = help: write for example `retries = 5`

    error[M0051]: unknown key `lock-timout` in `env.dev`
     --> Cargo.toml:6:36
      |
    6 | env.dev = { url = "sqlite:dev.db", lock-timout = 3, retries = 0x10, two-phase = "true" }
      |                                    ^^^^^^^^^^^ not a key of this table
      |
      = help: did you mean `lock-timeout`?

    error[M0052]: `env.dev.retries` must be a number, not an integer that is not decimal
     --> Cargo.toml:6:63
      |
    6 | env.dev = { url = "sqlite:dev.db", lock-timout = 3, retries = 0x10, two-phase = "true" }
      |                                                               ^^^^ expected a number
      |
      = help: write `retries = 5`

    error[M0052]: `env.dev.two-phase` must be a boolean, not a string
     --> Cargo.toml:6:81
      |
    6 | env.dev = { url = "sqlite:dev.db", lock-timout = 3, retries = 0x10, two-phase = "true" }
      |                                                                                 ^^^^^^ expected a boolean
      |
      = help: write `two-phase = true`
    "#);
}
