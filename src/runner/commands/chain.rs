//! Commands that read the chain, and a database only if they are asked about one.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::chain::{Anchor, Chain, Direction, PlanError, Revision, RevisionId};
use crate::chain::{Target, TargetRange};
use crate::diagnostic::{Sources, visible};
use crate::runner::graph::text::{self, Entry};
use crate::runner::graph::{self, Mark, MarkKind, Node, Order, Picture, State};
use crate::runner::message;
use crate::runner::{BranchesArguments, GraphArguments, GraphFormat, HeadsArguments};
use crate::runner::{Exit, Failure, HistoryArguments, ShowArguments, Ui, ViewArguments};
use crate::runtime::{RevisionState, Status};
use crate::script::Script;

const NO_REVISION: &str = "the chain has no revision yet";
const NEW: &str = "`cargo migrate new` writes one";

/// What there is to do where a chain is empty.
pub(super) fn note_no_revision(ui: &Ui) -> Result<(), Failure> {
    ui.note(format_args!("{NO_REVISION}; {}", ui.typed(NEW)))
}

/// Lists revisions, newest first; with lanes where they are not a single line.
pub(crate) fn history(
    chain: &Chain,
    status: Option<&Status>,
    args: &HistoryArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let picture = picture(chain, status, &args.view, Order::AsRun, ui)?;
    let lines = |node: &Node<'_>, lane| match node.revision {
        Some(revision) if ui.is_verbose() => in_full(chain, revision, node, lane),
        _ => vec![title(node, lane)],
    };
    let mut revisions = graph::told::nodes(chain, &picture, status);
    if args.view.reverse {
        revisions.reverse();
    }
    ui.say_all(revisions, || {
        if !picture.is_line() {
            return terminal(&picture, args.view.reverse, lines);
        }
        let mut entries: Vec<String> =
            picture.nodes.iter().map(|node| lines(node, 0).join("\n") + "\n").collect();
        if args.view.reverse {
            entries.reverse();
        }
        entries.concat()
    })?;
    Ok(Exit::Done)
}

/// Draws the chain.
pub(crate) fn graph(
    chain: &Chain,
    status: Option<&Status>,
    args: &GraphArguments,
    directory: &Path,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let picture = picture(chain, status, &args.view, Order::ByLine, ui)?;
    let reverse = args.view.reverse;
    let draw = || match args.format() {
        GraphFormat::Terminal => terminal(&picture, reverse, |node, lane| vec![title(node, lane)]),
        GraphFormat::Mermaid => graph::mermaid::draw(&picture, reverse),
        GraphFormat::Dot => graph::dot::draw(&picture, reverse),
        GraphFormat::Svg => graph::svg::draw(&picture, reverse),
    };
    let plain = || anstream::adapter::strip_str(&draw()).to_string();
    let Some(file) = &args.output else {
        let message = message::Graph {
            nodes: graph::told::nodes(chain, &picture, status),
            edges: graph::told::edges(&picture),
            picture: args.format.filter(|_| ui.is_json()).map(|_| plain()),
        };
        ui.say(message, |_| draw())?;
        return Ok(Exit::Done);
    };
    std::fs::write(directory.join(file), plain())
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", file.display())))?;
    ui.status("Drew", format_args!("{}", file.display()))?;
    ui.tell(|| message::File::written(file))?;
    Ok(Exit::Done)
}

/// Lists the heads.
pub(crate) fn heads(chain: &Chain, args: HeadsArguments, ui: &Ui) -> Result<Exit, Failure> {
    if chain.is_empty() {
        note_no_revision(ui)?;
        return Ok(Exit::Done);
    }
    let mut found = false;
    for head in chain.heads() {
        let is_effective = chain.dependents(head).next().is_some();
        if args.effective && !is_effective {
            continue;
        }
        found = true;
        let mut marks: Vec<Mark> = graph::marks(chain, head);
        marks.retain(|mark| mark.kind == MarkKind::Label);
        if is_effective && !args.effective {
            marks.push(Mark { kind: MarkKind::Place, text: String::from("effective") });
        }
        ui.say(message::Revision::new(chain, head, None), |_| {
            titled(head.id().as_str(), &marks, &message(head), Style::new())
        })?;
    }
    if !found {
        ui.note("no revision depends on a head, so none is an effective one")?;
    }
    Ok(Exit::Done)
}

