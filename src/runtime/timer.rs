//! Waiting without an async runtime.
//!
//! `SQLite` works under any executor, also with no runtime feature at all, so waiting for a lock may
//! not need one either. A thread a wait is dear, and only contention pays for it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

#[derive(Default)]
struct Shared {
    is_over: bool,
    waker: Option<Waker>,
}

/// Ends after the duration.
pub(crate) struct Sleep {
    duration: Duration,
    shared: Option<Arc<Mutex<Shared>>>,
}

pub(crate) fn sleep(duration: Duration) -> Sleep {
    Sleep { duration, shared: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let duration = self.duration;
        let shared = self.shared.get_or_insert_with(|| {
            let shared = Arc::new(Mutex::new(Shared::default()));
            let other = Arc::clone(&shared);
            let spawned =
                thread::Builder::new().name("cargo-migrate-wait".into()).spawn(move || {
                    thread::sleep(duration);
                    let mut shared = other.lock().unwrap_or_else(PoisonError::into_inner);
                    shared.is_over = true;
                    if let Some(waker) = shared.waker.take() {
                        waker.wake();
                    }
                });
            if spawned.is_err() {
                // No thread to be had: better to wait here than not at all.
                thread::sleep(duration);
                shared.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
            }
            shared
        });
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_over {
            return Poll::Ready(());
        }
        shared.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
