//! `SQLite`'s own parser as the judge: it cuts random scripts of valid statements, and so do we.

use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection};

use super::*;

/// What stands between two tokens.
const GAPS: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\t ",
    "\r\n",
    "/**/",
    " /* ; END; it's */ ",
    " -- ; \"end;\n",
    "\n--\n",
    "/*/ ; */",
    " \u{FEFF} ",
];

const LITERALS: &[&str] = &[
    "1",
    "1.5e-3",
    ".5",
    "0x1F",
    "'a'",
    "'it''s; END;'",
    "';'",
    "''",
    "'\\'",
    "'--'",
    "'/*'",
    "x'3B'",
    "X''",
    "NULL",
    "\"be;gin\"",
    "[be;gin]",
    "`be;gin`",
    "end",
    "'é;日本'",
    "t.\"en\"\"d;\"",
    "(SELECT 1)",
    "-1",
    "'$$'",
    "[a]",
];

/// A statement as its tokens; `#` in a name is replaced by a number of its own.
fn tokens_of(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn literal() -> impl Strategy<Value = Vec<String>> {
    select(LITERALS).prop_map(|text| vec![text.to_owned()])
}

fn expression() -> impl Strategy<Value = Vec<String>> {
    literal().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| join(&[
                tokens_of("CASE"),
                a,
                tokens_of("WHEN"),
                b,
                tokens_of("THEN"),
                c,
                tokens_of("end"),
            ])),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| join(&[
                tokens_of("case WHEN"),
                a,
                tokens_of("THEN"),
                b,
                tokens_of("ELSE"),
                c,
                tokens_of("END"),
            ])),
            (inner.clone(), inner).prop_map(|(a, b)| join(&[
                tokens_of("("),
                a,
                tokens_of("||"),
                b,
                tokens_of(")")
            ])),
        ]
    })
}

fn join(parts: &[Vec<String>]) -> Vec<String> {
    parts.concat()
}

/// A statement that may stand in a trigger, and outside.
fn change() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        expression().prop_map(|a| join(&[
            tokens_of("INSERT INTO u ( a ) SELECT"),
            a,
            tokens_of("FROM t")
        ])),
        expression().prop_map(|a| join(&[
            tokens_of("UPDATE u SET a ="),
            a.clone(),
            tokens_of(", end = 1")
        ])
        .into_iter()
        .map(|token| if token.contains("t.") { "1".to_owned() } else { token })
        .collect()),
        Just(tokens_of("DELETE FROM u")),
        Just(tokens_of("REPLACE INTO u ( end ) VALUES ( ';' )")),
        expression().prop_map(|a| join(&[tokens_of("SELECT"), a, tokens_of("AS begin FROM t")])),
    ]
}

fn statement() -> impl Strategy<Value = Vec<String>> {
    let trigger = (
        select(&["", "TEMP ", "temporary "][..]),
        select(&["", "IF NOT EXISTS "][..]),
        select(
            &[
                "tr# AFTER INSERT ON t",
                "\"tr;#\" BEFORE UPDATE OF end ON t FOR EACH ROW",
                "[begin;#] DELETE ON t",
            ][..],
        ),
        any::<bool>(),
        proptest::collection::vec(change(), 1..4),
    )
        .prop_map(|(temp, exists, name, when, body)| {
            let mut tokens = tokens_of(&format!("CREATE {temp}TRIGGER {exists}{name}"));
            // Nothing but constants may be named there.
            if when {
                tokens.extend(tokens_of("WHEN 1 = case when 1 then 2 end"));
            }
            tokens.extend(tokens_of("BEGIN"));
            for change in body {
                tokens.extend(change);
                tokens.push(";".to_owned());
            }
            tokens.extend(tokens_of("End"));
            tokens
        });
    let plain = prop_oneof![
        trigger,
        change(),
        expression().prop_map(|a| join(&[
            tokens_of("CREATE VIEW \"v;#\" AS SELECT"),
            a,
            tokens_of("AS [x;y] FROM t")
        ])),
        Just(tokens_of("CREATE TABLE n# ( begin TEXT DEFAULT ';' , [end;] INT , `trigger` )")),
        Just(tokens_of("CREATE INDEX i# ON t ( end ) WHERE a > ';'")),
        select(
            &[
                "BEGIN",
                "begin immediate",
                "COMMIT",
                "END transaction",
                "SAVEPOINT begin",
                "ROLLBACK",
                "VACUUM"
            ][..]
        )
        .prop_map(tokens_of),
        select(
            &[
                "PRAGMA user_version = 1",
                "DROP TABLE IF EXISTS missing",
                "WITH x ( a ) AS ( VALUES ( 1 ) ) SELECT * FROM x"
            ][..]
        )
        .prop_map(tokens_of),
    ];
    (select(&["", "", "EXPLAIN", "explain QUERY PLAN"][..]), plain).prop_map(|(explain, tokens)| {
        if explain.is_empty() { tokens } else { join(&[tokens_of(explain), tokens]) }
    })
}

