//! Several named databases in one run: the way in.
//!
//! Here connections are opened, and names are given to what is said of each. What happens on them is decided
//! by the one run loop (`together`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;
use tracing::Instrument as _;

use super::connection::Connection;
use super::database::{Database, Source as Way};
use super::error::{Error, ErrorKind};
use super::migrator::{Configured, Migrator, TryIntoTarget};
use super::observer::{Event, Observer};
use super::options::Options;
use super::report::{Named, RedoPlan, RedoReport, Report, RunPlan, Status};
use super::together::{attempt, finish};
use super::{current, look, redo, status, two_phase};
use crate::chain::baked::Settings;
use crate::chain::{Direction, Target};

/// Several of a chain's named databases, to be brought to a target in one run.
///
/// Every revision is recorded in every database, and its sections for `@catalog` run in `catalog` only. A
/// run takes the locks of all databases. The transactions of a revision are open in all of them until
/// each has succeeded, and only then committed, one after the other: what fails before that is undone
/// everywhere. If a commit fails after another one, [`Error::others`] says which database is ahead. Every
/// database has a plan of its own, so that the next run goes on where each of them stands. With
/// [`Options::two_phase`] all of them keep a revision, or none does.
///
/// What a transaction cannot hold (`transaction: none`, definitions on `MySQL`) runs on one database after the
/// other, as [`RunPlan`] says.
///
/// ```no_run
/// # use cargo_migrate::{Error, Migrator};
/// # async fn example(migrator: &Migrator, catalog: sqlx::SqlitePool, monitoring: sqlx::SqlitePool)
/// # -> Result<(), Error> {
/// let databases = migrator.databases([("catalog", &catalog), ("monitoring", &monitoring)]);
/// for database in databases.up().await? {
///     println!("{}: {} revisions applied", database.name, database.report.steps.len());
/// }
/// // Of different kinds:
/// migrator.database("catalog", &catalog).and("monitoring", "postgres://localhost/m").up().await?;
/// # Ok(()) }
/// ```
///
/// Answers come in the order of the names. Two names for one database are refused, with
/// [`ErrorKind::Chain`]: the records of one would be taken for those of the other.
#[must_use = "nothing happens before one of its methods is called"]
pub struct Databases<'m, 'c> {
    configured: Configured<'m>,
    members: Vec<(String, Way<'c>)>,
}

impl Migrator {
    /// Several of the chain's named databases, for one run over all of them.
    pub fn databases<'c, N: Into<String>, D: Database + 'c>(
        &self,
        databases: impl IntoIterator<Item = (N, D)>,
    ) -> Databases<'_, 'c> {
        self.with(Options::default()).databases(databases)
    }

    /// The first of several named databases; [`Databases::and`] adds the others.
    pub fn database<'c>(
        &self,
        name: impl Into<String>,
        database: impl Database + 'c,
    ) -> Databases<'_, 'c> {
        self.databases([(name, database)])
    }
}

impl<'m> Configured<'m> {
    /// Several of the chain's named databases, for one run over all of them.
    pub fn databases<'c, N: Into<String>, D: Database + 'c>(
        &self,
        databases: impl IntoIterator<Item = (N, D)>,
    ) -> Databases<'m, 'c> {
        let member = |(name, database): (N, D)| (name.into(), database.source());
        Databases { configured: self.clone(), members: databases.into_iter().map(member).collect() }
    }
}

