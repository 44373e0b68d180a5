//! Whether the chain inside a program is whole.
//!
//! A run decodes what is baked and trusts it, since the build helper wrote it. A file that was damaged on its way
//! to a server, or cut, is found here, before it is run: everything that can be computed again is.

use super::error::{Error, ErrorKind};
use super::migrator::Migrator;
use crate::chain::baked::Header;
use crate::chain::{Chain, Digest, Kind, Revision};
use crate::diagnostic::{Severity, Sources};
use crate::script::{Script, fingerprint};

/// Decodes all of the chain, and computes its fingerprints again.
///
/// # Errors
///
/// [`ErrorKind::Chain`] with the revision that is not what it was.
pub(crate) fn verify(migrator: &Migrator) -> Result<(), Error> {
    let header = migrator.header()?;
    let chain = migrator.chain()?;
    for (index, revision) in chain.revisions().iter().enumerate() {
        if let Some(what) = damage(chain, index) {
            let path = revision.path();
            let error = damaged(format!("revision `{}` of the chain inside this program {what}", revision.id()));
            return Err(error.revision_named(revision.id(), Some(path)));
        }
    }
    if *header != Header::of(chain, header.settings.clone()) {
        let what = "the chain inside this program does not end where its header says";
        return Err(damaged(what.to_owned()));
    }
    let is_rust = |revision: &&Revision| revision.kind() == Kind::Rust;
    let has_code = |revision: &&Revision| {
        migrator.rust().iter().any(|code| code.id() == revision.id().as_str())
    };
    match chain.revisions().iter().filter(is_rust).find(|revision| !has_code(revision)) {
        None => Ok(()),
        Some(revision) => {
            let what = format!("the code of revision `{}` is not in this program", revision.id());
            Err(damaged(what).revision_named(revision.id(), Some(revision.path())))
        }
    }
}

/// What is wrong with a revision, to be said after its name.
fn damage(chain: &Chain, index: usize) -> Option<&'static str> {
    let revision = &chain.revisions()[index];
    let file = Sources::new().add(revision.path().to_owned(), "");
    let (script, findings) = Script::parse(revision.kind(), revision.text(), file);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Some("cannot be read");
    }
    if script.header().revision.as_ref().map(|id| id.value.as_str()) != Some(revision.id().as_str()) {
        return Some("has the text of another one");
    }
    let digests = |others: Vec<&Revision>, variant: usize| -> Vec<Digest> {
        others.into_iter().map(|other| other.fingerprints()[variant].digest).collect()
    };
    for (variant, name) in chain.variants().iter().enumerate() {
        let parents = digests(chain.parents(revision).collect(), variant);
        let dependencies = digests(chain.dependencies(revision).collect(), variant);
        let id = revision.id().as_str();
        let computed = fingerprint(revision.kind(), id, &script, name, &parents, &dependencies);
        if computed != revision.fingerprints()[variant] {
            return Some("is not what its fingerprint says");
        }
    }
    None
}

fn damaged(message: String) -> Error {
    Error::new(ErrorKind::Chain, message)
        .note("the program is damaged, or was put together from parts of several builds")
        .help("build it again, and copy the file as a whole")
}
