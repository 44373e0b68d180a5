//! The entry: a chain, and what can be done with it.

use std::sync::OnceLock;

use super::database::Database;
use super::error::{Error, ErrorKind};
use super::operations::RustRevision;
use super::options::Options;
use super::repair::{Problem, Repair, RepairReport};
use super::report::{AdoptReport, RedoPlan, RedoReport, Report, RunPlan, StampReport, Status};
use super::{adopt, current, look, redo, repair, stamp, status, together};
use crate::chain::baked::{self, Header, Settings};
use crate::chain::{Chain, Direction, Target, TargetError};
use crate::tool::Tool;

/// A chain that can be applied to databases.
///
/// A `static` of this type is what `cargo_migrate::embed!()` defines; it costs nothing until it is
/// used, and reads its revisions only if there is something to do.
///
/// ```no_run
/// # async fn example(migrator: &cargo_migrate::Migrator, pool: sqlx::SqlitePool)
/// # -> Result<(), cargo_migrate::Error> {
/// let report = migrator.up(&pool).await?;
/// for step in &report.steps {
///     println!("{} {} in {:?}", step.direction, step.revision, step.duration);
/// }
/// # Ok(()) }
/// ```
///
/// Every operation takes any [`Database`]. Errors are complete texts: print them as they are.
///
/// # At the start of an application
///
/// There are three policies, and each is one call before the application does anything else. All of
/// them cost one query where there is nothing to do, and give the same [`Report`].
///
/// * **Migrate at start**, with [`up`](Self::up): for a single instance, a desktop application, a
///   database inside the program. Several instances may start at once: one migrates, and the others
///   wait. But then each instance needs the right to change the schema, and all of them are down as long as
///   the longest statement takes.
/// * **Require a current database**, with [`require_current`](Self::require_current): for several
///   instances and rolling deploys. The migration is a step of the deploy, with the runner or
///   `cargo migrate up` and a user of its own; the application refuses to start on a database that is
///   behind, with the plan in the error, and needs no right but to read the tracking table.
/// * **What of a newer database**: whoever deploys without a pause starts old binaries on it, so both
///   calls allow it and warn, as long as nothing that this program knows is missing. Where the schema
///   does not stay usable for the version before, [`Options::newer`] refuses it:
///
/// ```no_run
/// # use cargo_migrate::{Migrator, NewerDatabase, Options};
/// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool)
/// # -> Result<(), cargo_migrate::Error> {
/// // one instance
/// migrator.up(&pool).await?;
/// // several, with the migration as a step of the deploy
/// migrator.require_current(&pool).await?;
/// // the same, on exactly the schema that this program was built for
/// let exactly = Options::new().newer(NewerDatabase::Refuse);
/// migrator.with(exactly).require_current(&pool).await?;
/// # Ok(()) }
/// ```
///
/// # In logs
///
/// An [`Observer`](crate::Observer) receives [`Event`](crate::Event)s. A subscriber of `tracing` sees a span `migrate`
/// for a run, with its `direction` and `chain`, and in it a span `revision` with `id` and `direction` for each
/// revision. No logger is installed by anything here.
#[derive(Debug)]
pub struct Migrator {
    origin: Origin,
    header: OnceLock<Option<Header>>,
    chain: OnceLock<Option<Chain>>,
}

