//! Sections: `-- migrate:up [SELECTOR…]` and `-- migrate:down [SELECTOR…]`.
//!
//! A marker is a line that begins in column 1 with `-- migrate:`, wherever it stands. Sections are cut
//! before anything is tokenised, so that a stray quote in one cannot swallow the next.

use std::ops::Range;

use super::Spanned;
use crate::chain::Direction;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic, FileId};
use crate::dialect::{Dialect, Variant};

const MARKER: &str = "-- migrate:";

/// What other tools, and people, call a dialect; too far away for a slip.
#[cfg(feature = "build")]
const SYNONYMS: [(&str, &str); 4] =
    [("mariadb", "mysql"), ("pg", "postgres"), ("postgresql", "postgres"), ("sqlite3", "sqlite")];

/// Where a section applies. Names of one kind are alternatives, and both kinds must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors {
    /// The dialects; none: every one.
    pub dialects: Vec<Spanned<Dialect>>,
    /// The named databases, without the `@`; none: every one.
    pub databases: Vec<Spanned<String>>,
    /// Words that are neither; they match nothing.
    pub unknown: Vec<Spanned<String>>,
}

impl Selectors {
    /// Whether a section with these selectors runs in this dialect and database.
    pub fn matches(&self, variant: &Variant) -> bool {
        if self.dialects.is_empty() && self.databases.is_empty() {
            return self.unknown.is_empty();
        }
        let dialect = self.dialects.is_empty()
            || self.dialects.iter().any(|dialect| dialect.value == variant.dialect);
        let database = self.databases.is_empty()
            || self.databases.iter().any(|name| Some(&name.value) == variant.database.as_ref());
        dialect && database
    }
}

/// The name of the dialect that an unknown selector probably means.
#[cfg(feature = "build")]
pub(crate) fn closest_dialect(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let known = Dialect::ALL.map(Dialect::name);
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, known)| *known);
    known.into_iter().find(|known| *known == word).or(synonym).or_else(|| nearest(&word, known))
}

/// Whether a line is a marker, or so like one that it cannot be meant as a comment.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with(MARKER) || near_miss(line.trim_end()).is_some()
}

/// The text between a marker and the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Which way it leads.
    pub direction: Direction,
    /// Where it applies.
    pub selectors: Selectors,
    /// The marker line, without its line end.
    pub marker: Range<usize>,
    /// What stands between this marker and the next one, or the end of the file.
    pub body: Range<usize>,
}

/// Cuts everything from `start` on into sections.
pub(super) fn parse(
    text: &str,
    start: usize,
    file: FileId,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    // An unreadable marker still ends the section before it, and what follows belongs to nobody.
    let mut in_section = false;
    let mut offset = start;
    for line in text[start..].split_inclusive('\n') {
        let line_start = offset;
        offset += line.len();
        // Nearly every line is plain SQL, and this runs unoptimised in build scripts; looking for one
        // byte is the only search that is compiled into the standard library.
        if !line.as_bytes().contains(&b'-') {
            continue;
        }
        let Some(dash) = line.find("--") else { continue };
        let content = line.trim_end();
        if dash == 0 && content.starts_with(MARKER) {
            if in_section && let Some(last) = sections.last_mut() {
                last.body.end = line_start;
            }
            let found = marker(content, line_start, file, findings);
            in_section = found.is_some();
            if let Some((direction, selectors)) = found {
                sections.push(Section {
                    direction,
                    selectors,
                    marker: line_start..line_start + content.len(),
                    body: offset..text.len(),
                });
            }
        } else if let Some(word) = near_miss(content) {
            findings.push(
                Diagnostic::new(
                    Code::UnknownMarker,
                    "this line looks like a section marker, and is none",
                )
                .label(file, line_start + dash..line_start + content.len(), "")
                .note("a marker begins in column 1 with `-- migrate:up` or `-- migrate:down`")
                .help(format!("write `-- migrate:{word}` at the beginning of the line")),
            );
        }
    }
    sections
}

