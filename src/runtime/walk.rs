//! Going through a chain in steps of one's own, and looking around after each: for tests of a chain.

use std::collections::HashSet;
use std::marker::PhantomData;

use futures_util::future::BoxFuture;

use super::connection::Connection;
use super::database::Source;
use super::error::Error;
use super::look::request;
use super::migrator::Configured;
use super::report::Report;
use super::select::Request;
use super::together::{conclude, perform};
use crate::chain::{Direction, RevisionId, Target};

/// Applies or undoes just these revisions, as a run of its own.
pub(crate) fn walk<'a>(
    configured: &'a Configured<'_>,
    url: &'a str,
    direction: Direction,
    revisions: &'a HashSet<RevisionId>,
) -> BoxFuture<'a, Result<Report, Error>> {
    Box::pin(async move {
        let header = configured.migrator.header()?;
        let mut connection = Connection::open(way(url), false).await?;
        let result = async {
            let target = Some(Target::HEADS);
            let request = request(connection.dialect(), configured, header, direction, target)?;
            let request = Request { only: Some(revisions), ..request };
            perform(&mut connection, &request).await
        }
        .await;
        conclude(connection, result).await.map(|(report, _)| report)
    })
}

/// What the database says of its schema, in a session that no revision has touched.
pub(crate) async fn describe(configured: &Configured<'_>, url: &str) -> Result<Vec<String>, Error> {
    let settings = &configured.migrator.header()?.settings;
    let mut connection = Connection::open(way(url), false).await?;
    let result = connection.describe(settings).await;
    let result = result.map_err(|error| error.on(connection.name()));
    connection.finish().await?;
    result
}

fn way(url: &str) -> Source<'static> {
    Source::Url(url.to_owned(), PhantomData)
}
