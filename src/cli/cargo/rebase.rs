//! `cargo migrate rebase`: revisions of one's own follow those of others.

mod applied;

use super::arguments::RebaseArguments;
use super::context::{Context, FileChain, broken_texts};
use super::init;
use super::new::{not_found, target};
use crate::chain::{
    Anchor, Chain, Rebase, RebaseError, Reparented, Revision, RevisionId, Target, listed,
};
use crate::config::{Configuration, HeadsPolicy};
use crate::runner::{Exit, Failure, message};
use crate::scaffold::{self, Change, Changes, Line};
use crate::script::text::normalise_str;
use crate::validate;
use applied::Databases;

/// Rewrites `revises` lines, all of them or none.
pub(super) fn run(context: &mut Context<'_>, args: &RebaseArguments) -> Result<Exit, Failure> {
    let files = context.chain_with_any_heads()?;
    let given = |text: &Option<String>| text.as_deref().map(target).transpose();
    let (revision, onto) = (given(&args.revision)?, given(&args.onto)?);
    let chain = &files.chain;
    let rebase = if revision.is_none() && onto.is_none() {
        let heads: Vec<RevisionId> = chain.heads().map(|head| head.id().clone()).collect();
        match &heads[..] {
            [] | [_] => return nothing(context, chain, args.dry_run, "the chain has no two heads"),
            [one, two] => {
                let databases = Databases::look(context, &files, args)?;
                choose(chain, &databases, one, two)?
            }
            _ => return Err(refused(chain, RebaseError::NotChosen { heads })),
        }
    } else {
        let rebase = Rebase::new(chain, revision.as_ref(), onto.as_ref())
            .map_err(|error| refused(chain, error))?;
        if rebase.changed.is_empty() {
            return nothing(
                context,
                chain,
                args.dry_run,
                format_args!("`{}` comes after `{}` already", rebase.revision, rebase.onto),
            );
        }
        let databases = Databases::look(context, &files, args)?;
        if let Some((id, place)) = databases.first_applied(&rebase.affected) {
            return Err(is_applied(chain, &rebase, id, place, &databases));
        }
        rebase
    };
    let changes = changes(&files, &rebase)?;
    let rebased = validated(context, &files, &rebase, &changes)?;
    if args.dry_run {
        for change in &changes.files {
            show(context, change)?;
        }
    }
    init::apply(context, &changes, args.dry_run)?;
    summary(context, &files.configuration, &rebased, &rebase, args.dry_run)?;
    Ok(Exit::Done)
}

fn nothing(
    context: &Context<'_>,
    chain: &Chain,
    dry_run: bool,
    why: impl std::fmt::Display,
) -> Result<Exit, Failure> {
    context.ui.status("Finished", format_args!("nothing to do: {why}"))?;
    context.ui.tell(|| message::Rebase {
        moved: Vec::new(),
        onto: None,
        heads: message::ids(chain.heads()),
        dry_run,
    })?;
    Ok(Exit::Done)
}

/// Of two heads, the one of whose own revisions none is applied follows the other.
fn choose(
    chain: &Chain,
    databases: &Databases,
    one: &RevisionId,
    two: &RevisionId,
) -> Result<Rebase, Failure> {
    let ways = [rebase(chain, one, two), rebase(chain, two, one)];
    let applied = |way: &Result<Rebase, RebaseError>| {
        way.as_ref().is_ok_and(|way| databases.first_applied(&way.affected).is_some())
    };
    match (ways.each_ref().map(applied), ways) {
        ([false, true], [way, _]) | ([true, false], [_, way]) => {
            way.map_err(|error| refused(chain, error))
        }
        ([true, true], _) => Err(Failure::new(format!(
            "revisions of both `{one}` and `{two}` are applied, and an applied revision keeps its \
             ancestors; nothing was changed"
        ))
        .help(format!("`cargo migrate merge {one} {two}` joins them as they are"))),
        ([false, false], _) => Err(Failure::new(if databases.is_empty() {
            format!("nothing says which of the heads `{one}` and `{two}` is to follow the other")
        } else {
            format!("neither `{one}` nor `{two}` is applied, so either could follow the other")
        })
        .exit(Exit::Usage)
        .help(format!("`cargo migrate rebase {two} --onto {one}` lets `{two}` follow"))
        .help(format!("`cargo migrate rebase {one} --onto {two}` lets `{one}` follow"))),
    }
}

