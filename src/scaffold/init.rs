//! `init` in a package: its manifest, build script, embed line, runner and migrations directory.
//!
//! Where the chain is embedded follows from the targets: a library embeds it once for everybody; without
//! one, the application and the runner each embed it. The runner is a second binary behind a feature,
//! so `default-run` is set for plain `cargo run` to mean what it meant before.
//!
//! Pure: what there is comes in as a [`Package`], what is to be done goes out as [`Changes`].

use std::path::{Path, PathBuf};

use toml_edit::{Array, InlineTable, Item, Value};

use super::manifest::Manifest;
use super::package::{BuildScript, PACKAGE, Package, RUNNER, RUNNER_PATH, directory};
use super::{Change, Changes, Dependency, Error, Init, rust, template};
use crate::Dialect;

const BUILD_SCRIPT: &str = include_str!("../../template/build.rs.in");
const RUNNER_SOURCE: &str = include_str!("../../template/runner.rs.in");
const RUNNER_COMMENT: &str = "# The commands of the runner: a dependency of its own, so that the build script does without them.\n";

/// Plans what sets up a package, or completes one that is set up in part.
///
/// Fails where the package cannot carry a chain: no target to embed it in, build scripts switched off, or
/// a binary `migrate` of its own.
pub fn init_package(package: &Package, init: &Init) -> Result<Changes, Error> {
    let path = &package.manifest_path;
    if package.build_script == BuildScript::Disabled {
        return Err(Error::BuildScriptDisabled { path: path.clone() });
    }
    if package.library.is_none() && package.binaries.is_empty() && package.runner.is_none() {
        return Err(Error::NoTarget { path: path.clone() });
    }
    let mut changes = Changes::default();
    let mut manifest = Manifest::parse(path, &package.manifest)?;
    let dialects = match manifest.get(&["package", "metadata", "migrate", "dialects"]) {
        Some(declared) => declared_dialects(declared),
        None => init.dialects.clone(),
    };
    let library = edit_dependencies(&mut manifest, package, init, &dialects, &mut changes)?;
    if let Some(runner) = &package.runner
        && !runner.text.as_deref().is_none_or(|text| is_runner(text, &library))
    {
        return Err(Error::BinaryTaken { path: path.clone(), binary: runner.path.clone() });
    }
    edit_targets(&mut manifest, package)?;
    edit_metadata(&mut manifest, init)?;
    let directory = directory(&manifest).to_owned();

    note_exclusion(&manifest, &directory, &mut changes);
    let regroups = manifest.regroups();
    changes.edit(path, &package.manifest, manifest.finish());
    if regroups && !changes.is_empty() {
        changes.note("dotted keys of one table that stood apart in Cargo.toml now stand together");
    }
    plan_build_script(package, &library, &mut changes)?;
    plan_embed(package, &library, &mut changes);
    plan_runner(package, &library, &mut changes)?;
    plan_directory(package, &directory, &mut changes);
    Ok(changes)
}

/// Returns the name of our library in the package's Rust code.
fn edit_dependencies(
    manifest: &mut Manifest,
    package: &Package,
    init: &Init,
    dialects: &[Dialect],
    changes: &mut Changes,
) -> Result<String, Error> {
    let mut features: Vec<&str> = dialects.iter().map(|dialect| dialect.name()).collect();
    features.push("tokio");
    if dialects.iter().any(|dialect| *dialect != Dialect::Sqlite) && !has_tls(manifest) {
        features.push("rustls");
    }
    let key = edit_dependency(manifest, package, init, "dependencies", &features, changes)?;
    edit_dependency(manifest, package, init, "build-dependencies", &["build"], changes)?;
    let had_feature = manifest.get(&["features", RUNNER]).is_some();
    let runner = edit_runner_dependency(manifest, &key)?;
    let before = manifest.get(&["features", RUNNER]).map(ToString::to_string);
    manifest.add_to_array(&["features"], RUNNER, &runner)?;
    if had_feature && before != manifest.get(&["features", RUNNER]).map(ToString::to_string) {
        changes.note(format!(
            "the feature `{RUNNER}` was there already and now also enables `{runner}`"
        ));
    }
    if package.unified_features {
        changes.note(
            "resolver 1 compiles the build script with the features of the application; \
             set `resolver = \"2\"` in the workspace's manifest for faster builds",
        );
    }
    Ok(key.replace('-', "_"))
}

