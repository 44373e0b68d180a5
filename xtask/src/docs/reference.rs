//! The command reference: every command with its options and examples, as Markdown for rustdoc.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// Under this heading stands what every command takes; it is told once.
const GLOBAL: &str = "Global Options";

/// The whole page.
pub(crate) fn page(program: &Command) -> String {
    let name = name(program);
    let mut page = format!(
        "Every command of `{name}`, as `{name} help COMMAND` shows it.\n\n\
         This page is written by `cargo xtask docs`; what it says stands in `src/cli` and `src/runner`.\n\n"
    );
    page.push_str("| command | |\n|---|---|\n");
    for command in commands(program) {
        let link = self::name(command).replace(' ', "-");
        let _ = writeln!(page, "| [`{}`](#{link}) | {} |", command.get_name(), about(command));
    }
    for command in commands(program) {
        describe(command, &mut page);
    }
    page.push_str("\n# Options of every command\n\n");
    options(program.get_arguments().filter(|arg| heading(arg) == GLOBAL), &mut page);
    page
}

fn commands(of: &Command) -> impl Iterator<Item = &Command> {
    of.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help")
}

fn describe(command: &Command, page: &mut String) {
    let _ = write!(page, "\n# {}\n\n{}.\n", name(command), about(command));
    let aliases: Vec<String> =
        command.get_visible_aliases().map(|alias| format!("`{alias}`")).collect();
    if !aliases.is_empty() {
        let _ = write!(page, "\nAlso: {}.\n", aliases.join(", "));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let _ = write!(page, "\n```text\n{usage}\n```\n");
    let mut groups: Vec<(&str, Vec<&Arg>)> = Vec::new();
    let own = |arg: &&Arg| !arg.is_hide_set() && heading(arg) != GLOBAL && arg.get_id() != "help";
    for arg in command.get_arguments().filter(own) {
        match groups.iter_mut().find(|(known, _)| *known == heading(arg)) {
            Some((_, args)) => args.push(arg),
            None => groups.push((heading(arg), vec![arg])),
        }
    }
    for (heading, args) in groups {
        let _ = write!(page, "\n{heading}:\n\n");
        options(args.into_iter(), page);
    }
    if let Some(text) = command.get_after_long_help() {
        prose(&text.to_string(), page);
    }
    for subcommand in commands(command) {
        describe(subcommand, page);
    }
}

/// What people type for it.
fn name(command: &Command) -> String {
    command.get_bin_name().unwrap_or(command.get_name()).to_owned()
}

fn about(command: &Command) -> String {
    escaped(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

fn heading(arg: &Arg) -> &str {
    let usual = if arg.is_positional() { "Arguments" } else { "Options" };
    arg.get_help_heading().unwrap_or(usual)
}

fn options<'a>(args: impl Iterator<Item = &'a Arg>, page: &mut String) {
    for arg in args {
        let value = |arg: &Arg| {
            let names = arg.get_value_names().unwrap_or_default();
            names.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" ")
        };
        let mut words: Vec<String> = Vec::new();
        words.extend(arg.get_short().map(|short| format!("-{short}")));
        words.extend(arg.get_long().map(|long| format!("--{long}")));
        let mut shown = words.join(", ");
        if arg.get_action().takes_values() {
            if arg.is_require_equals_set() {
                let _ = write!(shown, "[={}]", value(arg));
            } else {
                let separator = if shown.is_empty() { "" } else { " " };
                let _ = write!(shown, "{separator}{}", value(arg));
            }
        }
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = write!(page, "* `{shown}`: {}", escaped(&help));
        let values: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !values.is_empty()
            && arg.get_action().takes_values()
            && !arg.is_hide_possible_values_set()
        {
            let _ = write!(page, " ({})", values.join(", "));
        }
        page.push('\n');
    }
}

/// The text below the options: what is indented are lines to type, the rest is prose.
fn prose(text: &str, page: &mut String) {
    let mut is_code = false;
    page.push('\n');
    for line in text.trim_end().lines() {
        let indented = line.starts_with("  ");
        if indented && !is_code {
            page.push_str(if page.ends_with("\n\n") { "" } else { "\n" });
            page.push_str("```text\n");
        } else if !indented && is_code {
            page.push_str("```\n");
        }
        is_code = indented;
        match line.strip_prefix("  ") {
            Some(code) => page.push_str(code),
            None => page.push_str(&escaped(line)),
        }
        page.push('\n');
    }
    if is_code {
        page.push_str("```\n");
    }
}

/// Outside of backticks, what Markdown would read is made plain.
fn escaped(text: &str) -> String {
    let mut is_code = false;
    let mut plain = String::new();
    for c in text.chars() {
        is_code ^= c == '`';
        if !is_code && ['[', ']', '<', '>', '*', '_', '|'].contains(&c) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}
