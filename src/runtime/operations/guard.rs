//! Running a revision in Rust, and proving afterwards that its transaction is still the same.
//!
//! The proof is a savepoint that is set before it and released after it: it is gone with the transaction
//! that it was set in, whoever ended that and by what means, and no transaction that was begun since
//! then has it.

use std::any::Any;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, Location};

use futures_util::FutureExt as _;

use super::failure::{Cause, RevisionError, words};
use super::revision::Step;
use super::{Operations, Raw, Surroundings};
use crate::chain::Direction;
use crate::runtime::connection::{Connection, Driver, Failed};
use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::job::{Job, RELEASE_OUTER_SAVEPOINT};
use crate::runtime::options::Options;

/// Goes back to what `OUTER_SAVEPOINT` has set.
pub(super) const RETURN: &str = "ROLLBACK TO SAVEPOINT cargo_migrate_revision";

impl Connection<'_> {
    /// Runs a revision in the open transaction, which is still open afterwards, or is said not to be.
    pub(crate) async fn operate_guarded(
        &mut self,
        job: &Job<'_>,
        step: Step,
        options: &Options,
    ) -> Result<(), Error> {
        self.open_guard().await?;
        let Err(error) = self.operate(job, step, options, true).await else {
            let Err(error) = self.say(RELEASE_OUTER_SAVEPOINT).await else { return Ok(()) };
            return Err(match self.say(RETURN).await {
                Ok(()) => self.swallowed(job, error),
                Err(_) => self.ended(job, error),
            });
        };
        let is_known = matches!(error.state(), Some(DatabaseState::Uncertain { .. }));
        if is_known || self.say(RETURN).await.is_ok() {
            return Err(error);
        }
        Err(error
            .note("before that it had ended the transaction that it ran in, or the database had")
            .leaving(DatabaseState::Uncertain { revisions: Vec::new() }))
    }

    /// Runs a revision.
    pub(super) async fn operate(
        &mut self,
        job: &Job<'_>,
        step: Step,
        options: &Options,
        has_transaction: bool,
    ) -> Result<(), Error> {
        let surroundings = Surroundings {
            dialect: self.dialect(),
            revision: &job.id,
            database: options.database.as_deref(),
            observer: options.observer.as_deref(),
            has_transaction,
        };
        let mut operations = Operations { raw: self.raw(), surroundings, temporary: Vec::new() };
        // What the revision holds goes with its future, and the connection reads over what was not
        // read yet of an answer.
        let running = AssertUnwindSafe(async { step(&mut operations).await });
        let result = running.catch_unwind().await;
        let temporary = std::mem::take(&mut operations.temporary);
        drop(operations);
        #[cfg(feature = "mysql")]
        if let Driver::Mysql(driver) = &mut self.driver {
            for sql in &temporary {
                driver.note_temporary(sql);
            }
        }
        drop(temporary);
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.told(job, error)),
            Err(panic) => Err(panicked(job, &*panic)),
        }
    }

    fn raw(&mut self) -> Raw<'_> {
        match &mut self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(driver) => Raw::Sqlite(driver.raw()),
            #[cfg(feature = "postgres")]
            Driver::Postgres(driver) => Raw::Postgres(driver.raw()),
            #[cfg(feature = "mysql")]
            Driver::Mysql(driver) => Raw::Mysql(driver.raw()),
            Driver::Never(never, _) => match *never {},
        }
    }

    /// Sends a statement about the savepoint, and nothing with it.
    pub(super) async fn say(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.raw().send(sql).await.map(|_| ())
    }

    /// An error of the revision, in terms of its file.
    fn told(&self, job: &Job<'_>, error: RevisionError) -> Error {
        let (cause, place) = error.into_parts();
        let error = match cause {
            Cause::Statement(sent) => {
                let Failed { inside, error, .. } = self.statement_failed(sent.error, &sent.sql);
                let error = error.about(&sent.sql).note(shown(&sent.sql, inside));
                match sent.file {
                    Some((file, position)) => error.note(format!("it stands in {file}:{position}")),
                    None => error,
                }
            }
            Cause::Refused(what, help) => {
                let error = Error::new(ErrorKind::Revision, what);
                match help {
                    Some(help) => error.help(help),
                    None => error,
                }
            }
            Cause::Irreversible => return without_down(job),
            Cause::Other(error) => self.explained_other(error),
        };
        let message = format!("revision `{}` failed: {}", job.id, error.message());
        placed(job, error.with_message(message), place)
    }

    fn explained_other(&self, error: Box<dyn StdError + Send + Sync>) -> Error {
        let error = match error.downcast::<sqlx::Error>() {
            Ok(error) => return self.statement_failed(*error, "").error,
            Err(error) => error,
        };
        let error = match error.downcast::<Error>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        let mut told = Error::new(ErrorKind::Revision, words(&*error));
        let mut cause = error.source();
        while let Some(error) = cause {
            told = told.note(format!("caused by: {}", words(error)));
            cause = error.source();
        }
        told.caused_by_any(error)
    }

    /// The revision went on after an error, and `PostgreSQL` does nothing more in such a transaction.
    fn swallowed(&self, job: &Job<'_>, error: sqlx::Error) -> Error {
        let says = self.statement_failed(error, "").error;
        let what = format!("a statement of revision `{}` failed, and it went on", job.id);
        Error::new(ErrorKind::Revision, what)
            .revision_named(&job.id, job.path)
            .on(self.name())
            .note(format!("the server says: {}", says.message()))
            .help("hand the error on with `?`, or set a savepoint before what may fail, and go back to it")
    }

    fn ended(&self, job: &Job<'_>, error: sqlx::Error) -> Error {
        let says = self.statement_failed(error, "").error;
        let is_gone = matches!(says.state(), Some(DatabaseState::Uncertain { .. }));
        if is_gone {
            return says.revision_named(&job.id, job.path);
        }
        let what = format!("revision `{}` ended the transaction that it ran in", job.id);
        Error::new(ErrorKind::Script, what)
            .revision_named(&job.id, job.path)
            .on(self.name())
            .note("what it did may be permanent, without a record")
            .leaving(DatabaseState::Uncertain { revisions: Vec::new() })
            .help("let it end no transaction, or give it `transaction: none`")
    }
}

