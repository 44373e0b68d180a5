//! What each dialect's lexer and client do, case by case.

use super::*;

fn words(dialect: Dialect, text: &str) -> Vec<&str> {
    tokens(dialect, text).map(|token| token.text).collect()
}

fn open(dialect: Dialect, text: &str) -> Option<(UnterminatedKind, &str, usize)> {
    split(dialect, text).unterminated.map(|open| (open.kind, open.text, open.offset))
}

/// Each script must be one statement, and the `SELECT 2` behind it another.
fn check_whole(dialect: Dialect, scripts: &[&str]) {
    for script in scripts {
        let text = format!("{script};\nSELECT 2");
        assert_eq!(texts(dialect, &text), [*script, "SELECT 2"], "{dialect}");
        assert_eq!(split(dialect, &text).unterminated, None, "{dialect}: {script}");
    }
}

#[test]
fn tokens_of_each_dialect() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let cases: &[(Dialect, &str, &[&str])] = &[
        (Sqlite, "a--b\nc/*d*/e/**/f", &["a", "c", "e", "f"]),
        (Sqlite, "[a;b] `c``d` \"e\"\"f\" 'g''h'", &["[a;b]", "`c``d`", "\"e\"\"f\"", "'g''h'"]),
        (Sqlite, "x'41' X'42' e'1'", &["x'41'", "X'42'", "e", "'1'"]),
        (Sqlite, "?1 :a @b $c::d(e f", &["?1", ":a", "@b", "$c::d(e", "f"]),
        (
            Sqlite,
            "a->>'$.b' a||b a<>b a==b",
            &["a", "->>", "'$.b'", "a", "||", "b", "a", "<>", "b", "a", "==", "b"],
        ),
        (Sqlite, "1.5e-3 .5 0x1F 1_0", &["1.5e-3", ".5", "0x1F", "1_0"]),
        (Sqlite, "'a\\' 'b'", &["'a\\'", "'b'"]),
        (Sqlite, "a /* b", &["a"]),
        (Sqlite, "a /*", &["a", "/", "*"]),
        (Sqlite, "/*/ a */b", &["b"]),
        (Sqlite, "\u{FEFF}a\u{FEFF}", &["a\u{FEFF}"]),
        (Postgres, "a/*b/*c*/d*/e", &["a", "e"]),
        (
            Postgres,
            r"E'\'' e'\\' 'a\' U&'b' B'1' n'd'",
            &[r"E'\''", r"e'\\'", r"'a\'", "U&'b'", "B'1'", "n'd'"],
        ),
        (Postgres, "U&\"d\"\"e\" u & 'x'", &["U&\"d\"\"e\"", "u", "&", "'x'"]),
        (Postgres, "$$a;b$$ $x$c$$d$x$ $é$e$é$", &["$$a;b$$", "$x$c$$d$x$", "$é$e$é$"]),
        (Postgres, "a$b$c $1 $1a$ 1$$x$$", &["a$b$c", "$1", "$1", "a$", "1", "$$x$$"]),
        (
            Postgres,
            "a=-1 a<=-1 @-1 a::b c:=d e..f",
            &[
                "a", "=", "-", "1", "a", "<=", "-", "1", "@-", "1", "a", "::", "b", "c", ":=", "d",
                "e", "..", "f",
            ],
        ),
        (
            Postgres,
            "a?b a@>b a#>>b a*/*c*/b +--d",
            &["a", "?", "b", "a", "@>", "b", "a", "#>>", "b", "a", "*", "b", "+"],
        ),
        (Postgres, "E'a' -- c\n 'b\\'' 'c\\'", &["E'a'", "'b\\''", "'c\\'"]),
        (Postgres, "E'a' 'b\\'", &["E'a'", "'b\\'"]),
        (Postgres, "--a\rb", &["b"]),
        (Mysql, "a#b\nc -- d\n5--3 --", &["a", "c", "5", "-", "-", "3"]),
        (Mysql, r#"'a\'b' "c\"d" 'e''f' `g\`"#, &[r"'a\'b'", r#""c\"d""#, "'e''f'", r"`g\`"]),
        (
            Mysql,
            "/*! a */ /*!50003 b '*/' */ /*M! c */ /*+ d' */ e /* f */",
            &["/*! a */", "/*!50003 b '*/' */", "/*M! c */", "/*+ d' */", "e"],
        ),
        (Mysql, "/*! a /* b */ c */ d", &["/*! a /* b */ c */", "d"]),
        (
            Mysql,
            "@a := @@session.b ? n'c' _utf8'd' $e",
            &["@a", ":=", "@@session.b", "?", "n'c'", "_utf8", "'d'", "$e"],
        ),
        (Mysql, "a <=> b && c ->> '$'", &["a", "<=>", "b", "&&", "c", "->>", "'$'"]),
    ];
    for (dialect, text, expected) in cases {
        assert_eq!(words(*dialect, text), *expected, "{dialect}: {text}");
    }
}

