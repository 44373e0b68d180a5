//! Keeping sqlx's own migrator out: it takes no lock here, and cannot write beside a write transaction.

use super::guard::Connection;
use crate::runtime::error::Error;
use crate::runtime::options::Options;

impl Connection<'_> {
    /// The write transaction does it.
    pub(crate) async fn lock_sqlx_out(&mut self, _: &Options) -> Result<(), Error> {
        Ok(())
    }
}
