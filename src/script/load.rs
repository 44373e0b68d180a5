//! Reading a migrations directory.
//!
//! Everything that can be a revision is read, in file-name order, whatever the file system's order
//! is. Names that begin with `_` or `.` hold resources and are skipped, folders with them.

use std::io;
use std::path::{Path, PathBuf};

use super::text::{TextError, normalise};
use crate::chain::Kind;
use crate::diagnostic::{Code, Diagnostic, FileId, Sources};

/// A revision file as it was found.
#[derive(Clone, Debug)]
pub(crate) struct LoadedFile {
    pub(crate) file: FileId,
    pub(crate) kind: Kind,
    /// The file name without its extension.
    pub(crate) stem: String,
}

/// The files of a directory, and what is wrong with them as files.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) files: Vec<LoadedFile>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// A directory that cannot be read at all.
#[derive(Debug)]
pub(crate) struct LoadError {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// Reads every revision file below `root/dir`; paths in `sources` are relative to `root`.
pub(crate) fn directory(
    root: &Path,
    dir: &str,
    sources: &mut Sources,
) -> Result<Loaded, LoadError> {
    let top = root.join(dir);
    let mut paths = Vec::new();
    let mut strays = Vec::new();
    let walk = walkdir::WalkDir::new(&top)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_resource(entry.file_name()));
    for entry in walk {
        let entry = entry.map_err(|error| LoadError {
            path: error.path().unwrap_or(&top).to_owned(),
            error: error.into(),
        })?;
        if entry.depth() == 0 && !entry.file_type().is_dir() {
            return Err(LoadError {
                path: top,
                error: io::Error::new(io::ErrorKind::NotADirectory, "it is no directory"),
            });
        }
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.file_name().to_owned();
        let path = entry.into_path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sql") => paths.push((name, path, Kind::Sql)),
            Some("rs") => paths.push((name, path, Kind::Rust)),
            _ => strays.push(path),
        }
    }
    // By name first: moving a file into a folder must not change the order in which it runs.
    // No two files share a path, so the kind never decides.
    paths.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    strays.sort();

    let mut loaded = Loaded::default();
    for (_, path, kind) in paths {
        let bytes =
            std::fs::read(&path).map_err(|error| LoadError { path: path.clone(), error })?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let shown = shown(root, &path);
        match normalise(bytes) {
            Ok(text) => {
                let file = sources.add(shown, text);
                loaded.files.push(LoadedFile { file, kind, stem });
            }
            Err((error, bytes)) => loaded.findings.push(no_text(shown, &bytes, error, sources)),
        }
    }
    for path in strays {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = sources.add(shown(root, &path), "");
        loaded.findings.push(
            Diagnostic::new(Code::StrayFile, format!("`{name}` is no revision"))
                .label(file, 0..0, "")
                .note("revisions are `.sql` or `.rs` files")
                .help("move it elsewhere, or let its name begin with `_`"),
        );
    }
    Ok(loaded)
}

fn is_resource(name: &std::ffi::OsStr) -> bool {
    matches!(name.as_encoded_bytes().first(), Some(b'_' | b'.'))
}

/// The path that people and the binary see: relative to the package, with `/` everywhere.
fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> =
        relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn no_text(path: String, bytes: &[u8], error: TextError, sources: &mut Sources) -> Diagnostic {
    let (code, message, at) = match error {
        TextError::NotUtf8 { at } => (Code::NotUtf8, "this file is not UTF-8", at),
        TextError::Nul { at } => (Code::NulByte, "this file holds a NUL byte", at),
    };
    // Only what comes before can be shown; the rest could be anything, and of any size.
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let file = sources.add(path, "");
    Diagnostic::new(code, message)
        .label(file, 0..0, "")
        .note(format!("byte {at} (line {line}, byte {} of it) is the first one", at - start + 1))
        .help(match error {
            TextError::NotUtf8 { .. } => "save the file as UTF-8, or move it out of the directory",
            TextError::Nul { .. } => {
                "save the file as UTF-8 text (UTF-16 has such bytes), or move it out of the directory"
            }
        })
}
