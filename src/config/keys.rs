//! What the single values of the configuration may be: names, identifiers, paths.
//!
//! Each check says in a few words what is wrong; `read` adds the place and the way out.

use super::TableName;

/// The tracking table's name is the beginning of that of a second one, `…_meta`, and of indexes.
const MAX_TABLE: usize = 40;
/// `PostgreSQL` cuts longer identifiers, silently.
const MAX_IDENTIFIER: usize = 63;
const MAX_CHAIN: usize = 64;

/// A database or an environment: it must be writable as `@name` and as an argument.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.starts_with(is_start) && name.chars().all(is_rest) {
        Ok(())
    } else {
        Err("a name begins with a letter or `_`, and has letters, digits, `_` and `-`")
    }
}

pub(super) fn check_chain(name: &str) -> Result<(), &'static str> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !name.is_empty() && name.len() <= MAX_CHAIN && name.chars().all(is_legal) {
        Ok(())
    } else {
        Err("a chain's name has 1 to 64 letters, digits, `_`, `.` and `-`")
    }
}

pub(super) fn parse_table(text: &str) -> Result<TableName, &'static str> {
    let (schema, name) = match text.split_once('.') {
        Some((schema, name)) => (Some(schema), name),
        None => (None, text),
    };
    for identifier in schema.into_iter().chain([name]) {
        let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        if !(identifier.starts_with(is_start) && identifier.chars().all(is_rest)) {
            return Err("an identifier begins with a letter or `_`, and has letters, digits, `_` \
                        and `$`");
        }
    }
    if name.len() > MAX_TABLE {
        return Err("a table's name has at most 40 characters");
    }
    if schema.is_some_and(|schema| schema.len() > MAX_IDENTIFIER) {
        return Err("a schema's name has at most 63 characters");
    }
    // SQLite's and PostgreSQL's names of what ends with the connection.
    let is_temporary = |schema: &str| {
        ["temp", "pg_temp"].iter().any(|temporary| schema.eq_ignore_ascii_case(temporary))
    };
    if schema.is_some_and(is_temporary) {
        return Err("a temporary table would forget what is applied");
    }
    Ok(TableName { schema: schema.map(ToOwned::to_owned), name: name.to_owned() })
}

/// A directory that means the same on every machine that builds the package.
pub(super) fn check_directory(path: &str) -> Result<(), &'static str> {
    let bytes = path.as_bytes();
    if path.trim().is_empty() {
        return Err("it is empty");
    }
    if path.chars().any(char::is_control) {
        return Err("it holds a control character");
    }
    if path.contains('\\') {
        return Err("directories are separated by `/`, on every system");
    }
    if bytes[0] == b'/' || (bytes.get(1) == Some(&b':') && bytes[0].is_ascii_alphabetic()) {
        return Err("it must be relative to the package");
    }
    if path.contains([':', '*', '?', '"', '<', '>', '|']) {
        return Err("Windows has no directories with `:`, `*`, `?`, `\"`, `<`, `>` or `|`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_or_not() {
        for name in ["a", "_", "Catalog-2", "a_b"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "2a", "-a", "a.b", "ż", "a b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["main", "2.0-x_y", &"x".repeat(64)] {
            assert_eq!(check_chain(name), Ok(()), "{name}");
        }
        for name in ["", "a b", "ż", &"x".repeat(65)] {
            assert!(check_chain(name).is_err(), "{name}");
        }
    }

    #[test]
    fn tables_have_a_schema_or_none() {
        assert_eq!(parse_table("ops.revisions").unwrap().to_string(), "ops.revisions");
        assert_eq!(parse_table("re$v").unwrap().meta().to_string(), "re$v_meta");
        assert!(parse_table(&"x".repeat(40)).is_ok());
        let long = "x".repeat(41);
        for table in
            ["", ".", "a.", ".a", "a.b.c", "$a", "1a", "a-b", "a b", "\"a\"", &long, "Temp.a"]
        {
            assert!(parse_table(table).is_err(), "{table}");
        }
    }

    #[test]
    fn directories_are_relative_and_portable() {
        for path in ["migrations", "../db/migrations", ".", "my migrations", "żółw"] {
            assert_eq!(check_directory(path), Ok(()), "{path}");
        }
        for path in ["", " ", "/srv/m", "C:/m", "c:m", "db\\m", "a\nb", "db/a:b", "db/*"] {
            assert!(check_directory(path).is_err(), "{path}");
        }
    }
}
