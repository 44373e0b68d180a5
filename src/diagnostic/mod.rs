//! What is wrong with a chain, and where.
//!
//! A [`Diagnostic`] is a finding about the user's files: a stable [`Code`], a message in terms of
//! those files, labels that point into them, and the way out. Parsers and rules return their value
//! together with all their findings; nothing here decides whether to stop. Rendering lives in
//! `render` (features `build` and `cli`), so that the runtime carries none of it.
//!
//! This room imports nothing of the crate.

mod code;
#[cfg(feature = "build")]
mod render;
mod source;
pub(crate) mod suggest;

use std::borrow::Cow;
use std::ops::Range;

pub use code::{Code, UnknownCode};
pub use source::{FileId, Position, SourceFile, Sources};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Printed; the chain is still usable.
    Warning,
    /// The chain is invalid: the build stops and nothing is applied.
    Error,
}

impl Severity {
    /// The word that rustc uses for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a file, with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file.
    pub file: FileId,
    /// The byte range in the file's normalised text.
    pub span: Range<usize>,
    /// What is underlined there; may be empty.
    pub text: String,
}

/// One finding.
///
/// The first label is the primary place; the others give context, also in other files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule found it.
    pub code: Code,
    /// Its weight, after the configuration's `lints` were applied.
    pub severity: Severity,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where; the first one is the primary place.
    pub labels: Vec<Label>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to type or to change.
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// A finding with the severity that its code has by default.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// Adds a label; the first one added is the primary place.
    #[must_use]
    pub fn label(mut self, file: FileId, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label { file, span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// The finding in one line: `path:line:column: message [code]; help: …`.
    ///
    /// The form for channels that hold a single line, such as cargo's `warning=` directive.
    pub fn one_line(&self, sources: &Sources) -> String {
        let place = self.labels.first().map(|label| {
            let file = sources.file(label.file);
            format!("{}:{}: ", sources.shown_path(label.file), file.position(label.span.start))
        });
        let place = place.unwrap_or_default();
        let mut line = format!("{place}{} [{}]", self.message, self.code);
        for help in &self.helps {
            line.push_str("; help: ");
            line.push_str(help);
        }
        visible(&line.replace(['\n', '\r'], " ")).into_owned()
    }
}

/// A text without characters that steer a terminal or turn the direction of writing.
///
/// Messages quote files that may come from strangers, and go to terminals and build logs.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.contains(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character steers a terminal or turns the direction of writing.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
