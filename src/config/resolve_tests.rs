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
        "there are several databases; choose one of `catalog`, `monitoring` with `--database`"
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
            "no database is given; pass `--database-url`, set `DATABASE_URL`, or add `env.dev.url = \"…\"` to `[package.metadata.migrate]`",
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
            "the URL `app:***` from `--database-url` has the scheme `app:`, which is of no known database; write `sqlite:PATH`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE` or `mysql://USER:PASSWORD@HOST:PORT/DATABASE`",
        ),
        (
            &some,
            Some("app.db"),
            None,
            "the URL `***` from `--database-url` has no scheme; for a file of SQLite write `sqlite:app.db`",
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

#[test]
fn a_protected_database_is_recognised_without_its_password() {
    let configuration = configuration(ENVIRONMENTS);
    // Neither password is set; that of staging is of no interest at all.
    assert_eq!(
        answer(&configuration, Some("postgres://root:x@db.example.com/app"), None, &[]),
        "postgres://root:***@db.example.com/app (postgres) from `--database-url`, \
         settings of production protected"
    );
    assert_eq!(
        answer(&configuration, Some("postgres://root@db.example.com/other"), None, &[]),
        "postgres://root@db.example.com/other (postgres) from `--database-url`, settings of -"
    );
}

#[test]
fn what_cannot_be_compared_is_a_doubt_and_no_obstacle() {
    let configuration = configuration(
        "env.live = { url = \"${LIVE}\", protected = true }\n\
         env.qa = { url = \"postgres://h/${NAME}\", protected = true }\n\
         env.far.url = \"postgres://far/${NAME}\"",
    );
    let nothing = |_: &str| None;
    let request = Request {
        flag: Some("postgres://h/app"),
        environment: None,
        database: None,
        base: Path::new("/app"),
        lookup: &nothing,
    };
    let resolved = resolve(&configuration, &request).unwrap();
    assert!(!resolved.is_protected());
    let doubts: Vec<_> = resolved.doubts.iter().map(ToString::to_string).collect();
    assert_eq!(
        doubts,
        [
            "whether this is the database of environment `live` is not known, since `LIVE` is not set; \
             its settings do not hold",
            "whether this is the database of environment `qa` is not known, since `NAME` is not set; \
             its settings do not hold",
        ]
    );
}

#[test]
fn two_names_for_one_database_are_refused() {
    let lines = |monitoring: &str| {
        format!(
            "databases = [\"catalog\", \"monitoring\"]\n\
             env.dev.databases = {{ catalog = \"postgres://a:${{A}}@localhost/c\", monitoring = \"{monitoring}\" }}"
        )
    };
    let answer = |monitoring: &str, flag: Option<&str>| {
        let variables = [("A", "x"), ("B", "y")];
        answer_for(&configuration(&lines(monitoring)), flag, None, Some("catalog"), &variables)
    };
    let refused = "the databases `catalog` and `monitoring` of environment `dev` are one database, where \
                   the records of one would be taken for those of the other; give each its own in \
                   `env.dev.databases`";
    let same = "postgresql://b:${B}@127.0.0.1:5432/c";
    assert_eq!(answer(same, None), refused);
    assert_eq!(answer(same, Some("postgres://localhost/c")), refused);
    assert!(answer(same, Some("postgres://localhost/d")).ends_with("settings of -"));
    for other in ["postgres://localhost/d", "postgres://localhost/${UNSET}", "sqlite:c"] {
        assert!(answer(other, None).ends_with("settings of dev"), "{other}");
    }
}

#[test]
fn the_environment_says_how_long_to_wait_before_the_rest_does() {
    let configuration = configuration(
        "lock-timeout = 30\nretries = 2\nstatement-timeout = \"10m\"\n\
         [package.metadata.migrate.env.dev]\nurl = \"sqlite:dev.db\"\nlock-timeout = \"500ms\"\n\
         statement-lock-timeout = 2.5\n",
    );
    let nothing = |_: &str| None;
    let limits = |flag| {
        let base = Path::new("/app");
        let request = Request { flag, environment: None, database: None, base, lookup: &nothing };
        resolve(&configuration, &request).unwrap().limits
    };
    let time = |milliseconds| Some(std::time::Duration::from_millis(milliseconds));
    let dev = limits(None);
    assert_eq!((dev.lock_timeout, dev.retries), (time(500), Some(2)));
    assert_eq!((dev.statement_lock_timeout, dev.statement_timeout), (time(2_500), time(600_000)));
    let other = limits(Some("sqlite:other.db"));
    assert_eq!((other.lock_timeout, other.statement_lock_timeout), (time(30_000), None));
}
