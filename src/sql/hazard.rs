//! Hazards: statements that a migrator must not run, or not inside a transaction.
//!
//! A statement is judged by its first words, so what stands in the body of a trigger or routine is
//! never taken for the statement itself, and nothing is found inside strings (a `DO` block is one).
//! What is listed here was tried on `SQLite` 3.40, `PostgreSQL` 15 and `MariaDB` 10.11. For `SQLite`:
//! `DETACH`, `VACUUM` and `PRAGMA synchronous =`, `journal_mode =`, `wal_checkpoint` fail or keep the old
//! value inside a transaction and `foreign_keys =` does nothing, while `ATTACH` and all other
//! pragmas work (`temp_store =` unless temporary tables exist).

use std::ops::Range;

use super::keyword::{is, occurs};
use super::mention::Flat;
use super::split::{Statement, split};
use super::token::{Token, TokenKind};
use crate::dialect::Dialect;

/// Why a statement is a hazard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HazardKind {
    /// It begins or ends a transaction, which is the migrator's affair. Going back to a savepoint
    /// does neither.
    TransactionControl,
    /// The server refuses it inside a transaction, or silently ignores it there.
    NotInTransaction,
    /// `COPY … FROM stdin`, whose data only a client such as `psql` can send.
    CopyFromStdin,
    /// It frees every lock of the session, ours among them.
    ReleasesLock,
    /// It locks tables until the session says otherwise, and shuts the tracking table out.
    LocksTables,
}

/// Something in a statement that a revision must not hold, or only with `transaction: none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// Why.
    pub kind: HazardKind,
    /// Where the words begin that make it one; counts like [`Statement::offset`].
    pub offset: usize,
    /// How many bytes these words take.
    pub len: usize,
}

impl Hazard {
    /// The range of the words that make it one.
    pub fn span(&self) -> Range<usize> {
        self.offset..self.offset + self.len
    }
}

/// The hazards of one statement, in order.
///
/// ```
/// use cargo_migrate::{Dialect, sql};
///
/// let script = "CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY i ON t (a);";
/// let split = sql::split(Dialect::Postgres, script);
/// assert!(sql::hazards(Dialect::Postgres, &split.statements[0]).is_empty());
///
/// let hazard = sql::hazards(Dialect::Postgres, &split.statements[1])[0];
/// assert_eq!(hazard.kind, sql::HazardKind::NotInTransaction);
/// assert_eq!(&script[hazard.span()], "CREATE INDEX CONCURRENTLY");
/// ```
pub fn hazards(dialect: Dialect, statement: &Statement<'_>) -> Vec<Hazard> {
    let mut found = Vec::new();
    // Under a DELIMITER line one statement may hold several, which the server takes apart; but the
    // semicolons of a definition are those of its body.
    let defines = |text: &str| text.get(..6).is_some_and(|word| is(word, "create"));
    if dialect == Dialect::Mysql
        && statement.text.as_bytes().contains(&b';')
        && !defines(statement.text)
    {
        for part in split(dialect, statement.text).statements {
            inspect(dialect, part.text, statement.offset + part.offset, &mut found);
        }
    } else {
        inspect(dialect, statement.text, statement.offset, &mut found);
    }
    found
}

fn inspect(dialect: Dialect, text: &str, base: usize, found: &mut Vec<Hazard>) {
    let mut words = Words::new(dialect, text);
    let first = words.next;
    let kind = match dialect {
        Dialect::Sqlite => sqlite(&mut words),
        Dialect::Postgres => postgres(&mut words),
        Dialect::Mysql => mysql(&mut words),
    };
    if let Some(kind) = kind {
        let len = words.end.saturating_sub(words.start);
        found.push(Hazard { kind, offset: base + words.start, len });
    }
    // A definition only names the function; it does not call it.
    let function = match dialect {
        Dialect::Sqlite => return,
        Dialect::Postgres => "pg_advisory_unlock_all",
        Dialect::Mysql => "release_all_locks",
    };
    if !occurs(text, function) || first.is_some_and(|token| is(token.text, "create")) {
        return;
    }
    let mut called = None;
    for token in Flat::new(dialect, text) {
        if token.kind == TokenKind::Word {
            called = is(token.text, function).then_some(token);
        } else if let Some(name) = called.take()
            && token.text == "("
        {
            let kind = HazardKind::ReleasesLock;
            found.push(Hazard { kind, offset: base + name.offset, len: name.text.len() });
        }
    }
}

/// Reads a statement word by word, and remembers which words to underline.
struct Words<'a> {
    tokens: Flat<'a>,
    next: Option<Token<'a>>,
    /// Where the underlined words begin.
    start: usize,
    /// Where the last word read ends.
    end: usize,
}

