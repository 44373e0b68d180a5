//! The header: the leading comment block of a revision file.
//!
//! Its first paragraph is the message; every other paragraph with a `key: value` line in it holds
//! keys; a paragraph without one is a remark. The block reaches over blank lines up to the first
//! marker or the first line that is no comment, so that no key can be lost behind an empty line.
//!
//! A misspelt key is reported and then read as the key that was probably meant, so that one slip
//! is one finding: without that its revision would be unknown to all that follow it.

use std::ops::Range;

use super::{Spanned, TransactionMode, section};
use crate::chain::{Kind, listed};
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic, FileId};
use crate::dialect::Dialect;

/// The keys that a header may have.
pub const KEYS: [&str; 9] = [
    "revision",
    "revises",
    "depends-on",
    "branch",
    "created",
    "transaction",
    "foreign-keys",
    "irreversible",
    "requires",
];

/// What other tools, and people, call a key; too far away for a slip.
const SYNONYMS: [(&str, &str); 15] = [
    ("id", "revision"),
    ("rev", "revision"),
    ("revision-id", "revision"),
    ("down-revision", "revises"),
    ("follows", "revises"),
    ("parent", "revises"),
    ("parents", "revises"),
    ("dependencies", "depends-on"),
    ("branch-labels", "branch"),
    ("label", "branch"),
    ("labels", "branch"),
    ("create-date", "created"),
    ("date", "created"),
    ("foreign-key", "foreign-keys"),
    ("require", "requires"),
];

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The first paragraph, its lines joined by a space.
    pub message: String,
    /// `revision`: the id.
    pub revision: Option<Spanned<String>>,
    /// `revises`: the parents; none: a base.
    pub revises: Vec<Spanned<String>>,
    /// `depends-on`: ids or labels.
    pub depends_on: Vec<Spanned<String>>,
    /// `branch`: the labels.
    pub branch: Vec<Spanned<String>>,
    /// `created`: an RFC 3339 time.
    pub created: Option<Spanned<String>>,
    /// `transaction`: whether the revision runs inside one.
    pub transaction: TransactionMode,
    /// `foreign-keys: on`: `SQLite` enforces them while the revision runs.
    pub foreign_keys: Option<Spanned<()>>,
    /// `irreversible`: why there is no down.
    pub irreversible: Option<Spanned<String>>,
    /// `requires`: what the database must offer.
    pub requires: Vec<Spanned<Requirement>>,
    /// The whole block.
    pub span: Range<usize>,
    /// Where the value of `revises` stands, also where there is none.
    pub(crate) revises_span: Option<Range<usize>>,
    /// A finding says already why `revision` is missing.
    pub(crate) is_revision_reported: bool,
}

/// What a database must offer before a revision may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// `postgres >= 16`: on this dialect, a server of at least this version.
    Version {
        /// The dialect that it speaks of; the others are not restricted.
        dialect: Dialect,
        /// The lowest version.
        at_least: Version,
    },
    /// `extension pgcrypto`: a `PostgreSQL` extension that is installed or can be.
    Extension(String),
}

/// A version as numbers: `16`, `3.48`, `10.11.2`. Missing numbers count as zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(Vec<u32>);

impl Version {
    /// Reads numbers that are separated by dots.
    pub fn parse(text: &str) -> Option<Self> {
        text.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u32>>>().map(Self)
    }

