//! One connection to one database, whatever its dialect.
//!
//! [`Driver`] is an enum over sqlx's concrete drivers: the loop above it decides, the variant
//! executes. Every method is documented here once; the dialects have the same ones. What needs
//! nothing but texts in and texts out (the tracking tables) is written here once for all of them.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::database::{Source, check, no_driver};
use super::error::{Error, ErrorKind};
use super::interrupt::Interrupt;
use super::job::Job;
use super::lease::{Claim, Lease};
use super::options::Options;
use super::state::{LAYOUT, State};
use super::tracking::{Answer, Cells, Change, Tracking, Unreadable};
use super::wait::Wait;
use crate::chain::RevisionId;
use crate::chain::baked::{Settings, Tips};
use crate::dialect::Dialect;
use crate::script::Version;
use crate::sql::Object;

/// The quick answer to *is there anything to do?*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// The recorded history is exactly the one in the binary.
    UpToDate,
    /// Anything else.
    Look,
}

/// Everything that is recorded about a revision.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) revision: &'a str,
    pub(crate) parents: String,
    pub(crate) depends_on: String,
    pub(crate) description: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) checksum: String,
    pub(crate) digest: String,
    pub(crate) down_script: Option<String>,
    pub(crate) irreversible: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) statements_done: usize,
    pub(crate) statement_started: Option<usize>,
    /// In UTC, as the table has it; `None` is now.
    pub(crate) applied_at: Option<&'a str>,
    pub(crate) applied_by: &'a str,
    pub(crate) duration_ms: u64,
}

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// More of it follows.
    Open,
    /// It is committed at once.
    Commit,
    /// It has all that it will have, and is held open until those of other databases have, too.
    Hold,
}

/// A revision with its record, as a transaction gets it.
pub(crate) struct Unit<'u> {
    pub(crate) job: &'u Job<'u>,
    pub(crate) tracking: &'u Tracking,
    /// What is recorded; `None` if the revision is forgotten.
    pub(crate) record: Option<Record<'u>>,
    /// What becomes of the transaction after it.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "there, commit is a statement of its own")
    )]
    pub(crate) ending: Ending,
    /// When a revision in Rust was begun, whose work is done already.
    pub(crate) begun: Option<Instant>,
    /// Is told the index of each statement as it begins.
    pub(crate) started: &'u (dyn Fn(usize) + Send + Sync),
}

impl Unit<'_> {
    pub(crate) fn change(&self) -> Change<'_> {
        match &self.record {
            Some(record) => Change::Insert(record),
            None => Change::Delete(&self.job.id),
        }
    }
}

/// Why a unit failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Which statement of the revision failed; `None` if it was none of them.
    pub(crate) statement: Option<usize>,
    /// The byte inside that statement that the server points at.
    pub(crate) inside: usize,
    pub(crate) error: Error,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { statement: None, inside: 0, error }
    }
}

/// Whether something is in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Absent,
    Present,
    /// An index that a failed `CREATE INDEX CONCURRENTLY` has left.
    Invalid,
}

pub(crate) struct Connection<'c> {
    pub(super) driver: Driver<'c>,
    tracking: Option<Tracking>,
    /// What tells the database from others, found out once: not in a transaction, which the question could end.
    pub(super) lasting_place: Option<u32>,
    /// The way to another connection to the same database, if there is one.
    again: Option<Source<'static>>,
    /// Whether the lock is a row with a lease.
    is_leased: bool,
}

