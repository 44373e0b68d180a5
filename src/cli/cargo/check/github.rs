//! Findings as GitHub shows them in the list of files of a pull request.

use std::fmt::Write as _;

use super::annotation::Annotation;

/// A finding as a workflow command, which GitHub Actions takes from a line of stdout.
pub(super) fn command(annotation: &Annotation) -> String {
    let mut properties: Vec<(&str, String)> = Vec::new();
    if let Some(place) = annotation.places.first() {
        properties.push(("file", place.path.clone()));
        if let Some(region) = place.region {
            properties.push(("line", region.first_line.to_string()));
            properties.push(("endLine", region.last_line.to_string()));
            // Columns of a place with several lines are refused.
            if region.first_line == region.last_line {
                let (first, last) = region.characters;
                properties.push(("col", first.to_string()));
                properties.push(("endColumn", last.to_string()));
            }
        }
    }
    let rule = &annotation.rule;
    properties.push(("title", format!("{}: {}", rule.id, rule.summary)));
    let mut command = format!("::{}", annotation.severity.name());
    for (index, (name, value)) in properties.iter().enumerate() {
        let separator = if index == 0 { ' ' } else { ',' };
        let _ = write!(command, "{separator}{name}={}", property(value));
    }
    let _ = write!(command, "::{}", data(&annotation.lines.join("\n")));
    command
}

/// The text of a command, which is one line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::annotation::{Place, Region, Rule};
    use super::*;
    use crate::diagnostic::Severity;

    fn annotation(region: Option<Region>) -> Annotation {
        Annotation {
            rule: Rule {
                id: String::from("M0001"),
                name: String::from("Name"),
                summary: String::from("a, b"),
                page: None,
                severity: Severity::Error,
            },
            severity: Severity::Warning,
            lines: vec![String::from("50% :: of it,"), String::from("help: 1")],
            places: vec![Place { path: String::from("a,b:c%.sql"), region, label: String::new() }],
        }
    }

    #[test]
    fn texts_cannot_end_what_they_stand_in() {
        assert_eq!(
            command(&annotation(None)),
            "::warning file=a%2Cb%3Ac%25.sql,title=M0001%3A a%2C b::50%25 :: of it,%0Ahelp: 1"
        );
        assert_eq!(data("%0A\r\n"), "%250A%0D%0A");
    }

    #[test]
    fn columns_are_of_one_line() {
        let one = Region { first_line: 3, last_line: 3, characters: (2, 5), utf16: (3, 7) };
        let text = command(&annotation(Some(one)));
        assert!(text.contains(",line=3,endLine=3,col=2,endColumn=5,title="), "{text}");
        let text = command(&annotation(Some(Region { last_line: 4, ..one })));
        assert!(text.contains(",line=3,endLine=4,title="), "{text}");
    }
}
