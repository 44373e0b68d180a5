//! `cargo migrate check`: the findings of the build helper without a build, and those that no build has: how the
//! package is set up, its environments, the form of revisions in Rust, and where a database stands.

mod annotation;
mod github;
mod sarif;
mod setup;

use super::context::{Context, broken};
use super::database;
use super::format;
use super::workspace::Workspace;
use crate::chain::counted;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::runner::{CheckArguments, Exit, Failure, MessageFormat, commands};
use crate::validate::Package;
use annotation::{Annotation, Root};

/// Judges all that is asked for, and prints every finding.
pub(super) fn run(context: &mut Context<'_>, args: &CheckArguments) -> Result<Exit, Failure> {
    let is_on_github = context.env.variable("GITHUB_ACTIONS") == Some("true");
    let format = context.global.output.message_format;
    let mut annotations = Vec::new();
    let outcome = judge(context, args, &mut annotations);
    let ui = context.ui;
    match format {
        Some(MessageFormat::Sarif) => {
            let obstacle = outcome.as_ref().err().map(Failure::message);
            ui.answer(sarif::document(&annotations, obstacle))?;
        }
        Some(MessageFormat::Github) => ui.answer_lines(annotations.iter().map(github::command))?,
        None if is_on_github => ui.answer_lines(annotations.iter().map(github::command))?,
        Some(MessageFormat::Text | MessageFormat::Json) | None => {}
    }
    outcome?
}

/// What the findings come to; the outer error is what kept them from being found.
fn judge(
    context: &mut Context<'_>,
    args: &CheckArguments,
    annotations: &mut Vec<Annotation>,
) -> Result<Result<Exit, Failure>, Failure> {
    let package = context.package()?;
    let workspace = context.workspace()?;
    if !args.database.no_dotenv {
        context.env.read_dotenv(package.root()).map_err(Failure::new)?;
    }
    let mut found = Found { context, workspace: &workspace, annotations, errors: 0, warnings: 0 };
    found.all(package.findings(), package.sources())?;
    let errors = found.errors;
    if !package.are_surroundings_broken() {
        let (findings, sources, notes) = setup::review(found.context, &workspace, &package)?;
        found.all(&findings, &sources)?;
        notes.iter().try_for_each(|note| found.context.ui.note(note))?;
        let (findings, sources) = format::check(found.context, &workspace, &package)?;
        found.all(&findings, &sources)?;
    }
    let Found { errors: all_errors, warnings, .. } = found;
    if errors > 0 {
        return Ok(Err(broken(&package, errors)));
    }
    if all_errors > 0 {
        let them = counted(all_errors, "error");
        return Ok(Err(Failure::new(format!(
            "the chain is valid, but not all about it is in order: {them}"
        ))));
    }
    let chain = context.chain_of(package)?;
    commands::checked(&chain.chain, warnings, None, context.ui)?;
    if !args.need_database() {
        return Ok(Ok(Exit::Done));
    }
    let ui = context.ui;
    let root = Root::of(&workspace, workspace.with_chain(&context.global)?);
    let (migrator, places) = database::migrator_and_places(context, chain, &args.database)?;
    let (findings, exit) = commands::state(&migrator, &places, &args.database, ui)?;
    annotations.extend(findings.iter().map(|finding| Annotation::of_state(finding, &root)));
    Ok(Ok(exit))
}

/// The findings, as they come.
struct Found<'c, 'a> {
    context: &'c Context<'a>,
    workspace: &'c Workspace,
    annotations: &'c mut Vec<Annotation>,
    errors: usize,
    warnings: usize,
}

impl Found<'_, '_> {
    fn all(&mut self, findings: &[Diagnostic], sources: &Sources) -> Result<(), Failure> {
        let member = self.workspace.with_chain(&self.context.global)?;
        let root = Root::of(self.workspace, member);
        for finding in findings {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
            }
            self.context.show_in(Some(self.workspace), finding, sources)?;
            let finding = &self.context.typed(finding);
            self.annotations.push(Annotation::of(finding, sources, &root, self.context.ui));
        }
        Ok(())
    }
}

/// New sources whose paths are shown as those of the package are.
fn sources_like(package: &Package) -> Sources {
    let mut sources = Sources::new();
    sources.show_below(package.sources().shown_below());
    sources
}