fn script() -> impl Strategy<Value = String> {
    let gap = || select(GAPS);
    let statements =
        proptest::collection::vec((statement(), select(&[";", ";", " ;", ";;", "; ; "][..])), 1..6);
    let tail = select(
        &["", "", "\n", "-- ;", "/* ; it's", " /* x */ ;", "SELECT 1", "SELECT 'x' -- ;"][..],
    );
    (statements, proptest::collection::vec(gap(), 60), tail).prop_map(|(statements, gaps, tail)| {
        let mut script = String::new();
        let mut gaps = gaps.iter().cycle();
        for (number, (tokens, end)) in statements.iter().enumerate() {
            for token in tokens {
                script.push_str(gaps.next().expect("the gaps are endless"));
                script.push_str(&token.replace('#', &number.to_string()));
            }
            script.push_str(gaps.next().expect("the gaps are endless"));
            script.push_str(end);
        }
        script.push_str(tail);
        script
    })
}

/// The script's pieces as `SQLite` cuts them, each with what stands before it.
fn judged(script: &str) -> Result<Vec<String>, rusqlite::Error> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(
        "CREATE TABLE t (a, end, \"be;gin\", \"en\"\"d;\"); CREATE TABLE u (a, end, \"be;gin\");",
    )?;
    let mut batch = Batch::new(&connection, script);
    let mut pieces = Vec::new();
    while let Some(statement) = batch.next()? {
        pieces.push(statement.expanded_sql().expect("there are no parameters"));
    }
    Ok(pieces)
}

/// Without the white space, comments and semicolons that `SQLite` counts to the next statement.
fn without_lead(mut piece: &str) -> &str {
    loop {
        piece = piece.trim_start_matches([' ', '\t', '\n', '\r', ';', '\u{FEFF}']);
        if let Some(comment) = piece.strip_prefix("--") {
            piece = comment.find('\n').map_or("", |end| &comment[end..]);
        } else if let Some(comment) = piece.strip_prefix("/*") {
            piece = comment.find("*/").map_or("", |end| &comment[end + 2..]);
        } else {
            return piece;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_cuts_as_we_do(script in script()) {
        check_invariants(Dialect::Sqlite, &script);
        let pieces = judged(&script);
        prop_assert!(pieces.is_ok(), "SQLite refuses {script:?}: {pieces:?}");
        let pieces = pieces.unwrap_or_default();
        let split = split(Dialect::Sqlite, &script);
        // SQLite takes a comment that does not end; we report it, and cut as it does.
        let open = split.unterminated.map(|unterminated| unterminated.kind);
        prop_assert!(matches!(open, None | Some(UnterminatedKind::Comment)), "{open:?}");
        prop_assert_eq!(pieces.len(), split.statements.len(), "{:?} and {:?}", pieces, split.statements);
        for (piece, statement) in pieces.iter().zip(&split.statements) {
            let piece = without_lead(piece);
            let ours = &script[statement.offset..statement.end];
            if ours.ends_with(';') {
                prop_assert_eq!(piece, ours);
            } else {
                // The last one has no terminator, and SQLite counts what follows to it.
                prop_assert_eq!(piece, &script[statement.offset..]);
            }
        }
    }
}
