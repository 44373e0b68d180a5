//! Which database a command works on, who said so, and what holds there.

use std::collections::BTreeSet;

use super::signals::Stopping;
use super::{DatabaseArguments, Env, Exit, Failure};
use crate::Dialect;
use crate::chain::listed;
use crate::limits::Limits;
use crate::runtime::Migrator;
use crate::url::{self, VARIABLE, variable_of};

/// A database, found.
pub(crate) struct Place {
    /// Which of the chain's named databases it is, where it has any.
    pub(crate) name: Option<String>,
    /// The URL with its secrets: for the driver, never for people.
    pub(crate) url: String,
    /// The URL without its secrets.
    pub(crate) shown: String,
    /// Where the URL came from, to be shown.
    pub(crate) origin: String,
    /// What asks for care, as messages name it, if something does.
    pub(crate) protected: Option<String>,
    /// How long runs wait there, where no flag says otherwise.
    pub(crate) limits: Limits,
    /// Who may stop a run.
    pub(crate) stopping: Stopping,
}

/// Where `cargo migrate` tells the runner that it has built which database is meant.
pub(crate) const URL_VARIABLE: &str = "CARGO_MIGRATE_DATABASE_URL";
/// And who has said so.
pub(crate) const ORIGIN_VARIABLE: &str = "CARGO_MIGRATE_DATABASE_ORIGIN";

impl Place {
    /// For a shipped binary, which has no configuration: `--database-url`, then `DATABASE_URL`.
    pub(crate) fn of_runner(args: &DatabaseArguments, env: &mut Env) -> Result<Self, Failure> {
        prepare(args, env)?;
        let name = args.name.as_deref();
        let flag =
            args.database_url.as_deref().map(|url| (url.to_owned(), "`--database-url`".to_owned()));
        let own =
            || name.and_then(|name| told(env, Some(name)).or_else(|| set(env, &variable_of(name))));
        let any = || told(env, None).or_else(|| set(env, VARIABLE));
        match flag.or_else(own).or_else(any) {
            Some(found) => Self::at(found, name, env),
            None => {
                Err(Failure::new("nothing says which database is meant").exit(Exit::Usage).help(
                    "give it with `--database-url`, or set DATABASE_URL: `sqlite:app.db`, \
                 `postgres://USER:PASSWORD@HOST/DATABASE`",
                ))
            }
        }
    }

    /// The same for commands that can be about several named databases: all of them unless one is chosen,
    /// each from a variable of its own, such as `DATABASE_URL_CATALOG`.
    pub(crate) fn all_of_runner(
        migrator: &Migrator,
        args: &DatabaseArguments,
        env: &mut Env,
    ) -> Result<Vec<Self>, Failure> {
        let names = names(migrator)?;
        if args.name.is_some() || names.is_empty() {
            return Self::of_runner(args, env).map(|place| vec![place]);
        }
        prepare(args, env)?;
        let listed = listed(&names);
        let variables: Vec<String> = names.iter().map(|name| variable_of(name)).collect();
        let usage = |what: String| Failure::new(what).exit(Exit::Usage);
        if args.database_url.is_some() {
            return Err(usage(format!(
                "`--database-url` is the URL of one database, and the chain has several: {listed}"
            ))
            .help("say with `--database` which one it is")
            .help(format!("or set the variables {}, for all of them", variables.join(", "))));
        }
        let mut places = Vec::new();
        for (name, variable) in names.iter().zip(&variables) {
            let found = told(env, Some(name)).or_else(|| set(env, variable));
            let found = found.ok_or_else(|| {
                usage(format!("nothing says where database `{name}` is, one of {listed}"))
                    .help(format!("set the variables {}", variables.join(", ")))
                    .help("or choose one database with `--database`")
            })?;
            places.push(Self::at(found, Some(name), env)?);
        }
        Ok(places)
    }

