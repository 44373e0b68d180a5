//! Looking at a database: what is there, and what there is to do.
//!
//! Reads and never writes; called without a lock first, and again under it if anyone wrote meanwhile.

use std::collections::{HashMap, HashSet, VecDeque};

use futures_util::future::BoxFuture;

use super::connection::Connection;
use super::database::Source as Way;
use super::doubt::Doubt;
use super::error::{DatabaseState, Error, ErrorKind};
use super::job::{Job, jobs, prefers_stored, run_plan};
use super::migrator::Configured;
use super::options::Options;
use super::report::{RunPlan, StepTransaction};
use super::rounds::number;
use super::select::{Request, Selection, select};
use super::state::{RowStatus, State};
use super::two_phase::is_two_phase;
use crate::chain::baked::{Header, Tips};
use crate::chain::plan::current_heads;
use crate::chain::{Anchor, Direction, RevisionId, Target, listed};
use crate::dialect::Dialect;

/// What a run would do now; like [`run`](super::together::run), a future without a type of its own.
pub(crate) fn plan<'a>(
    configured: &'a Configured<'_>,
    way: Way<'a>,
    direction: Direction,
    target: Target,
) -> BoxFuture<'a, Result<RunPlan, Error>> {
    Box::pin(plan_now(configured, way, direction, target))
}

async fn plan_now(
    configured: &Configured<'_>,
    way: Way<'_>,
    direction: Direction,
    target: Target,
) -> Result<RunPlan, Error> {
    let header = configured.migrator.header()?;
    let mut connection = Connection::open(way, false).await?;
    let (connections, each) =
        (std::slice::from_mut(&mut connection), std::slice::from_ref(configured));
    let plans = plan_all(connections, each, header, direction, &target).await;
    let plan = plans.map(|mut plans| plans.pop().expect("each database has a plan"));
    let plan = plan.map_err(|error| error.on(connection.name()));
    connection.finish().await?;
    plan
}

/// What one run over several databases would do now.
pub(super) async fn plan_all(
    connections: &mut [Connection<'_>],
    configured: &[Configured<'_>],
    header: &Header,
    direction: Direction,
    target: &Target,
) -> Result<Vec<RunPlan>, Error> {
    let mut requests = Vec::new();
    let mut seen = Vec::new();
    for (connection, one) in connections.iter_mut().zip(configured) {
        let dialect = connection.dialect();
        let request = request(dialect, one, header, direction, Some(target.clone()))?;
        let first = connection.what_comes_first(&request, configured).await;
        let first = first.map_err(|error| error.on(connection.name()))?;
        match look(connection, &request, None).await {
            Ok(Look::Ready(mut ready)) => {
                ready.warnings.extend(first);
                seen.push(ready);
            }
            Ok(Look::Busy(doubt)) => return Err(doubt.error.on(connection.name())),
            Err(error) => return Err(error.on(connection.name())),
        }
        requests.push(request);
    }
    refuse_apart(requests.iter().zip(&seen))?;
    let plans = seen.iter_mut().map(|ready| ready.jobs.make_contiguous());
    number(&mut plans.collect::<Vec<_>>(), holds_run(requests.iter()));
    let is_two_phase = is_two_phase(&requests);
    let plans = connections.iter().zip(seen).map(|(connection, ready)| {
        let jobs: Vec<Job<'_>> = ready.jobs.into();
        run_plan(direction, &jobs, &ready.warnings, connection.name(), is_two_phase)
    });
    Ok(plans.collect())
}

/// Whether a transaction holds the whole run: only where it does in every database.
pub(crate) fn holds_run<'s, 'a: 's>(mut requests: impl Iterator<Item = &'s Request<'a>>) -> bool {
    requests.all(|request| request.options.scope.is_run(request.variant.dialect))
}

/// The tips of the chain in the variant of this dialect.
pub(crate) fn variant<'h>(
    dialect: Dialect,
    header: &'h Header,
    options: &Options,
) -> Result<(usize, &'h Tips), Error> {
    let mut of_dialect = header
        .tips
        .iter()
        .enumerate()
        .filter(|(_, tips)| tips.variant.dialect == dialect)
        .peekable();
    if of_dialect.peek().is_none() {
        let dialects = header.tips.iter().map(|tips| tips.variant.dialect);
        return Err(Error::new(
            ErrorKind::Chain,
            format!("the chain is not written for {dialect}, but for {}", listed(dialects)),
        )
        .help(format!("add `{dialect}` to `dialects` in `[package.metadata.migrate]`")));
    }
    let names: Vec<&str> =
        of_dialect.clone().filter_map(|(_, tips)| tips.variant.database.as_deref()).collect();
    of_dialect.find(|(_, tips)| tips.variant.database == options.database).ok_or_else(|| {
        let help = format!("the chain's databases are {}", listed(&names));
        match &options.database {
            None => {
                Error::new(ErrorKind::Chain, "the chain is for several databases: which is this?")
                    .help(format!("name it with `Options::database`; {help}"))
            }
            Some(name) if names.is_empty() => Error::new(
                ErrorKind::Chain,
                format!("the chain has no named databases, so no `{name}`"),
            )
            .help("leave the name out, or declare `databases` in `[package.metadata.migrate]`"),
            Some(name) => {
                Error::new(ErrorKind::Chain, format!("the chain has no database called `{name}`"))
                    .help(help)
            }
        }
    })
}

