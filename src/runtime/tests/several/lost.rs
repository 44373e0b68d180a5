//! Two-phase commit when something is lost in the middle: an answer, a right, a run, or the memory of a decision.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use super::two_phase::{able, between_the_commits, options, prepared};
use super::*;

/// What becomes of the first message that has a text in it.
enum Fate {
    /// The server never gets it, and whoever has sent it is told this.
    Held(Answer),
    /// The server gets it; instead of its answer there is this one, and then the connection ends.
    Answered(Vec<u8>),
    /// The server gets it; instead of its answer there is this one.
    Replaced(Vec<u8>),
    /// The server gets it when this is done.
    Delayed(Arc<dyn Fn() + Send + Sync>),
}

type Answer = Arc<dyn Fn() -> Option<Vec<u8>> + Send + Sync>;

/// Stands between a run and the server of a place; returns the URL that leads there.
fn between(place: &Place, text: &'static str, fate: Fate) -> String {
    let (scheme, rest) = place.url.split_once("://").unwrap();
    let (user, rest) = rest.split_once('@').unwrap();
    let (host, database) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = host.to_owned();
    let fate = Arc::new(Mutex::new(Some(fate)));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&host).unwrap());
            let fate = Arc::clone(&fate);
            thread::spawn(move || forward(&client, &server, text, &fate));
        }
    });
    format!("{scheme}://{user}@127.0.0.1:{port}/{database}")
}

fn forward(mut client: &TcpStream, mut server: &TcpStream, text: &str, fate: &Mutex<Option<Fate>>) {
    let replacement = Arc::new(Mutex::new(None::<Fate>));
    {
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let replacement = Arc::clone(&replacement);
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                let (answer, is_end) = match replacement.lock().unwrap().take() {
                    None => (buffer[..length].to_vec(), false),
                    Some(Fate::Replaced(answer)) => (answer, false),
                    Some(Fate::Answered(answer)) => (answer, true),
                    Some(_) => unreachable!("nothing is to be said instead"),
                };
                if to.write_all(&answer).is_err() || is_end {
                    break;
                }
            }
            drop(to.shutdown(Shutdown::Both));
        });
    }
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let message = &buffer[..length];
        let is_it = message.windows(text.len()).any(|part| part == text.as_bytes());
        match is_it.then(|| fate.lock().unwrap().take()).flatten() {
            None => server.write_all(message).unwrap(),
            Some(Fate::Held(answer)) => {
                if let Some(answer) = answer() {
                    client.write_all(&answer).unwrap();
                }
            }
            Some(Fate::Delayed(first)) => {
                first();
                server.write_all(message).unwrap();
            }
            Some(fate) => {
                *replacement.lock().unwrap() = Some(fate);
                server.write_all(message).unwrap();
            }
        }
    }
    drop(server.shutdown(Shutdown::Both));
}

/// A message of `PostgreSQL`'s that something failed.
fn failure(severity: &str, code: &str) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{code}\0Mit failed\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    [b"E", &length[..], fields.as_bytes()].concat()
}

/// The same, and that the session goes on.
fn refusal(code: &str) -> Vec<u8> {
    [&failure("ERROR", code)[..], b"Z\0\0\0\x05I"].concat()
}

const ALL: [&str; 3] = ["r001 applied", "r002 applied", "r003 applied"];

