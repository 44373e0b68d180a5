//! The build helper: called from `build.rs`, it validates the chain and bakes it into the crate.
//!
//! ```no_run
//! // build.rs
//! fn main() {
//!     cargo_migrate::build::emit();
//! }
//! ```
//!
//! A broken chain does not make the build script fail: a failed script reaches no editor, and its
//! errors hold a single line. Instead the rendered reports are written into `$OUT_DIR`, a cfg is set
//! for each, and [`embed!`](crate::embed) turns them into errors of rustc at the user's own line.
//! Only what lies outside the chain (an unknown configuration key, a missing directory) fails the
//! script, with one `cargo::error=` line each.

#![expect(clippy::needless_doctest_main, reason = "the example is a whole `build.rs`")]

mod generate;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::path::Path;

use crate::diagnostic::Severity;
use crate::validate::{self, Package};

pub(crate) use generate::{ERROR_SLOTS, Generated, generate};

/// Warnings beyond this number are summed up in one line.
const MOST_WARNINGS: usize = 10;

/// Validates the chain of the package that is being built and bakes it into `$OUT_DIR`.
///
/// Never panics and never exits: everything that is wrong reaches the user through cargo or rustc.
/// Adding, editing or removing a revision, or editing `Cargo.toml`, runs the build script again.
///
/// Outside a build script, without `CARGO_MANIFEST_DIR` and `OUT_DIR`, it prints an error directive.
pub fn emit() {
    #[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts this way")]
    let variable = |name| std::env::var_os(name);
    let directives = match (variable("CARGO_MANIFEST_DIR"), variable("OUT_DIR")) {
        (Some(root), Some(out)) => run(Path::new(&root), Path::new(&out)),
        _ => vec![error(
            "`cargo_migrate::build::emit` must be called from a build script that cargo runs",
        )],
    };
    let mut text = directives.join("\n");
    text.push('\n');
    // cargo reads every line; when it is gone there is nobody to tell.
    let _ = io::Write::write_all(&mut io::stdout().lock(), text.as_bytes());
}

/// Reads and judges the package in directory `root`, and writes nothing: the pure form of [`emit`].
///
/// # Errors
///
/// Only if there is no readable `Cargo.toml`. Everything else is a finding of the [`Package`].
///
/// ```no_run
/// let package = cargo_migrate::build::check(".")?;
/// for finding in package.findings() {
///     println!("{}", finding.render(package.sources()));
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check(root: impl AsRef<Path>) -> io::Result<Package> {
    validate::package(root.as_ref())
}

/// Does the work of [`emit`]; returns the lines for cargo.
fn run(root: &Path, out: &Path) -> Vec<String> {
    let package = match check(root) {
        Ok(package) => package,
        Err(io_error) => return vec![error(&format!("cannot read `Cargo.toml`: {io_error}"))],
    };
    let mut directives = vec![
        String::from("cargo::rerun-if-changed=Cargo.toml"),
        format!("cargo::rerun-if-changed={}", package.configuration().dir.value),
    ];
    if package.are_surroundings_broken() {
        // cargo runs a failed script again anyway, and would print every line that it gave.
        directives.clear();
        for finding in package.findings() {
            let line = finding.one_line(package.sources());
            directives.push(match finding.severity {
                Severity::Error => error(&line),
                Severity::Warning => warning(&line),
            });
        }
        return directives;
    }
    directives.extend(warnings(&package));
    let generated = generate(&package);
    directives.extend(generated.cfgs());
    if let Err(io_error) = write::into(out, &generated) {
        directives.push(error(&format!("cannot write into `{}`: {io_error}", out.display())));
    }
    directives
}

fn warnings(package: &Package) -> Vec<String> {
    let warnings: Vec<_> =
        package.findings().iter().filter(|f| f.severity == Severity::Warning).collect();
    let mut lines: Vec<String> = warnings
        .iter()
        .take(MOST_WARNINGS)
        .map(|finding| warning(&finding.one_line(package.sources())))
        .collect();
    match warnings.len().saturating_sub(MOST_WARNINGS) {
        0 => {}
        1 => lines.push(warning("1 more warning about the chain; `cargo migrate check` shows all")),
        more => lines.push(warning(&format!(
            "{more} more warnings about the chain; `cargo migrate check` shows all"
        ))),
    }
    lines
}

fn error(line: &str) -> String {
    format!("cargo::error={line}")
}

fn warning(line: &str) -> String {
    format!("cargo::warning={line}")
}
