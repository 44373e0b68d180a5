//! Rules about one file: its header, its name, and which sections it has.

use std::ops::Range;

use super::Parsed;
use crate::chain::{BranchLabel, Direction, Kind, NameError, RESERVED, RevisionId, listed};
use crate::config::Configuration;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::dialect::{Dialect, Variant};
use crate::script::{Spanned, TransactionMode};
use crate::sql;

/// Judges one file by itself.
pub(super) fn check(
    parsed: &Parsed<'_>,
    configuration: &Configuration,
    variants: &[Variant],
    findings: &mut Vec<Diagnostic>,
) {
    names(parsed, configuration, findings);
    contradictions(parsed, findings);
    if parsed.loaded.kind == Kind::Rust {
        findings.push(
            Diagnostic::new(Code::RustRevision, "revisions in Rust are not supported yet")
                .label(parsed.file(), parsed.script.header().span.clone(), "")
                .help("write it in SQL, or let the file's name begin with `_` to leave it out"),
        );
        return;
    }
    selectors(parsed, configuration, findings);
    if !parsed.has_marker_errors {
        sections(parsed, variants, findings);
    }
}

/// Where to point when the whole header is meant.
fn header_place(parsed: &Parsed<'_>) -> Range<usize> {
    let header = parsed.script.header();
    match &header.revision {
        Some(revision) => revision.span.clone(),
        None => {
            let text = parsed.script.text();
            let line_end = text.find('\n').unwrap_or(text.len());
            0..header.span.end.min(line_end)
        }
    }
}

fn names(parsed: &Parsed<'_>, configuration: &Configuration, findings: &mut Vec<Diagnostic>) {
    let header = parsed.script.header();
    let file = parsed.file();
    match &header.revision {
        None if findings_name_the_key(parsed, findings) => {}
        None => findings.push(
            Diagnostic::new(Code::HeaderMissing, "this file has no `revision` in its header")
                .label(file, header_place(parsed), "")
                .note("a revision file begins with comment lines: a message, an empty one, then `-- revision: ID`")
                .help("`cargo migrate new \"message\"` writes a file with a header to copy from"),
        ),
        Some(revision) => {
            if let Err(error) = RevisionId::new(revision.value.clone()) {
                findings.push(illegal(parsed, revision, error, Code::IllegalId));
            } else if let Some(other) =
                configuration.file_name.contradicts(&parsed.loaded.stem, &revision.value)
            {
                findings.push(
                    Diagnostic::new(
                        Code::FileNameContradicts,
                        format!("the file name says revision `{other}`, the header says `{}`", revision.value),
                    )
                    .label(file, revision.span.clone(), "the header counts, so one of them is a slip")
                    .help("rename the file, or correct the header of a copied file"),
                );
            }
        }
    }
    for label in &header.branch {
        if let Err(error) = BranchLabel::new(label.value.clone()) {
            findings.push(illegal(parsed, label, error, Code::IllegalLabel));
        }
    }
}

/// Whether a finding already says that the `revision` line is there but cannot be read.
fn findings_name_the_key(parsed: &Parsed<'_>, findings: &[Diagnostic]) -> bool {
    findings.iter().any(|finding| {
        matches!(finding.code, Code::BadValue | Code::UnknownKey)
            && finding.labels.first().is_some_and(|label| label.file == parsed.file())
            && (finding.message.contains("`revision`")
                || finding.helps.iter().any(|help| help.contains("`revision`")))
    })
}

fn illegal(
    parsed: &Parsed<'_>,
    name: &Spanned<String>,
    error: NameError,
    code: Code,
) -> Diagnostic {
    let (what, form) = if code == Code::IllegalId {
        ("revision id", "1 to 64 letters, digits, `_` and `.`")
    } else {
        ("branch label", "a letter or `_`, then up to 63 letters, digits, `_` and `.`")
    };
    let file = parsed.file();
    match error {
        NameError::Illegal => Diagnostic::new(code, format!("`{}` is no {what}", name.value))
            .label(file, name.span.clone(), format!("expected {form}")),
        NameError::Reserved => Diagnostic::new(
            Code::ReservedName,
            format!("`{}` is a reserved word and cannot be a {what}", name.value),
        )
        .label(file, name.span.clone(), "")
        .note(format!("{} mean something in targets", listed(RESERVED))),
    }
}

fn contradictions(parsed: &Parsed<'_>, findings: &mut Vec<Diagnostic>) {
    let header = parsed.script.header();
    let file = parsed.file();
    if let Some(foreign_keys) = &header.foreign_keys
        && header.transaction == TransactionMode::None
    {
        findings.push(
            Diagnostic::new(
                Code::ForeignKeysWithoutTransaction,
                "`foreign-keys: on` and `transaction: none` exclude each other",
            )
            .label(file, foreign_keys.span.clone(), "this runs in a transaction of its own")
            .help("outside a transaction, `PRAGMA foreign_keys = ON` can stand in the revision itself"),
        );
    }
    let down = parsed.script.sections().iter().find(|s| s.direction == Direction::Down);
    if let (Some(irreversible), Some(down)) = (&header.irreversible, down) {
        findings.push(
            Diagnostic::new(
                Code::IrreversibleWithDown,
                "an irreversible revision has a down section",
            )
            .label(file, down.marker.clone(), "this leads back")
            .label(file, irreversible.span.clone(), "this says that nothing leads back")
            .help("remove the `irreversible` line or the section"),
        );
    }
}

