//! File changes as a value: planned, shown, and applied all or none.
//!
//! A change is written to a temporary file beside its target and renamed over it, so a reader sees the
//! old file or the new one. All temporary files are written before the first rename: a full disk or a
//! missing permission shows before anything of the user's has changed. Should a rename itself fail,
//! those before it are taken back.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Error;

/// One change of one file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A directory that must exist; one that is there is left alone.
    CreateDir {
        /// The directory.
        path: PathBuf,
    },
    /// A new file; one that is there is never overwritten.
    Create {
        /// The file.
        path: PathBuf,
        /// Its content.
        text: String,
    },
    /// Another content for a file that is there, refused if it no longer reads `before`.
    Edit {
        /// The file.
        path: PathBuf,
        /// The content that the plan was made for.
        before: String,
        /// The content afterwards.
        after: String,
    },
}

impl Change {
    /// The file or directory.
    pub fn path(&self) -> &Path {
        match self {
            Self::CreateDir { path } | Self::Create { path, .. } | Self::Edit { path, .. } => path,
        }
    }

    /// The lines of the file, with what happens to each: what a dry run shows.
    pub fn lines(&self) -> Vec<Line<'_>> {
        match self {
            Self::CreateDir { .. } => Vec::new(),
            Self::Create { text, .. } => text.lines().map(Line::Added).collect(),
            Self::Edit { before, after, .. } => difference(before, after),
        }
    }
}

/// A line of a file that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Stays as it is.
    Same(&'a str),
    /// Comes.
    Added(&'a str),
    /// Goes.
    Removed(&'a str),
}

/// The longest common subsequence of lines; edits are few, so the rest between equal ends is short.
fn difference<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (old, new) = (&before[head..], &after[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);

    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let mut lines: Vec<_> = before[..head].iter().copied().map(Line::Same).collect();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(Line::Removed(old[i]));
            i += 1;
        } else {
            lines.push(Line::Added(new[j]));
            j += 1;
        }
    }
    lines.extend(before[before.len() - tail..].iter().copied().map(Line::Same));
    lines
}

/// A plan: what will change, and what the user must do by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changes, in the order in which they are shown.
    pub files: Vec<Change>,
    /// What remains for the user's own hands, one sentence each.
    pub notes: Vec<String>,
}

impl Changes {
    /// Whether no file would change; there may be notes.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn create(&mut self, path: PathBuf, text: impl Into<String>) {
        self.files.push(Change::Create { path, text: text.into() });
    }

    /// Nothing, where the text stays the same.
    pub(super) fn edit(&mut self, path: &Path, before: &str, after: String) {
        if before != after {
            let (path, before) = (path.to_path_buf(), before.to_owned());
            self.files.push(Change::Edit { path, before, after });
        }
    }

    /// The same for a file that may have changed in this plan already.
    pub(super) fn edit_again(&mut self, path: &Path, before: &str, after: String) {
        let planned = self.files.iter_mut().find(|change| change.path() == path);
        match planned {
            Some(Change::Create { text, .. } | Change::Edit { after: text, .. }) => *text = after,
            Some(Change::CreateDir { .. }) | None => self.edit(path, before, after),
        }
    }

    /// Whether a file changes.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|change| change.path() == path)
    }

    /// What a file will say, if it says this on disk.
    pub(super) fn text_of<'a>(&'a self, path: &Path, on_disk: &'a str) -> &'a str {
        let planned = self.files.iter().find(|change| change.path() == path);
        match planned {
            Some(Change::Create { text, .. } | Change::Edit { after: text, .. }) => text,
            Some(Change::CreateDir { .. }) | None => on_disk,
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Writes everything, or nothing.
    ///
    /// Fails before the first write if a file is not as it was when the plan was made.
    pub fn apply(&self) -> Result<(), Error> {
        for change in &self.files {
            check(change)?;
        }
        let mut undo = Undo::default();
        match self.write(&mut undo) {
            Ok(()) => Ok(()),
            Err(cause) => {
                let paths = undo.take_back();
                if paths.is_empty() {
                    return Err(cause);
                }
                Err(Error::Stranded { cause: Box::new(cause), paths })
            }
        }
    }

    fn write(&self, undo: &mut Undo) -> Result<(), Error> {
        let mut staged = Vec::new();
        for change in &self.files {
            match change {
                Change::CreateDir { path } => make_directory(path, undo)?,
                Change::Create { path, text } => {
                    if let Some(parent) = path.parent() {
                        make_directory(parent, undo)?;
                    }
                    staged.push((change, path.clone(), stage(path, text, undo)?));
                }
                Change::Edit { path, after, .. } => {
                    // A manifest may be a symbolic link: what it points to is edited, not the link.
                    let target = path.canonicalize().map_err(|source| read(path, source))?;
                    let temporary = stage(&target, after, undo)?;
                    let permissions = fs::metadata(&target).map(|metadata| metadata.permissions());
                    permissions
                        .and_then(|permissions| fs::set_permissions(&temporary, permissions))
                        .map_err(|source| write(path, source))?;
                    staged.push((change, target, temporary));
                }
            }
        }
        for (change, target, temporary) in staged {
            check(change)?;
            fs::rename(&temporary, &target).map_err(|source| write(&target, source))?;
            undo.steps.push(match change {
                Change::Edit { before, .. } => Step::Restore(target, before.clone()),
                _ => Step::RemoveFile(target),
            });
        }
        Ok(())
    }
}

fn read(path: &Path, source: io::Error) -> Error {
    Error::Read { path: path.to_path_buf(), source }
}

fn write(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.to_path_buf(), source }
}

