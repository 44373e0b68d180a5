//! A range as a script: what a run would do, as a text for the database's own client.
//!
//! Pure: neither a database nor a file is touched. The steps come from the same plan as those of a
//! run, their statements and transactions from the same jobs, and the rows from the same `Tracking`; only
//! the order in which they are written down is here, and it is that of `run` and `unwrapped`. What a
//! run asks the database for is left to the script itself: it looks at the tracking table before
//! it changes anything, and stops at the first error.

mod client;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use self::client::Writer;
use super::error::{Error, ErrorKind};
use super::job::{Job, OUTER_SAVEPOINT, RELEASE_OUTER_SAVEPOINT, jobs};
use super::look::request;
use super::migrator::{Configured, Migrator};
use super::options::Options;
use super::report::StepTransaction;
use super::select::Request;
use super::state::{Progress, State};
use super::tracking::{Change, Tracking};
use crate::chain::plan::Between;
use crate::chain::{Chain, Digest, Direction, Kind, RevisionId, TargetRange};
use crate::dialect::Dialect;
use crate::sql;

/// A script that does what a run would do; see [`Configured::script`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqlScript {
    /// Whether it applies or undoes.
    pub direction: Direction,
    /// What it applies or undoes, in this order.
    pub revisions: Vec<RevisionId>,
    /// The script, in full lines.
    pub text: String,
}

impl Migrator {
    /// Writes what leads from one target to another as a script; see [`Configured::script`].
    pub fn script(&self, dialect: Dialect, range: &TargetRange) -> Result<SqlScript, Error> {
        self.with(Options::default()).script(dialect, range)
    }
}

impl Configured<'_> {
    /// Writes what leads from one target to another as a script for the database's own client
    /// (`sqlite3`, `psql`, `mariadb`): the same statements in the same transactions as a run, with the rows
    /// that it records.
    ///
    /// The lower end is what the database is assumed to have; the script itself looks whether that
    /// is so, and stops before it changes anything. Where the upper end comes before it, the script
    /// undoes. No database is needed; [`Options::applied_by`] is `sql script` by default.
    ///
    /// ```
    /// # use cargo_migrate::{Dialect, Error, Migrator};
    /// # fn example(migrator: &Migrator) -> Result<(), Box<dyn std::error::Error>> {
    /// let script = migrator.script(Dialect::Postgres, &"ae1027a6acf5:head".parse()?)?;
    /// std::fs::write("release.sql", script.text)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Target`], [`ErrorKind::Chain`], [`ErrorKind::Rust`] for a revision whose statements nobody
    /// knows before it runs, [`ErrorKind::Irreversible`], and [`ErrorKind::Script`].
    pub fn script(&self, dialect: Dialect, range: &TargetRange) -> Result<SqlScript, Error> {
        let header = self.migrator.header()?;
        let chain = self.migrator.chain()?;
        let Between { plan, assumed } = Between::new(chain, range)?;
        let steps: Vec<RevisionId> = plan.steps.into_iter().map(|step| step.revision).collect();
        refuse_rust(chain, &steps)?;
        let request = request(dialect, self, header, plan.direction, None)?;
        // Nothing is recorded that could say more than the files do.
        let jobs = jobs(&request, &State::default(), &steps, HashMap::new());
        let jobs = jobs.map_err(Error::without_database)?;
        let tracking = Tracking::new(
            dialect,
            request.settings,
            (dialect == Dialect::Sqlite).then_some("main"),
        );
        refuse_moves(&jobs, &tracking, dialect)?;
        let applied_by = self.options.applied_by.as_deref().unwrap_or("sql script");
        let script = Script {
            request: &request,
            tracking: &tracking,
            applied_by,
            assumed: assumed.iter().collect(),
        };
        Ok(SqlScript {
            direction: plan.direction,
            text: script.write(range, &jobs),
            revisions: steps,
        })
    }
}

fn refuse_rust(chain: &Chain, steps: &[RevisionId]) -> Result<(), Error> {
    let is_rust = |id: &&RevisionId| {
        chain.get(id.as_str()).is_some_and(|revision| revision.kind() == Kind::Rust)
    };
    let Some(id) = steps.iter().find(is_rust) else { return Ok(()) };
    let text = format!("revision `{id}` is written in Rust, so no script can do what it does");
    let path = chain.get(id.as_str()).map(crate::chain::Revision::path);
    Err(Error::new(ErrorKind::Rust, text).revision_named(id, path).help(
        "give ranges that end before it and begin at it, and run the revision itself with `up`",
    ))
}

