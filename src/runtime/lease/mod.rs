//! One migrator per database and chain where sessions cannot lock: a row with a lease.
//!
//! A pooler with transaction pooling hands each transaction to another session, and some servers do
//! not tell all of their cluster what a session has locked. There the configuration says
//! `lock = "table"`: who runs owns a row of the lock table for a while, and a second connection, the
//! *keeper*, renews it while the first one works, both inside the future of the run. Whoever does
//! not renew in time loses it to the next runner; so each commit proves in its own transaction that
//! the lease still holds.
//!
//! Both ways to lock see each other: the first row of a chain is written only while nobody holds
//! the chain's lock of the session, and who has that lock looks for the row.

mod table;

use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select, select_all};

use super::connection::Connection;
use super::database::Source;
use super::error::{DatabaseState, Error, ErrorKind};
use super::options::Options;
use super::run::applied_by;
use super::timer::sleep;
use super::tracking::Tracking;
use super::wait::Wait;
use crate::chain::baked::Settings;

pub(crate) use table::LockTable;

/// Below this the lease would be lost to the time that its renewal takes.
const SHORTEST: Duration = Duration::from_millis(100);

/// What became of a message that may be sent only while nobody holds the lock of the session.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It was sent, and changed this many rows.
    Sent(u64),
    /// Somebody holds it: who, in words.
    #[allow(dead_code, reason = "only servers have such locks")]
    Held(Option<String>),
}

/// A lease that is held, and the connection that renews it.
pub(crate) struct Lease {
    table: LockTable,
    way: Source<'static>,
    keeper: Option<Connection<'static>>,
    database: String,
    length: Duration,
    /// When the renewal was asked for that was the last to succeed.
    renewed: Instant,
}

/// How the work of a run ended.
pub(crate) enum Outcome<T> {
    /// It came to its end.
    Done(T),
    /// It was dropped where it was: for the lease with this index, or because that was asked for.
    Lost(Option<usize>, Error),
}

impl<T> Outcome<Outcome<T>> {
    pub(crate) fn flatten(self) -> Outcome<T> {
        match self {
            Self::Done(outcome) => outcome,
            Self::Lost(lease, error) => Outcome::Lost(lease, error),
        }
    }
}

/// What one attempt to take the lease found.
enum Attempt {
    Ours,
    /// Who has it, in words; `None` if that changed meanwhile.
    Theirs(Option<String>),
}

impl Connection<'_> {
    /// The names that a run would lock with.
    pub(super) fn lock_table(
        &self,
        tracking: &Tracking,
        settings: &Settings,
        options: &Options,
    ) -> LockTable {
        let by = options.applied_by.clone().unwrap_or_else(applied_by);
        let holder = format!("{by} (process {})", std::process::id());
        LockTable::new(self.dialect(), tracking, settings, &token(), &holder, length(options))
    }

    /// Whether this chain is locked with a row, whatever the settings of this program say.
    pub(super) async fn has_lock_row(&mut self, table: &LockTable) -> Result<bool, Error> {
        use super::connection::Presence;
        if self.presence(&table.object()).await? == Presence::Absent {
            return Ok(false);
        }
        Ok(self.standing(table).await?.is_some())
    }

    /// Takes the lease; waits for it.
    pub(super) async fn lease(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        options: &Options,
    ) -> Result<Lease, Error> {
        let table = self.lock_table(tracking, settings, options);
        let Some(way) = self.again() else { return Err(no_second(self.name())) };
        let Some(keeper) = way.again() else { return Err(no_second(self.name())) };
        let mut keeper = Box::pin(Connection::open(keeper, false)).await?;
        let mut wait = Wait::new(options);
        loop {
            let asked = Instant::now();
            let holder = match keeper.attempt(&table, tracking, settings).await? {
                Attempt::Ours => {
                    let database = self.name().to_owned();
                    let length = length(options);
                    let keeper = Some(keeper);
                    return Ok(Lease { table, way, keeper, database, length, renewed: asked });
                }
                Attempt::Theirs(holder) => holder,
            };
            if !wait.pause(holder.as_deref()).await {
                drop(keeper.finish().await);
                return Err(wait.timed_out(self.name(), holder.as_deref()));
            }
        }
    }

    async fn attempt(
        &mut self,
        table: &LockTable,
        tracking: &Tracking,
        settings: &Settings,
    ) -> Result<Attempt, Error> {
        let doing = "lock the database";
        match self.affect(&table.take()).await {
            Ok(1) => return Ok(Attempt::Ours),
            Ok(_) => {}
            Err(error) if self.is_no_table(&error, table.bare()) => {
                match self.create_lock(tracking, &table.create()).await {
                    Ok(()) => {}
                    // `IF NOT EXISTS` does not see what another session is about to create.
                    Err(error) if self.is_created_meanwhile(&error) => {
                        return Ok(Attempt::Theirs(None));
                    }
                    Err(error) => return Err(self.explained(error, "create the lock table")),
                }
            }
            Err(error) => return Err(self.explained(error, doing)),
        }
        match self.standing(table).await? {
            Some((Some(holder), left)) => {
                Ok(Attempt::Theirs(Some(format!("{holder}, whose lease {left}"))))
            }
            Some((None, _)) => Ok(Attempt::Theirs(None)),
            None => match self.claim(tracking, settings, &table.insert()).await {
                Ok(Claim::Sent(1)) => Ok(Attempt::Ours),
                Ok(Claim::Sent(_)) => Ok(Attempt::Theirs(None)),
                Ok(Claim::Held(holder)) => Ok(Attempt::Theirs(holder)),
                Err(error) => Err(self.explained(error, doing)),
            },
        }
    }

    /// Who has the row of the chain, and for how long; `None` if there is no row.
    async fn standing(
        &mut self,
        table: &LockTable,
    ) -> Result<Option<(Option<String>, String)>, Error> {
        let rows = self.texts(&table.standing()).await;
        let rows = rows.map_err(|error| self.explained(error, "read the lock table"))?;
        Ok(rows.into_iter().next().map(|mut cells| {
            let left = cells.pop().flatten().and_then(|left| left.parse::<f64>().ok());
            let left = match left {
                Some(left) if left > 0.0 => format!("ends in {left:.1} s unless it is renewed"),
                _ => String::from("has run out"),
            };
            (cells.pop().flatten(), left)
        }))
    }
}

