//! `cargo migrate config`: what the configuration means here and now, without a connection.

use std::fmt::Write as _;
use std::time::Duration;

use super::arguments::ConfigArguments;
use super::context::{Context, broken};
use super::database::places_of;
use crate::chain::Kind;
use crate::config::{
    Configuration, Environment, HeadsPolicy, LockMethod, NamedUrl, UrlTemplate, Urls,
};
use crate::limits::Limits;
use crate::runner::message::{self, DatabaseInUse, EnvironmentUrl, UrlVariable};
use crate::runner::place::Place;
use crate::runner::{Env, Exit, Failure};
use crate::runtime::Options;

const MANIFEST: &str = "`[package.metadata.migrate]`";

/// Shows the configuration of the package that is meant.
pub(super) fn run(context: &mut Context<'_>, args: &ConfigArguments) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let member = workspace.with_chain(&context.global)?;
    let package = context.package()?;
    if package.are_surroundings_broken() {
        let (errors, _) = context.report(&package)?;
        return Err(broken(&package, errors));
    }
    let configuration = package.configuration().clone();
    let (root, here) = (package.root().to_owned(), context.env.directory().to_owned());
    let manifest = member.manifest_path.strip_prefix(&here).unwrap_or(&member.manifest_path);
    let found = places_of(context, &root, &configuration, &args.database)?;
    let (found, problem) = match found {
        Ok(found) => (found, None),
        Err(problem) if args.database.chooses_by_name() => return Err(problem),
        Err(problem) => (Vec::new(), Some(problem.message().to_owned())),
    };
    let environment = found.first().and_then(|(_, environment)| environment.as_deref());
    let environment = environment.and_then(|name| configuration.environment(name));
    let env = &context.env;
    let answer = message::Configuration {
        package: member.name.clone(),
        manifest: manifest.display().to_string(),
        directory: configuration.dir.value.clone(),
        dialects: configuration.dialects.iter().map(ToString::to_string).collect(),
        databases: configuration.databases.clone(),
        table: configuration.table.to_string(),
        chain: configuration.chain.clone(),
        heads: String::from(match configuration.heads {
            HeadsPolicy::Single => "single",
            HeadsPolicy::Many => "many",
        }),
        lock: String::from(match configuration.lock {
            LockMethod::Session => "session",
            LockMethod::Table => "table",
        }),
        file_name: configuration.file_name.to_string(),
        templates: configuration.templates.as_ref().map(|it| it.value.clone()),
        hooks: hooks(&configuration),
        lints: lints(&configuration),
        environments: configuration.environments.iter().map(|it| of_environment(it, env)).collect(),
        in_use: found
            .iter()
            .map(|(place, environment)| in_use(place, environment.as_deref()))
            .collect(),
        problem,
        limits: limits(&configuration, environment, args, env)?,
    };
    context.ui.say(answer, text)?;
    Ok(Exit::Done)
}

fn hooks(configuration: &Configuration) -> Vec<message::Hook> {
    let hook = |kind: Kind| message::Hook {
        kind: kind.name().to_owned(),
        command: configuration.hooks.of(kind).to_vec(),
    };
    let hooks = [Kind::Sql, Kind::Rust].into_iter().map(hook);
    hooks.filter(|hook| !hook.command.is_empty()).collect()
}

fn lints(configuration: &Configuration) -> Vec<message::Lint> {
    let lint = |(code, level): (&crate::diagnostic::Code, &crate::config::LintLevel)| {
        message::Lint { code: code.to_string(), level: level.name().to_owned() }
    };
    configuration.lints.iter().map(lint).collect()
}

fn of_environment(environment: &Environment, env: &Env) -> message::Environment {
    let url = |database: Option<&str>, template: &UrlTemplate| EnvironmentUrl {
        database: database.map(str::to_owned),
        url: template.redacted(),
        variables: template.variables().map(|name| variable(name, env)).collect(),
    };
    let named = |NamedUrl { database, url: it }: &NamedUrl| url(Some(database), &it.value);
    message::Environment {
        name: environment.name.value.clone(),
        protected: environment.protected.value,
        urls: match &environment.urls {
            Urls::One(it) => vec![url(None, &it.value)],
            Urls::Named(all) => all.iter().map(named).collect(),
        },
    }
}

fn variable(name: &str, env: &Env) -> UrlVariable {
    let found = env.variable_or_dotenv(name);
    UrlVariable {
        name: name.to_owned(),
        is_set: found.is_some(),
        from_dotenv: found.is_some_and(|(_, from_dotenv)| from_dotenv),
    }
}

fn in_use(place: &Place, environment: Option<&str>) -> DatabaseInUse {
    DatabaseInUse {
        database: place.name.clone(),
        url: place.shown.clone(),
        origin: place.origin.clone(),
        environment: environment.map(str::to_owned),
        protection: place.protected.clone(),
    }
}

