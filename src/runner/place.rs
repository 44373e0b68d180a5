//! Which database a command works on, and who said so.

use super::{DatabaseArguments, Env, Exit, Failure};

/// A database, found.
pub(crate) struct Place {
    /// The URL with its secrets: for the driver, never for people.
    pub(crate) url: String,
    /// The URL without its secrets, where somebody who knows them has taken them out.
    pub(crate) shown: Option<String>,
    /// Where the URL came from, to be shown.
    pub(crate) origin: String,
    /// The environment whose rules ask for care, if one does.
    pub(crate) protected: Option<String>,
}

impl Place {
    fn new(url: &str, origin: &str) -> Self {
        // The path of a file has no secrets; whatever looks like a login is not shown.
        let shown =
            (url.starts_with("sqlite:") && !url.contains(['@', '?'])).then(|| url.to_owned());
        Self { url: url.to_owned(), shown, origin: origin.to_owned(), protected: None }
    }

    /// What it is called where nothing better is known.
    pub(crate) fn name(&self) -> String {
        self.shown.clone().unwrap_or_else(|| String::from("the database"))
    }

    /// For a shipped binary, which has no configuration: `--database-url`, then `DATABASE_URL`.
    pub(crate) fn of_runner(args: &DatabaseArguments, env: &mut Env) -> Result<Self, Failure> {
        if let Some(name) = &args.environment {
            return Err(Failure::new(format!(
                "this binary carries no environments, so there is no `{name}`"
            ))
            .exit(Exit::Usage)
            .help("give the database with `--database-url` or DATABASE_URL"));
        }
        if let Some(url) = &args.database_url {
            return Ok(Self::new(url, "`--database-url`"));
        }
        if !args.no_dotenv {
            let directory = env.directory().to_owned();
            env.read_dotenv(&directory).map_err(Failure::new)?;
        }
        match env.variable_or_dotenv("DATABASE_URL") {
            Some((url, true)) => Ok(Self::new(url, "DATABASE_URL in `.env`")),
            Some((url, false)) => Ok(Self::new(url, "DATABASE_URL")),
            None => Err(Failure::new("nothing says which database is meant")
                .exit(Exit::Usage)
                .help("give it with `--database-url sqlite:app.db`, or set DATABASE_URL")),
        }
    }
}
