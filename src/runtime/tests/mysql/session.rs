use super::*;
use crate::runtime::Options;
use std::time::Duration;

/// All that `SHOW SESSION VARIABLES` shows, without what changes by itself.
async fn everything(connection: &mut sqlx::MySqlConnection) -> Vec<String> {
    let sql = "SELECT concat(variable_name, ' = ', variable_value) \
               FROM information_schema.session_variables \
               WHERE variable_name NOT IN ('timestamp', 'rand_seed1', 'rand_seed2', 'error_count', \
               'warning_count', 'pseudo_thread_id', 'last_gtid', 'insert_id', 'last_insert_id', 'identity') \
               UNION ALL SELECT DATABASE() ORDER BY 1";
    texts(connection, sql).await
}

fn same(now: &[String], before: &[String]) {
    let changed: Vec<&String> = now.iter().filter(|it| !before.contains(it)).collect();
    assert!(changed.is_empty() && now.len() == before.len(), "{changed:?}");
}

#[tokio::test]
async fn a_connection_without_autocommit_is_refused() {
    let Some(server) = Server::new().await else { return };
    let mut lent = server.connect().await;
    run(&mut lent, "SET autocommit = 0").await;
    let error = migrator(&line()).up(&mut lent).await.unwrap_err();
    assert_eq!(error.kind(), crate::runtime::ErrorKind::InTransaction);
    assert_eq!(texts(&mut lent, "SELECT CAST(@@autocommit + 0 AS CHAR)").await, ["0"]);
}

#[tokio::test]
async fn a_lent_connection_is_as_it_came() {
    let Some(server) = Server::new().await else { return };
    let up = "SET SESSION sql_mode = 'ANSI_QUOTES', foreign_key_checks = 0, unique_checks = OFF;\n\
              SET NAMES latin1;\nSET time_zone = '+05:00';\nSET @x = 1;\nUSE mysql;\n\
              SET SESSION lock_wait_timeout = 3, sql_select_limit = 5;";
    let files = chained(&[("r001", up, ""), ("r002", "CREATE TABLE here (id INT);", "")]);
    let migrator = migrator(&files);
    let options = || {
        Options::new()
            .statement_lock_timeout(Duration::from_secs(9))
            .statement_timeout(Duration::from_secs(50))
    };
    let mut lent = server.connect().await;
    let own = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT', \
               lock_wait_timeout = 77, completion_type = CHAIN; SET NAMES latin1 COLLATE latin1_bin";
    run(&mut lent, own).await;
    let before = everything(&mut lent).await;
    migrator.with(options()).up(&mut lent).await.unwrap();
    same(&everything(&mut lent).await, &before);
    assert_eq!(server.tables().await, ["here"]);
    let broken = self::migrator(
        &[
            files,
            vec![file(
                "r003",
                "-- revises: r002",
                "SET NAMES latin1;\nUSE mysql;\nINSERT INTO nowhere VALUES (1);",
                "",
            )],
        ]
        .concat(),
    );
    let error = broken.with(options()).up(&mut lent).await.unwrap_err();
    assert!(error.message().contains("nowhere' doesn't exist"), "{error}");
    same(&everything(&mut lent).await, &before);
}

#[tokio::test]
async fn a_pooled_connection_goes_back_as_it_came_or_not_at_all() {
    let Some(server) = Server::new().await else { return };
    let pool = server.pool(1).await;
    let id = "SELECT CAST(CONNECTION_ID() AS CHAR)";
    let mut connection = pool.acquire().await.unwrap();
    let (session, before) = (texts(&mut connection, id).await, everything(&mut connection).await);
    drop(connection);
    let options = Options::new().statement_lock_timeout(Duration::from_secs(9));
    migrator(&line()).with(options).up(&pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!(texts(&mut connection, id).await, session);
    same(&everything(&mut connection).await, &before);
    drop(connection);
    let mut files = line();
    files.push(file(
        "r004",
        "-- revises: r003",
        "CREATE TEMPORARY TABLE tmp (id INT);\nSET @a = 1;",
        "",
    ));
    migrator(&files).up(&pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    assert_ne!(texts(&mut connection, id).await, session);
    same(&everything(&mut connection).await, &before);
}

#[tokio::test]
async fn a_revision_does_not_change_what_the_next_one_means() {
    let Some(server) = Server::new().await else { return };
    let files = chained(&[
        ("r001", "CREATE TABLE t (id INT, w VARCHAR(20));", ""),
        ("r002", "CREATE TEMPORARY TABLE t (id INT);\nINSERT INTO t VALUES (1);", ""),
        ("r003", "SET sql_mode = 'ANSI_QUOTES';\nINSERT INTO t VALUES (2, 'é');\nUSE mysql;", ""),
        ("r004", "INSERT INTO t VALUES (3, \"it's é\");", ""),
    ]);
    migrator(&files).up(&server.url()).await.unwrap();
    let rows = server.texts("SELECT concat(id, w) FROM t ORDER BY id").await;
    assert_eq!(rows, ["2é", "3it's é"]);
}

#[tokio::test]
async fn texts_are_stored_as_they_are_in_every_mode() {
    let Some(server) = Server::new().await else { return };
    let up = "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES';\nSET NAMES latin1;\n\
              CREATE TABLE t (w VARCHAR(20));\nINSERT INTO t VALUES ('a');\nDROP TABLE t;";
    let down = "SELECT 'it''s', \"a\\\\b\", 'é\\'';";
    let mut text = file("r001", "-- revises:", up, down);
    text = text.replacen("about r001", "it's \"a\" \\ é ☃", 1);
    let migrator = migrator(&[text]);
    migrator.up(&server.url()).await.unwrap();
    let told = server.texts("SELECT description FROM migrate_revisions").await;
    assert_eq!(told, ["it's \"a\" \\ é ☃"]);
    let script = server.texts("SELECT down_script FROM migrate_revisions").await;
    assert_eq!(script, [format!("-- revision: r001\n\n-- migrate:down\n{down}\n")]);
    let status = migrator.status(&server.url()).await.unwrap();
    assert_eq!(status.revisions[0].description, "it's \"a\" \\ é ☃");
    let other = self::migrator(&chained(&[("r009", "SELECT 1;", "")]));
    other.down(&server.url(), crate::chain::Target::BASE).await.unwrap();
    assert!(server.recorded().await.is_empty());
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let Some(server) = Server::new().await else { return };
    let files = chained(&[(
        "r001",
        "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c;",
        "",
    )]);
    let options = Options::new().statement_timeout(Duration::from_millis(200));
    let error = migrator(&files).with(options).up(&server.url()).await.unwrap_err();
    assert_eq!(error.kind(), crate::runtime::ErrorKind::Timeout, "{error}");
}