#[derive(Debug)]
enum Origin {
    Baked { text: &'static str, table: &'static [u8], rust: &'static [RustRevision] },
    Given { settings: Settings, rust: &'static [RustRevision] },
}

impl Migrator {
    /// Over the two pieces that the build helper wrote.
    pub(crate) const fn baked(
        text: &'static str,
        table: &'static [u8],
        rust: &'static [RustRevision],
    ) -> Self {
        Self {
            origin: Origin::Baked { text, table, rust },
            header: OnceLock::new(),
            chain: OnceLock::new(),
        }
    }

    /// Over a chain that was read from files.
    #[allow(dead_code, reason = "the command line reads chains from files")]
    pub(crate) fn new(chain: Chain, settings: Settings) -> Self {
        Self::with_code(chain, settings, &[])
    }

    /// The same with the code of its revisions in Rust.
    pub(crate) fn with_code(
        chain: Chain,
        settings: Settings,
        rust: &'static [RustRevision],
    ) -> Self {
        Self {
            origin: Origin::Given { settings, rust },
            header: OnceLock::new(),
            chain: OnceLock::from(Some(chain)),
        }
    }

    /// The code of the revisions in Rust.
    pub(crate) fn rust(&self) -> &'static [RustRevision] {
        match self.origin {
            Origin::Baked { rust, .. } | Origin::Given { rust, .. } => rust,
        }
    }

    /// The chain.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Chain`] if what is baked cannot be read, because it was not written by this
    /// version of cargo-migrate's build helper.
    pub fn chain(&self) -> Result<&Chain, Error> {
        self.chain
            .get_or_init(|| match self.origin {
                Origin::Baked { text, table, .. } => baked::decode(text, table),
                // Set from the beginning.
                Origin::Given { .. } => None,
            })
            .as_ref()
            .ok_or_else(damaged)
    }

    pub(crate) fn header(&self) -> Result<&Header, Error> {
        self.header
            .get_or_init(|| match &self.origin {
                Origin::Baked { table, .. } => baked::decode_header(table),
                Origin::Given { settings, .. } => {
                    self.chain().ok().map(|chain| Header::of(chain, settings.clone()))
                }
            })
            .as_ref()
            .ok_or_else(damaged)
    }

    /// The same migrator with other options.
    ///
    /// ```no_run
    /// # use cargo_migrate::{Migrator, Options};
    /// # async fn example(migrator: &Migrator) -> Result<(), cargo_migrate::Error> {
    /// let options = Options::new().lock_timeout(std::time::Duration::from_secs(5));
    /// migrator.with(options).up("sqlite:app.db").await?;
    /// # Ok(()) }
    /// ```
    pub fn with(&self, options: Options) -> Configured<'_> {
        Configured { migrator: self, options }
    }

    /// Applies every revision that is not applied yet; see [`Configured::up`].
    pub async fn up(&self, database: impl Database) -> Result<Report, Error> {
        self.with(Options::default()).up(database).await
    }

    /// Refuses a database that lacks revisions; see [`Configured::require_current`].
    pub async fn require_current(&self, database: impl Database) -> Result<Report, Error> {
        self.with(Options::default()).require_current(database).await
    }

    /// Applies what leads to a target; see [`Configured::up_to`].
    pub async fn up_to(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<Report, Error> {
        self.with(Options::default()).up_to(database, target).await
    }

    /// Undoes everything that came after a target; see [`Configured::down`].
    pub async fn down(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<Report, Error> {
        self.with(Options::default()).down(database, target).await
    }

    /// Undoes everything that came after a target, and applies it again; see [`Configured::redo`].
    pub async fn redo(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<RedoReport, Error> {
        self.with(Options::default()).redo(database, target).await
    }

    /// Says what `up_to` or `down` would do; see [`Configured::plan`].
    pub async fn plan(
        &self,
        database: impl Database,
        direction: Direction,
        target: impl TryIntoTarget,
    ) -> Result<RunPlan, Error> {
        self.with(Options::default()).plan(database, direction, target).await
    }

    /// Records revisions as applied, or not, without running them; see [`Configured::stamp`].
    pub async fn stamp(
        &self,
        database: impl Database,
        targets: impl IntoIterator<Item = impl TryIntoTarget>,
    ) -> Result<StampReport, Error> {
        self.with(Options::default()).stamp(database, targets).await
    }

    /// Records what another tool has applied; see [`Configured::adopt`].
    pub async fn adopt(
        &self,
        database: impl Database,
        from: impl Into<Option<Tool>>,
    ) -> Result<AdoptReport, Error> {
        self.with(Options::default()).adopt(database, from).await
    }

    /// Says what is wrong with what is recorded; see [`Configured::problems`].
    pub async fn problems(&self, database: impl Database) -> Result<Vec<Problem>, Error> {
        self.with(Options::default()).problems(database).await
    }

    /// Takes one way out of a problem; see [`Configured::repair`].
    pub async fn repair(
        &self,
        database: impl Database,
        repair: &Repair,
    ) -> Result<RepairReport, Error> {
        self.with(Options::default()).repair(database, repair).await
    }

    /// Says where a database stands; see [`Configured::status`].
    pub async fn status(&self, database: impl Database) -> Result<Status, Error> {
        self.with(Options::default()).status(database).await
    }
}

fn damaged() -> Error {
    Error::new(ErrorKind::Chain, "the chain inside this program cannot be read")
        .note("it was written by another version of cargo-migrate than the one that runs it")
        .help(
            "use the same version of `cargo-migrate` in `[dependencies]` and \
             `[build-dependencies]`, and build again",
        )
}

/// A [`Migrator`] with [`Options`].
#[derive(Clone, Debug)]
pub struct Configured<'m> {
    pub(crate) migrator: &'m Migrator,
    pub(crate) options: Options,
}

impl<'m> From<&'m Migrator> for Configured<'m> {
    fn from(migrator: &'m Migrator) -> Self {
        migrator.with(Options::default())
    }
}

impl Configured<'_> {
    /// Applies every revision that is not applied yet: up to `head`, or to all `heads` where the
    /// chain is configured to have many.
    ///
    /// Whether there is anything to do is found out in one query, without a lock. Otherwise
    /// everything that can be checked is checked first (edited and unknown revisions,
    /// requirements), the database is locked, and what it says is read again under the lock. So
    /// any number of processes may call this at once, and every revision runs once.
    ///
    /// By default the run is one transaction: it happens as a whole or not at all, including
    /// the tracking tables. A revision with `transaction: none` or `foreign-keys: on` cuts it.
    ///
    /// A missing `SQLite` file is created if `database` is a URL or connect options.
    ///
    /// # Errors
    ///
    /// [`Error::state`] says what the database is like afterwards, [`Error::kind`] what failed.
    ///
    /// # Cancelling
    ///
    /// Dropping the future leaves the database as after an error at that point: a transaction is
    /// undone; a statement outside a transaction may be recorded as started.
    pub async fn up(&self, database: impl Database) -> Result<Report, Error> {
        together::run(self, database.source(), Direction::Up, None).await
    }

