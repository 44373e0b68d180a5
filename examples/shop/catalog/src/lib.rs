//! What the shop knows of its products, without any database.

/// A name as it stands in an address: lower-case letters and digits, with `-` between the words.
pub fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs() {
        assert_eq!(slug("Olive oil, 0.5 l"), "olive-oil-0-5-l");
        assert_eq!(slug(" – "), "");
    }
}