pub(crate) enum Driver<'c> {
    #[cfg(feature = "sqlite")]
    Sqlite(Box<super::sqlite::Connection<'c>>),
    #[cfg(feature = "postgres")]
    Postgres(Box<super::postgres::Connection<'c>>),
    #[cfg(feature = "mysql")]
    Mysql(Box<super::mysql::Connection<'c>>),
    #[allow(dead_code, reason = "stands where no driver is compiled in")]
    Never(Infallible, PhantomData<&'c mut ()>),
}

macro_rules! dispatch {
    ($self:ident, $driver:ident => $call:expr) => {
        match &mut $self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite($driver) => $call,
            #[cfg(feature = "postgres")]
            Driver::Postgres($driver) => $call,
            #[cfg(feature = "mysql")]
            Driver::Mysql($driver) => $call,
            Driver::Never(never, _) => match *never {},
        }
    };
}

macro_rules! dispatch_ref {
    ($self:ident, $driver:ident => $call:expr) => {
        match &$self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite($driver) => $call,
            #[cfg(feature = "postgres")]
            Driver::Postgres($driver) => $call,
            #[cfg(feature = "mysql")]
            Driver::Mysql($driver) => $call,
            Driver::Never(never, _) => match *never {},
        }
    };
}

impl<'c> Connection<'c> {
    /// Takes or opens a connection; `create` allows to create the database.
    pub(crate) async fn open(source: Source<'c>, create: bool) -> Result<Self, Error> {
        #[cfg(not(feature = "sqlite"))]
        let _ = create;
        #[cfg_attr(
            not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
            allow(irrefutable_let_patterns, reason = "there is no other way then")
        )]
        if let Source::Url(url, _) = &source {
            check(url)?;
        }
        let again = source.again();
        let driver = match source {
            #[cfg(feature = "sqlite")]
            Source::Sqlite(source) => {
                Driver::Sqlite(Box::new(super::sqlite::Connection::open(source, create).await?))
            }
            #[cfg(feature = "postgres")]
            Source::Postgres(source) => {
                Driver::Postgres(Box::new(super::postgres::Connection::open(source).await?))
            }
            #[cfg(feature = "mysql")]
            Source::Mysql(source) => {
                Driver::Mysql(Box::new(super::mysql::Connection::open(source).await?))
            }
            #[cfg(feature = "sqlite")]
            Source::Url(url, _) if super::sqlite::is_url(&url) => {
                let source = super::sqlite::Source::from_url(&url)?;
                Driver::Sqlite(Box::new(super::sqlite::Connection::open(source, create).await?))
            }
            #[cfg(feature = "postgres")]
            Source::Url(url, _) if super::postgres::is_url(&url) => {
                let source = super::postgres::Source::from_url(&url)?;
                Driver::Postgres(Box::new(super::postgres::Connection::open(source).await?))
            }
            #[cfg(feature = "mysql")]
            Source::Url(url, _) if super::mysql::is_url(&url) => {
                let source = super::mysql::Source::from_url(&url)?;
                Driver::Mysql(Box::new(super::mysql::Connection::open(source).await?))
            }
            Source::Url(url, _) => return Err(no_driver(&url)),
        };
        Ok(Self { driver, tracking: None, lasting_place: None, again, is_leased: false })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Driver::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Driver::Mysql(_) => Dialect::Mysql,
            Driver::Never(never, _) => match *never {},
        }
    }

    /// The database, as messages name it.
    pub(crate) fn name(&self) -> &str {
        dispatch_ref!(self, driver => driver.name())
    }

    /// What tells this database and its tracking table from all others, whatever they are called; `None`
    /// where that is not known, or there is no second way to it.
    pub(crate) async fn identity(&mut self, settings: &Settings) -> Result<Option<String>, Error> {
        let tracking = self.tracking(settings).await?;
        let dialect = self.dialect();
        let place: Option<String> = dispatch!(self, driver => driver.identity().await);
        Ok(place.map(|place| format!("{dialect} {place} {}", tracking.table())))
    }

    /// The version of the server.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        dispatch!(self, driver => driver.version().await)
    }

    /// Whether the server has an extension, or could create it.
    pub(crate) async fn has_extension(&mut self, name: &str) -> Result<bool, Error> {
        dispatch!(self, driver => driver.has_extension(name).await)
    }

    /// Saves the settings that the run changes, and changes them.
    ///
    /// From here on a dropped connection is not given back. With `thorough` the run's own
    /// statements may change the connection, and all of it that can be read is saved.
    pub(crate) async fn arm(&mut self, options: &Options, thorough: bool) -> Result<(), Error> {
        dispatch!(self, driver => driver.arm(options, thorough).await)
    }

    /// Restores all settings, frees the lock and gives the connection back.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        match self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(driver) => driver.finish().await,
            #[cfg(feature = "postgres")]
            Driver::Postgres(driver) => driver.finish().await,
            #[cfg(feature = "mysql")]
            Driver::Mysql(driver) => driver.finish().await,
            Driver::Never(never, _) => match never {},
        }
    }

    /// Takes the lock of this database and chain; waits for it. The lease, if it is one, must be
    /// renewed while the run is at work.
    ///
    /// `SQLite` has none: there [`Self::begin`] locks.
    pub(crate) async fn lock(
        &mut self,
        settings: &Settings,
        options: &Options,
    ) -> Result<Option<Lease>, Error> {
        let tracking = self.tracking(settings).await?;
        let is_server = self.dialect() != Dialect::Sqlite;
        if !settings.lock_table || !is_server {
            let locked: Result<(), Error> =
                dispatch!(self, driver => driver.lock(&tracking, settings, options).await);
            locked?;
            if !is_server {
                return Ok(None);
            }
            let table = self.lock_table(&tracking, settings, options);
            if !self.has_lock_row(&table).await? {
                return Ok(None);
            }
            // Other programs of this chain are built to lock with the table.
            let freed: Result<(), Error> = dispatch!(self, driver => driver.free().await);
            freed?;
        }
        let lease = self.lease(&tracking, settings, options).await?;
        dispatch!(self, driver => driver.fence(lease.proof()));
        self.is_leased = true;
        Ok(Some(lease))
    }

    /// Whether nobody else can be running a statement of this chain now: the lock is one of the session
    /// that works.
    pub(crate) fn has_lock(&self) -> bool {
        dispatch_ref!(self, driver => driver.has_lock())
    }

    /// Whether the lock is a row with a lease: nobody else commits anything now, but a statement of a
    /// runner that lost its lease may still be running on the server.
    pub(crate) fn is_leased(&self) -> bool {
        self.is_leased
    }

    /// Closes the connection in the middle of whatever it does.
    pub(crate) fn sever(&mut self) {
        dispatch!(self, driver => driver.sever());
    }

    /// Lets requests to stop end the statement that runs, where that needs no other connection.
    #[cfg_attr(
        not(feature = "sqlite"),
        allow(clippy::unused_async, reason = "servers are told by another session")
    )]
    pub(super) async fn heed(&mut self, interrupt: &Interrupt) {
        match &mut self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(driver) => driver.heed(interrupt).await,
            _ => {
                // Servers are told by another session.
                let _ = interrupt;
            }
        }
    }

    /// A way to another connection like this one.
    pub(super) fn again(&self) -> Option<Source<'static>> {
        self.again.as_ref().and_then(Source::again)
    }

    /// Creates the lock table, and its schema if that is missing, in no transaction of the run.
    pub(super) async fn create_lock(
        &mut self,
        tracking: &Tracking,
        sql: &str,
    ) -> Result<(), sqlx::Error> {
        dispatch!(self, driver => driver.create_lock(tracking, sql).await)
    }

    /// Whether creating a table failed because another session was creating it.
    pub(super) fn is_created_meanwhile(&mut self, error: &sqlx::Error) -> bool {
        dispatch!(self, driver => driver.is_created_meanwhile(error))
    }

    /// Runs a statement while nobody holds the lock of the session, which is taken for that.
    pub(super) async fn claim(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        sql: &str,
    ) -> Result<Claim, sqlx::Error> {
        dispatch!(self, driver => driver.claim(tracking, settings, sql).await)
    }

    /// Whether someone else may have written since [`Self::state`] was called.
    pub(crate) async fn is_stale(&mut self) -> Result<bool, Error> {
        dispatch!(self, driver => driver.is_stale().await)
    }

    /// Opens a transaction, in which the state is what nobody else changes.
    pub(crate) async fn begin(
        &mut self,
        foreign_keys: bool,
        options: &Options,
    ) -> Result<(), Error> {
        dispatch!(self, driver => driver.begin(foreign_keys, options).await)
    }

    /// Keeps sqlx's own migrator out until the open transaction is over, in which nothing was written yet; waits
    /// for it. What is read afterwards is what sqlx has left.
    pub(crate) async fn lock_sqlx_out(&mut self, options: &Options) -> Result<(), Error> {
        dispatch!(self, driver => driver.lock_sqlx_out(options).await)
    }

    /// Makes the transaction permanent.
    pub(crate) async fn commit(&mut self, options: &Options) -> Result<(), Error> {
        dispatch!(self, driver => driver.commit(options).await)
    }

    /// Undoes the transaction, if one is open, also one that a script opened.
    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        dispatch!(self, driver => driver.rollback().await)
    }

    /// Runs a revision and records it, in the open transaction; and commits where that is its ending and
    /// can be a part of the same message, which [`Self::commit`] then knows.
    ///
    /// Returns how long the statements took.
    pub(crate) async fn apply(&mut self, unit: &Unit<'_>) -> Result<Duration, Failed> {
        dispatch!(self, driver => driver.apply(unit).await)
    }

    /// Runs one statement of a revision outside a transaction; waits while the database is locked.
    pub(crate) async fn execute_alone(
        &mut self,
        sql: &str,
        options: &Options,
    ) -> Result<(), Failed> {
        dispatch!(self, driver => driver.execute_alone(sql, options).await)
    }

    /// Prepares the connection for the statements of a revision outside a transaction.
    pub(crate) async fn prepare_alone(&mut self, job: &Job<'_>) -> Result<(), Error> {
        dispatch!(self, driver => driver.prepare_alone(job).await)
    }

    /// Takes away what a revision outside a transaction has left that would change what the next one means.
    pub(crate) async fn tidy(&mut self) -> Result<(), Error> {
        dispatch!(self, driver => driver.tidy().await)
    }

    /// Looks at what a revision outside a transaction leaves; an error inside says what is wrong with it.
    pub(crate) async fn examine(&mut self, job: &Job<'_>) -> Result<Option<Error>, Error> {
        dispatch!(self, driver => driver.examine(job).await)
    }

    /// What should be known after the run, and was not told yet.
    pub(crate) fn warnings(&mut self) -> Vec<String> {
        dispatch!(self, driver => driver.warnings())
    }

    /// The sessions that hold locks which a statement may have waited for, in words.
    pub(crate) async fn blockers(&mut self, sql: Option<&str>) -> Vec<String> {
        dispatch!(self, driver => driver.blockers(sql).await)
    }

    /// What the database itself says of its schema, without the tracking tables: a text an object or a part of one.
    #[cfg(feature = "testing")]
    pub(crate) async fn describe(&mut self, settings: &Settings) -> Result<Vec<String>, Error> {
        let tracking = self.tracking(settings).await?;
        let described: Result<_, sqlx::Error> =
            dispatch!(self, driver => driver.describe(&tracking).await);
        described.map_err(|error| self.explained(error, "read the schema"))
    }

    /// The query whether an object is there: no row, or one that says `invalid` or anything else.
    pub(crate) fn presence_query(&self, object: &Object) -> String {
        dispatch_ref!(self, driver => driver.presence_query(object))
    }

    /// Drops an invalid index; returns its name, quoted.
    pub(crate) async fn drop_invalid(&mut self, index: &Object) -> Result<String, Error> {
        dispatch!(self, driver => driver.drop_invalid(index).await)
    }

    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<Cells>, sqlx::Error> {
        dispatch!(self, driver => driver.texts(sql).await)
    }

    /// Prepares the open transaction for a revision in Rust, and sets a savepoint in it.
    pub(super) async fn open_guard(&mut self) -> Result<(), Error> {
        dispatch!(self, driver => driver.open_guard().await)
    }

    /// What runs next may begin a transaction and leave it open.
    pub(super) fn may_have_left_transaction(&mut self) {
        dispatch!(self, driver => driver.may_have_left_transaction());
    }

    /// The error of a statement that a revision has sent.
    pub(super) fn statement_failed(&self, error: sqlx::Error, sql: &str) -> Failed {
        dispatch_ref!(self, driver => driver.statement_failed(error, sql))
    }

    pub(super) async fn affect(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        dispatch!(self, driver => driver.affect(sql).await)
    }

    pub(crate) fn explained(&self, error: sqlx::Error, doing: &str) -> Error {
        dispatch_ref!(self, driver => driver.explained(error, doing))
    }

    pub(super) fn is_no_table(&self, error: &sqlx::Error, table: &str) -> bool {
        dispatch_ref!(self, driver => driver.is_no_table(error, table))
    }

    /// Whether someone else is in the way of a statement that had no effect.
    fn is_busy(&self, error: &sqlx::Error) -> bool {
        dispatch_ref!(self, driver => driver.is_busy(error))
    }
}

