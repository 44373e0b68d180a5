//! `cargo migrate init`: a package, or a new member of a virtual workspace, made ready.

use std::path::Path;

use super::arguments::InitArguments;
use super::context::Context;
use super::new::cannot_scaffold;
use super::workspace::{Member, Workspace};
use crate::Dialect;
use crate::chain::listed;
use crate::runner::message::{self, ChangedLine, FileChange, LineChange};
use crate::runner::{Exit, Failure};
use crate::scaffold::{self, Change, Changes, Dependency, Init, Line};
use crate::url::{self, Unknown};

/// Plans, shows and writes what is missing.
pub(super) fn run(context: &mut Context<'_>, args: &InitArguments) -> Result<Exit, Failure> {
    check_arguments(context, args)?;
    let workspace = context.workspace()?;
    let selected = workspace.selected(&context.global)?;
    let mut init = Init {
        dialects: dialects(args),
        dependency: match &args.path {
            Some(path) => Dependency::Path(context.env.directory().join(path)),
            None => Dependency::Version(String::from(env!("CARGO_PKG_VERSION"))),
        },
        chain: chain_name(&workspace, selected, args)?,
        dir: None,
        url: None,
    };
    let database = database_name(&workspace, selected);
    let default_url = default_url(init.dialects[0], &database);
    init.url = Some(args.database_url.clone().unwrap_or(default_url));
    let members: Vec<scaffold::Member> = workspace
        .members
        .iter()
        .map(|member| scaffold::Member {
            name: member.name.clone(),
            manifest_path: member.manifest_path.clone(),
            is_default: member.is_default,
            binaries: member.binaries.clone(),
            default_run: member.default_run.clone(),
        })
        .collect();
    let (mut changes, chain) = if let Some(member) = selected {
        let package =
            scaffold::Package::inspect(&member.manifest_path, Some(&workspace.manifest_path))
                .map_err(cannot_scaffold(context.ui))?;
        let changes =
            scaffold::init_package(&package, &init).map_err(cannot_scaffold(context.ui))?;
        (changes, package.manifest_path)
    } else {
        let plan = scaffold::Workspace::inspect(&workspace.manifest_path, &members, "migrations")
            .map_err(cannot_scaffold(context.ui))?;
        let changes =
            scaffold::init_workspace(&plan, &init).map_err(cannot_scaffold(context.ui))?;
        (changes, plan.chain_manifest())
    };
    if args.xtask {
        let xtask = scaffold::Xtask::inspect(&workspace.manifest_path, &members)
            .map_err(cannot_scaffold(context.ui))?;
        scaffold::init_xtask(&xtask, &chain, &mut changes).map_err(cannot_scaffold(context.ui))?;
    }
    scaffold::keep_run(&workspace.manifest_path, &members, &chain, &mut changes)
        .map_err(cannot_scaffold(context.ui))?;
    apply(context, &changes, args.dry_run)?;
    context.ui.tell(|| message::Init { changed: !changes.is_empty(), dry_run: args.dry_run })?;
    if changes.is_empty() {
        context.ui.status("Finished", "everything is in place already")?;
        let given = args.path.is_some() || args.database_url.is_some() || args.chain.is_some();
        if given || !args.dialects.is_empty() {
            context.ui.note("what `Cargo.toml` says already was left as it is; edit it there")?;
        }
    } else if !args.dry_run {
        about_database(context, args, init.dialects[0], &database)?;
        let program = if args.xtask { "cargo xtask migrate" } else { context.ui.program() };
        context
            .ui
            .note(format_args!("`{program} new \"create account\"` writes the first revision"))?;
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
        let shown = url::redact(url);
        let Some(dialect) = url::dialect(url) else {
            let Unknown { what, help } = Unknown::of(url);
            return usage(format!("the URL `{shown}` {what}")).map_err(|it: Failure| it.help(help));
        };
        if !args.dialects.is_empty() && !args.dialects.contains(&dialect) {
            return usage(format!(
                "the URL `{shown}` is of `{dialect}`, which no `--dialect` names"
            ))
            .map_err(|it: Failure| it.help(format!("add `--dialect {dialect}`")));
        }
    }
    Ok(())
}

