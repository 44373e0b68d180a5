//! Two-phase commit: one decision for the transactions of several databases.
//!
//! Held open and committed one after the other, transactions can be lost between two commits. On request
//! ([`Options::two_phase`]) those of `PostgreSQL` are *prepared* first: the server promises to commit them, whatever
//! becomes of the connection or of itself. Only the one whose commit decides is not: it writes the number of
//! the group into its own tables, and is committed when all others are prepared. What it says is then what holds
//! for all: if the number is there, the others are committed, and if not, undone, by this run or the next one.
//! So there is no moment at which nobody can say what becomes of a prepared transaction.
//!
//! There is a number for each set of databases that have followed the one that decides. The next run over the same
//! ones replaces it, when nothing that it has decided is left prepared in them; a run over others has not seen that,
//! and so must not.
//!
//! The database that decides is the one that cannot prepare, if one of the part is not `PostgreSQL`, and
//! otherwise the first. (In the literature: presumed abort, with the last resource as the log of the coordinator;
//! Mohan, Lindsay and Obermarck, *Transaction Management in the R\* Distributed Database Management System*, 1986.)

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use hmac_sha256::Hash;

use super::connection::Connection;
#[cfg(feature = "postgres")]
use super::connection::Driver;
use super::error::{DatabaseState, Error, ErrorKind};
use super::migrator::Configured;
use super::options::Options;
use super::select::Request;
use crate::chain::baked::Settings;
use crate::chain::listed;
use crate::dialect::Dialect;

/// What names of transactions begin with.
const PREFIX: &str = "cargo-migrate";

/// `PostgreSQL` keeps the name of a transaction in 200 bytes, the last of which is zero.
const LONGEST: usize = 199;

/// What the parts before the name of the database take at most.
const OVERHEAD: usize = PREFIX.len() + 1 + 16 + 1 + 16 + 1 + 5 + 1 + 8 + 1;

/// The way out that is always there.
const ONE_BY_ONE: &str = "run without two-phase commit: the transactions are held open and committed one after the other";

/// The transactions that are decided together: one part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// What the database that decides writes down.
    pub(crate) number: i64,
    /// The name of the database that decides.
    pub(crate) decider: String,
    /// What tells that database from others of the same name.
    pub(crate) place: u32,
}

impl Group {
    /// A new one, whose number no other has.
    pub(crate) fn new(decider: &str, place: u32) -> Self {
        // The standard library's only source of chance.
        let chance = RandomState::new().hash_one(std::process::id());
        let number = i64::try_from(chance >> 1).expect("63 bits are a positive number");
        Self { number, decider: decider.to_owned(), place }
    }

    /// The name of the transaction in one of its databases; `lock` is the key of the chain's lock there. A server
    /// keeps the names of all its databases apart, and so `member` does.
    #[cfg(feature = "postgres")]
    pub(crate) fn transaction(&self, lock: i64, member: usize) -> String {
        let Self { number, decider, place } = self;
        format!("{}{number:016x}:{member}:{place:08x}:{decider}", prefix(lock))
    }

    /// Reads such a name; `None` if it is somebody else's.
    #[cfg(feature = "postgres")]
    pub(crate) fn of_transaction(name: &str) -> Option<Self> {
        let mut parts = name.splitn(6, ':');
        (parts.next()? == PREFIX).then_some(())?;
        let _lock = parts.next()?;
        let number = i64::from_str_radix(parts.next()?, 16).ok()?;
        let _member: usize = parts.next()?.parse().ok()?;
        let place = u32::from_str_radix(parts.next()?, 16).ok()?;
        Some(Self { number, decider: parts.next()?.to_owned(), place })
    }
}

/// What the names of a chain's transactions in one database begin with.
#[cfg(feature = "postgres")]
pub(crate) fn prefix(lock: i64) -> String {
    format!("{PREFIX}:{lock:016x}:")
}

/// The first four bytes of SHA-256 over what a database is known by; zero where that is nothing.
fn place_of(identity: Option<&str>) -> u32 {
    let Some(identity) = identity else { return 0 };
    let [a, b, c, d, ..] = Hash::hash(identity.as_bytes());
    u32::from_be_bytes([a, b, c, d])
}

