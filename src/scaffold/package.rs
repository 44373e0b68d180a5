//! `init` in a package: its manifest, build script, embed line, runner and migrations directory.
//!
//! [`Package::inspect`] reads what there is, once; [`init_package`] decides without touching the disk.
//! Where the chain is embedded follows from the targets: a library embeds it once for everybody; without
//! one, the application and the runner each embed it. The runner is a second binary behind a feature,
//! so `default-run` is set for plain `cargo run` to mean what it meant before.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Array, InlineTable, Item, Value};

use super::manifest::Manifest;
use super::{Change, Changes, Dependency, Error, Init, rust, template};
use crate::Dialect;

const PACKAGE: &str = "cargo-migrate";
const RUNNER: &str = "migrate";
const RUNNER_PATH: &str = "src/bin/migrate.rs";

const BUILD_SCRIPT: &str = include_str!("../../template/build.rs.in");
const RUNNER_SOURCE: &str = include_str!("../../template/runner.rs.in");

/// A source file of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The target's name; for the library as it is written in Rust.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it says; `None` where the manifest names a file that is not there.
    pub text: Option<String>,
}

/// The build script of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildScript {
    /// There is none; this is where one goes.
    None(PathBuf),
    /// There is one.
    Present(Source),
    /// `build = false`.
    Disabled,
}

/// What there is in a package, as far as `init` needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The manifest, as an absolute path.
    pub manifest_path: PathBuf,
    /// The manifest's text.
    pub manifest: String,
    /// The library that other targets can use: not a procedural macro, and not only for C.
    pub library: Option<Source>,
    /// The binaries except the runner, those found automatically included.
    pub binaries: Vec<Source>,
    /// The binary `migrate`, whoever wrote it; also a file at its place that is no target.
    pub runner: Option<Source>,
    /// The build script.
    pub build_script: BuildScript,
    /// Whether there is anything in the directory of the revisions.
    pub has_revisions: bool,
    /// An SQL file in there that cannot be a revision, most likely another tool's.
    pub foreign: Option<PathBuf>,
    /// Another source file below `src` that embeds the chain.
    pub embedded_in: Option<PathBuf>,
    /// `[workspace.dependencies]` has `cargo-migrate`; `true` with its default features.
    pub workspace_dependency: Option<bool>,
    /// Cargo unifies the features of build-dependencies and dependencies (resolver 1).
    pub unified_features: bool,
}

impl Package {
    /// Reads the package with this manifest, and the manifest of its workspace where it has another.
    ///
    /// Fails on a file that cannot be read, and on a manifest that cargo would refuse.
    pub fn inspect(manifest_path: &Path, workspace: Option<&Path>) -> Result<Self, Error> {
        let manifest_path = &absolute(manifest_path)?;
        let text = read(manifest_path)?;
        let manifest = Manifest::parse(manifest_path, &text)?;
        if manifest.get(&["package"]).is_none() {
            return Err(Error::NotAPackage { path: manifest_path.clone() });
        }
        let root = manifest_path.parent().unwrap_or(manifest_path);
        let complete = cargo_toml::Manifest::from_path(manifest_path).map_err(|error| {
            let message = error.to_string().replace('\n', " ");
            Error::Manifest { path: manifest_path.clone(), message }
        })?;

        let library = match &complete.lib {
            Some(lib) if linkable(lib) => {
                let path = lib.path.as_deref().unwrap_or("src/lib.rs");
                Some(source(root, lib.name.clone().unwrap_or_default(), path)?)
            }
            _ => None,
        };
        let (mut runner, mut binaries) = (None, Vec::new());
        let package_name = complete.package().name();
        for bin in &complete.bin {
            let name = bin.name.clone().unwrap_or_default();
            let guess = if name == package_name && root.join("src/main.rs").is_file() {
                "src/main.rs".to_owned()
            } else {
                format!("src/bin/{name}.rs")
            };
            let source = source(root, name, bin.path.as_deref().unwrap_or(&guess))?;
            if source.name == RUNNER { runner = Some(source) } else { binaries.push(source) }
        }
        if runner.is_none() && root.join(RUNNER_PATH).is_file() {
            runner = Some(source(root, RUNNER.to_owned(), RUNNER_PATH)?);
        }

        let build_script = match manifest.get(&["package", "build"]) {
            Some(item) if item.as_bool() == Some(false) => BuildScript::Disabled,
            item => {
                let path = item.and_then(Item::as_str).unwrap_or("build.rs");
                let script = source(root, "build".to_owned(), path)?;
                match script.text {
                    Some(_) => BuildScript::Present(script),
                    None => BuildScript::None(script.path),
                }
            }
        };

        let workspace = match workspace {
            Some(path) if absolute(path)? != *manifest_path => {
                Some(Manifest::parse(path, &read(path)?)?)
            }
            _ => None,
        };
        let root_manifest = workspace.as_ref().unwrap_or(&manifest);
        let library_name = library_name(&manifest);
        let revisions = files(&root.join(directory(&manifest)));
        let mut package = Self {
            manifest_path: manifest_path.clone(),
            library,
            binaries,
            runner,
            build_script,
            has_revisions: !revisions.is_empty(),
            foreign: revisions.into_iter().find(|path| is_foreign(path)),
            embedded_in: None,
            workspace_dependency: workspace_dependency(root_manifest),
            unified_features: unified_features(root_manifest, complete.package().edition()),
            manifest: text,
        };
        package.embedded_in = package.find_embed(&root.join("src"), &library_name);
        Ok(package)
    }

