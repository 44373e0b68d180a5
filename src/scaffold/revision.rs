//! The text of a new revision file, and the slug in its name.
//!
//! The text comes from `template/revision.sql.in` or from the project's own template. The message is the
//! one thing here that people type freely, so it is made to stay what it is: comment lines of the
//! header's first paragraph, none of which can be taken for a section marker.

use std::path::Path;

use heck::ToSnakeCase as _;

use super::{Error, template};
use crate::Dialect;
use crate::script::KEYS;

/// The default template of an SQL revision.
const TEMPLATE: &str = include_str!("../../template/revision.sql.in");
/// The default template of a revision in Rust.
const RUST: &str = include_str!("../../template/revision.rs.in");
const MERGE: &str = include_str!("../../template/merge.sql.in");

/// A slug is cut at the last word that ends before this length: file names are read in lists.
const SLUG_LENGTH: usize = 60;

/// What a new SQL revision says.
///
/// Ids and labels are written as they are; that they are legal, and that the parents exist, is the
/// caller's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionFile {
    /// The id.
    pub id: String,
    /// What it does, in the author's words; may have several lines.
    pub message: String,
    /// The ids of the parents; none for a base.
    pub parents: Vec<String>,
    /// The ids or labels of the dependencies.
    pub depends_on: Vec<String>,
    /// The branch labels that it declares.
    pub labels: Vec<String>,
    /// When it was created, in RFC 3339 and UTC.
    pub created: String,
    /// The dialects of the chain, for templates that write a section for each.
    pub dialects: Vec<Dialect>,
}

impl RevisionFile {
    /// The text of a revision that only joins its parents: a header, and no section.
    ///
    /// Fails if the message is empty or has control characters.
    pub fn merge_text(&self) -> Result<String, Error> {
        self.text_from(MERGE)
    }

    /// The file's text, from the project's template (its path and its text) where it has one.
    ///
    /// Placeholders are `message`, `revision`, `revises`, `depends-on`, `branch`, `created` and
    /// `dialects`; a line whose placeholders are all empty is left out.
    ///
    /// Fails if the message is empty or has control characters, and on an unknown placeholder.
    pub fn text(&self, template: Option<(&Path, &str)>) -> Result<String, Error> {
        self.filled(template, TEMPLATE)
    }

    /// The same for a revision in Rust.
    pub fn rust_text(&self, template: Option<(&Path, &str)>) -> Result<String, Error> {
        self.filled(template, RUST)
    }

    fn filled(&self, template: Option<(&Path, &str)>, default: &str) -> Result<String, Error> {
        self.text_from(template.map_or(default, |(_, text)| text)).map_err(|error| {
            match (error, template) {
                (Error::Placeholder { line, found, known, .. }, Some((path, _))) => {
                    Error::Placeholder { path: Some(path.to_path_buf()), line, found, known }
                }
                (error, _) => error,
            }
        })
    }

    fn text_from(&self, template: &str) -> Result<String, Error> {
        let message = paragraph(&self.message)?;
        let dialects: Vec<_> = self.dialects.iter().map(|dialect| dialect.name()).collect();
        template::render(
            template,
            &[
                ("message", &message),
                ("revision", &self.id),
                ("revises", &self.parents.join(", ")),
                ("depends-on", &self.depends_on.join(", ")),
                ("branch", &self.labels.join(", ")),
                ("created", &self.created),
                ("dialects", &dialects.join(" ")),
                ("library", "cargo_migrate"),
            ],
        )
    }
}

/// The message as lines of one paragraph.
pub(super) fn paragraph(message: &str) -> Result<String, Error> {
    let mut lines = Vec::new();
    for line in message.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(control) = line.chars().find(|c| c.is_control() && *c != '\t') {
            let code = u32::from(control);
            let reason = format!("the message holds the control character U+{code:04X}");
            return Err(Error::Message { reason });
        }
        // Whatever reads like a section marker or a key would be taken for one, or for a slip.
        let is_taken = line.split_once(':').is_some_and(|(word, _)| {
            let word = word.trim_start_matches('-').trim();
            word.eq_ignore_ascii_case("migrate") || KEYS.contains(&&*word.to_ascii_lowercase())
        });
        lines.push(if is_taken { format!("({line})") } else { line.to_owned() });
    }
    if lines.is_empty() {
        return Err(Error::Message { reason: "the message is empty".to_owned() });
    }
    Ok(lines.join("\n"))
}

