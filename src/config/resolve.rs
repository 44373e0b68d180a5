//! Which database a command works on, and which environment's settings hold there.
//!
//! Pure: arguments and the lookup for variables come from the caller, which fills the latter from
//! real variables first and from `.env` second. The environment is found by the URL too, so that a
//! production URL that happens to stand in the shell is still protected.

use std::fmt;
use std::path::Path;

use super::place::{Sameness, Surroundings};
use super::{
    Configuration, DatabaseUrl, Environment, ExpandError, Limits, NamedUrl, UrlTemplate, Urls,
};
use crate::Dialect;
use crate::diagnostic::suggest::nearest;
use crate::url::{Unknown, VARIABLE, variable_of};

const DEFAULT_ENVIRONMENT: &str = "dev";

/// A variable's value, and whether only `.env` gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// The value.
    pub value: String,
    /// It comes from `.env`, not from the process' environment.
    pub from_dotenv: bool,
}

/// What the user asked for, and what is needed to answer.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The value of `--database-url`.
    pub flag: Option<&'a str>,
    /// The value of `--env`.
    pub environment: Option<&'a str>,
    /// Which of the named databases; needed where the configuration declares any.
    pub database: Option<&'a str>,
    /// The directory that relative `SQLite` files are below.
    pub base: &'a Path,
    /// The variables.
    pub lookup: &'a dyn Fn(&str) -> Option<Variable>,
}

/// Where a URL came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlSource {
    /// `--database-url`.
    Flag,
    /// The environment that `--env` names.
    Environment(String),
    /// A variable.
    Variable {
        /// Its name: `DATABASE_URL`, or that of one of several databases.
        name: String,
        /// It comes from `.env`, not from the process' environment.
        from_dotenv: bool,
    },
    /// The environment `dev`, since nothing else was said.
    DefaultEnvironment,
}

impl fmt::Display for UrlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("`--database-url`"),
            Self::Environment(name) => write!(f, "environment `{name}`"),
            Self::Variable { name, from_dotenv: false } => write!(f, "`{name}`"),
            Self::Variable { name, from_dotenv: true } => write!(f, "`{name}` in `.env`"),
            Self::DefaultEnvironment => write!(f, "environment `{DEFAULT_ENVIRONMENT}`"),
        }
    }
}

/// The database to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'c> {
    /// Its URL.
    pub url: DatabaseUrl,
    /// Its name, where the chain has named ones.
    pub database: Option<String>,
    /// Its dialect.
    pub dialect: Dialect,
    /// Where the URL came from.
    pub source: UrlSource,
    /// The environment whose settings hold.
    pub environment: Option<&'c Environment>,
    /// How long runs wait there.
    pub limits: Limits,
    /// The environments of which is not known whether they have this database.
    pub doubts: Vec<Doubt>,
}

/// An environment that may have the database in use, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The environment.
    pub environment: String,
    /// The variable in its URL that is not set.
    pub variable: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, variable } = self;
        write!(
            f,
            "whether this is the database of environment `{environment}` is not known, since `{variable}` \
             is not set; its settings do not hold"
        )
    }
}

impl Resolved<'_> {
    /// Whether `down`, and anything destructive, asks first.
    pub fn is_protected(&self) -> bool {
        self.environment.is_some_and(|environment| environment.protected.value)
    }
}