/// A script cannot ask where it began, as a run does before it names the tracking table.
fn refuse_moves(jobs: &[Job<'_>], tracking: &Tracking, dialect: Dialect) -> Result<(), Error> {
    if tracking.schema().is_some() {
        return Ok(());
    }
    let moves = |job: &Job<'_>, index: &usize| {
        let sql = job.statement(*index);
        match dialect {
            Dialect::Sqlite => false,
            // Inside a transaction the path is set back before the row is written.
            Dialect::Postgres => job.is_alone() && sql::changes_place(dialect, sql),
            Dialect::Mysql => sql::tokens(dialect, sql)
                .next()
                .is_some_and(|token| token.text.eq_ignore_ascii_case("use")),
        }
    };
    for job in jobs {
        if let Some(index) = (0..job.statements.len()).find(|index| moves(job, index)) {
            return Err(Error::new(
                ErrorKind::Script,
                format!(
                    "revision `{}` changes where names are looked up, so a script could not tell where \
                     the tracking table is",
                    job.id
                ),
            )
            .revision_named(&job.id, job.path)
            .at(&job.text, job.statements[index].start)
            .help("set `table = \"SCHEMA.TABLE\"` in `[package.metadata.migrate]`, or run it with `up`"));
        }
    }
    Ok(())
}

/// What the script is made from.
struct Script<'s> {
    request: &'s Request<'s>,
    tracking: &'s Tracking,
    applied_by: &'s str,
    assumed: HashSet<&'s RevisionId>,
}

