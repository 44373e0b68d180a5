//! What `check` says of a package that is not set up as it should be.

use std::collections::BTreeMap;

use super::Sandbox;
use crate::Dialect;
use crate::diagnostic::Sources;
use crate::scaffold::{Declared, Needs, Package, Setup, setup};

const MANIFEST: &str = "\
[package]
name = \"app\"
version = \"0.1.0\"
edition = \"2024\"

[dependencies]
cargo-migrate = { version = \"0.1\", default-features = false, features = [\"sqlite\"] }

[build-dependencies]
cargo-migrate = { version = \"0.1\", default-features = false, features = [\"build\"] }

[package.metadata.migrate]

[[bin]]
name = \"migrate\"
path = \"src/bin/migrate.rs\"
";
const BUILD: &str = "fn main() {\n    cargo_migrate::build::emit();\n}\n";
const MAIN: &str = "cargo_migrate::embed!();\n\nfn main() {}\n";

fn declared(features: &[&str]) -> Declared {
    Declared {
        key: String::from("cargo-migrate"),
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        has_defaults: false,
        is_optional: false,
        origin: String::from("version `^0.1`"),
    }
}

/// What cargo says of a package that `init` has set up.
fn good() -> Setup {
    let feature = (String::from("migrate"), vec![String::from("dep:cargo-migrate")]);
    Setup {
        runtime: Some(declared(&["sqlite"])),
        others: vec![Declared { is_optional: true, ..declared(&["runner"]) }],
        helper: Some(declared(&["build"])),
        features: BTreeMap::from([feature]),
        runner: Some(vec![String::from("migrate")]),
        has_default_run: true,
    }
}

/// The reports about a package with these files, where cargo says this.
fn judged(files: &[(&str, &str)], said: &Setup, dialects: &[Dialect], rust: bool) -> String {
    let manifest = [("Cargo.toml", MANIFEST)];
    let sandbox = Sandbox::new(&[&manifest, files].concat());
    let package = Package::inspect(&sandbox.app().join("Cargo.toml"), None).unwrap();
    let mut sources = Sources::new();
    let manifest = sources.add("Cargo.toml", package.manifest.clone());
    let needs = Needs { dialects, runner: rust };
    let findings = setup(&package, said, needs, manifest, &mut sources);
    let reports: Vec<String> = findings.iter().map(|finding| finding.render(&sources)).collect();
    reports.join("\n\n")
}

const FILES: [(&str, &str); 3] =
    [("build.rs", BUILD), ("src/main.rs", MAIN), ("src/bin/migrate.rs", "fn main() {}\n")];

fn judged_as(change: impl FnOnce(&mut Setup)) -> String {
    let mut said = good();
    change(&mut said);
    judged(&FILES, &said, &[Dialect::Sqlite], true)
}

#[test]
fn nothing_is_wrong_with_what_init_writes() {
    assert_eq!(judged_as(|_| {}), "");
    let direct = |feature: &str| {
        let feature = (String::from("migrate"), vec![feature.to_owned()]);
        judged_as(|said| {
            said.others.clear();
            said.features = BTreeMap::from([feature]);
        })
    };
    assert_eq!(direct("cargo-migrate/runner"), "");
    assert!(direct("dep:cargo-migrate").contains("M0068"));
}

#[test]
fn dependencies_are_whole() {
    insta::assert_snapshot!(judged_as(|said| said.helper = None), @r#"
    error[M0061]: `cargo-migrate` is not in `[build-dependencies]`
     --> Cargo.toml:7:1
      |
    7 | cargo-migrate = { version = "0.1", default-features = false, features = ["sqlite"] }
      | ^^^^^^^^^^^^^ it is only here
      |
      = help: `cargo migrate init -p app` adds it
    "#);
    insta::assert_snapshot!(judged_as(|said| said.helper = Some(declared(&["sqlite"]))), @r#"
    error[M0061]: `cargo-migrate` has no feature `build` in `[build-dependencies]`
      --> Cargo.toml:10:1
       |
    10 | cargo-migrate = { version = "0.1", default-features = false, features = ["build"] }
       | ^^^^^^^^^^^^^
       |
       = help: `cargo migrate init -p app` adds it
    "#);
    insta::assert_snapshot!(judged_as(|said| said.runtime = None), @r#"
    error[M0062]: `cargo-migrate` is not in `[dependencies]`
      --> Cargo.toml:10:1
       |
    10 | cargo-migrate = { version = "0.1", default-features = false, features = ["build"] }
       | ^^^^^^^^^^^^^ it is only here
       |
       = help: `cargo migrate init -p app` adds it
    "#);
    insta::assert_snapshot!(judged_as(|said| said.runtime = Some(declared(&["build"]))), @r#"
    error[M0063]: the chain is written for `sqlite`, whose driver is not compiled in
     --> Cargo.toml:7:1
      |
    7 | cargo-migrate = { version = "0.1", default-features = false, features = ["sqlite"] }
      | ^^^^^^^^^^^^^ there is no feature `sqlite`
      |
      = help: `cargo migrate init -p app` adds it
    "#);
    insta::assert_snapshot!(judged_as(|said| {
        said.helper.as_mut().unwrap().is_optional = true;
    }), @r#"
    error[M0061]: `cargo-migrate` is optional in `[build-dependencies]`
      --> Cargo.toml:10:1
       |
    10 | cargo-migrate = { version = "0.1", default-features = false, features = ["build"] }
       | ^^^^^^^^^^^^^ the chain needs it in every build
       |
       = help: remove `optional = true`
    "#);
    insta::assert_snapshot!(judged_as(|said| {
        said.helper.as_mut().unwrap().origin = String::from("version `*` in `/tool`");
    }), @r#"
    warning[M0064]: the build helper and the runtime may be of different versions
      --> Cargo.toml:10:1
       |
     7 | cargo-migrate = { version = "0.1", default-features = false, features = ["sqlite"] }
       | ------------- version `^0.1`
    ...
    10 | cargo-migrate = { version = "0.1", default-features = false, features = ["build"] }
       | ^^^^^^^^^^^^^ version `*` in `/tool`
       |
       = help: ask for the same version and source in both
    "#);
}

#[test]
fn drivers_are_those_of_the_dialects() {
    let dialects = [Dialect::Sqlite, Dialect::Postgres];
    insta::assert_snapshot!(judged(&FILES, &good(), &dialects, false), @r#"
    error[M0063]: the chain is written for `postgres`, whose driver is not compiled in
     --> Cargo.toml:7:1
      |
    7 | cargo-migrate = { version = "0.1", default-features = false, features = ["sqlite"] }
      | ^^^^^^^^^^^^^ there is no feature `postgres`
      |
      = help: `cargo migrate init -p app` adds it
    "#);
    // A feature of the package may bring the driver, with a weak link, too.
    let mut said = good();
    let server = vec![String::from("cargo-migrate?/postgres")];
    said.features.insert(String::from("server"), server);
    assert_eq!(judged(&FILES, &said, &dialects, false), "");
    let mut said = good();
    said.runtime.as_mut().unwrap().has_defaults = true;
    assert_eq!(judged(&FILES, &said, &dialects, false), "");
}

#[test]
fn the_helper_is_called() {
    let judged = |files: &[(&str, &str)]| judged(files, &good(), &[Dialect::Sqlite], false);
    let rest = &FILES[1..];
    insta::assert_snapshot!(judged(rest), @"
    error[M0065]: there is no build script, so nothing bakes the chain
      --> Cargo.toml:12:19
       |
    12 | [package.metadata.migrate]
       |                   ^^^^^^^
       |
       = help: `cargo migrate init -p app` adds it
    ");
    insta::assert_snapshot!(judged(&[&[("build.rs", "// emit\nfn main() {}\n")], rest].concat()), @"
    error[M0065]: the build script does not call the build helper
     --> build.rs:2:4
      |
    2 | fn main() {}
      |    ^^^^
      |
      = help: add this line: `cargo_migrate::build::emit();`
    ");
    let off = MANIFEST.replace("edition", "build = false\nedition");
    insta::assert_snapshot!(judged(&[&[("Cargo.toml", &*off)], rest].concat()), @"
    error[M0065]: build scripts are switched off, so nothing bakes the chain
     --> Cargo.toml:4:1
      |
    4 | build = false
      | ^^^^^
      |
      = help: remove this line
    ");
}

#[test]
fn the_chain_is_embedded() {
    let plain = [("build.rs", BUILD), ("src/main.rs", "fn main() {}\n")];
    let mut said = good();
    said.runner = None;
    insta::assert_snapshot!(judged(&plain, &said, &[Dialect::Sqlite], false), @"
    warning[M0066]: package `app` embeds its chain nowhere
      --> Cargo.toml:12:19
       |
    12 | [package.metadata.migrate]
       |                   ^^^^^^^
       |
       = note: `cargo migrate` works without it; a program that migrates needs `cargo_migrate::embed!();`
       = help: `cargo migrate init -p app` adds it
    ");
    // Nothing else is missed in a package that is migrated from outside.
    insta::assert_snapshot!(judged(&plain[1..], &Setup::default(), &[Dialect::Sqlite], false), @"
    warning[M0066]: package `app` embeds its chain nowhere
      --> Cargo.toml:12:19
       |
    12 | [package.metadata.migrate]
       |                   ^^^^^^^
       |
       = note: `cargo migrate` works without it; a program that migrates needs `cargo_migrate::embed!();`
       = help: `cargo migrate init -p app` adds it
    ");
}

#[test]
fn the_runner_can_be_built_and_told_apart() {
    insta::assert_snapshot!(judged_as(|said| said.runner = None), @"
    error[M0067]: the chain has revisions in Rust, and the package no binary `migrate` to run them
      --> Cargo.toml:12:19
       |
    12 | [package.metadata.migrate]
       |                   ^^^^^^^
       |
       = help: `cargo migrate init -p app` adds it
    ");
    insta::assert_snapshot!(judged_as(|said| said.runner = Some(Vec::new())), @r#"
    error[M0068]: the binary `migrate` does not require a feature that enables `cargo-migrate/runner`
      --> Cargo.toml:15:8
       |
    15 | name = "migrate"
       |        ^^^^^^^^^ a plain `cargo build` cannot build it
       |
       = help: `cargo migrate init -p app` adds it
    "#);
    insta::assert_snapshot!(judged_as(|said| said.has_default_run = false), @r#"
    warning[M0069]: `cargo run` cannot choose between `app` and `migrate`
     --> Cargo.toml:2:1
      |
    2 | name = "app"
      | ^^^^ there is no `default-run`
      |
      = help: add `default-run = "app"` to `[package]`
    "#);
    // It may be another feature that leads there.
    let judged = judged_as(|said| {
        said.features.insert(String::from("admin"), vec![String::from("migrate")]);
        said.runner = Some(vec![String::from("admin")]);
    });
    assert_eq!(judged, "");
}
