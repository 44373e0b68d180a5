//! Rules about names: whom an id or a label belongs to, and whom a reference means.
//!
//! Every reference that cannot be resolved is one finding with the name that was probably meant.
//! Looking for that name costs a comparison with every other one, so it is done for as many
//! findings as anybody reads: a chain of thousands whose references are all broken must not take
//! minutes.

use std::collections::HashMap;
use std::ops::Range;

use super::Parsed;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::{Code, Diagnostic};
use crate::script::Spanned;

/// How many unknown names are compared with all known ones.
const MOST_SUGGESTIONS: usize = 32;

/// Names of the chain; a name that is used twice stays with its first owner.
pub(super) struct Names<'a> {
    ids: HashMap<&'a str, usize>,
    labels: HashMap<&'a str, (usize, &'a Spanned<String>)>,
}

impl<'a> Names<'a> {
    /// Collects the names, and reports those that are used twice.
    pub(super) fn of(parsed: &'a [Parsed<'_>], findings: &mut Vec<Diagnostic>) -> Self {
        let mut ids: HashMap<&str, usize> = HashMap::with_capacity(parsed.len());
        for (index, file) in parsed.iter().enumerate() {
            let Some(revision) = &file.script.header().revision else { continue };
            if let Some(&first) = ids.get(revision.value.as_str()) {
                findings.push(
                    Diagnostic::new(
                        Code::DuplicateId,
                        format!("two revisions have the id `{}`", revision.value),
                    )
                    .label(file.file(), revision.span.clone(), "")
                    .label(
                        parsed[first].file(),
                        id_place(&parsed[first]),
                        "it is used here already",
                    )
                    .help("give the newer one another id; `revises` in others may have to follow"),
                );
            } else {
                ids.insert(&revision.value, index);
            }
        }
        let mut labels: HashMap<&str, (usize, &Spanned<String>)> = HashMap::new();
        for (index, file) in parsed.iter().enumerate() {
            for label in file.script.header().branch.iter().filter(|label| !label.value.is_empty())
            {
                if let Some(&owner) = ids.get(label.value.as_str()) {
                    let owner = &parsed[owner];
                    findings.push(
                        Diagnostic::new(
                            Code::LabelIsId,
                            format!("the branch label `{}` is also a revision id", label.value),
                        )
                        .label(file.file(), label.span.clone(), "")
                        .label(owner.file(), id_place(owner), "this revision has it as its id")
                        .help("choose another label"),
                    );
                } else if let Some(&(owner, first)) = labels.get(label.value.as_str()) {
                    findings.push(
                        Diagnostic::new(
                            Code::DuplicateLabel,
                            format!("the branch label `{}` is used twice", label.value),
                        )
                        .label(file.file(), label.span.clone(), "")
                        .label(parsed[owner].file(), first.span.clone(), "first here")
                        .note("a label is declared once, where its line begins")
                        .help("remove one of them, or choose another label"),
                    );
                } else {
                    labels.insert(&label.value, (index, label));
                }
            }
        }
        Self { ids, labels }
    }
}

/// Where a file's id stands.
pub(super) fn id_place(parsed: &Parsed<'_>) -> Range<usize> {
    parsed.script.header().revision.as_ref().map_or(0..0, |revision| revision.span.clone())
}

/// Finds the revisions that references mean.
pub(super) struct Resolver<'a> {
    parsed: &'a [Parsed<'a>],
    names: &'a Names<'a>,
    /// Files whose id nobody knows, so that a missing revision may be in one of them.
    unread: usize,
    /// All ids, sorted: the nearest one must not depend on the order of a hash map.
    sorted: Option<Vec<&'a str>>,
    suggestions: usize,
}

