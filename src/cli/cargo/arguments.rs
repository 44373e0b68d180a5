//! What can be typed, as plain data; what it means is decided by the commands.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::Dialect;
use crate::chain::Target;
use crate::runner::ui::HELP_STYLES;
use crate::runner::{
    AdoptArguments, BranchesArguments, CheckArguments, Color, DatabaseArguments, DownArguments,
    Env, GraphArguments, OutputArguments,
};
use crate::runner::{
    HeadsArguments, HistoryArguments, ShowArguments, StatusArguments, UpArguments,
};
use crate::runner::{
    PlanArguments, RedoArguments, RepairArguments, SqlArguments, StampArguments, StatementArguments,
};
use crate::runner::{dialect, tool};
use crate::tool::Tool;

const CHECK_HELP: &str = "\
Examples:
  check                           the chain, the package's setup, its environments
  check --env production          also whether a database is up to date
  check --state                   the same of the database that `up` takes
  check --message-format github   each finding as an annotation of GitHub Actions
  check --message-format sarif    all findings as a document of SARIF 2.1.0

Findings are on stderr. On stdout are messages, annotations or a document, if one of these formats is asked \
for; under GitHub Actions annotations are the default. A database is asked only with --state, --env, --database or \
--database-url.

Exit codes: 0 all is well, 1 the package is not in order, 3 the database is out of date, or something is wrong with \
what it records, 4 the chain is invalid, 5 no connection.";

/// Versioned database migrations, checked when the crate is compiled
#[derive(Clone, Debug, Parser)]
#[command(
    name = "cargo-migrate",
    version,
    styles = HELP_STYLES,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// For a program that has flags of the same names itself, and nests [`Command`].
impl From<Command> for Arguments {
    fn from(command: Command) -> Self {
        Self { global: GlobalArguments::default(), command }
    }
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Set up a package for migrations
    Init(InitArguments),
    /// Write a new revision
    #[command(visible_aliases = ["revision", "add", "generate"])]
    New(NewArguments),
    /// Join several heads with a new revision
    Merge(MergeArguments),
    /// Open a revision in the editor
    Edit(EditArguments),
    /// Let revisions follow others than they did
    Rebase(RebaseArguments),
    /// Apply revisions
    #[command(visible_aliases = ["upgrade", "run"])]
    Up(Compiling<UpArguments>),
    /// Undo revisions
    #[command(visible_aliases = ["downgrade", "revert"])]
    Down(Compiling<DownArguments>),
    /// Undo revisions, and apply them again
    Redo(Compiling<RedoArguments>),
    /// Show what `up` or `down` would do
    Plan(PlanArguments),
    /// Print what leads from one target to another as a script
    Sql(SqlArguments),
    /// Record revisions as applied, or not, without running them
    Stamp(StampArguments),
    /// Record what another tool has applied
    Adopt(AdoptArguments),
    /// Find and mend what is wrong with what is recorded
    Repair(RepairArguments),
    /// Show where a database is
    #[command(visible_aliases = ["current", "info"])]
    Status(StatusArguments),
    /// Create, drop or reset a database as a whole
    #[command(subcommand, visible_alias = "db")]
    Database(DatabaseCommand),
    /// List the revisions, newest first
    History(HistoryArguments),
    /// Draw the chain
    Graph(GraphArguments),
    /// List the heads of the chain
    Heads(HeadsArguments),
    /// List where the chain branches, and the branch labels
    Branches(BranchesArguments),
    /// Show a revision
    Show(ShowArguments),
    /// Check the chain and all about it without building
    #[command(after_long_help = CHECK_HELP)]
    Check(CheckArguments),
    /// Show what the configuration says, and which database it leads to
    Config(ConfigArguments),
    /// Turn another tool's migrations into a chain
    Import(ImportArguments),
    /// Explain the code of a finding
    Explain(ExplainArguments),
    /// Print a script that lets a shell complete commands, ids and labels
    Completions(CompletionsArguments),
    /// Print what can stand at a place of a command line, for the scripts of `completions`
    #[command(hide = true)]
    Complete(CompleteArguments),
}

