//! What is in the catalog of `PostgreSQL`.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::error::Error;
use crate::runtime::tracking::{literal, quoted};
use crate::sql::{Name, Object};

/// A name as `to_regclass` reads it.
fn class(name: &Name) -> String {
    let parts: Vec<String> = name.iter().map(|part| quoted(Dialect::Postgres, part)).collect();
    format!("pg_catalog.to_regclass({})", literal(Dialect::Postgres, &parts.join(".")))
}

/// An index among those of its table, since it lies in the table's schema.
fn index(name: &Name, table: Option<&Name>) -> String {
    let last = literal(Dialect::Postgres, name.last().map_or("", String::as_str));
    match table {
        Some(table) => format!("i.indrelid = {} AND c.relname = {last}", class(table)),
        None => format!("c.oid = {}", class(name)),
    }
}

impl Connection<'_> {
    pub(crate) fn presence_query(&self, object: &Object) -> String {
        match object {
            Object::Table(name) => {
                format!("SELECT 'there' FROM pg_catalog.pg_class WHERE oid = {}", class(name))
            }
            Object::Index { name, table } => format!(
                "SELECT CASE WHEN i.indisvalid THEN 'there' ELSE 'invalid' END \
                 FROM pg_catalog.pg_index AS i \
                 JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid WHERE {}",
                index(name, table.as_ref())
            ),
            Object::Column { table, name } => format!(
                "SELECT 'there' FROM pg_catalog.pg_attribute WHERE attrelid = {} \
                 AND attname = {} AND attnum > 0 AND NOT attisdropped",
                class(table),
                literal(Dialect::Postgres, name)
            ),
        }
    }

    /// Drops an invalid index; returns its name.
    pub(crate) async fn drop_invalid(&mut self, object: &Object) -> Result<String, Error> {
        let Object::Index { name, table } = object else { return Ok(String::new()) };
        let query = format!(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index AS i \
             JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE NOT i.indisvalid AND {}",
            index(name, table.as_ref())
        );
        let doing = "drop the invalid index of an earlier attempt";
        let found = self.text(&query).await.map_err(|error| self.explained(error, doing))?;
        let Some(found) = found else { return Ok(name.join(".")) };
        let dropped = self.run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {found}")).await;
        dropped.map_err(|error| self.explained(error, doing))?;
        Ok(found)
    }
}
