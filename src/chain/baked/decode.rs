//! From the pieces to a chain: the runtime's half.

use std::borrow::Cow;

use super::{FORMAT, Header, Settings, Tips};
use crate::chain::{BranchLabel, Chain, Checksum, Digest, Fingerprint, Kind, Revision, RevisionId};
use crate::dialect::{Dialect, Variant};

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
            lock_table: self.number()? != 0,
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