#[test]
fn tokens_have_kinds() {
    let kinds: Vec<TokenKind> =
        tokens(Dialect::Mysql, "a `b` 'c' 1 + ; ? /*!d*/").map(|token| token.kind).collect();
    assert_eq!(
        kinds,
        [
            TokenKind::Word,
            TokenKind::QuotedIdentifier,
            TokenKind::String,
            TokenKind::Number,
            TokenKind::Symbol,
            TokenKind::Semicolon,
            TokenKind::Parameter,
            TokenKind::Executable,
        ]
    );
}

#[test]
fn semicolons_cut_and_empty_statements_vanish() {
    for dialect in Dialect::ALL {
        assert_eq!(texts(dialect, ""), [""; 0]);
        assert_eq!(texts(dialect, " -- only\n/* comments */;;"), [""; 0]);
        assert_eq!(texts(dialect, "/*a*/ A /*b*/ B -- c\n; ; C"), ["A /*b*/ B", "C"]);
        let split = split(dialect, "A ;B");
        assert_eq!((split.statements[0].offset, split.statements[0].end), (0, 3));
        assert_eq!((split.statements[1].offset, split.statements[1].end), (3, 4));
    }
}

#[test]
fn begin_as_a_transaction_opens_no_body() {
    for dialect in Dialect::ALL {
        let script = "BEGIN; CREATE TABLE t (a int); END; BEGIN WORK; COMMIT";
        assert_eq!(texts(dialect, script).len(), 5, "{dialect}");
    }
}

#[test]
fn sqlite_triggers_are_whole() {
    check_whole(
        Dialect::Sqlite,
        &[
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
            "create temp trigger if not exists \"x;y\" after update of b on a when new.b > 1 begin\n\
             update a set b = case when b > 1 then 2 else case b when 3 then 4 end end; -- ;\n\
             insert into c values (';end;'); end",
            "EXPLAIN QUERY PLAN CREATE TEMPORARY TRIGGER t DELETE ON a BEGIN DELETE FROM b; END",
            "CREATE /* x */ TRIGGER -- y\n t INSERT ON begin BEGIN SELECT end FROM b; /* z */ END",
        ],
    );
    assert_eq!(
        texts(Dialect::Sqlite, "CREATE TABLE trigger_a (begin); SELECT 1"),
        ["CREATE TABLE trigger_a (begin)", "SELECT 1"]
    );
}

#[test]
fn postgres_bodies_are_whole() {
    check_whole(
        Dialect::Postgres,
        &[
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN; RETURN 1; END; $$",
            "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
            "create or replace procedure p() begin atomic\n insert into t values (1); \
             select case when a then case b when 1 then 2 end else 3 end from t; end",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a AS end, t.case FROM t; SELECT 1; END",
            "CREATE FUNCTION begin() RETURNS int RETURN 1",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)",
            "DO $do$ BEGIN PERFORM $x$;$x$; END $do$",
            "CREATE TABLE begin (atomic int)",
        ],
    );
}

