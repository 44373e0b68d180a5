//! Names that a statement uses, also inside the comments that `MySQL` executes.
//!
//! A name is a name wherever it stands: as a table, a column or a part of `schema.table`. So this
//! answers "could it touch that table", and may say yes where the name means something else.
//! What strings hold (dynamic SQL, a `DO` block) is not looked at, nor are `U&"…"` escapes decoded.

use std::ops::Range;

use super::keyword;
use super::split::Statement;
use super::token::{Token, TokenKind, Tokens, tokens};
use crate::dialect::Dialect;

/// Where the statement uses an identifier with this name, quoted or bare, in any case.
///
/// Case is ignored for ASCII letters everywhere, also where a dialect would tell quoted names
/// apart. The range counts like [`Statement::offset`].
///
/// ```
/// use cargo_migrate::{Dialect, sql};
///
/// let script = r#"DROP TABLE "Migrate_Revisions""#;
/// let split = sql::split(Dialect::Postgres, script);
/// let range = sql::mentions(Dialect::Postgres, &split.statements[0], "migrate_revisions");
/// assert_eq!(range, Some(11..30));
/// ```
pub fn mentions(dialect: Dialect, statement: &Statement<'_>, name: &str) -> Option<Range<usize>> {
    if !may_mention(statement.text, name) {
        return None;
    }
    for token in Flat::new(dialect, statement.text) {
        let same = match token.kind {
            TokenKind::Word => keyword::is(token.text, name),
            TokenKind::QuotedIdentifier => quoted_is(token.text, name),
            _ => false,
        };
        if same {
            let start = statement.offset + token.offset;
            return Some(start..start + token.text.len());
        }
    }
    None
}

/// Whether a whole script could use an identifier with this name: the cheap question before
/// [`mentions`], to be asked once for all its statements.
pub fn may_mention(text: &str, name: &str) -> bool {
    // Where the name holds no quote to be doubled, it stands in the text as it is or not at all.
    let plain = !name.bytes().any(|byte| matches!(byte, b'"' | b'`'));
    !plain || keyword::occurs(text, name)
}

/// Whether an identifier in quotes has this name, doubled quotes counting once.
fn quoted_is(quoted: &str, name: &str) -> bool {
    // Behind the prefix of `U&"…"`.
    let quoted = quoted.trim_start_matches(['u', 'U', '&']).as_bytes();
    let (Some((&first, rest)), mut name) = (quoted.split_first(), name.as_bytes()) else {
        return false;
    };
    let mark = if first == b'[' { b']' } else { first };
    let mut i = 0;
    while i < rest.len() {
        let byte = rest[i];
        if byte == mark {
            if mark == b']' || rest.get(i + 1) != Some(&mark) {
                break;
            }
            i += 1;
        }
        match name.split_first() {
            Some((expected, left)) if expected.eq_ignore_ascii_case(&byte) => name = left,
            _ => return false,
        }
        i += 1;
    }
    name.is_empty()
}

/// The tokens of a text, with those inside `/*! … */` in the comment's place.
pub(super) struct Flat<'a> {
    dialect: Dialect,
    outer: Tokens<'a>,
    inner: Option<(Tokens<'a>, usize)>,
}

impl<'a> Flat<'a> {
    pub(super) fn new(dialect: Dialect, text: &'a str) -> Self {
        Self { dialect, outer: tokens(dialect, text), inner: None }
    }
}

impl<'a> Iterator for Flat<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some((inner, base)) = &mut self.inner {
                match inner.next() {
                    // A second level is left alone: servers do not execute it either.
                    Some(token) if token.kind == TokenKind::Executable => continue,
                    Some(token) => return Some(Token { offset: *base + token.offset, ..token }),
                    None => self.inner = None,
                }
            }
            let token = self.outer.next()?;
            if token.kind != TokenKind::Executable {
                return Some(token);
            }
            if let Some(body) = executable_body(token.text) {
                let base = token.offset + token.text.len() - body.len();
                let body = body.strip_suffix("*/").unwrap_or(body);
                self.inner = Some((tokens(self.dialect, body), base));
            }
        }
    }
}

/// What stands in `/*!50003 … */`, up to the end of the token.
pub(super) fn executable_body(text: &str) -> Option<&str> {
    let body = text.strip_prefix("/*!").or_else(|| text.strip_prefix("/*M!"))?;
    Some(body.trim_start_matches(|byte: char| byte.is_ascii_digit()))
}
