//! Why a database cannot be adopted as it is, and the ways out.

use super::history::Trouble;
use super::table::{Found, OldTable};
use crate::chain::{Chain, Revision, RevisionId, listed};
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::select::{counted, listed_some};
use crate::tool::Tool;

/// A revision whose text is not the one that was applied.
pub(super) struct Differing<'c> {
    pub(super) revision: &'c Revision,
    pub(super) computed: String,
    pub(super) recorded: String,
}

pub(super) fn no_table(tool: Option<Tool>, found: &[Found], others: &[String]) -> Error {
    let mut error = match tool {
        Some(tool) => refused(format!("there is no table `{}` of {tool} to adopt", tool.table())),
        None => refused("there is no table of another tool to adopt"),
    };
    if tool.is_none() && others.is_empty() {
        let mut tables: Vec<&str> = Tool::ALL.iter().map(|tool| tool.table()).collect();
        tables.dedup();
        error = error.note(format!("looked for {}", listed(tables)));
    }
    for table in others {
        error = error.note(format!("`{table}` is there, without the columns that it should have"));
    }
    for found in found {
        error = error.note(format!("there is `{}` of {}", found.tool.table(), found.tool));
    }
    error
        .help("see that this is the database, and the schema, that the tool has migrated")
        .help("or say where the database is: `stamp REVISION`")
}

pub(super) fn several(found: &[Found]) -> Error {
    let tables = found.iter().map(|found| found.tool.table());
    let error = refused(format!("there are the tables of several tools: {}", listed(tables)));
    found.iter().fold(error, |error, found| {
        error.help(format!("`adopt --from {}` takes `{}`", found.tool, found.tool.table()))
    })
}

pub(super) fn trouble(chain: &Chain, old: &OldTable, trouble: &Trouble<'_>) -> Error {
    let (tool, table) = (old.tool, old.tool.table());
    match trouble {
        Trouble::Failed(versions) => Error::new(
            ErrorKind::Unfinished,
            format!("`{table}` says that {} failed, or is running", some(versions)),
        )
        .note("how far it came is not known, so neither is where the database is")
        .help(match tool {
            Tool::GolangMigrate => String::from(
                "let it finish; or mend the database by hand, say so with `migrate force VERSION`, and adopt then",
            ),
            Tool::Flyway => String::from(
                "let it finish; or undo by hand what it did, run `flyway repair`, and adopt then",
            ),
            _ => format!(
                "let it finish; or finish or undo it by hand, correct its row in `{table}`, and adopt then"
            ),
        }),
        Trouble::Unknown(versions) => Error::new(
            ErrorKind::Unknown,
            format!("{tool} has applied {} here, which this chain does not have", some(versions)),
        )
        .note(format!("`{table}` names the version of each of its migrations, and no revision has this id"))
        .help("import the files that the database was migrated with: `cargo migrate import DIR`")
        .help(format!("or, if nothing is left of them, remove their rows from `{table}`, and adopt then")),
        Trouble::Ambiguous { version, revisions } => {
            let ids = revisions.iter().map(|&index| chain.revisions()[index].id());
            refused(format!("`{version}` of `{table}` can be any of the revisions {}", listed(ids)))
                .note(format!("to {tool} they are one version"))
                .help("give the revision that is not its another id")
        }
    }
}

/// The tracking table says something already, and not this.
pub(super) fn begun(chain: &Chain, old: &OldTable, missing: &[usize]) -> Error {
    refused(format!(
        "revisions of this chain are recorded here already, but not all that {} has applied",
        old.tool
    ))
    .note(format!("only in `{}`: {}", old.tool.table(), listed_some(&ids(chain, missing))))
    .note("a database is adopted once, before the first `up`")
    .help("see `status`; `stamp REVISION` records what the database has beyond that")
}

/// Revisions that are not applied come before ones that are; `heads` are the last of them all.
pub(super) fn holes(chain: &Chain, old: &OldTable, holes: &[usize], heads: &[RevisionId]) -> Error {
    let (tool, ids) = (old.tool, ids(chain, holes));
    let first = &chain.revisions()[holes[0]];
    let one = match &ids[..] {
        [id] => format!("`{id}`"),
        ids => counted(ids),
    };
    Error::new(
        ErrorKind::Gap,
        format!("{tool} has not applied {one}, and has applied revisions that come after"),
    )
    .revision_named(first.id(), Some(first.path()))
    .note(format!("not in `{}`: {}", tool.table(), listed_some(&ids)))
    .note("a chain has an order: a revision is applied only after those that it follows")
    .help(format!("apply what is missing with {tool} once more, if it does that, and adopt then"))
    .help(format!(
        "or, if the database has all the same what they do, record that: `{}`",
        stamp(heads)
    ))
    .help(
        "or let them come last: correct the `revises` lines, so that what follows them follows what is \
         before them, and they follow the head; then `cargo migrate check`, and adopt",
    )
}

pub(super) fn differing(
    old: &OldTable,
    differing: &[Differing<'_>],
    heads: &[RevisionId],
) -> Error {
    const MOST: usize = 5;
    let (tool, table) = (old.tool, old.tool.table());
    let says = |it: &Differing<'_>| {
        format!("its checksum is {}, and `{table}` has {}", it.computed, it.recorded)
    };
    let first = &differing[0];
    let mut error = Error::new(
        ErrorKind::Edited,
        format!(
            "the text of revision `{}` is not the one that {tool} has applied",
            first.revision.id()
        ),
    )
    .revision_named(first.revision.id(), Some(first.revision.path()))
    .note(says(first));
    for other in differing.iter().skip(1).take(MOST) {
        let (id, path) = (other.revision.id(), other.revision.path());
        error = error.note(format!("neither is that of `{id}` ({path}): {}", says(other)));
    }
    if let Some(more @ 1..) = differing.len().checked_sub(MOST + 1) {
        error = error.note(format!("and {more} more"));
    }
    error.help("restore the text below `-- migrate:up`, comments and white space included").help(
        format!("or, if the database is as the file says it now, record that: `{}`", stamp(heads)),
    )
}

/// What records the same without looking at the table.
fn stamp(heads: &[RevisionId]) -> String {
    let heads: Vec<&str> = heads.iter().map(RevisionId::as_str).collect();
    format!("stamp {}", heads.join(" "))
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::OtherTool, message)
}

fn ids<'c>(chain: &'c Chain, indices: &[usize]) -> Vec<&'c RevisionId> {
    indices.iter().map(|&index| chain.revisions()[index].id()).collect()
}

fn some(versions: &[&str]) -> String {
    const MOST: usize = 10;
    match versions.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {more} more", listed(&versions[..MOST])),
        _ => listed(versions),
    }
}
