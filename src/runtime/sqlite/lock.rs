//! The lock on `SQLite`: the write transaction. A lock table is never used here, since a second
//! connection could not renew a lease beside a transaction that writes.

use sqlx::AssertSqlSafe;

use super::guard::Connection;
use crate::chain::baked::Settings;
use crate::runtime::error::Error;
use crate::runtime::lease::Claim;
use crate::runtime::options::Options;
use crate::runtime::tracking::Tracking;

impl Connection<'_> {
    /// The lock is that of the write transaction.
    pub(crate) async fn lock(
        &mut self,
        _: &Tracking,
        _: &Settings,
        _: &Options,
    ) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) fn has_lock(&self) -> bool {
        false
    }

    /// The session holds none.
    pub(crate) async fn free(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The transaction is proof enough.
    pub(crate) fn fence(&mut self, _: String) {}

    pub(crate) fn sever(&mut self) {
        self.leave();
    }

    pub(crate) async fn create_lock(&mut self, _: &Tracking, sql: &str) -> Result<(), sqlx::Error> {
        self.run(AssertSqlSafe(sql)).await
    }

    pub(crate) fn is_created_meanwhile(&self, _: &sqlx::Error) -> bool {
        false
    }

    /// Nobody holds a lock of the session.
    pub(crate) async fn claim(
        &mut self,
        _: &Tracking,
        _: &Settings,
        sql: &str,
    ) -> Result<Claim, sqlx::Error> {
        self.affect(sql).await.map(Claim::Sent)
    }
}
