//! Wrong command lines, told as every other failure is: what is wrong, and what to type.
//!
//! clap knows both, and puts them into a form of its own. Only its first paragraph is kept.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Exit, Failure};

/// Why arguments are wrong; `page` shows what could be given.
pub(crate) fn failure(error: &clap::Error, page: &str) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::new("no command is given")
            .exit(Exit::Usage)
            .help(format!("`{page}` lists the commands"));
    }
    let mut failure = Failure::new(message(error)).exit(Exit::Usage);
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    for names in suggested.into_iter().filter_map(|kind| strings(error.get(kind))) {
        // The nearest one is the last.
        if let Some(name) = names.last() {
            failure = failure.help(format!("did you mean `{name}`?"));
        }
    }
    if let Some(ContextValue::StyledStrs(tips)) = error.get(ContextKind::Suggested) {
        failure = tips.iter().fold(failure, |failure, tip| failure.help(tip.to_string()));
    }
    if let Some(values) = strings(error.get(ContextKind::ValidValue)) {
        failure = failure.help(format!("possible values: {}", values.join(", ")));
    }
    failure.help(format!("`{page}` shows what can be given"))
}

/// What is wrong, in one line.
fn message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default().trim();
    let mut lines = paragraph.lines();
    let first = lines.next().unwrap_or_default();
    // Possible values are told as help.
    let names = lines.map(str::trim).filter(|line| !line.starts_with('['));
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    if names.is_empty() { first.to_owned() } else { format!("{first} {}", names.join(", ")) }
}

fn strings(value: Option<&ContextValue>) -> Option<Vec<&str>> {
    match value? {
        ContextValue::String(text) => Some(vec![text]),
        ContextValue::Strings(texts) if !texts.is_empty() => {
            Some(texts.iter().map(String::as_str).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::*;

    fn told(line: &[&str]) -> String {
        let color = Arg::new("color").long("color").value_parser(["auto", "never"]);
        let name = Arg::new("NAME").required(true);
        let quiet = Arg::new("quiet").long("quiet").num_args(0).conflicts_with("color");
        let add = Command::new("add").args([color, name, quiet]);
        let app = Command::new("app").subcommand(add).subcommand_required(true);
        failure(&app.try_get_matches_from(line).unwrap_err(), "app --help").to_string()
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong_and_what_to_type() {
        insta::assert_snapshot!(told(&["app", "ad"]), @"
        unrecognized subcommand 'ad'
        help: did you mean `add`?
        help: `app --help` shows what can be given
        ");
        insta::assert_snapshot!(told(&["app", "add", "x", "--colour", "never"]), @"
        unexpected argument '--colour' found
        help: did you mean `--color`?
        help: `app --help` shows what can be given
        ");
        insta::assert_snapshot!(told(&["app", "add", "x", "--color", "neve"]), @"
        invalid value 'neve' for '--color <color>'
        help: did you mean `never`?
        help: possible values: auto, never
        help: `app --help` shows what can be given
        ");
        insta::assert_snapshot!(told(&["app", "add", "x", "--color", "never", "--quiet"]), @"
        the argument '--color <color>' cannot be used with '--quiet'
        help: `app --help` shows what can be given
        ");
        insta::assert_snapshot!(told(&["app", "add"]), @"
        the following required arguments were not provided: `<NAME>`
        help: `app --help` shows what can be given
        ");
        insta::assert_snapshot!(told(&["app", "add", "x", "y"]), @"
        unexpected argument 'y' found
        help: `app --help` shows what can be given
        ");
    }
}
