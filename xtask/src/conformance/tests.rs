use std::path::PathBuf;

use super::Tally;

/// The vectors are no part of the repository.
fn shared() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test reads its environment")]
    let given = std::env::var_os("MIGRATE_SHARED").map(PathBuf::from);
    let file = given
        .unwrap_or_else(|| crate::command::root().join("../shared"))
        .join("vectors/alembic.json");
    file.exists().then_some(file)
}

#[test]
fn alembics_answers_are_ours_but_for_the_deviations() {
    let Some(file) = shared() else {
        println!("skipped: there is no ../shared/vectors/alembic.json, nor one in MIGRATE_SHARED");
        return;
    };
    let tally = Tally::of(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(!tally.counts.is_empty());
    assert!(tally.disagreements.is_empty(), "{}", tally.disagreements.join("\n"));
}

/// A task that compares must be able to fail.
#[test]
fn what_is_no_deviation_is_a_disagreement() {
    let file = |steps: &str, heads: &str, truth: &str| {
        format!(
            r#"{{
                "graphs": [{{
                    "id": "g",
                    "revisions": [{{"id": "b", "down": ["a"]}}, {{"id": "a"}}],
                    "queries": [{{
                        "kind": "upgrade", "current": [], "target": "head",
                        "expect": {{"steps": [{steps}], "heads": [{heads}]}}
                    }}]
                }}],
                "graph_errors": [
                    {{"id": "e", "revisions": [{{"id": "a", "down": ["a"]}}], "truth": ["{truth}"]}}
                ]
            }}"#
        )
    };
    let count = |text: &str| Tally::of(text).unwrap().disagreements.len();
    let right = r#"["a", "I", ["a"]], ["b", "U", ["b"]]"#;
    assert_eq!(count(&file(right, r#""b""#, "self_loop")), 0);
    assert_eq!(count(&file(r#"["b", "U", ["b"]]"#, r#""b""#, "self_loop")), 1);
    assert_eq!(count(&file(right, r#""a""#, "self_loop")), 1);
    assert_eq!(count(&file(right, r#""b""#, "cycle")), 1);
    assert_eq!(count(&file(right, r#""b""#, "unheard_of")), 1);
    assert!(Tally::of("{}").is_err());
}
