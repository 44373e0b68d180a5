//! The pattern of revision file names.
//!
//! It is used in both directions: to name a new revision, and to notice that a file's name and its
//! header speak of different revisions. The second is a guess about text that people may have typed,
//! and ids may hold the characters that separate the parts; so a name is taken at its word only
//! where the header's own id cannot be read in it.

use std::fmt;

/// The longest stem; file systems allow 255 bytes, archives and backup tools often fewer.
const MAX_STEM: usize = 120;
/// So that date, time, the longest id and some of the slug still fit.
const MAX_LITERAL: usize = 40;
const DATE: usize = 8;
const TIME: usize = 4;

/// The pattern of revision file names, as the key `file-name` gives it.
///
/// ```
/// use cargo_migrate::config::FileName;
///
/// let pattern = FileName::default();
/// let stem = pattern.render("20261121", "2211", "ae1027a6acf5", "create_account");
/// assert_eq!(stem, "20261121T2211_ae1027a6acf5_create_account");
/// assert_eq!(pattern.contradicts(&stem, "ae1027a6acf5"), None);
/// assert_eq!(pattern.contradicts(&stem, "1975ea83b712"), Some("ae1027a6acf5"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Date,
    Time,
    Revision,
    Slug,
}

impl Part {
    const PLACEHOLDERS: [Self; 4] = [Self::Date, Self::Time, Self::Revision, Self::Slug];

    fn text(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Date => "{date}",
            Self::Time => "{time}",
            Self::Revision => "{revision}",
            Self::Slug => "{slug}",
        }
    }
}

impl Default for FileName {
    /// `{date}T{time}_{revision}_{slug}`: files sort by creation.
    fn default() -> Self {
        let literal = |text: &str| Part::Literal(text.to_owned());
        let parts = vec![
            Part::Date,
            literal("T"),
            Part::Time,
            literal("_"),
            Part::Revision,
            literal("_"),
            Part::Slug,
        ];
        Self { parts }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| f.write_str(part.text()))
    }
}

impl FileName {
    /// Reads a pattern; the error says what is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            let literal = &rest[..rest.find(['{', '}']).unwrap_or(rest.len())];
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
                rest = &rest[literal.len()..];
                continue;
            }
            let Some(end) = rest.find('}').filter(|&end| end > 0) else {
                return Err("a brace in it has no partner".to_owned());
            };
            let (placeholder, after) = rest.split_at(end + 1);
            let Some(part) = Part::PLACEHOLDERS.into_iter().find(|part| part.text() == placeholder)
            else {
                return Err(format!("`{placeholder}` is not a placeholder"));
            };
            if parts.contains(&part) {
                return Err(format!("`{placeholder}` stands in it twice"));
            }
            parts.push(part);
            rest = after;
        }
        Self::check(&parts)?;
        Ok(Self { parts })
    }

    fn check(parts: &[Part]) -> Result<(), String> {
        let mut literal = String::new();
        for part in parts {
            if let Part::Literal(text) = part {
                literal.push_str(text);
            }
        }
        if let Some(bad) = literal.chars().find(|&c| !is_safe(c)) {
            return Err(format!("`{}` is not allowed in file names", bad.escape_debug()));
        }
        if literal.len() > MAX_LITERAL {
            return Err(format!("its fixed text is longer than {MAX_LITERAL} characters"));
        }
        if !parts.contains(&Part::Revision) && !parts.contains(&Part::Slug) {
            return Err("it holds neither `{revision}` nor `{slug}`".to_owned());
        }
        let variable = |part: &Part| matches!(part, Part::Revision | Part::Slug);
        if parts.windows(2).any(|pair| variable(&pair[0]) && variable(&pair[1])) {
            return Err("nothing separates `{revision}` from `{slug}`".to_owned());
        }
        if let Some(Part::Literal(text)) = parts.first()
            && text.starts_with(['.', '_', ' '])
        {
            return Err("names that begin with `.`, `_` or a space are not revisions".to_owned());
        }
        if let Some(Part::Literal(text)) = parts.last()
            && text.ends_with(' ')
        {
            return Err("it ends with a space".to_owned());
        }
        Ok(())
    }

    /// The stem (the name without extension) of a new revision's file.
    ///
    /// `date` is `YYYYMMDD`, `time` is `HHMM`. Of a slug that is too long the last words are cut,
    /// so that the stem has 120 bytes at most; characters that no file name should have become `_`.
    pub fn render(&self, date: &str, time: &str, revision: &str, slug: &str) -> String {
        let revision = self.in_name(revision);
        let fixed: usize = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.len(),
                Part::Date => date.len(),
                Part::Time => time.len(),
                Part::Revision => revision.len(),
                Part::Slug => 0,
            })
            .sum();
        let slug = tidy(slug, self.parts.first() == Some(&Part::Slug));
        let slug = cut_at_word(&slug, MAX_STEM.saturating_sub(fixed));
        let mut stem = String::with_capacity(MAX_STEM);
        for part in &self.parts {
            stem.push_str(match part {
                Part::Literal(text) => text,
                Part::Date => date,
                Part::Time => time,
                Part::Revision => &revision,
                Part::Slug => slug,
            });
        }
        stem
    }

    /// The id that a file's stem names, if that is another one than the header's.
    ///
    /// `None` where the stem does not fit the pattern, or where the header's id can be read in it.
    pub fn contradicts<'a>(&self, stem: &'a str, id_in_header: &str) -> Option<&'a str> {
        if !self.parts.contains(&Part::Revision) {
            return None;
        }
        if holds(&self.parts, stem, &self.in_name(id_in_header)) {
            return None;
        }
        fits(&self.parts, stem)
    }

    /// An id as it stands in a name: files that begin with `_` or `.` would be skipped.
    fn in_name(&self, id: &str) -> String {
        if self.parts.first() == Some(&Part::Revision) && id.starts_with(['_', '.']) {
            format!("r{id}")
        } else {
            id.to_owned()
        }
    }
}

