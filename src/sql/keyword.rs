//! The words that decide where a statement ends.
//!
//! Only bodies need them, so everything else is [`Keyword::Other`]. Matching is by length first,
//! since this runs unoptimised for every word of every body.

/// A word that opens, closes or heads a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Aggregate,
    Alter,
    As,
    Atomic,
    Begin,
    Case,
    Create,
    Data,
    Declare,
    Definer,
    Deterministic,
    Do,
    Each,
    Else,
    End,
    Event,
    Exists,
    Explain,
    For,
    Function,
    Handler,
    If,
    Invoker,
    Loop,
    Not,
    On,
    Or,
    Other,
    Plan,
    Procedure,
    Query,
    Repeat,
    Replace,
    /// A word after which a clause or an expression follows, and so never a statement.
    Clause,
    Row,
    Sql,
    Temp,
    Then,
    Trigger,
    Until,
    View,
    While,
}

/// The keyword that a word is, in any case.
pub(super) fn keyword(word: &str) -> Keyword {
    use Keyword as K;
    let word = word.as_bytes();
    if word.len() < 2 || word.len() > 13 {
        return K::Other;
    }
    let mut lower = [0_u8; 13];
    let mut i = 0;
    while i < word.len() {
        lower[i] = word[i] | 0x20;
        i += 1;
    }
    let lower = &lower[..word.len()];
    match word.len() {
        2 => match lower {
            b"as" => K::As,
            b"do" => K::Do,
            b"if" => K::If,
            b"on" => K::On,
            b"or" => K::Or,
            b"by" => K::Clause,
            _ => K::Other,
        },
        3 => match lower {
            b"end" => K::End,
            b"for" => K::For,
            b"not" => K::Not,
            b"row" => K::Row,
            b"sql" => K::Sql,
            b"and" | b"set" => K::Clause,
            _ => K::Other,
        },
        4 => match lower {
            b"case" => K::Case,
            b"data" => K::Data,
            b"each" => K::Each,
            b"else" => K::Else,
            b"loop" => K::Loop,
            b"plan" => K::Plan,
            b"temp" => K::Temp,
            b"then" => K::Then,
            b"view" => K::View,
            b"from" | b"into" | b"join" | b"when" => K::Clause,
            _ => K::Other,
        },
        5 => match lower {
            b"alter" => K::Alter,
            b"begin" => K::Begin,
            b"event" => K::Event,
            b"query" => K::Query,
            b"until" => K::Until,
            b"while" => K::While,
            b"table" | b"where" => K::Clause,
            _ => K::Other,
        },
        6 => match lower {
            b"atomic" => K::Atomic,
            b"create" => K::Create,
            b"exists" => K::Exists,
            b"repeat" => K::Repeat,
            b"having" | b"return" | b"select" | b"update" => K::Clause,
            _ => K::Other,
        },
        7 => match lower {
            b"declare" => K::Declare,
            b"definer" => K::Definer,
            b"explain" => K::Explain,
            b"handler" => K::Handler,
            b"invoker" => K::Invoker,
            b"replace" => K::Replace,
            b"trigger" => K::Trigger,
            b"follows" => K::Clause,
            _ => K::Other,
        },
        8 => match lower {
            b"function" => K::Function,
            b"distinct" | b"precedes" => K::Clause,
            _ => K::Other,
        },
        9 => match lower {
            b"aggregate" => K::Aggregate,
            b"procedure" => K::Procedure,
            b"temporary" => K::Temp,
            _ => K::Other,
        },
        13 if lower == b"deterministic" => K::Deterministic,
        _ => K::Other,
    }
}

/// Whether a token's text is this word, in any case. The lengths are compared first, since they
/// nearly always differ and this runs unoptimised.
pub(super) fn is(text: &str, word: &str) -> bool {
    text.len() == word.len() && text.as_bytes().eq_ignore_ascii_case(word.as_bytes())
}

/// Whether a text holds these words anywhere, in any case: the cheap question before the right one.
pub(super) fn occurs(text: &str, words: &str) -> bool {
    let (text, words) = (text.as_bytes(), words.as_bytes());
    let Some(first) = words.first().map(u8::to_ascii_lowercase) else { return true };
    let mut i = 0;
    while i + words.len() <= text.len() {
        // Sets the bit that tells the cases apart; other bytes may match too, and then do not below.
        if (text[i] | 0x20) == (first | 0x20)
            && text[i..i + words.len()].eq_ignore_ascii_case(words)
        {
            return true;
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_known_in_any_case_and_others_are_not() {
        assert_eq!(keyword("BeGiN"), Keyword::Begin);
        assert_eq!(keyword("DETERMINISTIC"), Keyword::Deterministic);
        assert_eq!(keyword("beginn"), Keyword::Other);
        assert_eq!(keyword("é"), Keyword::Other);
        assert_eq!(keyword(""), Keyword::Other);
        assert!(is("Copy", "copy"));
        assert!(
            occurs("a b_C d", "B_c") && occurs("_x", "_X") && occurs("é", "") && occurs("1é", "é")
        );
        assert!(!occurs("a b_", "b_c") && !occurs("", "a") && !occurs("@", "`"));
    }
}