impl<'c> Databases<'_, 'c> {
    /// One more database, which may be of another kind.
    pub fn and(mut self, name: impl Into<String>, database: impl Database + 'c) -> Self {
        self.members.push((name.into(), database.source()));
        self
    }

    /// Applies every revision that is not applied yet; see [`Configured::up`].
    ///
    /// # Errors
    ///
    /// Those of [`Configured::up`]: [`Error::database`] and [`Error::state`] are about the database that
    /// failed, and [`Error::others`] about all others.
    pub async fn up(self) -> Result<Vec<Named<Report>>, Error> {
        self.run(Direction::Up, None).await
    }

    /// Applies the target and everything that it follows or depends on; see [`Configured::up_to`].
    ///
    /// # Errors
    ///
    /// Those of [`Self::up`]. A target that counts from where a database is (`+1`) is refused with
    /// [`ErrorKind::Target`] unless all are at the same place.
    pub async fn up_to(self, target: impl TryIntoTarget) -> Result<Vec<Named<Report>>, Error> {
        let target = target.try_into_target()?;
        self.run(Direction::Up, Some(target)).await
    }

    /// Undoes everything applied that comes after the target; see [`Configured::down`].
    ///
    /// # Errors
    ///
    /// As for [`Self::up_to`].
    pub async fn down(self, target: impl TryIntoTarget) -> Result<Vec<Named<Report>>, Error> {
        let target = target.try_into_target()?;
        self.run(Direction::Down, Some(target)).await
    }

    /// Undoes everything applied that comes after the target, and applies it again; see
    /// [`Configured::redo`].
    ///
    /// # Errors
    ///
    /// As for [`Self::up_to`].
    pub async fn redo(self, target: impl TryIntoTarget) -> Result<Vec<Named<RedoReport>>, Error> {
        let target = target.try_into_target()?;
        self.redo_to(target).await
    }

    /// Says what [`Self::up_to`] or [`Self::down`] would do now, after the same checks. Steps that belong to
    /// the same part in several plans are committed together. Writes nothing.
    ///
    /// # Errors
    ///
    /// As for [`Self::up_to`].
    pub async fn plan(
        self,
        direction: Direction,
        target: impl TryIntoTarget,
    ) -> Result<Vec<Named<RunPlan>>, Error> {
        let target = target.try_into_target()?;
        self.plan_to(direction, target).await
    }

    /// Says what [`Self::redo`] would do now, after the same checks; writes nothing.
    ///
    /// # Errors
    ///
    /// As for [`Self::up_to`].
    pub async fn plan_redo(
        self,
        target: impl TryIntoTarget,
    ) -> Result<Vec<Named<RedoPlan>>, Error> {
        let target = target.try_into_target()?;
        self.plan_redo_to(target).await
    }

    /// Refuses to go on unless each of them is current; see [`Configured::require_current`].
    ///
    /// # Errors
    ///
    /// Those of [`Configured::require_current`], for the first that fails.
    pub async fn require_current(self) -> Result<Vec<Named<Report>>, Error> {
        let mut reports = Vec::new();
        for (configured, name, way) in self.each()? {
            let report = current::require(&configured, way).await;
            reports.push(Named { report: report.map_err(|error| renamed(error, &name))?, name });
        }
        Ok(reports)
    }

    /// Says where each of them stands; see [`Configured::status`].
    ///
    /// # Errors
    ///
    /// Those of [`Configured::status`], for the first that fails.
    pub async fn status(self) -> Result<Vec<Named<Status>>, Error> {
        let mut reports = Vec::new();
        for (configured, name, way) in self.each()? {
            let status = status::status(&configured, way).await;
            reports.push(Named { report: status.map_err(|error| renamed(error, &name))?, name });
        }
        Ok(reports)
    }
}

/// What does not depend on how a target is written: without types of their own, so that an application
/// does not compile it again.
impl<'m, 'c: 'm> Databases<'m, 'c> {
    fn run(
        self,
        direction: Direction,
        target: Option<Target>,
    ) -> BoxFuture<'m, Result<Vec<Named<Report>>, Error>> {
        Box::pin(async move {
            let started = Instant::now();
            let header = self.configured.migrator.header()?;
            let span = tracing::info_span!("migrate", %direction, chain = header.settings.chain);
            async {
                let mut opened = self.open(direction == Direction::Up).await?;
                let Opened { connections, configured, .. } = &mut opened;
                let target = target.as_ref();
                let result = attempt(connections, configured, header, direction, target).await;
                let (mut reports, unrestored) = opened.conclude(result).await?;
                for (named, unrestored) in reports.iter_mut().zip(unrestored) {
                    named.report.warnings.extend(unrestored);
                    named.report.duration = started.elapsed();
                }
                Ok(reports)
            }
            .instrument(span)
            .await
        })
    }

    fn plan_to(
        self,
        direction: Direction,
        target: Target,
    ) -> BoxFuture<'m, Result<Vec<Named<RunPlan>>, Error>> {
        Box::pin(async move {
            let header = self.configured.migrator.header()?;
            let mut opened = self.open(false).await?;
            let Opened { connections, configured, .. } = &mut opened;
            let result = look::plan_all(connections, configured, header, direction, &target).await;
            opened.conclude(result).await.map(|(plans, _)| plans)
        })
    }

    fn redo_to(self, target: Target) -> BoxFuture<'m, Result<Vec<Named<RedoReport>>, Error>> {
        Box::pin(async move {
            let mut opened = self.open(false).await?;
            let result = redo::redo_all(&mut opened.connections, &opened.configured, &target).await;
            let (mut reports, unrestored) = opened.conclude(result).await?;
            for (named, unrestored) in reports.iter_mut().zip(unrestored) {
                named.report.up.warnings.extend(unrestored);
            }
            Ok(reports)
        })
    }

    fn plan_redo_to(self, target: Target) -> BoxFuture<'m, Result<Vec<Named<RedoPlan>>, Error>> {
        Box::pin(async move {
            let mut opened = self.open(false).await?;
            let result = redo::plan_all(&mut opened.connections, &opened.configured, &target).await;
            opened.conclude(result).await.map(|(plans, _)| plans)
        })
    }
}

