//! `init --xtask`: a member for the project's own tasks, with `cargo xtask migrate` in it.
//!
//! The task depends on this crate and not on the package with the chain: a chain that does not compile must
//! not keep anybody from `cargo xtask migrate check`. Code that is there is never touched; what it lacks is
//! said in lines to copy.

use std::path::{Path, PathBuf};

use toml_edit::{Array, InlineTable, Item, Value};

use super::init::{relative, relative_path, slashes};
use super::manifest::Manifest;
use super::package::{PACKAGE, Source, absolute, read, workspace_dependency};
use super::workspace::{Member, covers, inherited, members_of};
use super::{Changes, Error, rust, template};

const MANIFEST: &str = include_str!("../../template/xtask/Cargo.toml.in");
const MAIN: &str = include_str!("../../template/xtask/main.rs.in");

/// The name of the alias, and of the member and its directory.
const XTASK: &str = "xtask";

/// What there is of a project's own tasks, as far as `init --xtask` needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xtask {
    /// The workspace's manifest, or that of the package which becomes the root of one.
    pub manifest_path: PathBuf,
    /// The manifest's text.
    pub manifest: String,
    /// Cargo's configuration of the project, which has the alias.
    pub configuration: Source,
    /// The package that the alias runs, or the member `xtask`.
    pub program: Option<Program>,
}

/// A package that holds the project's own tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The package's name.
    pub name: String,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// The manifest's text.
    pub manifest: String,
    /// Its `main.rs`.
    pub main: Source,
}

impl Xtask {
    /// Reads what there is in the workspace of this manifest.
    ///
    /// Fails on a file that cannot be read, on an alias `xtask` that runs no package of the workspace, and on a
    /// directory `xtask` that is none.
    pub fn inspect(manifest_path: &Path, members: &[Member]) -> Result<Self, Error> {
        let manifest_path = absolute(manifest_path)?;
        let root = manifest_path.parent().unwrap_or(&manifest_path);
        let configuration = configuration(root)?;
        let runs = aliased(&configuration)?;
        let found = match &runs {
            Some(Runs::Package(name)) => members.iter().find(|member| member.name == *name),
            Some(Runs::Manifest(path)) => {
                let path = root.join(path);
                members.iter().find(|member| same(&member.manifest_path, &path))
            }
            Some(Runs::Else) => None,
            None => members.iter().find(|member| member.name == XTASK),
        };
        let directory = root.join(XTASK);
        let program = match found {
            Some(member) => Some(Program::inspect(member)?),
            None if runs.is_some() => {
                return Err(Error::AliasTaken { path: configuration.path });
            }
            None if directory.exists() => return Err(Error::XtaskTaken { path: directory }),
            None => None,
        };
        let manifest = read(&manifest_path)?;
        Ok(Self { manifest_path, manifest, configuration, program })
    }
}

impl Program {
    fn inspect(member: &Member) -> Result<Self, Error> {
        let manifest = read(&member.manifest_path)?;
        let root = member.manifest_path.parent().unwrap_or(&member.manifest_path);
        // With the binaries that cargo finds by itself.
        let complete = cargo_toml::Manifest::from_path(&member.manifest_path).map_err(|error| {
            let message = error.to_string().replace('\n', " ");
            Error::Manifest { path: member.manifest_path.clone(), message }
        })?;
        let declared = complete.bin.first().and_then(|bin| bin.path.as_deref());
        let path = root.join(declared.unwrap_or("src/main.rs"));
        let text = if path.is_file() { Some(read(&path)?) } else { None };
        let main = Source { name: member.name.clone(), path, text };
        Ok(Self {
            name: member.name.clone(),
            manifest_path: member.manifest_path.clone(),
            manifest,
            main,
        })
    }
}

