//! Bodies: the semicolons that do not end a statement.
//!
//! A [`Body`] watches the tokens of one statement. It first learns from the head whether the
//! statement can have a body at all; nearly none can, and those cost nothing more. `BEGIN` as the
//! start of a transaction never opens one. The dialects share no rule beyond that:
//!
//! * `SQLite`: the body of a trigger ends with an `END` that follows a semicolon.
//! * `PostgreSQL`: `BEGIN ATOMIC … END` counts `CASE` and `END` outside parentheses, as `psql` does.
//! * `MySQL`: blocks nest; `mysql` has the details.

use super::keyword::{Keyword, keyword};
use super::lexer::Raw;
use super::mysql::Blocks;
use super::token::TokenKind;
use crate::dialect::Dialect;

/// What is known of the statement so far.
#[derive(Debug)]
pub(super) enum Body {
    /// It may still turn out to have a body.
    Head(Head),
    /// It has none.
    Plain,
    /// A trigger of `SQLite`.
    Sqlite(Trigger),
    /// A function or procedure of `PostgreSQL`.
    Postgres(Routine),
    /// A routine, trigger or event of `MySQL`, or a compound statement of `MariaDB`.
    Mysql(Blocks),
}

/// How far the head of a statement has been read.
#[derive(Debug)]
pub(super) enum Head {
    Start,
    /// `SQLite`: behind `EXPLAIN`, `QUERY` or `PLAN`.
    Explain,
    /// Behind `CREATE` and the words that may follow it.
    Create,
    /// `MySQL`: behind `DEFINER`, where a user's name stands.
    Definer,
    /// `MySQL`: behind `ALTER`.
    Alter,
    /// `MySQL`: behind `BEGIN`, which is here; `NOT ATOMIC` may follow.
    Begin(usize, usize),
    /// `MySQL`: behind `BEGIN NOT`.
    BeginNot(usize, usize),
}

impl Body {
    pub(super) fn new() -> Self {
        Self::Head(Head::Start)
    }

    /// Takes the next token. `depth` is the number of open parentheses around it.
    pub(super) fn token(&mut self, dialect: Dialect, raw: Raw, text: &str, depth: usize) {
        match self {
            Self::Plain => {}
            Self::Sqlite(trigger) => trigger.token(raw, text),
            Self::Postgres(routine) => routine.token(raw, text, depth),
            Self::Mysql(blocks) => blocks.token(raw, text),
            Self::Head(head) => {
                // A version comment between the words of a head holds a DEFINER or the like.
                if raw.kind != TokenKind::Executable
                    && let Some(next) = head.token(dialect, raw, text)
                {
                    *self = next;
                }
            }
        }
    }

    /// Whether a semicolon here belongs to the body.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Head(_) | Self::Plain => false,
            Self::Sqlite(trigger) => trigger.begin.is_some() && !trigger.ended,
            Self::Postgres(routine) => routine.depth > 0,
            Self::Mysql(blocks) => blocks.is_open(),
        }
    }

    /// The range of the word that opened the body which is still open.
    pub(super) fn opened_at(&self) -> Option<(usize, usize)> {
        if !self.holds() {
            return None;
        }
        match self {
            Self::Head(_) | Self::Plain => None,
            Self::Sqlite(trigger) => trigger.begin,
            Self::Postgres(routine) => routine.begin,
            Self::Mysql(blocks) => blocks.opened_at(),
        }
    }
}

