//! Checksums of revisions, and digests of whole histories.
//!
//! A [`Checksum`] says whether the *up* of one revision is what it was; a [`Digest`] is a Merkle hash
//! over a revision and all its ancestors, so that equal digests of the heads prove equal histories
//! (Merkle, *A Digital Signature Based on a Conventional Encryption Function*, 1987). Both are SHA-256 over fields that each carry
//! their length, so that no two lists of fields hash alike. Lengths are LEB128: most tokens are
//! short, and eight bytes before each would be more to hash than the tokens themselves.
//!
//! The formats are fixed by test vectors; a change is a new [`ALGORITHM`] name.

use std::fmt;
use std::str::FromStr;

use hmac_sha256::Hash;

use crate::dialect::Dialect;

/// The name of the checksum's definition, stored beside every checksum.
pub const ALGORITHM: &str = "sha256-tokens-1";

/// Two lower-case hex digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From the 32 bytes of the hash.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes of the hash.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            /// 64 lower-case hex digits, as stored in the tracking table.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = NotHex;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let digits = text.as_bytes();
                let mut bytes = [0; 32];
                if digits.len() != 64 {
                    return Err(NotHex);
                }
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = hex_digit(pair[0])? * 16 + hex_digit(pair[1])?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

hash! {
    /// The hash of one revision's canonical content (algorithm [`ALGORITHM`]).
    Checksum
}
hash! {
    /// The Merkle hash over a revision and everything that it follows or depends on.
    Digest
}

/// The error of reading a hash from text: it is not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHex;

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not 64 hex digits")
    }
}

impl std::error::Error for NotHex {}

fn hex_digit(digit: u8) -> Result<u8, NotHex> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(NotHex),
    }
}

/// How much is hashed at once.
const CAPACITY: usize = 4096;

/// How many bytes a length takes at most.
const LONGEST_LENGTH: usize = 10;

/// Hashes fields, each with its length before it.
#[derive(Clone)]
struct Fields {
    hash: Hash,
    // One call of the hash for many short tokens: in unoptimised build scripts the calls, not the
    // compression, are what costs.
    buffer: Vec<u8>,
}

impl Fields {
    fn new() -> Self {
        Self { hash: Hash::new(), buffer: Vec::with_capacity(CAPACITY) }
    }

    fn field(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() + LONGEST_LENGTH > CAPACITY {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
        self.length(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    /// A length as LEB128: seven bits a byte, the lowest first, the top bit set on all but the last.
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time, by definition")]
    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.buffer.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.buffer.push(length as u8);
    }

    fn finish(mut self) -> [u8; 32] {
        self.hash.update(&self.buffer);
        self.hash.finalize()
    }
}

/// Computes a [`Checksum`] from the tokens of a revision's matching *up* sections.
///
/// The fields are: the dialect's name, `transaction` or `none`, then the raw text of every token.
///
/// ```
/// use cargo_migrate::Dialect;
/// use cargo_migrate::chain::ChecksumBuilder;
///
/// let mut builder = ChecksumBuilder::new(Dialect::Sqlite, true);
/// for token in ["DROP", "TABLE", "account", ";"] {
///     builder.token(token);
/// }
/// assert_eq!(
///     builder.finish().to_string(),
///     "ec5f82e4d844a15308949d7475cb3a4838708781327968bf9e13df38e6fbc24a",
/// );
/// ```
#[derive(Clone)]
pub struct ChecksumBuilder(Fields);

impl ChecksumBuilder {
    /// Begins with the dialect and whether the revision runs inside a transaction.
    pub fn new(dialect: Dialect, transactional: bool) -> Self {
        let mut fields = Fields::new();
        fields.field(dialect.name().as_bytes());
        fields.field(if transactional { b"transaction" } else { b"none" });
        Self(fields)
    }

    /// Adds the raw text of the next token.
    pub fn token(&mut self, text: &str) {
        self.0.field(text.as_bytes());
    }

    /// The checksum of all tokens so far.
    pub fn finish(self) -> Checksum {
        Checksum(self.0.finish())
    }
}

/// The digest of a revision, given those of its parents and dependencies in any order.
///
/// The fields are: the id, the content (the checksum's 32 bytes, or `rust`), the number of parents,
/// their digests sorted, the number of dependencies, and their digests sorted. The numbers are
/// written as lengths are.
pub fn digest(id: &str, content: &[u8], parents: &[Digest], dependencies: &[Digest]) -> Digest {
    let mut fields = Fields::new();
    fields.field(id.as_bytes());
    fields.field(content);
    for group in [parents, dependencies] {
        let mut sorted = group.to_vec();
        sorted.sort_unstable();
        fields.length(sorted.len());
        for digest in &sorted {
            fields.field(&digest.0);
        }
    }
    Digest(fields.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_do_not_depend_on_the_order_of_parents_but_on_their_role() {
        let a = digest("a", &[1; 32], &[], &[]);
        let b = digest("b", &[2; 32], &[], &[]);
        assert_eq!(digest("m", &[3; 32], &[a, b], &[]), digest("m", &[3; 32], &[b, a], &[]));
        assert_ne!(digest("m", &[3; 32], &[a, b], &[]), digest("m", &[3; 32], &[a], &[b]));
    }

    #[test]
    fn hex_goes_there_and_back() {
        let digest = digest("a", b"rust", &[], &[]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("xyz".parse::<Digest>(), Err(NotHex));
        assert_eq!("g".repeat(64).parse::<Checksum>(), Err(NotHex));
    }

    #[test]
    fn long_tokens_hash_as_short_ones_do() {
        let long = "x".repeat(10_000);
        let mut builder = ChecksumBuilder::new(Dialect::Sqlite, true);
        builder.token(&long);
        let mut expected = Hash::new();
        for (length, field) in
            [(&[6][..], "sqlite"), (&[11], "transaction"), (&[0x90, 0x4e], long.as_str())]
        {
            expected.update(length);
            expected.update(field);
        }
        assert_eq!(builder.finish().as_bytes(), &expected.finalize());
    }
}
