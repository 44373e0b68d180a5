//! Migrations of Flyway: `V<VERSION>__<DESCRIPTION>.sql`, with `U` to undo them, and `R` and `B` beside them.
//!
//! The rules are those of its own name parser with the default configuration: folders are read to any depth,
//! a version has parts between `.` or `_` that are compared as numbers, and trailing zeros do not count.
//! Scripts for several databases stand in folders named after them (`{vendor}`). A `.conf` file beside a
//! script can say `executeInTransaction=false`; Flyway runs a script outside a transaction by itself if it
//! has to. Programs in Java and Kotlin become revisions in Rust whose body is to be written.
//!
//! What has no place in a chain is listed with what to do: repeatable migrations (`R`), callbacks, and a
//! baseline (`B`) over versions that are there; where they are not, the baseline is the first revision.
//! Placeholders (`${name}`) stay as they are, and are listed.
//!
//! **The revision's id is the version with `.` between its parts**, as `flyway_schema_history` holds it.

use super::versions::{Folders, Found, Role, Script, assemble, files};
use super::{Directory, File, Part, Read, Tool, Transaction, ignored, name, named};
use crate::tool::order_of_parts as order;

/// Whether there is a versioned file, and something that refinery does not have: repeatable migrations,
/// baselines, undo, parts in a version, programs, configuration, callbacks or placeholders.
pub fn recognise(directory: &Directory) -> bool {
    let found = files(directory, Folders::All);
    let kinds: Vec<(&File, Kind<'_>)> =
        found.iter().filter_map(|found| Some((found.file, kind(found.file)?))).collect();
    let versions = |prefix: char| kinds.iter().filter_map(move |(_, kind)| kind.version(prefix));
    let is_telling = |(file, kind): &(&File, Kind<'_>)| match kind {
        Kind::Versioned { prefix, version, words, ending } => {
            *prefix == 'B'
                || (*prefix == 'U' && versions('V').any(|other| order(other) == order(version)))
                || !version.bytes().all(|byte| byte.is_ascii_digit())
                || !words.chars().all(|c| c.is_alphanumeric() || c == '_')
                || *ending != "sql"
                || has_placeholder(file)
        }
        Kind::Repeatable | Kind::Callback | Kind::Configuration => true,
    };
    versions('V').chain(versions('B')).next().is_some() && kinds.iter().any(is_telling)
}

/// The migrations in the order of their versions.
pub fn read(directory: &Directory) -> Read<'_> {
    let mut read = Read::default();
    let found = files(directory, Folders::All);
    let baseline = baseline(&found);
    let versions: Vec<String> =
        found.iter().filter_map(|found| kind(found.file)?.version('V').map(order)).collect();
    let mut scripts = Vec::new();
    let (mut others, mut left, mut placeholders) = (Vec::new(), Left::default(), Vec::new());
    for &Found { file, dialect } in &found {
        let path = file.path.as_str();
        let Some(kind) = kind(file) else {
            others.push(file.path.clone());
            continue;
        };
        let (prefix, version, words, ending) = match kind {
            Kind::Repeatable => {
                left.repeatable.push(path);
                continue;
            }
            Kind::Callback => {
                left.callbacks.push(path);
                continue;
            }
            Kind::Configuration => continue,
            Kind::Versioned { prefix, version, words, ending } => (prefix, version, words, ending),
        };
        let order = order(version);
        if prefix == 'B'
            && (baseline.as_ref() != Some(&order) || versions.iter().any(|other| *other <= order))
        {
            left.baselines.push(path);
            continue;
        }
        if prefix == 'U' && !versions.contains(&order) {
            left.undo.push(path);
            continue;
        }
        let role = match (prefix, ending) {
            ('U', _) => Role::Down,
            (_, "sql") => Role::Up,
            _ => Role::Program,
        };
        if has_placeholder(file) && role != Role::Program {
            placeholders.push(path);
        }
        let version = version.replace('_', ".");
        scripts.push(Script {
            file,
            role,
            part: Part { dialect, ..Part::whole(file) },
            stem: format!("{version}_{}", words.replace(' ', "_")).trim_end_matches('_').to_owned(),
            version,
            identity: order.clone(),
            order,
            description: name::words(words),
            transaction: if is_outside(file, &found) {
                Transaction::Outside
            } else {
                Transaction::AsWritten
            },
        });
    }
    assemble(Tool::Flyway, scripts, &mut read);
    left.note(&mut read.notes);
    if !placeholders.is_empty() {
        read.notes.push(format!(
            "`${{…}}` is text in a revision, and Flyway puts values there; write them into: {}",
            named(placeholders)
        ));
    }
    read.notes.extend(ignored(Tool::Flyway, &others));
    read
}

