//! `cargo migrate new`: a file for the next revision.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::arguments::NewArguments;
use super::context::{Context, FileChain};
use super::hooks;
use crate::chain::{
    BranchLabel, Chain, Following, Kind, NameError, PlanError, RevisionId, Target, TargetError,
    hex, listed,
};
use crate::config::{Configuration, HeadsPolicy};
use crate::diagnostic::{FileId, Sources};
use crate::runner::{Exit, Failure, Ui, message};
use crate::scaffold::{self, Change, Changes, RevisionFile};
use crate::script::{Script, Spanned, comment};

/// Writes the file and prints its path.
pub(super) fn run(context: &mut Context<'_>, args: &NewArguments) -> Result<Exit, Failure> {
    let head = match (&args.head, &args.branch) {
        (Some(head), _) => Some(target(head)?),
        (None, Some(branch)) => Some(Target { branch: Some(branch.clone()), ..Target::HEAD }),
        (None, None) => None,
    };
    // A chosen head is no choice among several.
    let chain = match head {
        Some(_) => context.chain_with_any_heads()?,
        None => context.chain()?,
    };
    let FileChain { root, configuration, chain, .. } = chain;
    let id = match &args.rev_id {
        Some(id) => given_id(&chain, id)?,
        None => free_id(&chain)?,
    };
    check_labels(&chain, &args.labels, &id)?;
    let depends_on = args
        .depends_on
        .iter()
        .map(|name| {
            if *name == id.as_str() || args.labels.contains(name) {
                return Err(Failure::new("a revision cannot depend on itself")
                    .exit(Exit::Usage)
                    .help(format!("name another revision than `{name}`, or leave it out")));
            }
            target(name)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let heads: Vec<Target> = head.into_iter().collect();
    let parents = Following::new(&chain, &heads, args.splice, &[]).map_err(refused)?.parents;
    let following = Following::new(&chain, &heads, args.splice, &depends_on);
    let following = following.map_err(|error| match error {
        PlanError::Repeated(id) => repeated(&id, &parents),
        error => refused(error),
    })?;
    let draft = Draft {
        message: match &args.message {
            Some(message) => message.clone(),
            None => ask(context.ui)?,
        },
        parents: following.parents.iter().map(ToString::to_string).collect(),
        depends_on: following.depends_on,
        labels: args.labels.clone(),
        kind: if args.rust { Kind::Rust } else { Kind::Sql },
    };
    let path = write(context, &root, &configuration, &id, draft, |revision| {
        let template = template(&root, &configuration, args.rust)?;
        let template = template.as_ref().map(|(path, text)| (path.as_path(), text.as_str()));
        let text = if args.rust { revision.rust_text(template) } else { revision.text(template) };
        text.map_err(cannot_scaffold(context.ui))
    })?;
    warn_of_heads(context, &configuration, &chain, &following.parents, &id)?;
    answer(context, &id, path)?;
    Ok(Exit::Done)
}

/// The message, from who sits at the terminal.
fn ask(ui: &Ui) -> Result<String, Failure> {
    let missing = |what: &str| {
        Failure::new(what).exit(Exit::Usage).help("as in `cargo migrate new \"create account\"`")
    };
    if !std::io::stdin().is_terminal() {
        return Err(missing("a revision needs a message, and there is no terminal to ask for it"));
    }
    match ui.ask("What does the revision do?")? {
        message if message.is_empty() => Err(missing("a revision needs a message")),
        message => Ok(message),
    }
}

/// Where the new revision is.
pub(super) fn answer(context: &Context<'_>, id: &RevisionId, path: String) -> Result<(), Failure> {
    let file = message::File {
        path,
        change: message::FileChange::Created,
        dry_run: false,
        revision: Some(id.to_string()),
        lines: None,
    };
    context.ui.say(file, |file| file.path.clone())
}

/// A dependency that says nothing new.
fn repeated(dependency: &RevisionId, parents: &[RevisionId]) -> Failure {
    let message = if parents.contains(dependency) {
        format!("the new revision follows `{dependency}`, which is therefore applied first anyway")
    } else {
        format!("`{dependency}` is given as a dependency twice")
    };
    Failure::new(message).exit(Exit::Usage).help("leave that `--depends-on` out")
}

/// Says it where the new revision leaves the chain with more heads than the project allows.
pub(super) fn warn_of_heads(
    context: &Context<'_>,
    configuration: &Configuration,
    chain: &Chain,
    parents: &[RevisionId],
    id: &RevisionId,
) -> Result<(), Failure> {
    let others = chain.heads().map(crate::chain::Revision::id).filter(|id| !parents.contains(id));
    let heads: Vec<&RevisionId> = others.chain([id]).collect();
    if configuration.heads == HeadsPolicy::Many || heads.len() == 1 {
        return Ok(());
    }
    context.ui.warn(format_args!("the chain has several heads now: {}", listed(heads)))?;
    context.ui.note(format_args!(
        "`{} merge` joins them, and `heads = \"many\"` in `[package.metadata.migrate]` allows them",
        context.ui.program()
    ))
}

/// What a new revision says, but for its id and its time.
pub(super) struct Draft {
    pub(super) message: String,
    pub(super) parents: Vec<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) kind: Kind,
}

/// Writes the file of a new revision and returns its path, as people type it from where they are.
pub(super) fn write(
    context: &Context<'_>,
    root: &Path,
    configuration: &Configuration,
    id: &RevisionId,
    draft: Draft,
    text: impl FnOnce(&RevisionFile) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let now = jiff::Timestamp::now();
    let name = configuration.file_name.render(
        &now.strftime("%Y%m%d").to_string(),
        &now.strftime("%H%M").to_string(),
        id.as_str(),
        &scaffold::slug(&draft.message),
    );
    let revision = RevisionFile {
        id: id.to_string(),
        message: draft.message,
        parents: draft.parents,
        depends_on: draft.depends_on,
        labels: draft.labels,
        created: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        dialects: configuration.dialects.clone(),
    };
    let text = text(&revision)?;
    let extension = match draft.kind {
        Kind::Sql => "sql",
        Kind::Rust => "rs",
    };
    let path = root.join(&configuration.dir.value).join(format!("{name}.{extension}"));
    let shown = path.strip_prefix(context.env.directory()).unwrap_or(&path).display().to_string();
    let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    let mut sources = Sources::new();
    // A path is to be opened from where the user is.
    sources
        .show_below(root.strip_prefix(context.env.directory()).unwrap_or(root).to_string_lossy());
    let file = sources.add(file, text.clone());
    check_text(context, &sources, file, &revision, draft.kind)?;
    let create = Change::Create { path: path.clone(), text: text.clone() };
    let changes = Changes { files: vec![create], notes: Vec::new() };
    changes.apply().map_err(cannot_scaffold(context.ui))?;
    context.ui.status("Created", format_args!("revision {id}"))?;
    hooks::run(context, root, configuration, draft.kind, &path, &text)?;
    Ok(shown)
}

/// A template, or a message, can make a text that is another revision than the one that was asked for,
/// or none; better nothing than a broken chain.
fn check_text(
    context: &Context<'_>,
    sources: &Sources,
    file: FileId,
    revision: &RevisionFile,
    kind: Kind,
) -> Result<(), Failure> {
    let (script, findings) = Script::parse(kind, sources.file(file).text(), file);
    for finding in &findings {
        context.show(finding, sources)?;
    }
    let header = script.header();
    let says = header.revision.as_ref().map(|revision| revision.value.as_str());
    if !findings.is_empty() || says != Some(&revision.id) {
        let what = "what the template makes of this message is no revision; nothing was written";
        return Err(Failure::new(what).help("change the template, or the message"));
    }
    let lists = [
        ("revises", &header.revises, &revision.parents),
        ("depends-on", &header.depends_on, &revision.depends_on),
        ("branch", &header.branch, &revision.labels),
    ];
    let says = |list: &[Spanned<String>], wanted: &[String]| {
        list.iter().map(|value| &value.value).eq(wanted)
    };
    match lists.into_iter().find(|(_, list, wanted)| !says(list, wanted)) {
        None => Ok(()),
        Some((key, ..)) => Err(Failure::new(format!(
            "the template does not say what `{key}` of this revision is; nothing was written"
        ))
        .help(format!("add the line `{} {key}: {{{{ {key} }}}}` to its header", comment(kind)))),
    }
}

/// The project's own template of revisions, if it has one.
fn template(
    root: &Path,
    configuration: &Configuration,
    is_rust: bool,
) -> Result<Option<(PathBuf, String)>, Failure> {
    let Some(directory) = &configuration.templates else { return Ok(None) };
    let name = if is_rust { "revision.rs" } else { "revision.sql" };
    let path = root.join(&directory.value).join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        // Projects had templates before there were revisions in Rust.
        Err(error) if is_rust && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::new(format!("cannot read the template `{}`: {error}", path.display()))
                .help("write it, or remove `templates` from `[package.metadata.migrate]`"))
        }
    }
}

