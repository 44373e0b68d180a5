//! The tracking tables on `SQLite`.
//!
//! `down_script` stands last: what comes behind a long text would be reached only through its
//! overflow pages. The partial index holds nothing but unfinished revisions, so it is
//! empty nearly always; with it and the primary key's own index the question *is there anything to
//! do?* reads no row but those of the tips.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Executor, Row as _};

use super::error::{explain, is_busy, is_no_table};
use super::guard::Connection;
use crate::chain::RevisionId;
use crate::chain::baked::{Settings, Tips};
use crate::runtime::connection::{Probe, Record, Standing};
use crate::runtime::error::{Error, ErrorKind};
use crate::runtime::options::Options;
use crate::runtime::state::{LAYOUT, Row, RowStatus, State};
use crate::runtime::wait::Wait;

/// Above this, reading the rows is as cheap as asking for the tips.
const MOST_TIPS: usize = 200;

/// The names and statements for one setting of names.
#[derive(Clone)]
pub(crate) struct Tracking {
    table: String,
    meta: String,
    /// The table's name as `SQLite` reports it.
    bare: String,
    /// Of the tracking table's own schema: that of `main` says nothing about an attached database.
    data_version: String,
    insert: String,
    delete: String,
    progress: String,
}

impl Tracking {
    fn new(settings: &Settings) -> Self {
        let schema = quoted(settings.schema.as_deref().unwrap_or("main"));
        let table = format!("{schema}.{}", quoted(&settings.table));
        Self {
            meta: format!("{schema}.{}", quoted(&format!("{}_meta", settings.table))),
            bare: settings.table.clone(),
            data_version: format!("PRAGMA {schema}.data_version"),
            insert: format!(
                "INSERT INTO {table} (chain, revision, parents, depends_on, description, kind, \
                 checksum, digest, algorithm, irreversible, status, statements_done, \
                 statement_started, applied_at, applied_by, duration_ms, tool_version, down_script) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
                 strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?14, ?15, ?16, ?17)"
            ),
            delete: format!("DELETE FROM {table} WHERE chain = ?1 AND revision = ?2"),
            progress: format!(
                "UPDATE {table} SET statements_done = ?3, statement_started = ?4, checksum = ?5 \
                 WHERE chain = ?1 AND revision = ?2"
            ),
            table,
        }
    }

    fn create(&self, settings: &Settings) -> String {
        let schema = quoted(settings.schema.as_deref().unwrap_or("main"));
        let index = quoted(&format!("{}_unfinished", settings.table));
        let (table, meta, bare) = (&self.table, &self.meta, quoted(&self.bare));
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (
    chain TEXT NOT NULL,
    revision TEXT NOT NULL,
    parents TEXT NOT NULL,
    depends_on TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    checksum TEXT NOT NULL,
    digest TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    irreversible TEXT,
    status TEXT NOT NULL,
    statements_done INTEGER NOT NULL,
    statement_started INTEGER,
    applied_at TEXT NOT NULL,
    applied_by TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    tool_version TEXT NOT NULL,
    down_script TEXT,
    PRIMARY KEY (chain, revision)
);
CREATE INDEX IF NOT EXISTS {schema}.{index} ON {bare} (chain)
    WHERE status NOT IN ('applied', 'stamped');
CREATE TABLE IF NOT EXISTS {meta} (
    name TEXT NOT NULL PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO {meta} (name, value) VALUES ('layout', {LAYOUT});"
        )
    }
}

