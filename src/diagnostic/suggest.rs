//! *Did you mean …*: the nearest of a set of known words.

/// The candidate that is nearest to `word`, if one is near enough to be a likely slip.
///
/// Distance is the optimal string alignment distance (Damerau's four edits, no substring edited
/// twice); at most a third of the longer word may differ, ties go to the earlier candidate.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let limit = (word.chars().count().max(candidate.chars().count()) / 3).max(1);
        if let Some(distance) = distance_within(word, candidate, limit)
            && distance > 0
            && best.is_none_or(|(nearest, _)| distance < nearest)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn distance_within(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before_last: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitution = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substitution.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = row;
    }
    let distance = last[b.len()];
    (distance <= limit).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let known = ["revision", "revises", "depends-on", "branch"];
        assert_eq!(nearest("revsion", known), Some("revision"));
        assert_eq!(nearest("revesis", known), Some("revises"));
        assert_eq!(nearest("dependson", known), Some("depends-on"));
        assert_eq!(nearest("author", known), None);
        assert_eq!(nearest("ae1072a6acf5", ["ae1027a6acf5"]), Some("ae1027a6acf5"));
    }
}
