//! The tracking tables: their statements, and what their rows mean.
//!
//! The same columns on every dialect. All statements are texts with their values as literals, never
//! prepared ones: so they can travel in one message with a revision's own statements, and nothing
//! is left behind in a connection that a pooler hands to someone else.
//!
//! `down_script` stands last: what comes behind a long text would be reached only through its
//! overflow pages. The partial index holds nothing but unfinished revisions, so it is
//! empty nearly always; with it and the primary key's own index the question *is there anything to
//! do?* reads no row but those of the tips.

use std::borrow::Cow;
use std::fmt::Write as _;

use hmac_sha256::Hash;

use super::connection::Record;
use super::state::{LAYOUT, Row, RowStatus, State};
use crate::chain::baked::{Settings, Tips};
use crate::chain::{ALGORITHM, Digest, RevisionId, hex};
use crate::dialect::Dialect;

/// Above this, reading the rows is as cheap as asking for the tips.
const MOST_TIPS: usize = 200;

/// What the names of decisions begin with.
const DECISION: &str = "two-phase ";

/// A row of an answer: every column is asked for as text.
pub(crate) type Cells = Vec<Option<String>>;

/// The names of the tracking tables on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Tracking {
    dialect: Dialect,
    /// The chain's name, as a literal.
    chain: String,
    schema: Option<String>,
    bare: String,
}

/// What changes in the tracking table.
#[derive(Debug)]
pub(crate) enum Change<'r> {
    /// A revision is recorded.
    Insert(&'r Record<'r>),
    /// A revision is forgotten.
    Delete(&'r RevisionId),
    /// A revision is recorded anew, but for when and by whom it was applied.
    Rewrite(&'r Record<'r>),
    /// A revision's digest follows from others.
    Digest(&'r RevisionId, &'r Digest),
    /// The undoing of a revision begins, or had no effect.
    Standing(&'r RevisionId, &'r Standing),
    /// How far a revision outside a transaction is.
    Progress { revision: &'r RevisionId, done: usize, started: Option<usize>, checksum: &'r str },
}

/// The part of a record that changes when a revision is undone outside a transaction.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) status: RowStatus,
    pub(crate) statements_done: usize,
    pub(crate) statement_started: Option<usize>,
    pub(crate) checksum: String,
    pub(crate) down_script: Option<String>,
}

impl Change<'_> {
    /// Completes *failed to*.
    pub(crate) fn doing(&self) -> &'static str {
        match self {
            Self::Insert(_) => "record a revision",
            Self::Delete(_) => "forget a revision",
            Self::Rewrite(_) => "record a revision anew",
            Self::Digest(..) => "record the digest of a revision",
            Self::Standing(..) => "mark a revision",
            Self::Progress { .. } => "record the progress of a revision",
        }
    }
}

/// What the quick question found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The table has a layout of another version, or none.
    Layout(Option<String>),
    /// How the rows compare; `true` if they are the history of the chain as a whole.
    Proven(bool),
}

impl Tracking {
    /// `schema` is where the tables are if the settings do not say it.
    pub(crate) fn new(dialect: Dialect, settings: &Settings, schema: Option<&str>) -> Self {
        Self {
            dialect,
            chain: literal(dialect, &settings.chain),
            schema: settings.schema.as_deref().or(schema).map(str::to_owned),
            bare: settings.table.clone(),
        }
    }

    /// The table's name as servers report it.
    pub(crate) fn bare(&self) -> &str {
        &self.bare
    }

    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The table's whole name, quoted.
    pub(crate) fn table(&self) -> String {
        self.named("")
    }

    /// The name of the table that holds the layout's version, quoted.
    pub(crate) fn meta(&self) -> String {
        self.named("_meta")
    }

    /// The name of the lock table, quoted.
    pub(crate) fn lock(&self) -> String {
        self.named("_lock")
    }

    fn named(&self, suffix: &str) -> String {
        let name = quoted(self.dialect, &format!("{}{suffix}", self.bare));
        match &self.schema {
            Some(schema) => format!("{}.{name}", quoted(self.dialect, schema)),
            None => name,
        }
    }