fn selectors(parsed: &Parsed<'_>, configuration: &Configuration, findings: &mut Vec<Diagnostic>) {
    let file = parsed.file();
    let declared: Vec<&str> = configuration.dialects.iter().map(|dialect| dialect.name()).collect();
    for section in parsed.script.sections() {
        for dialect in &section.selectors.dialects {
            if !configuration.dialects.contains(&dialect.value) {
                findings.push(
                    Diagnostic::new(
                        Code::UnknownSelector,
                        format!("this chain is not written for `{}`", dialect.value),
                    )
                    .label(file, dialect.span.clone(), "")
                    .note(format!("it is written for {}", listed(&declared)))
                    .help(format!(
                        "add \"{}\" to `dialects` in `[package.metadata.migrate]`, or remove the section",
                        dialect.value
                    )),
                );
            }
        }
        for database in &section.selectors.databases {
            if !configuration.databases.contains(&database.value) {
                let finding = Diagnostic::new(
                    Code::UnknownSelector,
                    format!("no database is called `@{}`", database.value),
                )
                .label(file, database.span.clone(), "");
                let known = configuration.databases.iter().map(String::as_str);
                findings.push(match nearest(&database.value, known) {
                    Some(known) => finding.help(format!("did you mean `@{known}`?")),
                    None => finding.help(
                        "declare it in `databases` of `[package.metadata.migrate]`, or remove the selector",
                    ),
                });
            }
        }
        for word in &section.selectors.unknown {
            let finding = Diagnostic::new(
                Code::UnknownSelector,
                format!("unknown selector `{}`", word.value),
            )
            .label(file, word.span.clone(), "");
            let dialects = Dialect::ALL.iter().map(|dialect| dialect.name());
            findings.push(match nearest(&word.value, dialects) {
                Some(known) => finding.help(format!("did you mean `{known}`?")),
                None => finding.help(
                    "a selector is `sqlite`, `postgres`, `mysql`, or `@` and a database's name",
                ),
            });
        }
    }
}

fn sections(parsed: &Parsed<'_>, variants: &[Variant], findings: &mut Vec<Diagnostic>) {
    let script = &parsed.script;
    let file = parsed.file();
    let before = script.before_sections();
    let stray = variants
        .first()
        .and_then(|variant| sql::tokens(variant.dialect, &script.text()[before.clone()]).next());
    if let Some(token) = stray {
        let start = before.start + token.offset;
        findings.push(
            Diagnostic::new(Code::TextBeforeSection, "this stands before the first section")
                .label(
                    file,
                    start..start + token.text.len(),
                    "it belongs to no section and would not run",
                )
                .help("write `-- migrate:up` in a line above it"),
        );
    }
    let has = |direction| script.sections().iter().any(|s| s.direction == direction);
    let is_merge = script.header().revises.len() > 1;
    if is_merge && !has(Direction::Up) && !has(Direction::Down) && stray.is_none() {
        return;
    }
    if !has(Direction::Up) {
        // Text without any marker is one mistake, not two.
        if stray.is_none() {
            findings.push(
                Diagnostic::new(Code::NoUp, "this revision has no up section")
                    .label(file, header_place(parsed), "")
                    .help("write `-- migrate:up` in a line of its own, and the SQL below it"),
            );
        }
    } else {
        coverage(parsed, Direction::Up, variants, findings);
    }
    if script.header().irreversible.is_none() {
        if has(Direction::Down) {
            coverage(parsed, Direction::Down, variants, findings);
        } else if stray.is_none() || has(Direction::Up) {
            findings.push(
                Diagnostic::new(Code::NoDown, "this revision has no down section")
                    .label(file, header_place(parsed), "")
                    .help("write `-- migrate:down` and the SQL that undoes it")
                    .help("or, if there is no way back, `-- irreversible: WHY` in the header"),
            );
        }
    }
}

fn coverage(
    parsed: &Parsed<'_>,
    direction: Direction,
    variants: &[Variant],
    findings: &mut Vec<Diagnostic>,
) {
    let missing: Vec<&Variant> = variants
        .iter()
        .filter(|variant| parsed.script.matching(direction, variant).next().is_none())
        .collect();
    if missing.is_empty() {
        return;
    }
    let mut finding = Diagnostic::new(
        Code::NotCovered,
        format!("no {direction} section runs on {}", listed(&missing)),
    );
    for section in parsed.script.sections().iter().filter(|s| s.direction == direction) {
        finding = finding.label(parsed.file(), section.marker.clone(), "");
    }
    findings.push(finding.help(format!(
        "add `-- migrate:{direction} {}`; it may be empty on purpose, but for a comment",
        missing[0]
    )));
}
