//! `cargo migrate completions`: scripts for shells, and the candidates that the scripts ask for.
//!
//! A script knows how its shell is told, and how `migrate` is completed within whatever completes `cargo` there. What can be
//! typed is found here for all of them, by the hidden command `complete`: the scripts need not be written
//! again when the chain, or a new version, has more to say.

mod candidates;

use super::arguments::{CompleteArguments, CompletionsArguments, Shell};
use super::context::Context;
use crate::runner::{Exit, Failure, message};

/// Prints the script of a shell.
pub(super) fn script(
    context: &mut Context<'_>,
    args: CompletionsArguments,
) -> Result<Exit, Failure> {
    let (shell, script) = match args.shell {
        Shell::Bash => ("bash", include_str!("cargo-migrate.bash")),
        Shell::Zsh => ("zsh", include_str!("cargo-migrate.zsh")),
        Shell::Fish => ("fish", include_str!("cargo-migrate.fish")),
        Shell::Elvish => ("elvish", include_str!("cargo-migrate.elv")),
        Shell::Powershell => ("powershell", include_str!("cargo-migrate.ps1")),
    };
    let answer = message::Completions { shell: shell.to_owned(), script: script.to_owned() };
    context.ui.say(answer, |answer| answer.script.clone())?;
    Ok(Exit::Done)
}

/// Prints the candidates for a word, a line each: the word, and after a tab what it is.
///
/// Nobody wants to read about a broken chain in the middle of a line, so there is nothing to say then.
pub(super) fn complete(
    context: &mut Context<'_>,
    args: &CompleteArguments,
) -> Result<Exit, Failure> {
    for candidate in candidates::candidates(&args.words, &args.current, &context.env) {
        context.ui.answer(candidate)?;
    }
    Ok(Exit::Done)
}