/// A failure of what is planned and written, with its next command.
pub(super) fn cannot_scaffold(ui: &Ui) -> impl Fn(scaffold::Error) -> Failure {
    |error| {
        let message = error.to_string();
        // These quote what stands in files.
        let quotes =
            matches!(error, scaffold::Error::Import { .. } | scaffold::Error::Manifest { .. });
        Failure::new(if quotes { message } else { ui.typed(&message).into_owned() })
    }
}

/// A target as it was typed.
pub(super) fn target(text: &str) -> Result<Target, Failure> {
    text.parse().map_err(|error: TargetError| Failure::new(error.to_string()).exit(Exit::Usage))
}

/// Why a revision cannot stand where it was asked to, and what to type instead.
pub(super) fn refused(error: PlanError) -> Failure {
    let failure = Failure::new(error.to_string()).exit(Exit::Usage);
    match &error {
        PlanError::SeveralHeads { heads, .. } => {
            failure.help(format!("say which one is meant, as in `--head {}`", heads[0]))
        }
        PlanError::NotAHead { revision, .. } => failure
            .help(format!("to begin a branch after it: `--head {revision} --splice`"))
            .help("`cargo migrate heads` lists the heads"),
        _ => not_found(error),
    }
}

pub(super) fn not_found(error: PlanError) -> Failure {
    Failure::new(error.to_string())
        .exit(Exit::Usage)
        .help("`cargo migrate history` lists the revisions")
}

