//! The lock of a database and chain: `GET_LOCK`, on the connection that does the work.

use sqlx::AssertSqlSafe;

use super::error::{is_disconnected, number};
use super::guard::{Connection, View};
use crate::chain::baked::Settings;
use crate::chain::hex;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::lease::Claim;
use crate::runtime::options::Options;
use crate::runtime::tracking::Tracking;
use crate::runtime::wait::Wait;

/// Reads what is in the row now, and not what was when the transaction began. `MariaDB` knows no `FOR SHARE`.
pub(super) const LOCKING: &str = " LOCK IN SHARE MODE";

/// The lock's name: such locks belong to the server, not to a database, and a name has at most 64
/// characters. Databases whose names differ only in case share one, since to some servers they are the same.
pub(crate) fn name(schema: &str, table: &str, chain: &str) -> String {
    let mut hash = hmac_sha256::Hash::new();
    for part in [&schema.to_lowercase(), &table.to_lowercase(), chain] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    format!("cargo-migrate:{}", hex(&digest[..16]))
}

impl Connection<'_> {
    /// Takes the lock; waits for it. Asked for again and again, so that whoever waits can be told by whom.
    pub(crate) async fn lock(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        options: &Options,
    ) -> Result<(), Error> {
        let schema = tracking.schema().unwrap_or_default();
        let name = name(schema, tracking.bare(), &settings.chain);
        let mut wait = Wait::new(options);
        loop {
            // From here on the connection may hold it, also if this future is dropped.
            self.lock = Some(name.clone());
            // A negative time-out is for ever on MySQL and an error on MariaDB.
            let got = self.text(&format!("SELECT CAST(GET_LOCK('{name}', 0) AS CHAR)")).await;
            let got = got.map_err(|error| self.explained(error, "take the lock"))?;
            if got.as_deref() == Some("1") {
                return Ok(());
            }
            self.lock = None;
            if got.is_none() {
                return Err(Error::new(
                    ErrorKind::Database,
                    "failed to take the lock: the server answers NULL to `GET_LOCK`",
                )
                .on(self.name())
                .note("it ran out of memory, or somebody ended the statement with `KILL`")
                .help("run again"));
            }
            let holder = self.holder(&name).await;
            if !wait.pause(holder.as_deref()).await {
                return Err(wait.timed_out(self.name(), holder.as_deref()));
            }
        }
    }

    pub(crate) fn has_lock(&self) -> bool {
        self.lock.is_some()
    }

    /// Whether someone else may have written since the state was read: until it is read under the lock.
    pub(crate) async fn is_stale(&mut self) -> Result<bool, Error> {
        Ok(self.view != View::Current)
    }

    /// Who holds a lock; without the right `PROCESS` only the session's number is known.
    pub(super) async fn holder(&mut self, name: &str) -> Option<String> {
        let used = format!("IS_USED_LOCK('{name}')");
        let sql = format!(
            "SELECT CAST({used} AS CHAR), (SELECT CAST(concat(user, '@', host) AS CHAR) \
             FROM information_schema.processlist WHERE id = {used})"
        );
        let mut cells = self.texts(&sql).await.ok()?.pop()?.into_iter();
        let session = cells.next()??;
        Some(match cells.next().flatten() {
            Some(who) => format!("session {session} ({who})"),
            None => format!("session {session}"),
        })
    }

    /// From now on a lease is the lock, and this proves it.
    pub(crate) fn fence(&mut self, proof: String) {
        self.fence = Some(proof);
        self.view = View::Stale;
    }

    /// Fails with [`sqlx::Error::RowNotFound`] if the lock is a lease that does not hold any more.
    pub(super) async fn prove(&mut self, share: &str) -> Result<(), sqlx::Error> {
        let Some(proof) = &self.fence else { return Ok(()) };
        let sql = format!("{proof}{share}");
        match self.text(&sql).await? {
            Some(_) => Ok(()),
            None => Err(sqlx::Error::RowNotFound),
        }
    }

    /// The error where the lease does not hold any more.
    pub(super) fn lease_lost(&self) -> Error {
        Error::new(ErrorKind::LockLost, "the lease of the lock was lost while the run was at work")
            .on(self.name())
            .note("it ran out while this program could not renew it: it was paused, or cut off")
            .help("run again; a longer lease (`Options::lease`) survives longer pauses")
    }

    /// Frees the lock of the session, for a lease takes its place.
    pub(crate) async fn free(&mut self) -> Result<(), Error> {
        let result = self.release().await;
        result.map_err(|error| self.explained(error, "free the lock of the session"))
    }

    /// Creates the lock table.
    pub(crate) async fn create_lock(&mut self, _: &Tracking, sql: &str) -> Result<(), sqlx::Error> {
        self.run(AssertSqlSafe(sql)).await
    }

    /// Whether creating something failed because another session was creating it.
    pub(crate) fn is_created_meanwhile(&self, error: &sqlx::Error) -> bool {
        matches!(number(error), Some(1050 | 1205 | 1213))
    }

    /// Runs a statement while nobody holds the lock of the session, which is taken for that.
    pub(crate) async fn claim(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        sql: &str,
    ) -> Result<Claim, sqlx::Error> {
        let name = name(tracking.schema().unwrap_or_default(), tracking.bare(), &settings.chain);
        match self.text(&format!("SELECT CAST(GET_LOCK('{name}', 0) AS CHAR)")).await {
            Ok(got) if got.as_deref() == Some("1") => self.lock = Some(name),
            Ok(_) => return Ok(Claim::Held(self.holder(&name).await)),
            Err(error) if is_disconnected(&error) => return Err(error),
            // Some clusters forbid such locks; so nobody holds one.
            Err(_) => {}
        }
        let rows = self.affect(sql).await;
        self.release().await?;
        rows.map(Claim::Sent)
    }

    /// The error if the lock is not held any more; a lease holds from here until the transaction ends.
    pub(super) async fn check_lock(&mut self) -> Result<(), Error> {
        let proven = self.prove(LOCKING).await;
        proven.map_err(|error| self.explained(error, "see that the lock is held"))?;
        let Some(name) = &self.lock else { return Ok(()) };
        let sql = format!("SELECT CAST(IS_USED_LOCK('{name}') = CONNECTION_ID() AS CHAR)");
        let held = self.text(&sql).await;
        let held = held.map_err(|error| self.explained(error, "ask for the lock"))?;
        if held.as_deref() == Some("1") {
            return Ok(());
        }
        self.lock = None;
        Err(Error::new(ErrorKind::LockLost, "the lock was lost while the run was at work")
            .on(self.name())
            .note("a statement has released it, or a proxy has changed the session in between")
            .help("connect to the server itself and not through a proxy, look at `status`, and run again"))
    }

    /// Frees the lock, if it is held, and that of sqlx.
    pub(super) async fn release(&mut self) -> Result<(), sqlx::Error> {
        if let Some(name) = &self.sqlx_lock {
            let sql = format!("SELECT CAST(RELEASE_LOCK('{name}') AS CHAR)");
            self.text(&sql).await?;
            self.sqlx_lock = None;
        }
        if let Some(name) = &self.lock {
            let sql = format!("DO RELEASE_LOCK('{name}')");
            self.affect(&sql).await?;
            self.lock = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_table_and_chain_has_a_lock_of_its_own() {
        let names = [
            name("a", "t", "main"),
            name("b", "t", "main"),
            name("a", "u", "main"),
            name("a", "t", "Main"),
            name("at", "", "main"),
            name("", "at", "main"),
        ];
        for (index, one) in names.iter().enumerate() {
            assert!(one.len() <= 64 && one.is_ascii());
            assert!(names.iter().skip(index + 1).all(|other| other != one));
        }
        assert_eq!(name("A", "T", "main"), name("a", "t", "main"));
    }
}
