use super::*;
use crate::diagnostic::Sources;

fn configuration(lines: &str) -> Configuration {
    let manifest =
        format!("[package.metadata.migrate]\ndialects = [\"sqlite\", \"postgres\"]\n{lines}");
    let mut sources = Sources::new();
    let file = sources.add("Cargo.toml", manifest.clone());
    let (configuration, findings) = super::super::read(&manifest, file);
    assert_eq!(findings, []);
    configuration
}

/// What `--database-url` and `--env` lead to with these variables, in one line.
fn answer(
    configuration: &Configuration,
    flag: Option<&str>,
    environment: Option<&str>,
    variables: &[(&str, &str)],
) -> String {
    answer_for(configuration, flag, environment, None, variables)
}

fn answer_for(
    configuration: &Configuration,
    flag: Option<&str>,
    environment: Option<&str>,
    database: Option<&str>,
    variables: &[(&str, &str)],
) -> String {
    let lookup = |name: &str| {
        let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
        let from_dotenv = value.contains("dotenv");
        Some(Variable { value: (*value).to_owned(), from_dotenv })
    };
    let base = Path::new("/app");
    let request = Request { flag, environment, database, base, lookup: &lookup };
    match resolve(configuration, &request) {
        Ok(resolved) => {
            let environment = resolved.environment.map_or("-", |it| it.name.value.as_str());
            let protected = if resolved.is_protected() { " protected" } else { "" };
            let Resolved { url, dialect, source, .. } = resolved;
            format!("{url} ({dialect}) from {source}, settings of {environment}{protected}")
        }
        Err(error) => error.to_string(),
    }
}

const ENVIRONMENTS: &str = r#"
env.dev.url = "sqlite:dev.db"
env.staging.url = "postgres://app:${STAGING_PASSWORD}@staging/app"
env.production = { url = "postgres://app:${PASSWORD}@db.example.com/app", protected = true }
"#;

#[test]
fn flag_then_environment_then_variable_then_dev() {
    let configuration = configuration(ENVIRONMENTS);
    let variables = [("DATABASE_URL", "sqlite:var.db"), ("PASSWORD", "hunter2")];
    for (flag, environment, variables, expected) in [
        (
            Some("sqlite:x.db"),
            None,
            &variables[..],
            "sqlite:x.db (sqlite) from `--database-url`, settings of -",
        ),
        (
            Some("sqlite:x.db"),
            Some("production"),
            &variables,
            "sqlite:x.db (sqlite) from `--database-url`, settings of production protected",
        ),
        (
            None,
            Some("production"),
            &variables,
            "postgres://app:***@db.example.com/app (postgres) from environment `production`, settings of production protected",
        ),
        (None, None, &variables, "sqlite:var.db (sqlite) from `DATABASE_URL`, settings of -"),
        (
            None,
            None,
            &[("DATABASE_URL", "sqlite:dotenv.db")],
            "sqlite:dotenv.db (sqlite) from `DATABASE_URL` in `.env`, settings of -",
        ),
        (
            None,
            None,
            &[("DATABASE_URL", "")],
            "sqlite:dev.db (sqlite) from environment `dev`, settings of dev",
        ),
        (None, None, &[], "sqlite:dev.db (sqlite) from environment `dev`, settings of dev"),
    ] {
        assert_eq!(answer(&configuration, flag, environment, variables), expected);
    }
}

#[test]
fn a_database_is_recognised_by_its_url() {
    let configuration = configuration(ENVIRONMENTS);
    // `staging` needs a variable that is not set; it is skipped.
    let variables =
        [("DATABASE_URL", "postgresql://root@DB.example.com:5432/app"), ("PASSWORD", "x")];
    assert_eq!(
        answer(&configuration, None, None, &variables),
        "postgresql://root@DB.example.com:5432/app (postgres) from `DATABASE_URL`, \
         settings of production protected"
    );
    assert_eq!(
        answer(&configuration, Some("sqlite:///app/dev.db"), None, &[]),
        "sqlite:///app/dev.db (sqlite) from `--database-url`, settings of dev"
    );
}

