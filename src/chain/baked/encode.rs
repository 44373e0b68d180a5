//! From a chain to the pieces: the build helper's half.

use super::{FORMAT, Header, Settings};
use crate::chain::Chain;

/// The two pieces, ready to be written into files.
pub(crate) struct Pieces {
    pub(crate) text: String,
    pub(crate) table: Vec<u8>,
}

/// Lays a chain out for the binary.
pub(crate) fn encode(chain: &Chain, settings: &Settings) -> Pieces {
    let header = Header::of(chain, settings.clone());
    let mut out = Writer(Vec::new());
    out.number(FORMAT as usize);
    out.text(&settings.chain);
    out.text(settings.schema.as_deref().unwrap_or(""));
    out.text(&settings.table);
    out.number(usize::from(settings.many_heads));
    out.number(usize::from(settings.lock_table));
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

struct Writer(Vec<u8>);

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
