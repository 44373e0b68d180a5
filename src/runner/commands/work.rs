//! What a command does on the databases that it is about: one, or several in one run.

use std::sync::Arc;

use super::progress::Progress;
use crate::chain::Direction;
use crate::runner::place::Place;
use crate::runtime::{
    Configured, Databases, Error, ErrorKind, Migrator, Named, Options, RedoPlan, RedoReport,
    Report, RunPlan,
};

/// A database with nothing in it, for plans before there is one.
pub(super) const NOTHING: &str = "sqlite::memory:";

/// A chain, and its databases; answers come in their order.
pub(super) struct Work<'w> {
    pub(super) configured: Configured<'w>,
    places: &'w [Place],
    /// Where they are looked for.
    urls: Vec<&'w str>,
}

impl<'w> Work<'w> {
    pub(super) fn new(migrator: &'w Migrator, places: &'w [Place], options: Options) -> Self {
        let urls = places.iter().map(|place| place.url.as_str()).collect();
        Self { configured: migrator.with(options), places, urls }
    }

    /// The same, stopped by signals.
    pub(super) fn heeding(mut self, progress: &Arc<Progress>) -> Self {
        let interrupt = self.places.first().and_then(|place| place.stopping.interrupt(progress));
        self.configured = self.configured.heeding(interrupt);
        self
    }

    /// The only one.
    fn only(&self) -> Option<&'w str> {
        if let [only] = self.urls[..] { Some(only) } else { None }
    }

    fn all(&self) -> Databases<'w, 'w> {
        let names = self.places.iter().map(|place| place.name.as_deref().unwrap_or_default());
        self.configured.databases(names.zip(self.urls.iter().copied()))
    }

    pub(super) async fn up(&self, target: Option<&str>) -> Result<Vec<Report>, Error> {
        match (self.only(), target) {
            (Some(url), None) => self.configured.up(url).await.map(only),
            (Some(url), Some(target)) => self.configured.up_to(url, target).await.map(only),
            (None, None) => self.all().up().await.map(unnamed),
            (None, Some(target)) => self.all().up_to(target).await.map(unnamed),
        }
    }

    pub(super) async fn down(&self, target: &str) -> Result<Vec<Report>, Error> {
        match self.only() {
            Some(url) => self.configured.down(url, target).await.map(only),
            None => self.all().down(target).await.map(unnamed),
        }
    }

    pub(super) async fn plan(
        &self,
        direction: Direction,
        target: &str,
    ) -> Result<Vec<RunPlan>, Error> {
        match self.only() {
            Some(url) => self.configured.plan(url, direction, target).await.map(only),
            None => self.all().plan(direction, target).await.map(unnamed),
        }
    }

    pub(super) async fn redo(&self, target: &str) -> Result<Vec<RedoReport>, Error> {
        match self.only() {
            Some(url) => self.configured.redo(url, target).await.map(only),
            None => self.all().redo(target).await.map(unnamed),
        }
    }

    pub(super) async fn plan_redo(&self, target: &str) -> Result<Vec<RedoPlan>, Error> {
        match self.only() {
            Some(url) => self.configured.plan_redo(url, target).await.map(only),
            None => self.all().plan_redo(target).await.map(unnamed),
        }
    }

    /// The plan of the way up, and which databases `up` would create.
    pub(super) async fn plan_up(
        mut self,
        target: &str,
    ) -> Result<(Vec<RunPlan>, Vec<&'w Place>), Error> {
        let mut missing = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            if is_missing(&self.configured, place).await {
                self.urls[index] = NOTHING;
                missing.push(index);
            }
        }
        let mut plans = self.plan(Direction::Up, target).await?;
        for &index in &missing {
            plans[index].database.clone_from(&self.places[index].shown);
        }
        Ok((plans, missing.into_iter().map(|index| &self.places[index]).collect()))
    }
}

/// Whether there is no such database yet; any other error is for the command itself to meet.
async fn is_missing(configured: &Configured<'_>, place: &Place) -> bool {
    let mut configured = configured.clone();
    configured.options.database.clone_from(&place.name);
    let status = configured.status(place.url.as_str()).await;
    status.is_err_and(|error| error.kind() == ErrorKind::Missing)
}

fn only<T>(answer: T) -> Vec<T> {
    vec![answer]
}

fn unnamed<T>(answers: Vec<Named<T>>) -> Vec<T> {
    answers.into_iter().map(|named| named.report).collect()
}