/// A command that may have to build the package's runner.
#[derive(Clone, Debug, Args)]
pub struct Compiling<A: Args> {
    /// The command's own arguments.
    #[command(flatten)]
    pub args: A,
    /// How the runner is built.
    #[command(flatten)]
    pub build: BuildArguments,
}

/// Arguments of `config`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  config                    what holds, and which database commands work on
  config --env production   the same for an environment

No database is asked. Passwords are not shown, and of variables only whether they are set.")]
pub struct ConfigArguments {
    /// How long statements may take.
    #[command(flatten)]
    pub statements: StatementArguments,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// How the package's runner is built, if a revision in Rust is to run; cargo's own options.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Compilation Options, for revisions in Rust")]
pub struct BuildArguments {
    /// Build in release mode
    #[arg(short, long, hide_short_help = true)]
    pub release: bool,
    /// Build with this profile
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub profile: Option<String>,
    /// Features to activate, besides those that the runner needs
    #[arg(short = 'F', long, value_name = "FEATURES", hide_short_help = true)]
    pub features: Vec<String>,
    /// Activate all features
    #[arg(long, hide_short_help = true)]
    pub all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long, hide_short_help = true)]
    pub no_default_features: bool,
    /// Build for this target
    #[arg(id = "triple", long = "target", value_name = "TRIPLE", hide_short_help = true)]
    pub target_triple: Option<String>,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY", hide_short_help = true)]
    pub target_dir: Option<PathBuf>,
    /// Number of parallel jobs
    #[arg(short, long, value_name = "N", hide_short_help = true)]
    pub jobs: Option<String>,
    /// Override a configuration value of cargo
    #[arg(long, value_name = "KEY=VALUE|PATH", hide_short_help = true)]
    pub config: Vec<OsString>,
    /// Unstable flags of cargo
    #[arg(short = 'Z', value_name = "FLAG", hide_short_help = true)]
    pub unstable: Vec<String>,
}

impl BuildArguments {
    /// As cargo is told.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        for (is_set, flag) in [
            (self.release, "--release"),
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
        ] {
            words.extend(is_set.then(|| flag.into()));
        }
        let mut option = |name: &str, values: &[OsString]| {
            for value in values {
                words.extend([OsString::from(name), value.clone()]);
            }
        };
        let text = |text: &Option<String>| Vec::from_iter(text.as_ref().map(OsString::from));
        let texts = |texts: &[String]| texts.iter().map(OsString::from).collect::<Vec<_>>();
        option("--profile", &text(&self.profile));
        option("--features", &texts(&self.features));
        option("--target", &text(&self.target_triple));
        option("--target-dir", &self.target_dir.iter().map(OsString::from).collect::<Vec<_>>());
        option("--jobs", &text(&self.jobs));
        option("--config", &self.config);
        option("-Z", &texts(&self.unstable));
        words
    }
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global Options")]
pub struct GlobalArguments {
    /// The package whose chain is meant
    #[arg(short, long, global = true, value_name = "SPEC")]
    pub package: Option<String>,
    /// Path to Cargo.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// What is said, and how it looks.
    #[command(flatten)]
    pub output: OutputArguments,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, global = true, hide_short_help = true)]
    pub locked: bool,
    /// Run without accessing the network
    #[arg(long, global = true, hide_short_help = true)]
    pub offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, global = true, hide_short_help = true)]
    pub frozen: bool,
}

impl GlobalArguments {
    /// What is said and how it looks: as the flags have it, or else as cargo itself would do.
    pub(crate) fn output(&self, env: &Env) -> OutputArguments {
        let OutputArguments { color, message_format, quiet, verbose } = self.output;
        let is_true = |name| env.variable(name) == Some("true");
        let of_cargo = || match env.variable("CARGO_TERM_COLOR") {
            Some("always") => Some(Color::Always),
            Some("never") => Some(Color::Never),
            _ => None,
        };
        OutputArguments {
            color: color.or_else(of_cargo),
            message_format,
            quiet: quiet || (!verbose && is_true("CARGO_TERM_QUIET")),
            verbose: verbose || (!quiet && is_true("CARGO_TERM_VERBOSE")),
        }
    }
}

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  init
  init --dialect postgres
  init --dialect sqlite --dialect postgres
  init -p service --database-url postgres://me@localhost/service
  init --xtask

