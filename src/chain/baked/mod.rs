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

#[cfg(any(feature = "runtime", test))]
mod decode;
#[cfg(any(feature = "build", test))]
mod encode;

use std::borrow::Cow;

use super::{Chain, Digest};
use crate::dialect::Variant;

#[cfg(any(feature = "runtime", test))]
pub(crate) use decode::{decode, decode_header};
#[cfg(any(feature = "build", test))]
pub(crate) use encode::{Pieces, encode};

/// The number of this format; helper and runtime must agree on it.
pub(crate) const FORMAT: u32 = 2;

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
    /// Whether runners of a server lock with a row that has a lease, and not with their session.
    pub(crate) lock_table: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            chain: String::from("main"),
            schema: None,
            table: String::from("migrate_revisions"),
            many_heads: false,
            lock_table: false,
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
            let settings = Settings { schema: Some("s".into()), lock_table: true, ..Settings::default() };
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
