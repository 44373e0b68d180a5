//! `cargo run` at the root of a workspace, before and after `init`: cargo itself says what it means.

use cargo_metadata::MetadataCommand;

use super::*;
use crate::scaffold::{Member, Workspace, Xtask, init_workspace, init_xtask, keep_run};

/// A workspace with these packages: a directory, more of its `[package]`, and its sources below `src`.
fn workspace(root: &str, packages: &[(&str, &str, &[&str])]) -> Sandbox {
    let sandbox = Sandbox::new(&[("Cargo.toml", root)]);
    for (directory, more, sources) in packages {
        let manifest = format!(
            "[package]\nname = \"{directory}\" # kept\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}"
        );
        sandbox.write(&format!("app/{directory}/Cargo.toml"), &manifest);
        for source in *sources {
            let text = match *source {
                "lib.rs" => String::new(),
                _ => format!("fn main() {{ println!(\"{directory} {source}\"); }}\n"),
            };
            sandbox.write(&format!("app/{directory}/src/{source}"), &text);
        }
    }
    sandbox
}

fn members(sandbox: &Sandbox) -> Vec<Member> {
    let mut command = MetadataCommand::new();
    let metadata = command.no_deps().current_dir(sandbox.app()).exec().unwrap();
    let member = |package: &&cargo_metadata::Package| Member {
        name: package.name.to_string(),
        manifest_path: package.manifest_path.clone().into(),
        is_default: metadata.workspace_default_members.contains(&package.id),
        binaries: package
            .targets
            .iter()
            .filter(|it| it.is_bin())
            .map(|it| it.name.clone())
            .collect(),
        default_run: package.default_run.clone(),
    };
    metadata.workspace_packages().iter().map(member).collect()
}

/// What `init` plans, in this package or else in a member of its own.
fn plan(sandbox: &Sandbox, package: Option<&str>, with_xtask: bool) -> Changes {
    let root = sandbox.app().join("Cargo.toml");
    let members = members(sandbox);
    let (mut changes, chain) = if let Some(package) = package {
        let chain = sandbox.app().join(package).join("Cargo.toml");
        let package = Package::inspect(&chain, Some(&root)).unwrap();
        (init_package(&package, &sandbox.init()).unwrap(), chain)
    } else {
        let workspace = Workspace::inspect(&root, &members, "migrations").unwrap();
        (init_workspace(&workspace, &sandbox.init()).unwrap(), workspace.chain_manifest())
    };
    if with_xtask {
        let xtask = Xtask::inspect(&root, &members).unwrap();
        init_xtask(&xtask, &chain, &mut changes).unwrap();
    }
    keep_run(&root, &members, &chain, &mut changes).unwrap();
    changes
}

/// What plain `cargo run` prints: the program's package and file, or what it cannot decide.
fn run(sandbox: &Sandbox) -> String {
    match sandbox.cargo(&["run", "-q"]) {
        Ok(text) => text.trim_end().to_owned(),
        Err(text) => {
            let is_choice = |line: &&str| line.starts_with("available binaries: ");
            text.lines().find(is_choice).unwrap_or(&text).trim().to_owned()
        }
    }
}

#[test]
fn the_only_program_of_a_workspace_stays_what_cargo_runs() {
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"core\", \"service\"]\n";
    for package in [None, Some("core"), Some("service")] {
        let sandbox = workspace(root, &[("core", "", &["lib.rs"]), ("service", "", &["main.rs"])]);
        assert_eq!(run(&sandbox), "service main.rs");
        let before = sandbox.read("service/Cargo.toml");
        let changes = plan(&sandbox, package, false);
        changes.apply().unwrap();
        assert_eq!(run(&sandbox), "service main.rs", "{package:?}");
        assert_eq!(plan(&sandbox, package, false), Changes::default(), "{package:?}");
        if package == Some("service") {
            assert_eq!(changes.notes, [""; 0]);
            continue;
        }
        assert_eq!(
            changes.notes,
            [
                "`default-run = \"service\"` in service/Cargo.toml keeps plain `cargo run` unambiguous, which would \
              have to choose between that program and `migrate`"
            ]
        );
        assert_eq!(
            sandbox.read("service/Cargo.toml"),
            format!("{before}default-run = \"service\"\n")
        );
        // What an earlier version has set up is completed.
        sandbox.write("app/service/Cargo.toml", &before);
        assert_eq!(run(&sandbox), "available binaries: migrate, service");
        assert_eq!(sandbox.changed(&plan(&sandbox, package, false)), ["~service/Cargo.toml"]);
    }
}