/// Why there is no database to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing says which database.
    NoUrl,
    /// `--env` names an environment that is not configured.
    UnknownEnvironment {
        /// The name given.
        name: String,
        /// The configured ones.
        known: Vec<String>,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The environment's URL needs a variable that is not set.
    UnsetVariable {
        /// The variable.
        variable: String,
        /// The environment.
        environment: String,
    },
    /// The environment's URL holds a `${` that is not closed.
    MalformedUrl {
        /// The environment.
        environment: String,
    },
    /// The environment has no URL for the database.
    NoUrlInEnvironment {
        /// The environment.
        environment: String,
        /// The named database, where there are any.
        database: Option<String>,
    },
    /// There are named databases, and none was chosen.
    DatabaseNotChosen {
        /// The declared ones.
        known: Vec<String>,
        /// What gives one URL for all of them, where that is why.
        source: Option<UrlSource>,
    },
    /// Variables give the URLs of some of the named databases, and not of this one.
    VariableMissing {
        /// The database without one.
        database: String,
        /// The variable of another one, which is set.
        set: String,
    },
    /// A database was chosen that is not declared.
    UnknownDatabase {
        /// The name given.
        name: String,
        /// The declared ones.
        known: Vec<String>,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// Two of the environment's named databases are one.
    SameDatabase {
        /// The environment.
        environment: String,
        /// One of the names.
        one: String,
        /// The other one.
        other: String,
    },
    /// Two named databases are one.
    SameUrl {
        /// One of the names.
        one: String,
        /// The other one.
        other: String,
    },
    /// The URL's scheme is of no dialect.
    UnknownScheme {
        /// The URL, which shows itself without its password.
        url: DatabaseUrl,
        /// Where it came from.
        source: UrlSource,
    },
    /// The URL is of a dialect that the chain is not written for.
    UndeclaredDialect {
        /// The URL's dialect.
        dialect: Dialect,
        /// The chain's dialects.
        declared: Vec<Dialect>,
        /// Where the URL came from.
        source: UrlSource,
    },
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUrl => f.write_str(
                "no database is given; pass `--database-url`, set `DATABASE_URL`, or add \
                 `env.dev.url = \"…\"` to `[package.metadata.migrate]`",
            ),
            Self::UnknownEnvironment { name, known, suggestion } => {
                write!(f, "unknown environment `{name}`; ")?;
                did_you_mean(f, suggestion.as_deref(), known, "the environments are")?;
                if known.is_empty() {
                    write!(
                        f,
                        "none is configured, add `env.{name}.url = \"…\"` to \
                         `[package.metadata.migrate]`"
                    )?;
                }
                Ok(())
            }
            Self::UnsetVariable { variable, environment } => write!(
                f,
                "environment `{environment}` needs the variable `{variable}`, which is not set; \
                 set it in the environment or in `.env`"
            ),
            Self::MalformedUrl { environment } => write!(
                f,
                "the URL of environment `{environment}` holds a `${{` without name and `}}`; \
                 write `${{NAME}}`"
            ),
            Self::NoUrlInEnvironment { environment, database: None } => write!(
                f,
                "environment `{environment}` has no single URL; set `env.{environment}.url`"
            ),
            Self::NoUrlInEnvironment { environment, database: Some(database) } => write!(
                f,
                "environment `{environment}` has no URL for database `{database}`; \
                 set `env.{environment}.databases.{database}`"
            ),
            Self::DatabaseNotChosen { known, source: None } => {
                write!(
                    f,
                    "there are several databases; choose one of {} with `--database`",
                    list(known)
                )
            }
            Self::DatabaseNotChosen { known, source: Some(source) } => write!(
                f,
                "{source} is the URL of one database, and there are several; say with `--database` which of {} \
                 it is, or choose an environment with `--env`",
                list(known)
            ),
            Self::VariableMissing { database, set } => write!(
                f,
                "`{set}` is set, and nothing says where database `{database}` is; set `{}`, or choose an \
                 environment with `--env`",
                variable_of(database)
            ),
            Self::UnknownDatabase { name, known, suggestion } => {
                write!(f, "unknown database `{name}`; ")?;
                did_you_mean(f, suggestion.as_deref(), known, "the databases are")?;
                if known.is_empty() {
                    f.write_str("none is declared, add it to `databases`")?;
                }
                Ok(())
            }
            Self::SameDatabase { environment, one, other } => write!(
                f,
                "the databases `{one}` and `{other}` of environment `{environment}` are one database, where \
                 the records of one would be taken for those of the other; give each its own in \
                 `env.{environment}.databases`"
            ),
            Self::SameUrl { one, other } => write!(
                f,
                "the databases `{one}` and `{other}` are one database, where the records of one would be taken \
                 for those of the other; give each its own URL"
            ),
            Self::UnknownScheme { url, source } => {
                let Unknown { what, help } = Unknown::of(url.expose());
                write!(f, "the URL `{url}` from {source} {what}; {help}")
            }
            Self::UndeclaredDialect { dialect, declared, source } => {
                let declared: Vec<_> = declared.iter().map(|dialect| dialect.name()).collect();
                write!(
                    f,
                    "the URL from {source} is of `{dialect}`, but the chain is written for {}; \
                     add `{dialect}` to `dialects`, or give another URL",
                    list(&declared)
                )
            }
        }
    }
}

