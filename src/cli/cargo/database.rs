//! The commands that work on a database, over the chain that the files have.

mod whole;

use std::path::Path;

use super::arguments::Compiling;
use super::compiled;
use super::context::{Context, FileChain};
use crate::chain::Chain;
use crate::config::{self, Configuration, Request, ResolveError, UrlSource, Variable};
use crate::runner::commands::Running;
use crate::runner::place::Place;
use crate::runner::{self, commands};
use crate::runner::{
    DatabaseArguments, DownArguments, Env, Exit, Failure, PlanArguments, RedoArguments,
    RepairArguments, SqlArguments, StampArguments, StatusArguments, UpArguments,
};
use crate::runtime::{Migrator, Status};
use crate::url;

pub(super) use whole::run as whole;

/// More warnings than this are summed up.
const MOST_WARNINGS: usize = 5;

/// A chain and the database to work on.
struct Prepared {
    migrator: Migrator,
    place: Place,
    warnings: Vec<String>,
}

/// `cargo migrate up`.
pub(super) fn up(
    context: &mut Context<'_>,
    command: &Compiling<UpArguments>,
) -> Result<Exit, Failure> {
    let Compiling { args, build } = command;
    let chain = context.chain()?;
    let Prepared { migrator, place, warnings } = prepare(context, chain, &args.database)?;
    // An empty section is mostly a revision that nobody has written yet.
    for warning in warnings.iter().take(MOST_WARNINGS) {
        context.ui.warn(warning)?;
    }
    if let Some(more) = warnings.len().checked_sub(MOST_WARNINGS + 1) {
        let more = more + 1;
        context.ui.warn(format_args!("{more} more warnings; `cargo migrate check` shows all"))?;
    }
    let running = Running::Up(args);
    if !args.dry_run && commands::needs_code(&migrator, &place, running, context.ui) {
        return compiled::run(context, build, &place, running);
    }
    commands::up(&migrator, &place, args, context.ui)
}

/// `cargo migrate down`.
pub(super) fn down(
    context: &mut Context<'_>,
    command: &Compiling<DownArguments>,
) -> Result<Exit, Failure> {
    let Compiling { args, build } = command;
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, place, .. } = prepare(context, chain, &args.database)?;
    let running = Running::Down(args);
    if !args.dry_run && commands::needs_code(&migrator, &place, running, context.ui) {
        commands::announce(&place, context.ui)?;
        commands::confirm(&place, "down", args.yes, context.ui)?;
        return compiled::run(context, build, &place, running);
    }
    commands::down(&migrator, &place, args, context.ui)
}

/// `cargo migrate redo`.
pub(super) fn redo(
    context: &mut Context<'_>,
    command: &Compiling<RedoArguments>,
) -> Result<Exit, Failure> {
    let Compiling { args, build } = command;
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, place, .. } = prepare(context, chain, &args.database)?;
    let running = Running::Redo(args);
    if !args.dry_run && commands::needs_code(&migrator, &place, running, context.ui) {
        commands::announce(&place, context.ui)?;
        commands::confirm(&place, "redo", args.yes, context.ui)?;
        return compiled::run(context, build, &place, running);
    }
    commands::redo(&migrator, &place, args, context.ui)
}

/// `cargo migrate plan`.
pub(super) fn plan(context: &mut Context<'_>, args: &PlanArguments) -> Result<Exit, Failure> {
    let chain = if args.down { context.chain_with_any_heads()? } else { context.chain()? };
    let Prepared { migrator, place, .. } = prepare(context, chain, &args.database)?;
    commands::plan(&migrator, &place, args, context.ui)
}

/// `cargo migrate sql`.
pub(super) fn sql(context: &mut Context<'_>, args: &SqlArguments) -> Result<Exit, Failure> {
    let FileChain { root, configuration, chain, settings, .. } = context.chain_with_any_heads()?;
    let (directory, ui) = (context.env.directory().to_owned(), context.ui);
    commands::sql(&Migrator::new(chain, settings), args, &directory, ui, || {
        let place = place(context, &root, &configuration, &args.database())?;
        Ok(place.and_then(|place| url::dialect(&place.url)))
    })
}