    /// Whether this version is `other` or a later one.
    pub fn is_at_least(&self, other: &Self) -> bool {
        let width = self.0.len().max(other.0.len());
        let number = |version: &Self, index| version.0.get(index).copied().unwrap_or(0);
        let (mine, theirs): (Vec<u32>, Vec<u32>) =
            (0..width).map(|index| (number(self, index), number(other, index))).unzip();
        mine >= theirs
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// A comment line of the header: its text, and where that begins.
struct Line<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Line<'a> {
    fn span(&self) -> Range<usize> {
        self.offset..self.offset + self.text.len()
    }

    fn key(&self) -> Option<(&'a str, &'a str)> {
        let (key, value) = self.text.split_once(':')?;
        let is_word = !key.is_empty()
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        // A URL in a remark is no key.
        (is_word && !value.starts_with("//")).then_some((key, value))
    }
}

/// Reads the header; returns it and the offset at which it ends.
pub(super) fn parse(
    kind: Kind,
    text: &str,
    file: FileId,
    findings: &mut Vec<Diagnostic>,
) -> (Header, usize) {
    let (paragraphs, end) = paragraphs(kind, text);
    let comment = comment(kind);
    let mut reader =
        Reader { comment, header: Header::default(), seen: Vec::new(), file, findings };
    reader.header.span = 0..text[..end].trim_end().len();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        let first_key = paragraph[0].key();
        let has_no_message = first_key.is_some_and(|(key, value)| {
            KEYS.contains(&key) || (closest(key) == Some("revision") && is_one_word(value))
        });
        if index == 0 && !has_no_message {
            // Nobody writes `revision: ID` into a message: the line that ends it was forgotten.
            let keys = paragraph.iter().position(|line| {
                line.key().is_some_and(|(key, value)| key == "revision" && is_one_word(value))
            });
            let (message, keys) = paragraph.split_at(keys.unwrap_or(paragraph.len()));
            let words: Vec<&str> = message.iter().map(|line| line.text).collect();
            reader.header.message = words.join(" ");
            if let Some(first) = keys.first() {
                reader.not_separated(first);
            }
            for line in keys {
                reader.line(line);
            }
        } else if paragraph.iter().any(|line| line.key().is_some()) {
            for line in paragraph {
                reader.line(line);
            }
        }
    }
    (reader.header, end)
}

/// What a line of the header begins with.
pub(crate) const fn comment(kind: Kind) -> &'static str {
    match kind {
        Kind::Sql => "--",
        Kind::Rust => "//!",
    }
}

fn paragraphs(kind: Kind, text: &str) -> (Vec<Vec<Line<'_>>>, usize) {
    let prefix = comment(kind);
    let mut paragraphs: Vec<Vec<Line<'_>>> = Vec::new();
    let mut open = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        // What only looks like a marker ends the header as well, to be reported as one.
        let is_marker = kind == Kind::Sql && section::begins(line);
        let content = match line.strip_prefix(prefix) {
            Some(content) if !is_marker => content,
            None if line.trim().is_empty() => "",
            _ => break,
        };
        let trimmed = content.trim();
        if trimmed.is_empty() {
            open = false;
        } else {
            let start = offset + (trimmed.as_ptr() as usize - line.as_ptr() as usize);
            let line = Line { text: trimmed, offset: start };
            match paragraphs.last_mut() {
                Some(paragraph) if open => paragraph.push(line),
                _ => paragraphs.push(vec![line]),
            }
            open = true;
        }
        offset += line.len();
    }
    (paragraphs, offset)
}

