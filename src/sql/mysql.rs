//! The bodies of `MySQL` and `MariaDB`: blocks that nest, without a `DELIMITER` line around them.
//!
//! Nearly every word involved is also something else: `IF(` and `REPEAT(` are functions, `CASE` is
//! an expression, `begin` and `end` may name columns, `IF EXISTS` guards a `DROP`. What tells them
//! apart is the place: a block opens only where a statement can begin, and is closed only by an
//! `END` right behind a semicolon or an opening `BEGIN` (or behind the condition of an `UNTIL`). So this
//! follows where statements begin, which takes no grammar of the statements themselves.
//!
//! Left to `DELIMITER` lines: an `IF` or loop that is a function's whole body right behind the type
//! in `RETURNS`, labels before `MariaDB`'s compound statements, and its Oracle mode.

use super::keyword::{Keyword, keyword};
use super::lexer::Raw;
use super::token::TokenKind;

/// The open blocks of a statement.
#[derive(Debug)]
pub(super) struct Blocks {
    /// How many blocks are open.
    depth: usize,
    /// The word that opened the outermost one.
    opener: Option<(usize, usize)>,
    /// How many `CASE` expressions the current inner statement has open.
    cases: usize,
    /// Parentheses of the head.
    parentheses: usize,
    place: Place,
    last: Last,
    /// Whether `DO` introduces the body.
    event: bool,
}

/// Where in the statement the next token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the head of a routine, where the body may begin with any token.
    Head,
    /// Where a statement begins; `end` tells whether an `END` may stand here.
    Start { end: bool },
    /// Behind a word that begins a statement, which is a label if a colon follows.
    Label,
    /// Inside a statement.
    Inside,
    /// Inside `DECLARE …`, which may turn out to be a handler.
    Declare,
    /// Inside `DECLARE … HANDLER FOR …`, whose conditions a statement follows.
    Handler,
    /// Behind `UNTIL`, whose condition an `END` follows.
    Until,
    /// Behind an `END`, where its block's name may stand: `END IF;`.
    Closed,
}

/// What the last token was, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Word(Keyword),
    Literal,
    ClosingParenthesis,
    Colon,
    Dot,
    OtherSymbol,
}

impl Blocks {
    /// Behind the `PROCEDURE`, `FUNCTION` or `TRIGGER` of a definition.
    pub(super) fn routine() -> Self {
        Self {
            depth: 0,
            opener: None,
            cases: 0,
            parentheses: 0,
            place: Place::Head,
            last: Last::Word(Keyword::Procedure),
            event: false,
        }
    }

    /// Behind the `EVENT` of a definition.
    pub(super) fn event() -> Self {
        Self { event: true, ..Self::routine() }
    }

    /// Behind `BEGIN NOT ATOMIC`.
    pub(super) fn compound(start: usize, end: usize) -> Self {
        let opener = Some((start, end));
        Self { depth: 1, opener, place: Place::Start { end: true }, ..Self::routine() }
    }

    /// At the beginning of a statement outside routines, which `MariaDB` lets be an `IF` or a loop.
    pub(super) fn statement() -> Self {
        Self { place: Place::Start { end: false }, last: Last::OtherSymbol, ..Self::routine() }
    }

    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn opened_at(&self) -> Option<(usize, usize)> {
        self.opener
    }

    /// Takes the next token.
    pub(super) fn token(&mut self, raw: Raw, text: &str) {
        match raw.kind {
            TokenKind::Executable => return,
            TokenKind::Semicolon => {
                self.cases = 0;
                self.place = Place::Start { end: true };
                self.last = Last::OtherSymbol;
                return;
            }
            TokenKind::Word if self.last != Last::Dot => {
                let word = keyword(text);
                self.word(word, raw);
                self.last = Last::Word(word);
                return;
            }
            _ => {}
        }
        if text == ":" && self.place == Place::Label {
            self.place = Place::Start { end: false };
        } else if matches!(self.place, Place::Start { .. }) {
            // A label may be quoted.
            let label = raw.kind == TokenKind::QuotedIdentifier;
            self.place = if label { Place::Label } else { Place::Inside };
        } else if self.place == Place::Label {
            self.place = Place::Inside;
        }
        if self.place == Place::Head {
            match text {
                "(" => self.parentheses += 1,
                ")" => self.parentheses = self.parentheses.saturating_sub(1),
                _ => {}
            }
        }
        self.last = match (raw.kind, text) {
            (TokenKind::Symbol, ")") => Last::ClosingParenthesis,
            (TokenKind::Symbol, ":") => Last::Colon,
            (TokenKind::Symbol, ".") => Last::Dot,
            (TokenKind::Symbol, _) => Last::OtherSymbol,
            _ => Last::Literal,
        };
    }

