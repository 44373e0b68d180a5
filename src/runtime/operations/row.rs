//! Rows of portable queries: whatever every driver that is compiled in can make of its own rows.

use sqlx::{ColumnIndex, Row as _};

use super::value::Value;

macro_rules! driver {
    ($feature:literal, $trait:ident, $row:ty, $dialect:literal) => {
        #[cfg(feature = $feature)]
        #[doc = concat!("What can be made of a row of ", $dialect, ".")]
        pub trait $trait: for<'r> sqlx::FromRow<'r, $row> {}

        #[cfg(feature = $feature)]
        impl<T: for<'r> sqlx::FromRow<'r, $row>> $trait for T {}

        #[cfg(not(feature = $feature))]
        #[doc = concat!("The driver of ", $dialect, " is not compiled in, so anything will do.")]
        pub trait $trait {}

        #[cfg(not(feature = $feature))]
        impl<T> $trait for T {}
    };
}

driver!("sqlite", FromSqlite, sqlx::sqlite::SqliteRow, "`SQLite`");
driver!("postgres", FromPostgres, sqlx::postgres::PgRow, "`PostgreSQL`");
driver!("mysql", FromMysql, sqlx::mysql::MySqlRow, "`MySQL`");

/// What a row can be: a tuple of columns such as `(i64, String)`, or a type with
/// `#[derive(sqlx::FromRow)]`.
///
/// `PostgreSQL` is strict about types: an `integer` is an `i32`, a `bigint` an `i64`. Where a query is
/// to run on several dialects, `CAST(count AS BIGINT)` makes an `i64` of it everywhere but on `MySQL`,
/// which takes an `i64` for any of its signed numbers.
pub trait PortableRow: FromSqlite + FromPostgres + FromMysql + Send + Unpin {}

impl<T: FromSqlite + FromPostgres + FromMysql + Send + Unpin> PortableRow for T {}

/// The rows of an answer, as their driver has them.
pub(super) enum Rows {
    #[cfg(feature = "sqlite")]
    Sqlite(Vec<sqlx::sqlite::SqliteRow>),
    #[cfg(feature = "postgres")]
    Postgres(Vec<sqlx::postgres::PgRow>),
    #[cfg(feature = "mysql")]
    Mysql(Vec<sqlx::mysql::MySqlRow>),
    #[allow(dead_code, reason = "stands where no driver is compiled in")]
    Never(std::convert::Infallible),
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(rows) => rows.len(),
            #[cfg(feature = "postgres")]
            Self::Postgres(rows) => rows.len(),
            #[cfg(feature = "mysql")]
            Self::Mysql(rows) => rows.len(),
            Self::Never(never) => match *never {},
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(rows) => rows.truncate(len),
            #[cfg(feature = "postgres")]
            Self::Postgres(rows) => rows.truncate(len),
            #[cfg(feature = "mysql")]
            Self::Mysql(rows) => rows.truncate(len),
            Self::Never(never) => match *never {},
        }
    }

    pub(super) fn decode<T: PortableRow>(&self) -> Result<Vec<T>, sqlx::Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(rows) => rows.iter().map(|row| T::from_row(row)).collect(),
            #[cfg(feature = "postgres")]
            Self::Postgres(rows) => rows.iter().map(|row| T::from_row(row)).collect(),
            #[cfg(feature = "mysql")]
            Self::Mysql(rows) => rows.iter().map(|row| T::from_row(row)).collect(),
            Self::Never(never) => match *never {},
        }
    }

    /// A column of a row, as a literal that is equal to it.
    ///
    /// # Errors
    ///
    /// Why there is none; the text completes *the key*.
    pub(super) fn literal(&self, row: usize, column: &str) -> Result<String, Unusable> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(rows) => sqlite_literal(&rows[row], column),
            #[cfg(feature = "postgres")]
            Self::Postgres(rows) => postgres_literal(&rows[row], column),
            #[cfg(feature = "mysql")]
            Self::Mysql(rows) => mysql_literal(&rows[row], column),
            Self::Never(never) => match *never {},
        }
    }
}

/// Why a column cannot be a key.
pub(super) enum Unusable {
    Driver(sqlx::Error),
    Null,
}

impl From<sqlx::Error> for Unusable {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

fn written(value: &Value, dialect: crate::Dialect) -> Result<String, Unusable> {
    let unusable = |what| Unusable::Driver(sqlx::Error::Protocol(what));
    value.written(dialect).map_err(unusable)
}

/// Every value there has a type of its own.
#[cfg(feature = "sqlite")]
fn sqlite_literal(row: &sqlx::sqlite::SqliteRow, column: &str) -> Result<String, Unusable> {
    use sqlx::{TypeInfo as _, ValueRef as _};

    let at = column.index(row)?;
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Err(Unusable::Null);
    }
    let value = match value.type_info().name() {
        "INTEGER" => Value::Integer(row.try_get_unchecked(at)?),
        "REAL" => Value::Float(row.try_get_unchecked(at)?),
        "BLOB" => Value::Bytes(row.try_get_unchecked(at)?),
        _ => Value::Text(row.try_get_unchecked(at)?),
    };
    written(&value, crate::Dialect::Sqlite)
}

/// The text of a value, quoted, is that value where its type is known.
#[cfg(feature = "postgres")]
fn postgres_literal(row: &sqlx::postgres::PgRow, column: &str) -> Result<String, Unusable> {
    use sqlx::ValueRef as _;

    let value = row.try_get_raw(column.index(row)?)?;
    if value.is_null() {
        return Err(Unusable::Null);
    }
    let text = value.as_str().map_err(sqlx::Error::Decode)?;
    written(&Value::Text(text.to_owned()), crate::Dialect::Postgres)
}

/// A number in quotes would be compared as one with a floating point.
#[cfg(feature = "mysql")]
fn mysql_literal(row: &sqlx::mysql::MySqlRow, column: &str) -> Result<String, Unusable> {
    use sqlx::{TypeInfo as _, ValueRef as _};

    let at = column.index(row)?;
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Err(Unusable::Null);
    }
    let name = value.type_info().name().to_owned();
    if name.contains("INT") || name.contains("DECIMAL") {
        let text = row.try_get_unchecked::<String, _>(at)?;
        return Ok(if text.starts_with('-') { format!("({text})") } else { text });
    }
    let value = if name.contains("BINARY") || name.contains("BLOB") {
        Value::Bytes(row.try_get_unchecked(at)?)
    } else {
        Value::Text(row.try_get_unchecked(at)?)
    };
    written(&value, crate::Dialect::Mysql)
}
