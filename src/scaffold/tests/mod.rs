//! Whole packages in temporary directories, judged by the real cargo.
//!
//! The dependency is a stub with our feature names and entry points, so that no registry and no driver
//! is needed: what is tested is what the scaffold writes, not what it calls.

mod default_run;
mod idempotence;
mod package;
mod setup;
mod workspace;
mod xtask;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Change, Changes, Dependency, Init, Package, init_package};
use crate::Dialect;

const STUB_MANIFEST: &str = r#"[package]
name = "cargo-migrate"
version = "0.1.0"
edition = "2024"

[workspace]

[features]
default = ["cli"]
cli = ["build", "runner", "sqlite"]
build = []
runtime = []
sqlite = ["runtime"]
postgres = ["runtime"]
tokio = ["runtime"]
runner = ["runtime", "tokio"]
"#;

const STUB: &str = r#"
pub struct Migrator;
#[macro_export]
macro_rules! embed {
    () => {
        const _: &str = env!("OUT_DIR");
        #[allow(dead_code)]
        pub static MIGRATOR: $crate::Migrator = $crate::Migrator;
    };
}
#[cfg(feature = "build")]
pub mod build {
    pub fn emit() {
        println!("cargo::rerun-if-changed=Cargo.toml");
    }
}
#[cfg(feature = "runner")]
pub mod cli {
    pub type Exit = ();
    pub fn main(_: std::env::ArgsOs, _: &'static crate::Migrator) -> Exit {
        println!("this is the runner");
    }
}
"#;

/// A directory with `app/`, the user's, and `tool/`, the stub.
struct Sandbox {
    dir: tempfile::TempDir,
}

impl Sandbox {
    fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Self { dir: tempfile::tempdir().unwrap() };
        sandbox.write("tool/Cargo.toml", STUB_MANIFEST);
        sandbox.write("tool/src/lib.rs", STUB);
        for (path, text) in files {
            sandbox.write(&format!("app/{path}"), text);
        }
        sandbox
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn app(&self) -> PathBuf {
        self.path("app")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.app().join(path)).unwrap()
    }

    fn init(&self) -> Init {
        Init {
            dialects: vec![Dialect::Sqlite],
            dependency: Dependency::Path(self.path("tool")),
            chain: None,
            dir: None,
            url: Some("sqlite:dev.db".to_owned()),
        }
    }

    fn inspect(&self) -> Package {
        Package::inspect(&self.app().join("Cargo.toml"), None).unwrap()
    }

    fn plan(&self) -> Changes {
        init_package(&self.inspect(), &self.init()).unwrap()
    }

    fn error(&self) -> String {
        let error = init_package(&self.inspect(), &self.init()).unwrap_err().to_string();
        error.replace(&format!("{}/", self.dir.path().display()), "")
    }

    /// Applies the plan, and returns the names of what changed.
    fn set_up(&self) -> Vec<String> {
        let changes = self.plan();
        changes.apply().unwrap();
        self.changed(&changes)
    }

    fn changed(&self, changes: &Changes) -> Vec<String> {
        changes
            .files
            .iter()
            .map(|change| {
                let path = change.path().strip_prefix(self.app()).unwrap().display().to_string();
                match change {
                    Change::Create { .. } => format!("+{path}"),
                    Change::Edit { .. } => format!("~{path}"),
                    Change::CreateDir { .. } => format!("+{path}/"),
                }
            })
            .collect()
    }

    /// Runs cargo in `app/`; standard output, or everything it said if it failed.
    fn cargo(&self, args: &[&str]) -> Result<String, String> {
        cargo(&self.app(), args)
    }
}

fn cargo(dir: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .arg("--offline")
        .current_dir(dir)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    Err(format!("{stdout}\n{}", String::from_utf8_lossy(&output.stderr)))
}
