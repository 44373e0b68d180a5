//! The texts that findings point into.

use std::borrow::Cow;
use std::fmt;

/// Names a file of a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A file's path and its text as the tool sees it: UTF-8, without BOM, lines ending in LF.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: String,
    text: Cow<'static, str>,
}

/// A place that people read: both numbers count from one, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    /// The position of byte `offset` in `text`.
    ///
    /// An offset past the end, or inside a character, is that of the last character before it.
    pub fn of(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl SourceFile {
    /// The path, relative to the package, with `/` on every system.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The normalised text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        Position::of(&self.text, offset)
    }
}

/// All files that a set of findings may point into.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    prefix: String,
}

impl Sources {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and names it.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Cow<'static, str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        self.files.push(SourceFile { path: path.into(), text: text.into() });
        id
    }

    /// Lets findings show paths below a directory, such as the way from the user's working
    /// directory to the package; empty by default.
    pub fn show_below(&mut self, directory: impl Into<String>) {
        self.prefix = directory.into();
        if !self.prefix.is_empty() && !self.prefix.ends_with('/') {
            self.prefix.push('/');
        }
    }

    /// The directory that [`show_below`](Self::show_below) was told, with `/` at its end.
    #[cfg(feature = "cli")]
    pub(crate) fn shown_below(&self) -> &str {
        &self.prefix
    }

    /// The path that findings show for a file.
    pub fn shown_path(&self, id: FileId) -> String {
        format!("{}{}", self.prefix, self.file(id).path())
    }

    /// The file behind an id that this set gave.
    ///
    /// # Panics
    ///
    /// With an id of another set.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a\nżółw x\n";
        assert_eq!(Position::of(text, 0).to_string(), "1:1");
        assert_eq!(Position::of(text, text.find('x').unwrap()).to_string(), "2:6");
        assert_eq!(Position::of(text, 3).to_string(), "2:1");
        assert_eq!(Position::of(text, 999).to_string(), "3:1");
    }
}
