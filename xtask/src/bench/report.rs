//! The table at the end.

use std::fmt::Write as _;

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) measured: String,
    pub(super) floor: String,
    pub(super) ratio: Option<f64>,
    pub(super) aim: String,
    pub(super) met: Option<bool>,
}

impl Row {
    /// A ratio that shall not exceed `limit`.
    pub(super) fn ratio(
        name: impl Into<String>,
        measured: String,
        floor: String,
        ratio: f64,
        limit: f64,
    ) -> Self {
        Self {
            name: name.into(),
            measured,
            floor,
            ratio: Some(ratio),
            aim: format!("ratio ≤ {limit}"),
            met: Some(ratio <= limit),
        }
    }

    /// A number that shall not exceed `limit`, where there is nothing to compare it with.
    pub(super) fn number(
        name: impl Into<String>,
        measured: String,
        value: f64,
        limit: f64,
        unit: &str,
    ) -> Self {
        Self {
            name: name.into(),
            measured,
            floor: String::new(),
            ratio: None,
            aim: format!("≤ {limit}{unit}"),
            met: Some(value <= limit),
        }
    }

    /// For comparison only.
    pub(super) fn without_aim(mut self) -> Self {
        self.aim = String::new();
        self.met = None;
        self
    }

    pub(super) fn with_floor(mut self, floor: String) -> Self {
        self.floor = floor;
        self
    }
}

/// The rows as a Markdown table.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| name | measured | floor | ratio | aim | met |\n|---|---|---|---|---|---|\n",
    );
    for Row { name, measured, floor, ratio, aim, met } in rows {
        let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let met = match met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let _ = writeln!(text, "| {name} | {measured} | {floor} | {ratio} | {aim} | {met} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_aim_is_met() {
        let rows = [
            Row::ratio("a", String::from("2 s"), String::from("1 s"), 2.0, 1.3),
            Row::number("b", String::from("7"), 7.0, 8.0, " crates"),
        ];
        let table = markdown(&rows);
        assert!(table.contains("| a | 2 s | 1 s | 2.00 | ratio ≤ 1.3 | no |"), "{table}");
        assert!(table.contains("| b | 7 |  |  | ≤ 8 crates | yes |"), "{table}");
    }
}
