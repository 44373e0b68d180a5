//! The sections of one direction, in every dialect.

use std::collections::BTreeSet;

use super::super::{Imported, Part, Tool, Transaction, diesel, transaction};
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
            let Some(text) = self.script(part, migration, &dialects) else { continue };
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
        if migration.transaction == Transaction::AsWritten
            && let [first, others @ ..] = dialects
            && let Some(unwrapped) = transaction::unwrapped(*first, text)
            && others
                .iter()
                .all(|other| transaction::unwrapped(*other, text).as_ref() == Some(&unwrapped))
        {
            let path = format!("`{}`", part.path);
            if !self.unwrapped.contains(&path) {
                self.unwrapped.push(path);
            }
            return Some(unwrapped);
        }
        if self.tool == Tool::Diesel
            && dialects == [Dialect::Sqlite]
            && let Some(text) = diesel::updated_at::written_out(text)
        {
            self.written_out.push(format!("`{}`", part.path));
            return Some(text);
        }
        Some(text.to_owned())
    }
}

fn push(out: &mut String, direction: &str, selector: &str, body: &str) {
    out.extend(["\n", MARKER, direction, selector, "\n"]);
    out.push_str(body);
    if !body.is_empty() && !body.ends_with('\n') {
        out.push('\n');
    }
}