/// Each limit of a run on the databases in use, and who says so.
fn limits(
    configuration: &Configuration,
    environment: Option<&Environment>,
    args: &ConfigArguments,
    env: &Env,
) -> Result<Vec<message::Limit>, Failure> {
    let flags = args.statements.limits(&args.database);
    let variables = crate::runner::place::limits(env)?;
    let default = Options::default();
    let default = Limits {
        lock_timeout: Some(default.lock_timeout),
        statement_lock_timeout: default.statement_lock_timeout,
        statement_timeout: default.statement_timeout,
        retries: Some(default.retries),
        two_phase: Some(default.two_phase),
    };
    let of_environment = environment.map_or(Limits::default(), |environment| environment.limits);
    let limit = |name: &str| {
        let variable = Limits::variable(name);
        let in_dotenv = env.variable_or_dotenv(&variable).is_some_and(|(_, it)| it);
        let variable_origin =
            if in_dotenv { format!("`{variable}` in `.env`") } else { format!("`{variable}`") };
        let environment_origin =
            environment.map(|it| format!("environment `{}`", it.name.value)).unwrap_or_default();
        let said = [
            (flags, format!("`--{name}`")),
            (variables, variable_origin),
            (of_environment, environment_origin),
            (configuration.limits, String::from(MANIFEST)),
            (default, String::from("default")),
        ];
        let found =
            said.into_iter().find_map(|(limits, origin)| Some((value(&limits, name)?, origin)));
        let (value, origin) = found.unwrap_or((String::new(), String::from("default")));
        let value = Some(value).filter(|value| !value.is_empty());
        message::Limit { name: name.to_owned(), value, origin }
    };
    Ok(Limits::NAMES.into_iter().map(limit).collect())
}

/// A limit as people write it, if it is said; empty where that leaves a statement to the server.
fn value(limits: &Limits, name: &str) -> Option<String> {
    let time = |time: Duration| match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    };
    let of_statement = |limit: Option<Duration>| {
        limit.map(|it| if it.is_zero() { String::new() } else { time(it) })
    };
    match name {
        "lock-timeout" => limits.lock_timeout.map(time),
        "statement-lock-timeout" => of_statement(limits.statement_lock_timeout),
        "statement-timeout" => of_statement(limits.statement_timeout),
        Limits::TWO_PHASE => limits.two_phase.map(|it| it.to_string()),
        _ => limits.retries.map(|it| it.to_string()),
    }
}

fn text(answer: &message::Configuration) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key:>22}: {value}");
    };
    line("package", &answer.package);
    line("manifest", &answer.manifest);
    line("dir", &answer.directory);
    line("dialects", &answer.dialects.join(", "));
    if !answer.databases.is_empty() {
        line("databases", &answer.databases.join(", "));
    }
    line("table", &answer.table);
    line("chain", &answer.chain);
    line("heads", &answer.heads);
    line("lock", &answer.lock);
    line("file-name", &answer.file_name);
    if let Some(templates) = &answer.templates {
        line("templates", templates);
    }
    for hook in &answer.hooks {
        line("hooks", &format!("{}: {}", hook.kind, hook.command.join(" ")));
    }
    for lint in &answer.lints {
        line("lints", &format!("{} {}", lint.level, lint.code));
    }
    for environment in &answer.environments {
        let name = format!("env.{}", environment.name);
        let protected = if environment.protected { "  (protected)" } else { "" };
        for url in &environment.urls {
            let database = url.database.as_ref().map(|it| format!("{it}, ")).unwrap_or_default();
            let variables: String = url.variables.iter().map(told).collect();
            line(&name, &format!("{database}{}{protected}{variables}", url.url));
        }
    }
    for limit in &answer.limits {
        let value = limit.value.as_deref().unwrap_or("the server's own");
        line(&limit.name, &format!("{value} (from {})", limit.origin));
    }
    for database in &answer.in_use {
        let name = database.database.as_ref().map(|it| format!("{it}, ")).unwrap_or_default();
        let DatabaseInUse { url, origin, .. } = database;
        let settings = database.environment.as_ref();
        let settings = settings.map(|it| format!("; settings of environment `{it}`"));
        let settings = settings.unwrap_or_default();
        let protection = database.protection.as_ref();
        let protection = protection.map(|it| format!("; protected by {it}")).unwrap_or_default();
        line("in use", &format!("{name}{url} (from {origin}{settings}{protection})"));
    }
    if let Some(problem) = &answer.problem {
        line("in use", &format!("none: {problem}"));
    }
    text
}

fn told(variable: &UrlVariable) -> String {
    let UrlVariable { name, is_set, from_dotenv } = variable;
    match (is_set, from_dotenv) {
        (false, _) => format!("  (`{name}` is not set)"),
        (true, false) => format!("  (`{name}` is set)"),
        (true, true) => format!("  (`{name}` is set in `.env`)"),
    }
}
