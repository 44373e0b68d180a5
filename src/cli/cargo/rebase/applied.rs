//! What is applied where: a rebase must not touch what a database has recorded.

use std::collections::HashSet;

use crate::chain::RevisionId;
use crate::cli::cargo::arguments::RebaseArguments;
use crate::cli::cargo::context::{Context, FileChain};
use crate::cli::cargo::database;
use crate::runner::commands::{block_on, failed};
use crate::runner::place::Place;
use crate::runner::{DatabaseArguments, Exit, Failure};
use crate::runtime::{ErrorKind, Migrator, Options, RevisionState};

/// The databases that were looked at.
pub(super) struct Databases(Vec<Looked>);

struct Looked {
    /// As messages name it.
    name: String,
    applied: HashSet<RevisionId>,
}

impl Databases {
    /// Looks at every database that the arguments mean.
    ///
    /// One that cannot be read ends the command: what nobody knows must not be taken for unapplied. One
    /// that does not exist has nothing applied.
    pub(super) fn look(
        context: &mut Context<'_>,
        files: &FileChain,
        args: &RebaseArguments,
    ) -> Result<Self, Failure> {
        if args.no_database {
            return Ok(Self(Vec::new()));
        }
        let FileChain { root, configuration, chain, settings, .. } = files;
        let migrator = Migrator::new(chain.clone(), settings.clone());
        let environments: Vec<Option<&String>> = match &args.environments[..] {
            [] => vec![None],
            environments => environments.iter().map(Some).collect(),
        };
        let mut names: Vec<Option<&String>> = match &configuration.databases[..] {
            [] => vec![None],
            names => names.iter().map(Some).collect(),
        };
        if args.database_url.is_some() {
            // One database, whichever of them it is: what is applied there is asked of no section.
            names.truncate(1);
        }
        let mut looked = Vec::new();
        for environment in environments {
            for &name in &names {
                let args = DatabaseArguments {
                    database_url: args.database_url.clone(),
                    name: name.cloned(),
                    environment: environment.cloned(),
                    no_dotenv: args.no_dotenv,
                    lock_timeout: None,
                };
                let place = database::place(context, root, configuration, &args)
                    .map_err(|failure| failure.help(UNKNOWN))?;
                let Some(place) = place else {
                    none(context, files)?;
                    return Ok(Self(looked));
                };
                looked.push(look(context, &migrator, &place, name)?);
            }
        }
        Ok(Self(looked))
    }

    /// Whether none was looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of these revisions that a database has, and that database.
    pub(super) fn first_applied<'a>(
        &self,
        ids: &'a [RevisionId],
    ) -> Option<(&'a RevisionId, &str)> {
        self.0.iter().find_map(|looked| {
            let id = ids.iter().find(|id| looked.applied.contains(*id))?;
            Some((id, looked.name.as_str()))
        })
    }
}

const UNKNOWN: &str = "if nothing that moves is applied anywhere: `--no-database`";

/// No database is named anywhere. Where there are environments, one of them may well have it applied.
fn none(context: &Context<'_>, files: &FileChain) -> Result<(), Failure> {
    let Some(first) = files.configuration.environments.first() else {
        return context
            .ui
            .note("no database is configured, so none was looked at for applied revisions");
    };
    Err(Failure::new("nothing says in which database to look for applied revisions")
        .exit(Exit::Usage)
        .help(format!("name an environment, as in `--env {}`", first.name.value))
        .help(UNKNOWN))
}

fn look(
    context: &Context<'_>,
    migrator: &Migrator,
    place: &Place,
    name: Option<&String>,
) -> Result<Looked, Failure> {
    let mut options = Options::new();
    let mut shown = format!("`{}` (from {})", place.shown, place.origin);
    if let Some(name) = name {
        options = options.database(name);
        shown = format!("database `{name}`, {shown}");
    }
    let configured = migrator.with(options);
    let status = block_on(async {
        match configured.status(place.url.as_str()).await {
            Err(error) if error.kind() == ErrorKind::Missing => Ok(None),
            Err(error) => Err(failed(error).help(UNKNOWN)),
            Ok(status) => Ok(Some(status)),
        }
    })?;
    let Some(status) = status else {
        context.ui.note(format_args!("{shown} does not exist yet, so nothing is applied there"))?;
        return Ok(Looked { name: shown, applied: HashSet::new() });
    };
    // What is undone or applied in part has been started with these ancestors, too.
    let applied = status
        .revisions
        .into_iter()
        .filter(|revision| revision.state != RevisionState::Pending)
        .map(|revision| revision.revision);
    Ok(Looked { name: shown, applied: applied.collect() })
}
