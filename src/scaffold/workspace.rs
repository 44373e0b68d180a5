//! `init` in a virtual workspace: a new member that holds nothing but the chain.
//!
//! The member is a small library package, so that a new revision rebuilds it and relinks, and nothing
//! else. Its manifest starts from a template and is then set up exactly as a package that was there
//! before would be: there is one description of what a package with a chain looks like.

use std::path::{Path, PathBuf};

use toml_edit::{Item, Value};

use super::init::{as_new, init_package};
use super::manifest::Manifest;
use super::package::{
    BuildScript, Package, Source, absolute, read, unified_features, workspace_dependency,
};
use super::{Changes, Error, Init, template};

const MANIFEST: &str = include_str!("../../template/member/Cargo.toml.in");
const LIBRARY: &str = include_str!("../../template/member/lib.rs.in");

/// The revisions' directory in a package that is called `migrations` itself.
const DIRECTORY: &str = "revisions";

/// A member of a workspace, as `cargo metadata` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The package's name.
    pub name: String,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// Whether plain `cargo run` at the workspace's root is about it.
    pub is_default: bool,
    /// The names of its binaries.
    pub binaries: Vec<String>,
    /// The `default-run` of its manifest.
    pub default_run: Option<String>,
}

/// What there is in a virtual workspace, as far as `init` needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// The workspace's manifest, as an absolute path.
    pub manifest_path: PathBuf,
    /// The manifest's text.
    pub manifest: String,
    /// The name of the member that holds the chain.
    pub name: String,
    /// The directory of that member, relative to the workspace and with `/`.
    pub directory: String,
    /// The member, if it is there already and holds a chain.
    pub member: Option<Package>,
    /// What is in the way of making it.
    pub taken: Option<PathBuf>,
}

impl Workspace {
    /// Reads a workspace, for a member of this name (usually `migrations`).
    ///
    /// Fails on a file that cannot be read, and on a manifest that is no workspace's.
    pub fn inspect(manifest_path: &Path, members: &[Member], name: &str) -> Result<Self, Error> {
        let manifest_path = absolute(manifest_path)?;
        let text = read(&manifest_path)?;
        let manifest = Manifest::parse(&manifest_path, &text)?;
        if manifest.get(&["workspace"]).is_none() {
            return Err(Error::NotAWorkspace { path: manifest_path });
        }
        let patterns = members_of(&manifest);
        let below_crates =
            patterns.iter().any(|pattern| pattern.trim_start_matches("./").starts_with("crates/"));
        let directory = if below_crates { format!("crates/{name}") } else { name.to_owned() };
        let root = manifest_path.parent().unwrap_or(&manifest_path);
        let target = root.join(&directory);

        let (mut member, mut taken) = (None, None);
        if let Some(present) = members.iter().find(|member| member.name == name) {
            let package = Package::inspect(&present.manifest_path, Some(&manifest_path))?;
            let own = Manifest::parse(&package.manifest_path, &package.manifest)?;
            if own.get(&["package", "metadata", "migrate"]).is_some() {
                member = Some(package);
            } else {
                taken = present.manifest_path.parent().map(Path::to_path_buf);
            }
        } else if target.exists() {
            taken = Some(target);
        }
        Ok(Self { manifest_path, manifest: text, name: name.to_owned(), directory, member, taken })
    }

    /// The manifest of the member, which may not be there yet.
    pub fn chain_manifest(&self) -> PathBuf {
        let root = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        match &self.member {
            Some(package) => package.manifest_path.clone(),
            None => root.join(&self.directory).join("Cargo.toml"),
        }
    }
}

