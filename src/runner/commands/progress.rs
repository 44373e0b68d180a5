//! What a run shows while it is at work: a line for each revision, and a bar where it is long.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::plan::in_short;
use crate::chain::{Direction, RevisionId};
use crate::diagnostic::visible;
use crate::runner::Ui;
use crate::runner::message::{self, Message, milliseconds};
use crate::runtime::{Event, Observer, PlannedStep};

/// Runs shorter than this show no bar: it would be gone before it is read.
const BAR_FROM: usize = 5;

/// After this time, who waits for the lock is told again that and for whom.
const REMIND_AFTER: Duration = Duration::from_secs(15);

/// Turns events into lines, and into a bar on a terminal.
pub(crate) struct Progress {
    ui: Ui,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    descriptions: HashMap<RevisionId, String>,
    /// Which of several databases events are about.
    database: Option<String>,
    /// How many steps each database has before it.
    counts: HashMap<Option<String>, usize>,
    waiting: Option<Waiting>,
    /// How many steps are permanent.
    committed: u64,
}

/// What was told of a wait.
#[derive(PartialEq)]
struct Waiting {
    holder: Option<String>,
    told: Duration,
}

impl State {
    /// What there is to tell of a wait, if it is news.
    fn waits(&mut self, waited: Duration, holder: Option<&str>) -> Option<String> {
        let before = self.waiting.as_mut();
        let is_known = before.as_ref().is_some_and(|it| it.holder.as_deref() == holder);
        if let Some(before) = before.filter(|_| is_known) {
            // Less than before is another wait of the same run.
            before.told = before.told.min(waited);
            if waited < before.told + REMIND_AFTER {
                return None;
            }
        }
        self.waiting = Some(Waiting { holder: holder.map(str::to_owned), told: waited });
        let what = match holder {
            Some(holder) => format!("for the lock of this database, held by {holder}"),
            None => String::from("for another migrator or writer of this database"),
        };
        Some(match waited.as_secs() {
            0 => what,
            seconds => format!("{what}, for {seconds}s so far"),
        })
    }
}

