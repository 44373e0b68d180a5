//! A finding as other programs show it beside the code: what GitHub and SARIF have in common.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use super::super::finding::page;
use super::super::workspace::{Member, Workspace};
use crate::diagnostic::{Diagnostic, Position, Severity, Sources, visible};
use crate::runner::Ui;
use crate::runner::commands::StateFinding;

/// A finding, with places in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    pub(super) rule: Rule,
    pub(super) severity: Severity,
    /// What is wrong, in a line; the others say more.
    pub(super) lines: Vec<String>,
    /// Where; the first is the primary place. A finding about nothing in a file has none.
    pub(super) places: Vec<Place>,
}

/// What kind of finding it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: String,
    /// In one word, as types are written.
    pub(super) name: String,
    pub(super) summary: String,
    /// The page that `explain` shows, if there is one.
    pub(super) page: Option<String>,
    pub(super) severity: Severity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Relative to the repository, with `/` on every system.
    pub(super) path: String,
    /// `None`: the file as a whole.
    pub(super) region: Option<Region>,
    /// What there is to say about it.
    pub(super) label: String,
}

/// A part of a file; lines and columns count from one, and the last column is behind the last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) first_line: usize,
    pub(super) last_line: usize,
    /// First and last column, in characters.
    pub(super) characters: (usize, usize),
    /// The same in units of UTF-16.
    pub(super) utf16: (usize, usize),
}

impl Region {
    fn of(text: &str, span: &Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.floor_char_boundary(span.end.max(span.start));
        let (first, last) = (Position::of(text, start), Position::of(text, end));
        let utf16 = |at: usize| {
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            text[line..at].encode_utf16().count() + 1
        };
        Self {
            first_line: first.line,
            last_line: last.line,
            characters: (first.column, last.column),
            utf16: (utf16(start), utf16(end)),
        }
    }
}

impl Annotation {
    /// A finding about the files of a package.
    pub(super) fn of(finding: &Diagnostic, sources: &Sources, root: &Root, ui: &Ui) -> Self {
        let places: Vec<Place> = finding
            .labels
            .iter()
            .map(|label| {
                let file = sources.file(label.file);
                let is_shown = !file.text().is_empty();
                Place {
                    path: root.path(file.path()),
                    region: is_shown.then(|| Region::of(file.text(), &label.span)),
                    label: visible(&label.text).into_owned(),
                }
            })
            .collect();
        let others = places.iter().skip(1).map(|place| match place.region {
            Some(Region { first_line, .. }) => {
                format!("{}:{first_line}: {}", place.path, place.label)
            }
            None => format!("{}: {}", place.path, place.label),
        });
        let code = finding.code;
        Self {
            rule: Rule {
                id: code.to_string(),
                name: format!("{code:?}"),
                summary: code.summary().to_owned(),
                page: Some(page(code, ui)),
                severity: code.severity(),
            },
            severity: finding.severity,
            lines: lines(
                &finding.message,
                places.first().map(|place| place.label.clone()).into_iter().chain(others),
                &finding.notes,
                &finding.helps,
            ),
            places,
        }
    }

    /// A finding about a database.
    pub(super) fn of_state(finding: &StateFinding, root: &Root) -> Self {
        let word = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        };
        let place =
            |path: &String| Place { path: root.path(path), region: None, label: String::new() };
        Self {
            rule: Rule {
                id: finding.rule.to_owned(),
                name: finding.rule.split('-').map(word).collect(),
                summary: finding.summary.to_owned(),
                page: None,
                severity: finding.severity,
            },
            severity: finding.severity,
            lines: lines(&finding.message, None.into_iter(), &finding.notes, &finding.helps),
            places: finding.path.iter().map(place).collect(),
        }
    }
}

fn lines(
    message: &str,
    labels: impl Iterator<Item = String>,
    notes: &[String],
    helps: &[String],
) -> Vec<String> {
    let labels = labels.filter(|label| !label.is_empty());
    let notes = notes.iter().map(|note| format!("note: {note}"));
    let helps = helps.iter().map(|help| format!("help: {help}"));
    let all = std::iter::once(message.to_owned()).chain(labels).chain(notes).chain(helps);
    // Only line breaks of ours are left: the texts quote files.
    all.flat_map(|text| text.lines().map(|line| visible(line).into_owned()).collect::<Vec<_>>())
        .collect()
}

/// From where the paths count.
pub(super) struct Root {
    /// The repository, or without one the workspace.
    repository: PathBuf,
    package: PathBuf,
}

impl Root {
    pub(super) fn of(workspace: &Workspace, member: &Member) -> Self {
        let package = member.root();
        // A worktree and a submodule have a file there.
        let repository = package.ancestors().find(|directory| directory.join(".git").exists());
        let repository = repository.or(workspace.manifest_path.parent()).unwrap_or(package);
        Self { repository: repository.to_owned(), package: package.to_owned() }
    }

    /// The way from the repository to a path that is relative to the package.
    fn path(&self, path: &str) -> String {
        let path = plain(&self.package.join(path));
        let path = path.strip_prefix(&self.repository).unwrap_or(&path);
        path.to_string_lossy().replace('\\', "/")
    }
}

/// A path without `.` and `..`, as far as its text says.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_both_units() {
        let text = "-- ż\nSELECT '𝄞ż', oops;\n";
        let start = text.find("oops").unwrap();
        let region = Region::of(text, &(start..start + 4));
        assert_eq!((region.first_line, region.last_line), (2, 2));
        assert_eq!(region.characters, (14, 18));
        // The clef is one character and two units.
        assert_eq!(region.utf16, (15, 19));
        let region = Region::of(text, &(1..text.find("SELECT").unwrap() + 6));
        assert_eq!((region.first_line, region.last_line), (1, 2));
        assert_eq!(region.utf16, (2, 7));
    }

    #[test]
    fn paths_are_those_of_the_repository() {
        let root =
            Root { repository: "/home/me/app".into(), package: "/home/me/app/service".into() };
        assert_eq!(root.path("migrations/a.sql"), "service/migrations/a.sql");
        assert_eq!(root.path("../shared/./a.sql"), "shared/a.sql");
    }

    #[test]
    fn a_finding_of_a_database_names_its_rule() {
        let finding = StateFinding {
            rule: "database-wrong-digest",
            summary: "the digest of an applied revision follows from nothing",
            severity: Severity::Error,
            message: String::from("one\ntwo\u{1b}[2J"),
            path: Some(String::from("migrations/a.sql")),
            notes: Vec::new(),
            helps: vec![String::from("`repair`")],
        };
        let root = Root { repository: "/home/me".into(), package: "/home/me/app".into() };
        let annotation = Annotation::of_state(&finding, &root);
        assert_eq!(annotation.rule.name, "DatabaseWrongDigest");
        assert_eq!(annotation.lines, ["one", "two\u{fffd}[2J", "help: `repair`"]);
        assert_eq!(annotation.places[0].path, "app/migrations/a.sql");
    }
}