/// Lets a feature add the commands to the dependency, and returns what that feature is to enable.
///
/// `KEY/runner` would do so for the build-dependency of that name, too, and the build script would be compiled
/// with sqlx and clap: 101 more crates in a release build. An optional dependency says its features for itself, and
/// to have a second one of the same name takes a table of its own.
fn edit_runner_dependency(manifest: &mut Manifest, key: &str) -> Result<String, Error> {
    let enabled = manifest.get(&["features", RUNNER]).and_then(Item::as_array);
    let direct = [format!("{key}/runner"), format!("{key}?/runner")];
    let is_direct = |feature: &&str| direct.iter().any(|it| it == feature);
    let found = enabled.and_then(|all| all.iter().filter_map(Value::as_str).find(is_direct));
    if let Some(found) = found {
        return Ok(found.to_owned());
    }
    let table = ["target", "cfg(all())", "dependencies"];
    if manifest.dependency(&table, PACKAGE).is_none() {
        let mut value = source(manifest, "dependencies", key);
        if !value.contains_key("workspace") {
            value.insert("default-features", false.into());
        }
        value.insert("features", Value::Array(["runner"].into_iter().collect()));
        value.insert("optional", true.into());
        let is_new = manifest.get(&table).is_none();
        manifest.add_dependency(&table, key, value)?;
        if is_new {
            manifest.comment(&table, RUNNER_COMMENT);
        }
    }
    Ok(format!("dep:{key}"))
}

/// Where a dependency that is there comes from, in the words of the manifest.
fn source(manifest: &Manifest, table: &str, key: &str) -> InlineTable {
    let mut value = InlineTable::new();
    for source in
        ["package", "workspace", "version", "path", "git", "branch", "tag", "rev", "registry"]
    {
        if let Some(said) = manifest.get(&[table, key, source]).and_then(Item::as_value) {
            value.insert(source, said.clone().decorated(" ", ""));
        }
    }
    value
}

/// Whether the package has chosen another way to encrypt connections.
fn has_tls(manifest: &Manifest) -> bool {
    let Some(key) = manifest.dependency(&["dependencies"], PACKAGE) else { return false };
    let features = manifest.get(&["dependencies", &key, "features"]).and_then(Item::as_array);
    features.into_iter().flatten().any(|feature| feature.as_str() == Some("native-tls"))
}

fn edit_dependency(
    manifest: &mut Manifest,
    package: &Package,
    init: &Init,
    table: &str,
    features: &[&str],
    changes: &mut Changes,
) -> Result<String, Error> {
    if let Some(key) = manifest.dependency(&[table], PACKAGE) {
        manifest.widen_dependency(table, &key);
        for feature in features {
            manifest.add_to_array(&[table, &key], "features", feature)?;
        }
        let inherited = manifest.get(&[table, &key, "workspace"]).is_some();
        let defaults = manifest
            .get(&[table, &key, "default-features"])
            .or_else(|| manifest.get(&[table, &key, "default_features"]))
            .and_then(Item::as_bool)
            .unwrap_or(if inherited { package.workspace_dependency.unwrap_or(true) } else { true });
        if defaults {
            note_defaults(table, inherited, changes);
        }
        if manifest.get(&[table, &key, "optional"]).and_then(Item::as_bool) == Some(true) {
            changes.note(format!(
                "`{key}` is optional in `[{table}]`, but the chain needs it in every build; remove `optional = true`"
            ));
        }
        return Ok(key);
    }
    let tables = ["dependencies", "build-dependencies"];
    let other = tables
        .into_iter()
        .find_map(|table| manifest.dependency(&[table], PACKAGE).map(|key| (table, key)));
    // Cargo refuses one package under two names, and two sources would be two packages.
    if let Some((other, key)) = other {
        let features = features.iter().copied().collect::<Array>();
        let mut value = source(manifest, other, &key);
        if !value.contains_key("workspace") {
            value.insert("default-features", false.into());
        } else if package.workspace_dependency.unwrap_or(true) {
            note_defaults(table, true, changes);
        }
        value.insert("features", Value::Array(features));
        manifest.add_dependency(&[table], &key, value)?;
        return Ok(key);
    }
    let mut value = InlineTable::new();
    if let Some(defaults) = package.workspace_dependency {
        value.insert("workspace", true.into());
        // Cargo refuses `default-features = false` here unless the workspace says it too.
        if defaults {
            note_defaults(table, true, changes);
        }
    } else {
        match &init.dependency {
            Dependency::Version(version) => value.insert("version", version.as_str().into()),
            Dependency::Path(path) => value.insert("path", relative(path, package.root()).into()),
        };
        value.insert("default-features", false.into());
    }
    value.insert("features", Value::Array(features.iter().copied().collect::<Array>()));
    manifest.add_dependency(&[table], PACKAGE, value)?;
    Ok(PACKAGE.to_owned())
}

