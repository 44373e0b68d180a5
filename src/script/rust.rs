//! Revisions in Rust as text: the little that must be known of one before it is compiled.
//!
//! Not a parser: it tells words from what stands in comments, strings and characters, and accepts
//! anything. Whether a signature is right is rustc's affair, which says so in the user's own file.

/// The words of a Rust source outside comments and literals, with the byte at which each begins.
pub(crate) fn words(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut words = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match byte(at) {
            b'/' if byte(at + 1) == b'/' => {
                at = text[at..].find('\n').map_or(bytes.len(), |end| at + end);
            }
            b'/' if byte(at + 1) == b'*' => at = block_comment_end(bytes, at),
            b'"' => at = string_end(bytes, at + 1),
            b'\'' => at = quote_end(text, at),
            first if is_word(first) => {
                let start = at;
                while is_word(byte(at)) {
                    at += 1;
                }
                let word = &text[start..at];
                match raw_string_end(text, word, at) {
                    Some(end) => at = end,
                    None => words.push((start, word)),
                }
            }
            _ => at += 1,
        }
    }
    words
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Comments of this kind are nested.
fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Behind a character, or behind the quote of a lifetime.
fn quote_end(text: &str, start: usize) -> usize {
    let mut rest = text[start + 1..].char_indices();
    match rest.next() {
        Some((_, '\\')) => {
            // What is escaped may be a quote itself.
            let rest = text.get(start + 3..).unwrap_or_default();
            rest.find('\'').map_or(text.len(), |end| start + 3 + end + 1)
        }
        Some(_) => match rest.next() {
            Some((end, '\'')) => start + 1 + end + 1,
            _ => start + 1,
        },
        None => text.len(),
    }
}

/// The end of `r"…"` or `r#"…"#`, if the word is the prefix of one; `at` is its end.
fn raw_string_end(text: &str, word: &str, at: usize) -> Option<usize> {
    if !matches!(word, "r" | "br" | "cr") {
        return None;
    }
    let rest = &text[at..];
    let content = rest.trim_start_matches('#');
    let hashes = &rest[..rest.len() - content.len()];
    let content = content.strip_prefix('"')?;
    let start = text.len() - content.len();
    let end = format!("\"{hashes}");
    Some(content.find(&end).map_or(text.len(), |found| start + found + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&str> {
        words(text).into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn words_stand_outside_comments_and_literals() {
        assert_eq!(
            all("pub struct A; // B\n/* C /* D */ E */ fn f()"),
            ["pub", "struct", "A", "fn", "f"]
        );
        assert_eq!(all(r##"a("b \" c", r"d\", r#"e " f"#, br"g", b"h") i"##), ["a", "b", "i"]);
        assert_eq!(all(r"x<'a>('b', '\'', '\\', 'ä') y r#fn"), ["x", "a", "y", "r", "fn"]);
        assert_eq!(words("  ä b"), [(2, "ä"), (5, "b")]);
        for open in ["\"a", "/* a", "'", "'\\", "r#\"a", "'a", "\"\\"] {
            words(open);
        }
    }
}
