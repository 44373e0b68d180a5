//! Which package the user means, as cargo would say.

use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Target};

use super::GlobalArguments;
use crate::chain::listed;
use crate::diagnostic::suggest::nearest;
use crate::runner::message::CompilerTarget;
use crate::runner::{Env, Exit, Failure};
use crate::scaffold::{Declared, Setup};
use crate::url;

/// A package of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The package, as cargo names it.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    /// Whether its manifest has a `[package.metadata.migrate]`.
    pub(crate) has_chain: bool,
    pub(crate) edition: String,
    /// Whether plain `cargo run` at the root is about it.
    pub(crate) is_default: bool,
    /// The names of its binaries.
    pub(crate) binaries: Vec<String>,
    pub(crate) default_run: Option<String>,
    /// What cargo says about how it is set up.
    pub(crate) setup: Setup,
    /// Its library, or else a binary.
    pub(crate) target: Option<CompilerTarget>,
}

impl Member {
    /// The directory of the manifest.
    pub(crate) fn root(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }
}

/// The workspace around the working directory, or around `--manifest-path`.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) manifest_path: PathBuf,
    pub(crate) members: Vec<Member>,
    /// The package in whose directory the user is.
    current: Option<usize>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn locate(global: &GlobalArguments, env: &Env) -> Result<Self, Failure> {
        let manifest = match &global.manifest_path {
            Some(path) => {
                let path = env.directory().join(path);
                if !path.is_file() {
                    return Err(Failure::new(format!(
                        "manifest path `{}` does not exist",
                        path.display()
                    ))
                    .exit(Exit::Usage));
                }
                path
            }
            None => nearest_manifest(env.directory())?,
        };
        let mut command = MetadataCommand::new();
        if let Some(cargo) = env.variable("CARGO") {
            command.cargo_path(cargo);
        }
        let flags = [
            (global.locked, "--locked"),
            (global.offline, "--offline"),
            (global.frozen, "--frozen"),
        ];
        let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag.to_owned());
        command.no_deps().current_dir(env.directory()).manifest_path(&manifest);
        let metadata = command.other_options(flags.collect::<Vec<_>>()).exec();
        let metadata = metadata.map_err(|error| {
            let text = match &error {
                cargo_metadata::Error::CargoMetadata { stderr } => {
                    stderr.trim().trim_start_matches("error: ").to_owned()
                }
                other => other.to_string(),
            };
            Failure::new(format!("cargo cannot read `{}`: {text}", manifest.display()))
        })?;
        let defaults = &metadata.workspace_default_members;
        let members: Vec<Member> = metadata
            .workspace_packages()
            .into_iter()
            .map(|package| Member {
                id: package.id.to_string(),
                name: package.name.to_string(),
                manifest_path: package.manifest_path.clone().into_std_path_buf(),
                has_chain: package.metadata.get("migrate").is_some(),
                edition: package.edition.to_string(),
                is_default: defaults.is_available() && defaults.contains(&package.id),
                binaries: {
                    let binaries = package.targets.iter().filter(|target| target.is_bin());
                    binaries.map(|target| target.name.clone()).collect()
                },
                default_run: package.default_run.clone(),
                setup: setup(package),
                target: package
                    .targets
                    .iter()
                    .find(|target| target.is_lib())
                    .or_else(|| package.targets.iter().find(|target| target.is_bin()))
                    .or_else(|| package.targets.first())
                    .map(described),
            })
            .collect();
        let current = members.iter().position(|member| same(&member.manifest_path, &manifest));
        let manifest_path = metadata.workspace_root.join("Cargo.toml").into_std_path_buf();
        Ok(Self { manifest_path, members, current })
    }

    /// The package that `-p` names, or the one in whose directory the user is.
    pub(crate) fn selected(&self, global: &GlobalArguments) -> Result<Option<&Member>, Failure> {
        let Some(name) = &global.package else {
            return Ok(self.current.map(|index| &self.members[index]));
        };
        if let Some(member) = self.members.iter().find(|member| member.name == *name) {
            return Ok(Some(member));
        }
        let names = || self.members.iter().map(|member| member.name.as_str());
        let failure = Failure::new(format!("package `{name}` is no member of the workspace"))
            .exit(Exit::Usage);
        Err(match nearest(name, names()) {
            Some(known) => failure.help(format!("did you mean `-p {known}`?")),
            None => failure.help(format!("the members are {}", listed(names()))),
        })
    }

    /// The package whose chain is meant: the selected one, or else the only one that has a chain.
    pub(crate) fn with_chain(&self, global: &GlobalArguments) -> Result<&Member, Failure> {
        let selected = self.selected(global)?;
        if let Some(member) = selected
            && (member.has_chain || global.package.is_some())
        {
            return require_chain(member);
        }
        let having: Vec<&Member> = self.members.iter().filter(|m| m.has_chain).collect();
        match (&having[..], selected) {
            ([only], _) => Ok(only),
            ([], Some(member)) => require_chain(member),
            ([], None) => Err(Failure::new("no package of this workspace has migrations")
                .help("`cargo migrate init` adds a member for them, `cargo migrate init -p NAME` puts them into a package")),
            _ => Err(Failure::new(format!(
                "several packages have migrations: {}",
                listed(having.iter().map(|member| &member.name))
            ))
            .exit(Exit::Usage)
            .help(format!("say which one is meant, as in `-p {}`", having[0].name))),
        }
    }
}

