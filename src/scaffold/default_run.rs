//! Plain `cargo run` at the root of a workspace: it means afterwards what it meant before.
//!
//! Cargo counts the binaries of all default members, also one that it could not build without a feature, and so
//! the runner in one package makes the program of another one a choice. A single `default-run` among the default
//! members decides for all of them. Within one package [`init_package`](super::init_package) sees to it.

use std::path::Path;

use toml_edit::{Item, Value};

use super::init::{relative_path, slashes};
use super::manifest::Manifest;
use super::package::{RUNNER, read};
use super::workspace::{Member, covers};
use super::{Change, Changes, Error};

/// Plans the `default-run` that a workspace needs once these changes add binaries to it.
///
/// `members` is what there was before, and `chain` the manifest of the package that gets the runner, or has it.
/// Fails on a manifest that cannot be read.
pub fn keep_run(
    root: &Path,
    members: &[Member],
    chain: &Path,
    changes: &mut Changes,
) -> Result<(), Error> {
    let added = changes.files.iter().filter_map(|change| match change {
        Change::Create { path, .. } if path.ends_with("Cargo.toml") => Some(path.as_path()),
        _ => None,
    });
    let before = read(root)?;
    let manifest = Manifest::parse(root, changes.text_of(root, &before))?;
    let is_default = |path: &Path| match members.iter().find(|member| member.manifest_path == path)
    {
        Some(member) => member.is_default,
        None => becomes_default(&manifest, root, path),
    };
    if !added.chain([chain]).any(is_default) {
        return Ok(());
    }
    let defaults = || members.iter().filter(|member| member.is_default);
    let programs = defaults().flat_map(|member| {
        let is_runner = |name: &str| name == RUNNER && member.manifest_path == chain;
        let names = member.binaries.iter().filter(move |name| !is_runner(name));
        names.map(move |name| (member, name.as_str()))
    });
    let chosen: Vec<_> = defaults().filter(|member| member.default_run.is_some()).collect();
    let directory = root.parent().unwrap_or(root);
    let shown = |member: &Member| slashes(&relative_path(&member.manifest_path, directory));
    match (&chosen[..], &programs.collect::<Vec<_>>()[..]) {
        ([], [(member, program)]) if member.manifest_path != chain => {
            let path = &member.manifest_path;
            let on_disk = read(path)?;
            let mut manifest = Manifest::parse(path, changes.text_of(path, &on_disk))?;
            manifest.add(&["package"], "default-run", (*program).into())?;
            changes.edit_again(path, &on_disk, manifest.finish());
            changes.note(format!(
                "`default-run = \"{program}\"` in {} keeps plain `cargo run` unambiguous, which would have to choose \
                 between that program and `{RUNNER}`",
                shown(member)
            ));
        }
        ([chosen], _) if chosen.manifest_path != chain && is_default(chain) => {
            note_two(chosen, &shown(chosen), chain, changes)?;
        }
        _ => {}
    }
    Ok(())
}

/// The package with the chain needs a `default-run` for itself, and where there are two, cargo follows none.
fn note_two(
    chosen: &Member,
    shown: &str,
    chain: &Path,
    changes: &mut Changes,
) -> Result<(), Error> {
    let says = |text: &str| -> Result<Option<String>, Error> {
        let manifest = Manifest::parse(chain, text)?;
        Ok(manifest.string(&["package", "default-run"]).map(str::to_owned))
    };
    let before = if chain.is_file() { read(chain)? } else { String::new() };
    let (Some(own), None) = (says(changes.text_of(chain, &before))?, says(&before)?) else {
        return Ok(());
    };
    changes.note(format!(
        "`{own}` needs a `default-run` for `cargo run` in its own directory, and {shown} has one, too: at the root of \
         the workspace say which is meant, as in `cargo run -p {}`",
        chosen.name
    ));
    Ok(())
}

/// Whether `cargo run` at the root will be about a package that is no member yet.
fn becomes_default(root: &Manifest, path: &Path, package: &Path) -> bool {
    let Some(defaults) = root.get(&["workspace", "default-members"]).and_then(Item::as_array)
    else {
        return root.get(&["package"]).is_none();
    };
    let directory = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let directory = slashes(&relative_path(&directory(package), &directory(path)));
    defaults.iter().filter_map(Value::as_str).any(|pattern| covers(pattern, &directory))
}
