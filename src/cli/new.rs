//! `cargo migrate new`: a file for the next revision.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::arguments::NewArguments;
use super::context::{Context, FileChain};
use crate::chain::{BranchLabel, Chain, Kind, NameError, RevisionId, listed};
use crate::config::Configuration;
use crate::diagnostic::Sources;
use crate::runner::{Exit, Failure};
use crate::scaffold::{self, Change, Changes, RevisionFile};
use crate::script::Script;

/// Writes the file and prints its path.
pub(super) fn run(context: &mut Context<'_>, args: &NewArguments) -> Result<Exit, Failure> {
    // A chosen head is no choice among several.
    let FileChain { root, configuration, chain, .. } = match args.head {
        Some(_) => context.chain_with_any_heads()?,
        None => context.chain()?,
    };
    let id = match &args.rev_id {
        Some(id) => given_id(&chain, id)?,
        None => free_id(&chain)?,
    };
    for label in &args.labels {
        check_label(&chain, label, &id)?;
    }
    let depends_on = args
        .depends_on
        .iter()
        .map(|name| Ok(chain.find(name).map_err(not_found)?.id().to_string()))
        .collect::<Result<_, Failure>>()?;
    let draft = Draft {
        message: args.message.clone(),
        parents: parents(&chain, args.head.as_deref())?,
        depends_on,
        labels: args.labels.clone(),
    };
    write(context, &root, &configuration, id, draft, |revision| {
        let template = template(&root, &configuration)?;
        let template = template.as_ref().map(|(path, text)| (path.as_path(), text.as_str()));
        revision.text(template).map_err(cannot_scaffold)
    })
}

/// What a new revision says, but for its id and its time.
pub(super) struct Draft {
    pub(super) message: String,
    pub(super) parents: Vec<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) labels: Vec<String>,
}

/// Writes the file of a new revision and prints its path.
pub(super) fn write(
    context: &mut Context<'_>,
    root: &Path,
    configuration: &Configuration,
    id: RevisionId,
    draft: Draft,
    text: impl FnOnce(&RevisionFile) -> Result<String, Failure>,
) -> Result<Exit, Failure> {
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
    let path = root.join(&configuration.dir.value).join(format!("{name}.sql"));
    let shown = path.strip_prefix(context.env.directory()).unwrap_or(&path).display().to_string();
    check_text(context, &text, &shown, &id)?;
    let changes = Changes { files: vec![Change::Create { path, text }], notes: Vec::new() };
    changes.apply().map_err(cannot_scaffold)?;
    context.ui.status("Created", format_args!("revision {id}"))?;
    context.ui.answer(shown)?;
    Ok(Exit::Done)
}

/// A template, or a message, can make a text that is no revision; better nothing than a broken chain.
fn check_text(
    context: &Context<'_>,
    text: &str,
    shown: &str,
    id: &RevisionId,
) -> Result<(), Failure> {
    let mut sources = Sources::new();
    let file = sources.add(shown, text.to_owned());
    let (script, findings) = Script::parse(Kind::Sql, text, file);
    for finding in &findings {
        context.ui.report(&finding.render_styled(&sources))?;
        context.ui.report("")?;
    }
    let says = script.header().revision.as_ref().map(|revision| revision.value.as_str());
    if findings.is_empty() && says == Some(id.as_str()) {
        return Ok(());
    }
    Err(Failure::new("what the template makes of this message is no revision; nothing was written")
        .help("change the template, or the message"))
}

/// The project's own template of revisions, if it has one.
fn template(
    root: &Path,
    configuration: &Configuration,
) -> Result<Option<(PathBuf, String)>, Failure> {
    let Some(directory) = &configuration.templates else { return Ok(None) };
    let path = root.join(&directory.value).join("revision.sql");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) => {
            Err(Failure::new(format!("cannot read the template `{}`: {error}", path.display()))
                .help("write it, or remove `templates` from `[package.metadata.migrate]`"))
        }
    }
}

pub(super) fn cannot_scaffold(error: scaffold::Error) -> Failure {
    Failure::new(error.to_string())
}

pub(super) fn not_found(error: crate::chain::PlanError) -> Failure {
    Failure::new(error.to_string())
        .exit(Exit::Usage)
        .help("`cargo migrate history` lists the revisions")
}

/// The head to follow; only the user can choose among several.
fn parents(chain: &Chain, head: Option<&str>) -> Result<Vec<String>, Failure> {
    let heads: Vec<&RevisionId> = chain.heads().map(crate::chain::Revision::id).collect();
    if let Some(name) = head {
        let id = chain.find(name).map_err(not_found)?.id();
        if !heads.contains(&id) {
            return Err(Failure::new(format!(
                "revision `{id}` is no head: another one follows it"
            ))
            .exit(Exit::Usage)
            .help(format!("the heads are {}", listed(heads))));
        }
        return Ok(vec![id.to_string()]);
    }
    match heads[..] {
        [] => Ok(Vec::new()),
        [head] => Ok(vec![head.to_string()]),
        _ => Err(Failure::new(format!("the chain has several heads: {}", listed(&heads)))
            .exit(Exit::Usage)
            .help(format!("say which one to follow, as in `--head {}`", heads[0]))),
    }
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
    if chain.get(text).is_some() || chain.labelled(text).is_some() {
        return Err(Failure::new(format!("`{id}` is taken already"))
            .exit(Exit::Usage)
            .help(format!("`cargo migrate show {id}` shows by what")));
    }
    Ok(id)
}

pub(super) fn check_label(chain: &Chain, text: &str, id: &RevisionId) -> Result<(), Failure> {
    let usage = |message: String| Failure::new(message).exit(Exit::Usage);
    BranchLabel::new(text.to_owned()).map_err(|_| {
        usage(format!(
            "`{text}` is no branch label: expected a letter or `_`, then letters, digits, `_` and `.`, and no reserved word"
        ))
    })?;
    if text == id.as_str() || chain.get(text).is_some() || chain.labelled(text).is_some() {
        return Err(usage(format!("`{text}` is taken already")));
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
        let mut text = String::with_capacity(12);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        let Ok(id) = RevisionId::new(text) else { continue };
        if chain.get(id.as_str()).is_none() && chain.labelled(id.as_str()).is_none() {
            return Ok(id);
        }
    }
}
