//! Statements: where one ends and the next begins.
//!
//! What lies between statements is white space, comments, semicolons without a statement and
//! `MySQL`'s `DELIMITER` lines, so statements and gaps together are the whole text, byte for byte. The
//! rules are those of each database's own client, since that is what people try their SQL with.

use super::body::Body;
use super::hazard::copies_from_stdin;
use super::keyword;
use super::lexer::{Lexer, Raw};
use super::token::{Unterminated, UnterminatedKind};
use crate::dialect::Dialect;

/// One statement, as it is sent to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// From the first token to the last one before the terminator. Comments inside are kept.
    pub text: &'a str,
    /// Where `text` begins, in bytes from the beginning of the script.
    pub offset: usize,
    /// Where the statement ends with its terminator, and what belongs to it (the data of a `COPY`).
    pub end: usize,
}

/// A script, cut into statements; made by [`split`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split<'a> {
    /// The statements in order. Empty ones, as in `;;`, are left out.
    pub statements: Vec<Statement<'a>>,
    /// What was still open at the end. The last statement then holds all that follows it.
    pub unterminated: Option<Unterminated<'a>>,
    /// Where `DELIMITER` lines stand in a script that is not `MySQL`'s; no other client knows them.
    pub delimiters: Vec<usize>,
}

/// Cuts a script into its statements.
///
/// Bodies of triggers and routines are kept whole: `BEGIN … END` of `SQLite`'s triggers, `BEGIN ATOMIC`
/// of `PostgreSQL`, the nested blocks of `MySQL`, also without `DELIMITER` lines. The last statement
/// needs no terminator.
///
/// ```
/// use cargo_migrate::{Dialect, sql};
///
/// let script = "CREATE TABLE a (x); -- one\nINSERT INTO a VALUES (';');;";
/// let split = sql::split(Dialect::Sqlite, script);
/// let texts: Vec<&str> = split.statements.iter().map(|statement| statement.text).collect();
/// assert_eq!(texts, ["CREATE TABLE a (x)", "INSERT INTO a VALUES (';')"]);
/// assert!(split.unterminated.is_none());
/// ```
pub fn split(dialect: Dialect, text: &str) -> Split<'_> {
    let mut split = Split::default();
    let mut lexer = Lexer::new(dialect, text);
    let mut open = Open::new();
    let mut data = dialect == Dialect::Postgres;
    while let Some(raw) = lexer.advance() {
        // A DELIMITER line ends what stands before it, like the client.
        if lexer.switches() != open.switches {
            open.finish(None, &lexer, &mut split);
            open.switches = lexer.switches();
        }
        if lexer.stray_delimiter() {
            split.delimiters.push(raw.start);
        }
        if raw.terminator && !open.holds() {
            let mut end = raw.end;
            if data && open.copies_from_stdin(&lexer) {
                match data_end(text, end) {
                    Some(data_end) => end = data_end,
                    None => data = false, // and none behind any later one
                }
                lexer.jump(end);
            }
            open.finish(Some(end), &lexer, &mut split);
        } else {
            open.token(dialect, raw, &lexer);
        }
    }
    open.finish(None, &lexer, &mut split);
    if split.unterminated.is_none() {
        split.unterminated = lexer.unterminated();
    }
    split
}

/// The statement that is being read.
struct Open {
    /// From the first to the last token.
    range: Option<(usize, usize)>,
    body: Body,
    /// `PostgreSQL`: the open parentheses, in which `psql` lets no semicolon end a statement.
    depth: usize,
    parenthesis: usize,
    /// Whether a parenthesis has held back a semicolon.
    held: bool,
    switches: usize,
}

impl Open {
    fn new() -> Self {
        Self { range: None, body: Body::new(), depth: 0, parenthesis: 0, held: false, switches: 0 }
    }

    fn holds(&self) -> bool {
        self.depth > 0 || self.body.holds()
    }

    fn token(&mut self, dialect: Dialect, raw: Raw, lexer: &Lexer<'_>) {
        let start = self.range.map_or(raw.start, |range| range.0);
        self.range = Some((start, raw.end));
        if !matches!(self.body, Body::Plain) {
            self.body.token(dialect, raw, lexer.slice(raw.start, raw.end), self.depth);
        }
        if raw.end - raw.start != 1 || dialect != Dialect::Postgres {
            return;
        }
        match lexer.byte(raw.start) {
            b'(' => {
                if self.depth == 0 {
                    self.parenthesis = raw.start;
                }
                self.depth += 1;
            }
            b')' => self.depth = self.depth.saturating_sub(1),
            b';' => self.held |= self.depth > 0,
            _ => {}
        }
    }

    fn copies_from_stdin(&self, lexer: &Lexer<'_>) -> bool {
        self.range.is_some_and(|(start, end)| {
            let text = lexer.slice(start, end);
            text.get(..4).is_some_and(|word| keyword::is(word, "copy"))
                && copies_from_stdin(text).is_some()
        })
    }

    /// Ends the statement; `end` is where its terminator ends, if it has one.
    fn finish<'a>(&mut self, end: Option<usize>, lexer: &Lexer<'a>, split: &mut Split<'a>) {
        if let Some((start, last)) = self.range {
            let text = lexer.slice(start, last);
            split.statements.push(Statement { text, offset: start, end: end.unwrap_or(last) });
        }
        // A quote that is not closed explains an open body, so it is named first.
        let inside = lexer.unterminated().is_some() || split.unterminated.is_some();
        if end.is_none() && !inside && self.holds() {
            let body = UnterminatedKind::Body;
            let (kind, (start, end)) = match self.body.opened_at() {
                Some(range) => (body, range),
                None => (UnterminatedKind::Parenthesis, (self.parenthesis, self.parenthesis + 1)),
            };
            if kind == body || self.held {
                let text = lexer.slice(start, end);
                split.unterminated = Some(Unterminated { kind, text, offset: start });
            }
        }
        let switches = self.switches;
        *self = Self { switches, ..Self::new() };
    }
}

/// Where the data behind a `COPY … FROM stdin` end: behind the line `\.`.
///
/// `psql` sends them with the statement. They are no SQL, so without this every apostrophe in them
/// would be reported on top of the `COPY` itself.
fn data_end(text: &str, from: usize) -> Option<usize> {
    let mut line = from;
    for part in text.get(from..).unwrap_or_default().split_inclusive('\n') {
        line += part.len();
        if part.trim_end() == "\\." {
            return Some(line);
        }
    }
    None
}
