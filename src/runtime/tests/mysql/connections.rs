use super::*;
use crate::runtime::ErrorKind;
use sqlx::ConnectOptions;

#[tokio::test]
async fn every_kind_of_connection_will_do() {
    let Some(server) = Server::new().await else { return };
    let migrator = migrator(&line());
    let pool = server.pool(1).await;
    migrator.up(&pool).await.unwrap();
    migrator.down(server.options(), crate::chain::Target::BASE).await.unwrap();
    migrator.up(&server.options()).await.unwrap();
    let mut lent = server.connect().await;
    let report = migrator.down(&mut lent, crate::chain::Target::BASE).await.unwrap();
    let name = format!("/{}", server.database);
    let user = format!("mysql://{}@", server.options().get_username());
    assert!(report.database.starts_with(&user), "{}", report.database);
    assert!(report.database.ends_with(&name), "{}", report.database);
    migrator.up(lent).await.unwrap();
    migrator.down(&mut pool.acquire().await.unwrap(), crate::chain::Target::BASE).await.unwrap();
    let url = server.url().replacen("mysql:", "MariaDB:", 1);
    migrator.up(&url).await.unwrap();
    assert_eq!(server.tables().await, ["a", "b"]);
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_without_the_password() {
    let Some(server) = Server::new().await else { return };
    let migrator = migrator(&line());
    let wrong = server.url_as("nobody_at_all", "hunter2");
    let missing = server.url().replace(&server.database, "migrate_is_not_there");
    let none = server.url().replace(&server.database, "");
    for (url, kind, says) in [
        (wrong.as_str(), ErrorKind::Connect, "Access denied"),
        (&missing, ErrorKind::Connect, "Unknown database 'migrate_is_not_there'"),
        (&none, ErrorKind::Url, "name the database in the URL"),
        ("mysql://me:hunter2@127.0.0.1:1/x", ErrorKind::Connect, "Connection refused"),
        ("mysql://me:hunter2@h.invalid/x", ErrorKind::Connect, "check host and port"),
    ] {
        for error in [migrator.up(url).await.unwrap_err(), migrator.status(url).await.unwrap_err()]
        {
            assert_eq!(error.kind(), kind, "{error}");
            let text = format!("{error}");
            assert!(text.contains(says), "{text}");
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!text.contains("hunter2"), "{text}");
            assert!(!source.unwrap_or_default().contains("hunter2"));
        }
    }
}

#[tokio::test]
async fn a_user_who_may_only_read_sees_the_status() {
    let Some(server) = Server::new().await else { return };
    let user = format!("u{}", &server.database[server.database.len() - 12..]);
    let database = &server.database;
    server
        .exec(&format!(
            "CREATE USER {user}@'%' IDENTIFIED BY 'hunter2'; GRANT SELECT ON {database}.* TO {user}@'%'"
        ))
        .await;
    let migrator = migrator(&line());
    let url = server.url_as(&user, "hunter2");
    assert_eq!(migrator.status(&url).await.unwrap().pending().count(), 3);
    let error = migrator.up(&url).await.unwrap_err();
    migrator.up(&server.url()).await.unwrap();
    let current = migrator.status(&url).await.unwrap().is_current();
    let changed = migrator.up(&url).await.unwrap().changed();
    server.exec(&format!("DROP USER {user}@'%'")).await;
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("CREATE command denied"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(current && !changed);
}

#[tokio::test]
async fn a_connection_inside_a_transaction_is_refused() {
    let Some(server) = Server::new().await else { return };
    server.exec("CREATE TABLE t (id INT)").await;
    let migrator = migrator(&line());
    let mut lent = server.connect().await;
    run(&mut lent, "SET sql_select_limit = 1").await;
    run(&mut lent, "START TRANSACTION; INSERT INTO t VALUES (1)").await;
    let error = migrator.up(&mut lent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InTransaction);
    assert_eq!(texts(&mut lent, "SELECT CAST(@@sql_select_limit AS CHAR)").await, ["1"]);
    run(&mut lent, "COMMIT").await;
    assert_eq!(server.texts("SELECT id FROM t").await, ["1"]);
    migrator.up(&mut lent).await.unwrap();
    // With a limit of its own the connection would show one revision of three.
    assert!(migrator.status(&mut lent).await.unwrap().is_current());
}

#[tokio::test]
async fn mysql_knows_an_open_transaction_too() {
    let Some(server) = Server::new().await else { return };
    let mut lent = server.connect().await;
    // How `MySQL` is asked, which does not tell; `MariaDB` answers to it in the same way.
    assert!(!crate::runtime::mysql::refuses_isolation(&mut lent).await);
    run(&mut lent, "START TRANSACTION").await;
    assert!(crate::runtime::mysql::refuses_isolation(&mut lent).await);
}

#[tokio::test]
async fn a_table_in_another_database_is_found() {
    let Some(server) = Server::new().await else { return };
    let Some(far) = Server::new().await else { return };
    let settings = Settings { schema: Some(far.database.clone()), ..Settings::default() };
    let migrator = Migrator::new(chain(&refs(&line())), settings);
    migrator.up(&server.url()).await.unwrap();
    assert_eq!(server.texts("SHOW TABLES").await, ["a", "b"]);
    assert_eq!(far.recorded().await.len(), 3);
    assert!(!migrator.up(&server.url()).await.unwrap().changed());
}

#[tokio::test]
async fn what_an_interrupted_creation_left_is_completed() {
    let Some(server) = Server::new().await else { return };
    let migrator = migrator(&line());
    migrator.up(&server.url()).await.unwrap();
    server.exec("DROP TABLE migrate_revisions, a, b").await;
    assert_eq!(migrator.status(&server.url()).await.unwrap().pending().count(), 3);
    migrator.up(&server.url()).await.unwrap();
    let mut own = server.options().connect().await.unwrap();
    assert_eq!(texts(&mut own, "SELECT id FROM b").await, ["7", "8"]);
}