#[tokio::test]
async fn a_run_over_some_of_the_databases_does_not_forget_what_was_decided_for_all() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let third = Place::on(Dialect::Postgres).await.unwrap();
    let names = ["catalog", "monitoring", "reports"];
    let files = [
        file("r001", "", "CREATE TABLE a (x int);", "DROP TABLE a;"),
        file("r002", "-- revises: r001", "CREATE TABLE b (x int);", "DROP TABLE b;"),
    ];
    let migrator = Migrator::new(chain_for(&names, &refs(&files)), Settings::default());
    let urls = [&pair.0.url, &pair.1.url, &third.url];
    let over = |options: &Options, names: &[&str]| {
        let all = ["catalog", "monitoring", "reports"].into_iter().zip(urls);
        let some = all.filter(|(name, _)| names.contains(name)).collect::<Vec<_>>();
        migrator.with(options.clone()).databases(some)
    };
    let terminator = super::terminator(&pair);
    let error = over(&options().observer(terminator), &names).up_to("r001").await.unwrap_err();
    assert!(matches!(error.state(), Some(DatabaseState::Prepared { .. })), "{error}");
    over(&options(), &["catalog", "reports"]).up().await.unwrap();
    let reports = over(&options(), &names).up().await.unwrap();
    let warnings = &reports[1].report.warnings;
    assert!(
        matches!(&warnings[..], [it] if it.contains("was committed, since `catalog` has")),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_role_without_the_right_to_ask_for_the_server_commits_in_two_phases() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    let role = format!("modest_{}", std::process::id());
    query(&pair.0.url, &format!("CREATE ROLE {role} LOGIN")).await;
    for place in [&pair.0, &pair.1] {
        query(&place.url, &format!("GRANT CREATE ON SCHEMA public TO {role}")).await;
        query(&place.url, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public").await;
    }
    let modest = Pair(
        Place::at(Dialect::Postgres, &pair.0.url_as(&role)),
        Place::at(Dialect::Postgres, &pair.1.url_as(&role)),
    );
    // The role goes whatever happens.
    let result = async {
        modest.databases(&migrator, &options()).up().await?;
        modest.databases(&migrator, &options()).down("base").await?;
        between_the_commits(&modest, &migrator).await;
        modest.databases(&migrator, &Options::new()).up().await
    };
    let result = result.await;
    let left = prepared(&pair, &migrator).await;
    for place in [&pair.0, &pair.1] {
        query(&place.url, &format!("DROP OWNED BY {role} CASCADE")).await;
    }
    query(&pair.0.url, &format!("DROP ROLE {role}")).await;
    let reports = result.unwrap();
    let warnings = &reports[1].report.warnings;
    assert!(warnings.iter().any(|it| it.contains("was committed, since")), "{warnings:?}");
    assert_eq!(left, []);
}

#[tokio::test]
async fn who_is_asked_twice_to_stop_while_preparing_says_what_may_be_left() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    let interrupt = Interrupt::new();
    let asking = interrupt.clone();
    let ask = move || {
        asking.request();
        asking.request();
        None
    };
    let url = between(&pair.1, "PREPARE TRANSACTION", Fate::Held(Arc::new(ask)));
    let through = Pair(Place::at(pair.0.dialect, &pair.0.url), Place::at(pair.1.dialect, &url));
    let error =
        through.databases(&migrator, &options().interrupt(&interrupt)).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.states().any(|state| matches!(state, DatabaseState::Prepared { .. })), "{error}");
    pair.databases(&migrator, &options()).up().await.unwrap();
    assert_eq!(pair.recorded().await, [ALL, ALL]);
}

#[tokio::test]
async fn a_server_that_goes_down_in_the_commit_that_decides_may_have_decided() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    // As when the disk fails under the log: what is in it may be there after the restart.
    let fate = Fate::Answered(failure("PANIC", "53100"));
    let url = between(&pair.0, "COMMIT\0", fate);
    let through = Pair(Place::at(pair.0.dialect, &url), Place::at(pair.1.dialect, &pair.1.url));
    let error = through.databases(&migrator, &options()).up().await.unwrap_err();
    assert!(matches!(error.state(), Some(DatabaseState::Uncertain { .. })), "{error}");
    assert_eq!(prepared(&pair, &migrator).await.len(), 1, "{error}");
    pair.databases(&migrator, &options()).up().await.unwrap();
    assert_eq!(pair.recorded().await, [ALL, ALL]);
}

#[tokio::test]
async fn what_is_prepared_belongs_to_the_role_that_runs() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let roles = ["runs", "owns"].map(|name| format!("{name}_{}", std::process::id()));
    let [runs, owns] = &roles;
    query(
        &pair.0.url,
        &format!("CREATE ROLE {owns}; CREATE ROLE {runs} LOGIN; GRANT {owns} TO {runs}"),
    )
    .await;
    for place in [&pair.0, &pair.1] {
        query(&place.url, &format!("GRANT CREATE ON SCHEMA public TO {runs}, {owns}")).await;
    }
    // Nobody sees what a block does.
    let become_owner = format!(
        "DO $$ BEGIN EXECUTE 'SET LOCAL ' || 'ROLE {owns}'; END $$; CREATE TABLE a (x int);"
    );
    let files = [
        file(
            "r000",
            "",
            &format!("GRANT ALL ON migrate_revisions, migrate_revisions_meta TO {owns};"),
            "SELECT 1;",
        ),
        file("r001", "-- revises: r000", &become_owner, "DROP TABLE a;"),
    ];
    let migrator = migrator(&files);
    let through = Pair(
        Place::at(Dialect::Postgres, &pair.0.url_as(runs)),
        Place::at(Dialect::Postgres, &pair.1.url_as(runs)),
    );
    let result = through.databases(&migrator, &options()).up().await;
    let left = prepared(&pair, &migrator).await;
    for left in &left {
        query(&pair.1.url, &format!("ROLLBACK PREPARED '{}'", left.name)).await;
    }
    for place in [&pair.0, &pair.1] {
        query(&place.url, &format!("DROP OWNED BY {runs}, {owns} CASCADE")).await;
    }
    query(&pair.0.url, &format!("DROP ROLE {runs}, {owns}")).await;
    result.unwrap();
    assert_eq!(left, []);
}

#[tokio::test]
async fn a_request_to_stop_that_comes_too_late_leaves_nothing_prepared() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    // What a session says that is cancelled.
    let fate = Fate::Held(Arc::new(|| Some(refusal("57014"))));
    let url = between(&pair.1, "COMMIT PREPARED", fate);
    let through = Pair(Place::at(pair.0.dialect, &pair.0.url), Place::at(pair.1.dialect, &url));
    through.databases(&migrator, &options()).up().await.unwrap();
    assert_eq!(pair.recorded().await, [ALL, ALL]);
}

