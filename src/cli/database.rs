//! The commands that work on a database, over the chain that the files have.

use super::context::{Context, FileChain};
use crate::config::{self, Request, UrlSource, Variable};
use crate::runner::commands;
use crate::runner::place::Place;
use crate::runner::{
    DatabaseArguments, DownArguments, Exit, Failure, StatusArguments, UpArguments,
};
use crate::runtime::Migrator;

/// `cargo migrate up`.
pub(super) fn up(context: &mut Context<'_>, args: &UpArguments) -> Result<Exit, Failure> {
    let (migrator, place) = prepare(context, &args.database)?;
    commands::up(&migrator, &place, args, context.ui)
}

/// `cargo migrate down`.
pub(super) fn down(context: &mut Context<'_>, args: &DownArguments) -> Result<Exit, Failure> {
    let (migrator, place) = prepare(context, &args.database)?;
    commands::down(&migrator, &place, args, context.ui)
}

/// `cargo migrate status`.
pub(super) fn status(context: &mut Context<'_>, args: &StatusArguments) -> Result<Exit, Failure> {
    let (migrator, place) = prepare(context, &args.database)?;
    commands::status(&migrator, &place, args, context.ui)
}

fn prepare(
    context: &mut Context<'_>,
    args: &DatabaseArguments,
) -> Result<(Migrator, Place), Failure> {
    let FileChain { root, configuration, chain, settings } = context.chain()?;
    if !args.no_dotenv {
        context.env.read_dotenv(&root).map_err(Failure::new)?;
    }
    let env = &context.env;
    let lookup = |name: &str| {
        let (value, from_dotenv) = env.variable_or_dotenv(name)?;
        Some(Variable { value: value.to_owned(), from_dotenv })
    };
    let request = Request {
        flag: args.database_url.as_deref(),
        environment: args.environment.as_deref(),
        database: None,
        base: &root,
        lookup: &lookup,
    };
    let resolved = config::resolve(&configuration, &request)
        .map_err(|error| Failure::new(error.to_string()).exit(Exit::Usage))?;
    // What the manifest says is relative to the manifest, wherever the command is run.
    let url = match &resolved.source {
        UrlSource::Environment(_) | UrlSource::DefaultEnvironment => {
            resolved.url.relative_to(&root)
        }
        _ => resolved.url.clone(),
    };
    let place = Place {
        url: url.expose().to_owned(),
        origin: resolved.source.to_string(),
        protected: resolved
            .environment
            .filter(|_| resolved.is_protected())
            .map(|environment| environment.name.value.clone()),
    };
    Ok((Migrator::new(chain, settings), place))
}