/// Whether this id can be read in a stem: nearly always, so other readings are not even tried.
fn holds(parts: &[Part], stem: &str, id: &str) -> bool {
    let Some(at) = parts.iter().position(|part| *part == Part::Revision) else { return false };
    let (before, after) = (&parts[..at], &parts[at + 1..]);
    let mut from = 0;
    while let Some(found) = stem.get(from..).and_then(|rest| rest.find(id)) {
        let start = from + found;
        if matches(before, &stem[..start]) && matches(after, &stem[start + id.len()..]) {
            return true;
        }
        // The next one may overlap this one. An id is ASCII, and never empty.
        from = start + 1;
    }
    false
}

/// The id in a stem that fits the parts.
///
/// Of several readings the one with the shortest id is taken, since slugs hold separators far more
/// often than ids do.
fn fits<'a>(parts: &[Part], stem: &'a str) -> Option<&'a str> {
    let at = parts.iter().position(|part| *part == Part::Revision)?;
    let (before, after) = (&parts[..at], &parts[at + 1..]);
    // How long an id that begins at `start` may be, the shortest first.
    let ends =
        |start: usize| 1..1 + stem[start..].bytes().take_while(|&byte| is_id_byte(byte)).count();
    let starts = (0..=stem.len()).filter(|&at| stem.is_char_boundary(at));
    let mut best: Option<&str> = None;
    for start in starts.filter(|&start| matches(before, &stem[..start])) {
        for length in ends(start) {
            let end = start + length;
            let id = &stem[start..end];
            if best.is_some_and(|best| best.len() <= id.len()) {
                break;
            }
            if matches(after, &stem[end..]) {
                best = Some(id);
                break;
            }
        }
    }
    best
}

/// Whether a text is made of these parts, among which is at most one slug and no id.
fn matches(parts: &[Part], text: &str) -> bool {
    let slug = parts.iter().position(|part| *part == Part::Slug);
    let Some(slug) = slug else {
        return fixed_prefix(parts, text).is_some_and(str::is_empty);
    };
    let Some(rest) = fixed_prefix(&parts[..slug], text) else { return false };
    let after = &parts[slug + 1..];
    let length: usize = after
        .iter()
        .map(|part| match part {
            Part::Date => DATE,
            Part::Time => TIME,
            other => other.text().len(),
        })
        .sum();
    rest.len() > length
        && rest.is_char_boundary(rest.len() - length)
        && fixed_prefix(after, &rest[rest.len() - length..]).is_some_and(str::is_empty)
}

