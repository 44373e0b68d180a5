//! What is in the catalog of `MySQL` and `MariaDB`.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::error::Error;
use crate::runtime::tracking::literal;
use crate::sql::{Name, Object};

fn text(text: &str) -> String {
    literal(Dialect::Mysql, text)
}

/// The condition that a row is about a table; whether its case matters is for the server to say.
fn is_table(name: &Name) -> String {
    let (schema, table) = match &name[..] {
        [schema, table] => (text(schema), text(table)),
        _ => (String::from("DATABASE()"), text(name.last().map_or("", String::as_str))),
    };
    let same = |column: &str, value: &str| {
        format!(
            "({column} = {value} AND (@@lower_case_table_names <> 0 OR BINARY {column} = BINARY {value}))"
        )
    };
    format!("{} AND {}", same("table_schema", &schema), same("table_name", &table))
}

impl Connection<'_> {
    pub(crate) fn presence_query(&self, object: &Object) -> String {
        let (list, condition) = match object {
            Object::Table(name) => ("tables", is_table(name)),
            Object::Index { name, table } => {
                let index = text(name.last().map_or("", String::as_str));
                let table = table.as_ref().map_or_else(|| String::from("FALSE"), is_table);
                ("statistics", format!("{table} AND index_name = {index}"))
            }
            Object::Column { table, name } => {
                ("columns", format!("{} AND column_name = {}", is_table(table), text(name)))
            }
        };
        format!("SELECT 'there' FROM information_schema.{list} WHERE {condition} LIMIT 1")
    }

    /// No index is left invalid here.
    pub(crate) async fn drop_invalid(&mut self, _: &Object) -> Result<String, Error> {
        Ok(String::new())
    }
}
