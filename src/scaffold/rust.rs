//! Just enough of Rust's lexical structure to place one line and to see whether it is there.
//!
//! The macro call goes behind the inner attributes and inner docs, which must come first in a file, and
//! before everything else, where no `cfg` and no item can be in its way. Comments and literals are
//! blanked before anything is searched, so that a mention in the docs is not taken for code.

use std::ops::Range;

/// Whether the code calls `library::embed!`, by path or imported.
pub(super) fn embeds(text: &str, library: &str) -> bool {
    let code = dense(text);
    if mentions(&code, &format!("{library}::embed!")) {
        return true;
    }
    let imported = code.contains(&format!("extern crate {library};"))
        || code.split("use").skip(1).any(|rest| {
            let path = rest.split(';').next().unwrap_or_default();
            path.trim_start_matches([' ', ':']).starts_with(&format!("{library}::"))
                && (path.contains("embed") || path.contains('*'))
        });
    imported && mentions(&code, "embed!")
}

/// Whether the code names a path such as `cargo_migrate::build::`.
pub(super) fn names(text: &str, path: &str) -> bool {
    mentions(&dense(text), path)
}

/// Where the name of a function stands in its definition.
pub(super) fn function(text: &str, name: &str) -> Option<Range<usize>> {
    let definition = format!("fn {name}");
    let code = blank(text);
    let is_whole = |at: &usize| !code[at + definition.len()..].starts_with(is_word);
    let at = code.match_indices(&definition).map(|(at, _)| at).find(is_whole)?;
    Some(at + "fn ".len()..at + definition.len())
}

/// The text with one more statement at the top, behind inner attributes, inner docs and a licence.
pub(super) fn insert_at_top(text: &str, line: &str) -> String {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (head, tail) = text.split_at(top(text));
    let mut out = String::with_capacity(text.len() + line.len() + 6);
    out.push_str(head);
    if !head.is_empty() && head != "\u{feff}" {
        if !head.ends_with('\n') {
            out.push_str(newline);
        }
        out.push_str(newline);
    }
    out.push_str(line);
    out.push_str(newline);
    if !tail.is_empty() && !tail.starts_with(['\n', '\r']) {
        out.push_str(newline);
    }
    out.push_str(tail);
    out
}