#[test]
fn an_environment_that_quotes_the_variable_comes_last() {
    let configuration = configuration(
        "env.dev.url = \"sqlite:dev.db\"\n\
         env.production = { url = \"${DATABASE_URL}\", protected = true }\n\
         env.local.url = \"sqlite:live.db\"\n\
         env.live = { url = \"sqlite:live.db\", protected = true }",
    );
    let with = |url| answer(&configuration, None, None, &[("DATABASE_URL", url)]);
    assert_eq!(
        with("sqlite:dev.db"),
        "sqlite:dev.db (sqlite) from `DATABASE_URL`, settings of dev"
    );
    assert_eq!(
        with("sqlite:prod.db"),
        "sqlite:prod.db (sqlite) from `DATABASE_URL`, settings of production protected"
    );
    assert_eq!(
        with("sqlite:live.db"),
        "sqlite:live.db (sqlite) from `DATABASE_URL`, settings of live protected"
    );
}

#[test]
fn named_databases_have_their_own_urls() {
    let configuration = configuration(
        "databases = [\"catalog\", \"monitoring\"]\n\
         env.dev.databases = { catalog = \"sqlite:c.db\", monitoring = \"sqlite:m.db\" }\n\
         env.live = { protected = true, databases = { catalog = \"sqlite:lc.db\", monitoring = \"sqlite:lm.db\" } }",
    );
    let answer = |flag, database| answer_for(&configuration, flag, None, database, &[]);
    assert_eq!(
        answer(None, Some("monitoring")),
        "sqlite:m.db (sqlite) from environment `dev`, settings of dev"
    );
    assert_eq!(
        answer(Some("sqlite:lm.db"), Some("catalog")),
        "sqlite:lm.db (sqlite) from `--database-url`, settings of live protected"
    );
    assert_eq!(
        answer(None, None),
        "there are several databases; choose one of `catalog`, `monitoring`"
    );
    assert_eq!(
        answer(None, Some("catalogue")),
        "unknown database `catalogue`; did you mean `catalog`?"
    );
}

#[test]
fn errors_say_what_to_do_next() {
    let some = configuration(ENVIRONMENTS);
    let none = Configuration::default();
    for (configuration, flag, environment, expected) in [
        (
            &none,
            None,
            None,
            "no database is given; pass `--database-url`, set `DATABASE_URL`, or add `env.dev.url = \"sqlite:dev.db\"` to `[package.metadata.migrate]`",
        ),
        (
            &some,
            None,
            Some("prodution"),
            "unknown environment `prodution`; did you mean `production`?",
        ),
        (
            &some,
            None,
            Some("x"),
            "unknown environment `x`; the environments are `dev`, `staging`, `production`",
        ),
        (
            &none,
            None,
            Some("x"),
            "unknown environment `x`; none is configured, add `env.x.url = \"…\"` to `[package.metadata.migrate]`",
        ),
        (
            &some,
            None,
            Some("staging"),
            "environment `staging` needs the variable `STAGING_PASSWORD`, which is not set; set it in the environment or in `.env`",
        ),
        (
            &some,
            Some("app:hunter2@db"),
            None,
            "the URL `app:***` from `--database-url` is of no known database; it must begin with `sqlite:`, `postgres://` or `mysql://`",
        ),
        (
            &some,
            Some("mysql://h/d"),
            None,
            "the URL from `--database-url` is of `mysql`, but the chain is written for `sqlite`, `postgres`; add `mysql` to `dialects`, or give another URL",
        ),
    ] {
        assert_eq!(answer(configuration, flag, environment, &[]), expected);
    }
    assert_eq!(
        answer_for(&none, None, None, Some("x"), &[]),
        "unknown database `x`; none is declared, add it to `databases`"
    );
}
