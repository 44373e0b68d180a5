//! Whether a package is set up so that its chain gets into its programs: what `init` would mend, as findings.
//!
//! Which features and sources the dependencies have is cargo's answer, which knows what a workspace passes
//! on; the manifest's text is only looked at for places. What stands in source files is judged by the same looks
//! as in `init`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Document, Item};

use super::package::{BuildScript, PACKAGE, Package, RUNNER};
use super::rust;
use crate::Dialect;
use crate::diagnostic::{Code, Diagnostic, FileId, Sources};

/// A dependency on our package, as cargo reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name in the manifest.
    pub key: String,
    /// The features that it asks for.
    pub features: Vec<String>,
    /// Whether it has the default features, too.
    pub has_defaults: bool,
    /// Whether it is there only where a feature says so.
    pub is_optional: bool,
    /// Version and source; equal texts are one package for sure.
    pub origin: String,
}

/// What cargo says of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Our package in `[dependencies]`.
    pub runtime: Option<Declared>,
    /// Our package in other tables of dependencies: optional, or for some platforms.
    pub others: Vec<Declared>,
    /// Our package in `[build-dependencies]`.
    pub helper: Option<Declared>,
    /// The package's own features.
    pub features: BTreeMap<String, Vec<String>>,
    /// The features that the binary `migrate` requires; `None` if there is no such binary.
    pub runner: Option<Vec<String>>,
    /// Whether `default-run` is set.
    pub has_default_run: bool,
}

/// What the chain asks of the package.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'a> {
    /// Its dialects.
    pub dialects: &'a [Dialect],
    /// Whether it has revisions in Rust.
    pub runner: bool,
}

/// Whether a feature of this crate brings another one; `Cargo.toml` says the same.
fn brings(feature: &str, wanted: &str) -> bool {
    let has_all = matches!(feature, "default" | "cli");
    match wanted {
        "build" => has_all || feature == "build",
        "runtime" => feature != "build",
        "native-tls" => feature == wanted,
        "cli" => has_all,
        _ => has_all || feature == wanted,
    }
}

impl Declared {
    fn has(&self, wanted: &str) -> bool {
        let named = self.features.iter().any(|feature| brings(feature, wanted));
        named || (self.has_defaults && brings("default", wanted))
    }
}

impl Setup {
    /// Whether a feature of the package brings a feature of ours.
    fn enables(&self, feature: &str, wanted: &str) -> bool {
        let mut open = vec![feature];
        let mut seen = Vec::new();
        while let Some(feature) = open.pop() {
            if seen.contains(&feature) {
                continue;
            }
            seen.push(feature);
            for what in self.features.get(feature).into_iter().flatten() {
                match what.split_once('/') {
                    Some((dependency, ours)) if self.is_ours(dependency) => {
                        if brings(ours, wanted) {
                            return true;
                        }
                    }
                    Some(_) => {}
                    None => {
                        // An optional dependency is named with `dep:`, or is a feature of its own name.
                        let key = what.strip_prefix("dep:").unwrap_or(what);
                        let mut all = self.runtime.iter().chain(&self.others);
                        if all.any(|it| it.is_optional && it.key == key && it.has(wanted)) {
                            return true;
                        }
                        open.push(what);
                    }
                }
            }
        }
        false
    }

    fn is_ours(&self, dependency: &str) -> bool {
        let key = dependency.trim_end_matches('?');
        self.runtime.iter().chain(&self.helper).any(|declared| declared.key == key)
    }

    /// Whether the runtime has a feature, at least where a feature of the package is on.
    fn may_have(&self, declared: &Declared, wanted: &str) -> bool {
        declared.has(wanted) || self.features.keys().any(|feature| self.enables(feature, wanted))
    }
}

/// Judges a package. The findings point into `manifest`, which has the places of the package's own manifest; the
/// configuration's lints do not hold for them yet.
pub fn setup(
    package: &Package,
    setup: &Setup,
    needs: Needs<'_>,
    manifest: FileId,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let text = sources.file(manifest).text().to_owned();
    let key = setup.runtime.as_ref().or(setup.helper.as_ref()).map_or(PACKAGE, |it| &it.key);
    let mut review = Review {
        package,
        setup,
        name: package_name(&text),
        library: key.replace('-', "_"),
        document: Document::parse(text).ok(),
        manifest,
        sources,
        findings: Vec::new(),
    };
    let is_embedded = review.is_embedded();
    if is_embedded || needs.runner || setup.runtime.is_some() || setup.helper.is_some() {
        review.dependencies(needs.dialects);
        review.build_script();
        review.runner(needs.runner);
    }
    if !is_embedded {
        review.not_embedded();
    }
    review.findings
}

/// One of the two dependencies, and what it must have.
struct Side<'a> {
    code: Code,
    table: &'a str,
    feature: &'a str,
    declared: Option<&'a Declared>,
    has_feature: bool,
    /// Where the other one stands.
    other: Option<[&'a str; 2]>,
}

