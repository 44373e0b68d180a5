//! From a package's directory to its validated chain: the one place where files are read.
//!
//! Command line and build helper both come through here, so that they see the same chain and the
//! same findings.

use std::io;
use std::path::{Path, PathBuf};

use crate::chain::Chain;
use crate::chain::baked::Settings;
use crate::config::{self, Configuration, HeadsPolicy, LockMethod};
use crate::diagnostic::{Code, Diagnostic, FileId, Severity, Sources};
use crate::script::load;

/// A package's configuration and chain, as read from its directory, with all findings.
#[derive(Debug)]
pub struct Package {
    root: PathBuf,
    configuration: Configuration,
    sources: Sources,
    findings: Vec<Diagnostic>,
    are_surroundings_broken: bool,
    chain: Option<Chain>,
}

impl Package {
    /// The directory of its `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration, with defaults where it could not be read.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The migrations directory.
    pub fn directory(&self) -> PathBuf {
        self.root.join(&self.configuration.dir.value)
    }

    /// Lets findings show paths below a directory: see [`Sources::show_below`].
    pub fn show_below(&mut self, directory: impl Into<String>) {
        self.sources.show_below(directory);
    }

    /// The files that findings point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// All findings, sorted by place.
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// Whether the errors are not about the chain, but about what surrounds it: the configuration,
    /// a missing directory, an unreadable file. Then no revision was judged.
    pub fn are_surroundings_broken(&self) -> bool {
        self.are_surroundings_broken
    }

    /// The chain, if there is no error.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The chain and what it runs with, if there is no error.
    #[cfg(feature = "cli")]
    pub(crate) fn into_chain(self) -> Option<(Chain, Settings)> {
        let settings = self.settings();
        Some((self.chain?, settings))
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            chain: self.configuration.chain.clone(),
            schema: self.configuration.table.schema.clone(),
            table: self.configuration.table.name.clone(),
            many_heads: self.configuration.heads == HeadsPolicy::Many,
            lock_table: self.configuration.lock == LockMethod::Table,
        }
    }
}

/// Reads and judges the package in directory `root`.
///
/// # Errors
///
/// Only if there is no readable `Cargo.toml`; everything else is a finding.
pub fn package(root: &Path) -> io::Result<Package> {
    package_with(root, |_| {})
}

/// The same under a configuration that `change` has changed: for a command that mends what the
/// project's own configuration forbids.
pub(crate) fn package_with(
    root: &Path,
    change: impl FnOnce(&mut Configuration),
) -> io::Result<Package> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let mut sources = Sources::new();
    let file = sources.add("Cargo.toml", manifest.clone());
    let (mut configuration, mut findings) = config::read(&manifest, file);
    change(&mut configuration);
    let is_configured = findings.iter().all(|finding| finding.severity != Severity::Error);
    if !is_configured {
        return Ok(broken(root, configuration, sources, findings));
    }
    let loaded = load::directory(root, &configuration.dir.value, &mut sources);
    if !loaded.unreadable.is_empty() {
        for unreadable in &loaded.unreadable {
            findings.push(cannot_read(root, &configuration, file, unreadable, &mut sources));
        }
        return Ok(broken(root, configuration, sources, findings));
    }
    let (chain, mut found) =
        super::validate(&configuration, &loaded.files, &sources, loaded.findings);
    findings.append(&mut found);
    Ok(Package {
        root: root.to_owned(),
        configuration,
        sources,
        findings,
        are_surroundings_broken: false,
        chain,
    })
}

fn broken(
    root: &Path,
    configuration: Configuration,
    sources: Sources,
    findings: Vec<Diagnostic>,
) -> Package {
    Package {
        root: root.to_owned(),
        configuration,
        sources,
        findings,
        are_surroundings_broken: true,
        chain: None,
    }
}

fn cannot_read(
    root: &Path,
    configuration: &Configuration,
    manifest: FileId,
    unreadable: &load::Unreadable,
    sources: &mut Sources,
) -> Diagnostic {
    let dir = &configuration.dir;
    // The default stands nowhere, so there is no place to show.
    let at_dir = |finding: Diagnostic| match &dir.span {
        Some(span) => finding.label(manifest, span.clone(), ""),
        None => finding,
    };
    let is_top = unreadable.path == root.join(&dir.value);
    if is_top && unreadable.error.kind() == io::ErrorKind::NotFound {
        let message = format!("the migrations directory `{}` does not exist", dir.value);
        return at_dir(Diagnostic::new(Code::NoDirectory, message))
            .help("`cargo migrate init` creates it")
            .help("or name another one: `dir` in `[package.metadata.migrate]`");
    }
    let path = load::shown(root, &unreadable.path);
    // walkdir names the path once more, and the absolute one.
    let error = unreadable
        .error
        .get_ref()
        .and_then(std::error::Error::source)
        .map_or_else(|| unreadable.error.to_string(), ToString::to_string);
    let finding = Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`: {error}"));
    if is_top {
        return at_dir(finding).help("`dir` in `[package.metadata.migrate]` must name a directory");
    }
    let is_link = unreadable.path.is_symlink();
    finding.label(sources.add(path, ""), 0..0, "").help(if is_link {
        "the link must lead to a file or directory that can be read, and not back to itself"
    } else {
        "check its permissions, or move it out of the migrations directory"
    })
}