    /// *Is there anything to do?*, in one statement; `None` if reading the rows is as cheap.
    ///
    /// Its columns: layout, number of rows, unfinished rows, tips with the right digest, `extra`.
    pub(crate) fn probe(&self, tips: &Tips, extra: &str) -> Option<String> {
        if tips.tips.len() > MOST_TIPS {
            return None;
        }
        let (table, meta, chain) = (self.table(), self.meta(), &self.chain);
        let text = |expression: &str| self.text(expression);
        // The whole table is counted page by page, one chain in it row by row; nearly always there
        // is only one, and the primary key's index knows the first and the last.
        let rows = format!(
            "(CASE WHEN (SELECT min(chain) FROM {table}) = {chain} \
             AND (SELECT max(chain) FROM {table}) = {chain} \
             THEN (SELECT count(*) FROM {table}) \
             ELSE (SELECT count(*) FROM {table} WHERE chain = {chain}) END)"
        );
        Some(format!(
            "SELECT {}, {}, {}, {}, {}",
            text(&format!("(SELECT value FROM {meta} WHERE name = 'layout')")),
            text(&rows),
            text(&self.unfinished()),
            text(&self.proven(&tips.tips)),
            text(extra)
        ))
    }

    /// How many revisions are done in part.
    fn unfinished(&self) -> String {
        format!(
            "(SELECT count(*) FROM {} WHERE chain = {} AND status NOT IN ('applied', 'stamped'))",
            self.table(),
            self.chain
        )
    }

