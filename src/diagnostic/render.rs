//! Findings as rustc shows its own: code, place, the text underlined, help.
//!
//! The look is that of annotate-snippets, which rustc and cargo use; two forms are made of it, one
//! for terminals and one for the body of a `compile_error!`.

use std::borrow::Cow;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, FileId, Severity, Sources, visible};

impl Diagnostic {
    /// The finding as a report without colour: `error[M0013]: …`, the snippets, notes and helps.
    pub fn render(&self, sources: &Sources) -> String {
        self.render_with(sources, &Renderer::plain())
    }

    /// The same with ANSI colours, for a terminal.
    pub fn render_styled(&self, sources: &Sources) -> String {
        self.render_with(sources, &Renderer::styled())
    }

    /// The report as the text of a `compile_error!`.
    ///
    /// rustc puts `error: ` before it, so the first line is the bare message with the code behind.
    pub fn render_for_rustc(&self, sources: &Sources) -> String {
        let report = self.render(sources);
        let body = report.split_once('\n').map_or("", |(_, body)| body);
        let mut text = format!("{} [{}]", visible(&self.message), self.code);
        if !body.is_empty() {
            text.push('\n');
            text.push_str(body);
        }
        text
    }

    fn render_with(&self, sources: &Sources, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group =
            Group::with_title(level.primary_title(visible(&self.message)).id(self.code.id()));
        for file in self.files() {
            let source = sources.file(file);
            let path = visible(&sources.shown_path(file)).into_owned();
            // Nothing of it can be shown: it is about the file, not about a place in it.
            if source.text().is_empty() {
                group = group.element(Origin::path(path));
                continue;
            }
            let mut snippet = Snippet::source(tame(source.text())).path(path);
            for (index, label) in self.labels.iter().enumerate() {
                if label.file != file {
                    continue;
                }
                let kind =
                    if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let mut annotation = kind.span(label.span.clone());
                if !label.text.is_empty() {
                    annotation = annotation.label(visible(&label.text));
                }
                snippet = snippet.annotation(annotation);
            }
            group = group.element(snippet);
        }
        for note in &self.notes {
            group = group.element(Level::NOTE.message(visible(note)));
        }
        for help in &self.helps {
            group = group.element(Level::HELP.message(visible(help)));
        }
        renderer.clone().term_width(DEFAULT_TERM_WIDTH).render(&[group])
    }

    /// The files of the labels, the primary one first, each once.
    fn files(&self) -> Vec<FileId> {
        let mut files = Vec::new();
        for label in &self.labels {
            if !files.contains(&label.file) {
                files.push(label.file);
            }
        }
        files
    }
}

/// A source without C1 controls, which annotate-snippets shows as they are and terminals obey.
///
/// Each becomes a character of the same size, so that spans keep their meaning.
fn tame(text: &str) -> Cow<'_, str> {
    let is_c1 = |c: char| matches!(c, '\u{80}'..='\u{9f}');
    if text.contains(is_c1) { Cow::Owned(text.replace(is_c1, "·")) } else { Cow::Borrowed(text) }
}
