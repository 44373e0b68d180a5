//! Names of revisions and of branches.

use std::borrow::{Borrow, Cow};
use std::fmt;

/// Words that mean something in a target and so can name neither a revision nor a branch.
pub const RESERVED: [&str; 4] = ["head", "heads", "base", "current"];

/// Why a text cannot be an id or a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It has a form that the kind of name does not allow.
    Illegal,
    /// It is one of [`RESERVED`].
    Reserved,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Illegal => "the name has a form that is not allowed",
            Self::Reserved => "the name is a reserved word",
        })
    }
}

impl std::error::Error for NameError {}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Takes the text if it has the right form and is not reserved.
            pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, NameError> {
                let text = text.into();
                let legal: fn(&str) -> bool = $rule;
                if RESERVED.contains(&&*text) {
                    Err(NameError::Reserved)
                } else if legal(&text) {
                    Ok(Self(text))
                } else {
                    Err(NameError::Illegal)
                }
            }

            #[allow(dead_code, reason = "ids are handed on as they are kept, labels are not")]
            pub(crate) fn as_cow(&self) -> &Cow<'static, str> {
                &self.0
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// The id of a revision: `[A-Za-z0-9_.]{1,64}`, never a reserved word.
    ///
    /// ```
    /// use cargo_migrate::chain::{NameError, RevisionId};
    ///
    /// assert_eq!(RevisionId::new("ae1027a6acf5").unwrap().as_str(), "ae1027a6acf5");
    /// assert_eq!(RevisionId::new("head"), Err(NameError::Reserved));
    /// assert_eq!(RevisionId::new("a-b"), Err(NameError::Illegal));
    /// ```
    RevisionId,
    |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    }
}

name! {
    /// A name for a line of the graph: `[A-Za-z_][A-Za-z0-9_.]{0,63}`, never a reserved word.
    ///
    /// ```
    /// use cargo_migrate::chain::BranchLabel;
    ///
    /// assert!(BranchLabel::new("billing").is_ok());
    /// assert!(BranchLabel::new("2nd").is_err());
    /// ```
    BranchLabel,
    |text| {
        (1..=64).contains(&text.len())
            && !text.as_bytes()[0].is_ascii_digit()
            && text.as_bytes()[0] != b'.'
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    }
}
