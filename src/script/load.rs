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
    /// What is there and could not be read; then the files are not all.
    pub(crate) unreadable: Vec<Unreadable>,
}

/// Something in the directory, or the directory itself, that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// Reads every revision file below `root/dir`; paths in `sources` are relative to `root`.
pub(crate) fn directory(root: &Path, dir: &str, sources: &mut Sources) -> Loaded {
    let top = root.join(dir);
    let mut paths = Vec::new();
    let mut strays = Vec::new();
    let mut loaded = Loaded::default();
    let walk = walkdir::WalkDir::new(&top)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_resource(entry.file_name()));
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(&top).to_owned();
                // A link that leads nowhere is an error before its name is looked at; the lock
                // files of Emacs are such links.
                if error.depth() == 0 || !path.file_name().is_some_and(is_resource) {
                    loaded.unreadable.push(Unreadable { path, error: error.into() });
                }
                continue;
            }
        };
        if entry.depth() == 0 && !entry.file_type().is_dir() {
            let error = io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory");
            loaded.unreadable.push(Unreadable { path: top.clone(), error });
            continue;
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
    for (_, path, kind) in paths {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                loaded.unreadable.push(Unreadable { path, error });
                continue;
            }
        };
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
        loaded.findings.push(stray(root, &path, sources));
    }
    loaded.unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    loaded
}

/// The order of files: by name first, since moving a file into a folder must not change the order
/// in which it runs.
pub(crate) fn by_name(path: &str) -> (&str, &str) {
    (path.rsplit('/').next().unwrap_or(path), path)
}

fn stray(root: &Path, path: &Path, sources: &mut Sources) -> Diagnostic {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = sources.add(shown(root, path), "");
    let finding = Diagnostic::new(Code::StrayFile, format!("`{name}` is no revision"))
        .label(file, 0..0, "")
        .note("revisions are `.sql` and `.rs` files");
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    for known in ["sql", "rs"] {
        if extension.eq_ignore_ascii_case(known) {
            return finding.help(format!("write the extension in lower case: `.{known}`"));
        }
    }
    finding.help("move it elsewhere, or let its name begin with `_` or `.`")
}

fn is_resource(name: &std::ffi::OsStr) -> bool {
    matches!(name.as_encoded_bytes().first(), Some(b'_' | b'.'))
}

/// The path that people and the binary see: relative to the package, with `/` everywhere.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> =
        relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn no_text(path: String, bytes: &[u8], error: TextError, sources: &mut Sources) -> Diagnostic {
    let (code, message, at, byte) = match error {
        TextError::NotUtf8 { at } => (
            Code::NotUtf8,
            "this file is not UTF-8",
            at,
            format!("the byte {:#04x} is not UTF-8", bytes[at]),
        ),
        TextError::Nul { at } => {
            (Code::NulByte, "this file holds a NUL byte", at, String::from("the first NUL byte"))
        }
    };
    // Only what comes before can be shown; the rest could be anything, and of any size.
    let mut text = String::from_utf8_lossy(&bytes[..at]).into_owned();
    text.push(char::REPLACEMENT_CHARACTER);
    let end = text.len();
    let file = sources.add(path, text);
    let is_utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    Diagnostic::new(code, message)
        .label(file, at..end, byte)
        .help(match error {
            TextError::NotUtf8 { .. } if is_utf_16 => "the file is UTF-16; save it as UTF-8",
            TextError::NotUtf8 { .. } => "save the file as UTF-8",
            TextError::Nul { .. } => "remove it; or, if the file is UTF-16, save it as UTF-8",
        })
        .help("if the file is no revision, move it elsewhere, or let its name begin with `_`")
}