/// An identifier, quoted.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text, quoted.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Connection<'_> {
    fn tracking(&mut self, settings: &Settings) -> Tracking {
        self.tracking.get_or_insert_with(|| Tracking::new(settings)).clone()
    }

    /// Compares the recorded history with the header of a baked chain, in one query.
    pub(crate) async fn probe(
        &mut self,
        settings: &Settings,
        count: usize,
        tips: &Tips,
        options: &Options,
    ) -> Result<Probe, Error> {
        if tips.tips.len() > MOST_TIPS {
            return Ok(Probe::Look);
        }
        let Tracking { table, meta, bare, .. } = self.tracking(settings);
        let chain = literal(&settings.chain);
        // The whole table is counted page by page, one chain in it row by row; nearly always there
        // is only one, and the primary key's index knows the first and the last.
        // Ids and digests have no quotes in them, and the statement is sent once.
        let pairs: Vec<String> =
            tips.tips.iter().map(|(id, digest)| format!("('{id}', '{digest}')")).collect();
        let proven = if pairs.is_empty() {
            String::from("0")
        } else {
            format!(
                "(SELECT count(*) FROM {table} WHERE chain = {chain} \
                 AND (revision, digest) IN (VALUES {}))",
                pairs.join(", ")
            )
        };
        let sql = format!(
            "SELECT (SELECT value FROM {meta} WHERE name = 'layout'), \
             (CASE WHEN (SELECT min(chain) FROM {table}) = {chain} \
              AND (SELECT max(chain) FROM {table}) = {chain} \
              THEN (SELECT count(*) FROM {table}) \
              ELSE (SELECT count(*) FROM {table} WHERE chain = {chain}) END), \
             (SELECT count(*) FROM {table} WHERE chain = {chain} \
              AND status NOT IN ('applied', 'stamped')), \
             {proven}, \
             (SELECT file FROM pragma_database_list WHERE name = 'main')"
        );
        let Some(rows) = self.read(sql, &bare, options).await? else { return Ok(Probe::Look) };
        let answer = rows.first().map(|row| -> Result<_, sqlx::Error> {
            Ok((
                row.try_get::<Option<i64>, _>(0)?,
                row.try_get::<i64, _>(1)?,
                row.try_get::<i64, _>(2)?,
                row.try_get::<i64, _>(3)?,
                row.try_get::<Option<String>, _>(4)?,
            ))
        });
        let Some(answer) = answer else { return Ok(Probe::Look) };
        let (layout, rows, unfinished, proven, file) =
            answer.map_err(|error| self.explained(error, "read the tracking table"))?;
        self.name_if_unnamed(file);
        if layout != Some(LAYOUT) {
            return Err(self.other_layout(layout));
        }
        let same = |number: i64, length: usize| usize::try_from(number) == Ok(length);
        let up_to_date = same(rows, count) && unfinished == 0 && same(proven, tips.tips.len());
        Ok(if up_to_date { Probe::UpToDate } else { Probe::Look })
    }

    fn table_name(&self) -> String {
        self.tracking.as_ref().map(|tracking| tracking.table.clone()).unwrap_or_default()
    }

    /// Runs a query on the tracking tables; `None` if they do not exist.
    async fn read(
        &mut self,
        sql: String,
        table: &str,
        options: &Options,
    ) -> Result<Option<Vec<SqliteRow>>, Error> {
        let mut wait = Wait::new(options);
        let meta = format!("{table}_meta");
        let mut lacks_layout = false;
        loop {
            let query = sqlx::raw_sql(AssertSqlSafe(sql.as_str()));
            match self.raw().fetch_all(query).await {
                Ok(rows) => return Ok(Some(rows)),
                Err(error) if is_no_table(&error, table) => return Ok(None),
                // Without its layout a tracking table cannot be judged; without both there is none.
                // Another migrator may create both between two questions, so ask again.
                Err(error) if is_no_table(&error, &meta) => {
                    let sql = format!("SELECT 1 FROM {} LIMIT 1", self.table_name());
                    match self.run(AssertSqlSafe(sql)).await {
                        Err(error) if is_no_table(&error, table) => return Ok(None),
                        Err(error) if is_busy(&error) && wait.pause().await => {}
                        Err(error) => return Err(self.explained(error, "read the tracking table")),
                        Ok(()) if lacks_layout => return Err(self.other_layout(None)),
                        Ok(()) => lacks_layout = true,
                    }
                }
                Err(error) if is_busy(&error) && wait.pause().await => {}
                Err(error) => return Err(self.explained(error, "read the tracking table")),
            }
        }
    }

    /// Reads all rows of the chain.
    pub(crate) async fn state(
        &mut self,
        settings: &Settings,
        options: &Options,
    ) -> Result<State, Error> {
        let Tracking { table, meta, bare, data_version, .. } = self.tracking(settings);
        let mut wait = Wait::new(options);
        let before = loop {
            match self.number(AssertSqlSafe(data_version.clone())).await {
                Ok(version) => break version,
                Err(error) if is_busy(&error) && wait.pause().await => {}
                Err(error) => return Err(self.explained(error, "read the database")),
            }
        };
        // One statement, so that all of it is of one moment. The join keeps the layout also
        // where the chain has no row.
        let sql = format!(
            "SELECT (SELECT value FROM {meta} WHERE name = 'layout'), \
             revision, parents, depends_on, description, kind, checksum, digest, algorithm, \
             irreversible, status, statements_done, statement_started, applied_at, applied_by, \
             duration_ms, (SELECT file FROM pragma_database_list WHERE name = 'main') \
             FROM (SELECT 1) LEFT JOIN {table} ON chain = {chain}",
            chain = literal(&settings.chain),
        );
        let rows = self.read(sql, &bare, options).await?;
        self.seen = Some(before);
        let Some(rows) = rows else { return Ok(State::default()) };
        let mut state = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            if index == 0 {
                let head = row.try_get(0).and_then(|layout| Ok((layout, row.try_get(16)?)));
                let (layout, file): (Option<i64>, Option<String>) =
                    head.map_err(|error| self.explained(error, "read the tracking table"))?;
                self.name_if_unnamed(file);
                if layout != Some(LAYOUT) {
                    return Err(self.other_layout(layout));
                }
            }
            let row =
                read_row(row).map_err(|error| self.explained(error, "read the tracking table"))?;
            match row {
                None => {}
                Some(Ok(row)) => state.push(row),
                Some(Err(what)) => {
                    return Err(Error::new(
                        ErrorKind::Layout,
                        format!("the tracking table {table} has a row that no version writes"),
                    )
                    .note(what)
                    .on(self.name())
                    .help("restore the row from a backup"));
                }
            }
        }
        Ok(State::new(state))
    }

    fn other_layout(&self, found: Option<i64>) -> Error {
        let Some(found) = found else {
            let name = self.tracking.as_ref().map_or("", |tracking| &tracking.bare);
            return Error::new(
                ErrorKind::Layout,
                format!("`{name}` is there, but `{name}_meta` does not say which layout it has"),
            )
            .on(self.name())
            .note("either it is no tracking table, or one of the two was changed by other means")
            .help("restore both tables from a backup")
            .help("or, if it is another program's, set `table` in `[package.metadata.migrate]`");
        };
        Error::new(
            ErrorKind::Layout,
            format!(
                "the tracking table has layout {found}, and this version (cargo-migrate {}) knows \
                 layout {LAYOUT}",
                env!("CARGO_PKG_VERSION")
            ),
        )
        .on(self.name())
        .help("use a binary that is built with a newer cargo-migrate")
    }

    /// Whether another connection has committed anything since [`Self::state`] was called.
    pub(crate) async fn is_stale(&mut self) -> Result<bool, Error> {
        let Some(tracking) = &self.tracking else { return Ok(true) };
        let now = self.number(AssertSqlSafe(tracking.data_version.clone())).await;
        let now = now.map_err(|error| self.explained(error, "read the database"))?;
        Ok(self.seen != Some(now))
    }

    /// The stored down script of a revision.
    pub(crate) async fn down_script(
        &mut self,
        settings: &Settings,
        revision: &str,
    ) -> Result<Option<String>, Error> {
        let Tracking { table, .. } = self.tracking(settings);
        let sql = format!("SELECT down_script FROM {table} WHERE chain = ?1 AND revision = ?2");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(&settings.chain)
            .bind(revision)
            .persistent(false)
            .fetch_optional(self.raw())
            .await;
        let script = row.and_then(|row| row.map_or(Ok(None), |row| row.try_get(0)));
        script.map_err(|error| self.explained(error, "read a stored script"))
    }

    /// Creates what is missing of the tracking tables.
    pub(crate) async fn create_tracking(&mut self, settings: &Settings) -> Result<(), Error> {
        let sql = self.tracking(settings).create(settings);
        self.run(AssertSqlSafe(sql))
            .await
            .map_err(|error| self.explained(error, "create the tracking table"))
    }

    /// Records a revision.
    pub(crate) async fn insert(
        &mut self,
        settings: &Settings,
        record: &Record<'_>,
    ) -> Result<(), Error> {
        let Tracking { insert, .. } = self.tracking(settings);
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let result = sqlx::query(AssertSqlSafe(insert))
            .bind(&settings.chain)
            .bind(record.revision)
            .bind(&record.parents)
            .bind(&record.depends_on)
            .bind(record.description)
            .bind(record.kind)
            .bind(&record.checksum)
            .bind(&record.digest)
            .bind(crate::chain::ALGORITHM)
            .bind(&record.irreversible)
            .bind(record.status)
            .bind(number(record.statements_done))
            .bind(record.statement_started.map(number))
            .bind(record.applied_by)
            .bind(i64::try_from(record.duration_ms).unwrap_or(i64::MAX))
            .bind(env!("CARGO_PKG_VERSION"))
            .bind(&record.down_script)
            .execute(self.raw())
            .await;
        self.one_row(result.map(|result| result.rows_affected()), "record a revision")
    }

    /// Forgets a revision.
    pub(crate) async fn delete(
        &mut self,
        settings: &Settings,
        revision: &str,
    ) -> Result<(), Error> {
        let Tracking { delete, .. } = self.tracking(settings);
        let result = sqlx::query(AssertSqlSafe(delete))
            .bind(&settings.chain)
            .bind(revision)
            .execute(self.raw())
            .await;
        self.one_row(result.map(|result| result.rows_affected()), "forget a revision")
    }

    /// A script that deletes our rows would otherwise go unnoticed.
    fn one_row(&self, result: Result<u64, sqlx::Error>, doing: &str) -> Result<(), Error> {
        match result {
            Ok(1) => Ok(()),
            Ok(rows) => Err(Error::new(
                ErrorKind::Changed,
                format!("failed to {doing}: {rows} rows of the tracking table were changed"),
            )
            .on(self.name())
            .help("a revision, or another program, has changed the tracking table: see `status`")),
            Err(error) => Err(explain(error, self.name(), doing, ErrorKind::Database)),
        }
    }

    /// Records that the undoing of a revision begins, or that it had no effect.
    pub(crate) async fn standing(
        &mut self,
        settings: &Settings,
        revision: &str,
        standing: &Standing,
    ) -> Result<(), Error> {
        let Tracking { table, .. } = self.tracking(settings);
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let sql = format!(
            "UPDATE {table} SET status = ?3, statements_done = ?4, statement_started = ?5, \
             checksum = ?6, down_script = ?7 WHERE chain = ?1 AND revision = ?2"
        );
        let result = sqlx::query(AssertSqlSafe(sql))
            .bind(&settings.chain)
            .bind(revision)
            .bind(standing.status.name())
            .bind(number(standing.statements_done))
            .bind(standing.statement_started.map(number))
            .bind(&standing.checksum)
            .bind(&standing.down_script)
            .execute(self.raw())
            .await;
        self.one_row(result.map(|result| result.rows_affected()), "mark a revision")
    }

    /// Records how far a revision outside a transaction is.
    pub(crate) async fn progress(
        &mut self,
        settings: &Settings,
        options: &Options,
        revision: &str,
        done: usize,
        started: Option<usize>,
        checksum: &str,
    ) -> Result<(), Error> {
        let Tracking { progress, .. } = self.tracking(settings);
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let mut wait = Wait::new(options);
        loop {
            let result = sqlx::query(AssertSqlSafe(progress.as_str()))
                .bind(&settings.chain)
                .bind(revision)
                .bind(number(done))
                .bind(started.map(number))
                .bind(checksum)
                .execute(self.raw())
                .await;
            match result {
                Err(error) if is_busy(&error) && wait.pause().await => {}
                result => {
                    let rows = result.map(|result| result.rows_affected());
                    return self.one_row(rows, "record the progress of a revision");
                }
            }
        }
    }

    /// The two statements by which a person says whether a started statement is done.
    pub(crate) fn verdicts(
        settings: &Settings,
        revision: &str,
        done: usize,
        checksum: &str,
    ) -> (String, String) {
        let Tracking { table, .. } = Tracking::new(settings);
        let which = format!(
            "WHERE chain = {} AND revision = {}",
            literal(&settings.chain),
            literal(revision)
        );
        (
            format!(
                "UPDATE {table} SET statements_done = {done}, statement_started = NULL, \
                 checksum = '{checksum}' {which};"
            ),
            format!("UPDATE {table} SET statement_started = NULL {which};"),
        )
    }
}

