//! `cargo migrate import`: another tool's migrations become a chain.

use std::path::Path;

use super::arguments::ImportArguments;
use super::context::{Context, FileChain};
use super::init::apply;
use super::new::cannot_scaffold;
use crate::chain::Chain;
use crate::config::Configuration;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::runner::{Exit, Failure, message};
use crate::scaffold::import::{self, Continuation, Directory, Import, Tool, alembic};
use crate::script::text::normalise_str;
use crate::validate::{self, Package};

/// How many findings are shown in full: the first ones say what the others are like.
const SHOWN: usize = 10;

/// Writes one revision for each migration, after the chain's head.
pub(super) fn run(context: &mut Context<'_>, args: &ImportArguments) -> Result<Exit, Failure> {
    let path = context.env.directory().join(&args.directory);
    let package = context.package()?;
    refuse_own_directory(&package, &path, args)?;
    let FileChain { root, configuration, chain, .. } = context.chain_of(package)?;
    let tool = if let Some(tool) = args.from {
        tool
    } else {
        let directory = Directory::read(&path, None).map_err(cannot_scaffold(context.ui))?;
        import::recognise(&path, &directory).map_err(cannot_scaffold(context.ui))?
    };
    let mut directory = Directory::read(&path, Some(tool)).map_err(cannot_scaffold(context.ui))?;
    if tool == Tool::Alembic {
        // Python alone can tell the SQL.
        let steps = alembic::steps(&directory);
        // It runs Python, perhaps many times, and a project's models take seconds to load.
        context.ui.status("Asking", "Alembic for the SQL")?;
        directory.rendered = Some(alembic::offline::render(&path, &steps));
    }
    let parents: Vec<String> = chain.heads().map(|head| head.id().to_string()).collect();
    if parents.len() > 1 {
        return Err(Failure::new("the chain has several heads, and only one line can go on")
            .help("merge them first: `cargo migrate merge`"));
    }
    let continuation = Continuation {
        parents,
        configured: configuration.dialects.clone(),
        chosen: args.dialects.clone(),
    };
    let imported = import::import(&path, &directory, tool, &continuation)
        .map_err(cannot_scaffold(context.ui))?;
    for revision in &imported.revisions {
        if chain.get(&revision.id).is_some() {
            return Err(Failure::new(format!(
                "the chain has a revision `{}` already; nothing was imported",
                revision.id
            ))
            .help("import into an empty chain, or leave out what was imported before"));
        }
    }
    apply(context, &imported.changes(&root.join(&configuration.dir.value)), args.dry_run)?;
    let (findings, mut sources) = judge(&chain, &imported, &configuration);
    // A path is to be opened from where the user is.
    let here = context.env.directory();
    sources.show_below(root.strip_prefix(here).unwrap_or(&root).to_string_lossy());
    conclude(context, tool, &imported, &findings, &sources, args.dry_run)
}

/// Files of another tool among the revisions make every command fail, this one too; where they are in
/// the way is clearer than what is wrong with each of them.
fn refuse_own_directory(
    package: &Package,
    path: &Path,
    args: &ImportArguments,
) -> Result<(), Failure> {
    let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok());
    if same(path, &package.directory()).is_none_or(|(a, b)| a != b) {
        return Ok(());
    }
    let shown = args.directory.display().to_string();
    let shown = shown.trim_end_matches('/');
    Err(Failure::new(format!("`{shown}` is where the chain itself belongs")).help(format!(
        "give the other tool's files another place first: \
         `mv {shown} {shown}.old`, `mkdir {shown}`, `cargo migrate import {shown}.old`"
    )))
}

/// What the rules say about the imported revisions in their chain; a dry run asks, too.
fn judge(
    chain: &Chain,
    imported: &Import,
    configuration: &Configuration,
) -> (Vec<Diagnostic>, Sources) {
    let present = chain.revisions().iter();
    let present = present.map(|revision| (revision.path().to_owned(), revision.text().to_owned()));
    let dir = Path::new(&configuration.dir.value);
    let new = imported.revisions.iter().map(|revision| {
        let path = dir.join(&revision.file_name).to_string_lossy().into_owned();
        (path, normalise_str(&revision.text).into_owned())
    });
    let (_, mut findings, sources) = validate::texts(configuration, present.chain(new));
    // The others were said before, and have nothing to do with the import.
    let is_old = |finding: &Diagnostic| {
        finding.labels.first().is_some_and(|label| {
            let path = sources.file(label.file).path();
            chain.revisions().iter().any(|revision| revision.path() == path)
        })
    };
    findings.retain(|finding| finding.severity == Severity::Error || !is_old(finding));
    (findings, sources)
}

/// Says what was imported and what is to be corrected in it.
fn conclude(
    context: &mut Context<'_>,
    tool: Tool,
    imported: &Import,
    findings: &[Diagnostic],
    sources: &Sources,
    dry_run: bool,
) -> Result<Exit, Failure> {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let revisions = count(imported.revisions.len(), "revision");
    let verb = if dry_run { "Would import" } else { "Imported" };
    context.ui.status(verb, format_args!("{revisions} from {tool}"))?;
    context.ui.tell(|| message::Import {
        tool: tool.name().to_owned(),
        revisions: imported.revisions.iter().map(|revision| revision.id.clone()).collect(),
        dry_run,
    })?;

    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let found = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect::<Vec<_>>()
        .join(" and ");
    // Errors first, should there be too many for all.
    let (wrong, odd): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| finding.severity == Severity::Error);
    for finding in wrong.into_iter().chain(odd).take(SHOWN) {
        context.show(finding, sources)?;
    }
    let program = context.ui.program();
    let them_all = format!("`{program} check` shows them all, also after a correction");
    match (errors, warnings) {
        (0, 0) => Ok(Exit::Done),
        (0, _) => {
            context.ui.note(format_args!("{found}; {them_all}"))?;
            Ok(Exit::Done)
        }
        _ => {
            let state = if dry_run { "would be" } else { "is" };
            Err(Failure::new(format!("the chain {state} invalid: {found}"))
                .exit(Exit::InvalidChain)
                .help(format!("correct the imported files; {them_all}")))
        }
    }
}