pub(crate) fn request<'a>(
    dialect: Dialect,
    configured: &'a Configured<'_>,
    header: &'a Header,
    direction: Direction,
    target: Option<Target>,
) -> Result<Request<'a>, Error> {
    let (variant_index, tips) = variant(dialect, header, &configured.options)?;
    let settings = &header.settings;
    Ok(Request {
        chain: configured.migrator.chain()?,
        settings,
        variant: &tips.variant,
        variant_index,
        direction,
        only: None,
        target: target.unwrap_or(if settings.many_heads { Target::HEADS } else { Target::HEAD }),
        options: &configured.options,
        rust: configured.migrator.rust(),
    })
}

/// What there is to do, as of the last look.
#[derive(Default)]
pub(crate) struct Ready<'a> {
    pub(crate) jobs: VecDeque<Job<'a>>,
    pub(crate) warnings: Vec<String>,
    pub(crate) has_table: bool,
    /// Where the database is, if the target counts from there.
    at: Option<Vec<RevisionId>>,
}

impl Ready<'_> {
    /// Whether this program has all code that will run.
    pub(crate) fn check_code(&self) -> Result<(), Error> {
        self.jobs.iter().try_for_each(|job| job.code().map(|_| ()))
    }

    /// Whether the first part runs with foreign keys on; `None` if there is nothing to do.
    pub(crate) fn foreign_keys(&self) -> Option<bool> {
        self.jobs.front().map(|job| job.transaction == StepTransaction::ForeignKeys)
    }
}

/// The result of a look.
pub(crate) enum Look<'a> {
    Ready(Ready<'a>),
    /// A statement is started: someone is running it, or nobody knows whether it is done.
    Busy(Doubt),
}

/// Reads the state and decides what to do, checking all that can be checked.
pub(crate) async fn look<'a>(
    connection: &mut Connection<'_>,
    request: &Request<'a>,
    goal: Option<&HashSet<RevisionId>>,
) -> Result<Look<'a>, Error> {
    let state = connection.state(request.settings, request.options).await?;
    consider(connection, request, &state, goal).await
}

/// The same for a state that was read, or that there will be.
pub(crate) async fn consider<'a>(
    connection: &mut Connection<'_>,
    request: &Request<'a>,
    state: &State,
    goal: Option<&HashSet<RevisionId>>,
) -> Result<Look<'a>, Error> {
    let (steps, warnings) = match select(request, state, goal)? {
        Selection::Steps { steps, warnings } => (steps, warnings),
        Selection::Busy { revision } => {
            let row = state.row(revision.as_str()).expect("a busy revision is one of the rows");
            let stored = connection.down_script(request.settings, &revision).await?;
            return Ok(Look::Busy(Doubt::of(request, row, stored)));
        }
    };
    let mut stored = HashMap::new();
    if request.direction == Direction::Down {
        for id in &steps {
            let resumed =
                state.row(id.as_str()).is_some_and(|row| row.status == RowStatus::Reverting);
            let is_unknown = request.chain.get(id.as_str()).is_none();
            if (resumed || is_unknown || prefers_stored(request, state, id))
                && let Some(script) = connection.down_script(request.settings, id).await?
            {
                stored.insert(id.clone(), script);
            }
        }
    }
    let jobs = jobs(request, state, &steps, stored)?;
    if jobs.iter().any(Job::needs_version) {
        let version = connection.version().await?;
        jobs.iter().try_for_each(|job| job.check_version(request.variant.dialect, &version))?;
    }
    let mut available = HashSet::new();
    for name in jobs.iter().flat_map(Job::extensions) {
        if !available.contains(name) && connection.has_extension(name).await? {
            available.insert(name.to_owned());
        }
    }
    jobs.iter().try_for_each(|job| job.check_extensions(&available))?;
    let at = (request.target.anchor == Anchor::Current)
        .then(|| current_heads(&state.extended(request.chain), &state.applied()));
    Ok(Look::Ready(Ready { jobs: jobs.into(), warnings, has_table: state.has_table, at }))
}

/// Refuses a target that counts from where a database is if several are not at the same place: it would
/// mean another revision in each.
pub(crate) fn refuse_apart<'s, 'a: 's>(
    seen: impl Iterator<Item = (&'s Request<'a>, &'s Ready<'a>)>,
) -> Result<(), Error> {
    let seen: Vec<_> =
        seen.filter_map(|(request, ready)| Some((request, ready.at.as_ref()?))).collect();
    if seen.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        return Ok(());
    }
    let target = seen[0].0.target.to_string();
    let mut error = Error::new(
        ErrorKind::Target,
        format!("the databases are not at the same place, from which `{target}` could count"),
    )
    .leaving(DatabaseState::AsBefore);
    for (request, at) in seen {
        let name = request.options.database.as_deref().unwrap_or("the database");
        let at = if at.is_empty() { String::from("base") } else { listed(at) };
        error = error.note(format!("`{name}` is at {at}"));
    }
    Err(error
        .help("name the revision, or bring them to one place first: `up` does")
        .help("or choose one of them with `--database`"))
}