/// Plans `cargo xtask migrate` on top of what sets up the chain.
///
/// `chain` is the manifest of the package that has the chain, or will have it by these changes: the task gets this
/// crate from where that package does.
pub fn init_xtask(xtask: &Xtask, chain: &Path, changes: &mut Changes) -> Result<(), Error> {
    let root = changes.text_of(&xtask.manifest_path, &xtask.manifest).to_owned();
    let mut manifest = Manifest::parse(&xtask.manifest_path, &root)?;
    let directory = xtask.manifest_path.parent().unwrap_or(&xtask.manifest_path);
    let program = match &xtask.program {
        Some(program) => program.clone(),
        None => new_program(directory, &manifest)?,
    };
    if xtask.program.is_none() {
        add_member(&mut manifest)?;
    }
    if xtask.configuration.text.is_none() {
        exclude_configuration(&mut manifest)?;
    }
    changes.edit_again(&xtask.manifest_path, &xtask.manifest, manifest.finish());
    let source = source_of(chain, changes, &program.manifest_path)?;
    let defaults = workspace_dependency(&Manifest::parse(&xtask.manifest_path, &root)?);
    let (own, library) = with_dependency(&program, source, defaults)?;
    match &xtask.program {
        Some(_) => changes.edit_again(&program.manifest_path, &program.manifest, own),
        None => changes.create(program.manifest_path.clone(), own),
    }
    match &program.main.text {
        None => changes
            .create(program.main.path.clone(), template::render(MAIN, &[("library", &library)])?),
        Some(text) if !rust::names(text, &format!("{library}::cli")) => {
            let place = slashes(&relative_path(&program.main.path, directory));
            changes.note(lines_to_add(&program, &place, &library)?);
        }
        Some(_) => {}
    }
    add_alias(xtask, &program, changes)
}

/// What `[alias]` says of `xtask`.
enum Runs {
    Package(String),
    Manifest(String),
    Else,
}

fn aliased(configuration: &Source) -> Result<Option<Runs>, Error> {
    let text = configuration.text.as_deref().unwrap_or_default();
    let parsed = Manifest::parse(&configuration.path, text)?;
    let Some(alias) = parsed.get(&["alias", XTASK]) else { return Ok(None) };
    let words: Vec<String> = if let Some(line) = alias.as_str() {
        line.split_whitespace().map(str::to_owned).collect()
    } else {
        let words = alias.as_array().into_iter().flatten();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let value = |names: &[&str]| {
        let mut words = words.iter().take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            if names.contains(&word.as_str()) {
                return words.next().cloned();
            }
            let joined = names.iter().find_map(|name| word.strip_prefix(&format!("{name}=")));
            if let Some(joined) = joined {
                return Some(joined.to_owned());
            }
        }
        None
    };
    Ok(Some(match (value(&["--package", "-p"]), value(&["--manifest-path"])) {
        (Some(name), _) => Runs::Package(name),
        (None, Some(path)) => Runs::Manifest(path),
        (None, None) => Runs::Else,
    }))
}

/// Cargo's configuration of the project; of two files the one that cargo reads.
fn configuration(root: &Path) -> Result<Source, Error> {
    let old = root.join(".cargo/config");
    let path = if old.is_file() { old } else { root.join(".cargo/config.toml") };
    let text = if path.is_file() { Some(read(&path)?) } else { None };
    Ok(Source { name: XTASK.to_owned(), path, text })
}

fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn new_program(root: &Path, manifest: &Manifest) -> Result<Program, Error> {
    let directory = root.join(XTASK);
    let edition = inherited(manifest, "edition", "edition = \"2024\"");
    let lints = manifest.get(&["workspace", "lints"]).map_or("", |_| "[lints]\nworkspace = true");
    let text = template::render(
        MANIFEST,
        &[
            ("edition", &edition),
            ("rust-version", &inherited(manifest, "rust-version", "")),
            ("license", &inherited(manifest, "license", "")),
            ("lints", lints),
        ],
    )?;
    let main = Source { name: XTASK.to_owned(), path: directory.join("src/main.rs"), text: None };
    Ok(Program {
        name: XTASK.to_owned(),
        manifest_path: directory.join("Cargo.toml"),
        manifest: format!("{}\n", text.trim_end()),
        main,
    })
}

/// Makes `xtask` a member, and lets `cargo build` and `cargo run` mean what they meant before.
fn add_member(manifest: &mut Manifest) -> Result<(), Error> {
    let patterns = members_of(manifest);
    if patterns.iter().any(|pattern| covers(pattern, XTASK)) {
        return Ok(());
    }
    // In a virtual workspace they mean every member, and the features of all of them together.
    if manifest.get(&["package"]).is_none() && !patterns.is_empty() {
        let before: Array = patterns.iter().map(String::as_str).collect();
        manifest.add(&["workspace"], "default-members", before.into())?;
    }
    manifest.add_to_array(&["workspace"], "members", XTASK)
}

