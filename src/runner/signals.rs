//! Ctrl-C, and the signal with which a container is stopped: a run ends where it can say how things stand.
//!
//! The process's own handling of a signal does not come back once somebody has listened, so nobody listens
//! before a run begins, and only for programs that said that they do nothing else.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::commands::Progress;
use crate::runtime::Interrupt;

/// Who may stop the runs of a command.
#[derive(Clone, Debug, Default)]
pub(crate) enum Stopping {
    #[default]
    Nobody,
    /// Signals to this process.
    Signals,
    /// The embedding program.
    Program(Interrupt),
}

impl Stopping {
    /// What the next run is to heed.
    pub(crate) fn interrupt(&self, progress: &Arc<Progress>) -> Option<Interrupt> {
        match self {
            Self::Nobody => None,
            Self::Program(interrupt) => Some(interrupt.clone()),
            Self::Signals => listen(Arc::clone(progress)),
        }
    }

    /// Lets a program that was started by this one have the signals to itself.
    #[cfg(feature = "cli")]
    pub(crate) fn leave_to_child(&self) {
        if matches!(self, Self::Signals) {
            hear(|_| {});
        }
    }
}

/// `None` if this system lets nobody listen; then signals do what they always did.
fn listen(progress: Arc<Progress>) -> Option<Interrupt> {
    let interrupt = Interrupt::new();
    let requested = interrupt.clone();
    let is_heard = hear(move |times| {
        progress.stopping(times);
        requested.request();
    });
    is_heard.then_some(interrupt)
}

/// Calls with how often a signal has come, for as long as the process lives.
fn hear(mut tell: impl FnMut(usize) + Send + 'static) -> bool {
    let (ready, is_ready) = sync_channel(1);
    let thread = thread::Builder::new().name("cargo-migrate-signals".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let Ok(mut signals) = Signals::new() else { return };
            // The other side waits for this, and for nothing after it.
            let _ = ready.send(());
            let mut times = 0;
            while signals.next().await {
                times += 1;
                tell(times);
            }
        });
    });
    thread.is_ok() && is_ready.recv().is_ok()
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> bool {
        use std::pin::pin;
        let (interrupt, terminate) = (pin!(self.interrupt.recv()), pin!(self.terminate.recv()));
        futures_util::future::select(interrupt, terminate).await.factor_first().0.is_some()
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
