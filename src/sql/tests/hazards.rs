//! Which statements are hazards, and which only look like one.

use HazardKind::{CopyFromStdin, LocksTables, NotInTransaction, ReleasesLock, TransactionControl};

use super::*;

/// Checks each statement's hazard and the words it underlines, also behind another statement.
fn check(dialect: Dialect, cases: &[(&str, HazardKind, &str)]) {
    for (text, kind, underlined) in cases {
        let script = format!("SELECT 1;\n{text};");
        let split = split(dialect, &script);
        assert_eq!(split.statements.len(), 2, "{text}");
        let found: Vec<_> = hazards(dialect, &split.statements[1])
            .iter()
            .map(|hazard| (hazard.kind, &script[hazard.span()]))
            .collect();
        assert_eq!(found, [(*kind, *underlined)], "{dialect}: {text}");
    }
}

fn check_harmless(dialect: Dialect, cases: &[&str]) {
    for text in cases {
        let split = split(dialect, text);
        assert_eq!(split.statements.len(), 1, "{text}");
        assert_eq!(hazards(dialect, &split.statements[0]), [], "{dialect}: {text}");
    }
}

#[test]
fn sqlite() {
    check(
        Dialect::Sqlite,
        &[
            ("BEGIN", TransactionControl, "BEGIN"),
            ("begin immediate transaction", TransactionControl, "begin immediate transaction"),
            ("COMMIT /* x */ TRANSACTION", TransactionControl, "COMMIT /* x */ TRANSACTION"),
            ("END", TransactionControl, "END"),
            ("ROLLBACK TRANSACTION x", TransactionControl, "ROLLBACK TRANSACTION x"),
            ("VACUUM main", NotInTransaction, "VACUUM"),
            ("VACUUM INTO 'x'", NotInTransaction, "VACUUM"),
            ("DETACH DATABASE x", NotInTransaction, "DETACH"),
            ("PRAGMA journal_mode = WAL", NotInTransaction, "PRAGMA journal_mode = WAL"),
            ("PRAGMA main.Journal_Mode(wal)", NotInTransaction, "PRAGMA main.Journal_Mode(wal)"),
            ("PRAGMA \"foreign_keys\"=off", NotInTransaction, "PRAGMA \"foreign_keys\"=off"),
            ("PRAGMA synchronous=0", NotInTransaction, "PRAGMA synchronous=0"),
            ("PRAGMA wal_checkpoint(full)", NotInTransaction, "PRAGMA wal_checkpoint"),
        ],
    );
    check_harmless(
        Dialect::Sqlite,
        &[
            "SAVEPOINT a",
            "RELEASE a",
            "ROLLBACK TO a",
            "ROLLBACK TRANSACTION TO SAVEPOINT a",
            "ATTACH 'x' AS y",
            "PRAGMA journal_mode",
            "PRAGMA foreign_key_check",
            "PRAGMA defer_foreign_keys = on",
            "PRAGMA user_version = 3",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END",
            "INSERT INTO a VALUES ('VACUUM')",
            "SELECT \"commit\"",
            "PRAGMA",
        ],
    );
}