/// Lists where the chain branches, and what the branches are called.
pub(crate) fn branches(chain: &Chain, _: BranchesArguments, ui: &Ui) -> Result<Exit, Failure> {
    if chain.is_empty() {
        note_no_revision(ui)?;
        return Ok(Exit::Done);
    }
    let titled = |revision: &Revision| {
        let marks = graph::marks(chain, revision);
        titled(revision.id().as_str(), &marks, &message(revision), Style::new())
    };
    let mut found = false;
    for revision in chain.revisions() {
        let children: Vec<&Revision> = chain.children(revision).collect();
        if children.len() < 2 {
            continue;
        }
        found = true;
        let point = message::BranchPoint {
            revision: revision.id().to_string(),
            children: message::ids(children.iter().copied()),
        };
        ui.say(point, |_| {
            let child = |child: &&Revision| format!("\n    {}", titled(child));
            titled(revision) + &children.iter().map(child).collect::<String>()
        })?;
    }
    let labelled = |revision| Revision::labels(revision).iter().map(move |label| (label, revision));
    let labels: Vec<_> = chain.revisions().iter().flat_map(labelled).collect();
    if found && !labels.is_empty() {
        ui.answer("")?;
    }
    for (label, revision) in &labels {
        let heads = Target { branch: Some(label.to_string()), ..Target::HEADS };
        let label = message::BranchLabel {
            label: label.to_string(),
            revision: revision.id().to_string(),
            bases: message::ids(bases(chain, revision)),
            heads: message::ids(select(chain, None, &heads)?),
        };
        ui.say(label, |it| {
            let line = format!("{}..{}", it.bases.join(", "), it.heads.join(", "));
            format!("{} ({})  {line}", it.label, it.revision)
        })?;
    }
    if !found && labels.is_empty() {
        ui.note("the chain does not branch, and no revision has a label")?;
    }
    Ok(Exit::Done)
}

/// Shows revisions: what each is, its place in the graph, and its text.
pub(crate) fn show(
    chain: &Chain,
    status: Option<&Status>,
    args: &ShowArguments,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let found = select(chain, status, &args.target)?;
    if found.is_empty() {
        return Err(nothing_at(chain, &args.target, status));
    }
    for (index, revision) in found.into_iter().enumerate() {
        if index > 0 {
            ui.answer("")?;
        }
        show_one(chain, revision, status, ui)?;
    }
    Ok(Exit::Done)
}

/// The only revision at a target, for a command that takes one.
#[cfg(feature = "cli")]
pub(crate) fn the_one<'c>(
    chain: &'c Chain,
    status: Option<&Status>,
    target: &Target,
) -> Result<&'c Revision, Failure> {
    match select(chain, status, target)?[..] {
        [] => Err(nothing_at(chain, target, status)),
        [revision] => Ok(revision),
        [first, ..] => {
            let found = select(chain, status, target)?;
            let found = crate::chain::listed(found.into_iter().map(Revision::id));
            Err(Failure::new(format!("`{target}` is several revisions: {found}"))
                .exit(Exit::Usage)
                .help(format!("say which one is meant, as in `{}`", first.id())))
        }
    }
}

fn nothing_at(chain: &Chain, target: &Target, status: Option<&Status>) -> Failure {
    if chain.is_empty() {
        return Failure::new(NO_REVISION).exit(Exit::Usage).help(NEW);
    }
    match status {
        Some(status) if target.anchor == Anchor::Current && target.offset == 0 => {
            Failure::new(format!("no revision of the chain is applied in {}", status.database))
        }
        _ => {
            let what = format!("`{target}` is before every revision, so there is nothing to show");
            Failure::new(what).exit(Exit::Usage)
        }
    }
    .help("`history` lists the revisions")
}

fn show_one(
    chain: &Chain,
    revision: &Revision,
    status: Option<&Status>,
    ui: &Ui,
) -> Result<(), Failure> {
    let standing =
        status.and_then(|it| it.revisions.iter().find(|of| of.revision == *revision.id()));
    ui.tell(|| message::Revision::new(chain, revision, standing.map(message::Standing::of)))?;
    ui.say(message::Source::new(chain, revision, &parse(revision)), |source| {
        let mut lines: Vec<String> = fields(chain, revision)
            .into_iter()
            .map(|(name, value)| format!("{name:>12}: {value}"))
            .collect();
        lines.extend(chain.variants().iter().zip(&source.variants).map(|(name, variant)| {
            let message::Variant { up, down, checksum, .. } = variant;
            let name = name.to_string();
            format!("{name:>12}: {up} up, {down} down, checksum {}", &checksum[..12])
        }));
        lines.push(String::new());
        let text = source.text.trim_end().split('\n');
        lines.extend(text.map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t")));
        lines.join("\n")
    })
}

/// What a revision's header and its place in the graph say; what says nothing is left out.
fn fields(chain: &Chain, revision: &Revision) -> Vec<(&'static str, String)> {
    let header = revision.header();
    let parents = ids(chain.parents(revision));
    let labels: Vec<&str> = revision.labels().iter().map(AsRef::as_ref).collect();
    let fields = [
        ("revision", revision.id().to_string()),
        ("message", graph::harmless(&header.message)),
        ("file", graph::harmless(revision.path())),
        ("parents", if parents.is_empty() { "none: this is a base".to_owned() } else { parents }),
        ("depends on", ids(chain.dependencies(revision))),
        ("children", ids(chain.children(revision))),
        ("dependents", ids(chain.dependents(revision))),
        ("labels", labels.join(", ")),
        ("created", header.created.map(|created| created.value).unwrap_or_default()),
    ];
    fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn ids<'c>(revisions: impl IntoIterator<Item = &'c Revision>) -> String {
    let ids: Vec<&str> = revisions.into_iter().map(|revision| revision.id().as_str()).collect();
    ids.join(", ")
}

/// The revisions without parents that one leads back to.
fn bases<'c>(chain: &'c Chain, revision: &'c Revision) -> Vec<&'c Revision> {
    let mut seen: HashSet<&RevisionId> = HashSet::from([revision.id()]);
    let mut ways = vec![revision];
    let mut bases = Vec::new();
    while let Some(revision) = ways.pop() {
        if chain.parents(revision).len() == 0 {
            bases.push(revision);
        }
        ways.extend(chain.parents(revision).filter(|parent| seen.insert(parent.id())));
    }
    bases.sort_by_key(|base| chain.index(base.id().as_str()));
    bases
}

/// The part of the chain that is asked for.
fn picture<'c>(
    chain: &'c Chain,
    status: Option<&Status>,
    args: &ViewArguments,
    order: Order,
    ui: &Ui,
) -> Result<Picture<'c>, Failure> {
    let shown: Vec<&Revision> = match &args.range {
        None => chain.revisions().iter().collect(),
        Some(range) => in_range(chain, status, range)?,
    };
    let mut picture = Picture::new(chain, &shown, status, order);
    if let (None, Some(status)) = (&args.range, status) {
        picture.add_unknown(status);
    }
    if chain.is_empty() {
        note_no_revision(ui)?;
    }
    Ok(picture)
}

