//! `cargo migrate init`: a package, or a new member of a virtual workspace, made ready.

use std::path::Path;

use super::arguments::InitArguments;
use super::context::Context;
use super::new::cannot_scaffold;
use super::workspace::{Member, Workspace};
use crate::Dialect;
use crate::chain::listed;
use crate::runner::{Exit, Failure};
use crate::scaffold::{self, Change, Changes, Dependency, Init};

/// Plans, shows and writes what is missing.
pub(super) fn run(context: &mut Context<'_>, args: &InitArguments) -> Result<Exit, Failure> {
    check_arguments(context, args)?;
    let workspace = context.workspace()?;
    let selected = workspace.selected(&context.global)?;
    let init = Init {
        dialects: if args.dialects.is_empty() {
            vec![Dialect::Sqlite]
        } else {
            args.dialects.clone()
        },
        dependency: match &args.path {
            Some(path) => Dependency::Path(context.env.directory().join(path)),
            None => Dependency::Version(String::from(env!("CARGO_PKG_VERSION"))),
        },
        chain: chain_name(&workspace, selected, args)?,
        dir: None,
        url: Some(args.database_url.clone().unwrap_or_else(|| String::from("sqlite:dev.db"))),
    };
    let changes = if let Some(member) = selected {
        let package =
            scaffold::Package::inspect(&member.manifest_path, Some(&workspace.manifest_path))
                .map_err(cannot_scaffold)?;
        scaffold::init_package(&package, &init).map_err(cannot_scaffold)?
    } else {
        let members: Vec<scaffold::Member> = workspace
            .members
            .iter()
            .map(|member| scaffold::Member {
                name: member.name.clone(),
                manifest_path: member.manifest_path.clone(),
            })
            .collect();
        let plan = scaffold::Workspace::inspect(&workspace.manifest_path, &members, "migrations")
            .map_err(cannot_scaffold)?;
        scaffold::init_workspace(&plan, &init).map_err(cannot_scaffold)?
    };
    apply(context, &changes, args.dry_run)?;
    if changes.is_empty() {
        context.ui.status("Finished", "everything is in place already")?;
        let given = args.path.is_some() || args.database_url.is_some() || args.chain.is_some();
        if given || !args.dialects.is_empty() {
            context.ui.note("what `Cargo.toml` says already was left as it is; edit it there")?;
        }
    } else if !args.dry_run {
        context.ui.note("the development database belongs into .gitignore: `*.db`, `*.db-*`")?;
        context.ui.note("`cargo migrate new \"create account\"` writes the first revision")?;
    }
    Ok(Exit::Done)
}

/// What would be written must be right: `init` does not change it again.
fn check_arguments(context: &Context<'_>, args: &InitArguments) -> Result<(), Failure> {
    let usage = |message: String| Err(Failure::new(message).exit(Exit::Usage));
    if let Some(path) = &args.path {
        let manifest = context.env.directory().join(path).join("Cargo.toml");
        let package = cargo_toml::Manifest::from_path(&manifest).ok().and_then(|m| m.package);
        if package.is_none_or(|package| package.name != "cargo-migrate") {
            return usage(format!("`{}` is no directory of cargo-migrate", path.display()));
        }
    }
    if let Some(chain) = &args.chain {
        let is_legal = (1..=64).contains(&chain.len())
            && chain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if !is_legal {
            return usage(format!(
                "`{chain}` is no name of a chain: expected 1 to 64 letters, digits, `_`, `.` and `-`"
            ));
        }
    }
    if let Some(url) = &args.database_url {
        let url = crate::config::DatabaseUrl::new(url);
        if url.dialect() != Some(Dialect::Sqlite) {
            return usage(format!("`{url}` is no URL of a database that this version works on"))
                .map_err(|failure: Failure| failure.help("write it like `sqlite:dev.db`"));
        }
    }
    Ok(())
}

/// Two chains in one workspace may meet in one database, so the second one needs a name.
fn chain_name(
    workspace: &Workspace,
    selected: Option<&Member>,
    args: &InitArguments,
) -> Result<Option<String>, Failure> {
    let others: Vec<&Member> = workspace
        .members
        .iter()
        .filter(|member| member.has_chain)
        .filter(|member| selected.is_none_or(|selected| selected.name != member.name))
        .collect();
    let is_there = selected.is_some_and(|member| member.has_chain)
        || (selected.is_none() && others.iter().any(|member| member.name == "migrations"));
    if others.is_empty() || is_there || args.chain.is_some() {
        return Ok(args.chain.clone());
    }
    let suggestion = selected.map_or("second", |member| member.name.as_str());
    Err(Failure::new(format!(
        "the workspace has a chain already, in {}",
        listed(others.iter().map(|member| &member.name))
    ))
    .exit(Exit::Usage)
    .help(format!("name this one, so that both can live in one database: `--chain {suggestion}`")))
}

/// Writes the changes, or says what they would be; what is left to the user is said either way.
pub(super) fn apply(
    context: &mut Context<'_>,
    changes: &Changes,
    dry_run: bool,
) -> Result<(), Failure> {
    if !dry_run {
        changes.apply().map_err(cannot_scaffold)?;
    }
    let directory = context.env.directory().to_owned();
    for change in &changes.files {
        let verb = match (change, dry_run) {
            (Change::CreateDir { .. }, _) => continue,
            (Change::Edit { .. }, false) => "Edited",
            (Change::Edit { .. }, true) => "Would edit",
            (_, false) => "Created",
            (_, true) => "Would create",
        };
        context.ui.status(verb, shown(change.path(), &directory).display())?;
    }
    for note in &changes.notes {
        context.ui.note(note)?;
    }
    Ok(())
}

fn shown<'a>(path: &'a Path, directory: &Path) -> &'a Path {
    path.strip_prefix(directory).unwrap_or(path)
}
