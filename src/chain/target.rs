//! What the user asks for, as written: `head`, `-1`, `ae10`, `billing@+2`, `ae10:head`.
//!
//! Parsing only splits the text, and always the whole of it: `-1abc` is an error, not `-1`. What a
//! name means is looked up in a chain, by one resolver for all commands (`resolve.rs`); so nothing here
//! knows a chain.

use std::fmt;
use std::str::FromStr;

/// The fixed point that a [`Target`] counts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// A parsed target expression: `[BRANCH@]ANCHOR[+N|-N]`, or `[BRANCH@]+N` and `[BRANCH@]-N`.
///
/// ```
/// use cargo_migrate::chain::{Anchor, Target};
///
/// let target: Target = "billing@ae10-2".parse()?;
/// assert_eq!(target.branch.as_deref(), Some("billing"));
/// assert_eq!(target.anchor, Anchor::Name("ae10".into()));
/// assert_eq!(target.offset, -2);
/// assert_eq!(target.to_string(), "billing@ae10-2");
/// assert!("-1abc".parse::<Target>().is_err());
/// # Ok::<(), cargo_migrate::chain::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Target {
    /// What stands before `@`: a branch label, an id or a prefix, whose line is meant.
    pub branch: Option<String>,
    /// Where to count from.
    pub anchor: Anchor,
    /// How many revisions up (positive) or down (negative) from there.
    pub offset: i64,
}

impl Target {
    /// The one head.
    pub const HEAD: Self = Self::at(Anchor::Head);
    /// Every head.
    pub const HEADS: Self = Self::at(Anchor::Heads);
    /// Before every revision.
    pub const BASE: Self = Self::at(Anchor::Base);

    /// Exactly there.
    ///
    /// ```
    /// use cargo_migrate::chain::{Anchor, Target};
    ///
    /// assert_eq!(Target::at(Anchor::Head), Target::HEAD);
    /// ```
    pub const fn at(anchor: Anchor) -> Self {
        Self { branch: None, anchor, offset: 0 }
    }

    /// `steps` up or down from where the database is.
    ///
    /// ```
    /// use cargo_migrate::chain::Target;
    ///
    /// assert_eq!("-1".parse(), Ok(Target::relative(-1)));
    /// ```
    pub const fn relative(steps: i64) -> Self {
        Self { branch: None, anchor: Anchor::Current, offset: steps }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(branch) = &self.branch {
            write!(f, "{branch}@")?;
        }
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

/// Two targets with a colon between them, either of which may be left out: `A:B`, `A:`, `:B`, `:`.
///
/// Without the first a range begins at the base, without the second it ends at every head.
///
/// ```
/// use cargo_migrate::chain::{Target, TargetRange};
///
/// let range: TargetRange = "base:ae10+1".parse()?;
/// assert_eq!(range.from, Some(Target::BASE));
/// assert_eq!(range.end(), "ae10+1".parse()?);
/// assert_eq!(range.to_string(), "base:ae10+1");
/// assert!("ae10".parse::<TargetRange>().is_err());
/// # Ok::<(), cargo_migrate::chain::TargetError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TargetRange {
    /// The lower end.
    pub from: Option<Target>,
    /// The upper end, or where a way down leads.
    pub to: Option<Target>,
}

impl TargetRange {
    /// The lower end, which is the base if none is given.
    pub fn start(&self) -> Target {
        self.from.clone().unwrap_or(Target::BASE)
    }

    /// The upper end, which is every head if none is given.
    pub fn end(&self) -> Target {
        self.to.clone().unwrap_or(Target::HEADS)
    }
}

impl fmt::Display for TargetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = &self.from {
            from.fmt(f)?;
        }
        f.write_str(":")?;
        self.to.iter().try_for_each(|to| to.fmt(f))
    }
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    NoTarget,
    NoBranch,
    NoSteps,
    TooManySteps,
    RangeHere,
    NoRange,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, problem } = self;
        match problem {
            Problem::NoTarget => write!(
                f,
                "`{text}` is no target: expected `head`, `heads`, `base`, `current`, a revision id or \
                 a prefix of four or more characters, or a branch label; `BRANCH@` may stand \
                 before it, and `+N` or `-N` after it or by itself"
            ),
            Problem::NoBranch => write!(
                f,
                "`{text}` is no target: what stands before `@` must be a branch label, a revision id \
                 or a prefix of four or more characters"
            ),
            Problem::NoSteps => {
                write!(f, "`{text}` is no target: there is nothing to do in no steps")
            }
            Problem::TooManySteps => {
                write!(f, "`{text}` is no target: no chain has so many revisions")
            }
            Problem::RangeHere => write!(f, "`{text}` is a range, and one target is wanted here"),
            Problem::NoRange => {
                write!(f, "`{text}` is no range: expected `FROM:TO`, `FROM:`, `:TO` or `:`")
            }
        }
    }
}

