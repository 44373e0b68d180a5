//! Where tokens begin and end, by the rules of each dialect's own lexer.
//!
//! The loops look at bytes: everything that delimits SQL is ASCII, and bytes above it belong to
//! words, so no cut ever falls into a character. The references are `tokenize.c` of `SQLite`,
//! `scan.l` and `psqlscan.l` of `PostgreSQL`, and `sql_lex.cc` and the `mysql` client. Where those
//! call something illegal, any cut will do: the server refuses the statement either way.
//!
//! Assumed are the defaults: `standard_conforming_strings` on, no `ANSI_QUOTES`, no
//! `NO_BACKSLASH_ESCAPES`. The dollar quotes of `MySQL` 9's JavaScript routines are not known.

mod delimiter;
mod symbol;

use super::token::{TokenKind, Unterminated, UnterminatedKind};
use crate::dialect::Dialect;

const SPACE: u8 = 1;
const WORD_START: u8 = 2;
const WORD: u8 = 4;
const DIGIT: u8 = 8;
const POSTGRES_OPERATOR: u8 = 16;

/// What each byte may be part of: one look-up instead of a chain of comparisons.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b'\t'..=b'\r' | b' ' => SPACE,
            b'0'..=b'9' => WORD | DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => WORD_START | WORD,
            b'$' => WORD,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*'
            | b'/' | b'%' | b'<' | b'>' | b'=' => POSTGRES_OPERATOR,
            _ => 0,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

/// A token as a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether this ends a statement outside bodies. Under `DELIMITER //` a semicolon does not.
    pub(super) terminator: bool,
}

