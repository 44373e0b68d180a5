//! Revision files: what stands in them, and where.
//!
//! A file is a header (the leading comment block), then sections of SQL between marker lines. Parsing
//! cuts the text into these parts and reports what it cannot read; it always yields a [`Script`],
//! so that one mistake hides no other. What the parts mean together is judged by validation.
//!
//! The runtime parses the same text again, from the binary or the tracking table, with the same
//! code: line numbers in its errors are those of the file.

mod header;
#[cfg(feature = "build")]
pub(crate) mod load;
#[cfg(any(feature = "build", test))]
pub(crate) mod rust;
pub(crate) mod section;
#[cfg(any(feature = "build", test))]
pub(crate) mod text;

use std::ops::Range;

use crate::chain::{Checksum, Fingerprint};
use crate::chain::{ChecksumBuilder, Direction, Kind, Revision};
#[cfg(any(feature = "build", feature = "runner"))]
use crate::chain::{Digest, digest};
use crate::diagnostic::{Diagnostic, FileId, Sources};
use crate::dialect::Variant;
use crate::sql;

#[cfg(any(feature = "build", test))]
pub(crate) use header::comment;
pub use header::{Header, KEYS, Requirement, Version};
pub use section::{Section, Selectors};

/// A value, and the bytes of the text that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Range<usize>,
}

/// Whether a revision runs inside a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransactionMode {
    /// Together with its tracking row, all or nothing.
    #[default]
    Transactional,
    /// `transaction: none`: statement by statement, with recorded progress.
    None,
}

/// One statement of a script, with its place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptStatement<'a> {
    /// What is sent to the database: from the first token to the last, without the terminator.
    pub sql: &'a str,
    /// Where it begins in the script's text, in bytes.
    pub offset: usize,
}

/// A parsed revision file.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    text: &'a str,
    header: Header,
    header_end: usize,
    sections: Vec<Section>,
}

impl<'a> Script<'a> {
    /// Cuts a normalised text into its parts.
    ///
    /// `file` is the name under which findings point into the text.
    pub fn parse(kind: Kind, text: &'a str, file: FileId) -> (Self, Vec<Diagnostic>) {
        let mut findings = Vec::new();
        let (header, header_end) = header::parse(kind, text, file, &mut findings);
        let sections = match kind {
            Kind::Sql => section::parse(text, header_end, file, &mut findings),
            Kind::Rust => Vec::new(),
        };
        (Self { text, header, header_end, sections }, findings)
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What stands between the header and the first section; only comments belong there.
    pub fn before_sections(&self) -> Range<usize> {
        let end = self.sections.first().map_or(self.text.len(), |section| section.marker.start);
        self.header_end.min(end)..end
    }

    /// The sections, in file order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The sections that run for this direction in this dialect and database, in file order.
    pub fn matching(
        &self,
        direction: Direction,
        variant: &Variant,
    ) -> impl Iterator<Item = &Section> {
        self.sections
            .iter()
            .filter(move |section| section.direction == direction)
            .filter(move |section| section.selectors.matches(variant))
    }

    /// The statements that run for this direction in this dialect and database, in order.
    pub fn statements(&self, direction: Direction, variant: &Variant) -> Vec<ScriptStatement<'a>> {
        let mut statements = Vec::new();
        for section in self.matching(direction, variant) {
            let body = &self.text[section.body.clone()];
            for statement in sql::split(variant.dialect, body).statements {
                statements.push(ScriptStatement {
                    sql: statement.text,
                    offset: section.body.start + statement.offset,
                });
            }
        }
        statements
    }

    /// The checksum of the *up* in this dialect and database (algorithm [`crate::chain::ALGORITHM`]).
    pub fn checksum(&self, variant: &Variant) -> Checksum {
        let transactional = self.header.transaction == TransactionMode::Transactional;
        let mut builder = ChecksumBuilder::new(variant.dialect, transactional);
        for section in self.matching(Direction::Up, variant) {
            let body = &self.text[section.body.clone()];
            sql::canonical(variant.dialect, body, |token| builder.token(token));
        }
        builder.finish()
    }
}

impl Revision {
    /// What its file's header says; the sections are not read.
    ///
    /// ```no_run
    /// # fn example(chain: &cargo_migrate::Chain) {
    /// for revision in chain.revisions() {
    ///     println!("{}  {}", revision.id(), revision.header().message);
    /// }
    /// # }
    /// ```
    pub fn header(&self) -> Header {
        // The text was judged before it came here, so its findings are none or were told.
        let file = Sources::new().add(self.path().to_owned(), "");
        header::parse(self.kind(), self.text(), file, &mut Vec::new()).0
    }
}

/// The fingerprint of a revision in one variant, given the digests of what it follows and depends on.
#[cfg(any(feature = "build", feature = "runner"))]
pub(crate) fn fingerprint(
    kind: Kind,
    id: &str,
    script: &Script<'_>,
    variant: &Variant,
    parents: &[Digest],
    dependencies: &[Digest],
) -> Fingerprint {
    let checksum = match kind {
        Kind::Sql => script.checksum(variant),
        Kind::Rust => Checksum::from_bytes(hmac_sha256::Hash::hash(script.text().as_bytes())),
    };
    let digest = digest(id, digest_content(kind, &checksum), parents, dependencies);
    Fingerprint { checksum, digest }
}

/// What a revision contributes to its digest: its checksum, or only the fact that it is Rust.
#[cfg(any(feature = "build", feature = "runtime", test))]
pub(crate) fn digest_content(kind: Kind, fingerprint: &Checksum) -> &[u8] {
    match kind {
        Kind::Sql => fingerprint.as_bytes(),
        Kind::Rust => b"rust",
    }
}

/// Checks a fingerprint's size at compile time: the baked table counts on it.
const _: () = assert!(size_of::<Fingerprint>() == 64);
