//! A private database server: a process in a directory of its own, which both end with their value.
//!
//! The server and everything that it starts are one process group, apart from the terminal's, so that
//! Ctrl-C in the terminal does not tear the server away from tests that are still ending. If this process
//! dies without a chance to clean up, a small shell that waits for the end of a pipe does it instead.

use std::fmt;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, Uid};

use crate::command::output;

const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(50);

/// A server that runs.
pub(crate) struct Server {
    process: Child,
    watchdog: Child,
    stop: Signal,
    url: String,
    version: String,
    // Last, so that it is deleted after the server has stopped.
    _place: Place,
}

/// How a server is started and asked.
pub(super) struct Start {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    /// Succeeds once the server answers.
    pub(super) probe: Command,
    /// Ends the server at once; what it has written is deleted anyway.
    pub(super) stop: Signal,
    pub(super) url: String,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(super) fn start(place: Place, start: Start) -> Result<Self, String> {
        let Start { program, args, mut probe, stop, url } = start;
        let version = output(Command::new(&program).arg("--version"))?;
        let log = place.path().join("log");
        let file = File::create(&log).map_err(|error| cannot_write(&log, &error))?;
        let copy = file.try_clone().map_err(|error| cannot_write(&log, &error))?;
        let mut command = place.command(&program);
        command.args(args).stdin(Stdio::null()).stdout(file).stderr(copy).process_group(0);
        let mut process = command
            .spawn()
            .map_err(|error| format!("`{}` cannot be run: {error}", program.display()))?;
        let watchdog = watch(&process, stop, place.path())
            .inspect_err(|_| drop((process.kill(), process.wait())))?;
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let version = version.trim().replace(&*program.to_string_lossy(), &name);
        let mut server = Self { process, watchdog, stop, url, version, _place: place };

        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = output(&mut probe);
            let why = match (answer, server.process.try_wait()) {
                // Somebody else may listen there: only an answer while ours runs counts.
                (Ok(_), Ok(None)) => return Ok(server),
                (_, Ok(Some(status))) => format!("it ended: {status}"),
                (_, Err(error)) => error.to_string(),
                (Err(error), Ok(None)) if Instant::now() > deadline => {
                    format!("it does not answer: {error}")
                }
                (Err(_), Ok(None)) => {
                    sleep(PAUSE);
                    continue;
                }
            };
            let log = fs::read(&log).unwrap_or_default();
            return Err(format!(
                "`{}` cannot be started: {why}\n{}",
                program.display(),
                String::from_utf8_lossy(&log)
            ));
        }
    }

    /// What the tests connect to.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What the program says about itself.
    pub(super) fn version(&self) -> &str {
        &self.version
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // First the watchdog, which would signal a process id that may be another's by then.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let id = pid(&self.process);
        let _ = kill(id, self.stop);
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(PAUSE);
        }
        // What it may have left behind, too.
        let _ = killpg(id, Signal::SIGKILL);
        let _ = self.process.wait();
    }
}

/// A shell that stops the server and deletes its directory when this process is no more.
fn watch(server: &Child, stop: Signal, directory: &Path) -> Result<Child, String> {
    const SCRIPT: &str = r#"
        read -r _
        kill -s "$2" "$1"
        for second in 1 2 3 4 5 6 7 8 9 10; do
            kill -0 "$1" || break
            sleep 1
        done
        kill -s KILL -- "-$1"
        rm -rf -- "$3"
    "#;
    let stop = stop.as_str().trim_start_matches("SIG");
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "watchdog", &server.id().to_string(), stop]).arg(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(|error| format!("`sh` cannot be run: {error}"))
}

fn pid(process: &Child) -> Pid {
    Pid::from_raw(i32::try_from(process.id()).unwrap_or(i32::MAX))
}

/// A directory for a server, and the user who runs it; deleted with this value.
pub(super) struct Place {
    path: PathBuf,
    user: Option<(u32, u32)>,
}

impl Place {
    /// A new temporary directory. Servers refuse to run as root, or do more than they should: there the
    /// first of `users` that exists is taken instead.
    pub(super) fn new(name: &str, users: &[&str]) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("migrate-{name}-{}-{count}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| cannot_write(&path, &error))?;
        let mut place = Self { path, user: None };
        if Uid::effective().is_root() {
            let user = users.iter().find_map(|user| ids(user)).ok_or_else(|| {
                format!(
                    "as root, a server needs another user, and there is none of {}",
                    users.join(", ")
                )
            })?;
            std::os::unix::fs::chown(&place.path, Some(user.0), Some(user.1))
                .map_err(|error| cannot_write(&place.path, &error))?;
            place.user = Some(user);
        }
        Ok(place)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A path below it, as an argument.
    pub(super) fn below(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    /// A command that runs in the directory, as its user.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env("HOME", &self.path);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The ids of a user and its group, if there is such a user.
fn ids(user: &str) -> Option<(u32, u32)> {
    let id = |what: &str| output(Command::new("id").args([what, user])).ok()?.trim().parse().ok();
    Some((id("-u")?, id("-g")?))
}

/// A port that nobody listens on.
pub(super) fn free_port() -> Result<u16, String> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|error| format!("there is no free port: {error}"))
}

fn cannot_write(path: &Path, error: &dyn fmt::Display) -> String {
    format!("`{}` cannot be written: {error}", path.display())
}
