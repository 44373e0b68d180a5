//! The catalogue of findings: every rule has one entry here, and one page below `explain/`.

use std::fmt;
use std::str::FromStr;

use super::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $id:literal, $severity:ident, $kind:ident;)*) => {
        /// The stable name of a kind of finding, written `M0001`.
        ///
        /// A code never changes its meaning and is never used again for another one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as written: `M0001`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it says, in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => codes!(@first $($doc),+),)* }
            }

            /// The severity that it has unless the configuration says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// Whether `[package.metadata.migrate.lints]` may raise or lower it.
            ///
            /// What would leave the chain without a meaning cannot be lowered.
            pub const fn is_lint(self) -> bool {
                match self { $(Self::$variant => codes!(@kind $kind),)* }
            }

            /// The page that `cargo migrate explain` shows, in Markdown.
            #[cfg(any(feature = "cli", test))]
            pub const fn explain(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("explain/", $id, ".md")),)* }
            }
        }
    };
    (@first $first:literal $(, $rest:literal)*) => { $first.trim_ascii() };
    (@kind lint) => { true };
    (@kind fixed) => { false };
}

codes! {
    /// a revision file is not UTF-8
    NotUtf8 = "M0001", Error, fixed;
    /// a revision file holds a NUL byte
    NulByte = "M0002", Error, fixed;
    /// a revision file has no `revision` in its header
    HeaderMissing = "M0003", Error, fixed;
    /// unknown key in the header
    UnknownKey = "M0004", Error, fixed;
    /// a key stands twice in the header
    RepeatedKey = "M0005", Error, fixed;
    /// a header key has a value that it cannot have
    BadValue = "M0006", Error, fixed;
    /// unknown section marker
    UnknownMarker = "M0007", Error, fixed;
    /// unknown selector in a section marker
    UnknownSelector = "M0008", Error, fixed;
    /// illegal revision id
    IllegalId = "M0009", Error, fixed;
    /// reserved word used as revision id or label
    ReservedName = "M0010", Error, fixed;
    /// illegal branch label
    IllegalLabel = "M0011", Error, fixed;
    /// two revisions have the same id
    DuplicateId = "M0012", Error, fixed;
    /// unknown parent revision
    UnknownParent = "M0013", Error, fixed;
    /// unknown dependency
    UnknownDependency = "M0014", Error, fixed;
    /// a parent is given by a branch label
    ParentIsLabel = "M0015", Error, fixed;
    /// a parent or dependency is listed twice
    RepeatedParent = "M0016", Error, fixed;
    /// a parent is an ancestor of another parent
    RedundantParent = "M0017", Error, fixed;
    /// a revision follows or depends on itself
    SelfReference = "M0018", Error, fixed;
    /// revisions form a cycle
    Cycle = "M0019", Error, fixed;
    /// a branch label is used twice
    DuplicateLabel = "M0020", Error, fixed;
    /// a branch label equals a revision id
    LabelIsId = "M0021", Error, fixed;
    /// the chain has several heads
    SeveralHeads = "M0022", Error, fixed;
    /// text before the first section
    TextBeforeSection = "M0023", Error, fixed;
    /// a revision has no up section
    NoUp = "M0024", Error, fixed;
    /// a dialect or database is not covered by any section
    NotCovered = "M0025", Error, lint;
    /// a revision has no down section
    NoDown = "M0026", Error, lint;
    /// a quote, comment or body does not end
    Unterminated = "M0027", Error, fixed;
    /// transaction control inside a transactional revision
    TransactionControl = "M0028", Error, fixed;
    /// a statement that cannot run inside a transaction
    NotInTransaction = "M0029", Error, lint;
    /// `COPY … FROM stdin` in a revision
    CopyFromStdin = "M0030", Error, fixed;
    /// a statement that would free the lock, or touch or shut out the tracking table
    TouchesTracking = "M0031", Error, fixed;
    /// a file in the migrations directory is no revision
    StrayFile = "M0032", Warning, lint;
    /// a section is empty
    EmptySection = "M0033", Warning, lint;
    /// the file name and the header name different revisions
    FileNameContradicts = "M0034", Error, fixed;
    /// an irreversible revision has a down section
    IrreversibleWithDown = "M0035", Error, fixed;
    /// `foreign-keys: on` together with `transaction: none`
    ForeignKeysWithoutTransaction = "M0036", Error, fixed;
    /// a revision in Rust has no `Migration` that implements `Revision`
    NoMigration = "M0037", Error, fixed;
    /// a `DELIMITER` line outside `mysql`
    DelimiterOutsideMysql = "M0038", Error, fixed;
    /// unknown key in the configuration
    UnknownConfigurationKey = "M0051", Error, fixed;
    /// a configuration key has a value that it cannot have
    BadConfigurationValue = "M0052", Error, fixed;
    /// the manifest is not valid TOML
    MalformedManifest = "M0053", Error, fixed;
    /// the migrations directory does not exist
    NoDirectory = "M0054", Error, fixed;
    /// a file or directory cannot be read
    Unreadable = "M0055", Error, fixed;
    /// a password is written in the manifest
    PasswordInManifest = "M0056", Warning, lint;
    /// two named databases of an environment are one database
    SameDatabase = "M0057", Error, fixed;
    /// two named databases have one variable for their URLs
    SameVariable = "M0058", Error, fixed;
    /// the build helper is not among the build-dependencies
    HelperMissing = "M0061", Error, fixed;
    /// the runtime is not among the dependencies
    RuntimeMissing = "M0062", Error, fixed;
    /// the driver of a declared dialect is not compiled in
    DriverMissing = "M0063", Error, lint;
    /// the build helper and the runtime may be of different versions
    VersionsDiffer = "M0064", Warning, lint;
    /// the build helper is never called
    HelperNotCalled = "M0065", Error, lint;
    /// the chain is embedded nowhere
    NotEmbedded = "M0066", Warning, lint;
    /// revisions in Rust have no runner
    RunnerMissing = "M0067", Error, fixed;
    /// the runner is built without the feature that it needs
    RunnerWithoutFeature = "M0068", Error, fixed;
    /// `cargo run` cannot choose between the application and the runner
    NoDefaultRun = "M0069", Warning, lint;
    /// a revision in Rust is not formatted
    NotFormatted = "M0070", Error, lint;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The error of reading a [`Code`] from text: there is no such code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such code")
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads `M0001`, in either case; the zeros and the `M` may be left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_start_matches(['M', 'm']);
        let number: u16 = digits.parse().map_err(|_| UnknownCode)?;
        let id = format!("M{number:04}");
        Self::ALL.iter().copied().find(|code| code.id() == id).ok_or(UnknownCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_written_and_leniently() {
        for &code in Code::ALL {
            assert_eq!(code.id().parse(), Ok(code));
        }
        assert_eq!("m7".parse(), Ok(Code::UnknownMarker));
        assert_eq!("M9999".parse::<Code>(), Err(UnknownCode));
        assert_eq!("".parse::<Code>(), Err(UnknownCode));
    }
}
