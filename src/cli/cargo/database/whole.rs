//! `cargo migrate database`: creating and dropping databases as a whole.

use std::io::IsTerminal as _;

use super::{Prepared, no_url, prepare};
use crate::cli::cargo::arguments::{CreateArguments, DatabaseCommand, DropArguments};
use crate::cli::cargo::context::Context;
use crate::runner::commands::{self, block_on, failed};
use crate::runner::place::Place;
use crate::runner::{
    DatabaseArguments, Exit, Failure, StatementArguments, Ui, UpArguments, message,
};
use crate::runtime::Site;

/// `cargo migrate database`.
pub(in crate::cli::cargo) fn run(
    context: &mut Context<'_>,
    command: &DatabaseCommand,
) -> Result<Exit, Failure> {
    match command {
        DatabaseCommand::Create(args) => create(context, args),
        DatabaseCommand::Drop(args) => {
            let place = place(context, &args.database)?;
            let site = Site::of(&place.url).map_err(failed)?;
            if !drop_asking(&site, &place, args, "drop", context.ui)? {
                context.ui.status("Finished", "nothing to do: the database does not exist")?;
            }
            Ok(Exit::Done)
        }
        DatabaseCommand::Reset(args) => reset(context, args),
    }
}

fn create(context: &mut Context<'_>, args: &CreateArguments) -> Result<Exit, Failure> {
    let place = place(context, &args.database)?;
    let site = Site::of(&place.url).map_err(failed)?;
    commands::announce(std::slice::from_ref(&place), context.ui)?;
    if !create_new(&site, context.ui)? {
        context.ui.status("Finished", "nothing to do: the database exists")?;
    }
    Ok(Exit::Done)
}

/// Creates a database; `false` if it is there.
fn create_new(site: &Site, ui: &Ui) -> Result<bool, Failure> {
    let is_new = block_on(async { site.create().await.map_err(failed) })?;
    if is_new {
        ui.status("Created", site.name())?;
    }
    ui.tell(|| message::DatabaseCreated { database: site.name(), changed: is_new })?;
    Ok(is_new)
}

fn reset(context: &mut Context<'_>, args: &DropArguments) -> Result<Exit, Failure> {
    // Before anything is dropped: without a chain that works nothing would come back.
    let chain = context.chain()?;
    let Prepared { migrator, at: place, .. } = prepare(context, chain, &args.database)?;
    let site = Site::of(&place.url).map_err(failed)?;
    drop_asking(&site, &place, args, "reset", context.ui)?;
    create_new(&site, context.ui)?;
    let up = UpArguments {
        target: None,
        dry_run: false,
        transaction: None,
        statements: StatementArguments::default(),
        database: args.database.clone(),
    };
    commands::up(&migrator, std::slice::from_ref(&place), &up, context.ui)
}

/// The database that is meant, whether the chain is in order or not.
fn place(context: &mut Context<'_>, args: &DatabaseArguments) -> Result<Place, Failure> {
    let package = context.package()?;
    if package.are_surroundings_broken() {
        let (errors, _) = context.report(&package)?;
        return Err(crate::cli::cargo::context::broken(&package, errors));
    }
    let configuration = package.configuration().clone();
    let root = package.root().to_owned();
    super::place(context, &root, &configuration, args)?.ok_or_else(no_url)
}

/// Drops a database, if it may be dropped and somebody says so; `false` if there is none.
fn drop_asking(
    site: &Site,
    place: &Place,
    args: &DropArguments,
    command: &str,
    ui: &Ui,
) -> Result<bool, Failure> {
    if let Some(protection) = &place.protected {
        return Err(Failure::new(format!(
            "{protection} protects this database: it is not dropped, whatever is asked for"
        ))
        .help("use the server's own tools, if you must")
        .help("or take the protection away where it is asked for, and run the command again"));
    }
    commands::announce(std::slice::from_ref(place), ui)?;
    let dropped = |changed| message::DatabaseDropped { database: site.name(), changed };
    if !block_on(async { site.exists().await.map_err(failed) })? {
        ui.tell(|| dropped(false))?;
        return Ok(false);
    }
    confirm(site, args.yes, command, ui)?;
    let is_dropped = block_on(async { site.drop(args.force).await.map_err(failed) })?;
    if is_dropped {
        ui.status("Dropped", site.name())?;
    }
    ui.tell(|| dropped(is_dropped))?;
    Ok(is_dropped)
}

/// Asks, always: nothing brings the rows back.
fn confirm(site: &Site, yes: bool, command: &str, ui: &Ui) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let name = site.name();
    let refusal = |message: String| {
        Failure::new(message)
            .help(format!("to go on without a question: `cargo migrate database {command} --yes`"))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refusal(format!(
            "`{name}` would be dropped with everything in it, and there is no terminal to ask; \
             nothing was changed"
        )));
    }
    let question = format!("Drop `{name}` with everything in it? [y/N]");
    if matches!(ui.ask(question)?.as_str(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(refusal(String::from("not confirmed; nothing was changed")))
}
