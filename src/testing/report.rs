//! What a check says.

use std::fmt;

use crate::chain::{RevisionId, listed};
use crate::diagnostic::visible;
use crate::dialect::Variant;
use crate::runtime::Error;

/// Every *down* leads back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// What was checked: one entry, or one for each named database.
    pub databases: Vec<CheckedDatabase>,
}

/// What was checked on one dialect, for one named database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedDatabase {
    /// Which one it was.
    pub variant: Variant,
    /// The revisions that lead there and back, in the order of `up`.
    pub reversible: Vec<RevisionId>,
    /// Those that say that they cannot be undone, and were only applied.
    pub irreversible: Vec<RevisionId>,
    /// How many revisions were undone one after the other, from the heads down. All of them, unless one that is
    /// irreversible stood in the way.
    pub descended: usize,
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, database) in self.databases.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            database.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for CheckedDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variant, reversible, irreversible, descended } = self;
        let count = reversible.len();
        let they = if count == 1 { "revision leads" } else { "revisions lead" };
        write!(f, "{variant}: {count} {they} there and back")?;
        if let Some(last) = irreversible.last() {
            let are = if irreversible.len() == 1 { "is" } else { "are" };
            write!(
                f,
                "; {} {are} irreversible, so the way down from the heads ended above `{last}`, after \
                 {descended} of {}",
                listed(irreversible),
                count + irreversible.len()
            )?;
        }
        Ok(())
    }
}

/// Why a check is no success. `Debug` gives the same text as `Display`, since that is what `unwrap` prints.
#[non_exhaustive]
pub enum CheckError {
    /// These revisions do not lead back.
    Findings(Vec<Finding>),
    /// The chain could not be checked: it cannot be applied, or there is no database for it.
    Failed(Error),
}

impl From<Error> for CheckError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let findings = match self {
            Self::Failed(error) => return error.fmt(f),
            Self::Findings(findings) => findings,
        };
        match findings.len() {
            1 => f.write_str("1 revision does not lead back")?,
            count => write!(f, "{count} revisions do not lead back")?,
        }
        for finding in findings {
            write!(f, "\n\n{finding}")?;
        }
        f.write_str(
            "\n\n = help: correct the *down* in the file (it is in no checksum, and may be edited), or say \
             `irreversible: WHY` in the header",
        )
    }
}

impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for CheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Findings(_) => None,
        }
    }
}

/// A revision that does not lead back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The revision.
    pub revision: RevisionId,
    /// Its file, relative to the package.
    pub path: String,
    /// Its message.
    pub description: String,
    /// On which dialect, and for which named database.
    pub variant: Variant,
    /// What is wrong.
    pub kind: FindingKind,
}

/// What is wrong with a revision.
#[derive(Debug)]
#[non_exhaustive]
pub enum FindingKind {
    /// After its *down* the schema is not what it was before its *up*.
    DownLeadsElsewhere(SchemaChange),
    /// Its *down* fails.
    DownFails(Error),
    /// After *up*, *down* and *up* the schema is not what it was after the first *up*.
    UpAgainLeadsElsewhere(SchemaChange),
    /// After its *down*, its *up* fails.
    UpAgainFails(Error),
}

/// How a schema differs from the one that was expected, in the database's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaChange {
    /// What should not be there.
    pub added: Vec<String>,
    /// What should be there.
    pub removed: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, path, description, variant, kind } = self;
        write!(f, "`{revision}` {} ({path}), on {variant}: ", visible(description))?;
        match kind {
            FindingKind::DownLeadsElsewhere(change) => {
                write!(f, "its down does not lead back to the schema before its up\n{change}")
            }
            FindingKind::DownFails(error) => write!(f, "its down fails\n{}", indented(error)),
            FindingKind::UpAgainLeadsElsewhere(change) => {
                write!(f, "its second up, after its down, leads to another schema\n{change}")
            }
            FindingKind::UpAgainFails(error) => {
                write!(f, "its second up, after its down, fails\n{}", indented(error))
            }
        }
    }
}

fn indented(error: &Error) -> String {
    format!("  {}", error.to_string().replace('\n', "\n  "))
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.removed.iter().map(|line| ("  - lost: ", line));
        let lines = lines.chain(self.added.iter().map(|line| ("  + left: ", line)));
        for (index, (sign, line)) in lines.enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{sign}{}", line.trim_end().replace('\n', "\n          "))?;
        }
        Ok(())
    }
}
