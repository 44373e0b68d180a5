//! What is decided about a command line beside clap, which knows neither the program's name nor, when a line is wrong, what
//! form its answer should have.
//!
//! Examples on help pages carry the name of the program that prints them, which this crate cannot know: it may be
//! `cargo migrate`, a runner under any name, or a subcommand of somebody's application.

#[cfg(feature = "cli")]
use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;

use clap::Command;

const HEADING: &str = "Examples:";

/// What people type before a command who have installed this crate's own program.
#[cfg(feature = "cli")]
pub(crate) const TOOL: &str = "cargo migrate";

/// The commands as their list on the first page groups them; what is in no group comes last.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Write revisions", &["init", "new", "edit", "merge", "rebase", "import"]),
    (
        "Change databases",
        &["up", "down", "redo", "plan", "sql", "stamp", "repair", "adopt", "database"],
    ),
    ("Look around", &["check", "status", "history", "graph", "show", "heads", "branches"]),
    ("More", &["config", "explain", "completions"]),
];

/// A command line as people see it: pages with the program's name, and a first page with the commands in groups.
pub(crate) fn dressed(command: Command, program: &str) -> Command {
    let first_page = first_page(&command);
    let after = format!("See `{program} help COMMAND` for the page of a command, with examples.");
    let after = match command.get_after_help() {
        Some(own) => format!("{after}\n\n{own}"),
        None => after,
    };
    let command = with_program(command, program).bin_name(program);
    command.help_template(first_page).after_help(after)
}

/// clap knows one heading for all subcommands.
fn first_page(command: &Command) -> String {
    let styles = command.get_styles();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let visible = || command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    let width = visible().map(|subcommand| subcommand.get_name().len()).max().unwrap_or_default();
    let line = |name: &str, about: &str| {
        format!("  {literal}{name}{literal:#}{:1$}  {about}\n", "", width - name.len())
    };
    let mut page = String::from("{before-help}{about-with-newline}\n{usage-heading} {usage}\n");
    let in_group = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    for (index, (heading, names)) in GROUPS.iter().enumerate() {
        let is_last = index == GROUPS.len() - 1;
        let others = visible().filter(|it| is_last && !in_group(it.get_name()));
        let named = names.iter().filter_map(|name| visible().find(|it| it.get_name() == *name));
        let mut lines = String::new();
        for subcommand in named.chain(others) {
            let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
            let aliases: Vec<&str> = subcommand.get_visible_aliases().collect();
            let about = match aliases[..] {
                [] => about,
                _ => format!("{about} [aliases: {}]", aliases.join(", ")),
            };
            lines += &line(subcommand.get_name(), &about);
        }
        if is_last {
            lines += &line("help", "Print this page, or that of a command");
        }
        if !lines.is_empty() {
            let _ = write!(page, "\n{header}{heading}:{header:#}\n{lines}");
        }
    }
    let _ = write!(page, "\n{header}Options:{header:#}\n{{options}}{{after-help}}");
    page
}

/// The command line that shows the page about what was typed, as far as it names a command.
pub(crate) fn page_of(command: &Command, program: &str, arguments: &[OsString]) -> String {
    let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    let mut page = String::from(program);
    let mut at = command;
    while let Some(next) =
        words.find(|word| !word.starts_with('-')).and_then(|word| at.find_subcommand(word))
    {
        let _ = write!(page, " {}", next.get_name());
        at = next;
    }
    page + " --help"
}

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

/// What is told of a finding and what there is to do, for people who type another name before a command: a command
/// line such as `cargo migrate up`, in backticks or behind a prompt, gets that name.
///
/// Whatever made the text knows the tool only, as a build script does. Nothing else in it changes, and texts that may
/// quote somebody, such as the lines of a file or what a database says, are not given to this.
#[cfg(feature = "cli")]
pub(crate) fn typed<'t>(text: &'t str, program: &str) -> Cow<'t, str> {
    if program == TOOL || !text.contains(TOOL) {
        return Cow::Borrowed(text);
    }
    let is_command = |word: &str| GROUPS.iter().any(|(_, names)| names.contains(&word));
    let mut parts = text.split(TOOL);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let word = part.strip_prefix(' ').unwrap_or_default();
        let word = word.split([' ', '`', '\n']).next().unwrap_or_default();
        let begins = all.ends_with('`') || all.ends_with("$ ");
        all += if begins && is_command(word) { program } else { TOOL };
        all += part;
    }
    Cow::Owned(all)
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

/// Paragraphs become one line each, which clap wraps; what is indented stays as it is.
fn named(page: &str, program: &str) -> String {
    let mut text = String::new();
    let (mut is_example, mut is_prose) = (false, false);
    for line in page.split('\n') {
        is_example = line == HEADING || (is_example && (line.is_empty() || line.starts_with("  ")));
        let continues = is_prose;
        is_prose = !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':');
        let separator = match (text.is_empty(), continues && is_prose) {
            (true, _) => "",
            (false, true) => " ",
            (false, false) => "\n",
        };
        let _ = match line.strip_prefix("  ") {
            Some(example) if is_example => write!(text, "{separator}  {program} {example}"),
            _ => write!(text, "{separator}{line}"),
        };
    }
    text
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

    #[cfg(feature = "cli")]
    #[test]
    fn command_lines_carry_the_name_that_people_type() {
        for (text, expected) in [
            ("`cargo migrate merge a b` joins them", "`cargo xtask migrate merge a b` joins them"),
            (
                "`cargo migrate heads`, or\n$ cargo migrate check\n",
                "`cargo xtask migrate heads`, or\n$ cargo xtask migrate check\n",
            ),
            ("only `cargo migrate` changes it", "only `cargo migrate` changes it"),
            ("look at `cargo migrate up.sql`", "look at `cargo migrate up.sql`"),
            ("look at `cargo migrate notes/a.sql`", "look at `cargo migrate notes/a.sql`"),
            ("look at `my cargo migrate up`", "look at `my cargo migrate up`"),
            ("cargo migrate up", "cargo migrate up"),
        ] {
            assert_eq!(typed(text, "cargo xtask migrate"), expected);
            assert_eq!(typed(text, TOOL), text);
        }
    }

    #[test]
    fn examples_carry_the_name_of_the_program() {
        let page = "Examples:\n  up\n\n  up +1   one\n\nA target is\n  this\nor that\nor none\n";
        let expected = "Examples:\n  app db up\n\n  app db up +1   one\n\nA target is\n  this\nor that or none\n";
        assert_eq!(named(page, "app db"), expected);
    }
}
