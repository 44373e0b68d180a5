//! Packages to measure with, generated below `target/bench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_migrate::Dialect;

use super::history::History;
use super::programs::{self, APPLICATION, BUILD_SCRIPT};
use crate::command::{self, cargo, root};

/// Where everything lies that a benchmark writes.
pub(super) fn scratch() -> PathBuf {
    root().join("target/bench")
}

/// An empty directory of this name, below the scratch directory.
pub(super) fn fresh(name: &str) -> Result<PathBuf, String> {
    let path = scratch().join(name);
    if path.exists() {
        fs::remove_dir_all(&path).map_err(|error| cannot("remove", &path, &error))?;
    }
    fs::create_dir_all(&path).map_err(|error| cannot("create", &path, &error))?;
    Ok(path)
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot("create", parent, &error))?;
    }
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

pub(super) fn cannot(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} `{}`: {error}", path.display())
}

/// A package that carries a chain, as `cargo migrate init` would make it.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) path: PathBuf,
    history: History,
    len: usize,
    /// Bytes of all revision files.
    pub(super) bytes: usize,
}

impl Package {
    /// Writes the package anew, with `len` revisions.
    pub(super) fn new(name: &str, history: History, len: usize) -> Result<Self, String> {
        let dialect = history.dialect();
        Self::with(name, history, len, &dependencies(dialect), &programs::program(dialect))
    }

    /// The same around the smallest application that migrates.
    pub(super) fn application(name: &str, history: History, len: usize) -> Result<Self, String> {
        Self::with(name, history, len, &dependencies(history.dialect()), APPLICATION)
    }

    /// The same without a runtime: enough to build and run the build script.
    pub(super) fn script_only(name: &str, history: History, len: usize) -> Result<Self, String> {
        Self::with(name, history, len, "", "fn main() {}\n")
    }

    fn with(
        name: &str,
        history: History,
        len: usize,
        dependencies: &str,
        program: &str,
    ) -> Result<Self, String> {
        let path = fresh(&format!("packages/{name}"))?;
        let manifest = manifest(name, history.dialect(), dependencies, &helper());
        write(&path.join("Cargo.toml"), &manifest)?;
        write(&path.join("build.rs"), BUILD_SCRIPT)?;
        write(&path.join("src/main.rs"), program)?;
        lock(&path)?;
        let mut package = Self { name: name.to_owned(), path, history, len: 0, bytes: 0 };
        for _ in 0..len {
            package.add_revision()?;
        }
        Ok(package)
    }

    /// Writes one more revision.
    pub(super) fn add_revision(&mut self) -> Result<(), String> {
        let (name, text) = self.history.file(self.len);
        write(&self.path.join("migrations").join(name), &text)?;
        self.len += 1;
        self.bytes += text.len();
        Ok(())
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.history.dialect()
    }

    /// The *up* SQL of all revisions, one text each.
    pub(super) fn ups(&self) -> impl Iterator<Item = String> {
        let history = self.history;
        (0..self.len).map(move |index| history.up(index))
    }

    /// `cargo build`, in the profile `dev` or `release`.
    pub(super) fn build(&self, profile: &str) -> Command {
        let mut command = build(&self.path);
        command.args(["--profile", profile]);
        command
    }

    /// The built release binary.
    pub(super) fn binary(&self) -> PathBuf {
        target().join("release").join(&self.name)
    }
}

/// One target directory for all packages, so that what they share is compiled once.
pub(super) fn target() -> PathBuf {
    scratch().join("target")
}

/// `cargo build` in a package, without the network.
pub(super) fn build(path: &Path) -> Command {
    let mut command = cargo();
    command.args(["build", "--offline"]).current_dir(path).env("CARGO_TARGET_DIR", target());
    command
}

/// Gives a package the versions that this repository is tested with.
pub(super) fn lock(package: &Path) -> Result<(), String> {
    let lock = root().join("Cargo.lock");
    fs::copy(&lock, package.join("Cargo.lock")).map_err(|error| cannot("copy", &lock, &error))?;
    Ok(())
}

/// A manifest with these lines below `[dependencies]` and `[build-dependencies]`.
pub(super) fn manifest(
    name: &str,
    dialect: Dialect,
    dependencies: &str,
    build_dependencies: &str,
) -> String {
    format!(
        r#"[package]
name = "{name}"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
{dependencies}
[build-dependencies]
{build_dependencies}
[package.metadata.migrate]
dialects = ["{dialect}"]
"#
    )
}

/// The helper as a build-dependency.
pub(super) fn helper() -> String {
    ourselves("\"build\"")
}

fn dependencies(dialect: Dialect) -> String {
    let ourselves = ourselves(&format!("\"{dialect}\", \"tokio\""));
    let driver = if dialect == Dialect::Sqlite { "sqlite-bundled" } else { dialect.name() };
    format!(
        r#"{ourselves}sqlx = {{ version = "0.9.0", default-features = false, features = ["{driver}", "runtime-tokio"] }}
tokio = {{ version = "1.54.1", features = ["rt", "macros"] }}
"#
    )
}

fn ourselves(features: &str) -> String {
    let path = root().display().to_string();
    format!(
        "cargo-migrate = {{ path = {path:?}, default-features = false, features = [{features}] }}\n"
    )
}

/// Fails with what to install if a program is missing.
pub(super) fn needs(program: &str, packages: &str) -> Result<(), String> {
    if command::exists(program) {
        return Ok(());
    }
    Err(format!("this benchmark needs `{program}`, which is not installed: {packages}"))
}
