//! Throw-away packages, and the commands that are run in them.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory with a package in it, gone when the test ends.
pub(crate) struct Project {
    directory: tempfile::TempDir,
    /// Different for each: packages of one name and version in different workspaces share their
    /// place in a target directory.
    pub(crate) version: String,
}

/// What a command printed.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Everything, as snapshots hold it.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("exit code: {}\n", self.code.unwrap_or(-1));
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let _ = write!(text, "----- {name} -----\n{stream}");
            }
        }
        text.trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.transcript());
        self
    }
}

/// Compares a transcript, without what differs from run to run.
macro_rules! assert_transcript {
    ($output:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"in \d+\.\d+s", "in [TIME]"),
            (r"\d{8}T\d{4}_", "[DATE]_"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[NOW]"),
            (r"\([^()]* by [^()]* in ", "([NOW] by [WHO] in "),
            (r" by cargo-migrate@\S+", " by cargo-migrate@[HOST]"),
        ]}, {
            insta::assert_snapshot!($output.transcript(), @$expected);
        });
    };
}
pub(crate) use assert_transcript;

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The cargo that runs the tests.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Test data that is not part of the repository; without it, tests say that they skip.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("MIGRATE_SHARED") {
        Some(root) => PathBuf::from(root),
        None => repository().join("../shared"),
    };
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no `{}` (MIGRATE_SHARED names its directory)", path.display());
    None
}

impl Project {
    /// A directory with nothing in it.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let version = format!("0.1.{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self { directory: tempfile::tempdir().unwrap(), version }
    }

    /// A package called `app` with these files below `src`.
    pub(crate) fn package(sources: &[&str]) -> Self {
        let project = Self::empty();
        project.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"app\"\nversion = \"{}\"\nedition = \"2024\" # kept\n\n[dependencies]\n",
                project.version
            ),
        );
        for source in sources {
            let text = if source.ends_with("main.rs") {
                "fn main() {\n    println!(\"hello from app\");\n}\n"
            } else {
                "//! A library.\n\n/// Nothing.\npub fn nothing() {}\n"
            };
            project.write(source, text);
        }
        project
    }

    /// The same with migrations, but for what only a build needs: `cargo migrate` alone migrates it.
    pub(crate) fn with_chain() -> Self {
        let project = Self::package(&["src/lib.rs"]);
        project.append(
            "Cargo.toml",
            "\n[package.metadata.migrate]\ndialects = [\"sqlite\"]\nlints.M0066 = \"allow\"\n\n\
             [package.metadata.migrate.env.dev]\nurl = \"sqlite:dev.db\"\n",
        );
        std::fs::create_dir(project.path("migrations")).unwrap();
        project
    }

    /// A package that was set up by `init`, ready to be built.
    pub(crate) fn initialised(sources: &[&str]) -> Self {
        let project = Self::package(sources);
        let repository = repository().to_str().unwrap();
        project.migrate(&["init", "--path", repository]).success();
        // The versions that this repository is tested with.
        std::fs::copy(super::support::repository().join("Cargo.lock"), project.path("Cargo.lock"))
            .unwrap();
        project
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, self.read(path) + text);
    }

    /// Writes a revision with this up and down.
    pub(crate) fn revision(&self, id: &str, revises: &str, up: &str, down: &str) {
        self.write(
            &format!("migrations/{id}.sql"),
            format!(
                "-- {id}\n--\n-- revision: {id}\n-- revises: {revises}\n\n-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n"
            ),
        );
    }

    /// Runs `cargo migrate ARGS` in the package.
    pub(crate) fn migrate(&self, args: &[&str]) -> Output {
        self.migrate_in(".", args)
    }

    /// The same in a directory of it.
    pub(crate) fn migrate_in(&self, directory: &str, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"));
        command.arg("migrate").args(args).current_dir(self.path(directory));
        self.run(&mut command)
    }

    /// Runs cargo in the package, with a target directory that all tests share.
    pub(crate) fn cargo(&self, args: &[&str]) -> Output {
        let mut command = Command::new(cargo());
        command.args(args).current_dir(self.root()).env("CARGO_TARGET_DIR", Self::target());
        self.run(&mut command)
    }

    pub(crate) fn target() -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds")
    }

    pub(crate) fn run(&self, command: &mut Command) -> Output {
        let set: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        for name in [
            "DATABASE_URL",
            "EDITOR",
            "VISUAL",
            "GITHUB_ACTIONS",
            "MIGRATE_LOCK_TIMEOUT",
            "MIGRATE_PROTECTED",
            "MIGRATE_RETRIES",
            "MIGRATE_STATEMENT_LOCK_TIMEOUT",
            "MIGRATE_STATEMENT_TIMEOUT",
            "MIGRATE_TWO_PHASE",
            "CARGO_TERM_COLOR",
            "CARGO_MAKEFLAGS",
            "RUSTFLAGS",
            "RUSTDOCFLAGS",
            "RUST_BACKTRACE",
        ] {
            if !set.iter().any(|known| known == name) {
                command.env_remove(name);
            }
        }
        let output = command.env("NO_COLOR", "1").output().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let real = self.root().canonicalize().unwrap();
            text.replace(real.to_str().unwrap(), "[ROOT]")
                .replace(self.root().to_str().unwrap(), "[ROOT]")
                .replace(repository().to_str().unwrap(), "[REPOSITORY]")
                .replace(&format!("@{}", self.version), "@[VERSION]")
        };
        Output {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The schema of a database as SQLite's own client tells it, without the tracking tables.
    pub(crate) fn schema(&self, database: &str) -> String {
        self.sqlite3(
            database,
            "SELECT type, name, tbl_name, sql FROM sqlite_schema \
             WHERE name NOT LIKE 'sqlite_%' AND tbl_name NOT LIKE 'migrate_revisions%' ORDER BY 1, 2",
        )
    }

    /// Runs SQL with SQLite's own client.
    pub(crate) fn sqlite3(&self, database: &str, sql: &str) -> String {
        let mut command = Command::new("sqlite3");
        command.arg("-bail").arg(self.path(database)).arg(sql);
        self.run(&mut command).success().stdout
    }
}