/// A transaction that a run over several databases has prepared, and that is neither committed nor undone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreparedTransaction {
    /// Its name on the server (`pg_prepared_xacts.gid`).
    pub name: String,
    /// When it was prepared, in UTC: `2026-11-22T10:31:07.123Z`.
    pub at: String,
    pub(crate) group: Group,
}

impl PreparedTransaction {
    /// The named database that knows what is to become of it.
    pub fn decider(&self) -> &str {
        &self.group.decider
    }

    /// `None` if the name is not one of ours.
    #[cfg(feature = "postgres")]
    pub(crate) fn new(name: String, at: String) -> Option<Self> {
        let group = Group::of_transaction(&name)?;
        Some(Self { name, at, group })
    }

    /// The error where nobody in the run can say what is to become of it.
    pub(crate) fn undecided(&self, here: Option<&str>) -> Error {
        let decider = self.decider();
        let both = match here {
            Some(here) => format!("`{decider}` and `{here}`"),
            None => format!("`{decider}` and this database"),
        };
        Error::new(
            ErrorKind::Unfinished,
            format!(
                "a transaction is prepared here by a run over several databases that did not come back, and \
                 what is to become of it only `{decider}` knows"
            ),
        )
        .note(self.to_string())
        .help(format!("run `up` over {both} together: it commits what was decided, and undoes what was not"))
        .help(format!(
            "or, if `{decider}` is lost, decide by hand with `COMMIT PREPARED` or `ROLLBACK PREPARED` in a \
             session of this database"
        ))
    }

    /// The error where the database that would decide is another one now.
    pub(crate) fn elsewhere(&self) -> Error {
        let decider = self.decider();
        Error::new(
            ErrorKind::Unfinished,
            format!(
                "a transaction is prepared here by a run that did not come back, and its `{decider}` was another \
                 database than that of this run"
            ),
        )
        .note(self.to_string())
        .help(format!("run with the `{decider}` of that run, and as its role"))
        .help(
            "or, if that is the same one at another place, see there whether the revisions are applied, and then \
             decide with `COMMIT PREPARED` or `ROLLBACK PREPARED` in a session of this database",
        )
    }
}

impl fmt::Display for PreparedTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the transaction `{}` is prepared since {}", self.name, self.at)
    }
}

