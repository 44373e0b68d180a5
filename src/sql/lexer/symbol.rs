//! Operators, placeholders and variables: where the dialects have least in common.
//!
//! An operator is one token, as long as the server makes it, for `< =` is not `<=` and a checksum
//! must tell them apart.

use super::{DIGIT, Lexer, POSTGRES_OPERATOR, SPACE, WORD, WORD_START, class};
use crate::sql::token::{TokenKind, UnterminatedKind};

impl Lexer<'_> {
    fn symbol(&mut self, end: usize) -> TokenKind {
        self.pos = end;
        TokenKind::Symbol
    }

    pub(super) fn sqlite_symbol(&mut self, start: usize, byte: u8, next: u8) -> TokenKind {
        match (byte, next) {
            (b'?', _) => {
                let bytes = self.bytes;
                let mut i = start + 1;
                while i < bytes.len() && class(bytes[i]) & DIGIT != 0 {
                    i += 1;
                }
                self.pos = i;
                TokenKind::Parameter
            }
            (b'$' | b'@' | b':' | b'#', _) => self.sqlite_variable(start),
            (b'-', b'>') if self.bytes.get(start + 2) == Some(&b'>') => self.symbol(start + 3),
            (b'-', b'>')
            | (b'|', b'|')
            | (b'<', b'>' | b'=' | b'<')
            | (b'=' | b'!', b'=')
            | (b'>', b'=' | b'>') => self.symbol(start + 2),
            _ => self.symbol(start + 1),
        }
    }

    /// `:name`, with the suffixes of Tcl variables: `$name::part(index)`.
    fn sqlite_variable(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let mut named = false;
        let mut i = start + 1;
        while i < bytes.len() {
            let byte = bytes[i];
            if class(byte) & WORD != 0 {
                named = true;
                i += 1;
            } else if byte == b'(' && named {
                i += 1;
                while i < bytes.len() && bytes[i] != b')' && class(bytes[i]) & SPACE == 0 {
                    i += 1;
                }
                if i < bytes.len() && bytes[i] == b')' {
                    i += 1;
                }
                break;
            } else if byte == b':' && bytes.get(i + 1) == Some(&b':') {
                i += 2;
            } else {
                break;
            }
        }
        self.pos = i;
        if named { TokenKind::Parameter } else { TokenKind::Symbol }
    }

    pub(super) fn postgres_symbol(&mut self, start: usize, byte: u8, next: u8) -> TokenKind {
        match (byte, next) {
            (b'$', b'0'..=b'9') => {
                let bytes = self.bytes;
                let mut i = start + 2;
                while i < bytes.len() && class(bytes[i]) & DIGIT != 0 {
                    i += 1;
                }
                self.pos = i;
                TokenKind::Parameter
            }
            (b'$', _) => self.dollar_quote(start),
            (b':', b':' | b'=') | (b'.', b'.') => self.symbol(start + 2),
            _ if class(byte) & POSTGRES_OPERATOR != 0 => self.postgres_operator(start),
            _ => self.symbol(start + 1),
        }
    }

    /// The longest operator that holds no comment. It may end in `+` or `-` only if it has one of
    /// the characters that SQL's own operators lack, so that `a=-1` needs no white space.
    fn postgres_operator(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        // Operators have at most 63 bytes; without an end, `+-+-…` would be read again and again.
        let limit = bytes.len().min(start + 64);
        let mut special = false;
        let mut end = start;
        while end < limit && class(bytes[end]) & POSTGRES_OPERATOR != 0 {
            let next = if end + 1 < bytes.len() { bytes[end + 1] } else { 0 };
            if end > start && matches!((bytes[end], next), (b'-', b'-') | (b'/', b'*')) {
                break;
            }
            special |= !matches!(bytes[end], b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=');
            end += 1;
        }
        while !special && end > start + 1 && matches!(bytes[end - 1], b'+' | b'-') {
            end -= 1;
        }
        self.symbol(end)
    }

    fn dollar_quote(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let mut i = start + 1;
        if i < bytes.len() && class(bytes[i]) & WORD_START != 0 {
            while i < bytes.len() && class(bytes[i]) & WORD != 0 && bytes[i] != b'$' {
                i += 1;
            }
        }
        if i >= bytes.len() || bytes[i] != b'$' {
            return self.symbol(start + 1);
        }
        let tag = &bytes[start..=i];
        i += 1;
        let body = i;
        while i + tag.len() <= bytes.len() {
            if bytes[i] == b'$' && bytes[i..].starts_with(tag) {
                self.pos = i + tag.len();
                return TokenKind::String;
            }
            i += 1;
        }
        self.open(UnterminatedKind::DollarQuote, start, body);
        self.pos = bytes.len();
        TokenKind::String
    }

    pub(super) fn mysql_symbol(&mut self, start: usize, byte: u8, next: u8) -> TokenKind {
        let third = self.bytes.get(start + 2).copied().unwrap_or(0);
        match (byte, next) {
            (b'?', _) => {
                self.pos = start + 1;
                TokenKind::Parameter
            }
            (b'@', _) => self.mysql_variable(start),
            (b'$', _) => {
                self.pos = self.word_end(start + 1);
                TokenKind::Word
            }
            (b'<', b'=') | (b'-', b'>') if third == b'>' => self.symbol(start + 3),
            (b'<', b'=' | b'>' | b'<')
            | (b'>' | b'!' | b':', b'=')
            | (b'>' | b'-', b'>')
            | (b'&', b'&')
            | (b'|', b'|')
            | (b'.', b'.') => self.symbol(start + 2),
            _ => self.symbol(start + 1),
        }
    }

    /// `@name` and `@@session.name` are one token, so that `@begin` is no keyword.
    fn mysql_variable(&mut self, start: usize) -> TokenKind {
        let bytes = self.bytes;
        let mut i = start + 1;
        if i < bytes.len() && bytes[i] == b'@' {
            i += 1;
        }
        let name = i;
        while i < bytes.len() && (class(bytes[i]) & WORD != 0 || bytes[i] == b'.') {
            i += 1;
        }
        self.pos = i;
        if i > name { TokenKind::Parameter } else { TokenKind::Symbol }
    }
}