fn note_defaults(table: &str, inherited: bool, changes: &mut Changes) {
    let place = if inherited { "workspace.dependencies" } else { table };
    let note = format!(
        "`{PACKAGE}` has its default features on in `[{place}]`, which compiles the whole command line \
         with your package; add `default-features = false` there"
    );
    if !changes.notes.contains(&note) {
        changes.note(note);
    }
}

fn edit_targets(manifest: &mut Manifest, package: &Package) -> Result<(), Error> {
    let no_bins = manifest.get(&["bin"]).is_none();
    if !manifest.require_feature(RUNNER, RUNNER)? {
        let path = package
            .runner
            .as_ref()
            .map(|runner| slashes(&relative_path(&runner.path, package.root())));
        manifest.add_bin(RUNNER, path.as_deref().unwrap_or(RUNNER_PATH), RUNNER)?;
    }
    let edition = manifest.string(&["package", "edition"]);
    let is_2015 = edition == Some("2015")
        || (edition.is_none() && manifest.get(&["package", "edition"]).is_none());
    if no_bins && is_2015 && !package.binaries.is_empty() {
        // In that edition the first `[[bin]]` stops cargo from finding the others by itself.
        manifest.add(&["package"], "autobins", true.into())?;
    }
    if let [only] = package.binaries.as_slice() {
        manifest.add(&["package"], "default-run", only.name.as_str().into())?;
    }
    Ok(())
}

fn edit_metadata(manifest: &mut Manifest, init: &Init) -> Result<(), Error> {
    let table = ["package", "metadata", "migrate"];
    let is_new = manifest.get(&table).is_none();
    let dialects: Array = init.dialects.iter().map(|dialect| dialect.name()).collect();
    manifest.add(&table, "dialects", dialects.into())?;
    if !is_new {
        return Ok(());
    }
    if let Some(chain) = &init.chain {
        manifest.add(&table, "chain", chain.as_str().into())?;
    }
    if let Some(dir) = &init.dir {
        manifest.add(&table, "dir", dir.as_str().into())?;
    }
    if let Some(url) = &init.url {
        manifest.add(
            &["package", "metadata", "migrate", "env", "dev"],
            "url",
            url.as_str().into(),
        )?;
    }
    Ok(())
}

fn plan_build_script(package: &Package, library: &str, changes: &mut Changes) -> Result<(), Error> {
    match &package.build_script {
        BuildScript::None(path) => {
            changes.create(path.clone(), template::render(BUILD_SCRIPT, &[("library", library)])?);
        }
        BuildScript::Present(script) => {
            if !script.calls_helper(library) {
                changes.note(format!(
                    "add this line to `fn main` in {}: {library}::build::emit();",
                    slashes(&relative_path(&script.path, package.root()))
                ));
            }
        }
        BuildScript::Disabled => {}
    }
    Ok(())
}

fn plan_embed(package: &Package, library: &str, changes: &mut Changes) {
    let line = format!("{library}::embed!();");
    let Some(source) = package.embedder() else {
        if package.binaries.is_empty() {
            return;
        }
        changes.note(format!("add this line to each binary that migrates its database: {line}"));
        return;
    };
    let text = source.text.as_deref().unwrap_or_default();
    if rust::embeds(text, library) {
        return;
    }
    let file = slashes(&relative_path(&source.path, package.root()));
    if let Some(elsewhere) = &package.embedded_in {
        if package.library.is_some() && !rust::names(text, "MIGRATOR") {
            changes.note(format!(
                "`{}` embeds the chain; re-export its `MIGRATOR` from the root of {file}, where the runner expects it",
                slashes(&relative_path(elsewhere, package.root())),
            ));
        }
        return;
    }
    if rust::names(text, "static MIGRATOR") || rust::names(text, "const MIGRATOR") {
        changes.note(format!(
            "{file} has a `MIGRATOR` of its own; rename it, since `embed!` defines that name"
        ));
    }
    let edited = rust::insert_at_top(text, &line);
    if source.text.is_some() {
        changes.edit(&source.path, text, edited);
    } else {
        changes.create(source.path.clone(), edited);
    }
}