impl std::error::Error for ResolveError {}

fn did_you_mean(
    f: &mut fmt::Formatter<'_>,
    suggestion: Option<&str>,
    known: &[String],
    are: &str,
) -> fmt::Result {
    match suggestion {
        Some(suggestion) => write!(f, "did you mean `{suggestion}`?"),
        None if known.is_empty() => Ok(()),
        None => write!(f, "{are} {}", list(known)),
    }
}

/// Names in backticks, as a sentence lists them.
fn list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The database to work on: `--database-url`, then `--env`, then `DATABASE_URL`, then `env.dev`.
///
/// Without `--env` the environment is the one that has the URL's database among its own. An empty
/// `DATABASE_URL` counts as not set.
///
/// Where several environments have it, one that says so in its own words comes before one that
/// merely quotes `${DATABASE_URL}` (it would match whatever the variable holds), then a protected
/// one before the others.
pub fn resolve<'c>(
    configuration: &'c Configuration,
    request: &Request<'_>,
) -> Result<Resolved<'c>, ResolveError> {
    check_database(configuration, request.database)?;
    let (url, source, environment) = if let Some(flag) = request.flag {
        let environment = request.environment.map(|name| named(configuration, name)).transpose()?;
        (DatabaseUrl::new(flag), UrlSource::Flag, environment)
    } else if let Some(name) = request.environment {
        let environment = named(configuration, name)?;
        let url = url_of(environment, request)?;
        (url, UrlSource::Environment(name.to_owned()), Some(environment))
    } else if let Some((name, variable)) = variable(request, request.database) {
        let from_dotenv = variable.from_dotenv;
        let source = UrlSource::Variable { name, from_dotenv };
        (DatabaseUrl::new(variable.value), source, None)
    } else if let Some(environment) = configuration.environment(DEFAULT_ENVIRONMENT) {
        (url_of(environment, request)?, UrlSource::DefaultEnvironment, None)
    } else {
        return Err(ResolveError::NoUrl);
    };

    let Some(dialect) = url.dialect() else {
        return Err(ResolveError::UnknownScheme { url, source });
    };
    if !configuration.dialects.contains(&dialect) {
        let declared = configuration.dialects.clone();
        return Err(ResolveError::UndeclaredDialect { dialect, declared, source });
    }
    let (environment, doubts) = match environment {
        Some(environment) => (Some(environment), Vec::new()),
        None => matching(configuration, request, &url, &source),
    };
    let environment = environment.or_else(|| {
        let is_default = source == UrlSource::DefaultEnvironment;
        configuration.environment(DEFAULT_ENVIRONMENT).filter(|_| is_default)
    });
    if let Some(environment) = environment {
        refuse_same(environment, request)?;
    }
    let limits = environment.map_or(Limits::default(), |it| it.limits).or(configuration.limits);
    let database = request.database.map(ToOwned::to_owned);
    Ok(Resolved { url, database, dialect, source, environment, limits, doubts })
}