/// Whether one run over these databases commits in two phases; of one there is nothing to agree about.
pub(super) fn is_two_phase(requests: &[Request<'_>]) -> bool {
    requests.len() > 1 && requests.iter().any(|request| request.options.two_phase)
}

/// Refuses databases that cannot be committed in two phases, before any is opened; of each its name, and
/// whether it is `PostgreSQL`.
pub(super) fn refuse_unable(databases: &[(&str, bool)]) -> Result<(), Error> {
    let refused =
        |what: String| Error::new(ErrorKind::Requirement, what).leaving(DatabaseState::AsBefore);
    let others: Vec<&str> =
        databases.iter().filter(|(_, is_postgres)| !is_postgres).map(|(name, _)| *name).collect();
    if others.len() > 1 {
        return Err(refused(format!(
            "{} cannot be committed in two phases: only PostgreSQL can prepare a transaction",
            listed(&others)
        ))
        .note("one database of another kind is possible: its commit decides for all")
        .help(ONE_BY_ONE));
    }
    match databases.iter().find(|(name, _)| OVERHEAD + name.len() > LONGEST) {
        Some((name, _)) => {
            Err(refused(format!("the name `{name}` is too long for two-phase commit"))
                .note("the name of a prepared transaction has it in it, and PostgreSQL limits that")
                .help(format!("give the database a name of {} bytes at most", LONGEST - OVERHEAD)))
        }
        None => Ok(()),
    }
}

/// Refuses servers that keep no prepared transactions, before anything is done in any database; and finds out
/// what they are known by, which must not be asked in a transaction.
pub(super) async fn refuse_servers(
    connections: &mut [Connection<'_>],
    names: &[String],
    settings: &Settings,
) -> Result<(), Error> {
    for (connection, name) in connections.iter_mut().zip(names) {
        if connection.dialect() == Dialect::Postgres && connection.most_prepared().await? == 0 {
            return Err(not_allowed(name).on(connection.name()));
        }
        connection.lasting_place(settings).await?;
    }
    Ok(())
}

fn not_allowed(name: &str) -> Error {
    Error::new(
        ErrorKind::Requirement,
        format!("the server of `{name}` does not allow two-phase commit"),
    )
    .note("its setting `max_prepared_transactions` is 0")
    .help(
        "set `max_prepared_transactions` to the number of databases at least, as with `ALTER SYSTEM SET \
         max_prepared_transactions = 10`, and restart the server",
    )
    .help(format!("or {ONE_BY_ONE}"))
    .leaving(DatabaseState::AsBefore)
}

/// Calls the driver of `PostgreSQL`; the others have nothing prepared.
macro_rules! postgres {
    ($self:ident, $driver:ident => $call:expr, $otherwise:expr) => {
        match &mut $self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres($driver) => $call,
            #[allow(unreachable_patterns, reason = "there may be no other driver")]
            _ => $otherwise,
        }
    };
}

#[cfg_attr(
    not(feature = "postgres"),
    allow(
        unused_variables,
        clippy::unused_async,
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "only PostgreSQL has such transactions"
    )
)]
impl Connection<'_> {
    /// How many transactions the server keeps prepared at most.
    async fn most_prepared(&mut self) -> Result<u32, Error> {
        postgres!(self, driver => driver.most_prepared().await, Ok(0))
    }

    /// What tells this database from others for longer than a run, as far as that is known.
    pub(super) async fn lasting_place(&mut self, settings: &Settings) -> Result<u32, Error> {
        if let Some(place) = self.lasting_place {
            return Ok(place);
        }
        let table = self.tracking(settings).await?.table();
        let dialect = self.dialect();
        let place = postgres!(
            self,
            driver => {
                let place = driver.lasting_identity().await?;
                place.map(|place| format!("{dialect} {place} {table}"))
            },
            self.identity(settings).await?
        );
        let place = place_of(place.as_deref());
        self.lasting_place = Some(place);
        Ok(place)
    }

    /// The transactions of the chain that are prepared here; there are none where a database is alone.
    pub(super) async fn prepared(
        &mut self,
        settings: &Settings,
        options: &Options,
    ) -> Result<Vec<PreparedTransaction>, Error> {
        if options.database.is_none() || self.dialect() != Dialect::Postgres {
            return Ok(Vec::new());
        }
        let tracking = self.tracking(settings).await?;
        postgres!(
            self,
            driver => driver.prepared_transactions(&tracking, settings).await,
            Ok(Vec::new())
        )
    }

    /// Prepares the open transaction, as one of a group.
    pub(super) async fn prepare(
        &mut self,
        settings: &Settings,
        group: &Group,
        member: usize,
    ) -> Result<(), Error> {
        let tracking = self.tracking(settings).await?;
        postgres!(
            self,
            driver => driver.prepare(&tracking, settings, group, member).await,
            unreachable!("only PostgreSQL is asked to prepare")
        )
    }

    /// From now on it may be decided that the prepared transaction is committed: nothing undoes it here.
    pub(super) fn deciding(&mut self) {
        postgres!(self, driver => driver.deciding(), ());
    }

    /// It was decided that the prepared transaction is undone.
    pub(super) fn decided_against(&mut self) {
        postgres!(self, driver => driver.decided_against(), ());
    }

    /// The name of the transaction that is, or may be, prepared.
    pub(super) fn prepared_name(&self) -> Option<&str> {
        match &self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(driver) => driver.prepared_name(),
            #[allow(unreachable_patterns, reason = "there may be no other driver")]
            _ => None,
        }
    }

    /// Commits or undoes a transaction that an earlier run has left.
    pub(super) async fn end_prepared(&mut self, name: &str, is_commit: bool) -> Result<(), Error> {
        postgres!(self, driver => driver.end_prepared(name, is_commit).await, Ok(()))
    }

    /// What a plan says of them; `configured` are the databases of the run that is planned.
    pub(super) async fn what_comes_first(
        &mut self,
        request: &Request<'_>,
        configured: &[Configured<'_>],
    ) -> Result<Vec<String>, Error> {
        let prepared = self.prepared(request.settings, request.options).await?;
        let says = |it: &PreparedTransaction| {
            let decider = it.decider();
            if configured.iter().any(|other| other.options.database.as_deref() == Some(decider)) {
                format!(
                    "{it}: the run begins with committing or undoing it, and what it does then may differ"
                )
            } else {
                format!(
                    "{it}: the run would be refused; `up` over `{decider}` and this database settles it"
                )
            }
        };
        Ok(prepared.iter().map(says).collect())
    }

    /// Refuses to go on beside a transaction that is prepared here: it holds its locks.
    pub(super) async fn refuse_prepared(
        &mut self,
        settings: &Settings,
        options: &Options,
    ) -> Result<(), Error> {
        match self.prepared(settings, options).await?.first() {
            Some(prepared) => Err(prepared.undecided(options.database.as_deref()).on(self.name())),
            None => Ok(()),
        }
    }

    /// Writes down, in the open transaction, that it decides for this group; `others` says which databases are
    /// to follow.
    pub(super) async fn write_decision(
        &mut self,
        settings: &Settings,
        group: &Group,
        others: &str,
    ) -> Result<(), Error> {
        let sql = self.tracking(settings).await?.decide(group.number, others);
        postgres!(self, driver => driver.commit_to_disk().await?, ());
        let written = self.affect(&sql).await;
        written.map(|_| ()).map_err(|error| self.explained(error, "write the decision down"))
    }

    /// Whether the transaction that decides for this group is committed. Only while no run can be at work.
    pub(super) async fn has_decided(
        &mut self,
        settings: &Settings,
        options: &Options,
        group: &Group,
    ) -> Result<bool, Error> {
        // Where begin is what locks, whoever was about to commit is done or gone.
        self.begin(false, options).await?;
        let found = self.reads_decision(settings, group).await?;
        self.rollback().await?;
        Ok(found)
    }

    /// The same, where only a transaction of this connection could be committed, and none is open.
    pub(super) async fn reads_decision(
        &mut self,
        settings: &Settings,
        group: &Group,
    ) -> Result<bool, Error> {
        let tracking = self.tracking(settings).await?;
        match self.texts(&tracking.decision(group.number)).await {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(error) if self.is_no_table(&error, &format!("{}_meta", tracking.bare())) => {
                Ok(false)
            }
            Err(error) => Err(self.explained(error, "read what was decided")),
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_decides() {
        for decider in ["catalog", "a:b", "größer", ""] {
            let group = Group::new(decider, 7);
            let name = group.transaction(-5, 3);
            assert!(name.starts_with(&prefix(-5)), "{name}");
            assert_eq!(Group::of_transaction(&name), Some(group), "{name}");
        }
        for name in [
            "",
            "cargo-migrate",
            "cargo-migrate:0:0:0:0",
            "other:0:0:0:0:x",
            "cargo-migrate:0:x:0:0:a",
        ] {
            assert_eq!(Group::of_transaction(name), None, "{name}");
        }
    }

    #[test]
    fn the_longest_name_of_a_database_fits() {
        let decider = "x".repeat(LONGEST - OVERHEAD);
        let group = Group { number: i64::MAX, decider, place: u32::MAX };
        assert_eq!(group.transaction(-1, 99_999).len(), LONGEST);
    }

    #[test]
    fn a_server_that_keeps_none_is_refused_with_what_to_do() {
        insta::assert_snapshot!(not_allowed("catalog"), @"
        the server of `catalog` does not allow two-phase commit
         = note: its setting `max_prepared_transactions` is 0
         = the database is as before
         = help: set `max_prepared_transactions` to the number of databases at least, as with `ALTER SYSTEM SET max_prepared_transactions = 10`, and restart the server
         = help: or run without two-phase commit: the transactions are held open and committed one after the other
        ");
    }

    #[test]
    fn groups_and_places_differ() {
        assert_ne!(Group::new("a", 0).number, Group::new("a", 0).number);
        assert_ne!(place_of(Some("a")), place_of(Some("b")));
        assert_eq!(place_of(None), 0);
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        let long = "x".repeat(LONGEST - OVERHEAD + 1);
        assert!(refuse_unable(&[("a", true), ("b", false)]).is_ok());
        assert!(refuse_unable(&[("a", true), (&long, true)]).is_err());
        assert!(refuse_unable(&[("a", true), (&long[1..], true)]).is_ok());
    }
}
