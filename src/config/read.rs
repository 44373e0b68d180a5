//! From the tree of our table to a [`Configuration`], with everything that is wrong with it.
//!
//! A key that has a finding keeps its default, so that the others can still be judged and all
//! problems are reported at once. Messages name keys and never quote the value of a URL.

use std::ops::Range;

use super::keys::{check_chain, check_directory, check_name, parse_table};
use super::tree::{Entry, NodeId, Table, Tree, Value};
use super::{
    Configuration, FileName, HeadsPolicy, Hooks, Limits, LintLevel, LockMethod, Spanned, secret,
};
use crate::Dialect;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic, FileId};
use crate::url::variable_of;

const KEYS: [&str; 17] = [
    "dir",
    "dialects",
    "databases",
    "table",
    "chain",
    "file-name",
    "heads",
    "lock",
    "lints",
    "env",
    "templates",
    "hooks",
    "lock-timeout",
    "statement-lock-timeout",
    "statement-timeout",
    "retries",
    "two-phase",
];

/// Names that people know from elsewhere, too far away for a slip.
const SYNONYMS: [(&str, &str); 11] = [
    ("directory", "dir"),
    ("path", "dir"),
    ("environment", "env"),
    ("environments", "env"),
    ("envs", "env"),
    ("filename", "file-name"),
    ("file_template", "file-name"),
    ("mariadb", "mysql"),
    ("pg", "postgres"),
    ("postgresql", "postgres"),
    ("sqlite3", "sqlite"),
];

/// Reads the configuration from a manifest's text.
///
/// `manifest` must be the text of `file`, byte for byte, since the findings point into it. Without
/// `package.metadata.migrate` the result is the default. Nothing outside of it is ever a finding,
/// unless the manifest cannot be read as TOML, which is then the only one.
pub fn read(manifest: &str, file: FileId) -> (Configuration, Vec<Diagnostic>) {
    let tree = Tree::read(manifest);
    let mut reader = Reader {
        tree: &tree,
        file,
        findings: Vec::new(),
        dialects_are_known: true,
        databases_are_known: true,
    };
    let configuration = reader.configuration();
    let mut findings = reader.findings;
    if let Some(error) = &tree.error {
        findings = vec![syntax_error(manifest, file, error)];
    }
    findings.sort_by_key(|finding| finding.labels.first().map(|label| label.span.start));
    secret::conceal(manifest, &mut findings);
    (configuration, findings)
}

fn syntax_error(manifest: &str, file: FileId, error: &toml_parser::ParseError) -> Diagnostic {
    let span = error.unexpected().or(error.context()).unwrap_or_default();
    let end = manifest.floor_char_boundary(span.end());
    let start = manifest.floor_char_boundary(span.start()).min(end);
    let expected: Vec<String> = error
        .expected()
        .unwrap_or_default()
        .iter()
        .filter_map(|expected| match expected {
            toml_parser::Expected::Literal("\n") => Some("a line break".to_owned()),
            toml_parser::Expected::Literal(text) => Some(format!("`{text}`")),
            toml_parser::Expected::Description(text) => Some((*text).to_owned()),
            _ => None,
        })
        .collect();
    let label = if expected.is_empty() {
        String::new()
    } else {
        format!("expected {}", expected.join(" or "))
    };
    let message = format!("the manifest is not valid TOML: {}", error.description());
    Diagnostic::new(Code::MalformedManifest, message)
        .label(file, start..end, label)
        .help("correct it here; cargo does not read the manifest either")
}

pub(super) struct Reader<'t> {
    pub(super) tree: &'t Tree,
    file: FileId,
    findings: Vec<Diagnostic>,
    /// Without a finding of their own; otherwise what refers to them cannot be judged.
    pub(super) dialects_are_known: bool,
    pub(super) databases_are_known: bool,
}

