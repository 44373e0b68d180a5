//! Findings in the schema of cargo and rustc.

use std::ops::Range;

use super::workspace::{Member, Workspace};
use crate::diagnostic::{Code, Diagnostic, Label, Position, Sources};
use crate::runner::Ui;
use crate::runner::message::{self, CompilerMessage, DiagnosticCode, Span, SpanLine};

/// A finding about a package, as `cargo check --message-format json` would print it.
///
/// `None` of a package without any target, which cargo refuses anyway.
pub(super) fn compiler_message(
    workspace: &Workspace,
    member: &Member,
    finding: &Diagnostic,
    sources: &Sources,
    ui: &Ui,
) -> Option<CompilerMessage> {
    // rustc runs in the root of the workspace, and so readers look for files from there.
    let root = workspace.manifest_path.parent()?;
    let file_name = |path: &str| {
        let path = member.root().join(path);
        path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/")
    };
    let span = |(index, label): (usize, &Label)| {
        let file = sources.file(label.file);
        span(file_name(file.path()), file.text(), label, index == 0)
    };
    let child = |level: &str, text: &String| message::Diagnostic {
        message_type: None,
        message: text.clone(),
        code: None,
        level: level.to_owned(),
        spans: Vec::new(),
        children: Vec::new(),
        rendered: None,
    };
    let notes = finding.notes.iter().map(|note| child("note", note));
    let helps = finding.helps.iter().map(|help| child("help", help));
    Some(CompilerMessage {
        package_id: member.id.clone(),
        manifest_path: member.manifest_path.display().to_string(),
        target: member.target.clone()?,
        message: message::Diagnostic {
            message_type: Some(String::from("diagnostic")),
            message: finding.message.clone(),
            code: Some(DiagnosticCode {
                code: finding.code.to_string(),
                explanation: Some(page(finding.code, ui)),
            }),
            level: finding.severity.name().to_owned(),
            spans: finding.labels.iter().enumerate().map(span).collect(),
            children: notes.chain(helps).collect(),
            rendered: Some(finding.render(sources) + "\n\n"),
        },
    })
}

/// The page of a code, as people read it.
pub(super) fn page(code: Code, ui: &Ui) -> String {
    // The tests judge the examples by these words.
    let page = code.explain().replace("```sql wrong", "```sql").replace("```sql right", "```sql");
    ui.typed(page.trim_end()).into_owned()
}

fn span(file_name: String, text: &str, label: &Label, is_primary: bool) -> Span {
    let Range { start, end } = label.span;
    let (first, last) = (Position::of(text, start), Position::of(text, end.max(start)));
    let lines = text.split('\n').enumerate().skip(first.line - 1).take(last.line - first.line + 1);
    let line = |(index, line): (usize, &str)| SpanLine {
        text: line.to_owned(),
        highlight_start: if index + 1 == first.line { first.column } else { 1 },
        highlight_end: if index + 1 == last.line { last.column } else { line.chars().count() + 1 },
    };
    Span {
        file_name,
        byte_start: start,
        byte_end: end,
        line_start: first.line,
        line_end: last.line,
        column_start: first.column,
        column_end: last.column,
        is_primary,
        // A file of which nothing can be shown has no line, either.
        text: if text.is_empty() { Vec::new() } else { lines.map(line).collect() },
        label: Some(label.text.clone()).filter(|text| !text.is_empty()),
        suggested_replacement: None,
        suggestion_applicability: None,
        expansion: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_over_lines_highlights_each_of_them() {
        let text = "é one\ntwo\nthree\n";
        let mut sources = Sources::new();
        let file = sources.add("a.sql", text);
        let start = text.find("one").unwrap();
        let end = text.find("ree").unwrap();
        let label = Label { file, span: start..end, text: String::new() };
        let found = span(String::from("a.sql"), text, &label, true);
        let highlights: Vec<_> = found
            .text
            .iter()
            .map(|line| (line.text.as_str(), line.highlight_start, line.highlight_end))
            .collect();
        assert_eq!(highlights, [("é one", 3, 6), ("two", 1, 4), ("three", 1, 3)]);
        assert_eq!((found.line_start, found.column_start), (1, 3));
        assert_eq!((found.line_end, found.column_end), (3, 3));
        assert_eq!(&text[found.byte_start..found.byte_end], "one\ntwo\nth");
        assert_eq!(found.label, None);
    }

    #[test]
    fn a_span_at_the_end_of_a_file_is_one_of_its_lines() {
        let mut sources = Sources::new();
        let file = sources.add("a.sql", "one\n");
        let label = Label { file, span: 4..4, text: String::from("here") };
        let found = span(String::from("a.sql"), "one\n", &label, false);
        assert_eq!((found.line_start, found.column_start, found.text.len()), (2, 1, 1));
        assert_eq!(found.label.as_deref(), Some("here"));
    }
}
