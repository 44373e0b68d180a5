//! give products an address
//!
//! revision: c97f2a6b01e8
//! revises: 5b1c7e20d9f4
//! created: 2026-11-22T09:40:00Z

use cargo_migrate::{Operations, Result, Revision};
use shop_catalog::slug;

pub struct Migration;

impl Revision for Migration {
    async fn up(op: &mut Operations<'_>) -> Result<()> {
        op.execute("ALTER TABLE product ADD COLUMN slug TEXT").await?;
        // What SQL cannot say: the addresses are those that the service makes.
        let mut products = op.query("SELECT id, name FROM product").batches("id", 1000);
        while let Some(batch) = products.next::<(i64, String)>(op).await? {
            for (id, name) in batch {
                let update = op.query("UPDATE product SET slug = ? WHERE id = ?");
                update.bind(slug(&name)).bind(id).execute().await?;
            }
        }
        op.execute("CREATE UNIQUE INDEX product_slug ON product (slug)").await
    }

    async fn down(op: &mut Operations<'_>) -> Result<()> {
        op.execute("DROP INDEX product_slug; ALTER TABLE product DROP COLUMN slug").await
    }
}
