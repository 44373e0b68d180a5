//! Tokens: the public view of the lexer, and the canonical form that checksums are made of.
//!
//! A token borrows the text it was found in and keeps its raw spelling, so that nothing is decoded
//! or allocated. White space and comments are no tokens; two texts with the same tokens mean the
//! same to the server, as far as a checksum is concerned.

use std::iter::FusedIterator;

use super::lexer::Lexer;
use crate::dialect::Dialect;

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A keyword or an unquoted identifier.
    Word,
    /// An identifier in quotes, backticks or, on `SQLite`, brackets.
    QuotedIdentifier,
    /// A string, blob or bit literal with its prefix, also one in dollar quotes.
    String,
    /// A number, without its sign.
    Number,
    /// An operator or other punctuation.
    Symbol,
    /// A semicolon, or the terminator that a `MySQL` `DELIMITER` line has set.
    Semicolon,
    /// A placeholder or, on `MySQL`, a variable: `?1`, `:name`, `$1`, `@name`.
    Parameter,
    /// A `MySQL` comment that the server executes: `/*! … */`, `/*M! … */` or `/*+ … */`.
    Executable,
}

/// A piece of SQL that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its spelling, quotes and prefixes included.
    pub text: &'a str,
    /// Where it begins, in bytes from the beginning of the text.
    pub offset: usize,
}

/// What was opened and never closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnterminatedKind {
    /// A string literal.
    String,
    /// A quoted identifier.
    Identifier,
    /// A string in dollar quotes.
    DollarQuote,
    /// A block comment.
    Comment,
    /// A trigger or routine body.
    Body,
    /// A parenthesis with a semicolon in it, where the dialect lets no semicolon end a statement.
    Parenthesis,
}

/// Something that was opened and not closed before the text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unterminated<'a> {
    /// What it is.
    pub kind: UnterminatedKind,
    /// What opened it, as written: `'`, `E'`, `$body$`, `/*`, `BEGIN`.
    pub text: &'a str,
    /// Where it was opened.
    pub offset: usize,
}

/// The tokens of a text; made by [`tokens`].
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    lexer: Lexer<'a>,
}

impl<'a> Tokens<'a> {
    /// The quote or comment that the text ended in, once the iterator has returned `None`.
    ///
    /// ```
    /// use cargo_migrate::{Dialect, sql};
    ///
    /// let mut tokens = sql::tokens(Dialect::Sqlite, "SELECT 'it");
    /// assert_eq!(tokens.by_ref().count(), 2);
    /// assert_eq!(tokens.unterminated().map(|open| open.offset), Some(7));
    /// ```
    pub fn unterminated(&self) -> Option<Unterminated<'a>> {
        self.lexer.unterminated()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let raw = self.lexer.advance()?;
        Some(Token {
            kind: raw.kind,
            text: self.lexer.slice(raw.start, raw.end),
            offset: raw.start,
        })
    }
}

impl FusedIterator for Tokens<'_> {}

/// The tokens of a text.
///
/// White space, comments and `MySQL`'s `DELIMITER` lines are skipped. Nothing is an error: what
/// is not closed is a token, or a comment, that reaches to the end.
///
/// ```
/// use cargo_migrate::{Dialect, sql};
///
/// let text = "SELECT E'it\\'s' -- a comment\n<= $1;";
/// let tokens: Vec<&str> = sql::tokens(Dialect::Postgres, text).map(|token| token.text).collect();
/// assert_eq!(tokens, ["SELECT", r"E'it\'s'", "<=", "$1", ";"]);
/// ```
pub fn tokens(dialect: Dialect, text: &str) -> Tokens<'_> {
    Tokens { lexer: Lexer::new(dialect, text) }
}

/// Calls `each` with the raw text of every token, in order: the stream that checksums hash.
///
/// The end of a statement is always given as `;`, also where a `DELIMITER` line has set another
/// terminator, since the server sees neither: so wrapping a routine into `DELIMITER` lines, or
/// choosing another delimiter, is no edit.
///
/// ```
/// use cargo_migrate::{Dialect, sql};
///
/// let mut stream = Vec::new();
/// sql::canonical(Dialect::Mysql, "DELIMITER //\nSELECT 1 # one\n//", |text| stream.push(text.to_owned()));
/// assert_eq!(stream, ["SELECT", "1", ";"]);
/// ```
pub fn canonical(dialect: Dialect, text: &str, mut each: impl FnMut(&str)) {
    let mut lexer = Lexer::new(dialect, text);
    let mut pending = false;
    let mut switches = 0;
    while let Some(raw) = lexer.advance() {
        // A DELIMITER line ends the statement before it even without a terminator.
        if lexer.switches() != switches {
            switches = lexer.switches();
            if pending {
                each(";");
            }
        }
        pending = !raw.terminator;
        each(if raw.terminator { ";" } else { lexer.slice(raw.start, raw.end) });
    }
}