    fn at((url, origin): (String, String), name: Option<&str>, env: &Env) -> Result<Self, Failure> {
        Ok(Self {
            name: name.map(str::to_owned),
            shown: url::redact(&url),
            url,
            origin,
            protected: protected(env)?,
            limits: limits(env)?,
            stopping: env.stopping.clone(),
        })
    }
}

/// The named databases of a chain, in the order of their names.
fn names(migrator: &Migrator) -> Result<Vec<String>, Failure> {
    let header = migrator.header().map_err(|error| Failure::new(error.to_string()))?;
    let names: BTreeSet<&String> =
        header.tips.iter().filter_map(|tips| tips.variant.database.as_ref()).collect();
    Ok(names.into_iter().cloned().collect())
}

/// What a variable says, and how it is called.
fn set(env: &Env, variable: &str) -> Option<(String, String)> {
    let (url, from_dotenv) = env.variable_or_dotenv(variable)?;
    let origin = if from_dotenv { format!("{variable} in `.env`") } else { variable.to_owned() };
    Some((url.to_owned(), origin))
}

/// What `cargo migrate` has said.
fn told(env: &Env, name: Option<&str>) -> Option<(String, String)> {
    let url = env.variable(&variable_for_runner(URL_VARIABLE, name))?;
    let origin = env.variable(&variable_for_runner(ORIGIN_VARIABLE, name));
    Some((url.to_owned(), origin.unwrap_or("`cargo migrate`").to_owned()))
}

/// The variable in which `cargo migrate` tells something about one of several databases.
pub(crate) fn variable_for_runner(variable: &str, name: Option<&str>) -> String {
    match name {
        None => variable.to_owned(),
        Some(name) => variable_of(name).replacen(VARIABLE, variable, 1),
    }
}

/// The dialect of DATABASE_URL, where it is set and of one.
pub(crate) fn dialect(args: &DatabaseArguments, env: &mut Env) -> Result<Option<Dialect>, Failure> {
    prepare(args, env)?;
    Ok(env.variable_or_dotenv(VARIABLE).and_then(|(url, _)| url::dialect(url)))
}

fn prepare(args: &DatabaseArguments, env: &mut Env) -> Result<(), Failure> {
    if let Some(name) = &args.environment {
        return Err(Failure::new(format!(
            "this binary carries no environments, so there is no `{name}`"
        ))
        .exit(Exit::Usage)
        .help("give the database with `--database-url` or DATABASE_URL"));
    }
    if !args.no_dotenv {
        let directory = env.directory().to_owned();
        env.read_dotenv(&directory).map_err(Failure::new)?;
    }
    Ok(())
}

/// What the variables `MIGRATE_LOCK_TIMEOUT` and so on say.
pub(crate) fn limits(env: &Env) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    for name in Limits::NAMES {
        let variable = Limits::variable(name);
        if let Some((text, from_dotenv)) = env.variable_or_dotenv(&variable) {
            limits.set(name, text).map_err(|why| wrong(&variable, from_dotenv, why))?;
        }
    }
    Ok(limits)
}

const PROTECTED: &str = "MIGRATE_PROTECTED";

/// The variable that asks for care, if it does.
pub(crate) fn protected(env: &Env) -> Result<Option<String>, Failure> {
    match env.variable_or_dotenv(PROTECTED) {
        None | Some(("false" | "0", _)) => Ok(None),
        Some(("true" | "1", _)) => Ok(Some(format!("`{PROTECTED}`"))),
        Some((_, from_dotenv)) => Err(wrong(PROTECTED, from_dotenv, "expected `true` or `false`")),
    }
}

