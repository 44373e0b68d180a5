//! Another tool's table: whether it is there, and what its rows say.
//!
//! Everything is asked for as text, times in UTC as our own rows have them, so that what comes after is the
//! same for all databases. What the rows of a tool mean together is judged elsewhere (`history`).

use std::time::Duration;

use crate::dialect::Dialect;
use crate::runtime::tracking::{Cells, literal, quoted, text};
use crate::tool::Tool;

/// A table that has the name and the columns of a tool's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) tool: Tool,
    /// The schema that it is in; `None` on `SQLite`.
    pub(crate) schema: Option<String>,
}

/// A tool's table, read.
#[derive(Clone, Debug)]
pub(crate) struct OldTable {
    pub(crate) tool: Tool,
    pub(crate) rows: Vec<OldRow>,
}

/// A row of it, in the order in which the tool wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OldRow {
    /// The version; `None` where the row is about no version.
    pub(crate) version: Option<String>,
    /// The name of refinery's migration; the type of Flyway's.
    pub(crate) detail: Option<String>,
    /// As the tool writes it; sqlx's bytes in hexadecimal.
    pub(crate) checksum: Option<String>,
    /// When it was applied, in UTC: `2026-11-21T22:11:04.123Z`.
    pub(crate) at: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) by: Option<String>,
    pub(crate) standing: Standing,
}

/// What a row says of its version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Applied,
    /// It failed, or runs at this moment.
    Failed,
    /// It was undone.
    Undone,
}

