//! What tables mean, without a database; and checksums of other tools, held against the tools' own.

use proptest::prelude::*;

use super::history::{Trouble, applied, holes};
use super::table::{OldRow, OldTable, Standing};
use crate::chain::Chain;
use crate::chain::tests::{chain_of, chains};
use crate::tool::Tool;

fn row(version: &str) -> OldRow {
    OldRow { version: Some(version.to_owned()), ..OldRow::default() }
}

fn table(tool: Tool, rows: Vec<OldRow>) -> OldTable {
    OldTable { tool, rows }
}

fn of_versions(tool: Tool, versions: &[&str]) -> OldTable {
    table(tool, versions.iter().map(|version| row(version)).collect())
}

/// The ids that a table says are applied.
fn ids(chain: &Chain, table: &OldTable) -> Vec<String> {
    let applied = applied(chain, table).unwrap();
    applied.keys().map(|&index| chain.revisions()[index].id().to_string()).collect()
}

/// `0001` to `0010`, each after the one before it.
fn numbered() -> Chain {
    let ids: Vec<String> = (1..=10).map(|number| format!("{number:04}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let parents: Vec<&[&str]> = (0..ids.len()).map(|at| &ids[at.saturating_sub(1)..at]).collect();
    let rows: Vec<(&str, &[&str], &[&str])> =
        ids.iter().zip(&parents).map(|(id, parents)| (*id, *parents, &[][..])).collect();
    chain_of(&rows)
}

#[test]
fn versions_are_compared_as_the_tool_compares_them() {
    let chain = numbered();
    for tool in [Tool::Sqlx, Tool::Refinery, Tool::Goose] {
        assert_eq!(ids(&chain, &of_versions(tool, &["1", "2"])), ["0001", "0002"], "{tool}");
    }
    for tool in [Tool::Diesel, Tool::Dbmate, Tool::SeaOrm] {
        assert_eq!(ids(&chain, &of_versions(tool, &["0001"])), ["0001"], "{tool}");
        let strange = of_versions(tool, &["1", "0002", "3"]);
        assert_eq!(applied(&chain, &strange), Err(Trouble::Unknown(vec!["1", "3"])), "{tool}");
    }
    let twice = chain_of(&[("1", &[], &[]), ("01", &["1"], &[])]);
    assert_eq!(
        applied(&twice, &of_versions(Tool::Sqlx, &["1"])),
        Err(Trouble::Ambiguous { version: "1", revisions: vec![0, 1] })
    );
    assert_eq!(ids(&twice, &of_versions(Tool::Dbmate, &["1"])), ["1"]);
}

#[test]
fn a_single_version_stands_for_all_before_it() {
    let chain = numbered();
    assert_eq!(ids(&chain, &of_versions(Tool::GolangMigrate, &["3"])), ["0001", "0002", "0003"]);
    assert_eq!(ids(&chain, &of_versions(Tool::GolangMigrate, &["-1"])), [""; 0]);
    assert_eq!(ids(&chain, &of_versions(Tool::GolangMigrate, &[])), [""; 0]);
    let graph = chain_of(&[
        ("a", &[], &[]),
        ("b", &["a"], &[]),
        ("c", &["a"], &["b"]),
        ("other", &[], &[]),
        ("d", &["c"], &[]),
    ]);
    assert_eq!(ids(&graph, &of_versions(Tool::Alembic, &["c"])), ["a", "b", "c"]);
    assert_eq!(ids(&graph, &of_versions(Tool::Alembic, &["c", "other"])).len(), 4);
    let old = of_versions(Tool::Sqlx, &["c"]);
    assert_eq!(holes(&graph, &applied(&graph, &old).unwrap()), [0, 1]);
}

#[test]
fn goose_writes_a_row_whenever_a_version_is_undone() {
    let undone = |version| OldRow { standing: Standing::Undone, ..row(version) };
    let rows = vec![
        row("0"),
        row("1"),
        row("2"),
        undone("2"),
        row("3"),
        undone("3"),
        row("3"),
        undone("1"),
    ];
    assert_eq!(ids(&numbered(), &table(Tool::Goose, rows)), ["0003"]);
}

#[test]
fn flyway_has_rows_that_are_no_migrations() {
    let of = |version: Option<&str>, kind: &str| OldRow {
        version: version.map(str::to_owned),
        detail: Some(kind.to_owned()),
        ..OldRow::default()
    };
    let chain = chain_of(&[
        ("1", &[], &[]),
        ("1.1", &["1"], &[]),
        ("2", &["1.1"], &[]),
        ("03", &["2"], &[]),
        ("10", &["03"], &[]),
    ]);
    let rows = vec![
        of(None, "SCHEMA"),
        of(Some("1.1"), "BASELINE"),
        of(Some("2.0"), "SQL"),
        of(Some("3"), "SQL"),
        of(None, "SQL"),
        of(Some("3"), "UNDO_SQL"),
        of(Some("10"), "JDBC"),
        of(Some("10"), "DELETE"),
    ];
    let old = table(Tool::Flyway, rows);
    assert_eq!(ids(&chain, &old), ["1", "1.1", "2"]);
    assert_eq!(super::history::without_version(&old), 1);
    // A baseline need not be a version that there is.
    assert_eq!(ids(&chain, &table(Tool::Flyway, vec![of(Some("0"), "BASELINE")])), [""; 0]);
    assert_eq!(ids(&chain, &table(Tool::Flyway, vec![of(Some("5"), "BASELINE")])).len(), 4);
}

#[test]
fn what_failed_comes_before_what_is_unknown() {
    let failed = OldRow { standing: Standing::Failed, ..row("2") };
    let old = table(Tool::Sqlx, vec![row("1"), failed, row("99")]);
    assert_eq!(applied(&numbered(), &old), Err(Trouble::Failed(vec!["2"])));
}

proptest! {
    #[test]
    fn only_what_has_no_holes_is_adopted(chain in chains(), chosen in proptest::collection::vec(any::<bool>(), 16)) {
        let chain = &chain;
        let all = chain.revisions();
        let versions: Vec<&str> = all.iter().zip(&chosen)
            .filter(|(_, is_chosen)| **is_chosen).map(|(revision, _)| revision.id().as_str()).collect();
        let old = of_versions(Tool::Diesel, &versions);
        let each = applied(chain, &old).unwrap();
        let mut missing: Vec<usize> = each.keys()
            .flat_map(|&index| (0..index).filter(move |&other| chain.is_ancestor(&all[other], &all[index])))
            .filter(|index| !each.contains_key(index)).collect();
        missing.sort_unstable();
        missing.dedup();
        prop_assert_eq!(holes(chain, &each), missing.clone());
        // What stands for all before it leaves no hole, and adds just what was missing.
        let heads = of_versions(Tool::Alembic, &versions);
        let all = applied(chain, &heads).unwrap();
        prop_assert!(holes(chain, &all).is_empty());
        let mut expected: Vec<usize> = each.into_keys().chain(missing).collect();
        expected.sort_unstable();
        prop_assert_eq!(all.into_keys().collect::<Vec<_>>(), expected);
    }
}

/// The way of a file: imported, read, validated, and held against the tool's checksum.
#[cfg(feature = "cli")]
mod checksums {
    use std::path::Path;

    use super::super::checksum::{Verdict, verify};
    use super::*;
    use crate::config::Configuration;
    use crate::dialect::{Dialect, Variant};
    use crate::scaffold::import::{Continuation, Directory, File, import};
    use crate::script::text::normalise_str;

    fn chain(tool: Tool, files: &[(&str, &str)], edit: impl Fn(String) -> String) -> Chain {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        let directory =
            Directory { files: files.iter().map(file).collect(), ..Directory::default() };
        let configured = vec![Dialect::Sqlite];
        let continuation =
            Continuation { configured: configured.clone(), ..Continuation::default() };
        let imported = import(Path::new("old"), &directory, tool, &continuation).unwrap();
        let configuration = Configuration { dialects: configured, ..Configuration::default() };
        let texts = imported
            .revisions
            .into_iter()
            .map(|revision| (revision.file_name, normalise_str(&edit(revision.text)).into_owned()));
        let (chain, findings, sources) = crate::validate::texts(&configuration, texts);
        chain.unwrap_or_else(|| {
            panic!("{:?}", findings.iter().map(|it| it.one_line(&sources)).collect::<Vec<_>>())
        })
    }

    /// Imports the file, edits it, and asks for its text.
    fn edited(
        tool: Tool,
        files: &[(&str, &str)],
        checksum: &str,
        edit: impl Fn(String) -> String,
    ) -> Verdict {
        let chain = chain(tool, files, edit);
        let old = OldRow {
            checksum: Some(checksum.to_owned()),
            detail: Some("create_users".into()),
            ..row("1")
        };
        verify(
            tool,
            &old,
            &chain.revisions()[0],
            &Variant { dialect: Dialect::Sqlite, database: None },
        )
    }

    fn of_file(tool: Tool, files: &[(&str, &str)], checksum: &str) -> Verdict {
        edited(tool, files, checksum, |text| text)
    }

    fn of_sqlx(text: &str) -> String {
        use sqlx::migrate::{Migration, MigrationType};
        let sql = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(text));
        let migration = Migration::new(1, "a".into(), MigrationType::Simple, sql, false);
        crate::chain::hex(&migration.checksum)
    }

    /// Texts in which bytes get lost on the way into a chain.
    const TEXTS: [&str; 14] = [
        "CREATE TABLE users (id int);\n",
        "CREATE TABLE users (id int);",
        "CREATE TABLE users (id int);\n\n\n",
        "\n\n-- a comment\nCREATE TABLE users (id int);   \n",
        "CREATE TABLE users (id int);\r\n-- the end\r\n",
        "CREATE TABLE users (id int);\r\n-- the end",
        "\u{feff}CREATE TABLE users (id int);\n",
        "\u{feff}CREATE TABLE users (id int);\r\n\r\n",
        "-- no-transaction\nCREATE TABLE users (id int);\n",
        "-- a\rb\nCREATE TABLE users (id int);\n",
        "BEGIN;\nCREATE TABLE users (id int);\nCOMMIT;\n",
        "-- x\r\n  begin transaction; -- now\r\nCREATE TABLE users (id int);\r\nend;",
        "PRAGMA foreign_keys = off;\nCREATE TABLE users (id int);\n\tpragma foreign_keys(1); -- x\n",
        "PRAGMA foreign_keys=OFF;\r\nBEGIN;\r\nCREATE TABLE users (id int);\r\nCOMMIT;\r\nPRAGMA foreign_keys=ON;",
    ];

    #[test]
    fn every_text_is_found_again_for_sqlx() {
        for text in &TEXTS {
            let checksum = of_sqlx(text);
            let alone = [("1_users.sql", *text)];
            assert_eq!(of_file(Tool::Sqlx, &alone, &checksum), Verdict::Same, "{text:?}");
            let pair = [("1_users.up.sql", *text), ("1_users.down.sql", "DROP TABLE users;")];
            assert_eq!(of_file(Tool::Sqlx, &pair, &checksum), Verdict::Same, "{text:?}");
            let other = of_sqlx(&format!("{text} "));
            let verdict = of_file(Tool::Sqlx, &pair, &other);
            assert!(matches!(verdict, Verdict::Differs(_)), "{text:?}");
        }
        for text in &TEXTS[..10] {
            let other = of_file(Tool::Sqlx, &[("1_users.sql", text)], "none");
            assert_eq!(other, Verdict::Differs(of_sqlx(&as_chain(text))));
        }
    }

    /// What the checksum of a chain's text is told as: without a mark, with LF, and with a line end at its end.
    fn as_chain(text: &str) -> String {
        let text = normalise_str(text);
        format!("{}{}", text, if text.ends_with('\n') { "" } else { "\n" })
    }

    #[test]
    fn characters_that_sqlx_was_told_to_ignore() {
        for ignored in [vec!['\r'], vec![' ', '\t', '\r', '\n', '\u{feff}']] {
            for text in &TEXTS {
                let checksum = of_sqlx(&text.replace(&ignored[..], ""));
                let verdict = of_file(Tool::Sqlx, &[("1_users.sql", text)], &checksum);
                assert_eq!(verdict, Verdict::Same, "{ignored:?} {text:?}");
            }
        }
    }

    #[test]
    fn an_edited_text_is_told_from_the_one_that_was_applied() {
        let text = "CREATE TABLE users (id int); -- all of them\n";
        let files = [("1_users.sql", text)];
        let checksum = of_sqlx(text);
        let with = |edit: fn(String) -> String| edited(Tool::Sqlx, &files, &checksum, edit);
        assert!(matches!(with(|text| text.replace("all", "some")), Verdict::Differs(_)));
        assert!(matches!(with(|text| text.replace("int)", "bigint)")), Verdict::Differs(_)));
        // What comes after says nothing of it, also if it stands right below.
        assert_eq!(
            with(|text| text
                .replace("-- irreversible: imported from sqlx, which had no down script\n", "")
                + "-- migrate:down\nDROP TABLE users;\n"),
            Verdict::Same
        );
        assert_eq!(
            with(
                |text| text.replace("-- revision", "-- created: 2024-01-01T00:00:00Z\n-- revision")
            ),
            Verdict::Same
        );
        // But with a second up nobody can say what the first one was.
        let more = "\n-- migrate:up\nSELECT 1;\n";
        assert!(matches!(
            edited(Tool::Sqlx, &files, &checksum, |text| text + more),
            Verdict::Differs(_)
        ));
    }

    /// What refinery's own crate (0.9.2) computes; of each the version of four bytes, then that of eight.
    #[test]
    fn refinery_says_the_same_of_its_files() {
        let text = "CREATE TABLE users (id int);\n";
        for checksum in ["12099350966378232070", "4281080162846921089"] {
            let files = [("V1__create_users.sql", text)];
            assert_eq!(of_file(Tool::Refinery, &files, checksum), Verdict::Same);
            let crlf = [("V1__create_users.sql", "CREATE TABLE users (id int);\r\n")];
            // The text of a chain has LF, so that it may have been either.
            assert_eq!(of_file(Tool::Refinery, &crlf, checksum), Verdict::Same);
            let other = [("V1__create_users.sql", "CREATE TABLE users (id bigint);\n")];
            assert!(matches!(of_file(Tool::Refinery, &other, checksum), Verdict::Differs(_)));
        }
        for (sql, version, name, checksums) in [
            (
                "BEGIN;\r\nSELECT 'é';\r\nCOMMIT;",
                "23",
                "ünïcode_name",
                ["772853958369238163", "1324455285599373373"],
            ),
            ("", "2", "nothing", ["16776621311414304517", "5271177023041598272"]),
        ] {
            assert_eq!(super::super::checksum::refinery(name, version, sql), checksums);
            let path = format!("V{version}__{name}.sql");
            let chain = chain(Tool::Refinery, &[(&path, sql)], |text| text);
            let old = OldRow {
                checksum: Some(checksums[0].into()),
                detail: Some(name.into()),
                ..row(version)
            };
            let variant = Variant { dialect: Dialect::Sqlite, database: None };
            assert_eq!(
                verify(Tool::Refinery, &old, &chain.revisions()[0], &variant),
                Verdict::Same
            );
        }
    }

    #[test]
    fn every_text_is_found_again_for_refinery() {
        for text in TEXTS {
            let checksum =
                super::super::checksum::refinery("create_users", "1", text).swap_remove(1);
            let files = [("V1__create_users.sql", text)];
            assert_eq!(of_file(Tool::Refinery, &files, &checksum), Verdict::Same, "{text:?}");
        }
    }

    /// What Flyway's own steps (`BufferedReader`, `CRC32`) give when Java takes them.
    #[test]
    fn flyway_says_the_same_of_its_files() {
        let marked = "\u{feff}-- \u{e9}\r\nBEGIN;\r\n\r\nSELECT 1;\rSELECT 2;\nCOMMIT;";
        for (text, checksum) in
            [("CREATE TABLE users (id int);\n", "336540139"), (marked, "-1673713254"), ("", "0")]
        {
            let files = [("V1__users.sql", text), ("R__views.sql", "SELECT 1;")];
            assert_eq!(of_file(Tool::Flyway, &files, checksum), Verdict::Same, "{text:?}");
            assert!(matches!(of_file(Tool::Flyway, &files, "1"), Verdict::Differs(_)));
        }
    }

    #[test]
    fn locks_of_a_dump_are_put_back() {
        let dump = "LOCK TABLES `users` WRITE;\nINSERT INTO users VALUES (1);\nUNLOCK TABLES;\n";
        let body = dump.replace("LOCK", "-- LOCK").replace("UN-- ", "-- UN");
        assert_eq!(super::super::checksum::originals(&body), [body.as_str(), dump]);
    }

    #[test]
    fn where_there_is_no_checksum_nothing_is_proven() {
        let files = [("1_users.sql", "SELECT 1;")];
        let chain = chain(Tool::Sqlx, &files, |text| text);
        let variant = Variant { dialect: Dialect::Sqlite, database: None };
        assert_eq!(
            verify(Tool::Sqlx, &row("1"), &chain.revisions()[0], &variant),
            Verdict::Unknown
        );
        let program = [("V1__create_users.rs", "pub fn migration() -> String { String::new() }\n")];
        assert_eq!(of_file(Tool::Refinery, &program, "1"), Verdict::Unknown);
    }
}
