//! What a manifest says below `package.metadata.migrate`, as a tree with spans.
//!
//! A receiver for the events of `toml_parser` that follows the manifest's structure and keeps only
//! our table; everything else costs a comparison of its key at most. All ways of writing a table
//! (headers, dotted keys, inline tables, and any mixture) end in the same tree.
//!
//! The manifest belongs to cargo: it was read there before anything of ours runs. So this module
//! reports only what makes *our* table ambiguous, or the document unreadable, and what TOML
//! forbids elsewhere (a table defined twice, say) is not looked for. It knows no key by name.

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::{Encoding, IntegerRadix, ScalarKind};
use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Source, Span};

/// Where our table lives: the keys above it, and its own.
const ABOVE: [&str; 2] = ["package", "metadata"];
const OURS: &str = "migrate";

/// Cargo's own limit; the parser recurses, so without one a line of brackets ends the process.
const MAX_DEPTH: usize = 80;

/// Names a node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// The table that would be `package.metadata`; holds only `migrate`.
const HOLDER: NodeId = NodeId(0);

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    /// The value's text; for a table that has none (headers, dotted keys) its key.
    pub(super) span: Range<usize>,
    /// The value.
    pub(super) value: Value,
}

/// A TOML value; scalars that no key of ours takes are kept as their name only.
#[derive(Debug)]
pub(super) enum Value {
    String(String),
    Boolean(bool),
    /// The text of a decimal number, and what it is.
    Number(String, &'static str),
    Other(&'static str),
    Array(Vec<NodeId>),
    Table(Table),
}

impl Value {
    /// What it is, with its article, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Boolean(_) => "a boolean",
            Self::Number(_, kind) | Self::Other(kind) => kind,
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// A table, its entries in the order of the file.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
    origin: Origin,
}

impl Table {
    fn empty(origin: Origin) -> Value {
        Value::Table(Self { entries: Vec::new(), origin })
    }

    // A scan: the tables are a person's configuration, a map would cost more than it saves.
    fn find(&self, key: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.key == key)
    }
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: NodeId,
}

/// How a table came about; decides what may be added to it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Only named on the way to a deeper table, by a header.
    Implied,
    /// By a header of its own.
    Header,
    /// By a dotted key.
    Dotted,
    /// Written in braces, and complete with them.
    Inline,
}

/// A key that is defined where it was defined already.
#[derive(Debug)]
pub(super) struct Duplicate {
    pub(super) key: String,
    pub(super) first: Range<usize>,
    pub(super) second: Range<usize>,
}

/// Our table, and what is wrong with the TOML itself.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Keys below our table that are defined twice; the first definition stands.
    pub(super) duplicates: Vec<Duplicate>,
    /// The first syntax error of the document, or of a key or value in our table.
    pub(super) error: Option<ParseError>,
}

impl Tree {
    /// Reads a whole manifest.
    pub(super) fn read(manifest: &str) -> Self {
        let tokens = Source::new(manifest).lex().into_vec();
        let mut error: Option<ParseError> = None;
        let mut builder = Builder {
            manifest,
            tree: Self {
                nodes: vec![Node { span: 0..0, value: Table::empty(Origin::Implied) }],
                duplicates: Vec::new(),
                error: None,
            },
            section: Place::Above(0),
            in_header: false,
            keys: Vec::new(),
            slot: Slot::Nowhere,
            frames: Vec::new(),
        };
        parse_document(&tokens, &mut builder, &mut error);
        builder.tree.error = error;
        builder.tree
    }

    /// The key and value of `package.metadata.migrate`, if the manifest has it.
    pub(super) fn ours(&self) -> Option<&Entry> {
        self.table(HOLDER)?.entries.first()
    }

