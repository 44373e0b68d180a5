//! What the build helper adds to a clean build of an empty package.

use std::path::{Path, PathBuf};

use cargo_migrate::Dialect;

use super::Effort;
use super::fixture;
use super::measure::{Samples, cpu};
use super::programs::BUILD_SCRIPT;
use super::report::Row;
use crate::command::{self, cargo};

const MOST_CRATES: f64 = 8.0;
const MOST_FOR_DEPENDENCIES: f64 = 3.0;
const MOST_FOR_US: f64 = 2.0;

pub(super) fn run(effort: Effort) -> Result<Vec<Row>, String> {
    let direct = dependencies("1")?;
    let all = dependencies("100")?.len();
    let requirements: String = direct.iter().map(Dependency::requirement).collect();
    let empty = package("bench-empty", "", "fn main() {}\n")?;
    let others = package("bench-dependencies", &requirements, "fn main() {}\n")?;
    let whole = package("bench-helper", &fixture::helper(), BUILD_SCRIPT)?;

    let [mut floor, mut dependencies, mut own] = [const { Samples::empty() }; 3];
    for _ in 0..effort.times(5) {
        let nothing = clean_build(&empty, "clean-empty")?;
        floor.add(nothing);
        dependencies.add(clean_build(&others, "clean")? - nothing);
        // The dependencies are compiled now, so only the helper itself and its run are left.
        own.add(build(&whole, &fixture::scratch().join("clean"))? - nothing);
    }
    let crates = u32::try_from(all).map(f64::from).map_err(|error| error.to_string())?;
    let shown = floor.shown();
    Ok(vec![
        Row::number("crates that the build helper adds", all.to_string(), crates, MOST_CRATES, ""),
        Row::number(
            "CPU that its dependencies add to a clean build of an empty package",
            dependencies.shown(),
            dependencies.median(),
            MOST_FOR_DEPENDENCIES,
            " s",
        )
        .with_floor(shown.clone()),
        Row::number(
            "CPU that the helper itself adds to that",
            own.shown(),
            own.median(),
            MOST_FOR_US,
            " s",
        )
        .with_floor(shown),
    ])
}

/// Builds into an empty target directory.
fn clean_build(package: &Path, target: &str) -> Result<f64, String> {
    build(package, &fixture::fresh(target)?)
}

fn build(package: &Path, target: &Path) -> Result<f64, String> {
    // cargo compiles what comes from a registry without incremental compilation, and what comes
    // from a path, as the helper does here, with it.
    cpu(fixture::build(package).env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0"))
}

/// A package with an empty library, a build script, and one revision.
fn package(name: &str, dependencies: &str, script: &str) -> Result<PathBuf, String> {
    let path = fixture::fresh(&format!("packages/{name}"))?;
    let manifest = fixture::manifest(name, Dialect::Sqlite, "", dependencies);
    fixture::write(&path.join("Cargo.toml"), &manifest)?;
    fixture::write(&path.join("build.rs"), script)?;
    fixture::write(&path.join("src/lib.rs"), "")?;
    fixture::write(
        &path.join("migrations/a.sql"),
        "-- a\n--\n-- revision: aaaa\n\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 1;\n",
    )?;
    fixture::lock(&path)?;
    Ok(path)
}

/// A crate that the build helper needs, with the features it is compiled with.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dependency {
    name: String,
    version: String,
    features: Vec<String>,
}

impl Dependency {
    /// From a line `name v1.2.3|a,b`.
    fn parse(line: &str) -> Option<Self> {
        let (package, features) = line.trim().split_once('|')?;
        let mut words = package.split(' ');
        let name = words.next()?.to_owned();
        let version = words.next()?.strip_prefix('v')?.to_owned();
        let features = features.split(',').filter(|feature| !feature.is_empty());
        Some(Self { name, version, features: features.map(str::to_owned).collect() })
    }

    fn requirement(&self) -> String {
        let Self { name, version, features } = self;
        format!(
            "{name} = {{ version = \"={version}\", default-features = false, features = {features:?} }}\n"
        )
    }
}

/// What the feature `build` brings, this deep in the tree of dependencies.
fn dependencies(depth: &str) -> Result<Vec<Dependency>, String> {
    let text = command::output(
        cargo()
            .args(["tree", "--locked", "--package", "cargo-migrate", "--no-default-features"])
            .args(["--features", "build", "--edges", "normal", "--prefix", "none"])
            .args(["--format", "{p}|{f}", "--no-dedupe", "--depth", depth]),
    )?;
    let mut found: Vec<Dependency> = text.lines().filter_map(Dependency::parse).collect();
    found.sort();
    found.dedup();
    found.retain(|dependency| dependency.name != "cargo-migrate");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_becomes_a_requirement() {
        let dependency = Dependency::parse("winnow v1.0.2|default,std").unwrap();
        assert_eq!(
            dependency.requirement(),
            "winnow = { version = \"=1.0.2\", default-features = false, features = [\"default\", \"std\"] }\n"
        );
        assert_eq!(Dependency::parse(""), None);
    }
}
