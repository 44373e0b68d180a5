//! What there is in a package: the one place where `init` reads.
//!
//! [`Package::inspect`] collects plain data, so that [`init_package`](super::init_package) can decide
//! without touching the disk. Which targets there are, those that cargo finds by itself included, is
//! `cargo_toml`'s answer; the manifest's text is kept beside it, since only text can be edited in place.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::Item;

use super::manifest::Manifest;
use super::{Error, rust};

/// The name of our package, as manifests write it.
pub(super) const PACKAGE: &str = "cargo-migrate";
/// The name of the runner, and of the feature that it needs.
pub(super) const RUNNER: &str = "migrate";
/// Where the runner is, unless the manifest says otherwise.
pub(super) const RUNNER_PATH: &str = "src/bin/migrate.rs";

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

impl Source {
    /// Whether a build script calls the build helper of this library.
    pub(super) fn calls_helper(&self, library: &str) -> bool {
        let text = self.text.as_deref().unwrap_or_default();
        rust::names(text, &format!("{library}::build")) && rust::names(text, "emit(")
    }
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

    /// A path of the package, relative to its directory, with `/` on every system.
    pub(super) fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(self.root()).unwrap_or(path);
        path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    }

    /// The package's directory.
    pub(super) fn root(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The file that embeds the chain for the application.
    pub(super) fn embedder(&self) -> Option<&Source> {
        let main = self.root().join("src/main.rs");
        match (&self.library, self.binaries.as_slice()) {
            (Some(library), _) => Some(library),
            (None, [only]) => Some(only),
            (None, several) => several.iter().find(|binary| binary.path == main),
        }
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
                // Links to directories are not followed: they may lead in a circle.
                if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
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

/// The directory of the revisions, relative to the package.
pub(super) fn directory(manifest: &Manifest) -> &str {
    manifest.string(&["package", "metadata", "migrate", "dir"]).unwrap_or("migrations")
}

fn is_foreign(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
        && fs::read_to_string(path).is_ok_and(|text| !text.contains("revision:"))
}

fn library_name(manifest: &Manifest) -> String {
    let key = manifest.dependency(&["dependencies"], PACKAGE);
    key.as_deref().unwrap_or(PACKAGE).replace('-', "_")
}

/// Whether the workspace declares our package, and if so with its default features.
pub(super) fn workspace_dependency(root: &Manifest) -> Option<bool> {
    let item = root.get(&["workspace", "dependencies", PACKAGE])?;
    let table = item.as_table_like();
    let value = table.and_then(|t| t.get("default-features").or_else(|| t.get("default_features")));
    Some(value.and_then(Item::as_bool).unwrap_or(true))
}

/// Whether cargo resolves features as it did at first, for all kinds of dependencies together.
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
