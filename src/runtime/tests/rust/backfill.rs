//! give every account its domain
//!
//! revision: backfill
//! revises: r001

use crate::{Operations, Result, Revision};

pub(super) struct Migration;

impl Revision for Migration {
    async fn up(op: &mut Operations<'_>) -> Result<()> {
        op.execute("ALTER TABLE account ADD COLUMN domain VARCHAR(100)").await?;
        let mut accounts = op.query("SELECT id, email FROM account").batches("id", 2);
        while let Some(batch) = accounts.next::<(i64, String)>(op).await? {
            for (id, email) in batch {
                let domain = email.split('@').nth(1).ok_or("an address without a domain")?;
                let update = op.query("UPDATE account SET domain = ? WHERE id = ?");
                assert_eq!(update.bind(domain).bind(id).execute().await?, 1);
            }
        }
        op.execute("CREATE INDEX account_domain ON account (domain)").await
    }

    async fn down(op: &mut Operations<'_>) -> Result<()> {
        if op.dialect() == crate::Dialect::Mysql {
            op.execute("ALTER TABLE account DROP INDEX account_domain").await?;
        } else {
            op.execute("DROP INDEX account_domain").await?;
        }
        op.execute("ALTER TABLE account DROP COLUMN domain").await
    }
}