impl<'t> Reader<'t> {
    fn configuration(&mut self) -> Configuration {
        let mut configuration = Configuration::default();
        for duplicate in &self.tree.duplicates {
            let message = format!("{} is defined twice", quoted(&duplicate.key));
            self.findings.push(
                Diagnostic::new(Code::MalformedManifest, message)
                    .label(self.file, duplicate.second.clone(), "defined again here")
                    .label(self.file, duplicate.first.clone(), "first defined here")
                    .help("keep one of the two"),
            );
        }
        let tree = self.tree;
        let Some(ours) = tree.ours() else { return configuration };
        let Some(table) =
            self.table(ours, "package.metadata.migrate", "[package.metadata.migrate]")
        else {
            return configuration;
        };
        // What else is checked depends on the declared dialects and databases, wherever they stand.
        let mut environments = None;
        for entry in &table.entries {
            match entry.key.as_str() {
                "dir" => {
                    if let Some(dir) = self.directory(entry, "dir = \"migrations\"") {
                        configuration.dir = dir;
                    }
                }
                "templates" => {
                    configuration.templates =
                        self.directory(entry, "templates = \"migrations/_templates\"");
                }
                "dialects" => {
                    let before = self.findings.len();
                    if let Some(dialects) = self.dialects(entry) {
                        configuration.dialects = dialects;
                    }
                    self.dialects_are_known = self.findings.len() == before;
                }
                "databases" => {
                    let before = self.findings.len();
                    configuration.databases = self.databases(entry);
                    self.databases_are_known = self.findings.len() == before;
                }
                "table" => {
                    let example = "table = \"migrate_revisions\"";
                    if let Some(table) = self.parsed(entry, "table", example, parse_table) {
                        configuration.table = table.value;
                    }
                }
                "chain" => {
                    let parse = |name: &str| check_chain(name).map(|()| name.to_owned());
                    if let Some(chain) = self.parsed(entry, "chain", "chain = \"main\"", parse) {
                        configuration.chain = chain.value;
                    }
                }
                "file-name" => {
                    let example = format!("file-name = \"{}\"", FileName::default());
                    if let Some(it) = self.parsed(entry, "file-name", &example, FileName::parse) {
                        configuration.file_name = it.value;
                    }
                }
                "heads" => {
                    let choices = [("single", HeadsPolicy::Single), ("many", HeadsPolicy::Many)];
                    if let Some(heads) = self.choice(entry, "heads", &choices) {
                        configuration.heads = heads;
                    }
                }
                "lock" => {
                    let choices = [("session", LockMethod::Session), ("table", LockMethod::Table)];
                    if let Some(lock) = self.choice(entry, "lock", &choices) {
                        configuration.lock = lock;
                    }
                }
                "lints" => configuration.lints = self.lints(entry),
                "hooks" => configuration.hooks = self.hooks(entry),
                "env" => environments = Some(entry),
                key if is_limit(key) => self.limit(entry, key, &mut configuration.limits),
                _ => self.unknown_key(entry, "package.metadata.migrate", &KEYS),
            }
        }
        if let Some(entry) = environments {
            configuration.environments = self.environments(entry, &configuration);
        }
        configuration
    }

    pub(super) fn span(&self, id: NodeId) -> Range<usize> {
        self.tree.node(id).span.clone()
    }

    /// A value that its key cannot have.
    pub(super) fn bad(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let finding = Diagnostic::new(Code::BadConfigurationValue, message);
        self.findings.push(finding.label(self.file, span, label).help(help));
    }

    pub(super) fn wrong_type(&mut self, node: NodeId, key: &str, expected: &str, example: &str) {
        let found = self.tree.node(node).value.kind();
        self.bad(
            self.span(node),
            format!("`{key}` must be {expected}, not {found}"),
            format!("expected {expected}"),
            format!("write `{example}`"),
        );
    }

    pub(super) fn unknown_key(&mut self, entry: &Entry, table: &str, known: &[&'static str]) {
        let key = &entry.key;
        let help = match closest(key, known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("the keys are {}", list(known)),
        };
        let message = format!("unknown key {} in `{table}`", quoted(key));
        self.findings.push(
            Diagnostic::new(Code::UnknownConfigurationKey, message)
                .label(self.file, entry.key_span.clone(), "not a key of this table")
                .help(help),
        );
    }

    pub(super) fn table(&mut self, entry: &Entry, key: &str, example: &str) -> Option<&'t Table> {
        let tree = self.tree;
        if let Value::Table(table) = &tree.node(entry.node).value {
            return Some(table);
        }
        self.wrong_type(entry.node, key, "a table", example);
        None
    }

