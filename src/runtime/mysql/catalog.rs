//! What is in the catalog of `MySQL` and `MariaDB`.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::error::Error;
use crate::runtime::tracking::literal;
use crate::sql::{Name, Object};

/// The condition that a row is about this table; without a database before it, it is in the current one.
fn table(name: &Name) -> String {
    let literal = |text: &String| literal(Dialect::Mysql, text);
    let (schema, table) = match &name[..] {
        [schema, table] => (literal(schema), literal(table)),
        _ => (String::from("database()"), name.last().map(literal).unwrap_or_default()),
    };
    format!("table_schema = {schema} AND table_name = {table}")
}

impl Connection<'_> {
    pub(crate) fn presence_query(&self, object: &Object) -> String {
        match object {
            Object::Table(name) => {
                format!("SELECT 'there' FROM information_schema.tables WHERE {}", table(name))
            }
            Object::Index { name, table: of } => format!(
                "SELECT 'there' FROM information_schema.statistics WHERE {} AND index_name = {} LIMIT 1",
                of.as_ref().map_or_else(|| String::from("table_schema = database()"), table),
                literal(Dialect::Mysql, name.last().map_or("", String::as_str)),
            ),
            Object::Column { table: of, name } => format!(
                "SELECT 'there' FROM information_schema.columns WHERE {} AND column_name = {}",
                table(of),
                literal(Dialect::Mysql, name)
            ),
        }
    }

    /// An index that could not be built is not there.
    pub(crate) async fn drop_invalid(&mut self, _: &Object) -> Result<String, Error> {
        Ok(String::new())
    }
}
