//! A connection that goes back as it came, or is closed.
//!
//! The guard is *armed* before the first setting is changed, and disarmed only when all settings are
//! back; an armed guard that is dropped closes a pooled connection, and sends what restores a lent
//! one. Since dropping is all that happens to a cancelled future, this holds at every await.
//!
//! Transactions are plain statements: sqlx's `Transaction` would borrow the connection for as long
//! as it lives, and could not be kept beside it.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::pool::PoolConnection;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor, Row as _, SqlSafeStr, SqlStr, Sqlite,
    SqliteConnection,
};

use super::error::{explain, is_busy, is_nested, is_no_transaction};
use super::foreign_keys::Violations;
use crate::dialect::Dialect;
use crate::runtime::error::{DatabaseState, Error, ErrorKind};
use crate::runtime::fault;
use crate::runtime::interrupt::Interrupt;
use crate::runtime::options::Options;
use crate::runtime::tracking::quoted;
use crate::runtime::wait::Wait;

/// Settings of a connection that a script may change and a person may depend on. Those with
/// effect on the file (`journal_mode`, `user_version`, …) are changes of the database, not of the
/// connection.
const SETTINGS: [&str; 19] = [
    "analysis_limit",
    "automatic_index",
    "cache_size",
    "cache_spill",
    "cell_size_check",
    "checkpoint_fullfsync",
    "fullfsync",
    "ignore_check_constraints",
    "journal_size_limit",
    "legacy_alter_table",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "synchronous",
    "temp_store",
    "trusted_schema",
    "wal_autocheckpoint",
    "writable_schema",
];

/// How long `SQLite` itself waits for a lock, inside one attempt of ours.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// How many instructions of its machine `SQLite` runs between two questions whether to stop: a fraction of
/// a millisecond, and too many for the questions to be felt.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

pub(crate) enum Held<'c> {
    Pool(PoolConnection<Sqlite>),
    Lent(&'c mut SqliteConnection),
    Own(Box<SqliteConnection>),
    Gone,
}

pub(crate) struct Connection<'c> {
    held: Held<'c>,
    name: Option<String>,
    saved: Option<Saved>,
    /// Whether a transaction of the run may be open, or one that a revision began itself.
    is_open: bool,
    /// What `foreign_keys` is now, if that is known.
    foreign_keys: Option<bool>,
    /// `PRAGMA data_version` when the state was read, and the statement that asks for it.
    pub(super) seen: Option<(i64, String)>,
    /// The same while the state is being read.
    pub(super) watching: Option<(i64, String)>,
    /// The violations that were there before the next revision, if that is known.
    pub(super) baseline: Option<Violations>,
    pub(super) unchecked: HashSet<String>,
    pub(super) warnings: Vec<String>,
}

struct Saved {
    foreign_keys: i64,
    busy_timeout: i64,
    others: Vec<(&'static str, i64)>,
    /// Where the run's statements may add to it.
    surroundings: Option<Surroundings>,
}

/// What a connection holds besides its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Surroundings {
    /// Kind and name of temporary tables, views and triggers.
    temporary: Vec<(String, String)>,
    /// Name and file of the databases that are attached.
    databases: Vec<(String, String)>,
}

