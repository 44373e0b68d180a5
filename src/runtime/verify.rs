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
            let error = damaged(format!(
                "revision `{}` of the chain inside this program {what}",
                revision.id()
            ));
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
    if script.header().revision.as_ref().map(|id| id.value.as_str()) != Some(revision.id().as_str())
    {
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

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;
    use crate::chain::baked::{Pieces, Settings, encode};
    use crate::config::Configuration;
    use crate::validate;

    const ONE: &str = "-- one\n--\n-- revision: one1\n\n-- migrate:up\nCREATE TABLE a (x);\n\n-- migrate:down\nDROP TABLE a;\n";
    const TWO: &str = "-- two\n--\n-- revision: two2\n-- revises: one1\n\n-- migrate:up\nCREATE TABLE b (x);\n\n-- migrate:down\nDROP TABLE b;\n";

    fn pieces() -> Pieces {
        let texts = [("1.sql", ONE), ("2.sql", TWO)].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let (chain, findings, _) = validate::texts(&Configuration::default(), texts);
        encode(&chain.unwrap_or_else(|| panic!("{findings:?}")), &Settings::default())
    }

    fn verified(text: String, table: Vec<u8>) -> Result<(), String> {
        verify(&Migrator::baked(text.leak(), table.leak(), &[])).map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Chain);
            error.to_string()
        })
    }

    #[test]
    fn a_whole_chain_is_whole() {
        let Pieces { text, table } = pieces();
        assert_eq!(verified(text, table), Ok(()));
    }

    #[test]
    fn damage_is_found_and_names_the_revision() {
        let Pieces { text, table } = pieces();
        for (there, instead, says) in [
            ("TABLE b", "TABLE c", "revision `two2` of the chain inside this program is not what"),
            (
                "revision: one1",
                "revision: one2",
                "revision `one1` of the chain inside this program has the text",
            ),
            ("migrate:up\nCREATE TABLE a", "migrate:uq\nCREATE TABLE a", "cannot be read"),
        ] {
            let error = verified(text.replace(there, instead), table.clone()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        insta::assert_snapshot!(verified(text.replace("TABLE b", "TABLE c"), table).unwrap_err(), @"
        revision `two2` of the chain inside this program is not what its fingerprint says
        --> 2.sql
         = note: the program is damaged, or was put together from parts of several builds
         = help: build it again, and copy the file as a whole
        ");
    }

    #[test]
    fn every_fingerprint_counts() {
        let Pieces { text, table } = pieces();
        // The last thing in the table is the digest of the head, which is also in the header.
        let mut damaged = table.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(verified(text.clone(), damaged).is_err());
        let mut damaged = table;
        let digest: Vec<u8> = damaged[damaged.len() - 32..].to_vec();
        let at = damaged.windows(32).position(|bytes| bytes == digest).unwrap();
        damaged[at] ^= 1;
        let error = verified(text, damaged).unwrap_err();
        assert!(error.contains("does not end where its header says"), "{error}");
    }
}
