//! Reading and writing the tracking tables on `PostgreSQL`.

use super::error::code;
use super::guard::Connection;
use super::message::Part;
use crate::dialect::Dialect;
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::tracking::{Tracking, literal};

impl Connection<'_> {
    /// The schema of the tracking tables where the settings do not say it: the one in which the
    /// session would create them. A revision may change that, so it is found out once.
    pub(crate) async fn schema(&mut self) -> Result<Option<String>, Error> {
        let schema = self.text("SELECT pg_catalog.current_schema()::text").await;
        let schema =
            schema.map_err(|error| self.explained(error, "find out the current schema"))?;
        if schema.is_none() {
            return Err(Error::new(
                ErrorKind::Database,
                "no schema of the session's `search_path` exists",
            )
            .on(self.name())
            .help("create the schema, or name one in `table = \"SCHEMA.TABLE\"` of `[package.metadata.migrate]`"));
        }
        Ok(schema)
    }

    /// What else to read with the tracking table: whether it is the one of the current schema.
    pub(crate) fn place(&self, tracking: &Tracking) -> String {
        let here = if tracking.schema().is_some() {
            String::from("'t'")
        } else {
            let table = literal(Dialect::Postgres, &tracking.table());
            format!(
                "(SELECT CASE WHEN n.nspname = pg_catalog.current_schema() THEN 't' ELSE 'f' END \
                 FROM pg_catalog.pg_class AS c \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
                 WHERE c.oid = pg_catalog.to_regclass({table}))"
            )
        };
        format!("{here} || pg_catalog.current_database()")
    }

    /// Takes in what was read; `false` if it shows that another table was read than was meant.
    pub(crate) fn is_at(&mut self, place: Option<String>) -> bool {
        let place = place.unwrap_or_default();
        self.name_if_unnamed(place.get(1..));
        place.starts_with('t')
    }

    /// No two servers began at the same microsecond. Servers that only speak the protocol may not know that.
    pub(crate) async fn identity(&mut self) -> Option<String> {
        let sql = "SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text || ' ' \
             || (SELECT oid::text FROM pg_catalog.pg_database \
             WHERE datname = pg_catalog.current_database())";
        self.text(sql).await.ok().flatten()
    }

    pub(crate) fn is_no_table(&self, error: &sqlx::Error, table: &str) -> bool {
        match code(error) {
            // invalid_schema_name
            "3F000" => true,
            // undefined_table: `relation "a.b" does not exist`
            "42P01" => super::error::message(error)
                .split('"')
                .nth(1)
                .is_some_and(|name| name == table || name.ends_with(&format!(".{table}"))),
            _ => false,
        }
    }

    pub(crate) fn is_busy(&self, _: &sqlx::Error) -> bool {
        false
    }

    /// Changes one row, with what waits for the next message; outside a transaction only while the lock
    /// is held.
    pub(crate) async fn affect(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        if self.pending.is_empty()
            && let Some(proof) = self.proof(false)
        {
            return self.send(&format!("{proof}\n;\n{sql}"), |_| {}).await.1;
        }
        self.with_pending(Part::Row("change the tracking table"), sql).await
    }

    pub(crate) async fn watch(&mut self, _: &Tracking) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// The state was read.
    pub(crate) fn watched(&mut self) {
        self.is_fresh = self.key.is_some() || self.fence.is_some();
    }

    /// Whether another session may have changed the tracking tables since the state was read:
    /// not while this one holds the lock.
    pub(crate) async fn is_stale(&mut self) -> Result<bool, Error> {
        Ok(!self.is_fresh)
    }

    /// Creates what is missing of the tracking tables, with the next message.
    pub(crate) async fn create(&mut self, tracking: &Tracking) -> Result<(), Error> {
        let schema = self.missing_schema(tracking).await;
        let schema = schema.map_err(|error| self.explained(error, "look for the schema"))?;
        if let Some(sql) = schema {
            self.pending.push(Part::Ours("create the schema of the tracking table"), &sql);
        }
        for sql in tracking.create() {
            self.pending.push(Part::Ours("create the tracking table"), &sql);
        }
        Ok(())
    }

    /// What creates the schema of the tracking tables, where it is missing.
    pub(super) async fn missing_schema(
        &mut self,
        tracking: &Tracking,
    ) -> Result<Option<String>, sqlx::Error> {
        let (Some(find), Some(create)) = (tracking.find_schema(), tracking.create_schema()) else {
            return Ok(None);
        };
        // Not `IF NOT EXISTS` always: it wants the right to create schemas though there is one.
        Ok(self.text(&find).await?.is_none().then_some(create))
    }

    /// The sessions that hold locks on what a statement names, in words.
    pub(crate) async fn blockers(&mut self, sql: Option<&str>) -> Vec<String> {
        let names: Vec<String> = crate::sql::tokens(Dialect::Postgres, sql.unwrap_or_default())
            .map(|token| token.text)
            .filter(|text| text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"'))
            .map(|text| match text.strip_prefix('"') {
                Some(quoted) => quoted.trim_end_matches('"').replace("\"\"", "\""),
                None => text.to_lowercase(),
            })
            .map(|name| literal(Dialect::Postgres, &name))
            .collect();
        if names.is_empty() {
            return Vec::new();
        }
        // A password may stand in a statement of somebody else's.
        let sql = format!(
            "SELECT DISTINCT 'process ' || a.pid || coalesce(' of ' || a.usename, '') \
             || coalesce(', ' || nullif(a.application_name, ''), '') \
             || coalesce(', ' || a.state, '') \
             || coalesce(', in a transaction for ' || \
                pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)::text, '') \
             || coalesce(', its last statement: ' || CASE WHEN a.query ILIKE '%password%' \
                THEN '(not shown, it mentions a password)' \
                ELSE nullif(pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 200), '') END, '') \
             FROM pg_catalog.pg_locks AS l \
             JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid \
             JOIN pg_catalog.pg_class AS c ON c.oid = l.relation \
             WHERE l.granted AND l.pid <> pg_catalog.pg_backend_pid() AND l.database = \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
             AND c.relname IN ({names}) \
             UNION SELECT 'the prepared transaction `' || p.gid || '`' || coalesce(' of ' || p.owner, '') \
             || ', since ' || pg_catalog.date_trunc('second', p.prepared)::text \
             FROM pg_catalog.pg_prepared_xacts AS p JOIN pg_catalog.pg_locks AS own \
             ON own.locktype = 'transactionid' AND own.transactionid = p.transaction AND own.granted \
             JOIN pg_catalog.pg_locks AS l \
             ON l.virtualtransaction = own.virtualtransaction AND l.pid IS NULL \
             JOIN pg_catalog.pg_class AS c ON c.oid = l.relation \
             WHERE l.granted AND p.database = pg_catalog.current_database() \
             AND c.relname IN ({names}) LIMIT 10",
            names = names.join(", ")
        );
        let rows = self.texts(&sql).await.unwrap_or_default();
        rows.into_iter().filter_map(|cells| cells.into_iter().next().flatten()).collect()
    }
}