impl Lease {
    /// What proves inside a transaction that the lease holds; see [`LockTable::proof`].
    pub(crate) fn proof(&self) -> String {
        self.table.proof()
    }

    /// Does the work, and renews the leases until it is done; or until one of them is lost.
    pub(crate) async fn during<T>(
        leases: &mut [Self],
        work: impl Future<Output = T>,
    ) -> Outcome<T> {
        let keeping = leases.iter_mut().map(|lease| Box::pin(lease.keep()));
        match select(pin!(work), select_all(keeping)).await {
            Either::Left((result, _)) => Outcome::Done(result),
            Either::Right(((error, which, _), _)) => Outcome::Lost(Some(which), error),
        }
    }

    /// Renews the lease for as long as that succeeds.
    async fn keep(&mut self) -> Error {
        loop {
            sleep(self.length / 3).await;
            let mut pause = SHORTEST / 10;
            // What the server said tells more than that it said nothing the last time.
            let mut says = String::from("the server did not answer");
            loop {
                // The time runs from the moment of asking: the answer may take long.
                let asked = Instant::now();
                let left = self.length.saturating_sub(self.renewed.elapsed());
                match within(left.max(SHORTEST), self.renew()).await {
                    Some(Ok(1)) => {
                        self.renewed = asked;
                        break;
                    }
                    Some(Ok(_)) => return self.taken().await,
                    Some(Err(error)) => error.message().clone_into(&mut says),
                    None => {}
                }
                // Whatever is wrong with this connection, another one may do.
                self.keeper = None;
                if self.renewed.elapsed() >= self.length {
                    return self.lost(&format!("it could not be renewed: {says}"));
                }
                sleep(pause).await;
                pause = (pause * 2).min(self.length / 10);
            }
        }
    }

    async fn renew(&mut self) -> Result<u64, Error> {
        let keeper = match &mut self.keeper {
            Some(keeper) => keeper,
            none => {
                let way = self.way.again().ok_or_else(|| no_second(&self.database))?;
                none.insert(Box::pin(Connection::open(way, false)).await?)
            }
        };
        let renewed = keeper.affect(&self.table.renew()).await;
        renewed.map_err(|error| keeper.explained(error, "renew the lease"))
    }

    async fn taken(&mut self) -> Error {
        let standing = match &mut self.keeper {
            Some(keeper) => keeper.standing(&self.table).await.ok().flatten(),
            None => None,
        };
        match standing {
            Some((Some(holder), _)) => self.lost(&format!("it had run out, and {holder} took it")),
            _ => self.lost("somebody has changed the row of the lock table"),
        }
    }

    fn lost(&self, why: &str) -> Error {
        Error::new(ErrorKind::LockLost, "the lease of the lock was lost while the run was at work")
            .on(&self.database)
            .note(why)
            .note("the statement that was running may still be running on the server")
            .leaving(DatabaseState::Uncertain { revisions: Vec::new() })
            .help("run again: what was recorded is not repeated")
    }

    /// Ends the run under the lease: gives it back, or closes the connection that worked without it.
    pub(crate) async fn conclude<T>(
        self,
        connection: &mut Connection<'_>,
        outcome: Outcome<Result<T, Error>>,
    ) -> Result<T, Error> {
        match outcome {
            Outcome::Done(result) => {
                if result.is_err() {
                    // An open transaction may keep the row of the lock.
                    drop(connection.rollback().await);
                }
                self.release().await;
                result
            }
            Outcome::Lost(_, error) => {
                connection.sever();
                Err(error)
            }
        }
    }

    /// Lets the next runner have it at once. What fails here only makes that one wait.
    pub(crate) async fn release(mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        let released = async {
            drop(keeper.affect(&self.table.release()).await);
            drop(keeper.finish().await);
        };
        within(self.length, released).await;
    }
}

/// `None` if it takes longer.
async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), sleep(limit)).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}

fn length(options: &Options) -> Duration {
    options.lease.max(SHORTEST)
}

/// A text that no other run has.
fn token() -> String {
    // The standard library's only source of chance; two of them, so that none meets another's.
    let part = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", part(), part())
}

fn no_second(database: &str) -> Error {
    Error::new(
        ErrorKind::Locked,
        "the lock of this chain is a row with a lease, and one connection cannot both work and renew it",
    )
    .on(database)
    .help("pass a URL, connect options or a pool to the migrator, instead of a connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_runs_have_the_same_token() {
        let tokens: std::collections::HashSet<String> = (0..1000).map(|_| token()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|token| token.len() == 32));
    }
}
