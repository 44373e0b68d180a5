//! Whether revisions in Rust are formatted: `cargo fmt` does not see them, since no `mod` of a source
//! file names them.

use std::path::PathBuf;
use std::process::Command;

use super::context::Context;
use crate::chain::Kind;
use crate::runner::Failure;
use crate::validate::Package;

/// Lets rustfmt look at the revisions; the error names those that it would change.
pub(super) fn check(context: &Context<'_>, package: &Package) -> Result<(), Failure> {
    let Some(chain) = package.chain() else { return Ok(()) };
    let files: Vec<PathBuf> = chain
        .revisions()
        .iter()
        .filter(|revision| revision.kind() == Kind::Rust)
        .map(|revision| package.root().join(revision.path()))
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    let workspace = context.workspace()?;
    let edition = &workspace.with_chain(&context.global)?.edition;
    let mut command = Command::new(context.env.variable("RUSTFMT").unwrap_or("rustfmt"));
    command.args(["--check", "--files-with-diff", "--edition", edition]).args(&files);
    let Ok(output) = command.current_dir(package.root()).output() else {
        return context
            .ui
            .note("there is no rustfmt, so the form of revisions in Rust was not checked");
    };
    if output.status.success() {
        return Ok(());
    }
    let here = context.env.directory();
    let shown = |path: &str| {
        let path = PathBuf::from(path);
        path.strip_prefix(here).unwrap_or(&path).display().to_string()
    };
    let found = String::from_utf8_lossy(&output.stdout);
    let found: Vec<String> = found.lines().map(shown).collect();
    if found.is_empty() {
        let says = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("rustfmt cannot read a revision: {}", says.trim())));
    }
    let (what, them) = if found.len() == 1 { ("is", "it") } else { ("are", "them") };
    Err(Failure::new(format!("{} {what} not formatted as rustfmt would", found.join(", ")))
        .help(format!("`rustfmt --edition {edition} {}` formats {them}", found.join(" "))))
}
