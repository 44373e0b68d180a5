//! Two small hashes that other tools put into their tables and locks. Neither protects against anybody.

/// CRC-32 as zip and Ethernet have it, over all the parts as one text.
pub(crate) fn crc32<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let register = parts.into_iter().flatten().fold(u32::MAX, |register, byte| {
        (0..8).fold(register ^ u32::from(*byte), |register, _| {
            (register >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(register & 1))
        })
    });
    !register
}

/// The key of the lock that sqlx's own migrator takes for a database.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn sqlx_lock(database: &str) -> i64 {
    0x3d32_ad9e * i64::from(crc32([database.as_bytes()]))
}

/// SipHash-1-3 with a key of zeros.
pub(super) fn siphash13(bytes: &[u8]) -> u64 {
    let mut state = [
        0x736f_6d65_7073_6575,
        0x646f_7261_6e64_6f6d,
        0x6c79_6765_6e65_7261,
        0x7465_6462_7974_6573,
    ];
    let mut take = |word: u64| {
        state[3] ^= word;
        round(&mut state);
        state[0] ^= word;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        take(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // Of the length, the last byte counts.
    last[7] = bytes.len().to_le_bytes()[0];
    take(u64::from_le_bytes(last));
    state[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut state);
    }
    state.into_iter().fold(0, |hash, word| hash ^ word)
}

fn round(state: &mut [u64; 4]) {
    let [a, b, c, d] = state;
    *a = a.wrapping_add(*b);
    *c = c.wrapping_add(*d);
    *b = b.rotate_left(13) ^ *a;
    *d = d.rotate_left(16) ^ *c;
    *a = a.rotate_left(32).wrapping_add(*d);
    *c = c.wrapping_add(*b);
    *b = b.rotate_left(17) ^ *c;
    *d = d.rotate_left(21) ^ *a;
    *c = c.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn crc_32_has_its_check_value() {
        assert_eq!(crc32([b"123456789".as_slice()]), 0xcbf4_3926);
        assert_eq!(crc32([b"1234".as_slice(), b"", b"56789"]), 0xcbf4_3926);
        assert_eq!(crc32([]), 0);
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[test]
    fn the_lock_of_sqlx_is_that_of_sqlx() {
        // What `SELECT 0x3d32ad9e * crc32(...)` gives on MySQL.
        assert_eq!(sqlx_lock("123456789"), 0x3d32_ad9e * 0xcbf4_3926);
    }

    proptest! {
        #[test]
        fn siphash_is_that_of_the_standard_library(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            // The standard library does not promise it, but it has been this one since Rust 1.13.
            let mut expected = std::hash::DefaultHasher::new();
            expected.write(&bytes);
            prop_assert_eq!(siphash13(&bytes), expected.finish());
        }
    }
}
