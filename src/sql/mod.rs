//! SQL as text: its tokens, its statements, and what can be said of a statement by looking at it.
//!
//! Revisions are sent to the server one statement a call, so that an error has a line and the
//! run can say what was done. Drivers do not cut scripts (or cut them wrongly), so this room does:
//! [`tokens`] knows the quoting rules of each [`Dialect`], [`split()`] where a statement ends,
//! [`canonical`] what a checksum covers, and [`hazards`] what must not stand in a revision.
//!
//! It is no parser. It never fails and never panics, accepts any text, and leaves judging the SQL to the
//! server. It runs in users' build scripts, unoptimised: hence plain byte loops and no allocation
//! a token. It does no I/O and imports nothing but the dialect.

mod body;
mod commit;
#[cfg(feature = "runtime")]
mod effect;
mod hazard;
mod keyword;
mod lexer;
mod mention;
mod mysql;
#[cfg(feature = "runtime")]
mod session;
mod split;
mod token;

#[cfg(test)]
mod tests;

pub use commit::commits_implicitly;
#[cfg(feature = "runtime")]
pub(crate) use commit::defines;
#[cfg(feature = "runtime")]
pub(crate) use effect::{Name, Object, effect};
pub use hazard::{Hazard, HazardKind, hazards};
pub use mention::{may_mention, mentions};
#[cfg(feature = "runtime")]
pub(crate) use session::{changes_place, changes_session, sets_session};
pub use split::{Split, Statement, split};
pub use token::{Token, TokenKind, Tokens, Unterminated, UnterminatedKind, canonical, tokens};

#[cfg(doc)]
use crate::dialect::Dialect;
