//! Ids, file names and versions, as tools write them and as a chain takes them.

use crate::chain::RevisionId;

/// The longest id that a chain takes.
const LENGTH: usize = 64;

/// The id that a name becomes: the name itself wherever it is a legal id.
///
/// What an id cannot hold becomes `_`; what is then too long is cut, and ends in a hash of the whole name.
/// The same name always becomes the same id.
pub(super) fn id(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '_' };
    let mut id: String = name.chars().map(legal).collect();
    if id.len() > LENGTH {
        let hash = hmac_sha256::Hash::hash(name.as_bytes());
        id.truncate(LENGTH - 13);
        id.push('_');
        id.extend(hash[..6].iter().map(|byte| format!("{byte:02x}")));
    }
    // A reserved word, or nothing at all; and a file name that begins with `.` is no revision's.
    if id.starts_with('.') || RevisionId::new(id.clone()).is_err() {
        id = format!("r_{id}").replace("r_.", "r_");
    }
    id
}

/// The words of a name.
pub(super) fn words(name: &str) -> String {
    name.replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of a revision's file, without its extension: what a file cannot be called, or what would keep
/// it from being a revision, is mended.
pub(super) fn stem(stem: &str) -> String {
    let stem = stem.split_whitespace().collect::<Vec<_>>().join("_");
    match stem.strip_prefix(['_', '.']) {
        Some(_) => format!("r{stem}"),
        None => stem,
    }
}

/// A number of any length as a text that sorts as the number does.
pub(super) fn order(digits: &str) -> String {
    let digits = digits.trim_start_matches('0');
    format!("{:04}{digits}", digits.len())
}

/// The digits at the beginning of a name, and what follows them.
pub(super) fn digits(name: &str) -> Option<(&str, &str)> {
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    (end > 0).then(|| name.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids() {
        assert_eq!(id("m20220101_000001_create"), "m20220101_000001_create");
        assert_eq!(id("1.2.3"), "1.2.3");
        assert_eq!(id("añb-c d"), "a_b_c_d");
        assert_eq!(id("head"), "r_head");
        assert_eq!(id(".5"), "r_5");
        assert_eq!(id(""), "r_");
        let long = id(&"x".repeat(200));
        assert_eq!((long.len(), &long[..52]), (64, &*format!("{}_", "x".repeat(51))));
        assert_ne!(long, id(&"x".repeat(201)));
    }

    #[test]
    fn numbers_of_any_length_are_ordered() {
        let mut numbers = ["10", "9", "0", "0011", "20191100000001000000", "99"];
        numbers.sort_by_key(|digits| order(digits));
        assert_eq!(numbers, ["0", "9", "10", "0011", "99", "20191100000001000000"]);
    }
}