/// The message's first line as part of a file name: lower-case ASCII words joined by `_`.
///
/// Other characters are dropped, long messages are cut at a word, and where nothing is left the
/// slug is `revision`.
///
/// ```
/// use cargo_migrate::scaffold::slug;
///
/// assert_eq!(slug("Create the account table!"), "create_the_account_table");
/// assert_eq!(slug("…"), "revision");
/// ```
pub fn slug(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let ascii: String = line.chars().filter(char::is_ascii).collect();
    let mut slug = ascii.to_snake_case();
    if slug.len() > SLUG_LENGTH {
        let end = slug[..=SLUG_LENGTH].rfind('_').unwrap_or(SLUG_LENGTH);
        slug.truncate(end);
    }
    if slug.is_empty() {
        slug.push_str("revision");
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> RevisionFile {
        RevisionFile {
            id: "ae1027a6acf5".to_owned(),
            message: "create account".to_owned(),
            parents: vec!["1975ea83b712".to_owned()],
            created: "2026-11-21T22:11:04Z".to_owned(),
            dialects: vec![Dialect::Sqlite, Dialect::Postgres],
            ..RevisionFile::default()
        }
    }

    #[test]
    fn default_template() {
        assert_eq!(
            file().text(None).unwrap(),
            "-- create account\n--\n-- revision: ae1027a6acf5\n-- revises: 1975ea83b712\n\
             -- created: 2026-11-21T22:11:04Z\n\n-- migrate:up\n\n-- migrate:down\n"
        );
    }

    #[test]
    fn base_merge_dependencies_and_labels() {
        let mut file = file();
        file.parents.clear();
        assert!(!file.text(None).unwrap().contains("revises"));
        file.parents = vec!["a1".to_owned(), "b2".to_owned()];
        file.depends_on = vec!["c3".to_owned()];
        file.labels = vec!["billing".to_owned(), "x".to_owned()];
        assert!(file.text(None).unwrap().contains(
            "-- revises: a1, b2\n-- depends-on: c3\n-- branch: billing, x\n-- created: "
        ));
    }

    #[test]
    fn the_message_stays_in_the_first_paragraph() {
        let mut file = file();
        file.message = "\n create account\r\n\n  revision: fake\n\nmigrate:up\n".to_owned();
        let text = file.text(None).unwrap();
        assert!(
            text.starts_with(
                "-- create account\n-- (revision: fake)\n-- (migrate:up)\n--\n-- revision: ae10"
            ),
            "{text}"
        );
        assert_eq!(text.lines().filter(|line| line.starts_with("-- migrate:")).count(), 2);
    }

    #[test]
    fn messages_that_no_comment_can_hold() {
        for (message, reason) in [
            ("", "the message is empty"),
            (" \n ", "the message is empty"),
            ("a\0b", "the message holds the control character U+0000"),
            ("a\rDROP TABLE x", "the message holds the control character U+000D"),
            ("a\u{85}b", "the message holds the control character U+0085"),
        ] {
            let error = RevisionFile { message: message.to_owned(), ..file() }.text(None);
            assert!(error.unwrap_err().to_string().starts_with(reason), "{message:?}");
        }
    }

    #[test]
    fn a_template_of_the_project() {
        let template =
            "-- {{ message }}\n-- revision: {{ revision }}\n\n-- migrate:up {{ dialects }}\n";
        assert_eq!(
            file().text(Some((Path::new("t"), template))).unwrap(),
            "-- create account\n-- revision: ae1027a6acf5\n\n-- migrate:up sqlite postgres\n"
        );
        let error = file().text(Some((Path::new("my.sql.in"), "-- {{ down_revision }}\n")));
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("`my.sql.in`:1: unknown placeholder `{{ down_revision }}`; "),
            "{error}"
        );
        assert!(error.contains("`message`, `revision`, `revises`, `depends-on`"), "{error}");
    }

    #[test]
    fn slugs() {
        assert_eq!(slug("Add `email` to users"), "add_email_to_users");
        assert_eq!(slug("addEmailColumn"), "add_email_column");
        assert_eq!(slug("café über"), "caf_ber");
        assert_eq!(slug("../../etc/passwd"), "etc_passwd");
        assert_eq!(slug("first line\nsecond"), "first_line");
        assert_eq!(slug("日本"), "revision");
        let long = slug(&"word ".repeat(40));
        assert!(long.len() <= SLUG_LENGTH && long.ends_with("word"), "{long}");
        assert_eq!(slug(&"x".repeat(300)).len(), SLUG_LENGTH);
    }
}
