//! A network that is counted, and as slow as one likes.
//!
//! A program that talks to a server through a [`Proxy`] makes a *round trip* each time that it sends
//! after it has received: so often it has waited for the network.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Hands everything on between its port and a server.
pub(super) struct Proxy {
    port: u16,
    counted: Arc<Counted>,
}

#[derive(Default)]
struct Counted {
    round_trips: AtomicU32,
    is_over: AtomicBool,
}

impl Proxy {
    /// Listens for a server, `HOST:PORT`; what is sent arrives this much later, in each direction.
    pub(super) fn start(server: &str, delay: Duration) -> Result<Self, String> {
        let cannot = |error: std::io::Error| format!("the network cannot be measured: {error}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(cannot)?;
        let port = listener.local_addr().map_err(cannot)?.port();
        let counted = Arc::new(Counted::default());
        let (shared, server) = (Arc::clone(&counted), server.to_owned());
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // A client whose connection is dropped here says more than could be said now.
                let Ok(client) = client else { continue };
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let _ = connect(client, server, delay, &shared);
            }
        });
        Ok(Self { port, counted })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// How many round trips were made, on all connections.
    pub(super) fn round_trips(&self) -> u32 {
        self.counted.round_trips.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.counted.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that listens.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn connect(
    client: TcpStream,
    server: TcpStream,
    delay: Duration,
    counted: &Arc<Counted>,
) -> std::io::Result<()> {
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
    // Who opens a connection waits, too.
    let has_received = Arc::new(AtomicBool::new(true));
    let (counted, received) = (Arc::clone(counted), Arc::clone(&has_received));
    relay(
        from_client,
        server,
        delay,
        move || {
            if received.swap(false, Ordering::SeqCst) {
                counted.round_trips.fetch_add(1, Ordering::SeqCst);
            }
        },
        || {},
    );
    relay(from_server, client, delay, || {}, move || has_received.store(true, Ordering::SeqCst));
    Ok(())
}

/// Hands on in one direction: reads in one thread and writes in another, so that what waits does not
/// hold up what comes after it.
fn relay(
    mut from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    arrived: impl Fn() + Send + 'static,
    leaves: impl Fn() + Send + 'static,
) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            arrived();
            if sender.send((Instant::now() + delay, buffer[..len].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            leaves();
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers each byte with one.
    fn echo() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 16];
            while let Ok(len @ 1..) = stream.read(&mut buffer) {
                stream.write_all(&buffer[..len]).unwrap();
            }
        });
        port
    }

    #[test]
    fn a_round_trip_is_sending_after_having_received() {
        let delay = Duration::from_millis(20);
        let proxy = Proxy::start(&format!("127.0.0.1:{}", echo()), delay).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        let mut buffer = [0; 2];
        let begun = Instant::now();
        for _ in 0..3 {
            // Two messages, and one wait.
            stream.write_all(b"a").unwrap();
            stream.write_all(b"b").unwrap();
            stream.read_exact(&mut buffer).unwrap();
        }
        assert_eq!(proxy.round_trips(), 3);
        assert!(begun.elapsed() >= 6 * delay, "{:?}", begun.elapsed());
    }
}