#[tokio::test]
async fn a_commit_that_is_said_to_have_failed_is_looked_at_again() {
    let Some(pair) = able(Dialect::Mysql, Dialect::Postgres).await else { return };
    let files = [
        apart(
            "r000",
            "-- transaction: none",
            ["CREATE TABLE log (x INTEGER);", "DROP TABLE log;"],
            ["CREATE TABLE log (x INTEGER);", "DROP TABLE log;"],
        ),
        file("r001", "-- revises: r000", "INSERT INTO log VALUES (1);", "DELETE FROM log;"),
    ];
    let migrator = migrator(&files);
    pair.databases(&migrator, &options()).up_to("r000").await.unwrap();
    // `KILL QUERY` is answered like this also where the statement was done before it came.
    let text = b"\xff\x25\x05#70100Query execution was interrupted";
    let head = [u8::try_from(text.len()).unwrap(), 0, 0, 1];
    let fate = Fate::Replaced([&head[..], text].concat());
    let url = between(&pair.0, "COMMIT", fate);
    let through = Pair(Place::at(pair.0.dialect, &url), Place::at(pair.1.dialect, &pair.1.url));
    let result = through.databases(&migrator, &options()).up().await;
    assert_eq!(prepared(&pair, &migrator).await, []);
    let both = ["r000 applied", "r001 applied"];
    assert_eq!(pair.recorded().await, [both, both]);
    result.unwrap();
}

#[tokio::test]
async fn the_commit_that_decides_is_on_disk_before_the_others_follow() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    // What was set when the transaction ended.
    let deferred = "CREATE TABLE seen (x text);\n\
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         UPDATE seen SET x = current_setting('synchronous_commit'); RETURN NULL; END $$;\n\
         INSERT INTO seen VALUES ('');";
    let files = [
        file("r001", "", deferred, "DROP TABLE seen;"),
        file("r002", "-- revises: r001", "SET LOCAL synchronous_commit = off;", "SELECT 1;"),
    ];
    let migrator = migrator(&files);
    pair.databases(&migrator, &options()).up_to("r001").await.unwrap();
    for place in [&pair.0, &pair.1] {
        let database = place.url.rsplit('/').next().unwrap();
        query(
            &place.url,
            "CREATE CONSTRAINT TRIGGER see AFTER INSERT OR UPDATE ON migrate_revisions_meta \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see()",
        )
        .await;
        query(&place.url, &format!("ALTER DATABASE {database} SET synchronous_commit = off")).await;
    }
    pair.databases(&migrator, &options()).up().await.unwrap();
    assert_eq!(column(&pair.0.url, "SELECT x FROM seen").await, ["local"]);
}

#[tokio::test]
async fn redo_applies_nothing_again_that_it_has_not_undone() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator = migrator(&line());
    pair.up(&migrator).await.unwrap();
    let terminator = super::terminator(&pair);
    let down = pair.databases(&migrator, &options().observer(terminator)).down("r002").await;
    assert!(matches!(down.unwrap_err().state(), Some(DatabaseState::Prepared { .. })));
    let redone = pair.databases(&migrator, &options()).redo("r002").await;
    let both = ["r001 applied", "r002 applied"];
    assert_eq!(pair.recorded().await, [both, both], "{redone:?}");
}

/// Asks to stop as soon as anything is committed.
struct Enough(Interrupt);

impl Observer for Enough {
    fn event(&self, event: &Event<'_>) {
        if let Event::Committed { .. } = event {
            self.0.request();
        }
    }
}

#[tokio::test]
async fn what_another_run_does_between_two_looks_does_not_part_the_databases() {
    let Some(pair) = able(Dialect::Postgres, Dialect::Postgres).await else { return };
    let migrator: &'static Migrator = Box::leak(Box::new(migrator(&line())));
    pair.databases(migrator, &options()).up_to("r001").await.unwrap();
    // Catalog is looked at before, and monitoring after.
    let urls = [pair.0.url.clone(), pair.1.url.clone()];
    let down = move || {
        let [catalog, monitoring] = urls.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let both = [("catalog", &*catalog), ("monitoring", &*monitoring)];
        runtime.block_on(migrator.with(options()).databases(both).down("base")).unwrap();
    };
    let url = between(&pair.1, "only_one LEFT JOIN", Fate::Delayed(Arc::new(down)));
    let through = Pair(Place::at(pair.0.dialect, &pair.0.url), Place::at(pair.1.dialect, &url));
    let interrupt = Interrupt::new();
    let enough = options().interrupt(&interrupt).observer(Arc::new(Enough(interrupt.clone())));
    let error = through.databases(migrator, &enough).up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert_eq!(pair.recorded().await, [["r001 applied"], ["r001 applied"]]);
}