    /// The node with this name.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    fn table(&self, id: NodeId) -> Option<&Table> {
        match &self.node(id).value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    fn table_mut(&mut self, id: NodeId) -> Option<&mut Table> {
        match &mut self.nodes[id.0].value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    fn add(&mut self, span: Range<usize>, value: Value) -> NodeId {
        self.nodes.push(Node { span, value });
        NodeId(self.nodes.len() - 1)
    }

    fn insert(&mut self, into: NodeId, key: Key, value: Value) -> NodeId {
        let node = self.add(key.span.clone(), value);
        if let Some(table) = self.table_mut(into) {
            table.entries.push(Entry { key: key.name, key_span: key.span, node });
        }
        node
    }

    fn find(&self, table: NodeId, key: &str) -> Option<(usize, NodeId)> {
        let table = self.table(table)?;
        let index = table.find(key)?;
        Some((index, table.entries[index].node))
    }

    fn defined_twice(&mut self, table: NodeId, index: usize, key: Key) {
        if let Some(first) = self.table(table).map(|table| table.entries[index].key_span.clone()) {
            self.duplicates.push(Duplicate { key: key.name, first, second: key.span });
        }
    }

    /// Goes one key down on the way to a deeper table, which is made if it is not there.
    fn step(&mut self, from: NodeId, key: Key, origin: Origin) -> Place {
        let Some((index, node)) = self.find(from, &key.name) else {
            return Place::Table(self.insert(from, key, Table::empty(origin)));
        };
        match &self.node(node).value {
            Value::Table(table) if table.origin != Origin::Inline => Place::Table(node),
            // A header below an array of tables means the last of them.
            Value::Array(items) if origin == Origin::Implied && !items.is_empty() => {
                Place::Table(items[items.len() - 1])
            }
            _ => {
                self.defined_twice(from, index, key);
                Place::Outside
            }
        }
    }

    /// The table that a `[header]` opens.
    fn open_table(&mut self, parent: NodeId, key: Key) -> Place {
        let Some((index, node)) = self.find(parent, &key.name) else {
            return Place::Table(self.insert(parent, key, Table::empty(Origin::Header)));
        };
        let origin = self.table(node).map(|table| table.origin);
        if origin == Some(Origin::Implied) {
            self.nodes[node.0].span = key.span.clone();
            if let Some(table) = self.table_mut(node) {
                table.origin = Origin::Header;
            }
            if let Some(parent) = self.table_mut(parent) {
                parent.entries[index].key_span = key.span;
            }
            return Place::Table(node);
        }
        self.defined_twice(parent, index, key);
        // What follows is still looked at, so that its mistakes are reported in the same run.
        if origin.is_some_and(|origin| origin != Origin::Inline) {
            Place::Table(node)
        } else {
            Place::Outside
        }
    }

    /// The table that a `[[header]]` opens.
    fn open_array(&mut self, parent: NodeId, key: Key) -> Place {
        let item = self.add(key.span.clone(), Table::empty(Origin::Header));
        match self.find(parent, &key.name) {
            None => {
                self.insert(parent, key, Value::Array(vec![item]));
            }
            Some((index, node)) => match &mut self.nodes[node.0].value {
                Value::Array(items) => items.push(item),
                _ => self.defined_twice(parent, index, key),
            },
        }
        Place::Table(item)
    }
}

/// Where the reader is.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In a part of the manifest that is not ours.
    Outside,
    /// At a table above ours; so many keys of [`ABOVE`] have matched.
    Above(usize),
    /// In [`HOLDER`], in our table or below it.
    Table(NodeId),
}

/// Where the next value belongs.
#[derive(Debug)]
enum Slot {
    Nowhere,
    /// It is a table on the way to ours, if it is a table.
    Place(Place),
    Entry(NodeId, Key),
}

#[derive(Debug)]
struct Key {
    name: String,
    span: Range<usize>,
}

/// A value that is not closed yet.
#[derive(Clone, Copy, Debug)]
enum Frame {
    Array(Option<NodeId>),
    Table(Place),
}

struct Builder<'m> {
    manifest: &'m str,
    tree: Tree,
    section: Place,
    in_header: bool,
    keys: Vec<(Span, Option<Encoding>)>,
    slot: Slot,
    frames: Vec<Frame>,
}