struct Review<'a> {
    package: &'a Package,
    setup: &'a Setup,
    name: String,
    /// Our library's name in the package's code.
    library: String,
    document: Option<Document<String>>,
    manifest: FileId,
    sources: &'a mut Sources,
    findings: Vec<Diagnostic>,
}

impl Review<'_> {
    fn init(&self) -> String {
        format!("`cargo migrate init -p {}` adds it", self.name)
    }

    /// Labels a key of the manifest, or else the table of the chain.
    fn at(&self, finding: Diagnostic, path: Option<&[&str]>, label: &str) -> Diagnostic {
        let place = |path: &[&str]| key_span(self.document.as_ref()?.as_item(), path);
        if let Some(span) = path.and_then(place) {
            return finding.label(self.manifest, span, label);
        }
        match place(&["package", "metadata", "migrate"]) {
            Some(span) => finding.label(self.manifest, span, ""),
            None => finding,
        }
    }

    fn dependencies(&mut self, dialects: &[Dialect]) {
        let Setup { runtime, helper, .. } = self.setup;
        // With the first resolver both are compiled once, with the features of both.
        let unified = runtime.as_ref().filter(|_| self.package.unified_features);
        let has_build = |helper: &Declared| {
            helper.has("build") || unified.is_some_and(|runtime| runtime.has("build"))
        };
        let is_helper_whole = self.dependency(&Side {
            code: Code::HelperMissing,
            table: "build-dependencies",
            feature: "build",
            declared: helper.as_ref(),
            has_feature: helper.as_ref().is_some_and(has_build),
            other: runtime.as_ref().map(|runtime| ["dependencies", &runtime.key]),
        });
        let has_runtime = |runtime: &Declared| self.setup.may_have(runtime, "runtime");
        let is_runtime_whole = self.dependency(&Side {
            code: Code::RuntimeMissing,
            table: "dependencies",
            feature: "runtime",
            declared: runtime.as_ref(),
            has_feature: runtime.as_ref().is_some_and(has_runtime),
            other: helper.as_ref().map(|helper| ["build-dependencies", &helper.key]),
        });
        if let Some(runtime) = runtime.as_ref().filter(|_| is_runtime_whole) {
            self.drivers(runtime, dialects);
            if let Some(helper) = helper.as_ref().filter(|_| is_helper_whole) {
                self.origins(runtime, helper);
            }
        }
    }

    /// Judges one of the two dependencies; `true` if nothing is wrong with it.
    fn dependency(&mut self, side: &Side<'_>) -> bool {
        let Side { table, feature, .. } = side;
        let (message, label) = match side.declared {
            None => (format!("`{PACKAGE}` is not in `[{table}]`"), "it is only here"),
            Some(it) if it.is_optional => {
                let message = format!("`{}` is optional in `[{table}]`", it.key);
                (message, "the chain needs it in every build")
            }
            Some(it) if !side.has_feature => {
                let message = format!("`{}` has no feature `{feature}` in `[{table}]`", it.key);
                (message, "")
            }
            Some(_) => return true,
        };
        let own = side.declared.map(|declared| [side.table, &declared.key]);
        let path = own.as_ref().or(side.other.as_ref()).map(|path| &path[..]);
        let finding = self.at(Diagnostic::new(side.code, message), path, label);
        self.findings.push(if side.declared.is_some_and(|declared| declared.is_optional) {
            finding.help("remove `optional = true`")
        } else {
            finding.help(self.init())
        });
        false
    }

    fn drivers(&mut self, runtime: &Declared, dialects: &[Dialect]) {
        for dialect in dialects {
            if self.setup.may_have(runtime, dialect.name()) {
                continue;
            }
            let message =
                format!("the chain is written for `{dialect}`, whose driver is not compiled in");
            let finding = Diagnostic::new(Code::DriverMissing, message);
            let label = format!("there is no feature `{dialect}`");
            let finding = self.at(finding, Some(&["dependencies", &runtime.key]), &label);
            self.findings.push(finding.help(self.init()));
        }
    }

    fn origins(&mut self, runtime: &Declared, helper: &Declared) {
        if helper.origin == runtime.origin {
            return;
        }
        let message = "the build helper and the runtime may be of different versions";
        let finding = Diagnostic::new(Code::VersionsDiffer, message);
        let path = ["build-dependencies", &helper.key];
        let finding = self.at(finding, Some(&path), &helper.origin);
        let finding = self.at(finding, Some(&["dependencies", &runtime.key]), &runtime.origin);
        self.findings.push(finding.help("ask for the same version and source in both"));
    }

    fn build_script(&mut self) {
        let call = format!("{}::build::emit();", self.library);
        let finding = |message: &str| Diagnostic::new(Code::HelperNotCalled, message);
        let finding = match &self.package.build_script {
            BuildScript::Disabled => {
                let path: Option<&[&str]> = Some(&["package", "build"]);
                let finding = finding("build scripts are switched off, so nothing bakes the chain");
                self.at(finding, path, "").help("remove this line")
            }
            BuildScript::None(_) => {
                let finding = finding("there is no build script, so nothing bakes the chain");
                self.at(finding, Some(&["package", "build"]), "").help(self.init())
            }
            BuildScript::Present(script) => {
                if script.calls_helper(&self.library) {
                    return;
                }
                let finding = finding("the build script does not call the build helper");
                let text = script.text.clone().unwrap_or_default();
                let place = rust::function(&text, "main").unwrap_or(0..0);
                let file = self.sources.add(self.package.shown(&script.path), text);
                finding.label(file, place, "").help(format!("add this line: `{call}`"))
            }
        };
        self.findings.push(finding);
    }

    fn is_embedded(&self) -> bool {
        let Package { library, binaries, embedded_in, .. } = self.package;
        let mut targets = library.iter().chain(binaries);
        embedded_in.is_some()
            || targets.any(|source| {
                source.text.as_ref().is_some_and(|text| rust::embeds(text, &self.library))
            })
    }

    fn not_embedded(&mut self) {
        let finding = Diagnostic::new(
            Code::NotEmbedded,
            format!("package `{}` embeds its chain nowhere", self.name),
        );
        let finding = self.at(finding, None, "").note(format!(
            "`cargo migrate` works without it; a program that migrates needs `{}::embed!();`",
            self.library
        ));
        self.findings.push(finding.help(self.init()));
    }

    fn runner(&mut self, is_needed: bool) {
        let Some(required) = &self.setup.runner else {
            if is_needed {
                let message = "the chain has revisions in Rust, and the package no binary \
                               `migrate` to run them";
                let finding = Diagnostic::new(Code::RunnerMissing, message);
                let finding = self.at(finding, None, "").help(self.init());
                self.findings.push(finding);
            }
            return;
        };
        let is_on = self.setup.runtime.as_ref().is_some_and(|runtime| runtime.has("runner"))
            || required.iter().any(|feature| self.setup.enables(feature, "runner"));
        let bin: Option<&[&str]> = Some(&["bin", RUNNER]);
        if !is_on {
            let message = format!(
                "the binary `{RUNNER}` does not require a feature that enables `{PACKAGE}/runner`"
            );
            let finding = Diagnostic::new(Code::RunnerWithoutFeature, message);
            let finding = self.at(finding, bin, "a plain `cargo build` cannot build it");
            self.findings.push(finding.help(self.init()));
        }
        if let [only] = self.package.binaries.as_slice()
            && !self.setup.has_default_run
        {
            let message =
                format!("`cargo run` cannot choose between `{}` and `{RUNNER}`", only.name);
            let finding = Diagnostic::new(Code::NoDefaultRun, message);
            let finding = self.at(finding, Some(&["package", "name"]), "there is no `default-run`");
            let help = format!("add `default-run = \"{}\"` to `[package]`", only.name);
            self.findings.push(finding.help(help));
        }
    }
}

