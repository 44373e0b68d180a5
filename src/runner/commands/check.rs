//! `check`: whether what a binary carries is whole, and whether a database has it.
//!
//! Of `cargo migrate check` the second half is here, too: a database is asked the same questions, whether the chain comes
//! from files or from a binary.

use std::fmt;
use std::sync::Arc;

use super::database::{announce, block_on, failed, look, options};
use super::progress::Progress;
use super::status::answer;
use crate::Dialect;
use crate::chain::{Chain, Revision, counted, listed};
use crate::diagnostic::{Severity, visible};
use crate::runner::message;
use crate::runner::place::Place;
use crate::runner::{CheckArguments, DatabaseArguments, Exit, Failure, StatementArguments, Ui};
use crate::runtime::{self, ErrorKind, Migrator, Problem, ProblemKind, RevisionStatus};

/// More revisions than these are counted and not named.
const MOST_NAMED: usize = 5;

/// Something that a database and the chain do not agree about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateFinding {
    /// What kind it is; a stable name.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only other formats need it"))]
    pub(crate) rule: &'static str,
    /// The same in a line.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only other formats need it"))]
    pub(crate) summary: &'static str,
    pub(crate) severity: Severity,
    /// What is wrong.
    pub(crate) message: String,
    /// The file of the revision that it is about, if it is about one.
    pub(crate) path: Option<String>,
    pub(crate) notes: Vec<String>,
    /// What to type next.
    pub(crate) helps: Vec<String>,
}

impl fmt::Display for StateFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(path) = &self.path {
            write!(f, "\n --> {path}")?;
        }
        for note in &self.notes {
            write!(f, "\n  = note: {}", note.replace('\n', "\n    "))?;
        }
        self.helps.iter().try_for_each(|help| write!(f, "\n  = help: {help}"))
    }
}

impl From<&Problem> for StateFinding {
    fn from(problem: &Problem) -> Self {
        let (rule, summary) = match problem.kind {
            ProblemKind::Edited => ("database-edited", "an applied revision was edited"),
            ProblemKind::Reparented => {
                ("database-reparented", "an applied revision has other parents than it had")
            }
            ProblemKind::WrongDigest => {
                ("database-wrong-digest", "the digest of an applied revision follows from nothing")
            }
            ProblemKind::StatementInDoubt => {
                ("database-statement-in-doubt", "nobody knows whether a statement has run")
            }
            ProblemKind::Unfinished => {
                ("database-unfinished", "a revision is applied or undone in part")
            }
            ProblemKind::Gap => {
                ("database-gap", "a revision is applied, and one that it needs is not")
            }
        };
        let help = |way: &runtime::WayOut| match &way.command {
            Some(command) => format!("`{command}`: {}", way.effect),
            None => way.effect.clone(),
        };
        Self {
            rule,
            summary,
            severity: Severity::Error,
            message: problem.message.clone(),
            path: problem.path.clone(),
            notes: problem.notes.clone(),
            helps: problem.ways_out.iter().map(help).collect(),
        }
    }
}

/// Checks what the binary carries, and a database if that is asked for.
pub(crate) fn check(
    migrator: &Migrator,
    args: &CheckArguments,
    ui: &Ui,
    places: impl FnOnce() -> Result<Vec<Place>, Failure>,
) -> Result<Exit, Failure> {
    runtime::verify(migrator).map_err(failed)?;
    let chain = migrator.chain().map_err(failed)?;
    let drivers = drivers();
    let mut warnings = 0;
    let mut dialects: Vec<Dialect> = Vec::new();
    for variant in chain.variants() {
        if dialects.contains(&variant.dialect) {
            continue;
        }
        dialects.push(variant.dialect);
        if !drivers.contains(&variant.dialect) {
            warnings += 1;
            ui.warn(format_args!(
                "the chain is written for `{0}`, and this program has no driver for it; the feature `{0}` of \
                 `cargo-migrate` compiles it in",
                variant.dialect
            ))?;
        }
    }
    checked(chain, warnings, Some(&drivers), ui)?;
    if !args.need_database() {
        return Ok(Exit::Done);
    }
    state(migrator, &places()?, &args.database, ui).map(|(_, exit)| exit)
}

/// Says what the chain is like, where nothing is wrong with it.
pub(crate) fn checked(
    chain: &Chain,
    warnings: usize,
    drivers: Option<&[Dialect]>,
    ui: &Ui,
) -> Result<(), Failure> {
    let heads: Vec<_> = chain.heads().map(Revision::id).collect();
    let mut parts = vec![counted(chain.len(), "revision")];
    if !heads.is_empty() {
        let word = if heads.len() == 1 { "head" } else { "heads" };
        parts.push(format!("{word} {}", quoted(&heads)));
    }
    match drivers {
        None => {}
        Some([]) => parts.push(String::from("no driver")),
        Some([only]) => parts.push(format!("driver `{only}`")),
        Some(several) => parts.push(format!("drivers {}", quoted(several))),
    }
    if warnings > 0 {
        parts.push(counted(warnings, "warning"));
    }
    ui.status("Checked", parts.join(", "))?;
    ui.tell(|| message::Check {
        revisions: chain.len(),
        heads: message::ids(chain.heads()),
        warnings,
        drivers: drivers.map(|it| it.iter().map(ToString::to_string).collect()),
    })
}

