//! What the rows of another tool's table mean together: which revisions of the chain are applied.
//!
//! Pure. The rules are the tools' own: golang-migrate keeps the last version only, Alembic its heads; goose and
//! Flyway write a new row when a version is undone; Flyway's baseline stands for all versions up to its own.

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};

use super::table::{OldRow, OldTable, Standing};
use crate::chain::Chain;
use crate::tool::Tool;

/// The revisions that a table says are applied, by their place in the chain, each with its row if it has one.
pub(super) type Applied<'t> = BTreeMap<usize, Option<&'t OldRow>>;

/// Why a table cannot be understood with this chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble<'t> {
    /// These versions failed, or run at this moment.
    Failed(Vec<&'t str>),
    /// The chain has no revision of these versions.
    Unknown(Vec<&'t str>),
    /// The chain has several revisions that may be this version.
    Ambiguous { version: &'t str, revisions: Vec<usize> },
}

/// Which revisions are applied.
pub(super) fn applied<'t>(chain: &Chain, table: &'t OldTable) -> Result<Applied<'t>, Trouble<'t>> {
    let failed: Vec<&str> = table
        .rows
        .iter()
        .filter(|row| row.standing == Standing::Failed)
        .map(|row| row.version.as_deref().unwrap_or("(no version)"))
        .collect();
    if !failed.is_empty() {
        return Err(Trouble::Failed(failed));
    }
    let tool = table.tool;
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, revision) in chain.revisions().iter().enumerate() {
        places.entry(tool.identity(revision.id().as_str())).or_default().push(index);
    }
    let mut applied = Applied::new();
    let mut unknown = Vec::new();
    for (identity, row) in standing(table) {
        let version = row.version.as_deref().unwrap_or_default();
        if is_baseline(tool, row) {
            let is_covered = |place: &(&String, &Vec<usize>)| {
                let is_version =
                    |index: &usize| is_of_parts(chain.revisions()[*index].id().as_str());
                *place.0 <= identity && place.1.iter().all(is_version)
            };
            let covered = places.iter().filter(is_covered).flat_map(|(_, indices)| indices);
            covered.for_each(|&index| _ = applied.entry(index).or_insert(Some(row)));
            continue;
        }
        match places.get(&identity).map(Vec::as_slice) {
            None | Some([]) => unknown.push(version),
            Some(&[index]) => {
                applied.insert(index, Some(row));
                if matches!(tool, Tool::GolangMigrate | Tool::Alembic) {
                    add_ancestors(chain, index, &mut applied);
                }
            }
            Some(several) => {
                return Err(Trouble::Ambiguous { version, revisions: several.to_vec() });
            }
        }
    }
    if unknown.is_empty() { Ok(applied) } else { Err(Trouble::Unknown(unknown)) }
}

/// How many of the tool's migrations have no version, and so no revision.
pub(super) fn without_version(table: &OldTable) -> usize {
    let is_marker = |row: &&OldRow| row.detail.as_deref() == Some("SCHEMA");
    table.rows.iter().filter(|row| row.version.is_none() && !is_marker(row)).count()
}

/// The rows of the versions that are applied, in the tool's order, with what tells one from another.
fn standing(table: &OldTable) -> Vec<(String, &OldRow)> {
    let tool = table.tool;
    let mut rows: Vec<(String, &OldRow)> = Vec::new();
    for row in &table.rows {
        let Some(version) = row.version.as_deref() else { continue };
        // goose and golang-migrate have a version before the first one.
        let is_none = match tool {
            Tool::Goose => version == "0",
            Tool::GolangMigrate => version.starts_with('-'),
            _ => false,
        };
        if is_none {
            continue;
        }
        let identity = tool.identity(version);
        rows.retain(|(other, _)| *other != identity);
        if !is_undone(tool, row) {
            rows.push((identity, row));
        }
    }
    rows
}

fn is_undone(tool: Tool, row: &OldRow) -> bool {
    let kind = row.detail.as_deref().unwrap_or_default();
    row.standing == Standing::Undone
        || tool == Tool::Flyway && (kind.starts_with("UNDO") || kind == "DELETE")
}

fn is_baseline(tool: Tool, row: &OldRow) -> bool {
    tool == Tool::Flyway && row.detail.as_deref().is_some_and(|kind| kind.ends_with("BASELINE"))
}

/// Whether an id is a version of Flyway's.
fn is_of_parts(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// What the revision at `index` follows and depends on, and all before that.
fn add_ancestors(chain: &Chain, index: usize, applied: &mut Applied<'_>) {
    let mut stack = vec![index];
    while let Some(index) = stack.pop() {
        for before in chain.before(index) {
            if let Entry::Vacant(place) = applied.entry(before) {
                place.insert(None);
                stack.push(before);
            }
        }
    }
}

/// The revisions that applied ones follow or depend on, and that are not applied themselves.
pub(super) fn holes(chain: &Chain, applied: &Applied<'_>) -> Vec<usize> {
    let mut closed = applied.clone();
    for &index in applied.keys() {
        add_ancestors(chain, index, &mut closed);
    }
    closed.into_keys().filter(|index| !applied.contains_key(index)).collect()
}
