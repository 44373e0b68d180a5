//! What a run shows while it is at work: a line for each revision, and a bar where it is long.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::chain::{Direction, RevisionId};
use crate::diagnostic::visible;
use crate::runner::Ui;
use crate::runtime::{Event, Observer};

/// Runs shorter than this show no bar: it would be gone before it is read.
const BAR_FROM: usize = 5;

/// Turns events into lines, and into a bar on a terminal.
pub(crate) struct Progress {
    ui: Ui,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    descriptions: std::collections::HashMap<RevisionId, String>,
    has_waited: bool,
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
        let mut state = self.state();
        match event {
            Event::RunStarted { plan } => {
                state.descriptions = plan
                    .steps
                    .iter()
                    .map(|step| (step.revision.clone(), visible(&step.description).into_owned()))
                    .collect();
                if self.ui.draws_progress() && plan.steps.len() >= BAR_FROM {
                    let bar = ProgressBar::new(plan.steps.len() as u64);
                    let style = "{prefix:>12.cyan.bold} [{bar:27}] {pos}/{len}: {msg} {elapsed}";
                    if let Ok(style) = ProgressStyle::with_template(style) {
                        bar.set_style(style.progress_chars("=> "));
                    }
                    bar.set_prefix("Migrating");
                    bar.enable_steady_tick(Duration::from_millis(200));
                    state.bar = Some(bar);
                }
            }
            Event::Waiting { holder, .. } if !state.has_waited => {
                state.has_waited = true;
                let text = match holder {
                    Some(holder) => format!("for the lock of this database, held by {holder}"),
                    None => String::from("for another migrator or writer of this database"),
                };
                self.line(&state, "Waiting", &text);
            }
            Event::Retrying { revision, pause, reason, .. } => {
                let seconds = pause.as_secs_f64();
                let text = format!("{revision} in {seconds:.1}s: {reason}");
                self.line(&state, "Retrying", &text);
            }
            Event::RevisionStarted { revision, direction, .. } => {
                let verb = match direction {
                    Direction::Up => "Applying",
                    Direction::Down => "Undoing",
                };
                let description = state.descriptions.get(*revision).cloned().unwrap_or_default();
                self.line(&state, verb, &format!("{revision} {description}"));
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
            Event::RevisionFinished { .. } => {
                if let Some(bar) = &state.bar {
                    bar.inc(1);
                }
            }
            _ => {}
        }
    }
}