    fn root(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The file that embeds the chain for the application.
    fn embedder(&self) -> Option<&Source> {
        self.library.as_ref().or(match self.binaries.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    fn find_embed(&self, dir: &Path, library: &str) -> Option<PathBuf> {
        let targets: Vec<&Path> = self
            .binaries
            .iter()
            .chain(&self.library)
            .chain(&self.runner)
            .map(|source| source.path.as_path())
            .collect();
        let mut directories = vec![dir.to_path_buf()];
        while let Some(dir) = directories.pop() {
            for path in files(&dir) {
                if path.is_dir() {
                    directories.push(path);
                } else if path.extension().is_some_and(|e| e == "rs")
                    && !targets.contains(&path.as_path())
                    && fs::read_to_string(&path).is_ok_and(|text| rust::embeds(&text, library))
                {
                    return Some(path);
                }
            }
        }
        None
    }
}

/// Plans what sets up a package, or completes one that is set up in part.
///
/// Fails where the package cannot carry a chain: no target to embed it in, build scripts switched off, or
/// a binary `migrate` of its own.
pub fn init_package(package: &Package, init: &Init) -> Result<Changes, Error> {
    let path = &package.manifest_path;
    if package.build_script == BuildScript::Disabled {
        return Err(Error::BuildScriptDisabled { path: path.clone() });
    }
    if package.library.is_none() && package.binaries.is_empty() {
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

    changes.edit(path, &package.manifest, manifest.finish());
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
    let key = edit_dependency(manifest, package, init, "dependencies", &features, changes)?;
    edit_dependency(manifest, package, init, "build-dependencies", &["build"], changes)?;
    let had_feature = manifest.get(&["features", RUNNER]).is_some();
    let runner = format!("{key}/runner");
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

fn edit_dependency(
    manifest: &mut Manifest,
    package: &Package,
    init: &Init,
    table: &str,
    features: &[&str],
    changes: &mut Changes,
) -> Result<String, Error> {
    if let Some(key) = manifest.dependency(table, PACKAGE) {
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
        return Ok(key);
    }
    // Cargo refuses one package under two names, so a renamed one is renamed here too.
    let other = ["dependencies", "build-dependencies"];
    let key = other.iter().find_map(|table| manifest.dependency(table, PACKAGE));
    let key = key.unwrap_or_else(|| PACKAGE.to_owned());
    let renamed = key != PACKAGE;
    let mut value = InlineTable::new();
    if renamed {
        value.insert("package", PACKAGE.into());
    }
    if let Some(defaults) = package.workspace_dependency.filter(|_| !renamed) {
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
    manifest.add_dependency(table, &key, value)?;
    Ok(key)
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
            let text = script.text.as_deref().unwrap_or_default();
            if !rust::names(text, &format!("{library}::build")) || !rust::names(text, "emit(") {
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
    rust::names(text, &format!("{library}::runner")) || rust::names(text, "runner::main(")
}

fn declared_dialects(item: &Item) -> Vec<Dialect> {
    let names = item.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(Dialect::from_name).collect()
}

fn directory(manifest: &Manifest) -> &str {
    manifest.string(&["package", "metadata", "migrate", "dir"]).unwrap_or("migrations")
}

fn is_foreign(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
        && fs::read_to_string(path).is_ok_and(|text| !text.contains("revision:"))
}

fn library_name(manifest: &Manifest) -> String {
    let key = manifest.dependency("dependencies", PACKAGE);
    key.as_deref().unwrap_or(PACKAGE).replace('-', "_")
}

pub(super) fn workspace_dependency(root: &Manifest) -> Option<bool> {
    let item = root.get(&["workspace", "dependencies", PACKAGE])?;
    let table = item.as_table_like();
    let value = table.and_then(|t| t.get("default-features").or_else(|| t.get("default_features")));
    Some(value.and_then(Item::as_bool).unwrap_or(true))
}

pub(super) fn unified_features(root: &Manifest, edition: cargo_toml::Edition) -> bool {
    let declared =
        root.string(&["workspace", "resolver"]).or_else(|| root.string(&["package", "resolver"]));
    match declared {
        Some(resolver) => resolver == "1",
        // A virtual workspace has no edition, and no resolver but the first.
        None if root.get(&["package"]).is_none() => true,
        None => matches!(edition, cargo_toml::Edition::E2015 | cargo_toml::Edition::E2018),
    }
}

/// Whether the package's other targets can use this library.
fn linkable(lib: &cargo_toml::Product) -> bool {
    !lib.proc_macro
        && (lib.crate_type.is_empty()
            || lib.crate_type.iter().any(|kind| matches!(kind.as_str(), "lib" | "rlib" | "dylib")))
}

fn source(root: &Path, name: String, path: &str) -> Result<Source, Error> {
    let path = root.join(path);
    let text = if path.is_file() { Some(read(&path)?) } else { None };
    Ok(Source { name, path, text })
}

pub(super) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_path_buf(), source })
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::Read { path: path.to_path_buf(), source })
}

/// The entries of a directory, sorted; none where there is no directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The way from one absolute directory to a path, as it is written in a manifest.
fn relative(path: &Path, from: &Path) -> String {
    slashes(&relative_path(path, from))
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn relative_path(path: &Path, from: &Path) -> PathBuf {
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