/// The dialects that were named, or else that of the URL; the one of the development database first.
fn dialects(args: &InitArguments) -> Vec<Dialect> {
    let of_url = args.database_url.as_deref().and_then(url::dialect);
    let mut dialects: Vec<Dialect> = Vec::new();
    for &dialect in of_url.iter().chain(&args.dialects) {
        if !dialects.contains(&dialect) {
            dialects.push(dialect);
        }
    }
    if dialects.is_empty() {
        dialects.push(Dialect::Sqlite);
    }
    dialects
}

/// What the development database of a server is called: as the package, or else the workspace.
fn database_name(workspace: &Workspace, selected: Option<&Member>) -> String {
    let root = workspace.manifest_path.parent().and_then(Path::file_name);
    let name = selected.map(|member| member.name.clone());
    let name = name.or_else(|| root.map(|root| root.to_string_lossy().into_owned()));
    let name = name.unwrap_or_default().to_lowercase();
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String =
        name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).chars().map(legal).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("app{name}") }
}

fn default_url(dialect: Dialect, database: &str) -> String {
    match dialect {
        Dialect::Sqlite => String::from("sqlite:dev.db"),
        Dialect::Postgres => format!("postgres://localhost/{database}"),
        Dialect::Mysql => format!("mysql://root@localhost/{database}"),
    }
}

/// What is left to do for the database of the development environment.
fn about_database(
    context: &Context<'_>,
    args: &InitArguments,
    dialect: Dialect,
    database: &str,
) -> Result<(), Failure> {
    let ui = context.ui;
    let is_given = args.database_url.is_some();
    match dialect {
        Dialect::Sqlite => {
            ui.note("the development database belongs into .gitignore: `*.db`, `*.db-*`")?;
        }
        Dialect::Postgres if !is_given => {
            ui.note(format_args!("`createdb {database}` creates the development database"))?;
        }
        Dialect::Mysql if !is_given => ui.note(format_args!(
            "`mysql -e \"CREATE DATABASE {database}\"` creates the development database"
        ))?,
        Dialect::Postgres | Dialect::Mysql => {}
    }
    if args.database_url.as_deref().is_some_and(|url| url::redact(url) != url) {
        ui.note(
            "the URL in Cargo.toml holds a password: better write `${DATABASE_PASSWORD}` for it there, \
             and set that variable in `.env`",
        )?;
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
        changes.apply().map_err(cannot_scaffold(context.ui))?;
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
        let path = shown(change.path(), &directory);
        context.ui.status(verb, path.display())?;
        let is_edit = matches!(change, Change::Edit { .. });
        context.ui.tell(|| message::File {
            path: path.display().to_string(),
            change: if is_edit { FileChange::Edited } else { FileChange::Created },
            dry_run,
            revision: None,
            lines: (is_edit && dry_run).then(|| lines(change)),
        })?;
    }
    for note in &changes.notes {
        context.ui.note(context.ui.typed(note))?;
    }
    Ok(())
}

/// The lines that change, as messages have them.
fn lines(change: &Change) -> Vec<ChangedLine> {
    let line = |line| match line {
        Line::Same(_) => None,
        Line::Removed(text) => Some((LineChange::Removed, text)),
        Line::Added(text) => Some((LineChange::Added, text)),
    };
    let lines = change.lines().into_iter().filter_map(line);
    lines.map(|(change, text)| ChangedLine { change, text: text.to_owned() }).collect()
}

fn shown<'a>(path: &'a Path, directory: &Path) -> &'a Path {
    path.strip_prefix(directory).unwrap_or(path)
}