/// All databases that are meant: the one that is chosen, or every named one, in the order of their names.
///
/// Several have URLs of one kind: those of an environment, or those of the variables
/// `DATABASE_URL_CATALOG` and so on. What is one URL says nothing about several databases.
pub fn resolve_all<'c>(
    configuration: &'c Configuration,
    request: &Request<'_>,
) -> Result<Vec<Resolved<'c>>, ResolveError> {
    if request.database.is_some() || configuration.databases.is_empty() {
        return resolve(configuration, request).map(|resolved| vec![resolved]);
    }
    let mut names: Vec<&str> = configuration.databases.iter().map(String::as_str).collect();
    names.sort_unstable();
    let not_chosen = |source| {
        let known = configuration.databases.clone();
        Err(ResolveError::DatabaseNotChosen { known, source: Some(source) })
    };
    if request.flag.is_some() {
        return not_chosen(UrlSource::Flag);
    }
    if request.environment.is_none() {
        let own = |name: &str| set(request, &variable_of(name));
        let is_set = |name: &&str| own(name).is_some();
        match (names.iter().find(|it| is_set(it)), names.iter().find(|it| !is_set(it))) {
            (Some(one), Some(other)) => {
                let (database, set) = ((*other).to_owned(), variable_of(one));
                return Err(ResolveError::VariableMissing { database, set });
            }
            (None, _) => {
                if let Some(variable) = set(request, VARIABLE) {
                    let (name, from_dotenv) = (VARIABLE.to_owned(), variable.from_dotenv);
                    return not_chosen(UrlSource::Variable { name, from_dotenv });
                }
            }
            (Some(_), None) => {}
        }
    }
    let resolve_one =
        |name: &&str| resolve(configuration, &Request { database: Some(name), ..*request });
    let all: Vec<Resolved<'_>> = names.iter().map(resolve_one).collect::<Result<_, _>>()?;
    // Those of an environment were compared with each other already.
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            if compare(request, &one.url, &other.url) == Sameness::Same {
                let name = |it: &Resolved<'_>| it.database.clone().unwrap_or_default();
                return Err(ResolveError::SameUrl { one: name(one), other: name(other) });
            }
        }
    }
    Ok(all)
}

/// The variable that says where a database is, and what it says; that of its own comes first.
fn variable(request: &Request<'_>, database: Option<&str>) -> Option<(String, Variable)> {
    let names = database.map(variable_of).into_iter().chain([VARIABLE.to_owned()]);
    names.into_iter().find_map(|name| Some((name.clone(), set(request, &name)?)))
}

fn set(request: &Request<'_>, name: &str) -> Option<Variable> {
    (request.lookup)(name).filter(|variable| !variable.value.is_empty())
}

fn check_database(
    configuration: &Configuration,
    database: Option<&str>,
) -> Result<(), ResolveError> {
    let known = &configuration.databases;
    match database {
        None if known.is_empty() => Ok(()),
        None => Err(ResolveError::DatabaseNotChosen { known: known.clone(), source: None }),
        Some(name) if known.iter().any(|it| it == name) => Ok(()),
        Some(name) => Err(ResolveError::UnknownDatabase {
            name: name.to_owned(),
            known: known.clone(),
            suggestion: nearest(name, known.iter().map(String::as_str)).map(ToOwned::to_owned),
        }),
    }
}

fn named<'c>(
    configuration: &'c Configuration,
    name: &str,
) -> Result<&'c Environment, ResolveError> {
    configuration.environment(name).ok_or_else(|| {
        let known: Vec<String> =
            configuration.environments.iter().map(|it| it.name.value.clone()).collect();
        let suggestion = nearest(name, known.iter().map(String::as_str)).map(ToOwned::to_owned);
        ResolveError::UnknownEnvironment { name: name.to_owned(), known, suggestion }
    })
}

