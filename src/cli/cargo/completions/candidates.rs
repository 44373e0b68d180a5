//! What can stand at a place of a command line.
//!
//! Commands, options and their fixed values are found by clap's own engine; what only the package knows
//! is added to its arguments, by their names. Everything is read from files, and nothing of what the
//! configuration says about a database but the names is ever shown.

use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use clap::{Arg, Command, FromArgMatches as _};
use clap_complete::engine::{self, ArgValueCompleter, CompletionCandidate};

use super::super::GlobalArguments;
use super::super::context::Context;
use crate::chain::{Chain, Revision};
use crate::config::{Configuration, HeadsPolicy};
use crate::diagnostic::Code;
use crate::runner::{Env, Ui, graph};
use crate::validate::Package;

/// The candidates for `current` after the words `before`, in their order: a line each, with what it is after a tab.
pub(super) fn candidates(before: &[OsString], current: &OsStr, env: &Env) -> Vec<String> {
    // As `cargo-migrate migrate …` has it.
    let before = before.strip_prefix(&[OsString::from("migrate")]).unwrap_or(before);
    let mut words = vec![OsString::from("migrate")];
    words.extend_from_slice(before);
    let surroundings = Arc::new(Surroundings { global: typed(&words), env: env.clone() });
    words.push(current.to_owned());
    let last = words.len() - 1;
    let mut command = informed(super::super::command("cargo migrate"), &surroundings);
    let found = engine::complete(&mut command, words, last, Some(env.directory()));
    let mut lines: Vec<String> = found.unwrap_or_default().iter().filter_map(line).collect();
    // Every command has dozens of options: they would hide the names.
    lines.retain(|line| !current.is_empty() || !line.starts_with('-'));
    lines
}

/// The options that say which package is meant, as far as they are typed.
fn typed(words: &[OsString]) -> GlobalArguments {
    let command = super::super::command("cargo migrate").ignore_errors(true);
    let matches = command.try_get_matches_from(words).ok();
    matches.and_then(|matches| GlobalArguments::from_arg_matches(&matches).ok()).unwrap_or_default()
}

/// None for what would not be one word in one line.
fn line(candidate: &CompletionCandidate) -> Option<String> {
    let value = candidate.get_value().to_str().filter(|value| !value.contains(char::is_control))?;
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.lines().next().unwrap_or_default().replace(char::is_control, " ");
    Some(if help.is_empty() { value.to_owned() } else { format!("{value}\t{help}") })
}

/// What an argument takes that only the package knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Packages,
    Environments,
    Databases,
    Codes,
    Targets,
    Ranges,
    Revisions,
    Labels,
}

impl Source {
    fn of(arg: &Arg) -> Option<Self> {
        let value = arg.get_value_names().and_then(|names| names.first());
        match (arg.get_id().as_str(), value.map_or("", |name| name.as_str())) {
            ("package", _) => Some(Self::Packages),
            ("environment" | "environments", _) => Some(Self::Environments),
            ("name", _) => Some(Self::Databases),
            ("code", _) => Some(Self::Codes),
            (_, "TARGET") => Some(Self::Targets),
            (_, "RANGE" | "A:B") => Some(Self::Ranges),
            (_, "REVISION") => Some(Self::Revisions),
            (_, "BRANCH") => Some(Self::Labels),
            _ => None,
        }
    }
}

/// The command with completers at all arguments that have a source.
fn informed(command: Command, surroundings: &Arc<Surroundings>) -> Command {
    command
        .mut_args(|arg| {
            let Some(source) = Source::of(&arg) else { return arg };
            let surroundings = Arc::clone(surroundings);
            arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                let Some(current) = current.to_str() else { return Vec::new() };
                surroundings.candidates(source, current).into_iter().map(Into::into).collect()
            }))
        })
        .mut_subcommands(|subcommand| informed(subcommand, surroundings))
}

/// A word, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    value: String,
    help: String,
}

impl From<Candidate> for CompletionCandidate {
    fn from(Candidate { value, help }: Candidate) -> Self {
        Self::new(value).help((!help.is_empty()).then(|| help.into()))
    }
}

fn candidate(value: impl Into<String>, help: impl Into<String>) -> Candidate {
    Candidate { value: value.into(), help: help.into() }
}

/// Which package is meant, and from where.
struct Surroundings {
    global: GlobalArguments,
    env: Env,
}

impl Surroundings {
    fn candidates(&self, source: Source, current: &str) -> Vec<Candidate> {
        let mut found = match source {
            Source::Packages => self.packages(),
            Source::Codes => {
                Code::ALL.iter().map(|code| candidate(code.to_string(), code.summary())).collect()
            }
            Source::Environments => self.names(|configuration| {
                configuration.environments.iter().map(|it| it.name.value.clone()).collect()
            }),
            Source::Databases => self.names(|configuration| configuration.databases.clone()),
            Source::Targets => self.of_chain(|chain| targets(chain, current)),
            Source::Ranges => self.of_chain(|chain| ranges(chain, current)),
            Source::Revisions => self.of_chain(|chain| names(chain.revisions().iter())),
            Source::Labels => self.of_chain(|chain| labels(chain.revisions().iter())),
        };
        found.retain(|candidate| candidate.value.starts_with(current));
        found
    }

