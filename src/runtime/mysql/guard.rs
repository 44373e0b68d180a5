//! A connection that goes back as it came, or is closed.
//!
//! The guard is *armed* before the first setting is changed, and disarmed only when all settings are
//! back and the lock is free; an armed guard that is dropped closes a pooled connection. Since
//! dropping is all that happens to a cancelled future, this holds at every await. On a connection that was lent
//! nothing can be sent while it is dropped: sqlx would first have to read the answer to what was sent.
//!
//! Transactions are plain statements: sqlx's `Transaction` would borrow the connection for as long
//! as it lives, and could not be kept beside it.

use sqlx::mysql::MySqlConnection;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor, MySql, SqlSafeStr, SqlStr};

use super::error::{explain, is_disconnected, number};
use super::session::{NO_LIMIT, Session};
use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::fault;
use crate::runtime::options::Options;

/// Whatever `completion_type` says.
const COMMIT: &str = "COMMIT AND NO CHAIN NO RELEASE";
const ROLLBACK: &str = "ROLLBACK AND NO CHAIN NO RELEASE";

pub(crate) enum Held<'c> {
    Pool(PoolConnection<MySql>),
    Lent(&'c mut MySqlConnection),
    Own(Box<MySqlConnection>),
    Gone,
}

pub(crate) struct Connection<'c> {
    held: Held<'c>,
    name: Option<String>,
    /// The session as it came, and as it is to be while the run is at work.
    saved: Option<(Session, Session)>,
    /// Whether the run's own statements may change the session.
    is_thorough: bool,
    /// Whether the run itself has changed it for one revision.
    pub(super) is_changed: bool,
    /// Temporary tables that the run's statements have made, as they wrote their names.
    pub(super) temporary: Vec<String>,
    pub(super) transaction: Transaction,
    /// The name of the lock, once it is held.
    pub(super) lock: Option<String>,
    /// The name of the lock of sqlx's own migrator, once that is held too.
    pub(super) sqlx_lock: Option<String>,
    /// What proves that the lock is held, where it is a lease.
    pub(super) fence: Option<String>,
    pub(super) view: View,
}

/// Whether a transaction is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    No,
    /// A statement outside a transaction may have opened one.
    Maybe,
    /// One of the run.
    Open,
}

/// What is known of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Anyone may have written since it was read.
    Stale,
    /// It is being read while the lock is held.
    Reading,
    /// It was read while the lock was held.
    Current,
}

