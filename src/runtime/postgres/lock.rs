//! One migrator per database and chain: an advisory lock of the session.
//!
//! It is asked for again and again and never waited for inside the server: a session that waits
//! there holds a snapshot, for which `CREATE INDEX CONCURRENTLY` of the lock's holder would wait in turn.

use hmac_sha256::Hash;

use super::guard::Connection;
use crate::chain::baked::Settings;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::options::Options;
use crate::runtime::tracking::Tracking;
use crate::runtime::wait::Wait;

/// The lock's key: the first 8 bytes of SHA-256 over `cargo-migrate`, schema, table and chain, each with
/// its length before it.
fn key(tracking: &Tracking, settings: &Settings) -> i64 {
    let mut hash = Hash::new();
    let schema = tracking.schema().unwrap_or_default();
    for part in ["cargo-migrate", schema, tracking.bare(), &settings.chain] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let bytes = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    i64::from_be_bytes(first)
}

/// The rows of `pg_locks` that are this lock; a key of 64 bits stands there in two halves.
fn which(key: i64) -> String {
    let high = (key >> 32) & 0xffff_ffff;
    let low = key & 0xffff_ffff;
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.classid = {high}::oid \
         AND l.objid = {low}::oid AND l.database = \
         (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    )
}

/// Fails with a division by zero if this session does not hold the lock.
pub(super) fn proof(key: i64) -> String {
    format!(
        "SELECT 1 / pg_catalog.count(*) FROM pg_catalog.pg_locks AS l \
         WHERE {} AND l.pid = pg_catalog.pg_backend_pid()",
        which(key)
    )
}

impl Connection<'_> {
    /// Takes the lock; waits for it.
    pub(crate) async fn lock(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        options: &Options,
    ) -> Result<(), Error> {
        let key = key(tracking, settings);
        let doing = "lock the database";
        let take = format!("SELECT pg_catalog.pg_try_advisory_lock({key})::text");
        let mut wait = Wait::new(options);
        loop {
            // From the moment that it is asked for it may be held.
            self.key = Some(key);
            let taken = self.text(&take).await.map_err(|error| self.explained(error, doing))?;
            if taken.as_deref() == Some("true") {
                break;
            }
            self.key = None;
            let holder = self.holder(key).await.map_err(|error| self.explained(error, doing))?;
            if !wait.pause(holder.as_deref()).await {
                return Err(wait.timed_out(self.name(), holder.as_deref()));
            }
        }
        self.is_fresh = false;
        match self.text(&proof(key)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(self.lock_lost()),
        }
    }

    pub(crate) fn has_lock(&self) -> bool {
        self.key.is_some()
    }

    /// Who holds the lock, in words.
    async fn holder(&mut self, key: i64) -> Result<Option<String>, sqlx::Error> {
        let sql = format!(
            "SELECT 'process ' || l.pid || coalesce(' of ' || a.usename, '') \
             || coalesce(', ' || nullif(a.application_name, ''), '') \
             || coalesce(', from ' || pg_catalog.host(a.client_addr), '') \
             FROM pg_catalog.pg_locks AS l \
             LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid WHERE {} LIMIT 1",
            which(key)
        );
        self.text(&sql).await
    }

    /// The error where this session does not hold the lock any more.
    pub(super) fn lock_lost(&self) -> Error {
        Error::new(ErrorKind::LockLost, "this session does not hold the lock that it took")
            .on(self.name())
            .note(
                "a pooler stands between this program and the server, and hands each transaction to \
                 another session (transaction pooling); or somebody freed the lock",
            )
            .help("connect to the server itself, or to a port of the pooler with session pooling")
    }

    pub(super) async fn unlock(&mut self) -> Result<(), sqlx::Error> {
        let Some(key) = self.key else { return Ok(()) };
        let sql = format!("SELECT pg_catalog.pg_advisory_unlock({key})::text");
        // `false` is a lock that was lost, which the commit has found out.
        self.text(&sql).await?;
        self.key = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    #[test]
    fn the_key_tells_schemas_tables_and_chains_apart() {
        let of = |schema: &str, table: &str, chain: &str| {
            let settings = Settings {
                chain: chain.into(),
                schema: Some(schema.into()),
                table: table.into(),
                ..Settings::default()
            };
            key(&Tracking::new(Dialect::Postgres, &settings, None), &settings)
        };
        let keys = [of("a", "b", "c"), of("ab", "", "c"), of("a", "b", "d"), of("a", "bc", "")];
        let unique: std::collections::HashSet<i64> = keys.into_iter().collect();
        assert_eq!(unique.len(), keys.len());
        assert_eq!(keys[0], of("a", "b", "c"));
    }
}