In a virtual workspace without -p, a member package that holds the chain is added.
It can be run again at any time: what is there already is left alone.")]
pub struct InitArguments {
    /// A dialect that the chain is written for; may be given several times [default: that of the URL, or
    /// sqlite]
    #[arg(long = "dialect", value_name = "DIALECT", value_parser = dialect())]
    pub dialects: Vec<Dialect>,
    /// The database for development [default: sqlite:dev.db, or one on localhost named as the package]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// The chain's name, needed where the workspace has a chain already
    #[arg(long, value_name = "NAME")]
    pub chain: Option<String>,
    /// Depend on cargo-migrate in a directory instead of the registry
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Offer the commands as `cargo xtask migrate`, too, in a member `xtask` that is there or added
    #[arg(long)]
    pub xtask: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `new`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  new \"create account\"
  new \"fill in names\" --rust
  new \"add email\" --head ae1027a6acf5
  new \"add invoice\" --branch billing --depends-on core@head
  new \"begin billing\" --head base --branch-label billing

A target is an id or a prefix of four or more characters, a branch label, `head`, `base`, one of these
followed by `-N`, and any of them after the name of a branch and `@`.
The path of the new file is printed to stdout.")]
pub struct NewArguments {
    /// What the revision does, in a few words; asked for if it is left out
    pub message: Option<String>,
    /// Write it in Rust: for data, and for all that SQL cannot say
    #[arg(long)]
    pub rust: bool,
    /// The id, instead of a random one
    #[arg(long, value_name = "ID")]
    pub rev_id: Option<String>,
    /// What the revision follows [default: head]
    #[arg(long, value_name = "TARGET", conflicts_with = "branch")]
    pub head: Option<String>,
    /// Follow the head of this branch, as `--head BRANCH@head` does
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// Let a branch begin at a revision that others follow already
    #[arg(long)]
    pub splice: bool,
    /// A name for the line that begins here
    #[arg(long = "branch-label", value_name = "LABEL")]
    pub labels: Vec<String>,
    /// A revision of another branch that must be applied first; a label is kept as it is
    #[arg(long, value_name = "TARGET")]
    pub depends_on: Vec<String>,
}

/// Arguments of `edit`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  edit
  edit ae10
  edit billing@head

Opens the file in the editor that VISUAL or EDITOR names, waits for it, and checks the chain. A target
means what it means for `up`. A database is asked only for `current`, `+N` and `-N`.")]
pub struct EditArguments {
    /// An id or a prefix of one, a branch label, `head`, or any other target
    #[arg(value_name = "TARGET", default_value = "head", allow_negative_numbers = true)]
    pub target: Target,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// The commands of `database`.
#[derive(Clone, Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Create the database, empty
    Create(CreateArguments),
    /// Drop the database with everything in it
    Drop(DropArguments),
    /// Drop the database, create it and apply every revision
    Reset(DropArguments),
}

/// Arguments of `database create`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  database create
  database create --env staging

Success also where it is there already. A file of SQLite is created by `up`, too.")]
pub struct CreateArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// Arguments of `database drop` and `database reset`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  database drop
  database reset --yes                from nothing to the head
  database reset --env dev --force    while an application is connected

It asks first; without a terminal it needs --yes. The databases of an environment that is protected
are never dropped, with or without --yes.")]
pub struct DropArguments {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Drop it although others use it; on a server, end their sessions
    #[arg(long)]
    pub force: bool,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
}

/// Arguments of `merge`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  merge                     all heads
  merge ae10 27c6 -m \"...\"   these two

The new revision has no SQL of its own; sections can be added where the branches need it.

Of a chain for SQLite the branches are tried before, on databases in memory: what they share, then
each of them first (and as `up` mixes them). A warning says where schema or rows differ, or which order
fails: databases out there may have taken either. Rows are compared up to 10,000 a table.")]
pub struct MergeArguments {
    /// The heads to join [default: all]
    #[arg(value_name = "TARGET")]
    pub revisions: Vec<String>,
    /// Let a revision be joined that others follow already
    #[arg(long)]
    pub splice: bool,
    /// Do not try the branches in different orders
    #[arg(long)]
    pub no_compare: bool,
    /// What the revision does, in a few words
    #[arg(short, long)]
    pub message: Option<String>,
    /// The id, instead of a random one
    #[arg(long, value_name = "ID")]
    pub rev_id: Option<String>,
    /// A name for the line that begins here
    #[arg(long = "branch-label", value_name = "LABEL")]
    pub labels: Vec<String>,
}

/// Arguments of `rebase`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  rebase                        of two heads, the one that is not applied
  rebase ae10 --onto 27c6       ae10, and what is only before it, after 27c6
  rebase --env dev --env stage  look at two databases whether it is applied

REVISION moves with all its ancestors that TARGET does not have. Without REVISION it is the only head
that does not come after TARGET, without TARGET the only one that does not come after REVISION, and
without both, of two heads, the one of whose own revisions none is applied.

Only `revises` lines are rewritten. Files keep their names: what follows something runs after it,
whatever the names say. They only order revisions that do not follow one another.

An applied revision keeps its parents: with any revision that would get other ancestors applied in a
database that is looked at, nothing is changed. That is the database of `up`, or those of each --env.")]
pub struct RebaseArguments {
    /// The last revision to move
    #[arg(value_name = "REVISION")]
    pub revision: Option<String>,
    /// The revision to move it after
    #[arg(long, value_name = "TARGET")]
    pub onto: Option<String>,
    /// Show the lines that would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// An environment whose databases to look at; may be given several times
    #[arg(
        long = "env",
        value_name = "NAME",
        help_heading = "Database Options",
        conflicts_with = "database_url"
    )]
    pub environments: Vec<String>,
    /// The database to look at, such as `sqlite:app.db` or `postgres://localhost/app` [env: DATABASE_URL]
    #[arg(long, value_name = "URL", help_heading = "Database Options")]
    pub database_url: Option<String>,
    /// Do not read `.env`
    #[arg(long, help_heading = "Database Options")]
    pub no_dotenv: bool,
    /// Look at no database: nothing that moves is applied anywhere
    #[arg(
        long,
        help_heading = "Database Options",
        conflicts_with_all = ["database_url", "environments"]
    )]
    pub no_database: bool,
}