fn plan_runner(package: &Package, library: &str, changes: &mut Changes) -> Result<(), Error> {
    if package.runner.as_ref().is_some_and(|runner| runner.text.is_some()) {
        return Ok(());
    }
    let path = package.runner.as_ref().map(|runner| runner.path.clone());
    let (embed, migrator) = match &package.library {
        Some(lib) => (String::new(), format!("{}::MIGRATOR", lib.name)),
        None => (format!("{library}::embed!();"), "MIGRATOR".to_owned()),
    };
    let values = [("library", library), ("embed", &embed), ("migrator", &migrator)];
    let text = template::render(RUNNER_SOURCE, &values)?;
    // The line of `embed!` leaves its empty line behind.
    let text = text.replace("\n\n\n", "\n\n");
    changes.create(path.unwrap_or_else(|| package.root().join(RUNNER_PATH)), text);
    Ok(())
}

fn plan_directory(package: &Package, directory: &str, changes: &mut Changes) {
    if !package.has_revisions {
        // Git keeps no empty directory, and a clone without it would not build.
        changes.create(package.root().join(directory).join(".gitkeep"), "");
    } else if let Some(file) = &package.foreign {
        changes.note(format!(
            "`{}` is no revision; move the old files to another directory and run \
             `cargo migrate import --from sqlx DIR`",
            slashes(&relative_path(file, package.root()))
        ));
    }
}

fn is_runner(text: &str, library: &str) -> bool {
    rust::names(text, &format!("{library}::cli")) || rust::names(text, "cli::main(")
}

fn declared_dialects(item: &Item) -> Vec<Dialect> {
    let names = item.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(Dialect::from_name).collect()
}

/// A published package without its revisions would not build.
fn note_exclusion(manifest: &Manifest, directory: &str, changes: &mut Changes) {
    let Some(include) = manifest.get(&["package", "include"]).and_then(Item::as_array) else {
        return;
    };
    let mut patterns = include.iter().filter_map(Value::as_str);
    let first = directory.split('/').next().unwrap_or_default();
    if !patterns.any(|pattern| pattern.contains(first) || pattern.trim_matches(['/', '.']) == "**")
    {
        changes.note(format!(
            "`include` in `[package]` leaves out `{directory}`; add it and `build.rs` before you publish"
        ));
    }
}

/// The way from one absolute directory to a path, as it is written in a manifest.
pub(super) fn relative(path: &Path, from: &Path) -> String {
    slashes(&relative_path(path, from))
}

pub(super) fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

pub(super) fn relative_path(path: &Path, from: &Path) -> PathBuf {
    let shared = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    // Nothing shared, not even the root: another drive, or a path that is relative already.
    if shared == 0 {
        return path.to_path_buf();
    }
    let up = from.components().skip(shared).map(|_| Path::new(".."));
    let down = path.components().skip(shared).map(|component| Path::new(component.as_os_str()));
    let relative: PathBuf = up.chain(down).collect();
    if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative }
}

/// Turns edits of files that are not on disk yet into new files.
pub(super) fn as_new(changes: Changes) -> Changes {
    let files = changes.files.into_iter().map(|change| match change {
        Change::Edit { path, after, .. } => Change::Create { path, text: after },
        other => other,
    });
    Changes { files: files.collect(), notes: changes.notes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_manifests() {
        for (path, from, expected) in [
            ("/a/tool", "/a/app", "../tool"),
            ("/a/app/vendor/tool", "/a/app", "vendor/tool"),
            ("/a", "/a/app/deep", "../.."),
            ("/a/app", "/a/app", "."),
            ("/x/tool", "/a/app", "../../x/tool"),
            ("../tool", "/a/app", "../tool"),
        ] {
            assert_eq!(relative(Path::new(path), Path::new(from)), expected);
        }
    }
}
