//! Rust as tokens: as much of the language as it takes to find a list of names or an SQL literal.
//!
//! It never fails: what it does not know is a sign like any other.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// What a string literal stands for.
    Text(String),
    /// Any other sign.
    Sign(char),
    /// A literal of another kind.
    Other,
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        match self {
            Self::Word(own) => own == word,
            Self::Sign(own) => word.chars().eq([*own]),
            Self::Text(_) | Self::Other => false,
        }
    }
}

/// The tokens of a text; comments are left out.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = if first.is_whitespace() {
            rest.trim_start()
        } else if rest.starts_with("//") {
            rest.find('\n').map_or("", |at| &rest[at..])
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some((text, after)) = string(rest) {
            tokens.push(Token::Text(text));
            after
        } else if first == '\'' {
            let (token, after) = quote(rest);
            tokens.push(token);
            after
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            &rest[end..]
        } else {
            tokens.push(Token::Sign(first));
            &rest[first.len_utf8()..]
        };
    }
    tokens
}

fn block_comment(text: &str) -> &str {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    &text[at.min(text.len())..]
}

/// A string literal of any kind, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let start = text.trim_start_matches(['b', 'c']);
    if text.len() - start.len() > 1 {
        return None;
    }
    if let Some(raw) = start.strip_prefix('r') {
        let content = raw.trim_start_matches('#');
        let hashes = &raw[..raw.len() - content.len()];
        let content = content.strip_prefix('"')?;
        let end = format!("\"{hashes}");
        let at = content.find(&end)?;
        return Some((content[..at].to_owned(), &content[at + end.len()..]));
    }
    let mut value = String::new();
    let mut rest = start.strip_prefix('"')?;
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => return Some((value, rest)),
            '\\' => rest = escape(rest, &mut value)?,
            c => value.push(c),
        }
    }
}

/// What follows a backslash.
fn escape<'t>(text: &'t str, value: &mut String) -> Option<&'t str> {
    let c = text.chars().next()?;
    let rest = &text[c.len_utf8()..];
    match c {
        'n' => value.push('\n'),
        'r' => value.push('\r'),
        't' => value.push('\t'),
        '0' => value.push('\0'),
        '\n' | '\r' => return Some(rest.trim_start()),
        'x' => {
            let code = u8::from_str_radix(rest.get(..2)?, 16).ok()?;
            value.push(char::from(code));
            return rest.get(2..);
        }
        'u' => {
            let (code, rest) = rest.strip_prefix('{')?.split_once('}')?;
            value.push(char::from_u32(u32::from_str_radix(&code.replace('_', ""), 16).ok()?)?);
            return Some(rest);
        }
        other => value.push(other),
    }
    Some(rest)
}

/// A character or the name of a lifetime.
fn quote(text: &str) -> (Token, &str) {
    let mut chars = text[1..].char_indices();
    if text[1..].starts_with('\\') {
        // The escaped sign may itself be a quote.
        let end = text[1..].char_indices().skip(2).find(|(_, c)| *c == '\'');
        return (Token::Other, end.map_or("", |(at, _)| &text[at + 2..]));
    }
    match (chars.next(), chars.next()) {
        (Some(_), Some((at, '\''))) => (Token::Other, &text[at + 2..]),
        _ => (Token::Sign('\''), &text[1..]),
    }
}

/// The tokens between the braces of the function of this name, if there is one.
pub(super) fn body<'t>(tokens: &'t [Token], name: &str) -> Option<&'t [Token]> {
    let at = tokens.windows(2).position(|pair| pair[0].is("fn") && pair[1].is(name))?;
    let open = at + tokens[at..].iter().position(|token| token.is("{"))?;
    let mut depth = 0_usize;
    for (index, token) in tokens[open..].iter().enumerate() {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
        }
        if depth == 0 {
            return Some(&tokens[open + 1..open + index]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_what_they_stand_for() {
        let texts = |text: &str| -> Vec<String> {
            let texts = tokens(text).into_iter().filter_map(|token| match token {
                Token::Text(text) => Some(text),
                _ => None,
            });
            texts.collect()
        };
        assert_eq!(
            texts(
                r##"f("a\n\"b\u{e9}", r#"raw "x" \n"#, "con\
            tinued") // "no""##
            ),
            ["a\n\"bé", "raw \"x\" \\n", "continued"]
        );
        assert_eq!(texts("/* \"a\" /* */ \"b\" */ 'x' '\\'' '\"' &'a str \"c\""), ["c"]);
        assert_eq!(texts("\"open"), [""; 0]);
    }

    #[test]
    fn bodies_of_functions() {
        let tokens = tokens("impl X { async fn up(&self) -> R { { } a } fn down() { b } }");
        assert_eq!(body(&tokens, "down"), Some(&[Token::Word("b".to_owned())][..]));
        assert_eq!(body(&tokens, "up").map(<[_]>::len), Some(3));
        assert_eq!(body(&tokens, "other"), None);
    }
}
