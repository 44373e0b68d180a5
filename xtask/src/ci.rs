//! What CI checks.

use std::process::Command;

use crate::command::{self, cargo, root};
use crate::docs;

pub(crate) const HELP: &str = "
Runs the README's test command, then rustfmt, clippy and rustdoc with warnings denied, every
feature combination that users use, whether the command reference is fresh, the making of the
package, and the README's quick start.
";

/// What users put into their manifests, and each feature by itself.
const FEATURES: [&str; 13] = [
    "",
    "build",
    "runtime",
    "sqlite",
    "sqlite,tokio",
    "sqlite,tokio,rustls",
    "sqlite,runner",
    "sqlite,testing",
    "postgres,mysql,testing",
    "build,sqlite,tokio",
    "postgres,tokio,rustls",
    "mysql,tokio,rustls",
    "sqlite,postgres,mysql,runner",
];

/// The tests' own program with diesel.
const DIESEL: &str = "tests/diesel/Cargo.toml";

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    let [start, test] = quick_start()?;
    command::run(&mut shell(&test))?;
    command::run(cargo().args(["fmt", "--all", "--check"]))?;
    // Workspaces of their own; their builds are among the tests.
    for manifest in ["examples/shop/Cargo.toml", DIESEL] {
        let args = ["fmt", "--manifest-path", manifest, "--all", "--check"];
        command::run(cargo().args(args))?;
    }
    command::run(cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--features",
        "cli,xtask/docs",
        "--",
        "-D",
        "warnings",
    ]))?;
    // Where the tests have built it.
    let diesel = ["--manifest-path", DIESEL, "--target-dir", "target/tmp/builds"];
    command::run(cargo().args(["clippy", "--locked"]).args(diesel).args(["--", "-D", "warnings"]))?;
    for features in FEATURES {
        command::run(
            cargo()
                .args(["clippy", "--locked", "--package", "cargo-migrate", "--no-default-features"])
                .args(["--features", features, "--", "-D", "warnings"]),
        )?;
    }
    docs::run(&["--check".to_owned()])?;
    command::run(
        cargo()
            .args(["doc", "--locked", "--workspace", "--features", "cli", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    command::run(cargo().args([
        "package",
        "--locked",
        "--package",
        "cargo-migrate",
        "--allow-dirty",
        "--no-verify",
    ]))?;
    // Twice: a new notebook is migrated, one that is there is found up to date.
    command::run(&mut shell(&start))?;
    command::run(&mut shell(&start))
}

/// The two commands of the README's quick start, as they stand there.
fn quick_start() -> Result<[String; 2], String> {
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    let section = text.split("\n## ").find(|section| section.starts_with("Quick start"));
    let section = section.ok_or("the README has no section `Quick start`")?;
    let blocks = section.split("```sh\n").skip(1);
    let commands = blocks.filter_map(|block| block.split("```").next());
    let commands: Vec<String> = commands.map(|block| block.trim().to_owned()).collect();
    commands
        .try_into()
        .map_err(|found: Vec<_>| format!("the quick start has {} commands, not 2", found.len()))
}

/// A command line of the README, run as a reader would.
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(root());
    command
}