impl<'m> Builder<'m> {
    /// The table that keys are read into at present.
    fn base(&self) -> Place {
        if self.in_header {
            return Place::Above(0);
        }
        match self.frames.last() {
            None => self.section,
            Some(Frame::Table(place)) => *place,
            Some(Frame::Array(_)) => Place::Outside,
        }
    }

    fn raw(&self, span: Span, encoding: Option<Encoding>) -> Raw<'m> {
        let text = self.manifest.get(span.start()..span.end()).unwrap_or_default();
        Raw::new_unchecked(text, encoding, span)
    }

    /// Decodes a key; only those of our table may complain.
    fn decode(
        &self,
        (span, encoding): (Span, Option<Encoding>),
        place: Place,
        error: &mut dyn ErrorSink,
    ) -> (Cow<'m, str>, Range<usize>) {
        let mut name = Cow::Borrowed("");
        let raw = self.raw(span, encoding);
        match place {
            Place::Table(id) if id != HOLDER => raw.decode_key(&mut name, error),
            _ => raw.decode_key(&mut name, &mut ()),
        }
        (name, span.start()..span.end())
    }

    /// What the last of `keys` means below the tables that the others name.
    fn follow(&mut self, mut place: Place, origin: Origin, error: &mut dyn ErrorSink) -> Slot {
        let keys = std::mem::take(&mut self.keys);
        let mut slot = Slot::Nowhere;
        for (index, key) in keys.iter().enumerate() {
            let is_last = index + 1 == keys.len();
            let (name, span) = self.decode(*key, place, error);
            match place {
                Place::Outside => break,
                Place::Above(depth) if name == ABOVE[depth] => {
                    place = if depth + 1 == ABOVE.len() {
                        Place::Table(HOLDER)
                    } else {
                        Place::Above(depth + 1)
                    };
                    slot = Slot::Place(place);
                    continue;
                }
                Place::Table(id) if id != HOLDER || name == OURS => {
                    let key = Key { name: name.into_owned(), span };
                    if is_last {
                        slot = Slot::Entry(id, key);
                    } else {
                        place = self.tree.step(id, key, origin);
                        slot = Slot::Nowhere;
                    }
                    continue;
                }
                Place::Above(_) | Place::Table(_) => {}
            }
            slot = Slot::Nowhere;
            break;
        }
        // The allocation serves all keys of the document.
        self.keys = keys;
        self.keys.clear();
        slot
    }

    /// Puts a value where it belongs; `None` if that is not below our table.
    fn put(&mut self, span: Span, value: Value) -> Option<NodeId> {
        let range = span.start()..span.end();
        if let Some(Frame::Array(array)) = self.frames.last() {
            let array = (*array)?;
            let node = self.tree.add(range, value);
            if let Value::Array(items) = &mut self.tree.nodes[array.0].value {
                items.push(node);
            }
            return Some(node);
        }
        match std::mem::replace(&mut self.slot, Slot::Nowhere) {
            Slot::Entry(table, key) => {
                let node = self.tree.insert(table, key, value);
                self.tree.nodes[node.0].span = range;
                Some(node)
            }
            Slot::Nowhere | Slot::Place(_) => None,
        }
    }

    fn close(&mut self, node: Option<NodeId>, span: Span) {
        if let Some(node) = node {
            self.tree.nodes[node.0].span.end = span.end();
        }
    }

    fn close_header(&mut self, is_array: bool, error: &mut dyn ErrorSink) {
        self.section = match self.follow(Place::Above(0), Origin::Implied, error) {
            Slot::Nowhere => Place::Outside,
            // The items of an array above our table are not our table.
            Slot::Place(_) if is_array => Place::Outside,
            Slot::Place(place) => place,
            Slot::Entry(parent, key) if is_array => self.tree.open_array(parent, key),
            Slot::Entry(parent, key) => self.tree.open_table(parent, key),
        };
        self.in_header = false;
    }

    fn within_depth(&self, span: Span, error: &mut dyn ErrorSink) -> bool {
        let within = self.frames.len() <= MAX_DEPTH;
        if !within {
            error.report_error(ParseError::new("nested too deeply").with_unexpected(span));
        }
        within
    }
}