impl<'c> Connection<'c> {
    pub(super) fn new(held: Held<'c>, name: Option<String>) -> Self {
        Self {
            held,
            name,
            saved: None,
            is_thorough: false,
            is_changed: false,
            temporary: Vec::new(),
            transaction: Transaction::No,
            lock: None,
            sqlx_lock: None,
            fence: None,
            view: View::Stale,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("the MySQL database")
    }

    /// Gives the connection the name that the server tells, where the caller lent it without one.
    pub(super) fn name_if_unnamed(&mut self, name: Option<String>) {
        if let Some(name) = name {
            self.name.get_or_insert(name);
        }
    }

    pub(super) fn is_lent(&self) -> bool {
        matches!(self.held, Held::Lent(_))
    }

    pub(crate) fn raw(&mut self) -> &mut MySqlConnection {
        match &mut self.held {
            Held::Pool(connection) => connection,
            Held::Lent(connection) => connection,
            Held::Own(connection) => connection,
            Held::Gone => unreachable!("a finished connection is not used again"),
        }
    }

    pub(super) async fn run(&mut self, sql: impl SqlSafeStr) -> Result<(), sqlx::Error> {
        let sql: SqlStr = sql.into_sql_str();
        fault::statement();
        self.raw().execute(sqlx::raw_sql(sql)).await.map(|_| ())
    }

    /// The first column of the first row.
    pub(super) async fn text(&mut self, sql: &str) -> Result<Option<String>, sqlx::Error> {
        let rows = self.texts(sql).await?;
        Ok(rows.into_iter().next().and_then(|cells| cells.into_iter().next().flatten()))
    }

    pub(crate) fn explained(&self, error: sqlx::Error, doing: &str) -> Error {
        // What says so is the proof, of which every other statement has no part.
        if matches!(error, sqlx::Error::RowNotFound) {
            return self.lease_lost().note(format!("it was found out in the attempt to {doing}"));
        }
        explain(error, self.name(), doing, ErrorKind::Database)
    }

    pub(crate) async fn arm(&mut self, options: &Options, thorough: bool) -> Result<(), Error> {
        self.is_thorough |= thorough;
        if self.saved.is_some() {
            return Ok(());
        }
        let before = self
            .first_session()
            .await
            .map_err(|error| self.explained(error, "read the settings of the connection"))?;
        let during = before.prepared(options);
        let changes = during.restoring(&before);
        // Armed from here on: what comes next may change it.
        self.saved = Some((before.clone(), during));
        self.is_changed = false;
        if !before.has_autocommit() {
            return Err(Error::new(
                ErrorKind::InTransaction,
                "the connection has `autocommit` off, so that it is always inside a transaction",
            )
            .on(self.name())
            .help("run `SET autocommit = 1` on it before migrating"));
        }
        if self.in_transaction(&before).await? {
            return Err(Error::new(
                ErrorKind::InTransaction,
                "the connection is inside a transaction",
            )
            .on(self.name())
            .help("commit or roll back before migrating: a run opens its own transactions"));
        }
        for sql in changes {
            self.run(AssertSqlSafe(sql))
                .await
                .map_err(|error| self.explained(error, "set the connection up"))?;
        }
        Ok(())
    }

    /// The session as it came.
    async fn first_session(&mut self) -> Result<Session, sqlx::Error> {
        let limit = self.text("SELECT CAST(@@sql_select_limit AS CHAR) LIMIT 1").await?;
        if limit.as_deref() != Some(NO_LIMIT) {
            self.is_changed = true;
            let sql = format!("SET SESSION sql_select_limit = {NO_LIMIT}");
            self.run(AssertSqlSafe(sql)).await?;
        }
        Ok(self.session().await?.with_limit(limit))
    }

    async fn session(&mut self) -> Result<Session, sqlx::Error> {
        let rows = self.texts(&Session::reading()).await?;
        let database = self.text("SELECT DATABASE()").await?;
        Ok(Session::read(rows, database))
    }

    /// Whether a transaction is open, whoever opened it.
    async fn in_transaction(&mut self, session: &Session) -> Result<bool, Error> {
        let answer = if session.tells_transaction {
            let answer = self.text("SELECT CAST(@@in_transaction + 0 AS CHAR)").await;
            answer.map(|answer| answer.as_deref() == Some("1"))
        } else {
            self.refuses_isolation(session).await
        };
        answer.map_err(|error| self.explained(error, "ask for an open transaction"))
    }

    /// Outside a transaction this statement says what holds anyway; inside one it is refused.
    pub(super) async fn refuses_isolation(
        &mut self,
        session: &Session,
    ) -> Result<bool, sqlx::Error> {
        let sql = format!("SET TRANSACTION ISOLATION LEVEL {}", session.isolation());
        match self.run(AssertSqlSafe(sql)).await {
            Err(error) if number(&error) == Some(1568) => Ok(true),
            result => result.map(|()| false),
        }
    }

    /// Takes away what a revision has left that would change what the next one means: a temporary
    /// table hides a real one of its name, and a setting can switch constraints off.
    pub(crate) async fn tidy(&mut self) -> Result<(), Error> {
        let result = self.set_back().await;
        result.map_err(|error| self.explained(error, "set the connection back after a revision"))
    }

    async fn set_back(&mut self) -> Result<(), sqlx::Error> {
        let Some((_, during)) = self.saved.clone() else { return Ok(()) };
        self.set_to(&during).await?;
        self.is_changed = false;
        Ok(())
    }

    async fn set_to(&mut self, wanted: &Session) -> Result<(), sqlx::Error> {
        // Otherwise the answers to what follows could not be read.
        let readable =
            format!("SET SESSION character_set_results = utf8mb4, sql_select_limit = {NO_LIMIT}");
        self.run(AssertSqlSafe(readable)).await?;
        let now = self.session().await?;
        for sql in wanted.restoring(&now) {
            self.run(AssertSqlSafe(sql)).await?;
        }
        while let Some(name) = self.temporary.last() {
            let sql = format!("DROP TEMPORARY TABLE IF EXISTS {name}");
            self.run(AssertSqlSafe(sql)).await?;
            self.temporary.pop();
        }
        Ok(())
    }

    async fn restore(&mut self) -> Result<(), sqlx::Error> {
        self.rollback_if_open().await?;
        self.release().await?;
        let Some((before, during)) = self.saved.clone() else { return Ok(()) };
        if self.is_thorough || self.is_changed {
            self.set_to(&before).await?;
            let now = self.session().await?;
            if before.gained_database(&now) {
                let text = "a database is selected, and none was before";
                return Err(sqlx::Error::Protocol(String::from(text)));
            }
        } else {
            for sql in before.restoring(&during) {
                self.run(AssertSqlSafe(sql)).await?;
            }
        }
        self.saved = None;
        Ok(())
    }

    /// Closes the connection without a word, also in the middle of a statement: the server goes on with
    /// that, and finds out when it answers.
    pub(crate) fn sever(&mut self) {
        if let Held::Pool(connection) = std::mem::replace(&mut self.held, Held::Gone) {
            drop(connection.detach());
        }
        self.saved = None;
        self.transaction = Transaction::No;
        self.lock = None;
        self.sqlx_lock = None;
    }

    pub(crate) async fn finish(mut self) -> Result<(), Error> {
        // User variables, prepared statements and roles stay in a session; so it does not go back.
        if self.is_thorough && matches!(self.held, Held::Pool(_)) {
            // So that nobody has to wait for the server to notice; the end of the session does the rest.
            let released = self.rollback_if_open().await.is_ok() && self.release().await.is_ok();
            if released
                && let Held::Pool(connection) = std::mem::replace(&mut self.held, Held::Gone)
            {
                drop(connection.close().await);
            }
            return Ok(());
        }
        let restored = self.restore().await;
        match std::mem::replace(&mut self.held, Held::Gone) {
            // The run is over, and an error of closing could take back nothing of it.
            Held::Own(connection) => drop(connection.close().await),
            // What is not restored is still armed, and closes it.
            Held::Pool(connection) => self.held = Held::Pool(connection),
            Held::Lent(_) => {
                return restored
                    .map_err(|error| self.explained(error, "restore the connection as it came"));
            }
            Held::Gone => {}
        }
        Ok(())
    }

    pub(crate) async fn begin(&mut self, foreign_keys: bool, _: &Options) -> Result<(), Error> {
        // It would commit what a script has left open.
        if self.transaction == Transaction::Maybe
            && let Some((_, during)) = self.saved.clone()
        {
            if self.in_transaction(&during).await? {
                return Err(Error::new(
                    ErrorKind::Script,
                    "the revision leaves a transaction open that it began",
                )
                .on(self.name()));
            }
            self.transaction = Transaction::No;
        }
        if foreign_keys {
            self.enforce_foreign_keys().await?;
        }
        self.start().await.map_err(|error| self.explained(error, "begin a transaction"))
    }

    pub(super) async fn start(&mut self) -> Result<(), sqlx::Error> {
        self.transaction = Transaction::Open;
        self.run("START TRANSACTION").await
    }

    /// The server does so by itself, but the connection may have come without.
    pub(super) async fn enforce_foreign_keys(&mut self) -> Result<(), Error> {
        let Some((_, during)) = &self.saved else { return Ok(()) };
        let (during, enforcing) = (during.clone(), during.enforcing());
        for sql in enforcing.restoring(&during) {
            self.is_changed = true;
            self.run(AssertSqlSafe(sql))
                .await
                .map_err(|error| self.explained(error, "set `foreign_key_checks`"))?;
        }
        Ok(())
    }

    pub(crate) async fn commit(&mut self, _: &Options) -> Result<(), Error> {
        self.check_lock().await?;
        match self.run(COMMIT).await {
            Ok(()) => {
                self.transaction = Transaction::No;
                Ok(())
            }
            Err(error) => {
                let is_lost = is_disconnected(&error);
                let error = self.explained(error, "commit the transaction");
                Err(if is_lost {
                    error.leaving(DatabaseState::Uncertain { revisions: Vec::new() })
                } else {
                    error
                })
            }
        }
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        let result = self.rollback_if_open().await;
        result.map_err(|error| self.explained(error, "undo the transaction"))
    }

    async fn rollback_if_open(&mut self) -> Result<(), sqlx::Error> {
        if self.transaction != Transaction::No {
            self.run(ROLLBACK).await?;
            self.transaction = Transaction::No;
        }
        Ok(())
    }

    pub(crate) fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        let is_as_it_came = self.saved.is_none()
            && self.lock.is_none()
            && self.sqlx_lock.is_none()
            && !self.is_changed
            && self.transaction == Transaction::No;
        if let Held::Pool(connection) = &mut self.held
            && !is_as_it_came
        {
            connection.close_on_drop();
        }
    }
}
