//! Files in `$OUT_DIR`: replaced whole, only when they change, and no stale ones left.

use std::fs;
use std::io;
use std::path::Path;

use super::{ERROR_SLOTS, Generated};

/// Writes all files; those of an earlier run that are not needed any more go.
pub(super) fn into(out: &Path, generated: &Generated) -> io::Result<()> {
    replace(&out.join("cargo_migrate.text"), generated.text.as_bytes())?;
    replace(&out.join("cargo_migrate.table"), &generated.table)?;
    for slot in 0..ERROR_SLOTS {
        // Reports end in `.rs` because rust-analyzer loads no other file for `include_str!`.
        let path = out.join(format!("cargo_migrate.e{slot}.rs"));
        match generated.errors.get(slot) {
            Some(report) => replace(&path, report.as_bytes())?,
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
        }
    }
    // Last, so that the code never speaks of pieces that are not there.
    replace(&out.join("cargo_migrate.rs"), generated.code.as_bytes())
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let temporary = path.with_extension("new");
    fs::write(&temporary, content)?;
    fs::rename(&temporary, path)
}