fn marker(
    line: &str,
    line_start: usize,
    file: FileId,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Direction, Selectors)> {
    let at = |word: &str| {
        // Every word is a slice of the line, so the difference of addresses is its offset.
        let offset = word.as_ptr() as usize - line.as_ptr() as usize;
        line_start + offset..line_start + offset + word.len()
    };
    let mut words = line[MARKER.len()..].split_whitespace();
    // `-- migrate: up` has a word, but not where it must be.
    let verb = words.next().filter(|_| !line[MARKER.len()..].starts_with(char::is_whitespace));
    let direction = match verb {
        Some("up") => Direction::Up,
        Some("down") => Direction::Down,
        other => {
            let span = other.map_or(line_start..line_start + line.len(), at);
            let mut finding = Diagnostic::new(
                Code::UnknownMarker,
                match other {
                    Some(word) => format!("unknown section marker `migrate:{word}`"),
                    None => String::from("this section marker does not say `up` or `down`"),
                },
            )
            .label(file, span, "expected `up` or `down`");
            let meant =
                near_miss(line).or_else(|| nearest(&other?.to_ascii_lowercase(), ["up", "down"]));
            if let Some(word) = meant {
                finding = finding.help(format!("did you mean `-- migrate:{word}`?"));
            } else {
                finding = finding.help("write `-- migrate:up` or `-- migrate:down`");
            }
            findings.push(finding);
            return None;
        }
    };
    let mut selectors = Selectors::default();
    for word in words {
        let span = at(word);
        if let Some(database) = word.strip_prefix('@') {
            selectors.databases.push(Spanned { value: database.to_owned(), span });
        } else if let Some(dialect) = Dialect::from_name(word) {
            selectors.dialects.push(Spanned { value: dialect, span });
        } else {
            selectors.unknown.push(Spanned { value: word.to_owned(), span });
        }
    }
    Some((direction, selectors))
}

/// `--migrate:up`, `  -- migrate:down`, `-- Migrate: Up` and the like: a silent comment would lose
/// a whole section.
fn near_miss(line: &str) -> Option<&'static str> {
    let comment = line.trim_start().strip_prefix("--")?;
    let rest = strip_prefix_ignoring_case(comment.trim_start(), "migrate")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let word = rest.split_whitespace().next()?;
    ["up", "down"].into_iter().find(|known| word.eq_ignore_ascii_case(known))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    fn cut(text: &'static str) -> (Vec<Section>, Vec<String>) {
        let mut sources = Sources::new();
        let file = sources.add("r.sql", text);
        let mut findings = Vec::new();
        let sections = parse(text, 0, file, &mut findings);
        (sections, findings.iter().map(|finding| finding.one_line(&sources)).collect())
    }

    #[test]
    fn markers_cut_wherever_they_stand_in_column_one() {
        let text = "-- migrate:up\nINSERT 'a\n-- migrate:down postgres @catalog\nDROP;\n";
        let (sections, findings) = cut(text);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(&text[sections[0].body.clone()], "INSERT 'a\n");
        assert_eq!(&text[sections[1].body.clone()], "DROP;\n");
        let variant = |dialect, database: Option<&str>| Variant {
            dialect,
            database: database.map(str::to_owned),
        };
        let selectors = &sections[1].selectors;
        assert!(selectors.matches(&variant(Dialect::Postgres, Some("catalog"))));
        assert!(!selectors.matches(&variant(Dialect::Sqlite, Some("catalog"))));
        assert!(!selectors.matches(&variant(Dialect::Postgres, Some("other"))));
        assert!(!selectors.matches(&variant(Dialect::Postgres, None)));
    }

    #[test]
    fn mistaken_markers_are_reported_at_their_word() {
        let (sections, findings) = cut("-- migrate:upp\nA;\n--migrate:up\n-- migrate: down\n");
        assert!(sections.is_empty());
        assert_eq!(
            findings,
            [
                "r.sql:1:12: unknown section marker `migrate:upp` [M0007]; help: did you mean `-- migrate:up`?",
                "r.sql:3:1: this line looks like a section marker, and is none [M0007]; help: write `-- migrate:up` at the beginning of the line",
                "r.sql:4:1: this section marker does not say `up` or `down` [M0007]; help: did you mean `-- migrate:down`?",
            ]
        );
    }
}