impl EventReceiver for Builder<'_> {
    fn std_table_open(&mut self, _span: Span, _error: &mut dyn ErrorSink) {
        self.keys.clear();
        self.in_header = true;
    }

    fn std_table_close(&mut self, _span: Span, error: &mut dyn ErrorSink) {
        self.close_header(false, error);
    }

    fn array_table_open(&mut self, _span: Span, _error: &mut dyn ErrorSink) {
        self.keys.clear();
        self.in_header = true;
    }

    fn array_table_close(&mut self, _span: Span, error: &mut dyn ErrorSink) {
        self.close_header(true, error);
    }

    fn inline_table_open(&mut self, span: Span, error: &mut dyn ErrorSink) -> bool {
        let in_array = matches!(self.frames.last(), Some(Frame::Array(_)));
        let place = match (&self.slot, in_array) {
            (Slot::Place(place), false) => *place,
            _ => self.put(span, Table::empty(Origin::Inline)).map_or(Place::Outside, Place::Table),
        };
        self.slot = Slot::Nowhere;
        self.frames.push(Frame::Table(place));
        self.within_depth(span, error)
    }

    fn inline_table_close(&mut self, span: Span, _error: &mut dyn ErrorSink) {
        if let Some(Frame::Table(place)) = self.frames.pop() {
            match place {
                Place::Table(id) if id != HOLDER => self.close(Some(id), span),
                _ => {}
            }
        }
    }

    fn array_open(&mut self, span: Span, error: &mut dyn ErrorSink) -> bool {
        let array = self.put(span, Value::Array(Vec::new()));
        self.slot = Slot::Nowhere;
        self.frames.push(Frame::Array(array));
        self.within_depth(span, error)
    }

    fn array_close(&mut self, span: Span, _error: &mut dyn ErrorSink) {
        if let Some(Frame::Array(array)) = self.frames.pop() {
            self.close(array, span);
        }
    }

    fn simple_key(&mut self, span: Span, kind: Option<Encoding>, _error: &mut dyn ErrorSink) {
        if !matches!(self.base(), Place::Outside) {
            self.keys.push((span, kind));
        }
    }

    fn key_val_sep(&mut self, _span: Span, error: &mut dyn ErrorSink) {
        // A header that was never closed: a syntax error, which the parser has reported.
        self.in_header = false;
        let place = self.base();
        self.slot = match self.follow(place, Origin::Dotted, error) {
            Slot::Entry(table, key) => match self.tree.find(table, &key.name) {
                Some((index, _)) => {
                    self.tree.defined_twice(table, index, key);
                    Slot::Nowhere
                }
                None => Slot::Entry(table, key),
            },
            slot => slot,
        };
    }

    fn scalar(&mut self, span: Span, kind: Option<Encoding>, error: &mut dyn ErrorSink) {
        let is_ours = match self.frames.last() {
            Some(Frame::Array(array)) => array.is_some(),
            _ => matches!(self.slot, Slot::Entry(..)),
        };
        if !is_ours {
            self.slot = Slot::Nowhere;
            return;
        }
        let mut text = Cow::Borrowed("");
        let value = match self.raw(span, kind).decode_scalar(&mut text, error) {
            ScalarKind::String => Value::String(text.into_owned()),
            ScalarKind::Boolean(value) => Value::Boolean(value),
            ScalarKind::DateTime => Value::Other("a date-time"),
            ScalarKind::Float => Value::Number(text.into_owned(), "a float"),
            ScalarKind::Integer(IntegerRadix::Dec) => {
                Value::Number(text.into_owned(), "an integer")
            }
            ScalarKind::Integer(_) => Value::Other("an integer that is not decimal"),
        };
        self.put(span, value);
    }
}