    /// How many of these revisions are recorded with these digests.
    fn proven(&self, tips: &[(Cow<'_, str>, Digest)]) -> String {
        let literal = |text: &str| literal(self.dialect, text);
        let pairs: Vec<String> = tips
            .iter()
            .map(|(id, digest)| format!("({}, {})", literal(id), literal(&digest.to_string())))
            .collect();
        if pairs.is_empty() {
            return String::from("0");
        }
        let values = if self.dialect == Dialect::Sqlite { "VALUES " } else { "" };
        format!(
            "(SELECT count(*) FROM {} WHERE chain = {} AND (revision, digest) IN ({values}{}))",
            self.table(),
            self.chain,
            pairs.join(", ")
        )
    }

    /// The condition that these revisions are recorded, with all that comes before them, that the
    /// `absent` ones are not, and that nothing is done in part.
    pub(crate) fn is_at(&self, tips: &[(Cow<'_, str>, Digest)], absent: &[&RevisionId]) -> String {
        let mut conditions = vec![
            format!("(SELECT value FROM {} WHERE name = 'layout') = {LAYOUT}", self.meta()),
            format!("{} = 0", self.unfinished()),
        ];
        if !tips.is_empty() {
            conditions.push(format!("{} = {}", self.proven(tips), tips.len()));
        }
        if !absent.is_empty() {
            let ids: Vec<String> =
                absent.iter().map(|id| literal(self.dialect, id.as_str())).collect();
            conditions.push(format!(
                "(SELECT count(*) FROM {} WHERE chain = {} AND revision IN ({})) = 0",
                self.table(),
                self.chain,
                ids.join(", ")
            ));
        }
        conditions.join("\n    AND ")
    }

    /// What the answer to [`Self::probe`] means for a chain of `count` revisions.
    pub(crate) fn answer(cells: &Cells, count: usize, tips: &Tips) -> Answer {
        let layout = cells.first().cloned().flatten();
        if layout.as_deref() != Some(LAYOUT.to_string().as_str()) {
            return Answer::Layout(layout);
        }
        let is = |column: usize, number: usize| {
            cells.get(column).cloned().flatten() == Some(number.to_string())
        };
        Answer::Proven(is(1, count) && is(2, 0) && is(3, tips.tips.len()))
    }

    /// Everything about the chain but the down scripts, in one statement, so that all of it is of one
    /// moment. The join keeps the layout also where the chain has no row.
    ///
    /// Its columns are those of [`Self::state`], and `extra` behind them.
    pub(crate) fn rows(&self, extra: &str) -> String {
        let (table, meta, chain) = (self.table(), self.meta(), &self.chain);
        let text = |expression: &str| self.text(expression);
        let at = match self.dialect {
            Dialect::Sqlite => String::from("applied_at"),
            Dialect::Postgres => String::from(
                "to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
            ),
            Dialect::Mysql => String::from(
                "concat(left(date_format(applied_at, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')",
            ),
        };
        let columns: Vec<String> = [
            "revision",
            "parents",
            "depends_on",
            "description",
            "kind",
            "checksum",
            "digest",
            "algorithm",
            "irreversible",
            "status",
            "statements_done",
            "statement_started",
            &at,
            "applied_by",
            "duration_ms",
        ]
        .iter()
        .map(|column| text(column))
        .collect();
        // Otherwise `sql_select_limit` of the session holds.
        let limit = if self.dialect == Dialect::Mysql { " LIMIT 18446744073709551615" } else { "" };
        format!(
            "SELECT {}, {}, {} FROM (SELECT 1 AS one) AS only_one LEFT JOIN {table} ON chain = {chain}{limit}",
            text(&format!("(SELECT value FROM {meta} WHERE name = 'layout')")),
            columns.join(", "),
            text(extra)
        )
    }

    /// The column of `extra` in the answer to [`Self::rows`].
    pub(crate) const EXTRA: usize = 16;

    /// What the answer to [`Self::rows`] says.
    ///
    /// # Errors
    ///
    /// The layout of a table of another version, or what is impossible in a row.
    pub(crate) fn state(answer: Vec<Cells>) -> Result<State, Unreadable> {
        let layout = answer.first().and_then(|cells| cells.first().cloned().flatten());
        if layout.as_deref() != Some(LAYOUT.to_string().as_str()) {
            return Err(Unreadable::Layout(layout));
        }
        let mut rows = Vec::with_capacity(answer.len());
        for cells in answer {
            rows.extend(read_row(cells).map_err(Unreadable::Row)?);
        }
        Ok(State::new(rows))
    }

    pub(crate) fn down_script(&self, revision: &RevisionId) -> String {
        format!(
            "SELECT {} FROM {} {}",
            self.text("down_script"),
            self.table(),
            self.of(revision.as_str())
        )
    }

    /// Creates the schema that the tables are in, where it is missing; `None` if there are none, or
    /// if it is the connection's own.
    ///
    /// Not always: it wants the right to create schemas though there is one.
    pub(crate) fn create_schema(&self) -> Option<String> {
        let schema = self.schema.as_deref().filter(|_| self.dialect == Dialect::Postgres)?;
        Some(format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(self.dialect, schema)))
    }

    /// The query whether that schema exists: a row, or none.
    pub(crate) fn find_schema(&self) -> Option<String> {
        let schema = self.schema.as_deref().filter(|_| self.dialect == Dialect::Postgres)?;
        let name = literal(self.dialect, schema);
        Some(format!("SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = {name}"))
    }

    /// Creates what is missing, one statement each.
    pub(crate) fn create(&self) -> Vec<String> {
        let (table, meta) = (self.table(), self.meta());
        let (name, text, long, int, time, options) = match self.dialect {
            Dialect::Sqlite => ("TEXT", "TEXT", "TEXT", "INTEGER", "TEXT", ""),
            Dialect::Postgres => ("text", "text", "text", "bigint", "timestamptz", ""),
            // Ids that differ only in case are different ids.
            Dialect::Mysql => (
                "VARCHAR(191)",
                "MEDIUMTEXT",
                "LONGTEXT",
                "BIGINT",
                "DATETIME(3)",
                " ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            ),
        };
        let index = quoted(self.dialect, &format!("{}_unfinished", self.bare));
        let key = if self.dialect == Dialect::Mysql {
            format!(",\n    KEY {index} (chain, status)")
        } else {
            String::new()
        };
        // Its length is limited where it stands in an index.
        let status = if self.dialect == Dialect::Mysql { "VARCHAR(16)" } else { name };
        let mut statements = vec![format!(
            "CREATE TABLE IF NOT EXISTS {table} (
    chain {name} NOT NULL,
    revision {name} NOT NULL,
    parents {text} NOT NULL,
    depends_on {text} NOT NULL,
    description {text} NOT NULL,
    kind {name} NOT NULL,
    checksum {name} NOT NULL,
    digest {name} NOT NULL,
    algorithm {name} NOT NULL,
    irreversible {text},
    status {status} NOT NULL,
    statements_done {int} NOT NULL,
    statement_started {int},
    applied_at {time} NOT NULL,
    applied_by {text} NOT NULL,
    duration_ms {int} NOT NULL,
    tool_version {name} NOT NULL,
    down_script {long},
    PRIMARY KEY (chain, revision){key}
){options}"
        )];
        let unfinished = "(chain) WHERE status NOT IN ('applied', 'stamped')";
        match self.dialect {
            Dialect::Sqlite => {
                let schema = quoted(self.dialect, self.schema.as_deref().unwrap_or("main"));
                let bare = quoted(self.dialect, &self.bare);
                statements.push(format!(
                    "CREATE INDEX IF NOT EXISTS {schema}.{index} ON {bare} {unfinished}"
                ));
            }
            Dialect::Postgres => statements
                .push(format!("CREATE INDEX IF NOT EXISTS {index} ON {table} {unfinished}")),
            Dialect::Mysql => {}
        }
        let value = if self.dialect == Dialect::Sqlite { "" } else { int };
        statements.push(format!(
            "CREATE TABLE IF NOT EXISTS {meta} (
    name {name} NOT NULL PRIMARY KEY,
    value {value} NOT NULL
){}",
            if self.dialect == Dialect::Sqlite { " WITHOUT ROWID" } else { options }
        ));
        let row = format!("(name, value) VALUES ('layout', {LAYOUT})");
        statements.push(match self.dialect {
            Dialect::Sqlite => format!("INSERT OR IGNORE INTO {meta} {row}"),
            Dialect::Postgres => format!("INSERT INTO {meta} {row} ON CONFLICT DO NOTHING"),
            Dialect::Mysql => format!("INSERT IGNORE INTO {meta} {row}"),
        });
        if self.dialect == Dialect::Mysql {
            // No transaction holds them. Interrupted before the table itself, there simply is none yet.
            statements.rotate_left(1);
        }
        statements
    }

    /// Writes down for which group of transactions this database has decided last, of those in which the same
    /// `others` take part: only of these it is certain that nothing is left of the one before. A run over other
    /// databases has not seen what is prepared in them.
    pub(crate) fn decide(&self, group: i64, others: &str) -> String {
        let hash = Hash::hash(format!("{} {others}", self.chain).as_bytes());
        let name = literal(self.dialect, &format!("{DECISION}{}", hex(&hash[..8])));
        let meta = self.meta();
        let or = match self.dialect {
            Dialect::Mysql => "ON DUPLICATE KEY UPDATE value = VALUES(value)",
            Dialect::Sqlite | Dialect::Postgres => {
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
            }
        };
        format!("INSERT INTO {meta} (name, value) VALUES ({name}, {group}) {or}")
    }

    /// The query whether it has decided for that group: a row, or none.
    pub(crate) fn decision(&self, group: i64) -> String {
        let (name, meta) = (self.text("name"), self.meta());
        format!("SELECT {name} FROM {meta} WHERE name LIKE '{DECISION}%' AND value = {group}")
    }

    /// The statement that makes a change; it changes exactly one row.
    pub(crate) fn change(&self, change: &Change<'_>) -> String {
        let table = self.table();
        match change {
            Change::Insert(record) => self.insert(record, &record.duration_ms.to_string()),
            Change::Delete(revision) => {
                format!("DELETE FROM {table} {}", self.of(revision.as_str()))
            }
            Change::Rewrite(record) => self.rewrite(record),
            Change::Digest(revision, digest) => {
                format!("UPDATE {table} SET digest = '{digest}' {}", self.of(revision.as_str()))
            }
            Change::Standing(revision, standing) => format!(
                "UPDATE {table} SET status = '{}', statements_done = {}, statement_started = {}, \
                 checksum = {}, down_script = {} {}",
                standing.status.name(),
                standing.statements_done,
                number(standing.statement_started),
                literal(self.dialect, &standing.checksum),
                self.optional(standing.down_script.as_deref()),
                self.of(revision.as_str())
            ),
            Change::Progress { revision, done, started, checksum } => format!(
                "UPDATE {table} SET statements_done = {done}, statement_started = {}, \
                 checksum = {} {}",
                number(*started),
                literal(self.dialect, checksum),
                self.of(revision.as_str())
            ),
        }
    }

    /// Records a revision; `duration_ms` is an expression.
    pub(crate) fn insert(&self, record: &Record<'_>, duration_ms: &str) -> String {
        let literal = |text: &str| literal(self.dialect, text);
        let applied_at = match (self.dialect, record.applied_at) {
            (Dialect::Sqlite, None) => String::from("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"),
            (Dialect::Postgres, None) => String::from("clock_timestamp()"),
            (Dialect::Mysql, None) => String::from("utc_timestamp(3)"),
            (Dialect::Sqlite, Some(at)) => literal(at),
            (Dialect::Postgres, Some(at)) => format!("{}::timestamptz", literal(at)),
            // A column without a zone takes none.
            (Dialect::Mysql, Some(at)) => literal(at.trim_end_matches('Z')),
        };
        let mut sql = format!(
            "INSERT INTO {} (chain, revision, parents, depends_on, description, kind, checksum, \
             digest, algorithm, irreversible, status, statements_done, statement_started, \
             applied_at, applied_by, duration_ms, tool_version, down_script) VALUES ({}",
            self.table(),
            self.chain
        );
        for text in [
            record.revision,
            &record.parents,
            &record.depends_on,
            record.description,
            record.kind,
            &record.checksum,
            &record.digest,
            ALGORITHM,
        ] {
            let _ = write!(sql, ", {}", literal(text));
        }
        let _ = write!(
            sql,
            ", {}, '{}', {}, {}, {applied_at}, {}, {duration_ms}, '{}', {})",
            self.optional(record.irreversible.as_deref()),
            record.status,
            record.statements_done,
            number(record.statement_started),
            literal(record.applied_by),
            env!("CARGO_PKG_VERSION"),
            self.optional(record.down_script.as_deref()),
        );
        sql
    }

    fn rewrite(&self, record: &Record<'_>) -> String {
        let literal = |text: &str| literal(self.dialect, text);
        format!(
            "UPDATE {} SET parents = {}, depends_on = {}, description = {}, kind = '{}', \
             checksum = {}, digest = {}, algorithm = '{ALGORITHM}', irreversible = {}, \
             status = '{}', statements_done = {}, statement_started = {}, down_script = {} {}",
            self.table(),
            literal(&record.parents),
            literal(&record.depends_on),
            literal(record.description),
            record.kind,
            literal(&record.checksum),
            literal(&record.digest),
            self.optional(record.irreversible.as_deref()),
            record.status,
            record.statements_done,
            number(record.statement_started),
            self.optional(record.down_script.as_deref()),
            self.of(record.revision)
        )
    }

    fn of(&self, revision: &str) -> String {
        format!("WHERE chain = {} AND revision = {}", self.chain, literal(self.dialect, revision))
    }

    fn optional(&self, text: Option<&str>) -> String {
        text.map_or_else(|| String::from("NULL"), |text| literal(self.dialect, text))
    }

    fn text(&self, expression: &str) -> String {
        text(self.dialect, expression)
    }
}

/// Why the tracking table cannot be used.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It has the layout of another version; `None` if it says nothing.
    Layout(Option<String>),
    /// A row says what no version writes.
    Row(String),
}

fn number(number: Option<usize>) -> String {
    number.map_or_else(|| String::from("NULL"), |number| number.to_string())
}

/// An expression, as text.
pub(crate) fn text(dialect: Dialect, expression: &str) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => format!("CAST({expression} AS text)"),
        Dialect::Mysql => format!("CAST({expression} AS CHAR)"),
    }
}

