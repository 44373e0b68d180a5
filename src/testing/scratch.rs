//! A database that goes with its owner.

use super::folder::{folder, unique};
use crate::dialect::Dialect;
use crate::runtime::{Error, ErrorKind, Site, block_on, remove};

/// A database that is dropped with this; nobody else knows it.
pub(super) struct Scratch(Site);

impl Scratch {
    /// A place for one: a file, or a name on the server of a URL. Nothing is there yet.
    pub(super) fn new(server: Option<&str>) -> Result<Self, Error> {
        if let Some(url) = server {
            return Site::beside(url, &unique("migrate_test_")).map(Self);
        }
        let folder = folder().map_err(|error| no_folder(&error))?;
        Ok(Self(Site::at(folder.join(unique("test-") + ".db"))))
    }

    /// A new one, empty.
    pub(super) async fn create(server: Option<&str>) -> Result<Self, Error> {
        let scratch = Self::new(server)?;
        scratch.0.create().await?;
        Ok(scratch)
    }

    /// Empties it.
    pub(super) async fn renew(&self) -> Result<(), Error> {
        self.0.drop(true).await?;
        self.0.create().await?;
        Ok(())
    }

    pub(super) fn site(&self) -> &Site {
        &self.0
    }

    pub(super) fn url(&self) -> &str {
        self.0.url()
    }

    pub(super) fn name(&self) -> String {
        self.0.name()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let site = self.0.clone();
        if site.dialect() == Dialect::Sqlite {
            let _ = remove(site.name().as_ref());
            return;
        }
        // On a thread of its own, since the runtime of the test may be ending.
        let dropping = std::thread::spawn(move || block_on(async move { site.drop(true).await }));
        match dropping.join() {
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the database of a test was not dropped"),
            Ok(Err(error)) => tracing::warn!(%error, "the database of a test was not dropped"),
            _ => {}
        }
    }
}

pub(super) fn no_folder(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Database, format!("no file can be made for the test's database: {error}"))
        .help("check that the target directory, or the one for temporary files, may be written")
}
