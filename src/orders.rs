//! Whether branches can be applied in any order: they are tried, on databases in memory.
//!
//! Databases that took one branch first and databases that took the other first must end alike, and
//! no rule about the texts can say whether they do. So a merge is tried before it is written: what
//! the branches share is applied once, then copies of that database get the branches in different
//! orders, and what they have become is compared: every object of the schema by its text, and the
//! rows of every ordinary table.
//!
//! Two branches are tried in both orders; of more, each comes first once and the others follow as
//! they are given. Last comes the order in which `up` takes all of it, where file names mix the
//! branches. Only `SQLite` can be had for nothing, so only what
//! a chain does there is tried. Nothing outside the memory is touched: a revision that attaches or
//! writes a file is not run.

mod finding;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sqlx::sqlite::{SqliteConnectOptions, SqliteOwnedBuf};
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::chain::baked::Settings;
use crate::chain::{Anchor, Chain, Direction, Kind, Plan, PlanError, Revision, RevisionId, Target};
use crate::diagnostic::Sources;
use crate::dialect::{Dialect, Variant};
use crate::runtime::{Error, Migrator, Options};
use crate::script::Script;
use crate::sql;
use finding::Order;
use snapshot::{Object, Snapshot};

pub(crate) use finding::{Finding, Untried};

/// What was found out about some branches in one variant of the chain.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The named database, where the chain declares any.
    pub(crate) database: Option<String>,
    /// Where the orders differ; nothing if every order leads to the same database.
    pub(crate) findings: Vec<Finding>,
}

/// Tries the branches that end in `heads`, once for each database of the chain on `SQLite`.
pub(crate) async fn compare(
    chain: &Chain,
    settings: &Settings,
    heads: &[RevisionId],
) -> Result<Vec<Trial>, Untried> {
    let is_sqlite = |variant: &&Variant| variant.dialect == Dialect::Sqlite;
    let Ok(branches) = Branches::of(chain, heads) else { return Ok(Vec::new()) };
    if let Some(schema) = settings.schema.as_deref().filter(|schema| *schema != "main")
        && chain.variants().iter().any(|variant| is_sqlite(&variant))
    {
        return Err(Untried::Schema(schema.to_owned()));
    }
    let migrator = Migrator::new(branches.chain.clone(), settings.clone());
    let mut trials = Vec::new();
    for variant in chain.variants().iter().filter(is_sqlite) {
        branches.refuse_reaching(variant)?;
        let scratch = Scratch { migrator: &migrator, settings, variant };
        let findings = branches.run(&scratch).await?;
        trials.push(Trial { database: variant.database.clone(), findings });
    }
    Ok(trials)
}

fn at(id: &RevisionId) -> Target {
    Target::at(Anchor::Name(id.to_string()))
}

fn steps(
    chain: &Chain,
    applied: &HashSet<RevisionId>,
    target: &Target,
) -> Result<Vec<RevisionId>, PlanError> {
    let plan = Plan::up(chain, applied, target)?;
    Ok(plan.steps.into_iter().map(|step| step.revision).collect())
}

/// A part of a chain that holds all ancestors of what it holds.
fn part(chain: &Chain, holds: impl Fn(&RevisionId) -> bool) -> Chain {
    let mut places: Vec<Option<usize>> = Vec::with_capacity(chain.len());
    let mut revisions: Vec<Revision> = Vec::new();
    for revision in chain.revisions() {
        if !holds(revision.id()) {
            places.push(None);
            continue;
        }
        let moved = |all: &[usize]| all.iter().filter_map(|&index| places[index]).collect();
        let (parents, dependencies) = (moved(&revision.parents), moved(&revision.dependencies));
        places.push(Some(revisions.len()));
        revisions.push(Revision { parents, dependencies, ..revision.clone() });
    }
    Chain::new(revisions, chain.variants().to_vec())
}

