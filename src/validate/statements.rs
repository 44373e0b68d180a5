//! Rules about the SQL inside the sections.

use super::Parsed;
use crate::chain::listed;
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
        if is_empty(parsed, section) && !is_merge {
            findings.push(
                Diagnostic::new(Code::EmptySection, "this section is empty")
                    .label(parsed.file(), section.marker.clone(), "")
                    .help("write the SQL below it; where there is nothing to do, a comment that says why"),
            );
        }
        let selectors = &section.selectors;
        // With a word that nobody knows it is open in which dialects it would run.
        if selectors.dialects.is_empty() && !selectors.unknown.is_empty() {
            continue;
        }
        let dialects: Vec<Dialect> = configuration
            .dialects
            .iter()
            .copied()
            .filter(|&dialect| {
                let named = &selectors.dialects;
                named.is_empty() || named.iter().any(|selector| selector.value == dialect)
            })
            .collect();
        let mut found: Vec<(Dialect, Diagnostic)> = Vec::new();
        for &dialect in &dialects {
            let mut here = Vec::new();
            in_dialect(parsed, section, dialect, configuration, &mut here);
            found.extend(here.into_iter().map(|finding| (dialect, finding)));
        }
        // What is wrong in one dialect is mostly wrong in the others, and one mistake of the user.
        let place = |finding: &Diagnostic| (finding.labels[0].span.start, finding.code);
        found.sort_by_key(|(_, finding)| place(finding));
        for same in found.chunk_by(|(_, a), (_, b)| place(a) == place(b)) {
            let mut finding = same[0].1.clone();
            if finding.code == Code::Unterminated && same.len() < dialects.len() {
                let names = listed(same.iter().map(|(dialect, _)| dialect));
                finding =
                    finding.note(format!("{names} reads it so; other dialects quote otherwise"));
            }
            findings.push(finding);
        }
    }
}

/// Whether a section holds nothing at all. One with only a comment says that there is nothing to do.
fn is_empty(parsed: &Parsed<'_>, section: &Section) -> bool {
    let body = &parsed.script.text()[section.body.clone()];
    body.chars().all(|c| c.is_whitespace() || c == ';')
}