impl<'m, 'c> Databases<'m, 'c> {
    /// Each with its own options, in the order of the names: that is the order of the locks, which must not
    /// depend on how a program names them.
    fn each(self) -> Result<Vec<(Configured<'m>, String, Way<'c>)>, Error> {
        let mut members = self.members;
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some(twice) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let name = &twice[0].0;
            let what = format!("the database `{name}` is given twice");
            return Err(Error::new(ErrorKind::Chain, what).help("give each name one database"));
        }
        if members.is_empty() {
            return Err(Error::new(ErrorKind::Chain, "no database is given")
                .help("give each of the chain's named databases that the run is about"));
        }
        let configured = self.configured;
        let told = Arc::new(Mutex::default());
        let each = members.into_iter().map(|(name, way)| {
            let mut options = configured.options.clone().database(&name);
            options.observer = options.observer.map(|inner| -> Arc<dyn Observer> {
                Arc::new(Turning { name: name.clone(), told: Arc::clone(&told), inner })
            });
            (configured.migrator.with(options), name, way)
        });
        Ok(each.collect())
    }

    /// Opens all of them; `create` allows to create files.
    async fn open(self, create: bool) -> Result<Opened<'m, 'c>, Error> {
        let header = self.configured.migrator.header()?;
        let is_two_phase = self.configured.options.two_phase && self.members.len() > 1;
        let each = self.each()?;
        if is_two_phase {
            let kinds: Vec<(&str, bool)> =
                each.iter().map(|(_, name, way)| (name.as_str(), way.is_postgres())).collect();
            two_phase::refuse_unable(&kinds)?;
        }
        let mut opened = Opened::default();
        let mut failed = None;
        for (configured, name, way) in each {
            match Connection::open(way, create).await {
                Ok(connection) => opened.connections.push(connection),
                Err(error) => {
                    failed = Some(renamed(error, &name));
                    break;
                }
            }
            opened.names.push(name);
            opened.configured.push(configured);
        }
        let checked = match failed {
            Some(error) => Err(error),
            None => opened.check(&header.settings, is_two_phase).await,
        };
        match checked {
            Ok(()) => Ok(opened),
            Err(error) => match opened.conclude::<()>(Err(error)).await {
                Err(error) => Err(error),
                Ok(_) => unreachable!("an error stays one"),
            },
        }
    }
}

/// Tells an observer which database the next events are about, whenever that changes.
struct Turning {
    name: String,
    /// The one that it was told of last.
    told: Arc<Mutex<Option<String>>>,
    inner: Arc<dyn Observer>,
}

impl Observer for Turning {
    fn event(&self, event: &Event<'_>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() != Some(&self.name) {
            self.inner.event(&Event::Database { name: &self.name });
            *told = Some(self.name.clone());
        }
        drop(told);
        self.inner.event(event);
    }
}

/// Connections to several databases, with their names and options.
#[derive(Default)]
struct Opened<'m, 'c> {
    names: Vec<String>,
    configured: Vec<Configured<'m>>,
    connections: Vec<Connection<'c>>,
}

impl Opened<'_, '_> {
    /// Whether one run can be over all of them.
    async fn check(&mut self, settings: &Settings, is_two_phase: bool) -> Result<(), Error> {
        self.refuse_same(settings).await?;
        if is_two_phase {
            two_phase::refuse_servers(&mut self.connections, &self.names, settings).await?;
        }
        Ok(())
    }

    /// The records of one database would be taken for those of the other, and its lock for somebody
    /// else's.
    async fn refuse_same(&mut self, settings: &Settings) -> Result<(), Error> {
        let mut known: Vec<(String, &str)> = Vec::new();
        for (connection, name) in self.connections.iter_mut().zip(&self.names) {
            let Some(identity) = connection.identity(settings).await? else { continue };
            if let Some((_, other)) = known.iter().find(|(it, _)| *it == identity) {
                return Err(Error::new(
                    ErrorKind::Chain,
                    format!("`{other}` and `{name}` are one database"),
                )
                .on(connection.name())
                .note("the records of one would be taken for those of the other")
                .help("give each name a database of its own"));
            }
            known.push((identity, name));
        }
        Ok(())
    }

    /// Gives the connections back; what of that failed is a text for each, beside the results.
    async fn conclude<T>(
        mut self,
        result: Result<Vec<T>, Error>,
    ) -> Result<(Vec<Named<T>>, Vec<Option<String>>), Error> {
        if result.is_err() {
            for connection in &mut self.connections {
                // The first error is the one to tell; a connection that cannot roll back is closed.
                drop(connection.rollback().await);
            }
        }
        let mut unrestored = Vec::new();
        for connection in self.connections {
            unrestored.push(finish(connection).await);
        }
        match result {
            Ok(reports) => {
                let named = |(name, report)| Named { name, report };
                Ok((self.names.into_iter().zip(reports).map(named).collect(), unrestored))
            }
            Err(error) => Err(unrestored.into_iter().flatten().fold(error, Error::note)),
        }
    }
}

/// The error with the name that its database has among several.
fn renamed(error: Error, name: &str) -> Error {
    let called = match error.database() {
        Some(database) => format!("`{name}` ({database})"),
        None => format!("`{name}`"),
    };
    error.called(&called)
}