impl Script<'_> {
    fn dialect(&self) -> Dialect {
        self.request.variant.dialect
    }

    fn write(&self, range: &TargetRange, jobs: &[Job<'_>]) -> String {
        let mut writer = Writer::new(self.dialect());
        self.head(&mut writer, range, jobs);
        if jobs.is_empty() {
            return writer.text();
        }
        writer.open_session();
        let mut check = Some(self.tracking.is_at(&self.tips(), &self.absent(jobs)));
        for part in jobs.chunk_by(|one, other| one.part == other.part) {
            if let [job] = part
                && job.is_alone()
            {
                self.begin(&mut writer, false, check.take());
                self.alone(&mut writer, job);
            } else {
                let foreign_keys = part.iter().any(|job| job.foreign_keys);
                self.begin(&mut writer, foreign_keys, check.take());
                for job in part {
                    self.together(&mut writer, job);
                }
                writer.commit();
            }
            if part.iter().any(|job| job.changes_session) {
                writer.tidy();
            }
        }
        writer.text()
    }

    fn head(&self, writer: &mut Writer, range: &TargetRange, jobs: &[Job<'_>]) {
        let Request { settings, variant, direction, .. } = self.request;
        let (from, to) = (range.start(), range.to.clone());
        let to = to.map_or_else(|| String::from("heads"), |to| to.to_string());
        let count = match jobs.len() {
            1 => String::from("1 revision"),
            count => format!("{count} revisions"),
        };
        writer.comment(&format!(
            "Chain `{}` from `{from}` to `{to}`: {count} {direction}, for {variant}.",
            settings.chain
        ));
        writer.comment(&format!("Written by cargo-migrate {}.", env!("CARGO_PKG_VERSION")));
        writer.comment("");
        if jobs.is_empty() {
            writer.comment("There is nothing to do.");
            return;
        }
        writer.comment(if self.assumed.is_empty() {
            "It is for a database in which none of these revisions is applied. It looks at the"
        } else {
            "It is for a database that has just what the range begins with. It looks at the"
        });
        writer.comment("tracking table first, and changes nothing where that says otherwise.");
        writer.comment("Nobody else may migrate the database meanwhile.");
        writer.comment("");
        writer.how_to_run();
    }

    /// Begins a part; the first one looks whether the database is as assumed.
    fn begin(&self, writer: &mut Writer, foreign_keys: bool, check: Option<String>) {
        if check.is_none() {
            writer.gap();
        }
        writer.foreign_keys(foreign_keys);
        // There every definition would end the transaction again.
        if self.dialect() != Dialect::Mysql {
            writer.begin();
        }
        if let Some(check) = check {
            if self.assumed.is_empty() {
                writer.gap();
                writer.comment("The tracking tables.");
                writer.create_schema(self.tracking);
                for statement in self.tracking.create() {
                    writer.statement(&statement);
                }
            }
            writer.gap();
            writer.check(&check);
        }
        if self.dialect() == Dialect::Mysql {
            writer.begin();
        }
    }

    /// The assumed revisions that no assumed one comes after; their digests prove all of them.
    fn tips(&self) -> Vec<(Cow<'_, str>, Digest)> {
        let chain = self.request.chain;
        (0..chain.len())
            .filter(|&index| self.is_assumed(index))
            .filter(|&index| !chain.after(index).any(|other| self.is_assumed(other)))
            .map(|index| {
                let revision = &chain.revisions()[index];
                let digest = revision.fingerprints[self.request.variant_index].digest;
                (Cow::Borrowed(revision.id().as_str()), digest)
            })
            .collect()
    }

    fn is_assumed(&self, index: usize) -> bool {
        self.assumed.contains(self.request.chain.revisions()[index].id())
    }

    /// What must not be recorded: what will be applied, and what comes after what will be undone.
    fn absent(&self, jobs: &[Job<'_>]) -> Vec<&RevisionId> {
        let chain = self.request.chain;
        let mut is_found = vec![false; chain.len()];
        let mut found: Vec<usize> =
            jobs.iter().filter_map(|job| chain.index(job.id.as_str())).collect();
        while let Some(index) = found.pop() {
            if !std::mem::replace(&mut is_found[index], true)
                && self.request.direction == Direction::Down
            {
                found.extend(chain.after(index));
            }
        }
        (0..chain.len())
            .filter(|&index| is_found[index] && !self.is_assumed(index))
            .map(|index| chain.revisions()[index].id())
            .collect()
    }

    /// A revision in the open transaction.
    fn together(&self, writer: &mut Writer, job: &Job<'_>) {
        self.title(writer, job);
        // `MySQL` has no revision that sets savepoints and defines nothing.
        let has_savepoint = job.has_savepoint() && self.dialect() != Dialect::Mysql;
        if has_savepoint {
            writer.statement(OUTER_SAVEPOINT);
        }
        for index in 0..job.statements.len() {
            writer.statement(job.statement(index));
        }
        if has_savepoint {
            writer.statement(RELEASE_OUTER_SAVEPOINT);
        }
        if job.changes_session {
            writer.set_back();
        }
        writer.check_rows();
        match job.direction {
            Direction::Up => {
                let record = job.record(self.request, self.applied_by);
                self.change(writer, &Change::Insert(&record));
            }
            Direction::Down => self.change(writer, &Change::Delete(&job.id)),
        }
    }

    /// A revision outside a transaction; the open one only marks its beginning.
    fn alone(&self, writer: &mut Writer, job: &Job<'_>) {
        self.title(writer, job);
        writer.comment(match job.transaction {
            StepTransaction::StatementByStatement => {
                "The database commits definitions by itself, so the row says how far it is."
            }
            _ => "It runs outside a transaction, so the row says how far it is.",
        });
        let dialect = self.dialect();
        let count = job.statements.len();
        let mut progress = Progress::of(dialect, std::iter::empty());
        if count > 0 {
            let started = self.started(job, 0);
            if job.direction == Direction::Up {
                let record = job.record_of_beginning(self.request, self.applied_by, started);
                self.change(writer, &Change::Insert(&record));
            } else {
                let standing = job.standing_of_undoing(0, started, progress.checksum());
                self.change(writer, &Change::Standing(&job.id, &standing));
            }
            writer.commit();
            writer.foreign_keys(job.foreign_keys);
        }
        for index in 0..count {
            let is_alone = job.is_started_alone(dialect, index);
            if !is_alone {
                writer.begin();
            }
            writer.statement(job.statement(index));
            progress.finished(job.statement(index));
            let done = index + 1;
            if done < count {
                let checksum = progress.checksum();
                let started = self.started(job, done);
                let revision = &job.id;
                self.change(
                    writer,
                    &Change::Progress { revision, done, started, checksum: &checksum },
                );
                if !is_alone {
                    writer.commit();
                }
            } else if is_alone {
                writer.begin();
            }
        }
        if job.direction == Direction::Down || count > 0 {
            self.change(writer, &Change::Delete(&job.id));
        }
        if job.direction == Direction::Up {
            let record = job.record(self.request, self.applied_by);
            self.change(writer, &Change::Insert(&record));
        }
        writer.commit();
        writer.check_rows();
    }

    /// What the row says of a statement before it runs.
    ///
    /// Where the catalog could be asked later whether it has run, it could not be asked before, so
    /// nothing is said: a definition that has run and is run again fails and does no harm.
    fn started(&self, job: &Job<'_>, index: usize) -> Option<usize> {
        let dialect = self.dialect();
        let is_marked = job.is_started_alone(dialect, index)
            && sql::effect(dialect, job.statement(index)).is_none();
        is_marked.then_some(index + 1)
    }

    fn change(&self, writer: &mut Writer, change: &Change<'_>) {
        writer.statement(&self.tracking.change(change));
    }

    fn title(&self, writer: &mut Writer, job: &Job<'_>) {
        writer.gap();
        let path = job.path.map(|path| format!(" ({path})")).unwrap_or_default();
        writer.comment(&format!("{} {}: {}{path}", job.direction, job.id, job.description));
        for requirement in job.requirements(self.dialect()) {
            writer.comment(&format!("It requires {requirement}, which is not checked here."));
        }
    }
}