fn setup(package: &cargo_metadata::Package) -> Setup {
    let declared = |kind: DependencyKind| -> Vec<Declared> {
        let is_it = |dependency: &&Dependency| {
            dependency.kind == kind && dependency.name == env!("CARGO_PKG_NAME")
        };
        let mut all: Vec<&Dependency> = package.dependencies.iter().filter(is_it).collect();
        // One that is for some platforms only counts where there is no other.
        all.sort_by_key(|dependency| dependency.target.is_some());
        let one = |dependency: &Dependency| Declared {
            key: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
            features: dependency.features.clone(),
            has_defaults: dependency.uses_default_features,
            is_optional: dependency.optional,
            origin: origin(dependency),
        };
        all.into_iter().map(one).collect()
    };
    let mut normal = declared(DependencyKind::Normal).into_iter();
    let runner = package.targets.iter().find(|target| target.is_bin() && target.name == "migrate");
    Setup {
        runtime: normal.next(),
        others: normal.collect(),
        helper: declared(DependencyKind::Build).into_iter().next(),
        features: package.features.clone(),
        runner: runner.map(|runner| runner.required_features.clone()),
        has_default_run: package.default_run.is_some(),
    }
}

/// Version and source of a dependency, as people may see them.
fn origin(dependency: &Dependency) -> String {
    let source = dependency.source.as_ref().filter(|source| !source.is_crates_io());
    match (&dependency.path, source) {
        (Some(path), _) => format!("version `{}` in `{path}`", dependency.req),
        (None, Some(source)) => {
            format!("version `{}` from `{}`", dependency.req, url::redact(&source.repr))
        }
        (None, None) => format!("version `{}`", dependency.req),
    }
}

fn described(target: &Target) -> CompilerTarget {
    CompilerTarget {
        kind: target.kind.iter().map(ToString::to_string).collect(),
        crate_types: target.crate_types.iter().map(ToString::to_string).collect(),
        name: target.name.clone(),
        src_path: target.src_path.to_string(),
        edition: target.edition.to_string(),
        doc: target.doc,
        doctest: target.doctest,
        test: target.test,
    }
}

fn require_chain(member: &Member) -> Result<&Member, Failure> {
    if member.has_chain {
        return Ok(member);
    }
    Err(Failure::new(format!(
        "package `{}` has no migrations: there is no `[package.metadata.migrate]` in `{}`",
        member.name,
        member.manifest_path.display()
    ))
    .help(format!("`cargo migrate init -p {}` sets it up", member.name)))
}

fn nearest_manifest(directory: &Path) -> Result<PathBuf, Failure> {
    directory
        .ancestors()
        .map(|parent| parent.join("Cargo.toml"))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Failure::new(format!(
                "no `Cargo.toml` in `{}` or in any directory above it",
                directory.display()
            ))
            .exit(Exit::Usage)
            .help("go to a package, or name one with `--manifest-path`; `cargo new` makes one")
        })
}

/// Whether two paths name one file, through links.
fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
