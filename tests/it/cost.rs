//! What using the tool costs, as far as it can be counted.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::{Project, repository};

fn cargo(args: &[&str]) -> String {
    let mut command = Command::new(crate::support::cargo());
    command.args(args).current_dir(repository());
    Project::empty().run(&mut command).success().stdout
}

#[test]
fn the_build_feature_adds_at_most_eight_crates() {
    let tree = cargo(&[
        "tree",
        "--locked",
        "--package",
        "cargo-migrate",
        "--no-default-features",
        "--features",
        "build",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let crates: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "cargo-migrate")
        .collect();
    assert!(crates.len() <= 8, "{crates:?}");
    for heavy in ["sqlx", "serde", "clap", "syn", "tokio"] {
        assert!(!crates.contains(heavy), "{crates:?}");
    }
}

#[test]
fn the_package_holds_what_the_binary_needs_and_nothing_else() {
    let list =
        cargo(&["package", "--locked", "--list", "--allow-dirty", "--package", "cargo-migrate"]);
    let files: BTreeSet<&str> = list.lines().collect();
    let mut expected = Vec::new();
    templates(&repository().join("template"), &mut expected);
    assert!(!expected.is_empty());
    for template in &expected {
        assert!(files.contains(template.as_str()), "{template} is not in the package");
    }
    for file in files {
        let known = ["src/", "template/"].iter().any(|start| file.starts_with(start))
            || !file.contains('/');
        assert!(known, "{file} does not belong into the package");
    }
}

fn templates(directory: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates(&path, found);
        } else {
            let path = path.strip_prefix(repository()).unwrap();
            found.push(path.to_str().unwrap().replace('\\', "/"));
        }
    }
}