/// What there is to apply, and in which orders.
struct Branches {
    /// The branches and what comes before them, and nothing else.
    chain: Chain,
    /// The ends of what the branches share.
    shared: Vec<Target>,
    orders: Vec<Order>,
}

impl Branches {
    fn of(chain: &Chain, heads: &[RevisionId]) -> Result<Self, PlanError> {
        let lines = heads
            .iter()
            .map(|head| Ok(steps(chain, &HashSet::new(), &at(head))?.into_iter().collect()))
            .collect::<Result<Vec<HashSet<RevisionId>>, PlanError>>()?;
        let chain = part(chain, |id| lines.iter().any(|line| line.contains(id)));
        let is_shared = |revision: &&Revision| lines.iter().all(|it| it.contains(revision.id()));
        let shared: Vec<&Revision> = chain.revisions().iter().filter(is_shared).collect();
        let before: HashSet<&RevisionId> = shared
            .iter()
            .flat_map(|revision| chain.parents(revision).chain(chain.dependencies(revision)))
            .map(Revision::id)
            .collect();
        let ends = shared.iter().map(|revision| revision.id()).filter(|id| !before.contains(id));
        let ends = ends.map(at).collect();
        let shared: HashSet<RevisionId> = shared.iter().map(|it| it.id().clone()).collect();

        let each_first = heads.iter().map(|head| Order {
            first: Some(head.clone()),
            targets: std::iter::once(head)
                .chain(heads.iter().filter(|other| *other != head))
                .map(at)
                .collect(),
        });
        let mixed = Order { first: None, targets: vec![Target::HEADS] };
        let mut seen = HashSet::new();
        let mut orders = Vec::new();
        for order in each_first.chain([mixed]) {
            let mut applied = shared.clone();
            let mut all = Vec::new();
            for target in &order.targets {
                let found = steps(&chain, &applied, target)?;
                applied.extend(found.iter().cloned());
                all.extend(found);
            }
            if seen.insert(all) {
                orders.push(order);
            }
        }
        Ok(Self { chain, shared: ends, orders })
    }

    /// Refuses what would not stay in memory, or cannot be run from here.
    fn refuse_reaching(&self, variant: &Variant) -> Result<(), Untried> {
        for revision in self.chain.revisions() {
            if revision.kind() == Kind::Rust {
                return Err(Untried::Rust(revision.id().clone()));
            }
            let file = Sources::new().add("", "");
            let (script, _) = Script::parse(revision.kind(), revision.text(), file);
            let statements = script.statements(Direction::Up, variant);
            if statements.iter().any(|statement| reaches(statement.sql)) {
                return Err(Untried::Reaches(revision.id().clone()));
            }
        }
        Ok(())
    }

    async fn run(&self, scratch: &Scratch<'_>) -> Result<Vec<Finding>, Untried> {
        let mut connection = open().await?;
        for end in &self.shared {
            let applied = scratch.up(&mut connection, end).await;
            applied.map_err(|error| Untried::Shared(told(&error)))?;
        }
        let start = match self.shared[..] {
            [] => None,
            _ => Some(connection.serialize(None).await?.to_vec()),
        };
        let mut findings = Vec::new();
        let mut ends: Vec<(Order, Snapshot)> = Vec::new();
        for order in &self.orders {
            match scratch.after(start.as_deref(), order).await? {
                Ok(end) => ends.push((order.clone(), end)),
                Err(error) => {
                    findings.push(Finding::Fails { order: order.clone(), error: told(&error) });
                }
            }
        }
        findings.extend(schema(&ends));
        let mut rows = rows(&ends);
        // What differs between two runs of the same order (a time, a random number) says nothing.
        if !rows.is_empty()
            && let Some((order, end)) = ends.first()
            && let Ok(again) = scratch.after(start.as_deref(), order).await?
        {
            let same = |table: &str| end.rows.get(table) == again.rows.get(table);
            rows.retain(|finding| match finding {
                Finding::Rows { table, counts } => {
                    same(table) || counts.iter().any(|(_, count)| *count != counts[0].1)
                }
                _ => true,
            });
        }
        findings.extend(rows);
        Ok(findings)
    }
}

