//! What the user asks for, as written: `head`, `-1`, `ae10`, `ae10+2`.
//!
//! Parsing only splits the text; what a name means is looked up in a chain by [`super::Plan`].

use std::fmt;
use std::str::FromStr;

/// The fixed point that a [`Target`] counts from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anchor {
    /// `head`: the one head.
    Head,
    /// `heads`: every head.
    Heads,
    /// `base`: before every revision.
    Base,
    /// `current`: where the database is; also what `+1` and `-1` count from.
    Current,
    /// An id, a unique prefix of one, or a branch label.
    Name(String),
}

/// A parsed target expression (`head`, `heads`, `base`, `current`, a name, `+N`, `-N`, `X+N`, `X-N`).
///
/// ```
/// use cargo_migrate::chain::{Anchor, Target};
///
/// let target: Target = "ae10-2".parse()?;
/// assert_eq!(target.anchor, Anchor::Name("ae10".into()));
/// assert_eq!(target.offset, -2);
/// assert!("-1abc".parse::<Target>().is_err());
/// # Ok::<(), cargo_migrate::chain::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// Where to count from.
    pub anchor: Anchor,
    /// How many revisions up (positive) or down (negative) from there.
    pub offset: i64,
}

impl Target {
    /// The one head.
    pub const HEAD: Self = Self { anchor: Anchor::Head, offset: 0 };
    /// Every head.
    pub const HEADS: Self = Self { anchor: Anchor::Heads, offset: 0 };
    /// Before every revision.
    pub const BASE: Self = Self { anchor: Anchor::Base, offset: 0 };

    /// `steps` up or down from where the database is.
    pub const fn relative(steps: i64) -> Self {
        Self { anchor: Anchor::Current, offset: steps }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.anchor {
            Anchor::Head => f.write_str("head")?,
            Anchor::Heads => f.write_str("heads")?,
            Anchor::Base => f.write_str("base")?,
            Anchor::Current if self.offset == 0 => f.write_str("current")?,
            Anchor::Current => {}
            Anchor::Name(name) => f.write_str(name)?,
        }
        if self.offset == 0 { Ok(()) } else { write!(f, "{:+}", self.offset) }
    }
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError {
    text: String,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no target: expected `head`, `heads`, `base`, `current`, a revision id or a \
             prefix of four or more characters, a branch label, `+N` or `-N`, or one of the first \
             group followed by `+N` or `-N`",
            self.text
        )
    }
}

impl std::error::Error for TargetError {}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TargetError { text: text.to_owned() };
        let sign = text.rfind(['+', '-']);
        let (name, offset) = match sign {
            None => (text, 0),
            Some(at) => {
                let digits = &text[at + 1..];
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(error());
                }
                let offset: i64 = text[at..].parse().map_err(|_| error())?;
                if offset == 0 {
                    return Err(error());
                }
                (&text[..at], offset)
            }
        };
        let anchor = match name {
            "" if sign.is_some() => Anchor::Current,
            "head" => Anchor::Head,
            "heads" => Anchor::Heads,
            "base" => Anchor::Base,
            "current" => Anchor::Current,
            name if !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')) =>
            {
                Anchor::Name(name.to_owned())
            }
            _ => return Err(error()),
        };
        Ok(Self { anchor, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_as_it_is_written() {
        for text in ["head", "heads", "base", "current", "ae10", "+1", "-3", "ae10+2", "head-1"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_expression_is_matched_whole() {
        for text in [
            "",
            "-1abc",
            "+",
            "-",
            "+0",
            "a b",
            "ae10+",
            "a-b",
            "head-1-1",
            "--1",
            "ä",
            "+99999999999999999999",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