/// The value is not repeated: who sets variables by accident may set a secret.
fn wrong(variable: &str, from_dotenv: bool, why: &str) -> Failure {
    let place = if from_dotenv { " in `.env`" } else { "" };
    Failure::new(format!("`{variable}`{place} has a value that it cannot have: {why}"))
        .exit(Exit::Usage)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn several_databases_have_variables_of_their_own() {
        let names = ["monitoring", "cata-log"].map(String::from);
        let variants = crate::dialect::Variant::all(&[Dialect::Sqlite], &names);
        let chain = crate::chain::Chain::new(Vec::new(), variants);
        let migrator = Migrator::new(chain, crate::chain::baked::Settings::default());
        let places = |args: &DatabaseArguments, variables: &[(&str, &str)]| {
            let env = Env::new("/nowhere");
            let mut env = variables.iter().fold(env, |env, (name, url)| env.with(*name, *url));
            let places = Place::all_of_runner(&migrator, args, &mut env);
            let shown = |place: Place| {
                format!("{} {} {}", place.name.unwrap_or_default(), place.url, place.origin)
            };
            match places {
                Ok(places) => places.into_iter().map(shown).collect::<Vec<_>>().join(", "),
                Err(failure) => failure.message().to_owned(),
            }
        };
        let all = DatabaseArguments::default();
        let one = DatabaseArguments { name: Some("cata-log".into()), ..all.clone() };
        let own = [("DATABASE_URL_CATA_LOG", "sqlite:c"), ("DATABASE_URL_MONITORING", "sqlite:m")];
        assert_eq!(
            places(&all, &own),
            "cata-log sqlite:c DATABASE_URL_CATA_LOG, monitoring sqlite:m DATABASE_URL_MONITORING"
        );
        assert_eq!(places(&one, &own), "cata-log sqlite:c DATABASE_URL_CATA_LOG");
        assert_eq!(places(&one, &[("DATABASE_URL", "sqlite:x")]), "cata-log sqlite:x DATABASE_URL");
        assert_eq!(
            places(&all, &own[1..]),
            "nothing says where database `cata-log` is, one of `cata-log` and `monitoring`"
        );
        let flag = DatabaseArguments { database_url: Some("sqlite:x".into()), ..all.clone() };
        assert!(places(&flag, &own).starts_with("`--database-url` is the URL of one database"));
        // What `cargo migrate` has found comes before what stands in the shell.
        let told = variable_for_runner(URL_VARIABLE, Some("cata-log"));
        assert_eq!(told, "CARGO_MIGRATE_DATABASE_URL_CATA_LOG");
        let told = [own[0], own[1], (&told, "sqlite:told")];
        assert!(places(&all, &told).starts_with("cata-log sqlite:told `cargo migrate`, "));
    }

    #[test]
    fn variables_say_what_holds() {
        let env = Env::new("/")
            .with("MIGRATE_LOCK_TIMEOUT", "5s")
            .with("MIGRATE_STATEMENT_LOCK_TIMEOUT", "500ms")
            .with("MIGRATE_STATEMENT_TIMEOUT", "2m")
            .with("MIGRATE_RETRIES", "3")
            .with("MIGRATE_PROTECTED", "true");
        let limits = limits(&env).unwrap();
        assert_eq!(limits.lock_timeout, Some(Duration::from_secs(5)));
        assert_eq!(limits.statement_lock_timeout, Some(Duration::from_millis(500)));
        assert_eq!(limits.statement_timeout, Some(Duration::from_mins(2)));
        assert_eq!(limits.retries, Some(3));
        assert_eq!(protected(&env).unwrap().as_deref(), Some("`MIGRATE_PROTECTED`"));
        assert_eq!(protected(&Env::new("/")).unwrap(), None);
        assert_eq!(protected(&Env::new("/").with("MIGRATE_PROTECTED", "false")).unwrap(), None);
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for name in ["MIGRATE_LOCK_TIMEOUT", "MIGRATE_RETRIES", "MIGRATE_PROTECTED"] {
            let env = Env::new("/").with(name, "soon");
            let failure = limits(&env).map(|_| ()).and_then(|()| protected(&env).map(|_| ()));
            let failure = failure.unwrap_err();
            assert!(failure.message().contains(name), "{}", failure.message());
            assert!(!failure.message().contains("soon"), "{}", failure.message());
        }
    }
}