#[test]
fn mysql_bodies_are_whole() {
    check_whole(
        Dialect::Mysql,
        &[
            "CREATE PROCEDURE p() BEGIN END",
            "CREATE PROCEDURE p() BEGIN SELECT 1; END",
            "CREATE OR REPLACE DEFINER=`root`@`localhost` PROCEDURE p(IN a INT, OUT b VARCHAR(10)) \
             COMMENT 'x; y' BEGIN SELECT 1; BEGIN SELECT 2; END; END",
            "CREATE DEFINER = CURRENT_USER() FUNCTION f(a INT) RETURNS INT DETERMINISTIC BEGIN \
             DECLARE b INT DEFAULT 0; IF a > 1 THEN SET b = IF(a, 1, 2); ELSEIF a = 3 THEN SET b = 1; \
             ELSE BEGIN SET b = 2; END; END IF; RETURN b; END",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = IF(NEW.y, 1, 2)",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.x THEN SET NEW.y = 1; END IF",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW FOLLOWS u BEGIN \
             CASE NEW.x WHEN 1 THEN SET NEW.y = CASE WHEN 1 THEN IF(1, 2, 3) ELSE REPEAT('a', 3) END; \
             ELSE SET NEW.y = 2; END CASE; END",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO IF 1 THEN DELETE FROM a; END IF",
            "ALTER EVENT e DO BEGIN DELETE FROM a; END",
            "CREATE PROCEDURE p() main: BEGIN DECLARE done INT; DECLARE c CURSOR FOR SELECT a FROM b; \
             DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = IF(1, 2, 3); \
             DECLARE EXIT HANDLER FOR SQLEXCEPTION, 1062 BEGIN ROLLBACK; END; \
             OPEN c; l: LOOP FETCH c INTO x; IF done THEN LEAVE l; END IF; END LOOP l; \
             WHILE x > 0 DO SET x = x - 1; END WHILE; \
             REPEAT SET x = x + 1; UNTIL x > CASE WHEN 1 THEN 5 END END REPEAT; \
             DO REPEAT('a', 3); DROP TABLE IF EXISTS d; END main",
            "CREATE PROCEDURE p() BEGIN SELECT end, begin FROM t; SET @begin = 1, @end = 2; \
             UPDATE t SET t.end = 1; SELECT CASE WHEN end > 1 THEN end END FROM t; END",
            "CREATE PROCEDURE p() BEGIN IF EXISTS (SELECT 1) THEN CREATE TABLE IF NOT EXISTS a (b INT); \
             END IF; REPLACE INTO a VALUES (1); END",
            "CREATE PROCEDURE begin() SELECT 1",
            "CREATE PROCEDURE IF NOT EXISTS p() SELECT IF(1, 2, 3), REPEAT('a', 2), CASE WHEN 1 THEN 2 END",
            "CREATE FUNCTION f() RETURNS INT RETURN CASE WHEN 1 THEN IF(1, 2, 3) END",
            "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
            "CREATE PROCEDURE p() DO IF(1, 2, 3)",
            "BEGIN NOT ATOMIC SELECT 1; IF 1 THEN SELECT 2; END IF; END",
            "IF 1 THEN SELECT 1; END IF",
            "FOR i IN 1..10 DO SELECT i; END FOR",
            "CREATE /*!50017 DEFINER=`a`@`b` */ TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END",
            "CREATE PROCEDURE p() BEGIN CREATE TEMPORARY TABLE x AS SELECT 1; DROP TEMPORARY TABLE IF EXISTS x; \
             PREPARE s FROM 'BEGIN'; START TRANSACTION; COMMIT; END",
            "CREATE DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW v AS SELECT 1",
            "CREATE EVENT IF NOT EXISTS e ON SCHEDULE AT NOW() ON COMPLETION PRESERVE DO UPDATE a SET b = 1",
        ],
    );
}

#[test]
fn delimiter_lines_switch_the_terminator() {
    let cases: &[(&str, &[&str])] = &[
        ("DELIMITER //\nA; B//\nC //\ndelimiter ;\nD;E", &["A; B", "C", "D", "E"]),
        (
            "A;\n  DeLiMiTeR $$\nCREATE TRIGGER t BEGIN B; END$$\nDELIMITER ;\nC;",
            &["A", "CREATE TRIGGER t BEGIN B; END", "C"],
        ),
        (
            "DELIMITER ;;\n/*!50003 TRIGGER x BEGIN A; END */;;\nDELIMITER ;\nB",
            &["/*!50003 TRIGGER x BEGIN A; END */", "B"],
        ),
        (
            "DELIMITER //\nA '//' \"//\" `//` /* // */ # //\n-- //\nB//",
            &["A '//' \"//\" `//` /* // */ # //\n-- //\nB"],
        ),
        ("A\nDELIMITER //\nB//", &["A", "B"]),
        (
            "CREATE TABLE t (\n  delimiter VARCHAR(3)\n); B",
            &["CREATE TABLE t (\n  delimiter VARCHAR(3)\n)", "B"],
        ),
        ("SELECT 1 AS\ndelimiter; B", &["SELECT 1 AS\ndelimiter", "B"]),
        ("DELIMITER\nA;B", &["A", "B"]),
        ("DELIMITER |\nA||B|", &["A", "B"]),
        ("DELIMITER //", &[]),
    ];
    for (script, expected) in cases {
        assert_eq!(texts(Dialect::Mysql, script), *expected, "{script}");
        assert_eq!(split(Dialect::Mysql, script).unterminated, None, "{script}");
        assert_eq!(split(Dialect::Mysql, script).delimiters, [0_usize; 0]);
    }
}