impl Progress {
    pub(crate) fn new(ui: Ui) -> Self {
        Self { ui, state: Mutex::default() }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.state().bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Says that the run was told to stop.
    pub(crate) fn stopping(&self, times: usize) {
        let text = match times {
            1 => "what runs is cancelled; once more stops at once, without waiting for that",
            _ => "at once",
        };
        self.line(&self.state(), "Stopping", text);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line above the bar. A reader who has gone away is no reason to stop a run half-way.
    fn line(&self, state: &State, verb: &str, text: &str) {
        let write = || {
            let _ = self.ui.status(verb, text);
        };
        match &state.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        // A reader who has gone away is no reason to stop a run half-way.
        let _ = told(event, self.ui.is_verbose()).map(|message| self.ui.tell(|| message));
        let mut state = self.state();
        match event {
            Event::Database { name } => state.database = Some((*name).to_owned()),
            Event::RunStarted { plan } => {
                let description = |step: &PlannedStep| {
                    (step.revision.clone(), visible(&step.description).into_owned())
                };
                state.descriptions.extend(plan.steps.iter().map(description));
                let database = state.database.clone();
                let of = database.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                self.line(&state, "Planned", &format!("{of}{}", in_short(plan)));
                state.counts.insert(database, plan.steps.len());
                let count: usize = state.counts.values().sum();
                if let Some(bar) = &state.bar {
                    bar.set_length(count as u64);
                } else if self.ui.draws_progress() && count >= BAR_FROM {
                    let bar = ProgressBar::new(count as u64);
                    let style = "{prefix:>12.cyan.bold} [{bar:27}] {pos}/{len}: {msg} {elapsed}";
                    if let Ok(style) = ProgressStyle::with_template(style) {
                        bar.set_style(style.progress_chars("=> "));
                    }
                    bar.set_prefix("Migrating");
                    bar.enable_steady_tick(Duration::from_millis(200));
                    state.bar = Some(bar);
                }
            }
            Event::Waiting { waited, holder } => {
                if let Some(text) = state.waits(*waited, *holder) {
                    self.line(&state, "Waiting", &text);
                }
            }
            Event::Retrying { revision, attempts, pause, reason, blockers, .. } => {
                for blocker in *blockers {
                    self.line(&state, "Blocked", &format!("by {blocker}"));
                }
                let (seconds, next) = (pause.as_secs_f64(), attempts + 1);
                let text = format!("{revision} in {seconds:.1}s, attempt {next}: {reason}");
                self.line(&state, "Retrying", &text);
                if let Some(bar) = &state.bar {
                    bar.set_position(state.committed);
                }
            }
            Event::Committed { revisions } => state.committed += revisions.len() as u64,
            Event::RevisionStarted { revision, direction, .. } => {
                let verb = match direction {
                    Direction::Up => "Applying",
                    Direction::Down => "Undoing",
                };
                let description = state.descriptions.get(*revision).cloned().unwrap_or_default();
                let database = state.database.as_ref().map(|name| format!("  @{name}"));
                let database = database.unwrap_or_default();
                self.line(&state, verb, &format!("{revision} {description}{database}"));
                if let Some(bar) = &state.bar {
                    bar.set_message(revision.to_string());
                }
            }
            Event::StatementStarted { revision, index, count } => {
                if self.ui.is_verbose() {
                    self.line(&state, "Running", &format!("statement {} of {count}", index + 1));
                }
                if let Some(bar) = &state.bar {
                    bar.set_message(format!("{revision} (statement {} of {count})", index + 1));
                }
            }
            Event::Progress { revision, rows } => {
                if self.ui.is_verbose() {
                    self.line(&state, "Working", &format!("{rows} rows done"));
                }
                if let Some(bar) = &state.bar {
                    bar.set_message(format!("{revision} ({rows} rows)"));
                }
            }
            Event::RevisionFinished { .. } => {
                if let Some(bar) = &state.bar {
                    bar.inc(1);
                }
            }
        }
    }
}

/// What programs are told of an event, if anything.
fn told(event: &Event<'_>, is_verbose: bool) -> Option<Message> {
    Some(match event {
        Event::Database { name } => message::Turned { database: (*name).to_owned() }.into(),
        Event::RunStarted { plan } => {
            message::RunStarted { plan: message::Plan::from(*plan) }.into()
        }
        Event::Waiting { waited, holder } => {
            message::Waiting { waited_ms: milliseconds(*waited), holder: holder.map(str::to_owned) }
                .into()
        }
        Event::Retrying { revision, attempts, pause, reason, blockers } => message::Retrying {
            revision: revision.to_string(),
            attempts: *attempts,
            pause_ms: milliseconds(*pause),
            cause: (*reason).to_owned(),
            blockers: blockers.to_vec(),
        }
        .into(),
        Event::RevisionStarted { revision, direction, index, count } => message::RevisionStarted {
            revision: revision.to_string(),
            direction: (*direction).into(),
            number: index + 1,
            count: *count,
        }
        .into(),
        Event::StatementStarted { .. } | Event::Progress { .. } if !is_verbose => return None,
        Event::StatementStarted { revision, index, count } => message::StatementStarted {
            revision: revision.to_string(),
            number: index + 1,
            count: *count,
        }
        .into(),
        Event::Progress { revision, rows } => {
            message::Progress { revision: revision.to_string(), rows: *rows }.into()
        }
        Event::RevisionFinished { revision, duration } => message::RevisionFinished {
            revision: revision.to_string(),
            duration_ms: milliseconds(*duration),
        }
        .into(),
        Event::Committed { revisions } => message::Committed::new(revisions).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_told_for_whom_and_again_after_a_while() {
        let mut state = State::default();
        let mut waits = |seconds, holder| state.waits(Duration::from_secs(seconds), holder);
        let first = waits(0, Some("process 7")).unwrap();
        assert_eq!(first, "for the lock of this database, held by process 7");
        assert_eq!(waits(14, Some("process 7")), None);
        let again = waits(15, Some("process 7")).unwrap();
        assert_eq!(again, "for the lock of this database, held by process 7, for 15s so far");
        assert_eq!(waits(29, Some("process 7")), None);
        assert!(waits(29, Some("process 8")).unwrap().contains("process 8"));
        // The next transaction of the run waits for the same one.
        assert_eq!(waits(0, Some("process 8")), None);
        assert_eq!(waits(14, Some("process 8")), None);
        assert!(waits(15, Some("process 8")).is_some());
    }
}