impl<'a> Words<'a> {
    fn new(dialect: Dialect, text: &'a str) -> Self {
        let mut tokens = Flat::new(dialect, text);
        let next = tokens.next();
        Self { tokens, next, start: next.map_or(0, |token| token.offset), end: 0 }
    }

    /// Takes whatever comes next.
    fn take(&mut self) -> Option<Token<'a>> {
        let token = self.next?;
        self.end = token.offset + token.text.len();
        self.next = self.tokens.next();
        Some(token)
    }

    /// Takes the next token if it is this word.
    fn eat(&mut self, word: &str) -> bool {
        let eats =
            self.next.is_some_and(|token| token.kind == TokenKind::Word && is(token.text, word));
        if eats {
            self.take();
        }
        eats
    }

    /// Takes the next token if it is one of these words.
    fn eat_any(&mut self, words: &[&str]) -> bool {
        for word in words {
            if self.eat(word) {
                return true;
            }
        }
        false
    }

    fn sees(&self, text: &str) -> bool {
        self.next.is_some_and(|token| token.text == text)
    }

    /// Skips to this word and takes it; what is underlined begins there.
    fn find(&mut self, word: &str) -> bool {
        while let Some(token) = self.next {
            if self.eat(word) {
                self.start = token.offset;
                return true;
            }
            self.take();
        }
        false
    }
}

fn sqlite(words: &mut Words<'_>) -> Option<HazardKind> {
    if words.eat("begin") {
        words.eat_any(&["deferred", "immediate", "exclusive"]);
        words.eat("transaction");
        return Some(HazardKind::TransactionControl);
    }
    if words.eat_any(&["commit", "end"]) {
        words.eat("transaction");
        return Some(HazardKind::TransactionControl);
    }
    if words.eat("rollback") {
        // The grammar lets the transaction have a name, and does nothing with it.
        if words.eat("transaction") && words.next.is_some_and(|token| !is(token.text, "to")) {
            words.take();
        }
        return (!words.eat("to")).then_some(HazardKind::TransactionControl);
    }
    if words.eat_any(&["vacuum", "detach"]) {
        return Some(HazardKind::NotInTransaction);
    }
    if words.eat("pragma") {
        let mut name = words.take()?;
        if words.sees(".") {
            words.take();
            name = words.take()?;
        }
        let name = match name.kind {
            TokenKind::QuotedIdentifier => name.text.get(1..name.text.len() - 1)?,
            _ => name.text,
        };
        if is(name, "wal_checkpoint") {
            return Some(HazardKind::NotInTransaction);
        }
        let sets = words.sees("=") || words.sees("(");
        if sets && ["journal_mode", "foreign_keys", "synchronous"].iter().any(|one| is(name, one)) {
            while words.take().is_some() {}
            return Some(HazardKind::NotInTransaction);
        }
    }
    None
}

fn postgres(words: &mut Words<'_>) -> Option<HazardKind> {
    if words.eat_any(&["end", "abort"]) {
        words.eat_any(&["work", "transaction"]);
        return Some(HazardKind::TransactionControl);
    }
    if transaction_control(words) {
        return Some(HazardKind::TransactionControl);
    }
    if words.eat("discard") {
        return words.eat("all").then_some(HazardKind::ReleasesLock);
    }
    if words.eat("copy") {
        (words.start, words.end) = words.find_from_stdin()?;
        return Some(HazardKind::CopyFromStdin);
    }
    let refused = if words.eat("create") {
        let index = words.eat("unique") | words.eat("index");
        if index {
            words.eat("index");
            words.eat("concurrently")
        } else if words.eat("subscription") {
            let end = words.end;
            let slot = !declines(words, &["create_slot", "connect"]);
            words.end = end;
            slot
        } else {
            words.eat_any(&["database", "tablespace"])
        }
    } else if words.eat("drop") {
        if words.eat("index") {
            words.eat("concurrently")
        } else {
            words.eat_any(&["database", "tablespace", "subscription"])
        }
    } else if words.eat("reindex") {
        let concurrently = words.sees("(") && has_option(words, "concurrently");
        words.eat_any(&["schema", "database", "system"])
            || (words.eat_any(&["index", "table"]) && words.eat("concurrently"))
            || concurrently
    } else if words.eat("alter") {
        if words.eat("table") {
            words.find("detach") && words.eat("partition") && words.find_to_end("concurrently")
        } else if words.eat("database") {
            words.take();
            words.eat("set") && words.eat("tablespace")
        } else if words.eat("subscription") {
            words.take();
            words.eat("refresh")
        } else {
            words.eat("system")
        }
    } else if words.eat("cluster") {
        if words.sees("(") {
            has_option(words, "");
        }
        words.eat("verbose");
        words.next.is_none()
    } else {
        words.eat("vacuum")
    };
    refused.then_some(HazardKind::NotInTransaction)
}