    fn word(&mut self, word: Keyword, raw: Raw) {
        use Keyword as K;
        match self.place {
            Place::Head => self.head(word, raw),
            Place::Start { end } => match word {
                K::End if end && self.depth > 0 => self.close(),
                K::Begin | K::If | K::Case | K::Loop | K::While | K::Repeat | K::For => {
                    self.open(word, raw);
                }
                K::Declare => self.place = Place::Declare,
                K::Until => self.place = Place::Until,
                K::Else => {} // of an IF or CASE statement; a statement follows
                _ => self.place = Place::Label,
            },
            Place::Handler => match word {
                K::Begin | K::If | K::Case | K::Loop | K::While | K::Repeat
                    if !self.is_inside_clause() =>
                {
                    self.open(word, raw);
                }
                _ => {}
            },
            Place::Closed => {}
            Place::Declare if word == K::Handler => self.place = Place::Handler,
            Place::Until if word == K::End && self.cases == 0 => self.close(),
            Place::Label | Place::Inside | Place::Declare | Place::Until => {
                if self.place == Place::Label {
                    self.place = Place::Inside;
                }
                match word {
                    K::Case => self.cases += 1,
                    K::End if self.cases > 0 && self.ends_operand() => self.cases -= 1,
                    K::Then | K::Do if self.cases == 0 && self.place == Place::Inside => {
                        self.place = Place::Start { end: false };
                    }
                    _ => {}
                }
            }
        }
    }

    /// A word of the head: is it the one that begins the body?
    fn head(&mut self, word: Keyword, raw: Raw) {
        use Keyword as K;
        if self.parentheses > 0 {
            return;
        }
        match word {
            // `begin` may name the routine, its table, or a column of a body without a block.
            K::Begin if !self.is_inside_clause() => self.open(word, raw),
            // The others are also functions and expressions, so here only what can precede a
            // statement counts. All are reserved, so none is a name.
            K::If | K::Case | K::Loop | K::While | K::Repeat => {
                let begins = match self.last {
                    Last::Word(K::Do) => self.event,
                    Last::ClosingParenthesis
                    | Last::Colon
                    | Last::Literal
                    | Last::Word(
                        K::Row | K::Deterministic | K::Data | K::Sql | K::Definer | K::Invoker,
                    ) => true,
                    _ => false,
                };
                if begins {
                    self.open(word, raw);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, word: Keyword, raw: Raw) {
        if self.depth == 0 {
            self.opener = Some((raw.start, raw.end));
        }
        self.depth += 1;
        self.cases = 0;
        self.place = match word {
            Keyword::Begin => Place::Start { end: true },
            Keyword::Loop | Keyword::Repeat => Place::Start { end: false },
            _ => Place::Inside, // a condition comes first
        };
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.cases = 0;
        self.place = Place::Closed;
    }

    /// Whether the last token asks for an operand or a name, so that no statement begins here.
    fn is_inside_clause(&self) -> bool {
        use Keyword as K;
        matches!(
            self.last,
            Last::OtherSymbol
                | Last::Word(
                    K::As
                        | K::Clause
                        | K::Else
                        | K::Event
                        | K::Exists
                        | K::For
                        | K::Function
                        | K::Not
                        | K::On
                        | K::Or
                        | K::Procedure
                        | K::Then
                        | K::Trigger
                        | K::View
                )
        )
    }

    /// Whether an expression can end here, so that an `END` is not the name of a column.
    fn ends_operand(&self) -> bool {
        !matches!(
            self.last,
            Last::OtherSymbol
                | Last::Dot
                | Last::Word(
                    Keyword::Case
                        | Keyword::Then
                        | Keyword::Else
                        | Keyword::Not
                        | Keyword::Or
                        | Keyword::Clause
                )
        )
    }
}
