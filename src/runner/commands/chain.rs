//! Commands that need no database.

use std::fmt::Write as _;

use crate::chain::{Chain, Direction, Revision, Target};
use crate::diagnostic::Sources;
use crate::runner::{Exit, Failure, HeadsArguments, HistoryArguments, ShowArguments, Ui};
use crate::script::Script;

const NO_REVISION: &str = "the chain has no revision yet; `cargo migrate new` writes one";

/// Lists all revisions, newest first.
pub(crate) fn history(chain: &Chain, args: &HistoryArguments, ui: &Ui) -> Result<Exit, Failure> {
    if chain.is_empty() {
        ui.note(NO_REVISION)?;
    }
    let line = |revision: &Revision| {
        let mut line = revision.id().to_string();
        if let Some(marks) = marks(chain, revision) {
            let _ = write!(line, " ({marks})");
        }
        let _ = write!(line, "  {}", message(revision));
        line
    };
    let mut lines: Vec<String> = chain.revisions().iter().map(line).collect();
    if !args.reverse {
        lines.reverse();
    }
    lines.iter().try_for_each(|line| ui.answer(line))?;
    Ok(Exit::Done)
}

/// Lists the heads.
pub(crate) fn heads(chain: &Chain, _: HeadsArguments, ui: &Ui) -> Result<Exit, Failure> {
    if chain.is_empty() {
        ui.note(NO_REVISION)?;
    }
    for head in chain.heads() {
        ui.answer(format_args!("{}  {}", head.id(), message(head)))?;
    }
    Ok(Exit::Done)
}

/// Shows a revision: what it is, its place in the graph, and its text.
pub(crate) fn show(chain: &Chain, args: &ShowArguments, ui: &Ui) -> Result<Exit, Failure> {
    let revision = find(chain, &args.revision)?;
    let ids = |revisions: Vec<&Revision>| -> String {
        let ids: Vec<&str> = revisions.iter().map(|revision| revision.id().as_str()).collect();
        ids.join(", ")
    };
    let script = parse(revision);
    let created = script.header().created.as_ref().map_or("", |created| &created.value);
    let labels: Vec<&str> = revision.labels().iter().map(AsRef::as_ref).collect();
    let parents = ids(chain.parents(revision).collect());
    let fields = [
        ("revision", revision.id().as_str()),
        ("message", &message(revision)),
        ("file", revision.path()),
        ("parents", if parents.is_empty() { "none: this is a base" } else { &parents }),
        ("depends on", &ids(chain.dependencies(revision).collect())),
        ("children", &ids(chain.children(revision).collect())),
        ("labels", &labels.join(", ")),
        ("created", created),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        ui.answer(format_args!("{name:>12}: {value}"))?;
    }
    for (variant, fingerprint) in chain.variants().iter().zip(revision.fingerprints()) {
        let up = script.statements(Direction::Up, variant).len();
        let down = script.statements(Direction::Down, variant).len();
        ui.answer(format_args!(
            "{:>12}: {up} up, {down} down, checksum {}",
            variant.to_string(),
            &fingerprint.checksum.to_string()[..12]
        ))?;
    }
    ui.answer("")?;
    ui.answer(revision.text().trim_end())?;
    Ok(Exit::Done)
}

fn find<'c>(chain: &'c Chain, text: &str) -> Result<&'c Revision, Failure> {
    let usage = |message: String| {
        Failure::new(message).exit(Exit::Usage).help("`history` lists the revisions")
    };
    if text.parse() == Ok(Target::HEAD) {
        let heads: Vec<&Revision> = chain.heads().collect();
        return match heads[..] {
            [head] => Ok(head),
            [] => Err(usage(String::from("the chain has no revision yet"))),
            _ => Err(usage(String::from("the chain has several heads; `heads` lists them"))),
        };
    }
    chain.find(text).map_err(|error| usage(error.to_string()))
}

/// `head`, `base`, `merge` and the labels of a revision, as they apply.
pub(crate) fn marks(chain: &Chain, revision: &Revision) -> Option<String> {
    let mut marks: Vec<&str> = revision.labels().iter().map(AsRef::as_ref).collect();
    if chain.children(revision).next().is_none() {
        marks.push("head");
    }
    match chain.parents(revision).len() {
        0 => marks.push("base"),
        1 => {}
        _ => marks.push("merge"),
    }
    (!marks.is_empty()).then(|| marks.join(", "))
}

/// A revision's first words.
pub(crate) fn message(revision: &Revision) -> String {
    parse(revision).header().message.clone()
}

fn parse(revision: &Revision) -> Script<'_> {
    // The text was judged before it came here, so its findings are none or were told.
    let file = Sources::new().add(revision.path().to_owned(), "");
    Script::parse(revision.kind(), revision.text(), file).0
}