/// Arguments of `import`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  import migrations-of-sqlx
  import --from diesel ../old/migrations --dry-run

The original files are read and left alone; the SQL is kept byte for byte. Of a project of Alembic, the \
installed Alembic prints the SQL, and runs the project's `env.py` for it. The guide in the crate's \
documentation has a page a tool.")]
pub struct ImportArguments {
    /// The tool that the directory belongs to [default: the one whose layout it has]
    #[arg(long, value_name = "TOOL", value_parser = tool())]
    pub from: Option<Tool>,
    /// The directory with the other tool's migrations
    pub directory: PathBuf,
    /// The dialect of the SQL, where the chain is written for several
    #[arg(long = "dialect", value_name = "DIALECT", value_parser = dialect())]
    pub dialects: Vec<Dialect>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  explain M0013   what the finding means, an example, and what to do
  explain         all codes")]
pub struct ExplainArguments {
    /// The code, such as M0013; all codes are listed without it
    pub code: Option<String>,
}

/// The shells that can be taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// The GNU one.
    Bash,
    /// The one of macOS.
    Zsh,
    /// The friendly one.
    Fish,
    /// The expressive one.
    Elvish,
    /// The one of Windows.
    Powershell,
}

/// Arguments of `completions`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_long_help = "\
To load it whenever a shell starts:
  bash         eval \"$(cargo migrate completions bash)\"          in ~/.bashrc
  zsh          source <(cargo migrate completions zsh)            in ~/.zshrc, after compinit
  fish         cargo migrate completions fish | source            in ~/.config/fish/config.fish
  elvish       eval (cargo migrate completions elvish | slurp)    in rc.elv
  powershell   cargo migrate completions powershell | Out-String | Invoke-Expression    in $PROFILE

It goes before or around what completes `cargo` already: load it after that. Ids, labels,
environments and packages are read from the files each time.")]
pub struct CompletionsArguments {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub shell: Shell,
}

/// Arguments of `complete`.
#[derive(Clone, Debug, Args)]
pub struct CompleteArguments {
    /// What is typed of the word
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    pub current: OsString,
    /// The words before it
    #[arg(last = true)]
    pub words: Vec<OsString>,
}
