//! Where the `SQLite` files of tests are.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// What a process that was killed has left is removed after so long.
const OLD: Duration = Duration::from_hours(24);

/// A folder that is there: in cargo's target directory, or else one of this process's own.
pub(super) fn folder() -> io::Result<PathBuf> {
    static OWN: OnceLock<PathBuf> = OnceLock::new();
    if let Some(target) = target() {
        let folder = target.join("tmp/cargo-migrate");
        std::fs::create_dir_all(&folder)?;
        return Ok(folder);
    }
    // A name that others can guess would be theirs to fill.
    let folder = OWN.get_or_init(|| std::env::temp_dir().join(unique("cargo-migrate-")));
    std::fs::create_dir_all(folder)?;
    Ok(folder.clone())
}

/// cargo marks its target directory for backup programs.
fn target() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    test.ancestors().find(|path| path.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// A name that nobody else has.
pub(super) fn unique(prefix: &str) -> String {
    // Each state has random keys, and each further one of a thread others than the one before.
    let random = || RandomState::new().build_hasher().finish();
    format!("{prefix}{:x}{:016x}", std::process::id(), random())
}

/// Removes what is old: copies of processes that were killed, and templates of chains of the past.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > OLD));
        if is_old {
            // Others may be sweeping too.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
