//! Whether a revision's text is the one that another tool has applied, by the checksum that the tool kept.
//!
//! The tools hash the bytes of a file. An import keeps them, but a chain's text has no byte order mark and LF
//! at the end of each line, and a section begins and ends on lines of its own. So every text is tried that the
//! section can have been: with either line end, with and without the mark, and with fewer line ends at its end.
//! A checksum that one of them has proves that this is what was applied.

use super::hash::{crc32, siphash13};
use super::table::OldRow;
use crate::chain::{Direction, Kind, Revision, hex};
use crate::diagnostic::Sources;
use crate::dialect::Variant;
use crate::script::Script;
use crate::tool::{BEGINS, ENDS, Tool, locks_tables, sets_foreign_keys};

/// More line ends than anybody leaves at the end of a file.
const MOST_LINE_ENDS: usize = 16;

/// What a checksum says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the text that was applied.
    Same,
    /// It is another one; this is its checksum, as the tool would write it.
    Differs(String),
    /// The tool keeps no checksum, or not of this one.
    Unknown,
}

/// Compares a revision with the row of its version.
pub(super) fn verify(tool: Tool, row: &OldRow, revision: &Revision, variant: &Variant) -> Verdict {
    let Some(recorded) = &row.checksum else { return Verdict::Unknown };
    if revision.kind() == Kind::Rust {
        return Verdict::Unknown;
    }
    // The findings are those of validation, and were judged there.
    let file = Sources::new().add("", "");
    let (script, _) = Script::parse(revision.kind(), revision.text(), file);
    let mut sections = script.matching(Direction::Up, variant);
    let (section, more) = (sections.next(), sections.next());
    let body = section.map(|section| &script.text()[section.body.clone()]);
    let is_last = section.is_some_and(|section| section.body.end == script.text().len());
    // An import writes an empty line before the section that follows.
    let separator = if is_last { "" } else { "\n" };
    let plain = body.map_or("", |body| body.strip_suffix(separator).unwrap_or(body));
    // Of several sections nobody can tell which one the file was.
    let whole = body.filter(|_| more.is_none());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (name, version) = (text(&row.detail), text(&row.version));
    match tool {
        Tool::Sqlx => judge(recorded, plain, whole, sqlx_texts, |text| {
            vec![hex(&hmac_sha512::sha384::Hash::hash(text))]
        }),
        Tool::Refinery => {
            judge(recorded, plain, whole, texts, |text| refinery(&name, &version, text))
        }
        Tool::Flyway => judge(recorded, plain, whole, lines, |text| {
            // Java's integers have a sign.
            vec![crc32(text.split(['\n', '\r']).map(str::as_bytes)).cast_signed().to_string()]
        }),
        _ => Verdict::Unknown,
    }
}

/// Tries every text that the body of a section can have been; there is none where several sections run.
fn judge<'b, T: Iterator<Item = String> + 'b>(
    recorded: &str,
    plain: &str,
    body: Option<&'b str>,
    texts: fn(&'b str) -> T,
    checksums: impl Fn(&str) -> Vec<String>,
) -> Verdict {
    let is_recorded = |text: String| checksums(&text).iter().any(|checksum| checksum == recorded);
    if body.is_some_and(|body| texts(body).any(is_recorded)) {
        return Verdict::Same;
    }
    Verdict::Differs(checksums(plain).swap_remove(0))
}

/// What a section can have been before it was one.
fn texts(body: &str) -> impl Iterator<Item = String> + '_ {
    let end = body.trim_end_matches('\n').len();
    let fewest = body.len().saturating_sub(MOST_LINE_ENDS).max(end);
    let of = |body: String| {
        let crlf = body.replace('\n', "\r\n");
        let marked = [format!("\u{feff}{body}"), format!("\u{feff}{crlf}")];
        [body, crlf].into_iter().chain(marked)
    };
    let originals = originals(body);
    let bodies = (fewest..=body.len()).rev().flat_map(move |end| {
        let cut = body.len() - end;
        let cut = |text: &String| text[..text.len() - cut].to_owned();
        originals.iter().map(cut).collect::<Vec<_>>()
    });
    bodies.flat_map(of)
}

/// The same, and what sqlx hashes where its configuration ignores characters: carriage returns, or all white
/// space, as its own example does.
fn sqlx_texts(body: &str) -> impl Iterator<Item = String> + '_ {
    let without = |ignored: &'static [char]| move |text: String| text.replace(ignored, "");
    let ignoring = texts(body).map(without(&['\r']));
    let ignoring = ignoring
        .chain(originals(body).into_iter().map(without(&[' ', '\t', '\r', '\n', '\u{feff}'])));
    texts(body).chain(ignoring)
}

/// For a hash that line ends are no part of.
fn lines(body: &str) -> impl Iterator<Item = String> + '_ {
    originals(body).into_iter()
}

/// The text as it is, and with what an import made comments of.
pub(super) fn originals(body: &str) -> Vec<String> {
    let mut texts = vec![body.to_owned()];
    texts.extend(uncommented(body));
    let wrapped: Vec<String> = texts.iter().filter_map(|text| wrapped(text)).collect();
    texts.extend(wrapped);
    texts
}

/// The text with its `PRAGMA foreign_keys` and `LOCK TABLES`, where an import made comments of them.
fn uncommented(body: &str) -> Option<String> {
    let is_statement = |line: &&str| {
        let line = line.trim_start();
        sets_foreign_keys(line) || locks_tables(line)
    };
    let lines =
        body.split('\n').map(|line| line.strip_prefix("-- ").filter(is_statement).unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    (text != body).then_some(text)
}

/// The text with its `BEGIN` and `COMMIT`, where an import made comments of them.
fn wrapped(body: &str) -> Option<String> {
    let is = |line: &str, all: &[&str]| {
        let Some(statement) = line.strip_prefix("-- ") else { return false };
        let statement = statement.split("--").next().unwrap_or_default().trim();
        let statement = statement.strip_suffix(';').unwrap_or(statement);
        let words: Vec<String> =
            statement.split_whitespace().map(str::to_ascii_uppercase).collect();
        all.contains(&words.join(" ").as_str())
    };
    let mut lines: Vec<&str> = body.split('\n').collect();
    let begin = lines.iter().position(|line| is(line, &BEGINS))?;
    let end = lines.iter().rposition(|line| is(line, &ENDS)).filter(|end| *end > begin)?;
    for at in [begin, end] {
        lines[at] = &lines[at][3..];
    }
    Some(lines.join("\n"))
}

/// refinery's checksums of a file: its versions are numbers of four bytes, or by a feature of eight.
pub(super) fn refinery(name: &str, version: &str, sql: &str) -> Vec<String> {
    let narrow = version.parse::<i32>().ok().map(|version| version.to_le_bytes().to_vec());
    let wide = version.parse::<i64>().ok().map(|version| version.to_le_bytes().to_vec());
    let hash = |version: Vec<u8>| {
        siphash13(&[name.as_bytes(), &[0xff], &version, sql.as_bytes(), &[0xff]].concat())
    };
    let mut checksums: Vec<String> =
        [narrow, wide].into_iter().flatten().map(|version| hash(version).to_string()).collect();
    if checksums.is_empty() {
        checksums.push(String::from("none"));
    }
    checksums
}
