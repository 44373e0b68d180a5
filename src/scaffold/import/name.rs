//! File names and versions, as tools write them and as a chain takes them.

pub(super) use crate::tool::{id, order};

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

/// The digits at the beginning of a name, and what follows them.
pub(super) fn digits(name: &str) -> Option<(&str, &str)> {
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    (end > 0).then(|| name.split_at(end))
}