impl Saved {
    fn restoring(&self, others: &[(&'static str, i64)]) -> String {
        let ours = [("foreign_keys", self.foreign_keys), ("busy_timeout", self.busy_timeout)];
        let pragma = |(setting, value): &(&str, i64)| format!("PRAGMA {setting} = {value};");
        ours.iter().chain(others).map(pragma).collect()
    }
}

impl<'c> Connection<'c> {
    pub(super) fn new(held: Held<'c>, name: Option<String>) -> Self {
        Self {
            held,
            name,
            saved: None,
            is_open: false,
            foreign_keys: None,
            seen: None,
            watching: None,
            baseline: None,
            unchecked: HashSet::new(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("the SQLite database")
    }

    /// Gives the connection the name of its file, where the caller lent it without one.
    pub(super) fn name_if_unnamed(&mut self, file: Option<String>) {
        self.name.get_or_insert_with(|| match file {
            Some(file) if !file.is_empty() => file,
            _ => String::from("the in-memory database"),
        });
    }

    pub(crate) fn raw(&mut self) -> &mut SqliteConnection {
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

    pub(super) async fn number(&mut self, sql: impl SqlSafeStr) -> Result<i64, sqlx::Error> {
        let sql: SqlStr = sql.into_sql_str();
        self.raw().fetch_one(sqlx::raw_sql(sql)).await?.try_get(0)
    }

    pub(crate) fn explained(&self, error: sqlx::Error, doing: &str) -> Error {
        explain(error, self.name(), doing, ErrorKind::Database)
    }

    pub(crate) async fn arm(&mut self, options: &Options, thorough: bool) -> Result<(), Error> {
        if self.raw().is_in_transaction() {
            return Err(in_transaction(self.name()));
        }
        if self.saved.is_none() {
            let saved = self
                .read_settings()
                .await
                .map_err(|error| self.explained(error, "read the settings of the connection"))?;
            self.foreign_keys = Some(saved.foreign_keys != 0);
            // Armed from here on: the next statement is the first change.
            self.saved = Some(saved);
            let timeout = options.lock_timeout.min(BUSY_TIMEOUT).as_millis();
            self.run(AssertSqlSafe(format!("PRAGMA busy_timeout = {timeout}")))
                .await
                .map_err(|error| self.explained(error, "set the connection up"))?;
        }
        if thorough && self.saved.as_ref().is_some_and(|saved| saved.others.is_empty()) {
            let mut others = Vec::with_capacity(SETTINGS.len());
            for setting in SETTINGS {
                if let Ok(value) = self.number(AssertSqlSafe(format!("PRAGMA {setting}"))).await {
                    others.push((setting, value));
                }
            }
            let surroundings = self
                .surroundings()
                .await
                .map_err(|error| self.explained(error, "read what the connection holds"))?;
            if let Some(saved) = &mut self.saved {
                saved.others = others;
                saved.surroundings = Some(surroundings);
            }
        }
        Ok(())
    }

    async fn read_settings(&mut self) -> Result<Saved, sqlx::Error> {
        Ok(Saved {
            foreign_keys: self.number("PRAGMA foreign_keys").await?,
            busy_timeout: self.number("PRAGMA busy_timeout").await?,
            others: Vec::new(),
            surroundings: None,
        })
    }

    async fn surroundings(&mut self) -> Result<Surroundings, sqlx::Error> {
        let temporary = self
            .pairs(
                "SELECT type, name FROM sqlite_temp_master \
                 WHERE type <> 'index' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
            )
            .await?;
        let databases = self
            .pairs("SELECT name, coalesce(file, '') FROM pragma_database_list WHERE name <> 'temp'")
            .await?;
        Ok(Surroundings { temporary, databases })
    }

    async fn pairs(&mut self, sql: &'static str) -> Result<Vec<(String, String)>, sqlx::Error> {
        let rows = self.raw().fetch_all(sqlx::raw_sql(sql)).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Takes away what the run's statements have left in the connection.
    ///
    /// Closing it would do that, too, but with its last connection an in-memory database vanishes.
    async fn clear(&mut self, before: &Surroundings) -> Result<(), sqlx::Error> {
        let now = self.drop_temporary(before).await?;
        for (name, _) in now.databases.iter().filter(|it| !before.databases.contains(it)) {
            self.run(AssertSqlSafe(format!("DETACH {}", quoted(Dialect::Sqlite, name)))).await?;
        }
        if self.surroundings().await? != *before {
            let text = "its temporary tables or attached databases are not those it came with";
            return Err(sqlx::Error::Protocol(String::from(text)));
        }
        Ok(())
    }

    async fn drop_temporary(&mut self, before: &Surroundings) -> Result<Surroundings, sqlx::Error> {
        let now = self.surroundings().await?;
        for (kind, name) in now.temporary.iter().filter(|it| !before.temporary.contains(it)) {
            let sql = format!("DROP {kind} IF EXISTS temp.{}", quoted(Dialect::Sqlite, name));
            self.run(AssertSqlSafe(sql)).await?;
        }
        Ok(now)
    }

    /// Takes away what a revision has left that would change what the next one means: a temporary
    /// table hides a real one of its name, and a setting can switch constraints off.
    ///
    /// Attached databases stay until the end of the run: inside a transaction nothing detaches them.
    pub(crate) async fn tidy(&mut self) -> Result<(), Error> {
        let result = self.set_back().await;
        result.map_err(|error| self.explained(error, "set the connection back after a revision"))
    }

    async fn set_back(&mut self) -> Result<(), sqlx::Error> {
        let Some(saved) = &self.saved else { return Ok(()) };
        let (others, surroundings) = (saved.others.clone(), saved.surroundings.clone());
        if let Some(before) = surroundings {
            self.drop_temporary(&before).await?;
        }
        for (setting, before) in self.changed(others).await? {
            self.run(AssertSqlSafe(format!("PRAGMA {setting} = {before}"))).await?;
        }
        Ok(())
    }

    /// Those of the saved settings that are not as they were.
    async fn changed(
        &mut self,
        saved: Vec<(&'static str, i64)>,
    ) -> Result<Vec<(&'static str, i64)>, sqlx::Error> {
        let mut changed = Vec::new();
        for (setting, before) in saved {
            if self.number(AssertSqlSafe(format!("PRAGMA {setting}"))).await? != before {
                changed.push((setting, before));
            }
        }
        Ok(changed)
    }

    async fn restore(&mut self) -> Result<(), sqlx::Error> {
        self.rollback_if_open().await?;
        let Some(saved) = &self.saved else { return Ok(()) };
        let (others, surroundings) = (saved.others.clone(), saved.surroundings.clone());
        if let Some(before) = surroundings {
            self.clear(&before).await?;
        }
        let changed = self.changed(others).await?;
        let Some(saved) = &self.saved else { return Ok(()) };
        let sql = saved.restoring(&changed);
        self.run(AssertSqlSafe(sql)).await?;
        // A lent or pooled connection without foreign keys would be the worst of surprises.
        let Some(saved) = &self.saved else { return Ok(()) };
        let before = saved.foreign_keys;
        if self.number("PRAGMA foreign_keys").await? != before {
            return Err(sqlx::Error::Protocol(String::from("`foreign_keys` was not restored")));
        }
        self.saved = None;
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<(), Error> {
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

    /// Ends the statement that runs when somebody asks to stop.
    ///
    /// Only on a connection of our own: one that comes back to the application may have a handler already,
    /// which nobody could put back.
    pub(crate) async fn heed(&mut self, interrupt: &Interrupt) {
        let Held::Own(connection) = &mut self.held else { return };
        let Ok(mut handle) = connection.lock_handle().await else { return };
        let interrupt = interrupt.clone();
        // What comes after it undoes and records, and must not be ended by the same request.
        let mut heard = 0;
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
            let requests = interrupt.requests();
            std::mem::replace(&mut heard, requests) >= requests
        });
    }

    /// Lets go of the connection as if the run had been dropped: nothing waits for what is running.
    pub(super) fn leave(&mut self) {
        let name = self.name.take();
        drop(std::mem::replace(self, Self::new(Held::Gone, name)));
    }

    pub(crate) async fn set_foreign_keys(&mut self, on: bool) -> Result<(), Error> {
        if self.foreign_keys == Some(on) {
            return Ok(());
        }
        let sql = if on { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" };
        self.run(sql).await.map_err(|error| self.explained(error, "set `foreign_keys`"))?;
        self.foreign_keys = Some(on);
        Ok(())
    }

    pub(crate) async fn begin(
        &mut self,
        foreign_keys: bool,
        options: &Options,
    ) -> Result<(), Error> {
        self.set_foreign_keys(foreign_keys).await?;
        let mut wait = Wait::new(options);
        // Only statements outside a transaction can have left one open.
        let by_script = self.is_open;
        loop {
            self.is_open = true;
            let Err(error) = self.run("BEGIN IMMEDIATE").await else { return Ok(()) };
            self.is_open = by_script;
            if is_nested(&error) && by_script {
                return Err(Error::new(
                    ErrorKind::Script,
                    "the revision leaves a transaction open that it began",
                )
                .on(self.name())
                .caused_by(error));
            }
            if is_nested(&error) {
                return Err(in_transaction(self.name()));
            }
            if !is_busy(&error) {
                return Err(self.explained(error, "begin a transaction"));
            }
            if !wait.pause(None).await {
                let waited = wait.waited().as_millis();
                return Err(self
                    .explained(error, "lock the database")
                    .note(format!("another program has been writing to it for {waited} ms")));
            }
        }
    }

    pub(crate) async fn commit(&mut self, options: &Options) -> Result<(), Error> {
        let mut wait = Wait::new(options);
        loop {
            let Err(error) = self.run("COMMIT").await else {
                self.is_open = false;
                return Ok(());
            };
            if is_no_transaction(&error) {
                return Err(Error::new(
                    ErrorKind::Script,
                    "a statement of the run ended the transaction that it ran in",
                )
                .on(self.name())
                .note("what stood before that statement may be permanent, without a record")
                .leaving(DatabaseState::Uncertain { revisions: Vec::new() })
                .help("remove the statement, or give its revision `transaction: none`")
                .caused_by(error));
            }
            // Readers of a database without write-ahead log are in the way of a commit; the
            // transaction stays open and can be committed later.
            if !is_busy(&error) || !wait.pause(None).await {
                return Err(self.explained(error, "commit the transaction"));
            }
        }
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        let result = self.rollback_if_open().await;
        result.map_err(|error| self.explained(error, "undo the transaction"))
    }

    async fn rollback_if_open(&mut self) -> Result<(), sqlx::Error> {
        if !self.is_open {
            return Ok(());
        }
        match self.run("ROLLBACK").await {
            // `SQLite` has ended it itself, as it does on a full disk or `ON CONFLICT ROLLBACK`.
            Err(error) if !is_no_transaction(&error) => return Err(error),
            _ => {}
        }
        self.is_open = false;
        Ok(())
    }

    /// The next statement may be `PRAGMA foreign_keys` or `BEGIN`.
    pub(crate) fn may_have_left_transaction(&mut self) {
        self.foreign_keys = None;
        self.is_open = true;
    }

    /// Its locks have no names.
    pub(crate) async fn blockers(&mut self, _: Option<&str>) -> Vec<String> {
        Vec::new()
    }

    pub(crate) fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

fn in_transaction(database: &str) -> Error {
    Error::new(ErrorKind::InTransaction, "the connection is inside a transaction")
        .on(database)
        .help("commit or roll back before migrating: a run opens its own transactions")
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        match &mut self.held {
            Held::Pool(connection) if self.saved.is_some() || self.is_open => {
                connection.close_on_drop();
            }
            // The driver's thread works off its queue in order, so what is put there now runs
            // before anything that the caller does with the connection.
            Held::Lent(connection) => {
                if self.is_open {
                    send(connection, "ROLLBACK");
                }
                if let Some(saved) = &self.saved {
                    send(connection, AssertSqlSafe(saved.restoring(&[])));
                }
            }
            _ => {}
        }
    }
}

/// Puts statements into the driver's queue without waiting for them.
fn send(connection: &mut SqliteConnection, sql: impl SqlSafeStr) {
    let sql: SqlStr = sql.into_sql_str();
    drop(connection.execute(sqlx::raw_sql(sql)).now_or_never());
}
