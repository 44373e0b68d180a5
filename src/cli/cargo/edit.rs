//! `cargo migrate edit`: a revision in the editor, and what the chain makes of it afterwards.

use std::path::Path;
use std::process::Command;

use super::arguments::EditArguments;
use super::context::Context;
use super::database::with_standing;
use crate::chain::counted;
use crate::runner::counts_from_database;
use crate::runner::{Exit, Failure, Ui, commands, message};

/// Opens the file, waits for the editor, and judges the chain.
pub(super) fn run(context: &mut Context<'_>, args: &EditArguments) -> Result<Exit, Failure> {
    let editor = editor(context)?;
    let workspace = context.workspace()?;
    let root = workspace.with_chain(&context.global)?.root();
    let mut found = None;
    with_standing(context, counts_from_database(&args.target), &args.database, |chain, status| {
        let revision = commands::the_one(chain, status, &args.target)?;
        found = Some((revision.id().to_string(), root.join(revision.path())));
        Ok(Exit::Done)
    })?;
    let Some((id, path)) = found else { return Ok(Exit::Done) };
    let before = read(&path)?;
    let here = context.env.directory();
    let shown = path.strip_prefix(here).unwrap_or(&path).display().to_string();
    context.ui.status("Editing", &shown)?;
    let mut command = command(&editor, &path);
    if context.ui.is_json() {
        command.stdout(std::io::stderr());
    }
    let status = command.current_dir(here).status().map_err(|error| {
        Failure::new(format!("cannot start the editor `{editor}`: {error}"))
            .help(set_editor(context.ui))
    })?;
    if !status.success() {
        return Err(Failure::new(format!("the editor `{editor}` ended with {status}"))
            .help(format!("look at `{shown}`: it may have been written before"))
            .help(set_editor(context.ui)));
    }
    if read(&path)? == before {
        context.ui.note(format_args!("`{shown}` was left as it was"))?;
        return Ok(Exit::Done);
    }
    let file = message::File {
        path: shown.clone(),
        change: message::FileChange::Edited,
        dry_run: false,
        revision: Some(id),
        lines: None,
    };
    context.ui.say(file, |file| file.path.clone())?;
    let package = context.package()?;
    let (errors, _) = context.report(&package)?;
    if errors > 0 {
        let them = counted(errors, "error");
        return Err(Failure::new(format!("the chain is invalid now: {them}"))
            .exit(Exit::InvalidChain)
            .help(format!("open `{shown}` again: every command needs a valid chain")));
    }
    Ok(Exit::Done)
}

fn set_editor(ui: &Ui) -> String {
    format!("set VISUAL or EDITOR, as in `EDITOR=nano {} edit`", ui.program())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))
}

/// The editor as the user has set it: a command line, not only a program.
fn editor(context: &Context<'_>) -> Result<String, Failure> {
    let set = ["VISUAL", "EDITOR"].into_iter().find_map(|name| context.env.variable(name));
    set.map(str::to_owned).ok_or_else(|| {
        Failure::new("no variable says which editor to use")
            .exit(Exit::Usage)
            .help(set_editor(context.ui))
    })
}

/// As git does it: the shell takes the command line apart, and the path is an argument that it does not read.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(path);
    command
}

#[cfg(not(unix))]
fn command(editor: &str, path: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(editor));
    command.args(words).arg(path);
    command
}