struct Reader<'f> {
    comment: &'static str,
    header: Header,
    seen: Vec<(&'static str, Range<usize>)>,
    file: FileId,
    findings: &'f mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn not_separated(&mut self, first_key: &Line<'_>) {
        self.findings.push(
            Diagnostic::new(Code::HeaderMissing, "the header's keys are part of its message")
                .label(self.file, first_key.span(), "this is read as text")
                .help(format!("write an empty comment line, `{}`, above it", self.comment)),
        );
    }

    fn line(&mut self, line: &Line<'_>) {
        let Some((key, value)) = line.key() else {
            self.findings.push(
                Diagnostic::new(Code::UnknownKey, "this header line is no `key: value`")
                    .label(self.file, line.span(), "")
                    .help("separate a remark from the keys with an empty comment line"),
            );
            return;
        };
        let key_span = line.offset..line.offset + key.len();
        let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
            let meant = closest(key);
            let finding =
                Diagnostic::new(Code::UnknownKey, format!("unknown key `{key}` in the header"))
                    .label(self.file, key_span.clone(), "");
            self.findings.push(match meant {
                Some(known) => finding.help(format!("did you mean `{known}`?")),
                None => finding.help(format!("the keys are {}", listed(KEYS))).help(
                    "a remark stands in a paragraph without `word:` at the beginning of a line",
                ),
            });
            if let Some(known) = meant
                && self.seen.iter().all(|(seen, _)| *seen != known)
            {
                self.take(line, known, key_span, value);
            }
            return;
        };
        if let Some((_, first)) = self.seen.iter().find(|(seen, _)| *seen == known) {
            let is_list = matches!(known, "revises" | "depends-on" | "branch" | "requires");
            self.findings.push(
                Diagnostic::new(
                    Code::RepeatedKey,
                    format!("key `{key}` stands twice in the header"),
                )
                .label(self.file, key_span, "")
                .label(self.file, first.clone(), "first here")
                .help(if is_list {
                    "join the values in one line, separated by commas"
                } else {
                    "remove one of them"
                }),
            );
            return;
        }
        self.take(line, known, key_span, value);
    }

    fn take(&mut self, line: &Line<'_>, key: &'static str, key_span: Range<usize>, value: &str) {
        self.seen.push((key, key_span));
        let trimmed = value.trim();
        let start = line.offset + (trimmed.as_ptr() as usize - line.text.as_ptr() as usize);
        self.value(key, trimmed, start..start + trimmed.len());
    }

    fn value(&mut self, key: &str, value: &str, span: Range<usize>) {
        let whole = || Spanned { value: value.to_owned(), span: span.clone() };
        match key {
            "revision" if value.is_empty() => {
                self.header.is_revision_reported = true;
                self.bad(key, span, "an id such as `ae1027a6acf5`");
            }
            "revision" => self.header.revision = Some(whole()),
            "revises" => {
                self.header.revises = list(value, span.start);
                self.header.revises_span = Some(span);
            }
            "depends-on" => self.header.depends_on = list(value, span.start),
            "branch" => self.header.branch = list(value, span.start),
            "created" if is_time(value) => self.header.created = Some(whole()),
            "created" => self.bad(key, span, "a time such as `2026-11-21T22:11:04Z`"),
            "transaction" if value == "none" => self.header.transaction = TransactionMode::None,
            "transaction" => self.bad(key, span, "`none`, or no such line"),
            "foreign-keys" if value == "on" => {
                self.header.foreign_keys = Some(Spanned { value: (), span });
            }
            "foreign-keys" => self.bad(key, span, "`on`, or no such line"),
            "irreversible" if value.is_empty() => {
                self.bad(key, span, "the reason why there is no way back");
            }
            "irreversible" => self.header.irreversible = Some(whole()),
            _ => {
                for item in list(value, span.start) {
                    match requirement(&item.value) {
                        Some(requirement) => self
                            .header
                            .requires
                            .push(Spanned { value: requirement, span: item.span }),
                        None => self.bad(
                            key,
                            item.span,
                            "`postgres >= 16`, `sqlite >= 3.48` or `extension pgcrypto`",
                        ),
                    }
                }
            }
        }
    }

    fn bad(&mut self, key: &str, span: Range<usize>, expected: &str) {
        let message = if span.is_empty() {
            format!("`{key}` has no value")
        } else {
            format!("`{key}` cannot have this value")
        };
        self.findings.push(Diagnostic::new(Code::BadValue, message).label(
            self.file,
            span,
            format!("expected {expected}"),
        ));
    }
}

/// The key that was probably meant: the same in another case or with `_`, a synonym, or a slip.
fn closest(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase().replace('_', "-");
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == key).map(|(_, known)| *known);
    KEYS.into_iter().find(|known| *known == key).or(synonym).or_else(|| nearest(&key, KEYS))
}

fn is_one_word(value: &str) -> bool {
    value.split_whitespace().count() == 1
}

/// Items separated by commas. An empty list has none; an empty item keeps its place, so that a
/// stray comma is found.
fn list(value: &str, start: usize) -> Vec<Spanned<String>> {
    if value.is_empty() {
        return Vec::new();
    }
    value
        .split(',')
        .map(|item| {
            let trimmed = item.trim();
            let offset = start + (trimmed.as_ptr() as usize - value.as_ptr() as usize);
            Spanned { value: trimmed.to_owned(), span: offset..offset + trimmed.len() }
        })
        .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    if let Some(name) = text.strip_prefix("extension ") {
        let name = name.trim();
        let legal = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        return legal.then(|| Requirement::Extension(name.to_owned()));
    }
    let (dialect, version) = text.split_once(">=")?;
    Some(Requirement::Version {
        dialect: Dialect::from_name(dialect.trim())?,
        at_least: Version::parse(version.trim())?,
    })
}