fn without_down(job: &Job<'_>) -> Error {
    let what = format!("revision `{}` cannot be undone: it has no `down`", job.id);
    Error::new(ErrorKind::Irreversible, what).revision_named(&job.id, job.path)
}

/// Points at the line in the revision's file, or names another one.
fn placed(job: &Job<'_>, error: Error, place: &Location<'_>) -> Error {
    let error = error.revision_named(&job.id, job.path);
    let file = place.file().replace('\\', "/");
    let is_own = job.path.is_some_and(|path| {
        file.strip_suffix(path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    });
    let (line, column) = (place.line() as usize, place.column() as usize);
    if !is_own {
        return error.note(format!("it happened at {file}:{line}:{column}"));
    }
    let start: usize = job.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let of_line = &job.text[start..];
    let inside = of_line.char_indices().nth(column - 1).map_or(0, |(inside, _)| inside);
    let error = error.at(&job.text, start + inside);
    match (error.kind(), job.direction) {
        (ErrorKind::Statement | ErrorKind::Revision, Direction::Up) => {
            error.help("correct the revision, and run `up` again")
        }
        (ErrorKind::Statement | ErrorKind::Revision, Direction::Down) => {
            error.help("correct its `down`, and run `down` again")
        }
        _ => error,
    }
}

fn panicked(job: &Job<'_>, panic: &(dyn Any + Send)) -> Error {
    let says = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text");
    let what = format!("revision `{}` panicked: {says}", job.id);
    Error::new(ErrorKind::Revision, what)
        .revision_named(&job.id, job.path)
        .note("what Rust printed about the panic says where")
        .help(
            "return an error instead: `Err(\"…\")?`, or `ok_or(\"…\")?` where there may be nothing",
        )
}

/// A statement, from where the server points at it.
fn shown(sql: &str, inside: usize) -> String {
    const MOST: usize = 300;
    let cut = |text: &str| match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let statement = format!("the statement: {}", cut(sql));
    match sql.get(inside..) {
        Some(rest) if inside > 0 => {
            let line = rest.lines().next().unwrap_or_default();
            format!("{statement}\nthe server points at: {}", cut(line))
        }
        _ => statement,
    }
}
