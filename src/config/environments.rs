//! The environments of our table: their URLs and what protects them.
//!
//! An environment has one URL, or one for each named database that the configuration declares; a
//! mixture would leave open which database a command works on. URLs are looked at as far as can be
//! known without the variables in them.

use super::keys::check_name;
use super::read::{Reader, closest, is_limit, list, quoted};
use super::tree::{Entry, Table, Value};
use super::{Configuration, Environment, Limits, NamedUrl, Spanned, UrlTemplate, Urls};
use crate::Dialect;

const KEYS: [&str; 8] = [
    "url",
    "databases",
    "protected",
    "lock-timeout",
    "statement-lock-timeout",
    "statement-timeout",
    "retries",
    "two-phase",
];

impl<'t> Reader<'t> {
    pub(super) fn environments(
        &mut self,
        entry: &Entry,
        configuration: &Configuration,
    ) -> Vec<Environment> {
        let example = "env.dev.url = \"sqlite:dev.db\"";
        let Some(table) = self.table(entry, "env", example) else { return Vec::new() };
        let mut environments = Vec::new();
        for entry in &table.entries {
            let name = &entry.key;
            let is_name = check_name(name);
            if let Err(why) = is_name {
                let message = format!("illegal name of an environment, {}", quoted(name));
                let help = format!("write for example `{example}`");
                self.bad(entry.key_span.clone(), message, why, help);
            }
            let key = if is_name.is_ok() { format!("env.{name}") } else { "env.…".to_owned() };
            let url = match &self.tree.node(entry.node).value {
                // The URL directly, without a table: its text is not for the screen.
                Value::String(_) => "…",
                _ => "sqlite:dev.db",
            };
            if let Some(table) = self.table(entry, &key, &format!("{key}.url = \"{url}\"")) {
                let environment = self.environment(&key, entry, table, configuration);
                environments.push(environment);
            }
        }
        environments
    }

    fn environment(
        &mut self,
        path: &str,
        entry: &Entry,
        table: &'t Table,
        configuration: &Configuration,
    ) -> Environment {
        let name = quoted(&entry.key);
        let (mut url, mut databases) = (None, None);
        let mut protected = Spanned::default_value(false);
        let mut limits = Limits::default();
        for entry in &table.entries {
            match entry.key.as_str() {
                "url" => url = Some(entry),
                "databases" => databases = Some(entry),
                "protected" => {
                    let value = if let Value::Boolean(value) = self.tree.node(entry.node).value {
                        value
                    } else {
                        let key = format!("{path}.protected");
                        self.wrong_type(entry.node, &key, "a boolean", "protected = true");
                        // Somebody wanted something protected; until it is clear, it is.
                        true
                    };
                    protected = Spanned::at(value, self.span(entry.node));
                }
                key if is_limit(key) => {
                    self.limit(entry, &format!("{path}.{key}"), &mut limits);
                }
                _ => self.unknown_key(entry, path, &KEYS),
            }
        }
        let declared = &configuration.databases;
        let named = || format!("databases = {{ {} }}", assignments(declared));
        let urls = match (url, databases) {
            (Some(url), databases) => {
                if let Some(databases) = databases {
                    let message = format!("environment {name} has both `url` and `databases`");
                    let (label, help) = if declared.is_empty() {
                        ("only where `databases` declares names", "remove `databases`".to_owned())
                    } else {
                        ("one URL for each declared database", "remove `url`".to_owned())
                    };
                    self.bad(databases.key_span.clone(), message, label, help);
                } else if self.databases_are_known && !declared.is_empty() {
                    let message = format!("environment {name} has one URL for named databases");
                    let label = format!("the databases are {}", list(declared));
                    self.bad(url.key_span.clone(), message, label, format!("write `{}`", named()));
                }
                let template = self.url(url, &format!("{path}.url"), &configuration.dialects);
                match databases {
                    Some(databases) if !declared.is_empty() => {
                        Urls::Named(self.named_urls(databases, path, configuration))
                    }
                    _ => template.map_or(Urls::Named(Vec::new()), Urls::One),
                }
            }
            (None, Some(databases)) => Urls::Named(self.named_urls(databases, path, configuration)),
            (None, None) => {
                let help = if declared.is_empty() {
                    "add `url = \"sqlite:dev.db\"`".to_owned()
                } else {
                    format!("add `{}`", named())
                };
                let message = format!("environment {name} has no URL");
                self.bad(entry.key_span.clone(), message, "expected a URL below", help);
                Urls::Named(Vec::new())
            }
        };
        Environment {
            name: Spanned::at(entry.key.clone(), entry.key_span.clone()),
            urls,
            protected,
            limits,
        }
    }