fn mysql(words: &mut Words<'_>) -> Option<HazardKind> {
    if transaction_control(words) {
        return Some(HazardKind::TransactionControl);
    }
    if words.eat("xa") {
        let control = words.eat_any(&["start", "begin", "end", "prepare", "commit", "rollback"]);
        return control.then_some(HazardKind::TransactionControl);
    }
    // Under LOCK TABLES the session reaches no other table; LOCK INSTANCE is another thing.
    if words.eat("lock") {
        return words.eat_any(&["tables", "table"]).then_some(HazardKind::LocksTables);
    }
    // It commits what is open.
    if words.eat("unlock") {
        return words.eat_any(&["tables", "table"]).then_some(HazardKind::TransactionControl);
    }
    // `FLUSH TABLES … WITH READ LOCK` and `… FOR EXPORT` do the same.
    if words.eat("flush") {
        words.eat_any(&["local", "no_write_to_binlog"]);
        if !words.eat_any(&["tables", "table"]) {
            return None;
        }
        let (mut last, mut before) = (None, None);
        while let Some(token) = words.take() {
            before = last.replace(token);
        }
        let ends = |first: &str, second: &str| {
            before.is_some_and(|token: Token<'_>| is(token.text, first))
                && last.is_some_and(|token: Token<'_>| is(token.text, second))
        };
        return (ends("read", "lock") || ends("for", "export")).then_some(HazardKind::LocksTables);
    }
    if words.eat("set") {
        let mut global = false;
        while let Some(token) = words.take() {
            let own = match token.kind {
                TokenKind::Word => is(token.text, "autocommit") && !global,
                TokenKind::Parameter => {
                    is(token.text, "@@autocommit")
                        || is(token.text, "@@session.autocommit")
                        || is(token.text, "@@local.autocommit")
                }
                _ => false,
            };
            if own && (words.sees("=") || words.sees(":=")) {
                words.start = token.offset;
                return Some(HazardKind::TransactionControl);
            }
            // The scope stands before the name: `GLOBAL autocommit` is not this session's.
            global = is(token.text, "global") || is(token.text, "persist");
        }
    }
    None
}

/// The forms of transaction control that `PostgreSQL` and `MySQL` share.
fn transaction_control(words: &mut Words<'_>) -> bool {
    if words.eat("begin") {
        if words.next.is_some_and(|token| is(token.text, "not")) {
            return false; // MariaDB's compound statement
        }
        words.eat_any(&["work", "transaction"]);
        return true;
    }
    if words.eat_any(&["start", "prepare"]) {
        return words.eat("transaction");
    }
    if words.eat("commit") {
        words.eat_any(&["work", "transaction", "prepared"]);
        return true;
    }
    if words.eat("rollback") {
        words.eat_any(&["work", "transaction", "prepared"]);
        return !words.eat("to");
    }
    false
}

/// Whether a `WITH` list turns one of these options off.
fn declines(words: &mut Words<'_>, options: &[&str]) -> bool {
    while let Some(token) = words.take() {
        if options.iter().any(|option| is(token.text, option)) {
            if words.sees("=") {
                words.take();
            }
            if words.next.is_some_and(|value| is_off(value.text)) {
                return true;
            }
        }
    }
    false
}

fn is_off(value: &str) -> bool {
    let value = value.trim_matches('\'');
    ["false", "off", "0", "no", "f", "n"].iter().any(|off| is(value, off))
}

/// Reads a list in parentheses, and tells whether it turns this option on.
fn has_option(words: &mut Words<'_>, option: &str) -> bool {
    let mut on = false;
    while let Some(token) = words.take() {
        if token.text == ")" {
            break;
        }
        if is(token.text, option) {
            on = !words.next.is_some_and(|value| is_off(value.text));
        }
    }
    on
}

impl Words<'_> {
    /// Whether the last word of the statement is this one; underlined up to there.
    fn find_to_end(&mut self, word: &str) -> bool {
        let mut last = false;
        while let Some(token) = self.take() {
            last = token.kind == TokenKind::Word && is(token.text, word);
        }
        last
    }

    fn find_from_stdin(&mut self) -> Option<(usize, usize)> {
        let mut depth = 0_usize;
        while let Some(token) = self.take() {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && is(token.text, "from") && self.eat("stdin") => {
                    return Some((token.offset, self.end));
                }
                _ => {}
            }
        }
        None
    }
}

/// Where `FROM stdin` stands in a `COPY` of `PostgreSQL`.
pub(super) fn copies_from_stdin(text: &str) -> Option<(usize, usize)> {
    let mut words = Words::new(Dialect::Postgres, text);
    if words.eat("copy") { words.find_from_stdin() } else { None }
}
