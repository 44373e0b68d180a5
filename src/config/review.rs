//! What `check` says of a configuration that can be read.
//!
//! The build helper does not: what is judged here depends on the variables of the machine, or is no obstacle for
//! a build.
//!
//! The reports quote the manifest, in which a password may stand anywhere. So they are about a copy of
//! its text that has none.

use std::fmt::Write as _;

use super::resolve::{expand_known, same_databases};
use super::{Configuration, Request, Urls, read, secret};
use crate::diagnostic::{Code, Diagnostic, FileId, Sources, visible};

/// What was found, and what could not be judged.
pub(crate) struct Review {
    /// The findings; the configuration's lints do not hold for them yet.
    pub(crate) findings: Vec<Diagnostic>,
    /// What is no finding, since it may be right on another machine.
    pub(crate) notes: Vec<String>,
    /// The manifest without passwords, in the sources: for all else that is to be said of it.
    pub(crate) manifest: FileId,
}

/// Judges the environments; `configuration` is what [`read`](super::read) made of `manifest`.
pub(crate) fn review(
    manifest: &str,
    configuration: &Configuration,
    request: &Request<'_>,
    sources: &mut Sources,
) -> Review {
    let shown = without_passwords(manifest, configuration);
    let shown = shown.strip_prefix('\u{feff}').unwrap_or(&shown).replace("\r\n", "\n");
    let file = sources.add("Cargo.toml", shown.clone());
    let (places, _) = read(&shown, file);
    let mut review = Review { findings: Vec::new(), notes: Vec::new(), manifest: file };
    for environment in &configuration.environments {
        let name = &environment.name.value;
        let urls: Vec<_> = environment.urls.iter().map(|url| &url.value).collect();
        let place = |index: usize| {
            let environment = places.environment(name)?;
            environment.urls.iter().nth(index)?.span.clone()
        };
        let at = |finding: Diagnostic, index, label: &str| match place(index) {
            Some(span) => finding.label(file, span, label),
            None => finding,
        };
        for (index, url) in urls.iter().enumerate() {
            if url.holds_password() {
                let message = format!("the URL of environment `{name}` holds a password");
                let finding = Diagnostic::new(Code::PasswordInManifest, message)
                    .help("put it into a variable, as in `${DATABASE_PASSWORD}`")
                    .help("if it was ever committed, change it");
                review.findings.push(at(finding, index, "it is not shown"));
            }
            let (expanded, unset) = expand_known(url, request);
            if let Some(variable) = unset {
                let note = format!(
                    "environment `{name}` was not judged, since `{variable}` is not set here"
                );
                if review.notes.last() != Some(&note) {
                    review.notes.push(note);
                }
            } else if !url.has_literal_start()
                && expanded.dialect().is_none_or(|it| !configuration.dialects.contains(&it))
            {
                let what = match expanded.dialect() {
                    Some(dialect) => format!("is of `{dialect}`, which is not in `dialects`"),
                    None => String::from("is of no database that is known"),
                };
                review.notes.push(format!(
                    "environment `{name}` cannot be used with the variables as they are set here: its URL {what}"
                ));
            }
        }
        let Urls::Named(named) = &environment.urls else { continue };
        for (one, other) in same_databases(named, request) {
            let message = format!(
                "the databases `{}` and `{}` of environment `{name}` are one database",
                named[one].database, named[other].database
            );
            let finding = Diagnostic::new(Code::SameDatabase, message);
            let finding = at(at(finding, other, "it is the same as"), one, "this one");
            review.findings.push(
                finding
                    .note("the records of one would be taken for those of the other")
                    .help(format!("give each its own in `env.{name}.databases`")),
            );
        }
    }
    secret::conceal(&shown, &mut review.findings);
    review
}

