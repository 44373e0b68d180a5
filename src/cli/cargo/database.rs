//! The commands that work on a database, over the chain that the files have.

mod whole;

use std::path::Path;

use super::arguments::Compiling;
use super::compiled;
use super::context::{Context, FileChain};
use crate::chain::Chain;
use crate::config::{self, Configuration, Request, ResolveError, Resolved, UrlSource, Variable};
use crate::runner::commands::Running;
use crate::runner::place::Place;
use crate::runner::{self, commands};
use crate::runner::{
    AdoptArguments, DatabaseArguments, DownArguments, Env, Exit, Failure, PlanArguments,
    RedoArguments, RepairArguments, SqlArguments, StampArguments, StatusArguments, UpArguments,
};
use crate::runtime::{Migrator, Status};
use crate::url;

pub(super) use whole::run as whole;

/// More warnings than this are summed up.
const MOST_WARNINGS: usize = 5;

/// A chain, and the database to work on, or all of them.
struct Prepared<P> {
    migrator: Migrator,
    at: P,
    warnings: Vec<String>,
}

/// `cargo migrate up`.
pub(super) fn up(
    context: &mut Context<'_>,
    command: &Compiling<UpArguments>,
) -> Result<Exit, Failure> {
    let Compiling { args, build } = command;
    let chain = context.chain()?;
    let Prepared { migrator, at: places, warnings } = prepare_all(context, chain, &args.database)?;
    // An empty section is mostly a revision that nobody has written yet.
    for warning in warnings.iter().take(MOST_WARNINGS) {
        context.ui.warn(warning)?;
    }
    if let Some(more) = warnings.len().checked_sub(MOST_WARNINGS + 1) {
        let more = more + 1;
        let program = context.ui.program();
        context.ui.warn(format_args!("{more} more warnings; `{program} check` shows all"))?;
    }
    let running = Running::Up(args);
    if !args.dry_run && commands::needs_code(&migrator, &places, running, context.ui) {
        return compiled::run(context, build, &places, running);
    }
    commands::up(&migrator, &places, args, context.ui)
}

/// `cargo migrate down`.
pub(super) fn down(
    context: &mut Context<'_>,
    command: &Compiling<DownArguments>,
) -> Result<Exit, Failure> {
    let Compiling { args, build } = command;
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, &args.database)?;
    let running = Running::Down(args);
    if !args.dry_run && commands::needs_code(&migrator, &places, running, context.ui) {
        commands::announce(&places, context.ui)?;
        commands::confirm(&places, "down", args.yes, context.ui)?;
        return compiled::run(context, build, &places, running);
    }
    commands::down(&migrator, &places, args, context.ui)
}

/// `cargo migrate redo`.
pub(super) fn redo(
    context: &mut Context<'_>,
    command: &Compiling<RedoArguments>,
) -> Result<Exit, Failure> {
    let Compiling { args, build } = command;
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, &args.database)?;
    let running = Running::Redo(args);
    if !args.dry_run && commands::needs_code(&migrator, &places, running, context.ui) {
        commands::announce(&places, context.ui)?;
        commands::confirm(&places, "redo", args.yes, context.ui)?;
        return compiled::run(context, build, &places, running);
    }
    commands::redo(&migrator, &places, args, context.ui)
}

/// `cargo migrate plan`.
pub(super) fn plan(context: &mut Context<'_>, args: &PlanArguments) -> Result<Exit, Failure> {
    let chain = if args.down { context.chain_with_any_heads()? } else { context.chain()? };
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, &args.database)?;
    commands::plan(&migrator, &places, args, context.ui)
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
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, &args.database)?;
    commands::stamp(&migrator, &places, args, context.ui)
}

/// `cargo migrate adopt`.
pub(super) fn adopt(context: &mut Context<'_>, args: &AdoptArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, at: place, .. } = prepare(context, chain, &args.database)?;
    commands::adopt(&migrator, &place, args, context.ui)
}

/// `cargo migrate repair`.
pub(super) fn repair(context: &mut Context<'_>, args: &RepairArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, &args.database)?;
    commands::repair(&migrator, &places, args, context.ui)
}

/// `cargo migrate status`.
pub(super) fn status(context: &mut Context<'_>, args: &StatusArguments) -> Result<Exit, Failure> {
    let chain = context.chain_with_any_heads()?;
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, &args.database)?;
    commands::status(&migrator, &places, args, context.ui)
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
    let Prepared { migrator, at: place, .. } = prepare(context, chain, args)?;
    let status = commands::standing(&migrator, &place, args, context.ui)?;
    let chain = migrator.chain().map_err(|error| Failure::new(error.to_string()))?;
    command(chain, Some(&status))
}