/// The lexer: a position in a text, and what it has to remember.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    dialect: Dialect,
    unterminated: Option<Unterminated<'a>>,
    /// `MySQL`: the terminator that the last `DELIMITER` line has set, if not `;`.
    delimiter: Option<&'a [u8]>,
    /// `MySQL`: how many `DELIMITER` lines there were.
    switches: usize,
    /// Elsewhere: the last token, if it is the first word of a `DELIMITER` line.
    stray_delimiter: bool,
    /// Whether a statement has begun: the last token was not its end.
    pending: bool,
    /// `PostgreSQL`: the end of the last token, if it was an `E''` string.
    escape_string: Option<usize>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(dialect: Dialect, text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            dialect,
            unterminated: None,
            delimiter: None,
            switches: 0,
            stray_delimiter: false,
            pending: false,
            escape_string: None,
        }
    }

    pub(super) fn unterminated(&self) -> Option<Unterminated<'a>> {
        self.unterminated
    }

    pub(super) fn switches(&self) -> usize {
        self.switches
    }

    pub(super) fn stray_delimiter(&self) -> bool {
        self.stray_delimiter
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Goes on at `pos`, which lies behind what was read: for data that is no SQL.
    pub(super) fn jump(&mut self, pos: usize) {
        self.pos = pos.clamp(self.pos, self.bytes.len());
    }

    /// The next token.
    pub(super) fn advance(&mut self) -> Option<Raw> {
        loop {
            if let Some(raw) = self.skip_trivia() {
                self.pending = false;
                return Some(raw);
            }
            let start = self.pos;
            if start >= self.bytes.len() {
                return None;
            }
            let kind = self.scan(start);
            if let Some(delimiter) = self.delimiter {
                self.cut_at(delimiter, kind, start);
            }
            let end = self.pos;
            self.stray_delimiter = false;
            if end - start == 9 && kind == TokenKind::Word && self.is_delimiter_line(start) {
                if self.dialect == Dialect::Mysql {
                    self.switch_delimiter();
                    continue;
                }
                self.stray_delimiter = true;
            }
            let terminator = matches!(kind, TokenKind::Semicolon) && self.delimiter.is_none();
            self.pending = !terminator;
            return Some(Raw { kind, start, end, terminator });
        }
    }

    /// Skips white space and comments; a delimiter wins over both, as in the `mysql` client.
    fn skip_trivia(&mut self) -> Option<Raw> {
        let bytes = self.bytes;
        let len = bytes.len();
        while self.pos < len {
            let start = self.pos;
            if let Some(delimiter) = self.delimiter
                && bytes[start..].starts_with(delimiter)
            {
                self.pos = start + delimiter.len();
                let kind = TokenKind::Semicolon;
                return Some(Raw { kind, start, end: self.pos, terminator: true });
            }
            let byte = bytes[start];
            if CLASS[byte as usize] & SPACE != 0 {
                self.pos = start + 1;
                continue;
            }
            match byte {
                b'-' if start + 1 < len
                    && bytes[start + 1] == b'-'
                    && self.is_dash_comment(start) =>
                {
                    self.skip_line();
                }
                b'#' if self.dialect == Dialect::Mysql => self.skip_line(),
                b'/' if start + 1 < len && bytes[start + 1] == b'*' => {
                    if self.is_executable(start) || !self.skip_block() {
                        return None;
                    }
                }
                // SQLite takes a byte-order mark for white space wherever a token may begin.
                0xEF if self.dialect == Dialect::Sqlite
                    && bytes[start..].starts_with(b"\xEF\xBB\xBF") =>
                {
                    self.pos = start + 3;
                }
                _ => return None,
            }
        }
        None
    }

    /// `MySQL` reads `5--3` as a subtraction: its comments need white space after the dashes.
    fn is_dash_comment(&self, start: usize) -> bool {
        if self.dialect != Dialect::Mysql {
            return true;
        }
        match self.bytes.get(start + 2) {
            Some(&byte) => byte <= b' ' || byte == 0x7F,
            None => true,
        }
    }

    fn skip_line(&mut self) {
        let bytes = self.bytes;
        let postgres = self.dialect == Dialect::Postgres;
        let mut i = self.pos;
        while i < bytes.len() && bytes[i] != b'\n' && !(postgres && bytes[i] == b'\r') {
            i += 1;
        }
        self.pos = i;
    }

    /// Skips a block comment; `false` if what looks like one is none.
    fn skip_block(&mut self) -> bool {
        let bytes = self.bytes;
        let start = self.pos;
        if self.dialect == Dialect::Sqlite && start + 2 == bytes.len() {
            return false; // `/*` as the last two bytes are a slash and a star there
        }
        let mut depth = 1_usize;
        let mut i = start + 2;
        while i + 1 < bytes.len() {
            if bytes[i] == b'*' && bytes[i + 1] == b'/' {
                i += 2;
                depth -= 1;
                if depth == 0 {
                    self.pos = i;
                    return true;
                }
            } else if bytes[i] == b'/' && bytes[i + 1] == b'*' && self.dialect == Dialect::Postgres
            {
                i += 2;
                depth += 1;
            } else {
                i += 1;
            }
        }
        // SQLite lets a comment run to the end, but what it swallows was not meant to vanish.
        self.open(UnterminatedKind::Comment, start, start + 2);
        self.pos = bytes.len();
        true
    }

    fn is_executable(&self, start: usize) -> bool {
        if self.dialect != Dialect::Mysql {
            return false;
        }
        match self.bytes.get(start + 2) {
            Some(b'!' | b'+') => true,
            Some(b'M') => self.bytes.get(start + 3) == Some(&b'!'),
            _ => false,
        }
    }

    /// Reads the token at `start`, which is neither white space nor a comment.
    fn scan(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let byte = bytes[start];
        let next = if start + 1 < bytes.len() { bytes[start + 1] } else { 0 };
        if CLASS[byte as usize] & WORD_START != 0 {
            return self.word(start);
        }
        match byte {
            b'(' | b')' | b',' => {
                self.pos = start + 1;
                TokenKind::Symbol
            }
            b';' => {
                self.pos = start + 1;
                TokenKind::Semicolon
            }
            b'\'' => {
                let escapes = self.dialect == Dialect::Mysql || self.continues_escape_string(start);
                self.string(start, start, b'\'', escapes)
            }
            b'"' if self.dialect == Dialect::Mysql => self.string(start, start, b'"', true),
            b'"' => self.identifier(start, start, b'"'),
            b'`' if self.dialect != Dialect::Postgres => self.identifier(start, start, b'`'),
            b'[' if self.dialect == Dialect::Sqlite => self.bracketed(start),
            b'0'..=b'9' => self.number(start),
            b'.' if class(next) & DIGIT != 0 => self.number(start),
            b'/' if next == b'*' && self.is_executable(start) => self.executable(start),
            _ => match self.dialect {
                Dialect::Sqlite => self.sqlite_symbol(start, byte, next),
                Dialect::Postgres => self.postgres_symbol(start, byte, next),
                Dialect::Mysql => self.mysql_symbol(start, byte, next),
            },
        }
    }

    fn word_end(&self, from: usize) -> usize {
        let bytes = self.bytes;
        let mut i = from;
        while i < bytes.len() && CLASS[bytes[i] as usize] & WORD != 0 {
            i += 1;
        }
        i
    }

    /// A word, or the string or identifier that it is the prefix of.
    fn word(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let end = self.word_end(start + 1);
        self.pos = end;
        if end != start + 1 || end >= bytes.len() {
            return TokenKind::Word;
        }
        let prefix = bytes[start] | 0x20;
        match (self.dialect, prefix, bytes[end]) {
            (Dialect::Sqlite | Dialect::Postgres, b'x', b'\'')
            | (Dialect::Postgres, b'b' | b'n', b'\'') => self.string(start, end, b'\'', false),
            (Dialect::Mysql, b'x' | b'b' | b'n', b'\'') | (Dialect::Postgres, b'e', b'\'') => {
                self.string(start, end, b'\'', true)
            }
            (Dialect::Postgres, b'u', b'&') => match bytes.get(end + 1) {
                Some(b'\'') => self.string(start, end + 1, b'\'', false),
                Some(b'"') => self.identifier(start, end + 1, b'"'),
                _ => TokenKind::Word,
            },
            _ => TokenKind::Word,
        }
    }

    /// A literal whose quote stands at `quote`, behind its prefix.
    fn string(&mut self, start: usize, quote: usize, mark: u8, escapes: bool) -> TokenKind {
        if !self.quoted(quote + 1, mark, escapes) {
            self.open(UnterminatedKind::String, start, quote + 1);
        } else if escapes && self.dialect == Dialect::Postgres {
            self.escape_string = Some(self.pos);
        }
        TokenKind::String
    }

    fn identifier(&mut self, start: usize, quote: usize, mark: u8) -> TokenKind {
        if !self.quoted(quote + 1, mark, false) {
            self.open(UnterminatedKind::Identifier, start, quote + 1);
        }
        TokenKind::QuotedIdentifier
    }

    /// Goes behind the closing mark; `false` if there is none. A doubled mark stands for itself.
    fn quoted(&mut self, from: usize, mark: u8, escapes: bool) -> bool {
        let end = quote_end(self.bytes, from, mark, escapes);
        self.pos = end.unwrap_or(self.bytes.len());
        end.is_some()
    }

    fn bracketed(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let mut i = start + 1;
        while i < bytes.len() && bytes[i] != b']' {
            i += 1;
        }
        if i >= bytes.len() {
            self.open(UnterminatedKind::Identifier, start, start + 1);
        }
        self.pos = (i + 1).min(bytes.len());
        TokenKind::QuotedIdentifier
    }

    /// `PostgreSQL` joins literals with a line break between them, and the escapes of the first
    /// hold for the second: `E'a'⏎'\''` is one string.
    fn continues_escape_string(&mut self, start: usize) -> bool {
        // Only the next literal can continue it, so the text between is looked at once.
        let Some(end) = self.escape_string.take() else { return false };
        let between = self.bytes.get(end..start).unwrap_or_default();
        let mut line_break = false;
        let mut i = 0;
        while i < between.len() {
            match between[i] {
                b'\n' | b'\r' => line_break = true,
                b'-' if between.get(i + 1) == Some(&b'-') => {
                    while i + 1 < between.len() && !matches!(between[i + 1], b'\n' | b'\r') {
                        i += 1;
                    }
                }
                byte if class(byte) & SPACE != 0 => {}
                _ => return false,
            }
            i += 1;
        }
        line_break
    }

    /// A number with whatever is glued to it, since no dialect begins a token there.
    fn number(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let radix = bytes[start] == b'0'
            && matches!(bytes.get(start + 1), Some(b'x' | b'X' | b'b' | b'B' | b'o' | b'O'));
        let mut i = start + 1;
        while i < bytes.len() {
            let byte = bytes[i];
            if byte == b'$' && self.dialect == Dialect::Postgres {
                break; // `1$$…$$` is a number and a string
            }
            if byte == b'.' {
                if bytes.get(i + 1) == Some(&b'.') {
                    break; // the range `1..10`
                }
            } else if class(byte) & WORD == 0 {
                break;
            }
            i += 1;
            let exponent = byte | 0x20 == b'e' && !radix;
            if exponent
                && matches!(bytes.get(i), Some(b'+' | b'-'))
                && bytes.get(i + 1).is_some_and(u8::is_ascii_digit)
            {
                i += 2;
            }
        }
        self.pos = i;
        TokenKind::Number
    }

    /// `/*! … */` ends at the first `*/` outside quotes and comments, since the server reads it
    /// as SQL; `/*+ … */` at the first `*/`.
    fn executable(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let hint = bytes.get(start + 2) == Some(&b'+');
        let mut i = start + 3;
        while i + 1 < bytes.len() {
            match bytes[i] {
                b'*' if bytes[i + 1] == b'/' => {
                    self.pos = i + 2;
                    return TokenKind::Executable;
                }
                mark @ (b'\'' | b'"' | b'`') if !hint => {
                    match quote_end(bytes, i + 1, mark, mark != b'`') {
                        Some(end) => i = end,
                        None => break,
                    }
                }
                b'/' if bytes[i + 1] == b'*' && !hint => {
                    i += 2;
                    while i + 1 < bytes.len() && !(bytes[i] == b'*' && bytes[i + 1] == b'/') {
                        i += 1;
                    }
                    i += 2;
                }
                _ => i += 1,
            }
        }
        self.open(UnterminatedKind::Comment, start, start + 3);
        self.pos = bytes.len();
        TokenKind::Executable
    }

    /// Notes what is not closed; the first one counts, as it swallows all that follows.
    fn open(&mut self, kind: UnterminatedKind, offset: usize, end: usize) {
        if self.unterminated.is_none() {
            let text = self.slice(offset, end);
            self.unterminated = Some(Unterminated { kind, text, offset });
        }
    }
}

/// Where the quoted text that begins at `from` has ended, if it does.
fn quote_end(bytes: &[u8], from: usize, mark: u8, escapes: bool) -> Option<usize> {
    let mut i = from;
    while i < bytes.len() {
        let byte = bytes[i];
        if byte == mark {
            if i + 1 < bytes.len() && bytes[i + 1] == mark {
                i += 2;
                continue;
            }
            return Some(i + 1);
        }
        i += if escapes && byte == b'\\' { 2 } else { 1 };
    }
    None
}