#[test]
fn postgres() {
    check(
        Dialect::Postgres,
        &[
            ("BEGIN ISOLATION LEVEL SERIALIZABLE", TransactionControl, "BEGIN"),
            ("START TRANSACTION", TransactionControl, "START TRANSACTION"),
            ("COMMIT", TransactionControl, "COMMIT"),
            ("COMMIT PREPARED 'x'", TransactionControl, "COMMIT PREPARED"),
            ("END TRANSACTION", TransactionControl, "END TRANSACTION"),
            ("ABORT", TransactionControl, "ABORT"),
            ("ROLLBACK AND CHAIN", TransactionControl, "ROLLBACK"),
            ("PREPARE TRANSACTION 'x'", TransactionControl, "PREPARE TRANSACTION"),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
                NotInTransaction,
                "CREATE UNIQUE INDEX CONCURRENTLY",
            ),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", NotInTransaction, "DROP INDEX CONCURRENTLY"),
            ("REINDEX TABLE CONCURRENTLY t", NotInTransaction, "REINDEX TABLE CONCURRENTLY"),
            (
                "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
                NotInTransaction,
                "REINDEX (VERBOSE, CONCURRENTLY) TABLE",
            ),
            ("REINDEX SCHEMA s", NotInTransaction, "REINDEX SCHEMA"),
            ("VACUUM ANALYZE t", NotInTransaction, "VACUUM"),
            ("CREATE DATABASE d", NotInTransaction, "CREATE DATABASE"),
            ("DROP TABLESPACE x", NotInTransaction, "DROP TABLESPACE"),
            ("ALTER SYSTEM SET a = 1", NotInTransaction, "ALTER SYSTEM"),
            (
                "ALTER DATABASE d SET TABLESPACE x",
                NotInTransaction,
                "ALTER DATABASE d SET TABLESPACE",
            ),
            (
                "ALTER TABLE IF EXISTS t DETACH PARTITION u CONCURRENTLY",
                NotInTransaction,
                "DETACH PARTITION u CONCURRENTLY",
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
                NotInTransaction,
                "CREATE SUBSCRIPTION",
            ),
            ("DROP SUBSCRIPTION s", NotInTransaction, "DROP SUBSCRIPTION"),
            (
                "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
                NotInTransaction,
                "ALTER SUBSCRIPTION s REFRESH",
            ),
            ("CLUSTER", NotInTransaction, "CLUSTER"),
            ("CLUSTER (VERBOSE)", NotInTransaction, "CLUSTER (VERBOSE)"),
            ("COPY t (a, b) FROM STDIN WITH CSV", CopyFromStdin, "FROM STDIN"),
            ("DISCARD ALL", ReleasesLock, "DISCARD ALL"),
            ("SELECT pg_catalog.pg_advisory_unlock_all()", ReleasesLock, "pg_advisory_unlock_all"),
        ],
    );
    check_harmless(
        Dialect::Postgres,
        &[
            "SAVEPOINT a",
            "ROLLBACK TO a",
            "ROLLBACK WORK TO SAVEPOINT a",
            "PREPARE transaction_plan AS SELECT 1",
            "CREATE INDEX i ON t (a)",
            "REINDEX (CONCURRENTLY false) TABLE t",
            "REINDEX TABLE t",
            "CLUSTER t USING i",
            "ALTER DATABASE d SET work_mem = 1",
            "ALTER TABLE t DETACH PARTITION u FINALIZE",
            "ALTER TABLE t DETACH PARTITION u",
            "ALTER TYPE t ADD VALUE 'x'",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false, enabled = false)",
            "COPY t FROM '/x'",
            "COPY (SELECT a FROM stdin) TO STDOUT",
            "DISCARD PLANS",
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$",
            "CREATE PROCEDURE p() BEGIN ATOMIC SELECT pg_advisory_unlock_all(); END",
            "SELECT 'pg_advisory_unlock_all()'",
        ],
    );
}

#[test]
fn mysql() {
    check(
        Dialect::Mysql,
        &[
            ("BEGIN", TransactionControl, "BEGIN"),
            ("BEGIN WORK", TransactionControl, "BEGIN WORK"),
            ("START TRANSACTION READ ONLY", TransactionControl, "START TRANSACTION"),
            ("COMMIT", TransactionControl, "COMMIT"),
            ("/*!40000 COMMIT */", TransactionControl, "COMMIT"),
            ("ROLLBACK", TransactionControl, "ROLLBACK"),
            ("XA END 'x'", TransactionControl, "XA END"),
            ("LOCK TABLES t WRITE", LocksTables, "LOCK TABLES"),
            ("FLUSH TABLES t WITH READ LOCK", LocksTables, "FLUSH TABLES t WITH READ LOCK"),
            ("FLUSH TABLE t FOR EXPORT", LocksTables, "FLUSH TABLE t FOR EXPORT"),
            ("UNLOCK TABLES", TransactionControl, "UNLOCK TABLES"),
            ("SET autocommit = 0", TransactionControl, "autocommit"),
            ("SET a = 1, SESSION autocommit := 0", TransactionControl, "autocommit"),
            ("SET @@session.autocommit=0", TransactionControl, "@@session.autocommit"),
            ("DO RELEASE_ALL_LOCKS()", ReleasesLock, "RELEASE_ALL_LOCKS"),
        ],
    );
    check_harmless(
        Dialect::Mysql,
        &[
            "SAVEPOINT a",
            "ROLLBACK TO a",
            "START REPLICA",
            "LOCK INSTANCE FOR BACKUP",
            "FLUSH TABLES t",
            "SET GLOBAL autocommit = 0",
            "SET @autocommit = 0",
            "SET NAMES utf8mb4",
            "XA RECOVER",
            "BEGIN NOT ATOMIC SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN START TRANSACTION; COMMIT; END",
            "CREATE PROCEDURE p() SELECT RELEASE_ALL_LOCKS()",
            "PREPARE s FROM 'COMMIT'",
        ],
    );
}

#[test]
fn several_statements_under_a_delimiter_are_each_judged() {
    let script = "DELIMITER //\nINSERT INTO a VALUES (1); COMMIT; SELECT 1//";
    let split = split(Dialect::Mysql, script);
    let found = hazards(Dialect::Mysql, &split.statements[0]);
    assert_eq!(found.len(), 1);
    assert_eq!(&script[found[0].span()], "COMMIT");
}
