//! The sections of one direction, in every dialect.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::{Imported, Part, Tool, Transaction, cascades, diesel, transaction};
use super::{BOM, MARKER, Writer, content};
use crate::Dialect;

impl Writer<'_> {
    /// The sections of one direction: one for each script, and for dialects with the same script one.
    pub(super) fn sections(
        &mut self,
        direction: &str,
        parts: &[Part<'_>],
        migration: &Imported<'_>,
    ) -> String {
        let named: BTreeSet<Dialect> = parts.iter().filter_map(|part| part.dialect).collect();
        let mut sections: Vec<(Vec<Dialect>, String)> = Vec::new();
        for part in parts {
            let dialects = self.dialects.of(part, &named);
            if dialects.is_empty() {
                continue;
            }
            let Some(mut text) = self.script(part, migration, &dialects) else { continue };
            // Templates leave one behind; of an up script it may be what a checksum is over.
            if direction == "down" && text.trim().is_empty() {
                text = format!("-- nothing: the down script of {} is empty\n", self.tool);
            }
            let same = sections.iter_mut().find(|(others, other)| {
                *other == text && others.iter().all(|dialect| !dialects.contains(dialect))
            });
            match same {
                Some((others, _)) => others.extend(dialects),
                None => sections.push((dialects, text)),
            }
        }
        let mut out = String::new();
        for (dialects, body) in &sections {
            push(&mut out, direction, &self.dialects.selector(dialects), body);
        }
        let covered: Vec<Dialect> =
            sections.iter().flat_map(|(dialects, _)| dialects).copied().collect();
        let missing: Vec<Dialect> = self
            .dialects
            .served
            .iter()
            .copied()
            .filter(|dialect| !covered.contains(dialect))
            .collect();
        if !missing.is_empty() {
            let words: Vec<&str> = missing.iter().map(|dialect| dialect.name()).collect();
            let (words, selector) = (words.join(" and "), self.dialects.selector(&missing));
            let body = format!("-- nothing: {} has no {direction} script for {words}\n", self.tool);
            push(&mut out, direction, &selector, &body);
            self.notes.push(format!(
                "`{}`: {} has no {direction} script for {words}, so nothing happens there",
                migration.path, self.tool
            ));
        }
        out
    }

    /// The text of one section.
    fn script(
        &mut self,
        part: &Part<'_>,
        migration: &Imported<'_>,
        dialects: &[Dialect],
    ) -> Option<String> {
        let text = content(part, self.problems)?;
        if part.bytes.starts_with(BOM.as_bytes()) {
            self.notes.push(format!("`{}`: left out the byte order mark at its start", part.path));
        }
        if self.tool == Tool::Sqlx && dialects.contains(&Dialect::Sqlite) {
            if self.has_cascades && cascades::removes(text) {
                note(&mut self.cascading, part.path);
            }
            self.has_cascades |= cascades::declares(text);
        }
        let mut text = Cow::Borrowed(text);
        if let Some(without) =
            of_all(dialects, |dialect| transaction::without_locks(dialect, &text))
        {
            note(&mut self.without_locks, part.path);
            text = Cow::Owned(without);
        }
        // Outside a transaction its own ones are what the tool runs, and a pragma has an effect.
        if migration.transaction != Transaction::Outside {
            if let Some(without) =
                of_all(dialects, |dialect| transaction::without_pragmas(dialect, &text))
            {
                note(&mut self.without_pragmas, part.path);
                text = Cow::Owned(without);
            }
            if let Some(unwrapped) =
                of_all(dialects, |dialect| transaction::unwrapped(dialect, &text))
            {
                note(&mut self.unwrapped, part.path);
                text = Cow::Owned(unwrapped);
            }
        }
        if self.tool == Tool::Diesel
            && dialects == [Dialect::Sqlite]
            && let Some(written_out) = diesel::updated_at::written_out(&text)
        {
            note(&mut self.written_out, part.path);
            text = Cow::Owned(written_out);
        }
        Some(text.into_owned())
    }
}

/// What a text becomes, if it becomes that in every dialect.
fn of_all(dialects: &[Dialect], change: impl Fn(Dialect) -> Option<String>) -> Option<String> {
    let [first, others @ ..] = dialects else { return None };
    let changed = change(*first)?;
    others.iter().all(|other| change(*other).as_ref() == Some(&changed)).then_some(changed)
}

/// Names a file once in a list.
fn note(files: &mut Vec<String>, path: &str) {
    let path = format!("`{path}`");
    if !files.contains(&path) {
        files.push(path);
    }
}

fn push(out: &mut String, direction: &str, selector: &str, body: &str) {
    out.extend(["\n", MARKER, direction, selector, "\n"]);
    out.push_str(body);
    if !body.is_empty() && !body.ends_with('\n') {
        out.push('\n');
    }
}
