//! Keeping sqlx's own migrator out, by the lock that it takes.

use super::error::is_disconnected;
use super::guard::Connection;
use crate::runtime::adopt::sqlx_lock;
use crate::runtime::error::Error;
use crate::runtime::options::Options;
use crate::runtime::wait::Wait;

impl Connection<'_> {
    /// Takes the lock of sqlx's migrator; waits for it. It is released with our own.
    pub(crate) async fn lock_sqlx_out(&mut self, options: &Options) -> Result<(), Error> {
        let doing = "take the lock of sqlx's migrator";
        // What this transaction reads may be of a moment before sqlx is out.
        self.rollback().await?;
        self.wait_for_sqlx(options, doing).await?;
        self.start().await.map_err(|error| self.explained(error, "begin a transaction"))
    }

    async fn wait_for_sqlx(&mut self, options: &Options, doing: &str) -> Result<(), Error> {
        let database = self.text("SELECT DATABASE()").await;
        let database = database.map_err(|error| self.explained(error, doing))?;
        let name = format!("{:x}", sqlx_lock(&database.unwrap_or_default()));
        let mut wait = Wait::new(options);
        loop {
            // From here on the connection may hold it, also if this future is dropped.
            self.sqlx_lock = Some(name.clone());
            let got = self.text(&format!("SELECT CAST(GET_LOCK('{name}', 0) AS CHAR)")).await;
            if matches!(&got, Ok(Some(got)) if got == "1") {
                return Ok(());
            }
            self.sqlx_lock = None;
            match got {
                Ok(_) => {}
                Err(error) if is_disconnected(&error) => {
                    return Err(self.explained(error, doing));
                }
                // Some clusters forbid such locks; so sqlx holds none.
                Err(_) => return Ok(()),
            }
            let holder = self.holder(&name).await;
            if !wait.pause(holder.as_deref()).await {
                return Err(wait
                    .timed_out(self.name(), holder.as_deref())
                    .note("the lock is the one of sqlx's own migrator"));
            }
        }
    }
}