/// `None` is the row that only carries the layout; an inner error says what is impossible.
fn read_row(row: &SqliteRow) -> Result<Option<Result<Row, String>>, sqlx::Error> {
    let Some(id) = row.try_get::<Option<String>, _>(1)? else { return Ok(None) };
    let Ok(id) = RevisionId::new(id.clone()) else {
        return Ok(Some(Err(format!("`{id}` is no revision id"))));
    };
    let status: String = row.try_get(10)?;
    let Some(status) = RowStatus::from_name(&status) else {
        return Ok(Some(Err(format!("revision `{id}` has the status `{status}`"))));
    };
    let number = |number: i64| usize::try_from(number).unwrap_or_default();
    Ok(Some(Ok(Row {
        id,
        parents: row.try_get(2)?,
        depends_on: row.try_get(3)?,
        description: row.try_get(4)?,
        kind: row.try_get(5)?,
        checksum: row.try_get(6)?,
        digest: row.try_get(7)?,
        algorithm: row.try_get(8)?,
        irreversible: row.try_get(9)?,
        status,
        statements_done: number(row.try_get(11)?),
        statement_started: row.try_get::<Option<i64>, _>(12)?.map(number),
        applied_at: row.try_get(13)?,
        applied_by: row.try_get(14)?,
        duration_ms: row.try_get::<i64, _>(15)?.try_into().unwrap_or_default(),
    })))
}
