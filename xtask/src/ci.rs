//! What CI checks.

use crate::command::{self, cargo};
use crate::test;

pub(crate) const HELP: &str = "
Runs the tests as `cargo xtask test` does, then rustfmt, clippy and rustdoc with warnings denied, every
feature combination that users use, the contents of the package, and the README's quick start.
";

/// What users put into their manifests, and each feature by itself.
const FEATURES: [&str; 8] = [
    "",
    "build",
    "runtime",
    "sqlite",
    "sqlite,tokio",
    "sqlite,tokio,rustls",
    "sqlite,runner",
    "build,sqlite,tokio",
];

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    test::run(args)?;
    command::run(cargo().args(["fmt", "--all", "--check"]))?;
    command::run(cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--features",
        "cli",
        "--",
        "-D",
        "warnings",
    ]))?;
    for features in FEATURES {
        command::run(
            cargo()
                .args(["clippy", "--locked", "--package", "cargo-migrate", "--no-default-features"])
                .args(["--features", features, "--", "-D", "warnings"]),
        )?;
    }
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
    command::run(cargo().args(["run", "--locked", "--package", "notes"]))
}
