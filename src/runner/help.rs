//! What is decided about a command line beside clap, which knows neither the program's name nor, when a line is wrong, what
//! form its answer should have.
//!
//! Examples on help pages carry the name of the program that prints them, which this crate cannot know: it may be
//! `cargo migrate`, a runner under any name, or a subcommand of somebody's application.

use std::ffi::OsString;

use clap::Command;

const HEADING: &str = "Examples:";

/// Puts the program's name before each command under the heading of examples, on the pages of all subcommands.
///
/// [`main`](super::main) and [`run_from`](super::run_from) do so by themselves. An application that nests the
/// [`Arguments`](super::Arguments) knows best what its users type:
///
/// ```
/// use cargo_migrate::cli::{self, clap};
/// use clap::{CommandFactory, FromArgMatches, Parser};
///
/// #[derive(Parser)]
/// enum Application {
///     Migrate(cli::Arguments),
/// }
///
/// let command = Application::command()
///     .mut_subcommand("migrate", |migrate| cli::with_program(migrate, "app migrate"));
/// let matches = command.get_matches_from(["app", "migrate", "up"]);
/// let Application::Migrate(arguments) = Application::from_arg_matches(&matches).unwrap();
/// # let _ = arguments;
/// ```
pub fn with_program(command: Command, program: &str) -> Command {
    let page = command.get_after_long_help().map(|text| named(&text.to_string(), program));
    let command = match page {
        Some(page) => command.after_long_help(page),
        None => command,
    };
    let names: Vec<String> =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |subcommand| with_program(subcommand, program))
    })
}

/// Whether a command line asks for messages; clap cannot tell where the rest of it is wrong.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    const OPTION: &str = "--message-format";
    let mut words = arguments.iter().map_while(|word| match word.to_str() {
        Some("--") => None,
        word => Some(word.unwrap_or_default()),
    });
    let mut is_json = false;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix(OPTION) {
            Some("") => words.next(),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        is_json |= value == Some("json");
    }
    is_json
}

fn named(page: &str, program: &str) -> String {
    let mut is_example = false;
    let line = |line: &str| {
        is_example = line == HEADING || (is_example && (line.is_empty() || line.starts_with("  ")));
        match line.strip_prefix("  ") {
            Some(example) if is_example => format!("  {program} {example}"),
            _ => line.to_owned(),
        }
    };
    page.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_known_of_a_wrong_line_too() {
        let wants =
            |line: &str| wants_json(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(wants("app --nope --message-format json"));
        assert!(wants("app up --message-format=json --nope"));
        assert!(!wants("app up --message-format=text json"));
        assert!(!wants("app up -- --message-format json"));
        assert!(!wants("app up --message-format"));
    }

    #[test]
    fn examples_carry_the_name_of_the_program() {
        let page = "Examples:\n  up\n\n  up +1   one\n\nA target is\n  this\n";
        let expected = "Examples:\n  app db up\n\n  app db up +1   one\n\nA target is\n  this\n";
        assert_eq!(named(page, "app db"), expected);
    }
}
