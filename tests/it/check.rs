//! `check`: all about a package without a build, for people and for machines.

use std::process::Command;

use cargo_migrate::cli::message::Message;
use serde_json::Value;

use crate::json::messages;
use crate::support::{Output, Project, assert_transcript};

/// A chain with an error and a warning, in a package of a repository.
fn wrong() -> Project {
    let project = Project::with_chain();
    std::fs::create_dir(project.path(".git")).unwrap();
    project.revision("first1", "", "SELECT '𝄞', 'oops;", "SELECT 1;");
    project.revision("second", "frist1", "", "SELECT 1;");
    project
}

fn line() -> Project {
    let project = Project::with_chain();
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    project
}

#[test]
fn what_init_writes_is_in_order_until_somebody_changes_it() {
    let project = Project::initialised(&["src/main.rs"]);
    assert_transcript!(project.migrate(&["check"]), @"
    exit code: 0
    ----- stderr -----
         Checked 0 revisions
    ");
    // The path differs from machine to machine.
    let manifest = project.read("Cargo.toml");
    let at = manifest.find("path = \"").unwrap() + "path = \"".len();
    let path = manifest[at..].split('"').next().unwrap();
    let manifest = manifest.replace(path, "../tool");
    let (before, rest) = manifest.split_once("[build-dependencies]\n").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    project.write("Cargo.toml", format!("{before}{after}").replace("default-run", "# default-run"));
    project.write("build.rs", "fn main() {}\n");
    assert_transcript!(project.migrate(&["check"]), @r#"
    exit code: 1
    ----- stderr -----
    error[M0061]: `cargo-migrate` is not in `[build-dependencies]`
     --> Cargo.toml:8:1
      |
    8 | cargo-migrate = { path = "../tool", default-features = false, features = ["sqlite", "tokio"] }
      | ^^^^^^^^^^^^^ it is only here
      |
      = help: `cargo migrate init -p app` adds it

    error[M0065]: the build script does not call the build helper
     --> build.rs:1:4
      |
    1 | fn main() {}
      |    ^^^^
      |
      = help: add this line: `cargo_migrate::build::emit();`

    warning[M0069]: `cargo run` cannot choose between `app` and `migrate`
     --> Cargo.toml:2:1
      |
    2 | name = "app"
      | ^^^^ there is no `default-run`
      |
      = help: add `default-run = "app"` to `[package]`

    error: the chain is valid, but not all about it is in order: 2 errors
    "#);
    project.migrate(&["init", "--path", env!("CARGO_MANIFEST_DIR")]).success();
    project.append("Cargo.toml", "\n[package.metadata.migrate.lints]\nM0065 = \"warn\"\n");
    let output = project.migrate(&["check"]).success();
    assert!(output.stderr.contains("warning[M0065]"), "{}", output.transcript());
}

#[test]
fn environments_are_judged_and_no_password_is_shown() {
    let project = Project::with_chain();
    project.append(
        "Cargo.toml",
        "\n[package.metadata.migrate.env.production]\nurl = \"${PRODUCTION_URL}\"\n\n\
         [package.metadata.migrate.env.test]\nurl = \"sqlite:test.db?password=hunter2\"\n",
    );
    assert_transcript!(project.migrate(&["check"]), @r#"
    exit code: 0
    ----- stderr -----
    warning[M0056]: the URL of environment `test` holds a password
      --> Cargo.toml:19:7
       |
    19 | url = "sqlite:test.db?password=***"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it is not shown
       |
       = help: put it into a variable, as in `${DATABASE_PASSWORD}`
       = help: if it was ever committed, change it

    note: environment `production` was not judged, since `PRODUCTION_URL` is not set here
         Checked 0 revisions, 1 warning
    "#);
    for format in ["json", "github", "sarif"] {
        let output = project.migrate(&["check", "--message-format", format]).success();
        assert!(!output.transcript().contains("hunter2"), "{}", output.transcript());
    }
}

#[test]
fn a_database_is_compared_where_that_is_asked_for() {
    let project = line();
    assert_transcript!(project.migrate(&["check"]), @"
    exit code: 0
    ----- stderr -----
         Checked 2 revisions, head `second`
    ");
    assert_transcript!(project.migrate(&["check", "--state"]), @"
    exit code: 3
    ----- stderr -----
         Checked 2 revisions, head `second`
        Database sqlite:dev.db (from environment `dev`)
    note: the database does not exist yet; `up` creates it
    warning: 2 revisions are pending: `first1` and `second`
      = help: `up` is next

        Finished the database is out of date
    ");
    assert!(!project.path("dev.db").exists());
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["check", "--env", "dev"]), @"
    exit code: 0
    ----- stderr -----
         Checked 2 revisions, head `second`
        Database sqlite:dev.db (from environment `dev`)
        Finished the database is up to date
    ");
    project.revision("first1", "", "CREATE TABLE z (x);", "DROP TABLE a;");
    std::fs::remove_file(project.path("migrations/second.sql")).unwrap();
    project.revision("other1", "first1", "CREATE TABLE c (x);", "DROP TABLE c;");
    let output = project.migrate(&["check", "--database-url", "sqlite:dev.db"]);
    assert_transcript!(output, @"
    exit code: 3
    ----- stderr -----
         Checked 2 revisions, head `other1`
        Database sqlite:dev.db (from `--database-url`)
    error: revision `first1` has another text than when applied to this database
     --> migrations/first1.sql
      = note: applied at [NOW] by cargo-migrate@[HOST]
      = help: restore the file to what was applied, and put the change into a new revision
      = help: `repair first1 --accept`: if the database is as the file says now; then its row says the same, and the digests of all that was applied after it follow
      = help: `down base --from database`: undoes it, and all that was applied after it, with the scripts that were stored then; only where nobody else has applied it

    warning: the database has 1 revision that this chain does not have: `second`
      = note: it lacks revisions of this chain, too: it was migrated from another branch, or by an older version
      = help: `status` lists them

    warning: 1 revision is pending: `other1`
      = help: `repair --database-url sqlite:dev.db` is next

        Finished the database is out of date
    ");
    let output = project.migrate(&["check", "--state", "--message-format", "json"]);
    assert_eq!(output.code, Some(3), "{}", output.transcript());
    let messages = messages(&output);
    assert!(messages.iter().any(|it| matches!(it, Message::Problem(_))), "{messages:?}");
    let is_behind = |it: &Message| matches!(it, Message::Status(status) if !status.is_current);
    assert!(messages.iter().any(is_behind), "{messages:?}");
    let output = project.migrate(&["check", "--state", "-q", "--message-format", "github"]);
    let filters = [(r"applied at \S+ by [^%]+%0A", "applied at [NOW] by [WHO]%0A")];
    insta::with_settings!({ filters => filters }, {
    insta::assert_snapshot!(output.stdout, @"
    ::error file=migrations/first1.sql,title=database-edited%3A an applied revision was edited::revision `first1` has another text than when applied to this database%0Anote: applied at [NOW] by [WHO]%0Ahelp: restore the file to what was applied, and put the change into a new revision%0Ahelp: `repair first1 --accept`: if the database is as the file says now; then its row says the same, and the digests of all that was applied after it follow%0Ahelp: `down base --from database`: undoes it, and all that was applied after it, with the scripts that were stored then; only where nobody else has applied it
    ::warning title=database-unknown%3A the database has a revision that the chain does not have::the database has 1 revision that this chain does not have: `second`%0Anote: it lacks revisions of this chain, too: it was migrated from another branch, or by an older version%0Ahelp: `status` lists them
    ::warning title=database-pending%3A a revision is not applied::1 revision is pending: `other1`%0Ahelp: `repair` is next
    ");
    });
    let output = project.migrate(&["check", "--database-url", "sqlite:missing/dev.db"]);
    assert_eq!(output.code, Some(3), "{}", output.transcript());
    let output = project.migrate(&["check", "--database-url", "postgres://localhost:1/app"]);
    assert_eq!(output.code, Some(2), "{}", output.transcript());
}

fn on_github(project: &Project, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.arg("migrate").args(arguments).current_dir(project.root());
    project.run(command.env("GITHUB_ACTIONS", "true"))
}

#[test]
fn github_gets_annotations_and_people_their_text() {
    let project = wrong();
    let output = on_github(&project, &["check"]);
    assert_eq!(output.code, Some(4), "{}", output.transcript());
    assert!(output.stderr.contains("error[M0013]"), "{}", output.transcript());
    insta::assert_snapshot!(output.stdout, @"
    ::error file=migrations/first1.sql,line=7,endLine=7,col=13,endColumn=14,title=M0027%3A a quote%2C comment or body does not end::this string does not end%0Ait begins here%0Anote: a section ends at the next marker, whatever is open%0Ahelp: close it with `'`
    ::error file=migrations/second.sql,line=4,endLine=4,col=13,endColumn=19,title=M0013%3A unknown parent revision::unknown parent revision `frist1`%0Ano revision has this id%0Ahelp: did you mean `first1`?
    ::warning file=migrations/second.sql,line=6,endLine=6,col=1,endColumn=14,title=M0033%3A a section is empty::this section is empty%0Ahelp: write the SQL below it; where there is nothing to do, a comment that says why
    ");
    let asked = project.migrate(&["check", "--message-format", "github"]);
    assert_eq!(asked.stdout, output.stdout);
    assert_eq!(on_github(&project, &["check", "--message-format", "text"]).stdout, "");
    messages(&on_github(&project, &["check", "--message-format", "json"]));
    assert_eq!(on_github(&project, &["heads"]).stdout, "");
}

#[test]
fn paths_are_those_of_the_repository() {
    let project = Project::empty();
    std::fs::create_dir(project.path(".git")).unwrap();
    let package = "[package]\nname = \"app\"\n\n[package.metadata.migrate]\n";
    project.write("services/app/Cargo.toml", package);
    project.write("services/app/src/lib.rs", "");
    project.write("services/app/migrations/a.sql", "SELECT 1;\n");
    let output = project.migrate_in("services/app", &["check", "--message-format", "github"]);
    let first = output.stdout.lines().next().unwrap_or_default();
    assert!(first.contains(" file=services/app/migrations/a.sql,"), "{}", output.transcript());
}

/// Every object of a document that stands under a key.
fn under<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if name == key {
                    found.push(value);
                }
                under(value, key, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| under(value, key, found)),
        _ => {}
    }
}

#[test]
fn sarif_is_a_document_of_its_schema() {
    let project = wrong();
    let output = project.migrate(&["check", "--message-format", "sarif"]);
    assert_eq!(output.code, Some(4), "{}", output.transcript());
    let mut document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    assert!(document["$schema"].as_str().unwrap().ends_with("/sarif-schema-2.1.0.json"));
    let [run] = &document["runs"].as_array().unwrap()[..] else { panic!("{document}") };
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "cargo-migrate");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["shortDescription"]["text"].is_string(), "{rule}");
        assert!(rule["help"]["text"].as_str().unwrap().contains("## What to do"), "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 3, "{document}");
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string(), "{result}");
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(!result["locations"].as_array().unwrap().is_empty(), "{result}");
    }
    let mut places = Vec::new();
    under(&document, "physicalLocation", &mut places);
    for place in places {
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(project.path(uri).is_file(), "{uri}");
        let number = |name: &str| place["region"][name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1, "{place}");
        let start = (number("startLine"), number("startColumn"));
        assert!(start <= (number("endLine"), number("endColumn")), "{place}");
    }
    // The pages have tests of their own.
    for rule in document["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        rule["help"] = Value::Null;
    }
    document["runs"][0]["tool"]["driver"]["semanticVersion"] = Value::from("[VERSION]");
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap(), @r#"
    {
      "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "runs": [
        {
          "columnKind": "utf16CodeUnits",
          "invocations": [
            {
              "executionSuccessful": true
            }
          ],
          "results": [
            {
              "level": "error",
              "locations": [
                {
                  "message": {
                    "text": "it begins here"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "migrations/first1.sql",
                      "uriBaseId": "%SRCROOT%"
                    },
                    "region": {
                      "endColumn": 15,
                      "endLine": 7,
                      "startColumn": 14,
                      "startLine": 7
                    }
                  }
                }
              ],
              "message": {
                "text": "this string does not end\nit begins here\nnote: a section ends at the next marker, whatever is open\nhelp: close it with `'`"
              },
              "ruleId": "M0027",
              "ruleIndex": 0
            },
            {
              "level": "error",
              "locations": [
                {
                  "message": {
                    "text": "no revision has this id"
                  },
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "migrations/second.sql",
                      "uriBaseId": "%SRCROOT%"
                    },
                    "region": {
                      "endColumn": 19,
                      "endLine": 4,
                      "startColumn": 13,
                      "startLine": 4
                    }
                  }
                }
              ],
              "message": {
                "text": "unknown parent revision `frist1`\nno revision has this id\nhelp: did you mean `first1`?"
              },
              "ruleId": "M0013",
              "ruleIndex": 1
            },
            {
              "level": "warning",
              "locations": [
                {
                  "physicalLocation": {
                    "artifactLocation": {
                      "uri": "migrations/second.sql",
                      "uriBaseId": "%SRCROOT%"
                    },
                    "region": {
                      "endColumn": 14,
                      "endLine": 6,
                      "startColumn": 1,
                      "startLine": 6
                    }
                  }
                }
              ],
              "message": {
                "text": "this section is empty\nhelp: write the SQL below it; where there is nothing to do, a comment that says why"
              },
              "ruleId": "M0033",
              "ruleIndex": 2
            }
          ],
          "tool": {
            "driver": {
              "name": "cargo-migrate",
              "rules": [
                {
                  "defaultConfiguration": {
                    "level": "error"
                  },
                  "help": null,
                  "id": "M0027",
                  "name": "Unterminated",
                  "shortDescription": {
                    "text": "a quote, comment or body does not end"
                  }
                },
                {
                  "defaultConfiguration": {
                    "level": "error"
                  },
                  "help": null,
                  "id": "M0013",
                  "name": "UnknownParent",
                  "shortDescription": {
                    "text": "unknown parent revision"
                  }
                },
                {
                  "defaultConfiguration": {
                    "level": "warning"
                  },
                  "help": null,
                  "id": "M0033",
                  "name": "EmptySection",
                  "shortDescription": {
                    "text": "a section is empty"
                  }
                }
              ],
              "semanticVersion": "[VERSION]"
            }
          }
        }
      ],
      "version": "2.1.0"
    }
    "#);
}

#[test]
fn a_check_that_did_not_happen_is_no_clean_document() {
    let project = Project::with_chain();
    let output = project.migrate(&["check", "--message-format", "sarif", "-p", "nobody"]);
    assert_eq!(output.code, Some(2), "{}", output.transcript());
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn other_commands_have_no_findings_to_show() {
    let project = Project::with_chain();
    assert_transcript!(project.migrate(&["up", "--message-format", "sarif"]), @"
    exit code: 2
    ----- stderr -----
    error: `--message-format sarif` is for `cargo migrate check` only
    help: all commands have `text` and `json`
    ");
    let help = project.migrate(&["up", "--help"]).success();
    assert!(!help.stdout.contains("sarif"), "{}", help.transcript());
    let help = project.migrate(&["check", "--help"]).success();
    assert!(help.stdout.contains("check --message-format sarif"), "{}", help.transcript());
}