/// A migrator for databases that nobody will see.
struct Scratch<'a> {
    migrator: &'a Migrator,
    settings: &'a Settings,
    variant: &'a Variant,
}

impl Scratch<'_> {
    async fn up(&self, connection: &mut SqliteConnection, target: &Target) -> Result<(), Error> {
        let mut options = Options::new();
        if let Some(database) = &self.variant.database {
            options = options.database(database);
        }
        self.migrator.with(options).up_to(connection, target).await.map(|_| ())
    }

    /// What the database has become in this order, or where it fails.
    async fn after(
        &self,
        start: Option<&[u8]>,
        order: &Order,
    ) -> Result<Result<Snapshot, Error>, Untried> {
        let mut connection = open().await?;
        if let Some(start) = start {
            let copy = SqliteOwnedBuf::try_from(start)?;
            connection.deserialize(None, copy, false).await?;
        }
        for target in &order.targets {
            if let Err(error) = self.up(&mut connection, target).await {
                return Ok(Err(error));
            }
        }
        Ok(Ok(Snapshot::of(&mut connection, &self.settings.table).await?))
    }
}

async fn open() -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().connect().await
}

/// An error without what it says about the database, which is gone.
fn told(error: &Error) -> String {
    let message = error.message();
    match (error.path(), error.position()) {
        (Some(path), Some(position)) => format!("{message} ({path}:{position})"),
        (Some(path), None) => format!("{message} ({path})"),
        _ => message.to_owned(),
    }
}

/// Whether a statement opens or writes another file than its database's.
fn reaches(statement: &str) -> bool {
    let mut words = sql::tokens(Dialect::Sqlite, statement).map(|token| token.text);
    let Some(first) = words.next() else { return false };
    first.eq_ignore_ascii_case("attach")
        || (first.eq_ignore_ascii_case("vacuum")
            && words.any(|word| word.eq_ignore_ascii_case("into")))
}

fn schema(ends: &[(Order, Snapshot)]) -> Vec<Finding> {
    let objects: BTreeSet<&Object> = ends.iter().flat_map(|(_, end)| end.objects.keys()).collect();
    let findings = objects.into_iter().filter_map(|object| {
        let texts = groups(ends, |end| end.objects.get(object).cloned())?;
        Some(Finding::Schema { object: object.clone(), texts })
    });
    findings.collect()
}

fn rows(ends: &[(Order, Snapshot)]) -> Vec<Finding> {
    let tables: BTreeSet<&String> = ends.iter().flat_map(|(_, end)| end.rows.keys()).collect();
    let findings = tables.into_iter().filter_map(|table| {
        // A table that is not everywhere is a finding of its own already.
        if ends.iter().any(|(_, end)| !end.rows.contains_key(table)) {
            return None;
        }
        let groups = groups(ends, |end| end.rows.get(table).cloned())?;
        let counts = groups.into_iter().filter_map(|(orders, rows)| Some((orders, rows?.count)));
        Some(Finding::Rows { table: table.clone(), counts: counts.collect() })
    });
    findings.collect()
}

/// The orders by what they lead to, in the order of the first of each; `None` if all lead to the same.
fn groups<T: Ord + Clone>(
    ends: &[(Order, Snapshot)],
    part: impl Fn(&Snapshot) -> Option<T>,
) -> Option<Vec<(Vec<Order>, Option<T>)>> {
    let mut place: BTreeMap<Option<T>, usize> = BTreeMap::new();
    let mut groups: Vec<(Vec<Order>, Option<T>)> = Vec::new();
    for (order, end) in ends {
        let part = part(end);
        let index = *place.entry(part.clone()).or_insert(groups.len());
        if index == groups.len() {
            groups.push((Vec::new(), part));
        }
        groups[index].0.push(order.clone());
    }
    (groups.len() > 1).then_some(groups)
}

#[cfg(test)]
mod tests;