impl Head {
    /// Goes one token on; `Some` once it is known what the statement is.
    fn token(&mut self, dialect: Dialect, raw: Raw, text: &str) -> Option<Body> {
        use Keyword as K;
        let word = if raw.kind == TokenKind::Word { keyword(text) } else { K::Other };
        let next = match (&*self, dialect, word) {
            (Self::Definer, _, K::Procedure | K::Function | K::Trigger)
            | (Self::Create, Dialect::Mysql, K::Procedure | K::Function | K::Trigger) => {
                return Some(Body::Mysql(Blocks::routine()));
            }
            (Self::Definer | Self::Create | Self::Alter, Dialect::Mysql, K::Event) => {
                return Some(Body::Mysql(Blocks::event()));
            }
            (Self::Definer, _, K::View | K::Sql) => return Some(Body::Plain),
            (Self::Definer, _, _) => return None,
            (Self::Start | Self::Explain, Dialect::Sqlite, K::Create)
            | (Self::Start, _, K::Create)
            | (Self::Create, Dialect::Sqlite, K::Temp)
            | (Self::Create, Dialect::Postgres, K::Or | K::Replace)
            | (Self::Create, Dialect::Mysql, K::Or | K::Replace | K::Aggregate) => Self::Create,
            (Self::Start, Dialect::Sqlite, K::Explain)
            | (Self::Explain, Dialect::Sqlite, K::Query | K::Plan) => Self::Explain,
            (Self::Create, Dialect::Sqlite, K::Trigger) => {
                return Some(Body::Sqlite(Trigger::default()));
            }
            (Self::Create, Dialect::Postgres, K::Function | K::Procedure) => {
                return Some(Body::Postgres(Routine::default()));
            }
            (Self::Create | Self::Alter, Dialect::Mysql, K::Definer) => Self::Definer,
            (Self::Start, Dialect::Mysql, K::Alter) => Self::Alter,
            (Self::Start, Dialect::Mysql, K::Begin) => Self::Begin(raw.start, raw.end),
            (&Self::Begin(start, end), _, K::Not) => Self::BeginNot(start, end),
            (&Self::BeginNot(start, end), _, K::Atomic) => {
                return Some(Body::Mysql(Blocks::compound(start, end)));
            }
            (
                Self::Start,
                Dialect::Mysql,
                K::If | K::Case | K::Loop | K::While | K::Repeat | K::For,
            ) => {
                let mut blocks = Blocks::statement();
                blocks.token(raw, text);
                return Some(Body::Mysql(blocks));
            }
            _ => return Some(Body::Plain),
        };
        *self = next;
        None
    }
}

/// A trigger of `SQLite`.
#[derive(Debug, Default)]
pub(super) struct Trigger {
    begin: Option<(usize, usize)>,
    /// Whether the last token was a semicolon, or the `BEGIN` itself.
    between: bool,
    ended: bool,
}

impl Trigger {
    fn token(&mut self, raw: Raw, text: &str) {
        let word = if raw.kind == TokenKind::Word { keyword(text) } else { Keyword::Other };
        match word {
            // A table or column of this name stands before the first semicolon and does no harm.
            Keyword::Begin if self.begin.is_none() => {
                self.begin = Some((raw.start, raw.end));
                self.between = true;
            }
            Keyword::End if self.between && self.begin.is_some() => self.ended = true,
            _ => self.between = raw.kind == TokenKind::Semicolon,
        }
    }
}

/// A function or procedure of `PostgreSQL`.
#[derive(Debug, Default)]
pub(super) struct Routine {
    begin: Option<(usize, usize)>,
    depth: usize,
    /// What the last token was, as far as it matters.
    last: Last,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Last {
    Begin,
    /// A dot or `AS`: a name follows, whatever word it is.
    Naming,
    #[default]
    Other,
}

impl Routine {
    fn token(&mut self, raw: Raw, text: &str, parentheses: usize) {
        let word = if raw.kind == TokenKind::Word { keyword(text) } else { Keyword::Other };
        let last = std::mem::take(&mut self.last);
        if text == "." || word == Keyword::As {
            self.last = Last::Naming;
        }
        if last == Last::Naming || parentheses > 0 {
            return;
        }
        match word {
            Keyword::Begin if self.depth == 0 => {
                self.begin = Some((raw.start, raw.end));
                self.last = Last::Begin;
            }
            Keyword::Atomic if last == Last::Begin => self.depth = 1,
            Keyword::Case if self.depth > 0 => self.depth += 1,
            Keyword::End => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}
