//! Rules about one file: its header, its name, and which sections it has.

use std::ops::Range;

use super::{Parsed, rust};
use crate::chain::{BranchLabel, Direction, Kind, NameError, RESERVED, RevisionId, listed};
use crate::config::Configuration;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::dialect::{Dialect, Variant};
use crate::script::comment;
use crate::script::section::closest_dialect;
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
        // Without a header it may be no revision at all.
        if parsed.script.header().revision.is_some() {
            rust::check(parsed, findings);
        }
        return;
    }
    let before = findings.len();
    selectors(parsed, configuration, findings);
    let are_selectors_known = findings.len() == before;
    if !parsed.has_marker_errors {
        sections(parsed, variants, are_selectors_known, findings);
    }
}

/// Where to point when the whole header is meant.
pub(super) fn header_place(parsed: &Parsed<'_>) -> Range<usize> {
    let header = parsed.script.header();
    if let Some(revision) = &header.revision {
        return revision.span.clone();
    }
    let text = parsed.script.text();
    let line_end = text.find('\n').unwrap_or(text.len());
    0..header.span.end.min(line_end)
}

fn names(parsed: &Parsed<'_>, configuration: &Configuration, findings: &mut Vec<Diagnostic>) {
    let header = parsed.script.header();
    let file = parsed.file();
    match &header.revision {
        None if header.is_revision_reported => {}
        None => findings.push(
            Diagnostic::new(Code::HeaderMissing, "this file has no `revision` in its header")
                .label(file, header_place(parsed), "")
                .note(format!(
                    "a revision begins with comment lines: a message, an empty one, then `{} revision: ID`",
                    comment(parsed.loaded.kind)
                ))
                .help("`cargo migrate new \"message\"` writes a file with a header")
                .help("if the file is no revision, let its name begin with `_`"),
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
                    .label(file, revision.span.clone(), format!("the file name has `{other}` here"))
                    .note("the header counts, and people read the file name, so both must agree")
                    .help("rename the file; or, if it is a copy, correct its header"),
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
    if name.value.is_empty() {
        return Diagnostic::new(code, format!("an empty {what}"))
            .label(file, name.span.clone(), "expected a name between the commas")
            .help("remove the stray comma");
    }
    match error {
        NameError::Illegal
            if name.value.contains(char::is_whitespace) && code == Code::IllegalLabel =>
        {
            Diagnostic::new(code, format!("`{}` is no {what}", name.value))
                .label(file, name.span.clone(), format!("expected {form}"))
                .help("labels are separated by commas")
        }
        NameError::Illegal => Diagnostic::new(code, format!("`{}` is no {what}", name.value))
            .label(file, name.span.clone(), format!("expected {form}")),
        NameError::Reserved => Diagnostic::new(
            Code::ReservedName,
            format!("`{}` is a reserved word and cannot be a {what}", name.value),
        )
        .label(file, name.span.clone(), "")
        .note(format!(
            "{} have a meaning of their own, as in `cargo migrate up head`",
            listed(RESERVED)
        ))
        .help("choose another name"),
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
            .label(file, foreign_keys.span.clone(), "this needs a transaction of its own")
            .help("remove one of the two lines")
            .help("outside a transaction, `PRAGMA foreign_keys = ON` can stand in the revision itself"),
        );
    }
    let down = parsed.script.sections().iter().find(|s| s.direction == Direction::Down);
    let (down, what) = match parsed.loaded.kind {
        Kind::Sql => (down.map(|down| down.marker.clone()), "section"),
        Kind::Rust => (rust::down(parsed), "function"),
    };
    if let (Some(irreversible), Some(down)) = (&header.irreversible, down) {
        findings.push(
            Diagnostic::new(
                Code::IrreversibleWithDown,
                format!("an irreversible revision has a down {what}"),
            )
            .label(file, down, "this leads back")
            .label(file, irreversible.span.clone(), "this says that nothing leads back")
            .help(format!("remove the `irreversible` line or the {what}")),
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
                    .note(format!("`dialects` declares {}", listed(&declared)))
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
            let help = if configuration.databases.contains(&word.value) {
                format!("write `@{}`: names of databases begin with `@`", word.value)
            } else if let Some(known) = closest_dialect(&word.value) {
                format!("did you mean `{known}`?")
            } else {
                String::from(
                    "a selector is `sqlite`, `postgres`, `mysql`, or `@` and a database's name",
                )
            };
            findings.push(finding.help(help));
        }
    }
}

fn sections(
    parsed: &Parsed<'_>,
    variants: &[Variant],
    are_selectors_known: bool,
    findings: &mut Vec<Diagnostic>,
) {
    let script = &parsed.script;
    let has_stray = before_sections(parsed, variants, findings);
    let has = |direction| script.sections().iter().any(|s| s.direction == direction);
    let is_merge = script.header().revises.len() > 1;
    if is_merge && script.sections().is_empty() {
        return;
    }
    // Text without any marker is one mistake, not three.
    if has_stray && script.sections().is_empty() {
        return;
    }
    // One word that nobody knows would be reported again for each dialect that lacks a section.
    let mut cover = |direction| {
        if are_selectors_known {
            coverage(parsed, direction, variants, findings);
        }
    };
    if has(Direction::Up) {
        cover(Direction::Up);
    }
    let is_irreversible = script.header().irreversible.is_some();
    if has(Direction::Down) && !is_irreversible {
        cover(Direction::Down);
    }
    let file = parsed.file();
    if !has(Direction::Up) && !has_stray {
        findings.push(
            Diagnostic::new(Code::NoUp, "this revision has no up section")
                .label(file, header_place(parsed), "")
                .help("write `-- migrate:up` in a line of its own, and the SQL below it"),
        );
    }
    if !has(Direction::Down) && !is_irreversible {
        findings.push(
            Diagnostic::new(Code::NoDown, "this revision has no down section")
                .label(file, header_place(parsed), "")
                .help("write `-- migrate:down` in a line of its own, and the SQL that undoes it below")
                .help("or, if there is no way back, `-- irreversible: WHY` in the header"),
        );
    }
}

/// Judges what stands before the first section; whether any of it is SQL.
fn before_sections(
    parsed: &Parsed<'_>,
    variants: &[Variant],
    findings: &mut Vec<Diagnostic>,
) -> bool {
    let Some(variant) = variants.first() else { return false };
    let before = parsed.script.before_sections();
    let text = &parsed.script.text()[before.clone()];
    if let Some(statement) = sql::split(variant.dialect, text).statements.first() {
        let start = before.start + statement.offset;
        let len = statement.text.find('\n').unwrap_or(statement.text.len());
        findings.push(
            Diagnostic::new(Code::TextBeforeSection, "this stands before the first section")
                .label(
                    parsed.file(),
                    start..start + len,
                    "it belongs to no section and would not run",
                )
                .help("write `-- migrate:up` in a line above it"),
        );
        return true;
    }
    // Markers cut whatever is open, so the comment would not hide the section that it seems to.
    // PostgreSQL's rules, because SQLite lets a comment end with the text.
    let mut tokens = sql::tokens(Dialect::Postgres, text);
    if tokens.next().is_none()
        && let Some(open) = tokens.unterminated()
    {
        let at = before.start + open.offset;
        findings.push(
            Diagnostic::new(
                Code::Unterminated,
                "this comment does not end before the first section",
            )
            .label(parsed.file(), at..at + open.text.len(), "it begins here")
            .note("a section begins at its marker, whatever is open")
            .help("close it with `*/` above the marker"),
        );
    }
    false
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
    // Several dialects can share one section; of several databases one is an example.
    let selectors = if missing.iter().all(|variant| variant.database.is_none()) {
        missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    } else {
        missing[0].to_string()
    };
    findings.push(finding.help(format!(
        "add `-- migrate:{direction} {selectors}`; where there is nothing to do, a comment below it says why",
    )));
}
