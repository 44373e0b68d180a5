//! Where the files of an Alembic project are.
//!
//! The directory that is named may be the project's, with `alembic.ini` or `pyproject.toml`, or that of the scripts, with
//! `env.py` and `versions`, or one of versions.

use std::path::{Path, PathBuf};

use super::super::directory::{Directory, folder};
use crate::scaffold::Error;

const INI: &str = "alembic.ini";
const PYPROJECT: &str = "pyproject.toml";

/// How deep versions are looked for where Alembic does, or may.
const RECURSIVE: usize = 16;

/// How many directories above the one that is named may hold the configuration.
const ABOVE: usize = 4;

/// What the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Configuration {
    script_location: Option<String>,
    version_locations: Vec<String>,
    is_recursive: bool,
}

/// Reads the versions of a project; paths are shown relative to the directory that is named.
pub(in super::super) fn read(path: &Path) -> Result<Directory, Error> {
    let (locations, depth) = locations(path);
    let mut directory = Directory::default();
    for location in locations {
        let below = location.strip_prefix(path).unwrap_or(&location).to_string_lossy().into_owned();
        let below = if below.is_empty() { below } else { format!("{below}/") };
        let inner = folder(&location, &below, depth)?;
        directory.directories.push(Directory { name: below, ..inner });
    }
    Ok(directory)
}

/// The directory of the configuration of the project that a directory belongs to.
pub(super) fn project(path: &Path) -> Option<PathBuf> {
    let is_project = |directory: &&Path| configuration(directory).is_some();
    path.ancestors().take(ABOVE).find(is_project).map(Path::to_path_buf)
}

/// The directories of the versions, and how deep they go.
fn locations(path: &Path) -> (Vec<PathBuf>, usize) {
    let own = configuration(path).map(|configuration| (path.to_path_buf(), configuration));
    let above = || {
        let project = project(path)?;
        let configuration = configuration(&project)?;
        let scripts = scripts(&project, &configuration)?.canonicalize().ok()?;
        (Some(scripts) == path.canonicalize().ok()).then_some((project, configuration))
    };
    if let Some((project, configuration)) = own.or_else(above) {
        let depth = if configuration.is_recursive { RECURSIVE } else { 1 };
        let given = configuration.version_locations.iter();
        let mut locations: Vec<PathBuf> =
            given.filter_map(|location| resolve(&project, location)).collect();
        if locations.is_empty() {
            locations
                .extend(scripts(&project, &configuration).map(|scripts| scripts.join("versions")));
        }
        if !locations.is_empty() {
            return (locations, depth);
        }
    }
    let versions = path.join("versions");
    (vec![if versions.is_dir() { versions } else { path.to_path_buf() }], RECURSIVE)
}

fn scripts(project: &Path, configuration: &Configuration) -> Option<PathBuf> {
    resolve(project, configuration.script_location.as_deref()?)
}

/// A place as the configuration gives it: `%(here)s/alembic`, `alembic`, or `package:directory`.
fn resolve(project: &Path, location: &str) -> Option<PathBuf> {
    let plain = location.replace("%(here)s", &project.to_string_lossy()).replace("%%", "%");
    if let Some((package, rest)) = plain.split_once(':').filter(|(package, _)| package.len() > 1) {
        let package = package.replace('.', "/");
        return ["", "src"]
            .iter()
            .map(|root| project.join(root).join(&package).join(rest))
            .find(|path| path.is_dir());
    }
    Some(project.join(plain.trim_end_matches('/')))
}

fn configuration(directory: &Path) -> Option<Configuration> {
    let read = |name: &str| std::fs::read(directory.join(name)).ok();
    let ini = read(INI).map(|bytes| ini(&bytes)).filter(|found| found.script_location.is_some());
    ini.or_else(|| pyproject(&String::from_utf8_lossy(&read(PYPROJECT)?)))
}

