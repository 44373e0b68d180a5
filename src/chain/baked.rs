//! The chain inside the binary: what the build helper writes and the runtime reads.
//!
//! Two pieces travel: one text blob (every revision's path and normalised text, one after the
//! other) and one table of bytes that points into it. A table of bytes costs rustc nothing, where a
//! `static` array of typed rows takes seconds at ten thousand revisions; and its header alone
//! answers whether there is anything to do, so that a start with an up-to-date database decodes no
//! row at all.
//!
//! Numbers are LEB128, texts are a length and UTF-8, hashes are 32 bytes. Parents, dependencies and
//! labels are stored relative to their revision. [`FORMAT`] counts incompatible changes.

use std::borrow::Cow;

use super::{BranchLabel, Chain, Checksum, Digest, Fingerprint, Kind, Revision, RevisionId};
use crate::dialect::{Dialect, Variant};

/// The number of this format; helper and runtime must agree on it.
pub(crate) const FORMAT: u32 = 1;

/// What a chain needs to know besides its revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The name of the chain in the tracking table.
    pub(crate) chain: String,
    /// The tracking table's schema; `None` is the connection's default one.
    pub(crate) schema: Option<String>,
    /// The tracking table's name.
    pub(crate) table: String,
    /// Whether `up` without a target means every head instead of the one head.
    pub(crate) many_heads: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            chain: String::from("main"),
            schema: None,
            table: String::from("migrate_revisions"),
            many_heads: false,
        }
    }
}

/// The answer to *is there anything to do?*, for one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tips {
    pub(crate) variant: Variant,
    /// The revisions that nobody follows or depends on, with their digests.
    pub(crate) tips: Vec<(Cow<'static, str>, Digest)>,
}

/// The part of the table that stands before the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) settings: Settings,
    pub(crate) count: usize,
    pub(crate) tips: Vec<Tips>,
}

impl Header {
    pub(crate) fn of(chain: &Chain, settings: Settings) -> Self {
        let tips = chain
            .variants()
            .iter()
            .enumerate()
            .map(|(variant, name)| Tips {
                variant: name.clone(),
                tips: chain
                    .tips()
                    .map(|index| {
                        let revision = &chain.revisions()[index];
                        (revision.id.as_cow().clone(), revision.fingerprints[variant].digest)
                    })
                    .collect(),
            })
            .collect();
        Self { settings, count: chain.len(), tips }
    }
}

/// The two pieces, ready to be written into files.
#[cfg(any(feature = "build", test))]
pub(crate) struct Pieces {
    pub(crate) text: String,
    pub(crate) table: Vec<u8>,
}

/// Lays a chain out for the binary.
#[cfg(any(feature = "build", test))]
pub(crate) fn encode(chain: &Chain, settings: &Settings) -> Pieces {
    let header = Header::of(chain, settings.clone());
    let mut out = Writer(Vec::new());
    out.number(FORMAT as usize);
    out.text(&settings.chain);
    out.text(settings.schema.as_deref().unwrap_or(""));
    out.text(&settings.table);
    out.number(usize::from(settings.many_heads));
    out.number(header.count);
    out.number(header.tips.len());
    for tips in &header.tips {
        out.number(tips.variant.dialect as usize);
        out.text(tips.variant.database.as_deref().unwrap_or(""));
        out.number(tips.tips.len());
        for (id, digest) in &tips.tips {
            out.text(id);
            out.0.extend_from_slice(digest.as_bytes());
        }
    }
    let mut text = String::new();
    for (index, revision) in chain.revisions().iter().enumerate() {
        text.push_str(&revision.path);
        text.push_str(&revision.text);
        out.number(revision.path.len());
        out.number(revision.text.len());
        out.number(revision.kind as usize);
        out.text(revision.id.as_str());
        for group in [&revision.parents, &revision.dependencies] {
            out.number(group.len());
            for other in group {
                out.number(index - other);
            }
        }
        out.number(revision.labels.len());
        for label in &revision.labels {
            out.text(label.as_str());
        }
        for fingerprint in &revision.fingerprints {
            out.0.extend_from_slice(fingerprint.checksum.as_bytes());
            out.0.extend_from_slice(fingerprint.digest.as_bytes());
        }
    }
    Pieces { text, table: out.0 }
}

/// Reads the header alone; `None` if the table is damaged.
pub(crate) fn decode_header(table: &'static [u8]) -> Option<Header> {
    Reader(table).header()
}

