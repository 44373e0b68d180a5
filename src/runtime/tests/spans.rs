//! What a subscriber of `tracing` sees of a run.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{file, migrator, refs};

/// Writes down spans and events of ours, indented by the spans that they are in.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    names: Vec<&'static str>,
    entered: Vec<u64>,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            "duration_ms" => write!(self.0, " duration_ms"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl State {
    fn line(&mut self, what: &str, text: Text) {
        let indent = "  ".repeat(self.entered.len());
        self.lines.push(format!("{indent}{what}{}", text.0));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("cargo_migrate")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(String::new());
        span.record(&mut text);
        let mut state = self.0.lock().unwrap();
        state.line(span.metadata().name(), text);
        state.names.push(span.metadata().name());
        Id::from_u64(state.names.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().line(event.metadata().level().as_str(), text);
    }

    fn enter(&self, span: &Id) {
        self.0.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        assert_eq!(self.0.lock().unwrap().entered.pop(), Some(span.into_u64()));
    }
}

/// What is seen while a future runs.
fn seen(future: impl Future<Output = ()>) -> String {
    let recorder = Recorder::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(recorder.clone(), || runtime.block_on(future));
    let state = recorder.0.lock().unwrap();
    assert!(state.entered.is_empty());
    state.lines.join("\n")
}

#[test]
fn a_span_for_the_run_and_one_a_revision() {
    let files = [
        file("r001", "", "CREATE TABLE a (x);", "DROP TABLE a;"),
        file("r002", "-- revises: r001", "CREATE TABLE b (x);", "DROP TABLE b;"),
        file(
            "r003",
            "-- revises: r002\n-- transaction: none",
            "CREATE TABLE c (x);",
            "DROP TABLE c;",
        ),
        file("r004", "-- revises: r003", "CREATE TABLE c (x);", "DROP TABLE d;"),
    ];
    let migrator = migrator(&refs(&files));
    let disk = super::Disk::new();
    let url = disk.url();
    insta::assert_snapshot!(seen(async { drop(migrator.up_to(&url, "r003").await.unwrap()) }), @r#"
    migrate direction=up chain="main"
      revision id="r001" direction=up
        INFO revision done duration_ms
      revision id="r002" direction=up
        INFO revision done duration_ms
      revision id="r003" direction=up
        INFO revision done duration_ms
    "#);
    insta::assert_snapshot!(seen(async { drop(migrator.up(&url).await.unwrap_err()) }), @r#"
    migrate direction=up chain="main"
      revision id="r004" direction=up
    "#);
    insta::assert_snapshot!(seen(async { drop(migrator.down(&url, "r002").await.unwrap()) }), @r#"
    migrate direction=down chain="main"
      revision id="r003" direction=down
        INFO revision done duration_ms
    "#);
}