/// When a row was written.
enum Time {
    Never,
    /// A column of the database's type for times.
    Column(&'static str),
    /// Seconds since 1970.
    Seconds(&'static str),
    /// RFC 3339.
    Text(&'static str),
}

/// Where a tool's table says what.
struct Layout {
    version: &'static str,
    detail: Option<&'static str>,
    checksum: Option<&'static str>,
    time: Time,
    duration: Option<&'static str>,
    by: Option<&'static str>,
    /// What the row says, if not that its version is applied.
    standing: &'static str,
    order: &'static str,
    /// The other columns by which the table is known.
    others: &'static [&'static str],
}

impl Layout {
    const fn of(tool: Tool) -> Self {
        let plain = Self {
            version: "version",
            detail: None,
            checksum: None,
            time: Time::Never,
            duration: None,
            by: None,
            standing: "'applied'",
            order: "version",
            others: &[],
        };
        match tool {
            Tool::Sqlx => Self {
                checksum: Some("checksum"),
                time: Time::Column("installed_on"),
                duration: Some("execution_time"),
                standing: "CASE WHEN success THEN 'applied' ELSE 'failed' END",
                others: &["success"],
                ..plain
            },
            Tool::Diesel => Self { time: Time::Column("run_on"), ..plain },
            Tool::Refinery => Self {
                detail: Some("name"),
                checksum: Some("checksum"),
                time: Time::Text("applied_on"),
                ..plain
            },
            Tool::SeaOrm => Self { time: Time::Seconds("applied_at"), ..plain },
            Tool::Dbmate => plain,
            Tool::Goose => Self {
                version: "version_id",
                time: Time::Column("tstamp"),
                standing: "CASE WHEN is_applied THEN 'applied' ELSE 'undone' END",
                order: "id",
                others: &["is_applied"],
                ..plain
            },
            Tool::GolangMigrate => Self {
                standing: "CASE WHEN dirty THEN 'failed' ELSE 'applied' END",
                others: &["dirty"],
                ..plain
            },
            Tool::Flyway => Self {
                detail: Some("type"),
                checksum: Some("checksum"),
                time: Time::Column("installed_on"),
                duration: Some("execution_time"),
                by: Some("installed_by"),
                standing: "CASE WHEN success THEN 'applied' ELSE 'failed' END",
                order: "installed_rank",
                others: &["success"],
                ..plain
            },
            Tool::Alembic => Self { version: "version_num", order: "version_num", ..plain },
        }
    }

    fn columns(&self) -> impl Iterator<Item = &'static str> {
        let time = match self.time {
            Time::Never => None,
            Time::Column(column) | Time::Seconds(column) | Time::Text(column) => Some(column),
        };
        let optional = [self.detail, self.checksum, time, self.duration, self.by];
        let all = [self.version, self.order].into_iter().chain(optional.into_iter().flatten());
        all.chain(self.others.iter().copied())
    }
}

/// Asks for the columns of all tables that are named like a tool's, where the connection looks for tables: their
/// schema, table and column.
pub(crate) fn search(dialect: Dialect) -> String {
    let mut names: Vec<String> =
        Tool::ALL.iter().map(|tool| literal(dialect, tool.table())).collect();
    names.dedup();
    let names = names.join(", ");
    match dialect {
        Dialect::Sqlite => format!(
            "SELECT NULL, lower(m.name), lower(c.name) FROM main.sqlite_schema AS m \
             JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND lower(m.name) IN ({names})"
        ),
        Dialect::Postgres => format!(
            "SELECT n.nspname::text, t.relname::text, c.attname::text FROM pg_catalog.pg_class AS t \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace \
             JOIN pg_catalog.pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 \
             WHERE t.relkind IN ('r', 'p') AND t.relname IN ({names}) \
             AND pg_catalog.pg_table_is_visible(t.oid)"
        ),
        Dialect::Mysql => format!(
            "SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR), CAST(column_name AS CHAR) \
             FROM information_schema.columns WHERE table_schema = database() \
             AND table_name IN ({names}) LIMIT 18446744073709551615"
        ),
    }
}

/// The tables that the answer to [`search`] shows to be tools'; and the names of those that are only named so.
pub(crate) fn found(columns: &[Cells]) -> (Vec<Found>, Vec<String>) {
    let cell = |cells: &Cells, index: usize| cells.get(index).cloned().flatten();
    let says = |cells: &Cells, index: usize, name: &str| {
        cell(cells, index).is_some_and(|said| said.eq_ignore_ascii_case(name))
    };
    let has = |table: &str, column: &str| {
        columns.iter().any(|cells| says(cells, 1, table) && says(cells, 2, column))
    };
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for tool in Tool::ALL {
        let table = tool.table();
        let Some(first) = columns.iter().find(|cells| says(cells, 1, table)) else { continue };
        let is_its = Layout::of(tool).columns().all(|column| has(table, column));
        // One table of this name is of either tool, by its columns.
        let is_other = tool == Tool::Dbmate && has(table, "dirty");
        if is_its && !is_other {
            found.push(Found { tool, schema: cell(first, 0) });
        } else if !others.iter().any(|other| other == table) {
            others.push(table.to_owned());
        }
    }
    others.retain(|table| !found.iter().any(|found| found.tool.table() == table));
    (found, others)
}

impl Found {
    /// Asks for all rows; the answer is read by [`rows`].
    pub(crate) fn read(&self, dialect: Dialect) -> String {
        let layout = Layout::of(self.tool);
        let table = quoted(dialect, self.tool.table());
        let table = match &self.schema {
            Some(schema) => format!("{}.{table}", quoted(dialect, schema)),
            None => table,
        };
        let column = |column: Option<&str>| {
            column.map_or_else(|| String::from("NULL"), |it| quoted(dialect, it))
        };
        let checksum = match layout.checksum {
            // The others are texts or numbers.
            Some(column) if self.tool == Tool::Sqlx => match dialect {
                Dialect::Postgres => format!("pg_catalog.encode({column}, 'hex')"),
                Dialect::Sqlite | Dialect::Mysql => format!("lower(hex({column}))"),
            },
            other => column(other),
        };
        let expressions = [
            column(Some(layout.version)),
            column(layout.detail),
            checksum,
            time(dialect, &layout.time),
            column(layout.duration),
            column(layout.by),
            layout.standing.to_owned(),
        ];
        let columns: Vec<String> =
            expressions.iter().map(|expression| text(dialect, expression)).collect();
        // Otherwise `sql_select_limit` of the session holds.
        let limit = if dialect == Dialect::Mysql { " LIMIT 18446744073709551615" } else { "" };
        format!(
            "SELECT {} FROM {table} ORDER BY {}{limit}",
            columns.join(", "),
            quoted(dialect, layout.order)
        )
    }
}

/// The expression of a time in UTC.
fn time(dialect: Dialect, time: &Time) -> String {
    let column = |column: &str| quoted(dialect, column);
    match (dialect, time) {
        (_, Time::Never) => String::from("NULL"),
        (_, Time::Text(name)) => column(name),
        (Dialect::Sqlite, Time::Column(name)) => {
            format!("strftime('%Y-%m-%dT%H:%M:%fZ', {})", column(name))
        }
        (Dialect::Sqlite, Time::Seconds(name)) => {
            format!("strftime('%Y-%m-%dT%H:%M:%fZ', {}, 'unixepoch')", column(name))
        }
        // Of a time without a zone these are the seconds as if it were one in UTC.
        (Dialect::Postgres, Time::Column(name)) => {
            of_seconds(&format!("extract(epoch FROM {})", column(name)))
        }
        (Dialect::Postgres, Time::Seconds(name)) => of_seconds(&column(name)),
        (Dialect::Mysql, Time::Column(name)) => {
            of_microseconds(&format!("unix_timestamp({}) * 1000000", column(name)))
        }
        (Dialect::Mysql, Time::Seconds(name)) => {
            of_microseconds(&format!("{} * 1000000", column(name)))
        }
    }
}

fn of_seconds(seconds: &str) -> String {
    format!(
        "pg_catalog.to_char(pg_catalog.to_timestamp(({seconds})::double precision) \
         AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    )
}

/// Not with `from_unixtime`, whose answer is one of the session's time zone.
fn of_microseconds(microseconds: &str) -> String {
    format!(
        "concat(left(date_format(timestampadd(MICROSECOND, CAST({microseconds} AS SIGNED), \
         CAST('1970-01-01' AS DATETIME)), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')"
    )
}

/// The rows that the answer to [`Found::read`] holds.
pub(crate) fn rows(tool: Tool, answer: Vec<Cells>) -> Vec<OldRow> {
    answer.into_iter().map(|cells| row(tool, cells)).collect()
}

fn row(tool: Tool, cells: Cells) -> OldRow {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().flatten();
    let (version, detail, checksum) = (next(), next(), next());
    let at = next().and_then(|at| utc(&at));
    // sqlx says -1 where it does not know.
    let duration = next().and_then(|number| number.parse::<u64>().ok()).map(|number| match tool {
        Tool::Sqlx => Duration::from_nanos(number),
        _ => Duration::from_millis(number),
    });
    let by = next().filter(|by| !by.is_empty());
    let standing = match next().as_deref() {
        Some("failed") => Standing::Failed,
        Some("undone") => Standing::Undone,
        _ => Standing::Applied,
    };
    OldRow { version, detail, checksum, at, duration, by, standing }
}

/// A time of RFC 3339 in UTC, in milliseconds; `None` for anything else.
fn utc(text: &str) -> Option<String> {
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked(SHAPE.len())?;
    let is_shaped = seconds.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == *other,
    });
    let digits = fraction.strip_prefix('.').unwrap_or(fraction);
    let is_fraction = digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.is_empty() == fraction.is_empty();
    let milliseconds: String = digits.chars().chain("000".chars()).take(3).collect();
    (is_shaped && is_fraction).then(|| format!("{seconds}.{milliseconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(tables: &[(&str, &[&str])]) -> Vec<Cells> {
        let of = |(table, columns): &(&str, &[&str])| -> Vec<Cells> {
            let cells =
                |column: &&str| vec![None, Some((*table).to_owned()), Some((*column).to_owned())];
            columns.iter().map(cells).collect()
        };
        tables.iter().flat_map(of).collect()
    }

    #[test]
    fn tables_are_known_by_name_and_columns() {
        let tools = |tables: &[(&str, &[&str])]| {
            let (found, others) = found(&columns(tables));
            (found.iter().map(|found| found.tool).collect::<Vec<_>>(), others)
        };
        assert_eq!(tools(&[]), (vec![], vec![]));
        let both: &[&str] = &["version", "dirty"];
        assert_eq!(tools(&[("schema_migrations", both)]).0, [Tool::GolangMigrate]);
        assert_eq!(tools(&[("schema_migrations", &["version"])]), (vec![Tool::Dbmate], vec![]));
        assert_eq!(
            tools(&[
                ("__diesel_schema_migrations", &["VERSION", "run_on"]),
                ("alembic_version", &["version_num"])
            ])
            .0,
            [Tool::Diesel, Tool::Alembic]
        );
        let (found, others) = tools(&[("_sqlx_migrations", &["version", "checksum"])]);
        assert_eq!((found, others), (vec![], vec![String::from("_sqlx_migrations")]));
    }

    #[test]
    fn times_are_read_in_milliseconds() {
        for (text, time) in [
            ("2024-01-02T03:04:05Z", Some("2024-01-02T03:04:05.000Z")),
            ("2024-01-02T03:04:05.5Z", Some("2024-01-02T03:04:05.500Z")),
            ("2024-01-02T03:04:05.123456789Z", Some("2024-01-02T03:04:05.123Z")),
            ("2024-01-02T03:04:05.Z", None),
            ("2024-01-02T03:04:05", None),
            ("2024-01-02T03:04:05+01:00", None),
            ("12024-01-02T03:04:05Z", None),
            ("ä", None),
            ("", None),
        ] {
            assert_eq!(utc(text).as_deref(), time, "{text}");
        }
    }
}
