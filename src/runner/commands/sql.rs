//! The command that prints a script, and needs no database.

use std::path::Path;

use super::database::failed;
use crate::chain::{Direction, Target, TargetRange, listed};
use crate::dialect::Dialect;
use crate::runner::{Exit, Failure, Scope, SqlArguments, Ui, message};
use crate::runtime::{Migrator, Options, TransactionScope};

/// Prints the script of a range; `of_surroundings` says which dialect is meant where no argument does.
pub(crate) fn sql(
    migrator: &Migrator,
    args: &SqlArguments,
    directory: &Path,
    ui: &Ui,
    of_surroundings: impl FnOnce() -> Result<Option<Dialect>, Failure>,
) -> Result<Exit, Failure> {
    let dialect = dialect(migrator, args, of_surroundings)?;
    let mut options = Options::new();
    let database = named(migrator, args, dialect)?;
    options.database.clone_from(&database);
    if args.transaction == Some(Scope::Revision) {
        options = options.scope(TransactionScope::Revision);
    }
    let many_heads = migrator.header().map_err(failed)?.settings.many_heads;
    let end = if many_heads { Target::HEADS } else { Target::HEAD };
    let range = args.range.clone().unwrap_or(TargetRange { from: None, to: Some(end) });
    let script = migrator.with(options).script(dialect, &range).map_err(failed)?;
    let answer = message::Script {
        direction: script.direction.into(),
        dialect: dialect.to_string(),
        database,
        revisions: script.revisions.iter().map(ToString::to_string).collect(),
        text: args.output.is_none().then(|| script.text.clone()),
    };
    if let Some(file) = &args.output {
        std::fs::write(directory.join(file), &script.text)
            .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", file.display())))?;
        ui.status("Wrote", format_args!("{}", file.display()))?;
        ui.tell(|| message::File::written(file))?;
    }
    ui.say(answer, |answer| answer.text.clone().unwrap_or_default())?;
    let count = match script.revisions.len() {
        1 => String::from("1 revision"),
        count => format!("{count} revisions"),
    };
    match (script.direction, script.revisions.is_empty()) {
        (_, true) => ui.note("nothing lies in this range, so the script does nothing")?,
        (Direction::Up, false) => {}
        (Direction::Down, false) => ui.note(format_args!(
            "the script undoes {count}, since `{}` comes before `{}`",
            range.end(),
            range.start()
        ))?,
    }
    Ok(Exit::Done)
}

/// Which dialect is meant.
fn dialect(
    migrator: &Migrator,
    args: &SqlArguments,
    of_surroundings: impl FnOnce() -> Result<Option<Dialect>, Failure>,
) -> Result<Dialect, Failure> {
    let mut declared: Vec<Dialect> = Vec::new();
    for tips in &migrator.header().map_err(failed)?.tips {
        if !declared.contains(&tips.variant.dialect) {
            declared.push(tips.variant.dialect);
        }
    }
    let found = match (args.dialect, &declared[..]) {
        (Some(dialect), _) => Some(dialect),
        (None, [only]) if args.environment.is_none() => Some(*only),
        _ => of_surroundings()?,
    };
    let usage = |text: String| Failure::new(text).exit(Exit::Usage);
    match found {
        Some(dialect) if declared.contains(&dialect) => Ok(dialect),
        Some(dialect) => Err(usage(format!(
            "the chain is not written for {dialect}, but for {}",
            listed(&declared)
        ))),
        None => Err(usage(format!(
            "the chain is written for {}: which one is meant?",
            listed(&declared)
        ))
        .help("say it with `--dialect`")),
    }
}

/// Which of the named databases is meant.
fn named(
    migrator: &Migrator,
    args: &SqlArguments,
    dialect: Dialect,
) -> Result<Option<String>, Failure> {
    let header = migrator.header().map_err(failed)?;
    let of_dialect = header.tips.iter().filter(|tips| tips.variant.dialect == dialect);
    let names: Vec<&str> = of_dialect.filter_map(|tips| tips.variant.database.as_deref()).collect();
    let what = match &args.name {
        None if names.is_empty() => return Ok(None),
        Some(name) if names.contains(&name.as_str()) => return Ok(Some(name.clone())),
        None => String::from("the chain is for several databases: which one is meant?"),
        Some(name) if names.is_empty() => {
            return Err(Failure::new(format!("the chain has no named databases, so no `{name}`"))
                .exit(Exit::Usage)
                .help("leave `--database` out"));
        }
        Some(name) => format!("the chain has no database called `{name}`"),
    };
    Err(Failure::new(what)
        .exit(Exit::Usage)
        .help(format!("say it with `--database`: {}", listed(&names))))
}
