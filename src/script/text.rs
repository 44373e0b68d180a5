//! From the bytes of a file to the text that is baked, hashed and run.

use std::borrow::Cow;

/// Why bytes cannot be the text of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextError {
    /// Not UTF-8, from this byte on.
    NotUtf8 { at: usize },
    /// A NUL byte: a database would cut the statement there, or wait for ever.
    Nul { at: usize },
}

/// UTF-8 without BOM and with LF, also inside literals: what is baked and run on every system.
///
/// Without this the same revision would have another checksum on Windows, where git writes CRLF.
/// On an error the bytes come back, to be shown.
pub(crate) fn normalise(bytes: Vec<u8>) -> Result<String, (TextError, Vec<u8>)> {
    let text = String::from_utf8(bytes).map_err(|error| {
        (TextError::NotUtf8 { at: error.utf8_error().valid_up_to() }, error.into_bytes())
    })?;
    // `slice::contains` is the standard library's optimised search; a loop of ours would run
    // unoptimised in build scripts.
    if text.as_bytes().contains(&0) {
        let at = text.find('\0').unwrap_or_default();
        return Err((TextError::Nul { at }, text.into_bytes()));
    }
    let needs_change = text.starts_with('\u{feff}') || text.as_bytes().contains(&b'\r');
    Ok(if needs_change { normalise_str(&text).into_owned() } else { text })
}

/// The same for text that is known to be UTF-8 without NUL.
pub(crate) fn normalise_str(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.as_bytes().contains(&b'\r') {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bom_and_carriage_returns_go_and_everything_else_stays() {
        let text = |bytes: &[u8]| normalise(bytes.to_vec()).map_err(|(error, _)| error);
        assert_eq!(text(b"\xef\xbb\xbfa\r\nb\rc\n").unwrap(), "a\nb\rc\n");
        assert_eq!(text(b"plain").unwrap(), "plain");
        assert_eq!(text(b"a\xff"), Err(TextError::NotUtf8 { at: 1 }));
        assert_eq!(text(b"ab\0"), Err(TextError::Nul { at: 2 }));
    }
}
