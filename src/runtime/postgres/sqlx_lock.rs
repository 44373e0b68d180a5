//! Keeping sqlx's own migrator out, by the lock that it takes.

use super::guard::Connection;
use super::message::Part;
use crate::runtime::adopt::sqlx_lock;
use crate::runtime::error::Error;
use crate::runtime::options::Options;
use crate::runtime::wait::Wait;

impl Connection<'_> {
    /// Takes the lock of sqlx's migrator until the transaction ends; waits for it.
    ///
    /// sqlx takes it for its session. One of the transaction keeps it out as well, ends by itself, and
    /// gets through a pooler.
    pub(crate) async fn lock_sqlx_out(&mut self, options: &Options) -> Result<(), Error> {
        let doing = "take the lock of sqlx's migrator";
        // The transaction begins here; what it reads must not be of a moment before sqlx is out. Under a lease
        // it has this level already.
        let level = if self.fence.is_some() {
            "SELECT 1"
        } else {
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
        };
        let begun = self.with_pending(Part::Ours(doing), level).await;
        begun.map_err(|error| self.explained(error, doing))?;
        let database = self.text("SELECT pg_catalog.current_database()::text").await;
        let database = database.map_err(|error| self.explained(error, doing))?;
        let key = sqlx_lock(&database.unwrap_or_default());
        let take = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({key})::text");
        let mut wait = Wait::new(options);
        loop {
            let taken = self.text(&take).await.map_err(|error| self.explained(error, doing))?;
            if taken.as_deref() == Some("true") {
                return Ok(());
            }
            let holder = self.holder(key).await.map_err(|error| self.explained(error, doing))?;
            if !wait.pause(holder.as_deref()).await {
                return Err(wait
                    .timed_out(self.name(), holder.as_deref())
                    .note("the lock is the one of sqlx's own migrator"));
            }
        }
    }
}
