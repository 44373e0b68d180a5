//! `init --xtask` in packages and workspaces, with and without tasks of their own. What the new code does is
//! tried with a real build in `tests/it`.

use super::*;
use crate::scaffold::{Error, Member, Workspace, Xtask, init_workspace, init_xtask};

const ROOT: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

fn members(sandbox: &Sandbox, directories: &[&str]) -> Vec<Member> {
    let member = |directory: &&str| Member {
        name: directory.rsplit('/').next().unwrap().to_owned(),
        manifest_path: sandbox.app().join(directory).join("Cargo.toml"),
        is_default: false,
        binaries: Vec::new(),
        default_run: None,
    };
    directories.iter().map(member).collect()
}

/// What `init --xtask` does in a single package with these members beside it.
fn plan(sandbox: &Sandbox, directories: &[&str]) -> Result<Changes, Error> {
    let manifest = sandbox.app().join("Cargo.toml");
    let mut changes = sandbox.plan();
    let xtask = Xtask::inspect(&manifest, &members(sandbox, directories))?;
    init_xtask(&xtask, &manifest, &mut changes)?;
    Ok(changes)
}

/// Which packages cargo finds, by their directories; the default ones alone where it is asked for them.
fn found(sandbox: &Sandbox, key: &str) -> String {
    let metadata = sandbox.cargo(&["metadata", "--no-deps", "--format-version", "1"]).unwrap();
    let list = metadata.split(&format!("\"{key}\":[")).nth(1).unwrap();
    let list = list.split(']').next().unwrap();
    let mut names: Vec<_> = list
        .split(',')
        .map(|id| id.rsplit('/').next().unwrap().split('#').next().unwrap())
        .collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn a_single_package_becomes_a_workspace() {
    let sandbox = Sandbox::new(&[("Cargo.toml", ROOT), ("src/lib.rs", "")]);
    let changes = plan(&sandbox, &[]).unwrap();
    assert_eq!(changes.notes, [""; 0]);
    assert_eq!(
        sandbox.changed(&changes),
        [
            "~Cargo.toml",
            "+build.rs",
            "~src/lib.rs",
            "+src/bin/migrate.rs",
            "+migrations/.gitkeep",
            "+xtask/Cargo.toml",
            "+xtask/src/main.rs",
            "+.cargo/config.toml"
        ]
    );
    changes.apply().unwrap();
    assert!(sandbox.read("Cargo.toml").ends_with("\n\n[workspace]\nmembers = [\"xtask\"]\n"));
    assert_eq!(
        sandbox.read("xtask/Cargo.toml"),
        "[package]\nname = \"xtask\"\nversion = \"0.0.0\"\npublish = false\nedition = \"2024\"\n\n\
         [dependencies]\ncargo-migrate = { path = \"../../tool\", features = [\"cli\"] }\n"
    );
    assert_eq!(sandbox.read(".cargo/config.toml"), "[alias]\nxtask = \"run --package xtask --\"\n");
    assert_eq!(found(&sandbox, "workspace_members"), "app xtask");
    assert_eq!(found(&sandbox, "workspace_default_members"), "app");
    assert_eq!(plan(&sandbox, &["", "xtask"]).unwrap(), Changes::default());
}

#[test]
fn a_workspace_of_all_directories_stays_one() {
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n"),
        ("app/Cargo.toml", ROOT),
        ("app/src/lib.rs", ""),
    ]);
    let root = sandbox.app().join("Cargo.toml");
    let members = members(&sandbox, &["app"]);
    let workspace = Workspace::inspect(&root, &members, "migrations").unwrap();
    let mut changes = init_workspace(&workspace, &sandbox.init()).unwrap();
    let xtask = Xtask::inspect(&root, &members).unwrap();
    init_xtask(&xtask, &workspace.chain_manifest(), &mut changes).unwrap();
    changes.apply().unwrap();
    assert!(sandbox.read("Cargo.toml").ends_with("members = [\"*\"]\nexclude = [\".cargo\"]\n"));
    assert_eq!(found(&sandbox, "workspace_members"), "app migrations xtask");
}

#[test]
fn a_chain_that_is_there_says_where_the_dependency_comes_from() {
    for (dependency, expected) in [
        ("\"0.1.0\"", "{ version = \"0.1.0\", features = [\"cli\"] }"),
        (
            "{ git = \"https://example.com/x\", rev = \"abc\" }",
            "{ git = \"https://example.com/x\", rev = \"abc\", features = [\"cli\"] }",
        ),
        ("{ path = \"../tool\" }", "{ path = \"../../tool\", features = [\"cli\"] }"),
        ("{ path = \"./vendor/../tool\" }", "{ path = \"../tool\", features = [\"cli\"] }"),
    ] {
        let manifest = format!("{ROOT}\n[dependencies]\ncargo-migrate = {dependency}\n");
        let sandbox = Sandbox::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
        plan(&sandbox, &[]).unwrap().apply().unwrap();
        let text = sandbox.read("xtask/Cargo.toml");
        assert!(text.ends_with(&format!("[dependencies]\ncargo-migrate = {expected}\n")), "{text}");
    }
}

