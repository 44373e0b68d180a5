//! One migrator per database and chain: an advisory lock of the session.
//!
//! It is asked for again and again and never waited for inside the server: a session that waits
//! there holds a snapshot, for which `CREATE INDEX CONCURRENTLY` of the lock's holder would wait in turn.

use std::time::Duration;

use hmac_sha256::Hash;

use super::error::code;
use super::guard::Connection;
use crate::chain::baked::Settings;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::lease::Claim;
use crate::runtime::options::Options;
use crate::runtime::timer::sleep;
use crate::runtime::tracking::Tracking;
use crate::runtime::wait::Wait;

const AROUND_POOLERS: &str = "connect to the server itself, or to a port of the pooler with session \
     pooling; or set `lock = \"table\"` in `[package.metadata.migrate]`, and build again";

/// Without a pooler the first attempt succeeds.
const UNLOCK_ATTEMPTS: u32 = 40;
const UNLOCK_PAUSE: Duration = Duration::from_millis(25);

/// The lock's key: the first 8 bytes of SHA-256 over `cargo-migrate`, schema, table and chain, each with
/// its length before it.
pub(super) fn key(tracking: &Tracking, settings: &Settings) -> i64 {
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

/// Whether this session holds the lock. Dear: the server lists all locks that there are; but it does
/// not believe what the functions that lock say.
fn is_ours(key: i64) -> String {
    format!(
        "EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l WHERE {} \
         AND l.pid = pg_catalog.pg_backend_pid())",
        which(key)
    )
}

/// Takes the lock twice: the session counts that, and [`still_held`] can give one of the two back.
fn take(key: i64) -> String {
    format!(
        "CASE WHEN pg_catalog.pg_try_advisory_lock({key}) \
         THEN pg_catalog.pg_try_advisory_lock({key}) ELSE false END::text"
    )
}

/// Fails with a division by zero if this session does not hold the lock any more. Cheap: only who holds
/// a lock can give it back, and that it is taken twice means that nobody else gets it in between.
fn still_held(key: i64, process: &str) -> String {
    format!(
        "SELECT 1 / CASE WHEN pg_catalog.pg_backend_pid() <> {process} THEN 0 \
         WHEN pg_catalog.pg_advisory_unlock({key}) \
         THEN pg_catalog.pg_try_advisory_lock({key})::int ELSE 0 END"
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
        // Whoever has it can take it again. Behind a pooler the session may be one that another runner
        // took it in, or left it in.
        let take = format!(
            "SELECT CASE WHEN {} THEN 'held' ELSE {} END, pg_catalog.pg_backend_pid()::text",
            is_ours(key),
            take(key)
        );
        let mut wait = Wait::new(options);
        let mut before = None;
        loop {
            // From the moment that it is asked for it may be held.
            self.key = Some(key);
            let rows = self.texts(&take).await.map_err(|error| self.explained(error, doing))?;
            let mut cells = rows.into_iter().next().unwrap_or_default();
            self.process = cells.pop().flatten();
            let is_taken = cells.pop().flatten().as_deref() == Some("true");
            if before.is_some() && before != self.process {
                self.key = self.key.filter(|_| is_taken);
                return Err(self.pooled());
            }
            if is_taken {
                break;
            }
            before.clone_from(&self.process);
            self.key = None;
            let holder = self.holder(key).await.map_err(|error| self.explained(error, doing))?;
            if !wait.pause(holder.as_deref()).await {
                let error = wait.timed_out(self.name(), holder.as_deref());
                return Err(match self.idle_holder(key).await {
                    Some(idle) => error
                        .note(format!(
                            "process {idle} does nothing at the moment: a pooler may have kept a \
                             session that a runner took the lock in"
                        ))
                        .help(format!(
                            "if no runner is at work, end that session with `SELECT \
                             pg_terminate_backend({idle})`"
                        ))
                        .help(AROUND_POOLERS),
                    None => error,
                });
            }
        }
        self.is_fresh = false;
        let ours = format!("SELECT {}::text", is_ours(key));
        match self.text(&ours).await.map_err(|error| self.explained(error, doing))?.as_deref() {
            Some("true") => Ok(()),
            _ => Err(self.pooled()),
        }
    }

    /// The error where it is certain that the statements of this connection run in several sessions.
    fn pooled(&self) -> Error {
        Error::new(
            ErrorKind::LockLost,
            "the statements of this connection run in several sessions of the server, so that none of \
             them can lock for it",
        )
        .on(self.name())
        .note("a pooler with transaction pooling stands between this program and the server")
        .help(AROUND_POOLERS)
    }

    pub(crate) fn has_lock(&self) -> bool {
        self.key.is_some()
    }

    /// From now on a lease is the lock, and this proves it.
    pub(crate) fn fence(&mut self, proof: String) {
        self.fence = Some(proof);
        self.is_fresh = false;
    }

    /// What fails with a division by zero if the lock is not held any more; and if the lock is a lease,
    /// keeps it from others until the transaction ends, where that `is_commit`.
    pub(super) fn proof(&self, is_commit: bool) -> Option<String> {
        if let Some(proof) = &self.fence {
            let share = if is_commit { " FOR SHARE" } else { "" };
            return Some(format!("SELECT 1 / pg_catalog.count(*) FROM ({proof}{share}) AS ours"));
        }
        let key = self.key?;
        let process = self.process.as_deref().unwrap_or("pg_catalog.pg_backend_pid()");
        Some(still_held(key, process))
    }

    /// Fails if the lock is not held any more.
    pub(super) async fn prove(&mut self) -> Result<(), Error> {
        let Some(proof) = self.proof(false) else { return Ok(()) };
        let result = self.run(&proof).await;
        result.map_err(|error| self.explained(error, "see that the lock is held"))
    }

    /// Who holds the lock, in words.
    pub(super) async fn holder(&mut self, key: i64) -> Result<Option<String>, sqlx::Error> {
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

    /// The process that holds the lock, if it has done nothing for a while; a runner never rests.
    async fn idle_holder(&mut self, key: i64) -> Option<String> {
        let sql = format!(
            "SELECT l.pid::text FROM pg_catalog.pg_locks AS l \
             JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid \
             WHERE {} AND (a.pid = pg_catalog.pg_backend_pid() OR a.state = 'idle' \
             AND a.state_change < pg_catalog.clock_timestamp() - INTERVAL '1 second')",
            which(key)
        );
        self.text(&sql).await.ok().flatten()
    }

    /// The error where the lock is not held any more.
    pub(super) fn lock_lost(&self) -> Error {
        if self.fence.is_some() {
            return Error::new(
                ErrorKind::LockLost,
                "the lease of the lock was lost while the run was at work",
            )
            .on(self.name())
            .note("it ran out while this program could not renew it: it was paused, or cut off")
            .help("run again; a longer lease (`Options::lease`) survives longer pauses");
        }
        Error::new(ErrorKind::LockLost, "this session does not hold the lock that it took")
            .on(self.name())
            .note(
                "a pooler stands between this program and the server, and hands each transaction to \
                 another session (transaction pooling); or somebody freed the lock",
            )
            .help(AROUND_POOLERS)
    }

    /// Frees the lock of the session, for a lease takes its place.
    pub(crate) async fn free(&mut self) -> Result<(), Error> {
        let result = self.unlock().await;
        result.map_err(|error| self.explained(error, "free the lock of the session"))?;
        match self.key.take() {
            None => Ok(()),
            Some(_) => Err(self.lock_lost().note(self.left_behind())),
        }
    }

    /// Frees the lock; [`Self::key`] says whether that could not be done.
    pub(super) async fn unlock(&mut self) -> Result<(), sqlx::Error> {
        let Some(key) = self.key else { return Ok(()) };
        let Some(process) = self.process.clone() else { return Ok(()) };
        // `false` is a lock that was lost, which the commit has found out.
        let free = format!(
            "SELECT CASE WHEN pg_catalog.pg_backend_pid() = {process} \
             THEN pg_catalog.pg_advisory_unlock({key})::text \
             || pg_catalog.pg_advisory_unlock({key})::text ELSE 'elsewhere' END"
        );
        // A pooler that hands out other sessions may keep that one for an hour, and nobody could migrate
        // meanwhile. To it an idle session that ends is nothing special; one that has rested for a moment
        // is unlikely to be handed out in just this one.
        let end = format!(
            "SELECT CASE WHEN count(*) = 0 THEN 'gone' \
             ELSE pg_catalog.bool_or(CASE WHEN a.state = 'idle' \
             AND a.state_change < pg_catalog.clock_timestamp() - INTERVAL '100 milliseconds' \
             THEN pg_catalog.pg_terminate_backend(l.pid) END)::text END \
             FROM pg_catalog.pg_locks AS l \
             JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid \
             WHERE {} AND l.pid = {process}",
            which(key)
        );
        for _ in 0..UNLOCK_ATTEMPTS {
            if self.text(&free).await?.as_deref() != Some("elsewhere")
                || self.text(&end).await?.as_deref() == Some("gone")
            {
                self.key = None;
                return Ok(());
            }
            sleep(UNLOCK_PAUSE).await;
        }
        Ok(())
    }

    /// What should be known of a lock that could not be freed.
    pub(super) fn left_behind(&self) -> String {
        let process = self.process.as_deref().unwrap_or("?");
        format!(
            "the lock was left behind in the server's process {process}, which a pooler keeps and does not \
             hand out: until it is closed nobody can migrate; `SELECT pg_terminate_backend({process})` \
             closes it"
        )
    }

    /// Creates the lock table.
    pub(crate) async fn create_lock(
        &mut self,
        tracking: &Tracking,
        sql: &str,
    ) -> Result<(), sqlx::Error> {
        if let Some(schema) = self.missing_schema(tracking).await? {
            self.run(&schema).await?;
        }
        self.run(sql).await
    }

    /// Whether creating something failed because another session was creating it.
    pub(crate) fn is_created_meanwhile(&self, error: &sqlx::Error) -> bool {
        // unique_violation (in the catalog), duplicate_schema, duplicate_table, duplicate_object (its
        // type), serialization_failure
        matches!(code(error), "23505" | "42P06" | "42P07" | "42710" | "40001")
    }

    /// Runs a statement while nobody holds the lock of the session: one that ends with the transaction
    /// is taken for that, which is one message.
    pub(crate) async fn claim(
        &mut self,
        tracking: &Tracking,
        settings: &Settings,
        sql: &str,
    ) -> Result<Claim, sqlx::Error> {
        let key = key(tracking, settings);
        let sql = format!("SELECT 1 / pg_catalog.pg_try_advisory_xact_lock({key})::int\n;\n{sql}");
        match self.send(&sql, |_| {}).await.1 {
            Ok(rows) => Ok(Claim::Sent(rows)),
            Err(error) if code(&error) == "22012" => Ok(Claim::Held(self.holder(key).await?)),
            Err(error) => Err(error),
        }
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
