//! Findings as a document of SARIF 2.1.0, which code scanning and many viewers read.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::annotation::{Annotation, Place, Rule};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The document; `obstacle` is what kept the check from its end, if something did.
pub(super) fn document(annotations: &[Annotation], obstacle: Option<&str>) -> String {
    let mut rules: Vec<&Rule> = Vec::new();
    let mut results = Vec::new();
    for annotation in annotations {
        let known = rules.iter().position(|rule| rule.id == annotation.rule.id);
        let index = known.unwrap_or_else(|| {
            rules.push(&annotation.rule);
            rules.len() - 1
        });
        results.push(result(annotation, index));
    }
    let mut invocation = json!({ "executionSuccessful": obstacle.is_none() });
    if let Some(obstacle) = obstacle {
        invocation["toolExecutionNotifications"] =
            json!([{ "level": "error", "message": { "text": obstacle } }]);
    }
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(described).collect::<Vec<_>>(),
            } },
            "invocations": [invocation],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).expect("documents have string keys only")
}

fn described(rule: &Rule) -> Value {
    let mut described = json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "defaultConfiguration": { "level": rule.severity.name() },
    });
    if let Some(page) = &rule.page {
        described["help"] = json!({ "text": page, "markdown": page });
    }
    described
}

fn result(annotation: &Annotation, index: usize) -> Value {
    let mut places = annotation.places.iter();
    let mut result = json!({
        "ruleId": annotation.rule.id,
        "ruleIndex": index,
        "level": annotation.severity.name(),
        "message": { "text": annotation.lines.join("\n") },
        "locations": places.next().map(location).into_iter().collect::<Vec<_>>(),
    });
    let related: Vec<Value> = places
        .enumerate()
        .map(|(index, place)| {
            let mut location = location(place);
            location["id"] = json!(index + 1);
            location
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    result
}

fn location(place: &Place) -> Value {
    let mut physical = json!({
        "artifactLocation": { "uri": uri(&place.path), "uriBaseId": "%SRCROOT%" },
    });
    if let Some(region) = place.region {
        physical["region"] = json!({
            "startLine": region.first_line,
            "startColumn": region.utf16.0,
            "endLine": region.last_line,
            "endColumn": region.utf16.1,
        });
    }
    let mut location = json!({ "physicalLocation": physical });
    if !place.label.is_empty() {
        location["message"] = json!({ "text": place.label });
    }
    location
}

/// A path as a relative reference of a URI.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("a b/c:d%.sql"), "a%20b/c%3Ad%25.sql");
        assert_eq!(uri("migrations/ż.sql"), "migrations/%C5%BC.sql");
    }

    #[test]
    fn what_could_not_be_judged_is_no_clean_run() {
        let document = document(&[], Some("no cargo"));
        let document: Value = serde_json::from_str(&document).unwrap();
        let invocation = &document["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"][0]["message"]["text"], "no cargo");
    }
}
