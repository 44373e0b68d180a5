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
    assert_transcript!(project.migrate(&["check"]), @"");
    let manifest = project.read("Cargo.toml");
    let (before, rest) = manifest.split_once("[build-dependencies]\n").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    project.write("Cargo.toml", format!("{before}{after}").replace("default-run", "# default-run"));
    project.write("build.rs", "fn main() {}\n");
    assert_transcript!(project.migrate(&["check"]), @"");
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
    assert_transcript!(project.migrate(&["check"]), @"");
    for format in ["json", "github", "sarif"] {
        let output = project.migrate(&["check", "--message-format", format]).success();
        assert!(!output.transcript().contains("hunter2"), "{}", output.transcript());
    }
}

#[test]
fn a_database_is_compared_where_that_is_asked_for() {
    let project = line();
    assert_transcript!(project.migrate(&["check"]), @"");
    assert_transcript!(project.migrate(&["check", "--state"]), @"");
    assert!(!project.path("dev.db").exists());
    project.migrate(&["up"]).success();
    assert_transcript!(project.migrate(&["check", "--env", "dev"]), @"");
    project.revision("first1", "", "CREATE TABLE z (x);", "DROP TABLE a;");
    std::fs::remove_file(project.path("migrations/second.sql")).unwrap();
    project.revision("other1", "first1", "CREATE TABLE c (x);", "DROP TABLE c;");
    let output = project.migrate(&["check", "--database-url", "sqlite:dev.db"]);
    assert_transcript!(output, @"");
    let output = project.migrate(&["check", "--state", "--message-format", "json"]);
    assert_eq!(output.code, Some(3), "{}", output.transcript());
    let messages = messages(&output);
    assert!(messages.iter().any(|it| matches!(it, Message::Problem(_))), "{messages:?}");
    let is_behind = |it: &Message| matches!(it, Message::Status(status) if !status.is_current);
    assert!(messages.iter().any(is_behind), "{messages:?}");
    let output = project.migrate(&["check", "--state", "-q", "--message-format", "github"]);
    insta::assert_snapshot!(output.stdout, @"");
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
    insta::assert_snapshot!(output.stdout, @"");
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
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap(), @"");
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
    assert_transcript!(project.migrate(&["up", "--message-format", "sarif"]), @"");
    let help = project.migrate(&["up", "--help"]).success();
    assert!(!help.stdout.contains("sarif"), "{}", help.transcript());
    let help = project.migrate(&["check", "--help"]).success();
    assert!(help.stdout.contains("check --message-format sarif"), "{}", help.transcript());
}
