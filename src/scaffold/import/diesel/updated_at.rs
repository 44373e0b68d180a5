//! `diesel_manage_updated_at`: on SQLite a function that diesel registers on each of its connections, so that no other
//! connection has it. A call of it makes a trigger, and that can be written out.

use crate::Dialect;
use crate::sql::{self, Token, TokenKind};

const FUNCTION: &str = "diesel_manage_updated_at";

/// The text with the trigger in place of each call; nothing if there is none.
pub(in crate::scaffold::import) fn written_out(text: &str) -> Option<String> {
    if !sql::may_mention(text, FUNCTION) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for statement in sql::split(Dialect::Sqlite, text).statements {
        if let Some(table) = table(statement.text) {
            out.push_str(&text[copied..statement.offset]);
            out.push_str(&trigger(&table));
            copied = statement.offset + statement.text.len();
        }
    }
    out.push_str(&text[copied..]);
    (copied > 0).then_some(out)
}

/// The table of a statement that is a call and nothing else.
fn table(statement: &str) -> Option<String> {
    let tokens: Vec<Token<'_>> = sql::tokens(Dialect::Sqlite, statement).collect();
    let [select, function, open, argument, close] = &tokens[..] else { return None };
    let is_call = select.text.eq_ignore_ascii_case("select")
        && function.text.eq_ignore_ascii_case(FUNCTION)
        && (open.text, argument.kind, close.text) == ("(", TokenKind::String, ")");
    let quoted = argument.text.strip_prefix('\'')?.strip_suffix('\'')?;
    is_call.then(|| quoted.replace("''", "'"))
}

/// diesel 2.3, `diesel_manage_updated_at.sql`, to the letter: the text of a trigger is part of the schema.
fn trigger(table: &str) -> String {
    format!(
        "CREATE TRIGGER __diesel_manage_updated_at_{table}
AFTER UPDATE ON {table}
FOR EACH ROW WHEN
  old.updated_at IS NULL AND
  new.updated_at IS NULL OR
  old.updated_at == new.updated_at
BEGIN
  UPDATE {table}
  SET updated_at = CURRENT_TIMESTAMP
  WHERE ROWID = new.ROWID;
END"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_becomes_its_trigger() {
        let of = |call: &str| written_out(&format!("-- a\nSELECT 1; {call}; -- b\nSELECT 2"));
        let text = of("select\n  Diesel_Manage_Updated_At ( 'users' )").unwrap();
        assert!(
            text.starts_with("-- a\nSELECT 1; CREATE TRIGGER __diesel_manage_updated_at_users\n")
        );
        assert!(text.ends_with("\nEND; -- b\nSELECT 2"));
        let split = sql::split(Dialect::Sqlite, &text);
        assert_eq!((split.statements.len(), split.unterminated), (3, None));
        for other in [
            "SELECT diesel_manage_updated_at('users'), 1",
            "SELECT diesel_manage_updated_at(name)",
            "SELECT updated_at('users')",
            "-- SELECT diesel_manage_updated_at('users')",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
