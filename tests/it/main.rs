//! End-to-end tests: the real binary, real databases, real cargo builds on throw-away packages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "this is an edge: the tests' own environment")]
#![expect(clippy::print_stdout, reason = "a test says that it skips")]

mod adopt;
mod bad_input;
mod branching;
mod check;
mod commands;
mod compile;
mod completions;
mod config;
mod cost;
mod database;
mod edit;
mod forwarding;
mod graph;
mod help;
mod histories;
mod history;
mod import;
mod init;
mod json;
mod readme;
mod rebase;
mod repair;
mod rust;
mod server;
mod servers;
mod several;
mod shop;
mod signals;
mod sql;
mod support;
mod two_phase;
mod xtask;
