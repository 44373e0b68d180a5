//! Any text at all: nothing panics, no byte is lost, and the pieces are the whole.

use proptest::prelude::*;

use super::*;

/// What is likely to confuse a splitter.
const PIECES: &[&str] = &[
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "\\'",
    ";",
    ";;",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!",
    "/*!50003 ",
    "/*M!",
    "/*+",
    "/",
    "*",
    "-",
    "\n",
    " ",
    "\t",
    "\r",
    "$",
    "$$",
    "$a$",
    "$1",
    "a$b$c",
    "E'",
    "U&'",
    "x'",
    "N'",
    "(",
    ")",
    ".",
    ":",
    "::",
    "@",
    "@x",
    "?",
    "1",
    "1.5e-3",
    "0x1F",
    "1..2",
    "é",
    "日本",
    "\u{FEFF}",
    "BEGIN",
    "END",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "IF",
    "END IF",
    "LOOP",
    "WHILE",
    "DO",
    "REPEAT",
    "UNTIL",
    "ATOMIC",
    "BEGIN ATOMIC",
    "NOT",
    "EXPLAIN",
    "AS",
    "TEMP",
    "OR REPLACE",
    "DEFINER=",
    "x",
    "a.end",
    "name",
    "CREATE",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "EVENT",
    "CREATE TRIGGER t",
    "CREATE FUNCTION f()",
    "CREATE PROCEDURE p() BEGIN",
    "FOR EACH ROW",
    "DECLARE",
    "HANDLER FOR",
    "SELECT",
    "COMMIT",
    "PRAGMA",
    "ALTER TABLE t DETACH PARTITION",
    "CONCURRENTLY",
    "REINDEX (",
    "SET autocommit",
    "=",
    "VACUUM",
    "\0",
];

const DELIMITERS: &[&str] = &[
    "\nDELIMITER //\n",
    "\ndelimiter ;\n",
    "DELIMITER $$",
    "//",
    "$$",
    "\nDELIMITER ;;\n",
    "DELIMITER",
    "\nDELIMITER é\n",
    "é",
    "\ndelimiter |\n",
    "|",
    "\nDELIMITER '\n",
    "\nCOPY t FROM stdin;\n",
    "\n\\.\n",
];

fn script(delimiters: bool) -> impl Strategy<Value = String> {
    let mut pieces = PIECES.to_vec();
    if delimiters {
        pieces.extend(DELIMITERS);
    }
    let piece = prop_oneof![
        8 => proptest::sample::select(pieces).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
        2 => Just(" ".to_owned()),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn confusing_text_keeps_every_invariant(text in script(false)) {
        for dialect in Dialect::ALL {
            check_invariants(dialect, &text);
        }
    }

    #[test]
    fn delimiter_lines_and_copy_data_never_panic(text in script(true)) {
        for dialect in Dialect::ALL {
            let copies = dialect == Dialect::Postgres && text.to_ascii_lowercase().contains("copy");
            if copies {
                let split = split(dialect, &text);
                prop_assert!(split.statements.iter().all(|one| one.end <= text.len()));
            } else {
                check_invariants(dialect, &text);
            }
        }
    }

    #[test]
    fn arbitrary_text_keeps_every_invariant(text in any::<String>()) {
        for dialect in Dialect::ALL {
            check_invariants(dialect, &text);
        }
    }
}