impl<'a> Resolver<'a> {
    /// `unread` files could not be read at all.
    pub(super) fn new(parsed: &'a [Parsed<'a>], names: &'a Names<'a>, unread: usize) -> Self {
        let nameless = parsed.iter().filter(|file| file.script.header().revision.is_none()).count();
        Self { parsed, names, unread: unread + nameless, sorted: None, suggestions: 0 }
    }

    /// The parents and the dependencies of a file, each once, as places in the list of files.
    pub(super) fn resolve(
        &mut self,
        index: usize,
        findings: &mut Vec<Diagnostic>,
    ) -> (Vec<usize>, Vec<usize>) {
        let header = self.parsed[index].script.header();
        let mut references = References { index, names: HashMap::new(), revisions: HashMap::new() };
        let mut parents = Vec::with_capacity(header.revises.len());
        for name in &header.revises {
            let target = self.names.ids.get(name.value.as_str()).copied();
            if references.is_new(self, name, target, findings) {
                match target {
                    Some(parent) => parents.push(parent),
                    None => findings.push(self.unknown_parent(index, name)),
                }
            }
        }
        let mut dependencies = Vec::with_capacity(header.depends_on.len());
        for name in &header.depends_on {
            let label = self.names.labels.get(name.value.as_str()).map(|&(owner, _)| owner);
            let target = self.names.ids.get(name.value.as_str()).copied().or(label);
            if references.is_new(self, name, target, findings) {
                match target {
                    Some(dependency) => dependencies.push(dependency),
                    None => findings.push(self.unknown(
                        index,
                        Code::UnknownDependency,
                        "dependency",
                        name,
                    )),
                }
            }
        }
        (parents, dependencies)
    }

    fn unknown_parent(&mut self, index: usize, name: &Spanned<String>) -> Diagnostic {
        let Some(&(owner, label)) = self.names.labels.get(name.value.as_str()) else {
            return self.unknown(index, Code::UnknownParent, "parent revision", name);
        };
        let finding = Diagnostic::new(
            Code::ParentIsLabel,
            format!("a parent cannot be given by its branch label `{}`", name.value),
        )
        .label(self.parsed[index].file(), name.span.clone(), "expected a revision id")
        .label(self.parsed[owner].file(), label.span.clone(), "the label is declared here")
        .note("a label stands for a line that goes on, a parent is one revision for ever");
        match &self.parsed[owner].script.header().revision {
            Some(id) if owner != index => finding.help(format!(
                "write the id of a revision on that line; it begins with `{}`",
                id.value
            )),
            _ => finding.help("write the id of a revision"),
        }
    }

    fn unknown(
        &mut self,
        index: usize,
        code: Code,
        what: &str,
        name: &Spanned<String>,
    ) -> Diagnostic {
        let file = self.parsed[index].file();
        if name.value.is_empty() {
            return Diagnostic::new(code, format!("an empty {what}"))
                .label(file, name.span.clone(), "expected an id between the commas")
                .help("remove the stray comma");
        }
        let label = if code == Code::UnknownParent {
            "no revision has this id"
        } else {
            "no revision has this id or branch label"
        };
        let mut finding = Diagnostic::new(code, format!("unknown {what} `{}`", name.value)).label(
            file,
            name.span.clone(),
            label,
        );
        match self.unread {
            0 => {}
            1 => finding = finding.note("1 file has no readable id, so it may be that one"),
            more => {
                finding = finding
                    .note(format!("{more} files have no readable id, so it may be one of them"));
            }
        }
        if name.value.contains(char::is_whitespace) {
            return finding
                .help("ids are separated by commas, and nothing else stands in the line");
        }
        if code == Code::UnknownParent && matches!(name.value.as_str(), "base" | "none" | "None") {
            return finding
                .help("leave the line empty or out: a revision without parents is a base");
        }
        self.suggestions += 1;
        if self.suggestions <= MOST_SUGGESTIONS {
            let with_labels = code == Code::UnknownDependency;
            if let Some((known, is_prefix)) = self.suggestion(&name.value, with_labels) {
                let full = if is_prefix { " ids and labels are written in full here" } else { "" };
                return finding.help(format!("did you mean `{known}`?{full}"));
            }
        }
        finding
            .help("`cargo migrate history` lists the revisions; perhaps a file was not committed")
    }

    /// What was probably meant, and whether only its beginning was written.
    fn suggestion(&mut self, name: &str, with_labels: bool) -> Option<(&'a str, bool)> {
        let names = self.names;
        let ids = self.sorted.get_or_insert_with(|| {
            let mut ids: Vec<&str> = names.ids.keys().copied().collect();
            ids.sort_unstable();
            ids
        });
        let mut known = ids.clone();
        if with_labels {
            let mut labels: Vec<&str> = names.labels.keys().copied().collect();
            labels.sort_unstable();
            known.extend(labels);
        }
        if let Some(same) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            return Some((*same, false));
        }
        let mut longer = known.iter().filter(|known| known.starts_with(name));
        if let (Some(only), None) = (longer.next(), longer.next()) {
            return Some((*only, true));
        }
        nearest(name, known).map(|known| (known, false))
    }
}

/// What a header has referred to so far.
struct References<'a> {
    index: usize,
    names: HashMap<&'a str, &'a Spanned<String>>,
    revisions: HashMap<usize, &'a Spanned<String>>,
}

impl<'a> References<'a> {
    /// Whether a reference is neither to the revision itself nor a repetition; reports both.
    fn is_new(
        &mut self,
        resolver: &Resolver<'_>,
        name: &'a Spanned<String>,
        target: Option<usize>,
        findings: &mut Vec<Diagnostic>,
    ) -> bool {
        let parsed = &resolver.parsed[self.index];
        let header = parsed.script.header();
        let is_parent = header.revises.iter().any(|parent| parent.span == name.span);
        // In a second file with the same id, the name leads to the first, and yet means itself.
        let is_own = header.revision.as_ref().is_some_and(|own| own.value == name.value);
        if target == Some(self.index) || (is_own && target.is_some()) {
            let (verb, help) = if is_parent {
                (
                    "follow",
                    "name the revision that comes before it, or leave the line empty for a base",
                )
            } else {
                ("depend on", "remove it, or name the revision that is meant")
            };
            findings.push(
                Diagnostic::new(Code::SelfReference, format!("a revision cannot {verb} itself"))
                    .label(parsed.file(), name.span.clone(), "")
                    .label(parsed.file(), id_place(parsed), "this is the revision")
                    .help(help),
            );
            return false;
        }
        let same_name =
            if name.value.is_empty() { None } else { self.names.insert(&name.value, name) };
        let same_revision = target.and_then(|target| self.revisions.insert(target, name));
        let Some(first) = same_name.or(same_revision) else { return true };
        let message = if first.value == name.value {
            format!("`{}` is listed twice", name.value)
        } else {
            format!("`{}` and `{}` are the same revision", first.value, name.value)
        };
        let was_parent = header.revises.iter().any(|parent| parent.span == first.span);
        let finding = Diagnostic::new(Code::RepeatedParent, message)
            .label(parsed.file(), name.span.clone(), "")
            .label(parsed.file(), first.span.clone(), "first here");
        findings.push(if was_parent && !is_parent {
            finding.help("remove it from `depends-on`: a parent is always applied first")
        } else {
            finding.help("remove one of them")
        });
        false
    }
}