/// The tracking tables.
impl Connection<'_> {
    /// The names of the tracking tables, found out once.
    pub(crate) async fn tracking(&mut self, settings: &Settings) -> Result<Tracking, Error> {
        if let Some(tracking) = &self.tracking {
            return Ok(tracking.clone());
        }
        let schema = if settings.schema.is_some() {
            settings.schema.clone()
        } else {
            let found: Result<Option<String>, Error> =
                dispatch!(self, driver => driver.schema().await);
            found?
        };
        let tracking = Tracking::new(self.dialect(), settings, schema.as_deref());
        self.tracking = Some(tracking.clone());
        Ok(tracking)
    }

    /// Compares the recorded history with the header of a baked chain, in one query.
    pub(crate) async fn probe(
        &mut self,
        settings: &Settings,
        count: usize,
        tips: &Tips,
        options: &Options,
    ) -> Result<Probe, Error> {
        // Which schema it is costs a query of its own where the settings do not say it.
        let tracking = Tracking::new(self.dialect(), settings, None);
        let extra: String = dispatch_ref!(self, driver => driver.place(&tracking));
        let Some(sql) = tracking.probe(tips, &extra) else { return Ok(Probe::Look) };
        let Some(rows) = self.read(&sql, &tracking, options).await? else {
            return Ok(Probe::Look);
        };
        let Some(cells) = rows.first() else { return Ok(Probe::Look) };
        let place = cells.get(4).cloned().flatten();
        if !dispatch!(self, driver => driver.is_at(place)) {
            return Ok(Probe::Look);
        }
        match Tracking::answer(cells, count, tips) {
            Answer::Layout(found) => Err(self.other_layout(&tracking, found.as_deref())),
            Answer::Proven(true) => Ok(Probe::UpToDate),
            Answer::Proven(false) => Ok(Probe::Look),
        }
    }

    /// Reads all rows of the chain.
    pub(crate) async fn state(
        &mut self,
        settings: &Settings,
        options: &Options,
    ) -> Result<State, Error> {
        let tracking = self.tracking(settings).await?;
        let mut wait = Wait::new(options);
        loop {
            match dispatch!(self, driver => driver.watch(&tracking).await) {
                Ok(()) => break,
                Err(error) if self.is_busy(&error) && wait.pause(None).await => {}
                Err(error) => return Err(self.explained(error, "read the database")),
            }
        }
        let extra: String = dispatch_ref!(self, driver => driver.place(&tracking));
        let rows = self.read(&tracking.rows(&extra), &tracking, options).await?;
        dispatch!(self, driver => driver.watched());
        let Some(rows) = rows else { return Ok(State::default()) };
        let place =
            rows.first().and_then(|cells| cells.get(Tracking::EXTRA).cloned()).unwrap_or_default();
        dispatch!(self, driver => driver.is_at(place));
        Tracking::state(rows).map_err(|error| match error {
            Unreadable::Layout(found) => self.other_layout(&tracking, found.as_deref()),
            Unreadable::Row(what) => Error::new(
                ErrorKind::Layout,
                format!(
                    "the tracking table `{}` has a row that no version writes",
                    tracking.bare()
                ),
            )
            .note(what)
            .on(self.name())
            .help("restore the row from a backup"),
        })
    }

    /// Runs a query on the tracking tables; `None` if they do not exist.
    async fn read(
        &mut self,
        sql: &str,
        tracking: &Tracking,
        options: &Options,
    ) -> Result<Option<Vec<Cells>>, Error> {
        let mut wait = Wait::new(options);
        let doing = "read the tracking table";
        let table = tracking.bare();
        let meta = format!("{table}_meta");
        let mut lacks_layout = false;
        loop {
            match self.texts(sql).await {
                Ok(rows) => return Ok(Some(rows)),
                Err(error) if self.is_no_table(&error, table) => return Ok(None),
                // Without its layout a tracking table cannot be judged; without both there is none.
                // Another migrator may create both between two questions, so ask again.
                Err(error) if self.is_no_table(&error, &meta) => {
                    let sql = format!("SELECT 'a row' FROM {} LIMIT 1", tracking.table());
                    match self.texts(&sql).await {
                        Err(error) if self.is_no_table(&error, table) => return Ok(None),
                        Err(error) if self.is_busy(&error) && wait.pause(None).await => {}
                        Err(error) => return Err(self.explained(error, doing)),
                        Ok(_) if lacks_layout => return Err(self.other_layout(tracking, None)),
                        Ok(_) => lacks_layout = true,
                    }
                }
                Err(error) if self.is_busy(&error) && wait.pause(None).await => {}
                Err(error) => return Err(self.explained(error, doing)),
            }
        }
    }

    /// The stored down script of a revision.
    pub(crate) async fn down_script(
        &mut self,
        settings: &Settings,
        revision: &RevisionId,
    ) -> Result<Option<String>, Error> {
        let sql = self.tracking(settings).await?.down_script(revision);
        let rows = self.texts(&sql).await;
        let mut rows = rows.map_err(|error| self.explained(error, "read a stored script"))?;
        Ok(rows.pop().and_then(|mut cells| cells.pop().flatten()))
    }

    /// Creates the tracking tables, in the open transaction where the database can do that.
    pub(crate) async fn create_tracking(&mut self, settings: &Settings) -> Result<(), Error> {
        let tracking = self.tracking(settings).await?;
        dispatch!(self, driver => driver.create(&tracking).await)
    }

    /// Changes one row of the tracking table, in the open transaction or by itself.
    pub(crate) async fn change(
        &mut self,
        settings: &Settings,
        change: &Change<'_>,
        options: &Options,
    ) -> Result<(), Error> {
        let sql = self.tracking(settings).await?.change(change);
        let mut wait = Wait::new(options);
        loop {
            match self.affect(&sql).await {
                Ok(1) => return Ok(()),
                Ok(rows) => return Err(not_one_row(change, rows, self.name())),
                Err(error) if self.is_busy(&error) && wait.pause(None).await => {}
                Err(error) => return Err(self.explained(error, change.doing())),
            }
        }
    }

    fn other_layout(&self, tracking: &Tracking, found: Option<&str>) -> Error {
        let Some(found) = found else {
            let name = tracking.bare();
            return Error::new(
                ErrorKind::Layout,
                format!("`{name}` is there, but `{name}_meta` does not say which layout it has"),
            )
            .on(self.name())
            .note("either it is no tracking table, or one of the two was changed by other means")
            .help("restore both tables from a backup")
            .help("or, if it is another program's, set `table` in `[package.metadata.migrate]`");
        };
        Error::new(
            ErrorKind::Layout,
            format!(
                "the tracking table has layout {found}, and this version (cargo-migrate {}) knows \
                 layout {LAYOUT}",
                env!("CARGO_PKG_VERSION")
            ),
        )
        .on(self.name())
        .help("use a binary that is built with a newer cargo-migrate")
    }
}

/// A script that deletes our rows would otherwise go unnoticed.
pub(crate) fn not_one_row(change: &Change<'_>, rows: u64, database: &str) -> Error {
    Error::new(
        ErrorKind::Changed,
        format!("failed to {}: {rows} rows of the tracking table were changed", change.doing()),
    )
    .on(database)
    .help("a revision, or another program, has changed the tracking table: see `status`")
}