fn package_name(manifest: &str) -> String {
    let document = Document::parse(manifest).ok();
    let name = document.as_ref().and_then(|it| it.get("package")?.get("name")?.as_str());
    name.unwrap_or_default().to_owned()
}

/// Where a key stands; in an array of tables the key names the table that has it as its `name`.
fn key_span(item: &Item, path: &[&str]) -> Option<Range<usize>> {
    let (key, rest) = path.split_first()?;
    if let Some(tables) = item.as_array_of_tables() {
        let is_it =
            |table: &&toml_edit::Table| table.get("name").and_then(Item::as_str) == Some(*key);
        return tables.iter().find(is_it)?.get("name")?.span();
    }
    let table = item.as_table_like()?;
    if rest.is_empty() {
        let (key, _) = table.get_key_value(key)?;
        return key.span();
    }
    key_span(table.get(key)?, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a feature of our own manifest brings.
    fn closure<'m>(features: &'m Item, feature: &'m str, found: &mut Vec<&'m str>) {
        if found.contains(&feature) {
            return;
        }
        found.push(feature);
        let parts = features.get(feature).and_then(Item::as_array).into_iter().flatten();
        for part in
            parts.filter_map(toml_edit::Value::as_str).filter(|part| !part.contains([':', '/']))
        {
            closure(features, part, found);
        }
    }

    #[test]
    fn features_bring_what_our_manifest_says() {
        let manifest = Document::parse(include_str!("../../Cargo.toml")).unwrap();
        let features = &manifest["features"];
        for (feature, _) in features.as_table().unwrap() {
            let mut found = Vec::new();
            closure(features, feature, &mut found);
            for wanted in ["build", "runtime", "runner", "sqlite", "postgres", "mysql"] {
                assert_eq!(brings(feature, wanted), found.contains(&wanted), "{feature}: {wanted}");
            }
        }
    }
}