#[test]
fn plain_builds_of_a_virtual_workspace_stay_what_they_were() {
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"server\"]\n\n[workspace.package]\nedition = \"2021\"\n\n\
                [workspace.dependencies]\ncargo-migrate = { path = \"../tool\", default-features = false }\n\n\
                [workspace.lints.rust]\nunused = \"warn\"\n";
    let server = "[package]\nname = \"server\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", root),
        ("server/Cargo.toml", server),
        ("server/src/main.rs", "fn main() {}"),
    ]);
    let plan = |directories: &[&str]| {
        let members = members(&sandbox, directories);
        let manifest = sandbox.app().join("Cargo.toml");
        let workspace = Workspace::inspect(&manifest, &members, "migrations").unwrap();
        let mut changes = init_workspace(&workspace, &sandbox.init()).unwrap();
        let xtask = Xtask::inspect(&manifest, &members).unwrap();
        init_xtask(&xtask, &workspace.chain_manifest(), &mut changes).unwrap();
        changes
    };
    plan(&["server"]).apply().unwrap();
    let after = sandbox.read("Cargo.toml");
    assert!(after.contains("members = [\"server\", \"migrations\", \"xtask\"]\n"), "{after}");
    assert!(after.contains("default-members = [\"server\", \"migrations\"]\n"), "{after}");
    assert_eq!(
        sandbox.read("xtask/Cargo.toml"),
        "[package]\nname = \"xtask\"\nversion = \"0.0.0\"\npublish = false\nedition.workspace = true\n\n\
         [dependencies]\ncargo-migrate = { workspace = true, features = [\"cli\"] }\n\n\
         [lints]\nworkspace = true\n"
    );
    assert_eq!(found(&sandbox, "workspace_members"), "migrations server xtask");
    assert_eq!(found(&sandbox, "workspace_default_members"), "migrations server");
    assert_eq!(plan(&["server", "migrations", "xtask"]), Changes::default());
}

/// A workspace with tasks of its own under another name.
fn with_tasks(dependencies: &str, alias: &str) -> Sandbox {
    let root = format!("{ROOT}\n[workspace]\nmembers = [\"tools/tasks\"]\n");
    let tasks = "[package]\nname = \"tasks\"\nversion = \"0.1.0\"\n# kept\nedition = \"2024\"\n";
    Sandbox::new(&[
        ("Cargo.toml", &root),
        ("src/lib.rs", ""),
        ("tools/tasks/Cargo.toml", &format!("{tasks}\n[dependencies]\n{dependencies}")),
        ("tools/tasks/src/main.rs", "fn main() {}\n"),
        (
            ".cargo/config.toml",
            &format!("# ours\n[alias] # short\n{alias}\n[net]\nretry = 3 # times\n"),
        ),
    ])
}

#[test]
fn tasks_that_are_there_are_extended() {
    for alias in [
        "xtask = \"run --quiet -p tasks --\"\n",
        "xtask = [\"run\", \"--package=tasks\", \"--\", \"-p\", \"x\"]\n",
        "xtask = \"run --manifest-path ./tools/tasks/Cargo.toml --\"\n",
    ] {
        let sandbox = with_tasks("", alias);
        let configuration = sandbox.read(".cargo/config.toml");
        let changes = plan(&sandbox, &["", "tools/tasks"]).unwrap();
        assert_eq!(sandbox.changed(&changes)[5..], ["~tools/tasks/Cargo.toml"]);
        assert_eq!(
            changes.notes,
            [
                "let the task `migrate` in tools/tasks/src/main.rs end the program with this exit code, \
              `arguments` being what stands behind the task's name:\n    \
              cargo_migrate::cli::cargo::main_as(\"cargo xtask migrate\", arguments)"
            ]
        );
        changes.apply().unwrap();
        let manifest = sandbox.read("tools/tasks/Cargo.toml");
        assert!(
            manifest.ends_with(
                "# kept\nedition = \"2024\"\n\n[dependencies]\n\
                 cargo-migrate = { path = \"../../../tool\", features = [\"cli\"] }\n"
            ),
            "{manifest}"
        );
        assert_eq!(sandbox.read(".cargo/config.toml"), configuration);
        let main = "fn main() { cargo_migrate::cli::cargo::main_as(\"\", [\"\"]); }\n";
        sandbox.write("app/tools/tasks/src/main.rs", main);
        assert_eq!(plan(&sandbox, &["", "tools/tasks"]).unwrap(), Changes::default());
    }
}

