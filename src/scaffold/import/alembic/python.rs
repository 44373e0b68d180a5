//! Python as tokens: as much of it as it takes to read the head of a migration.
//!
//! Nothing is run, and nothing fails: what is no plain literal is said to be unknown.

/// What a name at the top level is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `None`, or an empty list.
    None,
    /// A string, or several.
    Texts(Vec<String>),
    /// Something that only Python can tell.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Word(String),
    Text(String),
    Sign(char),
    LineEnd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    kind: Kind,
    /// Whether it stands in column 1.
    is_first: bool,
}

/// A Python file, read.
#[derive(Debug)]
pub(super) struct Module {
    tokens: Vec<Token>,
}

impl Module {
    pub(super) fn parse(text: &str) -> Self {
        Self { tokens: tokens(text) }
    }

    /// The text at the top of the file.
    pub(super) fn docstring(&self) -> Option<&str> {
        let first = self.tokens.iter().find(|token| token.kind != Kind::LineEnd)?;
        match &first.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What a name is given at the top level; the last time counts.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        let is_name = |token: &Token| token.is_first && token.kind == Kind::Word(name.to_owned());
        let mut value = None;
        for (at, _) in self.tokens.iter().enumerate().filter(|(_, token)| is_name(token)) {
            let line = logical_line(&self.tokens[at + 1..]);
            // An annotation may stand between, and no comparison is meant.
            let annotated = line.first().is_some_and(|token| token.kind == Kind::Sign(':'));
            let sign = line.iter().position(|token| token.kind == Kind::Sign('='));
            match sign {
                Some(sign) if sign == 0 || annotated => value = Some(literal(&line[sign + 1..])),
                _ => {}
            }
        }
        value
    }

    /// Whether a function at the top level does nothing; none if there is no such function.
    pub(super) fn is_empty(&self, name: &str) -> Option<bool> {
        let at = self.tokens.windows(2).position(|pair| {
            pair[0].is_first
                && pair[0].kind == Kind::Word("def".to_owned())
                && pair[1].kind == Kind::Word(name.to_owned())
        })?;
        let rest = &self.tokens[at + 1..];
        let end = rest.iter().position(|token| token.is_first).unwrap_or(rest.len());
        let head = logical_line(rest);
        // The colon that ends the head is the last one of its line, or what follows is the body.
        let mut depth = 0_i32;
        let colon = head.iter().position(|token| {
            depth += nesting(&token.kind);
            depth == 0 && token.kind == Kind::Sign(':')
        })?;
        Some(rest[colon + 1..end].iter().all(|token| match &token.kind {
            Kind::Word(word) => matches!(word.as_str(), "pass" | "return" | "None"),
            Kind::Sign(sign) => *sign == '.' || *sign == ';',
            Kind::Text(_) | Kind::LineEnd => true,
        }))
    }
}

fn nesting(kind: &Kind) -> i32 {
    match kind {
        Kind::Sign('(' | '[' | '{') => 1,
        Kind::Sign(')' | ']' | '}') => -1,
        _ => 0,
    }
}

/// The tokens up to the end of the line, which brackets carry over.
fn logical_line(tokens: &[Token]) -> &[Token] {
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        depth += nesting(&token.kind);
        depth <= 0 && token.kind == Kind::LineEnd
    });
    &tokens[..end.unwrap_or(tokens.len())]
}

/// A string, `None`, or a tuple, list or set of strings.
fn literal(tokens: &[Token]) -> Value {
    let mut texts: Vec<String> = Vec::new();
    let mut joins = false;
    for token in tokens {
        match &token.kind {
            // Two literals side by side are one.
            Kind::Text(text) if joins => {
                if let Some(last) = texts.last_mut() {
                    last.push_str(text);
                }
            }
            Kind::Text(text) => {
                texts.push(text.clone());
                joins = true;
            }
            Kind::Sign(',') => joins = false,
            Kind::Sign('(' | ')' | '[' | ']' | '{' | '}') | Kind::LineEnd => {}
            Kind::Word(word) if word == "None" && tokens.len() == 1 => return Value::None,
            _ => return Value::Unknown,
        }
    }
    if texts.is_empty() && tokens.is_empty() {
        return Value::Unknown;
    }
    if texts.is_empty() { Value::None } else { Value::Texts(texts) }
}

