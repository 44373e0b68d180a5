//! Keeps passwords out of findings.
//!
//! A report shows the source line that it is about, and goes to build logs. A line of the manifest
//! that holds a database URL with a literal password is therefore never shown: its finding says the
//! line's number instead.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Position};
use crate::url::HIDDEN;

/// Takes the labels off those findings whose snippet would show a password.
pub(super) fn conceal(manifest: &str, findings: &mut [Diagnostic]) {
    for finding in findings {
        let Some(first) = finding.labels.first() else { continue };
        let at = Position::of(manifest, first.span.start).line;
        // Between two labels that are close to each other the lines in between are shown as well.
        let start = finding.labels.iter().map(|label| label.span.start).min();
        let end = finding.labels.iter().map(|label| label.span.end).max();
        let shown = lines(manifest, start.unwrap_or(0)..end.unwrap_or(0));
        if holds_password(shown) {
            finding.labels.clear();
            let place = format!(" (line {at}, not shown: it holds a password)");
            finding.message.push_str(&place);
        }
    }
}

/// The whole lines that a span touches.
fn lines(text: &str, span: Range<usize>) -> &str {
    let start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(span.end..).and_then(|after| after.find('\n'));
    text.get(start..end.map_or(text.len(), |at| span.end + at)).unwrap_or_default()
}

/// Whether something in the text looks like the password of a URL; `${VAR}` is none, and neither is what
/// stands where one was taken out.
pub(super) fn holds_password(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let in_query = ["password=", "passwd=", "pwd="]
        .iter()
        .flat_map(|key| lower.match_indices(key).map(|(at, key)| &lower[at + key.len()..]))
        .any(|value| {
            let value = value.split(['&', '"', '\'', '\n']).next().unwrap_or(value);
            !value.starts_with("${") && value != HIDDEN
        });
    in_query
        || lower.match_indices("://").any(|(at, _)| {
            let rest = &lower[at + 3..];
            let rest = rest.split('\n').next().unwrap_or(rest);
            let Some((before_host, _)) = rest.rsplit_once('@') else { return false };
            before_host.split_once(':').is_some_and(|(_, password)| {
                !password.is_empty() && !is_variable(password) && password != HIDDEN
            })
        })
}

/// Whether the text is one `${VAR}` and nothing else.
fn is_variable(text: &str) -> bool {
    text.strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_literal_passwords_are_told_from_others() {
        for secret in [
            "url = \"postgres://app:hunter2@db/app\"",
            "url = \"postgres://app:${PREFIX}hunter2@db/app\"",
            "a = \"mysql://db/app?Password=hunter2\"",
            "url = \"postgres://app:hun@ter2@db/app\" # mine",
        ] {
            assert!(holds_password(secret), "{secret}");
        }
        for harmless in [
            "url = \"sqlite:dev.db\"",
            "url = \"${DATABASE_URL}\"",
            "url = \"postgres://app:${PASSWORD}@db:5432/app\"",
            "url = \"postgres://app@db:5432/app?sslmode=require\"",
            "authors = [\"me: <me@example.com>\"]",
        ] {
            assert!(!holds_password(harmless), "{harmless}");
        }
    }
}