/// An identifier, quoted.
pub(crate) fn quoted(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
    }
}

/// A text as a literal that means the same whatever the settings of the session are.
pub(crate) fn literal(dialect: Dialect, text: &str) -> String {
    // No server stores a NUL, and what would hold one is a name that somebody gave.
    let text = text.replace('\0', "");
    match dialect {
        Dialect::Sqlite => format!("'{}'", text.replace('\'', "''")),
        Dialect::Postgres => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        // What a backslash means there depends on `sql_mode`.
        Dialect::Mysql if text.bytes().any(|byte| byte == b'\\' || byte == b'\'') => {
            format!("_utf8mb4 0x{}", hex(text.as_bytes()))
        }
        Dialect::Mysql => format!("_utf8mb4 '{text}'"),
    }
}

/// `None` is the row that only carries the layout; the error says what is impossible.
fn read_row(cells: Cells) -> Result<Option<Row>, String> {
    let mut cells = cells.into_iter().skip(1);
    let mut next = || cells.next().flatten();
    let Some(id) = next() else { return Ok(None) };
    let id = RevisionId::new(id.clone()).map_err(|_| format!("`{id}` is no revision id"))?;
    let mut text = || next().unwrap_or_default();
    let (parents, depends_on, description) = (text(), text(), text());
    let (kind, checksum, digest, algorithm) = (text(), text(), text(), text());
    let irreversible = next();
    let status = next().unwrap_or_default();
    let status = RowStatus::from_name(&status)
        .ok_or_else(|| format!("revision `{id}` has the status `{status}`"))?;
    let mut number = || next().map(|number| number.parse::<u64>());
    let mut count = |what: &str| match number() {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(format!("revision `{id}` has a {what} that is no number")),
    };
    let done = count("statements_done")?.unwrap_or_default();
    let started = count("statement_started")?;
    let (applied_at, applied_by) = (next().unwrap_or_default(), next().unwrap_or_default());
    let duration = next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Some(Row {
        id,
        parents,
        depends_on,
        description,
        kind,
        checksum,
        digest,
        algorithm,
        irreversible,
        status,
        statements_done: size(done),
        statement_started: started.map(size),
        applied_at,
        applied_by,
        duration_ms: duration,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_mean_the_same_in_every_session() {
        for (dialect, expected) in [
            (Dialect::Sqlite, r"'it''s \n'"),
            (Dialect::Postgres, r"E'it''s \\n'"),
            (Dialect::Mysql, r"_utf8mb4 0x69742773205c6e"),
        ] {
            assert_eq!(literal(dialect, r"it's \n"), expected);
        }
        assert_eq!(literal(Dialect::Mysql, "ä"), "_utf8mb4 'ä'");
        assert_eq!(literal(Dialect::Postgres, "a\0b"), "E'ab'");
    }

    #[test]
    fn a_row_that_no_version_writes_is_told_and_not_guessed() {
        let row = |id: &str, status: &str, done: &str| {
            let mut cells: Cells = vec![Some(String::from("1")); 16];
            cells[1] = Some(id.to_owned());
            cells[10] = Some(status.to_owned());
            cells[11] = Some(done.to_owned());
            Tracking::state(vec![cells])
        };
        assert_eq!(row("a1b2", "applied", "3").unwrap().rows[0].statements_done, 3);
        for (id, status, done) in
            [("a b", "applied", "3"), ("a1b2", "done", "3"), ("a1b2", "applied", "x")]
        {
            assert!(matches!(row(id, status, done), Err(Unreadable::Row(_))), "{id} {status}");
        }
        assert!(matches!(
            Tracking::state(vec![vec![Some(String::from("2"))]]),
            Err(Unreadable::Layout(Some(layout))) if layout == "2"
        ));
    }
}
