//! Which database a command works on, who said so, and what holds there.

use super::signals::Stopping;
use super::{DatabaseArguments, Env, Exit, Failure};
use crate::Dialect;
use crate::limits::Limits;
use crate::url;

/// A database, found.
pub(crate) struct Place {
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
        let told = env
            .variable(URL_VARIABLE)
            .map(|url| (url, env.variable(ORIGIN_VARIABLE).unwrap_or("`cargo migrate`")));
        let variable = env.variable_or_dotenv("DATABASE_URL");
        let (url, origin) = match (&args.database_url, variable) {
            (Some(url), _) => (url.as_str(), "`--database-url`"),
            (None, _) if let Some(told) = told => told,
            (None, Some((url, true))) => (url, "DATABASE_URL in `.env`"),
            (None, Some((url, false))) => (url, "DATABASE_URL"),
            (None, None) => {
                return Err(Failure::new("nothing says which database is meant")
                    .exit(Exit::Usage)
                    .help(
                        "give it with `--database-url`, or set DATABASE_URL: `sqlite:app.db`, \
                         `postgres://USER:PASSWORD@HOST/DATABASE`",
                    ));
            }
        };
        Ok(Self {
            url: url.to_owned(),
            shown: url::redact(url),
            origin: origin.to_owned(),
            protected: protected(env)?,
            limits: limits(env)?,
            stopping: env.stopping.clone(),
        })
    }
}

/// The dialect of DATABASE_URL, where it is set and of one.
pub(crate) fn dialect(args: &DatabaseArguments, env: &mut Env) -> Result<Option<Dialect>, Failure> {
    prepare(args, env)?;
    Ok(env.variable_or_dotenv("DATABASE_URL").and_then(|(url, _)| url::dialect(url)))
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
    for name in Limits::TIMEOUTS.into_iter().chain([Limits::RETRIES]) {
        let variable = format!("MIGRATE_{}", name.to_uppercase().replace('-', "_"));
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