    pub(super) fn string(
        &mut self,
        node: NodeId,
        key: &str,
        example: &str,
    ) -> Option<Spanned<&'t str>> {
        let tree = self.tree;
        if let Value::String(text) = &tree.node(node).value {
            return Some(Spanned::at(text, self.span(node)));
        }
        self.wrong_type(node, key, "a string", example);
        None
    }

    fn parsed<T, E: AsRef<str>>(
        &mut self,
        entry: &Entry,
        key: &str,
        example: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Spanned<T>> {
        let text = self.string(entry.node, key, example)?;
        let span = self.span(entry.node);
        match parse(text.value) {
            Ok(value) => Some(Spanned::at(value, span)),
            Err(why) => {
                let message = format!("`{key}` has a value that it cannot have");
                self.bad(span, message, why.as_ref(), format!("write for example `{example}`"));
                None
            }
        }
    }

    /// One of [`Limits`]: a time-out or a number of attempts, as number or as text, or a boolean.
    pub(super) fn limit(&mut self, entry: &Entry, key: &str, limits: &mut Limits) {
        let name = &entry.key;
        let (expected, example) = match name.as_str() {
            Limits::RETRIES => ("a number", format!("{name} = 5")),
            Limits::TWO_PHASE => ("a boolean", format!("{name} = true")),
            _ => ("a number of seconds, or a string", format!("{name} = \"5s\"")),
        };
        let tree = self.tree;
        let text = match (&tree.node(entry.node).value, name.as_str()) {
            (Value::Boolean(value), Limits::TWO_PHASE) => {
                limits.two_phase = Some(*value);
                return;
            }
            (_, Limits::TWO_PHASE) => None,
            (Value::Number(text, _) | Value::String(text), _) => Some(text),
            _ => None,
        };
        let Some(text) = text else {
            return self.wrong_type(entry.node, key, expected, &example);
        };
        if let Err(why) = limits.set(name, text) {
            let message = format!("`{key}` has a value that it cannot have");
            self.bad(self.span(entry.node), message, why, format!("write for example `{example}`"));
        }
    }

    fn directory(&mut self, entry: &Entry, example: &str) -> Option<Spanned<String>> {
        let parse = |path: &str| check_directory(path).map(|()| path.to_owned());
        self.parsed(entry, &entry.key, example, parse)
    }

    /// A string that must be one of a few words.
    fn choice<T: Copy>(&mut self, entry: &Entry, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let example = format!("{} = \"{}\"", entry.key, words[0]);
        let text = self.string(entry.node, key, &example)?;
        let found = choices.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let help = match closest(text.value, &words) {
                Some(word) => format!("did you mean `{} = \"{word}\"`?", entry.key),
                None => format!("write for example `{example}`"),
            };
            let label = format!("expected one of {}", list(&words));
            let message = format!("`{key}` cannot be {}", quoted(text.value));
            self.bad(self.span(entry.node), message, label, help);
        }
        found.map(|(_, value)| *value)
    }

    /// The strings of an array.
    fn strings(
        &mut self,
        entry: &Entry,
        key: &str,
        example: &str,
    ) -> Option<Vec<(&'t str, Range<usize>)>> {
        let tree = self.tree;
        let Value::Array(items) = &tree.node(entry.node).value else {
            let example = match &tree.node(entry.node).value {
                Value::String(text) if is_plain(text) => format!("{key} = [{text:?}]"),
                _ => example.to_owned(),
            };
            self.wrong_type(entry.node, key, "an array of strings", &example);
            return None;
        };
        let mut strings = Vec::new();
        for &item in items {
            if let Value::String(text) = &tree.node(item).value {
                strings.push((text.as_str(), self.span(item)));
            } else {
                let found = tree.node(item).value.kind();
                let message = format!("`{key}` must be an array of strings, not of {found}");
                self.bad(
                    self.span(item),
                    message,
                    "expected a string",
                    format!("write `{example}`"),
                );
            }
        }
        Some(strings)
    }

    fn dialects(&mut self, entry: &Entry) -> Option<Vec<Dialect>> {
        let known = Dialect::ALL.map(Dialect::name);
        let example = "dialects = [\"sqlite\", \"postgres\"]";
        let strings = self.strings(entry, "dialects", example)?;
        if matches!(&self.tree.node(entry.node).value, Value::Array(items) if items.is_empty()) {
            let help = format!("write for example `{example}`, or remove the key for `sqlite`");
            let span = self.span(entry.node);
            self.bad(span, "`dialects` is empty", "expected at least one dialect", help);
        }
        let mut dialects = Vec::new();
        for (name, span) in strings {
            match Dialect::from_name(name) {
                Some(dialect) if dialects.contains(&dialect) => {
                    let message = format!("`{name}` stands in `dialects` twice");
                    self.bad(span, message, "listed already", "remove it");
                }
                Some(dialect) => dialects.push(dialect),
                None => {
                    let help = match closest(name, &known) {
                        Some(known) => format!("did you mean `{known}`?"),
                        None => format!("write for example `{example}`"),
                    };
                    let message = format!("unknown dialect {}", quoted(name));
                    self.bad(span, message, format!("expected one of {}", list(&known)), help);
                }
            }
        }
        (!dialects.is_empty()).then_some(dialects)
    }

    fn databases(&mut self, entry: &Entry) -> Vec<String> {
        let example = "databases = [\"catalog\", \"monitoring\"]";
        let mut databases: Vec<(&str, Range<usize>)> = Vec::new();
        for (name, span) in self.strings(entry, "databases", example).unwrap_or_default() {
            let variable = variable_of(name);
            if let Err(why) = check_name(name) {
                let message = format!("illegal name of a database, {}", quoted(name));
                self.bad(span, message, why, format!("write for example `{example}`"));
            } else if databases.iter().any(|(other, _)| *other == name) {
                let message = format!("`{name}` stands in `databases` twice");
                self.bad(span, message, "listed already", "remove it, or give it another name");
            } else if let Some((other, other_span)) =
                databases.iter().find(|(other, _)| variable_of(other) == variable)
            {
                let message =
                    format!("the databases `{other}` and `{name}` have one variable, `{variable}`");
                self.findings.push(
                    Diagnostic::new(Code::SameVariable, message)
                        .label(self.file, span, "its URL would be that of the other one")
                        .label(self.file, other_span.clone(), "the other one")
                        .note("a variable's name has capital letters, and `_` for each `-`")
                        .help("give one of them a name that differs in more than that"),
                );
            } else {
                databases.push((name, span));
            }
        }
        databases.into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn hooks(&mut self, entry: &Entry) -> Hooks {
        let mut hooks = Hooks::default();
        let example = "hooks = { rust = [\"rustfmt\", \"--edition\", \"2024\"] }";
        let Some(table) = self.table(entry, "hooks", example) else { return hooks };
        for entry in &table.entries {
            let command = match entry.key.as_str() {
                "sql" => &mut hooks.sql,
                "rust" => &mut hooks.rust,
                _ => {
                    self.unknown_key(entry, "hooks", &["sql", "rust"]);
                    continue;
                }
            };
            let key = format!("hooks.{}", entry.key);
            let example = format!("{} = [\"PROGRAM\", \"ARGUMENT\"]", entry.key);
            let words = self.strings(entry, &key, &example).unwrap_or_default();
            if words.first().is_some_and(|(program, _)| program.trim().is_empty()) {
                self.bad(
                    self.span(entry.node),
                    format!("`{key}` names no program"),
                    "expected a program and its arguments",
                    format!("write for example `{example}`, or remove the key"),
                );
                continue;
            }
            *command = words.into_iter().map(|(word, _)| word.to_owned()).collect();
        }
        hooks
    }

    fn lints(&mut self, entry: &Entry) -> std::collections::BTreeMap<Code, LintLevel> {
        let levels = LintLevel::ALL.map(|level| (level.name(), level));
        let lints = || Code::ALL.iter().copied().filter(|code| code.is_lint());
        let mut chosen = std::collections::BTreeMap::new();
        let Some(table) = self.table(entry, "lints", "lints = { M0032 = \"deny\" }") else {
            return chosen;
        };
        for entry in &table.entries {
            let key = format!("lints.{}", entry.key);
            let level = self.choice(entry, &key, &levels);
            let code = Code::ALL.iter().copied().find(|code| code.id() == entry.key);
            let span = entry.key_span.clone();
            let known: Vec<_> = lints().map(Code::id).collect();
            match code {
                Some(code) if code.is_lint() => {
                    if let Some(level) = level {
                        chosen.insert(code, level);
                    }
                }
                Some(code) => {
                    let message = format!("the level of `{code}` cannot be changed");
                    let help = format!("remove it; the codes with a level are {}", list(&known));
                    self.bad(span, message, code.summary(), help);
                }
                None => {
                    let meant = entry.key.parse::<Code>().ok().map(Code::id);
                    let help = match meant.or_else(|| closest(&entry.key, &known)) {
                        Some(known) => format!("did you mean `{known}`?"),
                        None => format!("the codes with a level are {}", list(&known)),
                    };
                    let message = format!("unknown code {} in `lints`", quoted(&entry.key));
                    self.bad(span, message, "not a code", help);
                }
            }
        }
        chosen
    }
}

/// Whether a key is one of [`Limits`].
pub(super) fn is_limit(key: &str) -> bool {
    Limits::NAMES.contains(&key)
}

/// The known word that was probably meant.
pub(super) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_lowercase().replace('_', "-");
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, known)| *known);
    known
        .iter()
        .copied()
        .find(|&known| Some(known) == synonym || known == word)
        .or_else(|| nearest(&word, known.iter().copied()))
}

/// Names in backticks, as a sentence lists them.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A text of the manifest for a message: as it is only if it can be neither a URL nor confusing.
pub(super) fn quoted(text: &str) -> String {
    if is_plain(text) { format!("`{text}`") } else { "this text".to_owned() }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_alphanumeric() || " _-.$".contains(c))
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod findings_tests;
#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