/// For a command that is about one database.
fn prepare(
    context: &mut Context<'_>,
    chain: FileChain,
    args: &DatabaseArguments,
) -> Result<Prepared<Place>, Failure> {
    let FileChain { root, configuration, chain, settings, warnings } = chain;
    let place = place(context, &root, &configuration, args)?.ok_or_else(no_url)?;
    Ok(Prepared { migrator: Migrator::new(chain, settings), at: place, warnings })
}

/// For a command that is about all named databases, unless one is chosen.
fn prepare_all(
    context: &mut Context<'_>,
    chain: FileChain,
    args: &DatabaseArguments,
) -> Result<Prepared<Vec<Place>>, Failure> {
    let FileChain { root, configuration, chain, settings, warnings } = chain;
    let places = places(context, &root, &configuration, args, config::resolve_all)?;
    let places = places.ok_or_else(no_url)?;
    Ok(Prepared { migrator: Migrator::new(chain, settings), at: places, warnings })
}

/// What a command of its own works with.
pub(super) fn migrator_and_places(
    context: &mut Context<'_>,
    chain: FileChain,
    args: &DatabaseArguments,
) -> Result<(Migrator, Vec<Place>), Failure> {
    let Prepared { migrator, at: places, .. } = prepare_all(context, chain, args)?;
    Ok((migrator, places))
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
    fn only<'c>(
        configuration: &'c Configuration,
        request: &Request<'_>,
    ) -> Result<Vec<Resolved<'c>>, ResolveError> {
        config::resolve(configuration, request).map(|resolved| vec![resolved])
    }
    Ok(places(context, root, configuration, args, only)?.and_then(|mut places| places.pop()))
}

/// The databases that the configuration, with what is asked for, leads to.
fn places(
    context: &mut Context<'_>,
    root: &Path,
    configuration: &Configuration,
    args: &DatabaseArguments,
    resolve: Resolve,
) -> Result<Option<Vec<Place>>, Failure> {
    let found = match resolved(context, root, configuration, args, resolve)? {
        Err(ResolveError::NoUrl) => return Ok(None),
        found => found.map_err(refused)?,
    };
    Ok(Some(found.into_iter().map(|(place, _)| place).collect()))
}

/// The databases that commands would work on, and the environments whose settings hold there; inside is why
/// there are none.
pub(super) fn places_of(
    context: &mut Context<'_>,
    root: &Path,
    configuration: &Configuration,
    args: &DatabaseArguments,
) -> Result<Result<Vec<Found>, Failure>, Failure> {
    let found = resolved(context, root, configuration, args, config::resolve_all)?;
    Ok(found.map_err(refused))
}

fn refused(error: ResolveError) -> Failure {
    Failure::new(error.to_string()).exit(Exit::Usage)
}

/// A database, and the environment whose settings hold there.
type Found = (Place, Option<String>);

type Resolve =
    for<'c> fn(&'c Configuration, &Request<'_>) -> Result<Vec<Resolved<'c>>, ResolveError>;

fn resolved(
    context: &mut Context<'_>,
    root: &Path,
    configuration: &Configuration,
    args: &DatabaseArguments,
    resolve: Resolve,
) -> Result<Result<Vec<Found>, ResolveError>, Failure> {
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
    let found = match resolve(configuration, &request) {
        Err(error) => return Ok(Err(error)),
        Ok(found) => found,
    };
    let places = found.into_iter().map(|resolved| {
        if context.ui.is_verbose() {
            for doubt in &resolved.doubts {
                context.ui.note(doubt)?;
            }
        }
        // What the manifest says is relative to the manifest, wherever the command is run.
        let url = match &resolved.source {
            UrlSource::Environment(_) | UrlSource::DefaultEnvironment => {
                resolved.url.relative_to(root)
            }
            _ => resolved.url.clone(),
        };
        let environment = resolved.environment.map(|it| it.name.value.clone());
        let place = Place {
            name: resolved.database.clone(),
            url: url.expose().to_owned(),
            shown: resolved.url.redacted(),
            origin: resolved.source.to_string(),
            protected: match environment.as_ref().filter(|_| resolved.is_protected()) {
                Some(name) => Some(format!("environment `{name}`")),
                None => runner::place::protected(env)?,
            },
            limits: runner::place::limits(env)?.or(resolved.limits),
            stopping: env.stopping.clone(),
        };
        Ok((place, environment))
    });
    places.collect::<Result<_, Failure>>().map(Ok)
}