/// The manifest with every URL that holds a password as people may see it.
fn without_passwords(manifest: &str, configuration: &Configuration) -> String {
    let urls = configuration.environments.iter().flat_map(|environment| environment.urls.iter());
    let mut secrets: Vec<_> = urls
        .filter(|url| url.value.holds_password())
        .filter_map(|url| Some((url.span.clone()?, url.value.redacted())))
        .collect();
    secrets.sort_by_key(|(span, _)| span.start);
    let mut text = String::with_capacity(manifest.len());
    let mut end = 0;
    for (span, url) in secrets {
        text.push_str(&manifest[end..span.start]);
        let url = visible(&url).replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(text, "\"{url}\"");
        end = span.end;
    }
    text.push_str(&manifest[end..]);
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Variable;
    use super::*;

    /// The reports and notes about a manifest where these variables are set.
    fn judged(manifest: &str, variables: &[(&str, &str)]) -> String {
        let mut sources = Sources::new();
        let file = sources.add("Cargo.toml", manifest.to_owned());
        let (configuration, findings) = read(manifest, file);
        assert!(findings.is_empty(), "{findings:?}");
        let lookup = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(Variable { value: (*value).to_owned(), from_dotenv: false })
        };
        let request = Request {
            flag: None,
            environment: None,
            database: None,
            base: Path::new("/app"),
            lookup: &lookup,
        };
        let review = review(manifest, &configuration, &request, &mut sources);
        let reports = review.findings.iter().map(|finding| finding.render(&sources));
        let notes = review.notes.iter().map(|note| format!("note: {note}"));
        reports.chain(notes).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn a_password_is_found_and_not_shown() {
        let manifest = "\u{feff}[package.metadata.migrate]\r\ndialects = [\"postgres\"]\r\n\
             env.dev.url = \"postgres://app:hunter2@localhost/app\"\r\n\
             env.test.url = 'postgres://app@localhost/app?password=hunter2'\r\n\
             env.production.url = \"postgres://app:${PASSWORD}@db/app\"\r\n";
        insta::assert_snapshot!(judged(manifest, &[]), @r#"
        warning[M0056]: the URL of environment `dev` holds a password
         --> Cargo.toml:3:15
          |
        3 | env.dev.url = "postgres://app:***@localhost/app"
          |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it is not shown
          |
          = help: put it into a variable, as in `${DATABASE_PASSWORD}`
          = help: if it was ever committed, change it

        warning[M0056]: the URL of environment `test` holds a password
         --> Cargo.toml:4:16
          |
        4 | env.test.url = "postgres://app@localhost/app?password=***"
          |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it is not shown
          |
          = help: put it into a variable, as in `${DATABASE_PASSWORD}`
          = help: if it was ever committed, change it

        note: environment `production` was not judged, since `PASSWORD` is not set here
        "#);
    }

    #[test]
    fn two_names_of_one_database_are_found() {
        let manifest = "[package.metadata.migrate]\ndatabases = [\"catalog\", \"monitoring\"]\n\n\
             [package.metadata.migrate.env.dev.databases]\n\
             catalog = \"sqlite:dev.db\"\nmonitoring = \"sqlite:${FILE}\"\n";
        insta::assert_snapshot!(judged(manifest, &[("FILE", "./dev.db")]), @r#"
        error[M0057]: the databases `catalog` and `monitoring` of environment `dev` are one database
         --> Cargo.toml:6:14
          |
        5 | catalog = "sqlite:dev.db"
          |           --------------- this one
        6 | monitoring = "sqlite:${FILE}"
          |              ^^^^^^^^^^^^^^^^ it is the same as
          |
          = note: the records of one would be taken for those of the other
          = help: give each its own in `env.dev.databases`
        "#);
        insta::assert_snapshot!(judged(manifest, &[("FILE", "other.db")]), @"");
        insta::assert_snapshot!(judged(manifest, &[]), @"note: environment `dev` was not judged, since `FILE` is not set here");
    }

    #[test]
    fn a_url_from_a_variable_is_of_a_declared_dialect() {
        let manifest = "[package.metadata.migrate]\nenv.production.url = \"${URL}\"\n";
        insta::assert_snapshot!(judged(manifest, &[("URL", "mysql://me:hunter2@db/app")]), @"note: environment `production` cannot be used with the variables as they are set here: its URL is of `mysql`, which is not in `dialects`");
        insta::assert_snapshot!(judged(manifest, &[("URL", "hunter2")]), @"note: environment `production` cannot be used with the variables as they are set here: its URL is of no database that is known");
        insta::assert_snapshot!(judged(manifest, &[("URL", "sqlite:app.db")]), @"");
    }
}