/// What was left out, by the reason.
#[derive(Default)]
struct Left<'d> {
    repeatable: Vec<&'d str>,
    callbacks: Vec<&'d str>,
    baselines: Vec<&'d str>,
    undo: Vec<&'d str>,
}

impl Left<'_> {
    fn note(self, notes: &mut Vec<String>) {
        let mut note = |paths: Vec<&str>, why: &str| {
            if !paths.is_empty() {
                notes.push(format!("not imported, {why}: {}", named(paths)));
            }
        };
        note(
            self.repeatable,
            "since a revision is applied once; put what is repeatable into a new revision \
             (`cargo migrate new`), and into another one whenever it changes",
        );
        note(
            self.callbacks,
            "since a chain has no callbacks; call them where you call `cargo migrate`",
        );
        note(self.baselines, "since the versions that the baseline stands for are there");
        note(self.undo, "since there is no version that it undoes");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'f> {
    Versioned {
        prefix: char,
        version: &'f str,
        words: &'f str,
        ending: &'f str,
    },
    Repeatable,
    Callback,
    /// Of a script, or of the tool.
    Configuration,
}

impl<'f> Kind<'f> {
    fn version(self, wanted: char) -> Option<&'f str> {
        match self {
            Self::Versioned { prefix, version, .. } if prefix == wanted => Some(version),
            _ => None,
        }
    }
}

fn kind(file: &File) -> Option<Kind<'_>> {
    let (stem, ending) = file.name().rsplit_once('.')?;
    if ending == "conf"
        && (stem == "flyway" || stem.rsplit_once('.').is_some_and(|(_, end)| end == "sql"))
        || file.name() == "flyway.toml"
    {
        return Some(Kind::Configuration);
    }
    if !matches!(ending, "sql" | "java" | "kt") {
        return None;
    }
    let event = stem.split("__").next().unwrap_or(stem);
    if ending == "sql"
        && ["before", "after"].iter().any(|word| {
            event
                .strip_prefix(word)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        })
    {
        return Some(Kind::Callback);
    }
    let mut chars = stem.chars();
    let prefix = chars.next()?;
    let (version, words) = chars.as_str().split_once("__").unwrap_or((chars.as_str(), ""));
    match prefix {
        'R' if version.is_empty() && !words.is_empty() => Some(Kind::Repeatable),
        'V' | 'U' | 'B' if is_version(version) => {
            Some(Kind::Versioned { prefix, version, words, ending })
        }
        _ => None,
    }
}

fn is_version(text: &str) -> bool {
    text.split(['.', '_']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// The newest baseline, which is the only one that Flyway looks at.
fn baseline(found: &[Found<'_>]) -> Option<String> {
    found.iter().filter_map(|found| kind(found.file)?.version('B').map(order)).max()
}

fn has_placeholder(file: &File) -> bool {
    file.bytes.windows(2).any(|pair| pair == b"${")
}

/// Whether the configuration of a script says so.
fn is_outside(file: &File, found: &[Found<'_>]) -> bool {
    let path = format!("{}.conf", file.path);
    let Some(conf) = found.iter().find(|found| found.file.path == path) else { return false };
    String::from_utf8_lossy(&conf.file.bytes).lines().any(|line| {
        line.split_once('=').is_some_and(|(key, value)| {
            key.trim() == "executeInTransaction" && value.trim().eq_ignore_ascii_case("false")
        })
    })
}

#[cfg(test)]
mod tests;