fn check(change: &Change) -> Result<(), Error> {
    match change {
        Change::CreateDir { .. } => Ok(()),
        // Not `exists`, which follows a link to nowhere that the rename would replace.
        Change::Create { path, .. } => match fs::symlink_metadata(path) {
            Ok(_) => Err(Error::Exists { path: path.clone() }),
            // A file where a directory is wanted shows up when the directory is made.
            Err(_) => Ok(()),
        },
        Change::Edit { path, before, .. } => {
            let bytes = fs::read(path).map_err(|source| read(path, source))?;
            // A rename would replace a read-only file all the same, against what its owner asked for.
            let metadata = fs::metadata(path).map_err(|source| read(path, source))?;
            if metadata.permissions().readonly() {
                return Err(write(
                    path,
                    io::Error::new(io::ErrorKind::PermissionDenied, "read-only file"),
                ));
            }
            if bytes == before.as_bytes() {
                return Ok(());
            }
            Err(Error::Changed { path: path.clone() })
        }
    }
}

fn make_directory(path: &Path, undo: &mut Undo) -> Result<(), Error> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directory(parent, undo)?;
    }
    fs::create_dir(path).map_err(|source| write(path, source))?;
    undo.steps.push(Step::RemoveDirectory(path.to_path_buf()));
    Ok(())
}

/// Writes the text beside its target: on the same file system, where the rename is atomic.
fn stage(target: &Path, text: &str, undo: &mut Undo) -> Result<PathBuf, Error> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = target.with_file_name(format!(".{name}.{}.migrate-tmp", std::process::id()));
    let file = fs::File::options().write(true).create_new(true).open(&temporary);
    let mut file = file.map_err(|source| write(target, source))?;
    undo.temporaries.push(temporary.clone());
    file.write_all(text.as_bytes()).map_err(|source| write(target, source))?;
    file.sync_all().map_err(|source| write(target, source))?;
    Ok(temporary)
}

/// What was done, so that it can be taken back.
#[derive(Default)]
struct Undo {
    temporaries: Vec<PathBuf>,
    steps: Vec<Step>,
}

enum Step {
    RemoveFile(PathBuf),
    RemoveDirectory(PathBuf),
    Restore(PathBuf, String),
}

