//! What must be there of a revision in Rust.
//!
//! rustc tells all else, in the file itself. It cannot do so for these: it sees what is missing only in the
//! generated code that names `Migration`, a file that nobody wrote.

use std::ops::Range;

use super::Parsed;
use super::file::header_place;
use crate::diagnostic::{Code, Diagnostic};
use crate::script::rust::words;

/// Judges one revision in Rust.
pub(super) fn check(parsed: &Parsed<'_>, findings: &mut Vec<Diagnostic>) {
    if let Some(finding) = migration(parsed) {
        findings.push(finding);
        // Without its functions it could not have a `down` either.
        return;
    }
    let is_irreversible = parsed.script.header().irreversible.is_some();
    if !is_irreversible && down(parsed).is_none() {
        findings.push(
            Diagnostic::new(Code::NoDown, "this revision has no `fn down`")
                .label(parsed.file(), header_place(parsed), "")
                .help("write `async fn down(op: &mut Operations<'_>) -> Result<()> { … }` below its `up`")
                .help("or, if there is no way back, `//! irreversible: WHY` in the header"),
        );
    }
}

/// Where `fn down` stands.
pub(super) fn down(parsed: &Parsed<'_>) -> Option<Range<usize>> {
    let words = words(parsed.script.text());
    let pair = words.windows(2).find(|pair| pair[0].1 == "fn" && pair[1].1 == "down")?;
    Some(pair[0].0..pair[1].0 + pair[1].1.len())
}

/// What is wrong with `Migration`.
///
/// Only what is certain: the type may come from elsewhere, and a macro may write the `impl`. Where that cannot be
/// excluded, rustc has the last word.
fn migration(parsed: &Parsed<'_>) -> Option<Diagnostic> {
    let (file, text) = (parsed.file(), parsed.script.text());
    let words = words(text);
    let uses: Vec<usize> = (0..words.len()).filter(|&at| words[at].1 == "Migration").collect();
    let place = |at: usize| words[at].0..words[at].0 + words[at].1.len();
    let before = |at: usize| at.checked_sub(1).map(|at| words[at].1);
    if uses.is_empty() {
        return Some(
            Diagnostic::new(Code::NoMigration, "this revision in Rust has no `Migration`")
                .label(file, header_place(parsed), "")
                .note("what runs is `up` and `down` of `impl Revision for Migration`")
                .help(
                    "write `pub struct Migration;` and `impl Revision for Migration { … }` into it",
                )
                .help("`cargo migrate new --rust \"message\"` writes a file that has both"),
        );
    }
    let kind = |at: &usize| matches!(before(*at), Some("struct" | "enum"));
    let definition = *uses.iter().find(|at| kind(at))?;
    // In column 1, where rustfmt has the items of the file itself; one with `pub` begins with that.
    let start = words[definition - 1].0;
    if start == 0 || text[..start].ends_with('\n') {
        return Some(
            Diagnostic::new(Code::NoMigration, "`Migration` is private")
                .label(file, place(definition), "the migrator does not see it")
                .help(format!("write `pub {} Migration`", words[definition - 1].1)),
        );
    }
    let inherent = uses.iter().find(|at| before(**at) == Some("impl"));
    let explained = |at: &&usize| kind(at) || before(**at) == Some("impl");
    if !uses.iter().all(|at| explained(&at)) || has_macro(text) {
        return None;
    }
    let finding = Diagnostic::new(Code::NoMigration, "`Migration` does not implement `Revision`");
    Some(match inherent {
        Some(&at) => finding
            .label(file, place(at), "this implements no trait")
            .help("write `impl Revision for Migration`"),
        None => finding
            .label(file, place(definition), "")
            .help("write `impl Revision for Migration { … }` below it, with `up` and `down` inside")
            .help("`cargo migrate new --rust \"message\"` writes a file that has it"),
    })
}

/// Whether a macro or an attribute of the file could write items.
fn has_macro(text: &str) -> bool {
    text.lines().any(|line| {
        let name = line.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        line.starts_with("#[") || (name.len() < line.len() && name.starts_with('!'))
    })
}
