//! `cargo migrate config`.

use std::process::Command;

use crate::support::{Output, Project, assert_transcript};

fn project() -> Project {
    let project = Project::package(&["src/lib.rs"]);
    project.append(
        "Cargo.toml",
        r#"
[package.metadata.migrate]
dir = "db"
dialects = ["sqlite", "postgres"]
table = "audit.history"
heads = "many"
lock = "table"
retries = 2
statement-timeout = "10m"
lints = { M0032 = "deny" }

[package.metadata.migrate.env.dev]
url = "sqlite:dev.db"

[package.metadata.migrate.env.production]
url = "postgres://app:${PASSWORD}@${HOST}/app"
protected = true
statement-lock-timeout = "500ms"

[package.metadata.migrate.env.old]
url = "postgres://app:hunter2@old/app?sslpassword=hunter3"
"#,
    );
    std::fs::create_dir(project.path("db")).unwrap();
    project
}

fn config(project: &Project, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    command.args(["migrate", "config"]).args(args).current_dir(project.root());
    command.env_remove("PASSWORD").env_remove("HOST").envs(variables.iter().copied());
    let output = project.run(&mut command);
    for secret in ["hunter2", "hunter3", "sesame"] {
        assert!(!output.transcript().contains(secret), "{}", output.transcript());
    }
    output
}

#[test]
fn what_holds_is_said_with_its_origin_and_without_secrets() {
    let project = project();
    assert_transcript!(config(&project, &[], &[]), @"
    exit code: 0
    ----- stdout -----
                   package: app
                  manifest: Cargo.toml
                       dir: db
                  dialects: sqlite, postgres
                     table: audit.history
                     chain: main
                     heads: many
                      lock: table
                 file-name: {date}T{time}_{revision}_{slug}
                     lints: deny M0032
                   env.dev: sqlite:dev.db
            env.production: postgres://app:***@${HOST}/app  (protected)  (`PASSWORD` is not set)  (`HOST` is not set)
                   env.old: postgres://app:***@old/app?sslpassword=***
              lock-timeout: 60s (from default)
    statement-lock-timeout: the server's own (from default)
         statement-timeout: 600s (from `[package.metadata.migrate]`)
                   retries: 2 (from `[package.metadata.migrate]`)
                 two-phase: false (from default)
                    in use: sqlite:dev.db (from environment `dev`; settings of environment `dev`)
    ");
    project.write(".env", "HOST=db.example.com\nMIGRATE_RETRIES=7\n");
    let variables = [("PASSWORD", "sesame"), ("MIGRATE_LOCK_TIMEOUT", "2m")];
    let args = ["--env", "production", "--statement-timeout=0"];
    assert_transcript!(config(&project, &args, &variables), @"
    exit code: 0
    ----- stdout -----
                   package: app
                  manifest: Cargo.toml
                       dir: db
                  dialects: sqlite, postgres
                     table: audit.history
                     chain: main
                     heads: many
                      lock: table
                 file-name: {date}T{time}_{revision}_{slug}
                     lints: deny M0032
                   env.dev: sqlite:dev.db
            env.production: postgres://app:***@${HOST}/app  (protected)  (`PASSWORD` is set)  (`HOST` is set in `.env`)
                   env.old: postgres://app:***@old/app?sslpassword=***
              lock-timeout: 120s (from `MIGRATE_LOCK_TIMEOUT`)
    statement-lock-timeout: 500ms (from environment `production`)
         statement-timeout: the server's own (from `--statement-timeout`)
                   retries: 7 (from `MIGRATE_RETRIES` in `.env`)
                 two-phase: false (from default)
                    in use: postgres://app:***@db.example.com/app (from environment `production`; settings of environment `production`; protected by environment `production`)
    ");
    // Whatever way led to it.
    let url = [("DATABASE_URL", "postgres://other:sesame@db.example.com:5432/app")];
    let output = config(&project, &[], &url);
    assert!(
        output.stdout.contains("(from `DATABASE_URL`; settings of environment `production`; protected by environment `production`)"),
        "{}",
        output.stdout
    );
}

#[test]
fn what_leads_to_no_database_is_said() {
    let project = project();
    let of = |args: &[&str]| config(&project, args, &[]);
    assert_transcript!(of(&["--env", "prodution"]), @"
    exit code: 2
    ----- stderr -----
    error: unknown environment `prodution`; did you mean `production`?
    ");
    let output = of(&["--database-url", "oracle:x"]);
    let line = output.stdout.lines().find(|line| line.contains("in use")).unwrap().to_owned();
    insta::assert_snapshot!(line, @"                in use: none: the URL `oracle:***` from `--database-url` has the scheme `oracle:`, which is of no known database; write `sqlite:PATH`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE` or `mysql://USER:PASSWORD@HOST:PORT/DATABASE`");
    assert_eq!(output.success().code, Some(0));
    project.append("Cargo.toml", "typo = 1\n");
    assert_transcript!(of(&[]), @"
    exit code: 1
    ----- stderr -----
    error[M0051]: unknown key `typo` in `env.old`
      --> Cargo.toml:28:1
       |
    28 | typo = 1
       | ^^^^ not a key of this table
       |
       = help: the keys are `url`, `databases`, `protected`, `lock-timeout`, `statement-lock-timeout`, `statement-timeout`, `retries`, `two-phase`

    error: the migrations cannot be read: 1 error; nothing was changed
    help: `cargo migrate explain M0051` tells more
    ");
}