/// Reads the whole chain; `None` if the table is damaged or does not belong to the text.
pub(crate) fn decode(text: &'static str, table: &'static [u8]) -> Option<Chain> {
    let mut reader = Reader(table);
    let header = reader.header()?;
    let variants: Vec<Variant> = header.tips.into_iter().map(|tips| tips.variant).collect();
    let mut revisions: Vec<Revision> = Vec::with_capacity(header.count.min(table.len()));
    let mut rest = text;
    for index in 0..header.count {
        let path;
        (path, rest) = rest.split_at_checked(reader.number()?)?;
        let body;
        (body, rest) = rest.split_at_checked(reader.number()?)?;
        let kind = match reader.number()? {
            0 => Kind::Sql,
            1 => Kind::Rust,
            _ => return None,
        };
        let id = RevisionId::new(reader.text()?).ok()?;
        let parents = reader.indices(index)?;
        let dependencies = reader.indices(index)?;
        let labels = (0..reader.number()?)
            .map(|_| BranchLabel::new(reader.text()?).ok())
            .collect::<Option<_>>()?;
        let fingerprints = variants
            .iter()
            .map(|_| {
                Some(Fingerprint {
                    checksum: Checksum::from_bytes(reader.hash()?),
                    digest: Digest::from_bytes(reader.hash()?),
                })
            })
            .collect::<Option<_>>()?;
        revisions.push(Revision {
            id,
            kind,
            path: Cow::Borrowed(path),
            text: Cow::Borrowed(body),
            labels,
            parents,
            dependencies,
            fingerprints,
        });
    }
    (reader.0.is_empty() && rest.is_empty()).then(|| Chain::new(revisions, variants))
}

#[cfg(any(feature = "build", test))]
struct Writer(Vec<u8>);

#[cfg(any(feature = "build", test))]
impl Writer {
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time, by definition")]
    fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }
}

struct Reader(&'static [u8]);

impl Reader {
    fn header(&mut self) -> Option<Header> {
        if self.number()? != FORMAT as usize {
            return None;
        }
        let chain = self.text()?.to_owned();
        let schema = self.text()?;
        let settings = Settings {
            chain,
            schema: (!schema.is_empty()).then(|| schema.to_owned()),
            table: self.text()?.to_owned(),
            many_heads: self.number()? != 0,
        };
        let count = self.number()?;
        let tips = (0..self.number()?)
            .map(|_| {
                let dialect = *Dialect::ALL.get(self.number()?)?;
                let database = self.text()?;
                let database = (!database.is_empty()).then(|| database.to_owned());
                let tips = (0..self.number()?)
                    .map(|_| Some((Cow::Borrowed(self.text()?), Digest::from_bytes(self.hash()?))))
                    .collect::<Option<_>>()?;
                Some(Tips { variant: Variant { dialect, database }, tips })
            })
            .collect::<Option<_>>()?;
        Some(Header { settings, count, tips })
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self, count: usize) -> Option<&'static [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'static str> {
        let count = self.number()?;
        std::str::from_utf8(self.bytes(count)?).ok()
    }

    fn hash(&mut self) -> Option<[u8; 32]> {
        self.bytes(32)?.try_into().ok()
    }

    fn indices(&mut self, index: usize) -> Option<Vec<usize>> {
        (0..self.number()?)
            .map(|_| index.checked_sub(self.number()?).filter(|&other| other < index))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chain::tests::chains;

    fn leak(pieces: Pieces) -> (&'static str, &'static [u8]) {
        (pieces.text.leak(), pieces.table.leak())
    }

    proptest! {
        #[test]
        fn a_chain_survives_the_binary(chain in chains()) {
            let settings = Settings { schema: Some("s".into()), ..Settings::default() };
            let (text, table) = leak(encode(&chain, &settings));
            let header = decode_header(table).unwrap();
            prop_assert_eq!(&header, &Header::of(&chain, settings));
            let back = decode(text, table).unwrap();
            prop_assert_eq!(format!("{chain:?}").len(), format!("{back:?}").len());
            for (a, b) in chain.revisions().iter().zip(back.revisions()) {
                prop_assert_eq!(format!("{a:?}"), format!("{b:?}"));
            }
        }

        #[test]
        fn a_damaged_table_is_noticed_and_never_panics(chain in chains(), cut in any::<prop::sample::Index>(), flip in any::<u8>()) {
            let (text, table) = leak(encode(&chain, &Settings::default()));
            let cut = cut.index(table.len());
            prop_assert!(decode(text, &table[..cut]).is_none());
            let mut damaged = table.to_vec();
            damaged[cut] ^= flip;
            let _ = decode(text, damaged.leak());
        }
    }
}
