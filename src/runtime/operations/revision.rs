//! A revision in Rust: what its author implements, and what generated code makes of it.

use std::future::Future;

use futures_util::future::BoxFuture;

use super::Operations;
use super::failure::{Result, RevisionError};
use crate::chain::Direction;

/// A revision that is written in Rust.
///
/// `cargo migrate new --rust "backfill names"` writes a file with the header and this:
///
/// ```
/// use cargo_migrate::{Operations, Result, Revision};
///
/// pub struct Migration;
///
/// impl Revision for Migration {
///     async fn up(op: &mut Operations<'_>) -> Result<()> {
///         op.execute("ALTER TABLE account ADD COLUMN domain TEXT").await?;
///         let accounts = op.query("SELECT id, email FROM account");
///         for (id, email) in accounts.fetch_all::<(i64, String)>().await? {
///             let domain = email.split('@').nth(1).ok_or("an address without a domain")?;
///             let update = op.query("UPDATE account SET domain = ? WHERE id = ?");
///             update.bind(domain).bind(id).execute().await?;
///         }
///         op.execute("CREATE INDEX account_domain ON account (domain)").await
///     }
///
///     async fn down(op: &mut Operations<'_>) -> Result<()> {
///         op.execute("DROP INDEX account_domain; ALTER TABLE account DROP COLUMN domain").await
///     }
/// }
/// ```
///
/// It runs in the transaction of the run, together with its record, like one in SQL: an error or a
/// panic undoes all of it. With `transaction: none` in its header, and where the database commits
/// definitions by itself (`MySQL`, `MariaDB`), nobody knows after a failure how far it came; `repair`
/// records what a person found out. After a deadlock or a lock time-out it is undone and run again, so
/// what it does outside of the database may happen more than once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Revision`",
    label = "this is no revision",
    note = "a revision in Rust has this after its header:\n\
            use cargo_migrate::{{Operations, Result, Revision}};\n\n\
            pub struct Migration;\n\n\
            impl Revision for Migration {{\n    \
                async fn up(op: &mut Operations<'_>) -> Result<()> {{ … }}\n    \
                async fn down(op: &mut Operations<'_>) -> Result<()> {{ … }}\n\
            }}"
)]
pub trait Revision {
    /// Applies it.
    fn up(op: &mut Operations<'_>) -> impl Future<Output = Result<()>> + Send;

    /// Undoes it.
    ///
    /// Leave it out only where there is no way back, and say why in the header: `irreversible: WHY`.
    fn down(op: &mut Operations<'_>) -> impl Future<Output = Result<()>> + Send {
        let _ = op;
        async { Err(RevisionError::irreversible()) }
    }
}

/// One direction of a revision, without its type.
pub(crate) type Step = for<'a, 'c> fn(&'a mut Operations<'c>) -> BoxFuture<'a, Result<()>>;

/// A revision as generated code names it.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct RustRevision {
    id: &'static str,
    up: Step,
    down: Step,
}

impl RustRevision {
    #[doc(hidden)]
    pub const fn of<R: Revision + 'static>(id: &'static str) -> Self {
        Self { id, up: |op| Box::pin(R::up(op)), down: |op| Box::pin(R::down(op)) }
    }

    pub(crate) fn id(&self) -> &'static str {
        self.id
    }

    pub(crate) fn step(&self, direction: Direction) -> Step {
        match direction {
            Direction::Up => self.up,
            Direction::Down => self.down,
        }
    }
}
