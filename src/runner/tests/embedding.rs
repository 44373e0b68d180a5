//! Applications with a command line of their own.

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

use super::*;

/// The commands are one of the application's.
#[derive(Debug, Parser)]
#[command(name = "app")]
#[expect(clippy::large_enum_variant, reason = "as an application would write it")]
enum Nested {
    /// Answers requests
    Serve,
    /// Moves the database
    Migrate(Arguments),
}

/// The commands are the application's own, beside a flag.
#[derive(Debug, Parser)]
#[command(name = "app")]
struct Flattened {
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    migrate: Arguments,
}

/// The flags that most programs have, as the commands have them.
#[derive(Debug, Parser)]
#[command(name = "app")]
struct Shared {
    #[arg(long, short, global = true)]
    verbose: bool,
    #[arg(long, short, global = true)]
    quiet: bool,
    #[arg(long, global = true)]
    color: Option<Color>,
    #[command(subcommand)]
    task: Nested,
}

/// The same flags as others have them.
#[derive(Debug, Parser)]
#[command(name = "app")]
struct Own {
    #[arg(long, short, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[arg(id = "silence", long = "quiet", short, global = true)]
    quiet: bool,
    #[arg(long, global = true, default_value = "auto")]
    color: String,
    #[command(subcommand)]
    task: OwnTask,
}

#[derive(Debug, Subcommand)]
enum OwnTask {
    #[command(subcommand)]
    Migrate(Command),
}

/// What the application prints instead of running.
fn refused<P: Parser + std::fmt::Debug>(arguments: &[&str]) -> String {
    P::try_parse_from(arguments).unwrap_err().to_string()
}

fn chain() -> Migrator {
    let chain = chain_of(&[("first", &[], &[]), ("second", &["first"], &[])]);
    Migrator::new(chain, crate::chain::baked::Settings::default())
}

/// The exit code, and what was written to both streams.
fn caught(arguments: Arguments) -> (Exit, String, String) {
    let (out, err) = (Caught::default(), Caught::default());
    let ui = Ui::writers(out.clone(), err.clone());
    let exit = crate::runner::run(arguments, &chain(), Env::new("/nowhere"), &ui);
    (exit, out.text(), err.text())
}

#[test]
fn parsers_agree_with_what_they_nest() {
    Nested::command().debug_assert();
    Flattened::command().debug_assert();
    Shared::command().debug_assert();
    Own::command().debug_assert();
}

#[test]
fn usage_lines_carry_the_name_of_the_application() {
    insta::assert_snapshot!(refused::<Nested>(&["app", "migrate", "up", "--nope"]), @"
    error: unexpected argument '--nope' found

      tip: to pass '--nope' as a value, use '-- --nope'

    Usage: app migrate up [OPTIONS] [TARGET]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused::<Flattened>(&["app", "down", "1", "2"]), @"
    error: unexpected argument '2' found

    Usage: app down [OPTIONS] [TARGET]

    For more information, try '--help'.
    ");
    for page in [
        refused::<Nested>(&["app", "migrate", "--help"]),
        refused::<Nested>(&["app", "migrate", "up", "--help"]),
        refused::<Flattened>(&["app", "repair", "--help"]),
        refused::<Own>(&["app", "migrate", "sql", "--help"]),
    ] {
        assert!(page.contains("\nUsage: app "), "{page}");
        assert!(!page.contains("cargo"), "{page}");
    }
}

#[test]
fn examples_carry_no_name_or_the_right_one() {
    let page = refused::<Nested>(&["app", "migrate", "redo", "--help"]);
    assert!(page.contains("\nExamples:\n  redo "), "{page}");
    let command = Nested::command();
    let mut command =
        command.mut_subcommand("migrate", |migrate| with_program(migrate, "app migrate"));
    let page = command.try_get_matches_from_mut(["app", "migrate", "redo", "--help"]).unwrap_err();
    assert!(page.to_string().contains("\nExamples:\n  app migrate redo "), "{page}");
    let matches = command.get_matches_from(["app", "migrate", "heads"]);
    assert!(matches!(
        Nested::from_arg_matches(&matches),
        Ok(Nested::Migrate(Arguments { command: Command::Heads(_), .. }))
    ));
}

#[test]
fn flags_of_the_same_names_mean_both() {
    let parse = |arguments: &[&str]| {
        let Shared { verbose, quiet, color, task: Nested::Migrate(arguments) } =
            Shared::parse_from([&["app"], arguments].concat())
        else {
            panic!("another command")
        };
        let output = arguments.output;
        assert_eq!((output.verbose, output.quiet, output.color), (verbose, quiet, color));
        (verbose, quiet, color)
    };
    assert_eq!(parse(&["migrate", "heads"]), (false, false, None));
    assert_eq!(parse(&["-v", "migrate", "heads"]), (true, false, None));
    assert_eq!(parse(&["migrate", "-v", "heads"]), (true, false, None));
    let typed = ["--color", "never", "migrate", "heads", "-q"];
    assert_eq!(parse(&typed), (false, true, Some(Color::Never)));
}

#[test]
fn an_application_with_flags_of_its_own_nests_the_commands() {
    let application = Own::parse_from(["app", "-v", "migrate", "heads", "-v", "--color=mauve"]);
    let Own { verbose, quiet: false, color, task: OwnTask::Migrate(command) } = application else {
        panic!("{application:?}")
    };
    assert!(verbose >= 1 && color == "mauve", "{verbose} {color}");
    assert_eq!(
        caught(command.into()),
        (Exit::Done, String::from("second  second\n"), String::new())
    );
}

#[test]
fn output_and_exit_code_come_back() {
    let Nested::Migrate(arguments) = Nested::parse_from(["app", "migrate", "sql", "nope:first"])
    else {
        panic!("another command")
    };
    let (exit, out, err) = caught(arguments);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    insta::assert_snapshot!(err, @"error: no revision or branch label is called `nope`");
    // The same through the words alone: help and mistakes come back, too.
    let words = |words: &[&str]| {
        let (out, err) = (Caught::default(), Caught::default());
        let ui = Ui::writers(out.clone(), err.clone());
        let exit = run_from(words, &chain(), Env::new("/nowhere"), &ui);
        (exit, out.text(), err.text())
    };
    let (exit, out, err) = words(&["/usr/bin/app", "up", "--help"]);
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    assert!(out.contains("\n  app up +1 "), "{out}");
    let (exit, out, err) = words(&["app", "upp"]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    insta::assert_snapshot!(err, @"
    error: unrecognized subcommand 'upp'
    help: did you mean `up`?
    help: `app --help` shows what can be given
    ");
}

#[cfg(feature = "sqlite")]
fn status_of_a_new_database() -> (Exit, String) {
    let arguments = ["app", "migrate", "status", "--check", "--database-url", "sqlite::memory:"];
    let Nested::Migrate(arguments) = Nested::parse_from(arguments) else { panic!("another one") };
    let (exit, out, _) = caught(arguments);
    (exit, out)
}

#[cfg(feature = "sqlite")]
#[test]
fn it_works_inside_and_outside_of_an_async_runtime() {
    let outside = status_of_a_new_database();
    assert_eq!(outside.0, Exit::OutOfDate, "{}", outside.1);
    let inside = |mut builder: tokio::runtime::Builder| {
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async { status_of_a_new_database() })
    };
    assert_eq!(inside(tokio::runtime::Builder::new_current_thread()), outside);
    assert_eq!(inside(tokio::runtime::Builder::new_multi_thread()), outside);
}
