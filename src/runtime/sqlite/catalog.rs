//! What is in the catalog of `SQLite`.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::error::Error;
use crate::runtime::tracking::literal;
use crate::sql::{Name, Object};

/// Schema and name, as literals; names there are told apart without regard to case.
fn split(name: &Name) -> (Option<String>, String) {
    let literal = |text: &String| literal(Dialect::Sqlite, text);
    match &name[..] {
        [schema, name] => (Some(literal(schema)), literal(name)),
        _ => (None, name.last().map(literal).unwrap_or_default()),
    }
}

impl Connection<'_> {
    pub(crate) fn presence_query(&self, object: &Object) -> String {
        let list = |name: &Name| {
            let (schema, name) = split(name);
            let schema = schema.map_or_else(String::new, |schema| {
                format!(" AND schema = {schema} COLLATE NOCASE")
            });
            format!(
                "SELECT 'there' FROM pragma_table_list WHERE name = {name} COLLATE NOCASE{schema}"
            )
        };
        match object {
            Object::Table(name) => list(name),
            Object::Index { name, .. } => {
                let (schema, name) = split(name);
                let schema = schema.unwrap_or_else(|| String::from("'main'"));
                format!(
                    "SELECT 'there' FROM pragma_table_list AS t, pragma_index_list(t.name, t.schema) AS i \
                     WHERE t.schema = {schema} COLLATE NOCASE AND i.name = {name} COLLATE NOCASE"
                )
            }
            Object::Column { table, name } => {
                let (schema, table) = split(table);
                let schema = schema.unwrap_or_else(|| String::from("'main'"));
                let name = literal(Dialect::Sqlite, name);
                format!(
                    "SELECT 'there' FROM pragma_table_xinfo({table}, {schema}) WHERE name = {name} COLLATE NOCASE"
                )
            }
        }
    }

    /// `SQLite` has no invalid indexes.
    pub(crate) async fn drop_invalid(&mut self, _: &Object) -> Result<String, Error> {
        Ok(String::new())
    }
}