    fn named_urls(
        &mut self,
        entry: &Entry,
        path: &str,
        configuration: &Configuration,
    ) -> Vec<NamedUrl> {
        let key = format!("{path}.databases");
        let declared = &configuration.databases;
        let names: Vec<&str> = declared.iter().map(String::as_str).collect();
        let example = if names.is_empty() {
            "databases = { catalog = \"…\" }".to_owned()
        } else {
            format!("databases = {{ {} }}", assignments(&names))
        };
        let Some(table) = self.table(entry, &key, &example) else { return Vec::new() };
        let mut urls = Vec::new();
        for entry in &table.entries {
            let name = &entry.key;
            if names.contains(&name.as_str()) {
                let url = self.url(entry, &format!("{key}.{name}"), &configuration.dialects);
                urls.extend(url.map(|url| NamedUrl { database: name.clone(), url }));
                continue;
            }
            if !self.databases_are_known {
                continue;
            }
            let help = match closest(name, &names) {
                Some(known) => format!("did you mean `{known}`?"),
                None if names.is_empty() => {
                    format!(
                        "add `databases = [\"{}\"]` to `[package.metadata.migrate]`, or write \
                             `url = \"…\"` here",
                        name.escape_debug()
                    )
                }
                None => format!("the databases are {}; add it to `databases`", list(&names)),
            };
            let message = format!("unknown database {} in `{key}`", quoted(name));
            self.bad(entry.key_span.clone(), message, "not declared in `databases`", help);
        }
        let is_missing = |name: &&&str| !table.entries.iter().any(|entry| entry.key == **name);
        let missing: Vec<&str> = names.iter().filter(is_missing).copied().collect();
        if !missing.is_empty() {
            let message = format!("`{key}` has no URL for {}", list(&missing));
            let help = format!("add `{}`", assignments(&missing));
            self.bad(entry.key_span.clone(), message, "not complete", help);
        }
        urls
    }

    fn url(
        &mut self,
        entry: &Entry,
        key: &str,
        dialects: &[Dialect],
    ) -> Option<Spanned<UrlTemplate>> {
        let example = format!("{} = \"sqlite:dev.db\"", entry.key);
        let text = self.string(entry.node, key, &example)?;
        let template = UrlTemplate::new(text.value);
        let span = self.span(entry.node);
        if !template.is_well_formed() {
            self.bad(
                span,
                format!("`{key}` holds a `${{` without name and `}}`"),
                "expected `${NAME}`",
                format!("write for example `{} = \"${{DATABASE_URL}}\"`", entry.key),
            );
            return None;
        }
        if template.has_literal_start() {
            match template.dialect() {
                None => {
                    self.bad(
                        span,
                        format!("`{key}` is not the URL of a database"),
                        "expected `sqlite:`, `postgres://` or `mysql://` at its beginning",
                        format!("write for example `{example}`"),
                    );
                    return None;
                }
                Some(dialect) if self.dialects_are_known && !dialects.contains(&dialect) => {
                    let declared: Vec<_> = dialects.iter().map(|dialect| dialect.name()).collect();
                    self.bad(
                        span.clone(),
                        format!("`{key}` is of dialect `{dialect}`, which is not declared"),
                        format!("the chain is written for {}", list(&declared)),
                        format!("add `\"{dialect}\"` to `dialects`, or give another URL"),
                    );
                }
                Some(_) => {}
            }
        }
        Some(Spanned::at(template, span))
    }
}

/// `catalog = "…", monitoring = "…"`.
fn assignments(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("{} = \"…\"", name.as_ref())).collect::<Vec<_>>().join(", ")
}
