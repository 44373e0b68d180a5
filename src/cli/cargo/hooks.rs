//! Commands of the project that run on a revision that was just written: formatters, most of all.

use std::path::Path;
use std::process::{Command, Stdio};

use super::context::Context;
use crate::chain::Kind;
use crate::config::Configuration;
use crate::diagnostic::Sources;
use crate::runner::Failure;
use crate::script::{Header, Script};

/// Stands for the path in a hook; without it the path comes last.
const FILE: &str = "{file}";

/// Runs the hook for files of this kind, if there is one; the file is written already and stays.
pub(super) fn run(
    context: &Context<'_>,
    root: &Path,
    configuration: &Configuration,
    kind: Kind,
    path: &Path,
    text: &str,
) -> Result<(), Failure> {
    let [program, arguments @ ..] = configuration.hooks.of(kind) else { return Ok(()) };
    let shown = path.strip_prefix(context.env.directory()).unwrap_or(path).display().to_string();
    context.ui.status("Running", format_args!("{program} on {shown}"))?;
    let mut command = Command::new(program);
    command.current_dir(root).stdin(Stdio::null());
    for argument in arguments {
        command.arg(argument.replace(FILE, &path.to_string_lossy()));
    }
    if !arguments.iter().any(|argument| argument.contains(FILE)) {
        command.arg(path);
    }
    let failure = |what: String| {
        Failure::new(format!("`{shown}` is written, but {what}")).help(format!(
            "correct `hooks.{}` in `[package.metadata.migrate]`; nothing has to be written again",
            key(kind)
        ))
    };
    let output = command
        .output()
        .map_err(|error| failure(format!("its hook `{program}` cannot be started: {error}")))?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(if output.stderr.is_empty() {
            &output.stdout
        } else {
            &output.stderr
        });
        let what = format!("its hook `{program}` failed ({}): {}", output.status, says.trim());
        return Err(failure(what));
    }
    let after = std::fs::read_to_string(path)
        .map_err(|error| failure(format!("cannot be read after its hook: {error}")))?;
    if is_same_revision(kind, text, &after) {
        return Ok(());
    }
    Err(failure(format!("its hook `{program}` has made another revision of it, or none"))
        .help("`cargo migrate check` says what is wrong with it now"))
}

/// The key of the configuration.
fn key(kind: Kind) -> &'static str {
    match kind {
        Kind::Sql => "sql",
        Kind::Rust => "rust",
    }
}

/// Whether a formatter has left alone what makes a text this revision.
fn is_same_revision(kind: Kind, before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    let file = Sources::new().add("", "");
    let ((before, _), (after, findings)) =
        (Script::parse(kind, before, file), Script::parse(kind, after, file));
    let said = |header: &Header| {
        let lists = [&header.revises, &header.depends_on, &header.branch];
        let words = lists.map(|list| list.iter().map(|it| it.value.clone()).collect::<Vec<_>>());
        (header.revision.as_ref().map(|it| it.value.clone()), words)
    };
    findings.is_empty() && said(before.header()) == said(after.header())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatter_may_change_all_but_the_header() {
        let text = "-- a\n--\n-- revision: abcd\n-- revises: bcde\n\n-- migrate:up\nselect 1;\n\n-- migrate:down\nselect 2;\n";
        let same = |after: &str| is_same_revision(Kind::Sql, text, after);
        assert!(same(text));
        assert!(same(&text.replace("select 1", "SELECT\n  1")));
        assert!(!same(&text.replace("abcd", "abce")));
        assert!(!same(&text.replace("-- revises: bcde\n", "")));
        assert!(!same(&text.replace("-- migrate:up", "-- migrate: up")));
        assert!(!same(""));
    }
}
