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
