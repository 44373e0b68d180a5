//! The surroundings of a command: arguments come from the caller, everything else from here.
//!
//! Nothing below reads the process environment, the working directory or the clock by itself, so
//! that a test, or a program with its own command line, can say what they are.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::signals::Stopping;
use crate::runtime::Interrupt;

/// Variables and the working directory.
#[derive(Clone, Debug, Default)]
pub struct Env {
    directory: PathBuf,
    variables: BTreeMap<String, String>,
    dotenv: BTreeMap<String, String>,
    pub(crate) stopping: Stopping,
}

impl Env {
    /// Those of this process.
    ///
    /// # Errors
    ///
    /// If the working directory does not exist any more.
    pub fn of_process() -> io::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the edge")]
        let directory = std::env::current_dir()?;
        let text = |text: OsString| text.into_string().ok();
        let variables =
            std::env::vars_os().filter_map(|(k, v)| Some((text(k)?, text(v)?))).collect();
        Ok(Self { directory, variables, ..Self::default() })
    }

    /// A made-up one, with no variables.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), ..Self::default() }
    }

    /// The same with a variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same where Ctrl-C, and on Unix `SIGTERM`, stop a run: the statement that runs is cancelled, what can be
    /// rolled back is, and the error says where things stand. A second one stops at once; see [`Interrupt`].
    ///
    /// For programs that do nothing else than run one command: from the first run on, the process's own handling of
    /// these signals is gone. [`main`](super::main) does this.
    #[must_use]
    pub fn with_signals(mut self) -> Self {
        self.stopping = Stopping::Signals;
        self
    }

    /// The same where the embedding program may stop runs.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: &Interrupt) -> Self {
        self.stopping = Stopping::Program(interrupt.clone());
        self
    }

    /// The working directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A variable of the process; an empty one counts as none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names of the variables of the process.
    #[cfg(feature = "cli")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A variable of the process, or else of the `.env` file, and whether it is from there.
    pub(crate) fn variable_or_dotenv(&self, name: &str) -> Option<(&str, bool)> {
        let from_file = || self.dotenv.get(name).map(String::as_str).filter(|v| !v.is_empty());
        self.variable(name)
            .map(|value| (value, false))
            .or_else(|| from_file().map(|value| (value, true)))
    }

    /// Reads the nearest `.env`, from `start` upwards. It never overrides a variable of the process.
    ///
    /// # Errors
    ///
    /// A file that is there and cannot be read or understood, with its path.
    pub(crate) fn read_dotenv(&mut self, start: &Path) -> Result<(), String> {
        for directory in start.ancestors() {
            let path = directory.join(".env");
            if !path.is_file() {
                continue;
            }
            let unreadable = |error: dotenvy::Error| {
                // The library's own text quotes the line, which may hold a password.
                match error {
                    dotenvy::Error::LineParse(_, at) => {
                        format!(
                            "`{}` has a line that is no `NAME=value` (at character {at} of it)",
                            path.display()
                        )
                    }
                    error => format!("cannot read `{}`: {error}", path.display()),
                }
            };
            for item in dotenvy::from_path_iter(&path).map_err(unreadable)? {
                let (name, value) = item.map_err(unreadable)?;
                self.dotenv.insert(name, value);
            }
            return Ok(());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotenv_file_fills_gaps_and_keeps_its_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(directory.path().join(".env"), "A=file\nB=file\n").unwrap();
        let mut env = Env::new(&below).with("A", "process");
        env.read_dotenv(&below).unwrap();
        assert_eq!(env.variable_or_dotenv("A"), Some(("process", false)));
        assert_eq!(env.variable_or_dotenv("B"), Some(("file", true)));
        assert_eq!(env.variable_or_dotenv("C"), None);

        std::fs::write(directory.path().join(".env"), "URL='postgres://me:hunter2@host\n").unwrap();
        let error = Env::new(&below).read_dotenv(&below).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
