//! SQL that a revision in Rust hands over, and the file that it may come from.

use std::borrow::Cow;

/// SQL as text: a literal, a `String`, or a file by [`include_sql!`](crate::include_sql).
#[derive(Clone, Debug)]
pub struct SqlText<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) file: Option<&'static str>,
}

impl SqlText<'static> {
    /// The text of a file that was compiled in.
    #[doc(hidden)]
    pub fn of_file(file: &'static str, text: &'static str) -> Self {
        // As a revision's own text is before anything else looks at it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = if text.contains('\r') {
            Cow::Owned(text.replace("\r\n", "\n"))
        } else {
            Cow::Borrowed(text)
        };
        Self { text, file: Some(file) }
    }
}

impl<'a> From<&'a str> for SqlText<'a> {
    fn from(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), file: None }
    }
}

impl<'a> From<&'a String> for SqlText<'a> {
    fn from(text: &'a String) -> Self {
        Self { text: Cow::Borrowed(text), file: None }
    }
}

impl From<String> for SqlText<'_> {
    fn from(text: String) -> Self {
        Self { text: Cow::Owned(text), file: None }
    }
}

/// The SQL of a file, compiled into the program; its path is relative to the file that says this.
///
/// In the migrations directory its name must begin with `_`, or it would be taken for a revision. An
/// error names the line of that file.
///
/// ```ignore
/// op.execute(include_sql!("_countries.sql")).await?;
/// ```
#[macro_export]
macro_rules! include_sql {
    ($path:literal $(,)?) => {
        $crate::SqlText::of_file($path, ::core::include_str!($path))
    };
}
