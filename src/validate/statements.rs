//! Rules about the SQL inside the sections.

use super::Parsed;
use crate::config::Configuration;
use crate::diagnostic::{Code, Diagnostic};
use crate::dialect::Dialect;
use crate::script::{Section, TransactionMode};
use crate::sql::{self, HazardKind, Unterminated, UnterminatedKind};

/// Judges the statements of every section, in every dialect in which it can run.
pub(super) fn check(
    parsed: &Parsed<'_>,
    configuration: &Configuration,
    findings: &mut Vec<Diagnostic>,
) {
    let is_merge = parsed.script.header().revises.len() > 1;
    for section in parsed.script.sections() {
        let mut found = Vec::new();
        let mut is_empty = true;
        for &dialect in &configuration.dialects {
            let named = &section.selectors.dialects;
            if named.is_empty() || named.iter().any(|selector| selector.value == dialect) {
                is_empty &= !in_dialect(parsed, section, dialect, configuration, &mut found);
            }
        }
        if is_empty && !is_merge {
            found.push(
                Diagnostic::new(Code::EmptySection, "this section is empty")
                    .label(parsed.file(), section.marker.clone(), "")
                    .help("write the SQL below it"),
            );
        }
        // What is wrong in one dialect is mostly wrong in the others, and one mistake of the user.
        found.sort_by_key(|finding| (finding.labels[0].span.start, finding.code));
        found.dedup_by_key(|finding| (finding.labels[0].span.start, finding.code));
        findings.append(&mut found);
    }
}

/// Judges a section as one dialect reads it; whether there is any statement.
fn in_dialect(
    parsed: &Parsed<'_>,
    section: &Section,
    dialect: Dialect,
    configuration: &Configuration,
    findings: &mut Vec<Diagnostic>,
) -> bool {
    let file = parsed.file();
    let body = &parsed.script.text()[section.body.clone()];
    let start = section.body.start;
    let split = sql::split(dialect, body);
    if let Some(unterminated) = &split.unterminated {
        let at = start + unterminated.offset;
        let (what, closing) = opened(unterminated);
        findings.push(
            Diagnostic::new(Code::Unterminated, format!("this {what} does not end"))
                .label(file, at..at + unterminated.text.len(), "it begins here")
                .note("a section ends at the next marker, whatever is open")
                .help(format!("close it with `{closing}`")),
        );
    }
    for &offset in &split.delimiters {
        findings.push(
            Diagnostic::new(
                Code::DelimiterOutsideMysql,
                format!("`DELIMITER` is a command of the MySQL client, not of `{dialect}`"),
            )
            .label(file, start + offset..start + offset + "DELIMITER".len(), "")
            .help("remove the line; bodies are recognised without it")
            .help("or let the section run on MySQL only: `-- migrate:up mysql`"),
        );
    }
    let transactional = parsed.script.header().transaction == TransactionMode::Transactional;
    let tracking = &configuration.table.name;
    let meta = format!("{tracking}_meta");
    let mentions_tracking = sql::may_mention(body, tracking);
    for statement in &split.statements {
        for hazard in sql::hazards(dialect, statement) {
            let at = start + hazard.offset..start + hazard.offset + hazard.len;
            let finding = match hazard.kind {
                HazardKind::TransactionControl if !transactional => continue,
                HazardKind::NotInTransaction if !transactional => continue,
                HazardKind::TransactionControl => Diagnostic::new(
                    Code::TransactionControl,
                    "a revision cannot begin or end a transaction itself",
                )
                .label(file, at, "the revision already runs inside one, with its tracking row")
                .help("remove the statement")
                .help("or write `-- transaction: none` in the header to run outside a transaction"),
                HazardKind::NotInTransaction => Diagnostic::new(
                    Code::NotInTransaction,
                    format!("`{dialect}` does not run this inside a transaction"),
                )
                .label(file, at, "refused, or silently without effect")
                .help(
                    "move it into a revision of its own with `-- transaction: none` in the header",
                ),
                HazardKind::CopyFromStdin => Diagnostic::new(
                    Code::CopyFromStdin,
                    "`COPY … FROM stdin` needs a client that sends the rows",
                )
                .label(file, at, "")
                .help("write the rows as `INSERT` statements (`pg_dump --inserts` does)"),
                HazardKind::ReleasesLock => Diagnostic::new(
                    Code::TouchesTracking,
                    "this would free the lock that keeps other runners away",
                )
                .label(file, at, "")
                .help("remove the statement, or release the lock that is meant by its own key"),
            };
            findings.push(finding);
        }
        // The other name begins with this one.
        if !mentions_tracking {
            continue;
        }
        for name in [tracking, &meta] {
            if let Some(mention) = sql::mentions(dialect, statement, name) {
                let at = start + mention.start..start + mention.end;
                findings.push(
                    Diagnostic::new(
                        Code::TouchesTracking,
                        format!("a revision cannot touch the tracking table `{name}`"),
                    )
                    .label(file, at, "it records which revisions are applied")
                    .help("remove the statement; `cargo migrate` commands change the table"),
                );
            }
        }
    }
    !split.statements.is_empty()
}

/// What a construct is called, and what closes it.
fn opened<'a>(unterminated: &Unterminated<'a>) -> (&'static str, &'a str) {
    let opening = unterminated.text;
    match unterminated.kind {
        UnterminatedKind::String => ("string", &opening[opening.len().saturating_sub(1)..]),
        UnterminatedKind::Identifier if opening == "[" => ("quoted identifier", "]"),
        UnterminatedKind::Identifier => ("quoted identifier", opening),
        UnterminatedKind::DollarQuote => ("dollar-quoted string", opening),
        UnterminatedKind::Comment => ("comment", "*/"),
        UnterminatedKind::Body => ("body", "END"),
        UnterminatedKind::Parenthesis => ("parenthesis", ")"),
    }
}
