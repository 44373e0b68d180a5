//! A connection that goes back as it came, or is closed.
//!
//! A connection of the migrator's own is set back before each transaction, as if every revision had a
//! `psql` of its own, and closed at the end. One of a pool or of the caller keeps its settings: what the
//! revisions changed of them is set back. A pooled one that is dropped before that is closed; what
//! a dropped future leaves of a lent one cannot be seen here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor, PgConnection, Postgres, Row as _};

use super::error::{code, explain, is_disconnected};
use super::message::{Message, Part};
use super::prepared::Prepared;
use crate::dialect::Dialect;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::fault;
use crate::runtime::options::Options;
use crate::runtime::tracking::{Cells, literal, quoted};

pub(crate) enum Held<'c> {
    Pool(PoolConnection<Postgres>),
    Lent(&'c mut PgConnection),
    Own(Box<PgConnection>),
    Gone,
}

pub(crate) struct Connection<'c> {
    held: Held<'c>,
    name: Option<String>,
    saved: Option<Saved>,
    /// Statements that go out with the next message: a transaction begins when it is needed.
    pub(super) pending: Message,
    /// Whether the server may have a transaction open.
    pub(super) is_open: bool,
    /// What is prepared, or may be.
    pub(super) prepared: Option<Prepared>,
    /// The key of the lock of the session, once it is held, and the server's process that has it.
    pub(super) key: Option<i64>,
    pub(super) process: Option<String>,
    /// What proves that the lock is held, where it is a lease.
    pub(super) fence: Option<String>,
    /// Whether the state was read while the lock was held.
    pub(super) is_fresh: bool,
    /// Whether a revision of the run may have changed the session.
    pub(super) may_have_changed: bool,
    /// The statements that limit how long others are waited for, and how long statements take.
    pub(super) limits: Vec<String>,
}

/// What a connection that is not ours came with.
struct Saved {
    settings: BTreeMap<String, String>,
    temporary: Vec<Temporary>,
}

/// Kind and name of a temporary relation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Temporary {
    kind: String,
    name: String,
}

/// The settings of the session that differ from those that it began with, and who it is.
const SETTINGS: &str = "SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session' \
     UNION ALL SELECT name, pg_catalog.current_setting(name) \
     FROM (VALUES ('session_authorization'), ('role')) AS who (name)";

const TEMPORARY: &str = "SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' \
     ELSE 'TABLE' END, relname::text FROM pg_catalog.pg_class \
     WHERE relnamespace = pg_catalog.pg_my_temp_schema() AND relkind IN ('r', 'p', 'v', 'S')";

impl<'c> Connection<'c> {
    pub(super) fn new(held: Held<'c>, name: Option<String>) -> Self {
        Self {
            held,
            name,
            saved: None,
            pending: Message::default(),
            is_open: false,
            prepared: None,
            key: None,
            process: None,
            fence: None,
            is_fresh: false,
            may_have_changed: false,
            limits: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("the PostgreSQL database")
    }

    /// Gives the connection the name of its database, where the caller lent it without one.
    pub(super) fn name_if_unnamed(&mut self, database: Option<&str>) {
        if let Some(database) = database {
            self.name.get_or_insert_with(|| format!("PostgreSQL database {database}"));
        }
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self.held, Held::Own(_))
    }

