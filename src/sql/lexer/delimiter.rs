//! `DELIMITER` lines, which the `mysql` client acts on and no server has ever seen.
//!
//! Other dialects use the same test to tell people that such a line means nothing there.

use super::{Lexer, SPACE, class};
use crate::sql::keyword::is;
use crate::sql::token::TokenKind;

impl<'a> Lexer<'a> {
    /// Whether the word `DELIMITER`, just read, is the client's command.
    ///
    /// Between statements it always is: no statement begins with it. Within one it is if it stands
    /// alone on its line with nothing but punctuation, for people forget the terminator before
    /// it; a column of that name has a type behind it.
    pub(super) fn is_delimiter_line(&self, start: usize) -> bool {
        let bytes = self.bytes;
        if !self.text.get(start..self.pos).is_some_and(|word| is(word, "delimiter")) {
            return false;
        }
        if !matches!(bytes.get(self.pos), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
            return false;
        }
        if !self.pending {
            return true;
        }
        let mut before = start;
        while before > 0 && matches!(bytes[before - 1], b' ' | b'\t') {
            before -= 1;
        }
        let argument = self.delimiter_argument();
        !argument.is_empty()
            && (before == 0 || bytes[before - 1] == b'\n')
            && argument.iter().all(|byte| b";/$|&#!~^%:\\".contains(byte))
    }

    fn delimiter_argument(&self) -> &'a [u8] {
        let bytes = self.bytes;
        let mut start = self.pos;
        while start < bytes.len() && matches!(bytes[start], b' ' | b'\t') {
            start += 1;
        }
        let mut end = start;
        while end < bytes.len() && class(bytes[end]) & SPACE == 0 {
            end += 1;
        }
        &bytes[start..end]
    }

    pub(super) fn switch_delimiter(&mut self) {
        let mut argument = self.delimiter_argument();
        if let [mark @ (b'\'' | b'"' | b'`'), inner @ .., last] = argument
            && mark == last
        {
            argument = inner;
        }
        match argument {
            b"" => {} // the client complains and keeps the old one
            b";" => self.delimiter = None,
            _ => self.delimiter = Some(argument),
        }
        self.skip_line();
        self.switches += 1;
        self.pending = false;
    }

    /// Under `DELIMITER $$` the word `END$$` ends before the dollars.
    pub(super) fn cut_at(&mut self, delimiter: &[u8], kind: TokenKind, start: usize) {
        if matches!(kind, TokenKind::String | TokenKind::QuotedIdentifier | TokenKind::Executable) {
            return;
        }
        let mut i = start + 1;
        while i < self.pos {
            if self.bytes[i..].starts_with(delimiter) {
                self.pos = i;
                return;
            }
            i += 1;
        }
    }
}
