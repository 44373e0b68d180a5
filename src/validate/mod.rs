//! The rules that make a set of files a chain.
//!
//! This is the only door to a [`Chain`]: whoever holds one may rely on its invariants. All files are
//! judged, then the graph that they form, and every finding is reported, so that one mistake hides
//! no other. The rules themselves are pure; [`package`] reads the files that they judge.

mod file;
mod graph;
mod names;
pub(crate) mod package;
mod rust;
mod statements;

#[cfg(test)]
mod tests;

use crate::chain::{Chain, Digest, Kind, Revision};
use crate::config::Configuration;
use crate::diagnostic::{Code, Diagnostic, FileId, Severity, Sources};
use crate::dialect::Variant;
use crate::script::load::{self, LoadedFile};
use crate::script::{Script, fingerprint};

pub use package::{Package, package};

/// A file that could be cut into its parts.
struct Parsed<'a> {
    loaded: &'a LoadedFile,
    script: Script<'a>,
    /// Whether a marker could not be read, so that missing sections prove nothing.
    has_marker_errors: bool,
}

impl Parsed<'_> {
    fn file(&self) -> FileId {
        self.loaded.file
    }
}

/// Judges the files of a migrations directory; the chain exists only if there is no error.
///
/// `findings` are those of reading the files; they come back with the others, sorted by place. The
/// order of `files` does not matter: chain and findings follow the file names.
pub(crate) fn validate(
    configuration: &Configuration,
    files: &[LoadedFile],
    sources: &Sources,
    mut findings: Vec<Diagnostic>,
) -> (Option<Chain>, Vec<Diagnostic>) {
    let unread = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let variants = Variant::all(&configuration.dialects, &configuration.databases);
    let by_name = |file: FileId| load::by_name(sources.file(file).path());
    let mut files: Vec<&LoadedFile> = files.iter().collect();
    files.sort_by(|a, b| by_name(a.file).cmp(&by_name(b.file)));
    let mut parsed = Vec::with_capacity(files.len());
    for loaded in files {
        let text = sources.file(loaded.file).text();
        let (script, mut found) = Script::parse(loaded.kind, text, loaded.file);
        let has_marker_errors = found.iter().any(|finding| finding.code == Code::UnknownMarker);
        findings.append(&mut found);
        let parsed_file = Parsed { loaded, script, has_marker_errors };
        file::check(&parsed_file, configuration, &variants, &mut findings);
        statements::check(&parsed_file, configuration, &mut findings);
        parsed.push(parsed_file);
    }
    let order = graph::check(&parsed, configuration, unread, &mut findings);

    let mut findings = configuration.apply_lints(findings);
    findings.sort_by(|a, b| {
        let place = |finding: &Diagnostic| {
            finding.labels.first().map(|label| (by_name(label.file), label.span.start))
        };
        (place(a), a.code).cmp(&(place(b), b.code))
    });
    let is_valid = findings.iter().all(|finding| finding.severity != Severity::Error);
    let chain = order.filter(|_| is_valid).map(|order| assemble(&parsed, order, variants, sources));
    (chain, findings)
}

/// Judges revisions that are in memory, as `(path, text)`, by the rules for a directory of files.
///
/// For our own tasks, which make chains by the thousand; paths decide the order of free revisions, and
/// those that end in `.rs` are Rust.
#[doc(hidden)]
pub fn texts(
    configuration: &Configuration,
    texts: impl IntoIterator<Item = (String, String)>,
) -> (Option<Chain>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let files: Vec<LoadedFile> = texts
        .into_iter()
        .map(|(path, text)| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let (stem, kind) = match name.rsplit_once('.') {
                Some((stem, "rs")) => (stem.to_owned(), Kind::Rust),
                Some((stem, _)) => (stem.to_owned(), Kind::Sql),
                None => (name.to_owned(), Kind::Sql),
            };
            LoadedFile { file: sources.add(path, text), kind, stem }
        })
        .collect();
    let (chain, findings) = validate(configuration, &files, &sources, Vec::new());
    (chain, findings, sources)
}

/// Makes the chain of files that all rules allow.
fn assemble(
    parsed: &[Parsed<'_>],
    graph: graph::Graph,
    variants: Vec<Variant>,
    sources: &Sources,
) -> Chain {
    let mut revisions: Vec<Revision> = Vec::with_capacity(parsed.len());
    for node in graph.nodes {
        let Parsed { loaded, script, .. } = &parsed[node.file];
        let fingerprints = variants
            .iter()
            .enumerate()
            .map(|(variant, name)| {
                let digests = |indices: &[usize]| -> Vec<Digest> {
                    indices.iter().map(|&i| revisions[i].fingerprints[variant].digest).collect()
                };
                let (parents, dependencies) = (digests(&node.parents), digests(&node.dependencies));
                fingerprint(loaded.kind, node.id.as_str(), script, name, &parents, &dependencies)
            })
            .collect();
        let source = sources.file(loaded.file);
        revisions.push(Revision {
            id: node.id,
            kind: loaded.kind,
            path: source.path().to_owned().into(),
            text: source.text().to_owned().into(),
            labels: node.labels,
            parents: node.parents,
            dependencies: node.dependencies,
            fingerprints,
        });
    }
    Chain::new(revisions, variants)
}