/// The way of one revision after another.
fn rebase(chain: &Chain, revision: &RevisionId, onto: &RevisionId) -> Result<Rebase, RebaseError> {
    let at = |id: &RevisionId| Target::at(Anchor::Name(id.to_string()));
    Rebase::new(chain, Some(&at(revision)), Some(&at(onto)))
}

/// Why revisions cannot move, and what to type instead.
fn refused(chain: &Chain, error: RebaseError) -> Failure {
    let failure = Failure::new(error.to_string()).exit(Exit::Usage);
    let heads: Vec<&str> = chain.heads().map(|head| head.id().as_str()).collect();
    let merge = format!("`cargo migrate merge {}` joins the heads as they are", heads.join(" "));
    match &error {
        RebaseError::Target(error) => not_found(error.clone()),
        RebaseError::NotChosen { .. } => failure.help(match heads[..] {
            [first, .., last] => format!("as in `cargo migrate rebase {last} --onto {first}`"),
            _ => String::from("`cargo migrate heads` lists the heads"),
        }),
        RebaseError::SeveralHeads { than, heads } => {
            failure.help(format!("as in `cargo migrate rebase {than} --onto {}`", heads[0]))
        }
        RebaseError::NothingToMerge { merge: joined, .. } => failure.help(merge).help(format!(
            "or, if `{joined}` is applied nowhere: delete its file, and let what follows it name the \
             parent of it that moves"
        )),
        RebaseError::Redundant { .. } => failure.help(merge),
        RebaseError::DependsOnIt { revision, onto } => failure.help(format!(
            "remove `{onto}` from `depends-on` of `{revision}`, and run the command again"
        )),
        RebaseError::Needed { onto, revision, .. } => {
            match rebase(chain, onto, revision) {
                Ok(_) => failure.help(format!(
                    "the other way round: `cargo migrate rebase {onto} --onto {revision}`"
                )),
                Err(_) => failure.help(merge),
            }
        }
        RebaseError::OntoDescendant { .. }
        | RebaseError::OntoItself(_)
        | RebaseError::NoOtherHead { .. } => failure.help("`cargo migrate heads` lists the heads"),
    }
}

/// An applied revision would get other ancestors than the database has recorded.
fn is_applied(
    chain: &Chain,
    refused: &Rebase,
    id: &RevisionId,
    place: &str,
    databases: &Databases,
) -> Failure {
    let Rebase { revision, onto, .. } = refused;
    let mut failure = Failure::new(format!(
        "revision `{id}` is applied in {place}, and an applied revision keeps its ancestors; nothing was \
         changed"
    ));
    let is_free = |back: &Rebase| {
        !back.changed.is_empty() && databases.first_applied(&back.affected).is_none()
    };
    if rebase(chain, onto, revision).is_ok_and(|back| is_free(&back)) {
        failure = failure.help(format!(
            "the other way round nothing is applied: `cargo migrate rebase {onto} --onto {revision}`"
        ));
    }
    failure =
        failure.help(format!("`cargo migrate merge {onto} {revision}` joins them as they are"));
    match &refused.changed[..] {
        [first] => {
            let first = &first.revision;
            let parent = chain.get(first.as_str()).and_then(|it| chain.parents(it).next());
            let stays = parent.map_or("base", |parent| parent.id().as_str());
            failure.help(format!(
                "or undo it there first, if it is applied nowhere else: `cargo migrate down \
                 {first}@{stays}`"
            ))
        }
        _ => failure,
    }
}

