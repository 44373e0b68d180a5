//! What people read when a rule is broken: each code's report, letter by letter.
//!
//! A fixture is one text with its files separated by `-- file: NAME` lines. The snapshots are the
//! product: a change of one is a change of what users see, to be read as such.

mod files;
mod graph;
mod header;
mod pages;
mod properties;
mod sections;
mod statements;

use std::fmt::Write as _;
use std::path::Path;

use super::validate;
use crate::chain::{Chain, Kind};
use crate::config::{self, Configuration};
use crate::diagnostic::{Code, Diagnostic, Severity, Sources, visible};
use crate::script::load::LoadedFile;

/// A fixture in memory.
#[derive(Clone, Default)]
struct Fixture {
    configuration: Configuration,
    findings: Vec<Diagnostic>,
    sources: Sources,
    files: Vec<LoadedFile>,
}

impl Fixture {
    /// Reads a text with `-- file: NAME` lines; one that is called `Cargo.toml` is the manifest.
    fn read(text: &str) -> Self {
        Self::of(parts(text).map(|(name, body)| (name.to_owned(), body.to_owned())))
    }

    /// From names below `migrations/` and texts.
    fn of(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fixture = Self::default();
        for (name, text) in files {
            if name == "Cargo.toml" {
                let file = fixture.sources.add(name, text.clone());
                (fixture.configuration, fixture.findings) = config::read(&text, file);
                continue;
            }
            let (path, extension) = name.rsplit_once('.').unwrap();
            let kind = if extension == "rs" { Kind::Rust } else { Kind::Sql };
            let stem = path.rsplit('/').next().unwrap().to_owned();
            let file = fixture.sources.add(format!("migrations/{name}"), text);
            fixture.files.push(LoadedFile { file, kind, stem });
        }
        fixture
    }

    fn validate(&self) -> (Option<Chain>, Vec<Diagnostic>) {
        let (chain, findings) =
            validate(&self.configuration, &self.files, &self.sources, self.findings.clone());
        let has_errors = findings.iter().any(|finding| finding.severity == Severity::Error);
        assert_eq!(chain.is_none(), has_errors, "there is a chain unless there is an error");
        for finding in &findings {
            assert!(!finding.one_line(&self.sources).contains('\n'));
            let report = finding.render_for_rustc(&self.sources);
            assert!(report.starts_with(&*visible(&finding.message)));
            assert!(!report.chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
        }
        (chain, findings)
    }
}

/// The files of a fixture; empty lines at the end of one only separate it from the next.
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    const FILE: &str = "-- file: ";
    let text = text.trim_start();
    assert!(text.starts_with(FILE), "a fixture begins with `{FILE}NAME`: {text}");
    text.split(FILE).skip(1).map(|part| {
        let (name, body) = part.split_once('\n').unwrap_or((part, ""));
        (name.trim_end(), body)
    })
}

fn rendered(findings: &[Diagnostic], sources: &Sources) -> String {
    let reports: Vec<String> = findings.iter().map(|finding| finding.render(sources)).collect();
    reports.join("\n\n")
}

/// All findings of a fixture, as reports.
fn check(text: &str) -> String {
    let fixture = Fixture::read(text);
    rendered(&fixture.validate().1, &fixture.sources)
}

/// The same for one revision with a proper header, given what follows that.
fn check_sections(sections: &str) -> String {
    check(&format!("-- file: a.sql\n-- create account\n--\n-- revision: a1\n\n{sections}"))
}

/// The same, where there is a configuration, too.
fn check_sections_with(configuration: &str, sections: &str) -> String {
    check(&format!(
        "-- file: Cargo.toml\n[package.metadata.migrate]\n{configuration}\n\
         -- file: a.sql\n-- create account\n--\n-- revision: a1\n\n{sections}"
    ))
}

/// The codes of all findings, in order.
fn codes(text: &str) -> Vec<Code> {
    Fixture::read(text).validate().1.iter().map(|finding| finding.code).collect()
}

/// A header with these lines, and sections that nothing is wrong with.
fn revision(lines: &str) -> String {
    let mut text = String::from("-- message\n--\n");
    for line in lines.lines() {
        let _ = writeln!(text, "-- {line}");
    }
    text.push_str("\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n");
    text
}

/// A fixture of revisions `NAME: header lines`, in the form of [`revision`].
fn chain(revisions: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, lines) in revisions {
        let _ = write!(text, "-- file: {name}.sql\n{}", revision(lines));
    }
    text
}

/// All findings of a package with these files, read from a real directory.
fn check_package(files: &[(&str, &[u8])]) -> String {
    let root = tempfile::tempdir().unwrap();
    write_package(root.path(), files);
    report_package(root.path())
}

fn write_package(root: &Path, files: &[(&str, &[u8])]) {
    std::fs::write(root.join("Cargo.toml"), "[package]\nname = \"app\"\n").unwrap();
    for (name, content) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

fn report_package(root: &Path) -> String {
    let package = super::package(root).unwrap();
    rendered(package.findings(), package.sources())
}

/// Every file with golden reports; [`every_code_has_a_golden_report`] reads them.
const GOLDEN: [&str; 9] = [
    include_str!("files.rs"),
    include_str!("graph.rs"),
    include_str!("header.rs"),
    include_str!("sections.rs"),
    include_str!("statements.rs"),
    include_str!("../../config/findings_tests.rs"),
    include_str!("../../config/review.rs"),
    include_str!("../../scaffold/tests/setup.rs"),
    include_str!("../../../tests/it/rust.rs"),
];

#[test]
fn every_code_has_a_golden_report() {
    for code in Code::ALL {
        let title = format!("{}[{code}]: ", code.severity().name());
        let has_report = GOLDEN
            .iter()
            .any(|text| text.lines().any(|line| line.trim_start().starts_with(&title)));
        assert!(has_report, "{code} ({}) has no golden report", code.summary());
    }
}
