//! What the README tells people to run.

use std::process::Command;

use crate::support::{Output, Project, repository};

/// The `run` lines of the workflow in the section about CI, and the variables that it sets.
fn recipe() -> (Vec<String>, Vec<(String, String)>) {
    let text = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with("In CI\n")).unwrap();
    let block = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let commands = block.lines().filter_map(|line| line.trim().strip_prefix("- run: "));
    let (_, variables) = block.split_once("env:\n").unwrap();
    let variables = variables.lines().take_while(|line| !line.trim().starts_with("steps:"));
    let variable = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        let value = value.split(" #").next().unwrap();
        (name.trim().to_owned(), value.to_owned())
    };
    (commands.map(str::to_owned).collect(), variables.map(variable).collect())
}

#[test]
fn the_recipe_for_ci_passes_a_good_chain_and_stops_at_a_bad_one() {
    let (commands, variables) = recipe();
    let run = |project: &Project, line: &str| -> Output {
        // The one that would be installed.
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-migrate")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
        let mut command = Command::new("sh");
        command.args(["-ec", line]).current_dir(project.root());
        command.env("PATH", std::env::join_paths(paths).unwrap());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        project.run(&mut command)
    };
    let (install, ours) = commands.split_first().unwrap();
    assert_eq!(install, "cargo install cargo-migrate --locked");
    assert!(ours.len() >= 5, "{ours:?}");

    let good = Project::with_chain();
    good.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    good.revision("second", "first1", "CREATE TABLE b (x);", "DROP TABLE b;");
    for line in ours {
        run(&good, line).success();
    }
    assert!(good.schema("ci.db").contains("CREATE TABLE b"), "the scratch database was used");
    assert!(!good.path("dev.db").exists(), "and no other one");

    let first_failure = |project: &Project| {
        ours.iter().find(|line| run(project, line).code != Some(0)).map(String::as_str)
    };
    let broken = Project::with_chain();
    broken.revision("first1", "nobody", "CREATE TABLE a (x);", "DROP TABLE a;");
    assert_eq!(first_failure(&broken), Some("cargo migrate check"));
    let one_way = Project::with_chain();
    one_way.revision("first1", "", "CREATE TABLE a (x);", "SELECT 1;");
    assert_eq!(first_failure(&one_way), Some("cargo migrate up"), "the second one");
    let wrong = Project::with_chain();
    wrong.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE b;");
    assert_eq!(first_failure(&wrong), Some("cargo migrate down base"));
}
