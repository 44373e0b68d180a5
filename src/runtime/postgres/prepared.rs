//! Prepared transactions: what the server keeps, whatever becomes of the session.
//!
//! What they are for, and who decides, says `runtime::two_phase`. From the moment that a transaction is
//! prepared it holds its locks until somebody commits or undoes it, so the connection knows its name until that
//! has happened.

use super::error::code;
use super::guard::Connection;
use super::lock::key;
use super::message::{Message, Part};
use crate::chain::baked::Settings;
use crate::dialect::Dialect;
use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::tracking::{Tracking, literal};
use crate::runtime::two_phase::{Group, PreparedTransaction, prefix};

/// A transaction of this connection that is, or may be, prepared.
#[derive(Debug)]
pub(super) struct Prepared {
    name: String,
    /// Whether it may be decided that all of its group are committed: then it is not undone here.
    is_decided: bool,
}

/// The server knows no transaction of that name.
const UNDEFINED: &str = "42704";

/// `insufficient_privilege`, and `undefined_function`.
const DENIED: &str = "42501";
const NO_FUNCTION: &str = "42883";

/// The statement was cancelled, and had no effect.
const CANCELED: &str = "57014";

impl Connection<'_> {
    /// How many transactions the server keeps prepared at most.
    pub(crate) async fn most_prepared(&mut self) -> Result<u32, Error> {
        let text = self.text("SHOW max_prepared_transactions").await;
        let text =
            text.map_err(|error| self.explained(error, "read `max_prepared_transactions`"))?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    /// What stays the same when the server is started again, or another one takes its place.
    pub(crate) async fn lasting_identity(&mut self) -> Result<Option<String>, Error> {
        let doing = "find out which database this is";
        let server = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
        let server = match self.text(server).await {
            Ok(server) => server.unwrap_or_default(),
            // Not everybody may ask for that, and not every server knows it.
            Err(error) if matches!(code(&error), DENIED | NO_FUNCTION) => String::new(),
            Err(error) => return Err(self.explained(error, doing)),
        };
        let database = "SELECT oid::text || ' ' || datname::text FROM pg_catalog.pg_database \
             WHERE datname = pg_catalog.current_database()";
        let database = self.text(database).await.map_err(|error| self.explained(error, doing))?;
        Ok(database.map(|database| format!("{server} {database}")))
    }

    /// The commit of the open transaction is to be on disk when it is answered, whatever the server, or a revision,
    /// has set: `COMMIT PREPARED` always is, and must not outlive the commit that it follows.
    pub(crate) async fn commit_to_disk(&mut self) -> Result<(), Error> {
        let sql = "SELECT pg_catalog.set_config('synchronous_commit', 'local', true) \
             WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";
        self.run(sql).await.map_err(|error| self.explained(error, "set `synchronous_commit`"))
    }

    /// The transactions that runs of this chain have prepared in this database.
    pub(crate) async fn prepared_transactions(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
    ) -> Result<Vec<PreparedTransaction>, Error> {
        let prefix = prefix(key(tracking, settings));
        let sql = format!(
            "SELECT gid::text, pg_catalog.to_char(prepared AT TIME ZONE 'UTC', \
             'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM pg_catalog.pg_prepared_xacts \
             WHERE database = pg_catalog.current_database() AND pg_catalog.left(gid, {}) = {} \
             ORDER BY prepared, gid",
            prefix.len(),
            literal(Dialect::Postgres, &prefix)
        );
        let rows = self.texts(&sql).await;
        let rows = rows.map_err(|error| self.explained(error, "look for prepared transactions"))?;
        let found = rows.into_iter().filter_map(|cells| {
            let mut cells = cells.into_iter().map(Option::unwrap_or_default);
            PreparedTransaction::new(cells.next()?, cells.next()?)
        });
        Ok(found.collect())
    }

    /// Prepares the open transaction as one of a group.
    pub(crate) async fn prepare(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        group: &Group,
        member: usize,
    ) -> Result<(), Error> {
        let name = group.transaction(key(tracking, settings), member);
        let mut sending = Message::default();
        // Not with a lock on the row of a lease: the transaction would keep it when the run is gone.
        if let Some(proof) = self.proof(false) {
            sending.push(Part::Lock, &proof);
        }
        // Whose it is when it is prepared may commit it, and what a function has set is not seen.
        for statement in self.role() {
            sending.push(Part::Ours("set the role back"), &statement);
        }
        let doing = "prepare the transaction";
        let sql = format!("PREPARE TRANSACTION {}", literal(Dialect::Postgres, &name));
        sending.push(Part::Ours(doing), &sql);
        self.prepared = Some(Prepared { name, is_decided: false });
        let (_, result) = self.send(sending.sql(), |_| {}).await;
        let Err(error) = result else {
            self.is_open = false;
            return Ok(());
        };
        let says = code(&error).to_owned();
        let error = self.explained(error, doing);
        if error.kind() == ErrorKind::Disconnected {
            return Err(error);
        }
        self.prepared = None;
        // feature_not_supported: the server says what of
        Err(if says == "0A000" {
            error
                .note(
                    "a transaction that has used temporary tables, `LISTEN`, `NOTIFY` or a cursor `WITH HOLD` cannot \
                     be prepared",
                )
                .help("run it without two-phase commit, or write the revision without them")
        } else {
            error
        })
    }

    /// From now on it may be decided that the prepared transaction is committed.
    pub(crate) fn deciding(&mut self) {
        if let Some(prepared) = &mut self.prepared {
            prepared.is_decided = true;
        }
    }

    /// It was decided that the prepared transaction is undone.
    pub(crate) fn decided_against(&mut self) {
        if let Some(prepared) = &mut self.prepared {
            prepared.is_decided = false;
        }
    }

    /// The name of the transaction that is, or may be, prepared.
    pub(crate) fn prepared_name(&self) -> Option<&str> {
        self.prepared.as_ref().map(|prepared| prepared.name.as_str())
    }

    /// Undoes the prepared transaction, unless its group may be decided otherwise.
    pub(super) async fn undo_prepared(&mut self) -> Result<(), sqlx::Error> {
        // Its name stays until that is done: who waits for it may be dropped.
        let prepared = self.prepared.as_ref().filter(|prepared| !prepared.is_decided);
        let Some(sql) = prepared.map(|prepared| end(&prepared.name, false)) else { return Ok(()) };
        if self.is_severed() {
            return Ok(());
        }
        match self.run(&sql).await {
            Err(error) if code(&error) != UNDEFINED => Err(error),
            _ => {
                self.prepared = None;
                Ok(())
            }
        }
    }

    /// Commits the prepared transaction; `None` if there is none.
    pub(super) async fn commit_prepared(&mut self) -> Option<Result<(), Error>> {
        let sql = end(&self.prepared.as_ref()?.name, true);
        let mut result = self.run(&sql).await;
        // It is decided, and who has asked the run to stop was late.
        if result.as_ref().is_err_and(|error| code(error) == CANCELED) {
            result = self.run(&sql).await;
        }
        let Err(error) = result else {
            self.prepared = None;
            return Some(Ok(()));
        };
        let is_gone = code(&error) == UNDEFINED;
        let error = self.explained(error, "commit the prepared transaction");
        Some(Err(if is_gone {
            self.prepared = None;
            error
                .leaving(DatabaseState::Uncertain { revisions: Vec::new() })
                .note("somebody else has committed or undone it")
                .help("`status` says where the database stands")
        } else {
            error
        }))
    }

    /// Commits or undoes a transaction that an earlier run has left.
    pub(crate) async fn end_prepared(&mut self, name: &str, is_commit: bool) -> Result<(), Error> {
        self.prove().await?;
        let result = self.run(&end(name, is_commit)).await;
        let doing = if is_commit { "commit" } else { "undo" };
        result.map_err(|error| {
            let error =
                self.explained(error, &format!("{doing} the prepared transaction `{name}`"));
            match error.kind() {
                ErrorKind::Denied => {
                    error.help("a superuser, and the role that prepared it, may do that")
                }
                _ => error,
            }
        })
    }
}

fn end(name: &str, is_commit: bool) -> String {
    let verb = if is_commit { "COMMIT" } else { "ROLLBACK" };
    format!("{verb} PREPARED {}", literal(Dialect::Postgres, name))
}