#[test]
fn the_main_file_of_the_tasks_may_have_another_place() {
    let sandbox = with_tasks("", "xtask = \"run -p tasks --\"\n");
    let tasks = sandbox.app().join("tools/tasks");
    fs::create_dir(tasks.join("src/bin")).unwrap();
    fs::rename(tasks.join("src/main.rs"), tasks.join("src/bin/tasks.rs")).unwrap();
    let changes = plan(&sandbox, &["", "tools/tasks"]).unwrap();
    assert_eq!(sandbox.changed(&changes)[5..], ["~tools/tasks/Cargo.toml"]);
    assert!(changes.notes[0].contains(" in tools/tasks/src/bin/tasks.rs end"), "{changes:?}");
}

#[test]
fn a_dependency_that_is_there_gets_what_it_lacks() {
    let tool = "path = \"../../../tool\"";
    for (before, after) in [
        (format!("cm = {{ package = \"cargo-migrate\", {tool} }} # ours\n"), None),
        (
            format!(
                "cargo-migrate = {{ {tool}, default-features = false, features = [\"build\"] }}\n"
            ),
            Some("[\"build\", \"cli\"]"),
        ),
    ] {
        let sandbox =
            with_tasks(&format!("clap = \"4\"\n{before}"), "xtask = \"run -p tasks --\"\n");
        let changes = plan(&sandbox, &["", "tools/tasks"]).unwrap();
        let library = if after.is_some() { "cargo_migrate" } else { "cm" };
        assert!(
            changes.notes[0].ends_with(&format!(
                "\n    Migrate({library}::cli::cargo::Arguments),\n    \
                 Migrate(it) => {library}::cli::cargo::run(it, {library}::cli::Env::of_process()?, \
                 &{library}::cli::Ui::stdio().called(\"cargo xtask migrate\")),"
            )),
            "{:?}",
            changes.notes
        );
        changes.apply().unwrap();
        let manifest = sandbox.read("tools/tasks/Cargo.toml");
        let expected = match after {
            None => before,
            Some(features) => before.replace("[\"build\"]", features),
        };
        assert!(manifest.ends_with(&expected), "{manifest}");
    }
}

#[test]
fn an_alias_is_added_without_touching_the_rest() {
    let sandbox = with_tasks("", "t = \"test\"\n");
    sandbox.write("app/tools/tasks/Cargo.toml", &ROOT.replace("app", "xtask"));
    let mut members = members(&sandbox, &["", "tools/tasks"]);
    members[1].name = String::from("xtask");
    let manifest = sandbox.app().join("Cargo.toml");
    let xtask = Xtask::inspect(&manifest, &members).unwrap();
    let mut changes = Changes::default();
    init_xtask(&xtask, &manifest, &mut changes).unwrap();
    changes.apply().unwrap();
    assert_eq!(
        sandbox.read(".cargo/config.toml"),
        "# ours\n[alias] # short\nt = \"test\"\nxtask = \"run --package xtask --\"\n\n[net]\nretry = 3 # times\n"
    );
    // Of two files cargo reads the one without an extension.
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", ROOT),
        ("src/lib.rs", ""),
        (".cargo/config", "# old\n"),
        (".cargo/config.toml", "[alias]\nxtask = \"version\"\n"),
    ]);
    plan(&sandbox, &[]).unwrap().apply().unwrap();
    assert!(sandbox.read(".cargo/config").contains("\nxtask = \"run --package xtask --\"\n"));
}

#[test]
fn what_is_in_the_way_is_named() {
    let error = |sandbox: &Sandbox, directories: &[&str]| {
        let text = plan(sandbox, directories).unwrap_err().to_string();
        text.replace(&format!("{}/", sandbox.dir.path().display()), "")
    };
    for alias in ["xtask = \"run -p other --\"\n", "xtask = \"version\"\n", "xtask = [1]\n"] {
        assert_eq!(
            error(&with_tasks("", alias), &["", "tools/tasks"]),
            "the alias `xtask` in `app/.cargo/config.toml` runs no member of the workspace; add the program \
             that it runs to `members`, or name the alias otherwise, and run the command again"
        );
    }
    let sandbox = Sandbox::new(&[("Cargo.toml", ROOT), ("src/lib.rs", ""), ("xtask/notes.md", "")]);
    assert_eq!(
        error(&sandbox, &[]),
        "`app/xtask` is in the way of a new member `xtask`; add it to `members` of the workspace if it is one, \
         or move it away"
    );
    let sandbox = Sandbox::new(&[
        ("Cargo.toml", ROOT),
        ("src/lib.rs", ""),
        (".cargo/config.toml", "alias = 1\n"),
    ]);
    assert!(error(&sandbox, &[]).contains("`alias` is not a table"), "{}", error(&sandbox, &[]));
}
