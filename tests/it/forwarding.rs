//! What cargo is told when a revision in Rust is to run. The cargo of these tests writes it down.

use std::process::Command;

use crate::support::{Output, Project, assert_transcript, cargo};

/// A package whose second revision is in Rust, and a cargo that records what it is to run.
fn project(then: &str) -> Project {
    let project = Project::initialised(&["src/lib.rs"]);
    project.revision("first1", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.write(
        "migrations/second.rs",
        "//! second\n//!\n//! revision: second\n//! revises: first1\n\npub struct Migration;\n\n\
         impl cargo_migrate::Revision for Migration {\n    fn down() {}\n}\n",
    );
    let real = cargo();
    project.write(
        "cargo.sh",
        format!(
            "#!/bin/sh\nif [ \"$1\" != run ]; then exec '{}' \"$@\"; fi\n\
             printf '%s\\n' \"$@\" > \"$0.arguments\"\nenv > \"$0.variables\"\n{then}\n",
            real.to_str().unwrap()
        ),
    );
    let made = Command::new("chmod").arg("+x").arg(project.path("cargo.sh")).status().unwrap();
    assert!(made.success());
    project
}

fn migrate(project: &Project, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.arg("migrate").args(args).current_dir(project.root());
    // As under `cargo xtask`.
    command.env("CARGO_PKG_NAME", "xtask").env("CARGO_MANIFEST_DIR", "/xtask");
    project.run(command.env("CARGO", project.path("cargo.sh")))
}

/// What the runner's cargo was told, in one line.
fn told(project: &Project) -> String {
    let arguments = project.read("cargo.sh.arguments");
    let real = project.root().canonicalize().unwrap();
    let arguments = arguments.replace(real.to_str().unwrap(), "[ROOT]");
    arguments
        .replace(project.root().to_str().unwrap(), "[ROOT]")
        .lines()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn options_of_cargo_reach_cargo_and_the_others_the_runner() {
    let project = project("exit 0");
    migrate(&project, &["up"]).success();
    insta::assert_snapshot!(told(&project), @"run --bin migrate --manifest-path [ROOT]/Cargo.toml --features migrate -- up");
    let options = [
        &["up", "second", "--release", "--features", "a,b", "-F", "c", "--no-default-features"][..],
        &["--target-dir", "elsewhere", "--jobs", "2", "--config", "net.retry=1", "--locked"],
        &["--target", "x86_64-unknown-linux-musl", "-Z", "unstable-options", "--offline", "-q"],
        &["--transaction", "revision", "--lock-timeout", "2s", "--color", "never"],
    ];
    migrate(&project, &options.concat()).success();
    insta::assert_snapshot!(told(&project), @"run --bin migrate --manifest-path [ROOT]/Cargo.toml --features migrate --locked --offline --quiet --color=never --release --no-default-features --features a,b --features c --target x86_64-unknown-linux-musl --target-dir elsewhere --jobs 2 --config net.retry=1 -Z unstable-options -- --color=never --quiet up --transaction=revision --lock-timeout=2000ms -- second");
    migrate(&project, &["up", "--profile", "bench", "--all-features", "--frozen", "-v"]).success();
    insta::assert_snapshot!(told(&project), @"run --bin migrate --manifest-path [ROOT]/Cargo.toml --features migrate --frozen --all-features --profile bench -- --verbose up");
}

#[test]
fn a_url_is_no_argument() {
    let project = project("exit 0");
    let url = "sqlite:secret.db?mode=rwc";
    migrate(&project, &["up", "--database-url", url]).success();
    assert!(!told(&project).contains("secret"), "{}", told(&project));
    let variables = project.read("cargo.sh.variables");
    assert!(variables.lines().any(|line| line.ends_with("secret.db?mode=rwc")), "{variables}");
    assert!(!variables.contains("\nDATABASE_URL="), "macros of sqlx would read it");
}

#[test]
fn cargo_is_not_told_of_the_package_that_runs_us() {
    let project = project("exit 0");
    migrate(&project, &["up"]).success();
    let variables = project.read("cargo.sh.variables");
    for name in ["CARGO_PKG_NAME=", "CARGO_MANIFEST_DIR="] {
        assert!(!variables.lines().any(|line| line.starts_with(name)), "{variables}");
    }
}

#[test]
fn the_end_of_cargo_is_ours() {
    let failing = project("echo 'error: it does not compile' >&2\nexit 101");
    assert_transcript!(migrate(&failing, &["up"]), @"
    exit code: 101
    ----- stderr -----
    error: it does not compile
    ");
    let killed = project("kill -9 $$");
    assert_transcript!(migrate(&killed, &["up"]), @"
    exit code: 1
    ----- stderr -----
    error: the runner did not end by itself: signal: 9 (SIGKILL)
    help: `status` says what it had done
    ");
}

#[test]
fn redo_and_down_are_delegated_without_asking_twice() {
    let project = project("exit 0");
    migrate(&project, &["up", "first1"]).success();
    migrate(&project, &["stamp", "second"]).success();
    assert!(!project.path("cargo.sh.arguments").exists(), "nothing in Rust has run yet");
    migrate(&project, &["redo", "--release"]).success();
    insta::assert_snapshot!(told(&project), @"run --bin migrate --manifest-path [ROOT]/Cargo.toml --features migrate --release -- redo --yes");
    migrate(&project, &["down", "base", "--from", "file"]).success();
    insta::assert_snapshot!(told(&project), @"run --bin migrate --manifest-path [ROOT]/Cargo.toml --features migrate -- down --yes --from=file -- base");
}

#[test]
fn a_runner_that_was_removed() {
    let project = project("exit 0");
    std::fs::remove_file(project.path("src/bin/migrate.rs")).unwrap();
    // Its line in the manifest is still there: this is cargo's to say, and its exit code.
    let output = project.migrate(&["up"]);
    assert_eq!(output.code, Some(101), "{}", output.transcript());
    assert!(output.stderr.contains("`migrate`"), "{}", output.transcript());
    assert!(!project.path("dev.db").exists());
}

#[test]
fn two_packages_with_chains_and_no_choice() {
    let project = Project::empty();
    project.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n");
    for name in ["a", "b"] {
        project.write(
            &format!("{name}/Cargo.toml"),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [package.metadata.migrate]\ndialects = [\"sqlite\"]\n"
            ),
        );
        project.write(&format!("{name}/src/lib.rs"), "");
        project.write(&format!("{name}/migrations/.gitkeep"), "");
    }
    assert_transcript!(project.migrate(&["up"]), @"
    exit code: 2
    ----- stderr -----
    error: several packages have migrations: `a` and `b`
    help: say which one is meant, as in `-p a`
    ");
    assert_transcript!(project.migrate(&["check", "-p", "c"]), @"
    exit code: 2
    ----- stderr -----
    error: package `c` is no member of the workspace
    help: did you mean `-p a`?
    ");
    project.migrate(&["check", "-p", "a"]).success();
    project.migrate_in("b", &["check"]).success();
}