    fn package(&self) -> Option<Package> {
        let ui = Ui::writers(io::sink(), io::sink());
        let context = Context::new(self.global.clone(), self.env.clone(), &ui);
        // Who joins heads has several.
        context.package_with(|configuration| configuration.heads = HeadsPolicy::Many).ok()
    }

    fn packages(&self) -> Vec<Candidate> {
        let ui = Ui::writers(io::sink(), io::sink());
        let workspace = Context::new(self.global.clone(), self.env.clone(), &ui).workspace();
        let members = workspace.map(|workspace| workspace.members).unwrap_or_default();
        members.into_iter().map(|member| candidate(member.name, "")).collect()
    }

    fn names(&self, of: impl Fn(&Configuration) -> Vec<String>) -> Vec<Candidate> {
        let names = self.package().map(|package| of(package.configuration()));
        names.unwrap_or_default().into_iter().map(|name| candidate(name, "")).collect()
    }

    fn of_chain(&self, of: impl Fn(&Chain) -> Vec<Candidate>) -> Vec<Candidate> {
        self.package().and_then(|package| package.chain().map(of)).unwrap_or_default()
    }
}

/// A range goes on after its colon.
fn ranges(chain: &Chain, current: &str) -> Vec<Candidate> {
    match current.rsplit_once(':') {
        Some((from, to)) => prefixed(&format!("{from}:"), targets(chain, to)),
        None => targets(chain, current),
    }
}

/// What a target can be, whose branch may be written already.
fn targets(chain: &Chain, current: &str) -> Vec<Candidate> {
    let fixed = |value: &str, help: &str| candidate(value, help);
    if let Some((branch, _)) = current.rsplit_once('@') {
        let Ok(line) = chain.line(branch) else { return Vec::new() };
        let mut found = vec![
            fixed("head", "the head of this line"),
            fixed("base", "before its first revision"),
        ];
        found.extend(names(line.into_iter()));
        return prefixed(&format!("{branch}@"), found);
    }
    let mut found = vec![
        fixed("head", "the head of the chain"),
        fixed("heads", "every head"),
        fixed("base", "before every revision"),
        fixed("current", "where the database is"),
    ];
    for label in labels(chain.revisions().iter()) {
        found.push(candidate(format!("{}@", label.value), "a revision of this line"));
    }
    found.extend(names(chain.revisions().iter()));
    found
}

/// Labels first, then ids, the newest first.
fn names<'a>(revisions: impl DoubleEndedIterator<Item = &'a Revision> + Clone) -> Vec<Candidate> {
    let mut found = labels(revisions.clone());
    found.extend(revisions.rev().map(|revision| {
        candidate(revision.id().as_str(), graph::harmless(&revision.header().message))
    }));
    found
}

fn labels<'a>(revisions: impl Iterator<Item = &'a Revision>) -> Vec<Candidate> {
    revisions
        .flat_map(|revision| {
            revision.labels().iter().map(move |label| {
                candidate(label.to_string(), format!("branch label of {}", revision.id()))
            })
        })
        .collect()
}

fn prefixed(prefix: &str, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    for candidate in &mut candidates {
        candidate.value.insert_str(0, prefix);
    }
    candidates
}

#[cfg(test)]
mod tests {
    use clap::ValueHint;
    use proptest::prelude::*;

    use super::*;

    fn complete(env: &Env, line: &str) -> Vec<String> {
        let mut words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let current = words.pop().unwrap();
        candidates(&words, &current, env)
    }

    /// The candidates without what they are, in one line.
    fn words(env: &Env, line: &str) -> String {
        let found = complete(env, line);
        let words: Vec<&str> = found.iter().filter_map(|line| line.split('\t').next()).collect();
        words.join(" ")
    }

    fn package() -> (tempfile::TempDir, Env) {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: String| {
            std::fs::write(directory.path().join(path), text).unwrap();
        };
        write(
            "Cargo.toml",
            String::from(
                "[package]\nname = \"app\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n\
                 [package.metadata.migrate]\ndialects = [\"sqlite\"]\ndatabases = [\"catalog\", \"monitoring\"]\n\
                 [package.metadata.migrate.env.dev]\n\
                 databases = { catalog = \"sqlite:hunter2.db\", monitoring = \"sqlite:b.db\" }\n\
                 [package.metadata.migrate.env.production]\n\
                 databases = { catalog = \"${URL}\", monitoring = \"${OTHER}\" }\n",
            ),
        );
        write("lib.rs", String::new());
        std::fs::create_dir(directory.path().join("migrations")).unwrap();
        for (id, revises, branch) in [
            ("ae1027a6acf5", "", ""),
            ("b0b0aaaa1111", "ae1027a6acf5", "-- branch: billing\n"),
            ("c0c0bbbb2222", "ae1027a6acf5", ""),
        ] {
            write(
                &format!("migrations/{id}.sql"),
                format!(
                    "-- create {id}\n--\n-- revision: {id}\n-- revises: {revises}\n{branch}\n\
                     -- migrate:up\nCREATE TABLE t{id} (x);\n\n-- migrate:down\nDROP TABLE t{id};\n"
                ),
            );
        }
        let env = Env::new(directory.path());
        (directory, env)
    }