    pub(crate) fn raw(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Pool(connection) => connection,
            Held::Lent(connection) => connection,
            Held::Own(connection) => connection,
            Held::Gone => unreachable!("a finished connection is not used again"),
        }
    }

    /// Sends a text; says how many statements were completed, also if one failed, and how many rows
    /// the last one changed.
    pub(super) async fn send(
        &mut self,
        sql: &str,
        mut completed: impl FnMut(usize) + Send,
    ) -> (usize, Result<u64, sqlx::Error>) {
        let mut count = 0;
        let mut changed = 0;
        fault::statement();
        let mut answers = self.raw().fetch_many(sqlx::raw_sql(AssertSqlSafe(sql)));
        loop {
            match answers.try_next().await {
                Ok(Some(Either::Left(result))) => {
                    changed = result.rows_affected();
                    count += 1;
                    completed(count);
                }
                Ok(Some(Either::Right(_))) => {}
                Ok(None) => return (count, Ok(changed)),
                Err(error) => return (count, Err(error)),
            }
        }
    }

    pub(super) async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.send(sql, |_| {}).await.1.map(|_| ())
    }

    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<Cells>, sqlx::Error> {
        fault::statement();
        let rows = self.raw().fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        rows.iter()
            .map(|row| (0..row.len()).map(|column| row.try_get_unchecked(column)).collect())
            .collect()
    }

    /// The first column of the first row.
    pub(super) async fn text(&mut self, sql: &str) -> Result<Option<String>, sqlx::Error> {
        let rows = self.texts(sql).await?;
        Ok(rows.into_iter().next().and_then(|cells| cells.into_iter().next().flatten()))
    }

    pub(crate) fn explained(&self, error: sqlx::Error, doing: &str) -> Error {
        // Of our own statements only the proof divides.
        if code(&error) == "22012" && self.proof(false).is_some() {
            return self.lock_lost().note(format!("it was found out in the attempt to {doing}"));
        }
        explain(error, self.name(), doing, ErrorKind::Database)
    }

    pub(crate) async fn arm(&mut self, options: &Options, thorough: bool) -> Result<(), Error> {
        let limits = [
            ("lock_timeout", options.statement_lock_timeout),
            ("statement_timeout", options.statement_timeout),
        ];
        self.limits = limits
            .iter()
            .filter_map(|(name, limit)| limit.map(|limit| (name, limit)))
            // Zero would mean none at all.
            .map(|(name, limit)| format!("{name} = {}", limit.as_millis().max(1)))
            .collect();
        if !self.limits.is_empty() || thorough {
            self.may_have_changed = true;
        }
        if self.is_own() || self.saved.is_some() {
            return Ok(());
        }
        let doing = "read the settings of the connection";
        let settings = self.settings().await.map_err(|error| self.explained(error, doing))?;
        let temporary = self.temporary().await.map_err(|error| self.explained(error, doing))?;
        self.saved = Some(Saved { settings, temporary });
        Ok(())
    }

    /// Refuses a connection inside a transaction of the caller's: what fails there, were it only the
    /// question whether a table exists, would undo what the caller did.
    pub(super) async fn refuse_transaction(&mut self) -> Result<(), Error> {
        let same = "SELECT (pg_catalog.transaction_timestamp() \
             = pg_catalog.statement_timestamp())::text";
        let is_outside = match self.text(same).await {
            Ok(same) => same.as_deref() == Some("true"),
            Err(error) if code(&error) == "25P02" => false,
            Err(error) => return Err(self.explained(error, "use the connection")),
        };
        if is_outside {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InTransaction, "the connection is inside a transaction")
            .on(self.name())
            .help("commit or roll back before migrating: a run opens its own transactions"))
    }

    /// What makes the session its old self again, so that a record can be written.
    pub(super) fn old_role(&self) -> Vec<String> {
        let mut statements = vec![String::from("RESET SESSION AUTHORIZATION")];
        statements.append(&mut self.role());
        statements
    }

    /// What makes its role the one that it came with.
    pub(super) fn role(&self) -> Vec<String> {
        let mut statements = vec![String::from("RESET ROLE")];
        let role = self.saved.as_ref().and_then(|saved| saved.settings.get("role"));
        if let Some(role) = role.filter(|role| *role != "none") {
            let role = literal(Dialect::Postgres, role);
            statements.push(format!("SELECT pg_catalog.set_config('role', {role}, false)"));
        }
        statements
    }

    /// Whether it was closed in the middle of what it did.
    pub(super) fn is_severed(&self) -> bool {
        matches!(self.held, Held::Gone)
    }

    async fn settings(&mut self) -> Result<BTreeMap<String, String>, sqlx::Error> {
        let rows = self.texts(SETTINGS).await?;
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    async fn temporary(&mut self) -> Result<Vec<Temporary>, sqlx::Error> {
        let rows = self.texts(TEMPORARY).await?;
        Ok(rows.into_iter().filter_map(pair).map(|(kind, name)| Temporary { kind, name }).collect())
    }

    /// What stands before the statements of a transaction or of a revision outside one.
    pub(super) fn preamble(&self, local: &str) -> Vec<String> {
        let mut statements = Vec::new();
        if self.is_own() {
            statements.append(&mut self.old_role());
            statements.push(String::from("RESET ALL"));
            if self.may_have_changed {
                statements.push(String::from("DISCARD TEMP"));
            }
        }
        statements.extend(self.limits.iter().map(|limit| format!("SET {local}{limit}")));
        statements
    }

    /// Sets back what the revisions have changed of a connection that is not ours.
    pub(super) async fn set_back(&mut self) -> Result<(), sqlx::Error> {
        let Some(saved) = &self.saved else { return Ok(()) };
        let (before, kept) = (saved.settings.clone(), saved.temporary.clone());
        // Who it is comes first: another role may lack the right to the rest.
        if self.settings().await? != before {
            let mut sql = String::from("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL");
            for (name, value) in &before {
                if name == "role" && value == "none" || name == "session_authorization" {
                    continue;
                }
                let (name, value) =
                    (literal(Dialect::Postgres, name), literal(Dialect::Postgres, value));
                let _ = write!(sql, "; SELECT pg_catalog.set_config({name}, {value}, false)");
            }
            self.run(&sql).await?;
        }
        let new: Vec<Temporary> =
            self.temporary().await?.into_iter().filter(|it| !kept.contains(it)).collect();
        for Temporary { kind, name } in &new {
            let name = quoted(Dialect::Postgres, name);
            self.run(&format!("DROP {kind} IF EXISTS pg_temp.{name} CASCADE")).await?;
        }
        let now = self.settings().await?;
        let still = before.iter().any(|(name, value)| now.get(name) != Some(value));
        if still || self.temporary().await? != kept {
            let text = "its settings or temporary tables are not those that it came with";
            return Err(sqlx::Error::InvalidArgument(String::from(text)));
        }
        Ok(())
    }

    async fn restore(&mut self) -> Result<(), sqlx::Error> {
        self.rollback_if_open().await?;
        self.set_back().await?;
        self.saved = None;
        self.unlock().await
    }

    pub(crate) async fn finish(mut self) -> Result<(), Error> {
        let unlocked = match self.held {
            // The session's end frees the lock, but a pooler may keep the session.
            Held::Own(_) => self.unlock().await,
            Held::Pool(_) | Held::Lent(_) => self.restore().await,
            Held::Gone => Ok(()),
        };
        let left_behind = self.key.filter(|_| unlocked.is_ok()).map(|_| self.left_behind());
        match std::mem::replace(&mut self.held, Held::Gone) {
            // The run is over, and an error of closing could take back nothing of it.
            Held::Own(connection) => drop(connection.close().await),
            Held::Pool(connection) => self.held = Held::Pool(connection),
            Held::Lent(_) => {
                unlocked
                    .map_err(|error| self.explained(error, "restore the connection as it came"))?;
            }
            Held::Gone => {}
        }
        left_behind.map_or(Ok(()), |text| Err(Error::new(ErrorKind::LockLost, text)))
    }

    /// Closes the connection without a word, also in the middle of a message: the server goes on with
    /// that, and finds out when it answers.
    pub(crate) fn sever(&mut self) {
        if let Held::Pool(connection) = std::mem::replace(&mut self.held, Held::Gone) {
            drop(connection.detach());
        }
        self.pending = Message::default();
        self.is_open = false;
        self.key = None;
    }

    pub(super) async fn rollback_if_open(&mut self) -> Result<(), sqlx::Error> {
        self.pending = Message::default();
        self.undo_prepared().await?;
        if !self.is_open {
            return Ok(());
        }
        match self.run("ROLLBACK").await {
            // With the session its transaction is gone.
            Err(error) if !is_disconnected(&error) => return Err(error),
            _ => self.is_open = false,
        }
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        let result = self.rollback_if_open().await;
        result.map_err(|error| self.explained(error, "undo the transaction"))
    }

    /// Begins with the next message.
    pub(crate) async fn begin(&mut self, _: bool, _: &Options) -> Result<(), Error> {
        self.pending = Message::default();
        // In a transaction of another kind the row of the lease would be the one of its beginning.
        let begin =
            if self.fence.is_some() { "BEGIN ISOLATION LEVEL READ COMMITTED" } else { "BEGIN" };
        self.pending.push(Part::Ours("begin a transaction"), begin);
        if self.fence.is_some()
            && let Some(proof) = self.proof(false)
        {
            // Who was paused for too long learns that, and not what is wrong since another has gone on.
            self.pending.push(Part::Lock, &proof);
        }
        for statement in self.preamble("LOCAL ") {
            self.pending.push(Part::Ours("set the session up"), &statement);
        }
        Ok(())
    }
}

fn pair(cells: Cells) -> Option<(String, String)> {
    let mut cells = cells.into_iter();
    Some((cells.next()??, cells.next()??))
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        if let Held::Pool(connection) = &mut self.held
            && (self.saved.is_some() || self.is_open || self.key.is_some())
        {
            connection.close_on_drop();
        }
    }
}