/// The new texts of the files that change, beside those that they have.
fn changes(files: &FileChain, rebase: &Rebase) -> Result<Changes, Failure> {
    let mut changes = Changes::default();
    for Reparented { revision, parents } in &rebase.changed {
        let Some(revision) = files.chain.get(revision.as_str()) else { continue };
        let path = files.root.join(revision.path());
        let before = std::fs::read_to_string(&path)
            .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))?;
        if normalise_str(&before) != revision.text() {
            return Err(Failure::new(format!(
                "`{}` was changed meanwhile; nothing was changed",
                path.display()
            ))
            .help("run the command again"));
        }
        let parents: Vec<&str> = parents.iter().map(RevisionId::as_str).collect();
        let after = scaffold::reparent(revision.kind(), &before, &parents).ok_or_else(|| {
            Failure::new(format!(
                "the header of `{}` cannot be rewritten; nothing was changed",
                path.display()
            ))
            .help(format!("let it say `revises: {}`", parents.join(", ")))
        })?;
        changes.files.push(Change::Edit { path, before, after });
    }
    Ok(changes)
}

/// The chain as it will be, judged by the rules for files before one of them is written.
fn validated(
    context: &mut Context<'_>,
    files: &FileChain,
    rebase: &Rebase,
    changes: &Changes,
) -> Result<Chain, Failure> {
    let mut configuration = files.configuration.clone();
    // There may be more heads than the two that are at stake.
    configuration.heads = HeadsPolicy::Many;
    let text = |revision: &Revision| {
        let path = files.root.join(revision.path());
        changes
            .files
            .iter()
            .find_map(|change| match change {
                Change::Edit { path: edited, after, .. } if *edited == path => Some(after),
                _ => None,
            })
            .map_or_else(|| revision.text().to_owned(), |after| normalise_str(after).into_owned())
    };
    let texts = files.chain.revisions().iter().map(|it| (it.path().to_owned(), text(it)));
    let (chain, findings, sources) = validate::texts(&configuration, texts);
    let Some(chain) = chain else {
        return Err(broken_texts(context, &findings, &sources)?);
    };
    let says = |step: &Reparented| {
        let revision = chain.get(step.revision.as_str());
        revision.is_some_and(|it| chain.parents(it).map(Revision::id).eq(&step.parents))
    };
    if rebase.changed.iter().all(says) {
        return Ok(chain);
    }
    Err(Failure::new("the rewritten headers do not say what they should; this is a bug"))
}

/// A file, and the lines of it that differ.
fn show(context: &Context<'_>, change: &Change) -> Result<(), Failure> {
    let path = change.path();
    let shown = path.strip_prefix(context.env.directory()).unwrap_or(path).display();
    let lines = change.lines();
    let number = lines.iter().take_while(|line| matches!(line, Line::Same(_))).count() + 1;
    context.ui.answer(format_args!("{shown}:{number}"))?;
    for line in lines {
        match line {
            Line::Same(_) => {}
            Line::Removed(line) => context.ui.answer(format_args!("  - {line}"))?,
            Line::Added(line) => context.ui.answer(format_args!("  + {line}"))?,
        }
    }
    Ok(())
}

fn summary(
    context: &Context<'_>,
    configuration: &Configuration,
    chain: &Chain,
    rebase: &Rebase,
    dry_run: bool,
) -> Result<(), Failure> {
    let verb = if dry_run { "Would rebase" } else { "Rebased" };
    let count = rebase.moved.len();
    let them = if count == 1 { String::from("1 revision") } else { format!("{count} revisions") };
    let heads: Vec<&RevisionId> = chain.heads().map(Revision::id).collect();
    let ends = match heads[..] {
        [head] => format!("; the head is `{head}`"),
        _ => format!("; the heads are {}", listed(&heads)),
    };
    context.ui.status(verb, format_args!("{them} onto `{}`{ends}", rebase.onto))?;
    context.ui.tell(|| message::Rebase {
        moved: rebase.moved.iter().map(ToString::to_string).collect(),
        onto: Some(rebase.onto.to_string()),
        heads: heads.iter().map(ToString::to_string).collect(),
        dry_run,
    })?;
    if heads.len() > 1 && configuration.heads == HeadsPolicy::Single && !dry_run {
        let heads: Vec<&str> = heads.iter().map(|head| head.as_str()).collect();
        let (first, last) = (heads[0], heads[heads.len() - 1]);
        let program = context.ui.program();
        context.ui.note(format_args!(
            "`{program} merge` joins the heads, `{program} rebase {last} --onto {first}` puts two more in line"
        ))?;
    }
    Ok(())
}
