//! What every command works on: the package that is meant, its chain, and where output goes.

use super::GlobalArguments;
use super::finding::compiler_message;
use super::workspace::Workspace;
use crate::chain::baked::Settings;
use crate::chain::{Chain, counted};
use crate::config::{Configuration, HeadsPolicy};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::runner::{Env, Exit, Failure, Ui};
use crate::validate::{self, Package};

/// The surroundings of one command.
pub(crate) struct Context<'a> {
    pub(crate) global: GlobalArguments,
    pub(crate) env: Env,
    pub(crate) ui: &'a Ui,
}

/// A chain as the files have it, ready to be worked with.
pub(crate) struct FileChain {
    pub(crate) root: std::path::PathBuf,
    pub(crate) configuration: Configuration,
    pub(crate) chain: Chain,
    pub(crate) settings: Settings,
    /// What `check` would warn of, a line each.
    pub(crate) warnings: Vec<String>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(global: GlobalArguments, env: Env, ui: &'a Ui) -> Self {
        Self { global, env, ui }
    }

    /// Asks cargo about the workspace.
    pub(crate) fn workspace(&self) -> Result<Workspace, Failure> {
        Workspace::locate(&self.global, &self.env)
    }

    /// Reads and judges the package that is meant.
    pub(crate) fn package(&self) -> Result<Package, Failure> {
        self.package_with(|_| {})
    }

    /// The same under a configuration that `change` has changed.
    pub(super) fn package_with(
        &self,
        change: impl FnOnce(&mut Configuration),
    ) -> Result<Package, Failure> {
        let workspace = self.workspace()?;
        let member = workspace.with_chain(&self.global)?;
        let mut package =
            validate::package::package_with(member.root(), change).map_err(|error| {
                Failure::new(format!("cannot read `{}`: {error}", member.manifest_path.display()))
            })?;
        // A path is to be opened from where the user is.
        let here = self.env.directory();
        let way = member.root().strip_prefix(here).unwrap_or(member.root());
        package.show_below(way.to_string_lossy());
        Ok(package)
    }

    /// The chain of the package that is meant; a broken one is reported, and nothing is done with it.
    pub(crate) fn chain(&mut self) -> Result<FileChain, Failure> {
        let package = self.package()?;
        self.chain_of(package)
    }

    /// The same for a command that only reads, or that joins heads: several heads are no obstacle.
    pub(crate) fn chain_with_any_heads(&mut self) -> Result<FileChain, Failure> {
        let mut own = HeadsPolicy::default();
        let package = self.package_with(|configuration| {
            own = std::mem::replace(&mut configuration.heads, HeadsPolicy::Many);
        })?;
        let mut chain = self.chain_of(package)?;
        chain.settings.many_heads = own == HeadsPolicy::Many;
        chain.configuration.heads = own;
        Ok(chain)
    }

    /// The chain of a package that was read; a broken one is reported.
    pub(super) fn chain_of(&mut self, package: Package) -> Result<FileChain, Failure> {
        if package.chain().is_none() {
            let (errors, _) = self.report(&package)?;
            return Err(broken(&package, errors));
        }
        // `check` shows warnings in full; elsewhere they would drown the answer.
        let warnings = package.findings().iter();
        let warnings = warnings.map(|it| self.typed(it).one_line(package.sources())).collect();
        let root = package.root().to_owned();
        let configuration = package.configuration().clone();
        let (chain, settings) = package.into_chain().ok_or_else(|| {
            Failure::new("the chain could not be read, and no rule says why; this is a bug")
        })?;
        Ok(FileChain { root, configuration, chain, settings, warnings })
    }

    /// Prints all findings; returns how many errors and warnings there are.
    pub(crate) fn report(&mut self, package: &Package) -> Result<(usize, usize), Failure> {
        let mut errors = 0;
        for finding in package.findings() {
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => {}
            }
            self.show(finding, package.sources())?;
        }
        Ok((errors, package.findings().len() - errors))
    }

    /// A finding with the commands in it as they are typed here: rules know the tool's own name only.
    pub(super) fn typed(&self, finding: &Diagnostic) -> Diagnostic {
        let mut finding = finding.clone();
        for text in finding.notes.iter_mut().chain(&mut finding.helps) {
            *text = self.ui.typed(text).into_owned();
        }
        finding
    }

    /// Prints a finding; the paths in `sources` are relative to the package.
    pub(super) fn show(&self, finding: &Diagnostic, sources: &Sources) -> Result<(), Failure> {
        let workspace = self.ui.is_json().then(|| self.workspace()).transpose()?;
        self.show_in(workspace.as_ref(), finding, sources)
    }

    /// The same where cargo was asked already; a message needs its answer.
    pub(super) fn show_in(
        &self,
        workspace: Option<&Workspace>,
        finding: &Diagnostic,
        sources: &Sources,
    ) -> Result<(), Failure> {
        let finding = &self.typed(finding);
        self.ui.report(&finding.render_styled(sources))?;
        self.ui.report("")?;
        let Some(workspace) = workspace else { return Ok(()) };
        let member = workspace.with_chain(&self.global)?;
        match compiler_message(workspace, member, finding, sources, self.ui) {
            Some(message) => self.ui.tell(|| message),
            None => Ok(()),
        }
    }
}

/// The end of a command that would have broken the chain; prints the findings.
pub(crate) fn broken_texts(
    context: &Context<'_>,
    findings: &[Diagnostic],
    sources: &Sources,
) -> Result<Failure, Failure> {
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        context.show(finding, sources)?;
    }
    Ok(Failure::new("the chain would be invalid; nothing was changed").exit(Exit::InvalidChain))
}

/// The end of a command that found a broken chain; the findings have been printed.
pub(crate) fn broken(package: &Package, errors: usize) -> Failure {
    let them = counted(errors, "error");
    let what = if package.are_surroundings_broken() {
        "the migrations cannot be read"
    } else {
        "the chain is invalid"
    };
    let code = package
        .findings()
        .iter()
        .find(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.code);
    let failure = Failure::new(format!("{what}: {them}; nothing was changed"))
        .exit(if package.are_surroundings_broken() { Exit::Failed } else { Exit::InvalidChain });
    match code {
        Some(code) => failure.help(format!("`cargo migrate explain {code}` tells more")),
        None => failure,
    }
}
