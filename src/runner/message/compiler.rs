//! Findings about the files of a chain, in the schema of cargo and rustc, so that what reads `cargo check --message-format
//! json` reads them, too. Every field of theirs is here, whether it says anything or not.

use serde::{Deserialize, Serialize};

/// A finding, as cargo wraps what rustc says: `check`, and every command that meets a broken chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CompilerMessage {
    /// The package, as cargo names it.
    pub package_id: String,
    /// Its manifest.
    pub manifest_path: String,
    /// Its library, or else a binary.
    pub target: CompilerTarget,
    /// The finding.
    pub message: Diagnostic,
}

/// A target of a package, as cargo describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CompilerTarget {
    /// `lib`, `bin` and so on.
    pub kind: Vec<String>,
    /// What rustc makes of it.
    pub crate_types: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its root file.
    pub src_path: String,
    /// Its edition.
    pub edition: String,
    /// Whether it is documented.
    pub doc: bool,
    /// Whether its examples are tested.
    pub doctest: bool,
    /// Whether it has tests.
    pub test: bool,
}

/// A finding, or what is said with it, in rustc's schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// `diagnostic`; a child has no such field.
    #[serde(rename = "$message_type", default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// What is wrong, in one line.
    pub message: String,
    /// The code; `None` of a child.
    pub code: Option<DiagnosticCode>,
    /// `error`, `warning`, `note` or `help`.
    pub level: String,
    /// Where; the primary place is the first, and is in the user's own file: the SQL, the manifest, the source.
    pub spans: Vec<Span>,
    /// Notes and helps.
    pub children: Vec<Diagnostic>,
    /// The whole as people read it; `None` of a child.
    pub rendered: Option<String>,
}

/// The code of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiagnosticCode {
    /// Such as `M0013`.
    pub code: String,
    /// The page that `explain` shows.
    pub explanation: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Span {
    /// The file, relative to the root of the workspace.
    pub file_name: String,
    /// Where it begins, in bytes of the text with LF and without a byte order mark.
    pub byte_start: usize,
    /// Where it ends.
    pub byte_end: usize,
    /// The first line, from one.
    pub line_start: usize,
    /// The last line.
    pub line_end: usize,
    /// Where it begins in its first line, in characters from one.
    pub column_start: usize,
    /// Before which character of its last line it ends.
    pub column_end: usize,
    /// Whether it is what the finding is about; others give context.
    pub is_primary: bool,
    /// The lines.
    pub text: Vec<SpanLine>,
    /// What there is to say about it.
    pub label: Option<String>,
    /// `None`: no finding has one yet.
    pub suggested_replacement: Option<String>,
    /// `None`, too.
    pub suggestion_applicability: Option<String>,
    /// `None`: nothing here comes from a macro.
    pub expansion: Option<serde_json::Value>,
}

/// A line of a [`Span`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpanLine {
    /// The line, without its end.
    pub text: String,
    /// Where the span begins in it, in characters from one.
    pub highlight_start: usize,
    /// Before which character the span ends.
    pub highlight_end: usize,
}

/// What the chain is like: the end of `check`, where it is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Check {
    /// How many revisions it has.
    pub revisions: usize,
    /// Its heads.
    pub heads: Vec<String>,
    /// How many warnings there are.
    pub warnings: usize,
    /// The dialects whose drivers a shipped binary has; `None` of `cargo migrate`, which has all of them.
    pub drivers: Option<Vec<String>>,
}

/// A code of findings: `explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Such as `M0013`.
    pub code: String,
    /// What it says, in one line.
    pub summary: String,
    /// The page, in Markdown; `None` in the list of all codes.
    pub page: Option<String>,
}