    /// Refuses a database on which this program must not start: one that lacks revisions, whose
    /// history is another one, or, with [`NewerDatabase::Refuse`](super::NewerDatabase::Refuse), that is newer.
    ///
    /// One query where the database is current. Writes nothing, takes no lock, waits for no other
    /// migrator, and needs no right but to read the tracking table. The report is that of an [`Self::up`] that had
    /// nothing to do, so that one call can stand in for the other; its warnings say if the database is newer.
    /// When to choose which is said [there](Migrator#at-the-start-of-an-application).
    ///
    /// ```
    /// # use cargo_migrate::{Error, Migrator};
    /// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool, migrate: bool) -> Result<(), Error> {
    /// let report = if migrate {
    ///     migrator.up(&pool).await?
    /// } else {
    ///     migrator.require_current(&pool).await?
    /// };
    /// for warning in &report.warnings {
    ///     eprintln!("{warning}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfDate`], whose [notes](Error::notes) are the revisions that `up` would apply;
    /// [`ErrorKind::Missing`] where there is no database; and those that `up` has for another history:
    /// [`ErrorKind::Edited`], [`ErrorKind::Reparented`], [`ErrorKind::Gap`], [`ErrorKind::Unknown`] and their like.
    pub async fn require_current(&self, database: impl Database) -> Result<Report, Error> {
        current::require(self, database.source()).await
    }

