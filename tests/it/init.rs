//! `init` in packages and workspaces of every kind, judged by real builds.

use crate::support::{Project, assert_transcript, repository};

fn init(project: &Project, more: &[&str]) -> crate::support::Output {
    let args = [&["init", "--path", repository().to_str().unwrap()], more].concat();
    project.migrate(&args)
}

/// A manifest without what differs from run to run.
fn normal(manifest: &str, project: &Project) -> String {
    let lines = manifest.lines().map(|line| match line.split_once("path = \"..") {
        Some((before, after)) => {
            let rest = after.split_once('"').map_or("", |(_, rest)| rest);
            format!("{before}path = \"[REPOSITORY]\"{rest}")
        }
        None => line.replace(&project.version, "[VERSION]"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `cargo run` and `cargo build` do what they did before.
fn runs_as_before(project: &Project, expected: &str) {
    let output = project.cargo(&["run", "--quiet"]).success();
    assert_eq!(output.stdout, expected);
    project.cargo(&["build", "--quiet"]).success();
}

#[test]
fn a_package_with_a_library() {
    let project = Project::package(&["src/lib.rs"]);
    assert_transcript!(init(&project, &[]), @r#"
    exit code: 0
    ----- stderr -----
          Edited Cargo.toml
         Created build.rs
          Edited src/lib.rs
         Created src/bin/migrate.rs
         Created migrations/.gitkeep
    note: the development database belongs into .gitignore: `*.db`, `*.db-*`
    note: `cargo migrate new "create account"` writes the first revision
    "#);
    insta::assert_snapshot!(
        normal(&project.read("Cargo.toml"), &project),
        @r#"
    [package]
    name = "app"
    version = "[VERSION]"
    edition = "2024" # kept

    [dependencies]
    cargo-migrate = { path = "[REPOSITORY]", default-features = false, features = ["sqlite", "tokio"] }

    [build-dependencies]
    cargo-migrate = { path = "[REPOSITORY]", default-features = false, features = ["build"] }

    # The commands of the runner: a dependency of its own, so that the build script does without them.
    [target."cfg(all())".dependencies]
    cargo-migrate = { path = "[REPOSITORY]", default-features = false, features = ["runner"], optional = true }

    [features]
    migrate = ["dep:cargo-migrate"]

    [[bin]]
    name = "migrate"
    path = "src/bin/migrate.rs"
    required-features = ["migrate"]

    [package.metadata.migrate]
    dialects = ["sqlite"]

    [package.metadata.migrate.env.dev]
    url = "sqlite:dev.db"
    "#
    );
    let files = ["Cargo.toml", "build.rs", "src/lib.rs", "src/bin/migrate.rs"];
    let before = files.map(|file| project.read(file));
    assert_transcript!(init(&project, &[]), @"
    exit code: 0
    ----- stderr -----
        Finished everything is in place already
    note: what `Cargo.toml` says already was left as it is; edit it there
    ");
    assert_eq!(files.map(|file| project.read(file)), before, "a second run changes nothing");
    project.cargo(&["build", "--quiet"]).success();
    project.cargo(&["build", "--quiet", "--features", "migrate"]).success();
}

#[test]
fn a_package_with_only_a_binary() {
    let project = Project::initialised(&["src/main.rs"]);
    runs_as_before(&project, "hello from app\n");
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    let run = ["run", "--quiet", "--features", "migrate", "--bin", "migrate", "--"];
    let up = [&run[..], &["up", "--database-url", "sqlite:x.db"]].concat();
    project.cargo(&up).success();
    assert!(project.schema("x.db").contains("CREATE TABLE a"));
}

#[test]
fn a_package_with_a_library_and_a_binary() {
    let project = Project::initialised(&["src/lib.rs", "src/main.rs"]);
    runs_as_before(&project, "hello from app\n");
}

#[test]
fn a_build_script_that_is_there_is_left_to_its_owner() {
    let project = Project::package(&["src/lib.rs"]);
    project
        .write("build.rs", "fn main() {\n    println!(\"cargo::rerun-if-changed=build.rs\");\n}\n");
    assert_transcript!(init(&project, &[]), @r#"
    exit code: 0
    ----- stderr -----
          Edited Cargo.toml
          Edited src/lib.rs
         Created src/bin/migrate.rs
         Created migrations/.gitkeep
    note: add this line to `fn main` in build.rs: cargo_migrate::build::emit();
    note: the development database belongs into .gitignore: `*.db`, `*.db-*`
    note: `cargo migrate new "create account"` writes the first revision
    "#);
    assert!(!project.read("build.rs").contains("emit"));
}

fn workspace() -> Project {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"service\"] # all of them\n",
    );
    project.write(
        "service/Cargo.toml",
        format!(
            "[package]\nname = \"service\"\nversion = \"{}\"\nedition = \"2024\"\n",
            project.version
        ),
    );
    project.write("service/src/main.rs", "fn main() {\n    println!(\"hello from service\");\n}\n");
    std::fs::copy(repository().join("Cargo.lock"), project.path("Cargo.lock")).unwrap();
    project
}

#[test]
fn a_package_of_a_workspace() {
    let project = workspace();
    assert_transcript!(init(&project, &["-p", "service"]), @r#"
    exit code: 0
    ----- stderr -----
          Edited service/Cargo.toml
         Created service/build.rs
          Edited service/src/main.rs
         Created service/src/bin/migrate.rs
         Created service/migrations/.gitkeep
    note: the development database belongs into .gitignore: `*.db`, `*.db-*`
    note: `cargo migrate new "create account"` writes the first revision
    "#);
    project.migrate(&["new", "first"]).success();
    project.cargo(&["build", "--quiet"]).success();
    let check = project.migrate(&["check"]).success();
    assert!(check.stderr.contains("--> service/migrations/"), "{}", check.stderr);
    assert_eq!(project.migrate_in("service", &["check"]).code, Some(0));
    assert_transcript!(init(&project, &[]), @"
    exit code: 2
    ----- stderr -----
    error: the workspace has a chain already, in `service`
    help: name this one, so that both can live in one database: `--chain second`
    ");
}

#[test]
fn a_virtual_workspace_gets_a_member() {
    let project = workspace();
    runs_as_before(&project, "hello from service\n");
    let dry_run = init(&project, &["--dry-run", "--message-format", "json"]).success();
    let line = r#"{"change":"added","text":"default-run = \"service\""}"#;
    assert!(dry_run.stdout.contains(line), "{}", dry_run.stdout);
    assert_transcript!(init(&project, &[]), @r#"
    exit code: 0
    ----- stderr -----
          Edited Cargo.toml
         Created migrations/Cargo.toml
         Created migrations/build.rs
         Created migrations/src/lib.rs
         Created migrations/src/bin/migrate.rs
         Created migrations/revisions/.gitkeep
          Edited service/Cargo.toml
    note: `default-run = "service"` in service/Cargo.toml keeps plain `cargo run` unambiguous, which would have to choose between that program and `migrate`
    note: the development database belongs into .gitignore: `*.db`, `*.db-*`
    note: `cargo migrate new "create account"` writes the first revision
    "#);
    assert!(project.read("Cargo.toml").contains("# all of them"));
    assert!(project.read("service/Cargo.toml").ends_with("\ndefault-run = \"service\"\n"));
    runs_as_before(&project, "hello from service\n");
    project.migrate(&["new", "first", "--rev-id", "first1"]).success();
    project.cargo(&["build", "--quiet", "--workspace"]).success();
    let before = project.read("Cargo.toml");
    init(&project, &[]).success();
    assert_eq!(project.read("Cargo.toml"), before);
}