fn in_range<'c>(
    chain: &'c Chain,
    status: Option<&Status>,
    range: &TargetRange,
) -> Result<Vec<&'c Revision>, Failure> {
    chain.range(&applied(status), range).map_err(not_found)
}

fn select<'c>(
    chain: &'c Chain,
    status: Option<&Status>,
    target: &Target,
) -> Result<Vec<&'c Revision>, Failure> {
    chain.select(&applied(status), target).map_err(not_found)
}

/// What counts as applied: also what is undone only in part, but not what is applied only in part.
fn applied(status: Option<&Status>) -> HashSet<RevisionId> {
    let is_applied = |state: &RevisionState| match state {
        RevisionState::Pending => false,
        RevisionState::Applied(_) | RevisionState::Stamped(_) => true,
        RevisionState::Unfinished { direction, .. } => *direction == Direction::Down,
    };
    let revisions = status.into_iter().flat_map(|status| &status.revisions);
    let applied = revisions.filter(|revision| is_applied(&revision.state));
    applied.map(|revision| revision.revision.clone()).collect()
}

fn not_found(error: PlanError) -> Failure {
    Failure::new(error.to_string()).exit(Exit::Usage).help("`history` lists the revisions")
}

fn terminal(
    picture: &Picture<'_>,
    reverse: bool,
    lines: impl Fn(&Node<'_>, usize) -> Vec<String>,
) -> String {
    text::draw(&picture.edges, reverse, |row, lane| {
        let node = &picture.nodes[row];
        let glyph = match node.state {
            None | Some(State::Applied) => '●',
            Some(State::Pending) => '○',
            Some(State::Partial) => '◐',
            Some(State::Unknown) => '◌',
        };
        Entry { glyph, lines: lines(node, lane) }
    })
}

/// A revision in one line.
fn title(node: &Node<'_>, lane: usize) -> String {
    titled(&node.id, &node.marks, &node.message, text::color(lane))
}

fn titled(id: &str, marks: &[Mark], message: &str, style: Style) -> String {
    let style = style.bold();
    let mut line = format!("{style}{id}{style:#}");
    for (index, mark) in marks.iter().enumerate() {
        let style = match mark.kind {
            MarkKind::Label => AnsiColor::BrightCyan.on_default(),
            MarkKind::Place | MarkKind::State(State::Applied) => {
                AnsiColor::BrightGreen.on_default()
            }
            MarkKind::State(State::Pending) => AnsiColor::Yellow.on_default(),
            MarkKind::State(_) | MarkKind::Warning => AnsiColor::BrightRed.on_default(),
        };
        let before = if index == 0 { " (" } else { ", " };
        let _ = write!(line, "{before}{style}{}{style:#}", mark.text);
    }
    if !marks.is_empty() {
        line.push(')');
    }
    if !message.is_empty() {
        let _ = write!(line, "  {message}");
    }
    line
}

/// A revision in one line for each thing to say about it, and an empty one.
fn in_full(chain: &Chain, revision: &Revision, node: &Node<'_>, lane: usize) -> Vec<String> {
    let mut lines = vec![titled(&node.id, &node.marks, "", text::color(lane))];
    let fields = fields(chain, revision).into_iter().skip(1);
    lines.extend(fields.map(|(name, value)| format!("{name:>12}: {value}")));
    lines.push(String::new());
    lines
}

/// A revision's first words.
fn message(revision: &Revision) -> String {
    graph::harmless(&revision.header().message)
}

fn parse(revision: &Revision) -> Script<'_> {
    // The text was judged before it came here, so its findings are none or were told.
    let file = Sources::new().add(revision.path().to_owned(), "");
    Script::parse(revision.kind(), revision.text(), file).0
}
