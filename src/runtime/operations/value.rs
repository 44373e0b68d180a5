//! Values of portable queries, and how each dialect writes them.
//!
//! They travel as literals in the text of the statement: nothing is prepared that a pooler would hand
//! to someone else, and a server takes a quoted literal for whatever type the column has. So a text
//! can be compared with a date, an UUID or a JSON document, on every dialect.

use std::borrow::Cow;

use crate::chain::hex;
use crate::dialect::Dialect;
use crate::runtime::tracking::literal;

/// A value that stands for a `?`.
///
/// Made of booleans, numbers, texts, bytes, and options of them. A text can be whatever its literal
/// can be: `'2026-11-21'` is a date where a date is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `NULL`.
    #[default]
    Null,
    /// A boolean; on `SQLite` and `MySQL` 1 or 0.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! from {
    ($($type:ty, $value:ident => $made:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}

from! {
    bool, value => Self::Bool(value);
    i8, value => Self::Integer(value.into());
    i16, value => Self::Integer(value.into());
    i32, value => Self::Integer(value.into());
    i64, value => Self::Integer(value);
    u8, value => Self::Integer(value.into());
    u16, value => Self::Integer(value.into());
    u32, value => Self::Integer(value.into());
    f32, value => Self::Float(value.into());
    f64, value => Self::Float(value);
    char, value => Self::Text(value.into());
    &str, value => Self::Text(value.to_owned());
    String, value => Self::Text(value);
    &String, value => Self::Text(value.clone());
    Cow<'_, str>, value => Self::Text(value.into_owned());
    Vec<u8>, value => Self::Bytes(value);
    &[u8], value => Self::Bytes(value.to_vec());
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// As the dialect writes it.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub(super) fn written(&self, dialect: Dialect) -> Result<String, String> {
        Ok(match self {
            Self::Null => String::from("NULL"),
            Self::Bool(value) if dialect == Dialect::Postgres => value.to_string().to_uppercase(),
            Self::Bool(value) => u8::from(*value).to_string(),
            // A sign of its own could make a comment of the one before it, and the number without its
            // sign is none.
            Self::Integer(i64::MIN) => String::from("(-9223372036854775807 - 1)"),
            Self::Integer(value) => signed(value.to_string()),
            Self::Float(value) if value.is_finite() => signed(format!("{value:e}")),
            Self::Float(value) => return infinite(dialect, *value),
            Self::Text(text) => return written_text(dialect, text),
            Self::Bytes(bytes) => written_bytes(dialect, bytes),
        })
    }
}

fn signed(number: String) -> String {
    if number.starts_with('-') { format!("({number})") } else { number }
}

fn infinite(dialect: Dialect, value: f64) -> Result<String, String> {
    match dialect {
        Dialect::Postgres => Ok(format!("CAST('{value}' AS double precision)")),
        Dialect::Sqlite if value.is_nan() => Ok(String::from("NULL")),
        Dialect::Sqlite => Ok(signed(format!("{}9e999", if value < 0.0 { "-" } else { "" }))),
        Dialect::Mysql => Err(format!("{dialect} has no floating-point number {value}")),
    }
}

fn written_text(dialect: Dialect, text: &str) -> Result<String, String> {
    if !text.contains('\0') {
        return Ok(literal(dialect, text));
    }
    match dialect {
        Dialect::Postgres => Err(String::from("PostgreSQL has no text with a NUL character")),
        Dialect::Sqlite => Ok(format!("CAST(x'{}' AS TEXT)", hex(text.as_bytes()))),
        Dialect::Mysql => Ok(format!("_utf8mb4 x'{}'", hex(text.as_bytes()))),
    }
}

fn written_bytes(dialect: Dialect, bytes: &[u8]) -> String {
    match dialect {
        Dialect::Postgres => format!("CAST(E'\\\\x{}' AS bytea)", hex(bytes)),
        Dialect::Sqlite => format!("x'{}'", hex(bytes)),
        Dialect::Mysql => format!("_binary x'{}'", hex(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_each_dialect_reads_them() {
        let written = |value: Value| Dialect::ALL.map(|dialect| value.written(dialect).unwrap());
        assert_eq!(Dialect::ALL, [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql]);
        assert_eq!(written(None::<i64>.into()), ["NULL"; 3]);
        assert_eq!(written(true.into()), ["1", "TRUE", "1"]);
        assert_eq!(written((-5).into()), ["(-5)"; 3]);
        assert_eq!(written(i64::MIN.into()), ["(-9223372036854775807 - 1)"; 3]);
        assert_eq!(written(0.1.into()), ["1e-1"; 3]);
        assert_eq!(written("it's".into()), ["'it''s'", "E'it''s'", "_utf8mb4 0x69742773"]);
        assert_eq!(
            written(vec![0, 255].into()),
            ["x'00ff'", r"CAST(E'\\x00ff' AS bytea)", "_binary x'00ff'"]
        );
        assert!(Value::from("a\0b").written(Dialect::Postgres).is_err());
        assert!(Value::from(f64::NAN).written(Dialect::Mysql).is_err());
    }
}