/// `cargo migrate stamp`.
pub(super) fn stamp(context: &mut Context<'_>, args: &StampArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, place, .. } = prepare(context, chain, &args.database)?;
    commands::stamp(&migrator, &place, args, context.ui)
}

/// `cargo migrate repair`.
pub(super) fn repair(context: &mut Context<'_>, args: &RepairArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, place, .. } = prepare(context, chain, &args.database)?;
    commands::repair(&migrator, &place, args, context.ui)
}

/// `cargo migrate status`.
pub(super) fn status(context: &mut Context<'_>, args: &StatusArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, place, .. } = prepare(context, chain, &args.database)?;
    commands::status(&migrator, &place, args, context.ui)
}

/// Runs a command over the chain, and over where a database stands if it is about one.
pub(super) fn with_standing(
    context: &mut Context<'_>,
    is_needed: bool,
    args: &DatabaseArguments,
    command: impl FnOnce(&Chain, Option<&Status>) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    if !is_needed {
        return command(&chain.chain, None);
    }
    let Prepared { migrator, place, .. } = prepare(context, chain, args)?;
    let status = commands::standing(&migrator, &place, args, context.ui)?;
    let chain = migrator.chain().map_err(|error| Failure::new(error.to_string()))?;
    command(chain, Some(&status))
}

fn prepare(
    context: &mut Context<'_>,
    chain: FileChain,
    args: &DatabaseArguments,
) -> Result<Prepared, Failure> {
    let FileChain { root, configuration, chain, settings, warnings } = chain;
    let place = place(context, &root, &configuration, args)?.ok_or_else(no_url)?;
    Ok(Prepared { migrator: Migrator::new(chain, settings), place, warnings })
}

/// What a command of its own works with.
pub(super) fn migrator_and_place(
    context: &mut Context<'_>,
    chain: FileChain,
    args: &DatabaseArguments,
) -> Result<(Migrator, Place), Failure> {
    let Prepared { migrator, place, .. } = prepare(context, chain, args)?;
    Ok((migrator, place))
}

/// Variables as configurations use them.
pub(super) fn lookup(env: &Env) -> impl Fn(&str) -> Option<Variable> {
    |name: &str| {
        let (value, from_dotenv) = env.variable_or_dotenv(name)?;
        Some(Variable { value: value.to_owned(), from_dotenv })
    }
}

fn no_url() -> Failure {
    Failure::new(ResolveError::NoUrl.to_string()).exit(Exit::Usage)
}

/// The database to work on; none if neither arguments nor surroundings name one.
pub(super) fn place(
    context: &mut Context<'_>,
    root: &Path,
    configuration: &Configuration,
    args: &DatabaseArguments,
) -> Result<Option<Place>, Failure> {
    if !args.no_dotenv {
        context.env.read_dotenv(root).map_err(Failure::new)?;
    }
    let env = &context.env;
    let lookup = lookup(env);
    let request = Request {
        flag: args.database_url.as_deref(),
        environment: args.environment.as_deref(),
        database: args.name.as_deref(),
        base: root,
        lookup: &lookup,
    };
    let resolved = match config::resolve(configuration, &request) {
        Err(ResolveError::NoUrl) => return Ok(None),
        resolved => resolved.map_err(|error| Failure::new(error.to_string()).exit(Exit::Usage))?,
    };
    if context.ui.is_verbose() {
        for doubt in &resolved.doubts {
            context.ui.note(doubt)?;
        }
    }
    // What the manifest says is relative to the manifest, wherever the command is run.
    let url = match &resolved.source {
        UrlSource::Environment(_) | UrlSource::DefaultEnvironment => resolved.url.relative_to(root),
        _ => resolved.url.clone(),
    };
    Ok(Some(Place {
        url: url.expose().to_owned(),
        shown: resolved.url.redacted(),
        origin: resolved.source.to_string(),
        protected: match resolved.environment.filter(|_| resolved.is_protected()) {
            Some(environment) => Some(format!("environment `{}`", environment.name.value)),
            None => runner::place::protected(env)?,
        },
        limits: runner::place::limits(env)?.or(resolved.limits),
    }))
}