#[test]
fn delimiter_lines_elsewhere_are_reported() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let script = "A;\nDELIMITER //\nB//\nDELIMITER ;\n";
        assert_eq!(split(dialect, script).delimiters, [3, 20]);
        assert_eq!(split(dialect, "CREATE TABLE t (\ndelimiter text)").delimiters, [0_usize; 0]);
    }
}

#[test]
fn what_is_not_closed_is_named_with_its_opening() {
    use UnterminatedKind as U;
    let cases = [
        (Dialect::Sqlite, "A; B 'c; d", Some((U::String, "'", 5))),
        (Dialect::Sqlite, "A [b; c", Some((U::Identifier, "[", 2))),
        (Dialect::Sqlite, "A /* b", Some((U::Comment, "/*", 2))),
        (Dialect::Sqlite, "CREATE TRIGGER t BEGIN A; B;", Some((U::Body, "BEGIN", 17))),
        (Dialect::Sqlite, "CREATE TRIGGER t BEGIN 'A; END;", Some((U::String, "'", 23))),
        (Dialect::Postgres, "A E'b\\'", Some((U::String, "E'", 2))),
        (Dialect::Postgres, "A /* /* */ b", Some((U::Comment, "/*", 2))),
        (Dialect::Postgres, "A $x$ b $y$", Some((U::DollarQuote, "$x$", 2))),
        (Dialect::Postgres, "A (b; C", Some((U::Parenthesis, "(", 2))),
        (Dialect::Postgres, "A (b", None),
        (Dialect::Postgres, "CREATE FUNCTION f() BEGIN ATOMIC A; B", Some((U::Body, "BEGIN", 20))),
        (Dialect::Mysql, "A `b", Some((U::Identifier, "`", 2))),
        (Dialect::Mysql, "A /*!50003 b", Some((U::Comment, "/*!", 2))),
        (Dialect::Mysql, "A 'b\\", Some((U::String, "'", 2))),
        (
            Dialect::Mysql,
            "CREATE PROCEDURE p() BEGIN IF a THEN B; END; C;",
            Some((U::Body, "BEGIN", 21)),
        ),
    ];
    for (dialect, script, expected) in cases {
        assert_eq!(open(dialect, script), expected, "{dialect}: {script}");
    }
}

#[test]
fn data_of_a_copy_is_no_sql() {
    let script = "COPY t (a) FROM stdin WITH (FORMAT text);\nO'Brien\t\"\n\\.\nSELECT 1;";
    assert_eq!(
        texts(Dialect::Postgres, script),
        ["COPY t (a) FROM stdin WITH (FORMAT text)", "SELECT 1"]
    );
    assert_eq!(open(Dialect::Postgres, script), None);
    assert_eq!(texts(Dialect::Postgres, "COPY t FROM stdin; A; B").len(), 3);
}

#[test]
fn the_canonical_form_knows_no_delimiter() {
    let stream = |text| {
        let mut stream = Vec::new();
        canonical(Dialect::Mysql, text, |text| stream.push(text.to_owned()));
        stream
    };
    let plain = stream("CREATE PROCEDURE p() BEGIN SELECT 1; END;");
    assert_eq!(
        stream("DELIMITER //\nCREATE PROCEDURE p() /* x */ BEGIN\nSELECT 1; END//\nDELIMITER ;"),
        plain
    );
    assert_ne!(stream("A\nDELIMITER //\nB//"), stream("A B;"));
    assert_ne!(stream("A /*! b */"), stream("A"));
}

#[test]
fn names_are_found_quoted_or_bare_but_not_in_strings() {
    let cases = [
        (Dialect::Sqlite, "DROP TABLE [a_b]", Some(11..16)),
        (Dialect::Sqlite, "x DROP TABLE main.`A_b`", Some(18..23)),
        (Dialect::Sqlite, "SELECT 'a_b', a_bc, \"a_b \"", None),
        (Dialect::Sqlite, "SELECT \"", None),
        (Dialect::Postgres, "DO $$ a_b $$", None),
        (Dialect::Postgres, "SELECT U&\"a_b\"", Some(7..14)),
        (Dialect::Mysql, "/*!40000 ALTER TABLE `a_b` DISABLE KEYS */", Some(21..26)),
        (Dialect::Mysql, "SELECT @a_b, /* a_b */ 1", None),
    ];
    for (dialect, script, expected) in cases {
        let statement = Statement { text: script, offset: 0, end: script.len() };
        assert_eq!(mentions(dialect, &statement, "a_b"), expected, "{script}");
    }
    let statement = Statement { text: "DROP TABLE \"a\"\"b\"", offset: 10, end: 0 };
    assert_eq!(mentions(Dialect::Postgres, &statement, "A\"b"), Some(21..27));
}