/// Compares databases with the chain, and says what differs.
pub(crate) fn state(
    migrator: &Migrator,
    places: &[Place],
    args: &DatabaseArguments,
    ui: &Ui,
) -> Result<(Vec<StateFinding>, Exit), Failure> {
    let (mut findings, mut exit) = (Vec::new(), Exit::Done);
    for place in places {
        let (more, of_place) = state_of(migrator, place, args, ui)?;
        findings.extend(more);
        if of_place != Exit::Done {
            exit = of_place;
        }
    }
    Ok((findings, exit))
}

fn state_of(
    migrator: &Migrator,
    place: &Place,
    args: &DatabaseArguments,
    ui: &Ui,
) -> Result<(Vec<StateFinding>, Exit), Failure> {
    let places = std::slice::from_ref(place);
    announce(places, ui)?;
    let status = look(migrator, place, args, ui)?;
    let progress = Arc::new(Progress::new(ui.clone()));
    let statements = StatementArguments::default();
    let mut options = options(places, args, statements, None, &progress);
    options.database.clone_from(&place.name);
    let configured = migrator.with(options);
    let problems = block_on(async {
        match configured.problems(place.url.as_str()).await {
            Err(error) if error.kind() == ErrorKind::Missing => Ok(Vec::new()),
            problems => problems.map_err(failed),
        }
    })?;
    let answer = answer(migrator, place, args, &status)?;
    let mut findings: Vec<StateFinding> = problems.iter().map(Into::into).collect();
    findings.extend(status.prepared.iter().map(prepared));
    findings.extend(unknown(&status));
    findings.extend(pending(&status, answer.next.as_deref()));
    let is_current = status.is_current() && problems.is_empty();
    problems.iter().try_for_each(|problem| ui.tell(|| message::Problem::from(problem)))?;
    ui.tell(|| answer)?;
    for finding in &findings {
        ui.finding(finding.severity, finding)?;
    }
    ui.status(
        "Finished",
        if is_current { "the database is up to date" } else { "the database is out of date" },
    )?;
    Ok((findings, if is_current { Exit::Done } else { Exit::OutOfDate }))
}

fn prepared(transaction: &runtime::PreparedTransaction) -> StateFinding {
    StateFinding {
        rule: "database-prepared",
        summary: "a transaction of a run over several databases is left prepared",
        severity: Severity::Error,
        message: visible(&transaction.to_string()).into_owned(),
        path: None,
        notes: vec![
            format!(
                "`{}` knows what is to become of it; unless a run is at work now, one did not come back",
                transaction.decider()
            ),
            String::from("until it is committed or undone it keeps its locks"),
        ],
        helps: vec![String::from("`up` over all databases of that run commits or undoes it")],
    }
}

fn pending(status: &runtime::Status, next: Option<&str>) -> Option<StateFinding> {
    let pending: Vec<&RevisionStatus> = status.pending().collect();
    let is = match pending.len() {
        0 => return None,
        1 => "is",
        _ => "are",
    };
    let what = counted(pending.len(), "revision");
    Some(StateFinding {
        rule: "database-pending",
        summary: "a revision is not applied",
        severity: Severity::Warning,
        message: format!("{what} {is} pending: {}", named(&pending)),
        path: None,
        notes: Vec::new(),
        helps: Vec::from_iter(next.map(|next| format!("`{next}` is next"))),
    })
}

fn unknown(status: &runtime::Status) -> Option<StateFinding> {
    let unknown: Vec<&RevisionStatus> =
        status.revisions.iter().filter(|revision| revision.is_unknown()).collect();
    if unknown.is_empty() {
        return None;
    }
    let what = counted(unknown.len(), "revision");
    let is_newer = status.is_current();
    Some(StateFinding {
        rule: "database-unknown",
        summary: "the database has a revision that the chain does not have",
        severity: Severity::Warning,
        message: format!(
            "the database has {what} that this chain does not have: {}",
            named(&unknown)
        ),
        path: None,
        notes: vec![String::from(if is_newer {
            "all of this chain is applied, so the database is newer"
        } else {
            "it lacks revisions of this chain, too: it was migrated from another branch, or by an older version"
        })],
        helps: vec![String::from("`status` lists them")],
    })
}

fn named(revisions: &[&RevisionStatus]) -> String {
    let ids: Vec<_> =
        revisions.iter().take(MOST_NAMED).map(|it| visible(it.revision.as_str())).collect();
    match revisions.len().checked_sub(MOST_NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", quoted(&ids)),
        _ => listed(&ids),
    }
}

fn quoted(names: &[impl fmt::Display]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The drivers that are compiled in.
fn drivers() -> Vec<Dialect> {
    let is_in = |dialect: &Dialect| match dialect {
        Dialect::Sqlite => cfg!(feature = "sqlite"),
        Dialect::Postgres => cfg!(feature = "postgres"),
        Dialect::Mysql => cfg!(feature = "mysql"),
    };
    Dialect::ALL.into_iter().filter(is_in).collect()
}