/// The place of the scripts, if the bytes are a configuration of Alembic.
pub(super) fn script_location(bytes: &[u8]) -> Option<String> {
    ini(bytes).script_location
}

/// Reads the section `[alembic]`.
fn ini(bytes: &[u8]) -> Configuration {
    let text = String::from_utf8_lossy(bytes);
    let mut values: Vec<(String, String)> = Vec::new();
    let mut is_ours = false;
    for line in text.lines() {
        let content = line.trim();
        if content.starts_with(['#', ';']) || content.is_empty() {
            continue;
        }
        if content.starts_with('[') {
            is_ours = content == "[alembic]";
        } else if is_ours && line.starts_with(char::is_whitespace) {
            // A line that is indented goes on with the value before it.
            if let Some((_, value)) = values.last_mut() {
                value.push('\n');
                value.push_str(content);
            }
        } else if is_ours && let Some((key, value)) = content.split_once(['=', ':']) {
            values.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let value =
        |key: &str| values.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str());
    let separator = value("path_separator").or_else(|| value("version_path_separator"));
    let split = |text: &str| -> Vec<String> {
        let is_separator = |c: char| match separator {
            Some("os") => c == if cfg!(windows) { ';' } else { ':' } || c == '\n',
            Some("space") => c.is_whitespace(),
            Some("newline") => c == '\n',
            Some(":") => c == ':',
            Some(";") => c == ';',
            _ => c == ',' || c.is_whitespace(),
        };
        text.split(is_separator)
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Configuration {
        script_location: value("script_location").map(str::to_owned),
        version_locations: value("version_locations").map(split).unwrap_or_default(),
        is_recursive: value("recursive_version_locations").is_some_and(|value| {
            matches!(&*value.to_ascii_lowercase(), "true" | "1" | "yes" | "on")
        }),
    }
}

/// Reads the table `[tool.alembic]`.
fn pyproject(text: &str) -> Option<Configuration> {
    let document = text.parse::<toml_edit::DocumentMut>().ok()?;
    let table = document.get("tool")?.get("alembic")?;
    let locations = table.get("version_locations").and_then(toml_edit::Item::as_array);
    Some(Configuration {
        script_location: Some(table.get("script_location")?.as_str()?.to_owned()),
        version_locations: locations
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
        is_recursive: table.get("recursive_version_locations").and_then(toml_edit::Item::as_bool)
            == Some(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations() {
        let found = ini(
            b"# x\n[alembic]\nscript_location = %(here)s/db\nversion_locations = a:%(here)s/b\n  c\n\
              path_separator = os\nrecursive_version_locations = true\n[other]\nscript_location = no\n",
        );
        assert_eq!(found.script_location.as_deref(), Some("%(here)s/db"));
        assert_eq!(found.version_locations, ["a", "%(here)s/b", "c"]);
        assert!(found.is_recursive);
        let toml = pyproject("[tool.alembic]\nscript_location = \"app:db\"\n").unwrap();
        assert_eq!(toml.script_location.as_deref(), Some("app:db"));
        assert_eq!(pyproject("[tool.poetry]\n"), None);
    }

    #[test]
    fn versions_are_found_from_everywhere() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for (path, text) in [
            ("alembic.ini", "[alembic]\nscript_location = app:db\n"),
            ("src/app/db/env.py", ""),
            ("src/app/db/versions/a.py", "revision = 'a'\ndown_revision = None\n"),
            ("src/app/db/versions/old/b.py", "not read"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        for (below, shown) in [("", "src/app/db/versions/a.py"), ("src/app/db", "versions/a.py")] {
            let directory = read(&root.join(below)).unwrap();
            let files = &directory.directories[0].files;
            assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), [shown]);
        }
        assert_eq!(
            read(&root.join("src/app/db/versions")).unwrap().directories[0].files[0].path,
            "a.py"
        );
        assert_eq!(project(&root.join("src/app/db")).as_deref(), Some(root));
    }
}