impl Undo {
    /// Returns what could not be taken back.
    fn take_back(self) -> Vec<PathBuf> {
        for temporary in self.temporaries {
            // Those already renamed are gone, and a leftover harms nobody: its name begins with a dot.
            let _ = fs::remove_file(temporary);
        }
        let mut stranded = Vec::new();
        for step in self.steps.into_iter().rev() {
            let (path, result) = match step {
                Step::RemoveFile(path) => (path.clone(), fs::remove_file(&path)),
                Step::RemoveDirectory(path) => (path.clone(), fs::remove_dir(&path)),
                Step::Restore(path, before) => (path.clone(), fs::write(&path, before)),
            };
            if result.is_err() {
                stranded.push(path);
            }
        }
        stranded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn creates_and_edits() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.txt");
        fs::write(&file, "old").unwrap();
        let mut changes = Changes::default();
        changes.edit(&file, "old", "new".to_owned());
        changes.edit(&file, "same", "same".to_owned());
        changes.create(dir.path().join("x/y/z.txt"), "z");
        changes.files.push(Change::CreateDir { path: dir.path().join("d/e") });
        changes.apply().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_to_string(dir.path().join("x/y/z.txt")).unwrap(), "z");
        assert!(dir.path().join("d/e").is_dir());
        assert_eq!(names(dir.path()), ["a.txt", "d", "x"]);
    }

    #[test]
    fn a_file_that_is_there_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b.txt"), "mine").unwrap();
        let mut changes = Changes::default();
        changes.create(dir.path().join("a.txt"), "a");
        changes.create(dir.path().join("b.txt"), "b");
        let error = changes.apply().unwrap_err();
        assert!(matches!(&error, Error::Exists { path } if path.ends_with("b.txt")), "{error}");
        assert_eq!(names(dir.path()), ["b.txt"]);
        assert_eq!(fs::read_to_string(dir.path().join("b.txt")).unwrap(), "mine");
    }

    #[test]
    fn a_file_that_changed_is_not_edited() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.txt");
        fs::write(&file, "edited meanwhile").unwrap();
        let mut changes = Changes::default();
        changes.create(dir.path().join("new/b.txt"), "b");
        changes.edit(&file, "old", "new".to_owned());
        assert!(matches!(changes.apply().unwrap_err(), Error::Changed { .. }));
        assert_eq!(names(dir.path()), ["a.txt"]);
    }

    #[test]
    fn a_failure_in_the_middle_takes_back_what_was_done() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.txt");
        fs::write(&file, "old").unwrap();
        let mut changes = Changes::default();
        changes.edit(&file, "old", "new".to_owned());
        changes.create(dir.path().join("deep/b.txt"), "b");
        // The same file twice: the second rename finds it there.
        changes.create(dir.path().join("deep/c.txt"), "c");
        changes.create(file.join("below a file"), "d");
        let error = changes.apply().unwrap_err();
        assert!(matches!(error, Error::Write { .. }), "{error}");
        assert_eq!(names(dir.path()), ["a.txt"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    }

    #[test]
    fn a_failed_rename_takes_back_those_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.txt");
        fs::write(&file, "old").unwrap();
        let mut changes = Changes::default();
        changes.edit(&file, "old", "new".to_owned());
        changes.create(dir.path().join("deep/b.txt"), "b");
        changes.files.push(Change::CreateDir { path: dir.path().join("deep/b.txt") });
        let error = changes.apply().unwrap_err();
        assert!(matches!(error, Error::Exists { .. } | Error::Write { .. }), "{error}");
        assert_eq!(names(dir.path()), ["a.txt"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    }

    #[test]
    fn a_read_only_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.txt");
        fs::write(&file, "old").unwrap();
        let mut permissions = fs::metadata(&file).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&file, permissions).unwrap();
        let mut changes = Changes::default();
        changes.edit(&file, "old", "new".to_owned());
        let error = changes.apply().unwrap_err().to_string();
        assert!(error.ends_with("a.txt`: read-only file; nothing was changed"), "{error}");
    }

    #[test]
    fn lines_of_an_edit() {
        let change = |before: &str, after: &str| {
            let (before, after) = (before.to_owned(), after.to_owned());
            let change = Change::Edit { path: PathBuf::new(), before, after };
            let lines = change.lines().into_iter().map(|line| match line {
                Line::Same(line) => format!(" {line}"),
                Line::Added(line) => format!("+{line}"),
                Line::Removed(line) => format!("-{line}"),
            });
            lines.collect::<Vec<_>>().join(",")
        };
        assert_eq!(change("a\nb\n", "a\nx\nb\ny\n"), " a,+x, b,+y");
        assert_eq!(change("a\nb\nc\n", "a\nB\nc\n"), " a,-b,+B, c");
        assert_eq!(change("", "a\n"), "+a");
        assert_eq!(change("a\na\n", "a\n"), " a,-a");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real.toml");
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        let link = dir.path().join("Cargo.toml");
        symlink("real.toml", &link).unwrap();
        let mut changes = Changes::default();
        changes.edit(&link, "old", "new".to_owned());
        changes.apply().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