/// The shape of an RFC 3339 time (section 5.6): people read it and sort by it, nothing counts with it.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let fits = bytes.len() > shape.len()
        && bytes.iter().zip(shape).all(|(byte, want)| match want {
            b'0' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            _ => byte == want,
        });
    if !fits {
        return false;
    }
    let zone = text[shape.len()..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = zone.as_bytes();
    matches!(zone, "Z" | "z")
        || (offset.len() == 6
            && matches!(offset[0], b'+' | b'-')
            && offset[3] == b':'
            && [1, 2, 4, 5].iter().all(|&index| offset[index].is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    fn read(kind: Kind, text: &'static str) -> (Header, Vec<String>) {
        let mut sources = Sources::new();
        let file = sources.add("r.sql", text);
        let mut findings = Vec::new();
        let (header, _) = parse(kind, text, file, &mut findings);
        (header, findings.iter().map(|finding| finding.one_line(&sources)).collect())
    }

    fn values(list: &[Spanned<String>]) -> Vec<&str> {
        list.iter().map(|item| item.value.as_str()).collect()
    }

    #[test]
    fn a_full_header_is_read_with_its_places() {
        let text = "-- create account\n-- and more\n--\n-- revision: ae1027\n-- revises: a, b\n\n\
                    -- See https://example.org for why.\n\n-- depends-on: billing\n\
                    -- requires: postgres >= 16, extension pgcrypto\n-- created: 2026-11-21T22:11:04Z\n\
                    -- migrate:up\n";
        let (header, findings) = read(Kind::Sql, text);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(header.message, "create account and more");
        let revision = header.revision.unwrap();
        assert_eq!(&text[revision.span], "ae1027");
        assert_eq!(values(&header.revises), ["a", "b"]);
        assert_eq!(&text[header.revises[1].span.clone()], "b");
        assert_eq!(values(&header.depends_on), ["billing"], "a blank line ends no header");
        assert_eq!(header.requires.len(), 2);
    }

    #[test]
    fn rust_headers_use_inner_doc_comments() {
        let (header, findings) =
            read(Kind::Rust, "//! fill in\n//!\n//! revision: x1\n//! transaction: none\nuse a;\n");
        assert!(findings.is_empty());
        assert_eq!(header.message, "fill in");
        assert_eq!(header.transaction, TransactionMode::None);
    }

    #[test]
    fn mistakes_are_all_reported() {
        let (_, findings) = read(
            Kind::Sql,
            "-- x\n\n-- revison: a\n-- revision:\n-- revises: b\n-- revises: c\n-- hello\n\
             -- created: yesterday\n-- transaction: yes\n-- requires: oracle >= 1\n",
        );
        assert_eq!(
            findings,
            [
                "r.sql:3:4: unknown key `revison` in the header [M0004]; help: did you mean `revision`?",
                "r.sql:4:4: key `revision` stands twice in the header [M0005]; help: remove one of them",
                "r.sql:6:4: key `revises` stands twice in the header [M0005]; help: join the values in one line, separated by commas",
                "r.sql:7:4: this header line is no `key: value` [M0004]; help: separate a remark from the keys with an empty comment line",
                "r.sql:8:13: `created` cannot have this value [M0006]",
                "r.sql:9:17: `transaction` cannot have this value [M0006]",
                "r.sql:10:14: `requires` cannot have this value [M0006]",
            ]
        );
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("3.48").is_at_least(&version("3.5")));
        assert!(version("16").is_at_least(&version("16.0")));
        assert!(!version("3.40.1").is_at_least(&version("3.48")));
        assert_eq!(Version::parse("16beta"), None);
    }

    #[test]
    fn times_have_the_shape_of_rfc_3339() {
        for time in ["2026-11-21T22:11:04Z", "2026-11-21 22:11:04.25+01:00"] {
            assert!(is_time(time), "{time}");
        }
        for time in ["2026-11-21", "2026-11-21T22:11:04", "2026-11-21T22:11:04+1", "x"] {
            assert!(!is_time(time), "{time}");
        }
    }
}
