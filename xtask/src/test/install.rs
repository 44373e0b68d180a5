//! Programs that the tests need: found, or installed with apt-get.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{exists, run as run_command};
use crate::say;

/// Programs that belong together, and the packages that bring them.
pub(super) struct Programs {
    pub(super) name: &'static str,
    /// The programs, for messages.
    pub(super) wanted: &'static str,
    pub(super) debian: &'static [&'static str],
    pub(super) fedora: &'static str,
    pub(super) homebrew: &'static str,
}

impl Programs {
    /// What `find` finds, after an installation if need be.
    pub(super) fn provide<T>(&self, find: impl Fn() -> Option<T>) -> Result<T, String> {
        if let Some(found) = find() {
            return Ok(found);
        }
        let by_hand = |why: &str| {
            format!(
                "{} is missing ({}), and {why}\n\
                 install it and run this again (Debian: {}, Fedora: {}, Homebrew: {})",
                self.name,
                self.wanted,
                self.debian.join(" "),
                self.fedora,
                self.homebrew
            )
        };
        if !exists("apt-get") {
            return Err(by_hand("there is no apt-get on this machine"));
        }
        say(&format!("Installing {} with apt-get ({})", self.name, self.debian.join(", ")));
        let install = || {
            // The packages would start services of their own, which nobody needs here.
            let _quiet = NoServices::begin();
            run_command(Command::new("apt-get").args(["update", "--quiet"]))?;
            let mut command = Command::new("apt-get");
            command.args(["install", "--quiet", "--yes", "--no-install-recommends"]);
            run_command(command.args(self.debian).env("DEBIAN_FRONTEND", "noninteractive"))
        };
        install().map_err(|error| by_hand(&format!("apt-get does not help: {error}")))?;
        find().ok_or_else(|| by_hand("apt-get did not bring what was expected"))
    }
}

/// Where a program stands on the PATH.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    path().into_iter().map(|directory| directory.join(program)).find(|path| path.is_file())
}

/// The directories of the PATH.
pub(super) fn path() -> Vec<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a task reads its environment")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// Debian's way to keep an installation from starting services: a policy that forbids it.
struct NoServices;

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    /// Nothing where the machine has a policy already, or lets us write none.
    fn begin() -> Option<Self> {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o755).open(POLICY).ok()?;
        let policy = Self;
        std::io::Write::write_all(&mut file, b"#!/bin/sh\nexit 101\n").ok()?;
        Some(policy)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if fs::remove_file(Path::new(POLICY)).is_err() {
            say(&format!(
                "warning: `{POLICY}` is left over; remove it, it keeps services from starting"
            ));
        }
    }
}
