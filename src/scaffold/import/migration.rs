//! A migration as another tool has it, before it is a revision.

use std::borrow::Cow;
use std::ops::Range;

use super::File;
use crate::Dialect;

/// A migration as another tool has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported<'d> {
    /// The id of its revision.
    pub id: String,
    /// What it does, in the words of its name; may be empty.
    pub description: String,
    /// The name of the file to write, without its extension.
    pub stem: String,
    /// When it was made, as `YYYYMMDDhhmmss`; anything else is taken for no time.
    pub time: Option<String>,
    /// The file that problems name.
    pub path: &'d str,
    /// Where it stands in the graph.
    pub links: Links,
    /// Whether it runs inside a transaction.
    pub transaction: Transaction,
    /// What it runs.
    pub body: Body<'d>,
}

/// Where a migration stands in the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Its parents; none without a graph, where each migration follows the one before it.
    pub parents: Option<Vec<String>>,
    /// What it depends on.
    pub depends_on: Vec<String>,
    /// The labels that it declares.
    pub labels: Vec<String>,
}

/// Whether a migration runs inside a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// It does.
    Inside,
    /// It does not.
    Outside,
    /// It does, except where its SQL cannot, and where its SQL is one transaction it is that one.
    AsWritten,
}

/// What a migration runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'d> {
    /// SQL.
    Sql {
        /// Its up scripts.
        up: Vec<Part<'d>>,
        /// What undoes it.
        down: Down<'d>,
    },
    /// A program; its revision is Rust whose body is to be written, with the program in comments.
    Program {
        /// The program.
        original: &'d File,
        /// Why there is no way back, if so.
        irreversible: Option<String>,
    },
    /// A program whose SQL is to be written, with the program in comments.
    Unwritten(&'d File),
    /// Nothing: it only joins its parents.
    Nothing,
}

/// What undoes a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down<'d> {
    /// Its down scripts.
    Scripts(Vec<Part<'d>>),
    /// Nothing, and why.
    Irreversible(String),
}

/// A script that becomes a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'d> {
    /// The file that it comes from.
    pub path: &'d str,
    /// The line of the file at which it begins, counted from one.
    pub line: usize,
    /// Its bytes.
    pub bytes: Cow<'d, [u8]>,
    /// The dialect that it is for; none: every one that has no script of its own.
    pub dialect: Option<Dialect>,
}

impl<'d> Part<'d> {
    /// A whole file.
    pub(super) fn whole(file: &'d File) -> Self {
        Self { path: &file.path, line: 1, bytes: Cow::Borrowed(&file.bytes), dialect: None }
    }

    /// Some bytes of a file.
    pub(super) fn of(file: &'d File, range: Range<usize>) -> Self {
        let line = file.bytes[..range.start].split(|byte| *byte == b'\n').count();
        Self { line, bytes: Cow::Borrowed(&file.bytes[range]), ..Self::whole(file) }
    }

    /// A text that stands for what the file says.
    pub(super) fn text(file: &'d File, text: String) -> Self {
        Self { bytes: Cow::Owned(text.into_bytes()), ..Self::whole(file) }
    }
}

/// What a tool's directory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read<'d> {
    /// The migrations, in the order in which the tool runs them.
    pub migrations: Vec<Imported<'d>>,
    /// What the user should know about them.
    pub notes: Vec<String>,
    /// What stands in the way of an import.
    pub problems: Vec<super::Problem>,
}