/// What follows parts of fixed length.
fn fixed_prefix<'a>(parts: &[Part], text: &'a str) -> Option<&'a str> {
    let digits = |text: &'a str, count: usize| {
        let (digits, rest) = text.split_at_checked(count)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(rest)
    };
    parts.iter().try_fold(text, |text, part| match part {
        Part::Literal(literal) => text.strip_prefix(literal.as_str()),
        Part::Date => digits(text, DATE),
        Part::Time => digits(text, TIME),
        Part::Revision | Part::Slug => None,
    })
}

const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// Characters that every operating system, shell and archive takes in a file name.
fn is_safe(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ')
        && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// A slug that is safe in a file name, and never empty.
fn tidy(slug: &str, leads: bool) -> String {
    let safe = |c: char| if c.is_alphanumeric() || is_safe(c) { c } else { '_' };
    let tidied: String = slug.chars().map(safe).collect();
    let tidied = if leads { tidied.trim_start_matches(['.', '_', ' ']) } else { &tidied };
    if tidied.is_empty() { "untitled".to_owned() } else { tidied.to_owned() }
}

/// The whole words that fit into `room` bytes; of a single long word what fits.
fn cut_at_word(slug: &str, room: usize) -> &str {
    if slug.len() <= room {
        return slug;
    }
    let cut = &slug[..slug.floor_char_boundary(room)];
    let between_words = slug[cut.len()..].starts_with(['_', '-']);
    let words = match cut.rfind(['_', '-']) {
        Some(at) if !between_words => &cut[..at],
        _ => cut,
    };
    let words = words.trim_end_matches(['_', '-']);
    if words.is_empty() { cut } else { words }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATTERNS: [&str; 7] = [
        "{date}T{time}_{revision}_{slug}",
        "{revision}_{slug}",
        "{slug}_{revision}",
        "{revision}",
        "V{revision}__{slug}",
        "{date}{time}-{slug}-{revision}-x",
        "{revision}-{date}",
    ];

    #[test]
    fn patterns_that_name_no_revision_or_no_file_are_refused() {
        for pattern in PATTERNS {
            assert_eq!(FileName::parse(pattern).unwrap().to_string(), pattern);
        }
        assert_eq!(FileName::parse("{date}T{time}_{revision}_{slug}"), Ok(FileName::default()));
        for (pattern, error) in [
            ("", "it holds neither `{revision}` nor `{slug}`"),
            ("{date}", "it holds neither `{revision}` nor `{slug}`"),
            ("{slug", "a brace in it has no partner"),
            ("slug}", "a brace in it has no partner"),
            ("{rev}", "`{rev}` is not a placeholder"),
            ("{{slug}}", "`{{slug}` is not a placeholder"),
            ("{slug}_{slug}", "`{slug}` stands in it twice"),
            ("{revision}{slug}", "nothing separates `{revision}` from `{slug}`"),
            ("a/{slug}", "`/` is not allowed in file names"),
            ("a\\{slug}", "`\\\\` is not allowed in file names"),
            ("ż{slug}", "`ż` is not allowed in file names"),
            ("_{slug}", "names that begin with `.`, `_` or a space are not revisions"),
            ("{slug} ", "it ends with a space"),
        ] {
            assert_eq!(FileName::parse(pattern).unwrap_err(), error, "{pattern}");
        }
        assert!(FileName::parse(&format!("{}{{slug}}", "x".repeat(41))).is_err());
    }

    #[test]
    fn long_slugs_are_cut_between_words() {
        let pattern = FileName::default();
        let slug = "add_an_index_on_account_email_".repeat(5);
        let stem = pattern.render("20261121", "2211", "ae1027a6acf5", &slug);
        assert_eq!(
            stem,
            "20261121T2211_ae1027a6acf5_add_an_index_on_account_email_add_an_index_on_account_\
             email_add_an_index_on_account_email_add"
        );
        let stem = pattern.render("20261121", "2211", "a", &"ż".repeat(200));
        assert_eq!(stem.len(), 120);
        assert_eq!(cut_at_word("one_two", 3), "one");
        assert_eq!(cut_at_word("one_two", 4), "one");
        assert_eq!(cut_at_word("one_two", 6), "one");
        assert_eq!(cut_at_word("___two", 2), "__");
    }

    #[test]
    fn a_rendered_name_is_never_one_that_is_skipped() {
        let pattern = FileName::parse("{revision}_{slug}").unwrap();
        let stem = pattern.render("", "", "_x", "a/b");
        assert_eq!(stem, "r_x_a_b");
        assert_eq!(pattern.contradicts(&stem, "_x"), None);
        let pattern = FileName::parse("{slug}").unwrap();
        assert_eq!(pattern.render("", "", "x", "_hidden"), "hidden");
        assert_eq!(pattern.render("", "", "x", "..."), "untitled");
    }

    #[test]
    fn only_a_name_that_fits_can_contradict() {
        let pattern = FileName::default();
        for (stem, header, other) in [
            ("20261121T2211_ae1027a6acf5_create", "ae1027a6acf5", None),
            ("20261121T2211_ae1027a6acf5_create", "b", Some("ae1027a6acf5")),
            ("20261121T2211_a_b_create", "a_b", None),
            ("20261121T2211_a_b_create", "a", None),
            ("20261121T2211_a_b_create", "c_d", Some("a")),
            ("20261121T2211_1.0_create", "1.1", Some("1.0")),
            ("create_account", "b", None),
            ("2026-11-21_ae10_create", "b", None),
            ("20261121T2211_żółw_create", "b", None),
            ("20261121T2211_a_", "b", None),
            ("", "b", None),
        ] {
            assert_eq!(pattern.contradicts(stem, header), other, "{stem} against {header}");
        }
        let pattern = FileName::parse("{slug}_{revision}").unwrap();
        assert_eq!(pattern.contradicts("create_account_ae10", "b"), Some("ae10"));
        assert_eq!(pattern.contradicts("create_account_ae10", "account_ae10"), None);
        let pattern = FileName::parse("{slug}").unwrap();
        assert_eq!(pattern.contradicts("anything", "b"), None);
    }

    proptest! {
        #[test]
        fn what_was_rendered_agrees_with_its_own_id(
            index in 0..PATTERNS.len(),
            id in "[A-Za-z0-9_.]{1,64}",
            slug in ".{0,150}",
        ) {
            let pattern = FileName::parse(PATTERNS[index]).unwrap();
            let stem = pattern.render("20261121", "2211", &id, &slug);
            prop_assert!(stem.len() <= MAX_STEM);
            prop_assert!(!stem.starts_with(['_', '.']));
            prop_assert_eq!(pattern.contradicts(&stem, &id), None);
        }

        #[test]
        fn what_was_rendered_contradicts_every_other_plain_id(
            index in 0..PATTERNS.len(),
            id in "[A-Za-z0-9]{1,12}",
            other in "[A-Za-z0-9]{1,12}",
            slug in "[a-z0-9]{1,9}(_[a-z0-9]{1,9}){0,4}",
        ) {
            prop_assume!(id != other);
            let pattern = FileName::parse(PATTERNS[index]).unwrap();
            let stem = pattern.render("20261121", "2211", &id, &slug);
            prop_assert_eq!(pattern.contradicts(&stem, &other), Some(&*id));
        }

        #[test]
        fn arbitrary_names_and_patterns_are_taken_calmly(
            pattern in ".{0,60}", stem in ".{0,60}", id in ".{0,20}",
        ) {
            if let Ok(pattern) = FileName::parse(&pattern) {
                pattern.contradicts(&stem, &id);
                pattern.render(&stem, &id, &id, &stem);
            }
        }
    }
}
