//! Why something could not be scaffolded: each case names the file and what to do next.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::import::{Problem, Tool};
use crate::Dialect;
use crate::chain::listed;

/// A failure to plan or to apply [`Changes`](super::Changes).
///
/// The messages fit after "failed to …: ".
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read.
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or directory could not be written; what was written before it has been taken back.
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A write failed, and so did taking back what had been written before it.
    Stranded {
        /// The failure that made the run stop.
        cause: Box<Error>,
        /// The files that hold new content although the run failed.
        paths: Vec<PathBuf>,
    },
    /// A file that was to be created is there.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file was edited between planning and applying.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A manifest is not what cargo accepts, or has a value of the wrong kind where one must be added.
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong, with the place where it is known.
        message: String,
    },
    /// The manifest has no `[package]`.
    NotAPackage {
        /// The manifest.
        path: PathBuf,
    },
    /// The manifest has no `[workspace]`.
    NotAWorkspace {
        /// The manifest.
        path: PathBuf,
    },
    /// The package has neither a library nor a binary that could embed the chain.
    NoTarget {
        /// The manifest.
        path: PathBuf,
    },
    /// `build = false` switches build scripts off.
    BuildScriptDisabled {
        /// The manifest.
        path: PathBuf,
    },
    /// The package has a binary `migrate` that is not the runner.
    BinaryTaken {
        /// The manifest.
        path: PathBuf,
        /// The binary's source.
        binary: PathBuf,
    },
    /// The directory or the name of the new member is in use.
    MemberTaken {
        /// The directory.
        path: PathBuf,
        /// The name of the member that was to be created.
        name: String,
    },
    /// The alias `xtask` runs something else than a member of the workspace.
    AliasTaken {
        /// Cargo's configuration.
        path: PathBuf,
    },
    /// The directory of the new member `xtask` is in use.
    XtaskTaken {
        /// The directory.
        path: PathBuf,
    },
    /// A template has something between `{{` and `}}` that is no placeholder.
    Placeholder {
        /// The template, where it is the project's own.
        path: Option<PathBuf>,
        /// The line in the template, counted from one.
        line: usize,
        /// What stands there.
        found: String,
        /// The placeholders that there are.
        known: Vec<&'static str>,
    },
    /// The message of a revision cannot stand in a comment.
    Message {
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing to import was found.
    NothingToImport {
        /// The directory.
        path: PathBuf,
        /// What is the matter with it, such as "is empty".
        why: String,
        /// The tool that it was taken for, if one was.
        tool: Option<Tool>,
    },
    /// The directory has the layout of no tool.
    NotRecognised {
        /// The directory.
        path: PathBuf,
        /// Whether it has a folder `migrations`, which may be what was meant.
        has_folder: bool,
    },
    /// The directory has the layouts of several tools.
    AmbiguousTool {
        /// The directory.
        path: PathBuf,
        /// The tools.
        tools: Vec<Tool>,
    },
    /// The chain is written for several dialects, and what is imported for one of them.
    WhichDialect {
        /// The dialects of the chain.
        configured: Vec<Dialect>,
    },
    /// What is imported is said to be for a dialect that the chain is not written for.
    OtherDialect {
        /// The dialect.
        dialect: Dialect,
        /// The dialects of the chain.
        configured: Vec<Dialect>,
    },
    /// The directory cannot be imported, for all these reasons.
    Import {
        /// The directory.
        path: PathBuf,
        /// Each with its file, and its line where it has one.
        problems: Vec<Problem>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "cannot read `{}`: {source}", path.display()),
            Self::Write { path, source } => {
                write!(f, "cannot write `{}`: {source}; nothing was changed", path.display())
            }
            Self::Stranded { cause, paths } => {
                let paths: Vec<_> = paths.iter().map(|p| format!("`{}`", p.display())).collect();
                write!(
                    f,
                    "{cause}, except for {}, which could not be taken back; restore from version control",
                    paths.join(", ")
                )
            }
            Self::Exists { path } => write!(
                f,
                "`{}` exists already and is not overwritten; nothing was changed; move it away and run the command again",
                path.display()
            ),
            Self::Changed { path } => write!(
                f,
                "`{}` changed while the command ran; nothing was changed; run the command again",
                path.display()
            ),
            Self::Manifest { path, message } => write!(f, "`{}`: {message}", path.display()),
            Self::NotAPackage { path } => write!(
                f,
                "`{}` has no `[package]`; run `cargo migrate init -p PACKAGE` with a member's name",
                path.display()
            ),
            Self::NotAWorkspace { path } => write!(
                f,
                "`{}` has no `[workspace]`; run `cargo migrate init` inside the package",
                path.display()
            ),
            Self::NoTarget { path } => write!(
                f,
                "`{}` has neither a library nor a binary that could embed the chain; \
                 create `src/lib.rs` and run `cargo migrate init` again",
                path.display()
            ),
            Self::BuildScriptDisabled { path } => write!(
                f,
                "`{}` says `build = false`, but the chain is baked by a build script; \
                 remove that line and run `cargo migrate init` again",
                path.display()
            ),
            Self::BinaryTaken { path, binary } => write!(
                f,
                "`{}` has a binary `migrate` of its own (`{}`), and the runner needs that name; \
                 give it another one with `[[bin]] name = \"…\"` and run `cargo migrate init` again",
                path.display(),
                binary.display()
            ),
            Self::MemberTaken { path, name } => write!(
                f,
                "`{}` is in the way of a new member `{name}`; run `cargo migrate init -p PACKAGE` \
                 to keep the chain in a member that exists, or move the directory away",
                path.display()
            ),
            Self::AliasTaken { path } => write!(
                f,
                "the alias `xtask` in `{}` runs no member of the workspace; add the program that it runs to \
                 `members`, or name the alias otherwise, and run the command again",
                path.display()
            ),
            Self::XtaskTaken { path } => write!(
                f,
                "`{}` is in the way of a new member `xtask`; add it to `members` of the workspace if it is \
                 one, or move it away",
                path.display()
            ),
            Self::Placeholder { path, line, found, known } => {
                let path = path.as_ref().map_or("template".into(), |path| path.to_string_lossy());
                let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                write!(
                    f,
                    "`{path}`:{line}: unknown placeholder `{{{{ {found} }}}}`; known are {}; \
                     correct it and run the command again",
                    known.join(", ")
                )
            }
            Self::Message { reason } => {
                write!(f, "{reason}; run `cargo migrate new` with another message")
            }
            Self::NothingToImport { path, why, tool: Some(tool) } => write!(
                f,
                "`{}` {why}; name the directory of the {}: `cargo migrate import --from {tool} DIR`",
                path.display(),
                tool.layout()
            ),
            Self::NothingToImport { path, why, tool: None } => write!(
                f,
                "`{}` {why}; name the directory of the migrations: `cargo migrate import DIR`",
                path.display()
            ),
            Self::NotRecognised { path, has_folder } => {
                write!(f, "`{}` has the layout of no tool that is known", path.display())?;
                for tool in Tool::ALL {
                    write!(f, "\n  {tool}: there are no {}", tool.layout())?;
                }
                if *has_folder {
                    let folder = path.join("migrations");
                    write!(f, "\nperhaps `cargo migrate import {}`", folder.display())?;
                }
                Ok(())
            }
            Self::AmbiguousTool { path, tools } => {
                write!(f, "`{}` has the layouts of several tools; say which", path.display())?;
                for tool in tools {
                    write!(f, "\n  `--from {tool}`: there are {}", tool.layout())?;
                }
                Ok(())
            }
            Self::WhichDialect { configured } => {
                write!(
                    f,
                    "the chain is written for {}; say which the directory is for:",
                    listed(configured)
                )?;
                for (index, dialect) in configured.iter().enumerate() {
                    let or = if index == 0 { "" } else { " or" };
                    write!(f, "{or} `--dialect {dialect}`")?;
                }
                f.write_str(", or all of them")
            }
            Self::OtherDialect { dialect, configured } => write!(
                f,
                "the chain is written for {}, not for {dialect}; \
                 add it to `dialects` in `[package.metadata.migrate]`, or name another one",
                listed(configured)
            ),
            Self::Import { path, problems } => {
                write!(f, "`{}` cannot be imported; nothing was changed", path.display())?;
                for problem in problems {
                    write!(f, "\n  {problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            Self::Stranded { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
