//! What a database says of its schema: nothing that a revision can make goes unseen.

use super::place::{Place, query};
use super::*;
use crate::runtime::{Configured, describe};

/// Each statement changes what is said.
async fn sees(place: &Place, statements: &[&str]) {
    let migrator = baked(&refs(&line()));
    migrator.up(&place.url).await.unwrap();
    let configured = Configured::from(&migrator);
    let mut before = described(&configured, place).await;
    assert!(
        !before.is_empty() && !before.iter().any(|line| line.contains("migrate_")),
        "{before:?}"
    );
    for sql in statements {
        query(&place.url, sql).await;
        let after = described(&configured, place).await;
        assert_ne!(before, after, "{sql}");
        before = after;
    }
}

async fn described(configured: &Configured<'_>, place: &Place) -> Vec<String> {
    let mut lines = describe(configured, &place.url).await.unwrap();
    lines.sort();
    lines
}

#[tokio::test]
async fn sqlite() {
    let statements = [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
        "ALTER TABLE t ADD COLUMN y INT NOT NULL DEFAULT 1",
        "ALTER TABLE t ADD COLUMN z TEXT CHECK (z <> '') COLLATE NOCASE",
        "ALTER TABLE t ADD COLUMN w INT AS (y + 1)",
        "ALTER TABLE t ADD COLUMN r INT REFERENCES a (id) ON DELETE CASCADE",
        "CREATE UNIQUE INDEX i ON t (lower(x)) WHERE y > 1",
        "CREATE VIEW v AS SELECT x FROM t",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
        "CREATE TABLE s (k TEXT PRIMARY KEY, v ANY, UNIQUE (v, k)) STRICT, WITHOUT ROWID",
        "CREATE VIRTUAL TABLE f USING fts5(body)",
        "DROP TABLE s",
        "CREATE TABLE s (k TEXT PRIMARY KEY, v ANY, UNIQUE (k, v)) STRICT, WITHOUT ROWID",
        "ALTER TABLE t RENAME COLUMN x TO xx",
    ];
    sees(&Place::sqlite(), &statements).await;
}

/// The text of a table changes when it is renamed, and back; the table does not.
#[tokio::test]
async fn sqlite_rewrites_texts_without_a_change() {
    let place = Place::sqlite();
    let migrator = baked(&refs(&line()));
    migrator.up(&place.url).await.unwrap();
    query(
        &place.url,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT CHECK (x <> ''), UNIQUE (x))",
    )
    .await;
    query(&place.url, "CREATE INDEX i ON t (x)").await;
    let configured = Configured::from(&migrator);
    let before = described(&configured, &place).await;
    for sql in [
        "ALTER TABLE t ADD COLUMN y INT",
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE u DROP COLUMN y",
        "ALTER TABLE u RENAME COLUMN x TO z",
        "ALTER TABLE u RENAME COLUMN z TO x",
        "ALTER TABLE u RENAME TO t",
    ] {
        query(&place.url, sql).await;
    }
    assert_eq!(described(&configured, &place).await, before);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres() {
    let Some(place) = Place::on(crate::Dialect::Postgres).await else { return };
    let statements = [
        "CREATE SCHEMA s",
        "CREATE TABLE s.t (id bigint GENERATED ALWAYS AS IDENTITY, a text)",
        "ALTER TABLE s.t ADD b int NOT NULL DEFAULT 1",
        "ALTER TABLE s.t ALTER b DROP NOT NULL",
        "ALTER TABLE s.t ALTER a TYPE text COLLATE \"C\"",
        "ALTER TABLE s.t ADD c int GENERATED ALWAYS AS (b + 1) STORED",
        "ALTER TABLE s.t ADD CHECK (b > 0)",
        "ALTER TABLE s.t ADD PRIMARY KEY (id)",
        "CREATE INDEX i ON s.t (lower(a)) WHERE b > 1",
        "CREATE VIEW s.v AS SELECT a FROM s.t",
        "CREATE OR REPLACE VIEW s.v AS SELECT a FROM s.t WHERE b > 0",
        "CREATE MATERIALIZED VIEW s.m AS SELECT a FROM s.t",
        "CREATE SEQUENCE s.q",
        "ALTER SEQUENCE s.q INCREMENT 5",
        "ALTER SEQUENCE s.q OWNED BY s.t.b",
        "CREATE TYPE s.e AS ENUM ('a')",
        "ALTER TYPE s.e ADD VALUE 'b'",
        "CREATE DOMAIN s.d AS text CHECK (VALUE <> '')",
        "CREATE TYPE s.c AS (x int)",
        "ALTER TYPE s.c ADD ATTRIBUTE y int",
        "CREATE TYPE s.r AS RANGE (subtype = float8)",
        "CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
        "CREATE OR REPLACE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
        "CREATE TRIGGER g BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()",
        "ALTER TABLE s.t DISABLE TRIGGER g",
        "CREATE RULE u AS ON DELETE TO s.t DO INSTEAD NOTHING",
        "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON s.t USING (b > 0)",
        "CREATE STATISTICS s.st ON a, b FROM s.t",
        "GRANT SELECT ON s.t TO PUBLIC",
        "COMMENT ON COLUMN s.t.a IS 'x'",
        "CREATE AGGREGATE s.total (int) (sfunc = int4pl, stype = int, initcond = '0')",
        "CREATE PROCEDURE s.pr() LANGUAGE sql AS $$SELECT 1$$",
        "CREATE TABLE part (k int) PARTITION BY RANGE (k)",
        "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (9)",
        "ALTER TABLE part DETACH PARTITION part1",
        "ALTER TABLE s.t SET (fillfactor = 50)",
        "ALTER TABLE part1 SET UNLOGGED",
        "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$",
        "CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ev()",
        "ALTER TABLE s.t RENAME a TO aa",
    ];
    sees(&place, &statements).await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mysql() {
    let Some(place) = Place::on(crate::Dialect::Mysql).await else { return };
    let statements = [
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(20)) ENGINE = InnoDB",
        "ALTER TABLE t ADD y INT NOT NULL DEFAULT 1",
        "ALTER TABLE t ADD CHECK (y > 0)",
        "CREATE INDEX i ON t (x)",
        "ALTER TABLE t COMMENT 'c'",
        "CREATE VIEW v AS SELECT x FROM t",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.y = 2",
        "CREATE PROCEDURE p() SELECT 1",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
        "ALTER TABLE t CHANGE x xx VARCHAR(20)",
    ];
    sees(&place, &statements).await;
    let migrator = baked(&refs(&line()));
    let configured = Configured::from(&migrator);
    let before = described(&configured, &place).await;
    query(&place.url, "INSERT INTO t (xx) VALUES ('a'), ('b')").await;
    assert_eq!(described(&configured, &place).await, before, "rows are no schema");
}