/// Plans the new member, or what its package still lacks if it is there.
///
/// Fails if something else has the member's name or its directory.
pub fn init_workspace(workspace: &Workspace, init: &Init) -> Result<Changes, Error> {
    if let Some(package) = &workspace.member {
        return init_package(package, init);
    }
    if let Some(path) = &workspace.taken {
        return Err(Error::MemberTaken { path: path.clone(), name: workspace.name.clone() });
    }
    let mut manifest = Manifest::parse(&workspace.manifest_path, &workspace.manifest)?;
    let package = new_member(workspace, &manifest)?;
    let dir = init.dir.clone().unwrap_or_else(|| DIRECTORY.to_owned());
    let planned = as_new(init_package(&package, &Init { dir: Some(dir), ..init.clone() })?);

    let patterns = members_of(&manifest);
    if !patterns.iter().any(|pattern| covers(pattern, &workspace.directory)) {
        manifest.add_to_array(&["workspace"], "members", &workspace.directory)?;
    }
    let mut changes = Changes::default();
    changes.edit(&workspace.manifest_path, &workspace.manifest, manifest.finish());
    changes.files.extend(planned.files);
    changes.notes.extend(planned.notes);
    Ok(changes)
}

/// The member as the template makes it, before it is set up.
fn new_member(workspace: &Workspace, manifest: &Manifest) -> Result<Package, Error> {
    let inherited = |key: &str, otherwise: &str| inherited(manifest, key, otherwise);
    let lints = manifest.get(&["workspace", "lints"]).map_or("", |_| "[lints]\nworkspace = true");
    let text = template::render(
        MANIFEST,
        &[
            ("name", &workspace.name),
            ("version", &inherited("version", "version = \"0.1.0\"")),
            ("edition", &inherited("edition", "edition = \"2024\"")),
            ("rust-version", &inherited("rust-version", "")),
            ("license", &inherited("license", "")),
            ("lints", lints),
        ],
    )?;
    let root = workspace.manifest_path.parent().unwrap_or(&workspace.manifest_path);
    let directory = root.join(&workspace.directory);
    let library = Source {
        name: workspace.name.replace('-', "_"),
        path: directory.join("src/lib.rs"),
        text: Some(LIBRARY.to_owned()),
    };
    Ok(Package {
        manifest_path: directory.join("Cargo.toml"),
        manifest: format!("{}\n", text.trim_end()),
        library: Some(library),
        binaries: Vec::new(),
        runner: None,
        build_script: BuildScript::None(directory.join("build.rs")),
        has_revisions: false,
        foreign: None,
        embedded_in: None,
        workspace_dependency: workspace_dependency(manifest),
        unified_features: unified_features(manifest, cargo_toml::Edition::E2024),
    })
}

/// What a member says of a key of its package: that of the workspace, where that has one.
pub(super) fn inherited(manifest: &Manifest, key: &str, otherwise: &str) -> String {
    if manifest.get(&["workspace", "package", key]).is_some() {
        format!("{key}.workspace = true")
    } else {
        otherwise.to_owned()
    }
}

pub(super) fn members_of(manifest: &Manifest) -> Vec<String> {
    let members = manifest.get(&["workspace", "members"]).and_then(Item::as_array);
    members.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether a pattern of `workspace.members` matches the directory.
///
/// Knows `*`, `?` and `**`; a pattern with a class (`[a-z]`) counts as no match, and the member is then
/// listed by name too, which cargo allows.
pub(super) fn covers(pattern: &str, directory: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    };
    matches_parts(&parts(pattern), &parts(directory))
}

fn matches_parts(pattern: &[String], path: &[String]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([first, rest @ ..], _) if first == "**" => {
            (0..=path.len()).any(|skip| matches_parts(rest, &path[skip..]))
        }
        ([first, rest @ ..], [part, path @ ..]) => {
            matches_part(first.as_bytes(), part.as_bytes()) && matches_parts(rest, path)
        }
        _ => false,
    }
}

fn matches_part(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| matches_part(rest, &text[skip..])),
        ([b'?', rest @ ..], [_, text @ ..]) => matches_part(rest, text),
        ([p, rest @ ..], [t, text @ ..]) => p == t && matches_part(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for pattern in [
            "crates/*",
            "./crates/*",
            "crates/*/",
            "**",
            "*/migrations",
            "crates/migr*",
            "crates/m?grations",
        ] {
            assert!(covers(pattern, "crates/migrations"), "{pattern}");
        }
        for pattern in ["*", "crates", "crates/*/x", "crates/core", "libs/*", ""] {
            assert!(!covers(pattern, "crates/migrations"), "{pattern}");
        }
    }
}