    /// Applies the target and everything that it follows or depends on.
    ///
    /// # Errors
    ///
    /// Those of [`Self::up`], and [`ErrorKind::Target`].
    pub async fn up_to(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<Report, Error> {
        let target = target.try_into_target()?;
        together::run(self, database.source(), Direction::Up, Some(target)).await
    }

    /// Undoes everything applied that comes after the target, which itself stays; `base` undoes all.
    ///
    /// A revision is undone by its file's *down*, or, if the chain does not know it, by the script
    /// that was stored when it was applied. The whole plan is checked before the first statement:
    /// an irreversible or edited revision anywhere in it is an error, and nothing is undone.
    ///
    /// # Errors
    ///
    /// As for [`Self::up_to`].
    pub async fn down(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<Report, Error> {
        let target = target.try_into_target()?;
        together::run(self, database.source(), Direction::Down, Some(target)).await
    }

    /// Undoes everything applied that comes after the target, as [`Self::down`] does, and applies
    /// the same revisions again.
    ///
    /// Both ways are checked before the first statement: what cannot be undone, or not be applied
    /// again, is an error, and nothing is done. Each way is a run of its own: if the way up fails,
    /// what was undone stays undone, and [`Error::state`] says so.
    ///
    /// ```
    /// # use cargo_migrate::{Error, Migrator, Options, StepSource};
    /// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool) -> Result<(), Error> {
    /// // The last revision was edited while it was being written.
    /// let options = Options::new().edited_down(StepSource::Stored);
    /// let report = migrator.with(options).redo(&pool, "-1").await?;
    /// assert_eq!(report.down.steps.len(), report.up.steps.len());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Self::down`] and [`Self::up_to`].
    pub async fn redo(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<RedoReport, Error> {
        let target = target.try_into_target()?;
        redo::redo(self, database.source(), target).await
    }

    /// Says what [`Self::redo`] would do now, after the same checks; writes nothing.
    pub async fn plan_redo(
        &self,
        database: impl Database,
        target: impl TryIntoTarget,
    ) -> Result<RedoPlan, Error> {
        let target = target.try_into_target()?;
        redo::plan(self, database.source(), target).await
    }

    /// Says what [`Self::up_to`] or [`Self::down`] would do now, after the same checks.
    ///
    /// Writes nothing, and needs no right to write.
    pub async fn plan(
        &self,
        database: impl Database,
        direction: Direction,
        target: impl TryIntoTarget,
    ) -> Result<RunPlan, Error> {
        let target = target.try_into_target()?;
        look::plan(self, database.source(), direction, target).await
    }

    /// Records revisions as applied, or not, without running them: afterwards the database is said
    /// to have just the targets and what comes before them.
    ///
    /// A target speaks for its own line: what another branch has stays as it is. `base` forgets
    /// every revision. All of it is one transaction under the lock, and touches nothing but the
    /// tracking table.
    ///
    /// ```
    /// # use cargo_migrate::{Error, Migrator, Options};
    /// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool) -> Result<(), Error> {
    /// // A database that was made by hand, and is where `ae1027a6acf5` would have brought it.
    /// let report = migrator.stamp(&pool, ["ae1027a6acf5"]).await?;
    /// for revision in &report.recorded {
    ///     println!("{} is recorded as applied", revision.revision);
    /// }
    /// // One whose rows come from another history.
    /// migrator.with(Options::new().purge(true)).stamp(&pool, ["head"]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Target`], also for targets that come after one another. Without
    /// [`Options::purge`]: [`ErrorKind::Unfinished`] where a revision is done in part, and
    /// [`ErrorKind::Unknown`] where the database has revisions that the chain does not know.
    pub async fn stamp(
        &self,
        database: impl Database,
        targets: impl IntoIterator<Item = impl TryIntoTarget>,
    ) -> Result<StampReport, Error> {
        let targets = all_targets(targets)?;
        stamp::stamp(self, database.source(), targets, false).await
    }

    /// Says what [`Self::stamp`] would change now, after the same checks; writes nothing.
    pub async fn plan_stamp(
        &self,
        database: impl Database,
        targets: impl IntoIterator<Item = impl TryIntoTarget>,
    ) -> Result<StampReport, Error> {
        let targets = all_targets(targets)?;
        stamp::stamp(self, database.source(), targets, true).await
    }

    /// Records what another tool has applied to a database, for a chain that was imported from its files:
    /// each revision that its table names, with the time that it knew, without running anything.
    ///
    /// `from` says whose table it is; `None` takes the only one that is there. Where the tool keeps checksums
    /// (sqlx, refinery, Flyway) each text is proven to be the one that was applied. All of it is one
    /// transaction under the lock, and under sqlx's own where the table is sqlx's. The old table is read only. A
    /// database that was adopted before is left as it is, which is a success.
    ///
    /// ```
    /// # use cargo_migrate::{Error, Migrator, Tool};
    /// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool) -> Result<(), Error> {
    /// let report = migrator.adopt(&pool, Tool::Sqlx).await?;
    /// for revision in &report.adopted {
    ///     println!("{} was applied at {:?}", revision.revision, revision.at);
    /// }
    /// // From now on it is this program's database.
    /// migrator.up(&pool).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OtherTool`] if there is no such table, or several; [`ErrorKind::Unfinished`] if a row says that
    /// its version failed; [`ErrorKind::Unknown`] if the chain does not have it; [`ErrorKind::Gap`] if a
    /// revision that comes before an applied one is not applied; and [`ErrorKind::Edited`] if a text is not
    /// the one that was applied.
    pub async fn adopt(
        &self,
        database: impl Database,
        from: impl Into<Option<Tool>>,
    ) -> Result<AdoptReport, Error> {
        adopt::adopt(self, database.source(), from.into(), false).await
    }

    /// Says what [`Self::adopt`] would record now, after the same checks; writes nothing, and takes no lock.
    pub async fn plan_adopt(
        &self,
        database: impl Database,
        from: impl Into<Option<Tool>>,
    ) -> Result<AdoptReport, Error> {
        adopt::adopt(self, database.source(), from.into(), true).await
    }

    /// Says what is wrong with what is recorded, and what can be done about it: revisions that are
    /// edited, re-parented or done in part, wrong digests, statements of which nobody knows whether they are
    /// done, and rows without those of their parents.
    ///
    /// Writes nothing, and needs no right to write.
    ///
    /// ```
    /// # use cargo_migrate::{Error, Migrator};
    /// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool) -> Result<(), Error> {
    /// for problem in migrator.problems(&pool).await? {
    ///     println!("{problem}");
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn problems(&self, database: impl Database) -> Result<Vec<Problem>, Error> {
        repair::problems(self, database.source()).await
    }

    /// Takes one way out of a problem, in one transaction under the lock. Changes the tracking table and
    /// nothing else: what it then says of the database is the caller's word.
    ///
    /// ```
    /// # use cargo_migrate::{Error, Migrator, Repair};
    /// # async fn example(migrator: &Migrator, pool: sqlx::SqlitePool) -> Result<(), Error> {
    /// // `CREATE TABLE` was changed in the file, and in the database by hand.
    /// let report = migrator.repair(&pool, &Repair::Accept(vec!["ae1027a6acf5".into()])).await?;
    /// for row in &report.changes {
    ///     println!("{}: {:?}", row.revision, row.change);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Target`] if there is no such problem, [`ErrorKind::Gap`] if a revision would be
    /// recorded without one that it needs, and [`ErrorKind::Unknown`] or [`ErrorKind::Edited`] if
    /// its file is missing or is not the one that has run in part.
    pub async fn repair(
        &self,
        database: impl Database,
        repair: &Repair,
    ) -> Result<RepairReport, Error> {
        repair::repair(self, database.source(), repair, false).await
    }

    /// Says what [`Self::repair`] would change now, after the same checks; writes nothing.
    pub async fn plan_repair(
        &self,
        database: impl Database,
        repair: &Repair,
    ) -> Result<RepairReport, Error> {
        repair::repair(self, database.source(), repair, true).await
    }

    /// Says where the database stands, revision by revision.
    ///
    /// Writes nothing, needs no right to write, and works before the first `up`.
    pub async fn status(&self, database: impl Database) -> Result<Status, Error> {
        status::status(self, database.source()).await
    }
}

fn all_targets(
    targets: impl IntoIterator<Item = impl TryIntoTarget>,
) -> Result<Vec<Target>, Error> {
    let targets = targets.into_iter().map(TryIntoTarget::try_into_target);
    let targets: Vec<Target> = targets.collect::<Result<_, _>>()?;
    if targets.is_empty() {
        return Err(Error::new(ErrorKind::Target, "no target is given")
            .help("name a revision, `head`, or `base` for a database without any"));
    }
    Ok(targets)
}

/// What can be a target: a [`Target`], or its text (`"head"`, `"-1"`, `"ae10"`).
pub trait TryIntoTarget: Send {
    /// Reads the target.
    fn try_into_target(self) -> Result<Target, TargetError>;
}

impl TryIntoTarget for Target {
    fn try_into_target(self) -> Result<Target, TargetError> {
        Ok(self)
    }
}

impl TryIntoTarget for &Target {
    fn try_into_target(self) -> Result<Target, TargetError> {
        Ok(self.clone())
    }
}

impl TryIntoTarget for &str {
    fn try_into_target(self) -> Result<Target, TargetError> {
        self.parse()
    }
}

impl TryIntoTarget for String {
    fn try_into_target(self) -> Result<Target, TargetError> {
        self.parse()
    }
}

impl TryIntoTarget for &String {
    fn try_into_target(self) -> Result<Target, TargetError> {
        self.parse()
    }
}