impl std::error::Error for TargetError {}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |problem| TargetError { text: text.to_owned(), problem };
        if text.contains(':') {
            return Err(error(Problem::RangeHere));
        }
        let (branch, place) = match text.split_once('@') {
            None => (None, text),
            Some((branch, place)) => {
                let Some(Anchor::Name(branch)) = anchor(branch) else {
                    return Err(error(Problem::NoBranch));
                };
                (Some(branch), place)
            }
        };
        let Some(at) = place.rfind(['+', '-']) else {
            let anchor = anchor(place).ok_or_else(|| error(Problem::NoTarget))?;
            return Ok(Self { branch, anchor, offset: 0 });
        };
        let digits = &place[at + 1..];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error(Problem::NoTarget));
        }
        let offset: i64 = place[at..].parse().map_err(|_| error(Problem::TooManySteps))?;
        let anchor = match &place[..at] {
            "" if offset == 0 => return Err(error(Problem::NoSteps)),
            "" => Anchor::Current,
            name => anchor(name).ok_or_else(|| error(Problem::NoTarget))?,
        };
        Ok(Self { branch, anchor, offset })
    }
}

impl FromStr for TargetRange {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TargetError { text: text.to_owned(), problem: Problem::NoRange };
        let (from, to) = text.split_once(':').ok_or_else(error)?;
        if to.contains(':') {
            return Err(error());
        }
        let end = |text: &str| (!text.is_empty()).then(|| text.parse()).transpose();
        Ok(Self { from: end(from)?, to: end(to)? })
    }
}

/// A word that a target can count from.
fn anchor(word: &str) -> Option<Anchor> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    match word {
        "head" => Some(Anchor::Head),
        "heads" => Some(Anchor::Heads),
        "base" => Some(Anchor::Base),
        "current" => Some(Anchor::Current),
        name if !name.is_empty() && name.bytes().all(is_name) => {
            Some(Anchor::Name(name.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_target_reads_as_it_is_written() {
        for text in [
            "head",
            "heads",
            "base",
            "current",
            "ae10",
            "+1",
            "-3",
            "ae10+2",
            "head-1",
            "net@head",
            "net@heads",
            "net@base",
            "net@current",
            "net@ae10",
            "net@+1",
            "ae10@-2",
            "net.v2@base+3",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in [":", "a:", ":b", "a:b", "net@base:net@head", "-2:", ":+3", "ae10:ae10+2"] {
            assert_eq!(text.parse::<TargetRange>().unwrap().to_string(), text);
        }
        assert_eq!("ae10+0".parse::<Target>(), "ae10".parse());
        assert_eq!("current+2".parse::<Target>(), "+2".parse());
    }

    #[test]
    fn an_expression_is_matched_whole() {
        for text in [
            "",
            "-1abc",
            "+",
            "-",
            "+0",
            "-0",
            "net@-0",
            "a b",
            " head",
            "ae10+",
            "a-b",
            "head-1-1",
            "--1",
            "ä",
            "+99999999999999999999",
            "@head",
            "net@",
            "head@head",
            "a@b@c",
            "a-1@head",
            "a:b",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
        for text in ["", "a", "a:b:c", "a b:", "a:-", "::"] {
            assert!(text.parse::<TargetRange>().is_err(), "{text}");
        }
    }

    proptest! {
        /// Whatever is accepted means the same when it is printed and read again.
        #[test]
        fn printing_and_reading_agree(text in "([a-c]{1,2}@)?(head|heads|base|current|[a-c0-9_.]{0,5})([+-][0-9]{1,3})?[@+:a]?") {
            if let Ok(target) = text.parse::<Target>() {
                prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
            }
            if let Ok(range) = text.parse::<TargetRange>() {
                prop_assert_eq!(range.to_string().parse::<TargetRange>(), Ok(range));
            }
        }
    }
}