fn url_of(environment: &Environment, request: &Request<'_>) -> Result<DatabaseUrl, ResolveError> {
    let name = || environment.name.value.clone();
    let template = match (&environment.urls, request.database) {
        (Urls::One(url), None) => Some(&url.value),
        (Urls::Named(named), Some(database)) => {
            named.iter().find(|it| it.database == database).map(|it| &it.url.value)
        }
        _ => None,
    };
    let Some(template) = template else {
        let database = request.database.map(ToOwned::to_owned);
        return Err(ResolveError::NoUrlInEnvironment { environment: name(), database });
    };
    expand(template, request).map_err(|error| match error {
        ExpandError::UnsetVariable { name: variable } => {
            ResolveError::UnsetVariable { variable, environment: name() }
        }
        ExpandError::Malformed => ResolveError::MalformedUrl { environment: name() },
    })
}

fn expand(template: &UrlTemplate, request: &Request<'_>) -> Result<DatabaseUrl, ExpandError> {
    template.expand(&|name| (request.lookup)(name).map(|variable| variable.value))
}

/// The URL with the variables replaced as far as they are set, and the first that is not.
pub(super) fn expand_known<'t>(
    template: &'t UrlTemplate,
    request: &Request<'_>,
) -> (DatabaseUrl, Option<&'t str>) {
    template.expand_known(&|name| (request.lookup)(name).map(|variable| variable.value))
}

/// Whether two URLs lead to one database, as the driver of this process sees it.
fn compare(request: &Request<'_>, one: &DatabaseUrl, two: &DatabaseUrl) -> Sameness {
    let variables = |name: &str| {
        let variable = (request.lookup)(name).filter(|variable| !variable.from_dotenv)?;
        Some(variable.value)
    };
    let surroundings = Surroundings { base: request.base, variables: &variables };
    surroundings.compare(one.expose(), two.expose())
}

/// The environment that has this database among its own, and those that may have it; `--env` was not
/// given.
fn matching<'c>(
    configuration: &'c Configuration,
    request: &Request<'_>,
    url: &DatabaseUrl,
    source: &UrlSource,
) -> (Option<&'c Environment>, Vec<Doubt>) {
    let mut best: Option<((bool, bool, bool), &Environment)> = None;
    let mut doubts: Vec<Doubt> = Vec::new();
    for environment in &configuration.environments {
        for template in environment.urls.iter().map(|url| &url.value) {
            let (other, unset) = expand_known(template, request);
            let sameness = compare(request, &other, url);
            match (sameness, unset) {
                (Sameness::Same | Sameness::Likely, _) => {
                    let quotes = matches!(source, UrlSource::Variable { name, .. } if template.mentions(name));
                    let is_sure = sameness == Sameness::Same;
                    let rank = (!quotes, environment.protected.value, is_sure);
                    if best.is_none_or(|(other, _)| rank > other) {
                        best = Some((rank, environment));
                    }
                }
                (Sameness::Open, Some(variable)) => {
                    let doubt = Doubt {
                        environment: environment.name.value.clone(),
                        variable: variable.to_owned(),
                    };
                    if doubts.last() != Some(&doubt) {
                        doubts.push(doubt);
                    }
                }
                _ => {}
            }
        }
    }
    (best.map(|(_, environment)| environment), doubts)
}

/// The tracking table of one named database must not be that of another one.
fn refuse_same(environment: &Environment, request: &Request<'_>) -> Result<(), ResolveError> {
    let Urls::Named(named) = &environment.urls else { return Ok(()) };
    match same_databases(named, request).first() {
        None => Ok(()),
        Some(&(one, other)) => Err(ResolveError::SameDatabase {
            environment: environment.name.value.clone(),
            one: named[one].database.clone(),
            other: named[other].database.clone(),
        }),
    }
}

/// The pairs of URLs that lead to one database for sure, by their places in the list.
pub(super) fn same_databases(named: &[NamedUrl], request: &Request<'_>) -> Vec<(usize, usize)> {
    let urls: Vec<_> = named.iter().map(|it| expand_known(&it.url.value, request).0).collect();
    let mut same = Vec::new();
    for (one, url) in urls.iter().enumerate() {
        for (other, other_url) in urls.iter().enumerate().skip(one + 1) {
            if compare(request, url, other_url) == Sameness::Same {
                same.push((one, other));
            }
        }
    }
    same
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