/// Judges a section as one dialect reads it.
fn in_dialect(
    parsed: &Parsed<'_>,
    section: &Section,
    dialect: Dialect,
    configuration: &Configuration,
    findings: &mut Vec<Diagnostic>,
) {
    let file = parsed.file();
    let body = &parsed.script.text()[section.body.clone()];
    let start = section.body.start;
    let split = sql::split(dialect, body);
    if let Some(unterminated) = &split.unterminated {
        let at = start + unterminated.offset;
        let (what, help) = opened(unterminated);
        findings.push(
            Diagnostic::new(Code::Unterminated, format!("this {what} does not end"))
                .label(file, at..at + unterminated.text.len(), "it begins here")
                .note("a section ends at the next marker, whatever is open")
                .help(help),
        );
    }
    if let Some((&first, others)) = split.delimiters.split_first() {
        let place = |offset| start + offset..start + offset + "DELIMITER".len();
        let mut finding = Diagnostic::new(
            Code::DelimiterOutsideMysql,
            format!("`DELIMITER` is a command of the MySQL client, not of `{dialect}`"),
        )
        .label(file, place(first), "");
        for &other in others {
            finding = finding.label(file, place(other), "");
        }
        findings.push(
            finding
                .help("remove these lines, and end statements with `;`: bodies are recognised without them")
                .help("or let the section run on MySQL only: `-- migrate:up mysql`"),
        );
        // What follows is cut at other places than its author meant.
        return;
    }
    let transactional = parsed.script.header().transaction == TransactionMode::Transactional;
    let tracking = &configuration.table.name;
    let [meta, lock] = ["_meta", "_lock"].map(|suffix| format!("{tracking}{suffix}"));
    let mentions_tracking = sql::may_mention(body, tracking);
    for statement in &split.statements {
        if let Some(command) = psql_command(dialect, statement.text) {
            let at = start + statement.offset;
            findings.push(
                Diagnostic::new(
                    Code::CopyFromStdin,
                    format!("`{command}` is a command of `psql`, and no SQL"),
                )
                .label(file, at..at + command.len(), "the server does not know it")
                .help("remove the line; `psql` alone can run it"),
            );
        }
        for hazard in sql::hazards(dialect, statement) {
            let at = start + hazard.offset..start + hazard.offset + hazard.len;
            let finding = match hazard.kind {
                HazardKind::TransactionControl | HazardKind::NotInTransaction if !transactional => {
                    continue;
                }
                HazardKind::TransactionControl => Diagnostic::new(
                    Code::TransactionControl,
                    "a revision cannot begin or end a transaction itself",
                )
                .label(file, at, "the revision already runs inside one, with its tracking row")
                .help("remove the statement")
                .help("or write `-- transaction: none` in the header to run outside a transaction"),
                HazardKind::NotInTransaction if sets_foreign_keys(&parsed.script.text()[at.clone()]) => {
                    Diagnostic::new(
                        Code::NotInTransaction,
                        "this has no effect inside a transaction",
                    )
                    .label(file, at, "")
                    .note("foreign keys are not enforced while a revision runs, and are checked after it")
                    .help("remove the statement")
                    .help("or, to have them enforced, write `-- foreign-keys: on` in the header")
                }
                HazardKind::NotInTransaction => Diagnostic::new(
                    Code::NotInTransaction,
                    format!("`{dialect}` does not run this inside a transaction"),
                )
                .label(file, at, "refused, or silently without effect")
                .help("move it into a revision of its own with `-- transaction: none` in the header"),
                HazardKind::CopyFromStdin => Diagnostic::new(
                    Code::CopyFromStdin,
                    "`COPY … FROM stdin` needs a client that sends the rows",
                )
                .label(file, at, "")
                .help("write the rows as `INSERT` statements (`pg_dump --inserts` does)"),
                HazardKind::LocksTables => Diagnostic::new(
                    Code::TouchesTracking,
                    "this would shut the tracking table out",
                )
                .label(file, at, "from here on the session reaches no table but the locked ones")
                .help("remove it, and the `UNLOCK TABLES` with it: while revisions run, a lock keeps other migrators away")
                .help("`mysqldump --skip-add-locks` writes neither"),
                HazardKind::ReleasesLock => Diagnostic::new(
                    Code::TouchesTracking,
                    "this would free the lock that keeps other runners away",
                )
                .label(file, at, "")
                .help(match dialect {
                    Dialect::Mysql => {
                        "remove it; release a lock of your own by its name, with `RELEASE_LOCK('name')`"
                    }
                    _ => "remove it; release a lock of your own by its key, with `pg_advisory_unlock(key)`",
                }),
            };
            findings.push(finding);
        }
        // The other names begin with this one.
        if !mentions_tracking {
            continue;
        }
        for name in [tracking, &meta, &lock] {
            if let Some(mention) = sql::mentions(dialect, statement, name) {
                let at = start + mention.start..start + mention.end;
                findings.push(
                    Diagnostic::new(
                        Code::TouchesTracking,
                        format!("a revision cannot touch the tracking table `{name}`"),
                    )
                    .label(file, at, "it records which revisions are applied")
                    .help("remove the statement; only `cargo migrate` commands change this table"),
                );
            }
        }
    }
}

/// The command of `psql` that a statement begins with, such as the `\restrict` of `pg_dump`; the `\.` below the rows
/// of a `COPY` is part of that.
fn psql_command(dialect: Dialect, statement: &str) -> Option<&str> {
    let is_end = |character: char| character.is_whitespace() || character == ';';
    let command = statement.split(is_end).next().filter(|_| dialect == Dialect::Postgres)?;
    (command.starts_with('\\') && command != "\\.").then_some(command)
}

/// Whether it is `PRAGMA foreign_keys = …`, which the migrator sees to itself.
fn sets_foreign_keys(statement: &str) -> bool {
    let statement = statement.to_ascii_lowercase();
    statement.starts_with("pragma") && statement.contains("foreign_keys")
}

/// What a construct is called, and what closes it.
fn opened(unterminated: &Unterminated<'_>) -> (&'static str, String) {
    let opening = unterminated.text;
    // Behind a prefix, as in `E'` and `U&"`.
    let quote = opening.get(opening.len().saturating_sub(1)..).unwrap_or(opening);
    let closed_by = |text: &str| format!("close it with `{text}`");
    match unterminated.kind {
        UnterminatedKind::String => ("string", closed_by(quote)),
        UnterminatedKind::Identifier if quote == "[" => ("quoted identifier", closed_by("]")),
        UnterminatedKind::Identifier if quote == "`" => {
            ("quoted identifier", String::from("close it with a backtick"))
        }
        UnterminatedKind::Identifier => ("quoted identifier", closed_by(quote)),
        UnterminatedKind::DollarQuote => ("dollar-quoted string", closed_by(opening)),
        UnterminatedKind::Comment => ("comment", closed_by("*/")),
        UnterminatedKind::Body => ("body", closed_by("END")),
        UnterminatedKind::Parenthesis => ("parenthesis", closed_by(")")),
    }
}