pub(super) fn given_id(chain: &Chain, text: &str) -> Result<RevisionId, Failure> {
    let id = RevisionId::new(text.to_owned()).map_err(|error| {
        Failure::new(match error {
            NameError::Illegal => {
                format!("`{text}` is no revision id: expected 1 to 64 letters, digits, `_` and `.`")
            }
            NameError::Reserved => format!("`{text}` is a reserved word"),
        })
        .exit(Exit::Usage)
    })?;
    if let Some(owner) = taken(chain, text) {
        return Err(Failure::new(format!("`{text}` cannot be an id: {owner}"))
            .exit(Exit::Usage)
            .help(format!("`cargo migrate show {id}` shows it")));
    }
    Ok(id)
}

/// Whose name this is already.
fn taken(chain: &Chain, name: &str) -> Option<String> {
    if chain.get(name).is_some() {
        return Some(String::from("it is the id of another revision"));
    }
    let owner = &chain.revisions()[chain.labelled(name)?];
    Some(format!("it is a branch label, of revision `{}`", owner.id()))
}

/// Labels that a new revision may declare: legal names that are nobody's yet.
pub(super) fn check_labels(
    chain: &Chain,
    labels: &[String],
    id: &RevisionId,
) -> Result<(), Failure> {
    let usage = |message: String| Failure::new(message).exit(Exit::Usage);
    for (index, label) in labels.iter().enumerate() {
        BranchLabel::new(label.clone()).map_err(|error| {
            usage(match error {
                NameError::Illegal => format!(
                    "`{label}` is no branch label: expected a letter or `_`, then letters, digits, \
                     `_` and `.`, 64 in all at most"
                ),
                NameError::Reserved => format!("`{label}` is a reserved word"),
            })
        })?;
        let refusal = if label == id.as_str() {
            Some(String::from("it is the id of the new revision itself"))
        } else if labels[..index].contains(label) {
            Some(String::from("it is given twice"))
        } else {
            taken(chain, label)
        };
        if let Some(refusal) = refusal {
            return Err(usage(format!("`{label}` cannot be the branch label: {refusal}"))
                .help("choose another label"));
        }
    }
    Ok(())
}

/// Twelve random hex digits, as nobody else's branch will have.
pub(super) fn free_id(chain: &Chain) -> Result<RevisionId, Failure> {
    loop {
        let mut bytes = [0; 6];
        getrandom::fill(&mut bytes).map_err(|error| {
            Failure::new(format!("the system gives no random numbers: {error}"))
        })?;
        let Ok(id) = RevisionId::new(hex(&bytes)) else { continue };
        if chain.get(id.as_str()).is_none() && chain.labelled(id.as_str()).is_none() {
            return Ok(id);
        }
    }
}
