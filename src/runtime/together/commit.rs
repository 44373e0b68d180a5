//! Making a part permanent, and settling what an earlier run left between the two phases.
//!
//! The transactions of several databases are committed one after the other; in two phases, all but one are
//! prepared first, and that one decides (`two_phase`).

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use super::{FailedAt, Together, at};
use crate::dialect::Dialect;
use crate::runtime::connection::Ending;
use crate::runtime::error::{DatabaseState, Error};
use crate::runtime::job::Job;
use crate::runtime::run::Run;
use crate::runtime::two_phase::{Group, PreparedTransaction};

impl<'a> Together<'_, 'a, '_> {
    /// Runs the steps of a part on each database, and commits them on the one that is returned: until then all
    /// can be undone.
    pub(super) async fn attempt(
        &mut self,
        members: &[usize],
        jobs: &[Vec<Job<'a>>],
    ) -> Result<usize, FailedAt> {
        let ending = if members.len() == 1 { Ending::Commit } else { Ending::Hold };
        for (&which, jobs) in members.iter().zip(jobs) {
            self.runs[which].attempt(jobs, ending).await.map_err(at(which))?;
        }
        let first = members[0];
        if ending == Ending::Commit {
            return Ok(first);
        }
        if self.is_two_phase {
            let decided = self.decide(members).await;
            return decided.map_err(|FailedAt { which, error }| {
                let place = members.iter().position(|&member| member == which);
                match place.map(|place| &jobs[place][..]) {
                    Some([job]) => {
                        FailedAt { which, error: error.revision_named(&job.id, job.path) }
                    }
                    _ => FailedAt { which, error },
                }
            });
        }
        self.runs[first].commit().await.map_err(at(first))?;
        Ok(first)
    }

    /// Commits the other databases of the part, after the `first`.
    pub(super) async fn commit_others(
        &mut self,
        first: usize,
        members: &[usize],
        jobs: Vec<Vec<Job<'a>>>,
    ) -> Result<(), FailedAt> {
        self.is_committing.store(members.len() > 1, Ordering::Relaxed);
        let mut each: Vec<_> = members.iter().copied().zip(jobs).collect();
        each.sort_by_key(|(which, _)| *which != first);
        let mut failed = None;
        for (which, jobs) in each {
            let run = &mut self.runs[which];
            if which != first
                && let Err(error) = run.commit().await
            {
                failed.get_or_insert(FailedAt { which, error });
                // What is prepared is to be committed, whatever became of the others.
                if self.is_two_phase {
                    continue;
                }
                break;
            }
            run.committed(jobs);
        }
        self.is_committing.store(false, Ordering::Relaxed);
        failed.map_or(Ok(()), Err)
    }

    /// Prepares all transactions of a part but one, and commits that one.
    async fn decide(&mut self, members: &[usize]) -> Result<usize, FailedAt> {
        let cannot_prepare =
            |&&which: &&usize| self.runs[which].connection.dialect() != Dialect::Postgres;
        let decider = members.iter().find(cannot_prepare).copied().unwrap_or(members[0]);
        let group = match self.prepare(decider, members).await {
            Ok(group) => group,
            Err(failed) => {
                self.withdraw(members).await;
                return Err(failed);
            }
        };
        // The answer may be lost, so from here on only the deciding database knows.
        for &which in members {
            self.runs[which].connection.deciding();
        }
        let Err(error) = self.runs[decider].commit().await else { return Ok(decider) };
        if matches!(error.state(), Some(DatabaseState::Uncertain { .. })) {
            return Err(FailedAt { which: decider, error });
        }
        // Not every error says that nothing was committed: a server may find out that it was to stop a statement
        // when that is done.
        match self.has_committed(decider, &group).await {
            Ok(true) => {
                let says = error.message();
                let text = format!("{says}; its tables say that it is committed all the same");
                self.runs[decider].warn(text);
                Ok(decider)
            }
            Ok(false) => {
                for &which in members {
                    self.runs[which].connection.decided_against();
                }
                self.withdraw(members).await;
                Err(FailedAt { which: decider, error })
            }
            Err(why) => {
                let error = error.note(why.message());
                let state = DatabaseState::Uncertain { revisions: Vec::new() };
                Err(FailedAt { which: decider, error: error.leaving(state) })
            }
        }
    }

    /// Whether the transaction that decides is committed, though its commit has failed.
    async fn has_committed(&mut self, decider: usize, group: &Group) -> Result<bool, Error> {
        let run = &mut self.runs[decider];
        run.connection.rollback().await?;
        run.connection.reads_decision(run.request.settings, group).await
    }

    /// Writes the decision down, which is none before its commit, and prepares the others.
    async fn prepare(&mut self, decider: usize, members: &[usize]) -> Result<Group, FailedAt> {
        let others = || members.iter().copied().filter(|&which| which != decider);
        let mut called = String::new();
        for which in others() {
            let Run { connection, request, .. } = &mut self.runs[which];
            let place = connection.lasting_place(request.settings).await.map_err(at(which))?;
            let name = request.options.database.as_deref().unwrap_or_default();
            let _ = writeln!(called, "{place:08x} {name}");
        }
        let run = &mut self.runs[decider];
        let (settings, options) = (run.request.settings, run.request.options);
        let name = options.database.as_deref().unwrap_or_default();
        let place = run.connection.lasting_place(settings).await.map_err(at(decider))?;
        let group = Group::new(name, place);
        run.connection.write_decision(settings, &group, &called).await.map_err(at(decider))?;
        for which in others() {
            let prepared = self.runs[which].connection.prepare(settings, &group, which).await;
            prepared.map_err(at(which))?;
        }
        Ok(group)
    }

    /// Undoes what is open or prepared, at once: what cannot be undone now has to be told.
    async fn withdraw(&mut self, members: &[usize]) {
        for &which in members {
            // The first error is the one to tell; the connection knows what is left.
            drop(self.runs[which].connection.rollback().await);
        }
    }

    /// Whether an earlier run has left a prepared transaction, or one at work has it now.
    pub(super) async fn has_prepared(&mut self) -> Result<bool, FailedAt> {
        for (which, run) in self.runs.iter_mut().enumerate() {
            let (settings, options) = (run.request.settings, run.request.options);
            let prepared = run.connection.prepared(settings, options).await.map_err(at(which))?;
            if !prepared.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Commits or undoes what an earlier run has left prepared; under the locks of all databases, so that no
    /// run is about to decide.
    pub(super) async fn settle_prepared(&mut self) -> Result<(), FailedAt> {
        for which in 0..self.runs.len() {
            let run = &mut self.runs[which];
            let (settings, options) = (run.request.settings, run.request.options);
            let left = run.connection.prepared(settings, options).await.map_err(at(which))?;
            for transaction in &left {
                let is_commit = self.decision(which, transaction).await?;
                let run = &mut self.runs[which];
                let ended = run.connection.end_prepared(&transaction.name, is_commit).await;
                ended.map_err(at(which))?;
                run.settled(is_commit);
                let (at, decider) = (&transaction.at, transaction.decider());
                let (done, has) =
                    if is_commit { ("committed", "has") } else { ("undone", "has not") };
                run.warn(format!(
                    "a transaction that a run had prepared at {at} and left behind was {done}, since `{decider}` \
                     {has} committed its part"
                ));
            }
        }
        Ok(())
    }

    /// What the database that decides says about a transaction that is prepared in another one.
    async fn decision(
        &mut self,
        which: usize,
        transaction: &PreparedTransaction,
    ) -> Result<bool, FailedAt> {
        let group = &transaction.group;
        let name = |run: &Run<'_, 'a, '_>| run.request.options.database.as_deref();
        let found = self.runs.iter().position(|run| name(run) == Some(transaction.decider()));
        let Some(found) = found else {
            let here = self.runs[which].request.options.database.as_deref();
            return Err(FailedAt { which, error: transaction.undecided(here) });
        };
        let run = &mut self.runs[found];
        let (settings, options) = (run.request.settings, run.request.options);
        let place = run.connection.lasting_place(settings).await.map_err(at(found))?;
        if place != group.place {
            return Err(FailedAt { which, error: transaction.elsewhere() });
        }
        run.connection.has_decided(settings, options, group).await.map_err(at(found))
    }
}
