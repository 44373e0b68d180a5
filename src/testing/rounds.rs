//! Up, down and up again, revision by revision, and all the way down at the end.

use std::collections::{BTreeSet, HashSet};

use futures_util::future::BoxFuture;

use super::report::{CheckError, CheckReport, CheckedDatabase, Finding, FindingKind, SchemaChange};
use super::scratch::Scratch;
use crate::chain::{Direction, Revision, RevisionId};
use crate::dialect::Variant;
use crate::runtime::{Configured, Error, ErrorKind, describe, walk};

/// What a database says of its schema, in a fixed order.
type Schema = BTreeSet<String>;

/// The future has no type of its own, so that it is not compiled again in every user's test.
pub(super) fn check<'a>(
    configured: Configured<'a>,
    server: Option<&'a str>,
) -> BoxFuture<'a, Result<CheckReport, CheckError>> {
    Box::pin(async move {
        let scratch = Scratch::create(server).await?;
        let dialect = scratch.site().dialect();
        let chain = configured.migrator.chain()?;
        let mut variants: Vec<&Variant> =
            chain.variants().iter().filter(|variant| variant.dialect == dialect).collect();
        if let Some(name) = &configured.options.database {
            variants.retain(|variant| variant.database.as_ref() == Some(name));
        }
        if variants.is_empty() {
            // The run has the right words for what is not there.
            walk(&configured, scratch.url(), Direction::Up, &HashSet::new()).await?;
        }
        let mut databases = Vec::new();
        let mut findings = Vec::new();
        for (index, variant) in variants.into_iter().enumerate() {
            if index > 0 {
                scratch.renew().await?;
            }
            let mut configured = configured.clone();
            configured.options.database.clone_from(&variant.database);
            let mut check = Check {
                configured: &configured,
                scratch: &scratch,
                variant,
                checked: CheckedDatabase {
                    variant: variant.clone(),
                    reversible: Vec::new(),
                    irreversible: Vec::new(),
                    descended: 0,
                },
                changes: Vec::new(),
                findings: Vec::new(),
            };
            check.run(chain.revisions()).await?;
            databases.push(check.checked);
            findings.append(&mut check.findings);
        }
        if findings.is_empty() {
            Ok(CheckReport { databases })
        } else {
            Err(CheckError::Findings(findings))
        }
    })
}

struct Check<'c> {
    configured: &'c Configured<'c>,
    scratch: &'c Scratch,
    variant: &'c Variant,
    checked: CheckedDatabase,
    /// What each revision did to the schema, in the order of `up`.
    changes: Vec<SchemaChange>,
    findings: Vec<Finding>,
}

/// How it went to undo a revision and to apply it again.
enum Way {
    Back,
    Irreversible,
    Elsewhere(FindingKind),
}

impl Check<'_> {
    async fn run(&mut self, revisions: &[Revision]) -> Result<(), Error> {
        let mut before = self.schema().await?;
        for (index, revision) in revisions.iter().enumerate() {
            self.walk(Direction::Up, [revision]).await?;
            let after = self.schema().await?;
            self.changes.push(change(&before, &after));
            match self.there_and_back(revision, &before, &after).await? {
                Way::Back => self.checked.reversible.push(revision.id().clone()),
                Way::Irreversible => self.checked.irreversible.push(revision.id().clone()),
                Way::Elsewhere(kind) => {
                    self.find(revision, kind);
                    // What it has left must not be held against those that follow.
                    self.scratch.renew().await?;
                    self.walk(Direction::Up, &revisions[..=index]).await?;
                }
            }
            before = after;
        }
        if self.findings.is_empty() {
            self.descend(revisions, before).await?;
        }
        Ok(())
    }

    async fn there_and_back(
        &self,
        revision: &Revision,
        before: &Schema,
        after: &Schema,
    ) -> Result<Way, Error> {
        if revision.header().irreversible.is_some() {
            return Ok(Way::Irreversible);
        }
        match self.walk(Direction::Down, [revision]).await {
            Ok(()) => {}
            // A revision in Rust says it by itself.
            Err(error) if error.kind() == ErrorKind::Irreversible => return Ok(Way::Irreversible),
            Err(error) => return its_own(error).map(FindingKind::DownFails).map(Way::Elsewhere),
        }
        let down = self.schema().await?;
        if down != *before {
            return Ok(Way::Elsewhere(FindingKind::DownLeadsElsewhere(change(before, &down))));
        }
        if let Err(error) = self.walk(Direction::Up, [revision]).await {
            return its_own(error).map(FindingKind::UpAgainFails).map(Way::Elsewhere);
        }
        let again = self.schema().await?;
        if again != *after {
            return Ok(Way::Elsewhere(FindingKind::UpAgainLeadsElsewhere(change(after, &again))));
        }
        Ok(Way::Back)
    }

    /// All the way down, one revision at a time, and up again at once: with what the later ones have
    /// left in the tables, the earlier downs may fare otherwise.
    async fn descend(&mut self, revisions: &[Revision], top: Schema) -> Result<(), Error> {
        let mut expected = top.clone();
        for (index, revision) in revisions.iter().enumerate().rev() {
            if self.checked.irreversible.contains(revision.id()) {
                break;
            }
            if let Err(error) = self.walk(Direction::Down, [revision]).await {
                let kind = FindingKind::DownFails(its_own(error)?);
                self.find(revision, kind);
                return Ok(());
            }
            let SchemaChange { added, removed } = &self.changes[index];
            expected.retain(|line| !added.contains(line));
            expected.extend(removed.iter().cloned());
            let found = self.schema().await?;
            if found != expected {
                self.find(revision, FindingKind::DownLeadsElsewhere(change(&expected, &found)));
                return Ok(());
            }
            self.checked.descended += 1;
        }
        let undone = &revisions[revisions.len() - self.checked.descended..];
        let Some(last) = undone.last() else { return Ok(()) };
        if let Err(error) = self.walk(Direction::Up, undone).await {
            let error = its_own(error)?;
            let failed = undone.iter().find(|it| Some(it.id()) == error.revision()).unwrap_or(last);
            self.find(failed, FindingKind::UpAgainFails(error));
            return Ok(());
        }
        let found = self.schema().await?;
        if found != top {
            self.find(last, FindingKind::UpAgainLeadsElsewhere(change(&top, &found)));
        }
        Ok(())
    }

    async fn walk<'r>(
        &self,
        direction: Direction,
        revisions: impl IntoIterator<Item = &'r Revision>,
    ) -> Result<(), Error> {
        let only: HashSet<RevisionId> = revisions.into_iter().map(|it| it.id().clone()).collect();
        walk(self.configured, self.scratch.url(), direction, &only).await.map(drop)
    }

    async fn schema(&self) -> Result<Schema, Error> {
        Ok(describe(self.configured, self.scratch.url()).await?.into_iter().collect())
    }

    fn find(&mut self, revision: &Revision, kind: FindingKind) {
        self.findings.push(Finding {
            revision: revision.id().clone(),
            path: revision.path().to_owned(),
            description: revision.header().message,
            variant: self.variant.clone(),
            kind,
        });
    }
}

/// The error again, if it is one of a revision's; any other ends the check.
fn its_own(error: Error) -> Result<Error, Error> {
    if error.revision().is_some() { Ok(error) } else { Err(error) }
}

fn change(from: &Schema, to: &Schema) -> SchemaChange {
    SchemaChange {
        added: to.difference(from).cloned().collect(),
        removed: from.difference(to).cloned().collect(),
    }
}