#[test]
fn what_cargo_runs_anyway_or_never_ran_is_left_alone() {
    let virtual_root = "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n";
    let with_defaults = format!("{virtual_root}default-members = [\"b\"]\n");
    let package_root = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [workspace]\nmembers = [\"a\", \"b\"]\n";
    let two = "default-run = \"b\"\n\n[[bin]]\nname = \"b\"\npath = \"src/main.rs\"\n\n\
               [[bin]]\nname = \"other\"\npath = \"src/other.rs\"\n";
    let (lib, main): (&[&str], &[&str]) = (&["lib.rs"], &["main.rs"]);
    for (root, a, b, expected) in [
        (&*with_defaults, ("", lib), ("", main), "b main.rs"),
        (virtual_root, ("", lib), ("default-run = \"b\"\n", main), "b main.rs"),
        (virtual_root, ("", lib), (two, &["main.rs", "other.rs"][..]), "b main.rs"),
        (package_root, ("", lib), ("", main), "app"),
    ] {
        let sandbox = workspace(root, &[("a", a.0, a.1), ("b", b.0, b.1)]);
        if root == package_root {
            sandbox.write("app/src/main.rs", "fn main() { println!(\"app\"); }\n");
        }
        assert_eq!(run(&sandbox), expected);
        let changes = plan(&sandbox, Some("a"), false);
        assert_eq!(changes.notes, [""; 0], "{root}");
        assert!(!sandbox.changed(&changes).iter().any(|it| it == "~b/Cargo.toml"), "{changes:?}");
        changes.apply().unwrap();
        assert_eq!(run(&sandbox), expected);
    }
    let sandbox = workspace(virtual_root, &[("a", "", main), ("b", "", main)]);
    assert_eq!(run(&sandbox), "available binaries: a, b");
    let changes = plan(&sandbox, None, false);
    assert_eq!(changes.notes, [""; 0]);
    changes.apply().unwrap();
    assert_eq!(run(&sandbox), "available binaries: a, b, migrate");

    let sandbox = workspace(virtual_root, &[("a", "", lib), ("b", "", lib)]);
    let changes = plan(&sandbox, Some("a"), false);
    assert_eq!(changes.notes, [""; 0]);
    changes.apply().unwrap();
    assert!(run(&sandbox).contains("target `migrate` in package `a` requires the features"));
}

#[test]
fn two_packages_with_a_default_run_are_told_of() {
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n";
    let main: &[&str] = &["main.rs"];
    let sandbox = workspace(root, &[("a", "", main), ("b", "default-run = \"b\"\n", main)]);
    assert_eq!(run(&sandbox), "b main.rs");
    let changes = plan(&sandbox, Some("a"), false);
    assert_eq!(
        changes.notes,
        [
            "`a` needs a `default-run` for `cargo run` in its own directory, and b/Cargo.toml has one, too: at the root \
          of the workspace say which is meant, as in `cargo run -p b`"
        ]
    );
    changes.apply().unwrap();
    assert_eq!(run(&sandbox), "available binaries: a, b, migrate");
    assert_eq!(plan(&sandbox, Some("a"), false), Changes::default());
}

#[test]
fn a_pattern_that_covers_the_xtask_too() {
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"*s*\"]\n";
    let sandbox = workspace(root, &[("service", "", &["main.rs"])]);
    assert_eq!(run(&sandbox), "service main.rs");
    let changes = plan(&sandbox, None, true);
    assert_eq!(changes.notes.len(), 1, "{changes:?}");
    changes.apply().unwrap();
    assert_eq!(run(&sandbox), "service main.rs");
    assert_eq!(plan(&sandbox, None, true), Changes::default());
}