fn tokens(text: &str) -> Vec<Token> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut is_first = true;
    while let Some(c) = rest.chars().next() {
        let mut push = |kind| tokens.push(Token { kind, is_first });
        let after = if c == '\n' {
            push(Kind::LineEnd);
            &rest[1..]
        } else if c == '\\' && rest[1..].trim_start_matches('\r').starts_with('\n') {
            rest[1..].trim_start_matches('\r').get(1..).unwrap_or_default()
        } else if c.is_whitespace() {
            &rest[c.len_utf8()..]
        } else if c == '#' {
            rest.find('\n').map_or("", |at| &rest[at..])
        } else if let Some((text, after)) = string(rest) {
            push(Kind::Text(text));
            after
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            push(Kind::Word(rest[..end].to_owned()));
            &rest[end..]
        } else {
            push(Kind::Sign(c));
            &rest[c.len_utf8()..]
        };
        is_first = c == '\n';
        rest = after;
    }
    tokens
}

/// A string literal of any kind, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let start = text.trim_start_matches(|c: char| "rRbBuUfF".contains(c));
    let prefix = &text[..text.len() - start.len()];
    if prefix.len() > 2 {
        return None;
    }
    let is_raw = prefix.contains(['r', 'R']);
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| start.starts_with(quote))?;
    let mut rest = &start[quote.len()..];
    let mut value = String::new();
    loop {
        if let Some(after) = rest.strip_prefix(quote) {
            return Some((value, after));
        }
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            value.push(c);
            continue;
        }
        let escaped = rest.chars().next()?;
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            _ if is_raw => value.extend(['\\', escaped]),
            '\n' => {}
            'n' => value.push('\n'),
            't' => value.push('\t'),
            '\\' | '\'' | '"' => value.push(escaped),
            other => value.extend(['\\', other]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        Module::parse(text).value("down_revision")
    }

    fn texts(texts: &[&str]) -> Value {
        Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn values() {
        assert_eq!(value("down_revision = 'a1'"), Some(texts(&["a1"])));
        assert_eq!(
            value("down_revision: Union[str, None] = \"a1\"  # x\r\nother = 2"),
            Some(texts(&["a1"]))
        );
        assert_eq!(
            value("down_revision = (\n    'a1',  # first\n    'b' '2',\n)\nx = 1"),
            Some(texts(&["a1", "b2"]))
        );
        assert_eq!(value("down_revision = ['a1']"), Some(texts(&["a1"])));
        assert_eq!(value("down_revision = \\\n  'a1'"), Some(texts(&["a1"])));
        assert_eq!(value("down_revision: str | None = None"), Some(Value::None));
        assert_eq!(value("down_revision = ()"), Some(Value::None));
        assert_eq!(value("down_revision = settings.DOWN"), Some(Value::Unknown));
        assert_eq!(value("down_revision = f('a')"), Some(Value::Unknown));
        assert_eq!(
            value(
                "\"\"\"\ndown_revision = 'no'\n\"\"\"\n# down_revision = 'no'\n  down_revision = 'no'"
            ),
            None
        );
        assert_eq!(value("down_revision == 'no'"), Some(Value::Unknown));
    }

    #[test]
    fn docstrings_and_functions() {
        let module = Module::parse(
            "# x\n\"\"\"add \\\"users\\\"\n\nRevision ID: a1\n\"\"\"\nimport x\n\
             def upgrade() -> None:\n    \"\"\"Up.\"\"\"\n    pass\n\n\ndef downgrade(a: int): op.x()\n",
        );
        assert_eq!(module.docstring(), Some("add \"users\"\n\nRevision ID: a1\n"));
        assert_eq!(module.is_empty("upgrade"), Some(true));
        assert_eq!(module.is_empty("downgrade"), Some(false));
        assert_eq!(module.is_empty("other"), None);
    }
}