/// Keeps cargo from taking the directory of its own configuration for a member, where `members` is as wide as `*`.
fn exclude_configuration(manifest: &mut Manifest) -> Result<(), Error> {
    let directory = ".cargo";
    if members_of(manifest).iter().any(|pattern| covers(pattern, directory)) {
        manifest.add_to_array(&["workspace"], "exclude", directory)?;
    }
    Ok(())
}

/// Where the package with the chain gets this crate from, as another manifest says it.
fn source_of(chain: &Path, changes: &Changes, to: &Path) -> Result<InlineTable, Error> {
    let on_disk = if changes.has(chain) { String::new() } else { read(chain)? };
    let manifest = Manifest::parse(chain, changes.text_of(chain, &on_disk))?;
    let mut source = InlineTable::new();
    let key = manifest.dependency(&["dependencies"], PACKAGE);
    for name in ["workspace", "version", "path", "git", "branch", "tag", "rev", "registry"] {
        let Some(key) = &key else { break };
        // `key = "1.0"` is a version alone.
        let plain = manifest.string(&["dependencies", key]).filter(|_| name == "version");
        let value = match (plain, manifest.get(&["dependencies", key, name])) {
            (Some(version), _) => Value::from(version),
            (None, Some(value)) => match (name, value.as_str(), value.as_value()) {
                ("path", Some(path), _) => {
                    let parent = |path: &Path| path.parent().unwrap_or(path).to_path_buf();
                    let target = normal(&parent(chain).join(path));
                    relative(&target, &parent(to)).into()
                }
                (_, _, Some(value)) => value.clone().decorated(" ", ""),
                _ => continue,
            },
            (None, None) => continue,
        };
        source.insert(name, value);
    }
    if source.is_empty() {
        source.insert("version", env!("CARGO_PKG_VERSION").into());
    }
    Ok(source)
}

/// Without `..`, as far as the text can tell.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir if out.pop() => {}
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// The program's manifest with the whole command line in its dependencies, and our library's name there.
fn with_dependency(
    program: &Program,
    mut source: InlineTable,
    workspace_defaults: Option<bool>,
) -> Result<(String, String), Error> {
    let table = "dependencies";
    let mut manifest = Manifest::parse(&program.manifest_path, &program.manifest)?;
    let key = if let Some(key) = manifest.dependency(&[table], PACKAGE) {
        let says = |name| manifest.get(&[table, &key, name]).and_then(Item::as_bool);
        let defaults = says("default-features").or_else(|| says("default_features"));
        let inherited = says("workspace").and(workspace_defaults);
        if !defaults.or(inherited).unwrap_or(true) {
            manifest.add_to_array(&[table, &key], "features", "cli")?;
        }
        key
    } else {
        source.insert("features", Value::Array(["cli"].into_iter().collect()));
        manifest.add_dependency(&[table], PACKAGE, source)?;
        PACKAGE.to_owned()
    };
    Ok((manifest.finish(), key.replace('-', "_")))
}

/// What the program's own code needs, in the style that it has.
fn lines_to_add(program: &Program, place: &str, library: &str) -> Result<String, Error> {
    let manifest = Manifest::parse(&program.manifest_path, &program.manifest)?;
    let cli = format!("{library}::cli");
    Ok(if manifest.dependency(&["dependencies"], "clap").is_some() {
        format!(
            "add a subcommand to the parser in {place}, and let its arm end the program with the exit code:\n    \
             Migrate({cli}::cargo::Arguments),\n    \
             Migrate(it) => {cli}::cargo::run(it, {cli}::Env::of_process()?, &{cli}::Ui::stdio().called(\"cargo xtask migrate\")),"
        )
    } else {
        format!(
            "let the task `migrate` in {place} end the program with this exit code, `arguments` being what \
             stands behind the task's name:\n    \
             {cli}::cargo::main_as(\"cargo xtask migrate\", arguments)"
        )
    })
}

fn add_alias(xtask: &Xtask, program: &Program, changes: &mut Changes) -> Result<(), Error> {
    let configuration = &xtask.configuration;
    let before = configuration.text.as_deref().unwrap_or_default();
    let mut parsed = Manifest::parse(&configuration.path, before)?;
    parsed.add(&["alias"], XTASK, format!("run --package {} --", program.name).into())?;
    match configuration.text {
        Some(_) => changes.edit(&configuration.path, before, parsed.finish()),
        None => changes.create(configuration.path.clone(), parsed.finish()),
    }
    Ok(())
}