/// Whether `needle` is in dense code, and is not the end of a longer name.
fn mentions(code: &str, needle: &str) -> bool {
    code.match_indices(needle).any(|(at, _)| !code[..at].ends_with(is_word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The code without comments, literals, and the white space that does not part two words.
fn dense(text: &str) -> String {
    let code = blank(text);
    let code = if has_shebang(text) { &code[line_end(text, 0)..] } else { &code };
    let mut out = String::with_capacity(code.len());
    for piece in code.split_whitespace() {
        if out.ends_with(is_word) && piece.starts_with(is_word) {
            out.push(' ');
        }
        out.push_str(piece);
    }
    out
}

fn has_shebang(text: &str) -> bool {
    text.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['))
}

/// Where the first item may be inserted.
fn top(text: &str) -> usize {
    let code = blank(text);
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    if has_shebang(&text[at..]) {
        at = line_end(text, at);
    }
    let mut place = at;
    let mut inner = false;
    loop {
        let space = text[at..].len() - text[at..].trim_start().len();
        let blank_line =
            text[at..at + space].matches('\n').count() > usize::from(!ends_line(text, at));
        at += space;
        let rest = &text[at..];
        // A comment that an empty line sets apart is the file's; any other belongs to what follows.
        if blank_line && !inner && place < at && text[place..at].trim_start().starts_with('/') {
            place = at - space;
            inner = true;
        }
        if rest.starts_with("//!") {
            at = line_end(text, at);
            (place, inner) = (at, true);
        } else if rest.starts_with("/*!") {
            at = block_end(text, at);
            (place, inner) = (at, true);
        } else if rest.starts_with("#!") && rest[2..].trim_start().starts_with('[') {
            at = bracket_end(&code, at);
            let line = line_end(text, at);
            if code[at..line].trim().is_empty() {
                at = line;
            }
            (place, inner) = (at, true);
        } else if rest.starts_with("//") && (!rest.starts_with("///") || rest.starts_with("////")) {
            at = line_end(text, at);
        } else if rest.starts_with("/*") && (!rest.starts_with("/**") || rest.starts_with("/**/")) {
            at = block_end(text, at);
        } else {
            return place;
        }
    }
}

fn ends_line(text: &str, at: usize) -> bool {
    at == 0 || text[..at].ends_with('\n')
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Behind the comment, and behind its line where nothing follows on it.
fn block_end(text: &str, at: usize) -> usize {
    let end = at + block_comment(&text.as_bytes()[at..]);
    let line = line_end(text, end);
    if text[end..line].trim().is_empty() { line } else { end }
}

fn bracket_end(code: &str, at: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code[at..].bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return at + offset + 1,
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    code.len()
}

/// The same text, of the same length, with spaces for comments and literals.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest {
            [b'/', b'/', ..] => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => block_comment(rest),
            [b'"', ..] => string(rest),
            [b'r', b'"' | b'#', ..] if !in_word(bytes, at) => raw_string(rest),
            [b'\'', ..] => character(&text[at..]),
            _ => 0,
        };
        for byte in &mut out[at..at + length] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at += length.max(1);
    }
    // Only whole literals and comments were replaced, each byte of them by a space.
    String::from_utf8(out).unwrap_or_else(|_| " ".repeat(text.len()))
}

/// `br"…"` and `cr"…"` are raw strings, `for"…"` is not.
fn in_word(bytes: &[u8], at: usize) -> bool {
    let word = bytes[..at].iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
    !matches!(word.copied().collect::<Vec<_>>().as_slice(), [] | [b'b' | b'c'])
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while at < bytes.len() && depth > 0 {
        match &bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Zero for a raw identifier.
fn raw_string(bytes: &[u8]) -> usize {
    let hashes = bytes[1..].iter().take_while(|b| **b == b'#').count();
    let open = 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return 0;
    }
    let close: Vec<u8> = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let end = bytes[open + 1..].windows(close.len()).position(|window| window == close);
    end.map_or(bytes.len(), |end| open + 1 + end + close.len())
}

/// Zero for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            text[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 3)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str) {
        let out = insert_at_top(before, "EMBED;");
        assert_eq!(out, after);
    }

    #[test]
    fn goes_to_the_top() {
        check("", "EMBED;\n");
        check("fn main() {}\n", "EMBED;\n\nfn main() {}\n");
        check("\nfn main() {}\n", "EMBED;\n\nfn main() {}\n");
        check("\u{feff}fn main() {}\n", "\u{feff}EMBED;\n\nfn main() {}\n");
        check("/// Docs of main.\nfn main() {}\n", "EMBED;\n\n/// Docs of main.\nfn main() {}\n");
        check("/** Docs. */\nfn main() {}\n", "EMBED;\n\n/** Docs. */\nfn main() {}\n");
        check("// about main\nfn main() {}\n", "EMBED;\n\n// about main\nfn main() {}\n");
        check("#[test]\nfn a() {}\n", "EMBED;\n\n#[test]\nfn a() {}\n");
    }

    #[test]
    fn goes_behind_inner_attributes_and_docs() {
        check("//! Docs.\n\nuse a;\n", "//! Docs.\n\nEMBED;\n\nuse a;\n");
        check("//! Docs.\nuse a;\n", "//! Docs.\n\nEMBED;\n\nuse a;\n");
        check("//! Docs.", "//! Docs.\n\nEMBED;\n");
        check(
            "/*! Docs /* nested */ */\nuse a;\n",
            "/*! Docs /* nested */ */\n\nEMBED;\n\nuse a;\n",
        );
        check(
            "#![doc = \"] not the end\"]\n// why\n#![allow(\n    dead_code, // ]\n)] // yes\nmod a;\n",
            "#![doc = \"] not the end\"]\n// why\n#![allow(\n    dead_code, // ]\n)] // yes\n\nEMBED;\n\nmod a;\n",
        );
        check("#![a] mod b;\n", "#![a]\n\nEMBED;\n\n mod b;\n");
        check("#! [a]\nmod b;\n", "#! [a]\n\nEMBED;\n\nmod b;\n");
        check(
            "#!/usr/bin/env run\nfn main() {}\n",
            "#!/usr/bin/env run\n\nEMBED;\n\nfn main() {}\n",
        );
        check(
            "#![doc = r#\"raw \"] \"#]\n\n// of the item\nmod b;\n",
            "#![doc = r#\"raw \"] \"#]\n\nEMBED;\n\n// of the item\nmod b;\n",
        );
    }

    #[test]
    fn goes_behind_a_licence() {
        check(
            "// Copyright\n// Someone\n\nuse a;\n",
            "// Copyright\n// Someone\n\nEMBED;\n\nuse a;\n",
        );
        check("/* Copyright */\n\nuse a;\n", "/* Copyright */\n\nEMBED;\n\nuse a;\n");
        check(
            "// Copyright\n\n//! Docs.\n\nuse a;\n",
            "// Copyright\n\n//! Docs.\n\nEMBED;\n\nuse a;\n",
        );
    }

    #[test]
    fn keeps_crlf() {
        check("//! Docs.\r\n\r\nuse a;\r\n", "//! Docs.\r\n\r\nEMBED;\r\n\r\nuse a;\r\n");
        check("use a;\r\n", "EMBED;\r\n\r\nuse a;\r\n");
    }

    #[test]
    fn sees_the_call() {
        for text in [
            "cargo_migrate::embed!();",
            "::cargo_migrate::embed!{}",
            "mod a { cargo_migrate :: embed ! (); }",
            "use cargo_migrate::embed;\nembed!();",
            "use cargo_migrate::{Migrator, embed}; embed!();",
            "#[macro_use]\nextern crate cargo_migrate;\nembed!();",
            "let c = '\"'; cargo_migrate::embed!();",
            "fn f<'a>(x: &'a str) {} cargo_migrate::embed!(); const S: &str = r\"\\\";",
            "const C: char = '\\''; cargo_migrate::embed!();",
        ] {
            assert!(embeds(text, "cargo_migrate"), "{text}");
        }
    }

    #[test]
    fn is_not_taken_in() {
        for text in [
            "// cargo_migrate::embed!();",
            "/* /* */ cargo_migrate::embed!(); */",
            "const S: &str = \"cargo_migrate::embed!();\";",
            "const S: &str = r##\"\"# cargo_migrate::embed!();\"##;",
            "use rust_embed::embed; embed!();",
            "my_cargo_migrate::embed!();",
            "use cargo_migrate::Migrator; embed!();",
        ] {
            assert!(!embeds(text, "cargo_migrate"), "{text}");
        }
    }

    #[test]
    fn the_blanked_text_has_the_same_length() {
        for text in
            ["'é' \"é\\\"\" // é\n'\\u{e9}' r#type br#\"x\"#", "\"open", "'", "'\\", "/*", "r#\""]
        {
            assert_eq!(blank(text).len(), text.len(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_only_added_to(text in "([a-zé'\"r#!/*\\\\\\[\\] \n\r;:]|//!|/\\*|#!\\[|cargo_migrate::embed!){0,40}") {
            let out = insert_at_top(&text, "EMBED;");
            let (head, tail) = out.split_once("EMBED;").unwrap();
            let kept = text.starts_with(head.trim_end_matches(['\n', '\r'])) && tail.ends_with(&text[top(&text)..]);
            proptest::prop_assert!(kept, "{text:?} -> {out:?}");
            embeds(&text, "cargo_migrate");
        }
    }
}
