//! Whether revisions in Rust are formatted: `cargo fmt` does not see them, since no `mod` of a source
//! file names them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::context::Context;
use super::workspace::Workspace;
use crate::chain::{Kind, Revision};
use crate::diagnostic::{Code, Diagnostic, Sources};
use crate::runner::Failure;
use crate::validate::Package;

/// Lets rustfmt look at the revisions; a finding for each that it would change.
pub(super) fn check(
    context: &Context<'_>,
    workspace: &Workspace,
    package: &Package,
) -> Result<(Vec<Diagnostic>, Sources), Failure> {
    let mut sources = Sources::new();
    sources.show_below(package.sources().shown_below());
    let revisions = package.chain().map_or(&[][..], |chain| chain.revisions());
    let revisions = revisions.iter().filter(|revision| revision.kind() == Kind::Rust);
    let files: Vec<&str> = revisions.map(Revision::path).collect();
    if files.is_empty() {
        return Ok((Vec::new(), sources));
    }
    let edition = &workspace.with_chain(&context.global)?.edition;
    let mut command = Command::new(context.env.variable("RUSTFMT").unwrap_or("rustfmt"));
    command.args(["--check", "--files-with-diff", "--edition", edition]);
    command.args(files.iter().map(|file| package.root().join(file)));
    let Ok(output) = command.current_dir(package.root()).output() else {
        context.ui.note("there is no rustfmt, so the form of revisions in Rust was not checked")?;
        return Ok((Vec::new(), sources));
    };
    if output.status.success() {
        return Ok((Vec::new(), sources));
    }
    let found = String::from_utf8_lossy(&output.stdout);
    let found: Vec<PathBuf> = found.lines().map(PathBuf::from).collect();
    if found.is_empty() {
        let says = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("rustfmt cannot read a revision: {}", says.trim())));
    }
    let here = context.env.directory();
    let findings = found
        .iter()
        .map(|path| {
            let inside = path.strip_prefix(package.root()).unwrap_or(path);
            // Nothing of the file is shown: it is about all of it.
            let file = sources.add(slashes(inside), "");
            let typed = slashes(path.strip_prefix(here).unwrap_or(path));
            Diagnostic::new(Code::NotFormatted, "this revision is not formatted as rustfmt would")
                .label(file, 0..0, "")
                .help(format!("`rustfmt --edition {edition} {typed}` formats it"))
        })
        .collect();
    Ok((package.configuration().apply_lints(findings), sources))
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