    #[test]
    fn what_the_package_knows_is_offered() {
        let (_directory, env) = package();
        insta::assert_snapshot!(complete(&env, "up ").join("\n"), @"
        head	the head of the chain
        heads	every head
        base	before every revision
        current	where the database is
        billing@	a revision of this line
        billing	branch label of b0b0aaaa1111
        c0c0bbbb2222	create c0c0bbbb2222
        b0b0aaaa1111	create b0b0aaaa1111
        ae1027a6acf5	create ae1027a6acf5
        ");
        insta::assert_snapshot!(words(&env, "up ae"), @"ae1027a6acf5");
        insta::assert_snapshot!(words(&env, "down billing@"), @"billing@head billing@base billing@billing billing@b0b0aaaa1111 billing@ae1027a6acf5");
        insta::assert_snapshot!(words(&env, "history -r ae1027a6acf5:b"), @"ae1027a6acf5:base ae1027a6acf5:billing@ ae1027a6acf5:billing ae1027a6acf5:b0b0aaaa1111");
        insta::assert_snapshot!(words(&env, "history --range=head:"), @"--range=head:head --range=head:heads --range=head:base --range=head:current --range=head:billing@ --range=head:billing --range=head:c0c0bbbb2222 --range=head:b0b0aaaa1111 --range=head:ae1027a6acf5");
        insta::assert_snapshot!(words(&env, "new x --branch "), @"billing");
        insta::assert_snapshot!(words(&env, "merge b0b0aaaa1111 c"), @"current c0c0bbbb2222");
        insta::assert_snapshot!(words(&env, "status --env "), @"dev production");
        insta::assert_snapshot!(words(&env, "status --database "), @"catalog monitoring");
        insta::assert_snapshot!(words(&env, "-p "), @"app");
        insta::assert_snapshot!(words(&env, "explain M005"), @"M0051 M0052 M0053 M0054 M0055 M0056 M0057 M0058");
        insta::assert_snapshot!(words(&env, "import --from s"), @"sqlx sea-orm");
        insta::assert_snapshot!(words(&env, "migrate stat"), @"status");
        insta::assert_snapshot!(words(&env, "up --dry"), @"--dry-run");
    }

    #[test]
    fn where_nothing_can_be_known_nothing_is_said() {
        let (directory, env) = package();
        assert_eq!(words(&Env::new("/nowhere/at/all"), "up "), "");
        assert_eq!(words(&env, "up nobody@"), "");
        assert_eq!(words(&env, "-p nobody up ae"), "");
        assert_eq!(words(&env, "--manifest-path nowhere/Cargo.toml up ae"), "");
        std::fs::write(directory.path().join("migrations/wrong.sql"), "wrong").unwrap();
        assert_eq!(words(&env, "up ae"), "");
        // The configuration is right all the same.
        assert_eq!(words(&env, "up --env d"), "dev");
    }

    /// An argument with a new kind of value is to be thought of.
    #[test]
    fn every_value_has_a_source_or_needs_none() {
        fn check(command: &Command) {
            let free = [
                "message",
                "rev_id",
                "labels",
                "database_url",
                "chain",
                "lock_timeout",
                "statement_lock_timeout",
                "statement_timeout",
                "retries",
                "two_phase",
                "profile",
                "features",
                "triple",
                "jobs",
                "config",
                "unstable",
                "words",
                "current",
                "subcommand",
            ];
            for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                let is_known = Source::of(arg).is_some()
                    || !arg.get_possible_values().is_empty()
                    || arg.get_value_hint() != ValueHint::Unknown
                    || free.contains(&arg.get_id().as_str());
                assert!(is_known, "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&super::super::super::command("cargo migrate"));
    }

    proptest! {
        /// Where nothing is known, so that no cargo runs.
        #[test]
        fn no_line_is_too_odd(
            words in proptest::collection::vec(
                prop_oneof![
                    Just("up"), Just("--env"), Just("--"), Just("-"), Just("--env="), Just("-qp"),
                    Just("database"), Just("repair"), Just("-1"), Just("--nope=x"), Just("@"),
                    Just(":"), Just("-r"), Just("help"), Just("history"), Just("é"), Just("--é"), Just(""),
                ],
                1..6,
            ),
        ) {
            let env = Env::new("/nowhere/at/all");
            complete(&env, &words.join(" "));
        }
    }
}
